"""Who leads without splinters, against the rule of ``loops.dominance``, run by run."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.analysis.sweeping.shifting import leaders, loop_metrics, without_splinters
from loopscope.loops import dominance


@st.composite
def led(draw):
    """Leaders of some runs, saved times that need not be even, and a shortest length."""
    times = draw(st.integers(1, 25))
    runs = draw(st.integers(1, 6))
    loops = draw(st.integers(1, 4))
    row = st.lists(st.integers(-1, loops - 1), min_size=times, max_size=times)
    leader = np.array(draw(st.lists(row, min_size=runs, max_size=runs)), dtype=np.int16)
    steps = draw(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=times, max_size=times))
    least = draw(st.sampled_from([0.0, 1.0, 1.5, 3.0, 7.0, 100.0]))
    return leader, np.cumsum(steps), least


def by_the_rule(row, time, least):
    """Leaders of one run as ``loops.dominance.stretches`` joins them: one loop has all."""
    scores = np.zeros((len(time), int(row.max(initial=0)) + 1))
    scores[row >= 0, row[row >= 0]] = 1.0
    found = np.empty(len(row), dtype=np.int16)
    for first, last, _ in dominance.stretches(scores, time, least):
        kinds, place, often = np.unique(
            row[first : last + 1], return_index=True, return_counts=True
        )
        most = kinds[often == often.max()]
        found[first : last + 1] = most[np.argmin(place[often == often.max()])]
    return found


@settings(max_examples=300, deadline=None)
@given(led())
def test_splinters_go_where_the_rule_of_dominance_gives_them(case):
    leader, time, least = case
    expected = [by_the_rule(row, time, least) for row in leader]
    np.testing.assert_array_equal(without_splinters(leader, time, least), expected)


def test_a_loop_leads_only_where_something_moves_and_the_earlier_one_at_a_tie():
    shares = np.array([[[0.5, 0.2, np.nan, 0.1]], [[-0.5, -0.3, np.nan, 0.4]]], dtype=np.float32)
    states = np.array([[2, 3, 2, 1]], dtype=np.int8)
    assert leaders(shares, states).tolist() == [[0, 1, -1, -1]]


def metric(kind, **more):
    given = {"start": 0.0, "stop": 10.0, "loop": "", "at": None}
    return SimpleNamespace(**({"name": kind, "metric": kind} | given | more))


@pytest.fixture
def handing_over():
    """Two runs of two loops: the first hands over half-way from 4 to 5, the second never does."""
    time = np.arange(11.0)
    first = np.where(time < 5, 0.6, 0.4)
    shares = np.array([[first, np.full(11, 0.7)], [-(1 - first), np.full(11, -0.3)]])
    return shares.astype(np.float32), np.full((2, 11), 2, dtype=np.int8), time


def test_metrics_of_loops_of_a_run_that_is_known(handing_over):
    shares, states, time = handing_over
    asked = [
        metric("first shift"), metric("last shift"), metric("shifts"),
        metric("dominant loop", at=7.0), metric("share", loop="B1", at=7.2),
        metric("share", name="mean", loop="B1", start=4.0, stop=5.0),
    ]  # fmt: skip
    found = loop_metrics(asked, ("R1", "B1"), shares, states, np.array([0, 1]), time)
    np.testing.assert_allclose(found["first shift"], [4.5, np.nan], rtol=1e-6)
    np.testing.assert_array_equal(found["last shift"], found["first shift"])
    np.testing.assert_array_equal(found["shifts"], [1, 0])
    np.testing.assert_array_equal(found["dominant loop"], [1, 0])
    np.testing.assert_allclose(found["share"], [0.6, 0.3], rtol=1e-6)
    np.testing.assert_allclose(found["mean"], [0.5, 0.3], rtol=1e-6)


def test_shifts_outside_the_window_do_not_count(handing_over):
    shares, states, time = handing_over
    asked = [metric("shifts", start=6.0), metric("first shift", start=6.0)]
    found = loop_metrics(asked, ("R1", "B1"), shares, states, np.array([0, 1]), time)
    assert found["shifts"].tolist() == [0, 0]
    assert np.isnan(found["first shift"]).all()
