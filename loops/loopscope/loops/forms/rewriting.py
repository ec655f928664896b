"""Equivalent forms of a model's equations: the same rates, other variables between the stocks.

Stage 2 of 4.  In: a traced ``CausalGraph``.  Out: another one of the same model, or the reason why
there is none.  Nothing here runs a model.

Every form has the same stocks, the same net rates and so the same Jacobian; what differs is which
products and sums have a name, and with it the list of loops.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.graph import graph_of
from loopscope.loops.views import fold
from loopscope.models.equations import symbols_in
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from loopscope.loops.graph import CausalGraph

LARGEST = 3000
"""Operations in one equation above which it is not expanded."""

Rules = dict[sp.Symbol, sp.Expr]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A way to write the same model.

    Attributes
    ----------
    name, title
        As asked for, and what it does.
    write
        Gives the graph, or the reason why there is none, from the traced graph and the variables
        that the run held.
    """

    name: str
    title: str
    write: Callable[[CausalGraph, Collection[str]], CausalGraph | str]


class _TooLargeError(Exception):
    """An equation grows beyond ``LARGEST``."""


def _expanded(graph: CausalGraph, held: Collection[str]) -> CausalGraph | str:
    own = _Rewriting(graph, held)
    own.auxiliaries = {s: own.expand(e) for s, e in own.auxiliaries.items()}
    own.rates = {s: own.expand(e) for s, e in own.rates.items()}
    return own.graph()


def _split(graph: CausalGraph, held: Collection[str]) -> CausalGraph | str:
    own = _Rewriting(graph, held)
    own.split_flows()
    return own.graph()


def _merged(graph: CausalGraph, held: Collection[str]) -> CausalGraph | str:
    own = _Rewriting(graph, held)
    own.merge_flows()
    return own.graph()


def _apart(graph: CausalGraph, held: Collection[str]) -> CausalGraph | str:
    own = _Rewriting(graph, held)
    own.part_terms()
    return own.graph()


def _substituted(graph: CausalGraph, held: Collection[str]) -> CausalGraph | str:
    flows = [name for name, node in graph.nodes.items() if node.role == "flow" or name in held]
    if len(flows) + len(graph.stocks) == len(graph.nodes):
        return "there is nothing between stocks and flows to substitute"
    return fold(graph, flows)


def _split_in_full(graph: CausalGraph, held: Collection[str]) -> CausalGraph | str:
    own = _Rewriting(graph, held)
    own.substitute()
    own.split_flows()
    return own.graph()


def _stocks_alone(graph: CausalGraph, _: Collection[str]) -> CausalGraph | str:
    return fold(graph)


FORMS = {
    form.name: form
    for form in (
        Form(name="expanded", title="products expanded in every equation", write=_expanded),
        Form(name="split flows", title="each term of a flow a flow of its own", write=_split),
        Form(name="net flows", title="all flows of a stock in one net flow", write=_merged),
        Form(name="terms apart", title="each term of a sum an auxiliary of its own", write=_apart),
        Form(name="flows alone", title="auxiliaries substituted, flows kept", write=_substituted),
        Form(
            name="elementary flows",
            title="auxiliaries substituted, products expanded, each term a flow of its own",
            write=_split_in_full,
        ),
        Form(
            name="stocks alone", title="everything between stocks substituted", write=_stocks_alone
        ),
    )
}
"""By the name under which a form is asked for."""


def written(graph: CausalGraph, form: Form, held: Collection[str] = ()) -> CausalGraph | str:
    """Return the graph of a form, or the reason why there is none.

    Parameters
    ----------
    graph
        Traced, not a view.
    held
        Variables that a run held: they stay as they are.
    """
    try:
        return form.write(graph, held)
    except _TooLargeError:
        return f"an equation would have more than {LARGEST} operations"


