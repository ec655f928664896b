"""An expression that is printed and read back is the same expression, or has the same value."""

from __future__ import annotations

import math

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.models import functions as sd
from loopscope.models.errors import UnsupportedError
from loopscope.models.model import TIME, Auxiliary, Parameter
from loopscope.models.plain import evaluate
from loopscope.models.reading import power
from loopscope.models.writing.arithmetic import number_text

A, B, C, D = (sp.Symbol(name, real=True) for name in "abcd")
STEP = sp.Symbol("TIME STEP", real=True)
VALUES = {A: 2.0, B: 3.0, C: -5.0, D: 0.1, TIME: 4.0, STEP: 0.25}

numbers = st.one_of(
    st.integers(-20, 20).map(sp.Integer),
    st.fractions(min_value=-50, max_value=50, max_denominator=60).map(
        lambda f: sp.Rational(f.numerator, f.denominator)
    ),
    st.floats(1e-6, 1e6).map(lambda value: sp.Rational(repr(value))),
)
leaves = st.one_of(numbers, st.sampled_from([A, B, C, D, TIME, STEP]))
UNARY = (
    lambda x: sp.exp(sd.Minimum(x, B)),
    sp.Abs,
    sp.sin,
    sp.cos,
    sp.atan,
    sd.IntegerPart,
    sd.Not,
    lambda x: -x,
)
BINARY = (
    sd.Minimum, sd.Maximum, sd.Less, sd.LessEqual, sd.Equal, sd.And, sd.Or, sd.Modulo, sd.Quantum,
    lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y,
    lambda x, y: x / y if y != 0 else x,
    lambda x, y: power(sp.Abs(x), y) if x != 0 else y,
    lambda x, y: sp.sqrt(sp.Abs(x)) * y,
    lambda height, start: sd.Step(height, start, TIME, STEP),
    lambda start, width: sd.Pulse(start, width, TIME),
)  # fmt: skip
TERNARY = (
    sd.IfThenElse, sd.SafeDivide, lambda x, y, z: x * y * z, lambda x, y, z: x + y - z,
    lambda slope, start, end: sd.Ramp(slope, start, end, TIME),
    lambda start, interval, end: sd.PulseTrain(start, interval, D, end, TIME),
)  # fmt: skip


def grow(parts):
    return st.one_of(
        st.builds(lambda f, x: f(x), st.sampled_from(UNARY), parts),
        st.builds(lambda f, x, y: f(x, y), st.sampled_from(BINARY), parts, parts),
        st.builds(lambda f, x, y, z: f(x, y, z), st.sampled_from(TERNARY), parts, parts, parts),
    )


def sensible(e):
    """Leave out what is no real number whatever the variables, and what is beyond doubles."""
    bad = (sp.nan, sp.zoo, sp.I, sp.oo, -sp.oo)
    if e.has(*bad) or e.count_ops() > 25:
        return False
    try:
        return all(abs(float(n)) < 1e200 for n in e.atoms(sp.Number)) and math.isfinite(
            evaluate(e, VALUES)
        )
    except (KeyError, OverflowError, TypeError):
        return False


expressions = st.recursive(leaves, grow, max_leaves=6).filter(sensible)


def value_of(model):
    variable = model.find("x")
    if isinstance(variable, Parameter):
        return variable.value
    assert isinstance(variable, Auxiliary)
    return evaluate(variable.equation, VALUES)


@settings(max_examples=60, deadline=None)
@given(expression=expressions)
def test_any_expression_has_its_value_again(expression, put, again, suffix):
    # Rounding: an expression is rebuilt of the same operations, a few of them in another order.
    want = evaluate(expression, VALUES)
    size = max(1.0, *(abs(evaluate(part, VALUES)) for part in sp.preorder_traversal(expression)))
    if not math.isfinite(size):
        return
    found = value_of(again(put(expression), suffix))
    assert found == pytest.approx(want, rel=1e-9, abs=1e-9 * size)


@pytest.mark.parametrize(
    "e",
    [
        A - B, -A - B, 2 * A - 3, -A * B, -(A + B) / C, 3 * (A + B) / C, A / (B * C), A / B / 3,
        -2 * A / 3, A**2, (A + B) ** 2, A**-2, 1 / (A + B), A**B, A ** (-B), (A + B) ** (C + D),
        (-2) ** A, sp.Rational(2, 3) ** A, 2**A, A ** sp.Rational(2, 3), sp.sqrt(A) / sp.sqrt(B),
        (A * B) ** C, sp.exp(A + B) - sp.exp(1), sp.log(A) / sp.log(10), A - (B - C) / D,
        A - 2 * (B + C) / D, sp.Rational(1, 3) * A + sp.Rational(1, 7),
        sd.Minimum(A - B, 0) * C, sd.IfThenElse(sd.Less(A, B + C), A, -B), A * sd.Maximum(B, -C),
        sd.IfThenElse(sd.And(sd.Less(A, B), sd.Not(sd.Equal(C, D))), 1, A) * 2 - B,
        sd.IfThenElse(sd.Or(sd.Not(sd.LessEqual(A, 3)), sd.Equal(A, B)), sd.IfThenElse(A, 1, 2), C),
        sd.SafeDivide(A, B, 0), sd.SafeDivide(A, B, C), sd.Step(A, 3, TIME, STEP),
        sd.RandomUniform(0) * A + B, TIME * STEP, sp.sin(sp.tan(A)), sp.asin(D) + sp.acos(D),
        sp.Integer(10) ** 20 * A, sp.Rational("1e-300") * A, A * sp.Rational("0.1234567890123456"),
    ],
    ids=str,
)  # fmt: skip
def test_plain_expressions_come_back_as_they_are(e, put, again, suffix):
    assert again(put(e), suffix).find("x").equation == e


def test_numbers_keep_all_their_digits():
    # 0.1 is not a double; its shortest text is, and reading that text gives the double.
    assert number_text(sp.Rational("0.30000000000000004")) == "0.30000000000000004"
    assert number_text(sp.Integer(2) ** 60) == "1.152921504606847e+18"
    assert number_text(sp.Rational(-1, 3)) == "-1 / 3"


def test_what_has_no_words_is_refused_with_its_place(put, again, suffix):
    with pytest.raises(UnsupportedError, match="in 1 place: 'x'") as refused:
        again(put(sd.NormalCdf(A)), suffix)
    assert refused.value.places[0][0] == "x"
