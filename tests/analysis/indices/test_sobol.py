"""Sobol indices against closed forms, and against SALib on the same rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import analysis
from loopscope.models.errors import StudyError

THREE = ("x", "y", "z")


def g_function(u, a):
    return np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1)


def test_the_indices_of_the_ishigami_function_are_met(
    sweep_of, saltelli, ishigami, ishigami_indices
):
    rows = saltelli(THREE, 4096)
    swept = sweep_of(rows, THREE, "saltelli", second_order=True, metrics={"y": ishigami(rows)})
    found = analysis.sensitivity(swept, resamples=0).sel(metric="y")
    first, total, both = ishigami_indices()
    np.testing.assert_allclose(found["metric_first"], first, atol=0.02)
    np.testing.assert_allclose(found["metric_total"], total, atol=0.02)
    second = found["metric_second"]
    assert float(second[0, 2]) == pytest.approx(both, abs=0.03)
    assert float(second[0, 1]) == pytest.approx(0, abs=0.03)
    np.testing.assert_array_equal(second, second.T)


def test_the_indices_of_the_g_function_are_met(sweep_of, saltelli):
    # V_i = 1 / (3 (1 + a_i)^2); V = prod(1 + V_i) - 1; total: V_i prod_{j != i}(1 + V_j) / V.
    names = ("p", "q", "r", "s", "t", "u")
    a = np.array([0.0, 0.5, 3.0, 9.0, 99.0, 99.0])
    rows = saltelli(names, 4096, second_order=False)
    swept = sweep_of(rows, names, "saltelli", metrics={"g": g_function(rows, a)})
    found = analysis.sensitivity(swept, resamples=0)
    part = 1 / (3 * (1 + a) ** 2)
    whole = np.prod(1 + part) - 1
    np.testing.assert_allclose(found["metric_first"][0], part / whole, atol=0.02)
    total = part * np.prod(1 + part) / (1 + part) / whole
    np.testing.assert_allclose(found["metric_total"][0], total, atol=0.02)
    assert "metric_second" not in found


@pytest.mark.parametrize("second_order", [True, False])
def test_salib_says_the_same_of_the_same_rows(sweep_of, saltelli, problem, ishigami, second_order):
    from SALib.analyze import sobol

    rows = saltelli(THREE, 128, second_order=second_order)
    y = 100 + ishigami(rows)
    series = np.column_stack([y, y**2, np.exp(y / 50)])
    swept = sweep_of(
        rows, THREE, "saltelli", second_order=second_order, series={"y": series}, time=[0, 1, 2]
    )
    found = analysis.sensitivity(swept, resamples=50, seed=7)
    for time, column in enumerate(series.T):
        theirs = sobol.analyze(
            problem(THREE), column, calc_second_order=second_order, num_resamples=50, seed=7
        )
        ours = found.sel(outcome="y").isel(time=time)
        for name, key in (("first", "S1"), ("total", "ST")):
            np.testing.assert_allclose(ours[name], theirs[key], rtol=0, atol=1e-10)
            half = (ours[f"{name}_high"] - ours[f"{name}_low"]) / 2
            np.testing.assert_allclose(half, theirs[f"{key}_conf"], rtol=0, atol=1e-10)
        if second_order:
            upper = np.triu_indices(3, 1)
            second = ours["second"].values[upper]
            np.testing.assert_allclose(second, theirs["S2"][upper], rtol=0, atol=1e-10)
            half = (ours["second_high"] - ours["second_low"]).values[upper] / 2
            np.testing.assert_allclose(half, theirs["S2_conf"][upper], rtol=0, atol=1e-10)


def test_groups_of_a_design_have_the_indices(sweep_of, saltelli, problem, ishigami):
    from SALib.analyze import sobol

    groups = ("a", "b", "a")
    rows = saltelli(THREE, 256, groups=groups)
    y = ishigami(rows)
    swept = sweep_of(
        rows,
        THREE,
        "saltelli",
        second_order=True,
        groups=[["x", "z"], ["y"]],
        metrics={"y": y},
        correlations=[("x", "z", 0.5)],
    )
    found = analysis.sensitivity(swept, resamples=0)
    assert found["parameter"].values.tolist() == ["x + z", "y"]
    theirs = sobol.analyze(problem(THREE, groups), y, num_resamples=2)
    np.testing.assert_allclose(found["metric_total"][0], theirs["ST"], atol=1e-10)


def test_an_exponential_decay_has_its_indices_at_every_time(sweep_of, saltelli):
    # S(t) = S0 exp(-k t) with independent S0 and k uniform: with m = E S0, v = Var S0 and
    # e_n = E exp(-n k t), Var S = (m^2 + v) e_2 - m^2 e_1^2; first: v e_1^2 and m^2 (e_2 - e_1^2).
    names = ("start", "rate")
    rows = saltelli(names, 4096)
    start, rate = 80 + 40 * rows[:, 0], 0.05 + 0.2 * rows[:, 1]
    time = np.array([0.0, 1.0, 5.0, 20.0])
    decay = start[:, None] * np.exp(-rate[:, None] * time)
    swept = sweep_of(rows, names, "saltelli", second_order=True, series={"S": decay}, time=time)
    found = analysis.sensitivity(swept, "S", resamples=0).sel(outcome="S")
    m, v = 100.0, 40.0**2 / 12
    for place, t in enumerate(time[1:], 1):
        one, two = ((np.exp(-n * 0.05 * t) - np.exp(-n * 0.25 * t)) / (n * 0.2 * t) for n in (1, 2))
        whole = (m**2 + v) * two - m**2 * one**2
        parts = np.array([v * one**2, m**2 * (two - one**2)]) / whole
        np.testing.assert_allclose(found["first"][place], parts, atol=5e-3)
        np.testing.assert_allclose(found["total"][place], 1 - parts[::-1], atol=5e-3)
        assert float(found["second"][place, 0, 1]) == pytest.approx(1 - parts.sum(), abs=5e-3)
    np.testing.assert_allclose(found["total"][0], [1, 0], atol=5e-3)


def test_an_interval_holds_the_truth_as_often_as_it_says(sweep_of):
    # y = x + 2 z of independent uniforms: first-order indices 1/5 and 4/5.
    hits = []
    for seed in range(40):
        draw = np.random.default_rng(seed)
        one, other = draw.random((2, 128, 2))
        rows = np.stack([one, np.c_[other[:, 0], one[:, 1]], np.c_[one[:, 0], other[:, 1]], other])
        rows = rows.transpose(1, 0, 2).reshape(-1, 2)
        swept = sweep_of(rows, ("x", "z"), "saltelli", metrics={"y": rows @ [1.0, 2.0]})
        found = analysis.sensitivity(swept, seed=seed)
        truth = np.array([0.2, 0.8])
        hits.append(
            (found["metric_total_low"][0] < truth) & (truth < found["metric_total_high"][0])
        )
    assert np.mean(hits) >= 0.85


@settings(max_examples=20, deadline=None)
@given(
    weights=st.lists(st.floats(0.1, 10.0), min_size=2, max_size=4),
    shift=st.floats(-1e3, 1e3),
    factor=st.sampled_from([-1e6, -2.0, 1e-6, 3.0]),
)
def test_indices_of_sums_add_up_and_do_not_feel_the_unit(weights, shift, factor):
    from loopscope.analysis.indices import sobol
    from loopscope.analysis.indices.sample import Sample, Settings

    names = tuple(f"p{n}" for n in range(len(weights)))
    draw = np.random.default_rng(3).random((512, 2 * len(names)))
    one, other = draw[:, : len(names)], draw[:, len(names) :]
    blocks = [one]
    for place in range(len(names)):
        mixed = one.copy()
        mixed[:, place] = other[:, place]
        blocks.append(mixed)
    rows = np.stack([*blocks, other], axis=1).reshape(-1, len(names))
    sample = Sample(kind="saltelli", parameters=names, groups=names, inputs=rows)
    y = (rows - 0.5) @ np.array(weights)
    values = np.column_stack([y, shift + factor * y])
    found = sobol.estimate(sample, values, Settings(resamples=0))
    np.testing.assert_allclose(found["total"][0], found["total"][1], atol=1e-6)
    np.testing.assert_allclose(found["first"][0], found["first"][1], atol=1e-6)
    share = np.array(weights) ** 2 / np.sum(np.square(weights))
    np.testing.assert_allclose(found["total"][0], share, atol=0.12)
    assert found["total"][0].sum() == pytest.approx(1, abs=0.12)


def test_indices_go_with_their_parameters(sweep_of, saltelli, ishigami):
    rows = saltelli(THREE, 256, second_order=False)
    y = ishigami(rows)
    found = analysis.sensitivity(sweep_of(rows, THREE, "saltelli", metrics={"y": y}), resamples=0)
    order = [2, 0, 1]
    blocks = rows.reshape(256, 5, 3)[:, [0, 1 + 2, 1 + 0, 1 + 1, 4]][:, :, order]
    values = y.reshape(256, 5)[:, [0, 3, 1, 2, 4]]
    turned = sweep_of(
        blocks.reshape(-1, 3), ("z", "x", "y"), "saltelli", metrics={"y": values.reshape(-1)}
    )
    again = analysis.sensitivity(turned, resamples=0)
    for name in THREE:
        np.testing.assert_allclose(
            again["metric_total"].sel(parameter=name),
            found["metric_total"].sel(parameter=name),
            atol=1e-12,
        )


def test_a_base_row_with_a_failed_run_is_left_out_whole(sweep_of, saltelli, ishigami):
    rows = saltelli(THREE, 64)
    y = ishigami(rows)
    failed = np.full(len(rows), np.nan)
    failed[[3, 8 * 10 + 7]] = 4.0
    hurt = np.where(np.isnan(failed), y, np.nan)
    swept = sweep_of(rows, THREE, "saltelli", second_order=True, metrics={"y": hurt}, failed=failed)
    found = analysis.sensitivity(swept, seed=3)
    kept = np.delete(rows.reshape(64, 8, 3), [0, 10], axis=0).reshape(-1, 3)
    clean = sweep_of(kept, THREE, "saltelli", second_order=True, metrics={"y": ishigami(kept)})
    np.testing.assert_allclose(
        found["metric_total"], analysis.sensitivity(clean, seed=3)["metric_total"], atol=1e-12
    )
    assert found["metric_used"].item() == 62
    assert json.loads(found.attrs["failed"]) == {"": 2}
    assert "2 of 512 runs failed; 2 of 64 base rows are left out" in found.attrs["caveats"]


def test_too_few_base_rows_are_refused(sweep_of, saltelli, ishigami):
    rows = saltelli(THREE, 8)
    swept = sweep_of(rows, THREE, "saltelli", second_order=True, metrics={"y": ishigami(rows)})
    with pytest.raises(StudyError, match="at least 16 base rows for 3 parameters, and there are 8"):
        analysis.sensitivity(swept)


def test_correlated_inputs_are_refused_unless_they_are_one_group(sweep_of, saltelli, ishigami):
    rows = saltelli(THREE, 32)
    swept = sweep_of(
        rows,
        THREE,
        "saltelli",
        second_order=True,
        metrics={"y": ishigami(rows)},
        correlations=[("x", "y", 0.6)],
    )
    with pytest.raises(StudyError, match=r"'x' and 'y' \(rank correlation 0.6\) are not; put both"):
        analysis.sensitivity(swept)


def test_another_design_is_refused_with_the_one_to_use(sweep_of, uniform, ishigami):
    rows = uniform(THREE, 200)
    swept = sweep_of(rows, THREE, "latin hypercube", metrics={"y": ishigami(rows)})
    with pytest.raises(StudyError, match=r"need design kind 'saltelli'.* or use method 'prcc'"):
        analysis.sensitivity(swept, method="sobol")
