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
from loopscope.analysis import draft, folders, reports
from loopscope.models.errors import OutputError


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "out"
    return analysis.report("migration_policy", out=out, runs=64)


@pytest.fixture
def short(monkeypatch):
    """A report of the runs alone, for what concerns only the folder."""

    def write(one):
        from loopscope.analysis.reporting import running

        running.simulate(one)
        running.data(one)
        reports._mark(one)

    monkeypatch.setattr(reports, "_write", write)


def listed(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def rows_of(report, name):
    with (report.folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


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
        for kind in ("scenario", "loops", "map"):
            # Where nothing feeds back any more there are no shares to draw.
            assert f"pictures/{kind}-{name}.svg" in files or (kind, name) == (
                "loops",
                "retire-at-75",
            )
    assert {"cases/us.csv", "pictures/case-us.svg", "fit.csv", "pictures/overview.svg"} <= files
    assert {"index.html", "report.md"} <= files


def test_a_picture_is_there_once_and_its_letters_are_text(written):
    pictures = [one for one in listed(written.folder) if one.startswith("pictures/")]
    assert {Path(one).suffix for one in pictures} == {".svg"}
    for one in pictures:
        assert "<text" in (written.folder / one).read_text(encoding="utf-8"), one


def test_every_picture_is_in_the_page_and_its_source_beside_it(written):
    page = (written.folder / "index.html").read_text(encoding="utf-8")
    text = (written.folder / "report.md").read_text(encoding="utf-8")
    pictures = [one for one in listed(written.folder) if one.startswith("pictures/")]
    assert page.count("<figure") == len(pictures)
    assert all(f"({one})" in text for one in pictures)


def test_a_map_keeps_its_places_and_changes_its_widths(written):
    from lxml import etree

    def read(name):
        file = written.folder / "pictures" / f"map-{name}.svg"
        root = etree.parse(file).getroot()
        svg = "{http://www.w3.org/2000/svg}"
        titled = [g for g in root.iter(f"{svg}g") if "-variable-" in (g.get("id") or "")]
        names = [(t.text, t.get("x"), t.get("y")) for g in titled for t in g.iter(f"{svg}text")]
        links = [g for g in root.iter(f"{svg}g") if "-link-" in (g.get("id") or "")]
        widths = [[p.get("stroke-width") for p in g.iter(f"{svg}path")] for g in links]
        return names, widths

    first, other = read("base"), read("tightening")
    assert len(first[0]) > 5
    assert [name for name, *_ in first[0]] == [name for name, *_ in other[0]]
    base = first[0][0]
    moved = other[0][0]
    shift = float(moved[1]) - float(base[1]), float(moved[2]) - float(base[2])
    for (_, x, y), (_, u, v) in zip(first[0], other[0], strict=True):
        assert (float(u) - float(x), float(v) - float(y)) == pytest.approx(shift, abs=0.02)
    assert first[1] != other[1]


def test_its_netcdf_holds_all_scenarios(written):
    import xarray as xr

    with xr.open_dataset(written.folder / "scenarios.nc") as found:
        assert found["irregular migrants"].dims == ("scenario", "time")
        assert found.sizes["scenario"] == len(written.scenarios)
        assert found["irregular migrants"].attrs["units"] == "people"
        assert set(found["status"].values) == {"ok"}


def test_its_runs_are_those_that_simulate_gives(written):
    from loopscope import models

    for name in ("base", "border build-up", "retire at 75"):
        ours = next(run for run in written.runs if run.label == name)
        run = models.simulate("migration_policy", scenario=name)
        assert (run["irregular migrants"].values == ours.values["irregular migrants"]).all()
    changed = {run.label: run.changed for run in written.runs}
    assert changed["base"] is None
    assert changed["tightening"] == 2010


def test_its_summary_agrees_with_its_data(written):
    rows = [row for row in rows_of(written, "summary.csv") if row["scenario"] == "tightening"]
    last = rows_of(written, "scenarios/tightening.csv")[-1]
    assert len(rows) == 6
    for row in rows:
        assert row["final"] == last[row["variable"]]


def test_its_loops_are_those_the_model_names(written):
    rows = {row["id"]: row for row in rows_of(written, "loops.csv")}
    assert {"R1", "R2", "R9", "B1", "B12"} <= set(rows)
    assert rows["R6"]["polarity"] == "R"
    assert rows["R6"]["gain"]
    assert "C33" in rows["R6"]["claims"]


def test_shares_of_loops_and_of_all_others_make_the_whole(written):
    rows = rows_of(written, "loop-shares.csv")
    assert [row["scenario"] for row in rows] == [record.name for record in written.scenarios]
    for row in rows:
        named = sum(float(v) for k, v in row.items() if re.fullmatch(r"[RB]\d+[a-z]?", k))
        assert named == pytest.approx(float(row["listed loops"]))
        assert float(row["listed loops"]) + float(row["other loops"]) == pytest.approx(1)
        assert 0 <= float(row["listed loops"]) < 1


def test_its_page_says_who_leads_and_which_claims_rest_on_loops(written):
    page = (written.folder / "report.md").read_text(encoding="utf-8")
    assert "Which loops drive it, and when" in page
    assert "Over the whole run" in page
    assert re.search(r"\| C35 \| R1 R1b \|", page)


def test_a_scenario_says_what_it_changes_and_what_was_expected_and_found(written):
    page = (written.folder / "report.md").read_text(encoding="utf-8")
    assert "From 2010 politics asks for a much stricter policy everywhere" in page
    assert re.search(r"`lever stringency`: 3 from 2010 on", page)
    assert re.search(r"\d+ of \d+ expectations are met", page)


def test_progress_is_told_step_by_step(teacup, short):
    told = []
    analysis.report(teacup, "out", runs=0, progress=lambda *one: told.append(one))
    assert told[0][:2] == ("running the scenarios", 0)
    assert {what for what, *_ in told} >= {"running the scenarios", "writing the data"}
    assert all(0 <= done < of for _, done, of in told)


def test_no_process_is_left_when_a_report_fails(teacup, monkeypatch):
    kept = []

    def stop(one):
        kept.extend([one.looking, one.sweeping])
        raise KeyboardInterrupt

    monkeypatch.setattr(reports, "_write", stop)
    with pytest.raises(KeyboardInterrupt):
        analysis.report(teacup, "out", runs=8)
    assert len(kept) == 2
    assert all(one._process.poll() is not None for one in kept)
    assert not Path("out").exists()
    assert list(Path().glob(".out*")) == []


def test_a_model_that_names_no_loops_tells_of_the_strongest(model, tmp_path):
    text = (
        "{UTF-8}\nbirths = 0.1 * people ~ people/year ~ |\n"
        "deaths = people * people / 1000 ~ people/year ~ |\n"
        "people = INTEG(births - deaths, 10) ~ people ~ |\n"
    )
    found = analysis.report(model(text), tmp_path / "out", runs=0)
    page = (found.folder / "report.md").read_text(encoding="utf-8")
    assert "the 2 strongest" in page
    assert found.compared.base == "as it stands"
    assert not (found.folder / "loop-claims.csv").exists()
    assert (found.folder / "pictures/loops-as-it-stands.svg").is_file()


def test_a_model_without_loops_and_one_that_fails_have_a_report(model, failing, tmp_path):
    path = model("{UTF-8}\nx = INTEG(1, 0) ~ people ~ |\n")
    found = analysis.report(path, tmp_path / "out", runs=0)
    page = (found.folder / "report.md").read_text(encoding="utf-8")
    assert "no feedback loop" in page
    assert "scenarios/as-it-stands.csv" in listed(found.folder)
    found = analysis.report(failing, tmp_path / "other", runs=0)
    page = (found.folder / "report.md").read_text(encoding="utf-8")
    assert "The run failed" in page
    assert "No scenario ran to its end" in page


def test_two_names_with_one_slug_have_files_of_their_own(model, tmp_path):
    path = model("{UTF-8}\nx = INTEG(k, 0) ~ people ~ |\nk = 1 ~ people/year ~ |\n")
    (tmp_path / "model.scenarios.toml").write_text(
        '[[scenario]]\nname = "a b"\n[scenario.set]\nk = 2\n'
        '[[scenario]]\nname = "a-b"\n[scenario.set]\nk = 3\n',
        encoding="utf-8",
    )
    found = analysis.report(path, tmp_path / "out", runs=0)
    assert {"scenarios/a-b.csv", "scenarios/a-b-2.csv"} <= listed(found.folder)
    ends = [rows_of(found, f"scenarios/{name}.csv")[-1]["x"] for name in ("a-b", "a-b-2")]
    assert ends == ["20.0", "30.0"]


def test_no_temporary_file_is_left(written):
    assert [p.name for p in written.folder.parent.iterdir()] == ["out"]


def test_an_older_report_is_replaced(teacup, short):
    first = analysis.report(teacup, "out", runs=0)
    before = (first.folder / "scenarios" / "airing.csv").read_bytes()
    (first.folder / "scenarios" / "airing.csv").write_text("changed")
    again = analysis.report(teacup, "out", runs=0)
    assert (again.folder / "scenarios" / "airing.csv").read_bytes() == before
    assert [p.name for p in again.folder.parent.glob(".*")] == []


def test_an_empty_folder_is_filled(teacup, short):
    Path("out").mkdir()
    assert analysis.report(teacup, "out", runs=0).folder.is_dir()


def test_another_folder_is_refused_before_anything_is_computed(teacup):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("precious")
    with pytest.raises(OutputError, match="no report of Loopscope"):
        analysis.report("no such model", "mine")
    assert Path("mine/notes.txt").read_text() == "precious"


def test_a_file_added_to_a_report_is_not_lost(teacup, short):
    analysis.report(teacup, "out", runs=0)
    Path("out/notes.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"'notes\.txt', which no report wrote"):
        analysis.report(teacup, "out", runs=0)
    assert Path("out/notes.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "message"), [("no/out", "does not exist"), ("teacup.mdl", "is a file, not a folder")]
)
def test_a_place_that_cannot_hold_a_folder_is_refused(teacup, name, message):
    with pytest.raises(OutputError, match=message):
        analysis.report(teacup, name)


@pytest.mark.parametrize("reason", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_what_stops_a_report_leaves_the_older_one(teacup, short, monkeypatch, reason):
    analysis.report(teacup, "out", runs=0)
    before = {name: Path("out", name).read_bytes() for name in listed(Path("out"))}

    def stop(*_):
        raise reason

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
        analysis.report(teacup, "out", runs=0)
    if caught.type is OutputError:
        assert re.fullmatch(r"cannot write '.*/out/\S+': no space left .*", str(caught.value))
    assert {name: Path("out", name).read_bytes() for name in listed(Path("out"))} == before
    assert list(Path().glob(".out*")) == []
