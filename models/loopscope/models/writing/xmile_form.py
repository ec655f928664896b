"""What XMILE has no words for, in words it has.

Stage 2 of 5, the other way.  In: a ``Model``.  Out: an ``Adapting`` that holds the model to print.

=======================================  ======================================================
in the model                             in the file
=======================================  ======================================================
rate that is no sum of flows             a flow of its own for the rest
named table                              its points beside each equation that is a call of it
table, INTEG in a formula                a variable of its own
SAMPLE IF TRUE                           a stock that follows it (PREVIOUS under Runge-Kutta)
ACTIVE INITIAL                           start values written out
INTEGER, MODULO of what may be negative  INT of its size: INT goes down, INTEGER towards zero
QUANTUM, RAMP to an end, PULSE           conditions on TIME
SINH, COSH, TANH                         by EXP
=======================================  ======================================================
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.model import (
    AnyVariable,
    Auxiliary,
    Flow,
    Lookup,
    Parameter,
    Stock,
    symbol_of,
)
from loopscope.models.model import Model as Model
from loopscope.models.names import key
from loopscope.models.writing.adapting import (
    Adapting,
    Rule,
    as_integral,
    is_sum_of_flows,
    never_negative,
    used_tables,
)
from loopscope.models.writing.starting import without_active_initial
from loopscope.models.writing.xmile_words import is_momentary

_ZERO, _ONE = sp.Integer(0), sp.Integer(1)
_SMALL = sp.Rational(repr(sd.SMALL))


def xmile_form(model: Model) -> Adapting:
    """Return the changes that make a model one that XMILE can say."""
    out = Adapting(model, _RULES)
    out.model = without_active_initial(out)
    used = used_tables(out.model)
    for variable in out.model:
        if isinstance(variable, Lookup):
            if variable.name not in used:
                out.done.append(variable)
            elif not variable.owner:
                out.note(f"'{variable.name}': its points stand in each variable that calls it")
            continue
        out.done.append(out.variable(variable))
    with_flows: list[AnyVariable] = list(out.tables)
    for variable in out.done:
        if isinstance(variable, Stock):
            with_flows += _flows(out, variable)
        else:
            with_flows.append(variable)
    out.done = with_flows
    return out


def _flows(out: Adapting, stock: Stock) -> list[AnyVariable]:
    """Return a stock whose rate is a sum of flows, after the flow that was missing."""
    names = {one.name for one in out.done if isinstance(one, Auxiliary | Parameter)}
    inflows = tuple(name for name in stock.inflows if name in names)
    outflows = tuple(name for name in stock.outflows if name in names)
    stock = replace(stock, inflows=inflows, outflows=outflows)
    if is_sum_of_flows(stock):
        return [stock]
    known = sum(map(symbol_of, inflows), _ZERO) - sum(map(symbol_of, outflows), _ZERO)
    name = out.new_name(f"net change of {stock.name}")
    time = out.model.clock.units
    bare = all(letter not in stock.units for letter in "*/")
    flow = Flow(
        name=name,
        equation=stock.rate - known,
        units=f"{stock.units if bare else f'({stock.units})'}/{time}" if stock.units and time
        else "",
        documentation=f"What changes '{stock.name}' and is no flow with a name.",
        group=stock.group,
    )  # fmt: skip
    out.note(f"'{name}': a flow for the part of the rate of '{stock.name}' that is no flow")
    rate = known + flow.symbol
    return [flow, replace(stock, rate=rate, inflows=(*inflows, name))]


def _table(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    table = out.model.variables[str(e.args[0])]
    assert isinstance(table, Lookup)
    if not whole:
        at = len(out.done)
        symbol = out.apart(e, "looked up")
        if len(out.done) > at:
            helper = out.done[-1]
            assert isinstance(helper, Auxiliary)
            out.done[-1] = replace(helper, equation=_own_table(out, table, symbol.name, e.args[1]))
        return symbol
    return _own_table(out, table, out.owner, e.args[1])


def _own_table(out: Adapting, table: Lookup, owner: str, x: sp.Expr) -> sp.Expr:
    """Give a variable a table of its own, which stands beside its equation."""
    # The name under which the file's reader keeps the points; it stands nowhere in the file.
    same = key(table.name) == key(f"{owner} table")
    name = table.name if same else out.new_name(f"{owner} table")
    out.tables.append(replace(table, name=name, owner=owner, units="", documentation="", group=""))
    return sd.Table(symbol_of(name), x)


def _truncated(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    """Write INTEGER out by INT, which other programs round down."""
    (x,) = e.args
    if never_negative(out.model, x):
        return e
    return sd.IfThenElse(sd.Less(x, _ZERO), -sd.IntegerPart(-x), e)


def _choice(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    """Leave what ``_truncated`` gave as it is when it comes by again."""
    condition = e.args[0]
    if not (isinstance(condition, sd.Less) and condition.args[1] == 0):
        return e
    x = condition.args[0]
    down, up = sd.IntegerPart(-x), sd.IntegerPart(x)
    once = sd.IfThenElse(condition, -_written(out, down), _written(out, up))
    return sd.IfThenElse(condition, -down, up) if e == once else e


def _written(out: Adapting, e: sp.Expr) -> sp.Expr:
    return _truncated(out, e, False)


def _quantum(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    a, b = e.args
    rounded = b * _truncated(out, sd.IntegerPart(a / b), False)
    if b.is_number and b >= _SMALL:
        return rounded
    return sd.IfThenElse(sd.Less(b, _SMALL), a, rounded)


def _modulo(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    a, b = e.args
    if never_negative(out.model, a) and b.is_number and b >= _SMALL:
        return e
    return a - _quantum(out, sd.Quantum(a, b), False)


def _ramp(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    slope, start, finish, time = e.args
    if finish is sp.oo:
        return e
    on = sd.Less(start, time + _SMALL)
    return sd.IfThenElse(on, slope * (sd.Minimum(time, finish) - start), _ZERO)


def _pulse(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    if is_momentary(e, out.step):
        return e
    start, width, time = e.args
    inside = sd.And(sd.LessEqual(start - _SMALL, time), sd.Less(time, start + width))
    return sd.IfThenElse(inside, _ONE, _ZERO)


def _pulse_train(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    if is_momentary(e, out.step):
        return e
    start, interval, width, end, time = e.args
    # What is since the first pulse is not negative where it counts.
    since = sd.Maximum(time - start + _SMALL, _ZERO)
    phase = _modulo(out, sd.Modulo(since, interval), False)
    begun = sd.LessEqual(start, time)
    inside = begun if end is sp.oo else sd.And(begun, sd.Less(time, end))
    train = sd.IfThenElse(sd.And(inside, sd.Less(phase, width)), _ONE, _ZERO)
    if interval.is_number and interval != 0:
        return train
    single = _pulse(out, sd.Pulse(start, width, time), False)
    return sd.IfThenElse(sd.Equal(interval, _ZERO), single, train)


def _sample(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    condition, value, initial = e.args
    own = out.owner if whole else out.new_name(f"{out.owner} sampled")
    sample = symbol_of(own)
    if out.model.clock.method == "Euler":
        name = out.new_name(f"{own} held")
        held: sp.Expr = symbol_of(name)
        words = f"The value that '{own}' had one time step ago."
        out.stock(name, (sample - held) / out.step, initial, words)
        out.note(f"'{name}': a stock that holds the last sample of '{own}'")
    else:
        held = remembering.DelayFixed(sample, out.step, initial)
    chosen = sd.IfThenElse(condition, value, held)
    if whole:
        return chosen
    words = f"Part of '{out.owner}' that must stand alone in this kind of file."
    out.done.append(Auxiliary(name=own, equation=chosen, documentation=words))
    return sample


def _sinh(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    (x,) = e.args
    up, down = sp.exp(x), sp.exp(-x)
    if isinstance(e, sp.cosh):
        return (up + down) / 2
    return (up - down) / 2 if isinstance(e, sp.sinh) else 1 - 2 / (sp.exp(2 * x) + 1)


_RULES: dict[object, Rule] = {
    sd.Table: _table,
    sd.IntegerPart: _truncated,
    sd.IfThenElse: _choice,
    sd.Quantum: _quantum,
    sd.Modulo: _modulo,
    sd.Ramp: _ramp,
    sd.Pulse: _pulse,
    sd.PulseTrain: _pulse_train,
    remembering.SampleIfTrue: _sample,
    remembering.Integral: as_integral,
    sp.sinh: _sinh,
    sp.cosh: _sinh,
    sp.tanh: _sinh,
}
