"""What is taken of a series, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopscope.analysis.reality.taking import take
from loopscope.models.errors import RunError
from loopscope.models.expectation import Measure

TIME = np.arange(2000.0, 2011.0)
HILL = np.array([[0, 2, 4, 6, 8, 10, 8, 6, 4, 2, 0.0]])


def taken(series, time=TIME, **fields):
    low, high = take(Measure.model_validate({"of": "x"} | fields), np.atleast_2d(series), time)
    return (float(low[0]), float(high[0])) if fields.get("take") == "always" else float(low[0])


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"take": "start"}, 0),
        ({"at": 2003}, 6),
        ({"at": 2003.5}, 7),  # half-way between 6 and 8
        ({"take": "min", "from": 2003, "to": 2007}, 6),
        ({"take": "max"}, 10),
        ({"take": "mean", "from": 2004, "to": 2006}, 26 / 3),
        ({"take": "total"}, 50),  # a triangle, ten wide and ten high
        ({"take": "time of max"}, 2005),
        ({"take": "time of min", "from": 2001}, 2010),
        ({"take": "first above", "level": 5}, 2003),
        ({"take": "first below", "level": 5, "from": 2004}, 2008),
        ({"take": "smallest step"}, -2),
        ({"take": "largest step", "to": 2005}, 2),
        ({"take": "half time", "to": 2005}, 2.5),
        ({"take": "amplitude"}, 5),  # of the later half, which begins at the top
        ({"take": "peaks"}, 1),
        ({"take": "always", "from": 2004, "to": 2006}, (8, 10)),
    ],
)
def test_what_is_taken_of_a_hill_is_what_one_reads_off_it(fields, value):
    assert taken(HILL, **fields) == pytest.approx(value)


def test_a_level_that_is_never_passed_gives_no_number():
    assert np.isnan(taken(HILL, take="first above", level=11))


@pytest.mark.parametrize("fields", [{"at": 1999}, {"take": "max", "to": 2011}])
def test_a_time_outside_the_run_is_refused_with_the_times_of_the_run(fields):
    with pytest.raises(RunError, match="which goes from 2000 to 2010"):
        taken(HILL, **fields)


@given(
    omega=st.floats(0.2, 2.0), phase=st.floats(0, 6.28), trend=st.floats(-0.02, 0.02),
    damping=st.floats(0, 0.02),
)  # fmt: skip
def test_the_period_of_a_swing_is_two_pi_over_omega_to_one_per_cent(omega, phase, trend, damping):
    # Thirty points a period and seven periods or more, the later half of which is looked at.
    time = np.arange(0.0, 15 * 2 * np.pi / omega, 2 * np.pi / omega / 30)
    row = np.exp(-damping * omega * time) * np.sin(omega * time + phase) + trend * omega * time
    assert taken(row, time, take="period") == pytest.approx(2 * np.pi / omega, rel=0.01)


def test_a_straight_line_and_a_constant_have_no_period_and_no_peaks():
    for row in (np.arange(11.0), np.ones(11), 1 + 1e-12 * np.sin(TIME)):
        assert np.isnan(taken(row, take="period"))
        assert taken(row, take="peaks") == 0
