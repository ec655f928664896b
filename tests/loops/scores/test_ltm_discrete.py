"""Tests of discrete LTM scores: closed forms, invariance, labels, statuses, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.replay import Along
from loopscope.loops.scores.link_scores import link_scores
from loopscope.models import source
from loopscope.models.errors import LoopError
from loopscope.models.model import TIME, symbol_of

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
NUMBER = st.floats(0.1, 10.0).map(lambda x: round(x, 3))


def scored(model, keep=None, run=None, **options):
    graph = loops.trace(model)
    view = graph if keep is None else loops.fold(graph, keep)
    found = loops.find(view)
    run = models.simulate(model) if run is None else run
    return found, loops.score(found, run, "ltm", form="discrete", **options)


def at(graph, time=None, **states):
    """A graph where the stocks have given values, one value a point."""
    points = len(next(iter(states.values())))
    values = dict(graph.equations.parameters)
    values |= {symbol_of(name): np.array(value, dtype=float) for name, value in states.items()}
    values[TIME] = time = np.arange(points, dtype=float) if time is None else np.array(time)
    return Along(graph, values, time=time, step=1.0)


def score_at(graph, **states):
    found = loops.find(graph)
    return found, loops.score(found, at(graph, **states), form="discrete", labels="end")


def through(found, *names):
    """Id of the one loop with exactly these variables."""
    (one,) = [loop.id for loop in found if set(loop.nodes) == set(names)]
    return one


def one(scores, loop, what="relative"):
    return scores[what].sel(loop=loop).to_numpy()


# Closed forms


def test_logistic_with_two_flows_has_its_closed_form(logistic):
    # D births = r DP, D deaths = r DP (P + P')/K: the shares are 1 : (P + P')/K.
    run = models.simulate(logistic)
    found, scores = scored(logistic, first="score")
    pair_sum = run["P"].to_numpy()[1:] + run["P"].to_numpy()[:-1]
    share = 1 / (1 + pair_sum / 100)
    moving = slice(0, 150)  # near rest differences have no digits left
    births, deaths = through(found, "P", "births"), through(found, "P", "deaths")
    np.testing.assert_allclose(one(scores, births)[:-1][moving], share[moving], rtol=1e-9)
    np.testing.assert_allclose(one(scores, deaths)[:-1][moving], share[moving] - 1, rtol=1e-9)


def test_first_is_the_derivative_at_the_start_and_last_at_the_end(bass, read):
    # d(q x y)/dx Dx is q y Dx: y at the start with first, at the end with last.
    model = read("a=1\nz=a*x*y\nx=INTEG(z,1)\ny=INTEG(-z/2,9)")
    along = at(loops.trace(model), x=[2, 5], y=[3, 7])
    total = 5 * 7 - 2 * 3
    for attribution, of_x, of_y in (("first", 3 * 3, 2 * 4), ("last", 3 * 7, 5 * 4)):
        scores = link_scores(along, attribution=attribution)
        np.testing.assert_allclose(scores["x", "z"], of_x / total, rtol=1e-15)
        np.testing.assert_allclose(scores["y", "z"], of_y / total, rtol=1e-15)
    assert (of_x + of_y) != total


@pytest.mark.parametrize(
    ("rows", "score"),
    [
        ("flow=0.1*S\nS=INTEG(flow,1)", 1),
        ("flow=0.1*S\nS=INTEG(-flow,9)", -1),
        ("x=INTEG(v,1)\nv=INTEG(-2*x,0)", -1),  # mass and spring
        ("flow=MAX(0,S-2)/7\ngap=EXP(-flow)\nS=INTEG(gap,9)", -1),
    ],
)
def test_lone_loop_scores_one_at_all_times(read, rows, score):
    found, scores = scored(read(rows))
    assert len(found) == 1
    active = scores.isel(loop=0, time=slice(1, -1))
    np.testing.assert_allclose(active["raw"], score, rtol=1e-12)
    np.testing.assert_allclose(active["relative"], score, rtol=1e-12)
    assert set(active["status"].to_numpy()) == {"active"}


def test_time_and_driven_parameters_are_credited_to_no_link(read):
    model = read("z=x*Time\nx=INTEG(z,1)")
    along = at(loops.trace(model), x=[2, 6], time=[3.0, 4.0])
    total = 6 * 4 - 2 * 3
    for attribution, held in (("first", 3), ("last", 4), ("shapley", 3.5)):
        scores = link_scores(along, attribution=attribution)
        np.testing.assert_allclose(scores["x", "z"], (6 - 2) * held / total, rtol=1e-14)

    ramp = read("p=2\nz=x*p\nx=INTEG(z,1)")
    run = models.simulate(ramp, parameters={"p": {"times": [0, 10], "values": [2, 5]}})
    scores = link_scores(loops.along(loops.trace(ramp), run))
    x, p = run["x"].to_numpy(), run["p"].to_numpy()
    by_hand = np.diff(x) * p[:-1] / np.diff(x * p)
    np.testing.assert_allclose(scores["x", "z"], by_hand, rtol=1e-10)


# Attribution


@FEW
@given(st.lists(NUMBER, min_size=6, max_size=6))
def test_shapley_parts_of_three_factors_add_up_and_have_their_closed_form(read_once, numbers):
    graph = read_once("z=u*v*w\nu=INTEG(z,1)\nv=INTEG(-z,1)\nw=INTEG(z-w,1)")
    (u, v, w), (up, vp, wp) = numbers[:3], numbers[3:]
    scores = link_scores(at(graph, u=[u, up], v=[v, vp], w=[w, wp]), attribution="shapley")
    total = up * vp * wp - u * v * w
    if abs(total) < 1e-3:
        return
    parts = {
        name: scores[name, "z"][0] * abs(total) * np.sign(moved)
        for name, moved in (("u", up - u), ("v", vp - v), ("w", wp - w))
    }
    np.testing.assert_allclose(sum(parts.values()), total, rtol=1e-10, atol=1e-11)
    by_hand = (up - u) * (2 * v * w + v * wp + vp * w + 2 * vp * wp) / 6
    np.testing.assert_allclose(parts["u"], by_hand, rtol=1e-10, atol=1e-11)


@FEW
@given(st.lists(NUMBER, min_size=4, max_size=4))
def test_shapley_of_two_factors_is_the_mean_of_first_and_last(read_once, numbers):
    graph = read_once("z=x*y+3*x\nx=INTEG(z,1)\ny=INTEG(-z,1)")
    along = at(graph, x=numbers[:2], y=numbers[2:])
    first, last, mean = (
        link_scores(along, attribution=one) for one in ("first", "last", "shapley")
    )
    for pair in (("x", "z"), ("y", "z")):
        np.testing.assert_allclose(mean[pair], (first[pair] + last[pair]) / 2, atol=1e-9)


def test_shapley_values_of_a_sum_need_few_evaluations_and_of_a_long_product_are_refused(read):
    names = [f"s{n}" for n in range(12)]
    stocks = "\n".join(f"{name}=INTEG(z,{n + 1})" for n, name in enumerate(names))
    states = {name: [1.0, 2.0 + n] for n, name in enumerate(names)}
    summed = at(loops.trace(read("z=" + "+".join(names) + "\n" + stocks)), **states)
    first, shapley = link_scores(summed), link_scores(summed, attribution="shapley")
    for name in names:
        np.testing.assert_allclose(shapley[name, "z"], first[name, "z"], rtol=1e-12)
    product = at(loops.trace(read("z=" + "*".join(names) + "\n" + stocks)), **states)
    with pytest.raises(LoopError, match=r"'z': a term has 12 inputs .* at most 10: split"):
        link_scores(product, attribution="shapley")


# Invariance


@FEW
@given(st.lists(NUMBER, min_size=6, max_size=6))
def test_merging_flows_into_a_net_flow_changes_no_loop(read_once, states):
    equations = """
        a=x*y/3
        b=0.4*x*x
        c=y/(1+x)
        y=INTEG(b-c,2)
    """
    split = read_once(equations + "x=INTEG(a-b+c,1)")
    merged = read_once(equations + "net=a-b+c\nx=INTEG(net,1)")
    x, y = states[:3], states[3:]
    ours, scores = score_at(split, x=x, y=y)
    others, again = score_at(merged, x=x, y=y)
    assert len(ours) == len(others)
    pairs = {frozenset(loop.nodes) - {"net"}: loop.id for loop in others}
    for loop in ours:
        other = pairs[frozenset(loop.nodes)]
        # A net flow that is an auxiliary cuts the loop at an inflection; flows are infinite there.
        where = np.abs(one(scores, loop.id, "raw")) < 1e6
        np.testing.assert_allclose(
            one(again, other)[where], one(scores, loop.id)[where], rtol=1e-9, atol=1e-11
        )


def test_merging_flows_into_a_net_flow_changes_nothing_over_a_run(read, sir):
    merged = read(
        """
        contact=0.5
        recovery=0.1
        N=1000
        infection=contact*S*I/N
        recovering=recovery*I
        net=infection-recovering
        S=INTEG(-infection, 999)
        I=INTEG(net, 1)
        R=INTEG(recovering, 0)
        """,
        stop=100,
    )
    ours, scores = scored(sir)
    others, again = scored(merged)
    pairs = {frozenset(loop.nodes) - {"net"}: loop.id for loop in others}
    for loop in ours:
        moved = one(again, pairs[frozenset(loop.nodes)]) - one(scores, loop.id)
        assert np.nanmax(np.abs(moved)) < 5e-15


@FEW
@given(st.lists(NUMBER, min_size=3, max_size=3))
def test_splitting_an_equation_into_a_chain_changes_no_loop(read_once, states):
    whole = read_once("flow=EXP(-x/5)/3\nout=x/4\nx=INTEG(flow-out,1)")
    chain = read_once("a=-x/5\nb=EXP(a)\nflow=b/3\nout=x/4\nx=INTEG(flow-out,1)")
    if len(set(states)) < 3:
        return
    ours, scores = score_at(whole, x=states)
    others, again = score_at(chain, x=states)
    for short, long in (({"x", "flow"}, {"x", "a", "b", "flow"}), ({"x", "out"}, {"x", "out"})):
        before, after = one(scores, through(ours, *short)), one(again, through(others, *long))
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("attribution", ["first", "last", "shapley"])
def test_relative_scores_of_an_active_partition_sum_to_one_in_magnitude(prey, attribution):
    _, scores = scored(prey, attribution=attribution)
    active = (scores["status"] == "active").all("loop")
    assert active.sum() == scores.sizes["time"] - 2
    total = np.abs(scores["relative"]).sum("loop").where(active, drop=True)
    np.testing.assert_allclose(total, 1, rtol=1e-13)


def test_scores_of_a_view_are_sums_over_the_paths_behind_its_links(prey):
    graph, run = loops.trace(prey), models.simulate(prey)
    full = link_scores(loops.along(graph, run))
    view = link_scores(loops.along(loops.fold(graph), run))
    by_hand = (
        full["prey", "prey births"] * full["prey births", "prey"]
        + full["prey", "prey deaths"] * full["prey deaths", "prey"]
    )
    np.testing.assert_allclose(view["prey", "prey"], by_hand, rtol=1e-9)
    assert set(view) == {(a, b) for a in ("prey", "predators") for b in ("prey", "predators")}


def test_runge_kutta_runs_are_scored_by_the_change_of_the_net_flow(prey):
    run = models.simulate(prey, method="RK4")
    graph = loops.trace(prey)
    scores = link_scores(loops.along(graph, run))
    births, deaths = run["prey births"].to_numpy(), run["prey deaths"].to_numpy()
    by_hand = np.diff(births) / np.abs(np.diff(births - deaths))
    np.testing.assert_allclose(scores["prey births", "prey"], np.sign(by_hand) * by_hand, rtol=1e-6)
    total = np.abs(scored(prey, run=run)[1]["relative"].isel(time=slice(1, -1))).sum("loop")
    np.testing.assert_allclose(total, 1, rtol=1e-13)


def test_batch_has_the_scores_of_its_runs(bass):
    many = models.simulate(bass, parameters={"imitation": [0.3, 0.5]})
    _, scores = scored(bass, run=many)
    assert scores["relative"].dims == ("run", "time", "loop")
    for number, imitation in enumerate((0.3, 0.5)):
        alone = scored(bass, run=models.simulate(bass, parameters={"imitation": imitation}))[1]
        np.testing.assert_array_equal(scores["relative"][number], alone["relative"])
        np.testing.assert_array_equal(scores["status"][number], alone["status"])


# Labels and statuses


def test_labels_are_the_same_numbers_at_the_other_end_of_their_step(prey):
    _, start = scored(prey)
    _, whole = scored(prey, first="score")
    _, end = scored(prey, labels="end")
    np.testing.assert_array_equal(whole["raw"][:-1], end["raw"][1:])
    np.testing.assert_array_equal(start["raw"][1:-1], end["raw"][2:])
    # By convention 0 stands at the start; the step after the last time was not made.
    np.testing.assert_array_equal(start["relative"][0], 0)
    assert np.isnan(start["relative"][-1]).all()
    assert np.isnan(end["relative"][0]).all()
    for scores, times in ((start, [0, -1]), (whole, [-1]), (end, [0])):
        assert set(scores["status"][times].to_numpy().ravel()) == {"undefined"}
    assert start.attrs["labels"] == "start"
    assert end.attrs["attribution"] == "first"


def test_part_of_a_run_has_no_convention_at_its_first_time(prey):
    run = models.simulate(prey)
    _, whole = scored(prey, run=run)
    _, part = scored(prey, run=run.isel(time=slice(40, 60)))
    np.testing.assert_array_equal(part["relative"][:-1], whole["relative"][40:59])


def test_at_rest_all_scores_are_zero_and_say_so(read):
    model = read("births=0.1*P\ndeaths=P/10\nP=INTEG(births-deaths,100)")
    _, scores = scored(model, first="score")
    np.testing.assert_array_equal(scores["relative"][:-1], 0)
    assert set(scores["status"][:-1].to_numpy().ravel()) == {"equilibrium"}


def test_rounding_near_rest_is_reported_as_equilibrium(logistic):
    run = models.simulate(logistic, stop=400)
    _, scores = scored(logistic, run=run)
    assert set(scores["status"].sel(time=300).to_numpy()) == {"equilibrium"}
    assert set(scores["status"].sel(time=30).to_numpy()) == {"active"}


def test_inflection_is_infinite_with_sign_and_takes_continuous_shares(read):
    # births P, deaths P*P/8: net 1.5 at P = 2 and at P = 6, so it does not change between them.
    # Continuous at P = 2: gains 1 and -2 P/8 = -0.5, shares 2/3 and -1/3.
    graph = loops.trace(read("births=P\ndeaths=P*P/8\nP=INTEG(births-deaths,2)"))
    found, scores = score_at(graph, P=[2, 6, 7])
    births, deaths = through(found, "P", "births"), through(found, "P", "deaths")
    assert one(scores, births, "raw")[1] == np.inf
    assert one(scores, deaths, "raw")[1] == -np.inf
    assert set(scores["status"][1].to_numpy()) == {"inflection"}
    np.testing.assert_allclose(one(scores, births)[1], 2 / 3, rtol=1e-12)
    np.testing.assert_allclose(one(scores, deaths)[1], -1 / 3, rtol=1e-12)
    assert set(scores["status"][2].to_numpy()) == {"active"}


def test_superseded_form_is_zero_where_the_net_flow_is_zero(read):
    graph = loops.trace(read("births=P\ndeaths=P*P/8\nP=INTEG(births-deaths,2)"))
    scores = link_scores(at(graph, P=[8, 6, 4]), flow="2020")
    np.testing.assert_allclose(scores["births", "P"], [0, 6 / 1.5], rtol=1e-15)
    np.testing.assert_allclose(scores["deaths", "P"], [0, -4.5 / 1.5], rtol=1e-15)


def test_stock_that_passes_everything_on_is_no_inflection(read):
    # What flows into M flows out of it at once: its net flow is 0 for ever.
    model = read(
        """
        into=0.1*S
        out=0.1*S+0*M
        back=M*0.01+0.2*S
        M=INTEG(into-out,5)
        S=INTEG(back-into,1)
        """
    )
    found, scores = scored(model)
    assert any("M" in loop.nodes for loop in found)
    status = scores["status"].isel(time=slice(1, -1))
    for loop in found:
        seen = set(status.sel(loop=loop.id).to_numpy())
        assert seen == ({"inactive"} if "M" in loop.nodes else {"active"})
    total = np.abs(scores["relative"]).sum("loop").isel(time=slice(1, -1))
    np.testing.assert_allclose(total, 1, rtol=1e-13)


def test_switch_has_a_discrete_score_though_its_gain_is_zero(read):
    model = read("flow=IF THEN ELSE(S>5, 1, 2)\nS=INTEG(flow,1)")
    graph = loops.trace(model)
    assert graph.links["S", "flow"].kind == "switch"
    scores = link_scores(at(graph, S=[3, 4, 6, 7]))
    np.testing.assert_array_equal(scores["S", "flow"], [0, -1, 0])


def test_term_that_jumps_counts_beside_a_term_that_does_not(read):
    # The gain of S is 1, its partial change is not: INTEGER jumps with it.
    model = read("other=S/7\nflow=S+INTEGER(S)+other\nS=INTEG(flow,1)")
    graph = loops.trace(model)
    scores = link_scores(at(graph, S=[1.5, 2.5, 2.75]))
    np.testing.assert_allclose(scores["S", "flow"], [2 / (2 + 1 / 7), 7 / 8], rtol=1e-14)
    np.testing.assert_allclose(scores["other", "flow"], [(1 / 7) / (2 + 1 / 7), 1 / 8], rtol=1e-14)


def test_what_a_delay_fixed_or_a_sample_will_hold_counts_at_once(read):
    model = read(
        """
        seen=DELAY FIXED(2*S, 1, 4)
        kept=SAMPLE IF TRUE(MODULO(Time,2)<0.5, S, 1)
        flow=0.3*seen-0.1*kept+S/50
        S=INTEG(flow,2)
        """
    )
    run = models.simulate(model)
    found, scores = scored(model, labels="end", run=run)
    links = link_scores(loops.along(found.graph, run))
    np.testing.assert_allclose(links["S", "seen delay 1"], 1, rtol=1e-12)
    open_ = np.mod(run["time"].to_numpy(), 2) < 0.5
    both, none = open_[1:] & open_[:-1], ~open_[1:] & ~open_[:-1]
    np.testing.assert_allclose(links["S", "kept sample"][both], 1, rtol=1e-12)
    np.testing.assert_array_equal(links["S", "kept sample"][none], 0)
    total = np.abs(scores["relative"]).sum("loop")[1:]
    np.testing.assert_allclose(total, 1, rtol=1e-12)


def test_random_numbers_are_held_like_any_other_input(read):
    model = read("noise=RANDOM UNIFORM(0.5,1.5,7)\nflow=0.1*S*noise\nS=INTEG(flow,1)")
    run = models.simulate(model)
    found, _ = scored(model, run=run)
    links = link_scores(loops.along(found.graph, run))
    S, noise = run["S"].to_numpy(), run["noise"].to_numpy()
    flow = 0.1 * S * noise
    by_hand = 0.1 * np.diff(S) * noise[:-1] / np.abs(np.diff(flow))
    np.testing.assert_allclose(links["S", "flow"], by_hand, rtol=1e-9)


def test_held_variable_cuts_its_loops(logistic):
    run = models.simulate(logistic, parameters={"births": 2.0})
    found, scores = scored(logistic, run=run)
    births = through(found, "P", "births")
    assert set(scores["status"].sel(loop=births)[1:-1].to_numpy()) == {"inactive"}
    np.testing.assert_allclose(one(scores, through(found, "P", "deaths"))[1:20], -1, rtol=1e-12)


def test_lookup_that_the_run_changed_is_read_as_it_was(read):
    model = read(
        """
        table([(0,0)-(2,2)],(0,2),(2,0))
        effect=table(S/100)
        births=0.1*S*effect
        S=INTEG(births,5)
        """,
        stop=20,
    )
    run = models.simulate(model, lookups={"table": [(0, 1), (1, 0.5), (2, 0)]})
    links = link_scores(loops.along(loops.trace(model), run))
    S = run["S"].to_numpy()
    effect = np.interp(S / 100, [0, 1, 2], [1, 0.5, 0])
    by_hand = 0.1 * np.diff(S) * effect[:-1] / np.abs(np.diff(0.1 * S * effect))
    np.testing.assert_allclose(links["S", "births"], by_hand, rtol=1e-7)


STMX = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><name>tank</name><vendor>x</vendor><product version="1">x</product></header>
<sim_specs method="euler"><start>0</start><stop>4</stop><dt>0.5</dt></sim_specs>
<model><variables>
<stock name="tank"><eqn>3</eqn><outflow>use</outflow><non_negative/></stock>
<flow name="use"><eqn>2-0.01*tank</eqn></flow>
</variables></model></xmile>
"""


