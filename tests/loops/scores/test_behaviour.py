"""Tests of the behavioural test: patterns, dominance, shadow loops, the instant of freezing."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.cuts.cut import cuts_of
from loopscope.loops.cuts.cutting import Cutting
from loopscope.loops.scores.behaviour import patterns
from loopscope.loops.scores.pathway import participation
from loopscope.models.errors import LoopError


def _read(model, **options):
    graph = loops.trace(model)
    return loops.find(graph), loops.along(graph, models.simulate(model, **options))


def _named(found, variable):
    (one,) = (loop.id for loop in found if variable in loop.nodes)
    return one


def test_a_logistic_changes_hands_at_half_its_capacity(logistic):
    # Ford's own first case: growth dominates while exponential, P < K/2; limits afterwards.
    found, along = _read(logistic)
    scores = loops.score(found, along, "behaviour")
    births, deaths = _named(found, "births"), _named(found, "deaths")
    early = along.value("P") < 50
    np.testing.assert_array_equal(scores["dominant"].sel(loop=births), early)
    np.testing.assert_array_equal(scores["dominant"].sel(loop=deaths), ~early)
    np.testing.assert_array_equal(scores["pattern"], np.where(early, "exponential", "logarithmic"))
    np.testing.assert_array_equal(scores["interval"], np.where(early, 0, 1))
    assert scores.attrs["stock"] == "P"
    # Frozen growth leaves the limits, whose pattern the freezing of those in turn changes.
    np.testing.assert_array_equal(scores["shadow"].sel(loop=deaths), early)
    np.testing.assert_array_equal(scores["relative"].sel(loop=births), early.astype(float))
    np.testing.assert_array_equal(scores["relative"].sel(loop=deaths), -(~early).astype(float))


def test_at_the_instant_of_freezing_the_impact_of_the_leg_is_gone(prey):
    # With the source frozen, xddot/xdot of the stock loses exactly gain * xdot_i / xdot_j.
    found, along = _read(prey, method="RK4")
    cuts = cuts_of(found)
    cutting = Cutting(along, cuts)
    same = cutting.run({})
    tested = 0
    for number, cut in enumerate(cuts):
        source, entry = cut.link
        for stock in ("prey", "predators"):
            shares = participation(along, stock)
            name = f"{source} -> {entry} -> {stock}"
            gone = shares["participation"].sel(pathway=name) if name in shares["pathway"] else None
            for place in (0, 40, 333):
                after = cutting.run({number: place})
                before = same.accelerations[stock][place] / same.rates[stock][place]
                now = after.accelerations[stock][place] / after.rates[stock][place]
                expected = 0.0 if gone is None else float(gone[place])
                assert before - now == pytest.approx(expected, rel=1e-8, abs=1e-10)
                tested += gone is not None
    assert tested == 15


def test_the_change_at_freezing_is_seen_in_the_runs_themselves(prey):
    # Second differences of the states alone, at ever smaller steps: no derivative of ours.
    found = loops.find(loops.trace(prey))
    (births,) = (n for n, loop in enumerate(found) if "prey births" in loop.nodes)
    errors = []
    for dt in (0.01, 0.005):
        along = loops.along(
            found.graph, models.simulate(prey, method="RK4", dt=dt, saveper=dt, stop=2)
        )
        cutting = Cutting(along, cuts_of(found))
        place = round(1 / dt)
        bend = {}
        for name, run in (("with", cutting.run({})), ("without", cutting.run({births: place}))):
            x = run.value("prey")[place : place + 3]
            bend[name] = (x[2] - 2 * x[1] + x[0]) / dt**2
        force = 1.1 * along.rates["prey"][place]
        errors.append(abs(bend["with"] - bend["without"] - force) / abs(force))
    assert errors[1] < 0.02
    assert errors[1] < 0.6 * errors[0]


def test_patterns_are_the_sign_of_the_change_of_speed(read):
    for equation, word in (
        ("x=INTEG(x/5, 1)", 1),
        ("x=INTEG(0-x/5, 1)", -1),
        ("x=INTEG(3, 1)", 0),
        ("x=INTEG(0-x/5+x/5, 1)", 2),
        ("x=INTEG(2*Time+1, 1)", 1),
    ):
        model = read(equation)
        along = loops.along(loops.trace(model), models.simulate(model))
        assert set(patterns(along, "x").tolist()) == {word}, equation


def test_a_loop_hidden_behind_another_is_its_shadow(read):
    # Two equal growth loops against one drain: neither growth loop alone is needed to go on
    # growing, so none dominates, though together they do.
    model = read("one=x/5\n two=x/5\n drain=x/20\n x=INTEG(one+two-drain, 1)", stop=6)
    found, along = _read(model)
    scores = loops.score(found, along, "behaviour")
    assert not scores["dominant"].any()
    # x'' = (g - d) x': with one growth loop of two, 0.2 - 0.05 is still above 0.
    np.testing.assert_array_equal(scores["raw"], 0)
    stronger = read("one=x/5\n two=x/50\n drain=x/20\n x=INTEG(one+two-drain, 1)", stop=6)
    found, along = _read(stronger)
    scores = loops.score(found, along, "behaviour")
    assert scores["dominant"].sel(loop=_named(found, "one")).all()
    assert not scores["dominant"].sel(loop=_named(found, "two")).any()
    # With it held off x'' = (1/50 - 1/20) x': slowing down, and the drain is what does it.
    assert scores["shadow"].sel(loop=_named(found, "drain")).all()
    without = loops.score(found, along, "behaviour", shadows=False)
    assert not without["shadow"].any()
    np.testing.assert_array_equal(without["raw"], scores["raw"])


def test_a_switch_can_stand_in_for_a_link(read):
    model = read("b=0.2\n d=0.05\n births=b*x\n deaths=d*x\n x=INTEG(births-deaths, 1)", stop=5)
    found, along = _read(model)
    births = _named(found, "births")
    scores = loops.score(found, along, "behaviour", controls={births: {"b": 0.06}})
    assert not scores["dominant"].sel(loop=births).any()  # 0.06 still outgrows 0.05
    scores = loops.score(found, along, "behaviour", controls={births: {"b": 0.04}})
    # x' = -0.01 x: from growing faster to falling ever slower.
    assert scores["dominant"].sel(loop=births).all()
    assert str(scores["control"].sel(loop=births).values) == "'b' = 0.04"


def test_only_the_part_of_the_run_that_is_asked_for_is_tested(logistic):
    found, along = _read(logistic)
    seen = []
    scores = loops.score(
        found, along, "behaviour", start=20, stop=30,
        progress=lambda done, all_: seen.append((done, all_)),
    )  # fmt: skip
    inside = (along.time >= 20) & (along.time <= 30)
    assert set(scores["interval"].values[~inside]) == {-1}
    assert set(scores["status"].values[~inside].ravel()) == {"undefined"}
    assert (scores["status"].values[inside] == "active").all()
    count = int(scores["interval"].max()) + 1
    assert seen == [(n, count) for n in range(1, count + 1)]


def test_rest_is_told_as_equilibrium(read):
    found, along = _read(read("in=x/5\n out=x/5\n x=INTEG(in-out, 7)"))
    scores = loops.score(found, along, "behaviour")
    assert set(scores["pattern"].values) == {"at rest"}
    assert set(scores["status"].values.ravel()) == {"equilibrium"}
    assert not scores["relative"].any()


def test_loops_that_nothing_cuts_alone_are_undefined(read):
    found, along = _read(read("x=INTEG(y+z, 1)\n y=INTEG(x-z, 1)\n z=INTEG(x-y, 1)", stop=3))
    scores = loops.score(found, along, "behaviour")
    assert set(scores["status"].values.ravel()) == {"undefined"}
    assert np.isnan(scores["relative"]).all()
    assert not scores["dominant"].any()


def test_a_run_that_is_lost_soon_says_nothing(read):
    model = read("growth=x*x\n check=0.9*x*x\n x=INTEG(growth-check, 1)", stop=8, dt=0.0625)
    found, along = _read(model)
    scores = loops.score(found, along, "behaviour", shadows=False)
    assert set(scores["status"].sel(loop=_named(found, "check")).values) == {"undefined"}
    assert set(scores["status"].sel(loop=_named(found, "growth")).values) == {"active"}


def test_what_cannot_be_tested_is_refused(logistic):
    found, along = _read(logistic)
    for options, message in (
        ({"stock": "Q"}, "no variable named 'Q'"),
        ({"start": 30, "stop": 20}, "stop must lie after start, got 30 to 20"),
        ({"stop": 99}, "stop must be a time of the run, 0 to 60; got 99"),
        ({"controls": {"R9": "r"}}, "no loop 'R9'"),
    ):
        with pytest.raises(LoopError, match=message):
            loops.score(found, along, "behaviour", **options)
    batch = loops.along(found.graph, models.simulate(logistic, parameters={"r": [0.1, 0.2]}))
    with pytest.raises(LoopError, match=r"one run: choose one with run\.isel"):
        loops.score(found, batch, "behaviour")
