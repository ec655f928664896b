"""From the abstract syntax of one equation to a sympy expression.

Stage 2 of 5.  In: a tree of PySD's structures, and the names of the whole file.  Out: a sympy
expression over symbols with authored names, and the names it uses in authored order.  One small
function for each kind of node, found by the node's class name; functions stand in ``calls``.
What is not translated is noted with its place and replaced by a stand-in, so that one reading
finds every obstacle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.calls import read_call
from loopscope.models.reading import Equation, power

if TYPE_CHECKING:
    from collections.abc import Callable


def _arithmetic(equation: Equation, node: Any) -> sp.Expr:
    operators, arguments = list(node.operators), list(node.arguments)
    if operators == ["negative"]:
        return -equation.read(arguments[0])
    if operators[0] == "^":
        return _powers(equation, arguments)
    values = [equation.read(argument) for argument in arguments]
    result = values[:1]
    for operator, value in zip(operators, values[1:], strict=True):
        if operator == "/" and value.is_zero:
            return sp.nan
        result.append({"+": value, "*": value, "-": -value}.get(operator, 1 / value))
    return sp.Mul(*result) if operators[0] in "*/" else sp.Add(*result)


def _powers(equation: Equation, arguments: list[Any]) -> sp.Expr:
    """Read a chain of powers, which binds to the right and before a minus sign."""
    first, *rest = arguments
    if not rest:
        return equation.read(first)
    negative = isinstance(first, int | float) and first < 0
    base = equation.read(-first if negative else first)
    result = power(base, _powers(equation, rest))
    return -result if negative else result


_COMPARISONS: dict[str, Callable[[sp.Expr, sp.Expr], sp.Expr]] = {
    "=": sd.Equal,
    "<>": lambda a, b: sd.Not(sd.Equal(a, b)),
    "<": sd.Less,
    "<=": sd.LessEqual,
    ">": lambda a, b: sd.Less(b, a),
    ">=": lambda a, b: sd.LessEqual(b, a),
}


def _logic(equation: Equation, node: Any) -> sp.Expr:
    """Read a comparison, or a chain of AND and OR, in which AND binds first."""
    operators = [operator.upper() for operator in node.operators]
    values = [equation.read(argument) for argument in node.arguments]
    if operators == [":NOT:"]:
        return sd.Not(values[0])
    if operators[0] in _COMPARISONS:
        return _COMPARISONS[operators[0]](values[0], values[1])
    alternatives = [values[0]]
    for operator, value in zip(operators, values[1:], strict=True):
        if operator == ":AND:":
            alternatives[-1] = sd.And(alternatives[-1], value)
        else:
            alternatives.append(value)
    result = alternatives[0]
    for value in alternatives[1:]:
        result = sd.Or(result, value)
    return result


def _reference(equation: Equation, node: Any) -> sp.Expr:
    if node.subscripts is not None:
        return equation.refuse("subscripts")
    return equation.variable(node.reference)


def _call(equation: Equation, node: Any) -> sp.Expr:
    if node.function.subscripts is not None:
        return equation.refuse("subscripts")
    return read_call(equation, node.function.reference, list(node.arguments))


def _inline_lookup(equation: Equation, node: Any) -> sp.Expr:
    table = equation.inline_table(node.lookups)
    return sd.Table(table, equation.read(node.argument))


def _initial_of(equation: Equation, initial: Any, given: Any, value: sp.Expr) -> sp.Expr:
    """Read an initial value; where the author gave none it is the input itself, read once."""
    if initial is not given:
        return equation.at_start(initial)
    return value


def _delay(kind: type[remembering.Remembering]) -> Callable[[Equation, Any], sp.Expr]:
    def read(equation: Equation, node: Any) -> sp.Expr:
        value = equation.read(node.input)
        time = equation.read(node.smooth_time if hasattr(node, "smooth_time") else node.delay_time)
        initial = _initial_of(equation, node.initial, node.input, value)
        return kind(value, time, initial, equation.at_start(node.order))

    return read


def _delay_fixed(equation: Equation, node: Any) -> sp.Expr:
    value = equation.read(node.input)
    time = equation.at_start(node.delay_time)
    return remembering.DelayFixed(
        value, time, _initial_of(equation, node.initial, node.input, value)
    )


def _trend(equation: Equation, node: Any) -> sp.Expr:
    value, time = equation.read(node.input), equation.read(node.average_time)
    return remembering.Trend(value, time, equation.at_start(node.initial_trend))


def _forecast(equation: Equation, node: Any) -> sp.Expr:
    value, time = equation.read(node.input), equation.read(node.average_time)
    horizon = equation.read(node.horizon)
    return remembering.Forecast(value, time, horizon, equation.at_start(node.initial_trend))


def _sample(equation: Equation, node: Any) -> sp.Expr:
    condition, value = equation.read(node.condition), equation.read(node.input)
    return remembering.SampleIfTrue(condition, value, equation.at_start(node.initial))


def _integral(equation: Equation, node: Any) -> sp.Expr:
    rate = equation.read(node.flow)
    return remembering.Integral(
        rate, equation.at_start(node.initial), sp.Integer(bool(node.non_negative))
    )


NODES: dict[str, Callable[[Equation, Any], sp.Expr]] = {
    "ArithmeticStructure": _arithmetic,
    "LogicStructure": _logic,
    "ReferenceStructure": _reference,
    "CallStructure": _call,
    "InlineLookupsStructure": _inline_lookup,
    "GameStructure": lambda equation, node: equation.read(node.expression),
    "InitialStructure": lambda equation, node: remembering.Initial(equation.at_start(node.initial)),
    "IntegStructure": _integral,
    "DelayStructure": _delay(remembering.Delay),
    "DelayNStructure": _delay(remembering.DelayN),
    "SmoothStructure": _delay(remembering.Smooth),
    "SmoothNStructure": _delay(remembering.Smooth),
    "DelayFixedStructure": _delay_fixed,
    "TrendStructure": _trend,
    "ForecastStructure": _forecast,
    "SampleIfTrueStructure": _sample,
}
