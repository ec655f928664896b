"""Tests of the compiled search: the same loops as networkx, in time, stoppable."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.loops.finding import tally
from loopscope.loops.finding.cores import cores
from loopscope.loops.finding.store import canonical_order
from loopscope.loops.finding.universe import Budget, OutOfTimeError, Universe
from loopscope.loops.loop import canonical

NAMES = "abcdefgh"
DIGRAPHS = st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1)


def listed(universe):
    """Loops of a universe as tuples of names, in canonical order, and their signs."""
    rows = canonical_order(tally.every(universe, Budget(), 10**7), universe.order)
    pairs = universe.graph.pairs
    found = [
        tuple(pairs[link][0] for link in rows.links[end - size : end])
        for end, size in zip(rows.ends, rows.lengths, strict=True)
    ]
    return found, rows.signs.tolist()


def enumerated(graph, longest=None):
    """The same from networkx."""
    cycles = nx.simple_cycles(graph.network, length_bound=longest)
    return sorted(map(canonical, map(tuple, cycles)), key=lambda nodes: (len(nodes), nodes))


def complete(size):
    names = [f"n{number:03}" for number in range(size)]
    return list(itertools.permutations(names, 2))


@settings(deadline=None, max_examples=150)
@given(pairs=DIGRAPHS, longest=st.none() | st.integers(1, 9))
def test_the_search_finds_what_networkx_finds(graph_of, pairs, longest):
    graph = graph_of(sorted(pairs))
    universe = Universe(graph, longest=longest)
    found, _ = listed(universe)
    assert found == enumerated(graph, longest)
    assert tally.count(universe, Budget()).loops == len(found)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_polarities_are_products_of_signs(graph_of, data):
    pairs = sorted(data.draw(DIGRAPHS))
    signs = {pair: data.draw(st.sampled_from("+-?")) for pair in pairs}
    universe = Universe(graph_of(pairs, signs))
    found, products = listed(universe)
    expected = []
    for nodes in found:
        around = [signs[pair] for pair in zip(nodes, (*nodes[1:], nodes[0]), strict=True)]
        expected.append(0 if "?" in around else (-1) ** around.count("-"))
    assert products == expected
    counts = tally.count(universe, Budget())
    assert counts.reinforcing == expected.count(1)
    assert counts.balancing == expected.count(-1)
    assert counts.unknown == expected.count(0)


@pytest.mark.parametrize(("size", "count"), [(2, 1), (3, 5), (4, 20), (5, 84), (9, 125_664)])
def test_complete_graphs_have_as_many_loops_as_combinatorics_says(graph_of, size, count):
    # sum over k of C(n, k) (k - 1)!, k >= 2
    assert tally.count(Universe(graph_of(complete(size))), Budget()).loops == count


@pytest.mark.parametrize("rungs", [1, 5, 70])
def test_parallel_chains_multiply(graph_of, rungs):
    # Each rung can be passed on two ways, so there are 2**rungs loops round the ring.
    pairs = []
    for rung in range(rungs):
        one, other = f"n{rung:03}", f"n{(rung + 1) % rungs:03}" if rungs > 1 else "m"
        pairs += [(one, f"{one} left"), (one, f"{one} right")]
        pairs += [(f"{one} left", other), (f"{one} right", other)]
    if rungs == 1:
        pairs.append(("m", "n000"))
    counts = tally.count(Universe(graph_of(pairs)), Budget())
    assert counts.reinforcing == 2.0**rungs


def test_a_graph_of_more_than_64_nodes_uses_more_than_one_word(graph_of):
    # Two chords at each node of a ring of 90 leave nothing to contract.
    ring = [f"n{number:03}" for number in range(90)]
    pairs = [(ring[n], ring[(n + step) % 90]) for n in range(90) for step in (1, 2, 88)]
    graph = graph_of(pairs)
    assert max(core.size for core in cores(graph)) > 64
    found, _ = listed(Universe(graph, longest=6))
    assert found == enumerated(graph, 6)


def test_every_loop_runs_through_the_root_of_one_core(graph_of):
    graph = graph_of(complete(6))
    sizes = [core.size for core in cores(graph)]
    assert max(sizes) == 6
    whole = Universe(graph)
    each = []
    for core in whole.cores:
        one = Universe(graph)
        one.__dict__["cores"] = (core,)
        each.append(tally.count(one, Budget()).loops)
    assert sum(each) == tally.count(whole, Budget()).loops == 409


def test_two_loops_over_the_same_variables_are_two_loops(graph_of):
    found, _ = listed(Universe(graph_of(list(itertools.permutations("abc", 2)))))
    assert ("a", "b", "c") in found
    assert ("a", "c", "b") in found


def test_a_search_ends_when_its_time_is_over(graph_of):
    universe = Universe(graph_of(complete(40)))
    counts = tally.count(universe, Budget(seconds=0.05))
    assert not counts.whole
    assert counts.loops > 1000
    with pytest.raises(OutOfTimeError):
        tally.every(universe, Budget(seconds=0.05), 10**9)


def test_a_search_tells_how_far_it_is_and_can_be_interrupted(graph_of):
    told = []

    def progress(met, seconds):
        told.append((met, seconds))
        if len(told) == 2:
            raise KeyboardInterrupt

    universe = Universe(graph_of(complete(40)))
    with pytest.raises(KeyboardInterrupt):
        tally.count(universe, Budget(progress=progress))
    assert told[0][0] > 0
    assert told[0][1] < told[1][1] < 5


def test_a_count_stops_above_its_limit(graph_of):
    counts = tally.count(Universe(graph_of(complete(40))), Budget(), most=1000)
    assert not counts.whole
    assert 1000 < counts.loops < 10**7


def test_sums_do_not_depend_on_the_size_of_blocks(graph_of, monkeypatch):
    graph = graph_of(complete(6))
    weights = np.random.default_rng(0).normal(size=(30, 3))
    usual = tally.totals(Universe(graph), weights)
    monkeypatch.setattr("loopscope.loops.finding.universe.ROUTES", 3)
    monkeypatch.setattr("loopscope.loops.finding.universe.LOOPS", 2)
    np.testing.assert_allclose(tally.totals(Universe(graph), weights), usual, rtol=1e-12)
    assert len(listed(Universe(graph))[0]) == 409
