"""Expressions as a reader of the model would write them: text and LaTeX.

Stage 2 of 4.  In: sympy expressions over a model's symbols.  Out: text in the manner of Vensim, or
LaTeX.  Nothing is simplified here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

if TYPE_CHECKING:
    from collections.abc import Callable

_CALLS = {
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
_AUTHORED = {"Step": 2, "Ramp": 3, "Pulse": 2, "PulseTrain": 4}
"""Arguments that the author wrote; the clock stands in the others."""
_BETWEEN = {
    "Less": ("<", "<"),
    "LessEqual": ("<=", r"\le"),
    "Equal": ("=", "="),
    "And": ("and", r"\wedge"),
    "Or": ("or", r"\vee"),
}


class LinkGain(sp.Function):
    """Stands for the gain of a link, d effect / d cause, where that is too long to write out."""

    nargs = 2


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
        return _decimal(expr) or super()._print_Rational(expr)

    def _print_Float(self, expr: sp.Float) -> str:
        return f"{float(expr):.15g}"

    def _print_Not(self, expr: sp.Expr) -> str:
        return f"(not {self._print(expr.args[0])})"

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
        arguments = expr.args[: _AUTHORED.get(name, len(expr.args))]
        inside = ", ".join(self._print(one) for one in arguments)
        return f"{_CALLS.get(name, name.upper())}({inside})"

    def between(self, expr: sp.Expr, *, word: str) -> str:
        a, b = expr.args
        return f"({self._print(a)} {word} {self._print(b)})"


class _Latex(LatexPrinter):
    """Prints names upright, and functions of system dynamics by their Vensim names."""

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return _upright(str(expr.name))

    def _print_Rational(self, expr: sp.Rational) -> str:
        return _decimal(expr) or super()._print_Rational(expr)

    def _print_Not(self, expr: sp.Expr, charmap: Any = None) -> str:
        return rf"\left[\neg\,{self._print(expr.args[0])}\right]"

    def _print_LinkGain(self, expr: sp.Expr, exp: str | None = None) -> str:
        effect, cause = (self._print(one) for one in expr.args)
        ratio = rf"\frac{{\partial\,{effect}}}{{\partial\,{cause}}}"
        return ratio if exp is None else rf"\left({ratio}\right)^{{{exp}}}"

    def _print_Table(self, expr: sp.Expr, exp: str | None = None) -> str:
        name, x = (self._print(one) for one in expr.args)
        return _raised(rf"{name}\left({x}\right)", exp)

    def _print_TableSlope(self, expr: sp.Expr, exp: str | None = None) -> str:
        name, x = (self._print(one) for one in expr.args)
        return _raised(rf"{name}'\left({x}\right)", exp)

    def call(self, expr: sp.Expr, exp: str | None = None, *, word: str) -> str:
        arguments = expr.args[: _AUTHORED.get(type(expr).__name__, len(expr.args))]
        inside = ", ".join(self._print(one) for one in arguments)
        return _raised(rf"\operatorname{{{word}}}\left({inside}\right)", exp)

    def between(self, expr: sp.Expr, exp: str | None = None, *, word: str) -> str:
        a, b = (self._print(one) for one in expr.args)
        return _raised(rf"\left[{a} {word} {b}\right]", exp)


def _raised(text: str, exponent: str | None) -> str:
    return text if exponent is None else f"{text}^{{{exponent}}}"


def _upright(name: str) -> str:
    escaped = re.sub(r"([#$%&_{}])", r"\\\1", name.replace("\\", r"\textbackslash "))
    return rf"\text{{{escaped}}}"


def _decimal(e: sp.Rational) -> str:
    """Return a number as its author would write it, where that ends; else nothing."""
    rest = int(e.q)
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return f"{float(e):.15g}" if rest == 1 and e.q < 10**9 else ""


def _method(cls: type, name: str, word: str) -> Callable[..., str]:
    """Return a printing method that calls another with the word that stands for a function."""
    work = getattr(cls, name)
    return lambda self, expr, *rest, **named: work(
        self, expr, *rest, word=word, **{k: v for k, v in named.items() if k == "exp"}
    )


for _name, (_plain, _tex) in _BETWEEN.items():
    setattr(_Text, f"_print_{_name}", _method(_Text, "between", _plain))
    setattr(_Latex, f"_print_{_name}", _method(_Latex, "between", _tex))
for _name, _word in _CALLS.items():
    if _name[0].isupper() and _name != "Abs":
        setattr(_Latex, f"_print_{_name}", _method(_Latex, "call", _word))


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


def latex_of(e: sp.Expr) -> str:
    r"""Return an expression as LaTeX, names upright.

    Examples
    --------
    >>> import sympy as sp
    >>> latex_of(sp.Symbol("births") / sp.Symbol("life_span"))
    '\\frac{\\text{births}}{\\text{life\\_span}}'
    """
    return str(_Latex().doprint(e))
