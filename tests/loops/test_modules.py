"""Parts that a constant switches off: left out of the loops, kept where a run has them on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.models.errors import LoopError

# A queue between births and the stock, in use while q is 1.
QUEUED = """
    q=0
    births=0.3*P
    queue=INTEG(q*births-served, 0)
    served=queue/2
    joins=(1-q)*births+q*served
    P=INTEG(joins-P/9, 1)
"""


@pytest.fixture
def model(read):
    found = read(QUEUED, name="queued")
    Path(found.path).with_name("loops.toml").write_text("off={q=0}", encoding="utf-8")
    return found


def chains(found):
    return {loop.nodes for loop in found}


DIRECT = ("P", "births", "joins")
THROUGH = ("P", "births", "queue", "served", "joins")


def test_loops_through_a_part_that_is_off_are_left_out(model):
    found = loops.find(model)
    assert DIRECT in chains(found)
    assert not any("served" in nodes and "P" in nodes for nodes in chains(found))
    assert found.graph.off == {"q": 0.0}


def test_a_run_that_has_the_part_on_brings_its_loops(model):
    found = loops.find(model, run=models.simulate(model, parameters={"q": 1.0}))
    assert found.graph.off == {}
    assert chains(found) >= {DIRECT, THROUGH}
    late = models.simulate(model, parameters={"q": {"value": 1.0, "from": 50}})
    assert chains(loops.find(model, run=[models.simulate(model), late])) >= {THROUGH}
    batch = models.simulate(model, parameters={"q": np.array([0.0, 0.5])})
    assert chains(loops.find(model, run=batch.isel(run=0))) >= {THROUGH}


def test_scores_of_the_part_that_is_on_are_those_without_the_switch(model, read):
    # With q = 0 the loops left out have gain 0: shares equal those over the whole graph.
    run = models.simulate(model)
    few, all_of_them = loops.find(model), loops.find(loops.trace(model))
    assert len(few) < len(all_of_them)
    ours, theirs = (loops.score(found, run)["relative"] for found in (few, all_of_them))
    for loop in few:
        other = next(one for one in all_of_them if one.nodes == loop.nodes)
        np.testing.assert_allclose(
            ours.sel(loop=loop.id), theirs.sel(loop=other.id), rtol=1e-12, atol=1e-15
        )


def test_a_run_that_has_the_part_on_is_refused_for_loops_found_without_it(model):
    found = loops.find(model)
    on = models.simulate(model, parameters={"q": 0.5})
    with pytest.raises(LoopError, match=r"found with 'q' at 0, .* it at 0\.5; find them with"):
        loops.score(found, on)
    for setting in (0.5, np.array([0.0, 0.5]), {"value": 0.5, "from": 3}, {"pulse": 0.5, "start": 1,
                    "lasts": 1}, {"times": [0, 9], "values": [0.0, 0.5]}):  # fmt: skip
        with pytest.raises(LoopError, match="'q' at 0"):
            loops.batch_scores(found, tracked=found.ids[:1], parameters={"q": setting})


def test_a_model_that_has_the_part_on_by_itself_shows_its_loops(read):
    model = read(QUEUED.replace("q=0", "q=1"), name="queued")
    Path(model.path).with_name("loops.toml").write_text("off={q=0}", encoding="utf-8")
    assert chains(loops.find(model)) >= {THROUGH}


def test_only_links_that_the_constant_holds_at_zero_are_dropped(model):
    graph = loops.trace(model)
    fewer = loops.without(graph, {"q": 0.0})
    assert set(graph.links) - set(fewer.links) == {("births", "queue"), ("served", "joins")}
    assert loops.without(graph, {}) is graph
