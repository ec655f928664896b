"""What is carried between steps, against numpy and closed forms, alone and in batches."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope.models import simulate
from loopscope.models.errors import RunError

DT = 0.25
CLOCK = f"\nINITIAL TIME=0~~|\nFINAL TIME=10~~|\nTIME STEP={DT}~~|\nSAVEPER={DT}~~|\n"
TIMES = np.arange(41) * DT


def shifted(values, delay: float, before: float) -> np.ndarray:
    steps = max(1, int(np.floor(delay / DT + 0.5)))
    return np.concatenate([np.full(min(steps, 41), before), values[: max(0, 41 - steps)]])


@pytest.mark.parametrize("method", ["Euler", "RK4"])
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.25, 0.3, 1.0, 2.6, 9.9, 10.0, 50.0, 1e300])
def test_pipeline_gives_the_input_of_so_many_steps_ago(load, method, delay):
    model = load("x=DELAY FIXED(Time^2+1, d, -3)~~|\nd=1~~|\n", CLOCK)
    run = simulate(model, parameters={"d": delay}, method=method)
    np.testing.assert_array_equal(run["x"], shifted(TIMES**2 + 1, delay, -3.0))


@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_pipelines_of_different_length_run_side_by_side(load, method):
    model = load("x=DELAY FIXED(a*Time, d, a)~~|\nd=1~~|\na=1~~|\ns=INTEG(x,0)~~|\n", CLOCK)
    delays = np.linspace(0, 12, 45)
    runs = simulate(model, parameters={"d": delays, "a": delays + 1}, method=method)
    for number, delay in enumerate(delays):
        factor = delay + 1
        expected = shifted(factor * TIMES, delay, factor)
        np.testing.assert_array_equal(runs["x"].values[number], expected)
        if method == "Euler":
            course = DT * (np.cumsum(expected) - expected)
            np.testing.assert_allclose(runs["s"].values[number], course, rtol=1e-12, atol=1e-12)


def test_pipeline_of_a_state_reads_it_before_it_moves_in_any_order(load):
    for lines in (
        "x=DELAY FIXED(s,0.5,0)~~|\ns=INTEG(1,0)~~|\n",
        "s=INTEG(1,0)~~|\nx=DELAY FIXED(s,0.5,0)~~|\n",
        "s=INTEG(1,0)~~|\ny=DELAY FIXED(s,0.25,0)~~|\nx=DELAY FIXED(y,0.25,0)~~|\n",
    ):
        run = simulate(load(lines, CLOCK))
        np.testing.assert_array_equal(run["x"], np.maximum(TIMES - 0.5, 0))


def test_length_of_a_pipeline_is_read_once_at_the_start(load):
    run = simulate(load("x=DELAY FIXED(Time, 1+Time, 0)~~|\n", CLOCK))
    np.testing.assert_array_equal(run["x"], np.maximum(TIMES - 1, 0))


@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_sample_holds_the_last_value_for_which_the_condition_held(load, method):
    model = load("x=SAMPLE IF TRUE(MODULO(Time,p)=0, Time*10, -1)~~|\np=1~~|\n", CLOCK)
    runs = simulate(model, parameters={"p": [1, 2.5, 40]}, method=method)
    for number, period in enumerate([1, 2.5, 40]):
        expected = 10 * period * np.floor(TIMES / period)
        np.testing.assert_array_equal(runs["x"].values[number], expected)
    late = simulate(load("x=SAMPLE IF TRUE(Time>3, Time, -1)~~|\n", CLOCK), method=method)
    np.testing.assert_array_equal(late["x"], np.where(TIMES > 3, TIMES, -1))


@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_stock_that_may_not_go_negative_stays_at_zero(load_xmile, method):
    model = load_xmile(
        '<stock name="s"><eqn>2</eqn><outflow>f</outflow><non_negative/></stock>'
        '<flow name="f"><eqn>IF TIME &lt; 6 THEN drain ELSE -1</eqn></flow>'
        '<aux name="drain"><eqn>1</eqn></aux>'
    )
    runs = simulate(model, parameters={"drain": [1.0, 0.3, 0.0]}, outputs=["s"], method=method)
    times = runs["time"].values
    for number, drain in enumerate([1.0, 0.3, 0.0]):
        down = np.maximum(2 - drain * times, 0)
        expected = np.where(times <= 6, down, max(0, 2 - 6 * drain) + times - 6)
        # RK4 weighs the flow of both sides of the switch within one step.
        near = 1e-12 if method == "Euler" else 0.26
        np.testing.assert_allclose(runs["s"].values[number], expected, atol=near)


def test_material_delay_of_order_n_is_a_chain_of_stages(load):
    # Euler on n stages of length T/n, filled for an outflow of 5: held' = rates held + inflow.
    for order, name in ((1, "DELAY1"), (3, "DELAY3")):
        model = load(f"x={name}I(6,T,5)~~|\nT=4~~|\n", CLOCK)
        run = simulate(model, parameters={"T": [2.0, 4.0]})
        for number, length in enumerate([2.0, 4.0]):
            stage = length / order
            rates = (np.eye(order, k=-1) - np.eye(order)) / stage
            held = np.full(order, 5 * stage)
            for step in range(41):
                assert run["x"].values[number, step] == pytest.approx(held[-1] / stage, rel=1e-12)
                held = held + DT * (rates @ held + 6 * np.eye(order)[0])


def test_delay_n_of_a_batch_is_delay_n_alone(load, same_bits):
    model = load("x=DELAY N(Time, T, 2, 3)~~|\nT=4~~|\n", CLOCK)
    runs = simulate(model, parameters={"T": [3.0, 4.0, 7.5]}, outputs=["x"])
    for number, length in enumerate([3.0, 4.0, 7.5]):
        alone = simulate(model, parameters={"T": length}, outputs=["x"])
        assert same_bits(runs["x"].values[number], alone["x"].values)
    assert runs["x"].values[0, 0] == 2.0


def test_order_that_was_cut_keeps_its_time_and_step(load):
    model = load("x=DELAY N(Time, T, 2, 8)~~|\nT=1~~|\n", CLOCK)
    with pytest.raises(RunError, match="'T' cannot be overridden: order of DELAY N in 'x', cut"):
        simulate(model, parameters={"T": 4.0})
    with pytest.raises(RunError, match=r"dt \('TIME STEP'\) cannot be changed: order of DELAY N"):
        simulate(model, dt=0.125)
    assert simulate(model, dt=DT)["x"].values[0] == 2.0


def test_trend_of_exponential_growth_is_its_rate(load):
    # TREND settles at g / (1 + g T) of the averaged input: x' / (T A) with A = x / (1 + g T).
    model = load("x=EXP(g*Time)~~|\ng=0.05~~|\ny=TREND(x,2,g)~~|\n", CLOCK)
    run = simulate(model, dt=1 / 256, saveper=1, parameters={"g": [0.05, 0.2]})
    for number, growth in enumerate([0.05, 0.2]):
        np.testing.assert_allclose(run["y"].values[number], growth, rtol=2e-3)


def test_forecast_of_steady_growth_looks_that_far_ahead(load):
    model = load("x=EXP(g*Time)~~|\ng=0.05~~|\ny=FORECAST(x,2,h)~~|\nh=3~~|\n", CLOCK)
    run = simulate(model, dt=1 / 256, saveper=1, parameters={"h": [0.0, 3.0]})
    growth = np.exp(0.05 * run["time"].values)
    np.testing.assert_allclose(run["y"].values[0], growth, rtol=1e-12)
    # The average begins at the input and forgets that within a few averaging times.
    late = run["y"].values[1, -1]
    assert late == pytest.approx(growth[-1] * (1 + 0.05 * 3), rel=1e-3)


def test_active_initial_is_used_for_start_values_only(load, same_bits):
    model = load(
        "s=INTEG(-s/5, y*a)~~|\ny=ACTIVE INITIAL(s*2, 7)~~|\na=1~~|\nz=INITIAL(y+1)~~|\n", CLOCK
    )
    runs = simulate(model, parameters={"a": [1.0, 3.0]})
    np.testing.assert_array_equal(runs["s"].values[:, 0], [7, 21])
    np.testing.assert_array_equal(runs["y"], 2 * runs["s"])
    np.testing.assert_array_equal(runs["z"], 8)
    alone = simulate(model, parameters={"a": 3.0})
    assert same_bits(runs["s"].values[1], alone["s"].values)


def test_initial_keeps_what_a_run_began_with(load):
    model = load("s=INTEG(a,4)~~|\na=1~~|\ny=s/INITIAL(s)~~|\nz=INITIAL(a*s)~~|\n", CLOCK)
    runs = simulate(model, parameters={"a": [1.0, 2.0]}, initial={"s": [4.0, 8.0]})
    np.testing.assert_allclose(runs["y"].values, [1 + TIMES / 4, 1 + TIMES / 4], rtol=1e-14)
    np.testing.assert_array_equal(runs["z"].values[:, -1], [4, 16])


def test_chain_of_hundreds_of_variables_before_initial_is_no_matter(load):
    lines = "x0=2~~|\n" + "".join(f"x{n}=x{n - 1}+Time+1~~|\n" for n in range(1, 600))
    run = simulate(load(lines + "y=INITIAL(x599)~~|\n", CLOCK), outputs=["y"], stop=1)
    np.testing.assert_array_equal(run["y"], 601)
