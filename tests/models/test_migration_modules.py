"""The optional parts of the migration policy model: nothing while off, as described while on."""

from __future__ import annotations

import re
import tomllib
from functools import cache

import numpy as np
import pytest
from scipy.linalg import expm

from loopscope import models
from loopscope.models.source import LIBRARY

FOLDER = LIBRARY / "migration_policy"
SWITCHES = ["backlog switch", "transit switch", "coethnic switch", "ageing switch"]
GROUPS = ["Application backlog", "Transit", "Coethnics", "Ageing"]
CHANNELS = ["work", "family", "humanitarian", "temporary", "special"]
AGES = ["under 20", "20 to 64", "65 to 74", "75 and over"]
STOCKS = ["natives", "legal migrants", "second generation", "irregular migrants", "origin pool",
          "policy stringency", "border and interior enforcement", "forgery capability"]  # fmt: skip


@cache
def model():
    return models.load("migration_policy")


def simulate(what=None, **arguments):
    run = models.simulate(what or model(), **arguments)
    assert (run["status"].values == "ok").all()
    return run


def of_the_core():
    return [v.name for v in model() if v.group not in GROUPS]


@cache
def ranges():
    with (FOLDER / "parameters.toml").open("rb") as file:
        rows = tomllib.load(file)["parameter"]
    return {row["name"]: row["range"] for row in rows}


def test_the_constants_of_a_part_that_is_off_change_nothing_to_the_last_bit():
    random = np.random.default_rng(7)
    ours = [p.name for p in model().parameters if p.group in GROUPS and p.name not in SWITCHES]
    ours += ["lever return", "lever partner", "permit effect on legal return"]
    settings = {name: random.uniform(*ranges()[name], 20) for name in ours}
    core = [name for name in of_the_core() if name not in ours]
    run, alone = simulate(parameters=settings, outputs=core), simulate(outputs=core)
    for name in core:
        values = np.atleast_2d(run[name].values)
        np.testing.assert_array_equal(values, np.broadcast_to(alone[name], values.shape), name)


def test_the_core_is_that_of_a_file_without_the_parts_to_the_last_bit(tmp_path):
    # What the core reads of the parts, put at what it is while they are off; the rest is deleted.
    text = (FOLDER / "model.mdl").read_text(encoding="utf-8")
    for group in GROUPS:
        text = re.sub(rf"\*+\n\t\.{group}\n\*+~(?:.|\n)*?(?=\*{{20,}}\n\t\.)", "", text)
    nothing = ["transit migrants", "stranding", "ethnic return", "ethnic return to natives",
               "ethnic return to legal migrants", "coethnics abroad", "births to coethnics",
               "deaths of coethnics", "net transit exchange", "applications filed",
               "applications decided", "abandoned applicants turning irregular"]  # fmt: skip
    rest = "".join(f"{name}= 0 * Time ~ people ~ None. |\n" for name in nothing)
    rest += "".join(f"{c} demand decided= {c} demand ~ people/year ~ All. |\n" for c in CHANNELS)
    rest += "weight of transit migrants= 0.5 ~ dmnl ~ Weight. |\n"
    path = tmp_path / "core.mdl"
    path.write_text(text.replace("{UTF-8}\n", "{UTF-8}\n" + rest, 1), encoding="utf-8")
    core = simulate(models.load(path))
    run = simulate()
    assert len(core.data_vars) > 350
    for name in set(core.data_vars) & set(of_the_core()):
        np.testing.assert_array_equal(core[name].values, run[name].values, name)


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_part_moves_something_when_it_is_on(switch):
    group = model().find(switch).group
    ours = [v.name for v in (*model().flows, *model().stocks) if v.group == group]
    off, on = simulate(outputs=ours), simulate(parameters={switch: 1}, outputs=ours)
    assert all(np.all(off[name].values == 0.0) for name in ours)
    # The last two take part only with interceptions and with returnees who become natives at once.
    still = {"transit interceptions", "ethnic return to natives"}
    still |= {f"emigration of born here {age}" for age in AGES}
    assert all(np.any(on[name].values != 0.0) for name in ours if name not in still)


def test_the_core_does_not_depend_on_the_age_accounts():
    off, on = simulate(), simulate(parameters={"ageing switch": 1})
    for name in of_the_core():
        np.testing.assert_array_equal(off[name].values, on[name].values, name)


