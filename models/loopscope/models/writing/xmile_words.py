"""The words of XMILE for each function.

Stage 2 of 5, the other way.  In: expressions that ``xmile_form`` has made sayable.  Out: text.
Only functions of the standard are used, so that more programs than ours read the file.

References
----------
XML Interchange Language for System Dynamics (XMILE) Version 1.0, OASIS Standard, 14 December 2015.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.model import TIME, Lookup
from loopscope.models.names import key
from loopscope.models.writing import common_words
from loopscope.models.writing.arithmetic import ATOM, PRODUCT, SUM, Form, Printer, Text, plain_word

_ZERO, _ONE = sp.Integer(0), sp.Integer(1)
_RESERVED = frozenset(
    {"if", "then", "else", "and", "or", "not", "mod", "time", "dt", "starttime", "stoptime", "pi"}
)
_MISREAD = ("not", "if", "then", "else")
"""How a word may not begin: some readers take the rest of it for another word."""


class XmilePrinter(Printer):
    """Prints expressions as XMILE has them."""

    BETWEEN: ClassVar[dict[Any, str]] = {sd.And: "AND", sd.Or: "OR", sd.Not: "NOT"}

    CALLS: ClassVar[dict[Any, str]] = {
        **common_words.CALLS,
        sd.Minimum: "MIN",
        sd.IntegerPart: "INT",
        remembering.DelayFixed: "DELAY",
        remembering.Forecast: "FORCST",
        remembering.Initial: "INIT",
    }

    def symbol(self, e: sp.Symbol) -> str:
        """Return the name of a variable as it stands in an equation."""
        return "TIME" if e == TIME else xmile_name(e.name)

    def choice(self, condition: sp.Expr, a: sp.Expr, b: sp.Expr) -> Text:
        """Return IF condition THEN a ELSE b."""
        asked = self.condition(condition)
        return f"IF {asked} THEN {self.branch(a)} ELSE {self.branch(b)}", SUM - 1

    def branch(self, e: sp.Expr) -> str:
        """Return the text of an expression that stands between words."""
        return self.firm(e, SUM)

    def print(self, e: sp.Expr) -> Text:
        """Return the text of an expression, and how firmly it holds together."""
        if e is sp.pi:
            return "PI", ATOM
        if isinstance(e, sp.Mul):
            found = self._pulse(e)
            if found is not None:
                return found
        return Printer.print(self, e)

    def _pulse(self, e: sp.Mul) -> Text | None:
        """Print ``magnitude / time step * pulse`` as PULSE(magnitude, start, interval)."""
        pulse = next((f for f in e.args if isinstance(f, sd.Pulse | sd.PulseTrain)), None)
        if pulse is None or not is_momentary(pulse, self.step) or 1 / self.step not in e.args:
            return None
        rest = [factor for factor in e.args if factor not in (pulse, 1 / self.step)]
        arguments = pulse.args[:2] if isinstance(pulse, sd.PulseTrain) else pulse.args[:1]
        return self.call("PULSE", sp.Mul(*rest), *arguments), ATOM


def is_momentary(e: sp.Expr, step: sp.Symbol) -> bool:
    """Tell whether a pulse lasts one time step and, if it comes again, comes for ever."""
    if isinstance(e, sd.PulseTrain):
        return e.args[2:] == (step / 2, sp.oo, TIME)
    return e.args[1:] == (step / 2, TIME)


def xmile_name(name: str) -> str:
    """Return a name as it stands in an equation.

    Examples
    --------
    >>> xmile_name("net births"), xmile_name("rate (a year)"), xmile_name("not ill")
    ('net_births', '"rate (a year)"', '"not ill"')
    """
    word = key(name)
    if plain_word(name) and word not in _RESERVED and not word.startswith(_MISREAD):
        return name.replace(" ", "_")
    return f'"{name}"'


def _uniform(out: Printer, e: sp.Expr) -> Text:
    out.draw(e)
    return "RANDOM(0, 1)", ATOM


def _normal(out: Printer, e: sp.Expr) -> Text:
    (draw,) = e.args
    if not isinstance(draw, sd.RandomUniform):
        return out.refuse("RANDOM NORMAL with bounds"), ATOM
    out.draw(draw)
    return "NORMAL(0, 1)", ATOM


def _modulo(out: Printer, e: sp.Expr) -> Text:
    return f"({out.firm(e.args[0], PRODUCT)} mod {out.firm(e.args[1], PRODUCT)})", ATOM


def _divide(out: Printer, e: sp.Expr) -> Text:
    return out.call("SAFEDIV", *(e.args[:2] if e.args[2] == 0 else e.args)), ATOM


def _ramp(out: Printer, e: sp.Expr) -> Text:
    slope, start, finish, time = e.args
    if time != TIME or finish is not sp.oo:
        return out.refuse("RAMP by another clock"), ATOM
    return out.call("RAMP", slope, start), ATOM


def _alone(out: Printer, e: sp.Expr) -> Text:
    """Print a pulse of height one."""
    assert isinstance(out, XmilePrinter)
    text, _ = out.print(sp.Mul(e, 1 / out.step))
    return f"{out.symbol(out.step)} * {text}", PRODUCT


def _staged(word: str) -> Form:
    """Return the form of a delay or smooth of first, third or any order."""

    def form(out: Printer, e: sp.Expr) -> Text:
        value, time, initial, order = e.args
        last = () if initial == value else (initial,)
        if isinstance(e, remembering.DelayN) or order not in (1, 3):
            if isinstance(e, remembering.Delay):
                return out.refuse(f"DELAY of order {order}"), ATOM
            return out.call(f"{word}N", value, time, order, *last), ATOM
        return out.call(f"{word}{order}", value, time, *last), ATOM

    return form


def _table(out: Printer, e: sp.Expr) -> Text:
    """Print the argument of a graphical function; its points stand beside the equation."""
    assert isinstance(out.model.variables[str(e.args[0])], Lookup)
    return out.print(e.args[1])


XmilePrinter.FORMS = {
    **common_words.FORMS,
    sd.RandomUniform: _uniform,
    sd.NormalQuantile: _normal,
    sd.Modulo: _modulo,
    sd.SafeDivide: _divide,
    sd.Ramp: _ramp,
    sd.Pulse: _alone,
    sd.PulseTrain: _alone,
    sd.Table: _table,
    remembering.Delay: _staged("DELAY"),
    remembering.DelayN: _staged("DELAY"),
    remembering.Smooth: _staged("SMTH"),
}
