"""Where the parts of a diagram stand: variables, links, delay marks, signs and badges.

``laying`` lays out, ``dressing`` puts labels on a layout, ``kept`` keeps one, ``quality`` measures.
Only the search is compiled, in ``kernels``.
"""