# Backlog ------------------------------------------------------------------------------------------


def test_a_queue_with_time_to_spare_decides_what_is_filed_and_only_later():
    # In equilibrium with no friction: decided = filed, and the wait is the decision time.
    settings = {"backlog switch": 1, "relative decision capacity": 3, "base procedural friction": 0,
                "procedural friction slope": 0, "demand to migrate": 3e5}  # fmt: skip
    run = simulate(parameters=settings, stop=2010)
    filed, decided = run["applications filed"].values, run["applications decided"].values
    np.testing.assert_allclose(decided, filed, rtol=1e-9)
    np.testing.assert_allclose(run["mean waiting time"].values, 0.5, rtol=1e-9)


def test_too_few_officers_cap_admissions_and_let_the_queue_grow():
    settings = {"backlog switch": 1, "relative decision capacity": np.array([0.5, 2.0])}
    run = simulate(parameters=settings, stop=2020)
    few, many = run["applications decided"].values
    assert few.max() <= 0.5 * run["applications filed"].values[0, 0] * (1 + 1e-12)
    assert np.all(np.diff(run["waiting applications"].values[0]) > 0)
    assert np.all(run["legal admissions"].values[0] < run["legal admissions"].values[1])
    assert np.all(few < many)


def test_refusals_by_queue_turn_some_applicants_irregular():
    settings = {"backlog switch": 1, "share of blocked demand going irregular": np.array([0, 0.25])}
    turned = simulate(parameters=settings)["abandoned applicants turning irregular"].values
    assert np.all(turned[0] == 0)
    assert np.all(turned[1] > 0)


# Transit ------------------------------------------------------------------------------------------


def test_transit_leaves_the_irregular_stock_alone_when_all_move_on():
    settings = {"transit switch": 1, "base onward share": 1, "weight of transit migrants": 0}
    with_transit = simulate(parameters=settings, outputs=["irregular migrants"])
    without = simulate(outputs=["irregular migrants"])
    np.testing.assert_array_equal(
        with_transit["irregular migrants"].values, without["irregular migrants"].values
    )


def test_a_closed_next_country_strands_people_and_interception_hardly_helps():
    # Onward share .85 to .5, as the claim on transit without a destination has it (C85, C87).
    settings = {"transit switch": 1, "transit arrivals": 3e5,
                "next country closure": np.array([0, 1 - 0.5 / 0.85, 1 - 0.5 / 0.85]),
                "transit interception rate": np.array([0, 0, 0.2])}  # fmt: skip
    run = simulate(parameters=settings, stop=2050)
    stock = run["irregular migrants"].values[:, -1]
    assert 1.5 < stock[1] / stock[0] < 3.5
    assert 0.85 < stock[2] / stock[1] < 1.0
    assert run["transit interceptions"].values[2, -1] > 2e4


def test_transit_starts_in_balance():
    run = simulate(parameters={"transit switch": 1, "transit interception rate": 0.3})
    stock = run["transit migrants"].values
    np.testing.assert_allclose(stock, 3e5 * 0.5 / (1 + 0.5 * 0.3), rtol=1e-12)


# Coethnics ----------------------------------------------------------------------------------------


def test_coethnic_returns_follow_the_closed_form_and_never_exceed_the_pool():
    # At replacement births equal deaths, so C(t) = C(0) exp(-rate * t); RK4 at 1/16 year.
    settings = {"coethnic switch": 1, "ethnic return rate": np.array([0.005, 0.03])}
    run = simulate(parameters=settings, method="RK4")
    time = run["time"].values - 2000
    for row, rate in enumerate((0.005, 0.03)):
        left = 4.5e6 * np.exp(-rate * time)
        np.testing.assert_allclose(run["coethnics abroad"].values[row], left, rtol=1e-9)
        gone = run["ethnic returns so far"].values[row]
        np.testing.assert_allclose(gone, 4.5e6 - left, rtol=1e-9, atol=1e-3)


def test_a_quota_caps_ethnic_return_and_returnees_go_where_the_switch_says():
    settings = {"coethnic switch": 1, "ethnic return quota": 1e4,
                "ethnic returnees naturalised at once": np.array([0.0, 1.0])}  # fmt: skip
    run = simulate(parameters=settings, stop=2010)
    np.testing.assert_array_equal(run["ethnic return"].values, 1e4)
    np.testing.assert_array_equal(run["ethnic return to natives"].values[:, 0], [0, 1e4])
    np.testing.assert_array_equal(run["ethnic return to legal migrants"].values[:, 0], [1e4, 0])


