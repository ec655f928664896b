"""Equilibria in closed form, with the characteristic polynomial at each.

Stage 2 of 4.  In: a ``Field`` and its conserved totals.  Out: ``Closed``, or None where rates
are no polynomials, or too large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from loopscope.loops.rest import closed
from loopscope.loops.rest.stability import characteristic, roots
from loopscope.models.functions import SDFunction
from loopscope.models.model import TIME, symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.rest.field import Field, Numbers
    from loopscope.loops.rest.totals import Total

MOST_STOCKS = 4
"""Stocks up to which the characteristic polynomial is given in formulas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """One solution of f = 0, or a family of them, that is real at the values that count.

    Attributes
    ----------
    state
        In stock units, dims (n,), free stocks at their start values.
    formulas, free, eigenvalues, characteristic
        As in ``Equilibrium``.
    """

    state: Numbers
    formulas: Mapping[str, sp.Expr] | None
    free: tuple[str, ...]
    eigenvalues: tuple[sp.Expr, ...] | None
    characteristic: tuple[sp.Expr, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """All real solutions, and how they were found."""

    solutions: tuple[Solution, ...]
    how: str


def closed_forms(field: Field, kept: tuple[Total, ...]) -> Closed | None:
    """Return every equilibrium over the parameters of a model; None where they do not close."""
    system = _System(field, kept)
    if not system.usable:
        return None
    found = closed.solve(system.equations, system.unknowns, system.vanishes)
    return None if found is None else system.chosen(found, formulas=True)


def isolated_roots(field: Field, kept: tuple[Total, ...]) -> Closed | None:
    """Return every equilibrium at the given values; None where polynomials do not tell."""
    system = _System(field, kept)
    if not system.usable:
        return None
    numbers = {symbol: closed.exact(sp.Float(v)) for symbol, v in system.values.items()}
    equations = [one.xreplace(numbers) for one in system.equations]
    found = closed.solve(equations, system.unknowns, system.vanishes, isolate=True)
    return None if found is None else system.chosen(found, formulas=False)


class _System:
    """The equations f = 0 of a field, over symbols that are as positive as their values."""

    def __init__(self, field: Field, kept: tuple[Total, ...]) -> None:
        self.field = field
        self.kept = kept
        self.unknowns = tuple(field.equations.states)
        self.usable = len(self.unknowns) <= closed.MOST_UNKNOWNS
        self.rates: list[sp.Expr] = []
        self.equations: list[sp.Expr] = []
        self.values: dict[sp.Symbol, float] = {}
        self.back: dict[sp.Symbol, sp.Expr] = {}
        if self.usable:
            self._write()

    def _write(self) -> None:
        field = self.field
        signed: dict[sp.Symbol, sp.Expr] = {}
        for symbol in field.needs:
            value = field.parameters[symbol]
            if not np.isfinite(value):
                self.usable = False
                return
            signs = {"positive": True} if value > 0 else {"negative": True} if value < 0 else {}
            own = sp.Symbol(str(symbol.name), **signs) if signs else symbol
            signed[symbol] = own
            self.values[own] = value
            self.back[own] = symbol
        if field.time is not None and TIME in signed:
            signed[TIME] = closed.exact(sp.Float(field.time))
        for symbol, expression in field.equations.auxiliaries.items():
            full = expression.xreplace(signed)
            if full.has(SDFunction) or sp.count_ops(full) > closed.LARGEST:
                self.usable = False
                return
            signed[symbol] = full
        for state in field.equations.states.values():
            rate = state.rate.xreplace(signed)
            if rate.has(SDFunction) or sp.count_ops(rate) > closed.LARGEST:
                self.usable = False
                return
            self.rates.append(closed.exact(rate))
        self.equations = list(self.rates)
        for number, one in enumerate(self.kept, start=1):
            name = f"C{number}"
            while name in field.graph.model.variables:
                name = f"_{name}"
            own = sp.Symbol(name, positive=True) if one.value > 0 else sp.Symbol(name, real=True)
            self.values[own] = one.value
            self.back[own] = symbol_of(name)
            total = sp.Add(*(sp.Rational(w) * symbol_of(n) for n, w in one.weights.items()))
            self.equations.append(total - own)

    def vanishes(self, expression: sp.Expr) -> bool:
        """Return whether an expression without unknowns is zero at the given values."""
        exact = {s: closed.exact(sp.Float(v)) for s, v in self.values.items()}
        value = sp.sympify(expression).xreplace(exact)
        return bool(value == 0) or abs(complex(value.evalf(30))) < 1e-25

    def chosen(self, found: list[closed.Solution], *, formulas: bool) -> Closed | None:
        """Return the solutions that are real and at rest at the given values."""
        known: list[tuple[Numbers, closed.Solution]] = []
        lost = 0
        for one in sorted(found, key=len):
            state = self._number(one)
            if state is None:
                lost += 1
            elif self.field.rests(state[:, None])[0] and not any(
                self._on(state, other) for _, other in known
            ):
                known.append((state, one))
        how = "closed form" if formulas else "every real root of a polynomial"
        if lost:
            how += f"; {lost} more {'is' if lost == 1 else 'are'} not real at these values"
        solutions = tuple(self._solution(*pair, formulas=formulas) for pair in known)
        return Closed(solutions=solutions, how=how)

    def _number(self, solution: closed.Solution) -> Numbers | None:
        start = dict(zip(self.unknowns, self.field.start, strict=True))
        exact = {s: sp.Float(v, 30) for s, v in {**self.values, **start}.items()}
        state = np.empty(len(self.unknowns))
        for number, unknown in enumerate(self.unknowns):
            value = complex(solution.get(unknown, unknown).xreplace(exact).evalf(20))
            if not np.isfinite(value) or abs(value.imag) > 1e-12 * max(1.0, abs(value)):
                return None
            state[number] = value.real
        return state

    def _on(self, state: Numbers, family: closed.Solution) -> bool:
        """Return whether a state is one of a family, or the same single solution."""
        exact = {
            s: sp.Float(v, 30)
            for s, v in {**self.values, **dict(zip(self.unknowns, state, strict=True))}.items()
        }
        for unknown, value in zip(self.unknowns, state, strict=True):
            there = complex(family.get(unknown, unknown).xreplace(exact).evalf(20))
            if not abs(there - value) <= 1e-9 * (1.0 + abs(value)):
                return False
        return True

    def _solution(self, state: Numbers, found: closed.Solution, *, formulas: bool) -> Solution:
        free = tuple(one for one in self.unknowns if one not in found)
        polynomial: tuple[sp.Expr, ...] | None = None
        if formulas and len(self.unknowns) <= MOST_STOCKS:
            matrix = sp.Matrix(
                [[sp.simplify(sp.diff(rate, one).xreplace(found)) for one in self.unknowns]
                 for rate in self.rates]
            )  # fmt: skip
            polynomial = characteristic(matrix, dropped=len(self.kept) + len(free))
        eigenvalues = None if polynomial is None else roots(polynomial)
        return Solution(
            state=state,
            formulas={
                str(one.name): found.get(one, one).xreplace(self.back) for one in self.unknowns
            }
            if formulas
            else None,
            free=tuple(str(one.name) for one in free),
            eigenvalues=eigenvalues and tuple(one.xreplace(self.back) for one in eigenvalues),
            characteristic=polynomial and tuple(one.xreplace(self.back) for one in polynomial),
        )
