"""Tests of weights of modes and of what changes them, against matrix exponentials, differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from loopscope import loops, models
from loopscope.loops.eigen.linear import blocks
from loopscope.loops.eigen.overall import overall_influence
from loopscope.loops.eigen.weights import local_state, mode_weights, weight_sensitivities
from loopscope.loops.replay import Along
from loopscope.loops.scores.influence import score
from loopscope.models.errors import LoopError
from loopscope.models.model import symbol_of

SEEDS = st.integers(0, 10**6)
FEW = settings(max_examples=12, deadline=None)


def frozen(along, tau):
    """Return how far each stock moves with J frozen, by the exponential of [[J, f], [0, 0]]."""
    linear = blocks(along, list(along.graph.nodes))
    n = linear.count
    rows = []
    for point, jacobian in enumerate(linear.jacobian):
        unit = linear.stock_unit[point]
        rate = [along.rates[name].reshape(-1)[point] for name in linear.nodes[:n]]
        whole = np.zeros((n + 1, n + 1))
        whole[:n, :n] = jacobian * unit[:, None] / unit[None, :]
        whole[:n, n] = rate
        rows.append(expm(whole * tau)[:n, n])
    return np.array(rows)


@pytest.mark.parametrize("tau", [0.1, 2.0, -1.0])
@pytest.mark.parametrize("name", ["prey", "sir", "bass", "logistic", "inventory_labour"])
def test_weights_add_up_to_the_matrix_exponential(request, name, tau):
    model = request.getfixturevalue(name)
    along = loops.along(loops.trace(model), models.simulate(model))
    weights = mode_weights(along)
    moved, expected = local_state(weights, tau).values, frozen(along, tau)
    assert np.isnan(moved).any(axis=1).mean() < 0.02
    known = ~np.isnan(moved).any(axis=1)
    size = np.abs(expected).max(axis=1, keepdims=True) + 1e-12
    assert (np.abs(moved - expected) / size)[known].max() < 1e-8


@given(SEEDS)
@FEW
def test_weights_of_random_models_add_up_too(parametric_model, placed, seed):
    graph = loops.trace(parametric_model(seed))
    if not graph.partitions:
        return
    along = placed(graph, seed, 3)
    weights = mode_weights(along)
    moved, expected = local_state(weights, 0.7).values, frozen(along, 0.7)
    known = ~np.isnan(moved).any(axis=1)
    near = weights["alignment"].min("mode").values
    size = np.abs(expected).max(axis=1) / near + 1e-12
    assert (np.abs(moved - expected).max(axis=1) / size)[known].max(initial=0) < 1e-8


def test_stocks_that_only_add_up_drift(read):
    model = read("x=INTEG(-0.5*x, 1)\n total=INTEG(x, 0)\n of totals=INTEG(total, 0)", stop=2)
    along = loops.along(loops.trace(model), models.simulate(model))
    weights = mode_weights(along)
    assert weights.sizes["power"] == 2
    np.testing.assert_allclose(local_state(weights, 3.0), frozen(along, 3.0), rtol=1e-10)
    # total = 2 - 2 exp(-t / 2): at t = 0 it drifts at no speed, and what adds it up at 2 per year.
    first = weights["drift"].isel(time=0)
    np.testing.assert_allclose(first.sel(power=1, stock="of totals"), 2.0, rtol=1e-6)


def test_a_spring_has_the_weight_and_phase_of_its_swing(read):
    # x = cos 2t from x = 1, v = 0: moved by cos(2 tau) - 1 = sin(2 tau + pi/2) - 1.
    model = read("x=INTEG(v, 1)\n v=INTEG(-4*x, 0)", stop=1)
    along = loops.along(loops.trace(model), models.simulate(model))
    weights = mode_weights(along, times=0).isel(time=0, mode=0).sel(stock="x")
    assert float(weights["size"]) == pytest.approx(1.0, rel=1e-12)
    assert float(weights["phase"]) == pytest.approx(np.pi / 2, rel=1e-12)


def _changed(along, name, factor):
    graph = along.graph
    values = {s: v for s, v in along.values.items() if s not in graph.equations.auxiliaries}
    values[symbol_of(name)] = values[symbol_of(name)] * factor
    return Along(graph, values, time=along.time, step=along.step)


def _complex(scores):
    return (scores["raw"] + 1j * scores["imag"]).values


def _nearest(weights, lam):
    """Return the weights of the mode whose eigenvalue is nearest, at the first time."""
    values = (weights["growth"] + 1j * weights["frequency"]).values[0]
    return _complex(weights)[0, np.nanargmin(np.abs(values - lam))]


@given(SEEDS)
@FEW
def test_sensitivities_to_parameters_are_derivatives(parametric_model, placed, seed):
    graph = loops.trace(parametric_model(seed))
    if not graph.partitions:
        return
    along = placed(graph, seed, 1)
    here = mode_weights(along)
    found = weight_sensitivities(along)
    step = 1e-5
    for name in found["parameter"].values:
        up, down = (mode_weights(_changed(along, name, 1 + h)) for h in (step, -step))
        got = _complex(found.sel(parameter=name))
        lam = (here["growth"] + 1j * here["frequency"]).values
        for mode in range(here.sizes["mode"]):
            near = float(here["alignment"][0, mode])
            # Another partition may have the same eigenvalue, and then "nearest" may mean that one.
            alone = np.sum(np.abs(lam[0] - lam[0, mode]) < 1e-3 * abs(lam[0, mode])) == 1
            if str(here["status"].values[0, mode]) == "active" and near > 0.1 and alone:
                expected = (_nearest(up, lam[0, mode]) - _nearest(down, lam[0, mode])) / (2 * step)
                size = np.nanmax(np.abs(_complex(here))) * max(1, 1 / abs(lam[0, mode])) ** 2
                size = size * max(1.0, np.abs(lam).max()) / near**3
                assert np.abs(got[0, mode] - expected).max() < 1e-5 * size


def test_sensitivities_to_links_are_derivatives(prey):
    graph = loops.trace(prey)
    run = models.simulate(prey)
    along = loops.along(graph, run)
    found = weight_sensitivities(along, by="link", times=2)
    row = int(np.argmin(np.abs(along.time - 2)))
    assert dict(found.sizes) == {
        "time": 1, "mode": found.sizes["mode"], "stock": 2, "link": len(graph.pairs)
    }  # fmt: skip
    step = 1e-6
    for pair in graph.pairs:
        ends = []
        for factor in (1 + step, 1 - step):
            other = loops.along(graph, run)
            other.gains = {p: g * factor if p == pair else g for p, g in along.gains.items()}
            other.rates = along.rates
            ends.append(_complex(mode_weights(other))[row, 0])
        expected = (ends[0] - ends[1]) / (2 * step)
        got = _complex(found.sel(link=f"{pair[0]} -> {pair[1]}"))[0, 0]
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_a_mode_that_recurs_downstream_has_no_weight(read):
    model = read("x=INTEG(-0.5*x, 1)\n y=INTEG(x-0.5*y, 1)\n z=INTEG(-0.5*z, 1)", stop=1)
    along = loops.along(loops.trace(model), models.simulate(model))
    weights = mode_weights(along).isel(time=0)
    words = dict(zip(weights["mode_partition"].values, weights["status"].values, strict=True))
    names = {part.number: part.stocks[0] for part in along.graph.partitions}
    assert {names[number]: str(word) for number, word in words.items()} == {
        "x": "undefined", "y": "undefined", "z": "active"
    }  # fmt: skip


def test_overall_influence_is_that_of_the_only_mode_where_there_is_one(logistic, prey):
    found = loops.find(logistic, view="full")
    along = loops.along(found.graph, models.simulate(logistic))
    influence = score(found, along)
    overall = overall_influence(influence, mode_weights(along))
    np.testing.assert_allclose(overall["raw"].isel(stock=0), influence["raw"].isel(mode=0))
    assert "not verified" in overall.attrs["method"]
    # Of two modes, the share of the larger weight counts more.
    found = loops.find(prey, view="full")
    along = loops.along(found.graph, models.simulate(prey))
    influence, weights = score(found, along), mode_weights(along)
    overall = overall_influence(influence, weights)
    two = (influence["kind"] == "real").all("mode").values
    part, sizes = influence.isel(time=two), weights["size"].isel(time=two)
    share = sizes / sizes.sum("mode")
    expected = (share.isel(mode=0) * part["raw"].isel(mode=0)) + (
        share.isel(mode=1) * part["raw"].isel(mode=1)
    )
    assert two.any()
    np.testing.assert_allclose(
        overall["raw"].isel(time=two).transpose("time", "stock", "loop"),
        expected.transpose("time", "stock", "loop"), rtol=1e-12,
    )  # fmt: skip
    with pytest.raises(LoopError, match="of other times or modes"):
        overall_influence(influence, mode_weights(along, times=[0, 1]))


def test_what_cannot_be_asked_is_refused(prey):
    along = loops.along(loops.trace(prey), models.simulate(prey))
    with pytest.raises(LoopError, match="by must be 'link' or 'parameter', got 'loop'"):
        weight_sensitivities(along, by="loop")
    with pytest.raises(LoopError, match="parameters= goes with by='parameter'"):
        weight_sensitivities(along, by="link", parameters=["a"])
