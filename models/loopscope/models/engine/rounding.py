"""Where the last bit of a value matters, and where it may be traded for speed.

Stage 4 of 5, emission.  In: ``Equations``.  Out: the variables to compute as other programs do,
each operation rounded by itself, and the reciprocals that are worth keeping.
"""

from __future__ import annotations

import sympy as sp

from loopscope.models import functions
from loopscope.models.equations import Equations, reaches, symbols_in

COMPARING = (functions.Switch, functions.Quantum, functions.Modulo)
"""Functions that jump, so that the last bit of an argument may decide."""


def _expressions(equations: Equations) -> list[sp.Expr]:
    """Return everything a step computes."""
    return [
        *equations.auxiliaries.values(),
        *(state.rate for state in equations.states.values()),
        *(memory.update for memory in equations.memories.values()),
    ]


def shared_divisors(equations: Equations) -> set[sp.Expr]:
    """Return the reciprocals that stand in more than one place.

    Linear in the size of the equations.
    """
    found: dict[sp.Expr, int] = {}
    for expression in _expressions(equations):
        for power in expression.atoms(sp.Pow):
            if is_divisor(power):
                found[power] = found.get(power, 0) + 1
    return {power for power, places in found.items() if places > 1}


def compared(equations: Equations) -> set[sp.Symbol]:
    """Return the variables that reach an argument of a jumping function without a state between.

    Linear in the size of the equations.
    """
    found: set[sp.Symbol] = set()
    for expression in _expressions(equations):
        for jump in expression.atoms(*COMPARING):
            for symbol in symbols_in(jump):
                if symbol not in found:
                    found |= reaches(equations, symbol)
    return found


def is_divisor(e: sp.Expr) -> bool:
    """Whether a factor is something to divide by."""
    return isinstance(e, sp.Pow) and bool(e.args[1].is_number) and bool(e.args[1].is_negative)


def inverse(e: sp.Expr) -> sp.Expr:
    """Return what a divisor divides by."""
    base, exponent = e.args
    return base if exponent == -1 else sp.Pow(base, -exponent, evaluate=False)
