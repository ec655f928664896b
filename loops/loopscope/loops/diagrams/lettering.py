"""Names as they are printed: wrapped, and measured in points.

Beside every stage.  In: text.  Out: lines, and the size of the box around them.
"""

from __future__ import annotations

import textwrap
from functools import cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

FAMILY = "DejaVu Sans"
SIZE = 9.0
LEADING = 1.18
"""Height of a line by the size of its letters."""

ROOM = 15
"""Characters on a line; a longer word stands alone and whole."""

PADDING = (6.0, 4.0)
STOCK_PADDING = (12.0, 9.0)


def folded_lines(name: str, room: int = ROOM) -> tuple[str, ...]:
    """Return a name on lines of at most ``room`` characters, no word broken.

    Examples
    --------
    >>> folded_lines("perceived irregular migration problem")
    ('perceived', 'irregular', 'migration', 'problem')
    """
    lines = textwrap.wrap(name, room, break_long_words=False, break_on_hyphens=True)
    return tuple(lines) or (" ",)


@cache
def width_of(text: str, size: float = SIZE, *, bold: bool = False, italic: bool = False) -> float:
    """Return the width of one line of text, in points."""
    font = FontProperties(
        family=FAMILY, weight="bold" if bold else "normal", style="italic" if italic else "normal"
    )
    blank = 0.3 * size * len(text)
    if not text.strip():
        return blank
    try:
        path = TextPath((0.0, 0.0), text.replace("$", r"\$"), size=size, prop=font)
    except AttributeError:  # of letters that draw nothing, as a soft hyphen, no path can be made
        return blank
    return float(path.vertices[:, 0].max())


def box_of(lines: tuple[str, ...], *, stock: bool = False) -> tuple[float, float]:
    """Return width and height of the box of a variable, in points."""
    across, along = STOCK_PADDING if stock else PADDING
    widest = max(width_of(line) for line in lines)
    return widest + across, LEADING * SIZE * len(lines) + along
