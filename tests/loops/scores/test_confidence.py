"""Tests of polarity confidence, against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from loopscope import loops, models
from loopscope.loops.scores import confidence
from loopscope.loops.scores.link_scores import link_scores
from loopscope.models.errors import LoopError


def scores_of(**series):
    values = np.array(list(series.values()), dtype=float).T
    polarity = np.full(len(series), "U")
    return xr.Dataset(
        {
            "relative": (("time", "loop"), values),
            "raw": (("time", "loop"), values.copy()),
            "status": (("time", "loop"), np.where(values == 0, "inactive", "active")),
        },
        coords={"loop": list(series), "polarity": ("loop", polarity)},
    )


def test_confidence_is_the_difference_of_signed_sums_over_their_total():
    found = confidence.of_loops(
        scores_of(
            always=[0.5, 1, 0.2], mostly=[-1, -1, 0.005], mixed=[1, -0.5, 0.5], never=[0, 0, 0]
        )
    )
    np.testing.assert_allclose(
        found["confidence"], [1, (2 - 0.005) / 2.005, (1.5 - 0.5) / 2, np.nan], rtol=1e-15
    )
    assert found["label"].to_numpy().tolist() == ["R", "Bu", "U", "U"]


def test_loop_of_the_yeast_model_that_turns_balancing_is_mostly_reinforcing(read):
    # Births C*(1.1 - 0.1 A)/b1 turn negative once A > 11: the published formulation flaw.
    yeast = read(
        """
        births=C*(1.1-0.1*A)/15
        deaths=C*EXP(A-11)/30
        making=0.01*C
        A=INTEG(making,0)
        C=INTEG(births-deaths,1)
        """,
        stop=100,
        dt=0.5,
    )
    found = loops.find(yeast)
    scores = loops.score(found, models.simulate(yeast), form="discrete")
    (births,) = [one.id for one in found if set(one.nodes) == {"C", "births"}]
    for basis in ("relative", "raw"):
        judged = confidence.of_loops(scores, basis=basis)
        assert judged.attrs["basis"] == basis
        values = scores[basis].sel(loop=births).where(scores["status"].sel(loop=births) == "active")
        up, down = float(values.clip(min=0).sum()), float(-values.clip(max=0).sum())
        got = float(judged["confidence"].sel(loop=births))
        np.testing.assert_allclose(got, abs(up - down) / (up + down), rtol=1e-12)
        assert 0 < got < 1
        others = judged.where(judged["loop"] != births, drop=True)
        assert set(others["label"].to_numpy()) == {"B"}
        np.testing.assert_array_equal(others["confidence"], 1)


def test_infinite_raw_scores_are_left_out():
    scores = scores_of(turning=[1.0, 2.0, -1.0])
    scores["raw"][1, 0] = np.inf
    scores["status"][1, 0] = "inflection"
    found = confidence.of_loops(scores, basis="raw")
    np.testing.assert_array_equal(found["confidence"], 0)


def test_opposing_paths_behind_a_link_are_summed_or_taken_by_the_strongest(read):
    # x acts on x' as 2x - 1.5x: the sum is +1, the strongest of each sign +4 and -3.
    model = read("up=2*x\ndown=1.5*x\nx=INTEG(up-down,1)", stop=2)
    run = models.simulate(model)
    graph = loops.trace(model)
    view = loops.fold(graph)
    summed = confidence.of_links(view, link_scores(loops.along(view, run)))
    strongest = confidence.of_links(view, link_scores(loops.along(graph, run)), paths="strongest")
    assert summed["x", "x"] == (1.0, "+")
    value, label = strongest["x", "x"]
    np.testing.assert_allclose(value, (4 - 3) / (4 + 3), rtol=1e-9)
    assert label == "u"
    plain = confidence.of_links(graph, link_scores(loops.along(graph, run)))
    assert plain["down", "x"] == (1.0, "-")


def test_wrong_input_is_refused(read):
    model = read("up=2*x\nx=INTEG(up,1)")
    graph, run = loops.trace(model), models.simulate(model)
    view = loops.fold(graph)
    with pytest.raises(LoopError, match="no score for the link 'up' -> 'x'"):
        confidence.of_links(graph, link_scores(loops.along(view, run)))
    with pytest.raises(LoopError, match="paths must be one of 'sum', 'strongest', got 'largest'"):
        confidence.of_links(graph, {}, paths="largest")
    with pytest.raises(LoopError, match="basis must be one of 'relative', 'raw'"):
        confidence.of_loops(scores_of(a=[1]), basis="link")
    modes = scores_of(a=[1.0]).expand_dims(mode=[0, 1])
    with pytest.raises(LoopError, match=r"dimension 'mode' too: choose with scores\.sel\(mode="):
        confidence.of_loops(modes)
