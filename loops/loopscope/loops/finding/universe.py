"""A set of loops too large to hold: listed anew, in blocks, each time it is asked for.

Stage 2 of 4.  In: a ``CausalGraph``, and what restricts the loops wanted.  Out: blocks of routes
and of loops.  What is made of them is up to ``tally``.

A search is compiled but comes back to Python many times a second, so that Ctrl-C works, progress is
told and a limit of seconds holds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.finding.cores import Core, cores
from loopscope.loops.finding.store import ranks
from loopscope.loops.signs.polarity import prove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from loopscope.loops.finding.cores import Bits, Integers
    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.replay import Numbers

    Progress = Callable[[int, float], None]

ROUTES = 8192
"""Routes in a block."""

LOOPS = 16384
"""Loops in a block."""

TELL = 0.2
"""Seconds between two reports of progress."""

UNLIMITED = 2**40
"""A length that no loop has."""


class OutOfTimeError(Exception):
    """A search did not end within its seconds; its caller does something else instead."""


@dataclass(slots=True, kw_only=True)
class Budget:
    """Time that searches may take together.

    Attributes
    ----------
    seconds
        From the making of this record on; None for no limit.
    progress
        Called a few times a second with the number of routes searched so far, each of which stands
        for one loop or more, and the seconds since the start.
    """

    seconds: float | None = None
    progress: Progress | None = None
    started: float = field(default_factory=time.monotonic)
    told: float = 0.0
    met: int = 0

    def look(self, routes: int) -> None:
        """Add to what was searched, tell how far that is; raise when the time is over."""
        self.met += routes
        spent = time.monotonic() - self.started
        if self.progress is not None and spent - self.told > TELL:
            self.told = spent
            self.progress(self.met, spent)
        if self.seconds is not None and spent > self.seconds:
            raise OutOfTimeError


@dataclass(frozen=True, slots=True)
class Block:
    """Some routes through one core; its arrays are used again for the next block."""

    core: Core
    routes: int
    roads: Integers
    kept: Integers
    size: Integers


@dataclass(frozen=True, slots=True)
class Listed:
    """Some loops as rows of links; its arrays are used again for the next ones."""

    core: Core
    loops: int
    rows: NDArray[np.int32]
    ends: Integers
    signs: NDArray[np.int8]


class Universe:
    """All loops of a graph, or those of at most some length or active at some time.

    Parameters
    ----------
    longest
        Most links in a loop.
    active
        Set of times at which each link acts, dims (link, word of 64 times), links in the order of
        ``graph.pairs``; a loop belongs here if all its links act together at one of them.
    """

    def __init__(
        self, graph: CausalGraph, *, longest: int | None = None, active: Bits | None = None
    ) -> None:
        self.graph = graph
        self.longest = UNLIMITED if longest is None else longest
        self.restricted = longest is not None or active is not None
        everywhere = np.zeros((len(graph.pairs), 0), np.uint64)
        self.active = everywhere if active is None else active
        self._known_lanes: dict[int, tuple[Integers, Integers, NDArray[np.int8]]] = {}
        self._never = () if active is None else np.flatnonzero(~active.any(axis=1)).tolist()

    def up_to(self, longest: int) -> Universe:
        """Return those of at most so many links."""
        found = Universe(self.graph, longest=longest)
        found.active, found._never = self.active, self._never
        found._known_lanes = self._known_lanes
        for name in ("cores", "signs", "order"):
            found.__dict__[name] = getattr(self, name)
        return found

    @cached_property
    def cores(self) -> tuple[Core, ...]:
        """The cores to search, one after the other."""
        return cores(self.graph, without=self._never)

    @cached_property
    def signs(self) -> NDArray[np.int8]:
        """Sign of each link: 1, -1, or 0 where it is not known, dims (link,)."""
        values = {"+": 1, "-": -1}
        known = prove(self.graph)
        return np.array([values.get(known[p].sign, 0) for p in self.graph.pairs], np.int8)

    @cached_property
    def order(self) -> Integers:
        """Rank of the cause of each link among all names, dims (link,)."""
        return ranks(self.graph)

    def blocks(self, core: Core, budget: Budget) -> Iterator[Block]:
        """Yield the routes through a core; a route may stand for loops that do not belong here."""
        from loopscope.loops.finding.search import walk

        size, words = core.into.shape
        lanes = self.on_lanes(core)
        active = _over_lanes(np.bitwise_or, lanes, core)
        roads = np.empty(max(ROUTES * 8, 4 * size), np.int64)
        kept, sizes = np.empty(ROUTES, np.int64), np.empty(ROUTES, np.int64)
        good = np.zeros((size, words), np.uint64)
        for node in range(1, size):
            good[0, node // 64] |= np.uint64(1 << node % 64)
        alive = np.zeros((size + 1, active.shape[1]), np.uint64)
        alive[0] = ~np.uint64(0)
        state, scratch = np.zeros(1, np.int64), np.zeros((3, words), np.uint64)
        node_at, next_road, length = (np.zeros(size, np.int64) for _ in range(3))
        while state[0] >= 0:
            routes = walk(
                core.first, core.head, core.into, core.out_of, core.shortest, core.home,
                self.longest, active, state, node_at, next_road, length, good, alive, scratch,
                roads, kept, sizes,
            )  # fmt: skip
            if routes:
                yield Block(core, routes, roads, kept, sizes)
            budget.look(routes)

    def loops(
        self, block: Block, budget: Budget, passes: NDArray[np.bool_] | None = None
    ) -> Iterator[Listed]:
        """Yield the loops of a block's routes, of those marked in ``passes`` if it is given."""
        from loopscope.loops.finding.routes import expand

        core = block.core
        if passes is None:
            passes = np.ones(block.routes, np.bool_)
        most = len(core.through)
        rows = np.empty(max(LOOPS * 32, 2 * most), np.int32)
        ends, signs = np.empty(LOOPS, np.int64), np.empty(LOOPS, np.int8)
        at = np.zeros(3, np.int64)
        least, where, sign = self._lanes(core)
        path, choice = np.empty(core.size, np.int64), np.empty(core.size, np.int64)
        active = self.on_lanes(core)
        while at[0] < block.routes:
            loops = expand(
                block.routes, block.roads, block.kept, block.size, passes,
                core.lanes, core.links, core.through, least, where, sign,
                self.longest, active, at, path, choice, rows, ends, signs,
            )  # fmt: skip
            if loops:
                yield Listed(core, loops, rows, ends, signs)
            budget.look(0)

    def totals(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """Return sums of positive and of negative products; see ``tally.totals``."""
        from loopscope.loops.finding.tally import totals

        return totals(self, weights)

    def holds(self, links: Sequence[int]) -> bool:
        """Return whether a loop, given by its links, belongs here."""
        together = np.bitwise_and.reduce(self.active[links], axis=0)
        return len(links) <= self.longest and bool(not len(together) or together.any())

    def _lanes(self, core: Core) -> tuple[Integers, Integers, NDArray[np.int8]]:
        """Return of each lane its smallest rank, the place of that link, and its sign."""
        if id(core) not in self._known_lanes:
            order = self.order[core.through]
            least = np.minimum.reduceat(order, core.links[:-1])
            places = np.flatnonzero(order == np.repeat(least, np.diff(core.links)))
            sign = np.multiply.reduceat(self.signs[core.through], core.links[:-1])
            self._known_lanes[id(core)] = least, places, sign
        return self._known_lanes[id(core)]

    def on_lanes(self, core: Core) -> Bits:
        """Return the set of times at which each lane acts as a whole, dims (lane, word)."""
        if not self.active.shape[1]:
            return np.zeros((len(core.links) - 1, 0), np.uint64)
        return np.bitwise_and.reduceat(self.active[core.through], core.links[:-1], axis=0)


def _over_lanes(combine: np.ufunc, values: Bits, core: Core) -> Bits:
    """Return what the lanes of each road make together, dims (road, ...)."""
    if not values.shape[1]:
        return np.zeros((len(core.head), 0), np.uint64)
    found: Bits = combine.reduceat(values, core.lanes[:-1], axis=0)
    return found
