"""Tests of observed polarity: confidence, and what is left open."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from loopscope import loops
from loopscope.loops.replay import Along
from loopscope.loops.signs.observed import judged


@pytest.mark.parametrize(
    ("gains", "sign", "confidence"),
    [
        ([1.0, 2.0], "+", 1.0),
        ([-1.0, 0.0], "-", 1.0),
        ([3.0, -1.0], "?", 0.5),
        ([999.0, -1.0], "+", 0.998),
        ([1.0, -1.0], "?", 0.0),
        ([0.0, 0.0], "0", None),
        ([np.nan, np.inf, 2.0], "+", 1.0),
        ([np.nan], "0", None),
    ],
)
def test_confidence_is_the_difference_of_both_signs_over_their_sum(gains, sign, confidence):
    found = judged(np.array(gains))
    assert (found.sign, found.confidence) == (sign, confidence)
    assert found.basis == "observed"


def test_a_logistic_run_shows_its_net_gain_on_both_sides_of_half_capacity(read):
    # Gain r (1 - 2 P/K) at P = 20, 40, 60: 0.6 r, 0.2 r, -0.2 r: (0.8 - 0.2)/(0.8 + 0.2) = 0.6.
    graph = loops.trace(read("r=0.3\nK=100\nx=INTEG(r*x*(1-x/K), 1)"))
    values = {s: np.float64(v) for s, v in graph.equations.parameters.items()}
    values[sp.Symbol("x", real=True)] = np.array([20.0, 40.0, 60.0])
    along = Along(graph, values, time=np.arange(3.0), step=1.0)
    found = loops.observe(along)["x", "x"]
    assert found.sign == "?"
    assert found.confidence == pytest.approx(0.6)
    assert found.condition == "+ at 2 of 3 times"


def test_a_view_is_observed_by_its_own_gains(logistic):
    view = loops.fold(loops.trace(logistic))
    values = {s: np.float64(v) for s, v in view.equations.parameters.items()}
    values[sp.Symbol("P", real=True)] = np.array([10.0, 20.0])
    along = Along(view, values, time=np.arange(2.0), step=1.0)
    assert loops.observe(along)["P", "P"].sign == "+"
