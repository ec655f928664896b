"""Functions of the two dialects, against formulas and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from scipy import special, stats

from loopscope.models import functions as sd
from loopscope.models.plain import evaluate

# --- functions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("EXP(d)", math.exp(0.1)),
        ("LN(b)", math.log(3)),
        ("LOG(b, c)", math.log(3) / math.log(5)),
        ("SQRT(b)", math.sqrt(3)),
        ("POWER(a, d)", 2**0.1),
        ("SIN(b)", math.sin(3)),
        ("COS(b)", math.cos(3)),
        ("TAN(b)", math.tan(3)),
        ("ARCSIN(d)", math.asin(0.1)),
        ("ARCCOS(d)", math.acos(0.1)),
        ("ARCTAN(b)", math.atan(3)),
        ("SINH(d)", math.sinh(0.1)),
        ("COSH(d)", math.cosh(0.1)),
        ("TANH(d)", math.tanh(0.1)),
        ("ABS(a - c)", 3),
        ("INTEGER(a * d - c)", -4),
        ("MODULO(c, b)", 2),
        ("MODULO(-c, b)", -2),
        ("QUANTUM(c * 1.5, a)", 6),
        ("XIDZ(a, a - 2, c)", 5),
        ("ZIDZ(a, a - 2)", 0),
        ("ZIDZ(a, b)", 2 / 3),
        ("STEP(a, 4)", 2),
        ("STEP(a, 4.125)", 0),  # on from the time step whose middle passes the start
        ("STEP(a, 4.1249)", 2),
        ("RAMP(a, 1, 3)", 4),
        ("RAMP(a, 1, 9)", 6),
        ("RAMP(a, 5, 9)", 0),
        ("PULSE(4, 1)", 1),
        ("PULSE(3, 1)", 0),
        ("PULSE TRAIN(0, 1, 4, 9)", 1),
        ("PULSE TRAIN(1, 1, 4, 9)", 0),
        ("PULSE TRAIN(0, 1, 4, 4)", 0),
        ("GAME(b)", 3),
        ("GET TIME VALUE(0, 2, 0)", 6),
    ],
)
def test_functions_give_their_defined_values(value, equation, expected):
    assert value(equation) == pytest.approx(expected, rel=1e-14)


def test_xmile_pulse_is_one_step_high_enough_to_add_its_magnitude(load_xmile):
    model = load_xmile('<aux name="x"><eqn>PULSE(6, 1, 2)</eqn></aux>')
    x = model.find("x").equation
    times = np.arange(0, 10, 0.25)
    step = sp.Symbol("TIME STEP", real=True)
    time = sp.Symbol("Time", real=True)
    heights = [evaluate(x, {time: float(t), step: 0.25}) for t in times]
    # 6 in one step of 0.25 at 1, 3, 5, 7, 9.
    assert [t for t, h in zip(times, heights, strict=True) if h] == [1, 3, 5, 7, 9]
    assert set(heights) == {0.0, 24.0}


def _numeric(expression: sp.Expr, draw: sp.Symbol, u: np.ndarray) -> np.ndarray:
    """Evaluate with scipy's functions in the place of ours."""
    names = {
        "NormalCdf": special.ndtr,
        "NormalQuantile": special.ndtri,
        "Minimum": np.minimum,
        "Maximum": np.maximum,
        "SafeDivide": lambda a, b, x: a / b if abs(b) >= 1e-6 else x,
    }
    call = next(iter(expression.atoms(sd.RandomUniform)))
    return sp.lambdify(draw, expression.xreplace({call: draw}), [names, "numpy"])(u)


@pytest.mark.parametrize(
    ("equation", "quantile"),
    [
        ("RANDOM 0 1()", stats.uniform.ppf),
        ("RANDOM UNIFORM(2, 5, 1)", stats.uniform(2, 3).ppf),
        ("RANDOM NORMAL(-1, 4, 1, 2, 0)", stats.truncnorm(-1, 1.5, loc=1, scale=2).ppf),
        ("RANDOM EXPONENTIAL(0, 3, 1, 2, 0)", stats.truncexpon(1, loc=1, scale=2).ppf),
    ],
)
def test_random_functions_are_the_quantiles_of_their_distribution(load, equation, quantile):
    x = load(f"x={equation}~~|").find("x").equation
    u = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(_numeric(x, sp.Symbol("u"), u), quantile(u), rtol=1e-9)


def test_each_random_call_has_a_draw_of_its_own_in_file_order(load):
    model = load("x=RANDOM 0 1()-RANDOM 0 1()~~|y=RANDOM UNIFORM(0,1,5)~~|")
    draws = [
        sorted(int(call.args[0]) for call in model.find(name).equation.atoms(sd.RandomUniform))
        for name in "xy"
    ]
    assert draws == [[0, 1], [2]]
