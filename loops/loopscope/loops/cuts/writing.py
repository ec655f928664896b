"""Writing cuts into equations.

Stage 3 of 4.  In: ``Equations`` and what stands in for the cause of a link, or for a constant.
Out: ``Equations`` in which only what the cut concerns is changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loopscope.loops.graph import CausalGraph, equations_of
from loopscope.models.equations import symbols_in
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sympy as sp

    from loopscope.models.equations import Equations


def new_symbol(name: str, taken: set[str]) -> sp.Symbol:
    """Return a symbol whose name nothing else has, and take that name."""
    while name in taken:
        name += "_"
    taken.add(name)
    return symbol_of(name)


class Writer:
    """Equations into which cuts are written one after the other.

    Parameters
    ----------
    graph
        The graph, or view, whose links are cut.
    equations
        Those of the traced graph.
    taken
        Names that may not be given to anything new; grows.
    """

    def __init__(self, graph: CausalGraph, equations: Equations, taken: set[str]) -> None:
        self.graph = graph
        self.base = equations
        self.taken = taken
        self.auxiliaries = dict(equations.auxiliaries)
        self.carried = {
            symbol_of(name): expression
            for name, expression in equations_of(equations).items()
            if symbol_of(name) not in equations.auxiliaries
        }
        self.copied: dict[str, str] = {}

    def switch(self, frozen: Mapping[sp.Symbol, sp.Expr]) -> None:
        """Write other expressions for some constants, wherever a step reads them."""
        for table in (self.auxiliaries, self.carried):
            for symbol, expression in table.items():
                table[symbol] = expression.xreplace(frozen)

    def freeze(self, effect: sp.Symbol, frozen: Mapping[sp.Symbol, sp.Expr]) -> None:
        """Write another expression for a cause, where it acts on one effect of the graph.

        In a view the cause may act through folded variables: the effect gets copies of those, so
        that nothing else sees the frozen value.
        """
        copies: dict[sp.Symbol, sp.Symbol | None] = {}

        def copy(symbol: sp.Symbol) -> sp.Symbol | None:
            """Return the copy that stands in for a folded variable; None if it is not needed."""
            if symbol not in copies:
                copies[symbol] = None
                inner = self.auxiliaries[symbol]
                written = rewritten(inner)
                if written != inner:
                    owner = self.copied.get(str(symbol.name), str(symbol.name))
                    made = new_symbol(f"{symbol.name} of {effect.name}, cut", self.taken)
                    self.copied[str(made.name)] = owner
                    self._insert(made, written, after=symbol)
                    copies[symbol] = made
            return copies[symbol]

        def rewritten(expression: sp.Expr) -> sp.Expr:
            stand_ins: dict[sp.Symbol, sp.Expr] = {}
            for symbol in symbols_in(expression):
                if symbol in frozen:
                    stand_ins[symbol] = frozen[symbol]
                elif symbol in self.auxiliaries and str(symbol.name) not in self.graph.nodes:
                    made = copy(symbol)
                    if made is not None:
                        stand_ins[symbol] = made
            return expression.xreplace(stand_ins) if stand_ins else expression

        table = self.auxiliaries if effect in self.auxiliaries else self.carried
        written = rewritten(table[effect])
        # Copies may have been put into a new table of auxiliaries meanwhile.
        table = self.auxiliaries if effect in self.auxiliaries else self.carried
        table[effect] = written

    def _insert(self, symbol: sp.Symbol, expression: sp.Expr, *, after: sp.Symbol) -> None:
        ordered = {}
        for known, inner in self.auxiliaries.items():
            ordered[known] = inner
            if known == after:
                ordered[symbol] = expression
        self.auxiliaries = ordered

    def equations(self) -> Equations:
        """Return the equations as written so far."""
        base, carried = self.base, self.carried
        hidden = dict(base.hidden)
        for made, original in self.copied.items():
            hidden[made] = base.hidden.get(original, original)
        return replace(
            base,
            states={s: replace(one, rate=carried[s]) for s, one in base.states.items()},
            memories={s: replace(one, update=carried[s]) for s, one in base.memories.items()},
            pipelines={s: replace(one, input=carried[s]) for s, one in base.pipelines.items()},
            auxiliaries=self.auxiliaries,
            hidden=hidden,
        )
