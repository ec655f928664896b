"""The house style of pictures: colours, markers, fonts, and text that fits.

Beside every stage.  In: nothing.  Out: what pictures of all rooms share.  Nothing here knows what
is drawn.
"""

from __future__ import annotations

import textwrap
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

if TYPE_CHECKING:
    from collections.abc import Iterator

# Okabe and Ito (2008), without yellow, which is too pale for a line on white.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
BASE = "#222222"
QUIET = "#666666"

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": "#999999",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.7,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.7,
    "savefig.dpi": 200,
    "figure.dpi": 100,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "svg.fonttype": "path",
    "svg.hashsalt": "loopscope",
    "pdf.fonttype": 42,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the house style, whatever the user's own settings are."""
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        for name, value in STYLE.items():
            mpl.rcParams[name] = value  # type: ignore[index]
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def tick(value: float) -> str:
    """Return a tick label without rounding noise.

    Examples
    --------
    >>> tick(2500.0), tick(0.30000000000000004), tick(0.0)
    ('2,500', '0.3', '0')
    """
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:.3g}"


def wrapped(text: str, room: int) -> str:
    """Return text on lines of about ``room`` small letters; capitals take more.

    Examples
    --------
    >>> wrapped("border and interior enforcement", 26).splitlines()
    ['border and interior', 'enforcement']
    """
    widths = (1.9 if ord(c) > 0x2E80 else 1.35 if c.isupper() or c in "mw%@" else 1 for c in text)
    width = sum(widths) / max(1, len(text))
    return "\n".join(textwrap.wrap(text, max(4, int(room / width)))) or " "


def shortened(text: str, most: int) -> str:
    """Return text cut to a length, with an ellipsis where something is missing."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
