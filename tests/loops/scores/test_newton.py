"""Tests of force, work and energy: works sum to the change of kinetic energy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.replay import Along
from loopscope.loops.scores.newton import forces, works
from loopscope.models.errors import LoopError
from loopscope.models.model import TIME


@settings(max_examples=10, deadline=None)
@example(seed=5429, folded=False)  # stiff: many parts are needed
@given(seed=st.integers(0, 10**6), folded=st.booleans())
def test_works_between_any_states_sum_to_the_change_of_energy(driven_model, placed, seed, folded):
    # Not even states of a run: the identity holds along any course, to the quadrature's error.
    graph = loops.trace(driven_model(seed))
    far = placed(loops.fold(graph) if folded else graph, seed)
    places = np.linspace(0, 4, 4 * 32 + 1)  # the same straight courses, in 32 parts each
    values = {
        symbol: np.interp(places, np.arange(5), known) if np.ndim(known) else known
        for symbol, known in far.values.items()
        if symbol not in graph.equations.auxiliaries
    }
    along = Along(far.graph, values, time=values[TIME], step=0.25)
    found = works(along)
    size = abs(found["work"]).sum("leg").max() + abs(found["change"]).max()
    assert float(abs(found["rest"]).max() / size) < 1e-10
    energy = np.stack([along.rates[name] ** 2 / 2 for name in along.graph.stocks], axis=-1)
    np.testing.assert_allclose(found["change"], np.diff(energy, axis=0), rtol=1e-12, atol=1e-12)


def test_works_use_the_lookups_of_the_run(read):
    model = read("effect((0,1),(9,3))\n in=effect(x)\n x=INTEG(in, 1)", stop=5)
    run = models.simulate(model, lookups={"effect": [(0, 1), (99, 40)]})
    found = works(loops.along(loops.trace(model), run))
    assert float(found["change"].min()) > 0.1
    assert float(abs(found["rest"]).max()) < 1e-12


@pytest.mark.parametrize("method", ["Euler", "RK4", "LSODA"])
def test_works_sum_to_the_change_of_energy_whatever_the_integrator(prey, method):
    along = loops.along(loops.trace(prey), models.simulate(prey, method=method))
    found = works(along)
    assert float(abs(found["rest"]).max() / abs(found["change"]).max()) < 1e-13
    total = found["work"].sum("time")
    for stock in ("prey", "predators"):
        rate = along.rates[stock]
        done = float(total.sel(leg=found["effect"] == stock).sum())
        assert done == pytest.approx((rate[-1] ** 2 - rate[0] ** 2) / 2, rel=1e-10)


def test_energy_of_a_spring_goes_from_place_to_speed_and_back(read):
    # x'' = -w2 x: K of x is v**2/2, and the work of v on x is -w2 times the change of x**2/2.
    model = read("w2=0.25\n x=INTEG(v, 1)\n v=INTEG(-w2*x, 0)", stop=30, dt=0.125)
    along = loops.along(loops.trace(model), models.simulate(model, method="RK4"))
    found = works(along, "x")
    assert list(found["leg"].values) == ["v -> x"]
    v = along.value("v")
    np.testing.assert_allclose(found["work"][:, 0], np.diff(v**2) / 2, rtol=1e-9, atol=1e-12)
    # At turning points (v = 0) impacts are infinite; work and force are not.
    assert np.isfinite(found["work"]).all()
    assert np.isfinite(forces(along, "x")["force"]).all()


def test_forces_sum_to_the_acceleration_and_energy_is_half_the_square_of_the_rate(sir):
    along = loops.along(loops.trace(sir), models.simulate(sir))
    found = forces(along)
    for stock in ("S", "I", "R"):
        legs = found["force"].sel(leg=found["effect"] == stock)
        np.testing.assert_allclose(
            legs.sum("leg"), found["acceleration"].sel(stock=stock), rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(
            found["energy"].sel(stock=stock), along.rates[stock] ** 2 / 2, rtol=1e-12
        )
    s, i, di = along.value("S"), along.value("I"), along.rates["I"]
    np.testing.assert_allclose(
        found["force"].sel(leg="I -> I"), (0.5 * s / 1000 - 0.1) * di, rtol=1e-9, atol=1e-12
    )
    assert (i >= 0).all()


def test_what_is_driven_from_outside_does_its_work_there(read):
    # x' = 2 t: x'' = 2, all from outside; K = 2 t**2.
    model = read("push=2*Time\n x=INTEG(push, 0)")
    along = loops.along(loops.trace(model), models.simulate(model))
    found = works(along)
    assert list(found["leg"].values) == ["from outside -> x"]
    np.testing.assert_allclose(found["work"][:, 0], np.diff(2 * along.time**2), rtol=1e-12)
    np.testing.assert_allclose(forces(along)["force"], 2)


def test_a_parameter_on_a_path_does_its_work_from_outside_even_where_it_jumps(logistic):
    path = {"value": 0.6, "from": 10}
    along = loops.along(
        loops.trace(logistic), models.simulate(logistic, parameters={"r": path}, stop=20)
    )
    found = works(along)
    assert float(abs(found["rest"]).max() / abs(found["change"]).max()) < 1e-12
    outside = found["work"].sel(leg="from outside -> P")
    before = int(np.searchsorted(along.time, 10)) - 1
    assert float(outside[before]) > 0
    assert float(abs(outside).sum()) == pytest.approx(float(outside[before]), rel=1e-12)


def test_a_jump_of_the_time_is_told_as_rest(read):
    model = read("push=STEP(3, 5)\n x=INTEG(push-x/10, 0)")
    along = loops.along(loops.trace(model), models.simulate(model))
    found = works(along)
    at = int(np.searchsorted(along.time, 5)) - 1
    rest = found["rest"].values[:, 0]
    assert rest[at] == pytest.approx(4.5, rel=1e-2)
    assert abs(np.delete(rest, at)).max() < 1e-12


def test_random_numbers_and_pipelines_do_work_too(read):
    model = read(
        "noise=RANDOM UNIFORM(0,1,0)\n late=DELAY FIXED(x, 1, 1)\n x=INTEG(noise*late-x/20, 1)"
    )
    along = loops.along(loops.trace(model), models.simulate(model, seed=4))
    found = works(along, "x")
    assert float(abs(found["rest"]).max() / abs(found["change"]).max()) < 1e-12
    by_cause = abs(found["work"]).sum("time")
    assert set(found["cause"].values) == {"from outside", "late delay 1", "x"}
    assert (by_cause > 0).all()


def test_a_value_that_jumps_in_the_equations_is_told_as_rest(read):
    model = read("push=IF THEN ELSE(x>3, 2, 1)\n x=INTEG(push, 0)")
    along = loops.along(loops.trace(model), models.simulate(model))
    found = works(along, "x")
    assert float(found["rest"].sum()) == pytest.approx((4 - 1) / 2)
    assert not found["work"].any()


def test_works_of_a_batch_are_those_of_its_runs(logistic):
    graph = loops.trace(logistic)
    batch = works(loops.along(graph, models.simulate(logistic, parameters={"r": [0.1, 0.3]})))
    single = works(loops.along(graph, models.simulate(logistic, parameters={"r": 0.3})))
    assert batch["work"].dims == ("run", "time", "leg")
    np.testing.assert_allclose(batch["work"].isel(run=1), single["work"], rtol=1e-9)


def test_one_saved_time_and_a_wrong_stock_are_refused(logistic):
    run = models.simulate(logistic)
    along = loops.along(loops.trace(logistic), run.isel(time=[3]))
    with pytest.raises(LoopError, match="fewer than two"):
        works(along)
    with pytest.raises(LoopError, match="no variable named 'Q'"):
        forces(along, "Q")
