"""What the proofs of the checks rest on.

In: a ``Model``.  Out: ``Assumed``: ranges of every symbol that rest on the declared ranges of
constants, on stocks that are taken not to be negative, and on the equations, and on nothing else.
A constant without a range is taken as it is.  Ranges that are declared for computed variables say
what an author hopes for; a check may not rest on them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.signs.ranges import Ranges
from loopscope.models.model import Lookup, Parameter, Stock

if TYPE_CHECKING:
    from collections.abc import Collection

    from loopscope.loops.signs.bounds import Bounds
    from loopscope.loops.signs.intervals import Range
    from loopscope.models.equations import Equations
    from loopscope.models.model import AnyVariable, Model

EXPANDED = 60
"""Largest equation, in operations, that is multiplied out where its sign is not known."""


class Assumed(Ranges):
    """Ranges under the assumptions of the checks.

    Parameters
    ----------
    stocks
        Names of stocks taken not to be negative.
    """

    def __init__(self, model: Model, equations: Equations, stocks: Collection[str]) -> None:
        def reduced(variable: AnyVariable) -> AnyVariable:
            if isinstance(variable, Stock):
                return replace(variable, limits=(0.0 if variable.name in stocks else None, None))
            if not isinstance(variable, Parameter | Lookup):
                return replace(variable, limits=(None, None))
            if isinstance(variable, Parameter) and variable.limits == (None, None):
                return replace(variable, limits=(variable.value, variable.value))
            return variable

        variables = {name: reduced(variable) for name, variable in model.variables.items()}
        super().__init__(replace(model, variables=variables), equations)

    def auxiliary(self, symbol: sp.Symbol, bounds: Bounds) -> Range:
        """Return the range of an auxiliary; a mean, a + g (b - a), is multiplied out as well."""
        found = super().auxiliary(symbol, bounds)
        if found.sign == "?":
            equation = self.ready(self.equations.auxiliaries[symbol])
            if equation.has(sp.Add) and sp.count_ops(equation) <= EXPANDED:
                found = found.within(bounds.of(sp.expand_mul(equation)))
        return found
