"""Probabilities of dominance: counted by hand, of a closed form, and summing to one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import analysis
from loopscope.analysis.dominating.ensemble import ensemble_of
from loopscope.models.errors import StudyError


def test_runs_are_counted_as_by_hand(four):
    found = analysis.dominance(four)
    np.testing.assert_allclose(found["probability"].sel(time=0), [3 / 4, 1 / 4, 0])
    np.testing.assert_allclose(found["probability"].sel(time=2), [1 / 4, 2 / 4, 0])
    np.testing.assert_allclose(found["probability"].sel(time=3), [1 / 3, 1 / 3, 1 / 3])
    assert found["nothing"].values.tolist() == [0, 0, 1 / 4, 0, 0]
    assert found["failed"].values.tolist() == [0, 0, 0, 1, 1]
    assert found["failed"].dtype.kind == "i"
    assert found.attrs["failed_runs"] == 1
    assert found["probability_low"].sel(time=3, loop="R1") < 1 / 3
    np.testing.assert_allclose(found["mean_share"].sel(time=0), [0.325, 0.175, 0.1], atol=1e-6)
    np.testing.assert_allclose(found["held"], 0.6, atol=1e-6)


def test_shifts_are_counted_as_by_hand(four):
    found = analysis.dominance(four)
    # Run 1 shifts at 1.5; run 2 at 0.5 and, after a rest, at 3; the failed run does not count.
    assert found["shift_count"].values[:4].tolist() == [1 / 3, 1 / 3, 1 / 3, 0]
    np.testing.assert_allclose(found["shift_time"].sel(quantile=0.5), [1.0, 2.25])
    np.testing.assert_allclose(found["shifted"], [0, 1 / 3, 2 / 3, 2 / 3, 2 / 3])
    assert found.attrs["shifting_runs"] == 2
    handover = found["handover"]
    assert float(handover.sel(before="R1", after="R2")) == pytest.approx(2 / 3)
    assert float(handover.sel(before="R2", after="R3")) == pytest.approx(1 / 3)
    assert float(found["first_handover"].sum()) == pytest.approx(2 / 3)


def test_a_brief_period_makes_no_shift_but_counts_at_its_time(write_sweep):
    leads = np.array([0] * 10 + [1] + [0] * 10)
    relative = np.where(leads[:, None] == np.arange(2), 0.6, 0.1)[None]
    swept = write_sweep([[1.0, 2.0]], np.arange(21), relative)
    every, calm = analysis.dominance(swept), analysis.dominance(swept, shortest=2.0)
    assert every["shift_count"].values.argmax() == 2
    assert calm["shift_count"].values.argmax() == 0
    assert calm["probability"].sel(time=10, loop="R2") == 1.0


def test_too_small_a_share_is_no_dominance(four):
    found = analysis.dominance(four, least=0.5)
    assert found["probability"].max() == 0
    assert found["nothing"].values.tolist() == [1, 1, 1, 1, 1]


def test_where_every_run_has_failed_nothing_is_said(four):
    four["failed_at"].values[:] = 2.0
    found = analysis.dominance(four)
    assert found["probability"].sel(time=[2, 3, 4]).isnull().all()
    assert found["failed"].values.tolist() == [0, 0, 4, 4, 4]
    assert found["shift_time"].isnull().all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 5))
def test_loops_and_what_is_no_loop_sum_to_one(write_sweep, seed, runs, count):
    draw = np.random.default_rng(seed)
    relative = draw.normal(size=(runs, 6, count))
    relative[draw.random(relative.shape) < 0.2] = np.nan
    swept = write_sweep(draw.random((runs, 2)), np.arange(6), relative)
    swept["state"].values[:] = draw.integers(0, 4, (runs, 6))
    swept["failed_at"].values[:] = np.where(draw.random(runs) < 0.3, draw.integers(0, 6), np.nan)
    found = analysis.dominance(swept)
    total = found["probability"].sum("loop", skipna=False) + found["nothing"] + found["undefined"]
    some = found["failed"].values < runs
    np.testing.assert_allclose(total.values[some], 1.0)
    assert np.isnan(total.values[~some]).all()
    inside = found.isel(time=np.flatnonzero(some))
    assert (inside["probability_low"] <= inside["probability"] + 1e-12).all()
    assert (inside["probability_high"] >= inside["probability"] - 1e-12).all()


def test_the_shift_of_logistic_growth_has_its_closed_distribution(logistic_sweep):
    # r at the middles of 400 equal strata of [0.15, 0.6]: quantiles are exact to a stratum.
    r = 0.15 + 0.45 * (np.arange(400) + 0.5) / 400
    swept = logistic_sweep(np.column_stack([r, np.full(400, 100.0)]))
    found = analysis.dominance(swept)
    closed = np.log(99.0) / np.quantile(r, 1 - found["quantile"].values)
    np.testing.assert_allclose(found["shift_time"].sel(which="first"), closed, atol=2e-3)
    np.testing.assert_allclose(found["shift_time"].sel(which="last"), closed, atol=2e-3)
    by = [(np.log(99.0) / r <= time).mean() for time in found["time"].values]
    np.testing.assert_allclose(found["shifted"], by, atol=1 / 400 + 1e-12)
    np.testing.assert_allclose(found["probability"].sel(loop="B1"), by, atol=1 / 400 + 1e-12)
    np.testing.assert_allclose(
        found["ahead"].sel(sign="balancing"), found["probability"].sel(loop="B1"), atol=1e-12
    )
    assert found["shift_count"].values[1] == 1.0
    assert float(found["handover"].sel(before="R1", after="B1")) == 1.0


def test_which_sign_is_ahead_is_left_open_where_the_tracked_loops_do_not_tell(four):
    found = analysis.dominance(four)
    # R1 holds 0.4 and two others 0.1 each, all positive: 0.6 is surely ahead.
    assert found["ahead"].sel(sign="reinforcing", time=0) == 1.0
    part = analysis.dominance(four.isel(loop=[0, 1]))
    assert part["ahead"].sel(sign="not known", time=0) == 0.0  # 0.5 of all
    four["relative"].values[..., 2] *= -1
    mixed = analysis.dominance(four.isel(loop=[0, 2]))
    assert mixed["ahead"].sel(sign="not known", time=0) == 1.0


def test_a_design_that_draws_nothing_says_so(four):
    four.attrs["design"] = '{"kind": "grid"}'
    found = analysis.dominance(four)
    assert "no probabilities" in found.attrs["speaks_of"]
    assert found["probability_low"].isnull().all()
    assert found["shifted_high"].isnull().all()


def test_shares_at_times_of_their_own_are_read(four):
    other = four[["inputs", "relative", "state", "coverage", "failed_at"]]
    other = other.rename(time="loop_time").assign_coords(time=("time", [0.0, 4.0]))
    assert analysis.dominance(other).equals(analysis.dominance(four))


def test_one_of_several_scenarios_is_chosen(four):
    import xarray as xr

    calm = four.copy(deep=True)
    calm["failed_at"].values[:] = np.nan
    both = xr.concat([one.drop_vars("inputs") for one in (four, calm)], "scenario")
    both = both.assign_coords(scenario=["storm", "calm"]).assign(inputs=four["inputs"])
    assert analysis.dominance(both, "calm").attrs["failed_runs"] == 0
    assert analysis.dominance(both, "storm").attrs["failed_runs"] == 1
    with pytest.raises(StudyError, match="2 scenarios; choose one of storm, calm"):
        analysis.dominance(both)
    with pytest.raises(StudyError, match="no scenario 'clam'; did you mean 'calm'"):
        analysis.dominance(both, "clam")


def test_loops_of_other_partitions_are_left_out(four):
    four = four.assign_coords(partition=("loop", [0, 0, 1]))
    found = analysis.dominance(four)
    assert found["loop"].values.tolist() == ["R1", "R2"]
    assert found.attrs["left_out"] == "R3"
    assert analysis.dominance(four, partition=1)["loop"].values.tolist() == ["R3"]
    with pytest.raises(StudyError, match="another partition"):
        ensemble_of(four).place("R3")


@pytest.mark.parametrize(
    ("change", "asked", "why"),
    [
        (lambda one: one.drop_vars("relative"), {}, "tracks no loops"),
        (None, {"least": 2}, "between 0 and 1, got 2"),
        (None, {"shortest": -1}, "must be a length of time"),
        (None, {"scenario": "storm"}, "no scenario 'storm'"),
        (None, {"intervals": "wald"}, "no interval named"),
        (None, {"level": 1.0}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_asked_is_refused(four, change, asked, why):
    with pytest.raises(StudyError, match=why):
        analysis.dominance(change(four) if change else four, **asked)
