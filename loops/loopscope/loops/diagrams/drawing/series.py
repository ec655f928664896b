"""Key series below an animation: a small panel each, with a cursor at the time shown.

Stage 5 of 5.  In: values over time.  Out: shapes and words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.drawing.nodes import RAISED
from loopscope.loops.diagrams.drawing.palette import INK, KEY, SOFT
from loopscope.loops.diagrams.drawing.scene import Words, circle, stroke
from loopscope.loops.diagrams.drawing.wrapping import wrapped_to
from loopscope.loops.style import tick
from loopscope.models.errors import UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from loopscope.loops.diagrams.drawing.scene import Item
    from loopscope.loops.diagrams.layout.kernels.state import Numbers

COLOUR = "#23364A"
FAINT = "#D5DBDF"
HEIGHT = 104.0
"""Of a panel with its name and its times, in points."""

GUTTER = 46.0
"""Left of a panel, for its numbers."""

MOST = 4
"""Panels side by side."""

TICKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A series and the rectangle it is drawn in.

    Attributes
    ----------
    time, values
        Dims (time,); where a value is not finite the line is interrupted.
    left, right, low, high
        Of the plot, in points.
    start, stop
        Of the time that is shown.
    """

    name: str
    units: str
    time: Numbers
    values: Numbers
    left: float
    right: float
    low: float
    high: float
    start: float
    stop: float

    @property
    def range(self) -> tuple[float, float]:
        """Least and largest value that is shown."""
        known = self.values[np.isfinite(self.values)]
        if not len(known):
            return 0.0, 1.0
        least, most = float(known.min()), float(known.max())
        if most - least <= 1e-9 * max(abs(least), abs(most)):
            room = abs(most) or 1.0
            return least - room / 2, most + room / 2
        return least, most

    def x(self, time: Numbers | float) -> Numbers:
        """Return where a time stands."""
        share = (np.asarray(time) - self.start) / (self.stop - self.start)
        found: Numbers = self.left + share * (self.right - self.left)
        return found

    def y(self, value: Numbers | float) -> Numbers:
        """Return where a value stands."""
        least, most = self.range
        share = (np.asarray(value) - least) / (most - least)
        found: Numbers = self.low + share * (self.high - self.low)
        return found


def panels_of(
    run: xr.Dataset,
    names: Sequence[str],
    ends: tuple[float, float],
    left: float,
    right: float,
    top: float,
) -> tuple[Panel, ...]:
    """Return a panel each for some variables of a run, side by side.

    Raises
    ------
    UnknownNameError
        A variable that the run does not hold over time.
    """
    time = np.asarray(run["time"].values, np.float64)
    shown = (time >= ends[0]) & (time <= ends[1])
    width = (right - left) / max(1, len(names))
    found = []
    for k, name in enumerate(names):
        if name not in run.data_vars or run[name].dims != ("time",):
            known = [str(one) for one in run.data_vars if run[one].dims == ("time",)]
            msg = f"the run has no series named '{name}'{did_you_mean(name, known)}"
            raise UnknownNameError(msg)
        at = left + k * width
        found.append(
            Panel(
                name=name, units=str(run[name].attrs.get("units", "")), time=time[shown],
                values=np.asarray(run[name].values, np.float64)[shown], left=at + GUTTER,
                right=at + width - 12.0, low=top - HEIGHT + 18.0, high=top - 22.0,
                start=ends[0], stop=ends[1],
            )
        )  # fmt: skip
    return tuple(found)


def panel_items(panel: Panel) -> list[Item]:
    """Return a panel without its cursor."""
    from matplotlib.ticker import MaxNLocator

    title = f"{panel.name} ({panel.units})" if panel.units else panel.name
    lines = wrapped_to(title, panel.right - panel.left + GUTTER - 6.0, KEY, bold=True)
    head = lines[0] if len(lines) < 2 else f"{lines[0]} ..."
    above = panel.high + 8.0
    items: list[Item] = [
        Words(panel.left - GUTTER, above, head, KEY, INK, bold=True, anchor="start")
    ]
    locator = MaxNLocator(TICKS)
    least, most = panel.range
    for value in locator.tick_values(least, most):
        if least <= value <= most:
            y = float(panel.y(value))
            items.append(stroke([(panel.left, y), (panel.right, y)], FAINT, 0.6))
            text = tick(float(value))
            items.append(Words(panel.left - 4.0, y - RAISED * 6.5, text, 6.5, SOFT, anchor="end"))
    for value in locator.tick_values(panel.start, panel.stop):
        if panel.start <= value <= panel.stop:
            x = float(panel.x(value))
            items.append(stroke([(x, panel.low - 4.0), (x, panel.low - 1.0)], SOFT, 0.6))
            items.append(Words(x, panel.low - 11.5, plain(float(value)), 6.5, SOFT))
    points = np.column_stack([panel.x(panel.time), panel.y(panel.values)])
    known = np.isfinite(panel.values)
    cuts = np.flatnonzero(np.diff(known.astype(np.int8))) + 1
    for piece, good in zip(np.split(points, cuts), np.split(known, cuts), strict=True):
        if len(piece) > 1 and good[0]:
            items.append(stroke(piece, COLOUR, 1.3))
    return items


def plain(time: float) -> str:
    """Return a time without a separator of thousands, for it may be a year.

    Examples
    --------
    >>> plain(2040.0), plain(0.25)
    ('2040', '0.25')
    """
    return f"{time:.6g}"


def cursor_items(panel: Panel, at: float) -> list[Item]:
    """Return the line and the dot that show a time."""
    x = float(panel.x(at))
    items: list[Item] = [stroke([(x, panel.low - 4.0), (x, panel.high + 4.0)], INK, 0.9)]
    if len(panel.time):
        value = panel.values[int(np.abs(panel.time - at).argmin())]
        if np.isfinite(value):
            items.append(circle(x, float(panel.y(value)), 2.6, fill=COLOUR))
    return items
