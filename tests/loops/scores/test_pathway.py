"""Tests of pathway participation: closed forms, phases, following dominant pathways back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.scores.legs import forces_on
from loopscope.loops.scores.pathway import participation, phases
from loopscope.models.errors import LoopError

SPRING = """
    w2=0.25
    x=INTEG(v, 1)
    v=INTEG(-w2*x, 0)
"""


@pytest.fixture(scope="module")
def spring(read):
    model = read(SPRING, stop=30, dt=0.125, name="spring")
    run = models.simulate(model, method="LSODA")
    return loops.along(loops.trace(model), run)


def test_shares_of_a_logistic_are_the_published_closed_form(read):
    # dP/dt = r P (1 - P/K): shares 1 - P/K and -P/K, as every method has in a one-stock model.
    model = read("r=0.3\n K=100\n room=1-P/K\n growth=r*P*room\n P=INTEG(growth, 1)", stop=40)
    graph = loops.trace(model)
    along = loops.along(graph, models.simulate(model))
    found = loops.find(graph)
    p = along.value("P") / 100
    short, long = sorted(found, key=len)
    assert (short.stocks, long.stocks) == (("P",), ("P",))
    for scores in (
        loops.score(found, along, "pathway"),
        loops.score(found, along, "pathway", stock="P"),
        loops.score(found, along, "impact"),
        loops.score(found, along, "impact", stock="P"),
    ):
        relative = scores["relative"]
        np.testing.assert_allclose(relative.sel(loop=short.id), 1 - p, rtol=1e-9)
        np.testing.assert_allclose(relative.sel(loop=long.id), -p, rtol=1e-9)
        assert set(scores["status"].values.ravel()) == {"active"}


def test_the_dominant_pathway_of_a_logistic_changes_at_half_the_capacity(logistic):
    # x'' / x' = r - 2 r P / K changes sign at P = K/2.
    along = loops.along(loops.trace(logistic), models.simulate(logistic))
    shares = participation(along, "P")
    growing = along.value("P") < 50
    births = shares["dominant"].sel(pathway="P -> births -> P").values
    np.testing.assert_array_equal(births, growing)
    assert not (births & shares["dominant"].sel(pathway="P -> deaths -> P").values).any()
    np.testing.assert_array_equal(
        shares["end"], np.where(growing, "loop: P -> births -> P", "loop: P -> deaths -> P")
    )
    np.testing.assert_array_equal(
        shares["phase"], np.where(growing, "reinforcing growth", "balancing growth")
    )


def test_participation_on_the_infected_is_the_closed_form(sir):
    along = loops.along(loops.trace(sir), models.simulate(sir))
    s, i = along.value("S"), along.value("I")
    ds, di = along.rates["S"], along.rates["I"]
    expected = {
        "I -> recovering -> I": np.full_like(s, -0.1),
        "I -> infection -> I": 0.5 * s / 1000,
        "S -> infection -> I": 0.5 * i / 1000 * ds / di,
    }
    shares = participation(along, "I")
    assert set(shares["pathway"].values) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(shares["participation"].sel(pathway=name), values, rtol=1e-12)
    total = along.accelerations["I"] / di
    np.testing.assert_allclose(shares["total"], total, rtol=1e-9)
    np.testing.assert_allclose(shares["participation"].sum("pathway"), total, rtol=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_participations_sum_to_acceleration_over_rate(driven_model, placed, seed):
    along = placed(loops.trace(driven_model(seed)), seed)
    for stock in along.graph.stocks:
        shares = participation(along, stock)
        moving = shares["status"] == "active"
        size = abs(shares["participation"]).sum("pathway")
        sums = (
            shares["participation"].sum("pathway") - along.accelerations[stock] / along.rates[stock]
        )
        assert float((abs(sums) / (size + 1e-300)).where(moving, 0).max()) < 1e-12
        known = size.where(moving, 0) > 0
        np.testing.assert_allclose(abs(shares["share"]).sum("pathway").values[known], 1, rtol=1e-9)


def test_a_spring_changes_sign_each_quarter_period(spring):
    # x = cos(t/2), v = -sin(t/2)/2: the one participation in x is -w2 x / v = cot(t/2) / 2.
    shares = participation(spring, "x")
    assert list(shares["pathway"].values) == ["v -> x"]
    t = spring.time[1:]
    np.testing.assert_allclose(
        shares["participation"].values[1:, 0], 0.5 / np.tan(t / 2), rtol=1e-5, atol=1e-6
    )
    changes = np.flatnonzero(np.diff(np.sign(shares["participation"].values[1:, 0])))
    quarters = (t[changes] + 0.0625) / (np.pi)
    np.testing.assert_allclose(quarters, np.arange(1, len(changes) + 1), atol=0.03)


def test_at_a_turning_point_only_forces_are_told(spring):
    shares = participation(spring, "x").isel(time=0)
    assert shares["status"] == "undefined"
    assert np.isnan(shares["participation"]).all()
    assert np.isnan(shares["share"]).all()
    assert shares["phase"] == "at rest"
    np.testing.assert_allclose(shares["force"], [-0.25])
    assert shares["dominant"].all()
    assert shares["end"] == "none"  # nothing bends v there: its one force is -w2 v = 0
    assert participation(spring, "x")["end"][1] == "loop: v -> x -> v"
    scores = loops.score(loops.find(spring.graph), spring, "pathway", stock="x").isel(time=0)
    assert scores["status"] == "undefined"
    assert np.isnan(scores["relative"]).all()


def test_the_only_loop_has_all_of_the_whole_score_even_at_turning_points(spring):
    scores = loops.score(loops.find(spring.graph), spring, "pathway")
    np.testing.assert_allclose(scores["relative"], -1, rtol=1e-12)
    assert set(scores["status"].values.ravel()) == {"active"}


def test_there_are_seven_phases():
    signs = np.array([-1.0, 0.0, 1.0])
    found = phases(*(part.ravel() for part in np.meshgrid(signs, signs, indexing="ij")))
    assert list(found) == [
        "reinforcing decline", "linear decline", "balancing decline",
        "at rest", "at rest", "at rest",
        "balancing growth", "linear growth", "reinforcing growth",
    ]  # fmt: skip
    assert len(set(found)) == 7


def test_linear_growth_has_no_dominant_pathway(read):
    model = read("inflow=3\n stock=INTEG(inflow, 0)\n other=INTEG(stock, 0)")
    along = loops.along(loops.trace(model), models.simulate(model))
    shares = participation(along, "stock")
    assert set(shares["phase"].values) == {"linear growth"}
    assert set(shares["end"].values) == {"none"}
    np.testing.assert_array_equal(shares["total"], 0)
    following = participation(along, "other")
    assert set(following["phase"].values[1:]) == {"reinforcing growth"}
    assert set(following["end"].values[1:]) == {"none"}


def test_dominance_that_comes_from_outside_says_so(read):
    model = read("push=2*Time\n x=INTEG(push-x/50, 0)\n y=INTEG(x, 0)")
    along = loops.along(loops.trace(model), models.simulate(model))
    assert set(participation(along, "y")["end"].values[2:]) == {"outside: push -> x"}
    shares = participation(along, "x")
    assert set(shares["end"].values) == {"outside: push -> x"}
    assert shares["dominant"].sel(pathway="from outside -> push -> x").all()


def test_loops_reached_by_following_back_are_marked(prey):
    graph = loops.trace(prey)
    along = loops.along(graph, models.simulate(prey))
    found = loops.find(graph)
    scores = loops.score(found, along, "pathway", stock="prey")
    ends = participation(along, "prey")["end"].values
    for loop in found:
        chain = "loop: " + " -> ".join((*loop.nodes, loop.nodes[0]))
        np.testing.assert_array_equal(scores["dominant"].sel(loop=loop.id), ends == chain)
    assert (scores["dominant"].sum("loop") == 1).all()


def test_loops_that_do_not_pass_a_stock_are_undefined_for_it(prey):
    graph = loops.trace(prey)
    found = loops.find(graph)
    scores = loops.score(found, loops.along(graph, models.simulate(prey)), "pathway", stock="prey")
    for loop in found:
        words = set(scores["status"].sel(loop=loop.id).values)
        assert words == ({"active"} if "prey" in loop.stocks else {"undefined"})
        assert np.isnan(scores["raw"].sel(loop=loop.id)).all() == ("prey" not in loop.stocks)


def test_shared_legs_have_one_score(read):
    model = read("a=x+y\n x=INTEG(a, 1)\n y=INTEG(a/2-x/3, 1)")
    graph = loops.trace(model)
    found = loops.find(graph)
    scores = loops.score(found, loops.along(graph, models.simulate(model)), "pathway", stock="x")
    through = [loop.id for loop in found if ("y", "a") in loop.links and "x" in loop.stocks]
    assert len(through) >= 1
    assert "share a leg" in scores.attrs["not_for"]
    assert abs(scores["relative"].sel(loop=through)).max() <= 1


def test_at_equilibrium_the_scores_say_rest(read):
    model = read("in=x/5\n out=x/5\n x=INTEG(in-out, 7)")
    graph = loops.trace(model)
    found, along = loops.find(graph), loops.along(graph, models.simulate(model))
    for method in ("pathway", "impact"):
        for options in ({}, {"stock": "x"}):
            scores = loops.score(found, along, method, **options)
            assert set(scores["status"].values.ravel()) == {"equilibrium"}
            np.testing.assert_array_equal(scores["relative"], 0)
    assert set(participation(along, "x")["status"].values) == {"equilibrium"}


def test_rest_that_is_only_rounding_is_rest(read):
    # 0.1 * 3 - 0.3 is 5.6e-17: a rate of pure rounding.
    model = read("in=0.1*x\n out=0.3*x/3\n x=INTEG(in*3-out*3, 1)")
    graph = loops.trace(model)
    scores = loops.score(
        loops.find(graph), loops.along(graph, models.simulate(model)), "pathway", stock="x"
    )
    assert set(scores["status"].values.ravel()) == {"equilibrium"}


def test_relative_scores_ignore_the_unit_of_a_stock(read):
    rows = "a=1.1\n b=0.4\n x=INTEG(a*x-b*x*y/{u}, 10)\n y=INTEG({u}*0.1*x*y/{u}-0.4*y, 5*{u})"
    found = []
    for unit in (1, 1000):
        model = read(rows.format(u=unit), stop=10, dt=0.0625)
        graph = loops.trace(model)
        found.append(
            loops.score(loops.find(graph), loops.along(graph, models.simulate(model)), "pathway")
        )
    np.testing.assert_allclose(found[0]["relative"], found[1]["relative"], rtol=1e-7, atol=1e-9)


def test_a_batch_has_a_run_dim(logistic):
    graph = loops.trace(logistic)
    batch = models.simulate(logistic, parameters={"r": [0.1, 0.3]})
    along = loops.along(graph, batch)
    shares = participation(along, "P")
    assert shares["share"].dims == ("run", "time", "pathway")
    single = participation(
        loops.along(graph, models.simulate(logistic, parameters={"r": 0.3})), "P"
    )
    np.testing.assert_allclose(shares["share"].isel(run=1), single["share"], rtol=1e-9)
    np.testing.assert_array_equal(shares["end"].isel(run=1), single["end"])
    scores = loops.score(loops.find(graph), along, "pathway")
    assert scores["relative"].dims == ("run", "time", "loop")


def test_forces_and_shares_of_the_library_model_agree_with_its_accelerations():
    model = models.load("migration_policy")
    along = loops.along(loops.trace(model), models.simulate(model, scenario="tightening"))
    for stock in ("natives", "irregular migrants", "origin pool"):
        forces = forces_on(along, stock)
        np.testing.assert_allclose(
            forces.values.sum(axis=0) / forces.size, along.accelerations[stock] / forces.size,
            atol=1e-12,
        )  # fmt: skip


@pytest.mark.parametrize("method", ["pathway", "impact"])
def test_a_stock_that_is_none_is_refused(prey, method):
    graph = loops.trace(prey)
    found, along = loops.find(graph), loops.along(graph, models.simulate(prey))
    with pytest.raises(LoopError, match="no variable named 'pray'; did you mean 'prey'"):
        loops.score(found, along, method, stock="pray")
    with pytest.raises(LoopError, match=r"'prey births' is a .*lead into stocks, as 'prey'"):
        loops.score(found, along, method, stock="prey births")


def test_yeast_has_four_pathways_and_growth_that_turns_against_itself(read):
    # Cells breed at (1.1 - 0.1 A)/16 and die at exp(A - 11)/30; each adds alcohol A.
    model = read(
        "births=cells*(1.1-0.1*alcohol)/16\n deaths=cells*EXP(alcohol-11)/30\n making=0.01*cells\n"
        "cells=INTEG(births-deaths, 1)\n alcohol=INTEG(making, 0)",
        stop=120, dt=0.5,
    )  # fmt: skip
    along = loops.along(loops.trace(model), models.simulate(model))
    c, a = along.value("cells"), along.value("alcohol")
    dc, da = along.rates["cells"], along.rates["alcohol"]
    shares = participation(along, "cells")
    expected = {
        "cells -> births -> cells": (1.1 - 0.1 * a) / 16,
        "cells -> deaths -> cells": -np.exp(a - 11) / 30,
        "alcohol -> births -> cells": -0.1 * c / 16 * da / dc,
        "alcohol -> deaths -> cells": -c * np.exp(a - 11) / 30 * da / dc,
    }
    assert set(shares["pathway"].values) == set(expected)
    for name, values in expected.items():
        found = shares["participation"].sel(pathway=name)
        np.testing.assert_allclose(found, values, rtol=1e-9, atol=1e-12)
    assert a.max() > 11  # so breeding falls with the number of cells, at the end
    assert list(dict.fromkeys(shares["phase"].values)) == [
        "reinforcing growth", "balancing growth", "reinforcing decline", "balancing decline",
    ]  # fmt: skip
