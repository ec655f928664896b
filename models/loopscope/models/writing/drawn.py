"""Random numbers of a distribution, found again in the formulas that make them of uniform ones.

Stage 2 of 5, the other way.  In: expressions that ``calls`` made of Vensim's RANDOM NORMAL and
RANDOM EXPONENTIAL.  Out: the arguments the author gave.  What is found is built again by the same
formula and compared, so nothing that only looks alike is taken for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models.calls import RANDOM

_FAR = sp.Integer(40)
_NEVER = sp.Integer(700)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A random number of a distribution inside an expression.

    Attributes
    ----------
    draw
        The uniform number it is made of.
    arguments
        As the author gave them: low, high, and the two of the distribution.
    factor, rest
        The expression is ``factor * number + rest``.
    """

    draw: sp.Expr
    arguments: tuple[sp.Expr, ...]
    factor: sp.Expr = sp.S.One
    rest: sp.Expr = sp.S.Zero


def truncated_normal(e: sp.Expr) -> Drawn | None:
    """Return the arguments of RANDOM NORMAL, or None where the expression is no such call."""
    if not (isinstance(e, sd.Minimum) and isinstance(e.args[0], sd.Maximum)):
        return None
    (value, low), high = e.args[0].args, e.args[1]
    draws = value.atoms(sd.RandomUniform)
    scaled = [one for one in value.atoms(sd.SafeDivide) if one.args[2] == -_FAR]
    formula = RANDOM["random_normal"][2]
    for draw in draws:
        for one in scaled:
            arguments = (low, high, low - one.args[0], one.args[1])
            if formula(draw, *arguments) == e:
                return Drawn(draw, arguments)
    return None


def exponential(e: sp.Add) -> Drawn | None:
    """Return the arguments of a RANDOM EXPONENTIAL in a sum, or None where there is none."""
    formula = RANDOM["random_exponential"][2]
    for reach in e.atoms(sd.SafeDivide):
        if reach.args[2] != _NEVER:
            continue
        span, stretch = reach.args[:2]
        for start in e.atoms(sd.Maximum):
            arguments = (start.args[0], span + start, start.args[1], stretch)
            for draw in e.atoms(sd.RandomUniform):
                number = formula(draw, *arguments)
                factor = _factor(e, start)
                rest = e - factor * number
                if not rest.has(draw):
                    return Drawn(draw, arguments, factor, rest)
    return None


def _factor(e: sp.Add, start: sp.Expr) -> sp.Expr:
    """Return what a term of a sum multiplies ``start`` by: a number, since a sum is expanded."""
    for term in e.args:
        number, rest = term.as_coeff_Mul()
        if rest == start:
            return number
    return sp.Integer(1)
