"""The chapter that says how sure one can be: its numbers, and models that it cannot sweep."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
import xarray as xr

from loopscope import analysis, models
from loopscope.analysis.reporting import uncertainty_words as words

RANGES = """
[[parameter]]
name = "supply"
unit = "litre/year"
default = 2.0
range = [0.0, 10.0]
distribution = { kind = "uniform", low = 1.0, high = 3.0 }

[[parameter]]
name = "residence"
unit = "year"
default = 4.0
range = [1.0, 10.0]
distribution = { kind = "uniform", low = 2.0, high = 6.0 }
"""


TANK = """{UTF-8}
water = INTEG(supply * want - water / residence, 1) ~ litre ~ |
want = water / (1 + water) ~ dmnl ~ |
supply = 2 ~ litre/year [0,10] ~ |
residence = 4 ~ year [1,10] ~ |
INITIAL TIME = 0 ~ year ~ |
FINAL TIME = 10 ~ year ~ |
TIME STEP = 1 ~ year ~ |
SAVEPER = TIME STEP ~ year ~ |
"""


@pytest.fixture(scope="module")
def tank(tmp_path_factory):
    path = tmp_path_factory.mktemp("tank") / "tank.mdl"
    path.write_text(TANK, encoding="utf-8")
    (path.parent / "parameters.toml").write_text(RANGES, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def written(tank):
    return analysis.report(tank, tank.parent / "out", runs=64)


def table(report, name):
    with (report.folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_bands_are_quantiles_of_the_runs_that_the_model_gives(written, tank):
    rows = [row for row in table(written, "uncertainty-bands.csv") if row["series"] == "water"]
    design = analysis.sweep(tank, {"runs": 64, "parameters": "all", "series": ["water"]})
    inputs = dict(zip(design["parameter"].values, design["inputs"].values.T, strict=True))
    water = models.simulate(tank, parameters=inputs, outputs=["water"])["water"].values
    for place, row in enumerate(rows):
        expected = np.quantile(water[:, place], [0.05, 0.5, 0.95])
        found = [float(row[f"quantile_{level}"]) for level in (0.05, 0.5, 0.95)]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_the_page_says_what_was_swept_and_what_came_of_it(written):
    page = (written.folder / "report.md").read_text(encoding="utf-8")
    assert "64 runs of the model as it stands, with 2 constants drawn" in page
    assert "None of them failed." in page
    for heading in (
        "# How sure one can be", "# Which loop leads, and how sure that is",
        "# Which constants matter most", "# How the runs behave", "# What each mechanism adds",
    ):  # fmt: skip
        assert heading in page
    assert re.search(r"\*\*water\*\* in 10: half of the runs lie from", page)


def test_the_strongest_constant_of_a_table_is_that_of_the_picture(written):
    rows = table(written, "uncertainty-parameters.csv")
    last = [row for row in rows if row["outcome"] == "water" and float(row["time"] or 0) == 10]
    strongest = max(last, key=lambda row: abs(float(row["prcc"])))
    picture = (written.folder / "pictures/uncertainty-parameters.svg").read_text(encoding="utf-8")
    assert f">{float(strongest['prcc']):+.2f}<" in picture
    page = (written.folder / "report.md").read_text(encoding="utf-8")
    told = f"water in 10: {strongest['parameter']} {float(strongest['prcc']):+.2f}"
    assert told in page.replace("\\", "")


def test_shares_of_modes_add_to_one(written):
    rows = table(written, "uncertainty-modes.csv")
    assert sum(float(row["share"]) for row in rows if row["series"] == "water") == pytest.approx(1)


def test_a_model_without_distributions_says_why_nothing_was_swept(teacup):
    report = analysis.report(teacup, "out", runs=8)
    page = (report.folder / "report.md").read_text(encoding="utf-8")
    assert "No constant of the model has a declared distribution" in page
    assert not list(report.folder.glob("uncertainty*"))


def test_no_runs_leave_the_chapter_out(tank, tmp_path):
    report = analysis.report(tank, tmp_path / "out", runs=0)
    assert "How sure one can be" not in (report.folder / "report.md").read_text(encoding="utf-8")


def test_quantiles_leave_failed_runs_out_and_are_nan_where_all_failed():
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    found = words.quantiles_of(values)
    assert found[words.QUANTILES.index(0.5), 0] == 2.0
    assert np.isnan(found[:, 1]).all()


def test_failed_runs_are_told():
    swept = xr.Dataset(
        {
            "failed_at": (("run",), [np.nan, 2005.0, np.nan, np.nan]),
            "inputs": (("run", "parameter"), np.zeros((4, 1))),
        },
        attrs={"design": json.dumps({"kind": "halton"}), "seed": 7},
    )
    assert "1 of them (25.00%) left the finite numbers" in words.what_was_swept(swept)


def test_who_dominates_when_is_told_in_spells_and_a_rest_is_no_spell():
    shares = np.array([[0, 0], [0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], dtype=float)
    record = xr.Dataset(
        {"probability": (("time", "loop"), shares), "mean_share": (("time", "loop"), shares / 4)},
        coords={
            "time": [0.0, 1.0, 2.0, 3.0], "loop": ["R1", "B1"],
            "loop_name": ("loop", ["growth", "limit"]),
        },
        attrs={"level": 0.95, "shifting_runs": 3, "runs": 4},
    )  # fmt: skip
    line = words.dominance_words(record, xr.Dataset())
    assert line.startswith(
        "Likeliest to lead: 1 to 2 R1 (growth), in 60% to 90% of the runs; "
        "3 B1 (limit), in 80% of the runs."
    )
    assert "at least once in 75.0% of the runs" in line
    assert "together carry 25% of the change" in line
