"""Runs in a notebook: curves, numbers, and xarray's own display where there is no run to show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from IPython.core.interactiveshell import InteractiveShell
from lxml import etree

from loopscope import models
from loopscope.models.notebook import datasets
from loopscope.models.notebook.pieces import curve
from loopscope.models.notebook.runs import html_of

TEACUP = "docs/examples/teacup.mdl"


@pytest.fixture(scope="module")
def run() -> Any:
    return models.simulate(TEACUP)


def test_a_run_shows_a_curve_and_the_numbers_of_each_variable(run: Any) -> None:
    shown = html_of(run)
    page = etree.fromstring(f"<div>{shown}</div>")
    rows = page.findall(".//tr")[1:]
    moving = [name for name in run.data_vars if name != "status" and np.ptp(run[name].values) > 0]
    assert [row[0].text for row in rows][: len(moving)] == moving
    stock = next(row for row in rows if row[0].text == "Teacup Temperature")
    assert float(stock[2].text) == pytest.approx(float(run["Teacup Temperature"][0]), rel=1e-3)
    assert float(stock[3].text) == pytest.approx(float(run["Teacup Temperature"][-1]), rel=1e-3)
    assert stock.find(".//polyline") is not None


def test_runs_show_a_band() -> None:
    runs = models.simulate(TEACUP, parameters={"Room Temperature": np.array([50.0, 60.0, 70.0])})
    shown = html_of(runs)
    assert "3 runs of teacup" in shown
    assert "<polygon" in shown


def test_a_notebook_shows_it_and_other_datasets_as_ever(run: Any) -> None:
    shell = InteractiveShell.instance()
    try:
        datasets.offer("loopscope.models.notebook.runs")
        show = shell.display_formatter.formatters["text/html"]
        assert "Run of teacup" in show(run)
        assert "as xarray shows it" in show(run)
        other = xr.Dataset({"a": ("time", [1.0, 2.0])})
        assert "as xarray shows it" not in show(other)
        assert "xr-header" in show(other)
    finally:
        InteractiveShell.clear_instance()


def test_it_stays_a_dataset(run: Any) -> None:
    assert type(run) is xr.Dataset


@pytest.mark.parametrize(
    "made",
    [
        lambda run: run.isel(time=0),
        lambda run: run.isel(time=slice(0, 0)),
        lambda run: run.drop_vars("status").mean("time"),
        lambda run: run[["status"]],
    ],
)
def test_what_is_no_run_any_more_is_shown_as_xarray_does(run: Any, made: Any) -> None:
    found = made(run)
    assert html_of(found) is None


def test_names_from_a_file_are_escaped() -> None:
    hostile = "<script>alert(1)</script>"
    run = xr.Dataset(
        {hostile: ("time", [1.0, 2.0], {"units": "<b>"})},
        coords={"time": [0.0, 1.0]},
        attrs={"engine": hostile, "settings": "", "model": hostile, "scenario": hostile},
    )
    shown = html_of(run)
    assert shown is not None
    assert "<script>" not in shown
    assert "<b>" not in shown


@given(
    arrays(np.float64, st.integers(2, 30), elements=st.floats(allow_nan=True, allow_infinity=True))
)
def test_a_curve_is_well_formed_whatever_the_values(values: Any) -> None:
    drawn = curve(np.arange(len(values), dtype=np.float64), values)
    finite = int(np.isfinite(values).sum())
    assert bool(drawn) == bool(finite)
    if drawn:
        points = [line.get("points") for line in etree.fromstring(drawn)]
        assert sum(len(one.split()) for one in points) == finite
        assert not any("nan" in one or "inf" in one for one in points)
