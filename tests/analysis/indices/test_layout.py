"""What a result holds: outcomes, times, scenarios, statuses, and what is said with it."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from loopscope import analysis
from loopscope.analysis.indices.layout import of_metrics, over_time
from loopscope.analysis.indices.sample import sample_of
from loopscope.models.errors import StudyError, UnknownNameError

THREE = ("x", "y", "z")


@pytest.fixture
def rows(uniform):
    return uniform(THREE, 200)


def test_a_result_has_series_shares_and_metrics_under_the_same_names(sweep_of, rows):
    series = rows @ np.array([[1.0, 2.0], [0.0, 1.0], [0.0, 0.0]])
    shares = np.stack([series - 1, 0.5 * series], axis=-1)
    swept = sweep_of(
        rows,
        THREE,
        "random",
        series={"people": series},
        shares=shares,
        time=[1, 2],
        metrics={"peak": series.max(axis=1)},
    )
    found = analysis.sensitivity(swept)
    assert found["prcc"].dims == ("outcome", "time", "parameter")
    assert found["outcome"].values.tolist() == ["people", "R1", "R2"]
    assert found["outcome_kind"].values.tolist() == ["series", "share", "share"]
    assert found["metric_prcc"].dims == ("metric", "parameter")
    np.testing.assert_allclose(
        found["prcc"].sel(outcome="R2"), found["prcc"].sel(outcome="people"), atol=1e-12
    )
    names = {str(name) for name in of_metrics(found).data_vars}
    assert names == {str(name) for name in over_time(found).data_vars}
    assert json.loads(found.attrs["main"]) == {"prcc": "prcc", "pawn": "pawn"}
    assert found["unit"].values.tolist() == ["1/year"] * 3


def test_outcomes_are_named_as_a_user_writes_them(sweep_of, rows):
    swept = sweep_of(
        rows,
        THREE,
        "random",
        series={"irregular migrants": rows[:, :2]},
        shares=np.stack([rows[:, :2], rows[:, 1:]], axis=-1),
        time=[1, 2],
    )
    found = analysis.sensitivity(swept, ["Irregular_Migrants", "Loop 2"], method="pawn")
    assert found["outcome"].values.tolist() == ["irregular migrants", "R2"]
    with pytest.raises(UnknownNameError, match="did you mean 'irregular migrants'"):
        analysis.sensitivity(swept, "iregular migrants")
    with pytest.raises(UnknownNameError, match="there are 'irregular migrants', 'R1', 'R2'"):
        analysis.sensitivity(swept, "wealth")


def test_codes_of_labels_become_one_indicator_each(sweep_of, rows):
    codes = (rows[:, 1] > 0.5).astype(float) * 2
    codes[:5] = np.nan
    swept = sweep_of(
        rows, THREE, "random", metrics={"mode": codes}, labels={"mode": ["up", "down", "round"]}
    )
    found = analysis.sensitivity(swept, method="prcc")
    assert found["metric"].values.tolist() == ["mode is up", "mode is round"]
    up, round_ = found["metric_prcc"].sel(parameter="y").values
    assert up == pytest.approx(-round_, abs=1e-12)
    assert up < -0.8
    assert found["metric_used"].values.tolist() == [195, 195]
    one = analysis.sensitivity(swept, "mode is round", method="prcc")
    assert one["metric"].values.tolist() == ["mode is round"]


def test_of_a_label_that_hardly_any_run_has_nothing_is_said(sweep_of, rows):
    codes = np.zeros(200)
    codes[:30] = 1
    codes[30:39] = 2
    swept = sweep_of(rows, THREE, "random", metrics={"m": codes}, labels={"m": ["a", "b", "c"]})
    found = analysis.sensitivity(swept)
    assert found["metric_status"].values.tolist() == [0, 0, 2]
    assert np.isnan(found["metric_pawn"].sel(metric="m is c")).all()


def test_sobol_indices_that_are_hardly_known_are_named(sweep_of, saltelli):
    made = saltelli(THREE, 64)
    rare = np.exp(30 * (made[:, 0] * made[:, 1] * made[:, 2]))  # a few runs make all the variance
    swept = sweep_of(
        made, THREE, "saltelli", second_order=True, metrics={"rare": rare, "sum": made.sum(axis=1)}
    )
    said = json.loads(analysis.sensitivity(swept).attrs["caveats"])
    assert [one for one in said if "sweep with more runs" in one and "'rare'" in one]
    assert not [one for one in said if "'sum'" in one]


@pytest.mark.parametrize("method", ["prcc", "pawn", "delta", "regional"])
def test_an_outcome_that_does_not_vary_is_named_and_divides_nothing(sweep_of, rows, method):
    series = np.column_stack([np.full(200, 7.0), rows[:, 0]])
    swept = sweep_of(
        rows,
        THREE,
        "random",
        series={"people": series, "still": np.full((200, 2), 1e9)},
        time=[0, 1],
        metrics={"never": np.zeros(200), "rounding": 1 + 1e-16 * rows[:, 0]},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = analysis.sensitivity(swept, method=method, resamples=2)
    assert json.loads(found.attrs["constant"]) == ["still", "never", "rounding"]
    assert found["status"].sel(outcome="people").values.tolist() == [1, 0]
    main = json.loads(found.attrs["main"])[method]
    assert np.isnan(found[main].sel(outcome="people").isel(time=0)).all()
    assert np.isfinite(found[main].sel(outcome="people").isel(time=1)).any()
    assert np.isnan(found[f"metric_{main}"]).all()


@pytest.mark.parametrize("kind", ["saltelli", "morris", "fast"])
def test_designed_sweeps_name_constant_outcomes_too(sweep_of, saltelli, problem, kind):
    from SALib.sample import fast_sampler, morris

    made = {
        "saltelli": lambda: saltelli(THREE, 32),
        "morris": lambda: morris.sample(problem(THREE), 8, seed=1),
        "fast": lambda: fast_sampler.sample(problem(THREE), 100, seed=1),
    }[kind]()
    swept = sweep_of(
        made, THREE, kind, second_order=True, metrics={"y": made[:, 0], "c": np.ones(len(made))}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = analysis.sensitivity(swept)
    assert json.loads(found.attrs["constant"]) == ["c"]
    main = next(iter(json.loads(found.attrs["main"]).values()))
    assert np.isnan(found[f"metric_{main}"].sel(metric="c")).all()
    assert float(found[f"metric_{main}"].sel(metric="y", parameter="x")) > 0.8


def test_failed_runs_are_left_out_counted_and_told(sweep_of, rows):
    y = rows[:, 0].copy()
    failed = np.full(200, np.nan)
    failed[:20] = 3.0
    series = np.column_stack([y, np.where(np.isnan(failed), y, np.nan)])
    swept = sweep_of(rows, THREE, "random", series={"y": series}, time=[0, 5], failed=failed)
    found = analysis.sensitivity(swept, method="prcc")
    clean = sweep_of(rows[20:], THREE, "random", series={"y": series[20:]}, time=[0, 5])
    want = analysis.sensitivity(clean, method="prcc")
    np.testing.assert_allclose(found["prcc"], want["prcc"], atol=1e-12)
    assert found["used"].values.tolist() == [[180, 180]]
    assert json.loads(found.attrs["caveats"]) == [
        "20 of 200 runs failed; 20 of 200 runs are left out"
    ]


def test_where_all_but_a_few_runs_failed_nothing_is_computed(sweep_of, rows):
    failed = np.full(200, 3.0)
    failed[:10] = np.nan
    swept = sweep_of(rows, THREE, "random", metrics={"y": rows[:, 0]}, failed=failed)
    with pytest.raises(StudyError, match=r"10 runs are left of which partial rank .* need 26"):
        analysis.sensitivity(swept, method="prcc")


def test_an_outcome_without_a_value_in_some_runs_rests_on_the_others(sweep_of, rows):
    late = np.where(rows[:, 1] > 0.4, rows[:, 0], np.nan)
    rare = np.where(rows[:, 1] > 0.99, rows[:, 0], np.nan)
    swept = sweep_of(rows, THREE, "random", metrics={"all": rows[:, 0], "late": late, "rare": rare})
    found = analysis.sensitivity(swept, method="prcc")
    has = np.isfinite(late)
    clean = sweep_of(rows[has], THREE, "random", metrics={"late": late[has]})
    np.testing.assert_allclose(
        found["metric_prcc"].sel(metric="late"),
        analysis.sensitivity(clean, method="prcc")["metric_prcc"].sel(metric="late"),
        atol=1e-12,
    )
    assert found["metric_status"].values.tolist() == [0, 0, 2]
    assert found["metric_used"].values[:2].tolist() == [200, has.sum()]
    said = json.loads(found.attrs["caveats"])
    assert any("indices are of the other runs alone" in one and "'late'" in one for one in said)


def test_scenarios_have_a_dim_of_their_own(sweep_of, rows):
    y = np.stack([rows[:, 0], -rows[:, 1]])
    failed = np.full((2, 200), np.nan)
    failed[1, 7] = 1.0
    swept = sweep_of(
        rows,
        THREE,
        "random",
        metrics={"y": y},
        failed=failed,
        scenarios=["base", "tightening"],
    )
    found = analysis.sensitivity(swept, method="pawn")
    assert found["metric_pawn"].dims == ("scenario", "metric", "parameter")
    alone = sweep_of(rows, THREE, "random", metrics={"y": y[0]})
    np.testing.assert_array_equal(
        found["metric_pawn"].sel(scenario="base"),
        analysis.sensitivity(alone, method="pawn")["metric_pawn"],
    )
    assert json.loads(found.attrs["failed"]) == {"base": 0, "tightening": 1}
    assert "1 of 200 runs of scenario 'tightening' failed" in found.attrs["caveats"]
    asked = analysis.sensitivity(swept, condition="y > -0.2")
    assert asked["metric_distance"].dims == ("scenario", "metric", "parameter")


def test_shares_at_times_of_their_own_join_the_series(sweep_of, rows):
    series = rows[:, :1] + np.arange(5)
    shares = (rows[:, 1:2] * [1.0, 2.0])[:, :, None]
    swept = sweep_of(
        rows,
        THREE,
        "random",
        series={"people": series},
        time=[0, 1, 2, 3, 4],
        shares=shares,
        loop_time=[0.5, 2 + 1e-13],
    )
    found = analysis.sensitivity(swept, method="pawn")
    assert found["time"].values.tolist() == [0, 0.5, 1, 2, 3, 4]
    assert found["status"].sel(outcome="people").values.tolist() == [0, 3, 0, 0, 0, 0]
    assert found["status"].sel(outcome="R1").values.tolist() == [3, 0, 3, 0, 3, 3]
    one = analysis.sensitivity(swept, method="pawn", at=1.4)  # the nearest time that both have
    assert one["time"].values.tolist() == [2]
    with pytest.raises(StudyError, match="time 9 lies outside"):
        analysis.sensitivity(swept, at=9)


def test_indices_do_not_depend_on_how_the_sweep_is_read(sweep_of, saltelli, monkeypatch):
    from loopscope.analysis.indices import gathering, outcomes

    made = saltelli(THREE, 64)
    series = np.cumsum(made[:, :1] + made[:, 1:2] * np.arange(7) ** made[:, 2:], axis=1)
    swept = sweep_of(
        made,
        THREE,
        "saltelli",
        second_order=True,
        series={"y": series},
        time=np.arange(7),
        metrics={"a": series[:, -1], "b": series.mean(axis=1)},
    )
    whole = analysis.sensitivity(swept)
    monkeypatch.setattr(outcomes, "PART", 2 * len(made))
    monkeypatch.setattr(gathering, "LOADED", 0)
    for name, values in analysis.sensitivity(swept).data_vars.items():
        np.testing.assert_allclose(values, whole[name], atol=1e-12)


def test_a_sweep_that_stopped_early_counts_whole_base_rows(sweep_of, saltelli):
    made = saltelli(THREE, 64)[:-3]
    swept = sweep_of(made, THREE, "saltelli", second_order=True, metrics={"y": made[:, 0]})
    assert sample_of(swept).runs == 63 * 8
    assert analysis.sensitivity(swept)["metric_used"].item() == 63


def test_runs_that_stand_elsewhere_or_are_missing_are_refused(sweep_of, saltelli, problem):
    from SALib.sample import fast_sampler

    made = saltelli(THREE, 64)
    swept = sweep_of(made, THREE, "saltelli", second_order=True, metrics={"y": made[:, 0]})
    with pytest.raises(StudyError, match="needs its runs from 0 on"):
        analysis.sensitivity(swept.isel(run=slice(1, None)))
    with pytest.raises(StudyError, match="8 runs of the sweep have no inputs"):
        analysis.sensitivity(swept.assign(inputs=swept["inputs"].where(swept["run"] > 7)))
    curves = fast_sampler.sample(problem(THREE), 100, seed=1)
    swept = sweep_of(curves, THREE, "fast", samples=100, metrics={"y": curves[:, 0]})
    assert analysis.sensitivity(swept)["metric_first"].shape == (1, 3)
    with pytest.raises(StudyError, match="'fast' needs its runs from 0 on"):
        analysis.sensitivity(swept.isel(run=slice(0, 297)))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "soboll"}, "no method 'soboll'.*did you mean 'sobol'"),
        ({"method": "morris"}, "need design kind 'morris'"),
        ({"method": "fast"}, "need design kind 'fast'"),
        ({"method": []}, "no method named"),
        ({"method": ["local", "prcc"]}, "ask for it alone"),
        ({"level": 95}, "lies between 0 and 1"),
        ({"resamples": 1}, "at least 2"),
        ({"condition": "y > 0.5", "method": "prcc"}, "method='regional'"),
    ],
)
def test_what_cannot_be_asked_is_refused(sweep_of, rows, asked, message):
    swept = sweep_of(rows, THREE, "halton", metrics={"y": rows[:, 0]})
    with pytest.raises(StudyError, match=message):
        analysis.sensitivity(swept, **asked)


def test_something_else_than_a_sweep_is_refused(sweep_of, rows):
    swept = sweep_of(rows, THREE, "random", metrics={"y": rows[:, 0]})
    with pytest.raises(StudyError, match=r"use analysis\.sweep or open_sweep"):
        analysis.sensitivity(swept.drop_vars("inputs"))
    with pytest.raises(UnknownNameError, match="keeps no series, metric or loop"):
        analysis.sensitivity(swept.drop_vars("y"))


def test_a_parameter_with_one_value_is_told_of(sweep_of, rows):
    rows[:, 1] = 4.0
    swept = sweep_of(rows, THREE, "file", metrics={"y": rows[:, 0] + rows[:, 2]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("prcc", "pawn", "delta", "regional"):
            found = analysis.sensitivity(swept, method=method, resamples=2)
            main = json.loads(found.attrs["main"])[method]
            known = np.isfinite(found[f"metric_{main}"].isel(metric=0)).values.tolist()
            assert known == [True, False, True]
    assert "one value in all runs, so nothing can be said of it: 'y'" in found.attrs["caveats"]
