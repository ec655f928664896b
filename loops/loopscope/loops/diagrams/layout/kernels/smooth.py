"""The smooth cost of the polish, with its gradient in closed form.

Stage 2 of 5.  In: places and bulges.  Out: one number, and its derivatives by all of them.

Each term is differentiated by points or tangents of curves first; the chain rule through
``P(t)`` then ends at the two centres and the bulge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.compiling import compiled
from loopscope.loops.diagrams.layout.kernels.curves import bend

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.kernels.state import Numbers, Shape

SAMPLES = 14
"""Intervals of a link."""

STRESS = 0.6
BOXES = 6.0
OVER = 5.0
BESIDE = 1.0
ANGLES = 10.0
ROUNDNESS = 60.0
BULGE = 6.0
CENTRING = 0.012

NEAR = 13.0
UNIT = 104.0


@compiled
def back(
    e: int, t: float, gx: float, gy: float, shape: Shape, place: Numbers, bulge: Numbers,
    by_place: Numbers, by_bulge: Numbers,
) -> None:  # fmt: skip
    """Add what a derivative by the point of a link at ``t`` means for its ends and its bulge."""
    u, v, h = shape.tail[e], shape.head[e], bulge[e]
    a, b = bend(t, h)
    along_x, along_y = a * gx + b * gy, a * gy - b * gx
    by_place[v, 0] += along_x
    by_place[v, 1] += along_y
    by_place[u, 0] += gx - along_x
    by_place[u, 1] += gy - along_y
    dx, dy = place[v, 0] - place[u, 0], place[v, 1] - place[u, 1]
    more = -8.0 * h * t * (1.0 - t) * (1.0 - 2.0 * t)
    across = 4.0 * t * (1.0 - t)
    by_bulge[e] += gx * (more * dx - across * dy) + gy * (more * dy + across * dx)


@compiled
def springs_cost(shape: Shape, place: Numbers, by_place: Numbers) -> float:
    """Return stress, overlap of boxes and centring."""
    total = 0.0
    nodes = len(shape.first_at) - 1
    for v in range(nodes):
        x, y = place[v, 0], place[v, 1]
        total += CENTRING * (x * x / 1.5 + 1.5 * y * y) / (UNIT * UNIT)
        by_place[v, 0] += CENTRING * 2.0 * x / 1.5 / (UNIT * UNIT)
        by_place[v, 1] += CENTRING * 3.0 * y / (UNIT * UNIT)
        for w in range(v):
            dx, dy = x - place[w, 0], y - place[w, 1]
            far = max(np.sqrt(dx * dx + dy * dy), 1e-9)
            off = far - shape.desired[v, w]
            total += STRESS * shape.springs[v, w] * off * off
            pull = 2.0 * STRESS * shape.springs[v, w] * off / far
            over_x = shape.half[v, 0] + shape.half[w, 0] + 12.0 - abs(dx)
            over_y = shape.half[v, 1] + shape.half[w, 1] + 10.0 - abs(dy)
            push_x, push_y = 0.0, 0.0
            if over_x > 0.0 and over_y > 0.0:
                total += BOXES * over_x * over_y / 400.0
                push_x = -BOXES * over_y / 400.0 * np.sign(dx)
                push_y = -BOXES * over_x / 400.0 * np.sign(dy)
            gx, gy = pull * dx + push_x, pull * dy + push_y
            by_place[v, 0] += gx
            by_place[v, 1] += gy
            by_place[w, 0] -= gx
            by_place[w, 1] -= gy
    return total


@compiled
def samples_cost(
    shape: Shape, place: Numbers, bulge: Numbers, points: Numbers,
    by_place: Numbers, by_bulge: Numbers,
) -> float:  # fmt: skip
    """Return what samples of links cost that are in foreign boxes, or close to other links."""
    total = 0.0
    nodes, links = len(shape.first_at) - 1, len(shape.tail)
    for e in range(links):
        for k in range(1, SAMPLES):
            x, y = points[e, k, 0], points[e, k, 1]
            gx, gy = 0.0, 0.0
            for w in range(nodes):
                if w == shape.tail[e] or w == shape.head[e]:
                    continue
                dx, dy = x - place[w, 0], y - place[w, 1]
                over_x = shape.half[w, 0] + 7.0 - abs(dx)
                over_y = shape.half[w, 1] + 7.0 - abs(dy)
                if over_x > 0.0 and over_y > 0.0:
                    total += OVER * over_x * over_y / 225.0
                    px = -OVER * over_y / 225.0 * np.sign(dx)
                    py = -OVER * over_x / 225.0 * np.sign(dy)
                    gx += px
                    gy += py
                    by_place[w, 0] -= px
                    by_place[w, 1] -= py
            if gx != 0.0 or gy != 0.0:
                back(e, k / SAMPLES, gx, gy, shape, place, bulge, by_place, by_bulge)
    for e in range(links):
        low_x, high_x = points[e, :, 0].min() - NEAR, points[e, :, 0].max() + NEAR
        low_y, high_y = points[e, :, 1].min() - NEAR, points[e, :, 1].max() + NEAR
        for f in range(e):
            for j in range(1, SAMPLES):
                x, y = points[f, j, 0], points[f, j, 1]
                if x < low_x or x > high_x or y < low_y or y > high_y:
                    continue
                for i in range(1, SAMPLES):
                    dx, dy = points[e, i, 0] - x, points[e, i, 1] - y
                    far = np.sqrt(dx * dx + dy * dy)
                    if far >= NEAR or far < 1e-9 or close_to_shared(e, i, f, j, shape):
                        continue
                    short = (NEAR - far) / NEAR
                    total += BESIDE * short * short
                    push = -2.0 * BESIDE * short / NEAR / far
                    gx, gy = push * dx, push * dy
                    back(e, i / SAMPLES, gx, gy, shape, place, bulge, by_place, by_bulge)
                    back(f, j / SAMPLES, -gx, -gy, shape, place, bulge, by_place, by_bulge)
    return total


@compiled
def close_to_shared(e: int, i: int, f: int, j: int, shape: Shape) -> bool:
    """Return whether samples of two links are both in the third next to a node they share."""
    third = SAMPLES // 3
    first_e, last_e = i <= third, i >= SAMPLES - third
    first_f, last_f = j <= third, j >= SAMPLES - third
    return bool(
        (first_e and first_f and shape.tail[e] == shape.tail[f])
        or (first_e and last_f and shape.tail[e] == shape.head[f])
        or (last_e and first_f and shape.head[e] == shape.tail[f])
        or (last_e and last_f and shape.head[e] == shape.head[f])
    )


@compiled
def tangents_cost(
    shape: Shape, place: Numbers, bulge: Numbers, by_place: Numbers, by_bulge: Numbers
) -> float:
    """Return what small angles between links at a node cost."""
    total = 0.0
    for v in range(len(shape.first_at) - 1):
        first, last = shape.first_at[v], shape.first_at[v + 1]
        degree = last - first
        if degree < 2:
            continue
        enough = np.cos(min(np.radians(45.0), 0.75 * 2.0 * np.pi / degree))
        for k in range(first, last):
            ax, ay, size_a = tangent(v, shape.links_at[k], shape, place, bulge)
            for j in range(first, k):
                bx, by, size_b = tangent(v, shape.links_at[j], shape, place, bulge)
                cosine = (ax * bx + ay * by) / (size_a * size_b)
                if cosine <= enough:
                    continue
                total += ANGLES * (cosine - enough) ** 2
                slope = 2.0 * ANGLES * (cosine - enough)
                gx = slope * (bx / size_b - cosine * ax / size_a) / size_a
                gy = slope * (by / size_b - cosine * ay / size_a) / size_a
                back_tangent(v, shape.links_at[k], gx, gy, shape, place, bulge, by_place, by_bulge)
                gx = slope * (ax / size_a - cosine * bx / size_b) / size_b
                gy = slope * (ay / size_a - cosine * by / size_b) / size_b
                back_tangent(v, shape.links_at[j], gx, gy, shape, place, bulge, by_place, by_bulge)
    return total


@compiled
def tangent(
    v: int, e: int, shape: Shape, place: Numbers, bulge: Numbers
) -> tuple[float, float, float]:
    """Return the tangent of a link at one of its nodes, away from it, and its length."""
    u, w, h = shape.tail[e], shape.head[e], bulge[e]
    dx, dy = place[w, 0] - place[u, 0], place[w, 1] - place[u, 1]
    a = 1.0 - 4.0 * h * h
    if u != v:
        a = -a
    x, y = a * dx - 4.0 * h * dy, a * dy + 4.0 * h * dx
    return x, y, max(np.sqrt(x * x + y * y), 1e-9)


@compiled
def back_tangent(
    v: int, e: int, gx: float, gy: float, shape: Shape, place: Numbers, bulge: Numbers,
    by_place: Numbers, by_bulge: Numbers,
) -> None:  # fmt: skip
    """Add what a derivative by ``tangent`` means for the ends of a link and its bulge."""
    u, w, h = shape.tail[e], shape.head[e], bulge[e]
    dx, dy = place[w, 0] - place[u, 0], place[w, 1] - place[u, 1]
    a, more = 1.0 - 4.0 * h * h, -8.0 * h
    if u != v:
        a, more = -a, -more
    along_x, along_y = a * gx + 4.0 * h * gy, a * gy - 4.0 * h * gx
    by_place[w, 0] += along_x
    by_place[w, 1] += along_y
    by_place[u, 0] -= along_x
    by_place[u, 1] -= along_y
    by_bulge[e] += gx * (more * dx - 4.0 * dy) + gy * (more * dy + 4.0 * dx)


@compiled
def loops_cost(
    shape: Shape, place: Numbers, bulge: Numbers, points: Numbers, share: Numbers,
    by_place: Numbers, by_bulge: Numbers,
) -> float:  # fmt: skip
    """Return what loops cost that are not round."""
    total = 0.0
    loops = len(shape.first_in) - 1
    for loop in range(loops):
        area, length = 0.0, 0.0
        first, last = shape.first_in[loop], shape.first_in[loop + 1]
        for k in range(first, last):
            p = points[shape.links_in[k]]
            for i in range(SAMPLES):
                area += 0.5 * (p[i, 0] * p[i + 1, 1] - p[i + 1, 0] * p[i, 1])
                length += np.hypot(p[i + 1, 0] - p[i, 0], p[i + 1, 1] - p[i, 1])
        if length < 1e-9:
            continue
        factor = ROUNDNESS * share[loop] * np.sqrt(loops)
        total += factor * (1.0 - 4.0 * np.pi * abs(area) / (length * length))
        by_area = -factor * 4.0 * np.pi * np.sign(area) / (length * length)
        by_length = factor * 8.0 * np.pi * abs(area) / length**3
        for k in range(first, last):
            e = shape.links_in[k]
            p = points[e]
            for i in range(SAMPLES):
                x, y = p[i + 1, 0] - p[i, 0], p[i + 1, 1] - p[i, 1]
                size = max(np.hypot(x, y), 1e-12)
                gx = by_area * 0.5 * p[i + 1, 1] - by_length * x / size
                gy = -by_area * 0.5 * p[i + 1, 0] - by_length * y / size
                back(e, i / SAMPLES, gx, gy, shape, place, bulge, by_place, by_bulge)
                gx = -by_area * 0.5 * p[i, 1] + by_length * x / size
                gy = by_area * 0.5 * p[i, 0] + by_length * y / size
                back(e, (i + 1) / SAMPLES, gx, gy, shape, place, bulge, by_place, by_bulge)
    return total


@compiled
def smooth_cost(
    shape: Shape, place: Numbers, bulge: Numbers, rest: Numbers, share: Numbers,
    by_place: Numbers, by_bulge: Numbers,
) -> float:  # fmt: skip
    """Return the smooth cost, and write its derivatives.

    Parameters
    ----------
    rest
        Bulges that cost nothing, dims (link,).
    share
        Weight of each loop by the sum of all weights, dims (loop,).
    """
    by_place[:] = 0.0
    by_bulge[:] = 0.0
    links = len(shape.tail)
    points = np.empty((links, SAMPLES + 1, 2))
    for e in range(links):
        u, v = shape.tail[e], shape.head[e]
        dx, dy = place[v, 0] - place[u, 0], place[v, 1] - place[u, 1]
        for k in range(SAMPLES + 1):
            a, b = bend(k / SAMPLES, bulge[e])
            points[e, k, 0] = place[u, 0] + a * dx - b * dy
            points[e, k, 1] = place[u, 1] + a * dy + b * dx
    total: float = springs_cost(shape, place, by_place)
    total += samples_cost(shape, place, bulge, points, by_place, by_bulge)
    total += tangents_cost(shape, place, bulge, by_place, by_bulge)
    total += loops_cost(shape, place, bulge, points, share, by_place, by_bulge)
    for e in range(links):
        off = bulge[e] - rest[e]
        total += BULGE * off * off
        by_bulge[e] += 2.0 * BULGE * off
    return total
