"""Expressions in a model's variables: what they give, and that a file cannot run anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopscope.analysis.reality.formula import read_formula
from loopscope.models.engine.simulate import prepared_of
from loopscope.models.errors import RunError, UnknownNameError

TWO_PLACES = Path(__file__).with_name("two_places.mdl").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    path = tmp_path_factory.mktemp("formula") / "model.mdl"
    clock = "INITIAL TIME=0~~|\nFINAL TIME=1~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
    path.write_text(TWO_PLACES + clock, encoding="utf-8")
    return prepared_of(path)


def value(prepared, text, **values):
    formula = read_formula(text, prepared)
    arrays = {name: np.array([[one, one]]) for name, one in values.items()}
    return float(formula.along(arrays, np.array([0.0, 1.0])).ravel()[-1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("here", 2.0),
        ("HERE + \"away\" / 2", 4.0),
        ("-here ^ 2", -4.0),
        ("MAX(here, away) - MIN(here, away)", 2.0),
        ("IF THEN ELSE(here > away, 1, EXP(0) + Time)", 2.0),
        ("Time", 1.0),
        ("2 * 3", 6.0),
        ("XIDZ(here, away - 4, 7)", 7.0),
    ],
)  # fmt: skip
def test_an_expression_has_the_value_that_vensim_gives_it(prepared, text, expected):
    assert value(prepared, text, here=2.0, away=4.0) == expected


@given(a=st.floats(-1e3, 1e3), b=st.floats(-1e3, 1e3))
def test_arithmetic_is_that_of_floats(prepared, a, b):
    found = value(prepared, "here * away - (here - away) * 2", here=a, away=b)
    assert found == pytest.approx(a * b - (a - b) * 2, rel=1e-12, abs=1e-9)


def test_an_unknown_variable_is_named_with_the_nearest(prepared):
    with pytest.raises(UnknownNameError, match=r"no variable named 'departure' in .*'departures'"):
        read_formula("departure / here", prepared)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not an expression"),
        ("here +", "is not an expression"),
        ("here = 3", "is not an expression"),
        ("here ~ people ~ |", "is not an expression"),
        ("SMOOTH(here, 3)", "cannot be evaluated at one instant: it uses 'Smooth'"),
        ("here[x]", "it uses subscripts"),
        ("1 / 0", "a division by zero"),
        ("__import__('os').system('true')", "expression"),
        ("open('/etc/passwd')", "cannot be evaluated"),
    ],
)
def test_what_is_no_plain_expression_is_refused_in_a_line_and_not_run(prepared, text, told):
    with pytest.raises(RunError) as error:
        read_formula(text, prepared)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
