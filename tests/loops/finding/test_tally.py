"""Tests of totals over loops that are not held, and of what is held."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.loops.finding import tally
from loopscope.loops.finding.store import canonical_order
from loopscope.loops.finding.universe import Budget, Universe

PAIRS = list(itertools.product("abcdef", repeat=2))


def products_of(universe, weights):
    """Products of all loops, one by one, dims (loop, time), with the loops."""
    rows = canonical_order(tally.every(universe, Budget(), 10**6), universe.order)
    begins = rows.ends - rows.lengths
    found = [
        np.prod(weights[rows.links[a:b]], axis=0) for a, b in zip(begins, rows.ends, strict=True)
    ]
    return rows, np.array(found).reshape(len(rows), weights.shape[1])


def partitions_of(universe, rows):
    graph = universe.graph
    causes = [graph.pairs[link][0] for link in rows.links[rows.ends - 1]]
    return np.array([graph.partition_of[name].number for name in causes], np.int64)


@settings(deadline=None, max_examples=80)
@given(pairs=st.sets(st.sampled_from(PAIRS), min_size=3), seed=st.integers(0, 99))
def test_totals_are_sums_of_products(graph_of, pairs, seed):
    universe = Universe(graph_of(sorted(pairs)))
    weights = np.random.default_rng(seed).normal(size=(len(pairs), 4))
    rows, products = products_of(universe, weights)
    up, down = tally.totals(universe, weights)
    for number, part in enumerate(universe.graph.partitions):
        inside = partitions_of(universe, rows) == number
        assert part.number == number
        expected = np.maximum(products[inside], 0).sum(axis=0)
        np.testing.assert_allclose(up[number], expected, rtol=1e-12)
        expected = np.minimum(products[inside], 0).sum(axis=0)
        np.testing.assert_allclose(down[number], expected, rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(
    pairs=st.sets(st.sampled_from(PAIRS), min_size=3),
    seed=st.integers(0, 99),
    share=st.sampled_from([0.001, 0.05, 0.3, 1.0]),
)
def test_what_is_held_are_the_loops_that_reach_the_share(graph_of, pairs, seed, share):
    universe = Universe(graph_of(sorted(pairs)))
    drawn = np.random.default_rng(seed)
    weights = drawn.normal(size=(len(pairs), 5)) * np.exp(drawn.normal(size=(len(pairs), 1)))
    rows, products = products_of(universe, weights)
    up, down = tally.totals(universe, weights)
    held, peaks = tally.largest(universe, weights, up - down, share, Budget())
    held = canonical_order(held, universe.order)
    full = (up - down)[partitions_of(universe, rows)]
    shares = np.max(np.abs(products) / full, axis=1, initial=0)
    # Shares that differ from the threshold by rounding alone may fall on either side.
    sure = np.flatnonzero(shares >= share * (1 + 1e-9))
    maybe = np.flatnonzero(shares >= share * (1 - 1e-9))
    kept = {tuple(rows.chosen(np.array([n])).links) for n in maybe}
    ours = {tuple(held.chosen(np.array([n])).links) for n in range(len(held))}
    assert ours <= kept
    assert {tuple(rows.chosen(np.array([n])).links) for n in sure} <= ours
    np.testing.assert_allclose(peaks.max(initial=0), shares[maybe].max(initial=0), rtol=1e-9)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), pairs=st.sets(st.sampled_from(PAIRS), min_size=4))
def test_places_of_held_loops_are_counted_among_all(graph_of, data, pairs):
    signs = {pair: data.draw(st.sampled_from("+-?")) for pair in sorted(pairs)}
    universe = Universe(graph_of(sorted(pairs), signs))
    rows = canonical_order(tally.every(universe, Budget(), 10**6), universe.order)
    some = np.array(sorted(data.draw(st.sets(st.integers(0, max(len(rows) - 1, 0))))), np.int64)
    some = some[some < len(rows)]
    found = tally.before(universe, rows.chosen(some), Budget())
    for position, earlier in zip(some, found, strict=True):
        before = rows.signs[:position]
        assert earlier.tolist() == [int((before == sign).sum()) for sign in (-1, 0, 1)]


def test_neither_total_loses_digits_to_the_other(graph_of):
    # Two parallel chains of sizes 1 and -1e-9: the small total is not a difference of large ones.
    graph = graph_of([("a", "b"), ("b", "a"), ("a", "c"), ("c", "a")])
    weights = np.array([[1.0], [1.0], [-1e-9], [1.0]])
    up, down = tally.totals(Universe(graph), weights)
    assert up[0, 0] == 1.0
    assert down[0, 0] == pytest.approx(-1e-9, rel=1e-15)


def test_weights_that_are_no_numbers_leave_out_their_loops_at_that_time(graph_of):
    graph = graph_of([("a", "b"), ("b", "a"), ("a", "c"), ("c", "a")])
    weights = np.ones((4, 3))
    weights[0, 1], weights[2, 2] = np.nan, np.inf
    up, down = tally.totals(Universe(graph), weights)
    assert up.tolist() == [[2.0, 1.0, 1.0]]
    assert down.tolist() == [[0.0, 0.0, 0.0]]


def test_times_in_several_pieces_give_the_same_totals(graph_of, monkeypatch):
    universe = Universe(graph_of(list(itertools.permutations("abcd", 2))))
    weights = np.random.default_rng(1).normal(size=(12, 20))
    usual = tally.totals(universe, weights)
    monkeypatch.setattr(tally, "COLUMNS", 7)
    np.testing.assert_array_equal(tally.totals(universe, weights), usual)
