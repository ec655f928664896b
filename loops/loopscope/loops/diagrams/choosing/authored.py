"""The links of a graph as the author sees them: stages of delays stand as what they belong to.

Stage 1 of 5.  In: a ``CausalGraph``.  Out: for each pair of authored variables the *ways* one acts
on the other: chains of nodes that begin where the cause is left and end where the effect is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx

from loopscope.loops.graph import STOCKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.loops.graph import CausalGraph, Pair


@dataclass(frozen=True, slots=True)
class Way:
    """One way that an authored variable acts on another.

    Attributes
    ----------
    nodes
        Of the graph, in causal order: the last one of the cause, then those of the effect.
    """

    nodes: tuple[str, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Links of the graph along it."""
        return tuple(pairwise(self.nodes))


def names_of(graph: CausalGraph) -> tuple[str, ...]:
    """Return the authored variables of a graph, but settings of the clock that act on nothing."""
    clock = graph.model.clock
    settings = {clock.initial_time, clock.final_time, clock.time_step, clock.saveper}
    acting = {name for pair in graph.pairs for name in pair}
    names = (graph.label(one) for one in graph.nodes if one in acting or one not in settings)
    return tuple(dict.fromkeys(names))


def ways_of(graph: CausalGraph) -> dict[Pair, tuple[Way, ...]]:
    """Return the ways between all authored variables of a graph, by (cause, effect).

    Notes
    -----
    Linear in links, times the stages of the longest delay.
    """
    if "ways" not in graph.kept:
        found: dict[Pair, list[Way]] = {}
        members: dict[str, list[str]] = {}
        for name in graph.nodes:
            members.setdefault(graph.label(name), []).append(name)
        for cause, effect in graph.pairs:
            pair = (graph.label(cause), graph.label(effect))
            if pair[0] != pair[1]:
                inner = _to_the_end(graph, members[pair[1]], effect)
                found.setdefault(pair, []).append(Way((cause, *inner)))
        graph.kept["ways"] = {pair: tuple(ways) for pair, ways in found.items()}
    known: dict[Pair, tuple[Way, ...]] = graph.kept["ways"]
    return known


def ways_around(graph: CausalGraph, nodes: Sequence[str]) -> dict[Pair, Way] | None:
    """Return the ways along a loop, in causal order.

    Parameters
    ----------
    nodes
        Of the loop, the first not repeated.

    Returns
    -------
    dict or None
        None where the loop stays within one authored variable or comes to one twice, so that it is
        no loop of the author's variables.
    """
    owners = [graph.label(name) for name in nodes]
    begins = [n for n in range(len(nodes)) if owners[n] != owners[n - 1]]
    if len(begins) < 2 or len({owners[n] for n in begins}) < len(begins):
        return None
    found = {}
    for place, begin in enumerate(begins):
        end = begins[(place + 1) % len(begins)]
        count = (end - begin) % len(nodes)
        inner = [nodes[(begin + n) % len(nodes)] for n in range(-1, count)]
        found[owners[begin - 1], owners[begin]] = Way(tuple(inner))
    return found


def delays(graph: CausalGraph, way: Way) -> bool:
    """Return whether a way passes a stage of a delay or smooth, or a DELAY FIXED."""
    inner = (graph.nodes[name] for name in way.nodes[1:])
    return any(
        node.role == "pipeline" or (node.role in STOCKS and node.owner != node.name)
        for node in inner
    )


def _to_the_end(graph: CausalGraph, members: Sequence[str], begin: str) -> tuple[str, ...]:
    """Return the shortest chain from a node of a variable to where the variable acts from."""
    if len(members) == 1:
        return (begin,)
    owner = graph.label(begin)
    inside = graph.network.subgraph(members)
    chains: Mapping[str, list[str]] = nx.single_source_shortest_path(inside, begin)
    if owner in chains:
        return tuple(chains[owner])
    leaving = [
        tuple(chain)
        for name, chain in chains.items()
        if any(graph.label(one) != owner for one in graph.network.successors(name))
    ]
    return max(leaving, key=len, default=(begin,))
