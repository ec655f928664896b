"""Tests of what a reader of scores is told: rest, outside drive, unknown signs."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.notes import from_outside, notes_on


def told(model, **settings):
    run = models.simulate(model, **settings)
    found = loops.find(model)
    along = loops.along(found.graph, run)
    return notes_on(found, along, loops.score(found, along))


def test_a_model_driven_by_feedback_alone_has_no_notes(logistic):
    assert told(logistic) == []


def test_a_model_at_rest_is_told_by_its_eigenvalues(logistic):
    # At the capacity the eigenvalue of the logistic is -r = -0.3.
    (note,) = told(logistic, initial={"P": 100})
    assert "rests" in note
    assert "-0.3 (dies out, time constant 3.33)" in note


def test_the_share_from_outside_is_that_of_the_ramp(read):
    # x'' = -x' / 4 + 1 where the inflow is the time, so the share is 1 / (1 + |x'| / 4).
    model = read("inflow=Time\n x=INTEG(inflow-x/4, 2)")
    graph = loops.trace(model)
    along = loops.along(graph, models.simulate(model))
    rate = np.abs(along.rates["x"])
    np.testing.assert_allclose(from_outside(along), 1 / (1 + rate / 4), rtol=1e-9)
    assert any("comes from outside the feedback" in note for note in told(model))


def test_loops_of_unknown_sign_are_named(read):
    model = read("a=1\n effect=(x-5)*(x-2)\n x=INTEG(a*effect/100-x/10, 1)")
    notes = told(model)
    assert any("hold a link whose sign is not proved" in note for note in notes)


@pytest.mark.parametrize("runs", [None, [0.1, 0.3]])
def test_a_closed_model_has_no_drive_in_any_run(logistic, runs):
    settings = {} if runs is None else {"parameters": {"r": runs}}
    along = loops.along(loops.trace(logistic), models.simulate(logistic, **settings))
    assert not from_outside(along).any()
