"""The causal graph of a model: who acts on whom, and by how much.

Stage 1 of 4.  In: a ``Model``.  Out: a ``CausalGraph`` whose links carry exact gains.  Nothing here
runs a model: numbers belong to ``along``.

A *link* is an ordered pair (cause, effect) of variables; its *gain* is the partial derivative of
the effect's own equation by the cause, of the net rate where the effect is a stock.  A *partition*
is a strongly connected part of the graph that holds at least one stock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import networkx as nx
import sympy as sp

from loopscope.models import functions as sd
from loopscope.models.derivatives import partial
from loopscope.models.equations import symbols_in
from loopscope.models.errors import LoopError, did_you_mean
from loopscope.models.model import Model, symbol_of
from loopscope.models.names import key
from loopscope.models.symbolic import symbolise

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from loopscope.models.equations import Equations

Role = Literal["stock", "flow", "auxiliary", "memory", "pipeline", "random"]
Kind = Literal["direct", "switch", "cancelled"]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A variable of the written-out model that may change during a run.

    Attributes
    ----------
    name
        Unique; authored, or made up for a stage of a delay.
    role
        "memory" is SAMPLE IF TRUE, "pipeline" DELAY FIXED, "random" a random number.
    owner
        Authored variable it belongs to: itself, unless it was written out from a delay.
    units
        As authored, of the owner.
    """

    name: str
    role: Role
    owner: str
    units: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One variable acting on another.

    Attributes
    ----------
    cause, effect
        Names of nodes; the cause may be a parameter in ``CausalGraph.inputs``.
    gain
        Partial derivative, in units of the effect per unit of the cause; one more 1/time where the
        effect is a stock and the cause is not a flow.
    kind
        "switch" acts only through a condition or a jump, so its gain is 0 wherever it exists;
        "cancelled" stands in the authored equation, but what it does cancels.
    """

    cause: str
    effect: str
    gain: sp.Expr
    kind: Kind = "direct"

    @property
    def pair(self) -> Pair:
        """Cause and effect."""
        return self.cause, self.effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A strongly connected part of the graph with at least one stock (memory, pipeline).

    Attributes
    ----------
    number
        From 0, largest part first.
    nodes, stocks
        Names in the order of the graph.
    """

    number: int
    nodes: tuple[str, ...]
    stocks: tuple[str, ...]


