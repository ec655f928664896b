"""Tests of cutting loops: private links, frozen links and switches in runs made again."""

from __future__ import annotations

from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.cuts.cut import Cut, cuts_of, private_links
from loopscope.loops.cuts.cutting import Cutting, position
from loopscope.loops.loop import canonical, closed
from loopscope.models.errors import LoopError


@settings(max_examples=60, deadline=None)
@given(
    st.sets(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), min_size=1, max_size=14
    )
)
def test_private_links_are_those_on_one_loop_of_all(pairs):
    network = nx.DiGraph(sorted(pairs))
    part = {}
    for number, nodes in enumerate(nx.strongly_connected_components(network)):
        part |= dict.fromkeys(nodes, number)
    graph = SimpleNamespace(pairs=tuple(sorted(pairs)), partition_of=part)
    through = {}
    for nodes in nx.simple_cycles(network):
        for pair in closed(nodes):
            through.setdefault(pair, []).append(canonical(nodes))
    expected = {pair: found[0] for pair, found in through.items() if len(found) == 1}
    assert private_links(graph) == expected


@pytest.mark.parametrize("method", ["Euler", "RK4", "LSODA"])
def test_a_run_without_a_cut_is_the_run(prey, method):
    cutting = _cutting(prey, method)
    same = cutting.run({})
    for stock in ("prey", "predators"):
        np.testing.assert_allclose(same.value(stock), cutting.along.value(stock), rtol=1e-9)


@pytest.mark.parametrize("place", [0, 1, 2, 57])
@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_a_frozen_link_gives_what_a_hand_written_integrator_gives(prey, method, place):
    # From that step on, prey deaths see the predators of that time; all else sees them as they are.
    cutting = _cutting(prey, method, [Cut(link=("predators", "prey deaths"))])
    cut = cutting.run({0: place})
    base = cutting.along
    held = base.value("predators")[place]

    def rates(state):
        x, y = state
        return np.array([1.1 * x - 0.4 * x * held, 0.1 * x * y - 0.4 * y])

    state = np.array([base.value("prey")[place], base.value("predators")[place]])
    dt = base.step
    for step in range(place, place + 12):
        np.testing.assert_allclose(cut.value("prey")[step], state[0], rtol=1e-11)
        np.testing.assert_allclose(cut.value("predators")[step], state[1], rtol=1e-11)
        k1 = rates(state)
        k2 = rates(state + dt / 2 * k1)
        k3 = rates(state + dt / 2 * k2)
        k4 = rates(state + dt * k3)
        state = state + dt * (k1 if method == "Euler" else (k1 + 2 * k2 + 2 * k3 + k4) / 6)
    before = slice(0, place + 1)
    np.testing.assert_allclose(cut.value("prey")[before], base.value("prey")[before], rtol=1e-11)


def test_a_frozen_link_follows_its_closed_form(logistic):
    # Deaths frozen at d0 from t = 5 on: P' = r P - d0, so P = (P5 - d0/r) exp(r (t - 5)) + d0/r.
    cutting = _cutting(logistic, "LSODA", [Cut(link=("P", "deaths"))])
    start = 20
    cut = cutting.run({0: start})
    p5 = cutting.along.value("P")[start]
    d0 = 0.3 * p5**2 / 100
    t = cutting.along.time[start:] - cutting.along.time[start]
    expected = (p5 - d0 / 0.3) * np.exp(0.3 * t) + d0 / 0.3
    np.testing.assert_allclose(cut.value("P")[start:], expected, rtol=1e-6)


@pytest.mark.parametrize("scenario", [None, "tightening"])
def test_in_a_view_a_cut_takes_away_exactly_the_force_of_its_link(scenario):
    model = models.load("migration_policy")
    view = loops.fold(loops.trace(model))
    along = loops.along(view, models.simulate(model, scenario=scenario))
    links = [pair for pair in private_links(view) if view.nodes[pair[0]].role == "stock"]
    links += [("irregular migrants", "policy stringency"), ("natives", "origin pool")]
    links = [pair for pair in dict.fromkeys(links) if pair in view.links]
    cutting = Cutting(along, [Cut(link=pair) for pair in links])
    place = 40
    same = cutting.run({})
    for number, (cause, effect) in enumerate(links):
        cut = cutting.run({number: place})
        for stock in view.stocks:
            if view.nodes[stock].role != "stock":
                continue
            gone = same.accelerations[stock][place] - cut.accelerations[stock][place]
            force = along.gains[cause, effect][place] * along.rates[cause][place]
            expected = force if stock == effect else 0.0
            scale = abs(same.accelerations[stock][place]) + abs(force)
            assert abs(gone - expected) <= 1e-9 * scale + 1e-15, (cause, effect, stock)
            np.testing.assert_allclose(
                cut.rates[stock][place], along.rates[stock][place], rtol=1e-9,
                atol=1e-9 * np.abs(along.rates[stock]).max(),
            )  # fmt: skip


