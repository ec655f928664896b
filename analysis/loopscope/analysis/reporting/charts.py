"""Charts of a report: runs over time, in small panels.

In: series.  Out: a ``Scene``, which becomes SVG in a hundredth of the time that matplotlib takes,
in the same house style: the first run black, the others in colours and with marks of their own.

Lengths are points (1/72 inch), y upwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.style import CHANGE, line, scale_of, shortened, tick, wrapped
from loopscope.analysis.tables import plain
from loopscope.loops.diagrams.drawing.scene import (
    Group,
    Scene,
    Shape,
    Words,
    circle,
    polygon,
    stroke,
)
from loopscope.loops.diagrams.lettering import width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from loopscope.analysis.runs import Run
    from loopscope.loops.diagrams.drawing.scene import Item

    Numbers = NDArray[np.float64]

WIDTH = 560.0
"""Of a chart."""

INK, SOFT, GRID, EDGE = "#222222", "#666666", "#E3E3E3", "#999999"
TITLE, HEADING, SMALL = 12.0, 9.5, 8.0
GUTTER, BELOW, ABOVE, BETWEEN = 44.0, 16.0, 30.0, 14.0
"""Around the plot of a panel: numbers left of it and below, words above; between two panels."""

STEPS = (1, 2, 2.5, 5, 10)
MARKS = 7
"""Marks along a line."""

MOST_POINTS = 300
"""Of a line; a longer one keeps the least and the largest value of each stretch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The plot of a panel: its place on the page, and what its axes show."""

    left: float
    right: float
    low: float
    high: float
    span: tuple[float, float]
    range: tuple[float, float]

    def x(self, time: Numbers | float) -> Numbers:
        """Return where a time stands."""
        begin, end = self.span
        share = (np.asarray(time, np.float64) - begin) / ((end - begin) or 1.0)
        return np.asarray(self.left + share * (self.right - self.left))

    def y(self, value: Numbers | float) -> Numbers:
        """Return where a value stands."""
        least, most = self.range
        share = (np.asarray(value, np.float64) - least) / ((most - least) or 1.0)
        return np.asarray(self.low + share * (self.high - self.low))


def run_panels(
    runs: Sequence[Run], names: Sequence[str], *, title: str, columns: int = 3, height: float = 96.0
) -> Scene:
    """Draw variables of runs, a panel each.

    Parameters
    ----------
    runs
        The first is the base.
    height
        Of the plot of a panel.
    """
    columns = max(1, min(columns, len(names)))
    wide = (WIDTH - BETWEEN * (columns - 1)) / columns
    items: list[Item] = []
    y = 0.0
    if title:
        for text in wrapped(plain(title), 84).splitlines():
            y -= 15.0
            items.append(Words(0.0, y, text, TITLE, INK, bold=True, anchor="start"))
        y -= 4.0
    change = _change(runs)
    legend, y = _legend(runs, y, change=change is not None)
    items += legend
    rows = -(-len(names) // columns)
    for place, name in enumerate(names):
        row, column = divmod(place, columns)
        left = column * (wide + BETWEEN)
        top = y - row * (ABOVE + height + BELOW + BETWEEN) - ABOVE
        box = Box(
            left=left + GUTTER, right=left + wide, low=top - height, high=top,
            span=(float(runs[0].time[0]), float(runs[0].time[-1])), range=(0.0, 1.0),
        )  # fmt: skip
        items += _panel(runs, name, box, left, change)
    low = y - rows * (ABOVE + height + BELOW + BETWEEN)
    unit = plain(runs[0].time_units) or "unit not given"
    items.append(Words(WIDTH, low + 2.0, f"time ({unit})", SMALL, SOFT, anchor="end"))
    return Scene(((Group(tuple(items), "panels"),),), (-2.0, low - 3.0), (WIDTH + 16.0, 2.0))


def _panel(
    runs: Sequence[Run], name: str, box: Box, left: float, change: float | None
) -> list[Item]:
    values = [run.values[name] for run in runs if name in run.values]
    known = np.concatenate([one[np.isfinite(one)] for one in values])
    scale = scale_of(float(np.max(np.abs(known), initial=0.0)), runs[0].units[name])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    box = Box(
        left=box.left, right=box.right, low=box.low, high=box.high, span=box.span,
        range=limits(low / scale.by, high / scale.by),
    )  # fmt: skip
    room = max(12, round((box.right - left) / 5.6))
    heading = shortened(plain(name), room)
    items: list[Item] = [
        Words(left, box.high + 16.0, heading, HEADING, INK, bold=True, anchor="start"),
        Words(left, box.high + 5.0, shortened(scale.label, room + 8), SMALL, SOFT, anchor="start"),
        *axes(box),
    ]
    if change is not None:
        x = float(box.x(change))
        items.append(stroke([(x, box.low), (x, box.high)], CHANGE["color"], 1.0, dash=(2.0, 2.0)))
    # The base lies on top: where nothing differs, that is what is seen.
    for place, run in reversed(list(enumerate(runs))):
        if name in run.values:
            items += _drawn(run.time, run.values[name] / scale.by, box, place)
    return items


def limits(low: float, high: float) -> tuple[float, float]:
    """Return the range of an axis: from 0 where half of the quantity would be cut off otherwise.

    Examples
    --------
    >>> limits(0.0, 0.0), limits(1.0, 100.0)
    ((0.0, 1.0), (0.0, 106.0))
    """
    if low == high == 0:
        return 0.0, 1.0
    if 0 <= low < 0.6 * high:
        return 0.0, 1.06 * high
    room = 0.05 * (high - low) or 0.05 * abs(high)
    return low - room, high + room


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers between two others, at most about ``most``.

    Examples
    --------
    >>> ticks(0.0, 1.06, 5)
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(most, steps=list(STEPS)).tick_values(low, high)
    slack = 1e-9 * (high - low)
    inside = [float(one) for one in found if low - slack <= one <= high + slack]
    return [0.0 if abs(one) <= slack else one for one in inside]


def axes(box: Box, *, numbers: bool = True) -> list[Item]:
    """Return the grid of a plot with its numbers, and its axes."""
    items: list[Item] = []
    if numbers:
        for value in ticks(*box.range, 4):
            y = float(box.y(value))
            items.append(stroke([(box.left, y), (box.right, y)], GRID, 0.7))
            label = shortened(tick(value), 9)
            items.append(Words(box.left - 4.0, y - 2.8, label, SMALL, SOFT, anchor="end"))
    return items + time_axis(box)


def time_axis(box: Box) -> list[Item]:
    """Return the axis of time below a plot."""
    items: list[Item] = [stroke([(box.left, box.low), (box.right, box.low)], EDGE, 0.8)]
    most = max(2, int((box.right - box.left) / 34.0))
    for value in ticks(*box.span, min(5, most)):
        x = float(box.x(value))
        items.append(stroke([(x, box.low), (x, box.low - 3.0)], EDGE, 0.8))
        items.append(Words(x, box.low - 12.0, f"{value:.10g}", SMALL, SOFT))
    return items


def _drawn(time: Numbers, values: Numbers, box: Box, place: int) -> list[Item]:
    """Return the line of a run, whole where it is finite, and its marks."""
    look = line(place)
    items: list[Item] = []
    for first, last in _stretches(np.isfinite(values)):
        some = thinned(values[first:last])
        points = np.column_stack([box.x(time[first:last][some]), box.y(values[first:last][some])])
        if len(points) > 1:
            items.append(stroke(points, look["color"], look.get("linewidth", 1.6)))
    if "marker" in look:
        every = max(1, len(time) // MARKS)
        for at in range(every * (place % MARKS) // MARKS, len(time), every):
            if np.isfinite(values[at]):
                x, y = float(box.x(time[at])), float(box.y(values[at]))
                items.append(mark(look["marker"], x, y, look["color"], look["markerfacecolor"]))
    return items


def _stretches(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def thinned(values: Numbers, most: int = MOST_POINTS) -> NDArray[np.intp]:
    """Return places of values that draw the same line: the extremes of each of some stretches.

    Examples
    --------
    >>> thinned(np.arange(5.0)).tolist()
    [0, 1, 2, 3, 4]
    """
    if len(values) <= most:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), most // 2 + 1).astype(np.intp)
    kept = {0, len(values) - 1}
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept |= {
            first + int(np.argmin(values[first:last])),
            first + int(np.argmax(values[first:last])),
        }
    return np.array(sorted(kept), np.intp)


def mark(kind: str, x: float, y: float, colour: str, fill: str, size: float = 2.2) -> Shape:
    """Return one of the marks of ``style.MARKERS``."""
    look = {"line": colour, "fill": fill, "width": 0.9}
    if kind == "s":
        half = 0.9 * size
        return polygon(
            [
                (x - half, y - half),
                (x + half, y - half),
                (x + half, y + half),
                (x - half, y + half),
            ],
            **look,
        )
    if kind in "^v":
        turn = 1.0 if kind == "^" else -1.0
        return polygon(
            [(x - size, y - turn * size), (x + size, y - turn * size), (x, y + turn * size)], **look
        )
    if kind == "D":
        return polygon([(x, y - size), (x + size, y), (x, y + size), (x - size, y)], **look)
    return circle(x, y, size, **look)


def _legend(runs: Sequence[Run], y: float, *, change: bool) -> tuple[list[Item], float]:
    """Return samples of the lines with their labels, and where they end; none for a single run."""
    if len(runs) == 1:
        return [], y
    items: list[Item] = []
    x, y = 0.0, y - 11.0
    entries = [(place, shortened(plain(run.label), 44)) for place, run in enumerate(runs)]
    for place, label in [*entries, *([(-1, "changes begin")] if change else [])]:
        need = 30.0 + width_of(label, 9.0) + 14.0
        if x and x + need > WIDTH:
            x, y = 0.0, y - 13.0
        if place < 0:
            dashes = stroke([(x, y + 3), (x + 24, y + 3)], CHANGE["color"], 1.0, dash=(2.0, 2.0))
            items.append(dashes)
        else:
            look = line(place)
            sample = [(x, y + 3.0), (x + 24.0, y + 3.0)]
            items.append(stroke(sample, look["color"], look.get("linewidth", 1.6)))
            if "marker" in look:
                kind, face = look["marker"], look["markerfacecolor"]
                items.append(mark(kind, x + 12.0, y + 3.0, look["color"], face))
        items.append(Words(x + 30.0, y, label, 9.0, INK, anchor="start"))
        x += need
    return items, y - 6.0


def _change(runs: Sequence[Run]) -> float | None:
    """Return when the first path of a setting begins, None where that is not inside the run."""
    first = min((run.changed for run in runs if run.changed is not None), default=None)
    inside = first is not None and runs[0].time[0] < first < runs[0].time[-1]
    return first if inside and len(runs) > 1 else None
