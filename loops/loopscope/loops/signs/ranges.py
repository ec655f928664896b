"""Ranges of everything in a model: declared, given by the user, kept by the equations, computed.

Stage 2 of 4.  In: a model, its equations and ranges that the user adds.  Out: ``Ranges``, which
gives the range of any symbol and says in words what it rests on.

* A range declared in the model holds for its parameter, stock or auxiliary.
* A constant without one keeps the sign of its value; a value of 0 says nothing.
* A stock that starts at 0 or above and does not fall where it is 0 stays there (Nagumo's condition,
  for all such stocks together); one that relaxes to a target stays between its start and the
  target's range.  That holds for the equations in continuous time.
* Auxiliaries follow through their equations.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.signs import intervals as iv
from loopscope.loops.signs.bounds import Bounds
from loopscope.loops.signs.curves import trend
from loopscope.loops.signs.grounds import Reasons
from loopscope.loops.signs.intervals import ANYTHING, Range
from loopscope.models.derivatives import partial
from loopscope.models.errors import LoopError
from loopscope.models.model import TIME, Lookup, Parameter, symbol_of

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from loopscope.loops.signs.bounds import Ranged
    from loopscope.models.equations import Equations, State
    from loopscope.models.model import Model

ELAPSED = sp.Symbol("time since the start", real=True, nonnegative=True)
"""Stands for Time - INITIAL TIME, which is never negative."""

KEPT = "kept by the equations"
ROUNDS = 3
"""How often ranges of stocks are made narrower from each other."""

NEGLIGIBLE = 1e-9
"""A low end that is positive but below this is said as 0."""

OPENED = 120
"""Largest equation, in operations, that is bounded with its auxiliaries replaced."""


class Ranges:
    """Range of every symbol of a model, computed when first asked for.

    Attributes
    ----------
    reasons
        What the ends of ranges rest on.
    bounds
        Bounds of expressions over these ranges.
    """

    def __init__(
        self,
        model: Model,
        equations: Equations,
        given: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        self.model = model
        self.equations = equations
        self.reasons = Reasons()
        self._given = dict(given or {})
        self._kept: dict[sp.Symbol, Range] = {}
        self._found: dict[sp.Symbol, Range] = {}
        self._pending: set[sp.Symbol] = set()
        start = symbol_of(equations.clock.initial_time)
        known = start in equations.parameters or start in equations.fixed
        self._now = start + ELAPSED if known else TIME
        self._slopes = self._trends()
        self.bounds = self._fresh(self)
        self._keep()

    def get(self, symbol: sp.Symbol, default: Range = ANYTHING, /) -> Range:
        """Return the range of a symbol; of one that is not in the equations, the default."""
        found = self._found.get(symbol)
        if found is None:
            if symbol in self._pending:
                return ANYTHING
            self._pending.add(symbol)
            found = self._computed(symbol, default)
            self._pending.discard(symbol)
            self._found[symbol] = found
        return found

    def ready(self, e: sp.Expr) -> sp.Expr:
        """Return an expression with the time counted from the start."""
        return e.xreplace({TIME: self._now}) if e.has(TIME) else e

    def inlined(self, e: sp.Expr, which: set[sp.Symbol]) -> sp.Expr:
        """Return an expression with some auxiliaries replaced by their equations, once."""
        auxiliaries = self.equations.auxiliaries
        return e.xreplace({s: self.ready(auxiliaries[s]) for s in which if s in auxiliaries})

    def opened(self, e: sp.Expr, among: Container[sp.Symbol] | None = None) -> sp.Expr:
        """Return an expression with those auxiliaries replaced that hide what it has in common.

        Those whose equations name another symbol of the expression; where there are none, those
        whose equations name the same variable; where there are none, all.  ``among``: the only ones
        that may be replaced.
        """
        inside = e.free_symbols
        free = sorted((s for s in inside if among is None or s in among), key=str)
        direct = {s for s in free if not inside.isdisjoint(self._instant(s))}
        if direct:
            return self.inlined(e, direct)
        met: dict[sp.Symbol, list[sp.Symbol]] = {}
        for s in free:
            for under in self._instant(s) - self.equations.parameters.keys():
                met.setdefault(under, []).append(s)
        shared = {s for owners in met.values() if len(owners) > 1 for s in owners}
        return self.inlined(e, shared or set(free))

    def check(self) -> None:
        """Refuse ranges given by the user that contradict what the equations say.

        Raises
        ------
        LoopError
            A given range and a computed one have no value in common.
        """
        for name, (low, high) in self._given.items():
            expression = self.equations.auxiliaries.get(symbol_of(name))
            if expression is not None:
                found = self.bounds.of(self.ready(expression))
                if found.low > high or found.high < low:
                    msg = (
                        f"{self.model.name}: '{name}' was assumed to lie in "
                        f"[{low:g}, {high:g}], but its equation gives "
                        f"[{found.low:g}, {found.high:g}]; widen the range in assume="
                    )
                    raise LoopError(msg)

    def _computed(self, symbol: sp.Symbol, default: Range) -> Range:
        equations, name = self.equations, str(symbol.name)
        if symbol == ELAPSED:
            return Range(0.0, math.inf)
        if symbol in equations.parameters:
            return self._parameter(name, equations.parameters[symbol])
        if symbol in equations.states:
            if name in self._given:
                return self.declared(name)  # a run may start where the caller says
            return self._kept.get(symbol, ANYTHING).within(self.declared(name))
        if symbol in equations.auxiliaries:
            return self.auxiliary(symbol, self.bounds)
        if symbol in equations.fixed:
            return self.bounds.of(self.ready(equations.fixed[symbol]))
        if symbol in equations.memories:
            memory = equations.memories[symbol]
            return self._either(memory.update, memory.initial).within(self.declared(name))
        if symbol in equations.pipelines:
            pipeline = equations.pipelines[symbol]
            return self._either(pipeline.input, pipeline.initial).within(self.declared(name))
        return default

    def auxiliary(self, symbol: sp.Symbol, bounds: Bounds) -> Range:
        """Return the range of an auxiliary where the given bounds hold."""
        equation = self.ready(self.equations.auxiliaries[symbol])
        found = bounds.of(equation)
        if symbol in self.equations.at_start:
            found = found.joined(bounds.of(self.ready(self.equations.at_start[symbol])))
        elif found.sign == "?" or found.high == math.inf:
            opened = self.opened(equation)
            if opened != equation and sp.count_ops(opened) <= OPENED:
                found = found.within(bounds.of(opened))
        return found.within(self.declared(str(symbol.name)))

    def _either(self, a: sp.Expr, b: sp.Expr) -> Range:
        return self.bounds.of(self.ready(a)).joined(self.bounds.of(self.ready(b)))

    def declared(self, name: str) -> Range:
        """Return the range that the model declares, or that the user gave instead."""
        limits = self._given.get(name)
        source = "given"
        if limits is None:
            variable = self.model.variables.get(name)
            if variable is None or isinstance(variable, Lookup):
                return ANYTHING
            low, high = variable.limits
            limits = -math.inf if low is None else low, math.inf if high is None else high
            source = "declared"
            if isinstance(variable, Parameter) and not limits[0] <= variable.value <= limits[1]:
                limits = min(limits[0], variable.value), max(limits[1], variable.value)
                source = "declared, widened to hold its value"
        return self._range(name, *limits, source)

    def _range(self, name: str, low: float, high: float, source: str, under: int = 0) -> Range:
        below = self.reasons.bit(name, ">=", _text(low), source, under) if low > -math.inf else 0
        above = self.reasons.bit(name, "<=", _text(high), source, under) if high < math.inf else 0
        return Range(low, high, below, above)

    def _parameter(self, name: str, value: float) -> Range:
        declared = self.declared(name)
        if declared[:2] != ANYTHING[:2]:
            return declared
        source = f"its value, {_text(value)}"
        if value > 0.0:
            return Range(0.0, math.inf, self.reasons.bit(name, ">", "0", source), 0)
        if value < 0.0:
            return Range(-math.inf, 0.0, 0, self.reasons.bit(name, "<", "0", source))
        return ANYTHING

    def _trends(self) -> dict[str, Range]:
        """Return slope ranges of lookups that rise or fall but for noise."""
        found = {}
        for name, table in self.equations.lookups.items():
            sign, reversal = trend(table)
            if sign in "+-" and reversal > 0.0:
                source = f"reversals of {100 * reversal:.2g} % of its height taken as noise"
                way = "rises" if sign == "+" else "falls"
                bit = self.reasons.bit(f"table of '{self._shown(name)}'", way, "", source)
                found[name] = (
                    Range(0.0, math.inf, bit, 0) if sign == "+" else Range(-math.inf, 0.0, 0, bit)
                )
        return found

    def _shown(self, name: str) -> str:
        return self.equations.hidden.get(name, name)

    def _fresh(self, ranges: Ranged) -> Bounds:
        return Bounds(ranges, self.equations.lookups, self._slopes)

    def _forget(self) -> None:
        self._found.clear()
        self.bounds = self._fresh(self)

    def _keep(self) -> None:
        """Find the ranges that the equations of stocks keep by themselves, all together.

        Every stock that starts at 0 or above is tried with the low end 0; those that would fall
        there are taken out and the rest tried again, so what remains rests on itself alone.
        """
        states = self.equations.states
        self._keep_between()
        starts = {s: self.bounds.of(self.ready(one.initial)) for s, one in states.items()}
        settled = dict(self._kept)
        waiting = [
            s for s in states
            if self._kept.get(s, ANYTHING).low < 0.0 and starts[s].low >= 0.0
            and str(s.name) not in self._given
        ]  # fmt: skip
        while waiting:
            for s in waiting:
                trial = self._range(str(s.name), 0.0, math.inf, KEPT, starts[s].below)
                self._kept[s] = trial.within(settled.get(s, ANYTHING))
            self._forget()
            self._keep_between()
            there = {s: self.where(s, iv.ZERO).of(self.ready(states[s].rate)) for s in waiting}
            failed = [s for s in waiting if there[s].low < 0.0 and not states[s].non_negative]
            if not failed:
                for s in waiting:
                    self._range(str(s.name), 0.0, math.inf, KEPT, there[s].below)
                return
            waiting = [s for s in waiting if s not in failed]
            self._kept = dict(settled)
            self._forget()

    def _keep_between(self) -> None:
        """Keep what relaxes to a target between its start and the target's range."""
        for _ in range(ROUNDS):
            more = False
            for s, state in self.equations.states.items():
                now = self._kept.get(s, ANYTHING)
                if now.low == -math.inf or now.high == math.inf:
                    found = now.within(self._relaxing(s, state))
                    if found[:2] != now[:2]:
                        self._kept[s] = found
                        more = True
            if not more:
                return
            self._forget()

    def _relaxing(self, s: sp.Symbol, state: State) -> Range:
        """Return the range of a stock whose rate is speed * (target - stock), else anything."""
        rate = self.ready(state.rate)
        direct = {a for a in rate.free_symbols if s in self._instant(a)}
        rate = self.inlined(rate, direct)
        speed = -partial(rate, s)
        speeds = self.bounds.of(speed)
        if speed.has(s) or speed == 0 or speeds.sign != "+":
            return ANYTHING
        target = self.bounds.of(rate.xreplace({s: sp.Integer(0)}) / speed)
        ends = target.joined(self.bounds.of(self.ready(state.initial)))
        if 0.0 < ends.low < NEGLIGIBLE:
            ends = ends._replace(low=0.0)
        low = self._range(str(s.name), ends.low, math.inf, KEPT, ends.below | speeds.below)
        high = self._range(str(s.name), -math.inf, ends.high, KEPT, ends.above | speeds.below)
        return low.within(high)

    def _instant(self, symbol: sp.Symbol) -> set[sp.Symbol]:
        equation = self.equations.auxiliaries.get(symbol)
        return set() if equation is None else set(equation.free_symbols)

    def where(self, symbol: sp.Symbol, held: Range) -> Bounds:
        """Return bounds where one stock lies in a range of its own."""
        return self._fresh(_Where(self, symbol, held))


class _Where:
    """Ranges with one stock held: what depends on it at the same instant is computed anew."""

    def __init__(self, outer: Ranges, symbol: sp.Symbol, held: Range) -> None:
        self._outer = outer
        self._found = {symbol: held}
        self._touched = {symbol}
        for one, equation in outer.equations.auxiliaries.items():
            if not self._touched.isdisjoint(equation.free_symbols):
                self._touched.add(one)
        self._bounds = Bounds(self, outer.equations.lookups, outer.bounds.slopes)

    def get(self, symbol: sp.Symbol, default: Range = ANYTHING, /) -> Range:
        if symbol not in self._touched:
            return self._outer.get(symbol, default)
        found = self._found.get(symbol)
        if found is None:
            found = self._found[symbol] = self._outer.auxiliary(symbol, self._bounds)
        return found


def _text(value: float) -> str:
    return f"{value:.12g}"
