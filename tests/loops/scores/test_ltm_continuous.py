"""Tests of continuous LTM scores: closed forms, limits, invariance, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.replay import Along
from loopscope.loops.scores import ltm_continuous
from loopscope.models.errors import LoopError
from loopscope.models.model import TIME, symbol_of


def scored(model, keep=None, **asked):
    graph = loops.trace(model)
    view = graph if keep is None else loops.fold(graph, keep)
    found = loops.find(view)
    along = loops.along(view, models.simulate(model, **asked))
    return found, along, ltm_continuous.score(found, along)


def at(model, keep=None, step=0.25, **states):
    """Scores where the stocks have given values, one value a point."""
    graph = loops.trace(model)
    view = graph if keep is None else loops.fold(graph, keep)
    points = len(next(iter(states.values())))
    values = dict(graph.equations.parameters)
    values |= {symbol_of(name): np.array(value, dtype=float) for name, value in states.items()}
    values[TIME] = time = np.arange(points, dtype=float)
    found = loops.find(view)
    return found, ltm_continuous.score(found, Along(view, values, time=time, step=step))


def through(found, *names):
    """Id of the one loop with exactly these variables."""
    (one,) = [loop.id for loop in found if set(loop.nodes) == set(names)]
    return one


def one(scores, loop, what="relative"):
    return scores[what].sel(loop=loop).to_numpy()


@pytest.fixture(scope="module")
def net_logistic(read):
    return read(
        """
        r=0.3
        K=100
        growth=r*P
        room=1-P/K
        net=growth*room
        P=INTEG(net, 1)
        """,
        stop=60,
    )


def test_logistic_relative_scores_are_their_closed_form(net_logistic):
    found, along, scores = scored(net_logistic)
    share = along.value("P") / 100
    np.testing.assert_allclose(
        one(scores, through(found, "P", "growth", "net")), 1 - share, rtol=1e-12, atol=1e-15
    )
    np.testing.assert_allclose(one(scores, through(found, "P", "room", "net")), -share, rtol=1e-12)
    assert set(np.unique(scores["status"])) == {"active"}


def test_logistic_raw_scores_are_gain_times_rate_over_acceleration(logistic):
    # P' = rP - rP^2/K, P'' = (r - 2rP/K) P'.
    found, along, scores = scored(logistic)
    p = along.value("P")
    rate = np.abs(0.3 - 0.6 * p / 100)
    np.testing.assert_allclose(one(scores, through(found, "P", "births"), "raw"), 0.3 / rate)
    np.testing.assert_allclose(
        one(scores, through(found, "P", "deaths"), "raw"), -0.6 * p / 100 / rate
    )


def test_logistic_at_its_inflection_is_the_limit(logistic):
    # At P = K/2 the acceleration is 0 and both gains have the size r.
    found, scores = at(logistic, P=[50.0])
    up, down = through(found, "P", "births"), through(found, "P", "deaths")
    assert one(scores, up) == pytest.approx(0.5, abs=1e-14)
    assert one(scores, down) == pytest.approx(-0.5, abs=1e-14)
    assert one(scores, up, "raw") == np.inf
    assert one(scores, down, "raw") == -np.inf
    assert set(np.unique(scores["status"])) == {"inflection"}


def test_logistic_keeps_its_limit_as_it_settles_and_says_nothing_at_rest(logistic):
    found, scores = at(logistic, P=[100 * (1 - 1e-15), 100.0])
    up = through(found, "P", "births")
    np.testing.assert_allclose(one(scores, up), [1 / 3, 0.0], atol=1e-12)
    assert list(one(scores, up, "status")) == ["equilibrium", "equilibrium"]


def test_births_and_deaths_share_as_their_rates(read):
    text = "births=0.1*P\n deaths=P/life\n life={}\n P=INTEG(births-deaths, 100)"
    found, _, scores = scored(read(text.format(20)))
    np.testing.assert_allclose(one(scores, through(found, "P", "births")), 2 / 3, rtol=1e-12)
    np.testing.assert_allclose(one(scores, through(found, "P", "deaths")), -1 / 3, rtol=1e-12)
    _, _, resting = scored(read(text.format(10)))
    assert set(np.unique(resting["status"])) == {"equilibrium"}
    assert not resting["relative"].any()


def test_bass_has_no_spike_at_its_inflection(bass):
    # Both stocks turn at once: A* = M (q - p) / (2 q); W of a loop through one stock is G |A'|,
    # so shares are those of the gains: p and q A/M through potential, q (M - A)/M through adopters.
    p, q, size = 0.01, 0.4, 10000.0
    exact = size * (q - p) / (2 * q)
    near = exact * (1 + np.array([-1e-7, -1e-12, 0.0, 1e-12, 1e-7]))
    found, scores = at(bass, potential=size - near, adopters=near)
    gains = np.array([np.full(5, -p), -q * near / size, q * (size - near) / size])
    expected = gains / np.abs(gains).sum(axis=0)
    media, mouth = "adoption from advertising", "adoption from word of mouth"
    names = [("potential", media), ("potential", mouth), ("adopters", mouth)]
    for (stock, by), series in zip(names, expected, strict=True):
        loop = through(found, stock, by, "adoption")
        np.testing.assert_allclose(one(scores, loop), series, rtol=1e-6)
        assert one(scores, loop, "status")[2] == "inflection"
        assert np.isinf(one(scores, loop, "raw")[2])
    _, _, along_a_run = scored(bass)
    assert float(np.abs(along_a_run["relative"]).max()) <= 1
    np.testing.assert_allclose(np.abs(along_a_run["relative"]).sum("loop"), 1.0, rtol=1e-12)


def test_a_lone_loop_of_two_stocks_scores_minus_one_always(read):
    model = read("x=INTEG(v, 1)\n v=INTEG(-4*x, 0)", stop=10, dt=0.01)
    found, along, scores = scored(model)
    assert along.rates["x"][0] == 0
    np.testing.assert_allclose(one(scores, "B1"), -1.0, rtol=1e-12)
    x, v = (along.value(name) for name in "xv")
    assert set(np.unique(scores["status"])) <= {"active", "inflection"}
    inner = (np.abs(x) > 1e-3) & (np.abs(v) > 1e-3)
    np.testing.assert_allclose(one(scores, "B1", "raw")[inner], -1.0, rtol=1e-9)
    assert found["B1"].stocks == ("v", "x")


WORKFORCE = """
    demand=10
    wanted=50
    adjusting=4
    hiring=2
    output=3*workforce
    desired=(demand+(wanted-inventory)/adjusting)/3
    inventory=INTEG(output-demand, 20)
    workforce=INTEG((desired-workforce)/hiring, 1)
