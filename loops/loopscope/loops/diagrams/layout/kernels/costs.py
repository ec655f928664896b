"""What a layout costs, term by term, on the curves that are drawn.

Stage 2 of 5.  In: arrays of a ``Shape`` and a ``State``.  Out: costs of single faults.

Each function takes the arrays that it reads, and no more: what is handed over takes time to
compile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
)
from loopscope.loops.diagrams.layout.kernels.tracing import apart, meeting

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.kernels.state import Integers, Numbers

NEAR = 11.0
"""Links closer than this run side by side, in points."""

MARGIN = 6.0
MARGIN_OF_BADGE = 2.0
"""A link keeps this far from a foreign box, and from a badge, in points."""

SHARP = np.radians(19.0)
STEEP = 1.5
"""Links at a node that are closer than this are hard to tell apart: what that costs on top."""

UNIT = 104.0
"""Desired length of a link, centre to centre less half its boxes, in points."""


@inner
def in_box(x: float, y: float, v: int, half: Numbers, place: Numbers, margin: float) -> bool:
    """Return whether a point is in the box of a node, or within a margin of it; never for -1."""
    return bool(
        v >= 0
        and abs(x - place[v, 0]) < half[v, 0] + margin
        and abs(y - place[v, 1]) < half[v, 1] + margin
    )


@inner
def pair_cost(
    e: int, f: int, tail: Integers, head: Integers, half: Numbers, place: Numbers,
    points: Numbers, read: Numbers, crossing: float, close: float,
) -> float:  # fmt: skip
    """Return what two links cost for each crossing, and for running close to each other."""
    if e > f:
        e, f = f, e
    if read[e, LOW_X] > read[f, HIGH_X] + NEAR or read[f, LOW_X] > read[e, HIGH_X] + NEAR:
        return 0.0
    if read[e, LOW_Y] > read[f, HIGH_Y] + NEAR or read[f, LOW_Y] > read[e, HIGH_Y] + NEAR:
        return 0.0
    # Nodes at which both start or end: near these they may meet.
    one = tail[e] if tail[e] == tail[f] or tail[e] == head[f] else -1
    other = head[e] if head[e] == tail[f] or head[e] == head[f] else -1
    p, q = points[e], points[f]
    low_x, low_y = read[f, LOW_X] - NEAR, read[f, LOW_Y] - NEAR
    high_x, high_y = read[f, HIGH_X] + NEAR, read[f, HIGH_Y] + NEAR
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
                if not in_box(x, y, one, half, place, 3.0) and not in_box(
                    x, y, other, half, place, 3.0
                ):
                    crossings += 1
            if i > 0:
                nearest = min(nearest, apart(ax, ay, cx, cy, dx, dy))
        if (
            nearest < NEAR * NEAR
            and not in_box(ax, ay, one, half, place, 22.0)
            and not in_box(ax, ay, other, half, place, 22.0)
        ):
            beside += (1.0 - np.sqrt(nearest) / NEAR) ** 2
    return crossing * crossings + close * beside


@inner
def over_cost(
    e: int, w: int, tail: Integers, head: Integers, half: Numbers, place: Numbers,
    points: Numbers, read: Numbers, margin: float,
) -> float:  # fmt: skip
    """Return how deep a link runs into a box that is not its end: squared, by sample."""
    if w == tail[e] or w == head[e]:
        return 0.0
    x, y = place[w, 0], place[w, 1]
    wide, high = half[w, 0] + margin, half[w, 1] + margin
    if read[e, LOW_X] > x + wide or read[e, HIGH_X] < x - wide:
        return 0.0
    if read[e, LOW_Y] > y + high or read[e, HIGH_Y] < y - high:
        return 0.0
    path = points[e]
    total = 0.0
    for k in range(len(path) - 1):
        ax, ay = path[k, 0] - x, path[k, 1] - y
        bx, by = path[k + 1, 0] - x, path[k + 1, 1] - y
        if min(ax, bx) > wide or max(ax, bx) < -wide or min(ay, by) > high or max(ay, by) < -high:
            continue
        for part in range(4):
            t = 0.25 * part
            deep = min(wide - abs(ax + t * (bx - ax)), high - abs(ay + t * (by - ay)))
            if deep > 0.0:
                total += min(deep / 6.0, 1.5) ** 2
    return total


@inner
def box_cost(v: int, w: int, half: Numbers, place: Numbers) -> float:
    """Return how much two boxes, with the gaps between them, overlap."""
    x = half[v, 0] + half[w, 0] + 14.0 - abs(place[v, 0] - place[w, 0])
    y = half[v, 1] + half[w, 1] + 12.0 - abs(place[v, 1] - place[w, 1])
    return x * y / 400.0 if x > 0.0 and y > 0.0 else 0.0


@inner
def angle_cost(
    v: int, tail: Integers, first_at: Integers, links_at: Integers, read: Numbers
) -> float:
    """Return what small angles between links at a node cost."""
    first, last = first_at[v], first_at[v + 1]
    degree = last - first
    if degree < 2:
        return 0.0
    enough = min(np.radians(40.0), 0.7 * 2.0 * np.pi / degree)
    total = 0.0
    for k in range(first, last):
        e = links_at[k]
        mine = read[e, AT_CAUSE] if tail[e] == v else read[e, AT_EFFECT]
        gap = 2.0 * np.pi  # to the next link anticlockwise; of links alike, to the next in order
        for j in range(first, last):
            if j != k:
                f = links_at[j]
                away = (read[f, AT_CAUSE] if tail[f] == v else read[f, AT_EFFECT]) - mine
                if away < 0.0 or (away == 0.0 and j < k):
                    away += 2.0 * np.pi
                gap = min(gap, away)
        if gap < enough:
            total += ((enough - gap) / enough) ** 2
        if gap < SHARP:
            total += STEEP * (SHARP - gap) / SHARP
    return total


@inner
def visible_cost(visible: float, need: float) -> float:
    """Return what a link costs of which too little is seen."""
    short = (need - visible) / need
    return min(short, 1.5) ** 2 if short > 0.0 else 0.0


@inner
def roundness(loop: int, first_in: Integers, links_in: Integers, read: Numbers) -> float:
    """Return 4 pi area / perimeter^2 of a loop: 1 for a circle."""
    area, length = 0.0, 0.0
    for k in range(first_in[loop], first_in[loop + 1]):
        area += read[links_in[k], AREA]
        length += read[links_in[k], LENGTH]
    return 4.0 * np.pi * abs(area) / (length * length) if length > 0.0 else 0.0


@inner
def outside_cost(
    loop: int, w: int, first_in: Integers, links_in: Integers, place: Numbers, points: Numbers,
    read: Numbers,
) -> float:  # fmt: skip
    """Return 0 where a badge is inside its loop; 1 or, further away, more where it is not."""
    x, y = place[w, 0], place[w, 1]
    inside = False
    total_x, total_y, count = 0.0, 0.0, 0
    for k in range(first_in[loop], first_in[loop + 1]):
        e = links_in[k]
        path = points[e]
        total_x += path[0, 0]
        total_y += path[0, 1]
        count += 1
        if read[e, LOW_Y] > y or read[e, HIGH_Y] < y or read[e, HIGH_X] < x:
            continue
        for j in range(len(path) - 1):
            one, other = path[j, 1], path[j + 1, 1]
            if (one > y) != (other > y):
                at = path[j, 0] + (y - one) / (other - one) * (path[j + 1, 0] - path[j, 0])
                if x < at:
                    inside = not inside
    if inside:
        return 0.0
    away = np.hypot(x - total_x / count, y - total_y / count)
    return float(1.0 + 0.5 * min(away / UNIT, 2.0))