@pytest.mark.parametrize("method", ["Euler", "RK4", "LSODA"])
def test_a_switch_is_a_constant_set_from_a_time_on(prey, method):
    cutting = _cutting(prey, method, [Cut(switch={"b": 0.0, "c": 0.05})])
    cut = cutting.run({0: 0})
    given = models.simulate(prey, method=method, parameters={"b": 0, "c": 0.05})
    for stock in ("prey", "predators"):
        np.testing.assert_allclose(cut.value(stock), given[stock], rtol=1e-8)
    later = cutting.run({0: 80})
    np.testing.assert_allclose(
        later.value("prey")[:81], cutting.along.value("prey")[:81], rtol=1e-9
    )
    assert abs(later.value("prey")[85] / cutting.along.value("prey")[85] - 1) > 0.01


def test_several_cuts_hold_together(prey):
    links = [Cut(link=("predators", "prey deaths")), Cut(link=("prey", "prey births"))]
    cutting = _cutting(prey, "Euler", links)
    both = cutting.run({0: 8, 1: 8})
    x, y = cutting.along.value("prey")[8], cutting.along.value("predators")[8]
    rate = both.rates["prey"][9]
    assert rate == pytest.approx(1.1 * x - 0.4 * both.value("prey")[9] * y, rel=1e-12)


def test_two_switches_of_one_constant_do_not_hide_each_other(prey):
    cuts = [Cut(switch={"b": 0.0}), Cut(switch={"b": 0.2})]
    cutting = _cutting(prey, "Euler", cuts)
    for number, value in ((0, 0.0), (1, 0.2)):
        given = models.simulate(prey, parameters={"b": value})
        np.testing.assert_allclose(cutting.run({number: 0}).value("prey"), given["prey"], rtol=1e-9)


def test_runs_of_a_batch_are_cut_each_with_its_own_value(logistic):
    batch = models.simulate(logistic, parameters={"r": [0.1, 0.3]}, initial={"P": [5, 1]})
    graph = loops.trace(logistic)
    cutting = Cutting(loops.along(graph, batch), [Cut(link=("P", "deaths"))])
    cut = cutting.run({0: 12})
    single = models.simulate(logistic, parameters={"r": 0.3})
    alone = Cutting(loops.along(graph, single), [Cut(link=("P", "deaths"))]).run({0: 12})
    np.testing.assert_allclose(cut.value("P")[1], alone.value("P"), rtol=1e-9)


def test_paths_lookups_starts_and_random_numbers_are_those_of_the_run(read):
    model = read(
        "k=1\n effect([(0,0)-(9,9)],(0,1),(9,3))\n noise=RANDOM UNIFORM(0,1,0)\n"
        "in=k*noise*effect(x)\n out=x/8\n x=INTEG(in-out, 2)"
    )
    run = models.simulate(
        model, parameters={"k": {"times": [0, 10], "values": [1, 3]}},
        lookups={"effect": [(0, 1), (9, 5)]}, initial={"x": 4}, seed=9, stop=8, saveper=0.5,
    )  # fmt: skip
    along = loops.along(loops.trace(model), run)
    cutting = Cutting(along, [Cut(link=("x", "out"))])
    np.testing.assert_allclose(cutting.run({}).value("x"), run["x"], rtol=1e-9)
    cut = cutting.run({0: 4})
    out = run["x"].values[4] / 8
    np.testing.assert_allclose(cut.value("out")[4:], out, rtol=1e-9)
    np.testing.assert_allclose(cut.value("noise"), run["noise"], rtol=1e-9)


def test_pipelines_and_memories_can_be_cut(read):
    model = read(
        "late=DELAY FIXED(x, 1, 0)\n kept=SAMPLE IF TRUE(x>1.5, x, 1)\n"
        "x=INTEG((2-late)/4+kept/20, 1)"
    )
    along = loops.along(loops.trace(model), models.simulate(model))
    (stage,) = (name for name, node in along.graph.nodes.items() if node.role == "pipeline")
    cutting = Cutting(along, [Cut(link=("x", stage))])
    np.testing.assert_allclose(cutting.run({}).value("x"), along.value("x"), rtol=1e-12)
    # From then on the same value goes in, and comes out a year, four steps, later.
    cut = cutting.run({0: 8})
    np.testing.assert_allclose(cut.value(stage)[12:], along.value("x")[8], rtol=1e-12)
    np.testing.assert_allclose(cut.value(stage)[:12], along.value(stage)[:12], rtol=1e-12)


