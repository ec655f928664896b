"""Quantiles of a sweep, and their pictures."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.analysis.style import save
from loopscope.analysis.sweeping import quantiles as module
from loopscope.analysis.sweeping.band_figures import band_figure, histogram_figure, sweep_figure
from loopscope.analysis.sweeping.outcomes import LEVELS, parts, spreads
from loopscope.analysis.sweeping.quantiles import quantiles
from loopscope.models.errors import RunError, UnknownNameError

RUNS, TIMES = 401, np.arange(2000.0, 2011.0)


@pytest.fixture
def swept():
    """Runs that spread evenly between -1 and 1, times a thousand, growing with time."""
    place = np.linspace(-1.0, 1.0, RUNS)
    up = 1000.0 * np.outer(place, TIMES - 2000.0)
    fish = np.stack([up, up + 500.0])
    fish[0, 0, 6:] = np.nan
    modes = (place > 0).astype(float)
    modes[:3] = np.nan
    return xr.Dataset(
        {
            "fish": (("scenario", "run", "time"), fish, {"units": "fish", "role": "series"}),
            "most": (("scenario", "run"), fish.max(axis=2), {"units": "fish", "role": "metric"}),
            "shape": (
                ("scenario", "run"), np.stack([modes, modes]),
                {"units": "1", "role": "metric", "labels": '["decline", "growth"]'},
            ),
            "failed_at": (("scenario", "run"), np.full((2, RUNS), np.nan)),
        },
        coords={"time": ("time", TIMES, {"units": "year"}), "scenario": ["base", "storm"],
                "run": np.arange(RUNS)},
        attrs={"title": "Pond", "model": "pond_of_fish"},
    )  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=40),
    at_once=st.integers(1, 100),
)
def test_quantiles_are_those_of_the_known_values_however_they_are_read(values, at_once):
    column = np.array(values)
    block = np.column_stack([column, column + 1.0, -column])
    found_at_once = module.AT_ONCE
    module.AT_ONCE = at_once
    try:
        found = quantiles(xr.DataArray(block, dims=("run", "time")), LEVELS)
    finally:
        module.AT_ONCE = found_at_once
    known = column[np.isfinite(column)]
    wanted = np.quantile(known, LEVELS) if len(known) else np.full(len(LEVELS), np.nan)
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-12)
    np.testing.assert_allclose(found[:, 2], -wanted[::-1], rtol=1e-9, atol=1e-9)


def test_rows_of_the_table_are_quantiles_at_the_end(swept):
    # Even spread: the quantile at p of 1000 * 10 * place is 10,000 * (2 p - 1).
    storm = next(one for one in spreads(swept) if one.at_end and one.scenario == "storm")
    wanted = [10_000 * (2 * level - 1) + 500 for level in LEVELS]
    assert storm.quantiles == pytest.approx(wanted)
    assert storm.runs == RUNS
    base = next(one for one in spreads(swept) if one.at_end and one.scenario == "base")
    assert base.runs == RUNS - 1, "the run that failed has no value at the end"


def test_words_are_counted(swept):
    base, _ = parts(swept)
    assert base.runs == RUNS - 3
    assert base.parts == pytest.approx({"growth": 200 / 398, "decline": 198 / 398})
    assert list(base.parts) == ["growth", "decline"]


def test_bands_hold_the_share_of_runs_that_they_say(swept):
    figure = band_figure(swept.isel(scenario=1, drop=True))
    (axes,) = figure.axes
    widest, middle, inner = (band.get_paths()[0].vertices for band in axes.collections)
    for vertices, share in ((widest, 0.95), (middle, 0.8), (inner, 0.5)):
        at_end = vertices[vertices[:, 0] == TIMES[-1], 1]
        assert np.ptp(at_end) == pytest.approx(20.0 * share, rel=1e-6)  # thousand fish
    assert axes.get_ylabel() == "thousand fish"


def test_scenarios_stand_side_by_side_on_one_scale(swept):
    figure = sweep_figure(swept)
    first, second = figure.axes
    assert first.get_title(loc="left").splitlines()[-1] == "base"
    assert second.get_title(loc="left").splitlines()[-1] == "storm"
    assert first.get_ylim() == second.get_ylim()
    low, high = first.get_ylim()
    assert low < -9.5
    assert high > 10.0


def test_metrics_are_drawn_where_no_series_is_kept(swept, tmp_path):
    figure = sweep_figure(swept.drop_vars("fish"))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["most", "shape"]
    numbers, words = figure.axes
    assert sum(bar.get_height() for bar in numbers.patches) == pytest.approx(200.0 - 100 / RUNS)
    assert [label.get_text() for label in words.get_xticklabels()] == ["decline", "growth"]
    save(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_equal_sweeps_make_equal_pictures(swept, tmp_path):
    for name in ("a.png", "b.png"):
        save(sweep_figure(swept), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_what_cannot_be_drawn_is_told(swept):
    with pytest.raises(UnknownNameError, match="no series 'fsh'; did you mean 'fish'"):
        band_figure(swept, ["fsh"])
    with pytest.raises(UnknownNameError, match="no metric 'fish'"):
        histogram_figure(swept, ["fish"])
    with pytest.raises(RunError, match="neither series nor metrics"):
        sweep_figure(swept[["failed_at"]])
    many = xr.Dataset({f"s{n}": swept["fish"] for n in range(40)}, attrs=swept.attrs)
    with pytest.raises(RunError, match="a picture can show 36 panels"):
        band_figure(many)
