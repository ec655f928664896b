"""What a layout costs, term by term, on the curves that are drawn.

Stage 2 of 5.  In: ``Shape``, ``State`` and ``Weights``.  Out: costs of everything, and of what one
node, link or badge takes part in: a change of these is the change of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.compiling import compiled
from loopscope.loops.diagrams.layout.kernels.curves import apart, meeting

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.kernels.state import Shape, State, Weights

NEAR = 11.0
"""Links closer than this run side by side, in points."""

MARGIN = 6.0
"""A link keeps this far from a foreign box, in points."""

UNIT = 104.0
"""Desired length of a link, centre to centre less half its boxes, in points."""


@compiled
def at_shared_box(x: float, y: float, v: int, shape: Shape, state: State, margin: float) -> bool:
    """Return whether a point is in the box of a node, or within a margin of it."""
    return bool(
        abs(x - state.place[v, 0]) < shape.half[v, 0] + margin
        and abs(y - state.place[v, 1]) < shape.half[v, 1] + margin
    )


@compiled
def shared_node(e: int, f: int, shape: Shape) -> tuple[int, int]:
    """Return the nodes at which two links both start or end; -1 for none."""
    one, other = -1, -1
    if shape.tail[e] == shape.tail[f] or shape.tail[e] == shape.head[f]:
        one = shape.tail[e]
    if shape.head[e] == shape.tail[f] or shape.head[e] == shape.head[f]:
        other = shape.head[e]
    return one, other


@compiled
def pair_cost(e: int, f: int, shape: Shape, state: State, weights: Weights) -> float:
    """Return what two links cost for crossing, and for running side by side."""
    if e > f:
        e, f = f, e
    for axis in range(2):
        if state.low[e, axis] > state.high[f, axis] + NEAR:
            return 0.0
        if state.low[f, axis] > state.high[e, axis] + NEAR:
            return 0.0
    one, other = shared_node(e, f, shape)
    p, q = state.points[e], state.points[f]
    low_x, low_y = state.low[f, 0] - NEAR, state.low[f, 1] - NEAR
    high_x, high_y = state.high[f, 0] + NEAR, state.high[f, 1] + NEAR
    crossings, beside = 0, 0.0
    for i in range(len(p) - 1):
        ax, ay, bx, by = p[i, 0], p[i, 1], p[i + 1, 0], p[i + 1, 1]
        if min(ax, bx) > high_x or max(ax, bx) < low_x:
            continue
        if min(ay, by) > high_y or max(ay, by) < low_y:
            continue
        nearest = NEAR * NEAR
        for j in range(len(q) - 1):
            cx, cy, dx, dy = q[j, 0], q[j, 1], q[j + 1, 0], q[j + 1, 1]
            if min(cx, dx) > max(ax, bx) + NEAR or max(cx, dx) < min(ax, bx) - NEAR:
                continue
            if min(cy, dy) > max(ay, by) + NEAR or max(cy, dy) < min(ay, by) - NEAR:
                continue
            t = meeting(ax, ay, bx, by, cx, cy, dx, dy)
            if t >= 0.0:
                x, y = ax + t * (bx - ax), ay + t * (by - ay)
                at_one = one >= 0 and at_shared_box(x, y, one, shape, state, 3.0)
                at_other = other >= 0 and at_shared_box(x, y, other, shape, state, 3.0)
                if not at_one and not at_other:
                    crossings += 1
            if i > 0:
                nearest = min(nearest, apart(ax, ay, cx, cy, dx, dy))
        if nearest < NEAR * NEAR:
            at_one = one >= 0 and at_shared_box(ax, ay, one, shape, state, 22.0)
            at_other = other >= 0 and at_shared_box(ax, ay, other, shape, state, 22.0)
            if not at_one and not at_other:
                beside += (1.0 - np.sqrt(nearest) / NEAR) ** 2
    return weights.crossing * crossings + weights.beside * beside


@compiled
def over_cost(e: int, w: int, shape: Shape, state: State, margin: float) -> float:
    """Return how deep a link runs into a box that is not its end: squared, by sample."""
    if w == shape.tail[e] or w == shape.head[e]:
        return 0.0
    x, y = state.place[w, 0], state.place[w, 1]
    wide, high = shape.half[w, 0] + margin, shape.half[w, 1] + margin
    if state.low[e, 0] > x + wide or state.high[e, 0] < x - wide:
        return 0.0
    if state.low[e, 1] > y + high or state.high[e, 1] < y - high:
        return 0.0
    points = state.points[e]
    total = 0.0
    for k in range(len(points) - 1):
        ax, ay = points[k, 0] - x, points[k, 1] - y
        bx, by = points[k + 1, 0] - x, points[k + 1, 1] - y
        if min(ax, bx) > wide or max(ax, bx) < -wide or min(ay, by) > high or max(ay, by) < -high:
            continue
        for part in range(4):
            t = 0.25 * part
            deep = min(wide - abs(ax + t * (bx - ax)), high - abs(ay + t * (by - ay)))
            if deep > 0.0:
                total += min(deep / 6.0, 1.5) ** 2
    return total


@compiled
def box_cost(v: int, w: int, shape: Shape, state: State) -> float:
    """Return how much two boxes, with the gaps between them, overlap."""
    x = shape.half[v, 0] + shape.half[w, 0] + 14.0 - abs(state.place[v, 0] - state.place[w, 0])
    y = shape.half[v, 1] + shape.half[w, 1] + 12.0 - abs(state.place[v, 1] - state.place[w, 1])
    return x * y / 400.0 if x > 0.0 and y > 0.0 else 0.0


@compiled
def angle_cost(v: int, shape: Shape, state: State) -> float:
    """Return what small angles between links at a node cost."""
    first, last = shape.first_at[v], shape.first_at[v + 1]
    degree = last - first
    if degree < 2:
        return 0.0
    found = np.empty(degree)
    for k in range(degree):
        e = shape.links_at[first + k]
        value = state.angle[e, 0] if shape.tail[e] == v else state.angle[e, 1]
        at = k
        while at > 0 and found[at - 1] > value:
            found[at] = found[at - 1]
            at -= 1
        found[at] = value
    enough = min(np.radians(40.0), 0.7 * 2.0 * np.pi / degree)
    total = 0.0
    for k in range(degree):
        gap = found[k] - found[k - 1]
        if k == 0:
            gap += 2.0 * np.pi
        if gap < enough:
            total += ((enough - gap) / enough) ** 2
    return total


@compiled
def visible_cost(e: int, shape: Shape, state: State) -> float:
    """Return what a link costs of which too little is seen."""
    short: float = (shape.need[e] - state.visible[e]) / shape.need[e]
    return min(short, 1.5) ** 2 if short > 0.0 else 0.0


@compiled
def roundness(loop: int, shape: Shape, state: State) -> float:
    """Return 4 pi area / perimeter^2 of a loop: 1 for a circle."""
    area, length = 0.0, 0.0
    for k in range(shape.first_in[loop], shape.first_in[loop + 1]):
        area += state.area[shape.links_in[k]]
        length += state.length[shape.links_in[k]]
    return 4.0 * np.pi * abs(area) / (length * length) if length > 0.0 else 0.0


@compiled
def loop_holds(loop: int, x: float, y: float, shape: Shape, state: State) -> bool:
    """Return whether a loop goes round a point."""
    inside = False
    for k in range(shape.first_in[loop], shape.first_in[loop + 1]):
        e = shape.links_in[k]
        if state.low[e, 1] > y or state.high[e, 1] < y or state.high[e, 0] < x:
            continue
        points = state.points[e]
        for j in range(len(points) - 1):
            one, other = points[j, 1], points[j + 1, 1]
            if (one > y) != (other > y):
                at = points[j, 0] + (y - one) / (other - one) * (points[j + 1, 0] - points[j, 0])
                if x < at:
                    inside = not inside
    return inside


@compiled
def outside_cost(loop: int, shape: Shape, state: State) -> float:
    """Return 1 where the badge of a loop is outside, or a corner of it; more further away."""
    w = len(shape.first_at) - 1 + loop
    x, y = state.place[w, 0], state.place[w, 1]
    if loop_holds(loop, x, y, shape, state):
        return 0.0
    total_x, total_y, count = 0.0, 0.0, 0
    for k in range(shape.first_in[loop], shape.first_in[loop + 1]):
        v = shape.tail[shape.links_in[k]]
        total_x += state.place[v, 0]
        total_y += state.place[v, 1]
        count += 1
    away = np.hypot(x - total_x / count, y - total_y / count)
    return float(1.0 + 0.5 * min(away / UNIT, 2.0))
