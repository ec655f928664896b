"""Scores of several runs at once are those of each alone."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.methods import score_each


@pytest.fixture(scope="module")
def scored(prey):
    """Runs that differ in constants, a path, a held variable, a start value and their times."""
    from loopscope.models.scenario import Points

    path = Points(times=(0.0, 5.0), values=(0.3, 0.6))
    runs = [
        models.simulate(prey),
        models.simulate(prey, parameters={"a": 0.8}),
        models.simulate(prey, parameters={"b": path}),
        models.simulate(prey, parameters={"predators": 2.0}),
        models.simulate(prey, initial={"prey": 3.0}),
        models.simulate(prey).isel(time=slice(None, None, 4)),
    ]
    found = loops.find(prey)
    return found, runs, score_each(found, runs)


def test_scores_of_several_runs_are_those_of_each_alone(scored):
    found, runs, together = scored
    for run, ours in zip(runs, together, strict=True):
        alone = loops.score(found, run)
        assert ours["relative"].dims == ("time", "loop")
        np.testing.assert_array_equal(ours["time"].values, alone["time"].values)
        for name in ("relative", "raw", "reinforcing", "link_relative"):
            np.testing.assert_array_equal(ours[name].values, alone[name].values)
        assert (ours["status"].values == alone["status"].values).all()


def test_no_runs_have_no_scores(scored):
    assert score_each(scored[0], []) == []


def test_runs_that_go_together_are_scored_in_one_batch(scored):
    from loopscope.loops.replay import along_each

    found, runs, _ = scored
    groups = along_each(found.graph, runs)
    assert sorted(places for places, _ in groups) == [(0, 1, 2, 4), (3,), (5,)]
    assert all(along.runs == len(places) for places, along in groups)