class _Rewriting:
    """The equations of a graph while they are rewritten."""

    def __init__(self, graph: CausalGraph, held: Collection[str]) -> None:
        self.given = graph
        draws = [name for name, node in graph.nodes.items() if node.role == "random"]
        self.held = {symbol_of(name) for name in (*held, *draws)}
        self.auxiliaries: Rules = dict(graph.equations.auxiliaries)
        self.rates: Rules = {s: one.rate for s, one in graph.equations.states.items()}
        self.hidden = dict(graph.equations.hidden)
        self.new_flows: list[str] = []

    def graph(self) -> CausalGraph | str:
        """Return the graph, or that it is the one that was given."""
        before = self.given.equations
        same = self.auxiliaries == dict(before.auxiliaries) and all(
            rate == before.states[s].rate for s, rate in self.rates.items()
        )
        if same:
            return "the equations are written like this already"
        equations = replace(
            before,
            states={s: replace(one, rate=self.rates[s]) for s, one in before.states.items()},
            auxiliaries=self.auxiliaries,
            hidden=self.hidden,
        )
        return graph_of(self.given.model, equations, self.new_flows)

    @property
    def flows(self) -> list[sp.Symbol]:
        """Auxiliaries that stand as terms in the rate of a stock and are free."""
        found: dict[sp.Symbol, None] = {}
        for rate in self.rates.values():
            for term in sp.Add.make_args(rate):
                sign, inner = term.as_coeff_Mul()
                if abs(sign) == 1 and inner in self.auxiliaries and inner not in self.held:
                    assert isinstance(inner, sp.Symbol)
                    found[inner] = None
        return list(found)

    def expand(self, expression: sp.Expr) -> sp.Expr:
        """Return an expression with its products and powers of sums multiplied out."""
        if sp.count_ops(expression) > LARGEST:
            raise _TooLargeError
        found: sp.Expr = sp.expand(expression, power_base=False, power_exp=False, log=False)
        if sp.count_ops(found) > LARGEST:
            raise _TooLargeError
        return found

    def substitute(self) -> None:
        """Put every free auxiliary that is no flow into what needs it."""
        flows = {*self.flows, *self.held}
        known: Rules = {}
        for symbol, expression in self.auxiliaries.items():
            full = expression.xreplace(known)
            if sp.count_ops(full) > LARGEST:
                raise _TooLargeError
            known[symbol] = symbol if symbol in flows else full
            self.auxiliaries[symbol] = full
        states = self.rates
        self.rates = {s: rate.xreplace(known) for s, rate in states.items()}
        self._drop(lambda symbol: symbol not in flows)

    def split_flows(self) -> None:
        """Make a flow of each term of a flow, and of each term written into a rate."""
        parts: Rules = {}
        for flow in self.flows:
            terms = self._terms(self.expand(self.auxiliaries[flow]))
            if len(terms) > 1:
                owner = self.hidden.get(str(flow.name), str(flow.name))
                parts[flow] = sp.Add(*self._named(terms, str(flow.name), owner, flow))
        for symbol in self.rates:
            rate = self.rates[symbol].xreplace(parts)
            known = {*self.auxiliaries}
            terms = [
                one for one in self._terms(self.expand(rate)) if one.as_coeff_Mul()[1] not in known
            ]
            if len(terms) > 1:
                rest = self.expand(rate) - sp.Add(*terms)
                owner = self.given.label(str(symbol.name))
                rate = rest + sp.Add(*self._named(terms, f"rate of {symbol.name}", owner, None))
            self.rates[symbol] = rate
        for flow, total in parts.items():
            self.auxiliaries[flow] = total
        self._drop(lambda symbol: symbol in parts)

    def merge_flows(self) -> None:
        """Make one net flow of all flows of a stock."""
        own = {flow: self.auxiliaries[flow] for flow in self.flows}
        for symbol, rate in self.rates.items():
            flows = [flow for flow in own if rate.has(flow)]
            if not flows or len(sp.Add.make_args(rate)) < 2:
                continue
            (net,) = self._named(
                [rate.xreplace({flow: own[flow] for flow in flows})],
                f"net flow of {symbol.name}",
                self.given.label(str(symbol.name)),
                None,
            )
            self.rates[symbol] = net
        self._drop(lambda symbol: symbol in own)

    def part_terms(self) -> None:
        """Make an auxiliary of each term of a sum."""
        for symbol, expression in list(self.auxiliaries.items()):
            terms = [one for one in self._terms(expression) if not one.is_Symbol]
            if symbol in self.held or len(terms) < 2:
                continue
            owner = self.hidden.get(str(symbol.name), str(symbol.name))
            named = self._named(terms, f"{symbol.name}", owner, symbol, flows=False)
            rest = expression - sp.Add(*terms)
            self.auxiliaries[symbol] = rest + sp.Add(*named)

    def _terms(self, expression: sp.Expr) -> list[sp.Expr]:
        """Return the terms of a sum, those without a variable together."""
        moving = {*self.auxiliaries, *self.given.equations.states}
        terms = sp.Add.make_args(expression)
        steady = [one for one in terms if not moving & set(symbols_in(one))]
        found = sorted((one for one in terms if one not in steady), key=str)
        return [*found, sp.Add(*steady)] if steady else found

    def _named(
        self,
        terms: list[sp.Expr],
        base: str,
        owner: str,
        before: sp.Symbol | None,
        *,
        flows: bool = True,
    ) -> list[sp.Symbol]:
        """Return new auxiliaries for terms, put before one or at the end."""
        symbols: list[sp.Symbol] = []
        known = {s.name for s in (*self.auxiliaries, *self.rates)}
        for number in range(1, len(terms) + 1):
            name = f"{base} {number}" if len(terms) > 1 else base
            while name in known or name in self.given.model.variables:
                name += "'"
            known.add(name)
            symbols.append(symbol_of(name))
            self.hidden[name] = owner
            if flows:
                self.new_flows.append(name)
        made = dict(zip(symbols, terms, strict=True))
        if before is None:
            self.auxiliaries |= made
        else:
            ordered: Rules = {}
            for symbol, expression in self.auxiliaries.items():
                if symbol == before:
                    ordered |= made
                ordered[symbol] = expression
            self.auxiliaries = ordered
        return symbols

    def _drop(self, may: Callable[[sp.Symbol], bool]) -> None:
        """Drop auxiliaries that may go and that nothing needs any more."""
        for symbol in reversed(list(self.auxiliaries)):
            if may(symbol) and symbol not in self._needed():
                del self.auxiliaries[symbol]

    def _needed(self) -> set[sp.Symbol]:
        equations = self.given.equations
        rules = [*self.auxiliaries.values(), *self.rates.values()]
        rules += [one.update for one in equations.memories.values()]
        rules += [one.input for one in equations.pipelines.values()]
        return {symbol for rule in rules for symbol in symbols_in(rule)}
