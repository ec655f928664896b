"""Small multiples: one picture a loop, all of them at the same places.

Stages 3 and 4 of 5, called.  In: a ``Diagram`` that shows too much for one picture.  Out: one
``Diagram`` a loop: the loop as usual, what is next to it in grey.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.layout.dressing import dress
from loopscope.loops.diagrams.records import Sketch
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Diagram

MOST = 12
"""Pictures, where nothing else is asked for."""


def multiples(diagram: Diagram, most: int = MOST) -> tuple[Diagram, ...]:
    """Return a diagram for each of the strongest loops of a diagram, by weight.

    Parameters
    ----------
    diagram
        Of any size; every picture takes its places from it.
    most
        Number of loops.

    Raises
    ------
    LoopError
        A diagram without loops; a number that is not positive.
    """
    sketch = diagram.sketch
    if most < 1:
        msg = f"multiples: there must be at least one picture; got {most}"
        raise LoopError(msg)
    if not sketch.loops:
        msg = "multiples: there is a picture for each loop, and no loop is shown"
        raise LoopError(msg)
    strongest = sorted(sketch.loops, key=lambda loop: (-loop.weight, loop.id))[:most]
    return tuple(
        replace(
            diagram,
            laid=dress(around(sketch, loop.id), diagram.layout, named=True),
            caption=replace(
                diagram.caption,
                title=f"{loop.id} {loop.name}".strip(),
                notes=("In grey: what is next to the loop.",),
            ),
        )
        for loop in strongest
    )


def around(sketch: Sketch, loop: str) -> Sketch:
    """Return one loop and, in grey, the variables next to it and the links among all these.

    Raises
    ------
    LoopError
        A loop that is not shown.
    """
    found = next((one for one in sketch.loops if one.id == loop), None)
    if found is None:
        msg = f"no loop '{loop}' is shown{did_you_mean(loop, [one.id for one in sketch.loops])}"
        raise LoopError(msg)
    own, pairs = set(found.path), set(found.pairs)
    near = {name for link in sketch.links if own.intersection(link.pair) for name in link.pair}
    return Sketch(
        tuple(
            node if node.name in own else replace(node, quiet=True)
            for node in sketch.nodes
            if node.name in near
        ),
        tuple(
            link if link.pair in pairs else replace(link, quiet=True)
            for link in sketch.links
            if link.cause in near and link.effect in near
        ),
        (found,),
    )
