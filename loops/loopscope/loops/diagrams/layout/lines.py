"""Curves as polylines, against rectangles, points and each other.

Stage 3 of 5.  In: paths and rectangles.  Out: lengths, distances, counts, cells of a raster.
Nothing here is compiled: a known layout is dressed at once, even on the first day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.curves import bend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.loops.diagrams.layout.kernels.state import Numbers

    Flags = NDArray[np.bool_]

AT_ONCE = 4096
"""Pairs that are compared in one pass, to bound memory."""


def traced(cause: Numbers, effect: Numbers, bulge: Numbers, steps: int) -> Numbers:
    """Return points of curves at equal steps of t, ends included, dims (link, step, 2)."""
    t = np.linspace(0.0, 1.0, steps + 1)
    along, across = bend(t[None, :], bulge[:, None])
    chord = (effect - cause)[:, None, :]
    turned = np.stack([-chord[..., 1], chord[..., 0]], axis=2)
    points: Numbers = cause[:, None, :] + along[..., None] * chord + across[..., None] * turned
    return points


def leaving(curves: Numbers, centre: Numbers, half: Numbers) -> Numbers:
    """Return where curves leave the box they start in, in steps; their end where they never do.

    Parameters
    ----------
    curves
        Dims (link, step, 2).
    centre, half
        Of the box of each, dims (link, 2).
    """
    steps = curves.shape[1] - 1
    out: Flags = np.abs(curves - centre[:, None]) > half[:, None]
    outside = out[:, 1:, 0] | out[:, 1:, 1]
    first = np.argmax(outside, axis=1)
    every = np.arange(len(curves))
    before, step = curves[every, first], curves[every, first + 1] - curves[every, first]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = (np.sign(step) * half + centre - before) / step
    share = np.where(step == 0.0, np.inf, share).min(axis=1)
    found = np.where(outside.any(axis=1), first + np.clip(share, 0.0, 1.0), float(steps))
    return np.asarray(found, np.float64)


def lengths_in(paths: Numbers, low: Numbers, high: Numbers, rectangles: Numbers) -> Numbers:
    """Return the length of each path within each rectangle, dims (path, rectangle).

    Parameters
    ----------
    low, high
        Bounds of the paths, dims (path, 2).
    rectangles
        x, y, half width, half height; dims (rectangle, 4).
    """
    found = np.zeros((len(paths), len(rectangles)))
    middle, half = rectangles[:, :2], rectangles[:, 2:]
    near = (low[:, None] <= middle + half).all(axis=2) & (high[:, None] >= middle - half).all(
        axis=2
    )
    one, other = np.nonzero(near)
    for begin in range(0, len(one), AT_ONCE):
        e, r = one[begin : begin + AT_ONCE], other[begin : begin + AT_ONCE]
        points = paths[e] - middle[r][:, None]
        step = np.diff(points, axis=1)
        points, reach = points[:, :-1], half[r][:, None]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            enter, leave = (-reach - points) / step, (reach - points) / step
        enter, leave = np.minimum(enter, leave), np.maximum(enter, leave)
        still, within = step == 0.0, np.abs(points) < reach
        enter = np.where(still, np.where(within, -np.inf, np.inf), enter)
        leave = np.where(still, np.where(within, np.inf, -np.inf), leave)
        share = np.minimum(leave.min(axis=2), 1.0) - np.maximum(enter.max(axis=2), 0.0)
        size = np.hypot(step[..., 0], step[..., 1])
        found[e, r] = (np.maximum(share, 0.0) * size).sum(axis=1)
    return found


def meeting_pairs(
    paths: Numbers, low: Numbers, high: Numbers, others: Numbers | None = None
) -> Flags:
    """Return which paths meet which, dims (path, path), each pair once, below the diagonal.

    Parameters
    ----------
    others
        Other paths, dims (other, step, 2): then all pairs of a path and one of these.
    """
    if others is None:
        near = np.tri(len(paths), k=-1, dtype=np.bool_)
        others, below, above = paths, low, high
    else:
        near = np.ones((len(paths), len(others)), np.bool_)
        below, above = others.min(axis=1), others.max(axis=1)
    near &= (low[:, None] <= above).all(axis=2) & (high[:, None] >= below).all(axis=2)
    found = np.zeros(near.shape, np.bool_)
    one, other = np.nonzero(near)
    for begin in range(0, len(one), AT_ONCE // 16):
        e, f = one[begin : begin + AT_ONCE // 16], other[begin : begin + AT_ONCE // 16]
        a, c = paths[e, :-1][:, :, None], others[f, :-1][:, None, :]
        r = np.diff(paths[e], axis=1)[:, :, None]
        s = np.diff(others[f], axis=1)[:, None, :]
        across, q = _cross(r, s), c - a
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            t, u = _cross(q, s) / across, _cross(q, r) / across
        # Half-open, so that a meeting at a joint of a polyline is met once.
        met = (across != 0.0) & (t >= 0.0) & (t < 1.0) & (u >= 0.0) & (u < 1.0)
        found[e, f] = met.any(axis=(1, 2))
    return found


def distances(paths: Numbers, points: Numbers) -> Numbers:
    """Return the distance of each point from each path, dims (path, point)."""
    found = np.empty((len(paths), len(points)))
    for e, path in enumerate(paths):
        begin, step = path[:-1], np.diff(path, axis=0)
        size = np.maximum((step**2).sum(axis=1), 1e-12)
        away = points[:, None] - begin[None]
        t = np.clip((away * step).sum(axis=2) / size, 0.0, 1.0)
        found[e] = np.hypot(*np.moveaxis(away - t[..., None] * step, 2, 0)).min(axis=1)
    return found


def holds(polygon: Numbers, x: float, y: float) -> bool:
    """Return whether a polygon holds a point; it is closed from its last point to its first."""
    above = polygon[:, 1] > y
    crossed = np.flatnonzero(above != np.roll(above, 1))
    begin, end = polygon[crossed], polygon[crossed - 1]
    at = begin[:, 0] + (y - begin[:, 1]) / (end[:, 1] - begin[:, 1]) * (end[:, 0] - begin[:, 0])
    return bool((at > x).sum() % 2)


def filled(
    polygon: Numbers, rows: int, columns: int, left: float, bottom: float, cell: float
) -> Flags:
    """Return which cells of a raster have their centre in a polygon, dims (row, column)."""
    y = bottom + (np.arange(rows) + 0.5) * cell
    above = polygon[None, :, 1] > y[:, None]
    row, k = np.nonzero(above != np.roll(above, 1, axis=1))
    begin, end = polygon[k], polygon[k - 1]
    share = (y[row] - begin[:, 1]) / (end[:, 1] - begin[:, 1])
    at = begin[:, 0] + share * (end[:, 0] - begin[:, 0])
    column = np.clip(np.ceil((at - left) / cell - 0.5), 0, columns).astype(np.int64)
    turns = np.zeros((rows, columns + 1), np.int64)
    np.add.at(turns, (row, column), 1)
    inside: Flags = turns.cumsum(axis=1)[:, :columns] % 2 == 1
    return inside


def area_of(polygon: Numbers) -> float:
    """Return the signed area of a polygon: positive where it runs anticlockwise."""
    following = np.roll(polygon, -1, axis=0)
    return 0.5 * float(_cross(polygon, following).sum())


def _cross(one: Numbers, other: Numbers) -> Numbers:
    product: Numbers = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return product
