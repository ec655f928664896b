"""Sharper bounds of sums, where plain interval arithmetic forgets what terms have in common.

Stage 2 of 4.  In: ``Bounds``, a sum and its plain range.  Out: a range that is no wider.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.signs import intervals as iv
from loopscope.loops.signs.intervals import ZERO, Range
from loopscope.models import functions as sd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopscope.loops.signs.bounds import Bounds

SPLITS = 3
"""How many MIN and MAX of one sum are taken apart; each doubles the work."""


def sharper(bounds: Bounds, e: sp.Add, plain: Range) -> Range:
    """Return the range of a sum, given what interval arithmetic makes of its terms.

    Tried in turn, the last three while the sign is open: (1 - f) a + f b is a mean of a and b; a
    MIN or MAX is taken to the outside; what several terms share is taken out; a root outweighs
    what its square holds.
    """
    if all(arg.is_Symbol or arg.is_number for arg in e.args):
        return plain
    found = plain
    for blended in _blends(bounds, e):
        found = found.within(blended)
    if found.sign == "?":
        found = found.within(_split(bounds, e, SPLITS))
    if found.sign == "?":
        found = found.within(_collected(bounds, e))
    if found.sign == "?":
        found = found.within(_outweighed(bounds, e))
    return found


def _plain(bounds: Bounds, terms: tuple[sp.Expr, ...]) -> Range:
    total = ZERO
    for term in terms:
        total = iv.add(total, bounds.of(term))
    return total


def _blends(bounds: Bounds, e: sp.Add) -> Iterator[Range]:
    """Give the range of a sum with (1 - f) a + f b, f in [0, 1], as one term between a and b."""
    for number, term in enumerate(e.args):
        for factor in sp.Mul.make_args(term):
            if not (isinstance(factor, sp.Add) and factor.args[0] == 1):
                continue
            part = 1 - factor
            held = bounds.of(part)
            if held.low < 0.0 or held.high > 1.0:
                continue
            for place, other in enumerate(e.args):
                if place != number and set(sp.Mul.make_args(part)) <= set(sp.Mul.make_args(other)):
                    mean = bounds.of(term / factor).joined(bounds.of(other / part))
                    mean = iv.resting(mean, held.below | held.above)
                    rest = tuple(t for n, t in enumerate(e.args) if n not in (number, place))
                    yield iv.add(mean, _plain(bounds, rest))


def _split(bounds: Bounds, e: sp.Expr, most: int) -> Range:
    """Return the range of a sum with its first MIN or MAX taken to the outside."""
    terms = sp.Add.make_args(e)
    for number, term in enumerate(terms):
        for factor in sp.Mul.make_args(term):
            if most and isinstance(factor, sd.Minimum | sd.Maximum):
                by = term / factor
                sign = bounds.of(by)
                if sign.sign == "?":
                    continue
                rest = sp.Add(*(t for n, t in enumerate(terms) if n != number))
                a, b = (_split(bounds, rest + by * one, most - 1) for one in factor.args)
                lowest = isinstance(factor, sd.Minimum) == (sign.sign != "-")
                found = iv.smaller(a, b) if lowest else iv.larger(a, b)
                return iv.resting(found, sign.reasons)
    total = _plain(bounds, terms)
    return total if total.sign != "?" else total.within(_collected(bounds, e))


def _collected(bounds: Bounds, e: sp.Expr) -> Range:
    """Return the range of a sum in which what several terms share stands once."""
    terms = sp.Add.make_args(e)
    found = iv.ANYTHING
    shares: dict[sp.Expr, list[int]] = {}
    for number, term in enumerate(terms):
        for factor in sp.Mul.make_args(term):
            if not factor.is_number:
                shares.setdefault(_base(factor), []).append(number)
    tried: set[tuple[int, ...]] = set()
    for share, numbers in shares.items():
        places = tuple(numbers)
        if len(places) < 2 or places in tried:
            continue
        tried.add(places)
        common, inner = _taken_out(tuple(terms[n] for n in places), share)
        rest = tuple(t for n, t in enumerate(terms) if n not in places)
        one = iv.add(iv.multiply(bounds.of(common), bounds.of(inner)), _plain(bounds, rest))
        found = found.within(one)
        if found.sign != "?":
            break
    return found


def _taken_out(terms: tuple[sp.Expr, ...], share: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return what all terms have as a factor, and the sum of what is left of them."""
    factors = [list(sp.Mul.make_args(term)) for term in terms]
    common = [one for one in factors[0] if not one.is_number and all(one in f for f in factors)]
    apart = all(_base(one) != share for one in common)
    left = []
    for row in factors:
        rest = [one for one in row if one not in common]
        if apart:
            number = next(n for n, one in enumerate(rest) if _base(one) == share)
            rest[number] /= share
        left.append(sp.Mul(*rest))
    return sp.Mul(*common, *((share,) if apart else ())), sp.Add(*left)


def _base(factor: sp.Expr) -> sp.Expr:
    """Return what a factor is a whole power of."""
    if isinstance(factor, sp.Pow) and factor.exp.is_Integer and factor.exp.is_positive:
        return factor.base
    return factor


def _outweighed(bounds: Bounds, e: sp.Add) -> Range:
    """Return the sign of t + k sqrt(q) that follows from k**2 q >= t**2: that of k."""
    for number, term in enumerate(e.args):
        for factor in sp.Mul.make_args(term):
            if isinstance(factor, sp.Pow) and factor.exp == sp.S.Half:
                by = bounds.of(term / factor)
                rest = sp.Add(*(t for n, t in enumerate(e.args) if n != number))
                if by.sign not in "+-":
                    continue
                gap = bounds.of((term / factor) ** 2 * factor.base - rest**2)
                if gap.low >= 0.0:
                    reasons = by.reasons | gap.below
                    if by.sign == "+":
                        return Range(0.0, math.inf, reasons, 0)
                    return Range(-math.inf, 0.0, 0, reasons)
    return iv.ANYTHING
