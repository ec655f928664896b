"""Bounds of expressions over ranges of their symbols: interval arithmetic that remembers reasons.

Stage 2 of 4.  In: expressions, and a range for each symbol.  Out: for each expression a range that
holds every value it can take.  Nothing here knows where ranges come from: that is ``ranges``.

A *range* is closed, may be unbounded, and holds wherever a value and its parts are finite: 1/x over
[0, 2] is [1/2, inf].  Ends are rounded outwards, except where the sum or product is exact, so that
1 - x over [0, 1] keeps its 0.  Each end carries the *reasons* it rests on, as bits of an integer.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

INFINITY = math.inf


class Range(NamedTuple):
    """Where a value lies, and what each end rests on.

    Attributes
    ----------
    low, high
        Ends, low <= high; infinite where open.
    below, above
        Reasons for the low and for the high end, one bit each; 0 where it always holds.
    """

    low: float
    high: float
    below: int = 0
    above: int = 0

    @property
    def sign(self) -> str:
        """Weak sign: "+", "-", "0" where it is 0 only, "?" where it may be either."""
        if self.low >= 0.0:
            return "0" if self.high <= 0.0 else "+"
        return "-" if self.high <= 0.0 else "?"

    @property
    def reasons(self) -> int:
        """Reasons for the sign; those of both ends where it is 0 or not known."""
        return {"+": self.below, "-": self.above}.get(self.sign, self.below | self.above)

    def within(self, other: Range) -> Range:
        """Return the part that both ranges have; the tighter end with its reasons.

        Ranges of one value that miss each other by rounding give the nearest point.
        """
        low, below = (self.low, self.below) if self.low >= other.low else (other.low, other.below)
        high, above = (
            (self.high, self.above) if self.high <= other.high else (other.high, other.above)
        )
        return Range(min(low, high), high, below, above)

    def joined(self, other: Range) -> Range:
        """Return the smallest range that holds both."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return _made(low, high, self.below | other.below, self.above | other.above)


ANYTHING = Range(-INFINITY, INFINITY)
TRUTH = Range(0.0, 1.0)
ZERO = Range(0.0, 0.0)
ONE = Range(1.0, 1.0)


def point(value: float) -> Range:
    """Return the range of a known number."""
    return Range(value, value)


def add(a: Range, b: Range) -> Range:
    """Return the range of a sum."""
    return _made(
        _lower_sum(a.low, b.low),
        -_lower_sum(-a.high, -b.high),
        a.below | b.below,
        a.above | b.above,
    )


def negative(a: Range) -> Range:
    """Return the range of the negative."""
    return Range(-a.high, -a.low, a.above, a.below)


def multiply(a: Range, b: Range) -> Range:
    """Return the range of a product; 0 times what is not bounded is 0."""
    for one in (a, b):
        if one.low == one.high == 0.0:
            reasons = one.below | one.above
            return Range(0.0, 0.0, reasons, reasons)
    if a.low >= 0.0:
        if b.low >= 0.0:
            # a b <= a max(b) <= max(a) max(b) wants one of them not negative, not both.
            above = a.above | b.above | min(a.below, b.below, key=int.bit_count)
            return _made(_lower(a.low, b.low), _upper(a.high, b.high), a.below | b.below, above)
        if b.high <= 0.0:
            return negative(multiply(a, negative(b)))
        both = a.below | a.above
        return _made(_lower(a.high, b.low), _upper(a.high, b.high), both | b.below, both | b.above)
    if a.high <= 0.0:
        return negative(multiply(negative(a), b))
    if b.sign != "?":
        return multiply(b, a)
    every = a.below | a.above | b.below | b.above
    low = min(_lower(a.low, b.high), _lower(a.high, b.low))
    high = max(_upper(a.low, b.low), _upper(a.high, b.high))
    return _made(low, high, every, every)


def inverse(a: Range) -> Range:
    """Return the range of 1 / a where a is not 0."""
    if a.low < 0.0 < a.high or a.low == a.high == 0.0:
        return ANYTHING
    if a.high <= 0.0:
        return negative(inverse(negative(a)))
    low = 0.0 if a.high == INFINITY else _after(1.0 / a.high, a.high, up=False)
    high = INFINITY if a.low == 0.0 else _after(1.0 / a.low, a.low, up=True)
    return _made(low, high, a.below | (a.above if low > 0.0 else 0), a.below)


def power(base: Range, exponent: Range) -> Range:
    """Return the range of a power where it is real."""
    if exponent.low == exponent.high and exponent.low.is_integer():
        return _whole_power(base, exponent)
    if base.low < 0.0:
        if exponent.low != exponent.high:
            # A whole exponent may be among them: the size is bounded, the sign is not.
            size = power(magnitude(base), exponent)
            return size.joined(negative(size))
        base = Range(0.0, max(base.high, 0.0), 0, base.above)
    corners = [_power(b, e) for b in (base.low, base.high) for e in (exponent.low, exponent.high)]
    above = base.below | base.above | exponent.below | exponent.above
    low = max(0.0, _outward(min(corners), up=False))
    return _made(low, _outward(max(corners), up=True), above if low > 0.0 else 0, above)


