"""How one variable acts on another: the links between them, and the sign of their product.

In: a model and the names of some variables in causal order.  Out: ``Mechanism``: every link on the
way, with the sign of the whole and what it rests on.  It follows one way of acting, not the net
effect of all ways: what else runs between the two is another mechanism.

Between two named variables the shortest way is taken that passes no stock that is not named (the
stages of a delay belong to the delay).  Constants may be causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import networkx as nx

from loopscope import loops
from loopscope.loops.graph import STOCKS
from loopscope.loops.signs.observed import judged
from loopscope.loops.signs.polarity import prover_of
from loopscope.models.errors import LoopError
from loopscope.models.model import Lookup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.loops.graph import CausalGraph, Link, Pair
    from loopscope.loops.replay import Along
    from loopscope.models.model import Model

Sign = Literal["+", "-", "0", "?"]
Basis = Literal["proved", "observed", "unknown"]

MOST_WAYS = 64
"""Ways of the same length between two variables that are compared; more leave the sign open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """A chain of links.

    Attributes
    ----------
    chain
        Authored names in causal order, those between the named ones included.
    sign
        Product of the signs of the links; "?" where one is not known, or where ways of the same
        length have different ones.
    basis
        "proved": for every state within the ranges of the model.  "observed": at least one sign is
        only what the run of the model as it stands showed.
    """

    chain: tuple[str, ...]
    sign: Sign
    basis: Basis


class Mechanisms:
    """Follows ways through the causal graph of one model.

    Parameters
    ----------
    model
        A model from ``load``.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    @cached_property
    def graph(self) -> CausalGraph:
        """The causal graph of the model."""
        return loops.trace(self.model)

    @cached_property
    def links(self) -> Mapping[Pair, Link]:
        """Links that act, those from constants included."""
        acting = {pair: self.graph.links[pair] for pair in self.graph.pairs}
        return {**self.graph.inputs, **acting}

    @cached_property
    def _network(self) -> nx.DiGraph[str]:
        network: nx.DiGraph[str] = nx.DiGraph()
        network.add_edges_from(self.links)
        return network

    @cached_property
    def _run(self) -> Along:
        from loopscope.analysis.ranking import simulated
        from loopscope.analysis.runs import Choice

        return loops.along(self.graph, simulated(self.model, None, Choice()))

    @cached_property
    def _signs(self) -> dict[Pair, tuple[Sign, Basis]]:
        return {}

    def follow(self, path: Sequence[str]) -> Mechanism:
        """Return the links along some variables, and the sign of their product.

        Parameters
        ----------
        path
            Names of two variables or more in causal order; all stocks on the way are among them.

        Raises
        ------
        LoopError
            A cause does not reach the effect without another stock.
        UnknownNameError
            No such variable.

        Notes
        -----
        Breadth-first: linear in the links of the graph, and one proof a link, which is kept.
        """
        names = [self._node(name) for name in path]
        legs = [self._leg(*pair, names) for pair in pairwise(names)]
        chain = [names[0]]
        for ways in legs:
            chain += ways[0][1:]
        owners = [self._owner(name) for name in chain]
        signs = [self._joined(ways) for ways in legs]
        return Mechanism(
            chain=tuple(one for n, one in enumerate(owners) if n == 0 or one != owners[n - 1]),
            sign=_product([sign for sign, _ in signs]),
            basis=_weakest([basis for _, basis in signs]),
        )

    def _node(self, name: str) -> str:
        found = self.model.find(name)
        if isinstance(found, Lookup) and found.name not in self._network:
            msg = f"{self.model.name}: '{found.name}' is a curve, so it is no cause and no effect"
            raise LoopError(msg)
        return found.name

    def _owner(self, name: str) -> str:
        node = self.graph.nodes.get(name)
        return name if node is None else node.owner

    def _leg(self, cause: str, effect: str, named: Sequence[str]) -> list[list[str]]:
        """Return the shortest ways from one named variable to the next."""
        open_to = {name for name in self._network if self._may_pass(name, named)}
        open_to |= {cause, effect}
        seen: nx.DiGraph[str] = self._network.subgraph(open_to)
        try:
            ways = sorted(nx.all_shortest_paths(seen, cause, effect))
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            raise LoopError(self._no_way(cause, effect)) from None
        return ways

    def _may_pass(self, name: str, named: Sequence[str]) -> bool:
        if name in named:
            return False
        node = self.graph.nodes.get(name)
        return node is None or node.role not in STOCKS or node.owner in named

    def _no_way(self, cause: str, effect: str) -> str:
        start = f"{self.model.name}: '{cause}' does not act on '{effect}'"
        if effect not in self._network or not self._network.in_degree(effect):
            return f"{start}, which is fixed during a run"
        if cause not in self._network or not nx.has_path(self._network, cause, effect):
            return start
        way = nx.shortest_path(self._network, cause, effect)
        stocks = [
            self._owner(name)
            for name in way[1:-1]
            if self.graph.nodes[name].role in STOCKS  # what is passed is a node
        ]
        between = " and ".join(f"'{name}'" for name in dict.fromkeys(stocks))
        return f"{start} but through other variables of the path, or stocks: name {between}"

    def _joined(self, ways: list[list[str]]) -> tuple[Sign, Basis]:
        """Return the sign that all ways have."""
        if len(ways) > MOST_WAYS:
            return "?", "unknown"
        found = []
        for way in ways:
            signs = [self._sign(pair) for pair in pairwise(way)]
            found.append(
                (_product([sign for sign, _ in signs]), _weakest([basis for _, basis in signs]))
            )
        if len({sign for sign, _ in found}) > 1:
            return "?", "unknown"
        return found[0][0], _weakest([basis for _, basis in found])

    def _sign(self, pair: Pair) -> tuple[Sign, Basis]:
        found = self._signs.get(pair)
        if found is None:
            found = self._signs[pair] = self._decided(self.links[pair])
        return found

    def _decided(self, link: Link) -> tuple[Sign, Basis]:
        told = prover_of(self.graph).polarity(link)
        if told.sign != "?":
            return told.sign, "proved"
        shown = judged(self._run.of(link.gain)).sign
        # A gain that was 0 all along shows nothing: what it belongs to may have been switched off.
        return (shown, "observed") if shown in "+-" else ("?", "unknown")


def _product(signs: Sequence[Sign]) -> Sign:
    if "0" in signs:
        return "0"
    if "?" in signs:
        return "?"
    return "-" if signs.count("-") % 2 else "+"


def _weakest(bases: Sequence[Basis]) -> Basis:
    order: tuple[Basis, ...] = ("unknown", "observed", "proved")
    return next((basis for basis in order if basis in bases), "proved")
