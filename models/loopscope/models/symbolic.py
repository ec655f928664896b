"""From a model to its equations: write out, put in order, check.

Stage 3 of 5.  In: a ``Model``.  Out: ``Equations``.  Algebraic loops, circles of start values and
clocks that depend on the state end here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.delays import WriteOut
from loopscope.models.equations import Equations, State, symbols_in
from loopscope.models.errors import AlgebraicLoopError, ModelError
from loopscope.models.model import TIME, Auxiliary, Lookup, Model, Parameter, Stock
from loopscope.models.order import CircleError, sort

if TYPE_CHECKING:
    import sympy as sp


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
    return replace(equations, start_order=start_order(equations), draws=_count_draws(equations))


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


def start_order(equations: Equations) -> tuple[sp.Symbol, ...]:
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
