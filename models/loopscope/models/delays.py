"""Functions with a memory, written out as plain states.

Stage 3 of 5.  In: expressions with ``Delay``, ``Smooth``, ``Initial`` and their like anywhere in
them.  Out: the same expressions over states, memories, pipelines and fixed values with names of
their own, such as "visa grants delay 1".

Start values and order follow Vensim.  In a material delay each stage holds ``outflow * delay time
/ order``; a smooth holds the value itself.  DELAY N whose order times the time step exceeds its
delay time is given the largest order that does not, where the delay time is constant; DELAY3
keeps its order however short its time is (PySD cuts both; Vensim's own results show that only
DELAY N is cut).  Beyond that DELAY N is run as DELAY3 is, with the delay time of the moment; in
Vensim its output follows the delay time one step later.

References
----------
Vensim Reference Manual, functions DELAY N, DELAY3, SMOOTH N, TREND, FORECAST, SAMPLE IF TRUE.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.equations import Memory, Pipeline, State
from loopscope.models.errors import ModelError
from loopscope.models.model import TIME, Auxiliary, Model, Parameter
from loopscope.models.names import key
from loopscope.models.plain import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_ORDER = 1000
"""Stages of one delay; more is taken for a mistake."""


@dataclass(slots=True)
class WriteOut:
    """Writes out one model and keeps what comes of it.

    Attributes
    ----------
    states, memories, pipelines, fixed, hidden, structural
        As in ``Equations``.
    """

    model: Model
    states: dict[sp.Symbol, State] = field(default_factory=dict)
    memories: dict[sp.Symbol, Memory] = field(default_factory=dict)
    pipelines: dict[sp.Symbol, Pipeline] = field(default_factory=dict)
    fixed: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    structural: dict[str, str] = field(default_factory=dict)
    _stages: dict[tuple[str, sp.Expr], list[sp.Symbol]] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._taken.update(key(name) for name in self.model.variables)

    def write(self, expression: sp.Expr, owner: str, *, starting: bool = False) -> sp.Expr:
        """Return an expression without functions that remember.

        Parameters
        ----------
        owner
            Authored variable in whose equation it stands.
        starting
            Whether it is wanted for finding start values, where ACTIVE INITIAL differs.
        """
        if not expression.has(remembering.Remembering):
            return expression
        if isinstance(expression, remembering.Remembering):
            return _WRITERS[expression.func](self, expression, owner, starting)
        parts = [self.write(part, owner, starting=starting) for part in expression.args]
        return expression.func(*parts)  # type: ignore[no-any-return]

    def new_symbol(self, owner: str, word: str, stage: int = 0) -> sp.Symbol:
        """Return a symbol whose name no variable has, and note its owner."""
        plain = f"{owner} {word} {stage}" if stage else f"{owner} {word}"
        name, count = plain, 1
        while key(name) in self._taken:
            count += 1
            name = f"{plain} ({count})"
        self._taken.add(key(name))
        self.hidden[name] = owner
        return sp.Symbol(name, real=True)

    def stages(
        self, node: sp.Expr, owner: str, word: str, count: int
    ) -> tuple[list[sp.Symbol], bool]:
        """Return the symbols of a function's stages, and whether they are new."""
        known = self._stages.get((owner, node))
        if known is not None:
            return known, False
        numbers = range(1, count + 1) if count > 1 or word in {"delay", "smooth"} else [0]
        symbols = [self.new_symbol(owner, word, number) for number in numbers]
        self._stages[owner, node] = symbols
        return symbols, True

    def order(self, expression: sp.Expr, owner: str, construct: str) -> int:
        """Return the order of a delay at the start, a whole number known before the run.

        Raises
        ------
        ModelError
            It is not, or out of range.
        """
        used: set[str] = set()
        value = constant(self.model, expression, used, at_start=True)
        if value is None or not value.is_integer() or not 1 <= value <= LARGEST_ORDER:
            shown = "a variable" if value is None else f"{value:g}"
            msg = (
                f"{self.model.name}: the order of {construct} in '{owner}' is {shown}; it must "
                f"be a constant whole number from 1 to {LARGEST_ORDER}"
            )
            raise ModelError(msg)
        for name in used:
            self.structural.setdefault(name, f"order of {construct} in '{owner}'")
        return int(value)

    def reduced(self, order: int, time: sp.Expr, owner: str) -> int:
        """Return the largest order not above ``order`` whose stages last a time step each."""
        used: set[str] = set()
        span = constant(self.model, time, used)
        step = constant(self.model, sp.Symbol(self.model.clock.time_step, real=True), used)
        if span is None or step is None or not (span > 0 and step > 0) or order * step <= span:
            return order
        for name in used:
            self.structural.setdefault(
                name, f"order of DELAY N in '{owner}', cut because its delay time is so short"
            )
        while order > 1 and order * step > span:
            order -= 1
        return order


def constant(
    model: Model, expression: sp.Expr, used: set[str], *, at_start: bool = False
) -> float | None:
    """Return the value of an expression over constants; None if anything in it changes.

    The names of the parameters it rests on are added to ``used``.  With ``at_start`` the time
    counts as a constant: the initial time.
    """
    values: dict[sp.Symbol, float] = {}
    if expression.has(remembering.Remembering, sd.RandomUniform, sd.Table):
        return None
    for symbol in expression.free_symbols:
        is_time = symbol == TIME and at_start
        variable = model.variables.get(model.clock.initial_time if is_time else symbol.name)
        if isinstance(variable, Parameter):
            used.add(variable.name)
            values[symbol] = variable.value
        elif type(variable) is Auxiliary and variable.symbol not in variable.equation.free_symbols:
            value = constant(model, variable.equation, used, at_start=at_start and not is_time)
            if value is None:
                return None
            values[symbol] = value
        else:
            return None
    value = evaluate(expression, values)
    return value if math.isfinite(value) else None


