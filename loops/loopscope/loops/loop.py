"""One feedback loop: its path, its polarity, its gain.

Stage 2 of 4.  In: a ``CausalGraph`` and a closed chain of links.  Out: ``Loop`` records.  Nothing
here runs a model.

A *loop* is a closed chain of links that visits no variable twice.  Its *gain* is the product of
its link gains, in 1/time**n for n stocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import sympy as sp

from loopscope.loops.graph import STOCKS, CausalGraph, Pair
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Sequence

LoopPolarity = Literal["R", "B", "U"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A feedback loop of a graph; equal where id, nodes and polarity are.

    Attributes
    ----------
    id
        "R1", "B2", "U3": the same for one model whatever the run.
    name
        From the model's ``loops.toml``, or empty.
    nodes
        Names in causal order, the alphabetically smallest first, the first not repeated.
    polarity
        "R" reinforcing, "B" balancing, "U" where the polarity of a link is not known.
    graph
        The graph, or view, it was found in.
    """

    id: str
    nodes: tuple[str, ...]
    polarity: LoopPolarity
    name: str = ""
    graph: CausalGraph = field(repr=False, compare=False)

    @property
    def path(self) -> tuple[str, ...]:
        """Authored names in causal order; the stages of one delay stand as their owner."""
        owners = [self.graph.label(name) for name in self.nodes]
        kept = [one for n, one in enumerate(owners) if one != owners[n - 1] or len(owners) == 1]
        return tuple(kept) if kept else (owners[0],)

    @property
    def links(self) -> tuple[Pair, ...]:
        """(cause, effect) pairs around the loop, closing pair last."""
        return closed(self.nodes)

    @property
    def stocks(self) -> tuple[str, ...]:
        """Stocks, and stages of delays, in the loop."""
        return tuple(name for name in self.nodes if self.graph.nodes[name].role in STOCKS)

    @property
    def gain(self) -> sp.Expr:
        """Product of the link gains, not simplified; unit 1/time**n with n stocks."""
        return sp.Mul(*(self.graph.links[pair].gain for pair in self.links))

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.nodes)


def closed(nodes: Sequence[str]) -> tuple[Pair, ...]:
    """Return the links of a closed chain of nodes, closing link last."""
    return tuple(zip(nodes, (*nodes[1:], nodes[0]), strict=True))


def canonical(nodes: Sequence[str]) -> tuple[str, ...]:
    """Return the rotation of a closed chain that starts with its smallest name.

    Examples
    --------
    >>> canonical(("stock", "outflow"))
    ('outflow', 'stock')
    """
    first = nodes.index(min(nodes))
    return (*nodes[first:], *nodes[:first])


def resolve(graph: CausalGraph, path: Sequence[str]) -> tuple[str, ...]:
    """Return the nodes of a path as a user writes it, in canonical rotation.

    Stages of a delay may be left out where only one chain of them leads on.

    Raises
    ------
    LoopError
        An unknown variable, a link that the graph does not have, a variable visited twice.
    """
    if isinstance(path, str) or not path:
        msg = f"a loop is given by the names of its variables in causal order, got {path!r}"
        raise LoopError(msg)
    given = [graph.find(name) for name in path]
    return canonical(_written_out(graph, closed(given)))


def chain(graph: CausalGraph, path: Sequence[str]) -> tuple[str, ...]:
    """Return the nodes of an open chain of links as a user writes it, in causal order.

    Raises
    ------
    LoopError
        As ``resolve`` does.
    """
    if isinstance(path, str) or not path:
        msg = f"a path is given by the names of its variables in causal order, got {path!r}"
        raise LoopError(msg)
    given = [graph.find(name) for name in path]
    pairs = tuple(pairwise(given))
    return _written_out(graph, pairs, given[-1])


def _written_out(graph: CausalGraph, pairs: Sequence[Pair], *last: str) -> tuple[str, ...]:
    """Return the nodes along some links, with the stages of delays that were left out."""
    nodes: list[str] = []
    for cause, effect in pairs:
        nodes.append(cause)
        if not graph.network.has_edge(cause, effect):
            nodes.extend(_stages_between(graph, cause, effect))
    nodes.extend(last)
    if len(set(nodes)) < len(nodes):
        twice = next(name for name in nodes if nodes.count(name) > 1)
        msg = f"a loop visits no variable twice; '{twice}' stands twice in {' -> '.join(nodes)}"
        raise LoopError(msg)
    return tuple(nodes)


def _stages_between(graph: CausalGraph, cause: str, effect: str) -> list[str]:
    """Return the written-out stages through which a cause reaches an effect."""
    found: list[list[str]] = []
    owner = graph.label(effect)
    waiting = [[name] for name in graph.network.successors(cause) if _is_stage(graph, name)]
    while waiting:
        chain = waiting.pop()
        for following in graph.network.successors(chain[-1]):
            if following == effect:
                found.append(chain)
            elif _is_stage(graph, following) and following not in chain:
                waiting.append([*chain, following])
    own = [chain for chain in found if all(graph.label(name) == owner for name in chain)]
    chosen = own or found
    if len(chosen) != 1:
        known = ", ".join(f"'{name}'" for name in list(graph.network.successors(cause))[:6])
        why = "more than one chain of delays leads there" if chosen else f"it acts on {known}"
        msg = f"{graph.model.name}: no link '{cause}' -> '{effect}': {why or 'nothing'}"
        raise LoopError(msg)
    return chosen[0]


def _is_stage(graph: CausalGraph, name: str) -> bool:
    return graph.nodes[name].owner != name
