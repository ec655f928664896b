"""Formulas of what metrics carry from step to step.

Stage 5 of 5, before a run.  In: ``Reducing``.  Out: ``Reductions`` over the model's own symbols and
the arguments that ``Reducing`` gives values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models.engine.metrics import BEFORE, RIPPLE, SHARE, named
from loopscope.models.engine.request import Reduction, Reductions
from loopscope.models.model import TIME, symbol_of

if TYPE_CHECKING:
    from loopscope.models.engine.metrics import Metric, Reducing

ZERO, ONE, MINUS = sp.Integer(0), sp.Integer(1), sp.Integer(-1)


def reductions(asked: Reducing) -> Reductions:
    """Return the formulas of some metrics; linear in their number."""
    writer = _Writer(asked)
    for number in range(len(asked.metrics)):
        writer.write(number)
    return Reductions(carried=writer.carried, helpers=writer.helpers)


class _Writer:
    """Formulas under construction; what metrics share is written once."""

    def __init__(self, asked: Reducing) -> None:
        self.asked = asked
        self.carried: dict[sp.Symbol, Reduction] = {}
        self.helpers: dict[sp.Symbol, sp.Expr] = {}

    def write(self, number: int) -> None:
        metric = self.asked.metrics[number]
        window, x = self.asked.window(metric), symbol_of(metric.of)
        match metric.kind:
            case "min" | "time of min":
                self._extreme(metric.of, window, "lowest")
            case "max" | "time of max":
                self._extreme(metric.of, window, "highest")
            case "mean" | "total":
                weight = symbol_of(f"{'part' if metric.kind == 'mean' else 'width'} {window}")
                total = symbol_of(named(metric.kind, metric.of, window))
                self.carried[total] = Reduction(update=total + weight * x, initial=0.0)
            case "period" | "amplitude":
                self._turns(metric.of, window)
            case "final":
                (name,) = self.asked.carried(number)
                if name != metric.of:
                    last = symbol_of(name)
                    self._carry(last, self._within(window), x, math.nan)
            case _:
                self._crossing(number, metric, window)

    def _within(self, window: int, also: sp.Expr | None = None) -> sp.Expr:
        """Return whether a step is in a window, and something else holds."""
        if self.asked.windows[window] == (None, None):
            return ONE if also is None else also
        inside = symbol_of(f"inside {window}")
        return inside if also is None else sd.And(inside, also)

    def _carry(self, symbol: sp.Symbol, where: sp.Expr, value: sp.Expr, initial: float) -> None:
        """Carry a number that takes a value where something holds, else stays as it was."""
        update = sd.IfThenElse(where, value, symbol)
        self.carried[symbol] = Reduction(update=update, initial=initial)

    def _help(self, name: str, value: sp.Expr) -> sp.Symbol:
        symbol = symbol_of(name)
        self.helpers[symbol] = value
        return symbol

    def _extreme(self, of: str, window: int, role: str) -> sp.Expr:
        """Carry the lowest or highest value and its time; return what it is now."""
        x, extreme = symbol_of(of), symbol_of(named(role, of, window))
        time = symbol_of(named(f"time of {role}", of, window))
        if extreme not in self.carried:
            low = role == "lowest"
            further = sd.Less(x, extreme) if low else sd.Less(extreme, x)
            beyond = self._help(named(f"further {role}", of, window), self._within(window, further))
            self._carry(extreme, beyond, x, math.inf if low else -math.inf)
            self._carry(time, beyond, TIME, math.nan)
        return self.carried[extreme].update

    def _crossing(self, number: int, metric: Metric, window: int) -> None:
        x, level = symbol_of(metric.of), symbol_of(f"level {number}")
        before = symbol_of(named("value before", metric.of, window))
        self.carried[before] = Reduction(update=x, initial=math.nan)
        up = sd.And(sd.Less(before, level), sd.LessEqual(level, x))
        down = sd.And(sd.Less(level, before), sd.LessEqual(x, level))
        comes = {"up": up, "down": down, "either": sd.Or(up, down)}[metric.direction]
        if self.asked.windows[window] != (None, None):
            comes = sd.And(symbol_of(f"joined {window}"), comes)
        came = symbol_of(self.asked.carried(number)[0])
        if metric.kind == "count":
            self.carried[came] = Reduction(update=came + comes, initial=0.0)
            return
        start = symbol_of(BEFORE)
        moment = start + (level - before) / (x - before) * (TIME - start)
        if metric.kind == "last crossing":
            self._carry(came, comes, moment, math.nan)
        else:
            self._carry(came, sd.And(comes, sd.Less(TIME, came)), moment, math.inf)

    def _turns(self, of: str, window: int) -> None:
        """Carry the turns of a variable.

        It is followed upwards or, times -1, downwards: ``sense`` says which, 0 until it has moved.
        ``best`` is the extreme since the last turn, times the sense.
        """
        if symbol_of(named("turns", of, window)) in self.carried:
            return
        x = symbol_of(of)

        def own(role: str) -> sp.Symbol:
            return symbol_of(named(role, of, window))

        def help_(role: str, value: sp.Expr) -> sp.Symbol:
            return self._help(named(role, of, window), value)

        highest = self._extreme(of, window, "highest")
        lowest = self._extreme(of, window, "lowest")
        sense, best, when = own("sense"), own("best"), own("time of best")
        size = sd.Maximum(sp.Abs(highest), sp.Abs(lowest))
        least = help_(
            "least way back",
            sd.Maximum(sp.Float(SHARE) * (highest - lowest), sp.Float(RIPPLE) * size),
        )
        followed = help_("followed", sd.Not(sd.Equal(sense, ZERO)))
        far = help_("way", sense * x)
        back = sd.And(followed, sd.Less(far, best - least))
        turned = help_("turned", self._within(window, back))
        first = sd.IfThenElse(
            sd.Less(lowest + least, x), ONE, sd.IfThenElse(sd.Less(x, highest - least), MINUS, ZERO)
        )
        begun = self._within(window, sd.Not(followed))
        now = help_(
            "sense now",
            sd.IfThenElse(begun, first, sd.IfThenElse(turned, -sense, sense)),
        )
        further = self._within(window, sd.And(followed, sd.Less(best, far)))
        moved = help_("moved", sd.Or(sd.Or(turned, further), sd.Not(sd.Equal(now, sense))))
        turns, last, value = own("turns"), own("last turn"), own("value at last turn")
        extreme = help_("extreme", sense * best)
        self._carry(sense, ONE, now, 0.0)
        self._carry(best, moved, now * x, 0.0)
        self._carry(when, moved, TIME, math.nan)
        self.carried[turns] = Reduction(update=turns + turned, initial=0.0)
        for role, count in (("first turn", ZERO), ("second turn", ONE)):
            self._carry(own(role), sd.And(turned, sd.Equal(turns, count)), when, math.nan)
        swings = own("swings")
        again = sd.And(turned, sd.Less(ZERO, turns))
        self._carry(swings, again, swings + sp.Abs(extreme - value), 0.0)
        self._carry(last, turned, when, math.nan)
        self._carry(value, turned, extreme, math.nan)
