"""Where a sketch stands: laid out, or as it is kept.

Stages 2 to 4 of 5, called.  In: a ``Sketch`` and what the user wants of its layout.  Out: a
``LaidOut``, and what is to be said of it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.diagram import Diagram
from loopscope.loops.diagrams.layout.badges import Badge
from loopscope.loops.diagrams.layout.drawn import drawn
from loopscope.loops.diagrams.layout.kept import fitting, kept_beside, read
from loopscope.loops.diagrams.layout.laying import LaidOut, lay_out
from loopscope.loops.diagrams.layout.quality import Quality
from loopscope.loops.diagrams.records import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from loopscope.loops.diagrams.layout.efforts import Level
    from loopscope.loops.diagrams.records import Sketch
    from loopscope.models.model import Model

ALIKE = 0.8
"""Part of the variables shown, and of those kept, that both have, so that a layout is used unasked.
"""

APART = 40.0
"""Room between the boxes of a bare diagram, in points."""


def placed(
    sketch: Sketch,
    model: Model,
    *,
    seed: int,
    level: Level,
    layout: Layout | Diagram | str | Path | None,
    pinned: Collection[str] = (),
    told: Callable[[int, int], None] | None = None,
) -> tuple[LaidOut, tuple[str, ...]]:
    """Lay out a sketch, from where it stands in a layout that is given or kept.

    Parameters
    ----------
    layout
        Without one, that in ``layout.json`` beside the model, if its variables are nearly the same:
        it stays as it is, and what is new finds its place.
    told
        As of ``lay_out``.

    Raises
    ------
    LoopError
        A file that holds no layout; as ``lay_out``.
    """
    if layout is None:
        kept = kept_beside(model.path)
        if kept is None or not _alike(sketch, kept):
            return lay_out(sketch, seed=seed, level=level, told=told), ()
        given, _ = fitting(kept, sketch)
        stay = [node.name for node in sketch.nodes if node.name in given.places]
        laid = lay_out(sketch, seed=seed, level=level, layout=given, pinned=stay, told=told)
        return laid, ()
    if isinstance(layout, Diagram):
        layout = layout.layout
    elif isinstance(layout, str | Path):
        layout = read(layout)
    given, notes = fitting(layout, sketch)
    laid = lay_out(sketch, seed=seed, level=level, layout=given, pinned=pinned, told=told)
    return laid, notes


def _alike(sketch: Sketch, kept: Layout) -> bool:
    names = {node.name for node in sketch.nodes}
    both = len(names.intersection(kept.places))
    return bool(both) and both >= ALIKE * max(len(names), len(kept.places))


def bare(sketch: Sketch) -> LaidOut:
    """Return a sketch of any size on a grid, without signs, marks and badges in their places.

    For formats that are read by other programs, which lay out by themselves.
    """
    wide = max((node.width for node in sketch.nodes), default=0.0) + APART
    high = max((node.height for node in sketch.nodes), default=0.0) + APART
    across = max(1, math.ceil(math.sqrt(len(sketch.nodes))))
    names = sorted(node.name for node in sketch.nodes)
    places = {
        name: (wide * (number % across), -high * (number // across))
        for number, name in enumerate(names)
    }
    layout = Layout(places, {link.pair: 0.0 for link in sketch.links})
    picture = drawn(sketch, layout)
    middles = [np.mean([places[name] for name in loop.path], axis=0) for loop in sketch.loops]
    badges = tuple(Badge(place=(float(x), float(y)), sense="clockwise") for x, y in middles)
    unknown = math.nan
    return LaidOut(
        sketch=sketch, layout=layout, picture=picture, marks={},
        signs=np.array(picture.paths[:, -1]), badges=badges,
        quality=Quality(
            crossings=0, label_on_label=0, label_on_link=0, link_over_box=0, smallest_angle=unknown,
            roundness=unknown, badges=len(badges), badges_inside=0, shortest_link=unknown,
            leaders_touching=0, width=wide * across, height=high * across,
        ),
        seed=0, level="bare",
    )  # fmt: skip
