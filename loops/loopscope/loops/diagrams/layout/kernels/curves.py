"""One curve, used everywhere: in the search, the polish, the drawing and the metrics.

Beside every stage.  In: two centres and a bulge.  Out: points of the arc between them, its
tangents, and the part of it that is drawn.

With d the chord, Jd the chord turned by +90 degrees and h the bulge, the curve is
``P(t) = u + (t - 4 h^2 t (1-t) (1-2t)) d + 4 h t (1-t) Jd``: a cubic, a circular arc to the eye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.compiling import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

GAP_AT_CAUSE = 2.0
GAP_AT_EFFECT = 3.0
"""Between the end of a drawn link and the box, in points."""


@compiled
def bend(t: float, h: float) -> tuple[float, float]:
    """Return how far along the chord, and across it, a curve is at ``t``, in chord lengths."""
    return t - 4.0 * h * h * t * (1.0 - t) * (1.0 - 2.0 * t), 4.0 * h * t * (1.0 - t)


@compiled
def trace_curve(ux: float, uy: float, vx: float, vy: float, h: float, points: Numbers) -> None:
    """Write points of a curve at equal steps of t, ends included."""
    steps = len(points) - 1
    dx, dy = vx - ux, vy - uy
    for k in range(steps + 1):
        a, b = bend(k / steps, h)
        points[k, 0] = ux + a * dx - b * dy
        points[k, 1] = uy + a * dy + b * dx


@compiled
def directions(dx: float, dy: float, h: float) -> tuple[float, float]:
    """Return the angles in which a curve leaves its cause, and comes to its effect seen from it."""
    a, b = 1.0 - 4.0 * h * h, 4.0 * h
    start = np.arctan2(a * dy + b * dx, a * dx - b * dy)
    end = np.arctan2(-a * dy + b * dx, -a * dx - b * dy)
    return start, end


@compiled
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


@compiled
def drawn_part(
    points: Numbers, cause: Numbers, cause_half: Numbers, effect: Numbers, effect_half: Numbers
) -> tuple[float, float]:
    """Return where the drawn part begins and ends, in steps; the end is before where none is."""
    steps = len(points) - 1
    wide, high = cause_half[0] + GAP_AT_CAUSE, cause_half[1] + GAP_AT_CAUSE
    begin = float(steps)
    for k in range(steps):
        x, y = points[k + 1, 0], points[k + 1, 1]
        if abs(x - cause[0]) > wide or abs(y - cause[1]) > high:
            begin = k + leaving(
                points[k, 0], points[k, 1], x, y, cause[0], cause[1], wide, high
            )  # fmt: skip
            break
    wide, high = effect_half[0] + GAP_AT_EFFECT, effect_half[1] + GAP_AT_EFFECT
    end = 0.0
    for k in range(steps, 0, -1):
        x, y = points[k - 1, 0], points[k - 1, 1]
        if abs(x - effect[0]) > wide or abs(y - effect[1]) > high:
            end = k - leaving(points[k, 0], points[k, 1], x, y, effect[0], effect[1], wide, high)
            break
    return begin, end


@compiled
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


@compiled
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


@compiled
def apart(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Return the squared distance of a point from a segment."""
    dx, dy = bx - ax, by - ay
    size = dx * dx + dy * dy
    t = 0.0
    if size > 0.0:
        t = min(1.0, max(0.0, ((px - ax) * dx + (py - ay) * dy) / size))
    x, y = px - ax - t * dx, py - ay - t * dy
    return x * x + y * y


@compiled
def holds(points: Numbers, x: float, y: float) -> bool:
    """Return whether a polygon holds a point; it is closed from its last point to its first."""
    inside = False
    last = len(points) - 1
    for k in range(len(points)):
        one, other = points[k, 1], points[last, 1]
        if (one > y) != (other > y):
            at = points[k, 0] + (y - one) / (other - one) * (points[last, 0] - points[k, 0])
            if x < at:
                inside = not inside
        last = k
    return inside
