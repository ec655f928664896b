"""The command ``loopscope dominance`` on a real sweep, its files, pictures and mistakes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from loopscope import analysis

STUDY = {
    "title": "When does crowding take over?",
    "runs": 128,
    "seed": 1,
    "method": "RK4",
    "saveper": 1.0,
    "series": ["P"],
    "parameters": {
        "r": {"kind": "uniform", "low": 0.1, "high": 0.6},
        "K": {"kind": "uniform", "low": 20, "high": 400},
    },
    "design": {"kind": "sobol sequence"},
    "loops": {"track": "all"},
    "metrics": [{"name": "peak", "of": "P", "metric": "max"}],
}


@pytest.fixture(scope="module")
def store(logistic, tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "logistic.zarr"
    analysis.sweep(logistic.graph.model.path, STUDY, out=path, threads=1)
    return path


@pytest.fixture
def run(command, store, logistic):
    def go(*words):
        return command("dominance", store, *words)

    go.model = logistic.graph.model.path
    return go


def test_it_prints_who_dominates_when_it_shifts_and_what_decides(run):
    done = run("--at", 0, "--at", 20)
    assert done.code == 0
    assert "logistic: share of runs in which a loop dominates" in done.out
    row = next(line for line in done.out.splitlines() if line.strip().startswith("R1"))
    assert "100% (97-100)" in row
    assert "R1 to B1" in done.out
    assert "No parameter by itself tells at 0 which loop wins." in done.out
    later = run("--at", 20).out
    assert "What decides which loop wins at 20" in later
    assert "smaller r" in later


def test_its_numbers_are_those_of_the_functions(run, store):
    done = run("--json", "--statement", "B1 dominates before 12", "--map", "r,K", "--at", "15")
    told = json.loads(done.out)
    swept = analysis.open_sweep(store)
    record = analysis.dominance(swept)
    np.testing.assert_allclose(told["probability"], record["probability"])
    box = analysis.discover(swept, "B1 dominates before 12").found.box
    assert told["boxes"][0]["box"]["low"] == list(box.low)
    cells = analysis.dominance_map(swept, ("r", "K"), 15.0)
    np.testing.assert_array_equal(np.array(told["map"]["leader"], dtype=float), cells["leader"])
    assert told["deciding"][0]["parameter"] == "r"


def test_a_flip_a_move_and_other_methods_are_simulated_again(run):
    done = run(
        "--flip", 12, "--move", "first=20", "--methods", "ltm,impact", "--sample", 3,
        "--model", run.model, "--json",
    )  # fmt: skip
    told = json.loads(done.out)
    flip, move = told["changes"]
    assert (flip["base"], flip["together"]["shows"]) == ("R1", "B1")
    assert flip["together"]["length"] == pytest.approx(0.131, abs=1e-3)
    assert float(move["together"]["shows"]) == pytest.approx(20, abs=0.02)
    assert told["methods"]["by"] == ["ltm", "impact"]
    words = run("--flip", 12, "--model", run.model).out
    assert "all together" in words
    assert "simulated again: B1" in words
    assert "none was found within the ranges" in run("--flip", 1, "--model", run.model).out


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--figure", "shifts"),
        ("--map", "r,K"),
        ("--statement", "B1 dominates before 12"),
    ],
)
def test_each_picture_is_drawn(run, tmp_path, words):
    done = run(*words, "--plot", tmp_path / "picture.png")
    assert done.code == 0
    assert (tmp_path / "picture.png").stat().st_size > 10_000
    assert "wrote" in done.out


def test_files_hold_the_record(run, tmp_path, store):
    assert run("--out", tmp_path / "a.csv", "--out", tmp_path / "a.nc").code == 0
    record = analysis.dominance(analysis.open_sweep(store))
    with xr.open_dataset(tmp_path / "a.nc") as stored:
        np.testing.assert_array_equal(stored["probability"], record["probability"])
    lines = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("time,loop,name,probability")
    assert len(lines) == 1 + record.sizes["time"] * record.sizes["loop"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--map", "r"), "--map needs two parameters"),
        (("--map", "r,KK"), "varies no parameter 'KK'"),
        (("--move", "first"), "--move needs which shift and a time"),
        (("--figure", "maps"), "no figure 'maps'; did you mean 'map'"),
        (("--figure", "box"), "--figure box needs --statement"),
        (("--at", "99"), "time 99 is outside the run, 0 to 40"),
        (("--scenario", "storm"), "no scenario 'storm'"),
        (("--statement", "B7 dominates"), "no loop, metric or series 'B7'"),
        (("--out", "a.txt"), "must end in"),
    ],
)
def test_a_mistake_is_told_in_one_line(run, words, why):
    done = run(*words)
    assert done.code == 2
    assert why in done.err
    assert done.err.count("\n") == 1


def test_what_is_no_store_is_refused(command, tmp_path):
    done = command("dominance", tmp_path / "none.zarr")
    assert done.code == 2
    assert "none.zarr" in done.err
