"""The command line: what works."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_list_names_the_library(command):
    done = command("list")
    assert done.code == 0
    assert "migration_policy" in done.out
    assert "tightening" in done.out
    (entry,) = json.loads(command("list", "--json").out)
    assert entry["cases"] == ["us", "eu27", "kazakhstan", "west germany"]


def test_describe_tells_time_flows_and_settings(command, teacup):
    done = command("describe", teacup)
    assert "0 to 30 Minute" in done.out
    assert "Room Temperature = 40 from 5 to 15" in done.out
    found = json.loads(command("describe", teacup, "--json").out)
    assert found["counts"]["stocks"] == 1
    assert found["stocks"][0]["outflows"] == ["Heat Loss to Room"]


def test_describe_tells_about_one_variable(command, teacup):
    done = command("describe", teacup, "--variable", "heat_loss to room")
    assert "(-Room Temperature + Teacup Temperature)/Characteristic Time" in done.out
    found = json.loads(command("describe", teacup, "-v", "Room Temperature", "--json").out)
    assert found[0]["used_by"] == ["Heat Loss to Room"]


def test_run_prints_stocks(command, teacup):
    done = command("run", teacup)
    assert (done.code, done.err) == (0, "")
    assert "75.37" in done.out
    assert "status ok" in done.out


def test_run_writes_in_place_of_printing(command, teacup):
    done = command("run", teacup, "--out", "tea.csv", "--out", "tea.nc", "--plot", "tea.png")
    assert done.out.splitlines() == [
        f"wrote {teacup.parent / name}" for name in ("tea.csv", "tea.nc", "tea.png")
    ]
    with Path("tea.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 32


def test_run_takes_settings_paths_and_start_values(command, teacup):
    done = command(
        "run", teacup, "--set", "characteristic_time=5", "--initial", "teacup temperature=100",
        "--set", "Room Temperature={value=40, from=10, to=20}", "--output", "teacup temperature",
        "--output", "room temperature", "--stop", 20, "--dt", 0.25, "--saveper", 5,
        "--method", "rk4", "--json",
    )  # fmt: skip
    first, room = json.loads(done.out)["runs"][0]["variables"]
    assert (first["variable"], first["start"]) == ("Teacup Temperature", 100)
    assert (room["lowest"], room["highest"]) == (40, 70)


def test_run_writes_only_the_outputs_named(command, teacup):
    command("run", teacup, "-o", "room temperature", "--out", "room.csv")
    assert Path("room.csv").read_text().splitlines()[0] == "time,Room Temperature"


def test_run_of_a_case_prints_its_errors(command):
    done = command("run", "migration_policy", "--case", "US")
    assert "U.S. Border Patrol" in done.out or "US Border Patrol" in done.out
    found = json.loads(command("run", "migration_policy", "-c", "us", "--json").out)
    fits = found["runs"][0]["observed"]
    assert len(fits) == 9
    for fit in fits:
        assert sum(fit["theil"].values()) == pytest.approx(1)


def test_run_with_pysd_gives_the_same_tea(command, teacup):
    native = json.loads(command("run", teacup, "--json").out)
    other = json.loads(command("run", teacup, "--engine", "pysd", "--json").out)
    ends = [found["runs"][0]["variables"][0]["end"] for found in (native, other)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)


def test_a_failed_run_is_written_told_and_has_its_own_exit_code(command, failing, tmp_path):
    done = command("run", failing, "--out", tmp_path / "out.csv")
    assert done.code == 3
    assert done.err == (
        "loopscope: run 'as it stands' failed: 'pressure' is not finite at time 5 year; "
        "last finite values: pressure = 1, people = 1806\n"
    )
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[5].startswith("4.0,1806.0,1.0,")
    assert lines[6].startswith("5.0,,,")
    found = json.loads(command("run", failing, "--json").out)
    assert found["runs"][0]["failure"]["variable"] == "pressure"


def test_compare_tells_changes_and_writes_them(command, teacup):
    done = command("compare", teacup, "-s", "airing", "-s", "warm room", "--out", "table.csv")
    assert done.code == 0
    assert "compared with 'airing'" in done.out
    with Path("table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = json.loads(command("compare", teacup, "-s", "airing", "-s", "warm room", "--json").out)
    assert [row["scenario"] for row in rows] == ["airing", "warm room"]
    assert float(rows[1]["change"]) == found["outcomes"][1]["change"]


def test_compare_draws(command, teacup):
    assert command("compare", teacup, "-s", "airing", "--plot", "tea.svg").code == 0
    assert Path("tea.svg").read_text().startswith("<?xml")


def test_check_has_an_exit_code_for_what_is_wrong(command, teacup, model):
    assert command("check", teacup).code == 0
    wrong = model("{UTF-8}\nx = INTEG(-x / 2, 100) ~ people ~ |\n")
    assert command("check", wrong).code == 1
    assert json.loads(command("check", wrong, "--json").out)["ok"] is False


def test_report_says_where_to_look(command, teacup):
    done = command("report", teacup, "--out", "out", "--runs", "0")
    assert done.code == 0
    assert f"start with    {Path('out/index.html')}" in done.out
    found = json.loads(command("report", teacup, "--out", "out", "--runs", "0", "--json").out)
    assert {entry["file"] for entry in found["files"]} >= {"index.html", "report.md", "summary.csv"}


def test_text_of_a_model_is_not_taken_for_markup_or_control(command, model):
    path = model('{UTF-8}\n"[red]x\x1b[31m[/red]" = INTEG(1, 0) ~ people ~ |\n')
    done = command("run", path)
    assert "[red]x" in done.out
    assert "\x1b" not in done.out


def test_version_and_help(command):
    assert command("--version").out.startswith("loopscope 0.")
    for words in (["--help"], *([name, "--help"] for name in ("run", "compare", "report"))):
        done = command(*words)
        assert done.code == 0
        assert "Usage" in done.out


def test_an_interrupt_is_one_line(command, teacup, monkeypatch):
    from loopscope.analysis import runs

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "simulate_all", interrupt)
    done = command("run", teacup)
    assert (done.code, done.out) == (130, "")
    assert done.err == "loopscope: interrupted; no file was left half-written\n"


def test_a_bug_keeps_its_traceback(command, teacup, monkeypatch):
    from loopscope.analysis import runs

    def bug(*_, **__):
        raise AssertionError

    monkeypatch.setattr(runs, "simulate_all", bug)
    with pytest.raises(AssertionError):
        command("run", teacup)


def test_a_run_end_to_end_in_a_fresh_process(run_python, tmp_path):
    out = tmp_path / "base.csv"
    done = run_python("-m", "loopscope", "run", "migration_policy", "--out", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert out.read_text().startswith("time,natives,legal migrants,")


def test_a_mistake_end_to_end_is_one_line(run_python):
    done = run_python("-m", "loopscope", "run", "migration_polic")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("loopscope: no library model named 'migration_polic'")


def test_a_reader_that_goes_away_is_no_error(teacup):
    words = [sys.executable, "-m", "loopscope", "list"]
    reader = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    reader.stdout.close()
    assert reader.stderr.read() == b""
    reader.stderr.close()
    reader.wait()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_a_full_disk_behind_standard_output_is_one_line():
    words = [sys.executable, "-m", "loopscope", "list", "--json"]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "loopscope: cannot write to standard output: No space left on device\n"


def test_help_and_a_plain_run_load_nothing_heavy(run_python, tmp_path):
    code = (
        "import sys; from loopscope.analysis.cli import main; before = set(sys.modules); "
        "main({words}); "
        "print(*sorted({{'numpy', 'rich', 'pandas', 'xarray', 'sympy', 'pysd', 'scipy', "
        "'matplotlib'}} & set(sys.modules)))"
    )
    out = str(tmp_path / "x.csv")
    plain = ["run", "migration_policy", "--out", out]
    run_python("-m", "loopscope", *plain)
    loaded = run_python("-c", code.format(words=plain)).stdout.splitlines()[-1]
    assert loaded == "numpy"
    assert run_python("-c", code.format(words=["--version"])).stdout.splitlines()[-1] == ""
    for words in (["--help"], ["sweep", "--help"]):  # rich draws them
        loaded = run_python("-c", code.format(words=words)).stdout.splitlines()[-1]
        assert set(loaded.split()) <= {"rich"}
