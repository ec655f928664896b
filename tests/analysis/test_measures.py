"""Errors against observations, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.analysis.measures import fit, mape, rmse, theil
from loopscope.analysis.runs import of_dataset
from loopscope.models.case import Observed

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30)


def shares(found):
    return found.bias, found.variation, found.covariation


def test_equal_series_have_no_error_and_no_shares_of_it():
    assert rmse([1.0, 2.0], [1.0, 2.0]) == 0
    assert mape([1.0, 2.0], [1.0, 2.0]) == 0
    assert all(math.isnan(share) for share in shares(theil([1.0, 2.0], [1.0, 2.0])))


def test_a_shift_is_all_bias():
    # s = a + 3: the root mean square error is 3, and nothing but the means differs.
    a = np.array([1.0, 5.0, 2.0])
    assert rmse(a + 3, a) == pytest.approx(3, rel=1e-14)
    assert shares(theil(a + 3, a)) == pytest.approx((1, 0, 0), abs=1e-14)


def test_a_stretch_about_the_mean_is_all_variation():
    # s = m + 2 (a - m): equal means and perfect correlation, twice the standard deviation.
    a = np.array([-1.0, 0.0, 1.0])
    assert shares(theil(2 * a, a)) == pytest.approx((0, 1, 0), abs=1e-14)


def test_the_same_values_in_another_order_are_all_covariation():
    assert shares(theil([1.0, 2.0, 3.0], [3.0, 1.0, 2.0])) == pytest.approx((0, 0, 1), abs=1e-14)


def test_a_constant_against_swings_of_equal_mean_is_all_variation():
    # sd s = 0, so the covariance term 2 (sd s sd a - cov) is 0.
    assert shares(theil([2.0, 2.0], [1.0, 3.0])) == pytest.approx((0, 1, 0), abs=1e-14)


def test_percentages_leave_out_what_was_observed_as_zero():
    assert mape([1.1, 7.0], [1.0, 0.0]) == pytest.approx(10, rel=1e-12)
    assert math.isnan(mape([1.0], [0.0]))


def test_nothing_observed_has_no_measure():
    assert math.isnan(rmse([], []))
    assert math.isnan(mape([], []))
    assert all(math.isnan(share) for share in shares(theil([], [])))


@settings(deadline=None)
@given(pairs)
def test_shares_sum_to_one_and_none_is_negative(points):
    s, a = map(list, zip(*points, strict=True))
    found = shares(theil(s, a))
    if math.isnan(found[0]):
        assert rmse(s, a) <= 1e-6 * (1 + max(map(abs, a)))
    else:
        assert sum(found) == pytest.approx(1, rel=1e-12)
        assert min(found) >= 0


@settings(deadline=None)
@given(pairs)
def test_the_terms_add_up_to_the_mean_square_error(points):
    # Theil's identity, with population moments.
    s, a = (np.array(column) for column in zip(*points, strict=True))
    terms = (
        (s.mean() - a.mean()) ** 2
        + (s.std() - a.std()) ** 2
        + 2 * (s.std() * a.std() - np.mean((s - s.mean()) * (a - a.mean())))
    )
    size = 1 + float(np.max(np.abs([s, a]))) ** 2
    assert terms == pytest.approx(rmse(s, a) ** 2, abs=1e-10 * size)


def line(times):
    """A run of y = 2 t, saved at whole times."""
    import xarray as xr

    values = ("time", 2 * np.asarray(times), {"units": "people"})
    return xr.Dataset({"y": values, "status": "ok"}, coords={"time": times})


def test_a_run_is_interpolated_at_observed_times_and_not_extrapolated(teacup):
    run = of_dataset(line(np.arange(5.0)), "line", teacup)
    observed = Observed(
        variable="Y",
        series="s",
        unit="people",
        source="",
        times=(-1, 0.5, 3.5, 9),
        values=(0, 1, 7, 0),
    )
    found = fit(run, observed)
    assert found.points == 2
    assert found.rmse == pytest.approx(0, abs=1e-14)
    assert found.variable == "y"


def test_observations_outside_the_run_leave_nothing_to_measure(teacup):
    run = of_dataset(line(np.arange(5.0)), "line", teacup)
    observed = Observed(
        variable="y", series="s", unit="people", source="", times=(7, 9), values=(0, 1)
    )
    assert fit(run, observed).points == 0
    assert math.isnan(fit(run, observed).rmse)
