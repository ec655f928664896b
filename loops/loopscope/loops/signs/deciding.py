"""The sign of one expression: bounds first, then a normal form, factor by factor.

Stage 2 of 4.  In: an expression and ``Ranges``.  Out: a ``Decision``: its sign with the reasons, or
the factors that leave it open.

Order of attempts, cheapest first: interval bounds; fractions joined and each factor by itself;
auxiliaries replaced by their equations, which shows what cancels; the polynomial factored; the box
of ranges divided.  A sign that random states refute is not tried for.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.signs.bounds import Bounds
from loopscope.loops.signs.intervals import Range
from loopscope.models import functions as sd

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.loops.signs.ranges import Ranges
    from loopscope.loops.signs.samples import Samples

LARGEST = 120
"""Largest expression, in operations, that is joined, replaced in or factored."""

FACTORED = 40
"""Largest expression, in operations, that is factored as a polynomial."""

UNKNOWNS = 8
"""Most symbols of one that is."""

OPENINGS = 3
"""How many times auxiliaries are replaced by their equations."""

CASES = 3
"""Most conditions of one factor that are told apart."""

BOXES = 128
"""Most boxes the ranges are divided into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is known of the sign of an expression.

    Attributes
    ----------
    sign
        "+" or "-", weak; "0"; "?" where factors are left open.
    reasons
        What the sign rests on; of the decided factors where it is open.
    open
        Factors that may have either sign; the expression has the sign of their product times
        ``rest``.
    rest
        Sign of the decided factors: "+" or "-".
    """

    sign: str
    reasons: int = 0
    open: tuple[sp.Expr, ...] = field(default=())
    rest: str = "+"

    @property
    def half(self) -> Range:
        """What the sign says of the range."""
        up, down = self.sign in "+0", self.sign in "-0"
        return Range(
            0.0 if up else -math.inf,
            0.0 if down else math.inf,
            self.reasons if up else 0,
            self.reasons if down else 0,
        )


class Signs:
    """Decides signs of expressions over the ranges of one model.

    Parameters
    ----------
    draw
        Gives random states within the ranges, which may refute a sign.
    seconds
        Work on one expression stops after this long, between two attempts.
    """

    def __init__(self, ranges: Ranges, draw: Callable[[], Samples], seconds: float) -> None:
        self.ranges = ranges
        self.seconds = seconds
        self._draw = draw

    @cached_property
    def samples(self) -> Samples:
        """Random states within the ranges, drawn when first asked for."""
        return self._draw()

    def decide(self, e: sp.Expr) -> Decision:
        """Return what is known of the sign of an expression."""
        ready = self.ranges.ready(e)
        found = self.ranges.bounds.of(ready)
        if found.sign != "?":
            return Decision(sign=found.sign, reasons=found.reasons)
        deadline = time.thread_time() + self.seconds
        bounds = _where_acting(ready, self.ranges.bounds)
        return self._factors(_joined(ready), bounds, deadline)

    def quick(self, e: sp.Expr) -> Decision:
        """Return what bounds alone say of the sign of an expression, cases told apart."""
        ready = self.ranges.ready(e)
        bounds = _where_acting(ready, self.ranges.bounds)
        found = bounds.of(ready)
        if found.sign == "?" and sp.count_ops(ready) <= FACTORED:
            signs = [bounds.of(part) for part in sp.Mul.make_args(_joined(ready))]
            if all(one.sign != "?" for one in signs):
                return _product_of(signs)
        return Decision(sign=found.sign, reasons=found.reasons)

    def _factors(self, e: sp.Expr, bounds: Bounds, deadline: float) -> Decision:
        """Decide factor by factor; work on those that stay open."""
        rest, reasons = "+", 0
        left: dict[sp.Expr, int] = {}
        for factor in sp.Mul.make_args(e):
            base, exponent = factor.as_base_exp()
            odd = bool(exponent.is_Integer and int(exponent) % 2)
            found = bounds.of(base) if odd else bounds.of(factor)
            if found.sign == "0":
                return Decision(sign="0", reasons=found.reasons)
            if found.sign == "?":
                key = base if odd else factor
                left[key] = left.get(key, 0) + 1
                continue
            reasons |= found.reasons
            rest = _times(rest, found.sign)
        opened: list[sp.Expr] = []
        for factor, count in left.items():
            if count % 2 == 0:
                continue
            one = self._decided(factor, bounds, deadline)
            if one.sign == "0":
                return one
            reasons |= one.reasons
            if one.sign != "?":
                rest = _times(rest, one.sign)
            else:
                rest = _times(rest, one.rest)
                opened.extend(one.open)
        odd_ones = tuple(one for one, count in Counter(opened).items() if count % 2)
        if odd_ones:
            return Decision(sign="?", reasons=reasons, open=odd_ones, rest=rest)
        return Decision(sign=rest, reasons=reasons)

    def _decided(self, factor: sp.Expr, bounds: Bounds, deadline: float) -> Decision:
        """Work on one factor that its bounds leave open."""
        left = Decision(sign="?", open=(factor,))
        if self.samples.signs(factor) == "+-" and not bounds.known:
            return self._divided(factor, bounds, deadline, left)
        found = self._by_cases(factor, bounds, deadline) or self._opened(factor, bounds, deadline)
        if found.sign != "?":
            return found
        if time.thread_time() < deadline:
            return self._divided(factor, bounds, deadline, left)
        return left

    def _opened(self, e: sp.Expr, bounds: Bounds, deadline: float) -> Decision:
        """Return the sign that shows once auxiliaries are replaced by their equations."""
        for _ in range(OPENINGS):
            opened = self.ranges.opened(e)
            if opened == e or sp.count_ops(opened) > LARGEST or time.thread_time() > deadline:
                break
            e = opened
            joined = _joined(e)
            for form in (e, joined):
                found = bounds.of(form)
                if found.sign != "?":
                    return Decision(sign=found.sign, reasons=found.reasons)
            if isinstance(joined, sp.Mul):
                signs = [bounds.of(part) for part in joined.args]
                if all(one.sign != "?" for one in signs):
                    return _product_of(signs)
        return Decision(sign="?")

    def _by_cases(self, factor: sp.Expr, bounds: Bounds, deadline: float) -> Decision | None:
        """Return the sign that a factor has whether or not each of its conditions holds."""
        tests = sorted(factor.atoms(sd.LessEqual, sd.Less), key=str)
        if not 0 < len(tests) <= CASES:
            return None
        sign, reasons = "0", 0
        for truths in product((True, False), repeat=len(tests)):
            case, where = factor, bounds
            for test, holds in zip(tests, truths, strict=True):
                where = where.given(test, holds=holds)
                low, high = test.args if holds else reversed(test.args)
                case = case.xreplace(
                    {
                        test: sp.Integer(holds),
                        **{sd.Maximum(*pair): high for pair in ((low, high), (high, low))},
                        **{sd.Minimum(*pair): low for pair in ((low, high), (high, low))},
                    }
                )
            plain = where.of(case)
            found = Decision(sign=plain.sign, reasons=plain.reasons)
            if found.sign == "?":
                found = self._opened(case, where, deadline)
            if found.sign == "?" or (found.sign != "0" and sign not in ("0", found.sign)):
                return None
            sign = found.sign if found.sign != "0" else sign
            reasons |= found.reasons
        return Decision(sign=sign, reasons=reasons)

    def _divided(
        self, factor: sp.Expr, bounds: Bounds, deadline: float, left: Decision
    ) -> Decision:
        """Factor the polynomial, then divide the box of ranges."""
        small = sp.count_ops(factor) <= FACTORED and len(factor.free_symbols) <= UNKNOWNS
        if small and not factor.has(sp.Float):
            parts = sp.factor(factor)
            if isinstance(parts, sp.Mul) and sum(not p.is_number for p in parts.args) > 1:
                return self._factors(parts, bounds, deadline)
        if self.samples.signs(factor) == "+-":
            return left
        return _subdivided(factor, bounds, deadline) or left


def _product_of(signs: list[Range]) -> Decision:
    sign, reasons = "+", 0
    for one in signs:
        if one.sign == "0":
            return Decision(sign="0", reasons=one.reasons)
        sign = _times(sign, one.sign)
        reasons |= one.reasons
    return Decision(sign=sign, reasons=reasons)


def _times(a: str, b: str) -> str:
    return "+" if a == b else "-"


def _joined(e: sp.Expr) -> sp.Expr:
    """Return an expression over one denominator, common factors taken out."""
    if isinstance(e, sp.Add) or e.has(sp.Add):
        return sp.factor_terms(sp.together(e)) if sp.count_ops(e) <= LARGEST else e
    return e


def _where_acting(e: sp.Expr, bounds: Bounds) -> Bounds:
    """Return bounds where the conditions that multiply an expression hold: elsewhere it is 0."""
    for factor in sp.Mul.make_args(e):
        if isinstance(factor, sd.Less | sd.LessEqual | sd.Not | sd.And):
            bounds = bounds.given(factor)
    return bounds


def _subdivided(e: sp.Expr, bounds: Bounds, deadline: float) -> Decision | None:
    """Return the sign of an expression that it has in every part of a divided box."""
    symbols = []
    for symbol in e.free_symbols:
        at = bounds.of(symbol)
        if at.high - at.low < float("inf") and at.low < at.high:
            symbols.append(symbol)
    if not symbols or len(symbols) > 4:
        return None
    whole = {s: bounds.of(s) for s in symbols}
    reasons = 0
    for one in whole.values():
        reasons |= one.below | one.above
    waiting, sign, boxes = [whole], "", 0
    while waiting:
        box = waiting.pop()
        boxes += 1
        if boxes > BOXES or time.thread_time() > deadline:
            return None
        found = Bounds(_Box(box, bounds), bounds.lookups, bounds.slopes, bounds.known).of(e)
        if found.sign == "?" or sign not in ("", found.sign, "0"):
            if found.sign not in "?0":
                return None
            waiting += _halves(box, whole)
            continue
        reasons |= found.reasons
        sign = found.sign if found.sign != "0" else sign
    return Decision(sign=sign or "0", reasons=reasons)


class _Box:
    """Ranges with some symbols held in a part of theirs."""

    def __init__(self, box: dict[sp.Symbol, Range], outer: Bounds) -> None:
        self._box = box
        self._outer = outer

    def get(self, symbol: sp.Symbol, default: Range, /) -> Range:
        found = self._box.get(symbol)
        return self._outer.of(symbol) if found is None else found


def _halves(
    box: dict[sp.Symbol, Range], whole: dict[sp.Symbol, Range]
) -> list[dict[sp.Symbol, Range]]:
    """Return the two halves of a box, cut across its longest side."""

    def length(symbol: sp.Symbol) -> float:
        return (box[symbol].high - box[symbol].low) / (whole[symbol].high - whole[symbol].low)

    longest = max(box, key=lambda symbol: (length(symbol), str(symbol)))
    one = box[longest]
    middle = (one.low + one.high) / 2
    return [
        {**box, longest: one._replace(high=middle)},
        {**box, longest: one._replace(low=middle)},
    ]
