"""Expressions as text that a program reads back to the same expression.

Stage 2 of 5, the other way.  In: a sympy expression over a model's symbols.  Out: its text in one
dialect, and what the dialect has no words for, with its place.  The arithmetic that all dialects
share stands here; the words of each are in ``vensim_words`` and ``xmile_words``.

The text is such that reading it with sympy's constructors gives the expression again: nothing is
simplified, a number keeps all its digits, and no sign or number stands before a sum in parentheses
where sympy would multiply it out.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models.engine.rounding import inverse, is_divisor
from loopscope.models.errors import shown

if TYPE_CHECKING:
    from loopscope.models.model import Model

SUM, PRODUCT, ATOM = 1, 2, 3
"""How firmly a text holds together: a sum or a sign, a product, a name or a call."""

LARGEST_WHOLE = 1 << 53
"""Whole numbers below it are exact as doubles."""

Text = tuple[str, int]
Form = Callable[[Any, Any], Text]

_PLAIN = re.compile(r"[^\W\d_]\w*(?: \w+)*")


@dataclass(slots=True)
class Printer(ABC):
    """Prints the expressions of one model in one dialect.

    Attributes
    ----------
    owner
        Variable in whose equation the expression stands.
    obstacles
        (variable, construct) for all that the dialect has no words for, each once.
    draws
        Random draws in the order in which they were printed.
    """

    model: Model
    owner: str = ""
    obstacles: dict[tuple[str, str], None] = field(default_factory=dict)
    draws: list[int] = field(default_factory=list)

    CALLS: ClassVar[dict[Any, str]] = {}
    """Name of each function whose arguments are the author's."""

    FORMS: ClassVar[dict[Any, Form]] = {}
    """How each other function is printed."""

    BETWEEN: ClassVar[dict[Any, str]] = {}
    """Word between two conditions, or before one."""

    def text(self, e: sp.Expr, owner: str = "") -> str:
        """Return the text of an expression as the right side of an equation."""
        self.owner = owner or self.owner
        return self.print(e)[0]

    def print(self, e: sp.Expr) -> Text:
        """Return the text of an expression, and how firmly it holds together."""
        if isinstance(e, sp.Symbol):
            return self.symbol(e), ATOM
        if isinstance(e, sp.Add):
            return self._sum(e)
        if isinstance(e, sp.Mul):
            return self._product(e)
        if isinstance(e, sp.Pow):
            return self._power(e)
        if isinstance(e, sp.Rational | sp.Float):
            return self._number(e)
        if e is sp.E:
            return self.call("EXP", sp.Integer(1)), ATOM
        if type(e) in _LOGIC:
            return self.choice(e, sp.Integer(1), sp.Integer(0))
        form = self.FORMS.get(e.func)
        if form is not None:
            return form(self, e)
        word = self.CALLS.get(e.func)
        if word is None:
            return self.refuse(f"function {shown(type(e).__name__)}"), ATOM
        return self.call(word, *e.args), ATOM

    def firm(self, e: sp.Expr, level: int) -> str:
        """Return the text of an expression, in parentheses where it would come apart."""
        text, own = self.print(e)
        return text if own >= level else f"({text})"

    def call(self, word: str, *arguments: sp.Expr) -> str:
        """Return the text of a call."""
        return f"{word}({', '.join(self.print(argument)[0] for argument in arguments)})"

    def refuse(self, construct: str) -> str:
        """Note an obstacle and return a stand-in."""
        self.obstacles[self.owner, construct] = None
        return "0"

    @abstractmethod
    def symbol(self, e: sp.Symbol) -> str:
        """Return the name of a variable as it stands in an equation."""

    @abstractmethod
    def choice(self, condition: sp.Expr, a: sp.Expr, b: sp.Expr) -> Text:
        """Return the text of a choice between two values."""

    def draw(self, e: sp.Expr) -> None:
        """Note that a random draw is printed here."""
        number = int(e.args[0])
        if number in self.draws:
            self.refuse("one random number in two places")
        self.draws.append(number)

    def is_timed(self, e: sp.Expr, *clock: sp.Symbol) -> bool:
        """Tell whether the last arguments of a function are the clock's."""
        return e.args[-len(clock) :] == clock

    @property
    def step(self) -> sp.Symbol:
        """The symbol of the time step."""
        return sp.Symbol(self.model.clock.time_step, real=True)

    def condition(self, e: sp.Expr) -> str:
        """Return the text of an expression where a condition is wanted."""
        if isinstance(e, sd.Not):
            (inner,) = e.args
            if isinstance(inner, sd.Equal):
                return self._compared(inner.args[0], "<>", inner.args[1])
            return f"{self.BETWEEN[sd.Not]} ({self.condition(inner)})"
        if isinstance(e, sd.And | sd.Or):
            word = self.BETWEEN[type(e)]
            return f" {word} ".join(f"({self.condition(part)})" for part in e.args)
        if isinstance(e, sd.Equal):
            return self._compared(e.args[0], "=", e.args[1])
        if isinstance(e, sd.Less | sd.LessEqual):
            a, b = e.args
            same = "" if isinstance(e, sd.Less) else "="
            if a.is_number and not b.is_number:
                return self._compared(b, f">{same}", a)
            return self._compared(a, f"<{same}", b)
        return self.firm(e, SUM)

    def _compared(self, a: sp.Expr, sign: str, b: sp.Expr) -> str:
        return f"{self.firm(a, SUM)} {sign} {self.firm(b, SUM)}"

    def _number(self, e: sp.Rational | sp.Float) -> Text:
        text = number_text(e)
        return text, SUM if text.startswith("-") else PRODUCT if "/" in text else ATOM

    def _sum(self, e: sp.Expr) -> Text:
        terms = self._in_order(e.args)
        first = next((term for term in terms if not _is_negative(term)), terms[0])
        if not e.has(sd.RandomUniform):
            terms.remove(first)
            terms.insert(0, first)
        text = self.firm(terms[0], SUM)
        for term in terms[1:]:
            negative = _is_negative(term)
            size = self.firm(-term if negative else term, PRODUCT)
            text += f" {'-' if negative else '+'} {size}"
        return text, SUM

    def _product(self, e: sp.Expr) -> Text:
        number, rest = e.as_coeff_Mul()
        factors = self._in_order(rest.args if isinstance(rest, sp.Mul) else (rest,))
        above = [factor for factor in factors if not is_divisor(factor)]
        below = [inverse(factor) for factor in factors if is_divisor(factor)]
        leading, divisor = _coefficient(number)
        texts = [self.firm(factor, ATOM) for factor in above]
        sign = ""
        if leading == "-1" and above and isinstance(above[0], sp.Symbol | sp.Function):
            sign = "-"
        elif leading != "1" or not texts:
            texts.insert(0, leading)
        text = sign + " * ".join(texts)
        if divisor:
            text += f" / {divisor}"
        if len(below) == 1:
            text += f" / {self.firm(below[0], ATOM)}"
        elif below:
            text += f" / ({' * '.join(self.firm(factor, ATOM) for factor in below)})"
        return text, SUM if text.startswith("-") else PRODUCT

    def _power(self, e: sp.Expr) -> Text:
        base, exponent = e.args
        if is_divisor(e):
            return self._product(sp.Mul(sp.Integer(1), e, evaluate=False))
        if exponent == sp.Rational(1, 2):
            return self.call("SQRT", base), ATOM
        if base.is_number and base.is_negative and isinstance(base, sp.Rational | sp.Float):
            # A minus sign before a number would be taken for that of the whole power.
            left = f"(0 - {self.firm(-base, PRODUCT)})"
        else:
            left = self.firm(base, ATOM)
        return f"{left} ^ {self.firm(exponent, ATOM)}", PRODUCT

    def _in_order(self, parts: Iterable[sp.Expr]) -> list[sp.Expr]:
        """Return parts in sympy's order; those with random draws in the order of the draws."""
        given = list(parts)
        drawn = {part: min(_draws(part)) for part in given if part.has(sd.RandomUniform)}
        return sorted(given, key=lambda part: drawn.get(part, -1)) if drawn else given


