"""What must hold in the migration policy model whatever the settings."""

from __future__ import annotations

import tomllib
from functools import cache

import numpy as np
import pytest

from loopscope import models
from loopscope.models.source import LIBRARY

FOLDER = LIBRARY / "migration_policy"
SCENARIOS = list(models.scenarios(FOLDER / "model.mdl"))
PLACES = ["natives", "legal migrants", "second generation", "irregular migrants", "origin pool"]
# Stocks of people that are empty while their part of the model is off.
OPTIONAL = ["coethnics abroad", "transit migrants"]
QUEUE = ["waiting applications"]
AGES = [f"{who} {age}" for who in ("born here", "migrants")
        for age in ("under 20", "20 to 64", "65 to 74", "75 and over")]  # fmt: skip
BIRTHS = [
    "births to natives", "births to legal migrants", "births to second generation",
    "births to irregular migrants", "births in origin pool", "births to coethnics",
]  # fmt: skip
DEATHS = [
    "deaths of natives", "deaths of legal migrants", "deaths of second generation",
    "deaths of irregular migrants", "deaths in origin pool", "deaths of coethnics",
]  # fmt: skip
ACCOUNTS = [*PLACES, *OPTIONAL, *BIRTHS, *DEATHS, "net transit exchange"]
CHANNELS = ["work", "family", "humanitarian", "temporary", "special"]
STARTS = [f"initial {name}" for name in [*PLACES, "coethnics abroad"]]
# What a scale of people leaves alone: counts of people that are constants.
COUNTS = ["smallest population", "one attempt a year", "transit arrivals", "ethnic return quota"]
# Indices between 0 and 1, and those with another ceiling.
INDICES = {
    "policy stringency": 1.0,
    "border and interior enforcement": 1.0,
    "employer lobby": 1.0,
    "diaspora influence": 1.0,
    "amnesty expectation": 1.0,
    "amnesty window": 1.0,
    "amnesty fatigue": 1.0,
    "document security": 1.5,
    "forgery capability": np.inf,
}
OPEN = {
    f"lever {name}": -1.0
    for name in ("quota", "family", "humanitarian", "seasonal", "tourism and health", "education",
                 "documents")
} | {"lever investor": 1.0}  # fmt: skip
CLOSED = {name: -value for name, value in OPEN.items() if name != "lever documents"} | {
    "asylum floor": 0.0
}


@cache
def model():
    return models.load("migration_policy")


def simulate(**arguments):
    run = models.simulate(model(), **arguments)
    assert (run["status"].values == "ok").all()
    return run


def total(run, names):
    return sum(run[name].values for name in names)


@cache
def anywhere(runs=300, seed=20):
    """Draw every parameter evenly over its range, a third of them at an end of it."""
    random = np.random.default_rng(seed)
    with (FOLDER / "parameters.toml").open("rb") as file:
        rows = tomllib.load(file)["parameter"]
    settings = {}
    for row in rows:
        low, high = row["range"]
        draws = random.uniform(low, high, runs)
        end = random.random(runs)
        settings[row["name"]] = np.select([end < 1 / 6, end > 5 / 6], [low, high], draws)
    return simulate(parameters=settings)


def assert_people_are_conserved(run, dt):
    # d(N + F + G + I + O + C + T)/dt = births - deaths + transit arrivals - transit departures, at
    # every Euler step.
    people = total(run, [*PLACES, *OPTIONAL])
    growth = dt * (total(run, BIRTHS) - total(run, DEATHS) + run["net transit exchange"].values)
    lost = np.diff(people) - growth[:-1]
    assert np.abs(lost / people[:-1]).max() < 1e-9


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_people_are_conserved_at_every_step_of_a_scenario(scenario):
    run = simulate(scenario=scenario, saveper=0.0625, outputs=ACCOUNTS)
    assert_people_are_conserved(run, 0.0625)


def test_people_are_conserved_in_the_united_states_case():
    run = simulate(case="us", saveper=0.0625, outputs=ACCOUNTS)
    assert_people_are_conserved(run, 0.0625)


