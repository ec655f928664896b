"""The legend of a diagram: what occurs in it, and nothing else.

Stage 5 of 5.  In: a ``Diagram``.  Out: entries, set on rows that fit a width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.drawing.labels import SHADES, disc_items
from loopscope.loops.diagrams.drawing.links import arrowhead, dash_of, mark_items
from loopscope.loops.diagrams.drawing.nodes import RAISED, valve_items
from loopscope.loops.diagrams.drawing.palette import (
    CONTEXT_LINE,
    INK,
    LEGEND,
    SOFT,
    STOCK_EDGE,
    STOCK_FILL,
    palette_of,
)
from loopscope.loops.diagrams.drawing.scene import Words, rectangle, stroke
from loopscope.loops.diagrams.layout.badges import RADIUS
from loopscope.loops.diagrams.layout.labels import Mark, head_length
from loopscope.loops.diagrams.lettering import width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.drawing.palette import Palette
    from loopscope.loops.diagrams.drawing.scene import Item
    from loopscope.loops.loop import LoopPolarity

    Icon = Callable[[float, float], Sequence[Item]]

ROW, LOW_ROW = 30.0, 20.0
"""Height of a row with a badge in it, and of one without."""

GAP, SPACE = 5.0, 18.0
"""After an icon, and between entries."""

WIDEST = 660.0
"""A figure is at least this wide, or as wide as its legend."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the legend explains.

    Attributes
    ----------
    icon
        Returns its picture with the left end of its middle at (x, y).
    width
        Of the picture, in points.
    height
        Of the row it needs.
    """

    words: str
    icon: Icon
    width: float
    height: float = LOW_ROW

    @property
    def length(self) -> float:
        """Picture and words."""
        return self.width + GAP + width_of(self.words, LEGEND)


def entries_of(diagram: Diagram) -> tuple[Entry, ...]:
    """Return an entry for each thing that occurs."""
    sketch, palette = diagram.sketch, palette_of(diagram.style)
    links = [link for link in sketch.links if link.kind == "cause"]
    kinds = {node.kind for node in sketch.nodes}
    found = [
        Entry(words, _arrow(palette, sign), 36.0)
        for sign, words in (
            ("+", "same direction"), ("-", "opposite direction"), ("?", "sign not known")
        )
        if any(link.sign == sign and not link.quiet for link in links)
    ]  # fmt: skip
    if any(not link.certain and link.sign != "?" for link in links):
        found.append(Entry(_doubt(diagram), _dashes, 26.0))
    if any(link.delay for link in links):
        found.append(Entry("delay", _delay, 26.0))
    if "stock" in kinds:
        found.append(Entry("stock", _stock, 24.0))
    if diagram.kind == "stockflow":
        from loopscope.loops.diagrams.drawing.pipes import legend_entries

        found += legend_entries(diagram)
    elif diagram.style.valves and "flow" in kinds:
        found.append(Entry("flow", lambda x, y: valve_items(x + 4.5, y, INK, 9.0), 9.0))
    if any(node.quiet for node in sketch.nodes) or any(link.quiet for link in links):
        found.append(Entry("context", _context, 26.0))
    if any(link.score is not None for link in links):
        found.append(Entry("width: link score", _widths, 26.0))
    found += [
        Entry(words, _badge(palette, polarity), 2 * RADIUS, ROW)
        for polarity, words in (
            ("R", "reinforcing"), ("B", "balancing"), ("U", "polarity not known")
        )
        if any(loop.polarity == polarity for loop in sketch.loops)
    ]  # fmt: skip
    if any(loop.shaded for loop in sketch.loops):
        found.append(shading_entry(diagram))
    return tuple(found)


def row_length(entries: Sequence[Entry]) -> float:
    """Return how long entries are on one row."""
    return sum(entry.length for entry in entries) + SPACE * max(0, len(entries) - 1)


def rows_of(entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    """Return entries on rows at most ``width`` long, one entry at least."""
    rows: list[list[Entry]] = []
    for entry in entries:
        if rows and row_length([*rows[-1], entry]) <= width:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    return rows


def row_height(row: Sequence[Entry]) -> float:
    """Return the height of a row."""
    return max(entry.height for entry in row)


def row_items(row: Sequence[Entry], left: float, y: float) -> list[Item]:
    """Return a row that starts at ``left``, with its middle at ``y``."""
    items: list[Item] = []
    for entry in row:
        items += entry.icon(left, y)
        at = left + entry.width + GAP
        items.append(Words(at, y - RAISED * LEGEND, entry.words, LEGEND, INK, anchor="start"))
        left += entry.length + SPACE
    return items


def _doubt(diagram: Diagram) -> str:
    """Return what dashes mean here."""
    if any(loop.band is not None for loop in diagram.sketch.loops):
        return "dashed: not certain over the sweep, or not proved"
    return "dashed: sign not proved"


def _arrow(palette: Palette, sign: str) -> Icon:
    colour = palette.sign_colour[sign]

    def icon(x: float, y: float) -> list[Item]:
        dash = dash_of(1.4) if sign == "?" else None
        tip = np.array([x + 28.0, y])
        text = palette.sign_text[sign]
        return [
            stroke([(x, y), (x + 22.0, y)], colour, 1.4, dash=dash),
            *arrowhead(tip, np.array([1.0, 0.0]), head_length(1.4), colour),
            Words(x + 32.5, y + 1.0, text, 10.0, colour, bold=True),
        ]

    return icon


def _dashes(x: float, y: float) -> list[Item]:
    return [stroke([(x, y), (x + 26.0, y)], SOFT, 1.4, dash=dash_of(1.4))]


def _delay(x: float, y: float) -> list[Item]:
    line = stroke([(x, y), (x + 26.0, y)], INK, 1.2)
    return [line, *mark_items(Mark((x + 13.0, y), 0.0), 1.2)]


def _stock(x: float, y: float) -> list[Item]:
    return [rectangle(x + 12.0, y, 12.0, 6.5, fill=STOCK_FILL, line=STOCK_EDGE, width=1.2)]


def _context(x: float, y: float) -> list[Item]:
    return [stroke([(x, y), (x + 26.0, y)], CONTEXT_LINE, 1.4)]


def _widths(x: float, y: float) -> list[Item]:
    return [
        stroke([(x, y), (x + 12.0, y)], SOFT, 1.0),
        stroke([(x + 12.0, y), (x + 26.0, y)], SOFT, 4.0),
    ]


def _badge(palette: Palette, polarity: str) -> Icon:
    colour = palette.loop_colour[polarity]
    text = "?" if polarity == "U" else polarity
    return lambda x, y: disc_items(x + RADIUS, y, text, polarity, colour, clockwise=True)


def shading_entry(diagram: Diagram) -> Entry:
    """Return the entry for areas of loops."""
    colour = palette_of(diagram.style).loop_colour[shown_polarity(diagram)]

    def icon(x: float, y: float) -> list[Item]:
        return [
            rectangle(x + 7.5 + 15.0 * k, y, 7.5, 6.5, fill=colour, alpha=shade)
            for k, shade in enumerate(SHADES)
        ]

    return Entry("shading: loop score", icon, 30.0)


def shown_polarity(diagram: Diagram) -> LoopPolarity:
    """Return the polarity whose colour explains what is the same for all: the first that occurs."""
    found = {loop.polarity for loop in diagram.sketch.loops}
    order: tuple[LoopPolarity, ...] = ("R", "B", "U")
    return next((one for one in order if one in found), "R")
