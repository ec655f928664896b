"""The words that all dialects share.

Stage 2 of 5, the other way.  In: nothing.  Out: names of functions, and what every dialect says by
other functions.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.model import TIME
from loopscope.models.writing.arithmetic import ATOM, Form, Printer, Text

CALLS: dict[Any, str] = {
    sd.Maximum: "MAX",
    sp.exp: "EXP",
    sp.log: "LN",
    sp.Abs: "ABS",
    sp.sin: "SIN",
    sp.cos: "COS",
    sp.tan: "TAN",
    sp.asin: "ARCSIN",
    sp.acos: "ARCCOS",
    sp.atan: "ARCTAN",
    remembering.Trend: "TREND",
}
"""Names of functions whose arguments are the author's."""


def _if(out: Printer, e: sp.Expr) -> Text:
    return out.choice(*e.args)


def _sign(out: Printer, e: sp.Expr) -> Text:
    (x,) = e.args
    one, zero = sp.Integer(1), sp.Integer(0)
    below = sd.IfThenElse(sd.Less(x, zero), -one, zero)
    return out.choice(sd.Less(zero, x), one, below)


def _step(out: Printer, e: sp.Expr) -> Text:
    if not out.is_timed(e, TIME, out.step):
        return out.refuse("STEP by another clock"), ATOM
    return out.call("STEP", *e.args[:2]), ATOM


FORMS: dict[Any, Form] = {
    sd.IfThenElse: _if,
    sd.Step: _step,
    sp.sign: _sign,
    sp.re: lambda out, e: out.print(e.args[0]),
    sp.im: lambda out, e: ("0", ATOM),
}
"""What every dialect says by other functions; all values here are real."""
