"""Designs of indices against SALib, which made the same points and reads them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from SALib.analyze import fast as fast_analyze
from SALib.analyze import morris as morris_analyze
from SALib.analyze import sobol as sobol_analyze
from SALib.sample import fast_sampler
from SALib.sample import sobol as sobol_sample

from loopscope.analysis.study.designs.design import Space
from loopscope.analysis.study.designs.fast import Fast
from loopscope.analysis.study.designs.morris import Morris
from loopscope.analysis.study.designs.saltelli import Saltelli
from loopscope.models.distribution import Uniform


def problem(width, groups=None):
    names = [f"x{number}" for number in range(width)]
    made = {"num_vars": width, "names": names, "bounds": [[0.0, 1.0]] * width}
    return made | ({"groups": groups} if groups else {})


def space(width):
    return Space(
        names=tuple(problem(width)["names"]),
        distributions=(Uniform(low=0.0, high=1.0),) * width,
        base=(0.5,) * width,
        limits=((None, None),) * width,
    )


@pytest.mark.parametrize("second_order", [True, False])
@pytest.mark.parametrize("width", [1, 2, 5])
def test_saltelli_has_the_points_of_salib_in_its_order(width, second_order):
    theirs = sobol_sample.sample(
        problem(width), 32, calc_second_order=second_order, seed=np.random.default_rng(4)
    )
    points = Saltelli(second_order=second_order).plan(space(width), len(theirs) + 3, 4)
    assert points.info["base"] == 32
    assert points.rows(0, points.runs).tobytes() == theirs.tobytes()


@pytest.mark.parametrize("second_order", [True, False])
def test_saltelli_with_groups_has_the_points_of_salib_in_its_order(second_order):
    theirs = sobol_sample.sample(
        problem(5, ["a", "b", "a", "c", "b"]), 16,
        calc_second_order=second_order, seed=np.random.default_rng(4),
    )  # fmt: skip
    design = Saltelli(second_order=second_order, groups=[["X4", "x1"], ["x0", "x2"]])
    points = design.plan(space(5), len(theirs), 4)
    assert points.info["groups"] == [["x0", "x2"], ["x1", "x4"], ["x3"]]
    assert points.rows(0, points.runs).tobytes() == theirs.tobytes()


def test_sobol_indices_of_a_linear_model_are_its_variances():
    # y = 4 x0 + 2 x1 + x2 with uniform x: shares 16, 4 and 1 of 21.
    points = Saltelli(second_order=False).plan(space(3), 5 * 1024, 0)
    y = points.rows(0, points.runs) @ np.array([4.0, 2.0, 1.0])
    found = sobol_analyze.analyze(problem(3), y, calc_second_order=False, num_resamples=10, seed=0)
    np.testing.assert_allclose(found["S1"], np.array([16.0, 4.0, 1.0]) / 21.0, atol=0.005)
    np.testing.assert_allclose(found["ST"], np.array([16.0, 4.0, 1.0]) / 21.0, atol=0.005)


@pytest.mark.parametrize(("width", "samples", "harmonics"), [(3, 100, 4), (7, 65, 4), (2, 37, 3)])
def test_fast_has_the_points_of_salib_in_its_order(width, samples, harmonics):
    theirs = fast_sampler.sample(problem(width), samples, M=harmonics, seed=2)
    points = Fast(harmonics=harmonics).plan(space(width), width * samples + width - 1, 2)
    assert points.info["samples"] == samples
    np.testing.assert_allclose(points.rows(0, points.runs), theirs, rtol=0, atol=1e-12)


def test_fast_indices_of_a_linear_model_are_its_variances():
    points = Fast().plan(space(3), 3 * 1000, 0)
    y = points.rows(0, points.runs) @ np.array([4.0, 2.0, 1.0])
    with warnings.catch_warnings(action="ignore"):  # of its intervals, which are not looked at
        found = fast_analyze.analyze(problem(3), y, num_resamples=10, seed=0)
    np.testing.assert_allclose(found["S1"], np.array([16.0, 4.0, 1.0]) / 21.0, atol=0.01)


@pytest.mark.parametrize("levels", [2, 4, 8])
def test_a_morris_trajectory_moves_each_parameter_once_by_the_same_distance(levels):
    points = Morris(levels=levels).plan(space(6), 7 * 30, 1)
    rows = points.rows(0, points.runs).reshape(30, 7, 6)
    moves = np.diff(rows, axis=1)
    assert (np.abs(moves) > 0).sum(axis=1).tolist() == [[1] * 6] * 30
    assert (np.abs(moves) > 0).sum(axis=2).tolist() == [[1] * 6] * 30
    step = (levels // 2) / (levels - 1)
    np.testing.assert_allclose(np.abs(moves).max(axis=2), step, rtol=1e-12)
    grid = np.arange(levels) / (levels - 1)
    assert np.isin(np.round(rows * (levels - 1)), np.arange(levels)).all()
    np.testing.assert_allclose(np.unique(np.round(rows, 12)), grid, atol=1e-9)


def test_morris_starts_moves_and_orders_are_even():
    # 2,000 trajectories of 4 parameters: up as often as down, first as often as any; 5 deviations.
    points = Morris(levels=4).plan(space(4), 5 * 2000, 1)
    rows = points.rows(0, points.runs).reshape(2000, 5, 4)
    up = (rows[:, -1] > rows[:, 0]).mean(axis=0)
    assert np.abs(up - 0.5).max() < 5 * 0.5 / np.sqrt(2000)
    first = (rows[:, 1] != rows[:, 0]).mean(axis=0)
    assert np.abs(first - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 2000)
    counts = np.array([np.bincount(c, minlength=4) for c in np.round(rows[:, 0] * 3).astype(int).T])
    assert np.abs(counts / 2000 - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 2000)


def test_elementary_effects_of_a_linear_model_are_its_slopes():
    points = Morris().plan(space(3), 4 * 10, 0)
    x = points.rows(0, points.runs)
    found = morris_analyze.analyze(problem(3), x, x @ np.array([4.0, -2.0, 1.0]), num_levels=4)
    np.testing.assert_allclose(found["mu"], [4.0, -2.0, 1.0], rtol=1e-12)
    np.testing.assert_allclose(found["sigma"], 0.0, atol=1e-12)
