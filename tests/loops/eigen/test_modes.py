"""Tests of modes: how they are followed, when they are a cluster, what is left out as zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.eigen.conserved import nilpotency, structural_zeros
from loopscope.loops.eigen.following import following
from loopscope.loops.eigen.jumps import jumps
from loopscope.loops.eigen.linear import at_times
from loopscope.loops.eigen.modes import modes, projector
from loopscope.loops.replay import Along
from loopscope.models.model import TIME

SEEDS = st.integers(0, 10**6)


def pair(real, imag):
    return [complex(real, imag), complex(real, -imag)]


@given(SEEDS, st.integers(1, 6))
@settings(max_examples=200, deadline=None)
def test_pairs_stay_together_whatever_comes(seed, n):
    draw = np.random.default_rng(seed)
    before = np.linalg.eigvals(draw.normal(size=(n, n))).astype(complex)
    before = before[following(None, before)]
    for _ in range(4):
        now = np.linalg.eigvals(draw.normal(size=(n, n))).astype(complex)
        order = following(before, now)
        assert sorted(order) == list(range(n))
        after = now[order]
        partner = {
            k: int(np.flatnonzero(before == one.conjugate())[0])
            for k, one in enumerate(before)
            if one.imag != 0
        }
        for k, other in partner.items():
            # A pair that stays is one, upper above; one that parts has no imaginary part left.
            if after[k].imag == 0:
                assert after[other].imag == 0
            else:
                assert after[k] == after[other].conjugate()
                assert after[k].imag * before[k].imag > 0
        before = after


@given(SEEDS, st.integers(2, 6))
@settings(max_examples=50, deadline=None)
def test_small_steps_are_followed_to_the_nearest(seed, n):
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(n, n))
    before = np.linalg.eigvals(matrix).astype(complex)
    gaps = np.abs(before[:, None] - before[None, :]) + np.eye(n)
    now = draw.permutation(np.linalg.eigvals(matrix + 1e-9 * gaps.min() ** 2).astype(complex))
    if gaps.min() > 1e-3:
        np.testing.assert_allclose(now[following(before, now)], before, atol=1e-4)


def test_a_pair_that_parts_and_one_that_forms_are_settled_the_same_way_each_time():
    before = np.array([1, -1, *pair(0, 2)], dtype=complex)
    now = np.array([*pair(-0.5, 1.2), *pair(1.2, 2.3)])
    assert now[following(before, now)].tolist() == [*pair(-0.5, 1.2), *pair(1.2, 2.3)]
    assert now[::-1][following(before, now[::-1])].tolist() == [*pair(-0.5, 1.2), *pair(1.2, 2.3)]
    parted = np.array([0.1, 0.2], dtype=complex)
    assert parted[following(np.array(pair(0.15, 0.1)), parted)].tolist() == [0.2, 0.1]


def test_real_modes_that_move_one_way_keep_their_order():
    before = np.array([1.2, 1.0, 3.0], dtype=complex)
    now = np.array([-0.8, 3.0, 0.5], dtype=complex)
    assert now[following(before, now)].tolist() == [0.5, -0.8, 3.0]
    assert now[::-1][following(before, now[::-1])].tolist() == [0.5, -0.8, 3.0]


def test_a_projector_is_one_and_commutes():
    matrix = np.array([[-1.0, 1, 0, 0], [0, -1, 2, 0], [0, 0, 3, 1], [0.5, 0, 0, 4]])
    values = np.linalg.eigvals(matrix)
    inside = np.abs(values + 1) < 2
    found = projector(matrix, -1.0, 2.0)
    np.testing.assert_allclose(found @ found, found, atol=1e-12)
    np.testing.assert_allclose(found @ matrix, matrix @ found, atol=1e-12)
    assert np.trace(found).real == pytest.approx(inside.sum())
    assert np.trace(found @ matrix) == pytest.approx(values[inside].sum())


def test_vectors_are_scaled_and_belong_to_their_eigenvalues(inventory_labour):
    along = loops.along(loops.trace(inventory_labour), models.simulate(inventory_labour))
    (part,) = along.graph.partitions
    found = modes(at_times(along, 0), part)
    jacobian = found.blocks.jacobian[0]
    for mode, lam in enumerate(found.values[0]):
        left, right = found.left[0, mode], found.right[0, mode]
        assert left @ right == pytest.approx(1.0)
        np.testing.assert_allclose(jacobian @ right, lam * right, atol=1e-12)
        np.testing.assert_allclose(left @ jacobian, lam * left, atol=1e-12)
    # The participations of the stocks sum to 1 over modes, too.
    share = found.left[0] * found.right[0]
    np.testing.assert_allclose(share.sum(axis=0), 1.0, atol=1e-10)


def test_units_of_the_nodes_balance_a_badly_scaled_jacobian(read):
    model = read("x=INTEG(1e-9*y-x, 1)\n y=INTEG(-1e9*x-y, 1)", stop=1)
    along = loops.along(loops.trace(model), models.simulate(model))
    found = modes(along, along.graph.partitions[0])
    np.testing.assert_allclose(found.values[0], [-1 + 1j, -1 - 1j], rtol=1e-9)
    assert found.alignment[0, 0] > 0.4


ZEROS = [
    ("x=INTEG(-x*y, 1)\n y=INTEG(x*y, 1)", 1, 1),
    ("f=x-2*y\n x=INTEG(-f, 1)\n y=INTEG(0.3*f, 1)\n z=INTEG(0.7*f, 0)", 2, 1),
    ("a=2\n b=3\n x=INTEG(-a*x*y, 1)\n y=INTEG(b*x*y, 1)", 1, 1),
    ("x=INTEG(-x, 1)\n y=INTEG(x-y, 1)", 0, 1),
    ("x=INTEG(-x, 1)\n y=INTEG(x, 1)\n z=INTEG(y, 1)", 2, 2),
    ("a=2\n b=2\n x=INTEG(-a*x, 1)\n y=INTEG(b*x-y, 1)", 0, 1),
    ("f=MIN(x,2*y)\n x=INTEG(-f, 1)\n y=INTEG(f, 1)", 1, 1),
]


@pytest.mark.parametrize(("equations", "zeros", "power"), ZEROS)
def test_conserved_totals_are_found_by_structure(read, equations, zeros, power):
    graph = loops.trace(read(equations))
    names = list(graph.nodes)
    assert structural_zeros(graph, names) == zeros
    assert structural_zeros(graph, names, seed=7) == zeros
    view = loops.fold(graph)
    assert structural_zeros(view, list(view.nodes)) == zeros
    if zeros:
        assert nilpotency(graph, names) == power


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_structure_agrees_with_ranks_at_random_states(parametric_model, placed, seed):
    graph = loops.trace(parametric_model(seed))
    for part in graph.partitions:
        found = modes(placed(graph, seed, 3), part)
        sizes = np.sort(np.abs(np.linalg.eigvals(found.blocks.jacobian)), axis=1)
        scale = found.blocks.size[:, None]
        assert (sizes[:, : found.zeros] < 1e-7 * scale).all()
        assert found.values.shape[1] + found.zeros == len(part.stocks)


def test_a_stock_that_the_run_holds_adds_a_zero(prey):
    graph = loops.trace(prey)
    (part,) = graph.partitions
    assert structural_zeros(graph, part.nodes) == 0
    assert structural_zeros(graph, part.nodes, held={"predators"}) == 1


def test_a_stock_that_is_held_at_zero_has_no_modes_there(read):
    graph = loops.trace(read("x=INTEG(-1-0.1*x, 1)"))
    (symbol,) = graph.equations.states
    states = {symbol: replace(graph.equations.states[symbol], non_negative=True)}
    equations = replace(graph.equations, states=states)
    held = loops.CausalGraph(graph.model, equations, graph.nodes, graph.links)
    values = {symbol: np.array([1.0, 0.0]), TIME: np.array([0.0, 1.0])}
    along = Along(held, values, time=np.array([0.0, 1.0]), step=1.0)
    assert modes(along, held.partitions[0]).kind[:, 0].tolist() == ["real", "unknown"]


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("MAX(x, 3)", []),
        ("IF THEN ELSE(x>5, x, 5)", []),
        ("IF THEN ELSE(x>5, 2*x, x)", [("x", "f")]),
        ("IF THEN ELSE(x>5 :AND: x<7, 1, 2)", [("x", "f")]),
        ("IF THEN ELSE(Time>5, x, 2*x)", []),
        ("STEP(x, 3)", []),
        ("MODULO(x, 3)", [("x", "f")]),
        ("WITH LOOKUP(x, ([(0,0)-(2,2)],(0,0),(1,1),(1,2),(2,2)))", [("x", "f")]),
        ("WITH LOOKUP(x, ([(0,0)-(2,2)],(0,0),(1,1),(2,2)))", []),
    ],
)
def test_jumps_are_told_from_kinks(read, equation, expected):
    graph = loops.trace(read(f"f={equation}\n x=INTEG(1-f-0.1*x, 1)"))
    assert list(jumps(graph, list(graph.nodes))) == expected
