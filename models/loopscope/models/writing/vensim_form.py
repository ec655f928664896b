"""What Vensim has no words for, in words it has.

Stage 2 of 5, the other way.  In: a ``Model``.  Out: an ``Adapting`` that holds the model to print.

=====================================  ========================================================
in the model                           in the file
=====================================  ========================================================
DELAY FIXED, INITIAL ... in a formula  a variable of its own: they must stand alone
table that goes on beyond its points   the table, and the slope of its ends times what is beyond
table held from point to point         a table with a jump at each point
FORECAST with a trend at the start     its average as a stock, its formula
PI                                     the nearest double
stock that is held at 0                MAX(rate, -stock / TIME STEP), the same under Euler
=====================================  ========================================================
"""

from __future__ import annotations

import math
from dataclasses import replace

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.model import Lookup, Model, Stock, symbol_of
from loopscope.models.writing.adapting import Adapting, Rule, alone, as_integral, whole_tables


def vensim_form(model: Model) -> Adapting:
    """Return the changes that make a model one that Vensim can say."""
    inline = whole_tables(model)
    out = Adapting(model, {**_RULES, sd.Table: _table(model, inline)})
    for variable in model:
        if isinstance(variable, Lookup):
            out.done.append(_lookup(out, variable, inline))
            continue
        changed = out.variable(variable)
        if isinstance(changed, Stock) and changed.non_negative:
            changed = _held(out, changed)
        out.done.append(changed)
    return out


def _lookup(out: Adapting, table: Lookup, inline: set[str]) -> Lookup:
    if table.owner and table.name not in inline:
        out.note(f"'{table.name}': a table of its own for what was part of '{table.owner}'")
        table = replace(table, owner="")
    if table.interpolation == "hold_backward":
        x = [point for point in table.x for _ in range(2)][1:]
        y = [point for point in table.y for _ in range(2)][:-1]
        out.note(f"'{table.name}': its steps are written as jumps between points")
        return replace(table, x=tuple(x), y=tuple(y), interpolation="interpolate")
    if table.interpolation == "extrapolate":
        out.note(f"'{table.name}': what it gives beyond its points is written out where it is used")
        return replace(table, interpolation="interpolate")
    return table


def _table(model: Model, inline: set[str]) -> Rule:
    def rule(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
        table = model.variables[str(e.args[0])]
        assert isinstance(table, Lookup)
        if table.interpolation != "extrapolate" or len(table.x) < 2:
            return e
        zero = sp.Integer(0)
        x = e.args[1]
        first, last = (sp.Rational(repr(end)) for end in (table.x[0], table.x[-1]))
        below = _slope(table, 0) * sd.Minimum(x - first, zero)
        above = _slope(table, len(table.x) - 2) * sd.Maximum(x - last, zero)
        return e + below + above

    return rule


def _slope(table: Lookup, row: int) -> sp.Expr:
    x, y = table.x[row : row + 2], table.y[row : row + 2]
    return sp.Rational(repr((y[1] - y[0]) / (x[1] - x[0]))) if x[1] > x[0] else sp.Integer(0)


def _held(out: Adapting, stock: Stock) -> Stock:
    if out.model.clock.method != "Euler":
        out.refuse("a stock held at 0, integrated by Runge-Kutta")
        return stock
    out.note(f"'{stock.name}': held at 0 by MAX(net flow, -stock / TIME STEP)")
    rate = sd.Maximum(stock.rate, -stock.symbol / out.step)
    return replace(stock, rate=rate, inflows=(), outflows=(), non_negative=False)


def _forecast(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    value, time, horizon, trend = e.args
    if trend == 0:
        return e
    name = out.new_name(f"{out.owner} average")
    average = symbol_of(name)
    out.stock(
        name,
        (value - average) / time,
        value / (1 + trend * time),
        f"Average that the forecast of '{out.owner}' rests on.",
    )
    out.note(f"'{name}': a stock, because FORECAST has no trend at the start")
    growth = sd.SafeDivide(value - average, time * average, sp.Integer(0))
    return value * (1 + growth * horizon)


def _number_of_pi(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    return sp.Rational(repr(math.pi))


_RULES: dict[object, Rule] = {
    type(sp.pi): _number_of_pi,
    remembering.Integral: as_integral,
    remembering.DelayFixed: alone("delayed"),
    remembering.SampleIfTrue: alone("sampled"),
    remembering.Initial: alone("at the start"),
    remembering.ActiveInitial: alone("active"),
    remembering.Forecast: _forecast,
}
