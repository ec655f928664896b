"""Compiled expressions against mpmath at 40 digits, wherever their variables come from."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope.models import simulate

CLOCK = "\nINITIAL TIME=0~~|\nFINAL TIME=2~~|\nTIME STEP=0.5~~|\nSAVEPER=0.5~~|\n"
TIMES = (0.0, 0.5, 1.0, 1.5, 2.0)
PARAMETERS = {"p": (-1.75, 0.3, 2.0), "q": (0.7, -3.1, 5.0), "r": (4.25, 1.0, -0.6)}
# s and u move in steps that a double holds exactly, so their course is known to the last bit.
STATES = "s=INTEG(0.5, 1.25)~~|\nu=INTEG(-0.75, -0.5)~~|\n"
MODEL = "p=-1.75~~|\nq=0.7~~|\nr=4.25~~|\n" + STATES
UNIT = 2.0**-50
NAMES = ("p", "q", "r", "s", "u", "Time")


@dataclass(frozen=True)
class Known:
    """A value at 40 digits and how far doubles may be from it; None where they may be anywhere."""

    value: mpmath.mpf
    error: float

    @property
    def sure(self) -> bool:
        return 1e-60 < abs(self.value) < 1e60 or self.value == 0


class Unsure(Exception):
    """Rounding may change the outcome altogether."""


def known(value, error: float) -> Known:
    result = Known(value, error + UNIT * abs(float(value)))
    if not result.sure or not error < 1e-6 * (1 + abs(float(value))):
        raise Unsure
    return result


def decided(a: Known, b: Known) -> None:
    if a.value != b.value and abs(a.value - b.value) <= 4 * (a.error + b.error):
        raise Unsure
    if a.value == b.value and a.error + b.error > 0:
        raise Unsure


def power(a: Known, b: Known) -> Known:
    if a.value - 8 * a.error <= 1e-6 or abs(b.value) > 20 or a.value > 1e6:
        raise Unsure
    value = a.value**b.value
    slope = abs(float(b.value * value / a.value)) * a.error
    return known(value, slope + abs(float(mpmath.log(a.value) * value)) * b.error)


def divide(a: Known, b: Known) -> Known:
    if abs(b.value) < 1e-3:
        raise Unsure
    size = abs(float(b.value))
    return known(a.value / b.value, (a.error + abs(float(a.value / b.value)) * b.error) / size)


def positive(a: Known) -> Known:
    if a.value < 1e-3:
        raise Unsure
    return a


def compare(a: Known, b: Known, outcome: bool) -> bool:
    decided(a, b)
    return outcome


BINARY = {
    "({} + {})": lambda a, b: known(a.value + b.value, a.error + b.error),
    "({} - {})": lambda a, b: known(a.value - b.value, a.error + b.error),
    "({} * {})": lambda a, b: known(
        a.value * b.value, abs(float(a.value)) * b.error + abs(float(b.value)) * a.error
    ),
    "({} / {})": divide,
    "(ABS({}) ^ {})": lambda a, b: power(Known(abs(a.value), a.error), b),
    "MIN({}, {})": lambda a, b: known(min(a.value, b.value), max(a.error, b.error)),
    "MAX({}, {})": lambda a, b: known(max(a.value, b.value), max(a.error, b.error)),
    "IF THEN ELSE({0} > {1}, -{0}, {1} / 3)": lambda a, b: (
        known(-a.value, a.error)
        if compare(a, b, a.value > b.value)
        else known(b.value / 3, b.error)
    ),
    "IF THEN ELSE({0} <= -{1} :OR: {1} < 2, {0} - {1}, -{1})": lambda a, b: (
        known(a.value - b.value, a.error + b.error)
        if compare(a, Known(-b.value, b.error), a.value <= -b.value)
        | compare(b, Known(mpmath.mpf(2), 0.0), b.value < 2)
        else known(-b.value, b.error)
    ),
}
UNARY = {
    "(-{})": lambda a: known(-a.value, a.error),
    "(-3 * {} / 7)": lambda a: known(-3 * a.value / 7, a.error),
    "({} ^ 2)": lambda a: known(a.value**2, 2 * abs(float(a.value)) * a.error),
    "({} ^ 3)": lambda a: known(a.value**3, 3 * float(a.value) ** 2 * a.error),
    "(1 / {})": lambda a: divide(Known(mpmath.mpf(1), 0.0), a),
    "ABS({})": lambda a: known(abs(a.value), a.error),
    "EXP(-ABS({}) / 4)": lambda a: known(mpmath.exp(-abs(a.value) / 4), a.error),
    "LN(ABS({}))": lambda a: known(
        mpmath.log(positive(Known(abs(a.value), 0.0)).value), a.error / abs(float(a.value))
    ),
    "SQRT(ABS({}))": lambda a: known(
        mpmath.sqrt(positive(Known(abs(a.value), 0.0)).value), a.error / abs(float(a.value))
    ),
}


@st.composite
def trees(draw, depth: int = 4):
    """A nested tuple: a name, a number, (form, inner) or (form, left, right)."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        number = st.sampled_from((0.5, 2.0, 3.0, 0.1, 7.25, -1.0, -0.2))
        return draw(st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES), number))
    if draw(st.integers(0, 2)) == 0:
        return (draw(st.sampled_from(tuple(UNARY))), draw(trees(depth=depth - 1)))
    inner = (draw(trees(depth=depth - 1)), draw(trees(depth=depth - 1)))
    return (draw(st.sampled_from(tuple(BINARY))), *inner)


