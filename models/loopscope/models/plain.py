"""The value of an expression in Python's own floats.

Stage 2 of 5.  In: an expression, and a float for each of its symbols.  Out: a float.  For
constants and for what must be known before a run (the order of a delay); runs belong to the
engine.  Refuses tables, random numbers and functions with a memory.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import sympy as sp

from loopscope.models.functions import SDFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Floats:
    """The ``Operations`` vocabulary on Python floats; errors of arithmetic are NaN or infinite."""

    def constant(self, number: float) -> float:
        """Return the number."""
        return number

    def add(self, a: float, b: float) -> float:
        """Return a + b."""
        return a + b

    def subtract(self, a: float, b: float) -> float:
        """Return a - b."""
        return a - b

    def multiply(self, a: float, b: float) -> float:
        """Return a * b."""
        return a * b

    def divide(self, a: float, b: float) -> float:
        """Return a / b."""
        if b == 0:
            return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)
        return a / b

    def minimum(self, a: float, b: float) -> float:
        """Return the smaller; NaN if either is NaN."""
        return math.nan if math.isnan(a) or math.isnan(b) else min(a, b)

    def maximum(self, a: float, b: float) -> float:
        """Return the larger; NaN if either is NaN."""
        return math.nan if math.isnan(a) or math.isnan(b) else max(a, b)

    def less(self, a: float, b: float) -> float:
        """Return 1 if a < b, else 0."""
        return float(a < b)

    def less_equal(self, a: float, b: float) -> float:
        """Return 1 if a <= b, else 0."""
        return float(a <= b)

    def equal(self, a: float, b: float) -> float:
        """Return 1 if a = b, else 0."""
        return float(a == b)

    def both(self, a: float, b: float) -> float:
        """Return 1 if neither is 0, else 0."""
        return float(a != 0 and b != 0)

    def either(self, a: float, b: float) -> float:
        """Return 1 if one is not 0, else 0."""
        return float(a != 0 or b != 0)

    def negate(self, a: float) -> float:
        """Return 1 if a is 0, else 0."""
        return float(a == 0)

    def select(self, condition: float, a: float, b: float) -> float:
        """Return a where the condition is not 0, else b."""
        return a if condition != 0 else b

    def absolute(self, a: float) -> float:
        """Return the absolute value."""
        return abs(a)

    def truncate(self, a: float) -> float:
        """Return a without its fraction."""
        return float(math.trunc(a)) if math.isfinite(a) else a

    def floor(self, a: float) -> float:
        """Return the largest whole number not above a."""
        return float(math.floor(a)) if math.isfinite(a) else a

    def sqrt(self, a: float) -> float:
        """Return the square root."""
        return self.library("sqrt", a)

    def exp(self, a: float) -> float:
        """Return e ** a."""
        return self.library("exp", a)

    def log(self, a: float) -> float:
        """Return the natural logarithm."""
        return -math.inf if a == 0 else self.library("log", a)

    def power(self, a: float, b: float) -> float:
        """Return a ** b; NaN where it is not real."""
        try:
            return math.pow(a, b)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.inf if a == 0 else math.nan

    def library(self, name: str, a: float) -> float:
        """Return a function of Python's ``math`` by its C name."""
        try:
            return float(getattr(math, name)(a))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    def random(self, draw: int) -> float:
        """Refuse: a random number belongs to a run."""
        msg = f"random draw {draw} in an expression that must be constant"
        raise AssertionError(msg)


FLOATS = Floats()
_LIBRARY: dict[Any, Callable[[float], float]] = {
    sp.exp: FLOATS.exp,
    sp.log: FLOATS.log,
    sp.Abs: abs,
    sp.sign: lambda a: float((a > 0) - (a < 0)),
    sp.re: lambda a: a,
    sp.im: lambda a: 0.0,
    **{
        getattr(sp, name): partial(FLOATS.library, name)
        for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
    },
}


def evaluate(expression: sp.Expr, values: Mapping[sp.Symbol, float]) -> float:
    """Return the value of an expression; NaN where it has none.

    Raises
    ------
    KeyError
        A symbol has no value.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> evaluate(2 * x + sp.exp(0), {x: 3.0})
    7.0
    """
    if isinstance(expression, sp.Symbol):
        return values[expression]
    if not expression.args:
        return _number(expression)
    arguments = [evaluate(argument, values) for argument in expression.args]
    if isinstance(expression, sp.Add):
        return math.fsum(arguments) if all(map(math.isfinite, arguments)) else sum(arguments)
    if isinstance(expression, sp.Mul):
        return math.prod(arguments)
    if isinstance(expression, sp.Pow):
        base, exponent = arguments
        return FLOATS.divide(1.0, base) if exponent == -1 else FLOATS.power(base, exponent)
    if isinstance(expression, SDFunction):
        return float(expression.native(FLOATS, *arguments))
    return _LIBRARY[expression.func](arguments[0])


def _number(expression: sp.Expr) -> float:
    try:
        return float(expression)
    except OverflowError:
        return math.inf
    except TypeError:
        return math.nan
