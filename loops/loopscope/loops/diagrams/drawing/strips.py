"""A run as a strip of stills: the start, each shift of dominance, the end.

Stage 5 of 5.  In: loops and scores of one run.  Out: one picture, for print and for those who do
not want what moves.  Everything stands where it stands in the animation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.diagrams.drawing.figure import figure_from
from loopscope.loops.diagrams.drawing.files import pdf_from, png_from
from loopscope.loops.diagrams.drawing.frames import fill_of, filling, most_of, without_scores
from loopscope.loops.diagrams.drawing.legend import shading_entry
from loopscope.loops.diagrams.drawing.moments import story_of, turning_points
from loopscope.loops.diagrams.drawing.page import page_of
from loopscope.loops.diagrams.drawing.palette import INK, SOFT, SUBTITLE
from loopscope.loops.diagrams.drawing.picture import bounds_of, picture_layers
from loopscope.loops.diagrams.drawing.scene import Group, Scene, Words, shifted
from loopscope.loops.diagrams.drawing.svg import svg_from, title_of
from loopscope.models.files import target, whole

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from loopscope.loops.diagrams.drawing.moments import Story
    from loopscope.loops.diagrams.drawing.scene import Layer
    from loopscope.loops.finding.found import Loops

STRIPS = (".svg", ".pdf", ".png")
MOST, FEWEST = 6, 4
WIDE = 640.0
"""A picture wider than this is shown four times, not six."""

GAP, HEAD = 34.0, 40.0
"""Between pictures, and above each for its time, in points."""

TIME = 11.0
NAMED = 3
"""Loops named above a picture."""


def strip(
    found: Loops,
    scores: xr.Dataset,
    path: str | Path,
    *,
    start: float | None = None,
    stop: float | None = None,
    **options: Any,
) -> Path:
    """Write a diagram at four to six times of a run as one picture, and return the file.

    The times are the first, those at which other loops take over, and the last.

    Parameters
    ----------
    scores
        Of one run by ``loops.score``, dims (time, loop).
    path
        Ends in .svg, .pdf or .png.
    start, stop
        First and last time, in the model's time unit; those of the scores by default.
    options
        Of ``loops.diagram``: which loops, ``layout``, ``title``, ``style``, ``seed``, ``level``.

    Raises
    ------
    LoopError
        As ``loops.diagram``.
    RunError
        Times outside the run, or too few of them.
    OutputError
        A file that cannot be written; nothing is left half-written.
    """
    file = strip_target(path)
    write_strip(story_of(found, scores, start=start, stop=stop, **options), file)
    return file


def strip_target(path: str | Path) -> Path:
    """Return the file a strip will be written to, checked before anything is computed.

    Raises
    ------
    OutputError
        As ``files.target``.
    """
    return target(path, STRIPS)


def write_strip(story: Story, path: Path) -> None:
    """Write the strip of a story; ``path`` is from ``files.target``."""
    scene, told = strip_of(story)
    title = title_of(story.diagram)
    suffix = path.suffix.casefold()
    if suffix == ".svg":
        made = svg_from(scene, title, f"{story.diagram.text()}\n{told}").encode("utf-8")
    elif suffix == ".pdf":
        made = pdf_from(figure_from(scene), title, story.diagram.alt())
    else:
        made = png_from(figure_from(scene), title, f"{story.diagram.alt()} {told}")
    with whole(path) as temporary:
        temporary.write_bytes(made)


def strip_of(story: Story) -> tuple[Scene, str]:
    """Return the strip of a story, and which loops are strongest when, in words."""
    diagram = without_scores(story.diagram)
    low, high = bounds_of(picture_layers(diagram))
    wide, tall = high - low
    times = turning_points(story, FEWEST if wide > WIDE else MOST)
    laid = [story.at(time) for time in times]
    most = most_of(laid)
    columns = 2 if len(times) <= FEWEST else 3
    layers: list[Layer] = []
    said = []
    for k, (time, one) in enumerate(zip(times, laid, strict=True)):
        row, column = divmod(k, columns)
        across, up = column * (wide + GAP), -row * (tall + HEAD + GAP)
        fills = [fill_of(loop, most) for loop in one.picture.given.loops]
        pictured = picture_layers(replace(diagram, laid=one), fills)
        layers += [shifted(layer, float(across), float(up), f"frame-{k}") for layer in pictured]
        when, who = story.moment(time), story.strongest(one, NAMED)
        x, y = float(low[0] + across), float(high[1] + up + HEAD)
        head = (
            Words(x, y - 12.0, when, TIME, INK, bold=True, anchor="start"),
            Words(x, y - 25.0, f"strongest: {who}", SUBTITLE, SOFT, anchor="start"),
        )
        layers.append((Group(head, f"frame-{k}-head"),))
        said.append(f"At {when}, strongest loops: {who}.")
    rows = -(-len(times) // columns)
    corner = np.array([low[0] + columns * (wide + GAP) - GAP, high[1] + HEAD])
    foot = np.array([low[0], high[1] + HEAD - rows * (tall + HEAD + GAP) + GAP])
    more = [filling(diagram)]
    if any(loop.shaded for one in laid for loop in one.sketch.loops):
        more.append(shading_entry(diagram))
    page = page_of(diagram, foot, corner, more=more)
    return Scene((*layers, page.around), page.low, page.high), "\n".join(said)
