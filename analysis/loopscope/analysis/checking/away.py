"""Proofs that an expression is not 0.

In: ``Assumed`` ranges, and conditions under which an expression is computed.  Out: whether it is
proved to be above 0, or other than 0.  Numbers of a run play no part.

Bounds are closed: they tell x >= 0 from x < 0, not x > 0 from x = 0.  Rules for strict signs:

* a stock that starts above 0, whose net rate is not negative where it is 0, and has no jump and no
  infinite slope in the stock itself, stays above 0 for any finite time: with x' >= -L x it is at
  least x(0) exp(-L t);
* sums of what is not negative are above 0 where one term is; products, powers, EXP, MIN, MAX and
  both branches of an IF follow from their parts;
* a condition that holds, a < b, says that b - a is above 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.analysis.checking.everything import touched_by
from loopscope.loops.signs.intervals import ZERO
from loopscope.models import functions as sd

if TYPE_CHECKING:
    from loopscope.analysis.checking.assumed import Assumed
    from loopscope.loops.signs.bounds import Bounds
    from loopscope.loops.signs.intervals import Range

Conditions = tuple[tuple[sp.Expr, bool], ...]

_SMOOTH = (
    sp.Add, sp.Mul, sp.exp, sp.sin, sp.cos, sp.tanh, sp.atan, sp.Abs, sd.Minimum, sd.Maximum,
    sd.NormalCdf,
)  # fmt: skip
"""Functions whose slope is finite wherever their arguments are."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions say: expressions above 0, and others than 0."""

    above: frozenset[sp.Expr] = frozenset()
    other: frozenset[sp.Expr] = frozenset()


