"""The house style of pictures.

In: values, units and text.  Out: colours, markers, readable scales and labels, files.  Nothing here
knows what is drawn.
"""

from __future__ import annotations

import math
import textwrap
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from loopscope.analysis.outputs import whole
from loopscope.analysis.tables import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

# Okabe and Ito (2008), without yellow, which is too pale for a line on white.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
BASE = "#222222"
QUIET = "#666666"
CHANGE: dict[str, Any] = {"color": "#999999", "linewidth": 1.0, "linestyle": (0, (2, 2))}

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


@dataclass(frozen=True, slots=True)
class Scale:
    """How an axis counts: values divided by ``by``, and the words for its label."""

    by: float
    label: str


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def scale_of(largest: float, units: str) -> Scale:
    """Return a readable scale for values of a unit.

    Examples
    --------
    >>> scale_of(4.4e6, "people"), scale_of(0.8, "dmnl")
    (Scale(by=1000000.0, label='million people'), Scale(by=1.0, label='dimensionless'))
    """
    name = (
        "dimensionless"
        if plain(units).casefold() in ("dmnl", "dimensionless", "1")
        else plain(units)
    )
    name = name or "unit not given"
    if not math.isfinite(largest) or largest == 0 or 1e-2 <= largest < 1e4:
        return Scale(1.0, name)
    for by, word in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if by <= largest < 1e13:
            bare = name in ("dimensionless", "unit not given")
            return Scale(by, f"{word}s, {name}" if bare else f"{word} {name}")
    power = 3 * math.floor(math.log10(largest) / 3)
    return Scale(10.0**power, f"10{str(power).translate(SUPERSCRIPTS)} {name}")


def line(place: int) -> dict[str, Any]:
    """Return how the run at a place is drawn: the base black, each other in its own way."""
    if place == 0:
        return {"color": BASE, "linewidth": 2.0}
    colour = COLOURS[(place - 1) % len(COLOURS)]
    turn = (place - 1) // len(COLOURS)
    return {
        "color": colour,
        "marker": MARKERS[(place - 1 + turn) % len(MARKERS)],
        "markersize": 4.0,
        "markerfacecolor": "white" if turn % 2 else colour,
    }


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


def save(figure: Figure, path: Path) -> None:
    """Write a picture; from ``outputs.target``, its ending decides the format.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    suffix = path.suffix.casefold().removeprefix(".")
    metadata: dict[str, dict[str, Any]] = {  # without the date, equal pictures are equal files
        "png": {"Software": "loopscope"},
        "svg": {"Date": None, "Creator": "loopscope"},
        "pdf": {"CreationDate": None, "Creator": "loopscope"},
    }
    with styled(), whole(path) as temporary:
        figure.savefig(temporary, format=suffix, metadata=metadata[suffix])
