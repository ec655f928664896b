"""Feedback loops of a model: from its equations to links, loops, gains and scores.

The middle room of three.  In: what ``loopscope.models`` offers.  Out: what
``loopscope.analysis`` asks of loops.  Nothing here reads a file or runs a model.  So far the
room holds no functions.
"""
