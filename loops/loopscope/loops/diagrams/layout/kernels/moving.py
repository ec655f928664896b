"""Heat-bath moves: one node, link or badge at a time, on the true cost.

Stage 2 of 5.  In: random numbers, drawn outside.  Out: the state, moved in place.

A move picks the least of cost - 0.6 T x Gumbel noise among its candidates, so that at temperature T
a candidate is taken with a probability that falls with its cost as exp(-cost / 0.6 T).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.compiling import compiled
from loopscope.loops.diagrams.layout.kernels.costs import (
    MARGIN,
    UNIT,
    angle_cost,
    box_cost,
    outside_cost,
    over_cost,
    pair_cost,
    roundness,
    visible_cost,
)
from loopscope.loops.diagrams.layout.kernels.state import retrace, retrace_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.loops.diagrams.layout.kernels.state import (
        Integers,
        Numbers,
        Shape,
        State,
        Weights,
    )

    Flags = NDArray[np.bool_]

BULGES = np.array([-0.36, -0.26, -0.16, -0.07, 0.07, 0.16, 0.26, 0.36])

IN_BADGE = 0.3
"""Weight of a link in a badge by that of a badge outside its loop."""

NEIGHBOURHOOD = 5
"""Candidates about the centre of a node's neighbours."""

ANYWHERE = 4
"""Candidates anywhere on the canvas."""


@compiled
def standing_cost(
    v: int, shape: Shape, state: State, weights: Weights, home: Numbers, known: Flags
) -> float:
    """Return the cost of where a node stands, whatever its links are like."""
    nodes = len(shape.first_at) - 1
    boxes = len(shape.half) if weights.badge > 0.0 else nodes
    place = state.place
    x, y = place[v, 0], place[v, 1]
    total: float = weights.centring * (x * x / 1.5 + 1.5 * y * y) / (UNIT * UNIT)
    if known[v]:
        away = (x - home[v, 0]) ** 2 + (y - home[v, 1]) ** 2
        total += weights.home * away / (UNIT * UNIT)
    for w in range(boxes):
        if w != v:
            near = box_cost(v, w, shape, state)
            total += near * (weights.boxes if w < nodes else weights.badge)
    for w in range(nodes):
        spring = shape.springs[v, w]
        if spring > 0.0:
            far = np.hypot(x - place[w, 0], y - place[w, 1]) - shape.desired[v, w]
            total += weights.stress * spring * far * far
    return total


@compiled
def linking_cost(
    v: int, shape: Shape, state: State, weights: Weights, total: float, most: float
) -> float:
    """Return ``total`` and the cost of what the links of a node take part in.

    No cost is negative, so that what is above ``most`` half-way is returned as it is.
    """
    nodes = len(shape.first_at) - 1
    boxes = len(shape.half) if weights.badge > 0.0 else nodes
    for k in range(shape.first_with[v], shape.first_with[v + 1]):
        loop = shape.loops_with[k]
        total += weights.roundness * shape.care[loop] * (1.0 - roundness(loop, shape, state))
    first, last = shape.first_at[v], shape.first_at[v + 1]
    for k in range(first, last):
        total += weights.visible * visible_cost(shape.links_at[k], shape, state)
    if total > most:
        return total
    total += weights.angles * angle_cost(v, shape, state)
    for k in range(first, last):
        e = shape.links_at[k]
        other = shape.head[e] if shape.tail[e] == v else shape.tail[e]
        # The other link of a loop of two has had the angles of this neighbour already.
        met = False
        for j in range(first, k):
            if shape.tail[shape.links_at[j]] == other or shape.head[shape.links_at[j]] == other:
                met = True
        if not met:
            total += weights.angles * angle_cost(other, shape, state)
        for w in range(nodes):
            total += weights.over * over_cost(e, w, shape, state, MARGIN)
        if total > most:
            return total
    for f in range(len(shape.tail)):
        mine = shape.tail[f] == v or shape.head[f] == v
        if not mine:
            total += weights.over * over_cost(f, v, shape, state, MARGIN)
        for k in range(first, last):
            e = shape.links_at[k]
            if not mine or e < f:
                total += pair_cost(e, f, shape, state, weights)
        if total > most:
            return total
    if weights.badge > 0.0:
        for k in range(first, last):
            for w in range(nodes, boxes):
                over = over_cost(shape.links_at[k], w, shape, state, 2.0)
                total += weights.badge * IN_BADGE * over
        for k in range(shape.first_with[v], shape.first_with[v + 1]):
            total += weights.badge * outside_cost(shape.loops_with[k], shape, state)
    return total


