"""Frames of an animation: what changes is drawn anew, the rest once.

Stage 5 of 5.  In: a ``Story`` and key series.  Out: a picture in dots at any of its times.

Places, bulges, signs and badges stay.  The widths of links follow link scores, the fill of badges
loop scores; where a sign flips, colour and sign change; a bar and cursors show the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.drawing.figure import built, rendered
from loopscope.loops.diagrams.drawing.labels import (
    beside_disc,
    disc_items,
    disc_of,
    leader_item,
    letters_item,
    sign_item,
)
from loopscope.loops.diagrams.drawing.legend import ROW, Entry, shown_polarity
from loopscope.loops.diagrams.drawing.links import curves_of, head_items, line_items, mark_items
from loopscope.loops.diagrams.drawing.page import page_of
from loopscope.loops.diagrams.drawing.palette import CONTEXT, INK, palette_of
from loopscope.loops.diagrams.drawing.picture import (
    bounds_of,
    picture_layers,
    variable_groups,
)
from loopscope.loops.diagrams.drawing.scene import Group, Scene, Words, rectangle
from loopscope.loops.diagrams.drawing.series import HEIGHT, cursor_items, panel_items, panels_of
from loopscope.loops.diagrams.layout.badges import RADIUS
from loopscope.loops.style import styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from PIL.Image import Image

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.drawing.links import Curve
    from loopscope.loops.diagrams.drawing.moments import Story
    from loopscope.loops.diagrams.drawing.page import Page
    from loopscope.loops.diagrams.drawing.palette import Palette
    from loopscope.loops.diagrams.drawing.scene import Item, Layer
    from loopscope.loops.diagrams.drawing.series import Panel
    from loopscope.loops.diagrams.layout.laying import LaidOut
    from loopscope.loops.diagrams.records import LoopShown

FAINTEST = 0.25
"""How strongly the badge of a loop with a score of 0 is filled."""

BAR = 26.0
"""Height of the time and its bar, in points."""

HALF = 2.0
"""Half the width of the strongest link."""

TIME = 11.0
FAINT = "#E3E8EB"
DPI = 100.0
WIDEST = 1800.0
"""Dots across a frame at most; a wider page gets fewer dots an inch."""


@dataclass(frozen=True)
class Frames:
    """What is drawn once, and how each frame is drawn.

    Attributes
    ----------
    laid
        The layout at each time.
    """

    story: Story
    times: tuple[float, ...]
    laid: tuple[LaidOut, ...]
    page: Page
    panels: tuple[Panel, ...]
    still: frozenset[int]
    most: float

    def picture(self, number: int) -> Image:
        """Return a frame, in red, green and blue."""
        from PIL import Image as images

        with styled():
            whole = images.alpha_composite(self._ground, self._dots(self._links(number)))
            whole = images.alpha_composite(whole, self._fixed)
            whole = images.alpha_composite(whole, self._dots(self._labels(number)))
        return whole.convert("RGB")

    @cached_property
    def _palette(self) -> Palette:
        return palette_of(self.story.diagram.style)

    @cached_property
    def _curves(self) -> tuple[Curve, ...]:
        return curves_of(self.laid[0].picture)

    @cached_property
    def _ground(self) -> Image:
        """What stands around the picture, and where the cursors will be."""
        panels = tuple(Group(tuple(panel_items(panel))) for panel in self.panels)
        left, right, y = self._bar
        track = rectangle((left + right) / 2, y, (right - left) / 2, 2.0, fill=FAINT)
        layers = (self.page.around, (*panels, Group((track,))))
        return self._dots(layers, clear=False)

    @cached_property
    def _fixed(self) -> Image:
        """What lies over the links and does not change."""
        diagram, laid = self.story.diagram, self.laid[0]
        given, palette = laid.picture.given, self._palette
        signs: list[Item] = [sign_item(given.links[e], laid.signs[e], palette) for e in self.still]
        signs += [
            letters_item(link, laid.signs[e], laid.picture, palette)
            for e, link in enumerate(given.links)
            if link.notes
        ]
        names: list[Item] = []
        for loop, badge in zip(given.loops, laid.badges, strict=True):
            if badge.leader is not None:
                names.append(leader_item(badge, badge.leader, palette.loop_colour[loop.polarity]))
            names += beside_disc(loop, badge, palette)
        layers = (tuple(variable_groups(diagram)), (Group(tuple(signs)),), (Group(tuple(names)),))
        return self._dots(layers)

    def _links(self, number: int) -> tuple[Layer, ...]:
        """Return links with their arrowheads and delay marks."""
        laid, palette = self.laid[number], self._palette
        lines: list[Item] = []
        ends: list[Item] = []
        for e, (link, curve) in enumerate(zip(laid.picture.given.links, self._curves, strict=True)):
            lines += line_items(curve, link, palette)
            ends += head_items(curve, link, palette)
            if e in laid.marks:
                ends += mark_items(laid.marks[e], link.width, CONTEXT if link.quiet else INK)
        return (Group(tuple(lines)),), (Group(tuple(ends)),)

    def _labels(self, number: int) -> tuple[Layer, ...]:
        """Return badges, signs that flip somewhere, the time and the cursors."""
        laid, palette, at = self.laid[number], self._palette, self.times[number]
        given = laid.picture.given
        items: list[Item] = [
            sign_item(link, laid.signs[e], palette)
            for e, link in enumerate(given.links)
            if e not in self.still
        ]
        for loop, badge in zip(given.loops, laid.badges, strict=True):
            items += disc_of(loop, badge, palette, fill_of(loop, self.most))
        left, right, y = self._bar
        done = (at - self.times[0]) / (self.times[-1] - self.times[0])
        half = done * (right - left) / 2
        items.append(rectangle(left + half, y, half, 2.0, fill=INK))
        text = self.story.moment(at)
        items.append(Words(self.page.left, y - 4.0, text, TIME, INK, bold=True, anchor="start"))
        for panel in self.panels:
            items += cursor_items(panel, at)
        return ((Group(tuple(items)),),)

    @cached_property
    def _bar(self) -> tuple[float, float, float]:
        """Ends of the time bar, and its height on the page."""
        return self.page.left + 120.0, self.page.right, self.page.band[1] - BAR / 2

    @cached_property
    def _dpi(self) -> float:
        return min(DPI, 72.0 * WIDEST / (self.page.high[0] - self.page.low[0]))

    def _dots(self, layers: Sequence[Layer], *, clear: bool = True) -> Image:
        scene = Scene(tuple(layers), self.page.low, self.page.high)
        return rendered(built(scene, clear=clear), self._dpi)


def frames_of(
    story: Story, times: Sequence[float], run: xr.Dataset, series: Sequence[str]
) -> Frames:
    """Return the frames of a story at some times.

    Parameters
    ----------
    series
        Variables of ``run`` that are shown below.

    Raises
    ------
    UnknownNameError
        A series that the run does not hold.
    """
    laid = tuple(story.at(time) for time in times)
    diagram = without_scores(story.diagram)
    low, high = bounds_of(picture_layers(diagram))
    low, high = low - HALF, high + HALF
    free = BAR + (HEIGHT if series else 0.0)
    page = page_of(diagram, low, high, free=free, more=[filling(diagram)])
    ends = (float(times[0]), float(times[-1]))
    panels = panels_of(run, series, ends, page.left, page.right, page.band[1] - BAR)
    links = [one.picture.given.links for one in laid]
    still = frozenset(
        e
        for e, link in enumerate(links[0])
        if link.kind == "cause" and all(one[e].sign == link.sign for one in links)
    )
    return Frames(story, tuple(times), laid, page, panels, still, most_of(laid))


def fill_of(loop: LoopShown, most: float) -> float:
    """Return how strongly a badge is filled, by the strongest score shown."""
    return FAINTEST + (1.0 - FAINTEST) * min(1.0, abs(loop.score or 0.0) / most)


def most_of(laid: Sequence[LaidOut]) -> float:
    """Return the magnitude of the strongest score of a loop; 1 where there is none."""
    scores = [abs(loop.score or 0.0) for one in laid for loop in one.sketch.loops]
    return max(scores, default=0.0) or 1.0


def without_scores(diagram: Diagram) -> Diagram:
    """Return a diagram whose loops have no scores: a key says nothing that changes."""

    def plain(loops: Sequence[LoopShown]) -> tuple[LoopShown, ...]:
        return tuple(replace(loop, score=None, band=None, shaded=False) for loop in loops)

    laid = diagram.laid
    sketch = replace(laid.sketch, loops=plain(laid.sketch.loops))
    given = replace(laid.picture.given, loops=plain(laid.picture.given.loops))
    picture = replace(laid.picture, given=given)
    return replace(diagram, laid=replace(laid, sketch=sketch, picture=picture))


def filling(diagram: Diagram) -> Entry:
    """Return the entry of the legend that explains how badges are filled."""
    polarity = shown_polarity(diagram)
    colour = palette_of(diagram.style).loop_colour[polarity]

    def icon(x: float, y: float) -> list[Item]:
        return [
            *disc_items(x + RADIUS, y, "", polarity, colour, True, FAINTEST),
            *disc_items(x + 3.2 * RADIUS, y, "", polarity, colour, True, 1.0),
        ]

    return Entry("fill: loop score", icon, 4.2 * RADIUS, ROW)
