"""Which parameters decide which loop wins: planted ones are found, chance is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopscope import analysis
from loopscope.analysis.dominating.deciding import drawn_alone, holm
from loopscope.analysis.dominating.ensemble import ensemble_of


@pytest.fixture
def planted(write_sweep):
    """R2 wins where p1 is above 0.75; the other parameters decide nothing."""
    draw = np.random.default_rng(7)
    rows = draw.random((400, 6))
    relative = np.full((400, 3, 2), 0.1)
    relative[..., 0] = 0.2
    relative[rows[:, 1] > 0.75, 1:, 1] = 0.6
    return write_sweep(rows, [0.0, 1.0, 2.0], relative)


def test_the_planted_parameter_is_found_and_no_other(planted):
    found = analysis.deciding_parameters(planted, 2.0).isel(time=0)
    np.testing.assert_allclose(found["distance"].sel(parameter="p1"), 1.0)
    assert found["direction"].sel(loop="R2", parameter="p1") == 1
    assert found["direction"].sel(loop="R1", parameter="p1") == -1
    assert (found["corrected"].sel(parameter="p1") < 1e-6).all()
    others = found["corrected"].sel(parameter=[f"p{one}" for one in (0, 2, 3, 4, 5)])
    assert (others > 0.05).all()
    assert int(found["wins"].sum()) == int(found["runs"]) == 400


def test_where_one_loop_always_wins_nothing_is_said(planted):
    found = analysis.deciding_parameters(planted, [0.0, 2.0])
    assert found["distance"].sel(time=0).isnull().all()
    assert found.attrs["tests"] == 12


def test_failed_runs_are_left_out(planted):
    planted["failed_at"].values[:100] = 1.5
    assert analysis.deciding_parameters(planted)["runs"].values.tolist() == [300]


def test_runs_that_share_values_count_once(planted):
    planted.attrs["design"] = '{"kind": "saltelli", "second_order": false}'
    ensemble = ensemble_of(planted)
    assert ensemble.sample.step == 8
    alone = drawn_alone(ensemble)
    assert np.flatnonzero(alone)[:4].tolist() == [0, 7, 8, 15]
    assert analysis.deciding_parameters(planted)["runs"].values.tolist() == [100]


def test_chance_alone_is_seldom_called_deciding(write_sweep):
    draw = np.random.default_rng(11)
    wrong = 0
    for _ in range(50):
        rows = draw.random((60, 5))
        swept = write_sweep(rows, [0.0, 1.0], draw.random((60, 2, 2)))
        wrong += bool((analysis.deciding_parameters(swept)["corrected"] < 0.05).any())
    assert wrong <= 7


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_its_definition(chances):
    values = np.array(chances)
    found = holm(values)
    order = np.argsort(values, kind="stable")
    for place, one in enumerate(order):
        steps = [(len(values) - k) * values[order[k]] for k in range(place + 1)]
        assert found[one] == pytest.approx(min(1.0, max(steps)))
    assert (found >= values).all()
