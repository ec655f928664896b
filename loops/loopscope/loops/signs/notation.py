"""Expressions as a reader of the model would write them: text and LaTeX.

Stage 2 of 4.  In: sympy expressions over a model's symbols.  Out: text in the manner of Vensim, or
LaTeX.  Nothing is simplified here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

from loopscope.models.wording import AUTHORED, CALLS, decimal
from loopscope.models.wording import text_of as text_of

if TYPE_CHECKING:
    from collections.abc import Callable

_BETWEEN = {"Less": "<", "LessEqual": r"\le", "Equal": "=", "And": r"\wedge", "Or": r"\vee"}
"""What stands between two arguments in LaTeX."""


class LinkGain(sp.Function):
    """Stands for the gain of a link, d effect / d cause, where that is too long to write out."""

    nargs = 2


class _Latex(LatexPrinter):
    """Prints names upright, and functions of system dynamics by their Vensim names."""

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return _upright(str(expr.name))

    def _print_Rational(self, expr: sp.Rational) -> str:
        return decimal(expr) or super()._print_Rational(expr)

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
        arguments = expr.args[: AUTHORED.get(type(expr).__name__, len(expr.args))]
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


def _method(cls: type, name: str, word: str) -> Callable[..., str]:
    """Return a printing method that calls another with the word that stands for a function."""
    work = getattr(cls, name)
    return lambda self, expr, *rest, **named: work(
        self, expr, *rest, word=word, **{k: v for k, v in named.items() if k == "exp"}
    )


for _name, _tex in _BETWEEN.items():
    setattr(_Latex, f"_print_{_name}", _method(_Latex, "between", _tex))
for _name, _word in CALLS.items():
    if _name[0].isupper() and _name != "Abs":
        setattr(_Latex, f"_print_{_name}", _method(_Latex, "call", _word))


def latex_of(e: sp.Expr) -> str:
    r"""Return an expression as LaTeX, names upright.

    Examples
    --------
    >>> import sympy as sp
    >>> latex_of(sp.Symbol("births") / sp.Symbol("life_span"))
    '\\frac{\\text{births}}{\\text{life\\_span}}'
    """
    return str(_Latex().doprint(e))
