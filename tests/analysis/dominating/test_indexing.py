"""Sobol indices of shift times and shares against integrals of the closed form."""

from __future__ import annotations

import json

import numpy as np
import pytest

from loopscope import analysis


@pytest.fixture(scope="module")
def saltelli(logistic_sweep):
    """A Saltelli design over r in [0.2, 0.5] and K in [20, 200], rows in the order of SALib."""
    from SALib.sample import sobol

    problem = {"num_vars": 2, "names": ["r", "K"], "bounds": [[0.2, 0.5], [20.0, 200.0]]}
    rows = sobol.sample(problem, 1024, calc_second_order=False, seed=3)
    return logistic_sweep(rows, "saltelli", base=1024, second_order=False)


def test_indices_of_the_shift_time_are_those_of_its_closed_form(saltelli):
    # The time is f(K) g(r) with f = ln(K - 1), g = 1 / r: a product of independent factors.
    found = analysis.dominance_indices(saltelli, at=[5.0], resamples=0)
    k, r = np.linspace(20, 200, 200_001), np.linspace(0.2, 0.5, 200_001)
    mean, square = [], []
    for values in (1 / r, np.log(k - 1)):
        mean.append(values.mean())
        square.append((values**2).mean())
    total = square[0] * square[1] - (mean[0] * mean[1]) ** 2
    first = [
        (square[0] - mean[0] ** 2) * mean[1] ** 2 / total,
        (square[1] - mean[1] ** 2) * mean[0] ** 2 / total,
    ]
    got = found["metric_first"].sel(metric="time of first shift")
    np.testing.assert_allclose(got, first, atol=0.03)
    whole = found["metric_total"].sel(metric="time of first shift")
    np.testing.assert_allclose(whole, [1 - first[1], 1 - first[0]], atol=0.03)
    assert json.loads(found.attrs["censored"]) == {
        "time of first shift": 0.0,
        "time of last shift": 0.0,
    }


def test_indices_of_a_share_are_those_of_its_closed_form(saltelli):
    # The share of R1 is 1 / (1 + 2 P / K) with P the logistic curve.
    found = analysis.dominance_indices(saltelli, loops=["R1"], at=[10.0], resamples=0)
    r, k = np.meshgrid(np.linspace(0.2, 0.5, 1501), np.linspace(20, 200, 1501), indexing="ij")
    share = 1 / (1 + 2 / (1 + (k - 1) * np.exp(-r * 10.0)))
    first = [share.mean(axis=1).var() / share.var(), share.mean(axis=0).var() / share.var()]
    got = found["first"].sel(outcome="R1").isel(time=0)
    np.testing.assert_allclose(got, first, atol=0.03)


def test_runs_without_a_shift_count_as_shifting_at_the_end(saltelli):
    short = saltelli.sel(time=slice(0, 12))
    found = analysis.dominance_indices(short, loops=["R1"], at=[5.0], resamples=0, shortest=0.0)
    r, k = saltelli["inputs"].values.T
    expected = float((np.log(k - 1) / r > 12).mean())
    told = json.loads(found.attrs["censored"])["time of first shift"]
    assert told == pytest.approx(expected, abs=2e-3)
    assert 0.1 < told < 0.9
