"""An attribution as parts, pictures, files and on the command line."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from loopscope import analysis
from loopscope.analysis.attributing.attribution_figures import (
    attribution_figure,
    bands_figure,
    waterfall_figure,
)
from loopscope.analysis.attributing.parts import columns_of, parts_of
from loopscope.models.errors import StudyError, UnknownNameError

LOOPS = """
[[loop]]
id = "R1"
name = "births"
path = ["fish", "births"]
polarity = "R"
[loop.switch]
"birth rate" = 0
[[loop]]
id = "B1"
name = "deaths"
path = ["fish", "deaths"]
polarity = "B"
[loop.switch]
"death rate" = 0
[[loop]]
id = "B2"
name = "fishing"
path = ["fish", "catch"]
polarity = "B"
[loop.switch]
effort = 0
[[loop]]
id = "B3"
name = "drifting off"
path = ["fish", "drift"]
polarity = "B"
"""
POND = """
fish=INTEG(births-deaths-catch-drift, 100)~fish~|
births=birth rate*fish~fish/Month~|
deaths=death rate*fish~fish/Month~|
catch=effort*fish~fish/Month~|
drift=0.01*fish~fish/Month~|
birth rate=0.3~1/Month~|
death rate=0.1~1/Month~|
effort=0~1/Month~|
"""


@pytest.fixture
def pond(load):
    return load(POND, LOOPS)


def test_parts_lead_from_none_to_all_and_the_largest_is_first(pond):
    one = parts_of(analysis.attribute(pond, ["fish", "births"], check=True), "Births", 2)
    assert (one.outcome, one.unit, one.time) == ("births", "fish/Month", 2.0)
    assert [part.id for part in one.parts] == ["R1", "B1"]
    assert one.idle == ("B2",)
    assert one.none == 0
    total = one.none + sum(part.value for part in one.parts) + one.left_over
    assert total == pytest.approx(one.every, rel=1e-12)
    # With births cut there are none, so cutting them alone takes away all of them.
    assert one.parts[0].knock_out == pytest.approx(one.every, rel=1e-12)
    assert one.parts[0].shapley_error is None
    assert one.parts[0].low is None


def test_parts_of_an_ensemble_are_means_that_add_up(pond):
    rates = {"birth rate": np.linspace(0.1, 0.5, 9)}
    found = analysis.attribute(pond, "fish", parameters=rates)
    one = parts_of(found)
    assert one.time == 4
    total = one.none + sum(part.value for part in one.parts) + one.left_over
    assert total == pytest.approx(one.every, rel=1e-12)
    births = next(part for part in one.parts if part.id == "R1")
    assert births.value == pytest.approx(found.value[0, :, 0, -1].mean().item(), rel=1e-12)
    assert births.low < births.value < births.high


def test_a_time_or_an_outcome_that_is_not_there_is_told(pond):
    found = analysis.attribute(pond, "fish")
    with pytest.raises(StudyError, match=r"a saved time, 0 to 4, got 1.4; the nearest is 1"):
        parts_of(found, at=1.4)
    with pytest.raises(UnknownNameError, match=r"no outcome 'fishes' .*did you mean 'fish'"):
        parts_of(found, "fishes")


def test_columns_hold_every_part_at_every_time(pond):
    found = analysis.attribute(pond, ["fish", "births"], parameters={"effort": [0.0, 0.1]})
    columns = columns_of(found)
    assert len({len(column) for column in columns.values()}) == 1
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert len(rows) == 2 * (3 + 3) * 5
    at = {row["part"]: row for row in rows if row["outcome"] == "births" and row["time"] == 4}
    total = sum(at[part]["value"] for part in ("with none", "left over", "R1", "B1", "B2"))
    assert total == pytest.approx(at["with all"]["value"], rel=1e-12)
    assert at["B2"]["name"] == "fishing"
    assert at["B2"]["quantile 0.05"] <= at["B2"]["quantile 0.95"]


def texts(figure):
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))]


def test_pictures_name_what_they_show(pond):
    found = analysis.attribute(pond, ["fish", "births"])
    written = texts(attribution_figure(found, at=3))
    for text in (
        "Case, as it stands: what each mechanism adds", "fish over time", "births over time",
        "fish, 3", "births, 3", "R1 births", "B1 deaths", "with none", "with all",
        "with all minus with none",
    ):  # fmt: skip
        assert text in written
    assert not any("left over" in text or "fishing" in text for text in written)


def test_the_waterfall_stands_where_the_values_say(pond):
    found = analysis.attribute(pond, "fish")
    one = parts_of(found)
    axes = waterfall_figure(found).axes[0]
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    births, deaths = (part.value for part in one.parts)
    expected = [
        (0, one.none), (one.none, births), (one.none + births, deaths), (0, one.every),
    ]  # fmt: skip
    np.testing.assert_allclose(bars, expected, rtol=1e-9)


def test_pictures_of_an_ensemble_show_the_spread_and_of_jumps_what_is_left(load):
    model = load("out=IF THEN ELSE(a>0.5,7,0)+b~~|\nx=INTEG(out,0)~~|\na=1~~|\nb=2~~|")
    cuts = {"a": {"a": 0.0}, "b": {"b": 0.0}}
    found = analysis.attribute(
        model, "out", loops=cuts, parameters={"b": [1.0, 2.0, 4.0]}, nodes=60
    )
    written = texts(attribution_figure(found))
    assert "left over" in written
    assert "5 to 95 % of runs" in written
    assert any("3 runs" in text for text in written)
    assert any("whiskers 5 to 95 %" in text for text in written)
    assert "left over" in texts(bands_figure(found))


# ---- the command --------------------------------------------------------------------------------


def test_the_command_prints_parts_and_what_is_not_among_them(pond, command):
    done = command("attribute", pond.path, "--of", "fish", "--at", 2, "--check")
    assert (done.code, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines() if line]
    words = [line[:2] for line in lines]
    assert words.index(["with", "none"]) < words.index(["R1", "births"])
    assert words.index(["R1", "births"]) < words.index(["B1", "deaths"])
    assert "moved nothing at any time: B2" in done.out
    assert "no switch, so in every run: B3 drifting off" in done.out
    assert "Shapley" in done.out


def test_the_command_writes_json_files_and_a_picture(pond, command, tmp_path):
    table, grid, picture = (tmp_path / name for name in ("a.csv", "a.nc", "a.png"))
    done = command(
        "attribute", pond.path, "--of", "fish", "--loop", "births", "--json",
        "--out", table, "--out", grid, "--plot", picture,
    )  # fmt: skip
    assert done.code == 0
    told = json.loads(done.out)
    (fish,) = told["outcomes"]
    assert [part["id"] for part in fish["parts"]] == ["R1"]
    assert fish["parts"][0]["value"] == pytest.approx(fish["every"] - fish["none"], rel=1e-4)
    assert told["not_switched"] == [{"id": "B3", "name": "drifting off"}]
    with table.open() as file:
        assert len(list(csv.DictReader(file))) == 4 * 5
    import xarray as xr

    with xr.open_dataset(grid) as found:
        assert found["value"].dims == ("outcome", "mechanism", "time")
    assert picture.stat().st_size > 10_000


def test_the_command_spreads_over_a_study(pond, command, tmp_path):
    study = tmp_path / "s.toml"
    study.write_text(
        'series = ["fish"]\nruns = 16\n[parameters]\n'
        '"birth rate" = { kind = "uniform", low = 0.1, high = 0.5 }\n'
        '[design]\nkind = "halton"\n'
    )
    done = command(
        "attribute", pond.path, "--of", "fish", "--ensemble", study, "--runs", 8, "--json"
    )
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    births = told["outcomes"][0]["parts"][0]
    assert told["runs"] == 8
    assert births["low"] < births["value"] < births["high"]


def test_a_failed_run_has_its_exit_code(load, command):
    model = load(
        "fish=INTEG(births/(1-birth rate),0)~~|\nbirths=1~~|\nbirth rate=1~~|",
        """
[[loop]]
id = "R1"
name = "births"
path = ["fish"]
polarity = "R"
[loop.switch]
"birth rate" = 0
""",
    )
    done = command("attribute", model.path, "--of", "fish")
    assert done.code == 3
    assert "a run on the path failed at strength 1: " in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--of", "fish", "--at", "9"], "at must be a saved time, 0 to 4"),
        (["--of", "fish", "--loop", "B3"], "loop 'B3' has no switch"),
        (["--of", "fish", "--runs", "3"], "runs are those of an ensemble"),
        (["--of", "fsh"], "did you mean 'fish'"),
        ([], "missing option '--of'"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(pond, command, words, message):
    done = command("attribute", pond.path, *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