def _delay(out: WriteOut, node: sp.Expr, owner: str, starting: bool) -> sp.Expr:
    value, time, initial, order = node.args
    is_n = isinstance(node, remembering.DelayN)
    count = out.order(order, owner, "DELAY N" if is_n else "DELAY")
    construct = "DELAY N" if is_n else f"DELAY{count}"
    if is_n:
        count = out.reduced(count, time, owner)
    symbols, new = out.stages(node, owner, "delay", count)
    span = out.write(time, owner)
    if new:
        inflow = out.write(value, owner)
        first = out.write(initial, owner, starting=True)
        start = first * out.write(time, owner, starting=True) / count
        for symbol in symbols:
            outflow = symbol * count / span
            out.states[symbol] = State(
                rate=inflow - outflow, initial=start, owner=owner, construct=construct
            )
            inflow = outflow
    return symbols[-1] * count / (out.write(time, owner, starting=True) if starting else span)


def _smooth(out: WriteOut, node: sp.Expr, owner: str, starting: bool) -> sp.Expr:
    value, time, initial, order = node.args
    count = out.order(order, owner, "SMOOTH")
    symbols, new = out.stages(node, owner, "smooth", count)
    if new:
        construct = "SMOOTH" if count == 1 else f"SMOOTH{count}"
        target, span = out.write(value, owner), out.write(time, owner)
        first = out.write(initial, owner, starting=True)
        for symbol in symbols:
            rate = (target - symbol) * count / span
            out.states[symbol] = State(rate=rate, initial=first, owner=owner, construct=construct)
            target = symbol
    return symbols[-1]


def _average(
    out: WriteOut, node: sp.Expr, owner: str, construct: str, growth: sp.Expr
) -> sp.Symbol:
    """Return the first-order average of the first argument over the second.

    ``growth`` is by how much the input exceeds it at the start, in shares.
    """
    symbols, new = out.stages(node, owner, "average", 1)
    symbol = symbols[0]
    if new:
        value, time = node.args[0], node.args[1]
        start = out.write(value / (1 + growth), owner, starting=True)
        rate = (out.write(value, owner) - symbol) / out.write(time, owner)
        out.states[symbol] = State(rate=rate, initial=start, owner=owner, construct=construct)
    return symbol


def _trend(out: WriteOut, node: sp.Expr, owner: str, starting: bool) -> sp.Expr:
    value, time, initial = node.args
    average = _average(out, node, owner, "TREND", initial * time)
    value, time = (out.write(part, owner, starting=starting) for part in (value, time))
    return sd.SafeDivide(value - average, time * sp.Abs(average), sp.Integer(0))


def _forecast(out: WriteOut, node: sp.Expr, owner: str, starting: bool) -> sp.Expr:
    # PySD starts the average at input / (1 + initial); a trend is a share per time, as in TREND.
    value, time, horizon, initial = node.args
    average = _average(out, node, owner, "FORECAST", initial * time)
    value, time, horizon = (
        out.write(part, owner, starting=starting) for part in (value, time, horizon)
    )
    return value * (1 + sd.SafeDivide(value - average, time * average, sp.Integer(0)) * horizon)


def _delay_fixed(out: WriteOut, node: sp.Expr, owner: str, starting: bool) -> sp.Expr:
    value, time, initial = node.args
    symbols, new = out.stages(node, owner, "delay", 1)
    if new:
        out.pipelines[symbols[0]] = Pipeline(
            input=out.write(value, owner),
            delay=out.write(time, owner, starting=True),
            initial=out.write(initial, owner, starting=True),
            owner=owner,
        )
    return symbols[0]


def _sample(out: WriteOut, node: sp.Expr, owner: str, starting: bool) -> sp.Expr:
    condition, value, initial = node.args
    symbols, new = out.stages(node, owner, "sample", 1)
    held = symbols[0]
    if new:
        update = sd.IfThenElse(out.write(condition, owner), out.write(value, owner), held)
        first = out.write(initial, owner, starting=True)
        out.memories[held] = Memory(
            update=update, initial=first, owner=owner, construct="SAMPLE IF TRUE"
        )
    condition, value = (out.write(part, owner, starting=starting) for part in (condition, value))
    return sd.IfThenElse(condition, value, held)


def _initial(out: WriteOut, node: sp.Expr, owner: str, starting: bool) -> sp.Expr:
    symbols, new = out.stages(node, owner, "initial", 1)
    if new:
        out.fixed[symbols[0]] = out.write(node.args[0], owner, starting=True)
    return symbols[0]


def _active_initial(out: WriteOut, node: sp.Expr, owner: str, starting: bool) -> sp.Expr:
    return out.write(node.args[1 if starting else 0], owner, starting=starting)


def _integral(out: WriteOut, node: sp.Expr, owner: str, starting: bool) -> sp.Expr:
    symbols, new = out.stages(node, owner, "integral", 1)
    if new:
        rate, initial, non_negative = node.args
        out.states[symbols[0]] = State(
            rate=out.write(rate, owner),
            initial=out.write(initial, owner, starting=True),
            owner=owner,
            non_negative=bool(non_negative),
        )
    return symbols[0]


_WRITERS: dict[object, Callable[[WriteOut, sp.Expr, str, bool], sp.Expr]] = {
    remembering.Delay: _delay,
    remembering.DelayN: _delay,
    remembering.DelayFixed: _delay_fixed,
    remembering.Smooth: _smooth,
    remembering.Trend: _trend,
    remembering.Forecast: _forecast,
    remembering.SampleIfTrue: _sample,
    remembering.Initial: _initial,
    remembering.ActiveInitial: _active_initial,
    remembering.Integral: _integral,
}
