"""Tests of who dominates when: the rule, the periods, no splinters."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops
from loopscope.loops.dominance import dominant
from loopscope.models.errors import LoopError


def scores_of(relative, time=None, partition=None):
    relative = np.asarray(relative, dtype=float)
    rows, count = relative.shape
    return xr.Dataset(
        {"relative": (("time", "loop"), relative)},
        coords={
            "time": np.arange(rows, dtype=float) if time is None else time,
            "loop": [f"L{n + 1}" for n in range(count)],
            "partition": ("loop", np.zeros(count, int) if partition is None else partition),
        },
    )


@pytest.mark.parametrize(
    ("scores", "sign", "loops_held"),
    [
        ([0.6, -0.4], 1, [0]),  # one loop reaches a half
        ([0.3, -0.2, 0.3, -0.2], 1, [0, 2]),  # the smallest set of one sign that does
        ([0.5, -0.25, -0.25], 1, [0]),  # one loop beats a set of two at a tie
        ([0.25, 0.25, -0.5], -1, [2]),
        ([0.2, 0.1, -0.2], 0, []),  # loops that are held do not make a half
        ([np.nan, np.nan], 0, []),
        ([0.0, 0.0], 0, []),
    ],
)
def test_the_smallest_set_of_one_sign_that_holds_a_half_dominates(scores, sign, loops_held):
    assert dominant(np.array(scores)) == (sign, loops_held)


def test_periods_change_when_the_leader_does():
    relative = [[0.8, -0.2]] * 5 + [[0.3, -0.7]] * 5
    found = loops.periods(scores_of(relative), shortest=1)
    assert [(p.start, p.stop, p.polarity, p.loops) for p in found] == [
        (0.0, 5.0, "R", ("L1",)),
        (5.0, 9.0, "B", ("L2",)),
    ]
    assert found[0].share == pytest.approx(0.8)


def test_a_splinter_is_given_to_what_lies_on_both_sides_of_it():
    relative = [[0.8, -0.2]] * 10 + [[0.4, -0.6]] + [[0.8, -0.2]] * 10
    found = loops.periods(scores_of(relative), shortest=2)
    assert [(p.start, p.stop, p.loops) for p in found] == [(0.0, 20.0, ("L1",))]


def test_where_nothing_moves_nothing_dominates():
    found = loops.periods(scores_of([[np.nan, np.nan]] * 5))
    assert [(p.polarity, p.loops, p.share) for p in found] == [("-", (), 0.0)]


def test_partitions_are_told_apart():
    relative = [[1.0, 0.6, -0.4]] * 4
    found = loops.periods(scores_of(relative, partition=[0, 1, 1]))
    assert [(p.partition, p.loops) for p in found] == [(0, ("L1",)), (1, ("L2",))]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.floats(-1, 1), min_size=3, max_size=3), min_size=2, max_size=40),
    st.floats(0, 10),
)
def test_periods_cover_the_run_without_gaps_or_splinters(rows, shortest):
    values = np.array(rows)
    sums = np.abs(values).sum(axis=1, keepdims=True)
    relative = np.divide(values, sums, out=np.zeros_like(values), where=sums > 0)
    found = loops.periods(scores_of(relative), shortest=shortest)
    assert found[0].start == 0.0
    assert found[-1].stop == len(rows) - 1
    assert all(a.stop == b.start for a, b in itertools.pairwise(found))
    assert len(found) == 1 or all(p.stop - p.start >= shortest for p in found)


def test_scores_of_many_runs_are_refused_with_the_way_out():
    scores = scores_of([[0.5, -0.5]] * 3).expand_dims(run=2)
    with pytest.raises(LoopError, match=r"choose one value of run first, with \.sel or \.isel"):
        loops.periods(scores)


@pytest.mark.parametrize("shortest", [-1.0, float("nan")])
def test_a_shortest_period_that_is_no_length_is_refused(shortest):
    with pytest.raises(LoopError, match="must be a length of time"):
        loops.periods(scores_of([[0.5, -0.5]] * 3), shortest=shortest)
