"""What the chapter on real cases says of a misfit, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope.analysis.measures import fit
from loopscope.analysis.reporting.real_cases import cases_chapter, meaning, misfit_of
from loopscope.analysis.runs import Run
from loopscope.models.case import Observed

TIMES = np.arange(2000.0, 2010.0)
SEEN = 1e6 + 2e5 * np.sin(TIMES)


def run_of(values):
    def dataset():
        raise AssertionError

    return Run(
        label="as it stands", model="m", time=TIMES, time_units="year",
        values={"people": np.asarray(values, dtype=float)}, units={"people": "people"},
        kinds={}, status="ok", failure=None, changed=None, dataset=dataset,
    )  # fmt: skip


def said(values, seen=SEEN, times=TIMES, **fields):
    series = Observed(
        variable="people", series="census", unit="people", source="s",
        times=tuple(times), values=tuple(seen), **fields,
    )  # fmt: skip
    run = run_of(values)
    return meaning(misfit_of(run, series, fit(run, series)))


def test_a_run_on_its_measurements_is_close():
    text = said(SEEN)
    assert text.startswith("close: typically 0 people off, 0.0 % ")
    assert "because" not in text


@pytest.mark.parametrize(
    ("values", "judgement", "why"),
    [
        (SEEN + 1e5, "near", "mostly because the run is too high on average"),
        (SEEN - 3e5, "rough", "mostly because the run is too low on average"),
        (SEEN * 3, "far off", "mostly because the run is too high on average"),
        (SEEN.mean() + 2 * (SEEN - SEEN.mean()), "near", "mostly because the run moves too much"),
        (
            SEEN.mean() + 0.2 * (SEEN - SEEN.mean()),
            "near",
            "mostly because the run moves too little",
        ),
        (2e6 - SEEN + 2 * (SEEN.mean() - 1e6), "rough", "single points are not"),
    ],
)
def test_the_largest_part_of_the_error_is_the_reason(values, judgement, why):
    text = said(values)
    assert text.startswith(f"{judgement}: ")
    assert why in text


def test_a_known_distance_is_said_in_its_unit_and_as_a_share():
    assert "typically 100 thousand people off, 10 % of what was measured" in said(
        np.full(10, 1.1e6), seen=np.full(10, 1e6)
    )


def test_a_series_known_in_proportion_only_is_brought_to_its_level_first():
    text = said(SEEN * 7, scale="free")
    assert text.startswith("close: known in proportion only")
    assert "off by less than 0.1 % of what was measured" in text


def test_a_run_that_says_less_than_a_constant_is_told_so():
    assert "A constant at the mean" in said(2 * SEEN.mean() - SEEN)
    assert "A constant at the mean" not in said(SEEN + 1e4)


def test_a_single_measurement_has_a_side_and_a_time():
    text = said(SEEN, seen=[2 * SEEN[3]], times=[TIMES[3]])
    assert "one measurement, of 2003; the run lies" in text
    assert "below it, 50 %" in text


def test_measurements_outside_the_run_are_not_judged():
    assert said(SEEN, seen=[1.0], times=[1900.0]) == "none of its measurements lies within the run."


def test_what_was_measured_as_nothing_has_no_share():
    assert said(SEEN, seen=np.zeros(10)).startswith("measured as 0 throughout, and off by ")


def test_a_run_that_fails_is_judged_until_then():
    values = np.where(TIMES < 2005, SEEN, np.nan)
    assert said(values).startswith("close: ")


def test_a_model_without_cases_has_no_such_chapter():
    class Nothing:
        case_runs = ()

    assert cases_chapter(Nothing()) is None
