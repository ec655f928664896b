"""Tests of causal graphs: links, kinds, partitions, values along a run."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from loopscope import loops, models
from loopscope.models.errors import LoopError


def test_links_of_a_logistic_model_are_the_partial_derivatives(logistic):
    graph = loops.trace(logistic)
    r, k, p = (sp.Symbol(name, real=True) for name in ("r", "K", "P"))
    expected = {
        ("births", "P"): 1,
        ("deaths", "P"): -1,
        ("P", "births"): r,
        ("P", "deaths"): 2 * r * p / k,
    }
    assert {pair: sp.simplify(link.gain) for pair, link in graph.links.items()} == expected
    assert [one.stocks for one in graph.partitions] == [("P",)]
    assert set(graph.inputs) == {("r", "births"), ("r", "deaths"), ("K", "deaths")}


def test_what_cancels_or_only_switches_is_kept_and_marked(read):
    graph = loops.trace(
        read("""
        same=x-x+1
        chosen=IF THEN ELSE(x>5, 2, 1)
        x=INTEG(same+chosen, 0)
        """)
    )
    assert graph.links["x", "same"].kind == "cancelled"
    assert graph.links["x", "chosen"].kind == "switch"
    assert graph.links["chosen", "x"].kind == "direct"
    assert graph.partitions[0].nodes == ("x", "chosen")


def test_initial_values_are_no_feedback(read):
    graph = loops.trace(read("start=2*y\n y=INTEG(1, 3)\n x=INTEG(-x/4, start)"))
    assert ("start", "x") in graph.initial_links
    assert ("start", "x") not in graph.links


def test_a_smooth_is_written_out_under_its_owner(read):
    graph = loops.trace(read("seen=SMOOTH3(x, 4)\n x=INTEG(10-seen, 0)"))
    stages = [name for name in graph.stocks if graph.label(name) == "seen"]
    assert len(stages) == 3
    assert not [link for link in graph.links.values() if link.kind == "cancelled"]


def test_rates_and_accelerations_follow_the_chain_rule(prey):
    graph = loops.trace(prey)
    along = loops.along(graph, models.simulate(prey))
    x, y = along.value("prey"), along.value("predators")
    dx, dy = 1.1 * x - 0.4 * x * y, 0.1 * x * y - 0.4 * y
    np.testing.assert_allclose(along.rates["prey"], dx, rtol=1e-12)
    expected = (1.1 - 0.4 * y) * dx - 0.4 * x * dy
    np.testing.assert_allclose(along.accelerations["prey"], expected, rtol=1e-9, atol=1e-9)


def test_a_ramp_drives_and_a_held_variable_is_not_acted_on(logistic):
    run = models.simulate(
        logistic,
        parameters={"r": {"times": [0, 60], "values": [0.1, 0.7]}, "deaths": 0.5},
    )
    along = loops.along(loops.trace(logistic), run)
    np.testing.assert_allclose(along.driven["r"][:-1], 0.01, rtol=1e-6)
    assert not along.gains["P", "deaths"].any()
    p, r = along.value("P"), along.value("r")
    np.testing.assert_allclose(
        along.accelerations["P"][:-1], (r * (r * p - 0.5) + 0.01 * p)[:-1], rtol=1e-6
    )


def test_random_numbers_come_out_as_in_the_run(read):
    model = read("noise=RANDOM UNIFORM(0,1,0)\n flow=noise*x\n x=INTEG(flow, 1)")
    run = models.simulate(model, seed=3)
    along = loops.along(loops.trace(model), run)
    np.testing.assert_allclose(along.value("noise"), run["noise"], rtol=1e-12)
    np.testing.assert_allclose(along.gains["noise", "flow"], run["x"], rtol=1e-12)


def test_a_batch_has_a_run_dim(logistic):
    run = models.simulate(logistic, parameters={"r": [0.1, 0.2, 0.3]})
    along = loops.along(loops.trace(logistic), run)
    assert along.gains["P", "births"].shape == (3, run.sizes["time"])
    np.testing.assert_allclose(along.gains["P", "births"][:, 0], [0.1, 0.2, 0.3])


def test_a_part_of_a_run_is_enough(logistic):
    run = models.simulate(logistic)
    part = run.sel(time=slice(10, 20))[["P"]]
    along = loops.along(loops.trace(logistic), part)
    np.testing.assert_allclose(along.value("P"), part["P"], rtol=1e-12)


def test_a_run_of_another_model_is_refused(logistic, prey):
    with pytest.raises(LoopError, match=r"run is of model 'prey', the loops are of 'logistic'"):
        loops.along(loops.trace(logistic), models.simulate(prey))


def test_a_run_that_was_changed_is_refused(logistic):
    run = models.simulate(logistic)
    run["P"] = run["P"] * 1.01
    with pytest.raises(LoopError, match="other values of 'P'"):
        loops.along(loops.trace(logistic), run)


def test_a_name_that_is_no_node_says_why(logistic):
    graph = loops.trace(logistic)
    with pytest.raises(LoopError, match="'r' does not change during a run"):
        graph.find("r")
    with pytest.raises(LoopError, match="did you mean 'births'"):
        graph.find("birth")