def test_the_models_own_conservation_check_stays_at_rounding_error_anywhere_in_the_ranges():
    assert np.abs(anywhere()["conservation check"].values - 1).max() < 1e-9


def test_no_stock_is_negative_and_every_index_stays_in_its_interval_anywhere_in_the_ranges():
    run = anywhere()
    for name in [*PLACES, *OPTIONAL, *QUEUE, *AGES]:
        assert run[name].values.min() >= 0.0, name
    for name, ceiling in INDICES.items():
        values = run[name].values
        assert values.min() >= 0.0, name
        assert values.max() <= ceiling, name


def test_no_flow_between_places_runs_backwards_anywhere_in_the_ranges():
    flows = {f for s in model().stocks if s.name in PLACES for f in (*s.inflows, *s.outflows)}
    assert [name for name in flows if anywhere()[name].values.min() < 0.0] == []


def test_demand_of_each_channel_is_admitted_or_blocked_and_the_blocked_go_somewhere():
    run = anywhere()
    for name in CHANNELS:
        parts = run[f"{name} first admissions"] + run[f"blocked {name} demand"]
        np.testing.assert_allclose(parts, run[f"{name} demand decided"], rtol=1e-12, atol=1e-6)
    parts = run["second admissions"] + run["irregular diversion"] + run["deterred demand"]
    np.testing.assert_allclose(parts, run["blocked demand"], rtol=1e-12, atol=1e-6)
    assert run["deterred demand"].values.min() >= -1e-6


def test_everyone_who_tries_the_irregular_route_enters_or_is_turned_back():
    run = anywhere()
    parts = run["irregular entries"] + run["turned back"]
    np.testing.assert_allclose(parts, run["irregular attempts"], rtol=1e-12, atol=1e-6)
    assert run["turned back"].values.min() >= -1e-6
    assert run["apprehensions"].values.min() >= 0.0


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_halving_the_step_changes_no_end_stock_by_a_thousandth(scenario):
    # Repeated pulses need the better method: Euler's error of 2 % in each pulse adds up.
    method = "RK4" if scenario == "amnesty cycles" else "Euler"
    outputs = [*PLACES, *INDICES]
    coarse = simulate(scenario=scenario, method=method, outputs=outputs).isel(time=-1)
    fine = simulate(scenario=scenario, method=method, dt=0.03125, outputs=outputs).isel(time=-1)
    for name in PLACES:
        assert abs(coarse[name] - fine[name]) <= 1e-3 * fine[name], name
    for name in INDICES:
        assert abs(coarse[name] - fine[name]) < 1e-3, name


def test_euler_tends_to_what_a_fourth_order_method_finds():
    reference = simulate(method="RK4", outputs=PLACES).isel(time=-1)
    steps = (0.0625, 0.03125, 0.015625)
    runs = [simulate(dt=dt, outputs=PLACES).isel(time=-1) for dt in steps]
    for name in PLACES:
        errors = [float(abs(run[name] - reference[name])) for run in runs]
        # First order: the error halves with the step.
        np.testing.assert_allclose([errors[0] / errors[1], errors[1] / errors[2]], 2.0, rtol=0.05)


def test_ten_times_the_people_give_ten_times_the_flows_and_the_same_indices():
    defaults = {name: model().find(name).value for name in STARTS}
    settings = {name: np.array([1.0, 10.0]) * value for name, value in defaults.items()}
    run = simulate(parameters=settings)
    for variable in run.data_vars:
        units = run[variable].attrs.get("units", "")
        if variable == "status" or not np.issubdtype(run[variable].dtype, np.floating):
            continue
        if variable in COUNTS or variable == "conservation check":
            continue
        factor = 10.0 if units.startswith("people") else 1.0
        one, ten = run[variable].values
        np.testing.assert_allclose(ten, factor * one, rtol=1e-6, atol=1e-9, err_msg=variable)