def test_ethnic_return_reacts_less_to_income_than_other_migration():
    # C62: cultural ties rather than income.  Elasticity .1 against .7.
    run = simulate(parameters={"coethnic switch": 1, "income ratio": np.array([1.0, 2.0])})
    returns, demand = run["ethnic return"].values[:, 0], run["demand to migrate"].values[:, 0]
    assert 1.0 < returns[1] / returns[0] < 1.1 < demand[1] / demand[0]


# Ageing -------------------------------------------------------------------------------------------


def test_the_age_accounts_without_migration_are_a_matrix_exponential():
    # Born here only, constant mortality and fertility: x' = A x, so x(t) = exp(A t) x(0).
    settings = {"ageing switch": 1, "decline of mortality": 0, "legal migrants": 0.0,
                "irregular migrants": 0.0, "initial legal migrants": 0,
                "initial irregular migrants": 0, "legal admissions": 0.0,
                "irregular entries": 0.0, "overstaying": 0.0}  # fmt: skip
    run = simulate(parameters=settings, method="RK4", stop=2060)
    births = 0.5 * 0.55 / 25 * 1.6
    ageing, deaths = np.array([1 / 20, 1 / 45, 1 / 10, 0]), np.array([0.0006, 0.0056, 0.028, 0.105])
    matrix = np.diag(-ageing - deaths) + np.diag(ageing[:3], -1)
    matrix[0, 1] = births
    start = 51e6 * np.array([0.25, 0.60, 0.09, 0.06])
    expected = expm(matrix * 60) @ start
    found = [float(run[f"born here {age}"][-1]) for age in AGES]
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    ratio = expected[1] / expected[2:].sum()
    assert float(run["support ratio"][-1]) == pytest.approx(ratio, rel=1e-8)


def test_the_retirement_age_needed_restores_the_target_ratio():
    # Working people up to the age: all to 64, and the even part of those from 65 to 74.
    run = simulate(parameters={"ageing switch": 1, "target support ratio": np.array([2.0, 3.0])})
    for row, target in enumerate((2.0, 3.0)):
        one = run.isel(run=row)
        past = one["retirement age needed"].values - 65
        inside = (past > 0) & (past < 10)
        assert inside.any()
        moved = one["people 65 to 74"].values * past / 10
        old = one["people 65 to 74"].values + one["people 75 and over"].values
        ratio = (one["people 20 to 64"].values + moved) / (old - moved)
        np.testing.assert_allclose(ratio[inside], target, rtol=1e-9)


def test_europe_ages_as_the_united_nations_project_it():
    # UN World Population Prospects 2019, Europe: people of 20-64 for each one of 65 and over 4.30
    # in 1995 and 1.86 in 2050; people of 20-74 for each one of 75 and over 4.18 in 2050.  Net
    # migration near a million a year, fertility 1.47 (WPP 2024, mean 1995-2050).
    settings = {
        "ageing switch": 1, "native fertility": 1.47, "initial natives": 655e6,
        "initial legal migrants": 45e6, "initial second generation": 25e6,
        "initial irregular migrants": 3e6, "initial origin pool": 3.5e9,
        "base propensity to move": 0.0006, "share born here 20 to 64 at start": 0.5987,
        "share born here 65 to 74 at start": 0.0864, "share born here 75 and over at start": 0.053,
    }  # fmt: skip
    run = simulate(parameters=settings, start=1995, stop=2050)
    assert float(run["support ratio"][0]) == pytest.approx(4.30, rel=0.05)
    assert float(run["support ratio"][-1]) == pytest.approx(1.863, rel=0.15)
    assert float(run["support ratio at 75"][-1]) == pytest.approx(4.177, rel=0.15)
    assert float(run["natural decrease in age accounts"][0]) == pytest.approx(0.884e6, rel=0.25)


def test_migrants_age_too():
    # C74: those who came grow old here.
    share = simulate(parameters={"ageing switch": 1})["old age share of migrants"].values
    assert share[50] > 1.1 * share[0]
