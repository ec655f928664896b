"""Runs in a notebook: curves, numbers, and xarray's own display where there is no run to show."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from lxml import etree

from loopscope import models
from loopscope.models.notebook.pieces import curve
from loopscope.models.notebook.runs import Runs

TEACUP = "docs/examples/teacup.mdl"


@pytest.fixture(scope="module")
def run() -> Any:
    return models.simulate(TEACUP)


def test_a_run_shows_a_curve_and_the_numbers_of_each_variable(run: Any) -> None:
    shown = run._repr_html_()
    page = etree.fromstring(f"<div>{shown.split('<details>')[0]}</div></div>")
    rows = page.findall(".//tr")[1:]
    assert [row[0].text for row in rows] == list(run.data_vars)[: len(rows)]
    stock = next(row for row in rows if row[0].text == "Teacup Temperature")
    assert float(stock[2].text) == pytest.approx(float(run["Teacup Temperature"][0]), rel=1e-3)
    assert float(stock[3].text) == pytest.approx(float(run["Teacup Temperature"][-1]), rel=1e-3)
    assert stock.find(".//polyline") is not None


def test_runs_show_a_band() -> None:
    runs = models.simulate(TEACUP, parameters={"Room Temperature": np.array([50.0, 60.0, 70.0])})
    shown = runs._repr_html_()
    assert "3 runs of teacup" in shown
    assert "<polygon" in shown


def test_it_is_a_dataset_in_all_else(run: Any, tmp_path: Any) -> None:
    assert isinstance(run, xr.Dataset)
    assert run.equals(xr.Dataset(dict(run.data_vars), run.coords))
    assert run.identical(pickle.loads(pickle.dumps(run)))
    run.to_netcdf(tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc") as again:
        assert again["Teacup Temperature"].equals(run["Teacup Temperature"])


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
    assert isinstance(found, Runs)
    assert found._repr_html_().startswith("<div><svg")
    assert "as xarray shows it" not in found._repr_html_()


def test_names_from_a_file_are_escaped() -> None:
    hostile = "<script>alert(1)</script>"
    run = Runs({hostile: ("time", [1.0, 2.0], {"units": "<b>"})}, coords={"time": [0.0, 1.0]})
    shown = run._repr_html_()
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
