"""Functions with a memory: closed forms, PySD's own numbers, names and what is refused."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy as sp

from loopscope.models import source
from loopscope.models.errors import ModelError
from loopscope.models.plain import evaluate
from loopscope.models.symbolic import symbolise

if TYPE_CHECKING:
    from loopscope.models.equations import Equations

CLOCK = "\nINITIAL TIME=0~~|\nFINAL TIME=20~~|\nTIME STEP=0.25~~|\nSAVEPER=TIME STEP~~|\n"
STEPS, DT = 80, 0.25
TIMES = np.arange(STEPS + 1) * DT


@pytest.fixture
def write_out(tmp_path):
    def read(text: str, clock: str = CLOCK) -> Equations:
        path = tmp_path / "case.mdl"
        path.write_text("{UTF-8}\n" + text + clock, encoding="utf-8")
        return symbolise(source.load(path))

    return read


def symbol(name: str) -> sp.Symbol:
    return sp.Symbol(name, real=True)


def euler(equations: Equations, *names: str) -> np.ndarray:
    """Step the equations by Euler's rule in plain floats; one column for each name."""
    now = {**equations.parameters, symbol("Time"): 0.0}
    pipes: dict[sp.Symbol, list[float]] = {}
    for one in equations.start_order:
        if one in equations.pipelines:
            pipe = equations.pipelines[one]
            now[one] = evaluate(pipe.initial, now)
            pipes[one] = [now[one]] * max(1, round(evaluate(pipe.delay, now) / DT + 1e-6))
        elif one in equations.states or one in equations.memories:
            carried = equations.states.get(one) or equations.memories[one]
            now[one] = evaluate(carried.initial, now)
        else:
            known = {**equations.auxiliaries, **equations.fixed, **equations.at_start}
            now[one] = evaluate(known[one], now)
    rows = []
    for time in TIMES:
        now[symbol("Time")] = float(time)
        for one, expression in equations.auxiliaries.items():
            now[one] = evaluate(expression, now)
        rows.append([now[symbol(name)] for name in names])
        after = {s: now[s] + DT * evaluate(x.rate, now) for s, x in equations.states.items()}
        after |= {s: evaluate(x.update, now) for s, x in equations.memories.items()}
        for one, pipe in equations.pipelines.items():
            pipes[one] = [*pipes[one][1:], evaluate(pipe.input, now)]
            after[one] = pipes[one][0]
        now |= after
    return np.array(rows)


# --- closed forms ----------------------------------------------------------------------------


def test_smooth_answers_a_step_by_one_minus_a_power(write_out):
    x = euler(write_out("x=SMOOTHI(1, 2, 0)~~|"), "x")[:, 0]
    # s' = (1 - s) / 2 by Euler: 1 - s is multiplied by 1 - dt/2 each step.
    np.testing.assert_allclose(x, 1 - (1 - DT / 2) ** np.arange(STEPS + 1), rtol=1e-12)


def test_delay3_in_balance_stays_in_balance(write_out):
    x = euler(write_out("in=4~~|x=DELAY3(in, 5)~~|"), "x")
    np.testing.assert_allclose(x, 4, rtol=1e-14)


