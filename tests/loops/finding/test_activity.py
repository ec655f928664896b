"""Tests of loops that act at a saved time of a run."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.finding import tally
from loopscope.loops.finding.activity import acting, packed, weights_of
from loopscope.loops.finding.store import canonical_order
from loopscope.loops.finding.universe import Budget, Universe

PAIRS = list(itertools.product("abcdef", repeat=2))


@settings(deadline=None, max_examples=80)
@given(
    pairs=st.sets(st.sampled_from(PAIRS), min_size=3),
    seed=st.integers(0, 999),
    times=st.integers(1, 150),
    often=st.sampled_from([0.3, 0.8, 0.97]),
)
def test_the_search_finds_just_the_loops_that_act_together(graph_of, pairs, seed, times, often):
    graph = graph_of(sorted(pairs))
    marks = np.random.default_rng(seed).random((len(pairs), times)) < often
    whole = Universe(graph)
    rows = canonical_order(tally.every(whole, Budget(), 10**6), whole.order)
    begins = rows.ends - rows.lengths
    act = [marks[rows.links[a:b]].all(axis=0).any() for a, b in zip(begins, rows.ends, strict=True)]
    expected = rows.chosen(np.flatnonzero(act))
    active = Universe(graph, active=packed([marks]))
    found = canonical_order(tally.every(active, Budget(), 10**6), active.order)
    assert found.links.tolist() == expected.links.tolist()
    assert tally.count(active, Budget()).loops == len(expected)
    for position, acts in enumerate(act):
        row = rows.chosen(np.array([position])).links
        assert active.holds(row.tolist()) == acts


def test_a_link_acts_where_its_gain_is_not_zero_now_or_next(read):
    # The outflow opens above 5; the stock passes 5 between t = 5 and t = 6.
    model = read(
        """
        excess=MAX(x-5.5, 0)
        x=INTEG(1-excess/4, 0)
        """,
        dt=1,
    )
    graph = loops.trace(model)
    along = loops.along(graph, models.simulate(model))
    marks = acting(along)[graph.pairs.index(("x", "excess"))]
    assert marks.tolist() == [t >= 5 for t in range(11)]


def test_a_switch_acts_when_its_cause_moves_its_effect(read):
    model = read("full=IF THEN ELSE(x>=4.5, 1, 0)\n x=INTEG(1-full, 0)", dt=1)
    graph = loops.trace(model)
    along = loops.along(graph, models.simulate(model))
    assert graph.links["x", "full"].kind == "switch"
    marks = acting(along)[graph.pairs.index(("x", "full"))]
    assert np.flatnonzero(marks).tolist() == [4]


def test_a_link_of_a_view_acts_when_a_path_behind_it_does(read):
    model = read(
        """
        over=MAX(x-5.5, 0)
        under=MAX(2.5-x, 0)
        rate=1-over+under
        x=INTEG(rate, 0)
        """,
        dt=1,
    )
    view = loops.fold(loops.trace(model))
    along = loops.along(view, models.simulate(model))
    marks = acting(along)[view.pairs.index(("x", "x"))]
    full = loops.along(loops.trace(model), models.simulate(model))
    behind = [full.graph.pairs.index(("x", name)) for name in ("over", "under")]
    assert marks.tolist() == acting(full)[behind].any(axis=0).tolist()
    assert not marks.all()


def test_runs_of_a_batch_are_times_one_after_the_other(logistic):
    graph = loops.trace(logistic)
    along = loops.along(graph, models.simulate(logistic, parameters={"r": [0.0, 0.3]}))
    marks = acting(along)[graph.pairs.index(("P", "births"))]
    times = len(along.time)
    assert not marks[:times].any()
    assert marks[times:].all()


def test_patterns_that_others_cover_are_dropped():
    marks = np.array([[1, 1, 0, 1, 0], [0, 1, 0, 0, 0], [1, 1, 1, 1, 0]], np.bool_)
    assert packed([marks]).tolist() == [[1], [1], [1]]
    apart = np.eye(3, dtype=np.bool_)
    assert sorted(packed([apart[:, :2], apart[:, 2:]]).ravel().tolist()) == [1, 2, 4]


def test_weights_multiply_up_to_scores_that_tell_the_logistic(logistic):
    # births = r P and deaths = r P P / K have gains r and -2 r P / K: shares 1 and -2 P / K.
    found = loops.find(logistic)
    along = loops.along(found.graph, models.simulate(logistic))
    weights = weights_of(along)
    up, down = found.totals(weights)
    relative = found.products(weights) / (up - down)[0]
    part = along.value("P") / 100
    row = {name: n for n, loop in enumerate(found) for name in loop.nodes if name != "P"}
    np.testing.assert_allclose(relative[row["births"]], 1 / (1 + 2 * part), rtol=1e-9)
    np.testing.assert_allclose(relative[row["deaths"]], -2 * part / (1 + 2 * part), rtol=1e-9)


def test_a_stock_at_rest_weighs_nothing(read):
    model = read("x=INTEG(y-y, 3)\n y=INTEG(0.1*y, 1)\n z=INTEG(x-z, 3)")
    graph = loops.trace(model)
    weights = weights_of(loops.along(graph, models.simulate(model)))
    assert not weights[graph.pairs.index(("z", "z"))].any()
    assert weights[graph.pairs.index(("y", "y"))] == pytest.approx(1.0)
