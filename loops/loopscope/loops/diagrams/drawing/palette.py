"""Colours and sizes of diagrams.

Stage 5 of 5.  In: a ``Style``.  Out: a ``Palette``.  Colour never stands alone: signs, dashes, and
filled against open badges say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.diagrams.diagram import Style

INK = "#14202B"
SOFT = "#5B6770"
"""Of subtitles and notes."""

WHITE = "#FFFFFF"
STOCK_FILL, STOCK_EDGE = "#EAF1F8", "#23364A"
CONTEXT, CONTEXT_LINE = "#6B7780", "#A3ACB2"
"""Of names, and of links and boxes, that are shown for context only."""

TITLE, SUBTITLE, LEGEND, KEY, NOTE = 14.0, 8.5, 7.8, 7.2, 7.0
SIGN_SIZE = 11.5
LETTER = 6.0
EDGE = 14.0
"""Around everything, in points."""

_PLUM, _GREEN, _GREY = "#7A1F5C", "#0B6B4F", "#6B6B6B"
_BLUE, _ORANGE = "#0072B2", "#C8470A"


@dataclass(frozen=True, slots=True)
class Palette:
    """What a style prints.

    Attributes
    ----------
    sign_colour, sign_text
        By sign: "+", "-", "?".
    loop_colour
        By polarity: "R", "B", "U".
    """

    sign_colour: Mapping[str, str]
    sign_text: Mapping[str, str]
    loop_colour: Mapping[str, str]


def palette_of(style: Style) -> Palette:
    """Return colours and signs of a style."""
    text = {"+": "+", "-": "\u2212", "?": "?"}
    if style.polarity == "so":
        text = {"+": "s", "-": "o", "?": "?"}
    if style.theme == "mono":
        return Palette(dict.fromkeys("+-?", INK), text, dict.fromkeys("RBU", INK))
    colours = {"+": _BLUE, "-": _ORANGE, "?": _GREY}
    return Palette(colours, text, {"R": _PLUM, "B": _GREEN, "U": _GREY})
