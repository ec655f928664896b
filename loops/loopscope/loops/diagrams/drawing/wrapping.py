"""Text on lines that fit a width.

Stage 5 of 5.  In: text, a size and a width in points.  Out: lines.
"""

from __future__ import annotations

from loopscope.loops.diagrams.drawing.scene import clean
from loopscope.loops.diagrams.lettering import width_of

SPARE = 0.97
"""Of a width is filled: renderers differ by a few percent in how wide they set a line."""


def wrapped_to(text: str, width: float, size: float, *, bold: bool = False) -> tuple[str, ...]:
    """Return text on lines that are at most ``width`` points wide; a word wider than that is cut.

    Examples
    --------
    >>> wrapped_to("the rules and what comes back", 85.0, 9.0)
    ('the rules and', 'what comes back')
    """
    room = max(width * SPARE, 4.0 * size)
    space = 0.32 * size
    lines: list[str] = []
    line, used = "", 0.0
    for whole in clean(text).split():
        for word in _cut(whole, room, size, bold):
            wide = width_of(word, size, bold=bold)
            if line and used + space + wide > room:
                lines.append(line)
                line, used = "", 0.0
            line, used = (f"{line} {word}", used + space + wide) if line else (word, wide)
    return (*lines, line) if line else tuple(lines)


def _cut(word: str, room: float, size: float, bold: bool) -> list[str]:
    if width_of(word, size, bold=bold) <= room:
        return [word]
    # A letter alone is measured without the room that it keeps to the next one.
    widest = max(width_of(letter * 9, size, bold=bold) / 8 for letter in set(word))
    step = max(1, int(room / max(widest, 0.3 * size)))
    return [word[k : k + step] for k in range(0, len(word), step)]
