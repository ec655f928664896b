"""Tests of pictures, by their structure."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.dominance import Period
from loopscope.loops.pictures import areas, timeline
from loopscope.models.errors import LoopError


@pytest.fixture(scope="module")
def scores(prey):
    return loops.score(loops.find(prey), models.simulate(prey))


def spoken(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_every_loop_has_its_name_beside_the_chart(scores):
    names = spoken(areas(scores))
    assert {str(one) for one in scores["loop"].values} == {name.split()[0] for name in names}


def test_reinforcing_areas_stand_above_and_balancing_ones_below(scores):
    chart = areas(scores).axes[0]
    tops = [area.get_paths()[0].vertices[:, 1] for area in chart.collections]
    assert all((y >= -1e-12).all() or (y <= 1e-12).all() for y in tops)
    # Shares of all loops fill the height at every time.
    assert max(y.max() for y in tops) - min(y.min() for y in tops) <= 2.0


def test_what_is_not_shown_is_other_loops(scores):
    names = spoken(areas(scores, top=1))
    assert "all other balancing loops" in names or "all other reinforcing loops" in names


def test_a_model_at_rest_has_nothing_to_draw(scores):
    resting = scores.copy(deep=True)
    resting["relative"][:] = np.nan
    with pytest.raises(LoopError, match="nothing to draw"):
        areas(resting)


def test_scores_of_many_runs_are_refused(scores):
    with pytest.raises(LoopError, match="a picture shows one run"):
        areas(scores.expand_dims(run=2))


def test_a_timeline_has_a_row_for_each_label_and_says_where_there_is_nothing():
    period = Period(start=0, stop=5, polarity="R", loops=("R1", "R2"), share=0.6, partition=0)
    figure = timeline({"first": [period], "second": []}, units="year", note="pale: little")
    labels = [axes.get_yticklabels()[0].get_text() for axes in figure.axes]
    assert labels == ["first", "second"]
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert words == ["R1+R2", "nothing to say"]
    assert figure.axes[-1].get_xlabel() == "time (year)\npale: little"


def test_a_timeline_of_nothing_is_refused():
    with pytest.raises(LoopError, match="no method has a period"):
        timeline({"first": []})
