"""Widths, scores and shading: at a time, over a run, over several runs, by any method."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from loopscope import loops, models
from loopscope.loops.diagrams.choosing.folding import fold_through
from loopscope.loops.diagrams.choosing.reading import read
from loopscope.loops.diagrams.choosing.routing import route_of
from loopscope.loops.diagrams.choosing.spanning import span
from loopscope.loops.diagrams.choosing.weighing import PLAIN, SPREAD, at_time, weigh, width_of
from loopscope.loops.means import run_means
from loopscope.models.errors import LoopError


def weighed(scored, at=None, *, fold=False, scores=None):
    found = scored.found
    routes = {loop: route for loop in found if (route := route_of(loop)) is not None}
    sketch = span(found.graph, routes)
    sketch = fold_through(sketch) if fold else sketch
    reading = read(found, scored.scores if scores is None else scores, at)
    return weigh(sketch, found.graph, reading)


def link(sketch, cause, effect):
    return next(one for one in sketch.links if one.pair == (cause, effect))


def test_widths_at_a_time_are_those_of_the_closed_form(sick):
    sketch = weighed(sick, at=24.0)
    now = sick.run.sel(time=24.0)
    s, i = float(now["S"]), float(now["I"])
    infection, recovering = 0.5 * s * i / 1000, 0.1 * i
    parts = 0.5 * i / 1000 * infection, 0.5 * s / 1000 * abs(infection - recovering)
    told = link(sketch, "S", "infection")
    assert told.score == pytest.approx(parts[0] / sum(parts))
    assert told.width == pytest.approx(1 + 3 * np.sqrt(parts[0] / sum(parts)))
    assert link(sketch, "infection", "S").score == pytest.approx(-1.0)
    assert link(sketch, "infection", "S").width == pytest.approx(4.0)


def test_loops_have_the_score_of_the_time_and_the_share_of_the_run(sick):
    sketch = weighed(sick, at=24.0)
    scores = sick.scores
    for loop in sketch.loops:
        column = scores["relative"].sel(loop=loop.id)
        assert loop.score == pytest.approx(float(column.sel(time=24.0)))
        assert loop.share == pytest.approx(_mean(scores, loop.id))
        assert loop.band is None


def _mean(scores, loop):
    """Each time speaks for the interval that begins there; the epidemic always moves."""
    values = np.abs(scores["relative"].sel(loop=loop).values)
    return values[:-1].mean()


def test_over_the_run_scores_are_means(sick):
    sketch = weighed(sick)
    for loop in sketch.loops:
        assert abs(loop.score) == pytest.approx(_mean(sick.scores, loop.id))
        assert (loop.score > 0) == (loop.polarity == "R")
        assert not loop.shaded


def test_the_loops_that_dominate_are_shaded(sick):
    early = {loop.id for loop in weighed(sick, at=1.0).loops if loop.shaded}
    scores = sick.scores["relative"].sel(time=1.0)
    assert early == {"R1"}
    assert float(scores.sel(loop="R1")) > 0.5


def test_folded_links_have_the_product_of_the_scores(plant):
    plain, folded = weighed(plant, at=5.0), weighed(plant, at=5.0, fold=True)
    scores = {one.pair: one.score for one in plain.links}
    through = [one for one in folded.links if one.through]
    assert through
    for one in through:
        names = (one.cause, *one.through, one.effect)
        expected = np.prod([scores[pair] for pair in pairwise(names)])
        assert one.score == pytest.approx(expected)
        assert one.width == pytest.approx(width_of(expected))


def test_a_smooth_of_one_cause_hands_all_of_it_on(plant):
    # The memory of each stage is not a cause of the author's.
    assert link(weighed(plant, at=5.0), "orders", "seen").score == pytest.approx(1.0)


def test_another_time_is_the_same_picture_with_other_widths(plant):
    sketch = weighed(plant, at=1.0, fold=True)
    later = at_time(sketch, plant.found, plant.scores, 6.0)
    direct = weighed(plant, at=6.0, fold=True)
    assert [one.pair for one in later.links] == [one.pair for one in sketch.links]
    assert later.nodes == sketch.nodes
    assert [one.width for one in later.links] == [one.width for one in direct.links]
    assert [one.score for one in later.loops] == [one.score for one in direct.loops]


def test_without_link_scores_a_link_is_as_wide_as_its_loops_are_strong(sir, score):
    pathway = score(sir, method="impact")
    assert "link_relative" not in pathway.scores
    sketch = weighed(pathway, at=24.0)
    for one in sketch.links:
        sizes = [abs(loop.score) for loop in sketch.loops if one.pair in loop.pairs]
        assert abs(one.score) == pytest.approx(min(1.0, sum(sizes)))
        assert (one.score < 0) == (one.sign == "-" and bool(sum(sizes)))


def test_at_rest_nothing_has_a_score(read_model_at_rest):
    sketch = weighed(read_model_at_rest, at=3.0)
    assert {one.width for one in sketch.links} == {PLAIN}
    assert [loop.score for loop in sketch.loops] == [None]


@pytest.fixture
def read_model_at_rest(read, score):
    return score(
        read(
            """
            a=INTEG(b-a, 1)
            b=INTEG(a-b, 1)
            """
        )
    )


@pytest.fixture(scope="module")
def swept(sick):
    """Three runs of the epidemic side by side, as a batch scores them."""
    contact = np.array([0.2, 0.5, 0.9])
    return loops.batch_scores(
        sick.found, tracked=sick.found.ids, parameters={"contact": contact}, saveper=1.0
    )


def test_several_runs_are_told_by_median_and_band(sick, swept):
    sketch = weighed(sick, at=20.0, scores=swept)
    for loop in sketch.loops:
        values = swept["relative"].sel(time=20.0, loop=loop.id).values
        assert loop.score == pytest.approx(np.median(values))
        assert loop.band == pytest.approx(tuple(np.percentile(values, [5, 95])))


def test_what_loops_carry_together_is_the_median_of_the_sums(sick, swept):
    reading = read(sick.found, swept, 20.0)
    sizes = np.abs(swept["relative"].sel(time=20.0))
    assert reading.together(sick.found.ids) == pytest.approx(1.0)
    some = float(sizes.sel(loop=["R1", "B1"]).sum("loop").median())
    assert reading.together(["R1", "B1"]) == pytest.approx(some)


def test_what_differs_from_run_to_run_is_dashed(sick, swept):
    alike = xr.concat([swept.isel(run=0)] * 3, dim="run")
    settled = weighed(sick, at=20.0, scores=alike)
    assert all(one.certain for one in settled.links)
    sketch = weighed(sick, at=20.0, scores=swept)
    for one in sketch.links:
        sizes = [
            np.abs(swept["relative"].sel(time=20.0, loop=loop.id).values)
            for loop in sketch.loops
            if one.pair in loop.pairs
        ]
        widths = 1 + 3 * np.sqrt(np.percentile(np.minimum(1.0, sum(sizes)), [5, 95]))
        assert one.certain == (widths[1] <= 2 * widths[0])
        assert (SPREAD in one.basis) != one.certain
    assert not all(one.certain for one in sketch.links)


def test_runs_that_failed_do_not_count(sick, swept):
    broken = swept.copy(deep=True)
    broken["relative"].values[0] = np.nan
    sketch = weighed(sick, at=20.0, scores=broken)
    without = weighed(sick, at=20.0, scores=swept.isel(run=[1, 2]))
    assert [loop.score for loop in sketch.loops] == [loop.score for loop in without.loops]


def test_scores_of_a_batch_have_link_scores_of_each_run(sir):
    found = loops.find(sir, view="full")
    run = models.simulate(sir, parameters={"contact": np.array([0.4, 0.6])}, saveper=1.0)
    scores = loops.score(found, run)
    reading = read(found, scores, 10.0)
    for number in (0, 1):
        alone = models.simulate(sir, parameters={"contact": [0.4, 0.6][number]}, saveper=1.0)
        one = read(found, loops.score(found, alone), 10.0)
        for pair, values in reading.links.items():
            assert values[number] == pytest.approx(one.links[pair][0])


def test_a_time_between_two_is_the_nearest_and_one_outside_is_refused(sick):
    assert read(sick.found, sick.scores, 10.1).at == 10.0
    for at in (-1.0, 100.5, float("nan"), float("inf")):
        with pytest.raises(LoopError, match="outside the run, which goes from 0 to 100"):
            read(sick.found, sick.scores, at)


def test_scores_of_other_loops_are_refused(sick, plant):
    with pytest.raises(LoopError, match="the scores are of other loops"):
        read(sick.found, plant.scores)
    with pytest.raises(LoopError, match=r"must come from loops\.score"):
        read(sick.found, sick.scores.drop_vars("relative"))
    more = xr.concat([sick.scores, sick.scores], dim="scenario")
    with pytest.raises(LoopError, match="the dim scenario as well: choose one"):
        read(sick.found, more)
    some = replace(sick, scores=sick.scores.isel(loop=[0]))
    assert [loop.score is None for loop in weighed(some).loops].count(False) == 1


def test_times_at_which_nothing_moves_do_not_count():
    signed, sizes = run_means([0, 1, 3, 4], [[0, 0], [0.5, -0.5], [np.nan, np.nan], [1, 0]], [0, 0])
    assert (signed.tolist(), sizes.tolist()) == ([0.5, -0.5], [0.5, 0.5])
    assert run_means([5.0], [[0.2, 0.8]], [0, 1])[1].tolist() == [0.2, 0.8]
