"""The files of the migration policy model say the same thing, and every lever and switch works."""

from __future__ import annotations

import tomllib
from functools import cache

import numpy as np
import pytest

from loopscope import models
from loopscope.models.source import LIBRARY

FOLDER = LIBRARY / "migration_policy"
CLOCK = {"INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER"}
BOUNDS = {"uniform": ("low", "high"), "loguniform": ("low", "high")} | {
    "triangular": ("low", "mode", "high"),
    "fixed": (),
}


@cache
def model():
    return models.load("migration_policy")


@cache
def table():
    with (FOLDER / "parameters.toml").open("rb") as file:
        return tomllib.load(file)["parameter"]


def constants():
    return {p.name: p for p in model().parameters if p.name not in CLOCK}


def levers():
    return [name for name in constants() if name.startswith("lever ")]


# The parts that some levers act on; off by default.
MODULES = {"transit switch": 1.0, "coethnic switch": 1.0}


def test_the_parameter_table_lists_every_constant_once_and_nothing_else():
    names = [row["name"] for row in table()]
    assert sorted(names) == sorted(constants())


def test_the_parameter_table_repeats_default_unit_and_range_of_the_model():
    different = [
        row["name"]
        for row in table()
        if (row["default"], row["unit"], tuple(row["range"]))
        != (
            constants()[row["name"]].value,
            constants()[row["name"]].units,
            constants()[row["name"]].limits,
        )
    ]
    assert different == []


def test_every_default_lies_in_its_range():
    outside = [r["name"] for r in table() if not r["range"][0] <= r["default"] <= r["range"][1]]
    assert outside == []


def test_every_distribution_stays_inside_the_range():
    for row in table():
        numbers = [row["distribution"][key] for key in BOUNDS[row["distribution"]["kind"]]]
        assert numbers == sorted(numbers), row["name"]
        assert all(row["range"][0] <= n <= row["range"][1] for n in numbers), row["name"]
        assert row["distribution"]["kind"] != "loguniform" or numbers[0] > 0, row["name"]


def test_every_parameter_names_its_source_symbol_and_evidence():
    assert all(row["source"] and row["symbol"] for row in table())
    assert {row["evidence"] for row in table()} == {"r", "m", "p", "a"}
    assert len({row["symbol"] for row in table()}) == len(table())


def test_every_variable_has_units_and_a_sentence_of_documentation():
    assert [v.name for v in model() if not v.units] == []
    bare = [v.name for v in model() if len(v.documentation.split()) < 3]
    assert bare == []


def test_every_flow_of_people_is_in_people_a_year():
    people = [stock for stock in model().stocks if stock.units == "people"]
    flows = {name for stock in people for name in (*stock.inflows, *stock.outflows)}
    assert {model().find(name).units for name in flows} == {"people/year"}


def test_every_stock_changes_through_named_flows_only():
    for stock in model().stocks:
        assert stock.rate.free_symbols == {
            model().find(name).symbol for name in (*stock.inflows, *stock.outflows)
        }, stock.name


def test_levers_and_shocks_are_neutral_by_default():
    assert {constants()[name].value for name in [*levers(), "threat signal"]} == {0.0}
    assert len(levers()) == 26


def test_each_lever_changes_a_flow_of_people():
    # One run per lever at the upper end of its range, and one run without.
    names = levers()
    settings = {
        name: np.array([constants()[name].limits[1] * (name == other) for other in ["", *names]])
        for name in names
    }
    flows = [flow.name for flow in model().flows if flow.units == "people/year"]
    run = models.simulate(model(), parameters=settings | MODULES, stop=2020, outputs=flows)
    moved = np.zeros(len(names) + 1)
    for flow in flows:
        values = run[flow].values
        scale = np.abs(values[0]).max() + 1.0
        moved = np.maximum(moved, np.abs(values - values[0]).max(axis=1) / scale)
    assert [name for name, most in zip(names, moved[1:], strict=True) if most < 1e-3] == []


# What each lever does first, as the source article claims it (C09-C32, C86, C49).
EFFECTS = [
    ("stringency", "policy stringency", 1),
    ("quota", "work admissions", -1),
    ("selection", "work admissions", -1),
    ("selection", "skilled share of work admissions", 1),
    ("preference", "work admissions", 1),
    ("family", "family admissions", -1),
    ("humanitarian", "humanitarian admissions", -1),
    ("seasonal", "temporary admissions", -1),
    ("seasonal", "conversion rate of temporary mix", 1),
    ("tourism and health", "temporary admissions", -1),
    ("tourism and health", "overstay rate of temporary mix", -1),
    ("education", "temporary admissions", -1),
    ("education", "conversion rate of temporary mix", -1),
    ("investor", "special admissions", 1),
    ("lottery", "lottery admissions", 1),
    ("amnesty", "irregular migrants", -1),
    ("external processing", "humanitarian admissions", -1),
    ("external processing", "irregular diversion", -1),
    ("document security", "document route success", -1),
    ("carrier", "document route success", -1),
    ("border", "irregular entries", -1),
    ("verification", "pull of irregular stay", -1),
    ("raids", "deportation", 1),
    ("raids", "pull of irregular stay", -1),
    ("sanctions", "pull of irregular stay", -1),
    ("sanctions", "employer lobby", 1),
    ("deportation", "deportation", 1),
    ("documents", "mean openness", -1),
    ("discretion", "mean openness", -1),
    ("border permit", "return of irregular migrants", 1),
    ("coordination", "effective enforcement", 1),
    ("border permit", "return of legal migrants", 1),
    ("border permit", "stranding", -1),
    ("partner", "onward movement", -1),
    ("partner", "transit removals", 1),
    ("return", "ethnic return", 1),
]