def test_a_private_link_is_taken_where_nothing_else_is_said(prey):
    found = loops.find(loops.trace(prey))
    cuts = cuts_of(found)
    private = private_links(found.graph)
    for loop, cut in zip(found, cuts, strict=True):
        assert private[cut.link] == loop.nodes
        assert found.graph.nodes[cut.link[0]].role == "stock"


def test_loops_without_a_link_of_their_own_have_no_cut(read):
    # Every pair of three stocks act on each other: each link is on a short and on a long loop.
    model = read("x=INTEG(y+z, 1)\n y=INTEG(x-z, 1)\n z=INTEG(x-y, 1)")
    found = loops.find(loops.trace(model))
    assert len(found) == 5
    assert cuts_of(found) == [None] * 5


def test_a_switch_in_the_catalogue_is_used(tmp_path):
    text = (
        "{UTF-8}\nr=0.1~~|\nm=0.02~~|\nbirths=r*P~~|\ndeaths=m*P~~|\nP=INTEG(births-deaths,5)~~|\n"
        "INITIAL TIME=0~~|\nFINAL TIME=10~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
    )
    (tmp_path / "named.mdl").write_text(text)
    (tmp_path / "named.loops.toml").write_text(
        '[[loop]]\nid="R1"\nname="births"\npath=["P","births"]\npolarity="R"\nswitch={r=0}\n'
    )
    found = loops.find(loops.trace(tmp_path / "named.mdl"))
    (births,) = (n for n, loop in enumerate(found) if "births" in loop.nodes)
    assert cuts_of(found)[births] == Cut(switch={"r": 0.0})
    assert cuts_of(found, by="link")[births] == Cut(link=("P", "births"))
    assert cuts_of(found, by="switch")[1 - births] is None


def test_controls_that_cannot_be_used_say_why(prey):
    found = loops.find(loops.trace(prey))
    (long,) = (loop for loop in found if len(loop.stocks) == 2)
    (births,) = (loop for loop in found if "prey births" in loop.nodes)
    for controls, message in (
        ({"R77": "b"}, "no loop 'R77'"),
        ({3: "b"}, "controls are given by loop id, as 'R1', got 3"),
        ({births.id: "bb"}, "no constant 'bb' to cut loop .*did you mean 'b'"),
        ({births.id: "prey"}, "no constant 'prey'"),
        ({births.id: {"b": "none"}}, "'b', which cuts loop .* must be a number, got 'none'"),
        ({births.id: {"b": float("nan")}}, "must be a number, got nan"),
        ({births.id: 5}, "is cut by the name of a constant.*got 5"),
        ({births.id: ("prey", "prey deaths")}, "has no link 'prey' -> 'prey deaths'; it has"),
        ({long.id: ("predator births", "predators")}, "lies on other loops than .*: use "),
        ({long.id: ("prey", "elsewhere")}, "no variable named 'elsewhere'"),
    ):
        with pytest.raises(LoopError, match=message):
            cuts_of(found, controls)
    with pytest.raises(LoopError, match="by 'switch', 'link' or 'any', got 'force'"):
        cuts_of(found, by="force")


def test_values_put_together_by_hand_cannot_be_run_again(placed, prey):
    with pytest.raises(LoopError, match=r"a run of models\.simulate"):
        Cutting(placed(loops.trace(prey), 1), [])


def test_times_outside_or_between_saved_ones_are_refused(prey):
    along = loops.along(loops.trace(prey), models.simulate(prey, saveper=1))
    assert position(along, 3, what="start", default=0) == 3
    for time in (-1, 41, "soon", float("nan")):
        with pytest.raises(LoopError, match=r"start must be a time of the run, 0 to 40; got"):
            position(along, time, what="start", default=0)
    with pytest.raises(LoopError, match=r"start=2.4 lies between saved times; the nearest is 2"):
        position(along, 2.4, what="start", default=0)


def _cutting(model, method, cuts=()):
    graph = loops.trace(model)
    along = loops.along(graph, models.simulate(model, method=method))
    return Cutting(along, cuts or [Cut(link=pair) for pair in private_links(graph)])
