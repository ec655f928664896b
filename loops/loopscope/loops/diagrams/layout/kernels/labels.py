"""Tests of labels against links, and the scan for a place of a badge.

Stage 3 of 5.  In: drawn curves and rectangles.  Out: lengths, counts, the best free cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.compiling import compiled
from loopscope.loops.diagrams.layout.kernels.curves import apart, holds, meeting

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.kernels.state import Integers, Numbers


@compiled
def inside_length(
    ax: float, ay: float, bx: float, by: float, x: float, y: float, wide: float, high: float
) -> float:
    """Return the length of a segment that is within a rectangle, given by its centre and halves."""
    first, last = 0.0, 1.0
    for axis in range(2):
        begin = ax - x if axis == 0 else ay - y
        step = bx - ax if axis == 0 else by - ay
        half = wide if axis == 0 else high
        if step == 0.0:
            if abs(begin) >= half:
                return 0.0
        else:
            one, other = (-half - begin) / step, (half - begin) / step
            first, last = max(first, min(one, other)), min(last, max(one, other))
    if last <= first:
        return 0.0
    return float((last - first) * np.sqrt((bx - ax) ** 2 + (by - ay) ** 2))


@compiled
def length_in(path: Numbers, x: float, y: float, wide: float, high: float) -> float:
    """Return the length of a path that is within a rectangle."""
    total = 0.0
    for k in range(len(path) - 1):
        ax, ay, bx, by = path[k, 0], path[k, 1], path[k + 1, 0], path[k + 1, 1]
        if min(ax, bx) > x + wide or max(ax, bx) < x - wide:
            continue
        if min(ay, by) > y + high or max(ay, by) < y - high:
            continue
        total += inside_length(ax, ay, bx, by, x, y, wide, high)
    return total


@compiled
def lengths_in(paths: Numbers, low: Numbers, high: Numbers, rectangles: Numbers) -> Numbers:
    """Return the length of each path within each rectangle (x, y, half width, half height)."""
    found = np.zeros((len(paths), len(rectangles)))
    for e in range(len(paths)):
        for r in range(len(rectangles)):
            x, y, wide, tall = rectangles[r]
            if low[e, 0] > x + wide or high[e, 0] < x - wide:
                continue
            if low[e, 1] > y + tall or high[e, 1] < y - tall:
                continue
            found[e, r] = length_in(paths[e], x, y, wide, tall)
    return found


@compiled
def crossing_pairs(paths: Numbers, low: Numbers, high: Numbers) -> int:
    """Return the number of pairs of paths that meet."""
    total = 0
    for e in range(len(paths)):
        for f in range(e):
            if low[e, 0] > high[f, 0] or low[f, 0] > high[e, 0]:
                continue
            if low[e, 1] > high[f, 1] or low[f, 1] > high[e, 1]:
                continue
            if meet(paths[e], paths[f]):
                total += 1
    return total


@compiled
def meet(p: Numbers, q: Numbers) -> bool:
    """Return whether two paths meet."""
    for i in range(len(p) - 1):
        ax, ay, bx, by = p[i, 0], p[i, 1], p[i + 1, 0], p[i + 1, 1]
        for j in range(len(q) - 1):
            cx, cy, dx, dy = q[j, 0], q[j, 1], q[j + 1, 0], q[j + 1, 1]
            if min(cx, dx) > max(ax, bx) or max(cx, dx) < min(ax, bx):
                continue
            if min(cy, dy) > max(ay, by) or max(cy, dy) < min(ay, by):
                continue
            if meeting(ax, ay, bx, by, cx, cy, dx, dy) >= 0.0:
                return True
    return False


@compiled
def near_path(path: Numbers, x: float, y: float) -> float:
    """Return the distance of a point from a path."""
    nearest = np.inf
    for k in range(len(path) - 1):
        nearest = min(
            nearest, apart(x, y, path[k, 0], path[k, 1], path[k + 1, 0], path[k + 1, 1])
        )  # fmt: skip
    return float(np.sqrt(nearest))


@compiled
def fill(polygon: Numbers, counts: Integers, left: float, bottom: float, cell: float) -> None:
    """Add 1 to each cell of a raster whose centre a polygon holds."""
    size = len(polygon)
    at = np.empty(size)
    for row in range(counts.shape[0]):
        y = bottom + (row + 0.5) * cell
        met = 0
        for k in range(size):
            j = k - 1 if k else size - 1
            one, other = polygon[k, 1], polygon[j, 1]
            if (one > y) != (other > y):
                share = (y - one) / (other - one)
                at[met] = polygon[k, 0] + share * (polygon[j, 0] - polygon[k, 0])
                met += 1
        at[:met].sort()
        for k in range(0, met - 1, 2):
            first = max(0, int(np.ceil((at[k] - left) / cell - 0.5)))
            last = min(counts.shape[1] - 1, int(np.floor((at[k + 1] - left) / cell - 0.5)))
            for column in range(first, last + 1):
                counts[row, column] += 1


@compiled
def taken(sums: Integers, row: int, column: int, up: int, down: int, wide: int) -> int:
    """Return how many cells of a rectangle about a cell are taken; -1 where it leaves the raster.

    ``sums`` is the summed-area table, with a row and a column of zeros before it.
    """
    top, bottom = row + up + 1, row - down
    left, right = column - wide, column + wide + 1
    if bottom < 0 or left < 0 or top >= sums.shape[0] or right >= sums.shape[1]:
        return -1
    return int(sums[top, right] - sums[bottom, right] - sums[top, left] + sums[bottom, left])


@compiled
def best_inside(
    polygon: Numbers, sums: Integers, clear: Numbers, counts: Integers, left: float, bottom: float,
    cell: float, up: int, down: int, wide: int, least: float, charge: float,
) -> tuple[float, int, int]:  # fmt: skip
    """Return score, row and column of the best free place inside a loop; -inf where none is.

    Parameters
    ----------
    clear
        Distance of each cell to what is taken, in points.
    counts
        Loops that hold each cell.
    least
        Distance from the edge of the polygon.
    charge
        For each other loop that holds the place.
    """
    centre_x, centre_y = polygon[:, 0].mean(), polygon[:, 1].mean()
    first_row = max(0, int((polygon[:, 1].min() - bottom) / cell))
    last_row = min(clear.shape[0], int((polygon[:, 1].max() - bottom) / cell) + 1)
    first_column = max(0, int((polygon[:, 0].min() - left) / cell))
    last_column = min(clear.shape[1], int((polygon[:, 0].max() - left) / cell) + 1)
    best, best_row, best_column = -np.inf, -1, -1
    size = len(polygon)
    for row in range(first_row, last_row):
        y = bottom + (row + 0.5) * cell
        for column in range(first_column, last_column):
            if taken(sums, row, column, up, down, wide) != 0:
                continue
            x = left + (column + 0.5) * cell
            rest = 0.0 - charge * max(counts[row, column] - 1, 0)
            rest -= 0.12 * np.hypot(x - centre_x, y - centre_y)
            rest += min(clear[row, column], 40.0)
            if rest + 60.0 <= best or not holds(polygon, x, y):
                continue
            nearest = np.inf
            for k in range(size):
                j = k - 1 if k else size - 1
                nearest = min(
                    nearest,
                    apart(x, y, polygon[k, 0], polygon[k, 1], polygon[j, 0], polygon[j, 1]),
                )
            edge = np.sqrt(nearest)
            if edge >= least and rest + min(edge, 60.0) > best:
                best, best_row, best_column = rest + min(edge, 60.0), row, column
    return best, best_row, best_column
