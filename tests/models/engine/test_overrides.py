"""What a caller may set: every kind of value, every spelling, and each refusal in one line."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from loopscope.models import Scenario, simulate
from loopscope.models.case import Case
from loopscope.models.errors import RunError, UnknownNameError

CLOCK = "\nINITIAL TIME=0~~|\nFINAL TIME=10~~|\nTIME STEP=0.5~~|\nSAVEPER=0.5~~|\n"
MODEL = (
    "head count=INTEG(in flow,100)~people~|\nin flow=rate*2~people/Year~|\nrate=1~1/Year~|\n"
    "effect=table(Time)~~|\ntable((0,0),(10,20))~~|\nother=in flow+rate+offset~~|\noffset=5~~|\n"
)
TIMES = np.arange(21) * 0.5


@pytest.fixture(scope="module")
def model(load):
    return load(MODEL, CLOCK)


def rate(model, value) -> np.ndarray:
    run = simulate(model, parameters={"rate": value}, outputs=["rate", "in flow"])
    np.testing.assert_array_equal(run["in flow"], 2 * run["rate"])
    return run["rate"].values


@pytest.mark.parametrize(
    "value",
    [3, 3.0, Fraction(3), np.int8(3), np.float32(3), np.array(3), xr.DataArray(3.0), {"value": 3}],
)
def test_any_real_number_is_a_number(model, value):
    np.testing.assert_array_equal(rate(model, value), np.full(21, 3.0))


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5], (1, 2.5), np.array([1, 2.5]), np.array([1, 2.5], dtype=np.float32), [1.0, 2.5],
        xr.DataArray([1, 2.5], dims="run"), [Fraction(1), 2.5], np.array([1, 2.5], dtype=object),
    ],
)  # fmt: skip
def test_any_sequence_of_numbers_is_one_value_a_run(model, values):
    np.testing.assert_array_equal(rate(model, values), np.repeat([[1.0], [2.5]], 21, axis=1))


def test_sequence_of_one_is_a_batch_of_one(model):
    run = simulate(model, parameters={"rate": [4]})
    assert run["head count"].dims == ("run", "time")
    assert run.sizes["run"] == 1
    assert run["status"].dims == ("run",)
    alone = simulate(model, parameters={"rate": 4})
    np.testing.assert_array_equal(run["head count"].values[0], alone["head count"].values)


STEPPED = np.where(TIMES < 4, 1.0, 3.0)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ({"value": 3, "from": 4}, STEPPED),
        ({"value": 3, "start": 4}, STEPPED),
        ({"value": 3, "from": 4, "to": 6}, np.where((TIMES >= 4) & (TIMES < 6), 3.0, 1.0)),
        ({"value": 3, "from": 4, "ramp": 2}, 1 + np.clip(TIMES - 4, 0, 2)),
        ({"pulse": 9, "start": 1, "lasts": 1}, np.where((TIMES >= 1) & (TIMES < 2), 9.0, 1.0)),
        (
            {"pulse": 9, "start": 1, "lasts": 1, "every": 3, "until": 6},
            np.where(np.isin(TIMES, [1, 1.5, 4, 4.5]), 9.0, 1.0),
        ),
        ({"times": [2, 6], "values": [1, 5]}, np.interp(TIMES, [2, 6], [1, 5])),
        (
            {"times": [2, 6], "values": [1, 5], "between": "step"},
            np.where(TIMES < 6, 1.0, 5.0),
        ),
        (pd.Series([1.0, 5.0], index=[2.0, 6.0]), np.interp(TIMES, [2, 6], [1, 5])),
        (
            xr.DataArray([1, 5], dims="time", coords={"time": [2, 6]}),
            np.interp(TIMES, [2, 6], [1, 5]),
        ),
    ],
)
def test_path_has_its_value_at_each_time(model, path, expected):
    np.testing.assert_allclose(rate(model, path), expected, rtol=1e-15)
    both = simulate(
        model, parameters={"rate": path, "offset": [1.0, 2.0]}, outputs=["rate", "other"]
    )
    np.testing.assert_allclose(both["other"], [3 * expected + 1, 3 * expected + 2], rtol=1e-15)


def test_variable_that_is_no_constant_is_held(model):
    held = simulate(model, parameters={"in flow": 7})
    np.testing.assert_array_equal(held["head count"], 100 + 7 * TIMES)
    np.testing.assert_array_equal(held["other"], 13)
    runs = simulate(model, parameters={"head count": [1, 2], "IN_FLOW": [5, 6]})
    np.testing.assert_array_equal(runs["head count"].values[:, -1], [1, 2])
    path = simulate(model, parameters={"in flow": {"times": [0, 10], "values": [0, 20]}})
    np.testing.assert_allclose(path["in flow"], 2 * TIMES)


def test_start_value_of_a_stock_may_differ_between_runs(model):
    runs = simulate(model, initial={"Head_Count": [1, 2, 3]}, parameters={"rate": 0})
    np.testing.assert_array_equal(runs["head count"].values[:, -1], [1, 2, 3])
    one = simulate(model, initial={"head count": 8})
    assert one["head count"].values[0] == 8
    assert one["head count"].dims == ("time",)


def test_stock_that_is_held_has_no_start_value_of_its_own(load):
    model = load("s=INTEG(1,2)~~|\nx=s+1~~|\ny=INITIAL(s)~~|\n", CLOCK)
    for start in (9, [7, 8, 9]):
        run = simulate(model, parameters={"s": 5}, initial={"s": start})
        for name, value in {"s": 5, "x": 6, "y": 5}.items():
            np.testing.assert_array_equal(run[name], value)


def test_lookup_is_replaced_by_points(model):
    points = [(0, 1), (5, 2), (5, 4), (10, 4)]
    for given in ({"lookups": {"table": points}}, {"parameters": {"TABLE": np.array(points)}}):
        run = simulate(model, outputs=["effect"], **given)
        np.testing.assert_allclose(run["effect"], np.where(TIMES < 5, 1 + TIMES / 5, 4))
    np.testing.assert_allclose(simulate(model)["effect"], 2 * TIMES)


@pytest.mark.parametrize(
    "name", ["head count", "Head Count", "HEAD_COUNT", " head  count ", '"head count"']
)
def test_names_may_be_written_in_any_way(model, name):
    run = simulate(model, parameters={name: 3}, outputs=[name])
    assert list(run.data_vars) == ["head count", "status"]
    np.testing.assert_array_equal(run["head count"], 3)


def test_case_then_scenario_then_call_decide(model):
    case = Case(name="c", start=2, stop=4, set={"rate": 2, "offset": 1}, initial={"head count": 7})
    scenario = Scenario(name="s", set={"rate": 3}, initial={"head count": 8})
    alone = simulate(model, case=case)
    assert (alone["time"].values[0], alone["time"].values[-1]) == (2, 4)
    assert [float(alone[n].values[0]) for n in ("rate", "offset", "head count")] == [2, 1, 7]
    both = simulate(model, scenario, case=case, stop=3)
    assert [float(both[n].values[0]) for n in ("rate", "offset", "head count")] == [3, 1, 8]
    assert both["time"].values[-1] == 3
    last = simulate(
        model, scenario, case=case, parameters={"RATE": [4, 5]}, initial={"head count": 9}
    )
    assert last["rate"].values[:, 0].tolist() == [4, 5]
    assert last["head count"].values[:, 0].tolist() == [9, 9]
    assert (both.attrs["case"], both.attrs["scenario"]) == ("c", "s")


WRONG = [
    ("5 %", r"'rate' must be a plain number in the model's own unit \(1/Year\); got '5 %', so"),
    ("5", "'rate' must be a number, got the text '5'"),
    ("much", "'rate' must be a number, got 'much'"),
    ("", "'rate' must be a number, got ''"),
    (float("nan"), "'rate' must be a finite number, got nan"),
    (-np.inf, "'rate' must be a finite number, got -inf"),
    (10**400, "'rate' must be a finite number, got inf"),
    (True, "'rate': expected a number or a time path, got True"),
    (np.bool_(True), "'rate': expected a number or a time path"),
    (None, "'rate': expected a number or a time path, got None"),
    (1j, "'rate': expected a number or a time path, got 1j"),
    (np.datetime64("2020"), "'rate': expected a number or a time path"),
    ({1, 2}, "'rate': expected a number or a time path, got {1, 2}"),
    (["1", "2"], r"'rate' must be numbers, one a run; got \['1', '2'\]"),
    ([1, None], r"'rate' must be numbers, one a run; got \[1, None\]"),
    ([True, False], "'rate' must be numbers, one a run"),
    (b"5", "'rate' must be numbers, one a run"),
    ([1j], "'rate' must be numbers, one a run"),
    ([[1], [1, 2]], "'rate' must be numbers, one a run"),
    (np.ma.array([1, 2], mask=[0, 1]), "'rate' must be numbers, one a run"),
    ([], r"'rate' must have one value a run, got an array of shape \(0,\)"),
    (np.ones((2, 3)), r"'rate' must have one value a run, got an array of shape \(2, 3\)"),
    ([1, np.nan, np.inf], r"'rate' must be finite in every run; run 1 has nan \(2 such runs\)"),
    ({}, "'rate': a time path needs 'value' and 'from', or 'pulse'.*got nothing"),
    ({"value": 1, "from": 2, "for": 3}, "'rate': for: not a known field"),
    ({"value": 1, "from": 2, "to": 1}, "'rate': a path must end after it starts"),
    ({"value": np.nan, "from": 2}, "'rate': value: .*finite"),
    ({"pulse": 1, "start": 2, "lasts": 0}, "'rate': lasts: .*greater than 0"),
    ({"times": [1, 2], "values": [1]}, "'rate': 2 times but 1 values"),
    ({"times": [2, 1], "values": [1, 2]}, "'rate': times must increase; 1 does not"),
    (pd.Series([1.0], index=pd.to_datetime(["2020"])), "'rate': its times must be plain numbers"),
    (pd.Series(["a"]), "'rate': its values must be plain numbers"),
    (pd.DataFrame({"a": [1.0] * 40}), "'rate': its values must be plain numbers"),
    (xr.DataArray([1.0], dims="time"), "'rate' is given over time but without times; add a 'time'"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "message"), WRONG)
def test_value_that_cannot_be_used_is_refused_in_one_line(model, value, message):
    with pytest.raises(RunError, match=f"^{message}") as caught:
        simulate(model, parameters={"rate": value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"parameters": {"rates": 1}}, "no variable named 'rates'; did you mean 'rate'?"),
        (
            {"parameters": {"xyzzy": 1}},
            "no variable named 'xyzzy'; 'loopscope describe",
        ),
        ({"initial": {"head": 1}}, "no stock named 'head'"),
        ({"lookups": {"tables": [(0, 1)]}}, "no lookup named 'tables'; did you mean 'table'?"),
        ({"outputs": ["other", "offsets"]}, "no output named 'offsets'; did you mean 'offset'"),
        ({"scenario": "none"}, "no scenario named 'none'; this model has no scenarios"),
        ({"case": "none"}, "no case named 'none'; this model has no cases"),
    ],
)
def test_unknown_name_is_answered_with_the_nearest(model, asked, message):
    with pytest.raises(UnknownNameError, match=message.replace("?", r"\?")):
        simulate(model, **asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"initial": {"rate": 1}}, "'rate' is a parameter, so it has no start value of its own"),
        ({"initial": {"head count": {"value": 1, "from": 2}}}, "start value of 'head count'"),
        ({"lookups": {"rate": [(0, 1)]}}, "'rate' is a parameter, not a lookup"),
        ({"lookups": {"table": [(1, 0), (0, 1)]}}, "lookup 'table' must have its x ascending"),
        ({"lookups": {"table": 3}}, r"lookup 'table' must be given as points \[\(x, y\), ...\]"),
        ({"lookups": {"table": []}}, "lookup 'table' must be given as points"),
        ({"lookups": {"table": [(0, np.nan)]}}, "lookup 'table' has a point that is not finite"),
        ({"parameters": {"in flow": {"value": 1, "from": 2}}}, "'in flow' is a .*hold it with"),
        ({"parameters": {"rate": [1, 2], "offset": [1] * 3}}, "'rate' has 2, 'offset' has 3"),
        ({"parameters": {"rate": [1, 2]}, "initial": {"head count": [1]}}, "'head count' has 1"),
        ({"parameters": [("rate", 1)]}, "parameters must be values by name"),
    ],
)  # fmt: skip
def test_setting_of_the_wrong_kind_is_refused(model, asked, message):
    with pytest.raises(RunError, match=message):
        simulate(model, **asked)


def test_parameter_that_shapes_the_equations_cannot_be_overridden(load):
    model = load("n=3~~|\nx=DELAY N(Time,4,0,n)~~|\n", CLOCK)
    with pytest.raises(RunError, match="'n' cannot be overridden: order of DELAY N in 'x'"):
        simulate(model, parameters={"n": 2})


def test_one_variable_under_two_spellings_is_refused(model):
    with pytest.raises(RunError, match="'rate' is set twice, as 'rate' and as 'RATE'"):
        simulate(model, parameters={"rate": 1, "RATE": 2})
