"""PRCC, PAWN, delta and regional sensitivity: methods for any sample of the inputs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import analysis
from loopscope.analysis.indices import delta, pawn, prcc, regional
from loopscope.analysis.indices.sample import Sample, Settings
from loopscope.models.errors import StudyError, UnknownNameError

THREE = ("x", "y", "z")


def sample(rows, names=THREE):
    return Sample(kind="random", parameters=names, groups=names, inputs=rows)


def test_prcc_is_the_correlation_of_what_regression_leaves(sweep_of, uniform, ishigami):
    from scipy.stats import pearsonr, rankdata

    rows = uniform(THREE, 300)
    rows[:, 1] += rows[:, 0]
    series = np.column_stack([ishigami(rows), rows @ [1.0, -2.0, 0.5] + rows[:, 0] ** 3])
    swept = sweep_of(rows, THREE, "random", series={"y": series}, time=[0, 1])
    found = analysis.sensitivity(swept, method="prcc").sel(outcome="y")
    ranks = rankdata(rows, axis=0)
    for time in range(2):
        outcome = rankdata(series[:, time])
        for place in range(3):
            others = np.column_stack([np.ones(300), np.delete(ranks, place, axis=1)])
            left = [
                v - others @ np.linalg.lstsq(others, v, rcond=None)[0]
                for v in (ranks[:, place], outcome)
            ]
            want = pearsonr(*left).statistic
            assert float(found["prcc"][time, place]) == pytest.approx(want, abs=1e-10)


def test_the_p_value_is_that_of_the_slope_in_a_regression_of_ranks(uniform):
    # The t value of a partial correlation is that of the coefficient in the multiple regression.
    from scipy.stats import rankdata, t

    rows = uniform(THREE, 60)
    y = rows[:, 0] + 3 * np.random.default_rng(2).random(60)
    found = prcc.estimate(sample(rows), y[:, None], Settings())
    design = np.column_stack([np.ones(60), rankdata(rows, axis=0)])
    ranks = rankdata(y)
    slope = np.linalg.solve(design.T @ design, design.T @ ranks)
    rest = np.sum((ranks - design @ slope) ** 2) / (60 - 4)
    error = np.sqrt(rest * np.diag(np.linalg.inv(design.T @ design)))
    want = 2 * t.sf(np.abs(slope / error)[1:], 60 - 4)
    np.testing.assert_allclose(found["prcc_p"][0], want, rtol=1e-8)


def test_without_a_relation_p_values_are_uniform_and_intervals_hold_zero():
    from scipy.stats import kstest

    draw = np.random.default_rng(8)
    rows = draw.random((120, 3))
    found = prcc.estimate(sample(rows), draw.random((120, 400)), Settings())
    assert kstest(found["prcc_p"][:, 0], "uniform").pvalue > 0.01
    inside = (found["prcc_low"] < 0) & (found["prcc_high"] > 0)
    assert 0.92 < inside.mean() < 0.98


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([np.exp, np.cbrt, lambda v: v**3 + v]))
def test_prcc_feels_no_increasing_change_of_what_it_is_of(seed, change):
    draw = np.random.default_rng(seed)
    rows = draw.random((50, 3))
    y = rows @ draw.normal(size=3) + draw.normal(size=50)
    plain = prcc.estimate(sample(rows), y[:, None], Settings())
    bent = rows.copy()
    bent[:, 1] = change(bent[:, 1])
    changed = prcc.estimate(sample(bent), np.column_stack([change(y), -y]), Settings())
    np.testing.assert_allclose(changed["prcc"][0], plain["prcc"][0], atol=1e-12)
    np.testing.assert_allclose(changed["prcc"][1], -plain["prcc"][0], atol=1e-12)


def test_a_monotone_outcome_of_one_parameter_has_a_coefficient_of_one(sweep_of, uniform):
    rows = uniform(THREE, 100)
    swept = sweep_of(rows, THREE, "latin hypercube", metrics={"y": np.exp(-rows[:, 2])})
    found = analysis.sensitivity(swept, method="prcc").sel(metric="y")
    assert float(found["metric_prcc"][2]) == pytest.approx(-1, abs=1e-9)
    assert float(found["metric_prcc_p"][2]) < 1e-12
    # With it held nothing is left of the outcome for the others: no number, and no noise.
    assert np.isnan(found["metric_prcc"][:2]).all()


def test_parameters_with_the_same_ranks_are_refused_by_name(sweep_of, uniform):
    rows = uniform(THREE, 100)
    rows[:, 2] = rows[:, 0] ** 2
    swept = sweep_of(rows, THREE, "file", metrics={"y": rows[:, 1]})
    with pytest.raises(StudyError, match="ranks of 'x', 'z' follow from one another"):
        analysis.sensitivity(swept, method="prcc")


@pytest.mark.parametrize("discrete", [False, True])
def test_salib_says_the_same_of_pawn(sweep_of, uniform, problem, ishigami, discrete):
    from SALib.analyze import pawn as theirs

    rows = uniform(THREE, 400)
    y = ishigami(rows)
    if discrete:
        rows[:, 2] = np.round(rows[:, 2] * 4)
        y = np.round(y)
    series = np.column_stack([y, rows[:, 0] > 0.7])
    swept = sweep_of(rows, THREE, "random", series={"y": series}, time=[0, 1])
    found = analysis.sensitivity(swept, method="pawn").sel(outcome="y")
    for time, column in enumerate(series.T):
        want = theirs.analyze(problem(THREE), rows, column, S=10)
        names = {
            "pawn": "median",
            "pawn_mean": "mean",
            "pawn_min": "minimum",
            "pawn_max": "maximum",
        }
        for ours, key in names.items():
            np.testing.assert_allclose(found[ours][time], want[key], rtol=0, atol=1e-10)


def test_pawn_does_not_feel_an_increasing_change_and_marks_what_does_nothing(uniform):
    rows = uniform(THREE, 1000)
    y = rows[:, 0] + 0.3 * rows[:, 1]
    found = pawn.estimate(sample(rows), np.column_stack([y, np.exp(9 * y)]), Settings())
    np.testing.assert_allclose(found["pawn"][0], found["pawn"][1], atol=1e-12)
    noise = found["pawn_noise"][0]
    assert found["pawn"][0, 0] > 4 * noise
    assert found["pawn"][0, 2] < 2 * noise


def test_salib_says_the_same_of_delta(problem, uniform, ishigami, monkeypatch):
    from SALib.analyze import delta as theirs

    rows = uniform(THREE, 300)
    y = ishigami(rows)
    draws = np.random.default_rng(4).integers(300, size=(6, 300))
    given = iter(np.tile(draws, (9, 1)))
    monkeypatch.setattr(theirs, "obtain_resampled_subset", lambda *a, **k: next(given))
    monkeypatch.setattr(theirs.warnings, "warn", lambda *a, **k: None)
    monkeypatch.setattr(theirs.warnings, "simplefilter", lambda *a, **k: None)
    monkeypatch.setattr(theirs.warnings, "formatwarning", theirs.warnings.formatwarning)
    want = theirs.analyze(problem(THREE), rows, y, num_resamples=5, method="delta")
    for place in range(3):
        middle, low, high = delta.corrected(y, rows[:, place], draws[0], draws[1:], Settings())
        assert middle == pytest.approx(want["delta_raw"][place], abs=1e-10)
        assert (high - low) / 2 == pytest.approx(want["delta_raw_conf"][place], abs=1e-10)


def test_the_delta_of_a_normal_sum_is_met():
    # Y = 2 X1 + X2: given X1 = x, Y is normal of variance 1; delta by numerical integration.
    from scipy.integrate import trapezoid
    from scipy.stats import norm

    draw = np.random.default_rng(1)
    rows = draw.normal(size=(4000, 2))
    y = rows @ [2.0, 1.0]
    found = delta.estimate(sample(rows, ("a", "b")), y[:, None], Settings(resamples=4))
    grid = np.linspace(-12, 12, 2401)
    x = norm.ppf((np.arange(400) + 0.5) / 400)
    for place, (own, rest) in enumerate(((2.0, 1.0), (1.0, 2.0))):
        apart = np.abs(norm.pdf(grid, 0, np.sqrt(5)) - norm.pdf(grid, own * x[:, None], rest))
        want = 0.5 * trapezoid(apart, grid, axis=1).mean()
        assert found["delta"][0, place] == pytest.approx(want, abs=0.03)


def test_regional_distances_and_p_values_are_those_of_two_samples(uniform, ishigami):
    from scipy.stats import ks_2samp

    rows = uniform(THREE, 400)
    rows[:, 2] = np.round(rows[:, 2] * 5)
    y = ishigami(rows)
    holds = np.column_stack([y > 4, rows[:, 0] < 0.3])
    found = regional.filtered(sample(rows), holds)
    for column in range(2):
        for place in range(3):
            parts = rows[holds[:, column], place], rows[~holds[:, column], place]
            want = ks_2samp(*parts, method="exact")
            assert found["distance"][column, place] == pytest.approx(want.statistic, abs=1e-12)
            assert found["distance_p"][column, place] == pytest.approx(want.pvalue, abs=0.02)
    assert found["direction"][1, 0] == -1


def test_a_condition_splits_the_runs_and_gives_quantiles_of_both_sides(sweep_of, uniform):
    rows = uniform(THREE, 500)
    swept = sweep_of(rows, THREE, "random", metrics={"peak": 10 * rows[:, 0] + rows[:, 1]})
    found = analysis.sensitivity(swept, condition="peak > 6")
    assert found["metric"].values.tolist() == ["peak > 6"]
    holds = 10 * rows[:, 0] + rows[:, 1] > 6
    part = found["metric_conditional"].isel(metric=0)
    want = np.quantile(rows[holds, 0], 0.5)
    got = part.sel(parameter="x", side="holds", quantile=0.5)
    assert float(got) == pytest.approx(want, abs=1e-12)
    want = np.quantile(rows[~holds, 1], 0.05)
    got = part.sel(parameter="y", side="does not hold", quantile=0.05)
    assert float(got) == pytest.approx(want, abs=1e-12)
    assert float(found["metric_direction"].sel(parameter="x").item()) == 1
    assert f"holds in {holds.sum()} of 500 runs" in found.attrs["caveats"]


def test_conditions_may_be_of_series_at_a_time_and_of_labels(sweep_of, uniform):
    rows = uniform(THREE, 200)
    series = rows[:, :1] * np.array([1.0, 2.0])
    mode = np.floor(rows[:, 1] * 3)
    swept = sweep_of(
        rows,
        THREE,
        "random",
        series={"people": series},
        time=[2000, 2010],
        metrics={"mode": mode},
        labels={"mode": ["growth", "collapse", "oscillation"]},
    )
    at = analysis.sensitivity(swept, condition="people at 2010 >= 1")
    assert float(at["metric_distance"].sel(parameter="x").item()) == pytest.approx(1)
    of_label = analysis.sensitivity(swept, condition="mode is collapse")
    assert float(of_label["metric_distance"].sel(parameter="y").item()) > 0.4
    indicators = analysis.sensitivity(swept, ["mode"], method="regional")
    assert indicators["metric"].values.tolist() == [
        "mode is growth", "mode is collapse", "mode is oscillation",
    ]  # fmt: skip
    np.testing.assert_allclose(
        indicators["metric_distance"].sel(metric="mode is collapse"),
        of_label["metric_distance"].isel(metric=0),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("peak", "is not a comparison as in"),
        ("peek > 3", "keeps nothing called 'peek'; did you mean 'peak'"),
        ("peak > high", "'high' is not a number"),
        ("people > 3", "'people' has a value at each time; say which"),
        ("people at 1900 > 3", "time 1900 lies outside of what the sweep keeps, 2000 to 2010"),
        ("peak at 2000 > 3", "has one value a run, leave 'at' out"),
        ("mode > 1", "'mode' holds labels; compare with 'is' or 'is not'"),
        ("mode is grwth", "did you mean 'growth'"),
        ("mode is collapse", "'collapse' is no label of 'mode' that occurs; no run has it"),
        ("peak > 100", "holds in 0 of 60 runs; to compare, at least 10 must meet it"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(sweep_of, uniform, text, message):
    rows = uniform(THREE, 60)
    swept = sweep_of(
        rows,
        THREE,
        "random",
        series={"people": rows[:, :2]},
        time=[2000, 2010],
        metrics={"peak": rows[:, 0], "mode": np.zeros(60)},
        labels={"mode": ["growth", "collapse"]},
    )
    with pytest.raises((StudyError, UnknownNameError), match=message):
        analysis.sensitivity(swept, condition=text)


def test_correlated_inputs_are_told_of(sweep_of, uniform):
    rows = uniform(THREE, 200)
    swept = sweep_of(
        rows,
        THREE,
        "latin hypercube",
        metrics={"y": rows[:, 0]},
        correlations=[("x", "y", -0.4)],
    )
    caveats = json.loads(analysis.sensitivity(swept).attrs["caveats"])
    assert any("each coefficient is what is left with the other held" in one for one in caveats)
    assert any("a parameter may seem to matter because the other does" in one for one in caveats)
