"""What a fit is made from: weights, ranges, units, and every mistake in one line."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope.analysis.fitting.setting_up import set_up
from loopscope.analysis.observed import in_units_of
from loopscope.models.case import Observed, Spread
from loopscope.models.errors import LoopscopeError, RunError

TIMES = [1.0, 2.0, 3.0, 4.0]
VALUES = [10.0, 20.0, 0.5, 40.0]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({}, [1.0, 2.0, 0.4, 4.0]),  # 10 % of each, at least 1 % of the largest
        ({"error": {"relative": 0.5}}, [5.0, 10.0, 0.25, 20.0]),
        ({"error": {"absolute": 3.0}}, [3.0, 3.0, 3.0, 3.0]),
        ({"error": {"relative": 0.2, "absolute": 3.0}}, [3.0, 4.0, 3.0, 8.0]),
    ],
)
def test_standard_errors_are_those_declared_or_the_default(written, series, error, expected):
    case = written(series(TIMES, VALUES, **error), free=[{"name": "slope"}])
    (one,) = set_up(case.model, "c", None, {}).series
    np.testing.assert_allclose(one.errors, expected)


def test_residuals_and_jacobian_are_those_of_a_straight_line(written, series):
    # x = start + slope t = 5 + 2 t against 10, 20, 0.5, 40 with errors of 2.
    case = written(series(TIMES, VALUES, error={"absolute": 2}), free=[{"name": "slope"}])
    problem = set_up(case.model, "c", None, {})
    computed = problem.computed(np.array([2.0]))
    expected = (5 + 2 * np.array(TIMES) - np.array(VALUES)) / 2
    np.testing.assert_allclose(computed.residuals(), expected, rtol=1e-12)
    np.testing.assert_allclose(computed.jacobian()[:, 0], np.array(TIMES) / 2, rtol=1e-12)


def test_ranges_come_from_the_call_then_the_case_then_the_model(written, series):
    free = [{"name": "slope", "low": 0, "high": 9, "why": "because"}, {"name": "start"}]
    case = written(series(TIMES, VALUES), free=free)

    def ranges(asked):
        return {u.name: (u.low, u.high) for u in set_up(case.model, "c", asked, {}).unknowns}

    assert ranges(None) == {"slope": (0, 9), "start": (0, 20)}
    assert ranges(["Slope"]) == {"slope": (0, 9)}
    assert ranges({"slope": (1, 3)}) == {"slope": (1, 3)}
    assert set_up(case.model, "c", None, {}).unknowns[0].why == "because"


def test_a_series_in_thousands_is_converted_with_its_error(written, series):
    values = [0.01, 0.02, 0.03, 0.04]
    record = series(TIMES, values, unit="thousand persons", error={"absolute": 0.005})
    case = written(record, free=[{"name": "slope"}])
    (one,) = set_up(case.model, "c", None, {}).series
    np.testing.assert_allclose(one.values, [10, 20, 30, 40])
    np.testing.assert_allclose(one.errors, 5.0)
    assert one.units == "people"


def test_a_series_in_the_unit_itself_stays_as_it_is():
    one = Observed(
        variable="x", series="s", unit="people/year", source="", times=(1,), values=(2,),
        error=Spread(relative=0.1),
    )  # fmt: skip
    assert in_units_of(one, "x", "people/year") is one
    monthly = in_units_of(one.model_copy(update={"unit": "people/month"}), "x", "people/year")
    assert monthly.values == pytest.approx((24,))
    assert monthly.error == Spread(relative=0.1)


@pytest.mark.parametrize("unit", ["dollars", "people/year", "", "people)("])
def test_a_series_in_another_unit_is_refused_with_both_units(unit):
    one = Observed(variable="x", series="s", unit=unit, source="", times=(1,), values=(2,))
    with pytest.raises(
        RunError, match=r"series 's' of 'x' is in .*, but the variable is in 'people'"
    ):
        in_units_of(one, "x", "people")


def test_a_series_without_unit_fits_a_variable_without_one():
    one = Observed(variable="x", series="s", unit="", source="", times=(1,), values=(2,))
    assert in_units_of(one, "x", "") is one


BASIC = {"free": [{"name": "slope"}]}


@pytest.mark.parametrize(
    ("more", "free", "words"),
    [
        ({}, ["slop"], "no constant or stock named 'slop'; did you mean 'slope'"),
        ({"free": [{"name": "slop"}]}, None, "no constant or stock named 'slop'"),
        ({}, ["rate"], "'rate' is a flow; a fit moves constants, and start values of stocks"),
        ({"settings": {"slope": {"value": 1, "from": 3}}}, ["slope"], "held by a time path"),
        ({"settings": {"x": 3}}, {"x": (0, 9)}, "stock 'x' is held"),
        ({}, {"slope": (3, 1)}, "must be two rising numbers, got 3 to 1"),
        ({}, {"slope": (1, 1)}, "must be two rising numbers, got 1 to 1"),
        ({}, {"slope": (3, 9)}, "'slope' starts at 2, outside its range 3 to 9"),
        ({}, {"slope": (3, float("nan"))}, "must be two rising numbers"),
        ({}, ["x"], "'x' has no lower end of its range in the model"),
        ({}, ["slope", "Slope"], "'slope' is free twice"),
        ({}, [], "leaves nothing free"),
        ({}, None, "leaves nothing free"),
        ({"free": [{"name": "slope", "low": 3, "high": 1}]}, None, "must end above its start"),
        ({"free": [{"name": "slope"}, {"name": "Slope"}]}, None, "is free twice"),
        ({"start": 20, "stop": 30}, ["slope"], "lies outside 20 to 30"),
        ({}, ["slope", "start", "part", "share"], "has 4 observations for 4 unknowns"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_free_is_one_line(written, series, more, free, words):
    case = written(series(TIMES, VALUES), **more)
    with pytest.raises(LoopscopeError, match=words) as caught:
        set_up(case.model, "c", free, {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"unit": "dollars"}, "is in 'dollars', but the variable is in 'people'"),
        ({"times": [1, 2, 2, 4]}, "times must increase; 2 does not"),
        ({"times": [1, 2, 3]}, "3 times but 4 values"),
        ({"values": [1, float("nan"), 3, 4]}, "values.1"),
        ({"variable": "xx"}, "no observed variable named 'xx'"),
        ({"variable": "slope"}, "'slope' is a parameter"),
        ({"error": {"relative": 0.1}, "values": [1, 0, 2, 3]}, "is 0 at 2"),
        ({"error": {"relative": 0}}, "greater than 0"),
        ({"error": {}}, "needs 'relative'"),
        ({"scale": "any"}, "scale"),
        ({"fit": False}, "only series with fit = false"),
    ],
)
def test_a_mistake_in_a_series_is_one_line(written, series, record, words):
    case = written({**series(TIMES, VALUES), **record}, **BASIC)
    with pytest.raises(LoopscopeError, match=words) as caught:
        set_up(case.model, "c", None, {})
    assert "\n" not in str(caught.value)


def test_a_case_without_observations_has_nothing_to_fit_to(written):
    with pytest.raises(LoopscopeError, match="has no observed series"):
        set_up(written(**BASIC).model, "c", None, {})


@pytest.mark.parametrize("starts", [0, -1, 1.5, True, "2"])
def test_the_number_of_starts_is_a_whole_number(written, series, starts):
    with pytest.raises(LoopscopeError, match="starts must be a whole number"):
        set_up(written(series(TIMES, VALUES), **BASIC).model, "c", None, {}, starts=starts)
