"""The range of each function a model may use, from the ranges of its arguments.

Stage 2 of 4.  In: ``Bounds`` and the arguments of a call.  Out: the range of the call.  What is not
here (tan, NormalQuantile ...) may be anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

import sympy as sp

from loopscope.loops.signs import intervals as iv
from loopscope.loops.signs.curves import slopes_over, values_over
from loopscope.loops.signs.intervals import ONE, TRUTH, ZERO, Range
from loopscope.models import functions as sd

if TYPE_CHECKING:
    from loopscope.loops.signs.bounds import Bounds

Rule = Callable[..., Range]


def exponential(bounds: Bounds, x: sp.Expr) -> Range:
    """Return the range of e ** x."""
    found = iv.rising(math.exp, bounds.of(x), 0.0, math.inf)
    return found if found.low > 0.0 else Range(0.0, found.high, 0, found.above)


def _rises(
    function: Callable[[float], float], least: float = -math.inf, most: float = math.inf
) -> Rule:
    return lambda bounds, x: iv.rising(function, bounds.of(x), least, most)


def _less(bounds: Bounds, a: sp.Expr, b: sp.Expr) -> Range:
    return iv.less(bounds.of(a), bounds.of(b))


def _less_equal(bounds: Bounds, a: sp.Expr, b: sp.Expr) -> Range:
    return iv.less(bounds.of(a), bounds.of(b), equal=True)


def _equal(bounds: Bounds, a: sp.Expr, b: sp.Expr) -> Range:
    one, other = bounds.of(a), bounds.of(b)
    for low, high in ((one, other), (other, one)):
        apart = iv.less(low, high)
        if apart.low == 1.0:
            return Range(0.0, 0.0, apart.below, apart.below)
    if one.low == one.high == other.low == other.high:
        reasons = one.below | one.above | other.below | other.above
        return Range(1.0, 1.0, reasons, reasons)
    return TRUTH


def _both(bounds: Bounds, a: sp.Expr, b: sp.Expr) -> Range:
    return iv.smaller(iv.truth(bounds.of(a)), iv.truth(bounds.of(b)))


def _either(bounds: Bounds, a: sp.Expr, b: sp.Expr) -> Range:
    return iv.larger(iv.truth(bounds.of(a)), iv.truth(bounds.of(b)))


def _not(bounds: Bounds, a: sp.Expr) -> Range:
    return iv.add(ONE, iv.negative(iv.truth(bounds.of(a))))


def _abs(bounds: Bounds, a: sp.Expr) -> Range:
    return iv.magnitude(bounds.of(a))


def _sign(bounds: Bounds, a: sp.Expr) -> Range:
    inner = bounds.of(a)
    return (
        iv.rising(lambda x: (x > 0) - (x < 0), inner, -1.0, 1.0)
        if inner.sign != "?"
        else (Range(-1.0, 1.0))
    )


def _whole_part(bounds: Bounds, a: sp.Expr) -> Range:
    inner = bounds.of(a)
    low, high = (end if math.isinf(end) else float(math.trunc(end)) for end in inner[:2])
    return Range(low, high, inner.below, inner.above)


def _towards_zero(bounds: Bounds, a: sp.Expr, step: sp.Expr) -> Range:
    """QUANTUM and MODULO: between 0 and a, whatever the step."""
    return bounds.of(a).joined(ZERO)


def _safe_divide(bounds: Bounds, a: sp.Expr, b: sp.Expr, x: sp.Expr) -> Range:
    below = bounds.of(b)
    parts, reasons = [], 0
    if below.high >= sd.SMALL:
        parts.append(_quotient(bounds, a, b, below.within(Range(sd.SMALL, math.inf))))
    else:
        reasons |= below.above
    if below.low <= -sd.SMALL:
        parts.append(_quotient(bounds, a, b, below.within(Range(-math.inf, -sd.SMALL))))
    else:
        reasons |= below.below
    if below.low < sd.SMALL and below.high > -sd.SMALL:
        parts.append(bounds.of(x))
    found = reduce(Range.joined, parts)
    return iv.resting(found, reasons)


def _quotient(bounds: Bounds, a: sp.Expr, b: sp.Expr, below: Range) -> Range:
    return iv.multiply(bounds.of(a), iv.inverse(below)).within(bounds.of(a / b))


def _step(bounds: Bounds, height: sp.Expr, *_: sp.Expr) -> Range:
    return bounds.of(height).joined(ZERO)


def _ramp(bounds: Bounds, slope: sp.Expr, start: sp.Expr, finish: sp.Expr, time: sp.Expr) -> Range:
    length = bounds.of(sd.Minimum(time, finish) - start)
    # From the start on: the time is past it but for SMALL, and so is the finish where it is.
    after = iv.add(bounds.of(finish), iv.negative(bounds.of(start)))
    least = min(-sd.SMALL, after.low)
    reached = length.within(Range(least, math.inf, after.below, 0))
    return iv.multiply(bounds.of(slope), reached).joined(ZERO)


def _normal(bounds: Bounds, x: sp.Expr) -> Range:
    return iv.rising(lambda z: math.erfc(-z / math.sqrt(2.0)) / 2.0, bounds.of(x), 0.0, 1.0)


def _table(bounds: Bounds, name: sp.Symbol, x: sp.Expr) -> Range:
    return values_over(bounds.lookups[str(name)], bounds.of(x))


def _table_slope(bounds: Bounds, name: sp.Symbol, x: sp.Expr) -> Range:
    found = slopes_over(bounds.lookups[str(name)], bounds.of(x))
    better = bounds.slopes.get(str(name))
    return found if better is None or found.sign != "?" else found.within(better)


RULES: dict[Any, Rule] = {
    sp.exp: exponential,
    sp.log: _rises(lambda x: math.log(x) if x > 0.0 else -math.inf),
    sp.Abs: _abs,
    sp.sign: _sign,
    sp.sin: lambda bounds, x: Range(-1.0, 1.0),
    sp.cos: lambda bounds, x: Range(-1.0, 1.0),
    sp.sinh: _rises(math.sinh),
    sp.cosh: lambda bounds, x: iv.rising(math.cosh, iv.magnitude(bounds.of(x)), 1.0, math.inf),
    sp.tanh: _rises(math.tanh, -1.0, 1.0),
    sp.asin: _rises(math.asin, -math.pi / 2, math.pi / 2),
    sp.acos: lambda bounds, x: iv.negative(
        iv.rising(lambda z: -math.acos(z), bounds.of(x), -math.pi, 0.0)
    ),
    sp.atan: _rises(math.atan, -math.pi / 2, math.pi / 2),
    sp.re: lambda bounds, x: bounds.of(x),
    sp.im: lambda bounds, x: ZERO,
    sd.Minimum: lambda bounds, a, b: iv.smaller(bounds.of(a), bounds.of(b)),
    sd.Maximum: lambda bounds, a, b: iv.larger(bounds.of(a), bounds.of(b)),
    sd.Less: _less,
    sd.LessEqual: _less_equal,
    sd.Equal: _equal,
    sd.And: _both,
    sd.Or: _either,
    sd.Not: _not,
    sd.IfThenElse: lambda bounds, condition, a, b: bounds.choice(condition, a, b),
    sd.IntegerPart: _whole_part,
    sd.Quantum: _towards_zero,
    sd.Modulo: _towards_zero,
    sd.SafeDivide: _safe_divide,
    sd.Step: _step,
    sd.Ramp: _ramp,
    sd.Pulse: lambda bounds, *_: TRUTH,
    sd.PulseTrain: lambda bounds, *_: TRUTH,
    sd.Table: _table,
    sd.TableSlope: _table_slope,
    sd.RandomUniform: lambda bounds, draw: TRUTH,
    sd.NormalCdf: _normal,
}
"""Rule by function."""
