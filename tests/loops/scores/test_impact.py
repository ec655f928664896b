"""Tests of loop impact: the loop impact theorem and the rule of dominance."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.scores.impact import impacts, smallest_set
from loopscope.loops.scores.legs import Forces, forces_on
from loopscope.loops.scores.pathways import Pathway


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), folded=st.booleans())
def test_the_product_of_impacts_round_a_loop_is_its_gain(driven_model, placed, seed, folded):
    graph = loops.trace(driven_model(seed))
    graph = loops.fold(graph) if folded else graph
    found = loops.find(graph)
    if not len(found):
        return
    along = placed(graph, seed)
    product = np.ones((*along.shape, len(found)))
    for stock in graph.stocks:
        raw = loops.score(found, along, "impact", stock=stock)["raw"].values
        inside = np.array([stock in loop.stocks for loop in found])
        product *= np.where(inside, raw, 1.0)
    gains = np.stack([along.of(loop.gain) for loop in found], axis=-1)
    whole = loops.score(found, along, "impact")["raw"].values
    count = np.array([len(loop.stocks) for loop in found])
    known = np.isfinite(product)
    assert known.any()
    np.testing.assert_allclose(product[known], gains[known], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(np.sign(whole) * abs(whole) ** count, gains, rtol=1e-10, atol=1e-14)


def test_the_impact_of_a_loop_with_one_stock_is_its_gain(sir):
    graph = loops.trace(sir)
    found, along = loops.find(graph), loops.along(graph, models.simulate(sir))
    scores = loops.score(found, along, "impact", stock="I")
    for loop in found:
        if loop.stocks == ("I",):
            np.testing.assert_allclose(
                scores["raw"].sel(loop=loop.id), along.of(loop.gain), rtol=1e-12
            )


def test_an_epidemic_changes_hands_where_the_impacts_outweigh_each_other(sir):
    # On I: R = contact S/N against recovery and depletion, contact I/N S'/I'.
    graph = loops.trace(sir)
    along = loops.along(graph, models.simulate(sir))
    s, i = along.value("S"), along.value("I")
    r = 0.5 * s / 1000
    depletion = 0.5 * i / 1000 * along.rates["S"] / along.rates["I"]
    scores = impacts(along, "I")["dominant"]
    total = r - 0.1 + depletion
    for name, value in (
        ("I -> infection -> I", r),
        ("S -> infection -> I", depletion),
        ("I -> recovering -> I", np.full_like(r, -0.1)),
    ):
        marked = scores.sel(pathway=name).values
        assert (np.sign(value[marked]) == np.sign(total[marked])).all()
    first = scores.isel(time=0)
    assert list(first["pathway"].values[first]) == ["I -> infection -> I"]


def test_the_smallest_set_outweighs_what_opposes_it_and_no_smaller_one_does():
    draw = np.random.default_rng(5)
    values = draw.normal(size=(6, 200)).round(1)
    chosen = smallest_set(_forces(values))
    for row, marks in zip(values.T, chosen.T, strict=True):
        total = row.sum() if abs(row.sum()) > 1e-9 else 0.0
        side, against = row * np.sign(total), 0.0
        if total == 0:
            assert not marks.any()
            continue
        against = -side[side < 0].sum()
        assert (side[marks] > 0).all()
        assert side[marks].sum() > against
        # The largest others together: one member fewer is never enough.
        count = int(marks.sum())
        best = np.sort(side[side > 0])[::-1]
        assert best[: count - 1].sum() <= against + 1e-12
        np.testing.assert_allclose(best[:count].sum(), side[marks].sum())


def test_forces_that_cancel_have_no_dominant_set():
    assert not smallest_set(_forces(np.array([[1.0], [-1.0]]))).any()
    assert smallest_set(_forces(np.array([[3.0], [-2.0], [-2.0], [1.5]])))[:, 0].tolist() == [
        True, False, False, True,
    ]  # fmt: skip


def test_loops_are_marked_by_their_legs(prey):
    graph = loops.trace(prey)
    found, along = loops.find(graph), loops.along(graph, models.simulate(prey))
    scores = loops.score(found, along, "impact", stock="prey")
    members = smallest_set(forces_on(along, "prey"))
    names = [str(one) for one in forces_on(along, "prey").pathways]
    births = next(loop.id for loop in found if set(loop.nodes) == {"prey", "prey births"})
    np.testing.assert_array_equal(
        scores["dominant"].sel(loop=births), members[names.index("prey -> prey births -> prey")]
    )
    for loop in found:
        if "prey" not in loop.stocks:
            assert not scores["dominant"].sel(loop=loop.id).any()


def _forces(values):
    ways = tuple(Pathway(source="x", nodes=("x",), graph=None) for _ in values)
    return Forces(pathways=ways, values=values)
