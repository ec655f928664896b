"""Tests of sums over all loops: the same as one loop after the other."""

from __future__ import annotations

from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops
from loopscope.loops.finding.loopsum import over, over_all
from loopscope.loops.graph import Partition


def parts(network):
    for number, nodes in enumerate(nx.strongly_connected_components(network)):
        yield Partition(number=number, nodes=tuple(sorted(nodes)), stocks=())


def one_by_one(cycles, weights, pairs):
    row = {pair: number for number, pair in enumerate(pairs)}
    total = np.zeros(weights.shape[1:])
    for nodes in cycles:
        total += np.prod(
            [weights[row[p]] for p in zip(nodes, (*nodes[1:], nodes[0]), strict=True)], axis=0
        )
    return total


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.floats(0.1, 0.9), st.integers(0, 10**6))
def test_sums_are_those_of_the_loops_one_by_one(size, density, seed):
    generator = np.random.default_rng(seed)
    network = nx.DiGraph()
    network.add_nodes_from(f"v{n}" for n in range(size))
    for cause in network.nodes:
        for effect in network.nodes:
            if generator.uniform() < density:
                network.add_edge(cause, effect)
    pairs = list(network.edges)
    weights = generator.normal(size=(len(pairs), 3))
    cycles = list(nx.simple_cycles(network))
    graph = SimpleNamespace(network=network)
    sums = [over_all(graph, part) for part in parts(network)]
    assert sum(one.count for one in sums) == len(cycles)
    expected = one_by_one(cycles, weights, pairs)
    np.testing.assert_allclose(
        sum(one.of(weights, pairs) for one in sums), expected, rtol=1e-9, atol=1e-12
    )
    some = [SimpleNamespace(nodes=tuple(nodes)) for nodes in cycles[::2]]
    part = over(some)
    assert part.count == len(some)
    np.testing.assert_allclose(
        part.of(weights, pairs), one_by_one(cycles[::2], weights, pairs), rtol=1e-9, atol=1e-12
    )


def test_a_complete_graph_has_as_many_loops_as_the_formula_says():
    # sum over k of C(n, k) (k - 1)! loops of k nodes, for n = 9, without self-links.
    network = nx.complete_graph(9, create_using=nx.DiGraph)
    network = nx.relabel_nodes(network, str)
    (part,) = parts(network)
    found = over_all(SimpleNamespace(network=network), part)
    assert found.count == 125_664
    assert found.products < 20_000


def test_too_many_products_give_none():
    network = nx.relabel_nodes(nx.complete_graph(9, create_using=nx.DiGraph), str)
    (part,) = parts(network)
    assert over_all(SimpleNamespace(network=network), part, most=500) is None


def test_all_loops_among_the_stocks_of_the_migration_model():
    view = loops.fold(loops.without(loops.trace("migration_policy"), {"backlog switch": 0}))
    part = view.partitions[0]
    found = over_all(view, part)
    assert found.count == sum(1 for _ in nx.simple_cycles(view.network.subgraph(part.nodes)))
    assert found.products < found.count / 5


@pytest.mark.parametrize("model", ["prey", "sir", "bass"])
def test_totals_of_loops_held_are_the_same(model, request):
    graph = loops.trace(request.getfixturevalue(model))
    found = loops.find(graph)
    weights = np.random.default_rng(2).normal(size=(len(graph.pairs), 5))
    up, down = found.totals(weights)
    for part in graph.partitions:
        total = over_all(graph, part).of(weights, graph.pairs)
        np.testing.assert_allclose(total, (up + down)[part.number], rtol=1e-12)
