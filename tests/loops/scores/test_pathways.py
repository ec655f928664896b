"""Tests of pathways and forces: forces sum to the acceleration, whatever the model."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.scores.legs import forces_on, legs_along
from loopscope.loops.scores.pathways import legs_of, pathways
from loopscope.models.errors import LoopError
from loopscope.models.model import TIME, symbol_of


def written_out(graph):
    """Net rates over stocks and the time alone, by sympy's substitution."""
    known = dict(graph.equations.parameters)
    for symbol, expression in graph.equations.auxiliaries.items():
        known[symbol] = expression.subs(known)
    return {symbol: one.rate.subs(known) for symbol, one in graph.equations.states.items()}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), folded=st.booleans())
def test_forces_of_all_pathways_sum_to_the_acceleration(driven_model, placed, seed, folded):
    # xddot = df/dx f + df/dt of the reduced form, differentiated by sympy after substitution.
    graph = loops.trace(driven_model(seed))
    along = placed(loops.fold(graph) if folded else graph, seed)
    rates = written_out(graph)
    for symbol, rate in rates.items():
        exact = sp.diff(rate, TIME) + sum(sp.diff(rate, s) * f for s, f in rates.items())
        expected = sp.lambdify([*rates, TIME], exact)(*(along.values[s] for s in rates), along.time)
        forces = forces_on(along, str(symbol.name))
        scale = np.maximum(forces.size, 1e-12)
        assert np.max(np.abs(forces.values.sum(axis=0) - expected) / scale, initial=0) < 1e-12
        np.testing.assert_allclose(
            legs_along(along).sizes[str(symbol.name)], forces.size, rtol=1e-12, atol=1e-14
        )


def test_gains_of_pathways_are_products_of_their_links(sir):
    graph = loops.trace(sir)
    found = {str(one): sp.simplify(one.gain) for one in pathways(graph, "I")}
    contact, population, recovery, s, i = map(symbol_of, ("contact", "N", "recovery", "S", "I"))
    assert found == {
        "S -> infection -> I": contact * i / population,
        "I -> infection -> I": contact * s / population,
        "I -> recovering -> I": -recovery,
    }


def test_pathways_of_a_view_add_up_those_it_folds(prey):
    graph = loops.trace(prey)
    view = loops.fold(graph)
    assert [str(one) for one in pathways(view, "prey")] == ["predators -> prey", "prey -> prey"]
    whole = sum(one.gain for one in pathways(graph, "prey") if one.source == "prey")
    (net,) = (one.gain for one in pathways(view, "prey") if one.source == "prey")
    assert sp.simplify(whole - net) == 0


def test_legs_of_a_loop_go_from_stock_to_stock(prey):
    found = loops.find(loops.trace(prey))
    (loop,) = (one for one in found if len(one.stocks) == 2)
    assert set(legs_of(loop)) == {
        ("prey", "predator births", "predators"),
        ("predators", "prey deaths", "prey"),
    }


def test_what_comes_from_outside_is_a_pathway(read):
    model = read("push=2*Time\n x=INTEG(push-x/4+RAMP(3,0,99), 0)")
    along = loops.along(loops.trace(model), models.simulate(model))
    forces = forces_on(along, "x")
    assert {str(one) for one in forces.pathways} == {
        "from outside -> push -> x", "from outside -> x", "x -> x",
    }  # fmt: skip
    outside = [n for n, one in enumerate(forces.pathways) if not one.source]
    np.testing.assert_allclose(sorted(forces.values[outside, 0]), [2, 3])


def test_a_held_flow_on_a_path_acts_from_outside(logistic):
    run = models.simulate(logistic, parameters={"deaths": {"times": [0, 60], "values": [0, 6]}})
    along = loops.along(loops.trace(logistic), run)
    forces = forces_on(along, "P")
    given = {str(one): values[3] for one, values in zip(forces.pathways, forces.values)}  # noqa: B905
    assert given["from outside -> deaths -> P"] == pytest.approx(-0.1)
    assert given["P -> deaths -> P"] == 0
    np.testing.assert_allclose(forces.values.sum(axis=0), along.accelerations["P"], rtol=1e-9)


def test_too_many_pathways_are_counted_and_refused(read):
    # 15 pairs of parallel auxiliaries in a row: 2**15 pathways.
    rows = ["a0=x", "b0=x"]
    for n in range(1, 15):
        rows += [f"{name}{n}=a{n - 1}+{k}*b{n - 1}" for name, k in (("a", 2), ("b", 3))]
    graph = loops.trace(read("\n".join(rows) + "\nx=INTEG(a14-b14, 1)"))
    with pytest.raises(LoopError, match="32768 pathways lead into 'x', more than 20000"):
        pathways(graph, "x")
    assert len(pathways(loops.fold(graph), "x")) == 1


def test_only_stocks_with_a_rate_have_pathways(read):
    graph = loops.trace(read("kept=SAMPLE IF TRUE(x>2, x, 0)\n flow=1-kept\n x=INTEG(flow, 0)"))
    with pytest.raises(LoopError, match=r"'flow' is a (flow|n auxiliary).*as .*'x'"):
        pathways(graph, "flow")
    with pytest.raises(LoopError, match="changes only between steps"):
        pathways(graph, next(n for n in graph.stocks if n != "x"))
    with pytest.raises(LoopError, match="no variable named 'q'"):
        pathways(graph, "q")