_LOGIC = frozenset({sd.Less, sd.LessEqual, sd.Equal, sd.And, sd.Or, sd.Not})


def number_text(e: sp.Rational | sp.Float) -> str:
    """Return a number with all its digits: a decimal, or a quotient of whole numbers.

    Examples
    --------
    >>> number_text(sp.Rational(1, 20)), number_text(sp.Rational(2, 3))
    ('0.05', '2 / 3')
    """
    if isinstance(e, sp.Float):
        return repr(float(e))
    p, q = int(e.p), int(e.q)
    if abs(p) < LARGEST_WHOLE and q == 1:
        return str(p)
    near = repr(p / q)
    if sp.Rational(near) == e or abs(p) >= LARGEST_WHOLE or q >= LARGEST_WHOLE:
        return near
    return f"{p} / {q}"


def plain_number(value: float) -> str:
    """Return a double with all its digits.

    Examples
    --------
    >>> plain_number(3.0), plain_number(0.1)
    ('3', '0.1')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def plain_word(name: str) -> bool:
    """Tell whether a name needs no quotes: letters, digits, underscores and single spaces."""
    return _PLAIN.fullmatch(name) is not None


def _coefficient(number: Any) -> tuple[str, str]:
    """Return what a product begins with, and what it is divided by."""
    top, _, bottom = number_text(number).partition(" / ")
    return top, bottom


def _is_negative(e: sp.Expr) -> bool:
    return bool(e.as_coeff_Mul()[0].is_negative)


def _draws(e: sp.Expr) -> list[int]:
    return [int(draw.args[0]) for draw in e.atoms(sd.RandomUniform)]
