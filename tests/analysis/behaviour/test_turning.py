"""Peaks, troughs, periods and damping, against their definitions and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from loopscope.analysis.behaviour.turning import (
    BLOCK,
    FLAT,
    PROMINENCE,
    count_peaks,
    damping,
    find_turns,
    periods,
)

TENTHS = st.integers(-60, 60).map(lambda number: number / 10)
SERIES = st.integers(3, 30).flatmap(lambda many: arrays(np.float64, (4, many), elements=TENTHS))


def peaks_by_definition(row):
    """Return the places of peaks: prominence between higher ground on either side, word by word.

    Of equal heights the first counts: for the left side equal is higher, for the right it is not.
    """
    moving = np.flatnonzero(np.diff(row))
    rising = row[moving + 1] > row[moving]
    found = []
    if np.ptp(row) <= FLAT * np.abs(row).max():
        return found
    for place in moving[np.flatnonzero(rising[:-1] & ~rising[1:])] + 1:
        left = max((other for other in range(place) if row[other] >= row[place]), default=-1)
        right = min(
            (other for other in range(place, len(row)) if row[other] > row[place]), default=len(row)
        )
        lowest = max(row[left + 1 : place + 1].min(), row[place:right].min())
        if row[place] - lowest >= PROMINENCE * (row.max() - row.min()):
            found.append(int(place))
    return found


def turns_of(values, run):
    turns = find_turns(values)
    mine = turns.run == run
    return turns.place[mine & turns.top].tolist(), turns.place[mine & ~turns.top].tolist()


@given(SERIES)
def test_turns_found_in_one_pass_are_the_peaks_and_troughs_of_the_definition(values):
    for run, row in enumerate(values):
        assert turns_of(values, run) == (peaks_by_definition(row), peaks_by_definition(-row))


@given(arrays(np.float64, (3, 25), elements=st.floats(-1e100, 1e100, allow_subnormal=False)))
def test_turns_of_any_numbers_are_those_of_the_definition_and_alternate(values):
    turns = find_turns(values)
    for run, row in enumerate(values):
        assert turns_of(values, run) == (peaks_by_definition(row), peaks_by_definition(-row))
        assert (np.diff(turns.top[turns.run == run].astype(int)) != 0).all()


def test_a_run_has_the_same_turns_alone_and_in_a_large_batch():
    values = np.random.default_rng(1).normal(size=(BLOCK + 3, 20)).cumsum(axis=1)
    turns = find_turns(values)
    for run in (0, BLOCK - 1, BLOCK, BLOCK + 2):
        alone = find_turns(values[run : run + 1])
        assert alone.place.tolist() == turns.place[turns.run == run].tolist()
        first = turns.first[run]
        assert turns.place[first : first + turns.count[run]].tolist() == alone.place.tolist()


@pytest.mark.parametrize(
    ("row", "places"),
    [
        ([0, 10, 9.5, 9.9, 0.0], [1]),  # a ripple below a tenth of the range
        ([0, 10, 8, 9.9, 0.0], [1, 3]),
        ([0, 5, 5, 5, 0.0], [1]),  # a flat top counts once
        ([0, 5, 4.8, 5, 0.0], [1]),  # and so does one with a scratch in it
        ([1, 0, 2, 1, 3.0], [2]),
        ([3, 2, 1.0], []),
        ([1, 2], []),
        ([0, np.nan, 0, 5, 0], []),
        ([0, 5e-324, 0, 5e-324, 0], []),  # too small for a tenth of it to be a number
    ],
)
def test_a_peak_stands_out_by_a_tenth_of_the_range(row, places):
    assert turns_of(np.array([row], dtype=float), 0)[0] == places


def test_peaks_are_counted_and_unknown_where_a_value_is_not_finite():
    values = np.array([[0, 1, 0, 1, 0.0], [0, 1, 2, 3, 4], [0, np.nan, 0, 1, 0]])
    np.testing.assert_array_equal(count_peaks(values), [2, 0, np.nan])


def test_a_straight_line_and_rounding_noise_have_no_period():
    time = np.arange(20.0)
    values = np.stack([time, np.ones(20), 1 + 1e-12 * np.sin(time)])
    assert np.isnan(periods(values, time)).all()


@given(
    ratio=st.floats(-0.12, 0.12), phase=st.floats(0, 6.28), drift=st.floats(-0.02, 0.02)
)  # fmt: skip
def test_period_and_damping_of_a_damped_sine_on_a_drift_are_those_it_was_made_with(
    ratio, phase, drift
):
    # x = exp(-zeta w0 t) sin(w t), w = w0 sqrt(1 - zeta^2): 3.5 periods of 200 points each.
    time = np.linspace(0.0, 3.5, 701)
    decay = 2 * np.pi * ratio / np.sqrt(1 - ratio**2)
    swing = np.exp(-decay * time) * np.sin(2 * np.pi * time + phase)
    row = (swing + drift * np.abs(swing).max() * time)[np.newaxis]
    turns = find_turns(row)
    if turns.count[0] < 4:
        assert np.isnan(damping(row))[0]
    else:
        assert periods(row, time)[0] == pytest.approx(1.0, rel=0.02)
        assert damping(row)[0] == pytest.approx(ratio, abs=0.006)