def text(tree) -> str:
    if isinstance(tree, str):
        return tree
    if isinstance(tree, float):
        return f"({tree})"
    return tree[0].format(*map(text, tree[1:]))


def evaluate(tree, values) -> Known:
    if isinstance(tree, str):
        return Known(mpmath.mpf(values[tree]), 0.0)
    if isinstance(tree, float):
        return Known(mpmath.mpf(tree), 0.0)
    inner = [evaluate(part, values) for part in tree[1:]]
    return (UNARY if len(inner) == 1 else BINARY)[tree[0]](*inner)


def points():
    for run, time in itertools.product(range(3), TIMES):
        values = {name: of_runs[run] for name, of_runs in PARAMETERS.items()}
        yield run, time, {**values, "s": 1.25 + 0.5 * time, "u": -0.5 - 0.75 * time, "Time": time}


def expected(tree):
    """Values and errors, dims (run, time), or None where doubles may be anywhere."""
    found = []
    try:
        with mpmath.workdps(40):
            found = [evaluate(tree, values) for _, _, values in points()]
    except (Unsure, ZeroDivisionError, OverflowError):
        return None
    shape = (3, len(TIMES))
    return (
        np.reshape([float(one.value) for one in found], shape),
        np.reshape([one.error for one in found], shape),
    )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(trees(), min_size=8, max_size=14), st.data())
def test_any_expression_is_right_and_the_same_bits_wherever_its_inputs_come_from(
    load, same_bits, drawn, data
):
    wanted = {f"x{number}": expected(tree) for number, tree in enumerate(drawn)}
    kept = [number for number in range(len(drawn)) if wanted[f"x{number}"] is not None]
    if not kept:
        return
    lines = [f"x{number}={text(drawn[number])}~~|\n" for number in kept]
    lines += [f"w{number}=INTEG(-x{number}, {text(drawn[number])})~~|\n" for number in kept]
    model = load(MODEL + "".join(lines), CLOCK)
    names = [f"{letter}{number}" for letter in "xw" for number in kept]

    batch = simulate(model, parameters=PARAMETERS, outputs=names)
    assert set(batch["status"].values) == {"ok"}
    for number in kept:
        value, error = wanted[f"x{number}"]
        off = np.abs(batch[f"x{number}"].values - value)
        assert (off <= 16 * error + 1e-300).all(), text(drawn[number])
        # A state starts at its initial value and moves by what its inputs were before they moved.
        course = value[:, :1] - 0.5 * (np.cumsum(value, axis=1) - value)
        off = np.abs(batch[f"w{number}"].values - course)
        assert (off <= 16 * np.cumsum(error + 2 * UNIT * np.abs(course), axis=1) + 1e-300).all()

    one = simulate(model, outputs=names)
    for name in names:
        assert same_bits(one[name].values, batch[name].values[0]), name
    placed = {}
    for name, of_runs in PARAMETERS.items():
        constant = {"times": [0.0, 1.0], "values": [of_runs[0]] * 2}
        choice = data.draw(st.sampled_from(("uniform", "a run", "a time")))
        if choice != "uniform":
            placed[name] = [of_runs[0]] * 2 if choice == "a run" else constant
    elsewhere = simulate(model, parameters=placed, outputs=names)
    for name in names:
        values = elsewhere[name].values
        assert same_bits(values if values.ndim == 1 else values[1], one[name].values), placed


@pytest.mark.parametrize(
    ("equation", "value"),
    [
        ("r * MIN(3, 5)", 4.25 * 3.0),
        ("r + IF THEN ELSE(2 > 1, 4, 5)", 8.25),
        ("Time * MAX(-1, -2) - 1", -1.0),
        ("r ^ MIN(2, 3)", 4.25**2),
        ("-p * -q / -r", 1.75 * 0.7 / 4.25),
        ("-(p - q) - -(r - p)", 1.75 + 0.7 + 4.25 + 1.75),
        ("-s / r / p", -1.25 / 4.25 / -1.75),
        ("s / -s", -1.0),
        ("(-p) ^ 2", 1.75**2),
        ("MODULO(-7, 3) + 0 * r", -1.0),
        ("QUANTUM(r, 0.5)", 4.0),
        ("INTEGER(-r)", -4.0),
        ("ABS(q ^ (r ^ p))", 0.7 ** (4.25**-1.75)),  # sympy writes the real part of the power
        ("ABS(EXP(LN(r) * LN(q)))", math.exp(math.log(4.25) * math.log(0.7))),
        ("XIDZ(r, 0 * p, 9)", 9.0),
        ("ZIDZ(r, p - p)", 0.0),
    ],
)
def test_value_at_the_start_is_pythons_own(load, equation, value):
    model = load(f"{MODEL}x={equation}~~|\n", CLOCK)
    one = simulate(model, outputs=["x"])["x"].values[0]
    many = simulate(model, outputs=["x"], parameters={"r": [4.25] * 3})["x"].values[2, 0]
    assert one == pytest.approx(value, rel=1e-15, abs=1e-300)
    assert many == one
