"""Lay out a causal loop diagram: several starts, the best of them, then its labels.

Stages 2 to 4 of 5.  In: a ``Sketch``, perhaps a layout to start from.  Out: a ``LaidOut``: places,
bulges, marks, signs, badges and the quality of all that.  Nothing here draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.layout.badges import Badge, badges
from loopscope.loops.diagrams.layout.drawn import Drawn, drawn
from loopscope.loops.diagrams.layout.labels import Mark, marks, signs
from loopscope.loops.diagrams.layout.parts import bounds, packed, parts
from loopscope.loops.diagrams.layout.quality import Quality, measure
from loopscope.loops.diagrams.layout.trying import EFFORTS, Level, afresh, again
from loopscope.loops.diagrams.records import Layout, Sketch
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from loopscope.loops.diagrams.layout.kernels.state import Numbers

NAMES = 20
"""Up to this many variables, badges carry the names of their loops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidOut:
    """A diagram with everything in its place.

    Attributes
    ----------
    picture
        Curves, boxes and loop polygons; its links and loops are in the order of names.
    marks
        Delay marks by number of the link.
    signs
        Centres, dims (link, 2), in points.
    badges
        One a loop.
    """

    sketch: Sketch
    layout: Layout
    picture: Drawn
    marks: Mapping[int, Mark]
    signs: Numbers
    badges: tuple[Badge, ...]
    quality: Quality
    seed: int
    level: str


def lay_out(
    sketch: Sketch,
    *,
    seed: int = 0,
    level: Level = "best",
    layout: Layout | None = None,
    pinned: Collection[str] = (),
) -> LaidOut:
    """Lay out a diagram.

    Parameters
    ----------
    sketch
        What is shown.
    seed
        The same one gives the same picture, on one machine.
    layout
        Places to start from, of some variables or all: they move little, and only to be better.
    pinned
        Variables that do not move at all; they have a place in ``layout``.

    Raises
    ------
    LoopError
        An unknown level; a variable pinned that is not shown, or has no place.

    Notes
    -----
    Budgets are sweeps, so time grows with the sketch: a sweep is O(n m d) candidates' tests for n
    variables, m links, d links a variable.
    """
    if level not in EFFORTS:
        msg = f"no level named '{level}'{did_you_mean(str(level), EFFORTS)}"
        raise LoopError(msg + "; there are: " + ", ".join(EFFORTS))
    names = {node.name for node in sketch.nodes}
    given = layout or Layout()
    for name in pinned:
        if name not in names:
            msg = f"pinned: '{name}' is not shown{did_you_mean(name, names)}"
            raise LoopError(msg)
        if name not in given.places:
            msg = f"pinned: '{name}' has no place; give it one in layout"
            raise LoopError(msg)
    known = names.intersection(given.places)
    pieces = parts(sketch, known)
    effort = EFFORTS[level]
    found = []
    for piece in pieces:
        old = not known.isdisjoint(node.name for node in piece.nodes)
        if old:
            found.append(again(piece, given, frozenset(pinned), effort, seed))
        else:
            found.append(afresh(piece, effort, seed, len(sketch.nodes)))
    whole = packed(pieces, found)
    if not known:
        whole = _centred(sketch, whole)
    return dress(sketch, whole, seed=seed, level=level)


def dress(sketch: Sketch, layout: Layout, *, seed: int = 0, level: str = "given") -> LaidOut:
    """Return a layout with its marks, signs and badges; nothing moves.

    Parameters
    ----------
    layout
        With a place for each variable and a bulge for each link.

    Raises
    ------
    LoopError
        A variable or link without one.
    """
    for what, wanted, there in (
        ("place", [node.name for node in sketch.nodes], layout.places),
        ("bulge", [link.pair for link in sketch.links], layout.bulges),
    ):
        missing = next((one for one in wanted if one not in there), None)
        if missing is not None:
            msg = f"layout: there is no {what} for {missing!r}; lay_out(..., layout=) finds one"
            raise LoopError(msg)
    picture = drawn(sketch, layout)
    delayed = marks(picture)
    beside = signs(picture, delayed)
    named = len(sketch.nodes) <= NAMES
    discs = badges(picture, delayed, beside, named=named)
    return LaidOut(
        sketch=sketch, layout=layout, picture=picture, marks=delayed, signs=beside, badges=discs,
        quality=measure(picture, beside, discs), seed=seed, level=level,
    )  # fmt: skip


def _centred(sketch: Sketch, layout: Layout) -> Layout:
    """Move a layout so that the middle of its bounds is at (0, 0)."""
    if not sketch.nodes:
        return layout
    low, high = bounds(drawn(sketch, layout))
    x, y = (low + high) / 2
    return Layout(
        {name: (a - float(x), b - float(y)) for name, (a, b) in layout.places.items()},
        layout.bulges,
    )