@compiled
def node_cost(
    v: int, shape: Shape, state: State, weights: Weights, home: Numbers, known: Flags
) -> float:
    """Return the cost of all that a node takes part in."""
    total = standing_cost(v, shape, state, weights, home, known)
    return float(linking_cost(v, shape, state, weights, total, np.inf))


@compiled
def link_cost(e: int, shape: Shape, state: State, weights: Weights, most: float) -> float:
    """Return the cost of all that the bulge of a link takes part in, as ``linking_cost`` does."""
    nodes = len(shape.first_at) - 1
    total: float = weights.visible * visible_cost(e, shape, state)
    total += weights.angles * angle_cost(shape.tail[e], shape, state)
    total += weights.angles * angle_cost(shape.head[e], shape, state)
    for w in range(nodes):
        total += weights.over * over_cost(e, w, shape, state, MARGIN)
    for k in range(shape.first_through[e], shape.first_through[e + 1]):
        loop = shape.loops_through[k]
        total += weights.roundness * shape.care[loop] * (1.0 - roundness(loop, shape, state))
    for f in range(len(shape.tail)):
        if total > most:
            return total
        if f != e:
            total += pair_cost(e, f, shape, state, weights)
    if weights.badge > 0.0:
        for k in range(shape.first_through[e], shape.first_through[e + 1]):
            total += weights.badge * outside_cost(shape.loops_through[k], shape, state)
        for w in range(nodes, len(shape.half)):
            total += weights.badge * IN_BADGE * over_cost(e, w, shape, state, 2.0)
    return total


@compiled
def badge_cost(loop: int, shape: Shape, state: State, weights: Weights) -> float:
    """Return the cost of all that a badge takes part in."""
    nodes = len(shape.first_at) - 1
    w = nodes + loop
    total: float = outside_cost(loop, shape, state)
    for v in range(len(shape.half)):
        if v != w:
            total += box_cost(v, w, shape, state)
    for e in range(len(shape.tail)):
        total += IN_BADGE * over_cost(e, w, shape, state, 2.0)
    return weights.badge * total


@compiled
def move_nodes(
    shape: Shape, state: State, weights: Weights, home: Numbers, known: Flags,
    order: Integers, normals: Numbers, uniforms: Numbers, noise: Numbers,
    temperature: float, reach: float, canvas: Numbers,
) -> int:  # fmt: skip
    """Move nodes in some order; return how many moved.

    ``normals`` has dims (node, candidate, 2) and ``noise`` (node, candidate + 1), the last for
    staying; ``uniforms`` (node, ANYWHERE, 2), in -1 to 1.
    """
    moved = 0
    count = normals.shape[1]
    for v in order:
        here_x, here_y = state.place[v, 0], state.place[v, 1]
        centre_x, centre_y, met = 0.0, 0.0, 0
        for k in range(shape.first_at[v], shape.first_at[v + 1]):
            e = shape.links_at[k]
            other = shape.head[e] if shape.tail[e] == v else shape.tail[e]
            centre_x += state.place[other, 0]
            centre_y += state.place[other, 1]
            met += 1
        best_x, best_y = here_x, here_y
        best = node_cost(v, shape, state, weights, home, known)
        best -= 0.6 * temperature * noise[v, count]
        for c in range(count):
            x = here_x + reach * normals[v, c, 0]
            y = here_y + reach * normals[v, c, 1]
            if c < NEIGHBOURHOOD and met > 0 and temperature > 0.1:
                x = centre_x / met + 0.8 * UNIT * normals[v, c, 0]
                y = centre_y / met + 0.8 * UNIT * normals[v, c, 1]
            elif c < NEIGHBOURHOOD + ANYWHERE and temperature > 0.1:
                x = canvas[0] * uniforms[v, c % ANYWHERE, 0]
                y = canvas[1] * uniforms[v, c % ANYWHERE, 1]
            state.place[v, 0], state.place[v, 1] = x, y
            luck = 0.6 * temperature * noise[v, c]
            cost = standing_cost(v, shape, state, weights, home, known)
            if cost - luck >= best:
                continue
            retrace_at(v, shape, state)
            cost = linking_cost(v, shape, state, weights, cost, best + luck) - luck
            if cost < best:
                best, best_x, best_y = cost, x, y
        state.place[v, 0], state.place[v, 1] = best_x, best_y
        retrace_at(v, shape, state)
        if best_x != here_x or best_y != here_y:
            moved += 1
    return moved


