"""``loopscope modes``: from a store on the disk to a table, data and pictures."""

from __future__ import annotations

import json

import pytest

from loopscope import analysis

PARAMETERS = {
    "supply": {"kind": "uniform", "low": 0.1, "high": 8.0},
    "residence": {"kind": "uniform", "low": 1.0, "high": 10.0},
}


@pytest.fixture
def store(tank, tmp_path):
    study = {"runs": 64, "parameters": PARAMETERS, "series": ["water", "seen"]}
    analysis.sweep(tank, study, out=tmp_path / "tank.zarr")
    return tmp_path / "tank.zarr"


def test_shares_of_the_modes_of_each_series_are_printed_and_add_up(command, store):
    done = command("modes", store, "--json")
    assert done.code == 0
    rows = json.loads(done.out)["modes"]
    for name in ("water", "seen"):
        mine = [row for row in rows if row["outcome"] == name]
        assert sum(row["runs"] for row in mine) == 64
        assert sum(row["share"] for row in mine) == pytest.approx(1.0)
    words = command("modes", store, "--of", "Water").out
    assert "water: modes of 64 runs" in words
    assert "seen" not in words


def test_a_picture_and_a_map_are_drawn(command, store, tmp_path):
    for extra, name in ((), "runs.png"), (("--map", "supply,residence", "--cells", "4"), "map.svg"):
        done = command("modes", store, "--of", "water", *extra, "--plot", tmp_path / name)
        assert done.code == 0
        assert f"wrote {tmp_path / name}" in done.out
        assert (tmp_path / name).stat().st_size > 1000
    assert "map of water over supply (x) and residence (y)" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--of", "watr"), "did you mean 'water'?"),
        (("--map", "supply"), "--map takes two names, parted by ','"),
        (("--map", "supply,attention", "--of", "water"), "no parameter 'attention'"),
        (("--between", "a,b"), "no scenario 'a'"),
    ],
)
def test_a_mistake_is_one_line_with_the_next_move(command, store, words, said):
    done = command("modes", store, *words)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_what_is_no_store_is_refused(command, tmp_path):
    done = command("modes", tmp_path / "nothing.zarr")
    assert done.code == 2
    assert done.err.count("\n") == 1
