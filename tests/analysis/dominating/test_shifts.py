"""When dominance shifts: between saved times, without splinters, and quantiles with bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.analysis.dominating.ensemble import NOTHING
from loopscope.analysis.dominating.shift_times import quantile_bounds, quantiles
from loopscope.analysis.dominating.shifts import shifts_of


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 0.95), st.floats(0.01, 10.0))
def test_a_crossing_of_straight_lines_is_found_where_it_is(part, slope):
    time = np.array([10.0, 12.0])
    cross = 10 + 2 * part
    gap = slope * (cross - time)
    relative = np.stack([0.3 + gap / 2, 0.3 - gap / 2], axis=-1)[None]
    leader = np.array([[0, 1]], dtype=np.int16)
    found = shifts_of(leader, relative, time)
    # Sizes are compared, and those of a line that passes zero bend there.
    if (relative >= 0).all():
        assert found.time[0] == pytest.approx(cross)
    assert (found.before[0], found.after[0]) == (0, 1)


def test_after_a_time_without_dominance_the_new_loop_shifts_when_it_appears():
    leader = np.array([[0, NOTHING, NOTHING, 1]], dtype=np.int16)
    found = shifts_of(leader, np.full((1, 4, 2), 0.2), np.arange(4.0))
    assert found.time.tolist() == [3.0]
    assert shifts_of(leader[:, :3], np.full((1, 3, 2), 0.2), np.arange(3.0)).time.size == 0


def test_quantiles_and_their_bounds_are_order_statistics():
    times = np.append(np.arange(1.0, 101.0), np.nan)
    assert quantiles(times, (0.5,)).tolist() == [50.5]
    low, high = quantile_bounds(times, 0.95, (0.5, 0.001))
    # Of 100 observations the 40th and 61st bound the median: tables of the sign test.
    assert (low[0], high[0]) == (40.0, 61.0)
    assert np.isnan(low[1])
    assert np.isnan(quantiles(np.array([np.nan]), (0.5,))).all()


def test_bounds_of_a_quantile_cover_as_often_as_they_say():
    draw = np.random.default_rng(3)
    true = -np.log(1 - 0.9)
    inside = 0
    for _ in range(500):
        low, high = quantile_bounds(draw.exponential(size=80), 0.9, (0.9,))
        inside += bool(low[0] <= true <= high[0])
    assert inside / 500 > 0.9 - 0.03