@compiled
def bend_links(
    shape: Shape, state: State, weights: Weights, order: Integers, noise: Numbers,
    shifts: Numbers, temperature: float,
) -> None:  # fmt: skip
    """Bend links in some order; ``noise`` (link, 11), ``shifts`` (link, 2) of small changes."""
    fixed = len(BULGES)
    for e in order:
        here = state.bulge[e]
        best_h = here
        best = link_cost(e, shape, state, weights, np.inf)
        best -= 0.6 * temperature * noise[e, fixed + 2]
        for c in range(fixed + 2):
            small = shifts[e, c - fixed] if c >= fixed else 0.0
            h = BULGES[c] if c < fixed else min(0.36, max(-0.36, here + small))
            state.bulge[e] = h
            retrace(e, shape, state)
            luck = 0.6 * temperature * noise[e, c]
            cost = link_cost(e, shape, state, weights, best + luck) - luck
            if cost < best:
                best, best_h = cost, h
        state.bulge[e] = best_h
        retrace(e, shape, state)


@compiled
def move_badges(
    shape: Shape, state: State, weights: Weights, normals: Numbers, uniforms: Numbers
) -> None:
    """Move each badge to its cheapest place of some: near by, or in the bounds of its loop."""
    nodes = len(shape.first_at) - 1
    count = normals.shape[1]
    for loop in range(len(shape.first_in) - 1):
        w = nodes + loop
        low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
        for k in range(shape.first_in[loop], shape.first_in[loop + 1]):
            e = shape.links_in[k]
            low_x, low_y = min(low_x, state.low[e, 0]), min(low_y, state.low[e, 1])
            high_x, high_y = max(high_x, state.high[e, 0]), max(high_y, state.high[e, 1])
        here_x, here_y = state.place[w, 0], state.place[w, 1]
        best = badge_cost(loop, shape, state, weights)
        best_x, best_y = here_x, here_y
        for c in range(count):
            if c % 2 == 0:
                x = here_x + 14.0 * normals[loop, c, 0]
                y = here_y + 14.0 * normals[loop, c, 1]
            else:
                x = 0.5 * (low_x + high_x + uniforms[loop, c, 0] * (high_x - low_x))
                y = 0.5 * (low_y + high_y + uniforms[loop, c, 1] * (high_y - low_y))
            state.place[w, 0], state.place[w, 1] = x, y
            cost = badge_cost(loop, shape, state, weights)
            if cost < best:
                best, best_x, best_y = cost, x, y
        state.place[w, 0], state.place[w, 1] = best_x, best_y


@compiled
def whole_cost(shape: Shape, state: State, weights: Weights, home: Numbers, known: Flags) -> float:
    """Return the cost of everything once: what moves change step by step."""
    nodes = len(shape.first_at) - 1
    boxes = len(shape.half) if weights.badge > 0.0 else nodes
    links = len(shape.tail)
    total = 0.0
    for v in range(nodes):
        x, y = state.place[v, 0], state.place[v, 1]
        total += weights.centring * (x * x / 1.5 + 1.5 * y * y) / (UNIT * UNIT)
        total += weights.angles * angle_cost(v, shape, state)
        if known[v]:
            away = (x - home[v, 0]) ** 2 + (y - home[v, 1]) ** 2
            total += weights.home * away / (UNIT * UNIT)
        for w in range(v):
            spring = shape.springs[v, w]
            if spring > 0.0:
                far = np.hypot(x - state.place[w, 0], y - state.place[w, 1]) - shape.desired[v, w]
                total += weights.stress * spring * far * far
    for v in range(boxes):
        for w in range(v):
            near = box_cost(v, w, shape, state)
            total += near * (weights.boxes if v < nodes else weights.badge)
    for e in range(links):
        total += weights.visible * visible_cost(e, shape, state)
        for w in range(boxes):
            if w < nodes:
                total += weights.over * over_cost(e, w, shape, state, MARGIN)
            else:
                total += weights.badge * IN_BADGE * over_cost(e, w, shape, state, 2.0)
        for f in range(e):
            total += pair_cost(e, f, shape, state, weights)
    for loop in range(len(shape.first_in) - 1):
        total += weights.roundness * shape.care[loop] * (1.0 - roundness(loop, shape, state))
        if weights.badge > 0.0:
            total += weights.badge * outside_cost(loop, shape, state)
    return total
