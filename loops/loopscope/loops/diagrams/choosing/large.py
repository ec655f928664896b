"""Graphs too large for one picture: boxes for groups, or the most central variables.

Stage 1 of 5.  In: a ``Sketch`` of everything and its ``Caption``.  Out: a smaller sketch, and a
caption that says what stands for what.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.central import central
from loopscope.loops.diagrams.overview import overview

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Caption
    from loopscope.loops.diagrams.records import Sketch
    from loopscope.models.model import Model

LISTED = 6
"""Variables that are named of each group."""


def how_many_central(show: object) -> int | None:
    """Return the number in "central:20"; None where something else is asked for.

    Examples
    --------
    >>> how_many_central("central:20"), how_many_central("top:8")
    (20, None)
    """
    found = re.fullmatch(r"central:(\d+)", show.strip()) if isinstance(show, str) else None
    return int(found[1]) if found else None


def most_central(sketch: Sketch, caption: Caption, count: int) -> tuple[Sketch, Caption]:
    """Return the most central variables of the largest part that feeds back on itself.

    Raises
    ------
    LoopError
        As ``central``.
    """
    found = central(sketch, count)
    names = {node.name for node in found.nodes}
    hidden = [node.name for node in sketch.nodes if node.name not in names]
    note = (
        f"The {len(names)} most central of {len(sketch.nodes)} variables (betweenness). A link "
        "through variables that are not shown has the product of their signs, ? where ways differ."
    )
    left = len(sketch.loops) - len(found.loops)
    lost = (f"{left} loops are not shown: too little of them is left.",) if left else ()
    return found, replace(
        caption, subtitle=f"The {len(names)} most central variables of {len(sketch.nodes)}",
        notes=(note, *lost), footnotes=(), explained=None,
        loops_left=None if caption.loops_left is None else caption.loops_left + left,
        left_out=(*caption.left_out, *hidden),
    )  # fmt: skip


def summed_up(sketch: Sketch, caption: Caption, model: Model) -> tuple[Sketch, Caption]:
    """Return a box for each group of variables, and what goes on between them.

    Groups are those of the model's file where it puts every variable shown into one of several;
    else communities of the graph, named after their best connected variable.
    """
    own = {node.name: model.find(node.name).group for node in sketch.nodes}
    by_file = all(own.values()) and len(set(own.values())) > 1
    found = overview(sketch, own if by_file else None)
    whose = "groups of the model's file" if by_file else "communities of the graph"
    notes = [
        f"Boxes are {whose}. A link stands for all links between two of them: ? where their "
        "signs differ."
    ]
    for name, members in found.members.items():
        more = f" and {len(members) - LISTED} more" if len(members) > LISTED else ""
        inside = found.within.get(name, ())
        stay = f"; loops inside: {', '.join(inside)}" if inside else ""
        notes.append(f"{name}: {', '.join(members[:LISTED])}{more}{stay}.")
    notes += [
        f"{first} stands for {', '.join(others)} too." for first, others in found.alike.items()
    ]
    if found.tangled:
        notes.append(f"No badge, for they come back to a group: {', '.join(found.tangled)}.")
    counted = f"{len(found.members)} groups of {len(sketch.nodes)} variables"
    return found.sketch, replace(caption, subtitle=counted, notes=tuple(notes), footnotes=())
