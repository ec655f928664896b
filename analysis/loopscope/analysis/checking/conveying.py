"""Stocks that hold what a delay holds, so that the delay's outflow empties them no further than 0.

In: a ``Model``, the ranges of its symbols and the values of its own run.  Out: whether a stock is
such a stock.  The pattern is usual: ``waiting = INTEG(arrivals - departures)`` with ``departures =
DELAY3(arrivals, time)``.

A delay lets out what it was given, so the stock less the delay's content stays what it was at the
start; the content is not negative where the input is not.  So the stock is not negative where it
starts with the delay's content, input times delay time, or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models import remembering
from loopscope.models.arrays import Arrays
from loopscope.models.model import Auxiliary, Model, Stock

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from loopscope.analysis.checking.assumed import Assumed

_DELAYS = (remembering.Delay, remembering.DelayN, remembering.DelayFixed)


def holds_its_delay(
    model: Model, stock: Stock, ranges: Assumed, values: Mapping[sp.Symbol, NDArray[np.float64]]
) -> bool:
    """Return whether a stock holds what the delay between its only two flows holds."""
    terms = sp.Add.make_args(stock.rate)
    if len(terms) != 2:
        return False
    into, out = sorted(terms, key=lambda term: term.could_extract_minus_sign())
    outflow = model.variables.get(str(-out))
    delay = outflow.equation if isinstance(outflow, Auxiliary) else -out
    if not isinstance(delay, _DELAYS) or delay.args[0] != into:
        return False
    if ranges.bounds.of(ranges.ready(into)).low < 0.0:
        return False
    start = {symbol: series[0] for symbol, series in values.items()}
    try:
        content = Arrays(start, ranges.equations.lookups).of(delay.args[2] * delay.args[1])
    except KeyError:
        return False  # needs a stage of another delay
    return bool(start[stock.symbol] >= content * (1.0 - 1e-9))
