"""From sympy expressions to LLVM values, each computed once and as early as it can be.

Stage 4 of 5, emission.  In: ``Equations`` and a ``Layout``.  Out: LLVM values in five nested
sections of a kernel, by what a value depends on:

========  =======================================  ================
section   depends on                               computed
========  =======================================  ================
uniform   constants, inputs common to all runs     once a call
tile      inputs that differ between runs          once a tile
time      also the time or a series                once a step
step      also the state                           each run, each step
read      only what is saved, no equation, needs   each run, each save
reduce    only what a reduction needs              each run, each step
========  =======================================  ================
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models import functions
from loopscope.models.engine import tables
from loopscope.models.engine.rounding import (
    COMPARING,
    compared,
    inverse,
    is_divisor,
    shared_divisors,
)
from loopscope.models.model import TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from llvmlite import ir

    from loopscope.models.engine.lanes import Lanes
    from loopscope.models.equations import Equations


class Level(IntEnum):
    """The section a value belongs to."""

    UNIFORM = 0
    TILE = 1
    TIME = 2
    STEP = 3
    READ = 4
    REDUCE = 5

    def join(self, other: Level) -> Level:
        """Return the section of a value that depends on both."""
        pair = {self, other}
        return Level.STEP if pair == {Level.TILE, Level.TIME} else max(self, other)


LIBRARY = {
    sp.sin: "sin", sp.cos: "cos", sp.tan: "tan", sp.asin: "asin", sp.acos: "acos",
    sp.atan: "atan", sp.sinh: "sinh", sp.cosh: "cosh", sp.tanh: "tanh", sp.gamma: "tgamma",
    sp.asinh: "asinh", sp.acosh: "acosh", sp.atanh: "atanh", sp.erf: "erf", sp.erfc: "erfc",
}  # fmt: skip
"""Functions left to the C library."""


Memo = tuple[bool, bool, sp.Expr]
"""What a value is remembered by: whether starting, whether exact, expression."""


@dataclass(slots=True)
class Section:
    """One section under construction: where its instructions go and what it holds so far."""

    level: Level
    lanes: Lanes
    values: dict[Memo, ir.Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Environment:
    """What symbols mean: while running, or while start values are being found.

    Attributes
    ----------
    starting
        Whether this is the one for start values.
    level
        Section of each symbol that is not an auxiliary.
    read
        Gives the value of such a symbol in its section.
    equation
        Equations of auxiliaries.
    """

    starting: bool
    level: dict[sp.Symbol, Level]
    read: Callable[[sp.Symbol], ir.Value]
    equation: dict[sp.Symbol, sp.Expr]


class Expressions:
    """Turns expressions into values, choosing the section and sharing what is equal.

    Parameters
    ----------
    equations
        Where auxiliaries and lookups are defined.
    sections
        The six sections, by level.
    keep
        Stores a value of the tile or the time section; returns it as read in a later section.
    random
        Gives the value of a random draw in a section.
    """

    def __init__(
        self,
        equations: Equations,
        sections: dict[Level, Section],
        keep: Callable[[ir.Value, Level, Lanes], ir.Value],
        random: Callable[[int, Lanes], ir.Value],
    ) -> None:
        self.equations = equations
        self.sections = sections
        self.keep = keep
        self.random = random
        self._levels: dict[tuple[bool, sp.Expr], Level] = {}
        self._ranks: dict[sp.Expr, int] = {}
        self._parametric = set(equations.parameters) | set(equations.fixed)
        self.exact = compared(equations)
        self._shared = shared_divisors(equations)

    def level(self, expression: sp.Expr, environment: Environment) -> Level:
        """Return the section an expression belongs to."""
        memo = (environment.starting, expression)
        known = self._levels.get(memo)
        if known is not None:
            return known
        level = Level.UNIFORM
        if isinstance(expression, sp.Symbol):
            given = environment.level.get(expression)
            level = (
                given
                if given is not None
                else self.level(environment.equation[expression], environment)
            )
        elif isinstance(expression, functions.RandomUniform):
            level = Level.TILE if environment.starting else Level.STEP
        else:
            for argument in _operands(expression):
                level = level.join(self.level(argument, environment))
        self._levels[memo] = level
        return level

    def value(
        self, expression: sp.Expr, environment: Environment, where: Level, *, exact: bool = False
    ) -> ir.Value:
        """Return the value of an expression, ready for use in section ``where``.

        ``exact`` asks for every operation to be rounded by itself, as in other programs: what is
        compared or rounded to a whole number must not miss it by the last bit.
        """
        exact = expression in self.exact if isinstance(expression, sp.Symbol) else exact
        level = self.level(expression, environment)
        memo = (environment.starting, exact, expression)
        if level is not Level.UNIFORM and where > Level.STEP:
            known = self.sections[Level.STEP].values.get(memo)
            if known is not None:
                return known
        if level in (Level.TILE, Level.TIME) and where >= Level.STEP:
            later = self.sections[where]
            if memo not in later.values:
                inner = self.value(expression, environment, level, exact=exact)
                later.values[memo] = self.keep(inner, level, later.lanes)
            return later.values[memo]
        section = self.sections[where if level is Level.STEP else level]
        if memo not in section.values:
            section.values[memo] = self._build(expression, environment, section, exact=exact)
        return section.values[memo]

    def _build(
        self, e: sp.Expr, environment: Environment, section: Section, *, exact: bool
    ) -> ir.Value:
        lanes = section.lanes
        if e.is_number and not e.has(functions.SDFunction):
            return lanes.constant(_number(e))
        if isinstance(e, sp.Symbol):
            if e in environment.level:
                return environment.read(e)
            equation = environment.equation[e]
            return self.value(equation, environment, section.level, exact=exact)
        inside = exact or isinstance(e, COMPARING)

        def part(argument: sp.Expr) -> ir.Value:
            return self.value(argument, environment, section.level, exact=inside)

        if isinstance(e, sp.Add):
            return self._sum(e, part, lanes, exact=exact)
        if isinstance(e, sp.Mul):
            return self._product(e, part, lanes, exact=exact)
        if isinstance(e, sp.Pow):
            return self._power(e, part, lanes)
        if isinstance(e, sp.exp):
            return lanes.exp(part(e.args[0]))
        if isinstance(e, sp.log):
            return lanes.log(part(e.args[0]))
        if isinstance(e, sp.Abs):
            return lanes.absolute(part(e.args[0]))
        if isinstance(e, sp.sign):
            return lanes.sign(part(e.args[0]))
        if isinstance(e, sp.re):  # sympy's, where it cannot tell; all values here are real
            return part(e.args[0])
        if isinstance(e, sp.im):
            return lanes.constant(0.0)
        return self._call(e, part, lanes)

    def _call(self, e: sp.Expr, part: Callable[[sp.Expr], ir.Value], lanes: Lanes) -> ir.Value:
        if isinstance(e, functions.Table | functions.TableSlope):
            table = self.equations.lookups[str(e.args[0])]
            emit = tables.emit_table if isinstance(e, functions.Table) else tables.emit_slope
            return emit(lanes, table, part(e.args[1]))
        if isinstance(e, functions.RandomUniform):
            return self.random(int(e.args[0]), lanes)
        if isinstance(e, functions.Minimum | functions.Maximum):
            # A variable that is not finite ends the run by itself, so only a value that is
            # not yet a variable needs its NaN carried on.
            a, b = sorted(e.args, key=lambda x: isinstance(x, sp.Symbol), reverse=True)
            pick = lanes.minimum if isinstance(e, functions.Minimum) else lanes.maximum
            return pick(part(a), part(b), careful=not isinstance(a, sp.Symbol))
        if isinstance(e, functions.NormalQuantile):
            return tables.emit_quantile(lanes, part(e.args[0]))
        if isinstance(e, functions.SDFunction):
            value: ir.Value = e.native(lanes, *[part(argument) for argument in e.args])
            return value
        name = LIBRARY.get(e.func)
        assert name is not None, f"no native form for {e.func}"
        return lanes.library(name, part(e.args[0]))

    def _rank(self, e: sp.Expr) -> int:
        """Return 0 for a value of parameters alone, 1 with time, 2 with state.

        Sums and products are associated in this order, which does not depend on the layout,
        so neither does their rounding.
        """
        known = self._ranks.get(e)
        if known is not None:
            return known
        if isinstance(e, sp.Symbol):
            if e in self.equations.auxiliaries:
                rank = self._rank(self.equations.auxiliaries[e])
            else:
                rank = 0 if e in self._parametric else 1 if e == TIME else 2
        elif isinstance(e, functions.RandomUniform):
            rank = 2
        else:
            rank = max((self._rank(argument) for argument in _operands(e)), default=0)
        self._ranks[e] = rank
        return rank

    def _groups(self, arguments: Iterable[sp.Expr]) -> list[list[sp.Expr]]:
        groups: list[list[sp.Expr]] = [[], [], []]
        for argument in arguments:
            groups[self._rank(argument)].append(argument)
        return [group for group in groups if group]

    def _staged(self, arguments: Iterable[sp.Expr], kind: type[sp.Expr]) -> list[sp.Expr]:
        """Return the arguments of a sum or product with what is ready earlier joined.

        A joined part is a value of its own, computed in its section.
        """
        *early, late = self._groups(arguments)
        joined = [kind(*group, evaluate=False) if len(group) > 1 else group[0] for group in early]
        return [*joined, *late]

    def _sum(
        self, e: sp.Expr, part: Callable[[sp.Expr], ir.Value], lanes: Lanes, *, exact: bool
    ) -> ir.Value:
        total: ir.Value | None = None
        for term in self._staged(e.args, sp.Add):
            total = self._add_term(total, term, part, lanes, exact=exact)
        assert total is not None
        return total

    def _add_term(
        self,
        total: ir.Value | None,
        term: sp.Expr,
        part: Callable[[sp.Expr], ir.Value],
        lanes: Lanes,
        *,
        exact: bool,
    ) -> ir.Value:
        if total is None:
            return part(term)
        negative = isinstance(term, sp.Mul) and bool(term.args[0].is_negative)
        size = -term if negative else term
        if isinstance(size, sp.Mul) and not exact and not self._divided(size):
            groups = self._groups(size.args)
            last = groups[-1].pop()
            rest = [x for group in groups for x in group]
            a = part(rest[0] if len(rest) == 1 else sp.Mul(*rest, evaluate=False))
            return lanes.fused(lanes.minus(a) if negative else a, part(last), total)
        if negative:
            return lanes.subtract(total, part(size))
        return lanes.add(total, part(term))

    def _divided(self, e: sp.Expr) -> bool:
        return any(self._own_divisor(x) for x in e.args)

    def _product(
        self, e: sp.Expr, part: Callable[[sp.Expr], ir.Value], lanes: Lanes, *, exact: bool
    ) -> ir.Value:
        if exact or self._rank(e) == 0:
            return self._quotient(e, part, lanes, exact=exact)
        # A division takes as long as thirty products.  What is divided by parameters alone is
        # multiplied by their reciprocal instead, ready before the first step; and what divides
        # several variables is divided by once.
        divisors = [x for x in e.args if self._own_divisor(x)]
        factors = [x for x in e.args if x not in divisors and x != -1]
        below = [inverse(x) for x in divisors]
        above = self._staged(factors, sp.Mul) if factors else []
        return _fraction(above, below, part, lanes, negative=e.args[0] == -1)

    def _own_divisor(self, x: sp.Expr) -> bool:
        """Whether a factor is a division of its own, not a product with a reciprocal."""
        return is_divisor(x) and self._rank(x) > 0 and x not in self._shared

    def _quotient(
        self, e: sp.Expr, part: Callable[[sp.Expr], ir.Value], lanes: Lanes, *, exact: bool
    ) -> ir.Value:
        """Return a product whose divisors are divided by, once, at the end."""
        divisors = [inverse(x) for x in e.args if is_divisor(x)]
        factors = [x for x in e.args if not is_divisor(x)]
        first = factors[0] if factors else None
        if exact and isinstance(first, sp.Rational) and first.q != 1:
            divisors.append(sp.Integer(first.q))
            factors = factors[1:] if first.p == 1 else [sp.Integer(first.p), *factors[1:]]
        negative = bool(factors) and factors[0] == -1
        return _fraction(factors[negative:], divisors, part, lanes, negative=negative)

    def _power(self, e: sp.Expr, part: Callable[[sp.Expr], ir.Value], lanes: Lanes) -> ir.Value:
        base, exponent = e.args
        if is_divisor(e):
            return lanes.divide(lanes.constant(1.0), part(inverse(e)))
        if exponent.is_Integer and int(exponent) <= 16:
            return lanes.whole_power(part(base), int(exponent))
        if exponent == sp.Rational(1, 2):
            return lanes.sqrt(part(base))
        return lanes.power(part(base), part(exponent))


def _fraction(
    above: list[sp.Expr],
    below: list[sp.Expr],
    part: Callable[[sp.Expr], ir.Value],
    lanes: Lanes,
    *,
    negative: bool,
) -> ir.Value:
    """Return the product of ``above`` over that of ``below``; divides once, at the end."""
    total: ir.Value | None = None
    for factor in above:
        value = part(factor)
        total = value if total is None else lanes.multiply(total, value)
    if below:
        top = lanes.constant(1.0) if total is None else total
        total = lanes.divide(top, part(_times(below)))
    assert total is not None
    return lanes.minus(total) if negative else total


def _times(factors: list[sp.Expr]) -> sp.Expr:
    return factors[0] if len(factors) == 1 else sp.Mul(*factors, evaluate=False)


def _operands(e: sp.Expr) -> tuple[sp.Expr, ...]:
    return e.args[1:] if isinstance(e, functions.Table | functions.TableSlope) else e.args


def _number(e: sp.Expr) -> float:
    if isinstance(e, sp.Rational):
        return e.p / e.q
    if e is sp.zoo:
        return math.inf
    value = complex(e.evalf(20))
    return value.real if value.imag == 0 else math.nan
