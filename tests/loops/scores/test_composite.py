"""Tests of collapsed scores: macros as single links, the expanded graph as ground truth."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.scores import composite, ltm_continuous
from loopscope.models.errors import LoopError


def expanded(model, **asked):
    graph = loops.trace(model)
    return loops.find(graph), loops.along(graph, models.simulate(model, **asked))


SEEKING = "gap=goal-seen\n goal=100\n seen=SMOOTH3(x, 6)\n flow=gap/8\n x=INTEG(flow, 0)"


def test_a_loop_through_a_smooth_is_alone_once_the_smooth_is_collapsed(read):
    found, along = expanded(read(SEEKING, stop=40))
    full, view = ltm_continuous.score(found, along), composite.score(found, along)
    assert view.sizes["loop"] == 1
    assert view.attrs["dropped"] == len(found) - 1 == 3
    np.testing.assert_allclose(view["relative"][3:], -1.0, rtol=1e-12)
    assert str(view["path"].values[0]) == "flow -> x -||-> seen -> gap"
    # Inside the full set the loops of the stages take a share.
    long = max(found, key=len).id
    share = np.abs(full["relative"].sel(loop=long).to_numpy())
    assert share[20:].min() < 0.9
    np.testing.assert_array_equal(view["raw"].to_numpy()[:, 0], full["raw"].sel(loop=long))


def test_parallel_paths_through_a_macro_give_the_larger_one(read):
    # The delay time acts on each stage of the delay, so it reaches the outflow by three paths.
    model = read("""
        inflow=5+0.2*x
        out=DELAY3(inflow, pause)
        pause=2+0.05*x
        x=INTEG(inflow-out, 10)
    """)
    found, along = expanded(model)
    view = composite.score(found, along)
    full = ltm_continuous.score(found, along)
    paths = view["path"].values.tolist()
    number = paths.index("out -> x -> pause -||->")
    assert int(view["behind"][number]) == 3
    behind = [
        loop.id for loop in found
        if {"pause", "out", "x"} <= set(loop.nodes) and "inflow" not in loop.nodes
        and any(along.graph.label(a) != a for a in loop.nodes)
    ]  # fmt: skip
    raw = full["raw"].sel(loop=behind).to_numpy()
    largest = np.take_along_axis(raw, np.abs(raw).argmax(axis=1)[:, None], 1)[:, 0]
    clear = np.isfinite(largest)
    np.testing.assert_array_equal(view["raw"].to_numpy()[clear, number], largest[clear])
    total = np.abs(view["relative"]).sum("loop").to_numpy()
    np.testing.assert_allclose(total[np.abs(total) > 0], 1.0, rtol=1e-12)


def test_a_composite_link_is_the_product_of_its_links(read):
    # x rises, s' = (x - s)/4, y = 2 s: path x -> s -> y scores 1/4 |x'/s''| * 2 |s'/y'|.
    model = read("x=INTEG(1+0.1*x, 1)\n y=2*SMOOTH(x, 4)", dt=0.125)
    graph = loops.trace(model)
    along = loops.along(graph, models.simulate(model))
    found = composite.composite_links(along)
    assert found["link"].values.tolist() == ["x -> y"]
    (stage,) = [name for name in graph.stocks if name != "x"]
    x, s = along.value("x"), along.value(stage)
    rate = (x - s) / 4
    push = (1 + 0.1 * x - rate) / 4
    with np.errstate(all="ignore"):
        expected = 0.25 * np.abs((1 + 0.1 * x) / push)
    np.testing.assert_allclose(found["score"][1:, 0], expected[1:], rtol=1e-9)


def test_a_step_outside_feedback_scores_nothing(read):
    model = read("order=STEP(5, 2)\n came=DELAY3(order, 4)\n x=INTEG(came, 0)")
    along = loops.along(loops.trace(model), models.simulate(model))
    found = composite.composite_links(along)
    assert not found["score"].any()


def test_a_direct_link_and_one_through_a_macro_are_kept_apart(read):
    found, along = expanded(read("y=x-SMOOTH(x, 3)\n x=INTEG(1-0.1*y-0.1*x, 0)"))
    view = composite.score(found, along)
    assert sorted(view["path"].values.tolist()) == ["x", "x -> y", "x -||-> y"]


def test_without_macros_the_view_is_the_truth(prey):
    found, along = expanded(prey)
    full, view = ltm_continuous.score(found, along), composite.score(found, along)
    assert view["loop"].values.tolist() == full["loop"].values.tolist()
    np.testing.assert_allclose(view["relative"], full["relative"], rtol=1e-12, atol=1e-15)
    with pytest.raises(LoopError, match="no delay, smooth or trend with stages"):
        composite.composite_links(along)


def test_loops_that_are_not_all_held_are_refused(read):
    found, along = expanded(read(SEEKING))
    with pytest.raises(LoopError, match=r"compare all loops, but only 2 are held"):
        composite.score(found[:2], along)
