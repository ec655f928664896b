"""The key of loops at the right: ids, names, scores.

Stage 5 of 5.  In: loops and their badges.  Out: shapes and words.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.drawing.labels import ONE_LINE
from loopscope.loops.diagrams.drawing.nodes import RAISED
from loopscope.loops.diagrams.drawing.palette import INK, KEY, SOFT, SUBTITLE, WHITE, palette_of
from loopscope.loops.diagrams.drawing.scene import Words, rectangle
from loopscope.loops.diagrams.drawing.words import score_words
from loopscope.loops.diagrams.lettering import width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.drawing.scene import Item
    from loopscope.loops.diagrams.layout.badges import Badge
    from loopscope.loops.diagrams.records import LoopShown

ROW, LEADING = 13.0, 9.0
HEAD = 20.0
"""Height of the heading."""

ROOM = 38
"""Letters of a name on a line."""

ID_SIZE = 6.2
GAP = 9.0
"""Between columns, in points."""


@dataclass(frozen=True, slots=True)
class Row:
    """A loop in the key."""

    loop: LoopShown
    lines: tuple[str, ...]
    score: str

    @property
    def height(self) -> float:
        """Of its lines."""
        return ROW + LEADING * (len(self.lines) - 1)


@dataclass(frozen=True, slots=True)
class Key:
    """Rows in columns of about equal height, and what they measure."""

    columns: tuple[tuple[Row, ...], ...]
    id_width: float
    name_width: float
    score_width: float

    @property
    def column_width(self) -> float:
        """Id, name and score."""
        width = self.id_width + GAP - 3.0 + self.name_width
        return width + (GAP + self.score_width if self.score_width else 0.0)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        count = len(self.columns)
        tall = max(sum(row.height for row in column) for column in self.columns)
        return count * self.column_width + (count - 1) * 2 * GAP, HEAD + tall


def key_of(diagram: Diagram, tall: float) -> Key | None:
    """Return the key of a diagram; None where badges say all.

    Parameters
    ----------
    tall
        Height there is room for: where rows need much more, they stand in several columns.
    """
    laid = diagram.laid
    loops, badges = laid.picture.given.loops, laid.badges
    if not _needed(loops, badges):
        return None
    rows = []
    for loop in sorted(loops, key=rank):
        letters = f" [{','.join(loop.notes)}]" if loop.notes else ""
        lines = tuple(textwrap.wrap(loop.name + letters, ROOM)) or ("",)
        rows.append(Row(loop, lines, score_words(loop)))
    total = sum(row.height for row in rows)
    count = min(3, max(1, round(total / max(tall, 320.0))))
    return Key(
        _columns(rows, count),
        max(22.0, *(width_of(row.loop.id, ID_SIZE, bold=True) + 8.0 for row in rows)),
        max(width_of(line, KEY) for row in rows for line in row.lines),
        max(width_of(row.score, KEY) for row in rows),
    )


def rank(loop: LoopShown) -> tuple[int, int, str]:
    """Return the order of loops in a key: R before B, by number."""
    digits = "".join(c for c in loop.id if c in "0123456789")
    return "RBU".index(loop.polarity), int(digits[:9] or 0), loop.id


def key_items(key: Key, diagram: Diagram, left: float, top: float) -> list[Item]:
    """Return a key with its upper left corner at a point."""
    items: list[Item] = [Words(left, top - 8.0, "Loops", SUBTITLE, INK, bold=True, anchor="start")]
    palette = palette_of(diagram.style)
    for number, column in enumerate(key.columns):
        x = left + number * (key.column_width + 2 * GAP)
        y = top - HEAD - 4.0
        end = x + key.column_width
        if key.score_width and number == 0:
            head = "mean score" if diagram.caption.at is None else "score"
            items.append(Words(end, top - 8.0, head, KEY, SOFT, anchor="end"))
        for row in column:
            colour = palette.loop_colour[row.loop.polarity]
            filled = row.loop.polarity == "R"
            middle, half = y + RAISED * KEY, key.id_width / 2
            items.append(
                rectangle(
                    x + half, middle, half, 4.9, rounded=2.4, line=colour, width=1.0,
                    fill=colour if filled else WHITE,
                )
            )  # fmt: skip
            below = middle - RAISED * ID_SIZE
            shade = WHITE if filled else colour
            items.append(Words(x + half, below, row.loop.id, ID_SIZE, shade, bold=True))
            items += [
                Words(x + key.id_width + GAP - 3.0, y - LEADING * k, line, KEY, INK, anchor="start")
                for k, line in enumerate(row.lines)
            ]
            if row.score:
                items.append(Words(end, y, row.score, KEY, INK, anchor="end"))
            y -= row.height
    return items


def _needed(loops: Sequence[LoopShown], badges: Sequence[Badge]) -> bool:
    """Return whether a badge lacks something that the key says."""
    return any(
        loop.score is not None or len(loop.id) > ONE_LINE or (loop.name and not badge.lines)
        for loop, badge in zip(loops, badges, strict=True)
    )


def _columns(rows: list[Row], count: int) -> tuple[tuple[Row, ...], ...]:
    share = sum(row.height for row in rows) / count
    columns: list[list[Row]] = [[]]
    filled = 0.0
    for row in rows:
        if filled + row.height / 2 > share * len(columns) and len(columns) < count:
            columns.append([])
        columns[-1].append(row)
        filled += row.height
    return tuple(tuple(column) for column in columns)
