"""Cores: what is left of a partition once variables that loops only pass through are contracted.

Stage 2 of 4.  In: a ``CausalGraph``.  Out: ``Core`` records, each with a root, such that every loop
of the graph runs through the root of exactly one of them.  Nothing here lists loops.

A *road* leads from one node of a core to another; its *lanes* are the chains of links that run in
parallel there.  A *route* is a closed chain of roads that visits no node twice: it stands for as
many loops as there are ways to choose one lane on each of its roads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loopscope.loops.graph import CausalGraph

Integers = NDArray[np.int64]
Bits = NDArray[np.uint64]
Lane = tuple[int, ...]
Roads = dict[int, dict[int, list[Lane]]]

MOST_LANES = 64
"""Lanes that contraction may put on one road: in a chain of many parallel pairs they multiply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """A strongly connected graph of roads, searched for the loops through its node 0.

    Attributes
    ----------
    partition
        Number of the partition it belongs to.
    first, head
        Roads that leave node v are ``first[v]`` to ``first[v + 1]``; where each ends.
    into, out_of
        Sets of nodes one road before and after each node, dims (node, word of 64 nodes).
    lanes, links, through
        Lanes of road r are ``lanes[r]`` to ``lanes[r + 1]``, links of lane k ``through[links[k]:
        links[k + 1]]``, as positions in ``graph.pairs``.
    shortest, home
        Fewest links on each road, and from each node to the root.
    """

    partition: int
    first: Integers
    head: Integers
    into: Bits
    out_of: Bits
    lanes: Integers
    links: Integers
    through: Integers
    shortest: Integers
    home: Integers

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.first) - 1


def cores(graph: CausalGraph, without: Iterable[int] = ()) -> tuple[Core, ...]:
    """Return the cores of a graph.

    Parameters
    ----------
    without
        Links left out, as positions in ``graph.pairs``.

    Notes
    -----
    A node with one cause is entered through it or not at all, so it can be merged into its roads;
    the same holds for one effect.  What remains branches everywhere, so that the search meets more
    than one loop below each of its steps.  O(roots * (v + e)) for v nodes and e links; the roots
    are as many as nodes of the first core at most.

    References
    ----------
    Johnson (1975), "Finding all the elementary circuits of a directed graph", SIAM J. Comput.
    4(1), 77-84: one root after another, each in its strongly connected component.
    """
    left_out = set(without)
    names = {name: number for number, name in enumerate(sorted(graph.nodes))}
    found: list[Core] = []
    for part in graph.partitions:
        inside = set(part.nodes)
        roads: Roads = {}
        for number, (cause, effect) in enumerate(graph.pairs):
            if cause in inside and effect in inside and number not in left_out:
                roads.setdefault(names[cause], {})[names[effect]] = [(number,)]
        waiting = [roads]
        while waiting:
            for piece in _components(_contracted(waiting.pop(), part.number, found)):
                root = _busiest(piece)
                found.append(_core(piece, root, part.number))
                waiting.append(_without(piece, root))
    return tuple(found)


def _components(roads: Roads) -> list[Roads]:
    """Return the strongly connected parts of some roads, each with at least two nodes."""
    network: nx.DiGraph[int] = nx.DiGraph()
    network.add_edges_from((tail, head) for tail, heads in roads.items() for head in heads)
    found = []
    for part in nx.strongly_connected_components(network):
        if len(part) > 1:
            piece = {
                tail: {h: lanes for h, lanes in sorted(roads[tail].items()) if h in part}
                for tail in sorted(part)
            }
            found.append(piece)
    return sorted(found, key=lambda piece: next(iter(piece)))


def _contracted(roads: Roads, partition: int, found: list[Core]) -> Roads:
    """Merge nodes with one cause or one effect; chains closed on themselves become cores."""
    kept: Roads = {}
    for piece in _components(_opened(roads, partition, found)):
        before: dict[int, set[int]] = {node: set() for node in piece}
        for tail, heads in piece.items():
            for head in heads:
                before[head].add(tail)
        waiting = list(reversed(piece))
        while waiting:
            node = waiting.pop()
            if node not in piece or not _merges(piece, before, node):
                continue
            heads = piece.pop(node)
            touched = {*before[node], *heads}
            for tail in sorted(before.pop(node)):
                first = piece[tail].pop(node)
                for head, second in heads.items():
                    both = [a + b for a in first for b in second]
                    if head == tail:
                        found.append(_closed(both, partition))
                    else:
                        piece[tail].setdefault(head, []).extend(both)
                        before[head].add(tail)
            for head in heads:
                before[head].discard(node)
            waiting.extend(sorted(touched, reverse=True))
        kept |= piece
    return kept


def _opened(roads: Roads, partition: int, found: list[Core]) -> Roads:
    """Take out roads from a node to itself: each lane of them is a loop."""
    for node, heads in roads.items():
        if node in heads:
            found.append(_closed(heads.pop(node), partition))
    return roads


def _merges(piece: Roads, before: Mapping[int, set[int]], node: int) -> bool:
    causes, heads = before[node], piece[node]
    if min(len(causes), len(heads)) > 1:
        return False
    most_in = max((len(piece[tail][node]) for tail in causes), default=1)
    most_out = max((len(lanes) for lanes in heads.values()), default=1)
    return most_in * most_out <= MOST_LANES


def _busiest(piece: Roads) -> int:
    """Return the node with most roads in times roads out: without it, least is left."""
    entering = dict.fromkeys(piece, 0)
    for heads in piece.values():
        for head in heads:
            entering[head] += 1
    return max(piece, key=lambda node: (entering[node] * len(piece[node]), -node))


def _without(piece: Roads, root: int) -> Roads:
    return {
        tail: {head: list(lanes) for head, lanes in heads.items() if head != root}
        for tail, heads in piece.items()
        if tail != root
    }


def _closed(lanes: list[Lane], partition: int) -> Core:
    return _core({0: {0: lanes}}, 0, partition)


def _core(piece: Roads, root: int, partition: int) -> Core:
    order = [root, *(node for node in piece if node != root)]
    number = {node: n for n, node in enumerate(order)}
    size = len(order)
    words = (size + 63) // 64
    into, out_of = np.zeros((size, words), np.uint64), np.zeros((size, words), np.uint64)
    first, head, shortest = [0], [], []
    lanes, links = [0], [0]
    through: list[int] = []
    network: nx.DiGraph[int] = nx.DiGraph()
    for node in order:
        for target, ways in sorted((number[h], ways) for h, ways in piece[node].items()):
            tail = number[node]
            into[target, tail // 64] |= np.uint64(1 << tail % 64)
            out_of[tail, target // 64] |= np.uint64(1 << target % 64)
            head.append(target)
            shortest.append(min(map(len, ways)))
            network.add_edge(target, tail, weight=shortest[-1])
            for lane in ways:
                through.extend(lane)
                links.append(len(through))
            lanes.append(len(links) - 1)
        first.append(len(head))
    away = nx.single_source_dijkstra_path_length(network, 0)
    return Core(
        partition=partition, first=_integers(first), head=_integers(head), into=into,
        out_of=out_of, lanes=_integers(lanes), links=_integers(links),
        through=_integers(through), shortest=_integers(shortest),
        home=_integers([int(away[n]) for n in range(size)]),
    )  # fmt: skip


def _integers(values: list[int]) -> Integers:
    return np.array(values, dtype=np.int64)
