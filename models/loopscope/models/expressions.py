"""From the abstract syntax of one equation to a sympy expression.

Stage 2 of 5.  In: a tree of PySD's structures, and the names of the whole file.  Out: a sympy
expression over symbols with authored names, and the names it uses in authored order.  One small
function for each kind of node, found by the node's class name; functions stand in ``calls``.
What is not translated is noted with its place and replaced by a stand-in, so that one reading
finds every obstacle.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.draft import join, plain_name
from loopscope.models.model import TIME, Interpolation, Lookup
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LARGEST_EXACT_POWER = 512
"""Bits up to which a power of two numbers is kept exact; beyond it is a double."""


@dataclass(slots=True)
class File:
    """The names of a file, and what reading its equations brings up.

    Attributes
    ----------
    names
        Authored name of each variable, by key.
    tables
        Name of the lookup that a name stands for when it is called, by key.
    reserved
        Symbols with a fixed meaning (Time ...), by key.
    macros, dimensions
        Keys of macros; of dimensions and their elements.
    obstacles, undefined
        (variable, construct) and (variable, name) pairs, each once, in file order.
    inline
        Lookups that stand inside equations, by the name they were given.
    draws
        Random draws so far.
    """

    names: Mapping[str, str]
    tables: dict[str, str]
    reserved: Mapping[str, sp.Expr]
    step: sp.Symbol
    macros: frozenset[str] = frozenset()
    dimensions: frozenset[str] = frozenset()
    obstacles: dict[tuple[str, str], None] = field(default_factory=dict)
    undefined: dict[tuple[str, str], None] = field(default_factory=dict)
    inline: dict[str, Lookup] = field(default_factory=dict)
    draws: int = 0


@dataclass(slots=True)
class Equation:
    """Reads the equation of one variable.

    Attributes
    ----------
    depends, initial_depends
        Names met so far, in authored order: needed while running, and at the start.
    starting
        Whether what is being read is needed at the start only.
    """

    file: File
    owner: str
    depends: dict[str, None] = field(default_factory=dict)
    initial_depends: dict[str, None] = field(default_factory=dict)
    starting: bool = False

    def read(self, node: Any) -> sp.Expr:
        """Return the expression of a node."""
        if isinstance(node, int | float):
            return self.number(float(node))
        reader = NODES.get(type(node).__name__)
        if reader is None:
            return self.refuse(_CONSTRUCTS.get(type(node).__name__, type(node).__name__))
        return reader(self, node)

    def at_start(self, node: Any) -> sp.Expr:
        """Return the expression of a node that is needed at the start only."""
        with self.in_start():
            return self.read(node)

    @contextmanager
    def in_start(self) -> Iterator[None]:
        """Count names met here as needed at the start."""
        before, self.starting = self.starting, True
        yield
        self.starting = before

    def refuse(self, construct: str) -> sp.Expr:
        """Note an obstacle and return a stand-in."""
        self.file.obstacles[self.owner, construct] = None
        return sp.Symbol("not translated", real=True)

    def uses(self, name: str) -> None:
        """Note that the equation names a variable."""
        (self.initial_depends if self.starting else self.depends)[name] = None

    def time(self) -> sp.Symbol:
        """Return the symbol of the simulation time, noting that it is used."""
        self.uses(TIME.name)
        return TIME

    def number(self, value: float) -> sp.Expr:
        """Return a number, exact as its decimals are written.

        Examples
        --------
        >>> Equation(None, "x").number(0.1)
        1/10
        """
        if math.isnan(value):
            return self.refuse(":NA: or not a number")
        if math.isinf(value):
            return self.refuse("number beyond 1.8e308")
        return (
            sp.Integer(int(value))
            if value.is_integer() and abs(value) < 1e15
            else (sp.Rational(repr(value)))
        )

    def variable(self, name: str) -> sp.Expr:
        """Return the symbol of the variable a name stands for, in any spelling."""
        name = plain_name(name)
        word = key(name)
        found = self.file.names.get(word)
        if found is not None:
            if self.file.tables.get(word) == found:
                return self.refuse(f"table '{found}' without an argument")
            self.uses(found)
            return sp.Symbol(found, real=True)
        if word in self.file.reserved:
            symbol = self.file.reserved[word]
            for used in symbol.free_symbols:
                self.uses(used.name)
            return symbol
        if word in self.file.dimensions:
            return self.refuse(f"subscript '{name}' as a number")
        self.file.undefined[self.owner, name] = None
        return sp.Symbol(name, real=True)

    def inline_table(self, lookup: Any) -> sp.Symbol:
        """Give a lookup that stands inside this equation a name of its own."""
        name, count = f"{self.owner} table", 1
        while key(name) in self.file.names or name in self.file.inline:
            count += 1
            name = f"{self.owner} table {count}"
        self.file.inline[name] = make_lookup(name, lookup, owner=self.owner)
        return sp.Symbol(name, real=True)


def make_lookup(name: str, syntax: Any, **fields: Any) -> Lookup:
    """Return the points of a graphical function, ascending in x.

    Of several points at one x the first and the last are kept: the jump.  Points that are not
    finite are left in, for ``translate`` to refuse with their name.
    """
    points = zip(join(map(float, syntax.x)), map(float, syntax.y), strict=False)
    kept: list[tuple[float, float]] = []
    for point in points:
        if point in kept[-1:]:
            continue
        if len(kept) > 1 and kept[-1][0] == kept[-2][0] == point[0]:
            kept.pop()
        kept.append(point)
    interpolation: Interpolation = (
        syntax.type if syntax.type in {"extrapolate", "hold_backward"} else "interpolate"
    )
    x, y = tuple(x for x, _ in kept), tuple(y for _, y in kept)
    return Lookup(name=name, x=x, y=y, interpolation=interpolation, **fields)


def power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """Return base ** exponent; a huge power of two numbers as a double, a root of -x as NaN."""
    if base.is_Rational and exponent.is_Rational:
        value = float(base)
        if value < 0 and not exponent.is_Integer:
            return sp.nan
        size = abs(float(exponent)) * max(1.0, abs(math.log2(abs(value)))) if value else 0.0
        if size > LARGEST_EXACT_POWER:
            try:
                return sp.Float(math.pow(value, float(exponent)))
            except OverflowError:
                return sp.nan
    return base**exponent


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
    from loopscope.models.calls import read_call

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

_CONSTRUCTS = {
    "AllocateAvailableStructure": "ALLOCATE AVAILABLE",
    "AllocateByPriorityStructure": "ALLOCATE BY PRIORITY",
    "GetConstantsStructure": "GET CONSTANTS (external data)",
    "GetDataStructure": "GET DATA (external data)",
    "GetLookupsStructure": "GET LOOKUPS (external data)",
    "DataStructure": "external data",
    "LookupsStructure": "table inside an expression",
    "SubscriptsReferenceStructure": "subscripts",
    "ndarray": "array of numbers",
    "str": "text as an argument",
}
