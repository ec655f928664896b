"""What fills and what drains each stock: the valves of a model.

Stage 1 of 5.  In: a ``CausalGraph``.  Out: one ``Valve`` for each pipe from a stock or a cloud to a
stock or a cloud, and a graph in which nothing but valves acts on a stock.

A *valve* is a flow.  A part of a rate that is no plain flow gets a valve of its own, the net change
of its stock; so does a flow that fills a second stock, for material does not double.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.graph import CausalGraph, graph_of, root
from loopscope.models.model import Auxiliary, Parameter, symbol_of

if TYPE_CHECKING:
    from loopscope.models.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Valve:
    """A flow between two stocks, or between a stock and what is outside the model.

    Attributes
    ----------
    name
        Of the flow, or made up; unique.
    flow
        Authored variable that it is, or that it repeats; empty for the net change of a stock.
    source, target
        Stock that it drains, and that it fills; None where it comes from, or goes, outside.
    """

    name: str
    flow: str
    source: str | None = None
    target: str | None = None

    @property
    def made_up(self) -> bool:
        """Whether the author has no variable of this name."""
        return self.name != self.flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Plumbing:
    """The valves of a model, and its graph with them.

    Attributes
    ----------
    valves
        In the order of the stocks that they fill or drain.
    graph
        As traced, with the valves that are made up.
    """

    valves: tuple[Valve, ...]
    graph: CausalGraph

    @property
    def made_up(self) -> frozenset[str]:
        """Names that the author did not write."""
        return frozenset(valve.name for valve in self.valves if valve.made_up)


def plumb(graph: CausalGraph) -> Plumbing:
    """Return the valves of a model.

    Parameters
    ----------
    graph
        A traced graph, or a view of it.

    Notes
    -----
    Linear in the size of the rates; where a valve is made up, the graph is traced again.

    Examples
    --------
    >>> from loopscope import loops
    >>> [(one.name, one.source, one.target) for one in plumb(loops.trace("migration_policy")).valves
    ...  if one.name == "deportation"]
    [('deportation', 'irregular migrants', 'origin pool')]
    """
    base = root(graph)
    model, equations = base.model, base.equations
    taken = {*base.nodes, *model.variables}
    valves: list[Valve] = []
    for name, drained, filled in _ends(model):
        for number, (source, target) in enumerate(zip_longest(drained, filled)):
            own = name
            if number:
                own = _free(f"{name} into {target}" if target else f"{name} from {source}", taken)
            valves.append(Valve(name=own, flow=name, source=source, target=target))
    new: dict[sp.Symbol, sp.Expr] = {
        symbol_of(one.name): symbol_of(one.flow) for one in valves if one.made_up
    }
    owners = {one.name: one.flow for one in valves if one.made_up}
    states = dict(equations.states)
    for symbol, state in equations.states.items():
        stock = str(symbol.name)
        if state.owner != stock:
            continue
        mine = [one for one in valves if stock in (one.source, one.target)]
        rest = state.rate - _sum(mine, stock, authored=True)
        if rest != 0:
            one = Valve(name=_free(f"net change of {stock}", taken), flow="", target=stock)
            new[symbol_of(one.name)] = rest
            owners[one.name] = stock
            valves.append(one)
            mine.append(one)
        states[symbol] = replace(state, rate=_sum(mine, stock, authored=False))
    order = {stock.name: number for number, stock in enumerate(model.stocks)}
    valves.sort(key=lambda one: min(order[end] for end in (one.source, one.target) if end))
    if not new:
        return Plumbing(valves=tuple(valves), graph=base)
    written = replace(
        equations, states=states, auxiliaries={**equations.auxiliaries, **new},
        hidden={**equations.hidden, **owners},
    )  # fmt: skip
    traced = graph_of(model, written, [str(one.name) for one in new])
    nodes = {
        name: replace(node, owner=name) if name in owners else node
        for name, node in traced.nodes.items()
    }
    whole = CausalGraph(model, written, nodes, traced.links, traced.initial_links, off=base.off)
    return Plumbing(valves=tuple(valves), graph=whole)


def _ends(model: Model) -> list[tuple[str, list[str], list[str]]]:
    """Return each flow with the stocks it drains and those it fills."""
    ends: dict[str, tuple[list[str], list[str]]] = {}
    for stock in model.stocks:
        into, out_of = set(stock.inflows), set(stock.outflows)
        for name in dict.fromkeys((*stock.inflows, *stock.outflows)):
            # What flows in and out at once is no flow of this stock.
            if (name in into) != (name in out_of) and _can_flow(model, name):
                ends.setdefault(name, ([], []))[name in into].append(stock.name)
    return [(name, drained, filled) for name, (drained, filled) in ends.items()]


def _can_flow(model: Model, name: str) -> bool:
    return isinstance(model.variables.get(name), Auxiliary | Parameter)


def _sum(valves: list[Valve], stock: str, *, authored: bool) -> sp.Expr:
    """Return what valves add to a stock, by the flows they repeat or by their own names."""
    terms = [
        (1 if one.target == stock else -1) * symbol_of(one.flow if authored else one.name)
        for one in valves
    ]
    return sp.Add(*terms)


def _free(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, and take it."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name} {number}", number + 1
    taken.add(found)
    return found
