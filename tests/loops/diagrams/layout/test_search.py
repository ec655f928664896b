"""The search and the polish: no move makes the whole worse, gradients are right."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope.loops.diagrams.layout.arrays import indexed, state_of
from loopscope.loops.diagrams.layout.drawn import drawn
from loopscope.loops.diagrams.layout.kernels.moving import ANYWHERE, BULGES, sweep
from loopscope.loops.diagrams.layout.lines import holds, meeting_pairs
from loopscope.loops.diagrams.layout.polishing import Smooth, polish
from loopscope.loops.diagrams.layout.searching import (
    COARSE,
    FINE,
    Known,
    anneal,
    cost_of,
    harm,
)
from loopscope.loops.diagrams.layout.starting import start
from loopscope.loops.diagrams.records import Layout, Link, LoopShown, Node, Sketch

NOTHING = FINE._replace(**dict.fromkeys(FINE._fields, 0.0))


def free(given, first=0):
    n = len(given.nodes)
    return Known(
        np.zeros((n, 2)), np.zeros(n, np.bool_), np.arange(first, n), np.arange(len(given.links))
    )


def begun(sketch, seed=0):
    given = indexed(sketch, sprung=True)
    state = state_of(given, *start(given, np.random.default_rng(seed)))
    n = len(given.nodes)
    state.place[n:] = np.random.default_rng(seed).normal(size=(len(given.loops), 2)) * 100
    return given, state


def cold(given, state, weights, generator, nodes=(), links=(), badges=False):
    """Move some nodes, links or all badges at temperature 0."""
    n, m, loops = len(given.nodes), len(given.links), len(given.loops) if badges else 0
    sweep(
        given.shape, state, weights, np.zeros((n, 2)), np.zeros(n, np.bool_),
        np.array(nodes, np.int64), generator.normal(size=(n, 20, 2)),
        generator.uniform(-1, 1, size=(n, ANYWHERE, 2)), np.zeros((n, 21)),
        np.array(links, np.int64), np.zeros((m, len(BULGES) + 3)),
        0.1 * generator.normal(size=(m, 2)), generator.normal(size=(loops, 16, 2)),
        generator.uniform(-1, 1, size=(loops, 16, 2)), 0.0, 80.0, np.array([300.0, 200.0]), False,
    )  # fmt: skip


@pytest.mark.parametrize("weights", [COARSE, FINE])
def test_no_move_at_temperature_zero_makes_the_whole_worse(core, weights):
    # What a move looks at is all that it changes: a term left out would show here.
    generator = np.random.default_rng(1)
    better = 0
    for seed in range(4):
        given, state = begun(core, seed)
        for _ in range(25):
            v, e = generator.integers(len(given.nodes)), generator.integers(len(given.links))
            for what in ({"nodes": [v]}, {"links": [e]}, {"badges": weights.badge > 0}):
                before = cost_of(given, state, weights)
                cold(given, state, weights, generator, **what)
                after = cost_of(given, state, weights)
                assert after <= before + 1e-8, what
                better += after < before - 1e-6
    assert better > 100


def test_a_search_lowers_the_cost_and_keeps_bulges_gentle(core):
    given, state = begun(core)
    before = cost_of(given, state, FINE)
    anneal(given, state, FINE, free(given), np.random.default_rng(0), 8, (0.1, 0.01))
    assert cost_of(given, state, FINE) < before
    assert np.abs(state.bulge).max() <= 0.36


def test_pipes_and_held_links_are_not_bent(core):
    given, state = begun(core)
    bent = np.arange(5, len(given.links))
    held = Known(*[getattr(free(given), name) for name in ("home", "known", "free")], bent)
    before = state.bulge[:5].copy()
    anneal(given, state, COARSE, held, np.random.default_rng(0), 3, (0.5, 0.1))
    polish(given, state, held)
    np.testing.assert_array_equal(state.bulge[:5], before)


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
    held = free(given, first=3)
    anneal(given, state, FINE, held, np.random.default_rng(0), 4, (0.1, 0.02))
    before, fixed = harm(given, state), state.place[:3].copy()
    polish(given, state, held)
    assert harm(given, state) <= before + 0.25 + 1e-9
    np.testing.assert_array_equal(state.place[:3], fixed)


def test_crossings_are_counted_on_arcs():
    # Two parallel chords, bent towards each other by more than half their distance: two crossings.
    nodes = tuple(Node(name=name, width=4, height=4) for name in "abcd")
    links = (Link(cause="a", effect="b", sign="+"), Link(cause="c", effect="d", sign="+"))
    given = indexed(Sketch(nodes, links), sprung=True)
    place = np.array([[0.0, 0.0], [400.0, 0.0], [0.0, 100.0], [400.0, 100.0]])
    for bulge, crossings in ((0.0, 0), (0.1, 0), (0.2, 2)):
        state = state_of(given, place, np.array([bulge, -bulge]))
        assert cost_of(given, state, NOTHING._replace(crossing=1.0)) == crossings


def test_crossings_of_the_search_are_nearly_those_that_are_drawn(core):
    for seed in range(5):
        given, state = begun(core, seed)
        counted = cost_of(given, state, NOTHING._replace(crossing=1.0))
        picture = drawn(
            core,
            Layout(
                dict(zip(given.names, map(tuple, state.place[: len(given.names)]), strict=True)),
                dict(zip((link.pair for link in given.links), state.bulge, strict=True)),
            ),
        )
        seen = meeting_pairs(picture.paths, picture.low, picture.high).sum()
        assert abs(counted - seen) <= 0.25 * seen + 2


def test_roundness_of_a_lens_and_a_line():
    nodes = tuple(Node(name=name, width=4, height=4) for name in "ab")
    links = (Link(cause="a", effect="b", sign="+"), Link(cause="b", effect="a", sign="+"))
    loop = LoopShown(id="R1", path=("a", "b"), polarity="R", weight=6.0)
    given = indexed(Sketch(nodes, links, (loop,)), sprung=True)
    place = np.array([[0.0, 0.0], [200.0, 0.0], [0.0, 0.0]])
    only = NOTHING._replace(roundness=1.0)
    # Half circles have sagitta / chord = 1/2; at 0.36 the lens is most of a circle.
    assert cost_of(given, state_of(given, place, np.array([0.36, 0.36])), only) < 0.15
    flat = cost_of(given, state_of(given, place, np.zeros(2)), only)
    assert flat == pytest.approx(1.0, abs=1e-12)


def test_a_badge_costs_nothing_just_where_its_loop_holds_it(core):
    given, state = begun(core)
    shape, n = given.shape, len(given.nodes)
    outside = NOTHING._replace(badge=1.0)
    generator = np.random.default_rng(5)
    cost_of(given, state, outside)  # brings points up to date
    tiny = given.shape._replace(half=np.full_like(given.shape.half, -20.0))  # no boxes at all
    bare = type(given)(given.nodes, given.links, given.loops, tiny, given.spacing)
    for _ in range(100):
        state.place[n:] = generator.uniform(-400, 400, size=(len(given.loops), 2))
        held = [
            holds(
                state.points[shape.links_in[shape.first_in[k] : shape.first_in[k + 1]], :-1]
                .reshape(-1, 2),
                *state.place[n + k],
            )
            for k in range(len(given.loops))
        ]  # fmt: skip
        cost = cost_of(bare, state, outside)
        missing = len(held) - sum(held)
        assert missing <= cost <= 2.0 * missing + 1e-9


def test_angles_cost_nothing_where_they_are_wide():
    nodes = tuple(Node(name=name, width=4, height=4) for name in "abc")
    links = (Link(cause="a", effect="b", sign="+"), Link(cause="a", effect="c", sign="+"))
    given = indexed(Sketch(nodes, links), sprung=True)
    only = NOTHING._replace(angles=1.0)
    wide = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])
    narrow = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 10.0]])
    assert cost_of(given, state_of(given, wide, np.zeros(2)), only) == 0.0
    assert cost_of(given, state_of(given, narrow, np.zeros(2)), only) > 0.5
