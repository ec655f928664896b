"""Functions that a model may call, by the name PySD's parsers give them.

Stage 2 of 5.  In: a name and the syntax of its arguments.  Out: a sympy expression.  A table of
small formulas; each gives the numbers that PySD's back end gives (``py_backend/functions.py``),
but for the truncated normal far outside its bounds.  Unknown names are noted as obstacles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.draft import plain_name
from loopscope.models.names import key
from loopscope.models.reading import Equation, power

Formula = Callable[..., sp.Expr]

FORMULAS: dict[str, tuple[int, Formula]] = {
    "abs": (1, sp.Abs),
    "power": (2, power),
    "min": (2, sd.Minimum),
    "max": (2, sd.Maximum),
    "vmin_xmile": (1, lambda x: x),
    "vmax_xmile": (1, lambda x: x),
    "exp": (1, sp.exp),
    "sin": (1, sp.sin),
    "cos": (1, sp.cos),
    "tan": (1, sp.tan),
    "arcsin": (1, sp.asin),
    "arccos": (1, sp.acos),
    "arctan": (1, sp.atan),
    "sinh": (1, sp.sinh),
    "cosh": (1, sp.cosh),
    "tanh": (1, sp.tanh),
    "sqrt": (1, sp.sqrt),
    "ln": (1, sp.log),
    "log": (2, lambda x, base: sp.log(x) / sp.log(base)),
    "log10": (1, lambda x: sp.log(x) / sp.log(sp.Integer(10))),
    "pi": (0, lambda: sp.pi),
    "if_then_else": (3, sd.IfThenElse),
    "integer": (1, sd.IntegerPart),
    "modulo": (2, sd.Modulo),
    "quantum": (2, sd.Quantum),
    "xidz": (3, sd.SafeDivide),
    "zidz": (2, lambda a, b: sd.SafeDivide(a, b, sp.Integer(0))),
}
"""Functions of their arguments alone: number of arguments and formula."""


def _pulse_height(magnitude: sp.Expr, step: sp.Expr) -> sp.Expr:
    return magnitude / step


TIMED: dict[str, tuple[int, Formula]] = {
    "step": (2, lambda t, dt, height, start: sd.Step(height, start, t, dt)),
    "ramp": (3, lambda t, dt, slope, start, finish: sd.Ramp(slope, start, finish, t)),
    "Xramp": (2, lambda t, dt, slope, start: sd.Ramp(slope, start, sp.oo, t)),
    "pulse": (2, lambda t, dt, start, width: sd.Pulse(start, width, t)),
    "pulse_train": (
        4,
        lambda t, dt, start, interval, width, end: sd.PulseTrain(start, interval, width, end, t),
    ),
    "Xpulse": (
        2,
        lambda t, dt, start, magnitude: _pulse_height(magnitude, dt) * sd.Pulse(start, dt / 2, t),
    ),
    "Xpulse_train": (
        3,
        lambda t, dt, start, interval, magnitude: (
            _pulse_height(magnitude, dt) * sd.PulseTrain(start, interval, dt / 2, sp.oo, t)
        ),
    ),
    "sinwave": (2, lambda t, dt, height, period: height * sp.sin(2 * sp.pi * t / period)),
    "coswave": (2, lambda t, dt, height, period: height * sp.cos(2 * sp.pi * t / period)),
}
"""Functions that see time and time step before their arguments."""


def _uniform(draw: sp.Expr, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    return low + (high - low) * draw


def _normal(draw: sp.Expr, low: sp.Expr, high: sp.Expr, mean: sp.Expr, sd_: sp.Expr) -> sp.Expr:
    """Return a normal number cut off at both ends, by inversion of the distribution function."""
    far = sp.Integer(40)
    below = sd.NormalCdf(sd.SafeDivide(low - mean, sd_, -far))
    above = sd.NormalCdf(sd.SafeDivide(high - mean, sd_, far))
    value = mean + sd_ * sd.NormalQuantile(_uniform(draw, below, above))
    return sd.Minimum(sd.Maximum(value, low), high)


def _exponential(
    draw: sp.Expr, low: sp.Expr, high: sp.Expr, shift: sp.Expr, stretch: sp.Expr
) -> sp.Expr:
    """Return an exponential number cut off above, by inversion of the distribution function."""
    start = sd.Maximum(low, shift)
    reach = 1 - sp.exp(-sd.SafeDivide(high - start, stretch, sp.Integer(700)))
    return start - stretch * sp.log(1 - draw * reach)


RANDOM: dict[str, tuple[int, int, Formula]] = {
    "random_0_1": (0, 0, lambda draw: draw),
    "random_uniform": (2, 3, _uniform),
    "random_normal": (4, 5, _normal),
    "random_exponential": (4, 5, _exponential),
    "uniform": (2, 3, _uniform),
    "random": (2, 3, _uniform),
    "normal": (2, 3, lambda draw, mean, sd_: mean + sd_ * sd.NormalQuantile(draw)),
    "exprnd": (1, 2, lambda draw, mean: -mean * sp.log(draw)),
}
"""Random numbers: arguments used, arguments allowed (the last may be a seed, which is ignored)."""


def read_call(equation: Equation, name: str, arguments: list[Any]) -> sp.Expr:
    """Return the expression of a call.

    A name of the file comes before a function of the language, as in PySD.
    """
    file = equation.file
    word = key(plain_name(name))
    if word in file.macros:
        return equation.refuse(f"macro {word.upper()}")
    if word in file.tables:
        return _table(equation, word, arguments)
    special = SPECIAL.get(name)
    if special is not None:
        return special(equation, arguments)
    if name in FORMULAS:
        count, formula = FORMULAS[name]
        return _apply(equation, name, arguments, (count, count), formula)
    if name in TIMED:
        count, formula = TIMED[name]
        values = [equation.read(argument) for argument in arguments]
        if len(values) != count:
            return _wrong_count(equation, name, len(values))
        return formula(equation.time(), file.step, *values)
    if name in RANDOM:
        return _random(equation, name, arguments)
    if word in file.names:
        return equation.refuse(f"'{file.names[word]}' called like a table")
    for argument in arguments:
        equation.read(argument)
    if name == "a_function_of":
        return equation.refuse("no equation (A FUNCTION OF)")
    return equation.refuse(f"function {name.upper().replace('_', ' ')}")


def _apply(
    equation: Equation, name: str, arguments: list[Any], counts: tuple[int, int], formula: Formula
) -> sp.Expr:
    values = [equation.read(argument) for argument in arguments]
    if not counts[0] <= len(values) <= counts[1]:
        return _wrong_count(equation, name, len(values))
    return formula(*values)


def _wrong_count(equation: Equation, name: str, count: int) -> sp.Expr:
    shown = name.lstrip("X").upper().replace("_", " ")
    return equation.refuse(f"{shown} with {count} argument{'' if count == 1 else 's'}")


def _table(equation: Equation, word: str, arguments: list[Any]) -> sp.Expr:
    file = equation.file
    name = file.tables[word]
    equation.uses(file.names[word])
    if len(arguments) != 1:
        return _wrong_count(equation, name, len(arguments))
    return sd.Table(sp.Symbol(name, real=True), equation.read(arguments[0]))


def _lookup(equation: Equation, arguments: list[Any]) -> sp.Expr:
    """XMILE LOOKUP(table, x)."""
    reference = getattr(arguments[0], "reference", "") if arguments else ""
    if len(arguments) != 2 or key(reference) not in equation.file.tables:
        return equation.refuse("LOOKUP of something that is no table")
    return _table(equation, key(reference), arguments[1:])


def _active_initial(equation: Equation, arguments: list[Any]) -> sp.Expr:
    if len(arguments) != 2:
        return _wrong_count(equation, "active_initial", len(arguments))
    running = equation.read(arguments[0])
    return remembering.ActiveInitial(running, equation.at_start(arguments[1]))


def _time_value(equation: Equation, arguments: list[Any]) -> sp.Expr:
    """GET TIME VALUE(0, offset, 0): model time plus an offset; the rest asks a calendar."""
    if len(arguments) == 3 and arguments[0] == 0 and arguments[2] == 0:
        return equation.time() + equation.read(arguments[1])
    return equation.refuse("GET TIME VALUE of a calendar or the computer's clock")


def _previous(equation: Equation, arguments: list[Any]) -> sp.Expr:
    """XMILE PREVIOUS(x, initial): x one step ago."""
    if len(arguments) != 2:
        return _wrong_count(equation, "previous", len(arguments))
    value = equation.read(arguments[0])
    return remembering.DelayFixed(value, equation.file.step, equation.at_start(arguments[1]))


def _random(equation: Equation, name: str, arguments: list[Any]) -> sp.Expr:
    used, allowed, formula = RANDOM[name]
    if not used <= len(arguments) <= allowed:
        return _wrong_count(equation, name, len(arguments))
    draw = sd.RandomUniform(sp.Integer(equation.file.draws))
    equation.file.draws += 1
    return formula(draw, *[equation.read(argument) for argument in arguments[:used]])


SPECIAL: dict[str, Callable[[Equation, list[Any]], sp.Expr]] = {
    "active_initial": _active_initial,
    "get_time_value": _time_value,
    "gf_lookup": _lookup,
    "previous": _previous,
}
"""Functions whose arguments are not all plain values."""
