"""The chart of a case: its run as lines, and what was measured as points.

In: a run and the misfits of its series.  Out: a ``Scene``, a panel for each variable, with the
measured series named beneath it.  Lengths are points (1/72 inch), y upwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.observed import in_units_of
from loopscope.analysis.reporting.charts import (
    ABOVE,
    BELOW,
    BETWEEN,
    GUTTER,
    HEADING,
    INK,
    SMALL,
    SOFT,
    WIDTH,
    Box,
    axes,
    limits,
    mark,
    thinned,
)
from loopscope.analysis.style import COLOURS, MARKERS, scale_of, shortened
from loopscope.analysis.tables import plain
from loopscope.loops.diagrams.drawing.scene import Group, Scene, Words, stroke

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.reporting.real_cases import Misfit
    from loopscope.analysis.runs import Run
    from loopscope.loops.diagrams.drawing.scene import Item

COLUMNS = 2
HEIGHT = 110.0
"""Of the plot of a panel."""

LINE = 11.0
"""From one named series to the next."""

SIZE = 2.6
"""Of a point."""


def case_panels(run: Run, measured: Sequence[Misfit]) -> Scene:
    """Draw a run against what was measured, a panel for each variable that was."""
    names = list(dict.fromkeys(one.fit.variable for one in measured))
    columns = min(COLUMNS, len(names))
    wide = (WIDTH - 2 * BETWEEN * (columns - 1)) / columns
    items: list[Item] = []
    y = 0.0
    for first in range(0, len(names), columns):
        row = names[first : first + columns]
        series = [[one for one in measured if one.fit.variable == name] for name in row]
        top = y - ABOVE
        for column, (name, seen) in enumerate(zip(row, series, strict=True)):
            left = column * (wide + 2 * BETWEEN)
            items += _panel(run, name, seen, left, top, wide)
        y = top - HEIGHT - BELOW - LINE * max(map(len, series)) - BETWEEN
    unit = plain(run.time_units) or "unit not given"
    items.append(Words(WIDTH, y, f"time ({unit})", SMALL, SOFT, anchor="end"))
    return Scene(((Group(tuple(items), "panels"),),), (-2.0, y - 5.0), (WIDTH + 16.0, 2.0))


def _panel(
    run: Run, name: str, seen: Sequence[Misfit], left: float, top: float, wide: float
) -> list[Item]:
    values, units = run.values[name], run.units[name]
    given = [in_units_of(one.observed, name, units) for one in seen]
    points = [np.asarray(one.values, dtype=np.float64) for one in given]
    finite = np.flatnonzero(np.isfinite(values))
    everything = np.concatenate([values[finite], *points])
    scale = scale_of(float(np.max(np.abs(everything))), units)
    times = np.concatenate([run.time, *(np.asarray(one.times) for one in given)])
    box = Box(
        left=left + GUTTER, right=left + wide, low=top - HEIGHT, high=top,
        span=(float(times.min()), float(times.max())),
        range=limits(float(everything.min()) / scale.by, float(everything.max()) / scale.by),
    )  # fmt: skip
    room = max(12, round(wide / 5.6))
    items: list[Item] = [
        Words(left, top + 16.0, shortened(plain(name), room), HEADING, INK, True, anchor="start"),
        Words(left, top + 5.0, shortened(scale.label, room + 8), SMALL, SOFT, anchor="start"),
        *axes(box),
    ]
    if len(finite) > 1:
        some = finite[thinned(values[finite])]
        line = np.column_stack([box.x(run.time[some]), box.y(values[some] / scale.by)])
        items.append(stroke(line, INK, 1.6))
    for place, (one, numbers) in enumerate(zip(given, points, strict=True)):
        kind, colour = MARKERS[place % len(MARKERS)], COLOURS[(place + 1) % len(COLOURS)]
        for time, value in zip(one.times, numbers / scale.by, strict=True):
            x, y = float(box.x(time)), float(box.y(float(value)))
            items.append(mark(kind, x, y, colour, "#FFFFFF", SIZE))
        beneath = box.low - BELOW - LINE * (place + 0.6)
        items.append(mark(kind, box.left + 4.0, beneath + 2.6, colour, "#FFFFFF", SIZE))
        label = shortened(plain(one.series), room + 6)
        items.append(Words(box.left + 12.0, beneath, label, SMALL, INK, anchor="start"))
    return items
