"""What a lookup can do over a range: its values, its slopes, whether it rises or falls.

Stage 2 of 4.  In: a ``Lookup`` and the range of its argument.  Out: ranges, and a trend.

A digitised curve may run against its own trend by a hair.  A *trend* looks past reversals smaller
than ``NOISE`` of the curve's height; whoever uses it says so.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING

from loopscope.loops.signs.intervals import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.models.model import Lookup

NOISE = 0.005
"""Largest reversal, as a part of the curve's height, that counts as noise of digitising."""


def values_over(table: Lookup, at: Range) -> Range:
    """Return the range of the values of a lookup over a range of its argument."""
    points = table.x
    found = [_value(table, at.low), _value(table, at.high)]
    found += [y for x, y in zip(points, table.y, strict=True) if at.low <= x <= at.high]
    whole = at.low <= points[0] and at.high >= points[-1]
    reasons = 0 if whole and table.interpolation != "extrapolate" else at.below | at.above
    low, high = min(found), max(found)
    return Range(low, high, 0 if low == -math.inf else reasons, 0 if high == math.inf else reasons)


def slopes_over(table: Lookup, at: Range) -> Range:
    """Return the range of the slopes of a lookup over a range of its argument."""
    points, values = table.x, table.y
    if len(points) == 1 or table.interpolation == "hold_backward":
        return Range(0.0, 0.0)
    first, last = _row(points, at.low), _row(points, at.high)
    found = [_slope(points, values, row) for row in range(first, last + 1)]
    if table.interpolation == "interpolate" and (at.low < points[0] or at.high >= points[-1]):
        found.append(0.0)
    whole = first == 0 and last == len(points) - 2
    reasons = 0 if whole else at.below | at.above
    return Range(min(found), max(found), reasons, reasons)


def trend(table: Lookup, noise: float = NOISE) -> tuple[str, float]:
    """Return the trend of a lookup and its largest reversal as a part of its height.

    Returns
    -------
    tuple
        "+" rising, "-" falling, "0" flat, "?" neither within ``noise``; and the reversal, in
        [0, 1], 0 where the curve keeps strictly to its trend.
    """
    height = max(table.y) - min(table.y)
    if height == 0.0:
        return "0", 0.0
    fall, rise = _drop(table.y) / height, _drop([-y for y in table.y]) / height
    if fall <= noise:
        return "+", fall
    if rise <= noise:
        return "-", rise
    return "?", min(fall, rise)


def _drop(values: Sequence[float]) -> float:
    """Return the largest fall from any value to a later one."""
    most, drop = -math.inf, 0.0
    for value in values:
        most = max(most, value)
        drop = max(drop, most - value)
    return drop


def _row(points: Sequence[float], x: float) -> int:
    return min(max(bisect_right(points, x) - 1, 0), len(points) - 2)


def _slope(points: Sequence[float], values: Sequence[float], row: int) -> float:
    width = points[row + 1] - points[row]
    return (values[row + 1] - values[row]) / width if width > 0 else 0.0


def _value(table: Lookup, x: float) -> float:
    """Return the value at x, or the limit where x is infinite."""
    points, values = table.x, table.y
    if len(points) == 1:
        return values[0]
    if table.interpolation == "hold_backward":
        return values[max(bisect_right(points, x) - 1, 0)]
    if table.interpolation == "interpolate" and not points[0] <= x < points[-1]:
        return values[0] if x < points[0] else values[-1]
    row = _row(points, x)
    slope = _slope(points, values, row)
    if points[row + 1] == points[row]:
        return values[row + 1]
    if math.isinf(x):
        return math.copysign(math.inf, x * slope) if slope else values[row]
    return values[row] + (x - points[row]) * slope
