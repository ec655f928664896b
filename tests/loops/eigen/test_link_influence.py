"""Tests of eigenvalue influence of links and parameters, against differences and identities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.eigen.link_influence import link_influences, parameter_influences
from loopscope.loops.eigen.modes import modes
from loopscope.loops.replay import Along
from loopscope.models.errors import LoopError
from loopscope.models.model import symbol_of

SEEDS = st.integers(0, 10**6)
FEW = settings(max_examples=12, deadline=None)
STEP = 1e-5


def iotas(scores):
    return (scores["raw"] + 1j * scores["imag"]).values


def eigenvalues(along):
    """Return the eigenvalues of the Jacobian at the first time, by a general solver."""
    graph = along.graph
    return np.concatenate(
        [np.linalg.eigvals(modes(along, part).blocks.jacobian[0]) for part in graph.partitions]
    )


def slope(up, down, lam, iota):
    """Return the difference quotient of the eigenvalue that moves as ``iota`` says.

    Partitions may share an eigenvalue, and what changes in one leaves that of the other in place:
    the nearest to where it should have gone is taken, and must be there to be right.
    """
    ends = [
        values[np.argmin(np.abs(values - lam - step * iota))]
        for values, step in ((up, STEP), (down, -STEP))
    ]
    return (ends[0] - ends[1]) / (2 * STEP)


def changed(along, name, factor):
    """Return the same states with one parameter multiplied."""
    graph = along.graph
    values = {s: v for s, v in along.values.items() if s not in graph.equations.auxiliaries}
    values[symbol_of(name)] = values[symbol_of(name)] * factor
    return Along(graph, values, time=along.time, step=along.step)


@given(SEEDS)
@FEW
def test_influences_of_parameters_are_derivatives(parametric_model, placed, seed):
    graph = loops.trace(parametric_model(seed))
    if not graph.partitions:
        return
    along = placed(graph, seed, 1)
    scores = parameter_influences(along)
    values = (scores["growth"] + 1j * scores["frequency"]).values[0]
    size = np.abs(values).max() + 1e-3
    for name in scores["parameter"].values:
        up, down = (eigenvalues(changed(along, name, 1 + h)) for h in (STEP, -STEP))
        for mode, lam in enumerate(values):
            near = float(scores["alignment"][0, mode])
            if str(scores["status"].values[0, mode]) == "active" and near > 0.05:
                got = iotas(scores.sel(parameter=name))[0, mode]
                assert abs(got - slope(up, down, lam, got)) < 2e-6 * size / near


@given(SEEDS)
@FEW
def test_influences_of_links_are_derivatives_and_balance(parametric_model, placed, seed):
    graph = loops.trace(parametric_model(seed))
    if not graph.partitions:
        return
    along = placed(graph, seed, 1)
    scores = link_influences(along)
    values = (scores["growth"] + 1j * scores["frequency"]).values[0]
    size = np.abs(values).max() + 1e-3
    for number, pair in enumerate(graph.pairs):
        ends = []
        for factor in (1 + STEP, 1 - STEP):
            other = placed(graph, seed, 1)
            other.gains = {p: g * factor if p == pair else g for p, g in along.gains.items()}
            ends.append(eigenvalues(other))
        for mode, lam in enumerate(values):
            near = float(scores["alignment"][0, mode])
            if str(scores["status"].values[0, mode]) == "active" and near > 0.05:
                got = iotas(scores)[0, mode, number]
                assert abs(got - slope(*ends, lam, got)) < 2e-6 * size / near
    for mode in np.flatnonzero(scores["status"].values[0] == "active"):
        of_links = iotas(scores)[0, mode]
        total = np.abs(of_links).sum() + abs(values[mode])
        through = dict.fromkeys(graph.nodes, 0j)
        for (cause, effect), iota in zip(graph.pairs, of_links, strict=True):
            through[cause] -= iota
            through[effect] += iota
        assert max(abs(rest) for rest in through.values()) < 1e-12 * total
        into = [n for n, (_, effect) in enumerate(graph.pairs) if effect in graph.stocks]
        assert abs(of_links[into].sum() - values[mode]) < 1e-10 * total


def test_damping_and_period_follow_a_parameter(read):
    # x' = v, v' = -k x - c v: damping ratio c / (2 sqrt k), period 2 pi / sqrt(k - c**2 / 4).
    model = read("k=4\n c=0.6\n x=INTEG(v, 1)\n v=INTEG(-k*x-c*v, 0)", stop=1)
    along = loops.along(loops.trace(model), models.simulate(model))
    scores = parameter_influences(along, times=0).isel(time=0, mode=0)
    k, c = 4.0, 0.6
    period = 2 * np.pi / np.sqrt(k - c**2 / 4)
    expected = {
        "damping": {"k": -c / (4 * np.sqrt(k)), "c": c / (2 * np.sqrt(k))},
        "period": {"k": -(period**3) / (8 * np.pi**2) * k, "c": period**3 / (16 * np.pi**2) * c**2},
        "raw": {"k": 0.0, "c": -c / 2},
    }
    for name, values in expected.items():
        for parameter, value in values.items():
            got = float(scores[name].sel(parameter=parameter))
            assert got == pytest.approx(value, rel=1e-10, abs=1e-12), (name, parameter)


def test_a_real_mode_has_no_period(logistic):
    along = loops.along(loops.trace(logistic), models.simulate(logistic))
    scores = parameter_influences(along, times=0)
    assert np.isnan(scores["period"]).all()
    assert np.isnan(scores["damping"]).all()
    # lam = r (1 - 2 P / K), so K dlam/dK = 2 r P / K.
    np.testing.assert_allclose(scores["raw"].sel(parameter="K"), 2 * 0.3 / 100, rtol=1e-12)


def test_a_parameter_may_act_through_an_auxiliary_on_no_loop(read):
    # J = -(p**2): the rate is x times an auxiliary that only p moves.
    model = read("p=0.5\n speed=p^2\n x=INTEG(-speed*x, 1)", stop=1)
    along = loops.along(loops.trace(model), models.simulate(model))
    scores = parameter_influences(along)
    np.testing.assert_allclose(scores["raw"], -2 * 0.25, rtol=1e-12)
    np.testing.assert_allclose(scores["slope"], -2 * 0.5, rtol=1e-12)
    np.testing.assert_allclose(scores["elasticity"], 2.0, rtol=1e-12)


def test_a_view_gives_parameters_the_influence_that_the_traced_graph_gives(prey):
    run = models.simulate(prey)
    graph = loops.trace(prey)
    full = parameter_influences(loops.along(graph, run), times=[0, 5])
    view = parameter_influences(loops.along(loops.fold(graph), run), times=[0, 5])
    np.testing.assert_allclose(view["raw"], full["raw"], rtol=1e-10, atol=1e-12)


def test_a_parameter_does_nothing_through_what_the_run_held(prey):
    run = models.simulate(prey, parameters={"predator births": 2.0})
    scores = parameter_influences(loops.along(loops.trace(prey), run))
    np.testing.assert_array_equal(scores["raw"].sel(parameter="c"), 0.0)
    assert np.abs(scores["raw"].sel(parameter="d")).max() > 0.1


def test_a_parameter_that_makes_an_equation_jump_is_marked(read):
    model = read("p=3\n q=0.1\n f=IF THEN ELSE(Time>p, 1, 2)\n x=INTEG(f-q*x, 1)", stop=1)
    scores = parameter_influences(loops.along(loops.trace(model), models.simulate(model)))
    assert dict(zip(scores["parameter"].values, scores["jumps"].values, strict=True)) == {
        "p": True,
        "q": False,
    }


def test_links_between_partitions_have_no_influence(read):
    model = read("x=INTEG(-0.5*x, 1)\n y=INTEG(x-0.3*y, 1)", stop=1)
    scores = link_influences(loops.along(loops.trace(model), models.simulate(model)))
    np.testing.assert_array_equal(scores["raw"].sel(link="x -> y"), 0.0)
    assert dict(scores.sizes) == {"time": 5, "mode": 2, "link": 3}


def test_the_sum_of_a_cluster_moves_with_its_trace(read):
    # J = [[-a, 1], [e, -b]] with e = 0 and a = b: the sum of both is -(a + b) whatever e.
    model = read("a=0.5\n e=0\n b=0.5\n x=INTEG(y-a*x, 1)\n y=INTEG(e*x-b*y, 1)", stop=1)
    along = loops.along(loops.trace(model), models.simulate(model))
    scores = parameter_influences(along).isel(time=0)
    assert set(scores["kind"].values) == {"cluster"}
    assert np.isnan(scores["raw"]).all()
    for name, value in {"a": -0.5, "b": -0.5, "e": 0.0}.items():
        np.testing.assert_allclose(scores["cluster_raw"].sel(parameter=name), value, atol=1e-12)
    links = link_influences(along).isel(time=0)
    np.testing.assert_allclose(links["cluster_raw"].sel(link="x -> x"), -0.5, atol=1e-12)


def test_what_cannot_be_asked_is_refused(prey, read):
    along = loops.along(loops.trace(prey), models.simulate(prey))
    with pytest.raises(LoopError, match="no parameter named 'predator'"):
        parameter_influences(along, parameters=["predator"])
    with pytest.raises(LoopError, match="'SAVEPER' acts on no variable during a run"):
        parameter_influences(along, parameters=["SAVEPER"])
    with pytest.raises(LoopError, match="must be a list of names, got the text 'a'"):
        parameter_influences(along, parameters="a")
    empty = read("x=INTEG(1, 0)", stop=1)
    with pytest.raises(LoopError, match="the model has no feedback loop, so it has no modes"):
        link_influences(loops.along(loops.trace(empty), models.simulate(empty)))
