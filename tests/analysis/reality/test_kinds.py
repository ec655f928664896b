"""Each kind of statement accepts a model that meets it and refuses one that does not.

The model of two places has closed forms: with pull p and push q, here(t) = H + (100 - H)
exp(-(p + q) t), H = 1000 p / (p + q).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TWO_PLACES = Path(__file__).with_name("two_places.mdl").read_text(encoding="utf-8")

LEAKING = TWO_PLACES.replace("departures - arrivals,", "0.999 * departures - arrivals,")
CLOSED = "1000 * pull / (pull + push) * (1 - EXP(-(pull + push) * Time)) + 100 * EXP(-(pull + push) * Time)"  # noqa: E501
MET, NOT_MET = "pass", "not met"


def number(verdict, place=0):
    return verdict.figures[place].low, verdict.figures[place].high


# What is conserved --------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "status"), [(TWO_PLACES, MET), (LEAKING, NOT_MET)])
def test_conservation_accepts_a_closed_account_and_refuses_a_leak(judged, text, status):
    body = 'of = "here + away"\nrate = "0"\nover = { draws = { runs = 20, ends = 0.5 } }'
    verdict = judged("conservation", body, text)
    assert verdict.status == status
    # A thousandth of the departures, 0.2 of here at most, of 1000 people.
    assert number(verdict)[0] < (1e-12 if status == MET else 2e-4)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rates=st.lists(st.floats(0.01, 0.2), min_size=3, max_size=3),
    leak=st.sampled_from([0.0, 1e-6]),
)
def test_conservation_finds_a_leak_of_a_millionth_in_a_ring_of_stocks(judged, rates, leak):
    a, b, c = (round(rate, 4) for rate in rates)
    ring = (
        "{UTF-8}\n"
        f"x = INTEG(w - u, 5) ~ m ~ |\ny = INTEG(u - v, 7) ~ m ~ |\n"
        f"z = INTEG(v - w * (1 + {leak}), 9) ~ m ~ |\n"
        f"u = x * {a} ~ m/year ~ |\nv = y * {b} ~ m/year ~ |\nw = z * {c} ~ m/year ~ |\n"
    )
    verdict = judged("conservation", 'of = "x + y + z"\nrate = "0"\ntolerance = 1e-11', ring)
    assert (verdict.status == MET) == (leak == 0.0)


def test_an_identity_is_judged_by_its_largest_error_relative_to_its_scale(judged):
    body = """
[[check.equal]]
left = "here + away"
right = "1000"
[[check.equal]]
left = "here"
right = "1.001 * here"
scale = "here + away"
"""
    verdict = judged("identity", body + "[check.over]\nscenarios = false")
    assert verdict.status == NOT_MET
    assert verdict.figures[0].met
    assert not verdict.figures[1].met
    # here grows from 100 towards 1000 * 0.02 / 0.07 = 285.7; Euler, dt 1, after 10 years.
    here = 2000 / 7 + (100 - 2000 / 7) * 0.93**10
    assert number(verdict, 1)[0] == pytest.approx(0.001 * here / 1000, rel=1e-9)


@pytest.mark.parametrize(("right", "status"), [(CLOSED, MET), (CLOSED + " + 0.01", NOT_MET)])
def test_a_closed_form_is_met_by_a_fourth_order_method(judged, right, status):
    body = f"""
tolerance = 1e-6
[check.run]
method = "RK4"
dt = 0.25
saveper = 1
vary = {{ "pull" = [0, 0.02, 0.1], "push" = [0.01, 0.2] }}
[[check.equal]]
left = "here"
right = "{right}"
"""
    assert judged("closed form", body).status == status


# Bounds and signs ---------------------------------------------------------------------------------


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ceiling=st.floats(50, 900))
def test_a_bound_finds_a_violation_where_there_is_one(judged, ceiling):
    # The largest value of here over the range of pull and push is that of pull 0.1, push 0.01,
    # which a batch with every value on an end of its range contains.
    over = "[check.over]\ndraws = { runs = 64, ends = 1 }"
    verdict = judged("bound", f'{over}\n[[check.bounds]]\nof = "here"\nbelow = {ceiling}')
    top = 10000 / 11 + (100 - 10000 / 11) * 0.89**10
    assert (verdict.status == MET) == (top < ceiling)
    assert number(verdict)[1] == pytest.approx(top, rel=1e-9)


def test_a_sign_is_that_of_every_step_along_the_grid(judged):
    body = """
