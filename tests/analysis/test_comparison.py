"""Scenarios side by side."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loopscope import analysis
from loopscope.analysis.comparison import compare, crossings, of_runs, summarise
from loopscope.analysis.runs import AS_IT_STANDS, of_dataset, simulate_all
from loopscope.models.errors import RunError, UnknownNameError


def run_of(teacup, values, label="x", times=None):
    import xarray as xr

    values = np.asarray(values, dtype=float)
    times = np.arange(len(values), dtype=float) if times is None else times
    dataset = xr.Dataset({"y": ("time", values), "status": "ok"}, coords={"time": times})
    return of_dataset(dataset, label, teacup)


def test_a_change_is_relative_to_the_size_of_the_base(teacup):
    base, other = run_of(teacup, [1, -4], "base"), run_of(teacup, [1, -3], "other")
    outcome = of_runs([base, other], ["y"]).outcomes[1]
    assert outcome.change == pytest.approx(0.25)
    assert (outcome.final, outcome.peak, outcome.time_of_peak) == (-3, 1, 0)


def test_a_change_against_zero_is_not_a_number(teacup):
    base, other = run_of(teacup, [1, 0], "base"), run_of(teacup, [1, 2], "other")
    assert math.isnan(of_runs([base, other], ["y"]).outcomes[1].change)


def test_a_crossing_lies_where_the_straight_lines_meet(teacup):
    # 4 t and 3: equal at t = 0.75.
    base, other = run_of(teacup, [3, 3, 3]), run_of(teacup, [0, 4, 8])
    assert crossings(other, base, "y") == pytest.approx((0.75,))


def test_touching_and_parting_are_no_crossings(teacup):
    base = run_of(teacup, [1, 1, 1, 1])
    assert crossings(run_of(teacup, [1, 1, 2, 3]), base, "y") == ()
    assert crossings(run_of(teacup, [2, 1, 2, 3]), base, "y") == ()


def test_a_crossing_on_a_saved_time_counts_once(teacup):
    base = run_of(teacup, [0, 0, 0])
    assert crossings(run_of(teacup, [-1, 0, 1]), base, "y") == pytest.approx((1,))


def test_rounding_is_no_crossing(teacup):
    base = run_of(teacup, [1, 1, 1])
    assert crossings(run_of(teacup, [1 + 1e-15, 1 - 1e-15, 1]), base, "y") == ()


def test_runs_with_other_times_compare_where_both_are(teacup):
    base = run_of(teacup, [0, 0, 0], times=[0.0, 2.0, 4.0])
    other = run_of(teacup, [-1, 9, 3], times=[0.0, 1.0, 2.0])
    assert crossings(other, base, "y") == pytest.approx((0.5,))


def test_extremes_of_a_failed_run_are_those_until_it_failed(failing):
    (run,) = simulate_all(failing, [None])
    (found,) = summarise(run, ["people"])
    assert math.isnan(found.end)
    assert (found.highest, found.time_of_highest) == (1806, 4)


def test_one_scenario_is_compared_with_the_model_as_it_stands(teacup):
    compared = compare(teacup, ["warm_room"])
    assert (compared.base, compared.runs[1].label) == (AS_IT_STANDS, "warm room")


def test_the_first_scenario_is_the_base(teacup):
    assert compare(teacup, ["warm room", "airing"]).base == "warm room"


def test_settings_hold_in_every_scenario(teacup):
    compared = analysis.compare(
        teacup, ["airing", "warm room"], parameters={"Characteristic Time": 5}
    )
    for run in compared.runs:
        assert set(run.values["Characteristic Time"]) == {5}


def test_mistakes_name_what_is_wrong(teacup):
    with pytest.raises(RunError, match="at least one scenario"):
        compare(teacup, [])
    with pytest.raises(RunError, match="'airing' is named twice"):
        compare(teacup, ["airing", "Airing"])
    with pytest.raises(UnknownNameError, match="did you mean 'airing'"):
        compare(teacup, ["airin"])
    with pytest.raises(UnknownNameError, match="did you mean 'Teacup Temperature'"):
        compare(teacup, ["airing"], outputs=["teacup temperatur"])
