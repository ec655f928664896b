"""``analysis.sweep`` and ``loopscope sweep`` on a real model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from loopscope import analysis, models
from loopscope.analysis.sweeping.contents import contents
from loopscope.models.errors import OutputError, StudyError, UnknownNameError

ROOT = Path(__file__).resolve().parents[3]

DOUBLING = """{UTF-8}
people = INTEG(rate * people, 1) ~ people ~ |
rate = 0.1 ~ 1/year [0,2] ~ |
"""

FAILS = """{UTF-8}
people = INTEG(rate * people * people, 1) ~ people ~ |
rate = 0.1 ~ 1/people/year [0,1000000] ~ |
"""

STUDY = {
    "title": "How many people",
    "runs": 64,
    "seed": 3,
    "series": ["people"],
    "parameters": {"rate": {"kind": "uniform", "low": 0.0, "high": 1.0}},
    "metrics": [{"name": "most", "of": "people", "metric": "max"}],
}

TOML = """
title = "How many people"
runs = 64
seed = 3
series = ["people"]
[parameters]
rate = { kind = "uniform", low = 0.0, high = 1.0 }
[[metrics]]
name = "most"
of = "people"
metric = "max"
"""


@pytest.fixture
def doubling(model):
    """A model with a closed form, and its study."""
    path = model(DOUBLING)
    folder = path.with_name("model.studies")
    folder.mkdir()
    (folder / "growth.toml").write_text(TOML, encoding="utf-8")
    return path


def test_runs_are_those_of_the_model(doubling):
    # Euler with a step of one year: (1 + rate) ** year.
    swept = analysis.sweep(doubling, STUDY)
    rate = swept["inputs"].sel(parameter="rate")
    assert 0.0 <= float(rate.min()) < 0.1 < 0.9 < float(rate.max()) <= 1.0
    wanted = (1.0 + rate.values[:, None]) ** swept["time"].values
    np.testing.assert_allclose(swept["people"].values, wanted, rtol=1e-12)
    np.testing.assert_allclose(swept["most"].values, wanted[:, -1], rtol=1e-12)
    again = models.simulate(doubling, parameters={"rate": rate.values})
    np.testing.assert_array_equal(swept["people"].values, again["people"].values)


def test_a_store_holds_the_same_as_memory(doubling, tmp_path):
    there = analysis.sweep(doubling, STUDY, out=tmp_path / "a.zarr", threads=1)
    xr.testing.assert_identical(there.load(), analysis.sweep(doubling, STUDY, threads=3))
    xr.testing.assert_identical(there, analysis.open_sweep(tmp_path / "a.zarr").load())


def test_a_study_is_found_by_name_and_by_path(doubling, command):
    folder = doubling.with_name("model.studies")
    by_path = analysis.sweep(folder / "growth.toml", runs=8)
    by_name = analysis.sweep(doubling, "growth", runs=8)
    xr.testing.assert_identical(by_path, by_name)
    done = command("sweep", f"{doubling}/growth", "--runs", 8, "--json")
    assert done.code == 0
    assert json.loads(done.out)["runs"] == 8


def test_failed_runs_are_counted_and_listed(model, command, tmp_path):
    study = {
        **STUDY,
        "parameters": {"rate": {"kind": "discrete", "values": [0.0, 1e6]}},
        "metrics": [],
    }
    swept = analysis.sweep(model(FAILS), study)
    failed = analysis.statuses(swept)
    high = np.flatnonzero(swept["inputs"].values[:, 0] > 0)
    assert [one.run for one in failed] == high.tolist()
    assert {one.variable for one in failed} == {"people"}
    assert np.isnan(swept["people"].values[high, -1]).all()
    assert swept.sizes["run"] == 64
    assert len(analysis.statuses(swept, 2)) == 2
    file = tmp_path / "study.toml"
    file.write_text(
        TOML.replace('"uniform", low = 0.0, high = 1.0', '"discrete", values = [0.0, 1e6]'),
        encoding="utf-8",
    )
    done = command("sweep", file, "--model", tmp_path / "model.mdl")
    assert done.code == 3
    assert f"{len(high)} of 64 runs failed: run {high[0]}: 'people' left the finite" in done.out


def test_what_is_printed_is_what_was_computed(doubling, command, tmp_path):
    store = tmp_path / "a.zarr"
    done = command("sweep", f"{doubling}/growth", "--out", store, "--plot", tmp_path / "a.png")
    assert done.code == 0, done.err
    swept = analysis.open_sweep(store)
    low, middle = np.quantile(swept["most"].values, [0.025, 0.5])
    row = next(line for line in done.out.splitlines() if line.startswith(" most"))
    assert f"{low:.4g}" in row
    assert f"{middle:.4g}" in row
    assert "people at 10" in done.out
    assert "all 64 runs stayed in the finite numbers" in done.out
    assert f"next: loopscope sensitivity {store}" in done.out
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_json_holds_the_same_as_the_table(doubling, command):
    found = json.loads(command("sweep", f"{doubling}/growth", "--json").out)
    swept = analysis.sweep(doubling, STUDY)
    most = next(one for one in found["outcomes"] if one["name"] == "most")
    levels = found["levels"]
    assert most["quantiles"] == pytest.approx(np.quantile(swept["most"].values, levels))
    assert found["failed"] == {"count": 0, "first": []}


def test_a_study_that_is_not_there_is_told_with_those_that_are(doubling, command):
    with pytest.raises(UnknownNameError, match="no study named 'grwth'; did you mean 'growth'"):
        analysis.sweep(doubling, "grwth")
    done = command("sweep", "policy resistence")
    assert done.code == 2
    assert "did you mean 'policy_resistance'" in done.err
    done = command("sweep", "zzz")
    assert "there are: migration_policy/" in done.err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ({"resume": True}, r"nothing to resume: name the store with --out"),
        ({"client": object(), "scheduler": "tcp://127.0.0.1:1"}, "not both"),
        ({"runs": 0}, "runs"),
    ],
)
def test_what_cannot_be_asked_is_told(doubling, words, wanted):
    with pytest.raises(StudyError, match=wanted):
        analysis.sweep(doubling, STUDY, **words)


def test_a_store_of_another_study_or_model_is_refused(doubling, tmp_path):
    store = tmp_path / "a.zarr"
    analysis.sweep(doubling, STUDY, out=store)
    for asked, words in (
        ({**STUDY, "seed": 4}, r"another study \(seed: 3 there, 4 here\)"),
        ({**STUDY, "series": []}, "another study"),
        ({**STUDY, "runs": 32}, "another study"),
    ):
        with pytest.raises(OutputError, match=words):
            analysis.sweep(doubling, asked, out=store, resume=True)
    text = doubling.read_text(encoding="utf-8")
    doubling.write_text(text.replace("[0,2]", "[0,3]"), encoding="utf-8")
    with pytest.raises(OutputError, match="another version of model 'model'"):
        analysis.sweep(doubling, STUDY, out=store, resume=True)
    again = analysis.sweep(doubling, STUDY, out=tmp_path / "b.zarr", resume=True)
    assert again.sizes["run"] == 64


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(doubling, tmp_path, same):
    store, whole = tmp_path / "a.zarr", tmp_path / "b.zarr"
    roots = os.pathsep.join(str(ROOT / room) for room in ("models", "loops", "analysis"))
    words = ["sweep", f"{doubling}/growth", "--runs", "200000", "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "loopscope", *words, "--out", str(store)],
        env={**os.environ, "PYTHONPATH": roots},
        # Jobs in the background of a shell begin with Ctrl-C ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not (store / "failed_in" / "c.2").exists():
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    done = contents(store).done
    assert 3 * 2048 <= done < 200_000
    assert f"interrupted; {done:,} of 200,000 runs are kept in 'a.zarr'" in said
    assert "--resume" in said
    assert "Traceback" not in said
    analysis.sweep(doubling, "growth", runs=200_000, out=store, resume=True)
    analysis.sweep(doubling, "growth", runs=200_000, out=whole)
    same(store, whole)
