"""The words of Vensim for each function.

Stage 2 of 5, the other way.  In: expressions that ``vensim_form`` has made sayable.  Out: text.

References
----------
Vensim Reference Manual, "Functions".
"""

from __future__ import annotations

from typing import Any, ClassVar

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.model import TIME, Lookup
from loopscope.models.writing import common_words
from loopscope.models.writing.arithmetic import ATOM, SUM, Form, Printer, Text, plain_word
from loopscope.models.writing.drawn import Drawn, exponential, truncated_normal

FOREVER = sp.Integer(10) ** 30
"""Stands for a time that never comes; Vensim may compute in single precision."""

_ZERO, _ONE = sp.Integer(0), sp.Integer(1)


class VensimPrinter(Printer):
    """Prints expressions as Vensim writes them."""

    BETWEEN: ClassVar[dict[Any, str]] = {sd.And: ":AND:", sd.Or: ":OR:", sd.Not: ":NOT:"}

    CALLS: ClassVar[dict[Any, str]] = {
        **common_words.CALLS,
        sd.IntegerPart: "INTEGER",
        sd.Quantum: "QUANTUM",
        sd.Modulo: "MODULO",
        sp.sinh: "SINH",
        sp.cosh: "COSH",
        sp.tanh: "TANH",
        remembering.DelayN: "DELAY N",
        remembering.DelayFixed: "DELAY FIXED",
        remembering.Initial: "INITIAL",
        remembering.ActiveInitial: "ACTIVE INITIAL",
        remembering.Integral: "INTEG",
    }

    def symbol(self, e: sp.Symbol) -> str:
        """Return the name of a variable, in quotes where it needs them."""
        return vensim_name(e.name)

    def choice(self, condition: sp.Expr, a: sp.Expr, b: sp.Expr) -> Text:
        """Return IF THEN ELSE(condition, a, b)."""
        return f"IF THEN ELSE({self.condition(condition)}, {self.text(a)}, {self.text(b)})", ATOM

    def print(self, e: sp.Expr) -> Text:
        """Return the text of an expression, and how firmly it holds together."""
        if isinstance(e, sp.Add) and e.has(sd.RandomUniform):
            found = exponential(e)
            if found is not None:
                return self._exponential(found)
        return Printer.print(self, e)

    def points(self, table: Lookup) -> str:
        """Return the points of a lookup."""
        return ", ".join(f"({x!r}, {y!r})" for x, y in zip(table.x, table.y, strict=True))

    def _exponential(self, found: Drawn) -> Text:
        self.draw(found.draw)
        text = self.call("RANDOM EXPONENTIAL", *found.arguments, _ZERO)
        if found.factor != 1:
            text = f"{self.firm(found.factor, ATOM)} * {text}"
        if found.rest != 0:
            text = f"{text} + {self.firm(found.rest, ATOM)}"
        return text, SUM


def vensim_name(name: str) -> str:
    r"""Return a name as it stands in a Vensim file.

    Examples
    --------
    >>> vensim_name("net births"), vensim_name("rate (a year)")
    ('net births', '"rate (a year)"')
    """
    if plain_word(name):
        return name
    return '"' + name.replace('"', '\\"') + '"'


def _minimum(out: VensimPrinter, e: sp.Expr) -> Text:
    found = truncated_normal(e)
    if found is None:
        return out.call("MIN", *e.args), ATOM
    out.draw(found.draw)
    return out.call("RANDOM NORMAL", *found.arguments, _ZERO), ATOM


def _uniform(out: VensimPrinter, e: sp.Expr) -> Text:
    out.draw(e)
    return "RANDOM UNIFORM(0, 1, 0)", ATOM


def _normal(out: VensimPrinter, e: sp.Expr) -> Text:
    """Print a normal number without bounds as one whose bounds are never met."""
    (draw,) = e.args
    if not isinstance(draw, sd.RandomUniform):
        return out.refuse("quantile of the normal distribution"), ATOM
    out.draw(draw)
    return out.call("RANDOM NORMAL", -FOREVER, FOREVER, _ZERO, _ONE, _ZERO), ATOM


def _divide(out: VensimPrinter, e: sp.Expr) -> Text:
    a, b, otherwise = e.args
    return (out.call("ZIDZ", a, b) if otherwise == 0 else out.call("XIDZ", a, b, otherwise)), ATOM


def _ramp(out: VensimPrinter, e: sp.Expr) -> Text:
    slope, start, finish, time = e.args
    if time != TIME:
        return out.refuse("RAMP by another clock"), ATOM
    return out.call("RAMP", slope, start, FOREVER if finish is sp.oo else finish), ATOM


def _pulse(out: VensimPrinter, e: sp.Expr) -> Text:
    start, width, time = e.args
    if time != TIME:
        return out.refuse("PULSE by another clock"), ATOM
    return out.call("PULSE", start, width), ATOM


def _pulse_train(out: VensimPrinter, e: sp.Expr) -> Text:
    start, interval, width, end, time = e.args
    if time != TIME:
        return out.refuse("PULSE TRAIN by another clock"), ATOM
    end = FOREVER if end is sp.oo else end
    return out.call("PULSE TRAIN", start, width, interval, end), ATOM


def _staged(word: str, word_n: str) -> Form:
    """Return the form of a delay or smooth of first, third or any order."""

    def form(out: VensimPrinter, e: sp.Expr) -> Text:
        value, time, initial, order = e.args
        if order not in (1, 3):
            if not word_n:
                return out.refuse(f"{word} of order {order}"), ATOM
            return out.call(word_n, value, time, initial, order), ATOM
        three = "3" if order == 3 else "1" if word == "DELAY" else ""
        if initial == value:
            return out.call(f"{word}{three}", value, time), ATOM
        return out.call(f"{word}{three}I", value, time, initial), ATOM

    return form


def _forecast(out: VensimPrinter, e: sp.Expr) -> Text:
    return out.call("FORECAST", *e.args[:3]), ATOM


def _sample(out: VensimPrinter, e: sp.Expr) -> Text:
    condition, value, initial = e.args
    asked = out.condition(condition)
    return f"SAMPLE IF TRUE({asked}, {out.text(value)}, {out.text(initial)})", ATOM


def _table(out: VensimPrinter, e: sp.Expr) -> Text:
    table = out.model.variables[str(e.args[0])]
    assert isinstance(table, Lookup)
    if table.owner:
        return f"WITH LOOKUP({out.text(e.args[1])}, ({out.points(table)}))", ATOM
    return out.call(vensim_name(table.name), e.args[1]), ATOM


VensimPrinter.FORMS = {
    **common_words.FORMS,
    sd.Minimum: _minimum,
    sd.RandomUniform: _uniform,
    sd.NormalQuantile: _normal,
    sd.SafeDivide: _divide,
    sd.Ramp: _ramp,
    sd.Pulse: _pulse,
    sd.PulseTrain: _pulse_train,
    sd.Table: _table,
    remembering.Delay: _staged("DELAY", ""),
    remembering.Smooth: _staged("SMOOTH", "SMOOTH N"),
    remembering.Forecast: _forecast,
    remembering.SampleIfTrue: _sample,
}