class CausalGraph:
    """Variables and links of a model, or of a view of it.

    Attributes
    ----------
    model, equations
        What it was traced from; random numbers are auxiliaries of their own in ``equations``.
    nodes
        By name: stocks first, then flows and auxiliaries in evaluation order.
    links
        Between nodes, by (cause, effect), cancelled ones included.
    initial_links
        Pairs that act on the start value only; they are no feedback.
    base
        The graph this one is a view of; None for a traced one.
    off
        Constants that switch a part of the model off, with the values under which links are left
        out; see ``modules``.  Empty where every link is there.
    kept
        What other files worked out of it once, by names of their own.
    """

    def __init__(
        self,
        model: Model,
        equations: Equations,
        nodes: Mapping[str, Node],
        links: Mapping[Pair, Link],
        initial_links: tuple[Pair, ...] = (),
        base: CausalGraph | None = None,
        off: Mapping[str, float] | None = None,
    ) -> None:
        self.model = model
        self.equations = equations
        self.nodes = nodes
        self.links = links
        self.initial_links = initial_links
        self.base = base
        self.off = dict(off or {})
        self.kept: dict[str, Any] = {}
        self._by_key = {key(name): name for name in nodes}

    def __repr__(self) -> str:
        return (
            f"<CausalGraph of {self.model.name}: {len(self.nodes)} variables, "
            f"{len(self.links)} links, {len(self.partitions)} partitions>"
        )

    def find(self, name: str) -> str:
        """Return the name of a node; case, spaces, underscores and quotes do not matter.

        Raises
        ------
        LoopError
            No such variable in this graph; the message says why and names the nearest.
        """
        found = self._by_key.get(key(str(name)))
        if found is not None:
            return found
        known = {key(one): one for one in self.model.variables}.get(key(str(name)))
        if known is None:
            hint = did_you_mean(str(name), [*self.nodes, *self.model.variables])
            msg = f"{self.model.name}: no variable named '{name}'{hint}"
        elif self.base is not None and known in self.base.nodes:
            msg = f"{self.model.name}: '{known}' is folded away in this view; name it in keep="
        else:
            msg = f"{self.model.name}: '{known}' does not change during a run, so no loop holds it"
        raise LoopError(msg)

    @property
    def stocks(self) -> tuple[str, ...]:
        """Names of everything carried from step to step, in the order of the equations."""
        return tuple(n for n, one in self.nodes.items() if one.role in STOCKS)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The links that act, in the order in which arrays over links hold them."""
        return tuple(pair for pair, link in self.links.items() if link.kind != "cancelled")

    @cached_property
    def network(self) -> nx.DiGraph[str]:
        """The links that act, as a networkx graph."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from(self.pairs)
        return graph

    @cached_property
    def partitions(self) -> tuple[Partition, ...]:
        """Strongly connected parts that hold a stock and at least one loop, largest first."""
        order = {name: number for number, name in enumerate(self.nodes)}
        found = []
        for part in nx.strongly_connected_components(self.network):
            names = tuple(sorted(part, key=order.__getitem__))
            stocks = tuple(name for name in names if self.nodes[name].role in STOCKS)
            if stocks and (len(part) > 1 or self.network.has_edge(names[0], names[0])):
                found.append((names, stocks))
        found.sort(key=lambda one: (-len(one[0]), order[one[0][0]]))
        return tuple(
            Partition(number=number, nodes=names, stocks=stocks)
            for number, (names, stocks) in enumerate(found)
        )

    @cached_property
    def partition_of(self) -> Mapping[str, Partition]:
        """The partition of each node that is in one."""
        return {name: part for part in self.partitions for name in part.nodes}

    @cached_property
    def inputs(self) -> Mapping[Pair, Link]:
        """Links from what no variable acts on: parameters, the time, values fixed at the start."""
        if self.base is not None:
            return self.base.inputs
        found = {}
        for effect, expression in equations_of(self.equations).items():
            for cause in symbols_in(expression):
                if cause.name not in self.nodes:
                    gain = partial(expression, cause)
                    kind: Kind = "switch" if gain == 0 else "direct"
                    link = Link(cause=str(cause.name), effect=effect, gain=gain, kind=kind)
                    found[link.pair] = link
        return found

    def label(self, name: str) -> str:
        """Return the authored name of a node."""
        return self.nodes[name].owner


STOCKS = ("stock", "memory", "pipeline")
"""Roles whose value is carried from step to step."""


def equations_of(equations: Equations) -> dict[str, sp.Expr]:
    """Return what decides each node: the net rate of a stock, the equation of an auxiliary."""
    found = {str(s.name): state.rate for s, state in equations.states.items()}
    found |= {str(s.name): memory.update for s, memory in equations.memories.items()}
    found |= {str(s.name): pipe.input for s, pipe in equations.pipelines.items()}
    found |= {str(s.name): expression for s, expression in equations.auxiliaries.items()}
    return found


def trace(model: Model | str | Path) -> CausalGraph:
    """Return the causal graph of a model, with every delay and smooth written out.

    Parameters
    ----------
    model
        A model from ``load``, a library name or a path.

    Raises
    ------
    ModelError
        The model cannot be read, or its equations need each other at one instant.

    Notes
    -----
    One partial derivative a link.  Gains are exact and not simplified: simplify where they are
    read.  What sympy cancels is kept as a "cancelled" link, after the authored equation.

    Examples
    --------
    >>> graph = trace("migration_policy")
    >>> graph.links["irregular migrants", "deportation"].kind
    'direct'
    """
    if not isinstance(model, Model):
        from loopscope.models.source import load

        model = load(model)
    return graph_of(model, _with_draws_apart(symbolise(model)))


