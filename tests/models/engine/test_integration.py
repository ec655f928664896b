"""Integration against closed forms, orders of convergence, scipy and finite differences."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from loopscope.models import simulate
from loopscope.models.errors import RunError

CLOCK = "\nINITIAL TIME=0~~|\nFINAL TIME=4~~|\nTIME STEP=0.125~~|\nSAVEPER=0.5~~|\n"
ADAPTIVE = ("LSODA", "Radau")
ROOT = 2 * (2**0.5 - np.log(1 + 2**0.5))
ORDER = {"Euler": 1, "RK4": 4}
LOGISTIC = "x=INTEG(r*x*(1-x/k),1)~~|\nr=1.5~~|\nk=10~~|\n"
SPRING = "x=INTEG(v,1)~~|\nv=INTEG(-w*w*x,0)~~|\nw=2~~|\n"


def logistic(times, r=1.5, k=10.0, start=1.0):
    return k / (1 + (k / start - 1) * np.exp(-r * times))


@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_exponential_decay_is_the_power_of_the_stability_function(load, method):
    # One step multiplies x by R(z), z = -a dt: 1 + z for Euler, the series to z**4/24 for RK4.
    model = load("x=INTEG(-a*x,3)~~|\na=0.8~~|\n", CLOCK)
    run = simulate(model, method=method, saveper=0.125)
    z = -0.8 * 0.125
    factor = sum(z**n / math.factorial(n) for n in range(ORDER[method] + 1))
    np.testing.assert_allclose(run["x"], 3 * factor ** np.arange(33), rtol=1e-13)


@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_error_of_logistic_growth_falls_with_the_order_of_the_method(load, method):
    model = load(LOGISTIC, CLOCK)
    steps = np.array([1 / 16, 1 / 32, 1 / 64, 1 / 128])
    errors = []
    for dt in steps:
        run = simulate(model, method=method, dt=dt, outputs=["x"])
        errors.append(np.abs(run["x"].values - logistic(run["time"].values)).max())
    order = np.diff(np.log(errors)) / np.diff(np.log(steps))
    np.testing.assert_allclose(order, ORDER[method], atol=0.12)


@pytest.mark.parametrize("method", ADAPTIVE)
@pytest.mark.parametrize("model", [LOGISTIC, SPRING])
def test_adaptive_solvers_meet_closed_forms(load, method, model):
    run = simulate(load(model, CLOCK), method=method)
    times = run["time"].values
    expected = logistic(times) if model is LOGISTIC else np.cos(2 * times)
    np.testing.assert_allclose(run["x"], expected, atol=2e-7)
    assert run.attrs["method"] == method


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_coupled_states_move_together_in_every_file_order(load, order):
    # x' = y, y' = z, z' = -x from (1, 0, 0); z's own rate reads only x, which reads only y.
    lines = ["x=INTEG(y,1)~~|\n", "y=INTEG(z,0)~~|\n", "z=INTEG(-x,0)~~|\n"]
    model = load("".join(lines[place] for place in order), CLOCK)
    matrix = np.eye(3) + 0.125 * np.array([[0, 1, 0], [0, 0, 1], [-1, 0, 0]])
    expected = np.linalg.matrix_power(matrix, 32) @ [1, 0, 0]
    run = simulate(model, method="Euler")
    np.testing.assert_allclose([run[name].values[-1] for name in "xyz"], expected, rtol=1e-12)
    fine = simulate(model, method="RK4", dt=1 / 64)
    exact = expm(4 * np.array([[0, 1, 0], [0, 0, 1], [-1, 0, 0]]))[:, 0]
    found = [fine[name].values[-1] for name in "xyz"]
    np.testing.assert_allclose(found, exact, atol=1e-8)


def test_forcing_by_time_is_read_at_the_stages_of_rk4(load):
    # x' = 4 t**3: Simpson's rule, which RK4 becomes, is exact; Euler adds the left ends.
    model = load("x=INTEG(4*Time^3,0)~~|\ny=INTEG(a,0)~~|\na=0~~|\n", CLOCK)
    ramp = {"times": [0, 4], "values": [0, 8]}
    run = simulate(model, method="RK4", parameters={"a": ramp})
    times = run["time"].values
    np.testing.assert_allclose(run["x"], times**4, rtol=1e-14)
    np.testing.assert_allclose(run["y"], times**2, rtol=1e-14)
    left = simulate(model, method="Euler", parameters={"a": ramp})
    at = np.arange(0, 4, 0.125)
    assert left["x"].values[-1] == pytest.approx(0.125 * np.sum(4 * at**3), rel=1e-13)
    assert left["y"].values[-1] == pytest.approx(0.125 * np.sum(2 * at), rel=1e-13)


@pytest.mark.parametrize("method", ADAPTIVE)
def test_robertsons_stiff_reactions_agree_with_scipys_own_formulas(load, method):
    model = load(
        "a=INTEG(-0.04*a+1e4*b*c,1)~~|\n"
        "b=INTEG(0.04*a-1e4*b*c-3e7*b^2,0)~~|\n"
        "c=INTEG(3e7*b^2,0)~~|\n",
        "\nINITIAL TIME=0~~|\nFINAL TIME=400~~|\nTIME STEP=1~~|\nSAVEPER=40~~|\n",
    )
    run = simulate(model, method=method)

    def rates(_, y):
        slow, fast = 0.04 * y[0] - 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
        return [-slow, slow - fast, fast]

    wanted = solve_ivp(
        rates, (0, 400), [1, 0, 0], method="BDF", t_eval=run["time"].values, rtol=1e-10, atol=1e-14
    )
    for name, expected in zip("abc", wanted.y, strict=True):
        np.testing.assert_allclose(run[name], expected, rtol=2e-6, atol=1e-12)
    np.testing.assert_allclose(run["a"] + run["b"] + run["c"], 1, rtol=1e-9)
    # Published: y(400) = 0.4505, 3.223e-6, 0.5495 (Hindmarsh 1980, LSODE's own test problem).
    found = [float(run[name].values[-1]) for name in "abc"]
    np.testing.assert_allclose(found, [4.505e-1, 3.223e-6, 5.495e-1], rtol=2e-4)


EVENTS = (
    "x=INTEG(STEP(2,1.3)+RAMP(3,1,2.2)+4*PULSE(2.5,0.6)+a-0.5*x,0)~~|\n"
    "a=0.25~~|\nb=INITIAL(x+7)~~|\ny=x+b+STEP(1,2)~~|\nz=INTEG(DELAY3(x,1.5)-z,b)~~|\n"
)


@pytest.mark.parametrize("method", ADAPTIVE)
@pytest.mark.parametrize(
    "path",
    [
        0.25,
        {"value": 2, "from": 0.7, "to": 3.1},
        {"value": 2, "from": 0.7, "ramp": 1.1},
        {"pulse": 3, "start": 0.3, "lasts": 0.2, "every": 0.9, "until": 3},
        {"times": [0, 1.7, 2.9], "values": [1, 5, -1]},
        {"times": [0, 1.7, 2.9], "values": [1, 5, -1], "between": "step"},
    ],
)
def test_adaptive_solvers_cross_jumps_as_tiny_steps_do(load, method, path):
    model = load(EVENTS, CLOCK)
    run = simulate(model, method=method, parameters={"a": path})
    # Jumps stand on steps of 0.001, so RK4 sees each at the end of a step: first order there.
    tiny = simulate(model, method="RK4", dt=0.001, saveper=0.5, parameters={"a": path})
    for name in ("x", "z"):
        np.testing.assert_allclose(run[name], tiny[name], atol=6e-3)
    np.testing.assert_allclose(run["y"] - run["x"], 7 + (run["time"] >= 2), atol=1e-9)


@pytest.mark.parametrize(
    ("equations", "construct"),
    [
        ("x=DELAY FIXED(Time,1,0)~~|\ns=INTEG(x,0)~~|\n", "DELAY FIXED"),
        ("x=SAMPLE IF TRUE(Time>1,Time,0)~~|\ns=INTEG(x,0)~~|\n", "SAMPLE IF TRUE"),
        ("x=RANDOM UNIFORM(0,1,1)~~|\ns=INTEG(x,0)~~|\n", "a random function"),
        ("s=INTEG(RANDOM UNIFORM(0,1,1),0)~~|\n", "a random function"),
        ("s=INTEG(PULSE TRAIN(1,1,2,3),0)~~|\n", "PULSE TRAIN"),
    ],
)
def test_adaptive_solvers_refuse_what_jumps_between_steps(load, equations, construct):
    with pytest.raises(RunError, match=rf"needs a smooth model, but '.' uses {construct}.*RK4"):
        simulate(load(equations, CLOCK), method="LSODA")


@pytest.mark.parametrize("method", ADAPTIVE)
def test_adaptive_runs_hold_variables_and_differ_between_runs(load, method):
    model = load("x=INTEG(f,1)~~|\nf=-a*x+h~~|\na=1~~|\nh=2*Time~~|\nn=INTEG(x,0)~~|\n", CLOCK)
    decay = simulate(model, method=method, parameters={"a": [0.5, 2], "h": 0})
    times = decay["time"].values
    np.testing.assert_allclose(decay["x"], np.exp(-np.outer([0.5, 2], times)), atol=1e-8)
    held = simulate(model, method=method, parameters={"x": 3, "h": 1}, initial={"n": [1, 2]})
    np.testing.assert_allclose(held["n"], [1 + 3 * times, 2 + 3 * times], rtol=1e-10)
    np.testing.assert_array_equal(held["x"], 3)


@pytest.mark.parametrize("method", ADAPTIVE)
@pytest.mark.parametrize(
    ("rate", "pole"),
    [("x^2", 1.0), ("-1/x", 0.5), ("1/(2.5-Time)", 2.5), ("-1-ABS(SQRT(x+1))", ROOT)],
)
def test_adaptive_run_ends_where_the_solution_does(load, method, rate, pole):
    # x' = x**2 from 1 is 1/(1-t); x' = -1/x is sqrt(1-2t); both end there.  With u = sqrt(x+1) the
    # last is 2 u u' = -1 - u, from u = sqrt(2) to 0; it passes there, so that no rest hides it.
    run = simulate(load(f"x=INTEG({rate},1)~~|\n", CLOCK), method=method, saveper=0.125)
    assert str(run["status"].values).startswith("not finite: 'x' at time ")
    assert float(str(run["status"].values).split()[-1]) == pytest.approx(pole, abs=0.01)
    before = run["time"].values < pole - 0.01
    assert np.isfinite(run["x"].values[before]).all()
    assert np.isnan(run["x"].values[run["time"].values > pole + 0.01]).all()
    if rate == "x^2":
        np.testing.assert_allclose(run["x"].values[:8], 1 / (1 - run["time"].values[:8]), rtol=1e-6)


@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_constant_rate_adds_up_to_the_last_bit(load, method):
    run = simulate(load("x=INTEG(1,0)~~|\ny=INTEG(-3,5)~~|\n", CLOCK), method=method)
    np.testing.assert_array_equal(run["x"], run["time"])
    np.testing.assert_array_equal(run["y"], 5 - 3 * run["time"])
