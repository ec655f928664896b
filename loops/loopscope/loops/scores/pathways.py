"""Pathways: how stocks, and what comes from outside, act on one stock.

Stage 2 of 4.  In: a ``CausalGraph``.  Out: ``Pathway`` records.  Nothing here runs a model.

A *pathway* is a chain of links into a stock that starts in a stock and meets none in between; one
without a source brings in the time or a driven parameter.  A *leg* of a loop is the pathway from
one of its stocks to the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.graph import STOCKS, CausalGraph, Pair
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from loopscope.loops.loop import Loop

OUTSIDE = ""
"""Source of a pathway that brings in the time or a driven parameter."""

MOST = 20_000
"""Pathways into one stock up to which they are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pathway:
    """A chain of links into a stock.

    Attributes
    ----------
    source
        The stock it starts in; "" for one that brings in something from outside.
    nodes
        Names in causal order, source first where there is one, the stock acted on last.
    """

    source: str
    nodes: tuple[str, ...]
    graph: CausalGraph = field(repr=False, compare=False)

    @property
    def links(self) -> tuple[Pair, ...]:
        """(cause, effect) pairs in causal order; none where a stock is driven itself."""
        return tuple(zip(self.nodes[:-1], self.nodes[1:], strict=True))

    @property
    def gain(self) -> sp.Expr:
        """Product of the link gains, not simplified."""
        return sp.Mul(*(self.graph.links[pair].gain for pair in self.links))

    def __str__(self) -> str:
        """Return the names, an arrow between them."""
        return " -> ".join(self.nodes if self.source else ("from outside", *self.nodes))


def pathways(
    graph: CausalGraph, stock: str, *, entries: Collection[str] = (), most: int = MOST
) -> tuple[Pathway, ...]:
    """Return every pathway into a stock, shortest first.

    Parameters
    ----------
    stock
        By name.
    entries
        Variables that something outside the graph drives.
    most
        Largest number to return.

    Raises
    ------
    LoopError
        No such stock; more pathways than ``most``.

    Notes
    -----
    Links that act only through a condition are left out: their gain is 0 wherever it exists.
    They are counted in one pass over the links before any is listed.
    """
    name = stock_of(graph, stock)
    causes: dict[str, list[str]] = {}
    for pair in graph.pairs:
        if graph.links[pair].gain != 0:
            causes.setdefault(pair[1], []).append(pair[0])
    count = _count(graph, name, causes, frozenset(entries))
    if count > most:
        msg = (
            f"{graph.model.name}: {count} pathways lead into '{name}', more than {most}; "
            "fold the graph first: a view has fewer, with the sums of their gains"
        )
        raise LoopError(msg)
    found = []
    waiting: list[tuple[str, ...]] = [(name,)]
    while waiting:
        chain = waiting.pop()
        if len(chain) > 1 and graph.nodes[chain[0]].role in STOCKS:
            found.append(Pathway(source=chain[0], nodes=chain, graph=graph))
            continue
        if chain[0] in entries:
            found.append(Pathway(source=OUTSIDE, nodes=chain, graph=graph))
        waiting.extend((cause, *chain) for cause in causes.get(chain[0], ()))
    return tuple(sorted(found, key=lambda one: (len(one.nodes), one.nodes, one.source)))


def _count(
    graph: CausalGraph, stock: str, causes: Mapping[str, list[str]], entries: frozenset[str]
) -> int:
    known: dict[str, int] = {}
    waiting = [stock]
    while waiting:
        name = waiting[-1]
        inner = [c for c in causes.get(name, ()) if graph.nodes[c].role not in STOCKS]
        missing = [cause for cause in inner if cause not in known]
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        ends = len(causes.get(name, ())) - len(inner) + (name in entries)
        known[name] = ends + sum(known[cause] for cause in inner)
    return known[stock]


def stock_of(graph: CausalGraph, name: str) -> str:
    """Return the name of a stock that changes continuously.

    Raises
    ------
    LoopError
        No such variable, or no such stock.
    """
    found = graph.find(name)
    role = graph.nodes[found].role
    if role == "stock":
        return found
    why = {
        "memory": "changes only between steps",
        "pipeline": "is what went in some steps before",
    }.get(role, f"is a{'n' if role == 'auxiliary' else ''} {role}")
    known = ", ".join(f"'{one}'" for one in graph.stocks[:5])
    msg = f"{graph.model.name}: '{found}' {why}; pathways lead into stocks, as {known}"
    raise LoopError(msg)


def legs_of(loop: Loop) -> tuple[tuple[str, ...], ...]:
    """Return the legs of a loop: its stretches from stock to stock, both named.

    Examples
    --------
    Of the loop a -> flow -> b -> a with stocks a and b: (a, flow, b) and (b, a).
    """
    stocks = [place for place, name in enumerate(loop.nodes) if name in set(loop.stocks)]
    twice = (*loop.nodes, *loop.nodes)
    ends = (*stocks[1:], stocks[0] + len(loop.nodes))
    return tuple(twice[first : last + 1] for first, last in zip(stocks, ends, strict=True))
