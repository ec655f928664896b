"""Compiled geometry of polylines, and how what is read off one link is kept up to date.

Stage 2 of 5.  In: places and bulges.  Out: polylines and what is read off them, one row a link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels import curves
from loopscope.loops.diagrams.layout.kernels.compiling import inner
from loopscope.loops.diagrams.layout.kernels.state import (
    AREA,
    AT_CAUSE,
    AT_EFFECT,
    HIGH_X,
    HIGH_Y,
    LENGTH,
    LOW_X,
    LOW_Y,
    VISIBLE,
)

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.kernels.state import Integers, Numbers

GAP_AT_CAUSE, GAP_AT_EFFECT = curves.GAP_AT_CAUSE, curves.GAP_AT_EFFECT

bend = inner(curves.bend)
directions = inner(curves.directions)


@inner
def trace_curve(ux: float, uy: float, vx: float, vy: float, h: float, points: Numbers) -> None:
    """Write points of a curve at equal steps of t, ends included."""
    steps = len(points) - 1
    dx, dy = vx - ux, vy - uy
    for k in range(steps + 1):
        a, b = bend(k / steps, h)
        points[k, 0] = ux + a * dx - b * dy
        points[k, 1] = uy + a * dy + b * dx


@inner
def leaving(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, wide: float, high: float
) -> float:
    """Return where on the way from a, inside a box, to b, outside, the box is left; from 0 to 1."""
    found = 1.0
    dx, dy = bx - ax, by - ay
    if dx > 0.0:
        found = min(found, (cx + wide - ax) / dx)
    elif dx < 0.0:
        found = min(found, (cx - wide - ax) / dx)
    if dy > 0.0:
        found = min(found, (cy + high - ay) / dy)
    elif dy < 0.0:
        found = min(found, (cy - high - ay) / dy)
    return max(found, 0.0)


@inner
def drawn_part(
    points: Numbers, u: int, v: int, place: Numbers, half: Numbers
) -> tuple[float, float]:
    """Return where the drawn part begins and ends, in steps; the end is before where none is."""
    steps = len(points) - 1
    ux, uy, vx, vy = place[u, 0], place[u, 1], place[v, 0], place[v, 1]
    wide, high = half[u, 0] + GAP_AT_CAUSE, half[u, 1] + GAP_AT_CAUSE
    begin = float(steps)
    for k in range(steps):
        x, y = points[k + 1, 0], points[k + 1, 1]
        if abs(x - ux) > wide or abs(y - uy) > high:
            begin = k + leaving(points[k, 0], points[k, 1], x, y, ux, uy, wide, high)
            break
    wide, high = half[v, 0] + GAP_AT_EFFECT, half[v, 1] + GAP_AT_EFFECT
    end = 0.0
    for k in range(steps, 0, -1):
        x, y = points[k - 1, 0], points[k - 1, 1]
        if abs(x - vx) > wide or abs(y - vy) > high:
            end = k - leaving(points[k, 0], points[k, 1], x, y, vx, vy, wide, high)
            break
    return begin, end


@inner
def length_between(points: Numbers, begin: float, end: float) -> float:
    """Return the length of a polyline between two places on it, given in steps."""
    total = 0.0
    for k in range(len(points) - 1):
        part = min(end, k + 1.0) - max(begin, float(k))
        if part > 0.0:
            dx = points[k + 1, 0] - points[k, 0]
            dy = points[k + 1, 1] - points[k, 1]
            total += part * np.sqrt(dx * dx + dy * dy)
    return total


@inner
def meeting(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> float:
    """Return where on ab it meets cd, from 0 to 1; -1 where they do not meet, or are parallel."""
    rx, ry, sx, sy = bx - ax, by - ay, dx - cx, dy - cy
    across = rx * sy - ry * sx
    if across == 0.0:
        return -1.0
    qx, qy = cx - ax, cy - ay
    t = (qx * sy - qy * sx) / across
    s = (qx * ry - qy * rx) / across
    # Half-open, so that a meeting at a joint of a polyline is counted once.
    return t if 0.0 <= t < 1.0 and 0.0 <= s < 1.0 else -1.0


@inner
def apart(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Return the squared distance of a point from a segment."""
    dx, dy = bx - ax, by - ay
    size = dx * dx + dy * dy
    t = 0.0
    if size > 0.0:
        t = min(1.0, max(0.0, ((px - ax) * dx + (py - ay) * dy) / size))
    x, y = px - ax - t * dx, py - ay - t * dy
    return x * x + y * y


@inner
def retrace(
    e: int, tail: Integers, head: Integers, half: Numbers, place: Numbers, bulge: Numbers,
    points: Numbers, read: Numbers,
) -> None:  # fmt: skip
    """Bring everything that is read off one link up to date."""
    u, v, h = tail[e], head[e], bulge[e]
    path = points[e]
    trace_curve(place[u, 0], place[u, 1], place[v, 0], place[v, 1], h, path)
    area, length = 0.0, 0.0
    low_x, low_y, high_x, high_y = path[0, 0], path[0, 1], path[0, 0], path[0, 1]
    for k in range(1, len(path)):
        x, y, was_x, was_y = path[k, 0], path[k, 1], path[k - 1, 0], path[k - 1, 1]
        area += was_x * y - x * was_y
        length += np.sqrt((x - was_x) ** 2 + (y - was_y) ** 2)
        low_x, low_y = min(low_x, x), min(low_y, y)
        high_x, high_y = max(high_x, x), max(high_y, y)
    read[e, LOW_X], read[e, LOW_Y] = low_x, low_y
    read[e, HIGH_X], read[e, HIGH_Y] = high_x, high_y
    read[e, AREA], read[e, LENGTH] = 0.5 * area, length
    begin, end = drawn_part(path, u, v, place, half)
    read[e, VISIBLE] = length_between(path, begin, end)
    start, stop = directions(place[v, 0] - place[u, 0], place[v, 1] - place[u, 1], h)
    read[e, AT_CAUSE], read[e, AT_EFFECT] = start, stop
