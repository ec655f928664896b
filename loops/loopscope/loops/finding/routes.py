"""Compiled readers of routes: counts, sums of products, loops as rows of links.

Stage 2 of 4.  In: blocks of routes from ``search``.  Out: numbers, and loops written out.  Nothing
here knows names or runs.

A block holds each route as the roads in which it differs from the one before (see ``search``), so a
reader keeps a stack of what it has multiplied up so far: its row 0 is what a route starts from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.loops.finding.kernels import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loopscope.loops.finding.cores import Bits, Integers
    from loopscope.loops.replay import Numbers

    Marks = NDArray[np.bool_]
    Signs = NDArray[np.int8]
    Rows = NDArray[np.int32]

KEYED, RANK_BITS = 3, 21
"""Causes of a loop that one number packs, and the room of each: a comparison mostly ends there."""


@compiled
def count(
    routes: int, roads: Integers, kept: Integers, size: Integers, ways: Numbers, stack: Numbers
) -> tuple[float, float, float]:
    """Return how many loops are reinforcing, balancing and unknown.

    ``ways`` has lanes of each road: positive, negative, unknown.  Exact up to 2**53.
    """
    plus, minus, unknown = 0.0, 0.0, 0.0
    used = 0
    for route in range(routes):
        depth = kept[route]
        for _ in range(size[route]):
            road = roads[used]
            used += 1
            p, m, u = ways[road, 0], ways[road, 1], ways[road, 2]
            a, b, c = stack[depth, 0], stack[depth, 1], stack[depth, 2]
            depth += 1
            stack[depth, 0] = a * p + b * m
            stack[depth, 1] = a * m + b * p
            stack[depth, 2] = (a + b + c) * u + c * (p + m)
        plus += stack[depth, 0]
        minus += stack[depth, 1]
        unknown += stack[depth, 2]
    return plus, minus, unknown


@compiled
def total(
    routes: int, roads: Integers, kept: Integers, size: Integers,
    up: Numbers, down: Numbers, stack: Numbers, sums: Numbers,
) -> None:  # fmt: skip
    """Add to ``sums`` (sign, time) the positive and the negative products of all loops.

    ``up`` and ``down`` (road, time) are sums over lanes, both not negative; neither cancels.
    """
    used = 0
    times = up.shape[1]
    for route in range(routes):
        depth = kept[route]
        for _ in range(size[route]):
            road = roads[used]
            used += 1
            for t in range(times):
                a, b = stack[0, depth, t], stack[1, depth, t]
                stack[0, depth + 1, t] = a * up[road, t] + b * down[road, t]
                stack[1, depth + 1, t] = a * down[road, t] + b * up[road, t]
            depth += 1
        for t in range(times):
            sums[0, t] += stack[0, depth, t]
            sums[1, t] += stack[1, depth, t]


@compiled
def passing(
    routes: int, roads: Integers, kept: Integers, size: Integers,
    most: Numbers, stack: Numbers, least: Numbers, passes: Marks,
) -> None:  # fmt: skip
    """Mark routes of which a loop may reach ``least`` (time) at some time.

    ``most`` (road, time) is the largest magnitude among lanes.
    """
    used = 0
    times = most.shape[1]
    for route in range(routes):
        depth = kept[route]
        for _ in range(size[route]):
            road = roads[used]
            used += 1
            for t in range(times):
                stack[depth + 1, t] = stack[depth, t] * most[road, t]
            depth += 1
        hits = 0
        for t in range(times):
            hits += stack[depth, t] >= least[t]
        passes[route] = hits > 0


@compiled
def expand(
    routes: int, roads: Integers, kept: Integers, size: Integers, passes: Marks,
    lanes: Integers, links: Integers, through: Integers,
    least: Integers, where: Integers, sign: Signs, longest: int, active: Bits,
    at: Integers, path: Integers, choice: Integers,
    rows: Rows, ends: Integers, signs: Signs,
) -> int:  # fmt: skip
    """Write the loops of routes as rows of links that start with the smallest cause.

    Of each lane, ``least`` is the smallest rank of a cause, ``where`` the place in ``through`` of
    that link, ``sign`` the product of signs.  ``at`` is the route, the place in ``roads``, and the
    number of roads of a route that is not finished (or 0).  Returns the number of loops written:
    all when ``at[0]`` has reached ``routes``.
    """
    times = active.shape[1]
    written, used = 0, 0
    while at[0] < routes:
        if at[2] == 0:
            depth = kept[at[0]]
            for n in range(size[at[0]]):
                path[depth + n] = roads[at[1] + n]
            at[1] += size[at[0]]
            depth += size[at[0]]
            if not passes[at[0]]:
                at[0] += 1
                continue
            at[2] = depth
            for d in range(depth):
                choice[d] = lanes[path[d]]
        depth = at[2]
        length, first, product = 0, 0, 1
        for d in range(depth):
            lane = choice[d]
            length += links[lane + 1] - links[lane]
            product *= sign[lane]
            if least[lane] < least[choice[first]]:
                first = d
        fits = length <= longest
        if fits and times:
            fits = False
            for t in range(times):
                word = active[choice[0], t]
                for d in range(1, depth):
                    word &= active[choice[d], t]
                if word:
                    fits = True
        if fits:
            if written == len(signs) or used + length > len(rows):
                return written
            start = where[choice[first]]
            for k in range(start, links[choice[first] + 1]):
                rows[used] = through[k]
                used += 1
            for n in range(1, depth):
                lane = choice[first + n] if first + n < depth else choice[first + n - depth]
                for k in range(links[lane], links[lane + 1]):
                    rows[used] = through[k]
                    used += 1
            for k in range(links[choice[first]], start):
                rows[used] = through[k]
                used += 1
            signs[written] = product
            ends[written] = used
            written += 1
        d = 0
        while d < depth:
            choice[d] += 1
            if choice[d] < lanes[path[d] + 1]:
                break
            choice[d] = lanes[path[d]]
            d += 1
        if d == depth:
            at[2] = 0
            at[0] += 1
    return written


@compiled
def reaching(
    loops: int, rows: Rows, ends: Integers, weights: Numbers, least: Numbers, product: Numbers,
    peak: Numbers,
) -> None:  # fmt: skip
    """Set ``peak`` to the largest share |product| / least over the times, for each loop."""
    times = weights.shape[1]
    begin = 0
    for loop in range(loops):
        for t in range(times):
            product[t] = weights[rows[begin], t]
        for k in range(begin + 1, ends[loop]):
            for t in range(times):
                product[t] *= weights[rows[k], t]
        begin = ends[loop]
        best = 0.0
        for t in range(times):
            share = abs(product[t]) / least[t]
            if share > best:
                best = share
        peak[loop] = best


@compiled
def place(
    loops: int, rows: Rows, ends: Integers, signs: Signs,
    order: Integers, keys: Integers, held: Rows, held_ends: Integers, groups: Integers,
    before: Integers,
) -> None:  # fmt: skip
    """Count for each held loop, by sign, the loops that come just before it in canonical order.

    ``held`` is in that order; loops of n links are ``groups[n]`` to ``groups[n + 1]``.
    ``keys`` pack the ranks of the first causes.  ``before`` has dims (held + 1, sign); a loop that
    is held counts before itself.
    """
    begin = 0
    for loop in range(loops):
        length = ends[loop] - begin
        key = 0
        for k in range(KEYED):
            key <<= RANK_BITS
            if k < length:
                key += order[rows[begin + k]]
        low, high = groups[length], groups[length + 1]
        while low < high:
            middle = (low + high) // 2
            larger = key > keys[middle]
            if key == keys[middle]:
                there = held_ends[middle] - length
                for k in range(KEYED, length):
                    a, b = order[rows[begin + k]], order[held[there + k]]
                    if a != b:
                        larger = a > b
                        break
            if larger:
                low = middle + 1
            else:
                high = middle
        before[low, signs[loop] + 1] += 1
        begin = ends[loop]