def test_the_same_inputs_give_the_same_output():
    one, two = (simulate(scenario="tightening", outputs=PLACES) for _ in range(2))
    assert one.equals(two)


def test_politics_starts_in_equilibrium():
    changes = ["policy stringency", "enforcement", "employer lobby", "diaspora influence",
               "document security", "forgery capability"]  # fmt: skip
    run = anywhere()
    neutral = simulate(outputs=[f"change in {name}" for name in changes])
    for name in changes:
        assert abs(neutral[f"change in {name}"].values[0]) < 1e-9, name
    # The settings of `anywhere` include levers that push from the first day.
    assert np.abs(run["change in policy stringency"].values[:, 0]).max() > 0.01


def test_irregular_migrants_only_leave_when_every_way_in_is_shut():
    settings = {"irregular demand weight": 0.0, "overstay share": 0.0,
                "share of blocked demand going irregular": 0.0}  # fmt: skip
    run = simulate(parameters=settings, stop=2200)
    stock = run["irregular migrants"].values
    assert (np.diff(stock) < 0.0).all()
    assert stock[-1] < 1e-3 * stock[0]
    assert run["irregular entries"].values.max() == 0.0


def test_an_empty_origin_pool_sends_nobody():
    run = simulate(parameters={"initial origin pool": 0.0}, stop=2001)
    for name in ("legal admissions", "irregular entries", "overstaying"):
        assert run[name].values[0] == 0.0


def test_without_an_income_gap_nobody_wants_to_come():
    run = simulate(parameters={"income ratio": 0.0})
    for name in ("legal admissions", "irregular entries", "overstaying", "apprehensions"):
        assert run[name].values.max() == 0.0


def test_a_thirst_for_migration_cannot_overdraw_the_origin_pool():
    run = simulate(parameters={"base propensity to move": 0.05, "network strength": 20.0})
    assert run["origin pool"].values.min() > 1e6
    demand, pool = run["demand to migrate"].values, run["origin pool"].values
    assert (demand <= pool).all()


def test_with_all_channels_closed_nobody_is_admitted():
    run = simulate(parameters=CLOSED, saveper=0.0625)
    assert run["legal admissions"].values.max() == 0.0
    gains = run["individual regularisation"].values
    losses = run["return of legal migrants"].values + run["deaths of legal migrants"].values
    np.testing.assert_allclose(
        np.diff(run["legal migrants"].values), 0.0625 * (gains - losses)[:-1], rtol=1e-6
    )


def test_with_all_channels_open_nothing_is_blocked_and_only_irregular_demand_tries():
    run = simulate(parameters=OPEN)
    assert run["blocked demand"].values.max() < 1e-6
    tries = run["irregular demand"] * run["pull of irregular stay"]
    np.testing.assert_allclose(run["irregular attempts"], tries, rtol=1e-12)


def test_perfect_interception_without_documents_lets_nobody_in():
    settings = {"border route success": 0.0, "base document route share": 0.0,
                "document route response to enforcement": 0.0}  # fmt: skip
    run = simulate(parameters=settings)
    assert run["irregular entries"].values.max() == 0.0
    assert run["apprehensions"].values.min() > 0.0


@pytest.mark.parametrize("fertility", [1.6, 2.1])
def test_natives_alone_follow_the_closed_form(fertility):
    # dN/dt = -N/75 (1 - tfr/2.1), so N(t) = N0 exp(-t/75 (1 - tfr/2.1)).
    settings = {"native fertility": fertility, "demand to migrate": 0.0} | dict.fromkeys(
        STARTS[1:4], 0.0
    )
    run = simulate(parameters=settings, method="RK4", outputs=["natives"])
    years = np.arange(101.0)
    expected = 50e6 * np.exp(-years / 75.0 * (1.0 - fertility / 2.1))
    np.testing.assert_allclose(run["natives"], expected, rtol=1e-9)


@pytest.mark.parametrize("people", [0.0, 1e-9])
def test_an_empty_destination_divides_by_nothing(people):
    run = simulate(parameters=dict.fromkeys(STARTS[:4], people))
    assert all(np.isfinite(run[v.name].values).all() for v in model().stocks)


