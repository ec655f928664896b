"""Everything around the picture of a diagram: title, key, legend, notes.

Stage 5 of 5.  In: a ``Diagram``.  Out: a ``Scene``.  Text is never made smaller to fit: the page
is as large as what stands on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.drawing.key import key_items, key_of
from loopscope.loops.diagrams.drawing.legend import (
    WIDEST,
    entries_of,
    row_height,
    row_items,
    row_length,
    rows_of,
)
from loopscope.loops.diagrams.drawing.palette import EDGE, INK, NOTE, SOFT, SUBTITLE, TITLE
from loopscope.loops.diagrams.drawing.picture import bounds_of, picture_layers
from loopscope.loops.diagrams.drawing.scene import Group, Scene, Words
from loopscope.loops.diagrams.drawing.wrapping import wrapped_to
from loopscope.loops.diagrams.lettering import width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.drawing.legend import Entry
    from loopscope.loops.diagrams.drawing.scene import Item, Layer
    from loopscope.loops.diagrams.layout.kernels.state import Numbers

NARROWEST = 300.0
"""Width of the smallest page, in points."""

BESIDE = 26.0
"""Between the picture and its key."""

BETWEEN = 16.0
"""Between the picture and the legend."""


@dataclass(frozen=True, slots=True)
class Page:
    """What stands around a picture, and where the page ends.

    Attributes
    ----------
    left, right
        Ends of a line of text.
    band
        Bottom and top of the room that was left free below the picture.
    """

    around: Layer
    low: tuple[float, float]
    high: tuple[float, float]
    left: float
    right: float
    band: tuple[float, float]


def scene_of(diagram: Diagram) -> Scene:
    """Return a diagram as shapes and words."""
    layers = picture_layers(diagram)
    page = page_of(diagram, *bounds_of(layers))
    return Scene((*layers, page.around), page.low, page.high)


def page_of(
    diagram: Diagram,
    low: Numbers,
    high: Numbers,
    *,
    free: float = 0.0,
    more: Sequence[Entry] = (),
) -> Page:
    """Return what stands around a picture.

    Parameters
    ----------
    low, high
        Corners of the picture.
    free
        Height that is left free below it.
    more
        Entries that the legend has besides.
    """
    wide, tall = high - low
    key = key_of(diagram, tall)
    key_wide, key_tall = key.size if key else (0.0, 0.0)
    aside = key_wide + BESIDE if key else 0.0
    entries = (*entries_of(diagram), *more)
    width = max(wide + aside, min(WIDEST, row_length(entries)), NARROWEST)
    left = float(low[0] - (width - aside - wide) / 2)
    body = max(tall, key_tall)
    top = float(high[1] + (body - tall) / 2)
    head, above = _heading(diagram, left, top, width)
    around = [Group(tuple(head), "heading")]
    if key:
        items = key_items(key, diagram, left + width - key_wide, top)
        around.append(Group(tuple(items), "key"))
    base = top - body - BETWEEN
    y = base - free
    legend: list[Item] = []
    for row in rows_of(entries, width):
        height = row_height(row)
        legend += row_items(row, left, y - height / 2)
        y -= height
    around.append(Group(tuple(legend), "legend"))
    below, y = _below(diagram, left, y - 4.0, width)
    around.append(Group(tuple(below), "notes"))
    return Page(
        around=tuple(group for group in around if group.items),
        low=(left - EDGE, y - EDGE), high=(left + width + EDGE, above + EDGE),
        left=left, right=left + width, band=(base - free, base),
    )  # fmt: skip


def _heading(diagram: Diagram, left: float, top: float, width: float) -> tuple[list[Item], float]:
    """Return title and subtitle above a line, and where they end."""
    caption = diagram.caption
    items: list[Item] = []
    y = top + 12.0
    for line in reversed(wrapped_to(caption.subtitle, width, SUBTITLE)):
        items.append(Words(left, y, line, SUBTITLE, SOFT, anchor="start"))
        y += 1.35 * SUBTITLE
    y += 3.0 if items else 0.0
    for line in reversed(wrapped_to(caption.title, width, TITLE, bold=True)):
        items.append(Words(left, y, line, TITLE, INK, bold=True, anchor="start"))
        y += 1.25 * TITLE
    return items[::-1], y - 4.0 if items else top


def _below(diagram: Diagram, left: float, top: float, width: float) -> tuple[list[Item], float]:
    """Return notes and footnotes below a line, and where they end."""
    items: list[Item] = []
    y = top
    step = 1.4 * NOTE
    for text in diagram.caption.notes:
        for line in wrapped_to(text, width, NOTE):
            y -= step
            items.append(Words(left, y, line, NOTE, SOFT, anchor="start"))
        y -= 1.5
    indent = max((width_of(a, NOTE) for a, _ in diagram.caption.footnotes), default=0.0) + 6.0
    for letter, text in diagram.caption.footnotes:
        for k, line in enumerate(wrapped_to(text, width - indent, NOTE)):
            y -= step
            if not k:
                items.append(Words(left, y, letter, NOTE, INK, bold=True, anchor="start"))
            items.append(Words(left + indent, y, line, NOTE, SOFT, anchor="start"))
        y -= 1.5
    return items, y