def _whole_power(base: Range, exponent: Range) -> Range:
    count = int(exponent.low)
    reasons = exponent.below | exponent.above
    if count == 0:
        return Range(1.0, 1.0, reasons, reasons)
    if count < 0:
        if count == -1:
            return inverse(base)
        return inverse(_whole_power(base, point(-count)))
    if count == 1:
        return base
    if count % 2 == 0:
        size = magnitude(base)
        return reduce(multiply, [size] * count) if count <= 4 else _rising(size, count)
    return _rising(base, count)


def _rising(a: Range, count: int) -> Range:
    low, high = (_power(end, float(count)) for end in (a.low, a.high))
    return _made(_outward(low, up=False), _outward(high, up=True), a.below, a.above)


def magnitude(a: Range) -> Range:
    """Return the range of the absolute value."""
    if a.low >= 0.0:
        return a
    if a.high <= 0.0:
        return negative(a)
    return _made(0.0, max(-a.low, a.high), 0, a.below | a.above)


def smaller(a: Range, b: Range) -> Range:
    """Return the range of the smaller of two values."""
    return negative(larger(negative(a), negative(b)))


def larger(a: Range, b: Range) -> Range:
    """Return the range of the larger of two values."""
    low, below = (a.low, a.below) if a.low >= b.low else (b.low, b.below)
    return _made(low, max(a.high, b.high), below, a.above | b.above)


def less(a: Range, b: Range, *, equal: bool = False) -> Range:
    """Return the range of a < b, or of a <= b: 1 for true, 0 for false."""
    if a.high < b.low or (equal and a.high <= b.low):
        return Range(1.0, 1.0, a.above | b.below, a.above | b.below)
    if a.low > b.high or (not equal and a.low >= b.high):
        return Range(0.0, 0.0, a.below | b.above, a.below | b.above)
    return TRUTH


def truth(a: Range) -> Range:
    """Return the range of a condition as a number, 1 where it differs from 0."""
    if a.low > 0.0 or a.high < 0.0:
        reasons = a.below if a.low > 0.0 else a.above
        return Range(1.0, 1.0, reasons, reasons)
    if a.low == a.high:
        return Range(0.0, 0.0, a.below | a.above, a.below | a.above)
    return TRUTH


def rising(function: Callable[[float], float], a: Range, least: float, most: float) -> Range:
    """Return the range of a function that does not fall, whose values lie in [least, most]."""
    low = max(least, _end(function, a.low, least, up=False))
    high = min(most, _end(function, a.high, most, up=True))
    return Range(min(low, high), high, a.below if low > least else 0, a.above if high < most else 0)


def _end(function: Callable[[float], float], x: float, otherwise: float, *, up: bool) -> float:
    try:
        value = function(x)
    except (OverflowError, ValueError):
        return otherwise
    if x == 0.0 and value in (0.0, 1.0):
        return value
    return _outward(value, up=up)


def resting(a: Range, reasons: int) -> Range:
    """Return a range whose ends rest on more reasons."""
    return _made(a.low, a.high, a.below | reasons, a.above | reasons)


def _made(low: float, high: float, below: int, above: int) -> Range:
    """Return a range; what is open rests on nothing."""
    return Range(low, high, 0 if low == -INFINITY else below, 0 if high == INFINITY else above)


def _lower_sum(a: float, b: float) -> float:
    if a == -INFINITY or b == -INFINITY:
        return -INFINITY
    total = a + b
    if math.isinf(total):
        return total if math.isinf(a) or math.isinf(b) else math.nextafter(total, 0.0)
    part = total - a
    error = (a - (total - part)) + (b - part)  # exact: Knuth's two-sum
    return total if error >= 0.0 else math.nextafter(total, -INFINITY)


def _lower(a: float, b: float) -> float:
    return _product(a, b, up=False)


def _upper(a: float, b: float) -> float:
    return _product(a, b, up=True)


def _product(a: float, b: float, *, up: bool) -> float:
    if a == 0.0 or b == 0.0:
        return 0.0
    value = a * b
    if math.isinf(a) or math.isinf(b):
        return value
    if abs(a) == 1.0 or abs(b) == 1.0:
        return value
    if a.is_integer() and b.is_integer() and abs(value) < 2.0**53:
        return value
    if value == 0.0:
        positive = (a > 0.0) == (b > 0.0)
        if up:
            return math.nextafter(0.0, 1.0) if positive else 0.0
        return 0.0 if positive else math.nextafter(0.0, -1.0)
    return math.nextafter(value, INFINITY if up else -INFINITY)


def _after(quotient: float, divisor: float, *, up: bool) -> float:
    """Return the end of a reciprocal, rounded outwards unless it is a power of two."""
    if math.isinf(divisor) or abs(math.frexp(divisor)[0]) == 0.5:
        return quotient
    return math.nextafter(quotient, INFINITY if up else -INFINITY)


def _outward(value: float, *, up: bool) -> float:
    """Return an end of a library function, which may be wrong in its last two places."""
    if math.isinf(value):
        return value
    if value == 0.0 and not up:
        return value
    end = INFINITY if up else -INFINITY
    return math.nextafter(math.nextafter(value, end), end)


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return INFINITY if base > 0.0 or exponent % 2 == 0 else -INFINITY
    except ValueError:
        return INFINITY  # 0 to a negative power
