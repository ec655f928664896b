"""Which values must be watched so that no run leaves the finite numbers unseen.

Stage 4 of 5, emission.  In: ``Equations``.  Out: the few values to watch beside the states.
A variable need not be watched when a value that is watched (or needs no watching itself) is
certainly not finite whenever the variable is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.models.equations import Equations


def carries(expression: sp.Expr) -> set[sp.Symbol]:
    """Return the symbols that make an expression non-finite whenever they are.

    Sums, numerators, positive powers, logarithms and absolute values pass an infinity or NaN on;
    minima, conditions, tables, denominators and exponentials may swallow it.

    Examples
    --------
    >>> a, b, c = sp.symbols("a b c", real=True)
    >>> sorted(str(symbol) for symbol in carries(a * b / c + sp.exp(c)))
    ['a', 'b']
    """
    if isinstance(expression, sp.Symbol):
        return {expression}
    if isinstance(expression, sp.Add | sp.Mul):
        return set().union(*(carries(argument) for argument in expression.args))
    if isinstance(expression, sp.log | sp.Abs):
        return carries(expression.args[0])
    if isinstance(expression, sp.Pow):
        base, exponent = expression.args
        if exponent.is_number and exponent.is_positive:
            return carries(base)
    return set()


def must_check(
    equations: Equations, auxiliaries: Sequence[sp.Symbol], carried: Sequence[sp.Symbol]
) -> list[sp.Symbol]:
    """Return what to watch at every step, given that states are looked at.

    Linear in the size of the equations.
    """
    covered: set[sp.Symbol] = set()
    for symbol in carried:
        # A floor at 0 would swallow minus infinity.
        if symbol in equations.states and not equations.states[symbol].non_negative:
            covered |= carries(equations.states[symbol].rate)
    watched = []
    for symbol in reversed(auxiliaries):
        if symbol not in covered:
            watched.append(symbol)
        covered |= carries(equations.auxiliaries[symbol])
    watched += [s for s in carried if s not in equations.states and s not in covered]
    return watched[::-1]