def test_each_lever_acts_first_in_the_direction_the_article_claims():
    assert {f"lever {name}" for name, _, _ in EFFECTS} == set(levers())
    settings = {
        name: np.array([0.0] + [0.5 * (name == f"lever {lever}") for lever, _, _ in EFFECTS])
        for name in levers()
    }
    outputs = sorted({effect for _, effect, _ in EFFECTS})
    run = models.simulate(model(), parameters=settings | MODULES, stop=2002, outputs=outputs)
    for row, (lever, effect, sign) in enumerate(EFFECTS, start=1):
        values = run[effect].values[:, 1]
        assert sign * (values[row] - values[0]) > 1e-3 * abs(values[0]), (lever, effect)


# A switch at 0 cuts its loop at one link: the cause, held at two values, has no effect any more.
SWITCHES = [
    ("share of blocked demand going irregular", "blocked demand", (1e5, 2e5), "irregular attempts"),
    ("network strength", "relative network", (1.0, 3.0), "demand to migrate"),
    ("response to diaspora", "diaspora influence", (0.1, 0.9), "policy pressure"),
    ("response to lobby", "employer lobby", (0.1, 0.9), "policy pressure"),
    ("lobby erosion of enforcement", "employer lobby", (0.1, 0.9), "enforcement target"),
    ("forgery response to security", "document security", (0.3, 0.9), "forgery target"),
    (
        "effect of enforcement on irregular return",
        "border and interior enforcement",
        (0.2, 0.8),
        "return of irregular migrants",
    ),
    ("effect of closure on legal return", "closure", (0.2, 0.8), "return of legal migrants"),
    ("amnesty pull", "amnesty expectation", (0.1, 0.9), "irregular attempts"),
    ("weight of apprehensions", "apprehensions", (1e4, 9e4), "irregular migration problem"),
    ("response to migrant share", "migrant share", (0.04, 0.09), "policy pressure"),
    (
        "response to demographic shortfall",
        "perceived demographic shortfall",
        (0.1, 0.9),
        "policy pressure",
    ),
    ("response to rights pressure", "rights pressure", (0.1, 0.9), "policy pressure"),
    ("rights restraint on enforcement", "rights pressure", (0.1, 0.9), "enforcement target"),
    ("job saturation", "migrant share", (0.04, 0.09), "demand to migrate"),
    ("response to irregular migration", "relative irregular migration problem", (1, 2),
     "policy pressure"),
    ("verification response to stringency", "policy stringency", (0.3, 0.9), "verification"),
    (
        "fertility convergence switch",
        "fertility of legal migrants",
        (2.2, 3.0),
        "births to second generation",
    ),
]  # fmt: skip
# References that would otherwise follow what is held.
REFERENCES = {
    "diaspora influence": {"diaspora influence at start": 0.38},
    "employer lobby": {"lobby at start": 0.36},
    "migrant share": {"migrant share at start": 0.05},
    "perceived demographic shortfall": {"perceived shortfall at start": 0.4},
    "rights pressure": {"rights pressure at start": 0.25},
}


@pytest.mark.parametrize(("switch", "cause", "values", "effect"), SWITCHES)
def test_a_loop_switch_at_zero_cuts_its_link(switch, cause, values, effect):
    default = constants()[switch].value
    assert constants()[switch].limits[0] <= 0.0 < default
    settings = REFERENCES.get(cause, {}) | {
        switch: np.array([default, default, 0.0, 0.0]),
        cause: np.array([*values, *values], dtype=float),
    }
    run = models.simulate(model(), parameters=settings, stop=2001, outputs=[effect])
    first = run[effect].values[:, 0]
    assert abs(first[0] - first[1]) > 1e-3 * abs(first[0])
    assert first[2] == first[3]


def test_every_scenario_is_told_in_plain_words():
    known = models.scenarios(model().path)
    assert set(known) == {
        "base", "tightening", "open doors", "border build-up", "employer verification",
        "employer verification, united states", "amnesty cycles", "united states rates",
        "one-off legalisation", "guest workers", "guest-worker stop", "eu enlargement",
        "eu ageing", "eu ageing, wider work channel", "eu ageing, open work channel",
        "one million a year", "one million a year who stay", "retire at 75",
        "kazakhstan since 2000", "kazakhstan transit and border", "kazakhstan interception",
        "kazakhstan border build-up", "kazakhstan border permit", "ethnic return",
        "ethnic return under a quota",
        "rights-free control", "security panic", "strong response",
        "security panic, strong response", "forgery leap", "lobby capture", "cheap communication",
    }  # fmt: skip
    for name, scenario in known.items():
        assert scenario.title, name
        assert scenario.sentence.endswith("."), name
        assert scenario.expect.endswith("."), name
        assert scenario.claims, name


def test_scenarios_and_cases_stay_inside_the_ranges_of_the_parameters():
    ranges = {row["name"]: row["range"] for row in table()}
    records = [*models.scenarios(model().path).values(), *models.cases(model().path).values()]
    for record in records:
        for name, setting in record.settings.items():
            if name not in ranges:
                continue
            low, high = ranges[name]
            clock = np.linspace(1980.0, 2110.0, 1000)
            default = constants()[name].value
            values = (
                setting.at(clock, default)
                if hasattr(setting, "at")
                else [getattr(setting, "value", setting)]
            )
            assert low <= np.min(values) <= np.max(values) <= high, (record.name, name)
