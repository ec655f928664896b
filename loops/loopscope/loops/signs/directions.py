"""Which way a link acts that has no gain: through a condition, a jump, a value held.

Stage 2 of 4.  In: the equation of an effect, a cause and bounds.  Out: "+" where the effect never
falls as the cause rises, jumps included; "-" where it never rises; "?" where it may do either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.signs.curves import trend
from loopscope.models import functions as sd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loopscope.loops.signs.bounds import Bounds

_RISING = (
    sp.exp, sp.log, sp.sinh, sp.tanh, sp.asin, sp.atan, sp.sign,
    sd.IntegerPart, sd.NormalCdf, sd.NormalQuantile,
)  # fmt: skip
_OPPOSITE = {"+": "-", "-": "+"}


class Directions:
    """Directions in which expressions move with one symbol.

    Attributes
    ----------
    reasons
        What the directions found so far rest on.
    """

    def __init__(self, symbol: sp.Symbol, bounds: Bounds) -> None:
        self.symbol = symbol
        self.bounds = bounds
        self.reasons = 0

    def of(self, e: sp.Expr) -> str:
        """Return "+", "-", "0" where the symbol is not in the expression, or "?"."""
        if e == self.symbol:
            return "+"
        if not e.has(self.symbol):
            return "0"
        if isinstance(e, sp.Add | sd.Minimum | sd.Maximum | sd.And | sd.Or):
            return _common(self.of(part) for part in e.args)
        if isinstance(e, sp.Mul):
            return self._product(e)
        if isinstance(e, sp.Pow):
            return self._power(e)
        if isinstance(e, sd.Less | sd.LessEqual):
            a, b = e.args
            return _common((_turned(self.of(a)), self.of(b)))
        if isinstance(e, sd.Not):
            return _turned(self.of(e.args[0]))
        if isinstance(e, sd.IfThenElse):
            return self._choice(e)
        if isinstance(e, sd.Table):
            return _chained(self.of(e.args[1]), self._trend(str(e.args[0])))
        if isinstance(e, sd.Step):
            return self._step(e)
        if isinstance(e, sd.Quantum) and not e.args[1].has(self.symbol):
            return self.of(e.args[0])
        if isinstance(e, _RISING):
            return self.of(e.args[0])
        return "?"

    def _sign(self, e: sp.Expr) -> str:
        found = self.bounds.of(e)
        if found.sign != "?":
            self.reasons |= found.reasons
        return found.sign

    def _product(self, e: sp.Mul) -> str:
        ways = []
        for factor in e.args:
            way = self.of(factor)
            if way != "0":
                ways.append(_chained(way, self._sign(e / factor)))
        return _common(ways)

    def _power(self, e: sp.Pow) -> str:
        if e.exp.has(self.symbol):
            return "?" if e.base is not sp.E else self.of(e.exp)
        return _chained(self.of(e.base), self._sign(e.exp * e.base ** (e.exp - 1)))

    def _choice(self, e: sd.IfThenElse) -> str:
        condition, a, b = e.args
        ways = [self.of(a), self.of(b)]
        way = self.of(condition)
        if way != "0":
            ways.append(_chained(way, self._sign(a - b)))
        return _common(ways)

    def _step(self, e: sd.Step) -> str:
        height, start, *clock = e.args
        if any(one.has(self.symbol) for one in clock):
            return "?"
        ways = [self.of(height)]
        if start.has(self.symbol):
            ways.append(_chained(_turned(self.of(start)), self._sign(height)))
        return _common(ways)

    def _trend(self, name: str) -> str:
        table = self.bounds.lookups[name]
        sign, reversal = trend(table)
        known = self.bounds.slopes.get(name)
        if reversal > 0.0 and known is not None:
            self.reasons |= known.below | known.above
        return sign


def _turned(way: str) -> str:
    return _OPPOSITE.get(way, way)


def _chained(way: str, sign: str) -> str:
    """Return the direction through one more step of a known sign."""
    if "0" in (way, sign):
        return "0"
    if "?" in (way, sign):
        return "?"
    return way if sign == "+" else _turned(way)


def _common(ways: Iterable[str]) -> str:
    """Return the direction that all have which have one."""
    found = {way for way in ways if way != "0"}
    if not found:
        return "0"
    return found.pop() if len(found) == 1 else "?"