class Away:
    """Proves that expressions stay away from 0."""

    def __init__(self, ranges: Assumed) -> None:
        self.ranges = ranges
        self.equations = ranges.equations
        self._strict: dict[sp.Symbol, bool] = {}
        self._proved: dict[tuple[sp.Expr, Conditions], bool] = {}
        self._pending: set[sp.Symbol] = set()
        self._bounds: dict[Conditions, Bounds] = {(): ranges.bounds}
        self._facts: dict[Conditions, Facts] = {(): Facts()}

    def not_zero(self, e: sp.Expr, under: Conditions = ()) -> bool:
        """Return whether an expression is proved to be other than 0."""
        e = self.ranges.ready(e)
        facts = self._known(under)
        if e in facts.other or -e in facts.other:
            return True
        if isinstance(e, sp.Mul):
            return all(self.not_zero(factor, under) for factor in e.args)
        if isinstance(e, sp.Pow) and e.exp.is_number:
            return self.not_zero(e.base, under)
        if isinstance(e, sp.Abs):
            return self.not_zero(e.args[0], under)
        return self.above_zero(e, under) or self.above_zero(-e, under)

    def above_zero(self, e: sp.Expr, under: Conditions = ()) -> bool:
        """Return whether an expression is proved to be above 0."""
        e = self.ranges.ready(e)
        place = e, under
        if place not in self._proved:
            self._proved[place] = False  # what a proof that needs itself would find
            self._proved[place] = self._above_zero(e, under)
        return self._proved[place]

    def _above_zero(self, e: sp.Expr, under: Conditions) -> bool:
        if self._above(e, under):
            return True
        for fact in self._known(under).above:
            if fact == e or self._bounded(e - fact, under).low >= 0.0:
                return True
        if self._bounded(e, under).low < 0.0:
            return False
        opened = self.ranges.opened(e)
        return opened != e and sp.count_ops(opened) <= 120 and self._above(opened, under)

    def not_negative(self, e: sp.Expr, under: Conditions = ()) -> bool:
        """Return whether an expression is proved not to be below 0."""
        return self._bounded(self.ranges.ready(e), under).low >= 0.0

    def open_part(self, e: sp.Expr, under: Conditions = ()) -> sp.Expr:
        """Return the part of an expression for which the proof fails, itself if no smaller one."""
        parts = e.args if isinstance(e, sp.Mul) else e.args[:1] if isinstance(e, sp.Pow) else ()
        for part in parts:
            if not part.is_number and not self.not_zero(part, under):
                return self.open_part(part, under)
        return e

    def _bounded(self, e: sp.Expr, under: Conditions) -> Range:
        return self._bounds_under(under).of(e)

    def _bounds_under(self, under: Conditions) -> Bounds:
        if under not in self._bounds:
            condition, holds = under[-1]
            outer = self._bounds_under(under[:-1])
            self._bounds[under] = outer.given(self.ranges.ready(condition), holds=holds)
        return self._bounds[under]

    def _known(self, under: Conditions) -> Facts:
        if under not in self._facts:
            outer = self._known(under[:-1])
            above, other = set(outer.above), set(outer.other)
            _facts_of(self.ranges.ready(under[-1][0]), under[-1][1], above, other)
            self._facts[under] = Facts(frozenset(above), frozenset(other))
        return self._facts[under]

    def _above(self, e: sp.Expr, under: Conditions) -> bool:
        if e.is_number:
            return bool(e.is_positive)
        if self._bounded(e, under).low > 0.0:
            return True
        if isinstance(e, sp.Symbol):
            return self._symbol(e)
        if isinstance(e, sp.Add):
            return self._sum(e, under)
        if isinstance(e, sp.Mul):
            return self._product(e, under)
        if isinstance(e, sp.exp):
            return True
        if isinstance(e, sp.Pow):
            return self.above_zero(e.base, under) or (
                e.exp.is_Integer and int(e.exp) % 2 == 0 and self.not_zero(e.base, under)
            )
        if isinstance(e, sd.Maximum):
            return any(self.above_zero(one, under) for one in e.args)
        if isinstance(e, sd.Minimum):
            return all(self.above_zero(one, under) for one in e.args)
        if isinstance(e, sp.Abs):
            return self.not_zero(e.args[0], under)
        if isinstance(e, sd.IfThenElse):
            condition, a, b = e.args
            yes, no = (*under, (condition, True)), (*under, (condition, False))
            return self.above_zero(a, yes) and self.above_zero(b, no)
        return False

    def _sum(self, e: sp.Add, under: Conditions) -> bool:
        if not all(self.not_negative(term, under) for term in e.args):
            return False
        return any(self.above_zero(term, under) for term in e.args)

    def _product(self, e: sp.Mul, under: Conditions) -> bool:
        below = 0
        for factor in e.args:
            if self.above_zero(factor, under):
                continue
            if not self._below(factor, under):
                return False
            below += 1
        return below % 2 == 0

    def _below(self, e: sp.Expr, under: Conditions) -> bool:
        """Return whether a factor is proved to be below 0."""
        if e.is_number:
            return bool(e.is_negative)
        if self._bounded(e, under).high < 0.0:
            return True
        return isinstance(e, sp.Add) and self.above_zero(-e, under)

    def _symbol(self, s: sp.Symbol) -> bool:
        """Return whether a symbol is proved above 0; one whose proof needs itself is not."""
        if s not in self._strict:
            if s in self._pending:
                return False
            self._pending.add(s)
            self._strict[s] = self._symbol_above(s)
            self._pending.discard(s)
        return self._strict[s]

    def _symbol_above(self, s: sp.Symbol) -> bool:
        equations = self.equations
        if s in equations.states:
            state = equations.states[s]
            return self.above_zero(state.initial) and self._stays(s, state.rate) and self._gently(s)
        if s in equations.auxiliaries:
            first = equations.at_start.get(s)
            return self.above_zero(equations.auxiliaries[s]) and (
                first is None or self.above_zero(first)
            )
        if s in equations.fixed:
            return self.above_zero(equations.fixed[s])
        if s in equations.memories:
            memory = equations.memories[s]
            return self.above_zero(memory.update) and self.above_zero(memory.initial)
        if s in equations.pipelines:
            pipeline = equations.pipelines[s]
            return self.above_zero(pipeline.input) and self.above_zero(pipeline.initial)
        return False

    def _stays(self, s: sp.Symbol, rate: sp.Expr) -> bool:
        """Return whether the net rate of a stock is not negative where the stock is 0."""
        return self.ranges.where(s, ZERO).of(self.ranges.ready(rate)).low >= 0.0

    def _gently(self, s: sp.Symbol) -> bool:
        """Return whether the net rate of a stock has a finite slope in it, wherever it is."""
        met = {s, *touched_by(self.equations, {s})}
        known: dict[sp.Expr, bool] = {s: True}

        def smooth(e: sp.Expr) -> bool:
            if e not in known:
                known[e] = free(e) or within(e)
            return known[e]

        def free(e: sp.Expr) -> bool:
            return met.isdisjoint(e.free_symbols)

        def within(e: sp.Expr) -> bool:
            if isinstance(e, sp.Symbol):
                return smooth(self.equations.auxiliaries[e])
            if isinstance(e, _SMOOTH):
                return all(smooth(part) for part in e.args)
            if isinstance(e, sp.Pow):
                whole = e.exp.is_Integer and int(e.exp) > 0
                return all(smooth(part) for part in e.args) and (
                    whole
                    or (self.above_zero(e.base) if not e.exp.is_Integer else self.not_zero(e.base))
                )
            if isinstance(e, sd.Table):
                table = self.equations.lookups[str(e.args[0])]
                jumps = len(set(table.x)) < len(table.x)
                steps = jumps or table.interpolation == "hold_backward"
                return not steps and smooth(e.args[1])
            if isinstance(e, sd.IfThenElse):
                return free(e.args[0]) and all(smooth(branch) for branch in e.args[1:])
            if isinstance(e, sd.SafeDivide | sd.Step | sd.Ramp):
                return smooth(e.args[0]) and all(free(part) for part in e.args[1:])
            if isinstance(e, sp.log):
                return self.above_zero(e.args[0]) and smooth(e.args[0])
            return False

        return smooth(self.equations.states[s].rate)


def _facts_of(condition: sp.Expr, holds: bool, above: set[sp.Expr], other: set[sp.Expr]) -> None:
    """Note what is above 0, or other than 0, where a condition holds or does not."""
    if isinstance(condition, sd.Not):
        _facts_of(condition.args[0], not holds, above, other)
    elif isinstance(condition, sd.And if holds else sd.Or):
        for part in condition.args:
            _facts_of(part, holds, above, other)
    elif isinstance(condition, sd.Less) and holds:
        above.add(condition.args[1] - condition.args[0])
    elif isinstance(condition, sd.LessEqual) and not holds:
        above.add(condition.args[0] - condition.args[1])
    elif isinstance(condition, sd.Equal):
        if not holds:
            other.add(condition.args[0] - condition.args[1])
    elif holds and not isinstance(condition, sd.SDFunction):
        other.add(condition)