measure = { of = "here" }
vary = { "pull" = [0, 0.02, 0.1], "push" = [0.01, 0.05, 0.2] }
effect = { "pull" = "EFFECT", "push" = "lowers" }
"""
    assert judged("sign", body.replace("EFFECT", "raises")).status == MET
    refused = judged("sign", body.replace("EFFECT", "never raises"))
    assert refused.status == NOT_MET
    assert "6 of 6 steps have another sign" in refused.figures[0].where


def test_signs_of_effects_are_stable_where_an_effect_is_monotone_and_not_at_a_turn(judged):
    body = 'measure = { of = "here" }'
    assert judged("stable signs", body).status == MET
    # (pull - 0.02)^2 has its lowest point at the default: raising and lowering both raise it.
    turning = TWO_PLACES.replace("away * pull", "away * (0.01 + 100 * (pull - 0.02) ^ 2)")
    refused = judged("stable signs", body, turning)
    assert refused.status == NOT_MET
    assert refused.figures[0].where == "pull"


# What lasts ---------------------------------------------------------------------------------------

SHOCK = """
of = "here"
from = 40
gap = GAP
run = { stop = 60 }
[check.runs.shocked]
set = { "pull" = { value = 0.1, from = 2, to = 6 } }
[check.runs.calm]
"""


@pytest.mark.parametrize(
    ("kind", "gap", "status"),
    [("converge", 30, MET), ("converge", 1e-3, NOT_MET), ("stay apart", 1, MET),
     ("stay apart", 50, NOT_MET)],
)  # fmt: skip
def test_a_shock_fades_at_the_rate_of_the_closed_form(judged, kind, gap, status):
    # After the shock the gap falls by 0.93 a year.
    verdict = judged(kind, SHOCK.replace("GAP", str(gap)))
    assert verdict.status == status
    low, high = number(verdict)
    assert low / high == pytest.approx(0.93**20, rel=1e-6)


def test_an_equilibrium_stays_and_another_start_does_not(judged):
    still = TWO_PLACES.replace("departures, 100", "departures, 200").replace(
        "arrivals, 900", "arrivals, 500"
    )
    assert judged("equilibrium", "", still).status == MET  # 500 * 0.02 = 200 * 0.05
    assert judged("equilibrium", "").status == NOT_MET


SIZED = TWO_PLACES.replace("departures, 100", "departures, size").replace(
    "arrivals, 900", "arrivals, 9 * size"
) + "size = 100 ~ people [0,1000] ~ |\nshare = here / (here + away) ~ dmnl ~ |\n"  # fmt: skip


def test_scaling_follows_the_unit_and_finds_what_does_not_follow(judged):
    body = 'scaled = ["size"]\nfactor = 10\nunit = "people"'
    assert judged("scaling", body, SIZED).status == MET
    stubborn = SIZED.replace("here * push", "here * push + 1")
    refused = judged("scaling", body, stubborn)
    assert refused.status == NOT_MET
    assert not refused.figures[0].met


# Numerics -----------------------------------------------------------------------------------------


def test_runs_repeat_to_the_last_bit(judged):
    assert judged("repeatability", "").status == MET


def test_the_step_error_is_that_of_the_closed_form(judged):
    verdict = judged("step", "tolerance = 0.01\norder = 0.1")
    euler, half = (2000 / 7 + (100 - 2000 / 7) * (1 - 0.07 * dt) ** (10 / dt) for dt in (1, 0.5))
    assert verdict.status == MET
    assert number(verdict)[0] == pytest.approx(abs(euler - half) / euler, rel=1e-6)
    low, high = number(verdict, 1)
    assert 1.9 < low <= high < 2.1
    assert judged("step", "tolerance = 1e-4").status == NOT_MET


# What the files show ------------------------------------------------------------------------------


def test_levers_must_be_neutral_connected_and_there(judged):
    assert judged("levers", 'prefix = "lever "\nneeded = ["lever gate"]').status == MET
    idle = TWO_PLACES.replace("lever gate", "lever wind").replace("(1 - lever wind)", "1")
    idle += "lever door = 0.5 ~ dmnl [0,1] ~ |\n"
    verdict = judged("levers", 'prefix = "lever "\nneeded = ["lever gate"]', idle)
    assert [(figure.met, figure.where) for figure in verdict.figures] == [
        (False, "lever door is 0.5"),
        (False, "lever wind; lever door"),
        (False, "lever gate"),
    ]


def test_units_and_outflows_are_looked_at(judged):
    assert judged("units", "").status == MET
    assert judged("units", "", TWO_PLACES.replace("= here * push", "= here")).status == NOT_MET
    of = 'of = ["here", "away"]'
    assert judged("first-order outflows", of).status == MET
    fixed = TWO_PLACES.replace("= here * push", "= 5 + 0 * push")
    assert judged("first-order outflows", of, fixed).status == NOT_MET


ROW = '[[parameter]]\nname = "{}"\nunit = "{}"\ndefault = {}\nrange = [{}, {}]\nsource = "{}"\n'


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("push", "1/year", 0.05, 0.01, 0.2, "a survey"), ""),
        (("push", "1/year", 0.05, 0.01, 0.2, ""), "'push' has no source"),
        (("push", "1/year", 0.06, 0.01, 0.2, "x"), "'push' is 0.05 in the model and 0.06 in"),
        (("push", "1/year", 0.05, 0.06, 0.2, "x"), "'push' has a default outside its range"),
        (("push", "year", 0.05, 0.01, 0.2, "x"), "'push' is in '1/year' in the model and in"),
        (("shove", "1/year", 0.05, 0.01, 0.2, "x"), "'push' has no row; 'shove' is no constant"),
    ],
)
def test_a_constant_needs_a_row_that_agrees_with_the_model(judged, row, told):
    rows = [("pull", "1/year", 0.02, 0, 0.1, "x"), ("lever gate", "dmnl", 0, 0, 1, "x"), row]
    table = "".join(ROW.format(*one) for one in rows)
    verdict = judged("documented parameters", "", parameters=table)
    assert told in verdict.figures[0].where
    assert verdict.status == (NOT_MET if told else MET)


LOOPS = """
[[loop]]
id = "B1"
name = "return"
path = ["here", "departures"]
polarity = "POLARITY"
[loop.switch]
"push" = 0
"""


def test_named_loops_must_be_found_with_their_polarity(judged):
    right, wrong = LOOPS.replace("POLARITY", "B"), LOOPS.replace("POLARITY", "R")
    assert judged("named loops", 'loops = ["B1"]', loops=right).status == MET
    assert judged("named loops", 'loops = ["B9"]', loops=right).status == NOT_MET
    refused = judged("named loops", "", loops=wrong.replace('"B1"', '"R1"'))
    assert refused.status == NOT_MET
    assert "R1: stated R, found B" in refused.figures[0].where


CUT = """
[[check.cut]]
loop = "B1"
[check.cut.expected]
says = "growth slows down"
of = "here"
take = "largest step"
from = FROM
below = 18
"""


def test_a_behaviour_must_go_with_its_loop(judged):
    # Net growth in year t is 18 - 5 = 13 at the start; without departures 900 * 0.02 = 18 then.
    loops = LOOPS.replace("POLARITY", "B")
    verdict = judged("knock-out", CUT.replace("FROM", "0"), loops=loops)
    assert verdict.status == MET
    assert [number(verdict, place)[1] for place in (0, 1)] == pytest.approx([13, 18])
    # Later arrivals have fallen below 18 anyway.
    assert judged("knock-out", CUT.replace("FROM", "5"), loops=loops).status == NOT_MET


def test_a_mode_that_is_not_listed_is_a_surprise(judged):
    body = """
