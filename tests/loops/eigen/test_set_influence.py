"""Tests of influences on independent sets: what the literature gets, and why not to use it."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.eigen.set_influence import set_influences
from loopscope.loops.finding.independent import LoopSet, independent_set
from loopscope.loops.scores.influence import score
from loopscope.models.errors import LoopError


def arms(model):
    found = loops.find(model, view="full")
    return found, loops.along(found.graph, models.simulate(model))


def _around(found, *names):
    def turns(loop):
        order = [name for name in loop.nodes if name in names]
        start = order.index(names[0])
        return (*order[start:], *order[:start]) == names

    (one,) = (loop for loop in found if set(loop.stocks) == set(names) and turns(loop))
    return one


@pytest.mark.published
def test_two_sets_of_one_graph_give_one_loop_opposite_signs(arms_race):
    found, along = arms(arms_race)
    one = _around(found, "arms A", "arms B", "arms C")
    other = _around(found, "arms A", "arms C", "arms B")
    got = []
    for left_out, kept in ((one, other), (other, one)):
        nodes = [loop.nodes for loop in found if loop.id != left_out.id]
        chosen = LoopSet(found.holding(nodes), "kampmann", 7)
        scores = set_influences(chosen, along, times=0).isel(time=0, mode=0)
        assert float(scores["residual"]) < 1e-12
        assert str(scores["status"].values) == "active"
        got.append(float(scores["raw"].sel(loop=kept.id)))
    assert got[0] == pytest.approx(-0.00445, abs=6e-6)
    assert got[1] == pytest.approx(0.00445, abs=6e-6)
    # An influence of every loop depends on no set: both are positive.
    every = score(found, along, times=0).isel(time=0, mode=0)["raw"]
    assert float(every.sel(loop=one.id)) > 0
    assert float(every.sel(loop=other.id)) > 0


@pytest.mark.published
def test_a_set_short_of_its_rank_is_marked_and_its_residual_told(arms_race):
    found, along = arms(arms_race)
    chosen = independent_set(found, "oliva")
    assert (chosen.rank, chosen.needed) == (6, 7)
    scores = set_influences(chosen, along, times=0).isel(time=0)
    assert set(scores["status"].values) == {"undefined"}
    complex_mode = scores.isel(mode=int(np.argmax(scores["frequency"].values)))
    # 0.029 is left over where the largest link influence is 0.067.
    assert float(complex_mode["residual"]) == pytest.approx(0.029 / 0.067, rel=0.02)
    assert scores.attrs["rank"] == 6


def test_without_shared_links_the_set_gives_what_every_method_gives(prey):
    found, along = arms(prey)
    scores = set_influences(independent_set(found), along)
    every = score(found, along)
    for name in ("raw", "imag", "elasticity"):
        np.testing.assert_allclose(
            scores[name], every[name].sel(loop=scores["loop"]), rtol=1e-8, atol=1e-10
        )


def test_a_set_of_another_graph_is_refused(prey, sir):
    found, _ = arms(prey)
    _, along = arms(sir)
    with pytest.raises(LoopError, match="of another graph than the loops"):
        set_influences(independent_set(found), along)
