"""Exact derivatives of the equations: rates and the Jacobian, by the chain rule.

Stage 3 of 5.  In: ``Equations``.  Out: more auxiliaries for the same ``Equations``: the net rate
of each state and its total derivative by each state.  Nothing is approximated; nothing is run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models.equations import Equations, symbols_in
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Differentiated:
    """Equations with derivatives beside them.

    Attributes
    ----------
    equations
        The given ones; ``auxiliaries`` also hold every symbol below.
    rates
        Net rate of each state, in its unit per time unit.
    jacobian
        (i, j) -> total derivative of the rate of state i by state j; absent where it is 0.
    """

    equations: Equations
    rates: tuple[sp.Symbol, ...]
    jacobian: Mapping[tuple[int, int], sp.Symbol]


def partial(expression: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """Return the partial derivative of one expression, all other symbols held.

    Where a function jumps or bends the derivative is that of the side in force.

    Examples
    --------
    >>> x, y = sp.symbols("x y", real=True)
    >>> partial(x**2 * y, x)
    2*x*y
    """
    unsure = [part for part in expression.atoms(sp.Abs) if not part.args[0].is_extended_real]
    if not unsure:
        return sp.diff(expression, symbol)
    # sympy would take what may be complex, as a logarithm may, apart; here all values are real.
    marks = {part: sp.Dummy("size", real=True) for part in unsure}
    marked = expression.xreplace(marks)
    slope = sp.diff(marked, symbol)
    for part, mark in marks.items():
        inner = part.args[0]
        slope += sp.diff(marked, mark) * sp.sign(inner) * partial(inner, symbol)
    return slope.xreplace({mark: part for part, mark in marks.items()})


def differentiate(equations: Equations) -> Differentiated:
    """Return the equations with rates and Jacobian written out as auxiliaries.

    With a auxiliaries, n states and k links between variables: k partial derivatives and at
    most k * n products.  Non-negative stocks are differentiated as if they were free.
    """
    states = list(equations.states)
    known: dict[sp.Symbol, dict[int, sp.Expr]] = {
        state: {number: sp.Integer(1)} for number, state in enumerate(states)
    }
    extended: dict[sp.Symbol, sp.Expr] = dict(equations.auxiliaries)
    hidden = dict(equations.hidden)

    def total(expression: sp.Expr) -> dict[int, sp.Expr]:
        parts: dict[int, list[sp.Expr]] = {}
        for cause in symbols_in(expression):
            inner = known.get(cause)
            if inner:
                slope = partial(expression, cause)
                if slope != 0:
                    for number, value in inner.items():
                        parts.setdefault(number, []).append(slope * value)
        return {number: sp.Add(*terms) for number, terms in parts.items()}

    def add(name: str, owner: str, expression: sp.Expr) -> sp.Symbol:
        symbol = symbol_of(name)
        extended[symbol] = expression
        hidden[name] = owner
        return symbol

    for variable, expression in equations.auxiliaries.items():
        known[variable] = {
            number: value
            if value.is_number
            else add(f"d({variable.name})/d({states[number].name})", str(variable.name), value)
            for number, value in total(expression).items()
        }
    rates = []
    jacobian = {}
    for row, (state, record) in enumerate(equations.states.items()):
        rates.append(add(f"rate of ({state.name})", record.owner, record.rate))
        for column, value in total(record.rate).items():
            name = f"d(rate of ({state.name}))/d({states[column].name})"
            jacobian[row, column] = add(name, record.owner, value)
    return Differentiated(
        equations=replace(equations, auxiliaries=extended, hidden=hidden),
        rates=tuple(rates),
        jacobian=jacobian,
    )