of = ["here"]
listed = LISTED
draws = { runs = 50, ranges = { "push" = [0.1, 0.2] } }
run = { set = { "pull" = 0.1 } }
"""
    assert judged("modes", body.replace("LISTED", '["saturating growth"]')).status == MET
    surprise = judged("modes", body.replace("LISTED", '["oscillation"]'))
    assert surprise.status == NOT_MET
    assert surprise.figures[0].says == "here: saturating growth"
    assert number(surprise) == (100.0, 100.0)


def test_the_period_of_a_harmonic_oscillator_is_two_pi_over_omega(judged):
    # x'' = -k x, so omega = sqrt(k); RK4 at a fortieth of the shortest period.
    spring = (
        "{UTF-8}\nx = INTEG(v, 1) ~ m ~ |\nv = INTEG(-k * x, 0) ~ m/year ~ |\n"
        "k = 1 ~ 1/(year*year) [0.1,10] ~ |\n"
    )
    for k in (0.25, 1.0, 4.0):
        body = f"""
[check.run]
stop = 100
dt = 0.0625
method = "RK4"
set = {{ "k" = {k} }}
[[check.expected]]
says = "period"
of = "x"
take = "period"
equals = {2 * np.pi / k**0.5}
tolerance = {0.01 * 2 * np.pi / k**0.5}
"""
        verdict = judged("window", body, spring)
        assert verdict.status == MET, k
        assert verdict.figures[0].unit == "year"
