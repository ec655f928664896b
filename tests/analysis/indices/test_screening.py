"""Morris and FAST against closed forms, and against SALib on the same rows."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from loopscope import analysis
from loopscope.models.errors import StudyError

THREE = ("x", "y", "z")


@pytest.fixture
def trajectories(problem):
    from SALib.sample import morris

    def rows(parameters, count, levels=4, seed=1):
        return morris.sample(problem(parameters), count, num_levels=levels, seed=seed)

    return rows


@pytest.fixture
def curves(problem):
    from SALib.sample import fast_sampler

    def rows(parameters, points, harmonics=4, seed=1):
        return fast_sampler.sample(problem(parameters), points, M=harmonics, seed=seed)

    return rows


def test_a_linear_model_has_its_slopes_and_no_spread(sweep_of, trajectories):
    # y = 3 x - 2 y + 0 z over unit ranges: every elementary effect is the slope.
    rows = trajectories(THREE, 10)
    swept = sweep_of(rows, THREE, "morris", levels=4, metrics={"y": rows @ [3.0, -2.0, 0.0]})
    found = analysis.sensitivity(swept).sel(metric="y")
    np.testing.assert_allclose(found["metric_mu"], [3, -2, 0], atol=1e-12)
    np.testing.assert_allclose(found["metric_mu_star"], [3, 2, 0], atol=1e-12)
    np.testing.assert_allclose(found["metric_sigma"], 0, atol=1e-12)
    np.testing.assert_allclose(found["metric_mu_star_high"], [3, 2, 0], atol=1e-12)
    assert found["metric_used"].item() == 10


@pytest.mark.parametrize("levels", [4, 8])
def test_salib_says_the_same_of_the_same_trajectories(
    sweep_of, trajectories, problem, ishigami, levels
):
    from SALib.analyze import morris

    rows = trajectories(THREE, 20, levels)
    series = np.column_stack([ishigami(rows), ishigami(rows) ** 2])
    swept = sweep_of(rows, THREE, "morris", levels=levels, series={"y": series}, time=[0, 1])
    found = analysis.sensitivity(swept, seed=5, resamples=60)
    for time, column in enumerate(series.T):
        theirs = morris.analyze(
            problem(THREE), rows, column, num_levels=levels, seed=5, num_resamples=60
        )
        ours = found.sel(outcome="y").isel(time=time)
        for name in ("mu", "mu_star", "sigma"):
            np.testing.assert_allclose(ours[name], np.array(theirs[name]), rtol=0, atol=1e-10)
        half = (ours["mu_star_high"] - ours["mu_star_low"]) / 2
        np.testing.assert_allclose(half, np.array(theirs["mu_star_conf"]), rtol=0, atol=1e-10)


def test_a_step_that_changes_nothing_has_no_effect(sweep_of, trajectories):
    # Of the steps between four levels, 0 to 2/3 leaves a parameter that is 0 below 0.8 at 0.
    rows = trajectories(("x", "y"), 30)
    rows[:, 1] = rows[:, 1] > 0.8
    swept = sweep_of(rows, ("x", "y"), "morris", levels=4, metrics={"y": rows.sum(axis=1)})
    found = analysis.sensitivity(swept, resamples=0)
    steps = np.diff(rows.reshape(30, 3, 2), axis=1)
    moved = (steps[:, :, 1] != 0).any(axis=1).mean()
    assert 0 < moved < 1
    np.testing.assert_allclose(found["metric_mu_star"][0, 0], 1, atol=1e-12)
    np.testing.assert_allclose(found["metric_mu_star"][0, 1], moved * 1.5, atol=1e-12)


def test_a_trajectory_with_a_failed_run_is_left_out_whole(sweep_of, trajectories, ishigami):
    rows = trajectories(THREE, 12)
    failed = np.full(len(rows), np.nan)
    failed[5] = 2.0
    y = np.where(np.isnan(failed), ishigami(rows), np.nan)
    swept = sweep_of(rows, THREE, "morris", levels=4, metrics={"y": y}, failed=failed)
    found = analysis.sensitivity(swept, resamples=0)
    kept = np.delete(rows, np.s_[4:8], axis=0)
    clean = sweep_of(kept, THREE, "morris", levels=4, metrics={"y": ishigami(kept)})
    want = analysis.sensitivity(clean, resamples=0)
    np.testing.assert_allclose(found["metric_mu"], want["metric_mu"], atol=1e-12)
    assert "1 of 12 trajectories are left out" in found.attrs["caveats"]


def test_correlated_inputs_are_refused(sweep_of, trajectories, ishigami):
    rows = trajectories(THREE, 10)
    swept = sweep_of(
        rows,
        THREE,
        "morris",
        metrics={"y": ishigami(rows)},
        correlations=[("x", "y", 0.3)],
    )
    with pytest.raises(StudyError, match="use method 'prcc', 'pawn' or 'regional'"):
        analysis.sensitivity(swept)


def test_fast_meets_the_indices_of_the_ishigami_function(
    sweep_of, curves, ishigami, ishigami_indices
):
    rows = curves(THREE, 2049)
    swept = sweep_of(rows, THREE, "fast", harmonics=4, metrics={"y": ishigami(rows)})
    found = analysis.sensitivity(swept, resamples=0).sel(metric="y")
    first, total, _ = ishigami_indices()
    # Harmonics of the other frequencies give a parameter without any part of its own 0.03.
    np.testing.assert_allclose(found["metric_first"], first, atol=0.03)
    # Saltelli, Tarantola & Chan (1999): total indices of FAST lie low or high by a few hundredths.
    np.testing.assert_allclose(found["metric_total"], total, atol=0.06)


@pytest.mark.parametrize("harmonics", [4, 6])
def test_salib_says_the_same_of_the_same_curves(sweep_of, curves, problem, ishigami, harmonics):
    from SALib.analyze import fast

    rows = curves(THREE, 257, harmonics)
    series = np.column_stack([ishigami(rows), np.exp(rows[:, 0])])
    swept = sweep_of(rows, THREE, "fast", harmonics=harmonics, series={"y": series}, time=[0, 1])
    found = analysis.sensitivity(swept)
    for time, column in enumerate(series.T):
        with warnings.catch_warnings():  # SALib warns of its intervals, which are not compared
            warnings.simplefilter("ignore")
            theirs = fast.analyze(problem(THREE), column, M=harmonics, num_resamples=2)
        ours = found.sel(outcome="y").isel(time=time)
        np.testing.assert_allclose(ours["first"], theirs["S1"], rtol=0, atol=1e-10)
        np.testing.assert_allclose(ours["total"], theirs["ST"], rtol=0, atol=1e-10)


def test_a_curve_with_a_failed_run_has_no_index_and_the_others_have(sweep_of, curves, ishigami):
    rows = curves(THREE, 129)
    failed = np.full(len(rows), np.nan)
    failed[130] = 1.0
    swept = sweep_of(rows, THREE, "fast", metrics={"y": ishigami(rows)}, failed=failed)
    found = analysis.sensitivity(swept, resamples=0)
    assert np.isnan(found["metric_first"].values[0]).tolist() == [False, True, False]
    assert (
        "1 of 387 runs failed; parameters on whose curves" in json.loads(found.attrs["caveats"])[0]
    )
