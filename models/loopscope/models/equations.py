"""The equations that are run and differentiated: plain stocks, in evaluation order.

Stage 3 of 5.  In: a ``Model``.  Out: ``Equations``, in which every delay, smooth and INITIAL is
written out, every name is a symbol and every equation stands after what it needs.
Algebraic loops end here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.errors import AlgebraicLoopError, ModelError
from loopscope.models.model import TIME, Auxiliary, Clock, Lookup, Model, Parameter, Stock
from loopscope.models.order import CircleError, sort

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A stock of the written-out model.

    Attributes
    ----------
    rate
        Net flow, in the stock's unit per time unit.
    initial
        Start value, over parameters, fixed values, other states' starts and auxiliaries.
    owner
        Authored variable it belongs to: itself for a stock, the user of the delay otherwise.
    construct
        "INTEG" for an authored stock, else the function it was written out from ("SMOOTH" ...).
    non_negative
        Held at 0 when a step would take it below.
    """

    rate: sp.Expr
    initial: sp.Expr
    owner: str
    construct: str = "INTEG"
    non_negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A value that changes only between steps: at the next step it is ``update`` of this one."""

    update: sp.Expr
    initial: sp.Expr
    owner: str
    construct: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """DELAY FIXED: the input of n steps ago, ``initial`` before; n = round(delay / step) >= 1.

    ``delay`` is read once, at the start.
    """

    input: sp.Expr
    delay: sp.Expr
    initial: sp.Expr
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Equations:
    """Everything a run needs, symbolic.  All symbols are real and carry unique names.

    Attributes
    ----------
    parameters
        Constants with their values (the clock's constants included).
    states, memories, pipelines
        What is carried from step to step.
    fixed
        Values found once, at the start (INITIAL).
    auxiliaries
        Flows and auxiliaries; iteration order is evaluation order, given Time, parameters,
        fixed values, states, memories and pipelines.
    at_start
        Auxiliaries whose equation differs while start values are being found (ACTIVE INITIAL).
    start_order
        Order in which states, memories, pipelines (their initials), fixed values and
        auxiliaries (those that start values need) are found at the start.
    lookups
        By the name that stands as first argument of ``Table``; inline lookups included.
    hidden
        Names that the author did not write (written-out delays, inline lookups ...) -> owner.
    draws
        Number of random draws per step.
    structural
        Parameters whose value shaped the equations -> why; they cannot change without reading
        the model again.
    """

    name: str
    sha256: str
    clock: Clock
    parameters: Mapping[sp.Symbol, float]
    states: Mapping[sp.Symbol, State]
    memories: Mapping[sp.Symbol, Memory]
    pipelines: Mapping[sp.Symbol, Pipeline]
    fixed: Mapping[sp.Symbol, sp.Expr]
    auxiliaries: Mapping[sp.Symbol, sp.Expr]
    at_start: Mapping[sp.Symbol, sp.Expr]
    start_order: tuple[sp.Symbol, ...]
    lookups: Mapping[str, Lookup]
    hidden: Mapping[str, str]
    draws: int = 0
    structural: Mapping[str, str] = field(default_factory=dict)


def symbolise(model: Model) -> Equations:
    """Write out every delay, put the equations in order.

    Returns
    -------
    Equations
        Plain equations; evaluation order is stable, file order as far as needs allow.

    Raises
    ------
    AlgebraicLoopError
        Variables, or start values, that need each other at one instant; the message names the
        whole circle in causal order.
    ModelError
        The clock depends on something that changes, or the order of a delay is not a constant
        whole number.

    Notes
    -----
    O(size of all expressions); nothing is simplified.
    """
    from loopscope.models.delays import WriteOut

    out = WriteOut(model)
    parameters: dict[sp.Symbol, float] = {}
    unordered: dict[sp.Symbol, sp.Expr] = {}
    at_start: dict[sp.Symbol, sp.Expr] = {}
    lookups: dict[str, Lookup] = {}
    for variable in model:
        symbol = variable.symbol
        if isinstance(variable, Parameter):
            parameters[symbol] = variable.value
        elif isinstance(variable, Lookup):
            lookups[variable.name] = variable
            if variable.owner:
                out.hidden[variable.name] = variable.owner
        elif isinstance(variable, Stock):
            out.states[symbol] = State(
                rate=out.write(variable.rate, variable.name),
                initial=out.write(variable.initial, variable.name, starting=True),
                owner=variable.name,
                non_negative=variable.non_negative,
            )
        elif isinstance(variable.equation, remembering.Initial):
            inner = variable.equation.args[0]
            out.fixed[symbol] = out.write(inner, variable.name, starting=True)
        else:
            unordered[symbol] = out.write(variable.equation, variable.name)
            if variable.equation.has(remembering.ActiveInitial):
                at_start[symbol] = out.write(variable.equation, variable.name, starting=True)
    _check_clock(model)
    equations = Equations(
        name=model.name,
        sha256=model.sha256,
        clock=model.clock,
        parameters=parameters,
        states=out.states,
        memories=out.memories,
        pipelines=out.pipelines,
        fixed=out.fixed,
        auxiliaries=_in_order(model, unordered),
        at_start=at_start,
        start_order=(),
        lookups=lookups,
        hidden=out.hidden,
        structural=out.structural,
    )
    return replace(equations, start_order=_start_order(equations), draws=_count_draws(equations))


_NAMES_TABLE = (sd.Table, sd.TableSlope)


def symbols_in(expression: sp.Expr) -> list[sp.Symbol]:
    """Return the variables an expression needs, by name, without the names of lookups."""
    if not expression.has(sd.Table, sd.TableSlope):
        return sorted(expression.free_symbols, key=_name)
    found: set[sp.Symbol] = set()
    stack: list[sp.Expr] = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, sp.Symbol):
            found.add(node)
        else:
            stack.extend(node.args[1:] if isinstance(node, _NAMES_TABLE) else node.args)
    return sorted(found, key=_name)


def _name(symbol: sp.Symbol) -> str:
    return symbol.name


def _in_order(model: Model, unordered: dict[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    needs = {symbol: symbols_in(expression) for symbol, expression in unordered.items()}
    try:
        return {symbol: unordered[symbol] for symbol in sort(needs, needs)}
    except CircleError as error:
        msg = (
            f"{model.name}: variables that need each other at one instant: "
            f"{_circle(error)}; put a stock, a SMOOTH or a DELAY into the circle"
        )
        raise AlgebraicLoopError(msg) from None


def _start_order(equations: Equations) -> tuple[sp.Symbol, ...]:
    """Return the order in which start values are found, auxiliaries they need included."""
    needs: dict[sp.Symbol, list[sp.Symbol]] = {}
    for symbol, state in equations.states.items():
        needs[symbol] = symbols_in(state.initial)
    for symbol, memory in equations.memories.items():
        needs[symbol] = symbols_in(memory.initial)
    for symbol, pipeline in equations.pipelines.items():
        needs[symbol] = symbols_in(pipeline.initial) + symbols_in(pipeline.delay)
    for symbol, expression in equations.fixed.items():
        needs[symbol] = symbols_in(expression)
    wanted = list(needs)
    for symbol, expression in {**equations.auxiliaries, **equations.at_start}.items():
        needs[symbol] = symbols_in(expression)
    try:
        return tuple(sort(wanted, needs))
    except CircleError as error:
        msg = (
            f"{equations.name}: start values that need each other: {_circle(error)}; give one of "
            "them a start value of its own, as DELAY1I, SMOOTHI and ACTIVE INITIAL do"
        )
        raise AlgebraicLoopError(msg) from None


def _circle(error: CircleError) -> str:
    return " -> ".join(str(symbol) for symbol in (*error.circle, error.circle[0]))


def _check_clock(model: Model) -> None:
    """Refuse a clock that rests on anything but constants and the time."""
    clock = model.clock
    for name in (clock.initial_time, clock.final_time, clock.time_step, clock.saveper):
        waiting, seen = [name], {name}
        while waiting:
            variable = model.variables[waiting.pop()]
            if isinstance(variable, Parameter):
                continue
            changing = type(variable) is not Auxiliary or variable.equation.has(
                remembering.Remembering, sd.RandomUniform
            )
            if changing:
                what = "a state" if variable.name == name else f"'{variable.name}'"
                msg = (
                    f"{model.name}: '{name}' depends on {what}, which changes during a run; "
                    "define it by constants or the time only"
                )
                raise ModelError(msg)
            assert isinstance(variable, Auxiliary)
            for symbol in symbols_in(variable.equation):
                if symbol != TIME and symbol.name not in seen:
                    seen.add(symbol.name)
                    waiting.append(symbol.name)


def _count_draws(equations: Equations) -> int:
    """Return one more than the highest random draw."""
    expressions = [
        *equations.auxiliaries.values(),
        *equations.at_start.values(),
        *equations.fixed.values(),
        *(part for one in equations.states.values() for part in (one.rate, one.initial)),
        *(part for one in equations.memories.values() for part in (one.update, one.initial)),
        *(
            part
            for one in equations.pipelines.values()
            for part in (one.input, one.delay, one.initial)
        ),
    ]
    draws = [
        int(call.args[0])
        for expression in expressions
        if expression.has(sd.RandomUniform)
        for call in expression.atoms(sd.RandomUniform)
    ]
    return max(draws, default=-1) + 1


def reaches(equations: Equations, symbol: sp.Symbol) -> set[sp.Symbol]:
    """Return everything an auxiliary depends on at the same instant, itself included."""
    found: set[sp.Symbol] = set()
    waiting = [symbol]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            if current in equations.auxiliaries:
                waiting.extend(symbols_in(equations.auxiliaries[current]))
    return found
