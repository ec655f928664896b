"""The values of expressions over whole arrays, by numpy.

Stage 5 of 5, beside a run.  In: expressions, and an array for each of their symbols.  Out: arrays.
For what is asked of a run afterwards, as link gains are: nothing is compiled.  What is inside a
run belongs to the engine, whose rounding differs in the last place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from loopscope.models import functions as sd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from loopscope.models.model import Lookup

    Numbers = NDArray[np.float64]


class ArrayOperations:
    """The ``Operations`` vocabulary on float64 arrays; errors give NaN or infinity."""

    def constant(self, number: float) -> Any:
        """Return the number."""
        return np.float64(number)

    def add(self, a: Any, b: Any) -> Any:
        """Return a + b."""
        return a + b

    def subtract(self, a: Any, b: Any) -> Any:
        """Return a - b."""
        return a - b

    def multiply(self, a: Any, b: Any) -> Any:
        """Return a * b."""
        return a * b

    def divide(self, a: Any, b: Any) -> Any:
        """Return a / b."""
        return np.divide(a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        """Return the smaller; NaN if either is NaN."""
        return np.minimum(a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        """Return the larger; NaN if either is NaN."""
        return np.maximum(a, b)

    def less(self, a: Any, b: Any) -> Any:
        """Return 1 where a < b, else 0."""
        return np.less(a, b).astype(np.float64)

    def less_equal(self, a: Any, b: Any) -> Any:
        """Return 1 where a <= b, else 0."""
        return np.less_equal(a, b).astype(np.float64)

    def equal(self, a: Any, b: Any) -> Any:
        """Return 1 where a = b, else 0."""
        return np.equal(a, b).astype(np.float64)

    def both(self, a: Any, b: Any) -> Any:
        """Return 1 where neither is 0, else 0."""
        return np.logical_and(a, b).astype(np.float64)

    def either(self, a: Any, b: Any) -> Any:
        """Return 1 where one is not 0, else 0."""
        return np.logical_or(a, b).astype(np.float64)

    def negate(self, a: Any) -> Any:
        """Return 1 where a is 0, else 0."""
        return np.equal(a, 0.0).astype(np.float64)

    def select(self, condition: Any, a: Any, b: Any) -> Any:
        """Return a where the condition is not 0, else b."""
        return np.where(np.not_equal(condition, 0.0), a, b)

    def absolute(self, a: Any) -> Any:
        """Return the absolute value."""
        return np.abs(a)

    def truncate(self, a: Any) -> Any:
        """Return a without its fraction."""
        return np.trunc(a)

    def floor(self, a: Any) -> Any:
        """Return the largest whole number not above a."""
        return np.floor(a)

    def sqrt(self, a: Any) -> Any:
        """Return the square root."""
        return np.sqrt(a)

    def exp(self, a: Any) -> Any:
        """Return e ** a."""
        return np.exp(a)

    def log(self, a: Any) -> Any:
        """Return the natural logarithm."""
        return np.log(a)

    def power(self, a: Any, b: Any) -> Any:
        """Return a ** b; NaN where it is not real."""
        return np.power(a, b)

    def library(self, name: str, a: Any) -> Any:
        """Return a function by its C name."""
        if name == "erfc":
            from scipy import special

            return special.erfc(a)
        return getattr(np, {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}.get(name, name))(
            a
        )


ARRAYS = ArrayOperations()
_LIBRARY: dict[Any, Any] = {
    sp.exp: np.exp,
    sp.log: np.log,
    sp.Abs: np.abs,
    sp.sign: np.sign,
    sp.re: lambda a: a,
    sp.im: np.zeros_like,
    **{
        getattr(sp, name): getattr(np, name)
        for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")
    },
    sp.asin: np.arcsin,
    sp.acos: np.arccos,
    sp.atan: np.arctan,
}


class Arrays:
    """Values of expressions, each sub-expression computed once.

    Parameters
    ----------
    values
        An array, or a number, by symbol; shapes that broadcast.  Entries may be added, never
        changed, while the object is in use.
    lookups
        As in ``Equations``.
    """

    def __init__(
        self, values: Mapping[sp.Symbol, Any], lookups: Mapping[str, Lookup] | None = None
    ) -> None:
        self.values = values
        self.lookups = lookups or {}
        self._known: dict[sp.Expr, Any] = {}

    def of(self, expression: sp.Expr) -> Any:
        """Return the value of an expression, broadcast no further than its symbols ask.

        Raises
        ------
        KeyError
            A symbol has no value.

        Examples
        --------
        >>> x = sp.Symbol("x", real=True)
        >>> Arrays({x: np.array([1.0, 2.0])}).of(x**2 + 1)
        array([2., 5.])
        """
        with np.errstate(all="ignore"):
            return self._of(expression)

    def _of(self, e: sp.Expr) -> Any:
        if isinstance(e, sp.Symbol):
            return self.values[e]
        if not e.args:
            return number(e)
        known = self._known.get(e)
        if known is None:
            known = self._known[e] = self._computed(e)
        return known

    def _computed(self, e: sp.Expr) -> Any:
        if isinstance(e, sd.Table | sd.TableSlope):
            table = self.lookups[str(e.args[0])]
            return (slope_at if isinstance(e, sd.TableSlope) else value_at)(
                table, self._of(e.args[1])
            )
        arguments = [self._of(argument) for argument in e.args]
        if isinstance(e, sp.Add):
            return sum(arguments[1:], start=arguments[0])
        if isinstance(e, sp.Mul):
            product = arguments[0]
            for argument in arguments[1:]:
                product = product * argument
            return product
        if isinstance(e, sp.Pow):
            base, exponent = arguments
            if e.args[1] == -1:
                return np.divide(1.0, base)
            return np.power(np.asarray(base, dtype=np.float64), exponent)
        if isinstance(e, sd.NormalQuantile):
            from scipy import special

            return special.ndtri(arguments[0])
        if isinstance(e, sd.SDFunction):
            return e.native(ARRAYS, *arguments)
        return _LIBRARY[e.func](arguments[0])


def number(e: sp.Expr) -> np.float64:
    """Return a literal as a float; infinities and NaN as they are."""
    if e is sp.zoo:
        return np.float64(np.inf)
    return np.float64(float(e))


def value_at(table: Lookup, x: Any) -> Numbers:
    """Return the values of a lookup; at a jump the value after it, below the first point held."""
    points, values = np.asarray(table.x), np.asarray(table.y)
    x = np.asarray(x, dtype=np.float64)
    if len(points) == 1:
        found = np.full(x.shape, values[0])
    elif table.interpolation == "hold_backward":
        found = values[np.clip(np.searchsorted(points, x, side="right") - 1, 0, None)]
    else:
        row = np.clip(np.searchsorted(points, x, side="right") - 1, 0, len(points) - 2)
        width = points[row + 1] - points[row]
        with np.errstate(all="ignore"):
            slope = np.where(width > 0, (values[row + 1] - values[row]) / width, 0.0)
        base = np.where(width > 0, values[row], values[row + 1])
        found = base + (x - points[row]) * slope
        if table.interpolation == "interpolate":
            found = np.where(x < points[0], values[0], found)
            found = np.where(x >= points[-1], values[-1], found)
    return np.where(np.isnan(x), np.nan, found)


def slope_at(table: Lookup, x: Any) -> Numbers:
    """Return the slopes of a lookup: of the segment to the right at a point, 0 where held."""
    points, values = np.asarray(table.x), np.asarray(table.y)
    x = np.asarray(x, dtype=np.float64)
    if len(points) == 1 or table.interpolation == "hold_backward":
        return np.zeros(x.shape)
    row = np.clip(np.searchsorted(points, x, side="right") - 1, 0, len(points) - 2)
    width = points[row + 1] - points[row]
    with np.errstate(all="ignore"):
        slope = np.where(width > 0, (values[row + 1] - values[row]) / width, 0.0)
    if table.interpolation == "extrapolate":
        return np.asarray(slope)
    return np.where((x >= points[0]) & (x < points[-1]), slope, 0.0)
