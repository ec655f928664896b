"""The search and the polish: costs are kept in step, gradients are right."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope.loops.diagrams.layout.arrays import indexed, state_of
from loopscope.loops.diagrams.layout.kernels.costs import (
    angle_cost,
    loop_holds,
    pair_cost,
    roundness,
)
from loopscope.loops.diagrams.layout.kernels.curves import holds
from loopscope.loops.diagrams.layout.kernels.moving import (
    badge_cost,
    link_cost,
    node_cost,
    whole_cost,
)
from loopscope.loops.diagrams.layout.kernels.state import retrace, retrace_at
from loopscope.loops.diagrams.layout.polishing import Smooth, polish
from loopscope.loops.diagrams.layout.searching import COARSE, FINE, Known, anneal, harm
from loopscope.loops.diagrams.layout.starting import start
from loopscope.loops.diagrams.records import Link, Node, Sketch


def free(given):
    n = len(given.nodes)
    return Known(np.zeros((n, 2)), np.zeros(n, np.bool_), np.arange(n))


def begun(sketch, seed=0):
    given = indexed(sketch)
    state = state_of(given, *start(given, np.random.default_rng(seed)))
    n = len(given.nodes)
    state.place[n:] = np.random.default_rng(seed).normal(size=(len(given.loops), 2)) * 100
    return given, state


@pytest.mark.parametrize("weights", [COARSE, FINE])
def test_a_move_changes_the_whole_cost_as_much_as_its_own(core, weights):
    given, state = begun(core)
    held = free(given)
    generator = np.random.default_rng(1)

    def whole():
        return whole_cost(given.shape, state, weights, held.home, held.known)

    for _ in range(20):
        v, e = generator.integers(len(given.nodes)), generator.integers(len(given.links))
        which = generator.integers(len(given.loops))
        rest = whole() - node_cost(v, given.shape, state, weights, held.home, held.known)
        state.place[v] += generator.normal(size=2) * 80
        retrace_at(v, given.shape, state)
        after = whole() - node_cost(v, given.shape, state, weights, held.home, held.known)
        assert after == pytest.approx(rest, abs=1e-8)
        rest = whole() - link_cost(e, given.shape, state, weights, np.inf)
        state.bulge[e] = generator.uniform(-0.36, 0.36)
        retrace(e, given.shape, state)
        after = whole() - link_cost(e, given.shape, state, weights, np.inf)
        assert after == pytest.approx(rest, abs=1e-8)
        rest = whole() - badge_cost(which, given.shape, state, weights)
        state.place[len(given.nodes) + which] += generator.normal(size=2) * 50
        after = whole() - badge_cost(which, given.shape, state, weights)
        assert after == pytest.approx(rest, abs=1e-8)


def test_the_search_leaves_nothing_out_of_date_and_lowers_the_cost(core):
    given, state = begun(core)
    held = free(given)
    before = whole_cost(given.shape, state, FINE, held.home, held.known)
    anneal(given, state, FINE, held, np.random.default_rng(0), 8, (0.1, 0.01))
    after = whole_cost(given.shape, state, FINE, held.home, held.known)
    assert after < before
    again = state_of(given, state.place, state.bulge)
    for kept, fresh in zip(state, again, strict=True):
        np.testing.assert_allclose(kept, fresh)
    assert np.abs(state.bulge).max() <= 0.36


def test_the_gradient_of_the_polish_equals_central_differences(core):
    given, state = begun(core, seed=3)
    n, m = len(given.nodes), len(given.links)
    generator = np.random.default_rng(0)
    smooth = Smooth(given, np.zeros(m), free(given))
    place = state.place[:n] * 0.4  # crowded, so that every term is there
    vector = np.concatenate([place.ravel(), generator.uniform(-0.3, 0.3, m)])
    _, gradient = smooth(vector)
    for k in range(len(vector)):
        step = 1e-5 if k < 2 * n else 1e-7
        up, down = vector.copy(), vector.copy()
        up[k] += step
        down[k] -= step
        difference = (smooth(up)[0] - smooth(down)[0]) / (2 * step)
        assert gradient[k] == pytest.approx(difference, rel=2e-5, abs=2e-5), k


def test_a_polish_does_no_harm_and_leaves_held_nodes(core):
    given, state = begun(core)
    n = len(given.nodes)
    held = Known(np.zeros((n, 2)), np.zeros(n, np.bool_), np.arange(3, n))
    anneal(given, state, FINE, held, np.random.default_rng(0), 4, (0.1, 0.02))
    before, fixed = harm(given, state), state.place[:3].copy()
    polish(given, state, held)
    assert harm(given, state) <= before + 0.25 + 1e-9
    np.testing.assert_array_equal(state.place[:3], fixed)


def test_crossings_are_counted_on_arcs():
    # Two parallel chords, bent towards each other by more than half their distance: two crossings.
    nodes = tuple(Node(name=name, width=4, height=4) for name in "abcd")
    links = (Link(cause="a", effect="b", sign="+"), Link(cause="c", effect="d", sign="+"))
    given = indexed(Sketch(nodes, links))
    only = COARSE._replace(crossing=1.0, beside=0.0)
    place = np.array([[0.0, 0.0], [400.0, 0.0], [0.0, 100.0], [400.0, 100.0]])
    for bulge, crossings in ((0.0, 0), (0.1, 0), (0.2, 2)):
        state = state_of(given, place, np.array([bulge, -bulge]))
        assert pair_cost(0, 1, given.shape, state, only) == crossings


def test_roundness_of_a_lens_and_a_line():
    nodes = tuple(Node(name=name, width=4, height=4) for name in "ab")
    from loopscope.loops.diagrams.records import LoopShown

    links = (Link(cause="a", effect="b", sign="+"), Link(cause="b", effect="a", sign="+"))
    loop = LoopShown(id="R1", path=("a", "b"), polarity="R")
    given = indexed(Sketch(nodes, links, (loop,)))
    place = np.array([[0.0, 0.0], [200.0, 0.0]])
    # Half circles have sagitta / chord = 1/2; at 0.36 the lens is most of a circle.
    assert roundness(0, given.shape, state_of(given, place, np.array([0.36, 0.36]))) > 0.85
    flat = roundness(0, given.shape, state_of(given, place, np.zeros(2)))
    assert flat == pytest.approx(0.0, abs=1e-12)


def test_loops_hold_the_same_points_as_their_polygons(core):
    given, state = begun(core)
    shape = given.shape
    generator = np.random.default_rng(5)
    for which in range(len(given.loops)):
        links = shape.links_in[shape.first_in[which] : shape.first_in[which + 1]]
        polygon = np.ascontiguousarray(state.points[links, :-1].reshape(-1, 2))
        for x, y in generator.uniform(-400, 400, size=(50, 2)):
            assert loop_holds(which, x, y, shape, state) == holds(polygon, x, y)


def test_angles_cost_nothing_where_they_are_wide():
    nodes = tuple(Node(name=name, width=4, height=4) for name in "abc")
    links = (Link(cause="a", effect="b", sign="+"), Link(cause="a", effect="c", sign="+"))
    given = indexed(Sketch(nodes, links))
    wide = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])
    narrow = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 10.0]])
    assert angle_cost(0, given.shape, state_of(given, wide, np.zeros(2))) == 0.0
    assert angle_cost(0, given.shape, state_of(given, narrow, np.zeros(2))) > 0.5
