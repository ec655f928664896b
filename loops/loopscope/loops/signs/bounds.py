"""Bounds of sympy expressions: what interval arithmetic makes of every function a model may use.

Stage 2 of 4.  In: a range for each symbol, and lookups.  Out: ``Bounds``, which gives the range of
any expression over them.

Plain interval arithmetic forgets that one symbol stands in two places.  Three rules repair what
system dynamics equations need: a sum over a MIN or MAX is taken into it; a quotient whose terms
recur in its denominator is a weighted mean, x / (x + y) in [0, 1]; a branch of an IF is bounded
under its condition.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import sympy as sp

from loopscope.loops.signs import intervals as iv
from loopscope.loops.signs.intervals import ANYTHING, ONE, Range
from loopscope.loops.signs.rules import RULES, exponential
from loopscope.loops.signs.sharper import sharper
from loopscope.models import functions as sd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.models.model import Lookup


REWRITES = 6
"""How deep sums inside rewritten sums are rewritten in turn."""


class Ranged(Protocol):
    """Whatever gives the range of a symbol: a mapping, or ``Ranges``."""

    def get(self, symbol: sp.Symbol, default: Range, /) -> Range:
        """Return the range of a symbol."""


class Bounds:
    """Ranges of expressions, each sub-expression bounded once.

    Parameters
    ----------
    ranges
        Range by symbol; a symbol without one may be anything.
    lookups
        As in ``Equations``.
    slopes
        Range of the slope of a lookup by name, where something better is known than its points say.
    known
        Ranges of whole expressions that hold besides.
    """

    def __init__(
        self,
        ranges: Ranged,
        lookups: Mapping[str, Lookup] | None = None,
        slopes: Mapping[str, Range] | None = None,
        known: Mapping[sp.Expr, Range] | None = None,
    ) -> None:
        self.ranges = ranges
        self.lookups = lookups or {}
        self.slopes = slopes or {}
        self.known = dict(known or {})
        self._found: dict[sp.Expr, Range] = {}
        self._rewritten = 0

    def of(self, e: sp.Expr) -> Range:
        """Return a range that holds every finite value of an expression.

        Examples
        --------
        >>> x, y = sp.symbols("x y", real=True)
        >>> Bounds({x: Range(0, 4), y: Range(1, 2)}).of(x / (x + y))[:2]
        (0.0, 1.0)
        """
        found = self._found.get(e)
        if found is None:
            found = self._computed(e)
            besides = self.known.get(e)
            if besides is not None:
                found = found.within(besides)
            self._found[e] = found
        return found

    def given(self, condition: sp.Expr, *, holds: bool = True) -> Bounds:
        """Return bounds where a condition holds, or where it does not."""
        known = dict(self.known)
        for one, other in _ordered(condition, holds=holds):
            low, high = self.of(one), self.of(other)
            known[one] = _known(known, one, Range(-math.inf, high.high, 0, high.above))
            known[other] = _known(known, other, Range(low.low, math.inf, low.below, 0))
            gap = other - one
            if not gap.is_number:
                known[gap] = _known(known, gap, Range(0.0, math.inf))
                known[-gap] = _known(known, -gap, Range(-math.inf, 0.0))
        return Bounds(self.ranges, self.lookups, self.slopes, known)

    def _computed(self, e: sp.Expr) -> Range:
        if isinstance(e, sp.Symbol):
            return self.ranges.get(e, ANYTHING)
        if not e.args:
            return _literal(e)
        if isinstance(e, sp.Add):
            return self._sum(e)
        if isinstance(e, sp.Mul):
            return self._product(e)
        if isinstance(e, sp.Pow):
            return self._power(e)
        rule = RULES.get(e.func)
        return ANYTHING if rule is None else rule(self, *e.args)

    def _sum(self, e: sp.Add) -> Range:
        total = iv.ZERO
        for term in e.args:
            total = iv.add(total, self.of(term))
        if self._rewritten == REWRITES:
            return total
        self._rewritten += 1
        try:
            return sharper(self, e, total)
        finally:
            self._rewritten -= 1

    def _product(self, e: sp.Mul) -> Range:
        total = ONE
        for factor in e.args:
            total = iv.multiply(total, self.of(factor))
        for factor in e.args:
            if isinstance(factor, sp.Pow) and factor.exp == -1:
                total = total.within(self._mean(e / factor, factor.base))
        return total

    def _mean(self, top: sp.Expr, bottom: sp.Expr) -> Range:
        """Return the range of a quotient as a mean of ratios, weighted by the bottom's terms.

        With bottom = sum of d_j, all d_j >= 0, and top = sum of r_j * d_j, the quotient lies
        between the least and the largest r_j (the mediant inequality).
        """
        if top.could_extract_minus_sign():
            return iv.negative(self._mean(-top, bottom))
        if isinstance(bottom, sd.Maximum):
            reasons = self.of(top)
            if reasons.sign in "+0":
                # top / MAX(a, b) is at most top / a wherever a > 0, and the larger is.
                bounds = [self._mean(top, one) for one in bottom.args if self.of(one).low >= 0.0]
                for found in bounds:
                    if found.high < math.inf:
                        return Range(
                            0.0, max(found.high, 0.0), reasons.below, found.above | reasons.below
                        )
            return ANYTHING
        if not isinstance(bottom, sp.Add):
            return ANYTHING
        weights = bottom.args
        parts = [self.of(weight) for weight in weights]
        if all(part.high <= 0.0 for part in parts):
            return self._mean(-top, -bottom) if bottom.args != (-bottom).args else ANYTHING
        if any(part.low < 0.0 for part in parts):
            return ANYTHING
        reasons_all = 0
        for part in parts:
            reasons_all |= part.below
        ratios: list[sp.Expr] = [sp.Integer(0)] * len(weights)
        for term in _terms(top):
            index = _sharing(term, weights)
            if index is None:
                return ANYTHING
            ratios[index] += term / weights[index]
        found = self.of(ratios[0])
        for ratio in ratios[1:]:
            found = found.joined(self.of(ratio))
        return iv.resting(found, reasons_all)

    def _power(self, e: sp.Pow) -> Range:
        if e.base is sp.E:
            return exponential(self, e.exp)
        return iv.power(self.of(e.base), self.of(e.exp))

    def choice(self, condition: sp.Expr, a: sp.Expr, b: sp.Expr) -> Range:
        """Return the range of a where the condition holds, else of b."""
        test = iv.truth(self.of(condition))
        if test.low == test.high:
            chosen = self.of(a if test.low else b)
            return iv.resting(chosen, test.below)
        found = self.of(a).joined(self.of(b))
        if found.sign != "?":
            return found
        return self.given(condition).of(a).joined(self.given(condition, holds=False).of(b))


def _known(known: Mapping[sp.Expr, Range], e: sp.Expr, more: Range) -> Range:
    return known[e].within(more) if e in known else more


def _terms(e: sp.Expr) -> list[sp.Expr]:
    """Return the terms of a product, one sum in it multiplied out."""
    factors = list(sp.Mul.make_args(e))
    for number, factor in enumerate(factors):
        if isinstance(factor, sp.Add):
            rest = sp.Mul(*(f for n, f in enumerate(factors) if n != number))
            return [rest * term for term in factor.args]
    return [e]


def _sharing(term: sp.Expr, weights: tuple[sp.Expr, ...]) -> int | None:
    """Return which weight divides a term best: without one of its symbols left below."""
    best: tuple[int, int] | None = None
    for number, weight in enumerate(weights):
        if weight.is_number:
            continue
        ratio = term / weight
        if sp.denom(ratio).free_symbols & weight.free_symbols:
            continue
        size = len(ratio.free_symbols)
        if best is None or size < best[0]:
            best = (size, number)
    return None if best is None else best[1]


def _ordered(condition: sp.Expr, *, holds: bool) -> list[tuple[sp.Expr, sp.Expr]]:
    """Return pairs (a, b) with a <= b that a condition implies."""
    if isinstance(condition, sd.Not):
        return _ordered(condition.args[0], holds=not holds)
    if isinstance(condition, sd.Less | sd.LessEqual):
        a, b = condition.args
        return [(a, b)] if holds else [(b, a)]
    if isinstance(condition, sd.Equal) and holds:
        a, b = condition.args
        return [(a, b), (b, a)]
    if isinstance(condition, sd.And if holds else sd.Or):
        return [pair for part in condition.args for pair in _ordered(part, holds=holds)]
    return []


def _literal(e: sp.Expr) -> Range:
    if e in (sp.oo, sp.S.NegativeInfinity):
        return iv.point(float(e))
    try:
        value = float(e)
    except TypeError:
        return ANYTHING
    if math.isnan(value):
        return ANYTHING
    if isinstance(e, sp.Integer | sp.Float) or sp.Rational(value) == e:
        return iv.point(value)
    return Range(math.nextafter(value, -math.inf), math.nextafter(value, math.inf))
