"""Numbers and operators: from text to expressions that mean the same."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loopscope.models.errors import ModelError
from loopscope.models.model import Parameter
from loopscope.models.plain import evaluate

KNOWN = "a=2~~|\nb=3~~|\nc=5~~|\nd=0.1~~|\n"
VALUES = {"a": 2.0, "b": 3.0, "c": 5.0, "d": 0.1, "Time": 4.0, "TIME STEP": 0.25}


@pytest.fixture(scope="module")
def value_xmile(load_xmile):
    """Evaluate one XMILE equation over a=2, b=3, c=5."""
    known = "".join(f'<aux name="{n}"><eqn>{VALUES[n]}</eqn></aux>' for n in "abc")

    def compute(equation: str) -> float:
        text = equation.replace("&", "&amp;").replace("<", "&lt;")
        variable = load_xmile(f'{known}<aux name="x"><eqn>{text}</eqn></aux>').find("x")
        if isinstance(variable, Parameter):
            return variable.value
        return evaluate(variable.equation, {sp.Symbol(k, real=True): v for k, v in VALUES.items()})

    return compute


# --- numbers and precedence ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("0.1", sp.Rational(1, 10)),
        ("1e-20", sp.Rational(1, 10**20)),
        ("1e+30", sp.Integer(10) ** 30),
        (".5", sp.Rational(1, 2)),
        ("3.", sp.Integer(3)),
        ("007.5", sp.Rational(15, 2)),
    ],
)
def test_numbers_are_exact_as_their_decimals_are_written(load, text, exact):
    equation = load(f"a=1~~|x=a*{text}~~|").find("x").equation
    assert equation == exact * sp.Symbol("a", real=True)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("-2^2", -4),  # the canonical Vensim output of SDXorg test-models, exponentiation
        ("(-2)^2", 4),
        ("-(2)^2", -4),
        ("2^3^2", 512),
        ("(2^3)^2", 64),
        ("2^-2", 0.25),
        ("a-b-c", -6),
        ("a/b/c", 2 / 15),
        ("a-(b-c)", 4),
        ("-a+b*c", 13),
        ("-a*-b", 6),
        ("a*b^a", 18),
        ("-a^2", -4),
        ("1-a*{none of b}\n\tc/(b+a)", -1),
        ("IF THEN ELSE(a>b :OR: a<c :AND: b>c, 1, 2)", 2),
        ("IF THEN ELSE(a<b :OR: a<c :AND: b>c, 1, 2)", 1),
        ("IF THEN ELSE(:NOT: a=b, 1, 2)", 1),
        ("if then else(a<=2 :and: b>=3 :and: c<>4, 1, 2)", 1),
        ("(a<b)+(a=2)+(a>b)", 2),
    ],
)
def test_operators_bind_as_in_vensim(value, equation, expected):
    assert value(equation) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("-2^2", -4),
        ("(-2)^2", 4),
        ("2^3^2", 512),
        ("7 MOD 4 + 1", 4),
        ("IF a > b THEN 1 ELSE 2", 2),
        ("if a > b then 1 else if a = 2 then 7 else 3", 7),
        ("1 + (IF a < b AND b < c THEN 1 ELSE 2)", 2),
        ("IF NOT a = b OR a > c THEN 1 ELSE 2", 1),
        ("MAX(a, IF a > b THEN 9 ELSE IF b > c THEN 8 ELSE 1)", 2),
        ("INT(-2.7)", -2),
        ("LOG10(1000)", 3),
        ("SAFEDIV(a, 0)", 0),
        ("SAFEDIV(a, 0, 9)", 9),
        ("PI", math.pi),
        ("a * DT", 0.5),
        ("STOPTIME - STARTTIME", 10),
        ("MIN(a)", 2),
    ],
)
def test_xmile_equations_mean_what_the_standard_says(load_xmile, value_xmile, equation, expected):
    if equation.startswith("STOPTIME"):
        variable = load_xmile(f'<aux name="x"><eqn>{equation}</eqn></aux>').find("x")
        assert variable.depends == ("FINAL TIME", "INITIAL TIME")
        return
    assert value_xmile(equation) == pytest.approx(expected, rel=1e-14)


@st.composite
def arithmetic(draw, depth=4):
    """Return one expression twice: as Vensim writes it, and as Python does over Fractions."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        eighths = draw(st.integers(1, 8000))
        leaf = str(eighths / 8)
        return draw(st.sampled_from([("a", "a"), ("b", "b"), ("c", "c"), (leaf, f"F('{leaf}')")]))
    kind = draw(st.sampled_from(["+", "-", "*", "/", "-x", "()", "MIN", "MAX", "ABS", "IF", "^"]))
    v, p = draw(arithmetic(depth=depth - 1))
    w, q = draw(arithmetic(depth=depth - 1))
    x, y = draw(st.sampled_from(["ab", "ba", "bc", "ca"]))
    forms = {
        "-x": (f"(-{v})", f"(-{p})"),
        "()": (f"({v})", f"({p})"),
        "MIN": (f"MIN({v}, {w})", f"min({p}, {q})"),
        "MAX": (f"MAX({v}, {w})", f"max({p}, {q})"),
        "ABS": (f"ABS({v})", f"abs({p})"),
        "IF": (f"IF THEN ELSE({x} > {y}, {v}, {w})", f"(({p}) if {x} > {y} else ({q}))"),
        "^": (f"ABS({v})^2", f"abs({p})**2"),
    }
    return forms.get(kind, (f"{v} {kind} {w}", f"{p} {kind} {q}"))


@settings(max_examples=200, deadline=None)
@example(pair=("0.5 + 0.125", "F('0.5') + F('0.125')"))
@given(pair=arithmetic())
def test_random_arithmetic_equals_pythons_own(load, pair):
    text, python = pair
    names = {"min": min, "max": max, "abs": abs, "F": Fraction}
    numbers = {name: Fraction(int(VALUES[name])) for name in "abc"}
    try:
        expected = float(eval(python, names, numbers))
    except (ZeroDivisionError, OverflowError):
        return
    try:
        variable = load(f"{KNOWN}x={text}~~|").find("x")
    except ModelError:
        # A branch that is not taken may divide by zero, which is refused all the same.
        assert "/" in text
        return
    if isinstance(variable, Parameter):
        found = variable.value
    else:
        symbols = {sp.Symbol(k, real=True): v for k, v in VALUES.items()}
        found = evaluate(variable.equation, symbols)
    if math.isfinite(found):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
