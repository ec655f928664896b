"""Expressions as a reader of the model would write them.

Beside every stage.  In: sympy expressions over a model's symbols.  Out: text in the manner of
Vensim.  Nothing is simplified here, and the order of terms is sympy's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sympy.printing.str import StrPrinter

if TYPE_CHECKING:
    import sympy as sp

CALLS = {
    "Minimum": "MIN",
    "Maximum": "MAX",
    "IfThenElse": "IF THEN ELSE",
    "IntegerPart": "INTEGER",
    "Quantum": "QUANTUM",
    "Modulo": "MODULO",
    "SafeDivide": "XIDZ",
    "Step": "STEP",
    "Ramp": "RAMP",
    "Pulse": "PULSE",
    "PulseTrain": "PULSE TRAIN",
    "RandomUniform": "RANDOM",
    "NormalCdf": "NORMAL CDF",
    "NormalQuantile": "NORMAL QUANTILE",
    "exp": "EXP",
    "log": "LN",
    "Abs": "ABS",
    "sign": "SIGN",
    "sqrt": "SQRT",
    "sin": "SIN",
    "cos": "COS",
    "tan": "TAN",
}
"""What the author calls a function, by the name of its class."""

_REMEMBERING = {
    "Integral": ("INTEG", 2),
    "Delay": ("DELAY", 2),
    "DelayN": ("DELAY N", 2),
    "DelayFixed": ("DELAY FIXED", 2),
    "Smooth": ("SMOOTH", 2),
    "Trend": ("TREND", 2),
    "Forecast": ("FORECAST", 3),
    "SampleIfTrue": ("SAMPLE IF TRUE", 3),
    "Initial": ("INITIAL", 1),
    "ActiveInitial": ("ACTIVE INITIAL", 2),
}
"""The same for functions with a memory, with the arguments that every form of them has."""

AUTHORED = {"Step": 2, "Ramp": 3, "Pulse": 2, "PulseTrain": 4}
"""Arguments that the author wrote; the clock stands in the others."""

BETWEEN = {"Less": "<", "LessEqual": "<=", "Equal": "=", "And": "and", "Or": "or"}
"""What stands between two arguments, by the name of the class."""


class _Text(StrPrinter):
    """Prints symbols as marks, so that what stands in names is not taken for an operator."""

    def __init__(self) -> None:
        super().__init__({"order": None})
        self.names: list[str] = []

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        if expr.name not in self.names:
            self.names.append(expr.name)
        return f"\x00{self.names.index(expr.name)}\x01"

    def _print_Rational(self, expr: sp.Rational) -> str:
        return decimal(expr) or super()._print_Rational(expr)

    def _print_Float(self, expr: sp.Float) -> str:
        return f"{float(expr):.15g}"

    def _print_Not(self, expr: sp.Expr) -> str:
        return f"(not {self._print(expr.args[0])})"

    def _between(self, expr: sp.Expr) -> str:
        a, b = expr.args
        return f"({self._print(a)} {BETWEEN[type(expr).__name__]} {self._print(b)})"

    # sympy has printing methods of its own for classes of these names.
    _print_And = _print_Or = _between

    def _print_LinkGain(self, expr: sp.Expr) -> str:
        effect, cause = (self._print(one) for one in expr.args)
        return f"[d({effect})|d({cause})]"

    def _print_Exp1(self, expr: sp.Expr) -> str:
        return "EXP(1)"

    def _print_Table(self, expr: sp.Expr) -> str:
        return f"{self._print(expr.args[0])}({self._print(expr.args[1])})"

    def _print_TableSlope(self, expr: sp.Expr) -> str:
        return f"SLOPE OF {self._print_Table(expr)}"

    def _print_Function(self, expr: sp.Expr) -> str:
        name = type(expr).__name__
        if name in BETWEEN:
            return self._between(expr)
        word, count = _REMEMBERING.get(name, (CALLS.get(name, name.upper()), len(expr.args)))
        arguments = expr.args[: AUTHORED.get(name, count)]
        return f"{word}({', '.join(self._print(one) for one in arguments)})"

    _print_Integral = _print_Function  # as above


def decimal(e: sp.Rational) -> str:
    """Return a number as its author would write it, where that ends; else nothing."""
    rest = int(e.q)
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return f"{float(e):.15g}" if rest == 1 and e.q < 10**9 else ""


def text_of(e: sp.Expr) -> str:
    """Return an expression as text in the manner of Vensim.

    Examples
    --------
    >>> import sympy as sp
    >>> from loopscope.models.functions import Minimum
    >>> a, b = sp.symbols("net_births life*span", real=True)
    >>> text_of(3 * a / (2 * b) - Minimum(a, b) ** 2)
    '-MIN(net_births, life*span)^2 + 3 * net_births / (2 * life*span)'
    """
    printer = _Text()
    text = printer.doprint(e)
    for sign, written in (("**", "^"), ("*", " * "), ("/", " / "), ("sqrt(", "SQRT(")):
        text = text.replace(sign, written)
    text = text.replace("|d(", "/d(")
    return re.sub("\x00(\\d+)\x01", lambda match: printer.names[int(match[1])], text)
