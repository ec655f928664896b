"""The folder of results: whole, complete, and never in the place of something else."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
from pathlib import Path

import pytest

from loopscope import analysis
from loopscope.analysis import draft, folders
from loopscope.models.errors import OutputError


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "out"
    return analysis.report("migration_policy", out=out, runs=256)


def listed(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_it_holds_what_it_says_and_nothing_else(written):
    assert {entry.file for entry in written.entries} == listed(written.folder)
    marker = json.loads((written.folder / folders.MARKER).read_text())
    assert set(marker["files"]) == listed(written.folder)


def test_it_holds_every_scenario_and_case(written):
    files = listed(written.folder)
    names = [draft.slug(record.name) for record in written.scenarios]
    assert len(names) > 10
    for name in names:
        assert f"scenarios/{name}.csv" in files
    for name in names[1:]:
        assert {f"pictures/scenario-{name}.{end}" for end in ("png", "svg")} <= files
    assert {"cases/us.csv", "pictures/case-us.png", "fit.csv", "pictures/overview.svg"} <= files


def test_its_netcdf_holds_all_scenarios(written):
    import xarray as xr

    with xr.open_dataset(written.folder / "scenarios.nc") as found:
        assert found["irregular migrants"].dims == ("scenario", "time")
        assert found.sizes["scenario"] == len(written.scenarios)
        assert found["irregular migrants"].attrs["units"] == "people"
        assert set(found["status"].values) == {"ok"}


def test_its_summary_agrees_with_its_data(written):
    with (written.folder / "summary.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["scenario"] == "tightening"]
    with (written.folder / "scenarios/tightening.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert len(rows) == 6
    for row in rows:
        assert row["final"] == last[row["variable"]]


def test_the_links_of_its_page_lead_somewhere(written):
    page = (written.folder / "README.md").read_text()
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert set(links) == {entry.file for entry in written.entries} - {folders.MARKER}
    assert all((written.folder / link).is_file() for link in links)


def test_its_loops_are_those_the_model_names(written):
    with (written.folder / "loops.csv").open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert {"R1", "R2", "R9", "B1", "B12"} <= set(rows)
    assert rows["R6"]["polarity"] == "R"
    assert rows["R6"]["gain"]
    assert "C33" in rows["R6"]["claims"]


def test_shares_of_loops_and_of_all_others_make_the_whole(written):
    with (written.folder / "loop-shares.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["scenario"] for row in rows] == [record.name for record in written.scenarios]
    for row in rows:
        named = sum(float(v) for k, v in row.items() if re.fullmatch(r"[RB]\d+[a-z]?", k))
        assert named == pytest.approx(float(row["listed loops"]))
        assert float(row["listed loops"]) + float(row["other loops"]) == pytest.approx(1)
        assert 0 < float(row["listed loops"]) < 1


def test_its_page_says_who_dominates_and_which_claims_rest_on_loops(written):
    page = (written.folder / "README.md").read_text()
    assert "## Which loops drive it" in page
    assert "Over the whole run" in page
    assert re.search(r"\| C35 \| R1 R1b \|", page)
    files = listed(written.folder)
    assert {"pictures/loops-by-scenario.png", "pictures/loops-base.png"} <= files


def test_a_model_that_names_no_loops_tells_of_the_strongest(model, tmp_path):
    text = (
        "{UTF-8}\nbirths = 0.1 * people ~ people/year ~ |\n"
        "deaths = people * people / 1000 ~ people/year ~ |\n"
        "people = INTEG(births - deaths, 10) ~ people ~ |\n"
    )
    found = analysis.report(model(text), tmp_path / "out")
    page = (found.folder / "README.md").read_text()
    assert "the 2 strongest loops; all 2 loops" in page
    assert not (found.folder / "loop-claims.csv").exists()
    assert (found.folder / "pictures/loops-as-it-stands.png").is_file()


def test_no_temporary_file_is_left(written):
    assert [p.name for p in written.folder.parent.iterdir()] == ["out"]


def test_a_model_without_scenarios_is_reported_as_it_stands(model, tmp_path):
    path = model("{UTF-8}\nx = INTEG(1, 0) ~ people ~ |\n")
    found = analysis.report(path, tmp_path / "out")
    assert found.compared.base == "as it stands"
    assert "scenarios/as-it-stands.csv" in listed(found.folder)


def test_an_older_report_is_replaced(teacup):
    first = analysis.report(teacup, "out")
    before = (first.folder / "scenarios" / "airing.csv").read_bytes()
    (first.folder / "scenarios" / "airing.csv").write_text("changed")
    again = analysis.report(teacup, "out")
    assert (again.folder / "scenarios" / "airing.csv").read_bytes() == before
    assert [p.name for p in again.folder.parent.glob(".*")] == []


def test_an_empty_folder_is_filled(teacup):
    Path("out").mkdir()
    assert analysis.report(teacup, "out").folder.is_dir()


def test_another_folder_is_refused_before_anything_is_computed(teacup):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("precious")
    with pytest.raises(OutputError, match="no report of Loopscope"):
        analysis.report("no such model", "mine")
    assert Path("mine/notes.txt").read_text() == "precious"


def test_a_file_added_to_a_report_is_not_lost(teacup):
    analysis.report(teacup, "out")
    Path("out/notes.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"'notes\.txt', which no report wrote"):
        analysis.report(teacup, "out")
    assert Path("out/notes.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "message"), [("no/out", "does not exist"), ("teacup.mdl", "is a file, not a folder")]
)
def test_a_place_that_cannot_hold_a_folder_is_refused(teacup, name, message):
    with pytest.raises(OutputError, match=message):
        analysis.report(teacup, name)


@pytest.mark.parametrize("reason", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_what_stops_a_report_leaves_the_older_one(teacup, monkeypatch, reason):
    analysis.report(teacup, "out")
    before = {name: Path("out", name).read_bytes() for name in listed(Path("out"))}

    def stop(*_):
        raise reason

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
        analysis.report(teacup, "out")
    if caught.type is OutputError:
        assert re.fullmatch(r"cannot write '.*/out/\S+': no space left .*", str(caught.value))
    assert {name: Path("out", name).read_bytes() for name in listed(Path("out"))} == before
    assert list(Path().glob(".out*")) == []


def test_text_from_a_model_does_not_become_markup():
    assert draft.safe("a|b <i>*x*_y [z](u)") == r"a\|b \<i\>\*x\*\_y \[z\](u)"