"""


def test_inventory_and_workforce_share_as_their_ratio_says(read):
    # B1 workforce alone, gain -1/tW; B2 both, gain -1/(tI tW): B1/B2 = |I''| tI / |I'|.
    found, along, scores = scored(read(WORKFORCE, stop=30, dt=0.125))
    small, large = sorted(found, key=len)
    alone, both = one(scores, small.id), one(scores, large.id)
    rate = np.abs(3 * along.value("workforce") - 10)
    acceleration = np.abs(3 * along.rates["workforce"])
    np.testing.assert_allclose(alone * rate, both * 4 * acceleration, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(alone + both, -1.0, rtol=1e-12)


def test_a_stock_at_its_turn_takes_its_loops_away_and_at_its_inflection_the_others(read):
    model = read(WORKFORCE)
    # I' = 0 at W = 10/3; W'' = 0 where (-I'/tI/3 - W')/tW = 0; I'' = 3 W' = 0 at W = desired.
    found, scores = at(model, inventory=[20.0, 48.0], workforce=[10 / 3, 3.5])
    small, large = sorted(found, key=len)
    assert one(scores, small.id)[0] == pytest.approx(-1.0)
    assert one(scores, large.id)[0] == pytest.approx(0.0, abs=1e-12)
    assert one(scores, small.id)[1] == pytest.approx(0.0, abs=1e-12)
    assert one(scores, large.id)[1] == pytest.approx(-1.0)
    assert list(one(scores, large.id, "status"))[1] == "inflection"
    assert one(scores, small.id, "status")[1] == "active"


def test_a_frozen_stock_does_not_silence_the_others(read):
    model = read("""
        open=IF THEN ELSE(y>5, 1, 0)
        inflow=0.1*x+0.01*z
        drain=0.05*x
        x=INTEG(inflow-drain, 10)
        y=INTEG(open*x, 0)
        z=INTEG(open*y, 1)
    """)
    found, _, scores = scored(model)
    np.testing.assert_allclose(one(scores, through(found, "x", "inflow")), 2 / 3, rtol=1e-12)
    frozen = [loop.id for loop in found if "z" in loop.nodes]
    assert frozen
    assert not scores["relative"].sel(loop=frozen).any()
    assert set(np.unique(scores["status"].sel(loop=frozen))) == {"inactive"}
    assert scores.attrs["jumps"] == "open"


def test_the_time_adds_to_accelerations_and_not_to_loops(read):
    # x' = -x/2 + y + 0.1 t, y' = x/4 - y: accelerations with the term 0.1, loops without it.
    model = read("x=INTEG(-x/2+y+0.1*Time, 1)\n y=INTEG(x/4-y, 2)", stop=20)
    found, along, scores = scored(model)
    x, y, t = along.value("x"), along.value("y"), along.time
    dx, dy = -x / 2 + y + 0.1 * t, x / 4 - y
    ddx, ddy = np.abs(-dx / 2 + dy + 0.1), np.abs(dx / 4 - dy)
    dx, dy = np.abs(dx), np.abs(dy)
    weights = {("x",): -0.5 * dx * ddy, ("y",): -1.0 * dy * ddx, ("x", "y"): 0.25 * dx * dy}
    total = sum(np.abs(weight) for weight in weights.values())
    for nodes, weight in weights.items():
        np.testing.assert_allclose(one(scores, through(found, *nodes)), weight / total, rtol=1e-9)


def test_a_path_that_rises_drives_and_a_step_is_seen_from_its_right(logistic):
    rising = {"times": [0, 60], "values": [0.1, 0.7]}
    found, along, scores = scored(logistic, parameters={"r": rising})
    np.testing.assert_allclose(
        along.accelerations["P"][5],
        (along.rates["P"] * 0 + along.full_gains["P", "births"] + along.full_gains["P", "deaths"]
         * -1)[5] * along.rates["P"][5] + 0.01 * (along.value("P") - along.value("P")**2 / 100)[5],
        rtol=1e-6,
    )  # fmt: skip
    np.testing.assert_allclose(np.abs(scores["relative"]).sum("loop"), 1.0, rtol=1e-12)
    jump = {"value": 0.9, "from": 10}
    _, stepped, after = scored(logistic, parameters={"r": jump})
    p = stepped.value("P")
    expected = 1 / (1 + 2 * p / 100)
    np.testing.assert_allclose(one(after, through(found, "P", "births")), expected, rtol=1e-12)


def test_values_kept_by_sample_if_true_are_refused_by_name(read):
    model = read("kept=SAMPLE IF TRUE(x>2, x, 1)\n x=INTEG(0.1*kept, 1)")
    graph = loops.trace(model)
    along = loops.along(graph, models.simulate(model))
    with pytest.raises(LoopError, match=r"'kept' in the loops .* form='discrete'"):
        ltm_continuous.score(loops.find(graph), along)


def test_a_partition_without_rates_leaves_others_their_scores(read):
    model = read("late=DELAY FIXED(x, 1, 0)\n x=INTEG(0.1*late, 1)\n y=INTEG(-y/5, 1)")
    _, _, scores = scored(model)
    words = dict(zip(scores["loop"].values.tolist(), scores["status"][0].values, strict=True))
    assert sorted(words.values()) == ["active", "undefined"]
    undefined = next(loop for loop, word in words.items() if word == "undefined")
    assert np.isnan(one(scores, undefined)).all()


def test_a_gain_that_is_no_number_is_undefined(read):
    model = read("x=INTEG(SQRT(x)-x, 1)")
    _, scores = at(model, x=[0.0, 0.5])
    assert list(scores["status"][:, 0].values) == ["undefined", "active"]
    assert np.isnan(scores["relative"][0]).all()


numbers = st.floats(-2.0, 2.0).filter(lambda x: abs(x) > 0.05)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(numbers, min_size=12, max_size=12), st.floats(1e-6, 1e6), st.floats(1e-3, 1e3))
def test_scores_follow_the_definition_and_ignore_units(read, c, unit, pace):
    def model(u, s):
        # y measured in units u, the time in units s.
        return read(f"""
            f={c[0] / s!r}*x+{c[1] / s / u!r}*y
            g={c[2] / s * u!r}*x*x+{c[3] / s!r}*y
            h={c[4] / s!r}*z+{c[5] / s!r}*x
            x=INTEG(f+h, 1)
            y=INTEG(g+{c[6] * u / s!r}*z, 1)
            z=INTEG({c[7] / s / u!r}*y+{c[8] / s!r}*z, 1)
        """)

    x, y, z = np.array([c[9], 1.0]), np.array([c[10], 2.0]), np.array([c[11], -1.0])
    first, one_way = at(model(1.0, 1.0), x=x, y=y, z=z)
    second, other_way = at(model(unit, pace), x=x, y=y * unit, z=z, step=0.25 * pace)
    assert [loop.nodes for loop in first] == [loop.nodes for loop in second]
    gains = {
        "fx": c[0], "fy": c[1], "gx": 2 * c[2] * x, "gy": c[3], "hz": c[4], "hx": c[5],
        "yz": c[6], "zy": c[7], "zz": c[8],
    }  # fmt: skip
    j = np.zeros((3, 3, 2))
    j[0] = np.array([[c[0] + c[5]] * 2, [c[1]] * 2, [c[4]] * 2])
    j[1] = np.array([gains["gx"], [c[3]] * 2, [c[6]] * 2])
    j[2] = np.array([[0.0] * 2, [c[7]] * 2, [c[8]] * 2])
    rate = np.array([
        (c[0] + c[5]) * x + c[1] * y + c[4] * z,
        c[2] * x * x + c[3] * y + c[6] * z,
        c[7] * y + c[8] * z,
    ])  # fmt: skip
    push = np.einsum("ijp,jp->ip", j, rate)
    link = {("x", "f"): c[0], ("y", "f"): c[1], ("x", "g"): gains["gx"], ("y", "g"): c[3],
            ("z", "h"): c[4], ("x", "h"): c[5], ("z", "y"): c[6], ("y", "z"): c[7],
            ("z", "z"): c[8]}  # fmt: skip
    weights = []
    for loop in first:
        weight = np.ones(2)
        for pair in loop.links:
            weight = weight * link.get(pair, 1.0)
        for number, name in enumerate("xyz"):
            weight = weight * np.abs((rate if name in loop.stocks else push)[number])
        weights.append(weight)
    expected = np.array(weights) / np.abs(weights).sum(axis=0)
    np.testing.assert_allclose(one_way["relative"].values.T, expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other_way["relative"], one_way["relative"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(other_way["raw"], one_way["raw"], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("model", ["prey", "sir"])
def test_a_run_of_small_steps_differs_less_and_less_from_finite_differences(model, request):
    """Net-flow link scores from differences over one step, against the interval's start."""
    model = request.getfixturevalue(model)
    apart = []
    for dt in (1 / 32, 1 / 64):
        run = models.simulate(model, dt=dt, saveper=dt, stop=20)
        graph = loops.trace(model)
        along, found = loops.along(graph, run), loops.find(graph)
        continuous = ltm_continuous.score(found, along)["relative"].to_numpy()[:-1]
        change = {name: np.diff(along.value(name)) for name in graph.nodes}
        for name in graph.stocks:
            change[name] = np.diff(along.rates[name])
        moved = {name: along.rates[name][:-1] * dt for name in graph.stocks}
        raw = []
        for loop in found:
            score = np.ones(len(run["time"]) - 1)
            for cause, effect in loop.links:
                source = moved.get(cause, change[cause])
                score = score * along.full_gains[cause, effect][:-1] * np.abs(source)
                score = score / np.abs(change[effect])
            raw.append(score)
        discrete = np.array(raw).T / np.abs(raw).sum(axis=0)[:, None]
        apart.append(np.mean(np.abs(discrete - continuous)))
    assert apart[1] < 0.65 * apart[0]
    assert apart[1] < 0.02


