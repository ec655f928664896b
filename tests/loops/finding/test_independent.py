"""Tests of independent loop sets: ranks as published, complete where they say so."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops
from loopscope.loops.finding.independent import independent_set
from loopscope.models.errors import LoopError

PAIRS = list(itertools.permutations("abcdef", 2))

# Inventory and labour (Sterman 2000, ch. 19), as structuR has it, by links alone.
INVENTORY = {
    "Inv": ["AI"], "AI": ["DP"], "DP": ["DW", "DPS"], "DW": ["AW"], "WIP": ["AW", "PR"],
    "AW": ["DPS"], "DPS": ["DL"], "DL": ["AL"], "Labor": ["AL", "QR", "PS"], "AL": ["DH"],
    "QR": ["DH", "Labor"], "DH": ["DV", "VCR"], "DV": ["AV"], "Vac": ["AV", "HR"], "AV": ["VCR"],
    "VCR": ["Vac"], "HR": ["Vac", "Labor"], "PS": ["WIP"], "PR": ["WIP", "Inv"],
}  # fmt: skip


def links_of(effects):
    return [(cause, effect) for cause, heads in effects.items() for effect in heads]


def race():
    """The arms race of three parties, each with its own target."""
    pairs = []
    for one in "ABC":
        pairs += [
            (f"change {one}", one),
            (one, f"change {one}"),
            (f"target {one}", f"change {one}"),
        ]
        pairs += [(other, f"target {one}") for other in "ABC" if other != one]
    return pairs


def complete(size):
    return list(itertools.permutations("ABCDE"[:size], 2))


@pytest.mark.published
@pytest.mark.parametrize(
    ("pairs", "count", "short", "needed"),
    [
        (race(), 8, 6, 7),
        (complete(3), 5, 3, 4),
        (complete(4), 20, 6, 9),
        (complete(5), 84, 10, 16),
        (links_of(INVENTORY), 14, 10, 10),
    ],
    ids=["arms race", "K3", "K4", "K5", "inventory"],
)
def test_the_shortest_independent_set_is_as_short_as_published(
    graph_of, pairs, count, short, needed
):
    # Huang, Howley & Duggan (2012) and Motamed & Middleton (2024) on where SILS stops.
    found = loops.find(graph_of(pairs))
    assert found.count == count
    oliva = independent_set(found, "oliva")
    assert (oliva.rank, oliva.needed) == (short, needed)
    assert oliva.complete == (short == needed)
    assert ("too few" in oliva.statement) == (short < needed)
    ours = independent_set(found)
    assert ours.complete
    assert ours.rank == needed


@settings(deadline=None, max_examples=60)
@given(pairs=st.sets(st.sampled_from(PAIRS), min_size=6))
def test_the_recommended_set_has_full_rational_rank(graph_of, pairs):
    found = loops.find(graph_of(sorted(pairs)))
    if not len(found):
        return
    chosen = independent_set(found)
    network = found.graph.network
    needed = 0
    for part in nx.strongly_connected_components(network):
        inside = network.subgraph(part)
        if inside.number_of_edges():
            needed += inside.number_of_edges() - len(part) + 1
    assert chosen.needed == chosen.rank == len(chosen.loops) == needed
    assert sp.Matrix(chosen.incidence.tolist()).rank() == needed
    for method in ("oliva", "kampmann"):
        other = independent_set(found, method)
        assert sp.Matrix(other.incidence.tolist()).rank() == other.rank == len(other.loops)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999))
def test_a_complete_set_explains_any_circulation(graph_of, seed):
    found = loops.find(graph_of(race()))
    drawn = np.random.default_rng(seed)
    strengths = drawn.normal(size=len(found)) + 1j * drawn.normal(size=len(found))
    number = {pair: n for n, pair in enumerate(found.graph.pairs)}
    influences = np.zeros(len(number), np.complex128)
    for strength, loop in zip(strengths, found, strict=True):
        influences[[number[pair] for pair in loop.links]] += strength
    whole = independent_set(found)
    values, left = whole.solve(influences)
    assert left < 1e-12 * np.abs(strengths).sum()
    np.testing.assert_allclose(whole.incidence.T @ values, influences, atol=1e-12)


def test_a_short_set_leaves_a_residual(graph_of):
    # Only the two loops round all three parties carry something, and differently.
    found = loops.find(graph_of(race()))
    number = {pair: n for n, pair in enumerate(found.graph.pairs)}
    influences = np.zeros(len(number), np.complex128)
    for loop, strength in zip(found.of_length(9), (1.0, 0.0), strict=True):
        influences[[number[pair] for pair in loop.links]] += strength
    _, left = independent_set(found, "oliva").solve(influences)
    assert left > 0.05
    assert independent_set(found).solve(influences)[1] < 1e-12


def test_a_set_takes_the_ids_of_the_loops_found(graph_of):
    found = loops.find(graph_of(race()))
    chosen = independent_set(found)
    assert all(found[loop.id] == loop for loop in chosen.loops)
    few = loops.find(graph_of(race()), max_loops=2)
    again = independent_set(few)
    assert [loop.nodes for loop in again.loops] == [loop.nodes for loop in chosen.loops]
    assert independent_set(found.graph).loops.ids == chosen.loops.ids


def test_the_migration_model_has_a_complete_set():
    graph = loops.without(loops.trace("migration_policy"), {"backlog switch": 0})
    ranks = [
        graph.network.subgraph(part.nodes).number_of_edges() - len(part.nodes) + 1
        for part in graph.partitions
    ]
    chosen = independent_set(loops.find(graph, max_loops=100))
    assert chosen.rank == chosen.needed == sum(ranks)


def test_bad_input_is_named(graph_of):
    with pytest.raises(LoopError, match=r"no method named 'olive'.*did you mean 'oliva'"):
        independent_set(graph_of(race()), "olive")
    with pytest.raises(LoopError, match="no feedback loop"):
        independent_set(graph_of([("a", "b")]))
