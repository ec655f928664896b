"""Start values of a model that uses ACTIVE INITIAL, without it.

Stage 2 of 5, the other way.  In: a ``Model``.  Out: expressions in which each start value is
written out from what is in force at the start, and the function itself is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.model import AnyVariable, Auxiliary, Model, Stock

if TYPE_CHECKING:
    from loopscope.models.writing.adapting import Adapting


def without_active_initial(out: Adapting) -> Model:
    """Return the model without ACTIVE INITIAL; the same where it has none."""
    model = out.model
    equations = [one.equation for one in model if isinstance(one, Auxiliary)]
    starts = [e for one in model.stocks for e in (one.rate, one.initial)]
    if not any(e.has(remembering.ActiveInitial) for e in (*equations, *starts)):
        return model
    changing = _Starting(model, out)
    return replace(model, variables={one.name: changing.variable(one) for one in model})


@dataclass(slots=True)
class _Starting:
    model: Model
    out: Adapting
    _known: dict[sp.Expr, sp.Expr] = field(default_factory=dict)

    def variable(self, variable: AnyVariable) -> AnyVariable:
        self.out.owner = variable.name
        if isinstance(variable, Stock):
            initial = self.at_start(variable.initial)
            if initial != variable.initial:
                self.out.note(f"'{variable.name}': its start value is written out")
            return replace(variable, rate=self.running(variable.rate), initial=initial)
        if isinstance(variable, Auxiliary):
            return replace(variable, equation=self.running(variable.equation))
        return variable

    def at_start(self, e: sp.Expr) -> sp.Expr:
        """Return the value of an expression at the start."""
        known = self._known.get(e)
        if known is None:
            self._known[e] = e  # start values in a circle are refused when the model is run
            known = self._known[e] = self._at_start(e)
        return known

    def _at_start(self, e: sp.Expr) -> sp.Expr:
        if isinstance(e, sp.Symbol):
            variable = self.model.variables.get(e.name)
            if not isinstance(variable, Auxiliary):
                return e
            value = self.at_start(variable.equation)
            return e if value == variable.equation else value
        if isinstance(e, remembering.ActiveInitial):
            return self.at_start(e.args[1])
        if not e.args:
            return e
        parts = [self.at_start(part) for part in e.args]
        if parts == list(e.args):
            return e
        if isinstance(e, remembering.Initial):
            return parts[0]
        if isinstance(e, remembering.Integral):
            return parts[1]
        if isinstance(e, remembering.SampleIfTrue):
            return sd.IfThenElse(*parts)
        if isinstance(e, remembering.Remembering):
            if isinstance(e, remembering.Trend | remembering.Forecast):
                self.out.refuse("TREND or FORECAST of what ACTIVE INITIAL starts")
            return parts[2]
        rebuilt: sp.Expr = e.func(*parts)
        return rebuilt

    def running(self, e: sp.Expr) -> sp.Expr:
        """Return an expression while running, its start values written out."""
        if not e.args:
            return e
        if isinstance(e, remembering.ActiveInitial):
            return self.running(e.args[0])
        parts = [self.running(part) for part in e.args]
        starts = [self.at_start(part) for part in e.args]
        if isinstance(e, remembering.Delay | remembering.DelayN | remembering.Smooth):
            if starts[1] != e.args[1] and not isinstance(e, remembering.Smooth):
                self.out.refuse("a delay time that ACTIVE INITIAL starts")
            parts[2:] = starts[2:]
        elif isinstance(e, remembering.DelayFixed):
            parts[1:] = starts[1:]
        elif isinstance(e, remembering.SampleIfTrue):
            parts[2] = starts[2]
        elif isinstance(e, remembering.Initial):
            parts = starts
        elif isinstance(e, remembering.Integral):
            parts[1] = starts[1]
        elif isinstance(e, remembering.Trend | remembering.Forecast) and starts != list(e.args):
            self.out.refuse("TREND or FORECAST of what ACTIVE INITIAL starts")
        return e if parts == list(e.args) else e.func(*parts)
