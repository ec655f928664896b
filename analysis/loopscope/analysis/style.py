"""How runs look in pictures: lines, readable scales, files, in the house style of ``loops.style``.

In: values and units.  Out: looks, scales and labels; pictures written whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopscope.analysis.outputs import whole
from loopscope.analysis.tables import plain
from loopscope.loops.style import BASE as BASE
from loopscope.loops.style import COLOURS as COLOURS
from loopscope.loops.style import MARKERS as MARKERS
from loopscope.loops.style import QUIET as QUIET
from loopscope.loops.style import shortened as shortened
from loopscope.loops.style import styled as styled
from loopscope.loops.style import tick as tick
from loopscope.loops.style import wrapped as wrapped

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

CHANGE: dict[str, Any] = {"color": "#999999", "linewidth": 1.0, "linestyle": (0, (2, 2))}


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


def settle(figure: Figure) -> None:
    """Lay the panels out once, for every format: finding a layout costs as much as drawing."""
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(w_pad=0.06, h_pad=0.06)  # type: ignore[call-arg]
    engine.execute(figure)
    figure.set_layout_engine("none")


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