def test_document_success_is_defined_at_the_corners_of_security_and_forgery():
    corners = {"document security": np.array([0.5, 0.0, 0.0]),
               "forgery capability": np.array([0.0, 0.5, 0.0])}  # fmt: skip
    run = simulate(initial=corners, stop=2001, outputs=["document route success"])
    carrier = model().find("carrier control").value
    np.testing.assert_allclose(
        run["document route success"].values[:, 0], [0.0, 1.0 - carrier, 0.0], atol=1e-5
    )


def test_less_commitment_to_liberties_never_means_less_enforcement_at_equal_law():
    settings = {"democratic commitment": np.linspace(0.0, 1.0, 6), "policy stringency": 0.6}
    run = simulate(parameters=settings, outputs=["border and interior enforcement"])
    final = run["border and interior enforcement"].values[:, -1]
    assert (np.diff(final) < 0.0).all()


@pytest.mark.parametrize("index", ["employer lobby", "diaspora influence"])
def test_silencing_the_friends_of_migrants_never_loosens_policy(index):
    base = simulate(outputs=["stringency target"])
    settings = {index: {"times": [2000, 2010], "values": [0.36, 0.0], "between": "step"}}
    silent = simulate(parameters=settings, outputs=["stringency target"])
    at = {"time": 2010.0}
    assert silent["stringency target"].sel(at) > base["stringency target"].sel(at)


def test_a_huge_amnesty_moves_people_and_loses_none():
    pulse = {"lever amnesty": {"pulse": 4.0, "start": 2010, "lasts": 3.0}}
    outputs = ["irregular migrants", "legal migrants"]
    base = simulate(outputs=outputs, saveper=0.0625).sel(time=2010.0625)
    run = simulate(parameters=pulse, outputs=outputs, saveper=0.0625)
    first = run.sel(time=2010.0625)
    moved = base["irregular migrants"] - first["irregular migrants"]
    assert moved > 0.2 * base["irregular migrants"]
    np.testing.assert_allclose(first["legal migrants"] - base["legal migrants"], moved, rtol=1e-9)
    assert 0.0 < run["irregular migrants"].values.min() < 0.15 * base["irregular migrants"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_restricting_one_channel_sends_more_people_to_every_other(channel):
    step = {f"{channel} restriction": {"value": 0.9, "from": 2010}}
    outputs = [f"demand moved to {name}" for name in CHANNELS]
    at = {"time": 2010.0}
    base = simulate(outputs=outputs).sel(at)
    run = simulate(parameters=step, outputs=outputs).sel(at)
    for name in CHANNELS:
        gain = float(run[f"demand moved to {name}"] - base[f"demand moved to {name}"])
        assert (gain > 0.0) == (name != channel), name


def test_fertility_of_migrants_lies_between_natives_and_origin_and_converges_by_generation():
    run = anywhere()
    native = run["native fertility"] + 0.0 * run["origin fertility"]
    origin = run["origin fertility"]
    inside = origin >= native
    first, second = run["fertility of legal migrants"], run["fertility of second generation"]
    assert (first.values[inside] >= native.values[inside] - 1e-12).all()
    assert (first.values[inside] <= origin.values[inside] + 1e-12).all()
    converging = inside & (run["fertility convergence switch"] == 1.0)
    assert converging.values.sum() > 1000
    assert (second.values[converging] <= first.values[converging] + 1e-12).all()
    assert (second.values[converging] >= native.values[converging] - 1e-12).all()


def test_once_arrivals_stop_average_fertility_tends_to_that_of_natives():
    run = simulate(parameters={"demand to migrate": 0.0}, stop=2300)
    births = total(run, BIRTHS[:4])
    average = births * 75.0 * 2.1 / run["destination population"].values
    gap = average - 1.6
    assert gap[0] > 0.04
    assert gap[-1] < 0.1 * gap[0]
    assert (np.diff(gap) < 0.0).all()
