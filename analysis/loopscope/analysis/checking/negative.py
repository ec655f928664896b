"""Stocks that go below 0, or that could.

In: what ``emptying`` knows of a model's stocks, and runs as they are made.  Out: findings.

A stock that goes below 0 in a run is wrong, unless its unit is one in which that may be meant: none
at all (an index), degrees, or money; there it is a remark.  An author who means it declares a range
that goes below 0, and nothing is said.  What no run did, but nothing excludes, is a remark.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.checking.finding import Finding, Level, listed
from loopscope.models.unit_names import UnitNames, UnitTextError

if TYPE_CHECKING:
    from loopscope.analysis.checking.emptying import Emptying
    from loopscope.analysis.checking.trying import Tried
    from loopscope.models.model import Stock

ROUNDING = 1e-9
"""How far under zero, as a share of the stock's largest value, rounding alone may take it."""

_EITHER_SIGN = re.compile(
    r"[$€£¥]|\b(?:deg|degrees?|celsius|fahrenheit|dollars?|usd|euros?|eur|pounds?|yen)\b",
    re.IGNORECASE,
)


class Negative:
    """Looks in each run for physical stocks that go below 0; says what could not be excluded."""

    def __init__(self, emptying: Emptying) -> None:
        self._emptying = emptying
        self._turned: dict[str, list[str]] = {}

    def see(self, tried: Tried) -> None:
        """Look at one run."""
        for stock in self._emptying.physical:
            values = tried.run.values[stock.name]
            finite = values[np.isfinite(values)]
            # A scenario may start a stock below 0: that is what it asked for.
            if len(finite) and finite[0] >= 0.0:
                slack = ROUNDING * max(1e-300, float(np.max(np.abs(finite))))
                if np.min(finite) < -slack:
                    self._turned.setdefault(stock.name, []).append(tried.place)

    def findings(self) -> list[Finding]:
        """Return one finding for each stock that went below 0, or that might."""
        found = []
        for stock in self._emptying.physical:
            safe = self._emptying.safe(stock)
            if stock.name in self._turned or not safe:
                found.append(self._finding(stock, safe=safe))
        return found

    def _finding(self, stock: Stock, *, safe: bool) -> Finding:
        turned = self._turned.get(stock.name, [])
        loose = [one for one in self._emptying.outflows(stock) if one.vanishes != "proved"]
        flows = listed([one.outflow for one in loose])
        level: Level = "remark"
        if turned:
            more = f" (and in {len(turned) - 1} more runs)" if len(turned) > 1 else ""
            what = f"goes below 0 {turned[0]}{more}{self._because(safe, flows)}"
            if may_be_negative(stock.units):
                what += "; if that is meant, declare a range that goes below 0"
            else:
                level = "wrong"
        else:
            what = "could go below 0, though no run tried did: not proved to stop when it is empty"
            what += f": {flows}" if loose else ": its net flow"
        details = {one.outflow: f"{one.vanishes}: {one.why}" for one in loose}
        return Finding(level=level, check="negative", where=stock.name, what=what, details=details)

    def _because(self, safe: bool, flows: str) -> str:
        if not safe:
            return f"; what flows out does not stop with it: {flows}" if flows else ""
        # The proof takes other stocks not to be negative.
        return "; the step is too long for how fast it empties" if len(self._turned) == 1 else ""


def may_be_negative(units: str) -> bool:
    """Return whether an amount below 0 makes sense in a unit.

    Examples
    --------
    >>> may_be_negative("Degrees Fahrenheit"), may_be_negative("dmnl"), may_be_negative("people")
    (True, True, False)
    """
    if not units.strip():
        return False
    names = UnitNames()
    try:
        pure = names.factor(names.read(units), names.pure) is not None
    except UnitTextError:
        return False
    return pure or bool(_EITHER_SIGN.search(units))
