"""How a loop runs through the author's variables, if it can be drawn at all.

Stage 1 of 5.  In: a ``Loop``.  Out: a ``Route``.  A loop of one variable of a view is drawn with
what is folded away in it, where just one loop stands behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.choosing.authored import ways_around
from loopscope.loops.views import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.diagrams.choosing.authored import Way
    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.loops.loop import Loop

MOST = 1000
"""Chains through folded variables that are looked at."""


@dataclass(frozen=True, slots=True)
class Route:
    """A loop as it can be drawn.

    Attributes
    ----------
    graph
        That has its links: of the loop, or the one that it is a view of.
    ways
        Between authored variables, in causal order.
    """

    graph: CausalGraph
    ways: Mapping[Pair, Way]

    @property
    def path(self) -> tuple[str, ...]:
        """Authored variables in causal order, the first not repeated."""
        return tuple(effect for _, effect in self.ways)


def route_of(loop: Loop) -> Route | None:
    """Return how a loop is drawn.

    Returns
    -------
    Route or None
        None where the loop stays within one authored variable, as the memory of a smooth does, or
        comes to one twice.
    """
    ways = ways_around(loop.graph, loop.nodes)
    if ways is not None:
        return Route(loop.graph, ways)
    below = loop.graph.base
    if below is None or len(loop.nodes) != 1:
        return None
    behind = _behind(loop.graph, below, loop.nodes[0])
    ways = ways_around(below, behind[0]) if len(behind) == 1 else None
    return None if ways is None else Route(below, ways)


def _behind(view: CausalGraph, below: CausalGraph, start: str) -> list[tuple[str, ...]]:
    """Return the chains through folded variables from a node back to itself."""
    away = set(folded(view))
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, ...]] = [(start,)]
    for _ in range(MOST):
        if not waiting:
            break
        chain = waiting.pop()
        for following in below.network.successors(chain[-1]):
            if following == start:
                found.append(chain)
            elif following in away and following not in chain:
                waiting.append((*chain, following))
    return found
