"""Compiled search for loops: the routes through a core.

Stage 2 of 4.  In: arrays of a ``Core``.  Out: blocks of routes, which ``universe`` passes on to the
kernels of ``routes``.  Nothing here knows names or runs.

Routes come in blocks, each as the roads in which it differs from the one before: ``kept[i]`` roads
are shared, ``size[i]`` follow in ``roads``.  So whatever is multiplied up along a route is
multiplied up once for all routes that begin alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.finding.kernels import compiled

if TYPE_CHECKING:
    from loopscope.loops.finding.cores import Bits, Integers

STEPS = 400_000
"""Steps of a search between two looks at the clock and the keyboard."""


@compiled
def lowest(word: np.uint64) -> int:
    """Return the position of the lowest bit that is set."""
    alone = word & (~word + np.uint64(1))
    found = 0
    if alone & np.uint64(0xFFFFFFFF00000000):
        found += 32
    if alone & np.uint64(0xFFFF0000FFFF0000):
        found += 16
    if alone & np.uint64(0xFF00FF00FF00FF00):
        found += 8
    if alone & np.uint64(0xF0F0F0F0F0F0F0F0):
        found += 4
    if alone & np.uint64(0xCCCCCCCCCCCCCCCC):
        found += 2
    if alone & np.uint64(0xAAAAAAAAAAAAAAAA):
        found += 1
    return found


@compiled
def homeward(node: int, into: Bits, out_of: Bits, free: Bits, reached: Bits, waiting: Bits) -> bool:
    """Mark in ``reached`` the free nodes that lead to the root, as far as ``node`` needs it.

    Returns whether all effects of ``node`` that are free were reached before the search ended; then
    ``reached`` is not the whole set.
    """
    words = len(free)
    one = np.uint64(1)
    for w in range(words):
        reached[w] = 0
        waiting[w] = 0
    reached[0] = one
    waiting[0] = one
    while True:
        missing = False
        for w in range(words):
            if out_of[node, w] & free[w] & ~reached[w]:
                missing = True
        if not missing:
            return True
        at = -1
        for w in range(words):
            if waiting[w]:
                at = 64 * w + lowest(waiting[w])
                waiting[w] &= waiting[w] - one
                break
        if at < 0:
            return False
        for w in range(words):
            new = into[at, w] & free[w] & ~reached[w]
            reached[w] |= new
            waiting[w] |= new


@compiled
def walk(
    first: Integers, head: Integers, into: Bits, out_of: Bits,
    shortest: Integers, home: Integers, longest: int, active: Bits,
    state: Integers, node_at: Integers, next_road: Integers, length: Integers,
    good: Bits, alive: Bits, scratch: Bits,
    roads: Integers, kept: Integers, size: Integers,
) -> int:  # fmt: skip
    """Go on with a depth-first search from the root; return the number of routes written.

    ``state`` is the depth, -1 when done.  Cut short: chains of more than ``longest`` links, and
    those not active together at any time of ``active`` (a set of times a road; no words: all are).
    """
    words, times = good.shape[1], active.shape[1]
    one = np.uint64(1)
    depth, shared, steps = state[0], 0, STEPS
    routes, used = 0, 0
    limit = len(kept)
    while depth >= 0 and steps > 0:
        node = node_at[depth]
        road = next_road[depth]
        if road == first[node + 1]:
            depth -= 1
            continue
        target = head[road]
        far = length[depth] + shortest[road] + home[target]
        if far > longest:
            next_road[depth] = road + 1
            continue
        bit = one << np.uint64(target % 64)
        if target != 0 and not good[depth, target // 64] & bit:
            next_road[depth] = road + 1
            continue
        lives = times == 0
        for t in range(times):
            alive[depth + 1, t] = alive[depth, t] & active[road, t]
            if alive[depth + 1, t]:
                lives = True
        if not lives:
            next_road[depth] = road + 1
            continue
        shared = min(shared, depth)
        if target == 0:
            new = depth + 1 - shared
            if routes == limit or used + new > len(roads):
                break
            for d in range(shared, depth):
                roads[used] = next_road[d] - 1
                used += 1
            roads[used] = road
            used += 1
            kept[routes] = shared
            size[routes] = new
            routes += 1
            shared = depth
            next_road[depth] = road + 1
            continue
        next_road[depth] = road + 1
        steps -= 1
        for w in range(words):
            scratch[0, w] = good[depth, w]
        scratch[0, target // 64] &= ~bit
        early = homeward(target, into, out_of, scratch[0], scratch[1], scratch[2])
        length[depth + 1] = length[depth] + shortest[road]
        depth += 1
        for w in range(words):
            # Nodes that do not lead home may stay in the set when all that matter here do.
            good[depth, w] = scratch[0, w] if early else scratch[1, w]
        if not early:
            good[depth, 0] &= ~one
        node_at[depth] = target
        next_road[depth] = first[target]
    state[0] = depth
    return routes