def test_steps_over_which_a_stock_is_held_at_zero_are_undefined(tmp_path):
    path = tmp_path / "tank.stmx"
    path.write_text(STMX, encoding="utf-8")
    model = source.load(path)
    run = models.simulate(model)
    _, scores = scored(model, run=run)
    tank, use = run["tank"].to_numpy(), run["use"].to_numpy()
    held = tank - 0.5 * use < 0
    assert held.any()
    status = scores["status"].to_numpy()[1:-1, 0]
    undefined = (held[1:] | held[:-1])[1:]
    np.testing.assert_array_equal(status == "undefined", undefined)
    np.testing.assert_array_equal(status == "active", ~undefined)


# What is refused


def test_run_that_was_not_saved_at_every_step_is_refused_with_the_call_that_repairs_it(prey):
    with pytest.raises(
        LoopError, match=r"every time step of 0\.0625 .*saved every 1 .*saveper=0\.0625\)"
    ):
        scored(prey, run=models.simulate(prey, saveper=1))
    run = models.simulate(prey)
    with pytest.raises(LoopError, match=r"irregular: 0\.125 .* after t = 0\.0625"):
        scored(prey, run=run.isel(time=[0, 1, 3, 4]))
    with pytest.raises(LoopError, match="two times at least"):
        scored(prey, run=run.isel(time=[5]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "discret"}, "form must be one of 'continuous', 'discrete', got 'discret'; did"),
        ({"form": "discrete", "label": "end"}, "no option 'label'; did you mean 'labels'"),
        ({"form": "discrete", "labels": "middle"}, "labels must be one of 'start', 'end'"),
        ({"form": "discrete", "attribution": "both"}, "attribution must be one of 'first'"),
        ({"form": "discrete", "flow": 2020}, "flow must be one of '2023', '2020', got 2020"),
        ({"form": "discrete", "first": "nan"}, "first must be one of 'zero', 'score'"),
        (
            {"labels": "end"},
            "continuous form has no labels=; remove it, or ask for form='discrete'",
        ),
    ],
)
def test_option_that_there_is_not_is_refused_by_name(bass, options, message):
    with pytest.raises(LoopError, match=message):
        loops.score(loops.find(bass), models.simulate(bass), "ltm", **options)


def test_values_along_another_graph_are_refused(bass):
    graph = loops.trace(bass)
    along = loops.along(loops.fold(graph), models.simulate(bass))
    with pytest.raises(LoopError, match=r"loops\.along\(found\.graph, run\)"):
        loops.score(loops.find(graph), along, "ltm", form="discrete")


@pytest.fixture(scope="module")
def read_once(read):
    """Graph of equations, read and traced once however often a property asks."""
    known = {}

    def graph(equations):
        if equations not in known:
            known[equations] = loops.trace(read(equations))
        return known[equations]

    return graph
