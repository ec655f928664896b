"""Tests of readings: values that only outputs need, computed at saved times alone."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from loopscope import models
from loopscope.models.engine.request import Extension
from loopscope.models.engine.simulate import run
from loopscope.models.model import TIME, symbol_of

MODEL = "migration_policy"
STOCKS = ("irregular migrants", "policy stringency")
VARIED = {"network strength": np.linspace(1.0, 4.0, 37)}


@pytest.fixture(scope="module")
def model():
    return models.load(MODEL)


def reading(model, name, readings, **request):
    equations = models.symbolise(model)
    outputs = (*STOCKS, "network strength", *(str(symbol.name) for symbol in readings))
    extension = Extension(
        name=name, equations=lambda: equations, outputs=outputs, readings=lambda: readings
    )
    return run(model, extension=extension, **request)


@pytest.mark.parametrize("method", ["Euler", "RK4"])
@pytest.mark.parametrize("varied", [{}, VARIED])
@pytest.mark.parametrize("saveper", [None, 7.0])
def test_readings_see_state_parameters_time_and_each_other(model, method, varied, saveper):
    migrants, stringency, strength = map(symbol_of, (*STOCKS, "network strength"))
    first, second = symbol_of("first reading"), symbol_of("second reading")
    readings = {first: migrants * stringency * strength + TIME, second: first / migrants - TIME}
    asked = {"parameters": varied, "method": method, "saveper": saveper}
    read = reading(model, "products", readings, **asked)
    x, y, q = (read.values[name] for name in (*STOCKS, "network strength"))
    product = x * y * q + read.time
    np.testing.assert_allclose(read.values["first reading"], product, rtol=1e-14)
    np.testing.assert_allclose(read.values["second reading"], product / x - read.time, rtol=1e-12)
    plain = run(model, outputs=STOCKS, **asked)
    for name in STOCKS:  # to the same bits, comparisons in readings or not
        np.testing.assert_array_equal(plain.values[name], read.values[name])


def test_a_reading_that_is_not_finite_ends_no_run(model):
    nothing = symbol_of("nothing")
    read = reading(model, "logarithm of a negative number", {nothing: sp.log(-(TIME**2))})
    assert not read.failures
    assert np.isnan(read.values["nothing"]).all()
    assert np.isfinite(read.values["policy stringency"]).all()


def test_a_run_that_fails_has_no_readings_from_then_on(tmp_path):
    path = tmp_path / "rising.mdl"
    path.write_text(
        "{UTF-8}\nx=INTEG(x*x, a)~~|\na=1~~|\nINITIAL TIME=0~~|\nFINAL TIME=20~~|\n"
        "TIME STEP=0.25~~|\nSAVEPER=1~~|\n",
        encoding="utf-8",
    )
    model = models.load(path)
    twice = symbol_of("twice")
    extension = Extension(
        name="twice", equations=lambda: models.symbolise(model), outputs=("x", "twice"),
        readings=lambda: {twice: 2 * symbol_of("x")},
    )  # fmt: skip
    found = run(model, extension=extension, parameters={"a": [1.0, -1.0]})
    assert list(found.failures) == [0]
    gone = np.isnan(found.values["x"])
    assert gone[0].any()
    assert not gone[1].any()
    np.testing.assert_array_equal(found.values["twice"], 2 * found.values["x"])
