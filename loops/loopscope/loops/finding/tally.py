"""Counts and totals over loops that are too many to hold, and the few of them worth holding.

Stage 3 of 4.  In: a ``Universe`` and weights of its links at some times.  Out: sums over every one
of its loops, and rows of the loops that matter.

Exactness: nothing is sampled.  Positive and negative products are summed apart, so neither sum
cancels; each is exact to about 1e-13 relative.  What to hold is decided in a second search, when
the totals are known, so it does not depend on the order of the search.  Products that are not a
number count as nothing, as do infinite ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.finding.store import Rows, joined, narrow
from loopscope.loops.finding.universe import Budget, OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopscope.loops.finding.cores import Core, Integers
    from loopscope.loops.finding.universe import Listed, Universe
    from loopscope.loops.replay import Numbers

COLUMNS = 512
"""Times that one search carries; more of them are searched for in turn."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of loops, exact up to 2**53.

    Attributes
    ----------
    reinforcing, balancing, unknown
        By polarity.
    whole
        Whether these are all: the search was not cut off.
    """

    reinforcing: float
    balancing: float
    unknown: float
    whole: bool

    @property
    def loops(self) -> int:
        """All of them together."""
        return int(self.reinforcing + self.balancing + self.unknown)


def count(universe: Universe, budget: Budget, most: float = np.inf) -> Counts:
    """Return the numbers of loops, cut off when time is over or there are more than ``most``."""
    found = np.zeros(3)
    try:
        for core in universe.cores:
            for some in _counted(universe, core, budget):
                found += some
                if found.sum() > most:
                    raise OutOfTimeError
    except OutOfTimeError:
        whole = False
    else:
        whole = True
    plus, minus, unknown = found.tolist()
    return Counts(plus, minus, unknown, whole)


def _counted(universe: Universe, core: Core, budget: Budget) -> Iterator[Any]:
    from loopscope.loops.finding.routes import count as count_block

    ways = _ways(universe, core)
    stack = np.zeros((core.size + 1, 3))
    stack[0, 0] = 1.0
    for block in universe.blocks(core, budget):
        if not universe.restricted:
            yield count_block(block.routes, block.roads, block.kept, block.size, ways, stack)
            continue
        for some in universe.loops(block, budget):
            sign = some.signs[: some.loops]
            yield np.count_nonzero([sign > 0, sign < 0, sign == 0], axis=1)


def totals(
    universe: Universe, weights: Numbers, budget: Budget | None = None
) -> tuple[Numbers, Numbers]:
    """Return sums of positive and of negative products over all loops of each partition.

    Parameters
    ----------
    weights
        Dims (link, time), links in the order of ``graph.pairs``.

    Returns
    -------
    tuple of numpy.ndarray
        Dims (partition, time) each; the second is not positive.

    Notes
    -----
    One search per 512 times.  Parallel lanes are summed before the search, so the time goes with
    the routes, not with the loops, and memory with neither.
    """
    from loopscope.loops.finding.routes import total

    budget = budget or Budget()
    weights = np.ascontiguousarray(np.where(np.isfinite(weights), weights, 0.0))
    sums = np.zeros((2, len(universe.graph.partitions), weights.shape[1]))
    for begin in range(0, weights.shape[1], COLUMNS):
        part = weights[:, begin : begin + COLUMNS]
        for core in universe.cores:
            products = _products(core, part)
            up = np.add.reduceat(np.maximum(products, 0.0), core.lanes[:-1], axis=0)
            down = np.add.reduceat(np.maximum(-products, 0.0), core.lanes[:-1], axis=0)
            stack = np.zeros((2, core.size + 1, part.shape[1]))
            stack[0, 0] = 1.0
            here = sums[:, core.partition, begin : begin + COLUMNS]
            for block in universe.blocks(core, budget):
                some = np.zeros((2, part.shape[1]))
                total(block.routes, block.roads, block.kept, block.size, up, down, stack, some)
                here += some
    return sums[0], -sums[1]


def every(universe: Universe, budget: Budget, most: int) -> Rows | None:
    """Return all loops, or None when there are more than ``most``."""
    found: list[Rows] = []
    held = 0
    for core in universe.cores:
        for block in universe.blocks(core, budget):
            for some in universe.loops(block, budget):
                held += some.loops
                if held > most:
                    return None
                found.append(_kept(universe, some, np.arange(some.loops)))
    return joined(found)


def largest(
    universe: Universe, weights: Numbers, sums: Numbers, share: float, budget: Budget
) -> tuple[Rows, Numbers]:
    """Return the loops that at some time hold a share of what all loops of their partition hold.

    Parameters
    ----------
    weights
        Dims (link, time).
    sums
        Sum of the magnitudes of all products, dims (partition, time).
    share
        In (0, 1].

    Returns
    -------
    tuple
        The loops, and the largest share of each over the times, dims (loop,).
    """
    from loopscope.loops.finding.routes import passing, reaching

    weights = np.ascontiguousarray(np.where(np.isfinite(weights), weights, 0.0))
    found: list[Rows] = []
    shares: list[Numbers] = []
    passes = np.empty(2**16, np.bool_)
    for core in universe.cores:
        sum_here = sums[core.partition]
        moving = (sum_here > 0) & np.isfinite(sum_here)
        full = np.where(moving, sum_here, np.inf)
        products = np.abs(_products(core, weights))
        most = np.maximum.reduceat(products, core.lanes[:-1], axis=0)
        stack = np.ones((core.size + 1, weights.shape[1]))
        least = full * (share * (1 - 1e-9))
        for block in universe.blocks(core, budget):
            passing(block.routes, block.roads, block.kept, block.size, most, stack, least, passes)
            if not passes[: block.routes].any():
                continue
            for some in universe.loops(block, budget, passes):
                peak = np.empty(some.loops)
                product = np.empty(weights.shape[1])
                reaching(some.loops, some.rows, some.ends, weights, full, product, peak)
                chosen = np.flatnonzero(peak >= share)
                if len(chosen):
                    found.append(_kept(universe, some, chosen))
                    shares.append(peak[chosen])
    return joined(found), np.concatenate([*shares, np.zeros(0)])


def before(universe: Universe, held: Rows, budget: Budget) -> Integers:
    """Return how many loops of each sign stand before each held one, in canonical order.

    Parameters
    ----------
    held
        Loops of the universe in canonical order.

    Returns
    -------
    numpy.ndarray
        Dims (loop, sign), signs -1, 0, 1; a loop does not stand before itself.

    Notes
    -----
    O(loops * (length + log held)): what lets a loop keep its number when others are not held.
    """
    from loopscope.loops.finding.routes import KEYED, RANK_BITS, place

    loops = len(held)
    lengths = held.lengths
    most = int(max(lengths.max(initial=0), len(universe.order))) + 1
    groups = np.searchsorted(lengths, np.arange(most + 1))
    found = np.zeros((loops + 1, 3), np.int64)
    links = held.links.astype(np.int32)
    keys = np.zeros(loops, np.int64)
    for step in range(KEYED):
        inside = np.flatnonzero(lengths > step)
        at = held.ends[inside] - lengths[inside] + step
        keys *= 2**RANK_BITS
        keys[inside] += universe.order[links[at]]
    for core in universe.cores:
        for block in universe.blocks(core, budget):
            for some in universe.loops(block, budget):
                place(
                    some.loops, some.rows, some.ends, some.signs, universe.order,
                    keys, links, held.ends, groups, found,
                )  # fmt: skip
    numbers = np.cumsum(found, axis=0)[:loops]
    numbers[np.arange(loops), held.signs.astype(np.int64) + 1] -= 1
    return numbers


def _kept(universe: Universe, some: Listed, which: Integers) -> Rows:
    """Return a copy of some of the loops of a block."""
    end = int(some.ends[some.loops - 1])
    links = narrow(some.rows[:end], universe.graph)
    return Rows(links, some.ends[: some.loops], some.signs[: some.loops]).chosen(which)


def _ways(universe: Universe, core: Core) -> Numbers:
    """Return the numbers of positive, negative and unknown lanes of each road."""
    product = np.multiply.reduceat(universe.signs[core.through], core.links[:-1])
    ways = np.stack([product > 0, product < 0, product == 0], axis=1).astype(np.float64)
    return np.asarray(np.add.reduceat(ways, core.lanes[:-1], axis=0))


def _products(core: Core, weights: Numbers) -> Numbers:
    """Return the product of weights along each lane, dims (lane, time)."""
    found: Numbers = np.multiply.reduceat(weights[core.through], core.links[:-1], axis=0)
    return found