def test_folding_a_chain_changes_no_score(prey):
    _, _, full = scored(prey)
    _, _, view = scored(prey, keep=[])
    # Four flows fold into four links; self-links of the stocks join a birth and a death.
    x = full["relative"].to_numpy()
    y = view["relative"].to_numpy()
    assert y.shape[1] == 3
    np.testing.assert_allclose(np.abs(x).sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.abs(y).sum(axis=1), 1.0, rtol=1e-12)
    (long_full,) = [n for n, value in enumerate(loops.find(prey)) if len(value.stocks) == 2]
    (long_view,) = [
        n for n, value in enumerate(loops.find(loops.fold(loops.trace(prey))))
        if len(value.stocks) == 2
    ]  # fmt: skip
    raw = full["raw"].to_numpy()[:, long_full]
    np.testing.assert_allclose(view["raw"].to_numpy()[:, long_view], raw, rtol=1e-9)


@pytest.mark.parametrize("model", ["prey", "bass", "logistic"])
def test_the_discrete_form_comes_nearer_with_the_step(model, request):
    graph = loops.trace(request.getfixturevalue(model))
    found, apart = loops.find(graph), []
    for dt in (1 / 8, 1 / 16, 1 / 32):
        run = models.simulate(graph.model, dt=dt, saveper=dt, stop=20)
        along = loops.along(graph, run)
        scores = [
            loops.score(found, along, "ltm", form=form)["relative"].to_numpy()[1:-1]
            for form in ("continuous", "discrete")
        ]
        # By area, since near turning points the two never come near uniformly.
        apart.append(float(np.mean(np.abs(scores[0] - scores[1]))))
    if model == "bass":  # attribution first is the derivative where the interval starts
        assert max(apart) < 1e-12
    else:
        assert apart[1] < 0.7 * apart[0]
        assert apart[2] < 0.7 * apart[1]
