"""Sums of products over all loops of a partition, without a list of the loops.

Stage 2 of 4.  In: a ``CausalGraph``, or loops of it.  Out: a ``LoopSum``.

Loops are walks that start at their first node in a fixed order and come back to it.  What is left
of a walk depends only on where it is and on which nodes can still be used on the way back; so the
sum over all ways back is computed once for each such state, and a loop's product shares every part
with the loops that go on alike.  A million loops take some ten thousand multiplications.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.loop import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loopscope.loops.graph import CausalGraph, Pair, Partition
    from loopscope.loops.loop import Loop
    from loopscope.loops.replay import Numbers

Term = tuple["Pair", int]
"""A link, and the number of the sum that its weight multiplies; ``END`` for none."""

END = -1

MOST = 1_000_000
"""Products up to which a sum is prepared: half a minute, half a gigabyte."""


@dataclass(frozen=True, slots=True)
class LoopSum:
    """A sum of products of link weights over loops.

    Attributes
    ----------
    sums
        Partial sums in evaluation order: each is a sum of link weights, each times an earlier one.
    roots
        Those whose total is the sum over the loops.
    count
        Number of loops.
    """

    sums: tuple[tuple[Term, ...], ...]
    roots: tuple[int, ...]
    count: int

    @property
    def products(self) -> int:
        """Number of multiplications one evaluation takes."""
        return sum(len(terms) for terms in self.sums)

    def of(self, weights: Numbers, pairs: Sequence[Pair]) -> Numbers:
        """Return the sum for given weights.

        Parameters
        ----------
        weights
            Dims (link, ...).
        pairs
            The links, in that order.

        Returns
        -------
        numpy.ndarray
            Dims (...).
        """
        row = {pair: number for number, pair in enumerate(pairs)}
        left = np.zeros(len(self.sums), dtype=np.int64)
        for terms in self.sums:
            for _, later in terms:
                left[later] += later != END
        known: dict[int, Numbers] = {}
        total = np.zeros(weights.shape[1:])
        roots = set(self.roots)
        for number, terms in enumerate(self.sums):
            value = np.zeros(weights.shape[1:])
            for pair, later in terms:
                if later == END:
                    value += weights[row[pair]]
                    continue
                value += weights[row[pair]] * known[later]
                left[later] -= 1
                if not left[later]:
                    del known[later]
            if number in roots:
                total += value
            if left[number]:
                known[number] = value
        return total


def over_all(graph: CausalGraph, partition: Partition, most: int = MOST) -> LoopSum | None:
    """Return the sum over every loop of a partition; None where it takes too many products.

    Parameters
    ----------
    most
        Products to allow for.

    Notes
    -----
    At most n * 2**n states for n nodes; in graphs of models, whose links are few, far less: 7,600
    products for the 70,904 loops among 19 stocks of the migration model.
    """
    search = _Search(graph, partition, most)
    try:
        roots = [search.sum_from(start) for start in range(len(search.names))]
    except _TooManyError:
        return None
    kept = tuple(root for root in roots if root is not None)
    return LoopSum(tuple(search.sums), kept, sum(search.counts[root] for root in kept))


def over(loops: Iterable[Loop]) -> LoopSum:
    """Return the sum over some loops, of any partitions.

    Notes
    -----
    Loops share what they have in common from their smallest name on, and before it.
    """
    sums: list[tuple[Term, ...]] = []
    known: dict[tuple[Term, ...], int] = {}

    def build(ways: list[tuple[Pair, ...]]) -> int:
        by_link: dict[Pair, list[tuple[Pair, ...]]] = {}
        for way in ways:
            by_link.setdefault(way[0], []).append(way[1:])
        terms = []
        for pair, rest in by_link.items():
            longer = [way for way in rest if way]
            if len(longer) < len(rest):
                terms.append((pair, END))
            if longer:
                terms.append((pair, build(longer)))
        key = tuple(terms)
        if key not in known:
            known[key] = len(sums)
            sums.append(key)
        return known[key]

    ways: dict[str, dict[tuple[Pair, ...], None]] = {}
    for loop in loops:
        nodes = canonical(loop.nodes)
        ways.setdefault(nodes[0], {})[tuple(zip(nodes, (*nodes[1:], nodes[0]), strict=True))] = None
    roots = tuple(build(list(group)) for group in ways.values())
    return LoopSum(tuple(sums), roots, sum(len(group) for group in ways.values()))


class _TooManyError(Exception):
    """More products than allowed for."""


class _Search:
    """States of walks through one partition; sets of nodes are bits of whole numbers."""

    def __init__(self, graph: CausalGraph, partition: Partition, most: int) -> None:
        inside = graph.network.subgraph(partition.nodes)
        order = {name: number for number, name in enumerate(partition.nodes)}
        # A node that many loops meet splits them best when it comes first.
        self.names = sorted(
            partition.nodes,
            key=lambda name: (-inside.in_degree(name) * inside.out_degree(name), order[name]),
        )
        number = {name: place for place, name in enumerate(self.names)}
        self.out = [0] * len(self.names)
        self.into = [0] * len(self.names)
        for cause, effect in inside.edges:
            self.out[number[cause]] |= 1 << number[effect]
            self.into[number[effect]] |= 1 << number[cause]
        self.most = most
        self.used = 0
        self.sums: list[tuple[Term, ...]] = []
        self.counts: list[int] = []
        self.known: dict[tuple[int, int], int | None] = {}
        self.made: dict[tuple[Term, ...], int] = {}
        self.start = 0

    def sum_from(self, start: int) -> int | None:
        """Return the sum over loops whose first node is ``start``, by number; None without one."""
        self.start, self.known = start, {}
        later = (1 << len(self.names)) - (1 << (start + 1))
        return self._sum(start, self._useful(start, later))

    def _sum(self, here: int, free: int) -> int | None:
        key = (here, free)
        if key in self.known:
            return self.known[key]
        terms: list[Term] = []
        count = 0
        if self.out[here] >> self.start & 1:
            terms.append(((self.names[here], self.names[self.start]), END))
            count = 1
        for following in _members(self.out[here] & free):
            number = self._sum(following, self._useful(following, free & ~(1 << following)))
            if number is not None:
                terms.append(((self.names[here], self.names[following]), number))
                count += self.counts[number]
        found = self.made.get(tuple(terms)) if terms else None
        if terms and found is None:
            found = self.made[tuple(terms)] = len(self.sums)
            self.sums.append(tuple(terms))
            self.counts.append(count)
            self.used += len(terms)
        if self.used > self.most or len(self.known) > 4 * self.most:
            raise _TooManyError
        self.known[key] = found
        return found

    def _useful(self, here: int, free: int) -> int:
        """Return those of the free nodes that lie on a walk from here to the start."""
        ahead = _reach(self.out, self.out[here], free)
        return _reach(self.into, self.into[self.start], ahead)


def _reach(links: Sequence[int], first: int, free: int) -> int:
    found, waiting = 0, first & free
    while waiting:
        found |= waiting
        following = 0
        for node in _members(waiting):
            following |= links[node]
        waiting = following & free & ~found
    return found


def _members(nodes: int) -> Iterable[int]:
    while nodes:
        lowest = nodes & -nodes
        nodes ^= lowest
        yield lowest.bit_length() - 1
