"""Stocks that can go below 0: whether what flows out of a stock stops when it is empty.

In: a ``Model``.  Out: for each outflow whether it vanishes with its stock.  ``negative`` makes
findings of it.

A stock that starts at 0 or above stays there where its net rate at 0 is not negative (Nagumo's
condition); for that each outflow should vanish with the stock, which modellers call first-order
control.  It is tried in this order:

1. exactly: the stock is set to 0, and what becomes a number is put into what depends on it;
2. by bounds: interval arithmetic over the ranges of parameters, other stocks not negative;
3. refuted by a value: the stock is set to 0 along the model's own run, and the outflow is not 0.

What is proved holds in continuous time; a step that is too long can still overshoot, which the runs
would show.

References
----------
Sterman (2000), Business Dynamics, McGraw-Hill, section 13.1: outflows need first-order control.
Nagumo (1942), Ueber die Lage der Integralkurven gewoehnlicher Differentialgleichungen, Proc.
Phys.-Math. Soc. Japan 24, 551-559.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import sympy as sp

from loopscope.analysis.checking.assumed import Assumed
from loopscope.analysis.checking.conveying import holds_its_delay
from loopscope.analysis.checking.everything import held, own_values, touched_by
from loopscope.loops.signs import intervals as iv
from loopscope.models.errors import UnknownNameError
from loopscope.models.model import Model, Stock
from loopscope.models.symbolic import symbolise
from loopscope.models.wording import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from loopscope.models.equations import Equations

    Values = Mapping[sp.Symbol, NDArray[np.float64]]

Vanishing = Literal["proved", "refuted", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutflowAtZero:
    """Whether an outflow vanishes where its stock is 0.

    Attributes
    ----------
    outflow
        Name of the flow; the text of a term where the author gave it no name.
    vanishes
        "proved": it is 0 or less there; "refuted": a value above 0 was met; "open": neither.
    why
        What the answer rests on.
    """

    stock: str
    outflow: str
    vanishes: Vanishing
    why: str


def first_order_outflows(
    model: Model, stocks: Iterable[str] | None = None
) -> tuple[OutflowAtZero, ...]:
    """Say for each outflow of some stocks whether it vanishes with its stock.

    Parameters
    ----------
    model
        Any model with stocks.
    stocks
        Names of stocks; None for all that start at 0 or above.

    Returns
    -------
    tuple of OutflowAtZero
        In file order; nothing for a stock without an outflow.

    Raises
    ------
    UnknownNameError
        A name is that of no stock.
    ModelError
        The model cannot be run.

    Notes
    -----
    One run, ranges of all symbols once, and one substitution for each stock.
    """
    equations = symbolise(model)
    values = own_values(model, equations)
    wanted = None if stocks is None else {_stock(model, name) for name in stocks}
    emptying = Emptying(model, equations, values)
    named = [v for v in emptying.physical if wanted is None or v.name in wanted]
    named += [v for v in model.stocks if v.name in (wanted or ()) and v not in named]
    order = {v.name: number for number, v in enumerate(model.stocks)}
    named.sort(key=lambda v: order[v.name])
    return tuple(one for stock in named for one in emptying.outflows(stock))


def _stock(model: Model, name: str) -> str:
    variable = model.find(name, "stock")
    if not isinstance(variable, Stock):
        msg = f"{model.name}: '{variable.name}' is no stock; 'loopscope describe' lists the stocks"
        raise UnknownNameError(msg)
    return variable.name


class Emptying:
    """What happens to the stocks of one model when they are empty.

    Attributes
    ----------
    physical
        Stocks that should not be negative: they start at 0 or above, their declared range does not
        go below 0, and they start above 0 or have an outflow.
    ranges
        Ranges of all symbols where those stocks are not negative.
    """

    def __init__(self, model: Model, equations: Equations, values: Values) -> None:
        self.model = model
        self.equations = equations
        self.values = values
        self.physical = [v for v in model.stocks if self._is_physical(v)]
        self.ranges = Assumed(model, equations, [v.name for v in self.physical])

    def _is_physical(self, stock: Stock) -> bool:
        start = float(self.values[stock.symbol][0])
        low = stock.limits[0]
        if not start >= 0.0 or (low is not None and low < 0.0):
            return False
        return start > 0.0 or bool(_taken(self.equations.states[stock.symbol].rate, stock))

    def outflows(self, stock: Stock) -> list[OutflowAtZero]:
        """Return what each outflow of a stock is where the stock is 0."""
        rate = self.equations.states[stock.symbol].rate
        return [self._outflow(stock, term) for term in _taken(rate, stock)]

    def _outflow(self, stock: Stock, term: sp.Expr) -> OutflowAtZero:
        def answer(vanishes: Vanishing, why: str) -> OutflowAtZero:
            return OutflowAtZero(stock=stock.name, outflow=_word(term), vanishes=vanishes, why=why)

        exact = self._exact(stock, term)
        if exact is not None and exact <= 0.0:
            value = "0" if exact == 0.0 else "negative"
            return answer("proved", f"it is {value} once the stock is set to 0")
        if self._range(stock, term).high <= 0.0:
            return answer("proved", "bounds of its equation, stocks not being negative")
        met = self._met(stock, term)
        if met is not None and met[0] > 0.0:
            why = f"it is {met[0]:.4g} with the stock set to 0 at time {met[1]:g}"
            return answer("refuted", why)
        return answer("open", "neither its equation nor a run decides it")

    def _exact(self, stock: Stock, term: sp.Expr) -> float | None:
        """Return the value of a term where the stock is 0, if that is a number whatever else is."""
        known: dict[sp.Symbol, sp.Expr] = {stock.symbol: sp.Integer(0)}
        for one in touched_by(self.equations, known):
            value = self.equations.auxiliaries[one].xreplace(known)
            if value.is_number and value.is_finite:
                known[one] = value
        value = term.xreplace(known)
        return float(value) if value.is_number and value.is_finite else None

    def _range(self, stock: Stock, e: sp.Expr) -> iv.Range:
        return self.ranges.where(stock.symbol, iv.ZERO).of(self.ranges.ready(e))

    def _met(self, stock: Stock, term: sp.Expr) -> tuple[float, float] | None:
        """Return the largest value of a term along the run with the stock at 0, and when."""
        try:
            found = held(self.equations, self.values, stock.symbol, 0.0).of(term)
        except KeyError:
            return None  # needs a stage of a delay, which this run does not have
        times = next(iter(v for s, v in self.values.items() if s.name == "Time"))
        series = np.broadcast_to(np.asarray(found, dtype=np.float64), times.shape)
        finite = np.where(np.isfinite(series), series, -np.inf)
        where = int(np.argmax(finite))
        return None if np.isneginf(finite[where]) else (float(finite[where]), float(times[where]))

    def safe(self, stock: Stock) -> bool:
        """Return whether the net rate of a stock is proved not to be negative where it is 0."""
        if stock.non_negative:
            return True
        rate = self.equations.states[stock.symbol].rate
        exact = self._exact(stock, rate)
        if (exact is not None and exact >= 0.0) or self._range(stock, rate).low >= 0.0:
            return True
        return holds_its_delay(self.model, stock, self.ranges, self.values)


def _taken(rate: sp.Expr, stock: Stock) -> list[sp.Expr]:
    """Return what is taken from a stock: the terms of its rate with a minus sign, without it."""
    return [-term for term in sp.Add.make_args(rate) if term.could_extract_minus_sign()]


def _word(term: sp.Expr) -> str:
    return term.name if isinstance(term, sp.Symbol) else text_of(term)
