"""Names for loops that nobody named: what only they pass.

Stage 1 of 5.  In: a ``Sketch``.  Out: the same with a name for each loop, where there is one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopscope.loops.diagrams.records import Sketch


def with_names(sketch: Sketch) -> Sketch:
    """Return a sketch in which a loop without a name is called after what only it passes.

    A variable that no other loop shown has, the one with most links; else a link of its own; no
    name where it has neither.
    """
    variables = Counter(name for loop in sketch.loops for name in loop.path)
    pairs = Counter(pair for loop in sketch.loops for pair in loop.pairs)
    links = Counter(name for link in sketch.links for name in link.pair)
    loops = []
    for loop in sketch.loops:
        own = [name for name in loop.path if variables[name] == 1]
        steps = [pair for pair in loop.pairs if pairs[pair] == 1]
        name = loop.name
        if not name and own:
            name = f"via {min(own, key=lambda one: (-links[one], one))}"
        elif not name and steps:
            name = f"via {' to '.join(min(steps))}"
        loops.append(replace(loop, name=name))
    return replace(sketch, loops=tuple(loops))
