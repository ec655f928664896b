"""Tests of ranges of expressions: what is inside, what is sharp, what ends rest on."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loopscope.loops.signs import curves
from loopscope.loops.signs import intervals as iv
from loopscope.loops.signs.bounds import Bounds
from loopscope.loops.signs.intervals import Range
from loopscope.models import functions as sd
from loopscope.models.arrays import Arrays
from loopscope.models.model import Lookup

A, B, C = sp.symbols("a b c", real=True)
TABLES = {
    "rises": Lookup(name="rises", x=(-2.0, 0.0, 1.0, 4.0), y=(0.0, 1.0, 1.0, 3.0)),
    "bends": Lookup(name="bends", x=(0.0, 1.0, 2.0), y=(0.0, 5.0, -1.0)),
    "jumps": Lookup(name="jumps", x=(0.0, 1.0, 1.0, 3.0), y=(0.0, 1.0, 4.0, 2.0)),
    "goes on": Lookup(name="goes on", x=(0.0, 2.0), y=(1.0, 0.0), interpolation="extrapolate"),
    "holds": Lookup(name="holds", x=(0.0, 1.0, 2.0), y=(3.0, 1.0, 2.0),
                    interpolation="hold_backward"),
}  # fmt: skip


def of(e, known=None, **kwargs):
    given_ = {A: Range(-math.inf, math.inf), **(known or {})}
    return Bounds(given_, TABLES, **kwargs).of(e)


def numbers(low=-6, high=6):
    # Whole numbers and halves meet zeros, poles, kinks and jumps often.
    return st.integers(2 * low, 2 * high).map(lambda n: sp.Rational(n, 2))


def tame(e):
    return sd.Maximum(sp.Integer(-3), sd.Minimum(sp.Integer(3), e))


def calls(inner):
    one = st.tuples(inner)
    two = st.tuples(inner, inner)
    three = st.tuples(inner, inner, inner)
    return st.one_of(
        two.map(lambda t: t[0] + t[1]),
        two.map(lambda t: t[0] - t[1]),
        two.map(lambda t: t[0] * t[1]),
        two.map(lambda t: t[0] / t[1] if t[1] != 0 else t[0]),
        two.map(lambda t: t[0] / (t[0] + t[1]) if t[0] + t[1] != 0 else t[0]),
        one.map(lambda t: t[0] ** 2),
        one.map(lambda t: t[0] ** 3),
        two.map(lambda t: sp.Abs(t[0]) ** tame(t[1])),
        one.map(lambda t: sp.exp(tame(t[0]))),
        one.map(lambda t: sp.log(1 + t[0] ** 2)),
        one.map(lambda t: sp.sqrt(sp.Abs(t[0]))),
        one.map(lambda t: sp.tanh(t[0])),
        two.map(lambda t: sd.Minimum(*t)),
        two.map(lambda t: sd.Maximum(*t)),
        two.map(lambda t: sd.Less(*t)),
        two.map(lambda t: sd.LessEqual(*t)),
        two.map(lambda t: sd.Equal(*t)),
        two.map(lambda t: sd.And(*t)),
        two.map(lambda t: sd.Or(*t)),
        one.map(lambda t: sd.Not(*t)),
        two.map(lambda t: sd.Modulo(*t)),
        two.map(lambda t: sd.Quantum(*t)),
        one.map(lambda t: sd.IntegerPart(*t)),
        one.map(lambda t: sd.NormalCdf(*t)),
        three.map(lambda t: sd.SafeDivide(*t)),
        three.map(lambda t: sd.IfThenElse(*t)),
        three.map(lambda t: sd.IfThenElse(sd.Less(t[0], t[1]), t[0] - t[1], t[2])),
        three.map(lambda t: (1 - tame(t[0])) * t[1] + tame(t[0]) * t[2]),
        three.map(lambda t: sd.Step(t[0], t[1], t[2], sp.Rational(1, 4))),
        st.tuples(inner, inner, inner, inner).map(lambda t: sd.Ramp(*t)),
        three.map(lambda t: sd.Pulse(*t)),
        st.tuples(st.sampled_from(sorted(TABLES)), inner).map(
            lambda t: sd.Table(sp.Symbol(t[0]), t[1])
        ),
        st.tuples(st.sampled_from(sorted(TABLES)), inner).map(
            lambda t: sd.TableSlope(sp.Symbol(t[0]), t[1])
        ),
    )


EXPRESSIONS = st.recursive(st.one_of(st.sampled_from([A, B, C]), numbers()), calls, max_leaves=7)
RANGES = st.tuples(st.integers(-5, 5), st.integers(0, 6)).map(
    lambda t: Range(float(t[0]), float(t[0] + t[1]))
)


@settings(deadline=None, max_examples=300)
@given(e=EXPRESSIONS, ranges=st.tuples(RANGES, RANGES, RANGES), seed=st.integers(0, 10**6))
def test_a_range_holds_every_value_the_expression_takes(e, ranges, seed):
    draw = np.random.default_rng(seed)
    values = {}
    for symbol, at in zip((A, B, C), ranges, strict=True):
        even = draw.uniform(at.low, at.high, 60)
        halves = np.clip(np.round(2 * draw.uniform(at.low, at.high, 60)) / 2, at.low, at.high)
        values[symbol] = np.concatenate([even, halves, [at.low, at.high]])
    arrays = Arrays(values, TABLES)
    shape = values[A].shape
    # Where a part divides by 0 nothing is promised.  Huge parts would hide in rounding.
    parts = [part for part in sp.preorder_traversal(e) if part == e or part.free_symbols]
    parts = [part for part in parts if str(part) not in TABLES]
    whole = [np.broadcast_to(np.asarray(arrays.of(part), dtype=float), shape) for part in parts]
    defined = np.all([np.isfinite(one) & (np.abs(one) < 1e6) for one in whole], axis=0)
    found = whole[0][defined]
    assume(found.size)
    low, high, *_ = Bounds(dict(zip((A, B, C), ranges, strict=True)), TABLES).of(e)
    # Values are computed in floats, ranges hold in real numbers.
    slack = 1e-7 * (1.0 + np.abs(found))
    assert np.all(found >= low - slack), (low, found.min())
    assert np.all(found <= high + slack), (high, found.max())


@pytest.mark.parametrize(
    ("e", "expected"),
    [
        (A + B, (3.0, 7.0)),
        (A - B, (-3.0, 1.0)),
        (A * B, (2.0, 12.0)),
        (A / B, (1 / 4, 3 / 2)),
        (A**2 - A**2 + B, (2.0, 4.0)),
        (1 - 1 / B, (0.5, 0.75)),
        (sd.Minimum(A, B), (1.0, 3.0)),
        (sd.Maximum(A, B), (2.0, 4.0)),
        (sd.SafeDivide(A, B, sp.Integer(0)), (1 / 4, 3 / 2)),
        (sp.sqrt(A - 1), (0.0, math.sqrt(2.0))),
        (sp.log(A), (0.0, math.log(3.0))),
        (B ** (-A), (4.0**-3, 0.5)),
        (A / (A + B), (1 / 7, 1.0)),
        (sd.Less(A, B + 2), (1.0, 1.0)),
        (sd.LessEqual(B, A), (0.0, 1.0)),
        (sd.Table(sp.Symbol("rises"), A), (1.0, 1.0 + 2 / 3 * 2)),
        (sd.TableSlope(sp.Symbol("bends"), A / 2), (-6.0, 5.0)),
        (sd.Table(sp.Symbol("holds"), A), (1.0, 2.0)),
        (sd.Table(sp.Symbol("goes on"), B), (-1.0, 0.0)),
    ],
)
def test_ranges_by_hand(e, expected):
    # a in [1, 3], b in [2, 4].
    found = of(e, {A: Range(1.0, 3.0), B: Range(2.0, 4.0)})
    assert found[:2] == pytest.approx(expected, abs=1e-12)


POSITIVE = Range(0.0, math.inf)


@pytest.mark.parametrize(
    ("e", "expected"),
    [
        # A share of what is positive, however large.
        (A / (A + B), (0.0, 1.0)),
        ((A + C) / (A + B + C + 1), (0.0, 1.0)),
        (A / sd.Maximum(A + B, sp.Integer(1)), (0.0, 1.0)),
        # What is let in is part of what comes.
        (A - A * sp.tanh(B), (0.0, math.inf)),
        (A - sd.Minimum(A * sp.tanh(B), C), (0.0, math.inf)),
        # A mean of two values.
        ((1 - sp.tanh(B)) * sp.tanh(A) + sp.tanh(B) * sp.tanh(C), (0.0, 1.0)),
        # The root of a quadratic equation that is the positive one.
        (-A + sp.sqrt(A**2 + B), (0.0, math.inf)),
        (sd.Maximum(A - 5, sp.Integer(0)) * sd.Less(sp.Integer(5), A), (0.0, math.inf)),
        (sd.IfThenElse(sd.Less(A, C), C - A, sp.Integer(0)), (0.0, math.inf)),
    ],
)
def test_what_terms_have_in_common_is_not_forgotten(e, expected):
    found = of(e, dict.fromkeys((A, B, C), POSITIVE))
    assert found[:2] == expected


def test_ends_name_what_they_rest_on_and_nothing_else():
    known = {A: Range(0.0, 5.0, 1, 2), B: Range(1.0, 2.0, 4, 8), C: Range(-9.0, 9.0, 16, 32)}
    assert of(A * B, known).below == 1 | 4
    assert of(A * sd.Less(C, B), known).below == 1
    assert of(sd.Maximum(A, C), known).below == 1
    assert of(1 - sd.Minimum(A, sp.Integer(1)), known).below == 0
    assert of(sp.exp(C), known).above == 32
    assert of(1 / B, known).below & 8


def test_the_end_of_an_open_range_rests_on_nothing():
    found = of(A * B, {A: Range(0.0, math.inf, 1, 0), B: Range(0.0, 1.0, 2, 4)})
    assert found == Range(0.0, math.inf, 3, 0)


@pytest.mark.parametrize(("y", "expected"), [
    ((0, 1, 2, 3), "+"),
    ((0, 1, 1, 3), "+"),
    ((3, 1, 1, 0), "-"),
    ((0, 50, 49.9, 100), "+"),
    ((0, 50, 48, 100), "?"),
    ((0, 1, 0), "?"),
    ((2, 2, 2), "0"),
])  # fmt: skip
def test_a_trend_looks_past_noise_of_half_a_percent_of_the_height(y, expected):
    table = Lookup(name="t", x=tuple(float(n) for n in range(len(y))), y=tuple(map(float, y)))
    assert curves.trend(table)[0] == expected


def test_a_slow_fall_is_no_noise_though_each_step_is_small():
    # A hundred steps down of 0.1 % each, then up: the sum of reversals counts.
    y = (*(-0.001 * n for n in range(100)), 1.0)
    table = Lookup(name="t", x=tuple(float(n) for n in range(len(y))), y=y)
    assert curves.trend(table)[0] == "?"


def test_sums_and_products_are_rounded_outwards_unless_exact():
    tenth = iv.point(0.1)
    total = iv.add(iv.add(tenth, tenth), tenth)
    assert total.low <= 0.3 <= total.high
    assert total.low < total.high
    assert iv.add(iv.point(0.25), iv.point(0.5))[:2] == (0.75, 0.75)
    product = iv.multiply(tenth, tenth)
    assert product.low < product.high
    assert iv.multiply(iv.point(3.0), iv.point(7.0))[:2] == (21.0, 21.0)
