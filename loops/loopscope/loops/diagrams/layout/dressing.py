"""A layout with all its labels: what a picture is drawn from.

Stages 3 and 4 of 5.  In: a ``Sketch`` and a ``Layout`` that has it all.  Out: a ``LaidOut``:
curves, marks, signs, badges and the quality of all that.  Nothing here moves a variable, or draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.layout.badges import Badge, badges
from loopscope.loops.diagrams.layout.drawn import Drawn, drawn
from loopscope.loops.diagrams.layout.labels import Mark, marks, signs
from loopscope.loops.diagrams.layout.quality import Quality, measure
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.records import Layout, Sketch

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


def dress(
    sketch: Sketch,
    layout: Layout,
    *,
    seed: int = 0,
    level: str = "given",
    widest: float | None = None,
    named: bool | None = None,
) -> LaidOut:
    """Return a layout with its marks, signs and badges; nothing moves.

    Parameters
    ----------
    layout
        With a place for each variable and a bulge for each link.
    widest
        Labels leave room for links of this width, in points.  Where not given: with scores, the
        width of the highest there can be, so that labels stay where they are at all times.
    named
        Whether badges carry the names of their loops; where not given, up to ``NAMES`` variables.

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
    beside = signs(picture, delayed, widest)
    if named is None:
        named = len(sketch.nodes) <= NAMES
    discs = badges(picture, delayed, beside, named=named, widest=widest)
    return LaidOut(
        sketch=sketch, layout=layout, picture=picture, marks=delayed, signs=beside, badges=discs,
        quality=measure(picture, beside, discs, delayed), seed=seed, level=level,
    )  # fmt: skip
