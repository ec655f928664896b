"""Runs that leave the finite numbers: what is said, what is kept, and who is not disturbed."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from loopscope.models import load as load_model
from loopscope.models import simulate
from loopscope.models.engine import layout
from loopscope.models.engine.simulate import run as run_plain

LONG = "\nINITIAL TIME=0~~|\nFINAL TIME=1000~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
WINDOW = layout.INSPECTION


def status(run) -> str:
    return str(run["status"].values)


@pytest.mark.parametrize("method", ["Euler", "RK4"])
@pytest.mark.parametrize(
    "when", [0, 1, 7, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW, 300, 767, 999, 1000]
)
def test_first_step_at_which_a_variable_has_no_value_is_found(load, method, when):
    # y is 1 / (Time - when): infinite at that step alone; no state sees it.
    model = load("y=1/(Time-w)~~|\nw=3~~|\ns=INTEG(1,0)~~|\nz=s+1~~|\n", LONG)
    run = simulate(model, parameters={"w": float(when)}, method=method)
    assert status(run) == f"not finite: 'y' at time {when}"
    times = run["time"].values
    for name in ("s", "z"):
        np.testing.assert_array_equal(
            run[name], np.where(times < when, times + (name == "z"), np.nan)
        )
    (failure,) = json.loads(run.attrs["failures"])
    assert failure["variable"] == "y"
    assert failure["time"] == when
    if when:
        assert failure["last"]["s"] == when - 1
        assert failure["last"]["y"] == -1
    else:
        assert failure["last"]["s"] == 0
        assert "y" not in failure["last"]


@pytest.mark.parametrize("steps", [250, WINDOW - 1, WINDOW, 600, 1000])
def test_stock_overflows_when_a_double_does(load, steps):
    # Doubling from f passes the largest double after so many steps.
    model = load("s=INTEG(s,f)~~|\nf=1~~|\n", LONG)
    first = 2.0 ** (1024 - steps)
    run = simulate(model, parameters={"f": first})
    assert status(run) == f"not finite: 's' at time {steps}"
    expected = np.ldexp(first, np.arange(steps))
    np.testing.assert_array_equal(run["s"].values[:steps], expected)
    assert np.isnan(run["s"].values[steps:]).all()
    if steps == 1000:
        assert status(simulate(model, parameters={"f": first}, stop=999)) == "ok"


def test_overflow_beyond_the_last_step_is_no_failure(load):
    model = load("s=INTEG(s,1)~~|\n", LONG)
    run = simulate(model, stop=1023)
    assert status(run) == "ok"
    assert run["s"].values[-1] == 2.0**1023


@pytest.mark.parametrize(
    ("equations", "name"),
    [
        ("x=SQRT(a-5)~~|\ny=x*2~~|\nz=y+Time~~|\n", "x"),
        ("z=y+Time~~|\ny=x*2~~|\nx=SQRT(a-5)~~|\n", "x"),
        ("x=LN(Time-5+a)~~|\ny=MAX(x,2)~~|\n", "x"),
        ("x=a/(Time-4)~~|\ny=EXP(-ABS(x))~~|\n", "x"),
        ("x=a/(Time-4)~~|\ny=IF THEN ELSE(x>1,2,3)~~|\n", "x"),
        ("x=a/(Time-4)~~|\ny=1/x~~|\n", "x"),
        ("x=INITIAL(LN(a-2))~~|\n", "x"),
        ("x=a+1~~|\ny=INITIAL(1/(x-2))~~|\nz=MIN(y,3)~~|\n", "y"),
        ("x=MIN(SQRT(a-5),7)~~|\n", "x"),
        ("x=MIN(7,SQRT(a-5))~~|\n", "x"),
        ("x=t(LN(a-5))~~|\nt((0,0),(1,1))~~|\n", "x"),
        ("x=a*EXP(1000*Time)~~|\n", "x"),
    ],
)
@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_no_function_hides_a_value_that_is_not_finite(load, equations, name, method):
    model = load(f"a=1~~|\n{equations}s=INTEG(a,0)~~|\n", LONG)
    alone = simulate(model, method=method, stop=20)
    assert status(alone).startswith(f"not finite: '{name}' at time ")
    runs = simulate(model, method=method, stop=20, parameters={"a": [1.0, 1.0]})
    assert runs["status"].values.tolist() == [status(alone)] * 2
    assert np.isnan(runs["s"].values[:, -1]).all()


def test_floor_of_a_stock_hides_no_infinity(load_xmile):
    model = load_xmile(
        '<stock name="s"><eqn>2</eqn><outflow>f</outflow><non_negative/></stock>'
        '<flow name="f"><eqn>1/(TIME-3)^2</eqn></flow>'
    )
    run = simulate(model)
    assert status(run) == "not finite: 'f' at time 3"


@pytest.mark.parametrize(
    "equations",
    ["x=DELAY FIXED(1/(Time-3),4,0)~~|\n", "x=SAMPLE IF TRUE(Time=3,1/(Time-3),0)~~|\n"],
)
def test_value_that_is_remembered_is_watched(load, equations):
    run = simulate(load(equations + "q=1~~|\ny=MIN(x,q*Time)~~|\n", LONG), stop=20, outputs=["y"])
    assert status(run).startswith("not finite: 'x")


def test_pole_between_steps_of_rk4_is_no_failure_and_hides_none(load):
    model = load("s=INTEG(s,1)~~|\ny=1/(Time-0.5)~~|\n", LONG)
    assert status(simulate(model, method="RK4", stop=50)) == "ok"
    # R(1) = 65/24 a step: (65/24)**713 passes the largest double, six times the 712th does, too.
    assert status(simulate(model, method="RK4")) == "not finite: 's' at time 712"


@pytest.mark.parametrize("runs", [2, 33, 150])
def test_other_runs_of_a_batch_are_the_same_bits_as_without_the_failing(load, same_bits, runs):
    model = load("s=INTEG(s*a-b,1)~~|\na=1~~|\nb=0~~|\ny=LN(s)~~|\n", LONG)
    growth = np.linspace(0.0, 4.0, runs)
    growth[:: max(1, runs // 3)] = 0.01
    batch = simulate(model, parameters={"a": growth})
    ok = batch["status"].values == "ok"
    # (1 + a) ** n passes 2 ** 1024 at n = 1024 log 2 / log(1 + a).
    end = np.ceil(1024 * np.log(2) / np.log1p(np.maximum(growth, 1e-9)))
    np.testing.assert_array_equal(ok, end > 1000)
    words = [f"not finite: 's' at time {n:g}" if n <= 1000 else "ok" for n in end]
    assert batch["status"].values.tolist() == words
    assert np.isnan(batch["s"].values[~ok, -1]).all()
    without = simulate(model, parameters={"a": growth[ok]})
    for name in ("s", "y"):
        assert same_bits(batch[name].values[ok], without[name])
    failed = int(np.flatnonzero(~ok)[0]) if not ok.all() else 0
    alone = simulate(model, parameters={"a": growth[failed]})
    assert same_bits(batch["s"].values[failed], alone["s"])


def test_thousands_of_failing_runs_take_seconds(load):
    model = load("s=INTEG(s*a,1)~~|\na=1~~|\n", LONG)
    begun = time.monotonic()
    result = run_plain(model, parameters={"a": np.linspace(1.1, 5, 4000)}, outputs=["s"])
    assert len(result.failures) == 4000
    assert time.monotonic() - begun < 20
    assert result.failures[17].run == 17


def test_library_model_fails_in_words_too():
    model = load_model("migration_policy")
    runs = simulate(model, parameters={"life expectancy": [75.0, 1e-300]}, outputs=["natives"])
    assert runs["status"].values[0] == "ok"
    assert runs["status"].values[1].startswith("not finite: '")
    assert np.isfinite(runs["natives"].values[0]).all()


NAMES = (
    "status", "run", "printf", "malloc", "free", "exp", "step", "note", "k", "out", "failed",
    "first", "last", "memcpy", "llvm.fma.f64", "table.0", "entry", "main", "sin", "doubt",
)  # fmt: skip


def test_no_name_of_a_variable_clashes_with_anything(load):
    quoted = [f'"{name}"' for name in NAMES]
    lines = [f"{name}={number}+p~~|\n" for number, name in enumerate(quoted)]
    lines += [f"S{number}=INTEG({name}+SIN(0*Time),0)~~|\n" for number, name in enumerate(quoted)]
    model = load("p=1~~|\n" + "".join(lines), LONG)
    runs = simulate(model, stop=3, parameters={"p": [1.0, 2.0]})
    for number, name in enumerate(NAMES):
        shown = f"{name}_" if name in ("status", "run") else name
        np.testing.assert_array_equal(runs[shown].values[:, -1], [number + 1, number + 2])
        np.testing.assert_array_equal(runs[f"S{number}"].values[1], (number + 2) * np.arange(4.0))
    assert runs["status"].dims == ("run",)