def graph_of(model: Model, equations: Equations, flows: Collection[str] = ()) -> CausalGraph:
    """Return the causal graph of some equations of a model: its own, or equivalent ones.

    Parameters
    ----------
    equations
        Random numbers are auxiliaries of their own in them; each symbol that the author did not
        write is in ``hidden``.
    flows
        Auxiliaries that are flows beside the model's own.

    Notes
    -----
    One partial derivative a link.
    """
    nodes = {node.name: node for node in _nodes(model, equations, flows)}
    links: dict[Pair, Link] = {}
    for effect, expression in equations_of(equations).items():
        for cause in symbols_in(expression):
            name = str(cause.name)
            if name not in nodes or (name == effect and nodes[name].role != "stock"):
                continue  # a memory that keeps its own value is no loop
            gain = partial(expression, cause)
            kind: Kind = "switch" if gain == 0 else "direct"
            links[name, effect] = Link(cause=name, effect=effect, gain=gain, kind=kind)
    for pair in _cancelled(model, nodes, links):
        links[pair] = Link(cause=pair[0], effect=pair[1], gain=sp.Integer(0), kind="cancelled")
    initial = tuple(
        (cause, variable.name)
        for variable in model
        for cause in variable.initial_depends
        if cause in nodes
    )
    return CausalGraph(model, equations, nodes, links, initial)


def _with_draws_apart(equations: Equations) -> Equations:
    """Return equations in which each random number is an auxiliary of its own."""
    if not equations.draws:
        return equations
    hidden = dict(equations.hidden)
    apart: dict[sp.Expr, sp.Symbol] = {}
    auxiliaries: dict[sp.Symbol, sp.Expr] = {}

    def take(expression: sp.Expr, owner: str) -> sp.Expr:
        for call in sorted(expression.atoms(sd.RandomUniform), key=str):
            if call not in apart:
                symbol = symbol_of(f"{owner} random number {call.args[0]}")
                apart[call] = auxiliaries[symbol] = symbol
                auxiliaries[symbol] = call
                hidden[str(symbol.name)] = owner
        return expression.xreplace(apart)

    states = {
        s: replace(one, rate=take(one.rate, one.owner)) for s, one in equations.states.items()
    }
    memories = {
        s: replace(one, update=take(one.update, one.owner)) for s, one in equations.memories.items()
    }
    pipelines = {
        s: replace(one, input=take(one.input, one.owner)) for s, one in equations.pipelines.items()
    }
    rest = {
        s: take(e, hidden.get(str(s.name), str(s.name))) for s, e in equations.auxiliaries.items()
    }
    return replace(
        equations, states=states, memories=memories, pipelines=pipelines,
        auxiliaries={**auxiliaries, **rest}, hidden=hidden,
    )  # fmt: skip


def _nodes(model: Model, equations: Equations, made_up: Collection[str]) -> list[Node]:
    flows = {one.name for one in model.flows}.union(made_up)
    roles: dict[str, Role] = {str(s.name): "stock" for s in equations.states}
    roles |= {str(s.name): "memory" for s in equations.memories}
    roles |= {str(s.name): "pipeline" for s in equations.pipelines}
    for symbol, expression in equations.auxiliaries.items():
        name = str(symbol.name)
        is_draw = isinstance(expression, sd.RandomUniform)
        roles[name] = "random" if is_draw else "flow" if name in flows else "auxiliary"
    nodes = []
    for name, role in roles.items():
        owner = equations.hidden.get(name, name)
        nodes.append(Node(name=name, role=role, owner=owner, units=model.variables[owner].units))
    return nodes


def _cancelled(model: Model, nodes: Mapping[str, Node], links: Mapping[Pair, Link]) -> list[Pair]:
    """Return authored links that no equation has, not even through a written-out delay."""
    acting = {(cause, nodes[effect].owner) for cause, effect in links}
    return [
        (cause, variable.name)
        for variable in model
        for cause in variable.depends
        if cause in nodes
        and variable.name in nodes
        and cause != variable.name
        and (cause, variable.name) not in acting
    ]


def root(graph: CausalGraph) -> CausalGraph:
    """Return the traced graph below a view, or the graph itself."""
    while graph.base is not None:
        graph = graph.base
    return graph
