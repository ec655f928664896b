"""Heat-bath moves: one node, link or badge at a time, on the true cost.

Stage 2 of 5.  In: random numbers, drawn outside.  Out: the state, moved in place.

A move picks the least of cost - 0.6 T x Gumbel noise among its candidates, so that at temperature T
a candidate is taken with a probability that falls with its cost as exp(-cost / 0.6 T).

``sweep`` is the only function that Python calls: each further one would be compiled from scratch
with all that it calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.compiling import inner
from loopscope.loops.diagrams.layout.kernels.costs import (
    MARGIN,
    MARGIN_OF_BADGE,
    UNIT,
    angle_cost,
    box_cost,
    outside_cost,
    over_cost,
    pair_cost,
    roundness,
    visible_cost,
)
from loopscope.loops.diagrams.layout.kernels.state import (
    HIGH_X,
    HIGH_Y,
    LOW_X,
    LOW_Y,
    VISIBLE,
)
from loopscope.loops.diagrams.layout.kernels.tracing import retrace
from loopscope.loops.finding.kernels import compiled

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


@inner
def standing_cost(
    v: int, upto: int, nodes: int, half: Numbers, place: Numbers, desired: Numbers,
    springs: Numbers, weights: Weights, home: Numbers, known: Flags,
) -> float:  # fmt: skip
    """Return the cost of where a node stands, whatever its links are like.

    Other boxes count up to number ``upto``: with all of them, the cost of all that the node takes
    part in; with those before it, its share in the cost of everything.
    """
    x, y = place[v, 0], place[v, 1]
    total: float = weights.centring * (x * x / 1.5 + 1.5 * y * y) / (UNIT * UNIT)
    if known[v]:
        away = (x - home[v, 0]) ** 2 + (y - home[v, 1]) ** 2
        total += weights.home * away / (UNIT * UNIT)
    for w in range(upto):
        if w == v:
            continue
        total += box_cost(v, w, half, place) * (weights.boxes if w < nodes else weights.badge)
        if w < nodes and springs[v, w] > 0.0:
            far = np.hypot(x - place[w, 0], y - place[w, 1]) - desired[v, w]
            total += weights.stress * springs[v, w] * far * far
    return total


@inner
def linking_cost(
    v: int, shape: Shape, state: State, weights: Weights, total: float, most: float
) -> float:
    """Return ``total`` and the cost of what the links of a node take part in.

    No cost is negative, so that what is above ``most`` half-way is returned as it is.
    """
    tail, head, half, links_at = shape.tail, shape.head, shape.half, shape.links_at
    place, points, read = state.place, state.points, state.read
    nodes = len(shape.first_at) - 1
    boxes = len(half) if weights.badge > 0.0 else nodes
    for k in range(shape.first_with[v], shape.first_with[v + 1]):
        loop = shape.loops_with[k]
        round_one = roundness(loop, shape.first_in, shape.links_in, read)
        total += weights.roundness * shape.care[loop] * (1.0 - round_one)
    first, last = shape.first_at[v], shape.first_at[v + 1]
    for k in range(first, last):
        e = links_at[k]
        total += weights.visible * visible_cost(read[e, VISIBLE], shape.need[e])
    if total > most:
        return total
    for k in range(first - 1, last):  # the node itself, then its neighbours
        if k < first:
            w = v
        else:
            e = links_at[k]
            w = head[e] if tail[e] == v else tail[e]
            # The other link of a loop of two has had the angles of this neighbour already.
            met = False
            for j in range(first, k):
                if tail[links_at[j]] == w or head[links_at[j]] == w:
                    met = True
            if met:
                continue
        total += weights.angles * angle_cost(w, tail, shape.first_at, links_at, read)
    for f in range(len(tail)):
        mine = tail[f] == v or head[f] == v
        for w in range(boxes if mine else nodes):
            if mine or w == v:
                margin = MARGIN if w < nodes else MARGIN_OF_BADGE
                weight = weights.over if w < nodes else weights.badge * IN_BADGE
                total += weight * over_cost(f, w, tail, head, half, place, points, read, margin)
        for k in range(first, last):
            e = links_at[k]
            if not mine or e < f:
                total += pair_cost(
                    e, f, tail, head, half, place, points, read, weights.crossing, weights.beside
                )  # fmt: skip
        if total > most:
            return total
    if weights.badge > 0.0:
        for k in range(shape.first_with[v], shape.first_with[v + 1]):
            loop = shape.loops_with[k]
            total += weights.badge * outside_cost(
                loop, nodes + loop, shape.first_in, shape.links_in, place, points, read
            )  # fmt: skip
    return total


@inner
def link_cost(
    e: int, upto: int, shape: Shape, state: State, weights: Weights, most: float
) -> float:
    """Return the cost of all that the bulge of a link takes part in, as ``linking_cost`` does.

    Other links count up to number ``upto``; with fewer than all, so do neither angles nor loops.
    """
    tail, head, half = shape.tail, shape.head, shape.half
    place, points, read = state.place, state.points, state.read
    nodes = len(shape.first_at) - 1
    boxes = len(half) if weights.badge > 0.0 else nodes
    total: float = weights.visible * visible_cost(read[e, VISIBLE], shape.need[e])
    if upto == len(tail):
        for v in (tail[e], head[e]):
            total += weights.angles * angle_cost(v, tail, shape.first_at, shape.links_at, read)
        for k in range(shape.first_through[e], shape.first_through[e + 1]):
            loop = shape.loops_through[k]
            round_one = roundness(loop, shape.first_in, shape.links_in, read)
            total += weights.roundness * shape.care[loop] * (1.0 - round_one)
            if weights.badge > 0.0:
                total += weights.badge * outside_cost(
                    loop, nodes + loop, shape.first_in, shape.links_in, place, points, read
                )  # fmt: skip
    for w in range(boxes):
        margin = MARGIN if w < nodes else MARGIN_OF_BADGE
        weight = weights.over if w < nodes else weights.badge * IN_BADGE
        total += weight * over_cost(e, w, tail, head, half, place, points, read, margin)
    for f in range(upto):
        if total > most:
            return total
        if f != e:
            total += pair_cost(
                e, f, tail, head, half, place, points, read, weights.crossing, weights.beside
            )  # fmt: skip
    return total


@inner
def move_nodes(
    shape: Shape, state: State, weights: Weights, home: Numbers, known: Flags,
    order: Integers, normals: Numbers, uniforms: Numbers, noise: Numbers,
    temperature: float, reach: float, canvas: Numbers,
) -> None:  # fmt: skip
    """Move nodes in some order.

    ``normals`` has dims (node, candidate, 2) and ``noise`` (node, candidate + 1), the last for
    staying; ``uniforms`` (node, ANYWHERE, 2), in -1 to 1.
    """
    tail, head, half, place = shape.tail, shape.head, shape.half, state.place
    nodes = len(shape.first_at) - 1
    boxes = len(half) if weights.badge > 0.0 else nodes
    count = normals.shape[1]
    for v in order:
        first, last = shape.first_at[v], shape.first_at[v + 1]
        here_x, here_y = place[v, 0], place[v, 1]
        centre_x, centre_y, met = 0.0, 0.0, 0
        for k in range(first, last):
            e = shape.links_at[k]
            other = head[e] if tail[e] == v else tail[e]
            centre_x += place[other, 0]
            centre_y += place[other, 1]
            met += 1
        best_x, best_y, best = here_x, here_y, np.inf
        for number in range(count + 2):
            c = number - 1 if number else count  # staying comes first, and going to the best last
            x, y = here_x, here_y
            if number > count:
                x, y = best_x, best_y
            elif c < NEIGHBOURHOOD and met > 0 and temperature > 0.1:
                x = centre_x / met + 0.8 * UNIT * normals[v, c, 0]
                y = centre_y / met + 0.8 * UNIT * normals[v, c, 1]
            elif c < NEIGHBOURHOOD + ANYWHERE and temperature > 0.1:
                x = canvas[0] * uniforms[v, c % ANYWHERE, 0]
                y = canvas[1] * uniforms[v, c % ANYWHERE, 1]
            elif c < count:
                x += reach * normals[v, c, 0]
                y += reach * normals[v, c, 1]
            place[v, 0], place[v, 1] = x, y
            luck, cost = 0.0, 0.0
            if number <= count:
                luck = 0.6 * temperature * noise[v, c]
                cost = standing_cost(
                    v, boxes, nodes, half, place, shape.desired, shape.springs, weights, home, known
                )  # fmt: skip
                if cost - luck >= best:
                    continue
            for k in range(first, last):
                retrace(
                    shape.links_at[k], tail, head, half, place, state.bulge, state.points,
                    state.read,
                )  # fmt: skip
            if number <= count:
                cost = linking_cost(v, shape, state, weights, cost, best + luck) - luck
                if cost < best:
                    best, best_x, best_y = cost, x, y


@inner
def bend_links(
    shape: Shape, state: State, weights: Weights, order: Integers, noise: Numbers,
    shifts: Numbers, temperature: float,
) -> None:  # fmt: skip
    """Bend links in some order; ``noise`` (link, 11), ``shifts`` (link, 2) of small changes."""
    fixed, links = len(BULGES), len(shape.tail)
    for e in order:
        here = state.bulge[e]
        best, best_h = np.inf, here
        for number in range(fixed + 4):
            c = number - 1 if number else fixed + 2
            h = here
            if number > fixed + 2:
                h = best_h
            elif c < fixed:
                h = BULGES[c]
            elif c < fixed + 2:
                h = min(0.36, max(-0.36, here + shifts[e, c - fixed]))
            state.bulge[e] = h
            retrace(
                e, shape.tail, shape.head, shape.half, state.place, state.bulge, state.points,
                state.read,
            )  # fmt: skip
            if number <= fixed + 2:
                luck = 0.6 * temperature * noise[e, c]
                cost = link_cost(e, links, shape, state, weights, best + luck) - luck
                if cost < best:
                    best, best_h = cost, h


@inner
def move_badges(shape: Shape, state: State, normals: Numbers, uniforms: Numbers) -> None:
    """Move each badge to its cheapest place of some: near by, or in the bounds of its loop."""
    tail, head, half = shape.tail, shape.head, shape.half
    place, points, read = state.place, state.points, state.read
    nodes = len(shape.first_at) - 1
    count = normals.shape[1]
    for loop in range(len(shape.first_in) - 1):
        w = nodes + loop
        low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
        for k in range(shape.first_in[loop], shape.first_in[loop + 1]):
            e = shape.links_in[k]
            low_x, low_y = min(low_x, read[e, LOW_X]), min(low_y, read[e, LOW_Y])
            high_x, high_y = max(high_x, read[e, HIGH_X]), max(high_y, read[e, HIGH_Y])
        here_x, here_y = place[w, 0], place[w, 1]
        best, best_x, best_y = np.inf, here_x, here_y
        for c in range(-1, count):
            x, y = here_x, here_y
            if c >= 0 and c % 2 == 0:
                x += 14.0 * normals[loop, c, 0]
                y += 14.0 * normals[loop, c, 1]
            elif c >= 0:
                x = 0.5 * (low_x + high_x + uniforms[loop, c, 0] * (high_x - low_x))
                y = 0.5 * (low_y + high_y + uniforms[loop, c, 1] * (high_y - low_y))
            place[w, 0], place[w, 1] = x, y
            cost = outside_cost(loop, w, shape.first_in, shape.links_in, place, points, read)
            for v in range(len(half)):
                if v != w:
                    cost += box_cost(v, w, half, place)
            for e in range(len(tail)):
                if cost >= best:
                    break
                cost += IN_BADGE * over_cost(
                    e, w, tail, head, half, place, points, read, MARGIN_OF_BADGE
                )  # fmt: skip
            if cost < best:
                best, best_x, best_y = cost, x, y
        place[w, 0], place[w, 1] = best_x, best_y


@inner
def whole_cost(shape: Shape, state: State, weights: Weights, home: Numbers, known: Flags) -> float:
    """Return the cost of everything once: what moves change step by step."""
    nodes = len(shape.first_at) - 1
    boxes = len(shape.half) if weights.badge > 0.0 else nodes
    half, place, read = shape.half, state.place, state.read
    total = 0.0
    for v in range(boxes):
        if v < nodes:
            total += standing_cost(
                v, v, nodes, half, place, shape.desired, shape.springs, weights, home, known
            )  # fmt: skip
            total += weights.angles * angle_cost(
                v, shape.tail, shape.first_at, shape.links_at, read
            )
        else:
            for w in range(v):
                total += box_cost(v, w, half, place) * weights.badge
    for e in range(len(shape.tail)):
        total += link_cost(e, e, shape, state, weights, np.inf)
    for loop in range(len(shape.first_in) - 1):
        round_one = roundness(loop, shape.first_in, shape.links_in, read)
        total += weights.roundness * shape.care[loop] * (1.0 - round_one)
        if weights.badge > 0.0:
            total += weights.badge * outside_cost(
                loop, nodes + loop, shape.first_in, shape.links_in, place, state.points, read
            )  # fmt: skip
    return total


@compiled
def sweep(
    shape: Shape, state: State, weights: Weights, home: Numbers, known: Flags,
    order: Integers, normals: Numbers, uniforms: Numbers, noise: Numbers,
    bent: Integers, bend_noise: Numbers, shifts: Numbers,
    badge_normals: Numbers, badge_uniforms: Numbers,
    temperature: float, reach: float, canvas: Numbers, rated: bool,
) -> float:  # fmt: skip
    """Move nodes in some order, then bend links in some order, then move badges.

    All that is read off the links is brought up to date before.  Returns the cost of everything
    after that where ``rated``, else 0.
    """
    for e in range(len(shape.tail)):
        retrace(
            e, shape.tail, shape.head, shape.half, state.place, state.bulge, state.points,
            state.read,
        )  # fmt: skip
    if len(order) > 0:
        move_nodes(
            shape, state, weights, home, known, order, normals, uniforms, noise, temperature,
            reach, canvas,
        )  # fmt: skip
    if len(bent) > 0:
        bend_links(shape, state, weights, bent, bend_noise, shifts, temperature)
    if len(badge_normals) > 0:
        move_badges(shape, state, badge_normals, badge_uniforms)
    return whole_cost(shape, state, weights, home, known) if rated else 0.0
