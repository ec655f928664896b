"""Independent loop sets: as few loops as make up every circulation of the graph, or claim to.

Stage 2 of 4.  In: ``Loops``.  Out: a ``LoopSet`` with its rank, the rank needed, and what it leaves
unexplained.

The loops of a strongly connected graph of e links and v nodes span a space of e - v + 1 dimensions,
and influences of links on an eigenvalue lie in it.  Only a set of that rank can be solved for
influences of its loops, and even then they depend on the set: an influence of every loop, which
depends on none, is what ``scores.influence`` gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product
from typing import TYPE_CHECKING, Literal

import networkx as nx
import numpy as np

from loopscope.loops.finding.discover import find
from loopscope.loops.graph import CausalGraph
from loopscope.loops.loop import canonical, closed
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from loopscope.loops.finding.cores import Integers
    from loopscope.loops.finding.found import Loops
    from loopscope.loops.graph import Pair

    Nodes = tuple[str, ...]
    Complex = NDArray[np.complex128]

Method = Literal["horton", "oliva", "kampmann"]

PRIME = 2**31 - 1
"""Loops that are independent modulo a prime are independent; see ``_Span``."""


@dataclass(frozen=True)
class LoopSet:
    """Loops that are linearly independent, link by link.

    Attributes
    ----------
    loops
        In the order in which they were taken.
    method
        How they were chosen.
    needed
        e - v + 1, over the partitions.
    """

    loops: Loops
    method: Method
    needed: int

    @property
    def rank(self) -> int:
        """Dimensions that the set spans: as many as it has loops, for they are independent."""
        return len(self.loops)

    @property
    def complete(self) -> bool:
        """Whether the set spans everything; if not, what it is solved for is wrong."""
        return self.rank == self.needed

    @property
    def statement(self) -> str:
        """Return size and rank in a line."""
        short = "" if self.complete else "; too few: influences solved for on it are wrong"
        return f"{len(self.loops)} loops, rank {self.rank} of {self.needed}{short}"

    @cached_property
    def incidence(self) -> NDArray[np.int8]:
        """1 where a loop holds a link, dims (loop, link), links in the order of ``graph.pairs``."""
        number = {pair: n for n, pair in enumerate(self.loops.graph.pairs)}
        found = np.zeros((len(self.loops), len(number)), np.int8)
        for row, loop in enumerate(self.loops):
            found[row, [number[pair] for pair in loop.links]] = 1
        return found

    def solve(self, influences: Complex) -> tuple[Complex, float]:
        """Return influences of the loops from those of links, and the largest misfit of a link.

        Parameters
        ----------
        influences
            Of each link on one eigenvalue, dims (link,), in 1/time.

        Returns
        -------
        tuple
            Dims (loop,) in 1/time, by least squares; and the largest magnitude that it leaves.  On
            a complete set that is rounding; beside the largest influence it says how wrong another
            one is.

        References
        ----------
        Kampmann (2012), "Feedback loop gains and system behavior (1996)", SDR 28(4), 370-395.
        """
        matrix = self.incidence.T.astype(np.float64)
        if not len(self.loops):
            return np.zeros(0, np.complex128), float(np.max(np.abs(influences), initial=0.0))
        solved = np.linalg.lstsq(matrix, np.asarray(influences, np.complex128), rcond=None)[0]
        values = np.asarray(solved, np.complex128)
        left = np.max(np.abs(matrix @ values - influences), initial=0.0)
        return values, float(left)


def independent_set(found: Loops | CausalGraph, method: Method = "horton") -> LoopSet:
    """Return an independent set of the loops of a graph.

    Parameters
    ----------
    found
        Loops from ``find``, whose ids the set takes; loops that are not held there are pinned.
    method
        "horton": complete, checked by rank.  "oliva": the shortest independent loop set (SILS).
        The latter and "kampmann" stop when no link is left, so they may fall short of the rank;
        they are here to compare with the literature.

    Raises
    ------
    LoopError
        An unknown method, or a graph without loops.

    Notes
    -----
    Horton: v * e candidates of O(v) each, then O(rank * e) for each candidate.  Oliva: as many
    candidates as there are geodetic cycles, which may be exponential in ties.

    References
    ----------
    Horton (1987), SIAM J. Comput. 16(2), 358-366; of directed graphs, Gleiss, Leydold & Stadler
    (2003), Discussiones Mathematicae Graph Theory 23(2), 241-260.  Oliva (2004), SDR 20(4),
    313-336.  Kampmann (2012), SDR 28(4), 370-395.
    """
    ways = {"horton": _horton, "oliva": _oliva, "kampmann": _kampmann}
    if method not in ways:
        hint = did_you_mean(str(method), ways)
        msg = f"no method named '{method}' for independent loop sets{hint}; there are: "
        raise LoopError(msg + ", ".join(ways))
    loops = find(found) if isinstance(found, CausalGraph) else found
    graph = loops.graph
    if not graph.partitions:
        msg = f"{graph.model.name}: the graph has no feedback loop, so there is no set of them"
        raise LoopError(msg)
    chosen: list[Nodes] = []
    needed = 0
    for part in graph.partitions:
        network = nx.DiGraph(graph.network.subgraph(part.nodes))
        needed += network.number_of_edges() - network.number_of_nodes() + 1
        inside = (loop.nodes for loop in loops if loop.nodes[0] in network)
        chosen.extend(ways[method](network, inside))
    return LoopSet(loops.holding(chosen), method, needed)


def _horton(network: nx.DiGraph[str], inside: Iterable[Nodes]) -> list[Nodes]:
    """Take short cycles as long as each raises the rank; all cycles if the short ones are too few.

    A candidate is a link u -> v closed through a node w: shortest path w .. u, the link, shortest
    path v .. w.
    """
    paths = {node: _tree(network, node) for node in sorted(network)}
    met: set[Nodes] = set()
    for cause, effect in network.edges:
        for through in network:
            nodes = (*paths[through][cause], *paths[effect][through][:-1])
            if len(set(nodes)) == len(nodes):
                met.add(canonical(nodes))
    candidates = sorted(met, key=lambda nodes: (len(nodes), nodes))
    needed = network.number_of_edges() - network.number_of_nodes() + 1
    span = _Span(network)
    found = []
    others = (canonical(nodes) for nodes in nx.simple_cycles(network))
    for nodes in chain(candidates, inside, others):
        if span.takes(nodes):
            found.append(nodes)
            if len(found) == needed:
                break
    return found


def _oliva(network: nx.DiGraph[str], inside: Iterable[Nodes]) -> list[Nodes]:
    """Take geodetic cycles, always the one that brings fewest new links, until none brings any."""
    del inside
    candidates = sorted(_geodetic(network), key=lambda nodes: (len(nodes), nodes))
    number = {pair: n for n, pair in enumerate(network.edges)}
    holds = np.zeros((len(candidates), len(number)), np.bool_)
    for row, nodes in enumerate(candidates):
        holds[row, [number[pair] for pair in closed(nodes)]] = True
    left = np.ones(len(number), np.bool_)
    found: list[Nodes] = []
    while True:
        new = (holds & left).sum(axis=1)
        new[new == 0] = len(number) + 1
        best = int(np.argmin(new))  # the first of equals: the shortest, then by name
        if new[best] > len(number):
            return found
        found.append(candidates[best])
        left &= ~holds[best]


def _kampmann(network: nx.DiGraph[str], inside: Iterable[Nodes]) -> list[Nodes]:
    """Take loops in canonical order as long as each brings at least one new link."""
    left: set[Pair] = set(network.edges)
    found: list[Nodes] = []
    for nodes in inside:
        if not left.isdisjoint(closed(nodes)):
            left.difference_update(closed(nodes))
            found.append(nodes)
        if not left:
            break
    return found


def _geodetic(network: nx.DiGraph[str]) -> set[Nodes]:
    """Return cycles made of a shortest path there and a shortest path back."""
    found: set[Nodes] = {(node,) for node in network if network.has_edge(node, node)}
    names = sorted(network)
    for position, one in enumerate(names):
        for other in names[position + 1 :]:
            there = nx.all_shortest_paths(network, one, other)
            back = list(nx.all_shortest_paths(network, other, one))
            for first, second in product(there, back):
                nodes = (*first[:-1], *second[:-1])
                if len(set(nodes)) == len(nodes):
                    found.add(canonical(nodes))
    return found


def _tree(network: nx.DiGraph[str], start: str) -> dict[str, Nodes]:
    """Return a shortest path from a node to each other one, the first by name among equals."""
    found: dict[str, Nodes] = {start: (start,)}
    layer = [start]
    while layer:
        following = []
        for node in layer:
            for effect in sorted(network.successors(node)):
                if effect not in found:
                    found[effect] = (*found[node], effect)
                    following.append(effect)
        layer = following
    return found


class _Span:
    """What some loops span, kept as a reduced basis modulo a prime.

    A loop that is not in the span modulo a prime is not in it over the rationals either, so what is
    taken is independent for certain.
    """

    def __init__(self, network: nx.DiGraph[str]) -> None:
        self._number = {pair: n for n, pair in enumerate(network.edges)}
        self._basis = np.zeros((0, len(self._number)), np.int64)
        self._pivots: Integers = np.zeros(0, np.int64)

    def takes(self, nodes: Nodes) -> bool:
        """Add a loop; return whether it was independent of those before it."""
        vector = np.zeros(len(self._number), np.int64)
        vector[[self._number[pair] for pair in closed(nodes)]] = 1
        factors = vector[self._pivots]
        used = np.flatnonzero(factors)
        products = factors[used, None] * self._basis[used] % PRIME
        vector = (vector - products.sum(axis=0)) % PRIME
        left = np.flatnonzero(vector)
        if not len(left):
            return False
        pivot = left[0]
        vector = vector * pow(int(vector[pivot]), -1, PRIME) % PRIME
        column = self._basis[:, pivot, None]
        self._basis = np.vstack([(self._basis - column * vector % PRIME) % PRIME, vector])
        self._pivots = np.append(self._pivots, pivot)
        return True