def test_third_order_delay_answers_a_step_as_a_chain_of_three(write_out):
    x = euler(write_out("x=DELAY3I(1, 6, 0)~~|"), "x")[:, 0]
    # Three stages with q = 3 dt / 6: P(more than 2 of k steps succeed), binomial.
    q, k = 3 * DT / 6, np.arange(STEPS + 1)
    below = sum(
        np.array([math.comb(int(n), j) for n in k]) * q**j * (1 - q) ** np.maximum(k - j, 0)
        for j in range(3)
    )
    np.testing.assert_allclose(x, 1 - below, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("call", ["DELAY1I(f, t, 0)", "DELAY3I(f, t, 0)", "DELAY N(f, t, 0, 4)"])
def test_a_material_delay_conserves_what_flows_through_while_its_time_changes(write_out, call):
    equations = write_out(f"f=PULSE(1,2)*3~~|t=2+STEP(2,3)~~|x={call}~~|")
    columns = euler(equations, "f", "x")
    held = [s.name for s in equations.states]
    inside = euler(equations, *held)[-1].sum()
    into, out = columns[:-1].sum(axis=0) * DT
    assert into == pytest.approx(6.0)
    assert into == pytest.approx(out + inside, rel=1e-12)


def test_delay_fixed_is_the_input_of_some_steps_ago(write_out):
    x = euler(write_out("x=DELAY FIXED(Time^2, 3, -7)~~|"), "x")[:, 0]
    np.testing.assert_allclose(x, np.where(TIMES < 3, -7, (TIMES - 3) ** 2), atol=1e-12)


def test_trend_of_exponential_growth_is_its_rate(write_out):
    # x grows by g dt each step; so does the average, which is then x / (1 + g T) throughout.
    y = euler(
        write_out("x=INTEG(0.04*x, 5)~~|y=TREND(x, 3, 0.04)~~|z=FORECAST(x,3,7)~~|"), "x", "y", "z"
    )
    np.testing.assert_allclose(y[:, 1], 0.04, rtol=1e-10)
    # FORECAST starts with no trend and finds the same one: x (1 + 0.04 * 7) in the long run.
    assert y[0, 2] == pytest.approx(y[0, 0])
    assert y[-1, 2] / y[-1, 0] == pytest.approx(1.28, rel=0.01)


def test_sample_if_true_holds_the_last_sample(write_out):
    x = euler(write_out("x=SAMPLE IF TRUE(MODULO(Time,5)=0, Time+1, 99)~~|"), "x")[:, 0]
    np.testing.assert_allclose(x, 5 * np.floor(TIMES / 5) + 1)


def test_initial_stays_what_it_was(write_out):
    x = euler(write_out("a=Time+3~~|b=INITIAL(a*2)~~|x=a+INITIAL(a)~~|"), "b", "x")
    np.testing.assert_allclose(x[:, 0], 6)
    np.testing.assert_allclose(x[:, 1], TIMES + 6)


def test_active_initial_rules_start_values_only(write_out):
    equations = write_out("a=ACTIVE INITIAL(Time+1, 40)~~|s=INTEG(0, a)~~|")
    assert equations.at_start == {symbol("a"): 40}
    x = euler(equations, "a", "s")
    np.testing.assert_allclose(x[:, 0], TIMES + 1)
    np.testing.assert_allclose(x[:, 1], 40)


# --- PySD, an independent program ------------------------------------------------------------

NESTED = """
drive=10+STEP(5,4)+RAMP(0.5,6,12)~~|
tau=2+STEP(1,8)~~|
one=DELAY1(drive, tau)~~|
three=DELAY3I(drive, 4, 7)~~|
four=DELAY N(drive, 5, 8, 4)~~|
fixed=DELAY FIXED(drive, 3.4, 6)~~|
soft=SMOOTH3I(drive, tau, 2)~~|
softn=SMOOTH N(drive, 4, 3, 5)~~|
nested=2*SMOOTH(DELAY1(drive,3)+SMOOTHI(one,2,1), 4) - DELAY3(SMOOTH(drive,2),3)~~|
slope=TREND(drive, 4, 0.1)~~|
ahead=FORECAST(drive, 4, 6)~~|
held=SAMPLE IF TRUE(drive>15, drive*2, 3)+1~~|
begin=INITIAL(drive+tau)+drive~~|
"""


def test_every_function_with_a_memory_gives_pysds_numbers(write_out, tmp_path):
    columns = [line.partition("=")[0] for line in NESTED.split("\n") if line]
    ours = euler(write_out(NESTED), *columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        theirs = pysd.read_vensim(str(tmp_path / "case.mdl")).run(return_columns=columns)
    np.testing.assert_allclose(ours, theirs[columns].to_numpy(float), rtol=1e-10, atol=1e-10)


# --- names, orders, refusals -----------------------------------------------------------------


def test_hidden_names_say_what_they_belong_to(write_out):
    equations = write_out(
        "visa grants=DELAY3(1,4) + DELAY1(2,3)~~|x=SMOOTH(1,2)*TREND(2,3,4)~~|"
        "y=1+INITIAL(Time)+DELAY FIXED(2,3,4)+SAMPLE IF TRUE(1,2,3)~~|"
    )
    assert equations.hidden == {
        "visa grants delay 1": "visa grants",
        "visa grants delay 2": "visa grants",
        "visa grants delay 3": "visa grants",
        "visa grants delay 1 (2)": "visa grants",
        "x smooth 1": "x",
        "x average": "x",
        "y initial": "y",
        "y delay 1": "y",
        "y sample": "y",
    }
    assert {state.construct for state in equations.states.values()} == {
        "DELAY3", "DELAY1", "SMOOTH", "TREND",
    }  # fmt: skip


def test_a_hidden_name_gives_way_to_an_authored_one(write_out):
    equations = write_out("x=SMOOTH(Time,2)~~|X Smooth_1=7~~|")
    assert list(equations.hidden) == ["x smooth 1 (2)"]


def test_equal_calls_in_one_equation_share_their_states(write_out):
    assert len(write_out("x=SMOOTH(Time,2)+SMOOTH(Time,2)^2~~|").states) == 1


def test_an_equation_that_is_only_initial_is_a_fixed_value(write_out):
    equations = write_out("a=Time+3~~|b=INITIAL(a)~~|")
    assert equations.fixed == {symbol("b"): symbol("a")}
    assert symbol("b") not in equations.auxiliaries


def test_an_order_from_parameters_marks_them_as_structural(write_out):
    equations = write_out("half=2~~|n=half*2~~|x=DELAY N(Time, 9, 0, n)~~|")
    assert len(equations.states) == 4
    assert equations.structural == {"half": "order of DELAY N in 'x'"}


def test_an_order_is_what_it_is_at_the_start(write_out):
    assert len(write_out("n=2+STEP(1,10)~~|x=SMOOTH N(Time, 9, 0, n)~~|").states) == 2


def test_delay_n_is_cut_to_stages_of_a_time_step(write_out):
    # Vensim Reference Manual, DELAY N: the order is reduced until order * TIME STEP fits.
    equations = write_out("t=1~~|x=DELAY N(Time, t, 0, 9)~~|")
    assert len(equations.states) == 4
    assert set(equations.structural) == {"t", "TIME STEP"}


def test_delay3_keeps_its_order_however_short_its_time(write_out):
    # Canonical Vensim output of SDXorg test-models, tests/arguments (time step 1, delay time 2).
    clock = CLOCK.replace("0.25", "1")
    equations = write_out("x=DELAY3(Time, 2)~~|", clock)
    assert len(equations.states) == 3


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("Time+s", "is a variable; it must be a constant whole number"),
        ("2.5", "is 2.5"),
        ("0", "is 0"),
        ("-3", "is -3"),
        ("1e9", r"is 1e\+09; it must be a constant whole number from 1 to 1000"),
        ("RANDOM 0 1()", "is a variable"),
    ],
)
def test_an_order_that_is_no_constant_whole_number_is_refused(write_out, order, message):
    with pytest.raises(ModelError, match=message):
        write_out(f"s=INTEG(1,1)~~|x=DELAY N(Time, 9, 0, {order})~~|")


def test_an_integral_inside_an_expression_is_a_state(tmp_path):
    path = tmp_path / "case.mdl"
    path.write_text("{UTF-8}\nx=3+INTEG(2, 5)~~|" + CLOCK)
    equations = symbolise(source.load(path))
    np.testing.assert_allclose(euler(equations, "x")[:, 0], 8 + 2 * TIMES)
