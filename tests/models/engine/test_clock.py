"""When runs start, step, save and stop; what is refused, and with which words."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope.models import simulate
from loopscope.models.engine.clock import times
from loopscope.models.errors import RunError

MODEL = "s=INTEG(1,0)~~|\nx=Time~~|\n"
CLOCK = "\nINITIAL TIME={}~~|\nFINAL TIME={}~~|\nTIME STEP={}~~|\nSAVEPER={}~~|\n"


@pytest.fixture(scope="module")
def model(load):
    return load(MODEL, CLOCK.format(0, 10, 0.25, 1))


def saved(model, **asked) -> list[float]:
    run = simulate(model, outputs=["x"], **asked)
    np.testing.assert_array_equal(run["x"], run["time"])
    return run["time"].values.tolist()


def test_model_decides_what_is_not_asked_for(model):
    assert saved(model) == list(range(11))
    assert saved(model, start=4) == list(range(4, 11))
    assert saved(model, stop=2, saveper=0.5) == [0, 0.5, 1, 1.5, 2]
    assert saved(model, dt=0.5, stop=1) == [0, 1]
    assert saved(model, parameters={"FINAL TIME": 2}) == [0, 1, 2]
    assert saved(model, parameters={"FINAL TIME": 2}, stop=3) == [0, 1, 2, 3]


def test_asked_times_are_also_what_the_variables_show(model):
    run = simulate(model, start=2, stop=6, dt=0.5, saveper=2)
    shown = {name: float(run[name].values[0]) for name in run if name.isupper()}
    assert shown == {"INITIAL TIME": 2, "FINAL TIME": 6, "TIME STEP": 0.5, "SAVEPER": 2}
    assert run.attrs["dt"] == 0.5
    np.testing.assert_array_equal(run["s"], [0, 2, 4])


@pytest.mark.parametrize("method", ["Euler", "RK4", "LSODA", "Radau"])
def test_run_of_no_length_is_its_start(model, method):
    run = simulate(model, stop=0, method=method)
    assert run["time"].values.tolist() == [0]
    assert run["s"].values.tolist() == [0]
    assert str(run["status"].values) == "ok"


def test_steps_do_not_drift(model):
    # 0.1 is no double; ten thousand additions of it would be off by 2e-9.
    run = simulate(model, dt=0.1, saveper=0.1, stop=1000, outputs=["x"])
    np.testing.assert_array_equal(run["time"], np.arange(10001) * 0.1)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"dt": 0}, r"^dt must be greater than 0, got 0$"),
        ({"dt": -0.5}, r"^dt must be greater than 0, got -0.5$"),
        ({"saveper": -1}, r"^saveper must be greater than 0, got -1$"),
        ({"dt": 0.3}, r"dt = 0.3 does not divide the run from 0 to 10; .* smaller dt .* 0.294118$"),
        ({"saveper": 0.6}, r"^dt = 0.25 does not divide saveper = 0.6; .* is 0.2$"),
        ({"saveper": 0.1}, r"^dt = 0.25 does not divide saveper = 0.1"),
        ({"stop": -1}, r"^stop \(-1\) lies before start \(0\)$"),
        ({"start": 10.5}, r"^stop \(10\) lies before start \(10.5\)$"),
        ({"dt": 1e-12}, r"^dt = 1e-12 is too small for a run from 0 to 10$"),
        ({"dt": float("nan")}, r"^dt must be a finite number, got nan$"),
        ({"stop": float("inf")}, r"^stop must be a finite number, got inf$"),
        ({"stop": 10**400}, r"^stop must be a finite number, got inf$"),
        ({"dt": "0.5"}, r"^dt must be a number, got '0.5'$"),
        ({"start": [1, 2]}, r"^start must be a number, got \[1, 2\]$"),
        ({"saveper": True}, r"^saveper must be a number, got True$"),
        ({"stop": np.datetime64("2020-01-01")}, r"^stop must be a number, got np.datetime64"),
        ({"parameters": {"TIME STEP": [0.5, 0.25]}}, r"^'TIME STEP' must be one number: all runs"),
        ({"parameters": {"FINAL TIME": {"value": 5, "from": 1}}}, r"^'FINAL TIME' must be one num"),
        ({"parameters": {"TIME STEP": 0.3}}, r"^dt = 0.3 does not divide"),
    ],
)
def test_times_that_cannot_be_used_are_refused_in_one_line(model, asked, message):
    with pytest.raises(RunError, match=message) as caught:
        simulate(model, **asked)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "number", [np.float32(0.5), np.float64(0.5), np.array(0.5), 1, np.int64(1)]
)
def test_numbers_of_numpy_are_numbers(model, number):
    assert simulate(model, dt=number, stop=1).attrs["dt"] == float(number)


def test_times_of_the_file_itself_are_taken_as_other_programs_take_them(load):
    # PySD and Vensim: no step beyond the end, and saving at the nearest number of steps.
    run = simulate(load(MODEL, CLOCK.format(0, 1, 0.3, 0.5)), outputs=["x"])
    np.testing.assert_allclose(run["time"], [0, 0.3, 0.6, 0.9])
    run = simulate(load(MODEL, CLOCK.format(0, 2, 0.5, 0.1)), outputs=["x"])
    np.testing.assert_allclose(run["time"], [0, 0.5, 1, 1.5, 2])


def test_time_bounds_may_rest_on_constants_and_on_each_other(load):
    clock = CLOCK.format("base+5", "INITIAL TIME+years*2", "1/parts", "TIME STEP*2")
    model = load(MODEL + "base=1~~|\nyears=span+1~~|\nspan=1~~|\nparts=4~~|\n", clock)
    assert saved(model) == [6 + n / 2 for n in range(9)]
    assert saved(model, parameters={"base": 0}) == [5 + n / 2 for n in range(9)]
    assert saved(model, parameters={"span": 0}) == [6, 6.5, 7, 7.5, 8]
    assert saved(model, parameters={"years": 0.5}) == [6, 6.5, 7]  # held, not a constant
    assert saved(model, parameters={"parts": 2}) == [6, 7, 8, 9, 10]
    assert saved(model, dt=0.5, stop=8) == [6, 7, 8]
    for name in ("base", "span", "years"):
        for value in ([1, 1], {"times": [0, 9], "values": [1, 2]}):
            with pytest.raises(RunError, match=f"^'{name}' must be one number: all runs share"):
                simulate(model, parameters={name: value})


def test_time_bounds_may_change_with_the_time(load):
    step = "IF THEN ELSE(Time<7.9, 0.5, early)"
    stop = "IF THEN ELSE(Time>8, 9, 20)"
    model = load(MODEL + "early=0.25~~|\n", CLOCK.format("6", stop, step, "1"))
    run = simulate(model, outputs=["s", "TIME STEP"])
    assert run["time"].values.tolist() == [6, 7, 8, 9]
    # Steps of 0.5 until 8 and of 0.25 from there; s gains its own length in each.
    np.testing.assert_array_equal(run["s"], [0, 1, 2, 3])
    np.testing.assert_array_equal(run["TIME STEP"], [0.5, 0.5, 0.25, 0.25])
    assert saved(model, stop=12) == [6, 7, 8, 9, 10, 11, 12]
    assert saved(model, parameters={"early": 0.5}) == [6, 7, 8, 9]


def test_start_that_is_computed_holds_where_other_bounds_change(load):
    clock = CLOCK.format("base+5", "IF THEN ELSE(Time>3,9,8)", "0.5", "1")
    assert saved(load(MODEL + "base=1~~|\n", clock)) == [6, 7, 8, 9]


@pytest.mark.parametrize("bound", ["Time-1", "1/(Time-2)"])
def test_changing_bounds_that_never_end_the_run_are_refused(load, bound):
    model = load(MODEL, CLOCK.format(2, 9, bound, 1))
    with pytest.raises(RunError, match=r"at time .* the model asks for dt = .*must be positive"):
        simulate(model, start=1 if bound == "Time-1" else 2)


def test_whole_number_of_steps_is_meant_within_a_millionth():
    assert times(0, 1, 1 / 3 + 1e-10, 1 / 3, asked=True).steps == 3
    with pytest.raises(RunError, match="does not divide"):
        times(0, 1, 1 / 3 + 1e-4, 1 / 3, asked=True)
    assert times(1986, 2015, 0.0625, 1, asked=True).saves == 30
    assert times(0.1, 0.7, 0.1, 0.2, asked=True).saved.tolist() == pytest.approx(
        [0.1, 0.3, 0.5, 0.7]
    )
