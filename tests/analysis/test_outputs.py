"""Files are written whole or not at all."""

from __future__ import annotations

import csv
import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from loopscope.analysis import outputs
from loopscope.analysis.runs import simulate_all
from loopscope.models import files
from loopscope.models.errors import OutputError


@pytest.fixture
def runs(teacup):
    return simulate_all(teacup, ["airing", "warm room"])


def refused(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


def test_csv_holds_every_digit(runs, tmp_path):
    path = tmp_path / "runs.csv"
    outputs.write_runs(runs[:1], path)
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[:2] == ["time", "Teacup Temperature"]
    values = np.array(rows, dtype=float)
    np.testing.assert_array_equal(values[:, 0], runs[0].time)
    np.testing.assert_array_equal(values[:, 1], runs[0].values["Teacup Temperature"])


def test_several_runs_make_one_long_csv(runs, tmp_path):
    path = tmp_path / "runs.csv"
    outputs.write_runs(runs, path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["scenario"] for row in rows] == ["airing"] * 31 + ["warm room"] * 31
    assert float(rows[31]["Teacup Temperature"]) == 200


def test_a_name_with_a_comma_or_a_quote_survives_csv(model, tmp_path):
    source = '{UTF-8}\n"births, total" = INTEG(1, 0) ~ people ~ |\n'
    (run,) = simulate_all(model(source), [None])
    path = tmp_path / "runs.csv"
    outputs.write_runs([run], path)
    with path.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file))[1] == "births, total"


def test_netcdf_holds_dims_units_and_provenance(runs, tmp_path):
    import xarray as xr

    path = tmp_path / "runs.nc"
    outputs.write_runs(runs, path)
    with xr.open_dataset(path) as found:
        tea = found["Teacup Temperature"]
        assert tea.dims == ("scenario", "time")
        assert tea.attrs["units"] == "Degrees Fahrenheit"
        assert found["scenario"].values.tolist() == ["airing", "warm room"]
        assert json.loads(found.attrs["settings"])["warm room"]["Room Temperature"] == 80
        np.testing.assert_array_equal(tea.values[1], runs[1].values["Teacup Temperature"])


def test_names_that_netcdf_refuses_are_changed_and_the_authored_kept(model, tmp_path):
    import xarray as xr

    names = ("a/b", "a&b", "(start)")
    source = "{UTF-8}\n" + "".join(f'"{name}" = INTEG(1, 0) ~ people ~ |\n' for name in names)
    (run,) = simulate_all(model(source), [None])
    path = tmp_path / "run.nc"
    outputs.write_runs([run], path)
    with xr.open_dataset(path) as found:
        assert found["a_b"].attrs["long_name"] == "a/b"
        assert found["a&b"].attrs["long_name"] == "a&b"
        assert found["_(start)"].attrs["long_name"] == "(start)"


def test_two_names_that_become_one_are_told_apart(tmp_path):
    import xarray as xr

    path = tmp_path / "x.nc"
    outputs.write_netcdf(xr.Dataset({"a/b": ("time", [1.0]), "a_b": ("time", [2.0])}), path)
    with xr.open_dataset(path) as found:
        names = {found[name].attrs["long_name"]: float(found[name][0]) for name in found}
    assert names == {"a/b": 1.0, "a_b": 2.0}


def test_parquet_holds_the_same_table_with_units(runs, tmp_path):
    import pyarrow.parquet as pq

    path = tmp_path / "runs.parquet"
    outputs.write_runs(runs, path)
    table = pq.read_table(path)
    assert table.column_names[:3] == ["scenario", "time", "Teacup Temperature"]
    assert table.schema.field("Teacup Temperature").metadata[b"units"] == b"Degrees Fahrenheit"
    assert table.num_rows == 62


@pytest.mark.parametrize("suffix", outputs.SERIES)
def test_a_full_disk_leaves_the_old_file_and_nothing_else(runs, tmp_path, monkeypatch, suffix):
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / f"runs{suffix}"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", refused(errno.ENOSPC))
    with pytest.raises(OutputError, match=r"runs\.\w+': no space left on the disk"):
        outputs.write_runs(runs, path)
    assert path.read_text() == "old"
    assert list(folder.iterdir()) == [path]


def test_a_library_that_swallows_the_reason_still_says_full(tmp_path, monkeypatch):
    import xarray as xr

    monkeypatch.setattr(files, "_is_full", lambda folder: True)
    monkeypatch.setattr(
        xr.Dataset, "to_netcdf", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("HDF error"))
    )
    with pytest.raises(OutputError, match="no space left"):
        outputs.write_netcdf(xr.Dataset({"a": ("time", [1.0])}), tmp_path / "x.nc")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def interrupted():
        with outputs.whole(tmp_path / "x.csv") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.xls", "'x.xls' ends in '.xls', but a file name must end in .csv, .nc or .parquet"),
        ("x.cvs", "did you mean '.csv'"),
        ("x", "'x' has no ending"),
        ("no/x.csv", "does not exist; make it first"),
        ("file/x.csv", "is a file, not a folder"),
        (".", "is a folder; name a file in it"),
    ],
)
def test_a_target_is_refused_before_anything_is_computed(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    with pytest.raises(OutputError, match=message):
        outputs.target(name, outputs.SERIES)


@pytest.mark.parametrize(("locked", "message"), [("x.csv", "read-only"), ("", "no permission")])
def test_a_target_that_may_not_be_written_is_refused(tmp_path, monkeypatch, locked, message):
    (tmp_path / "x.csv").write_text("")
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path / locked)
    with pytest.raises(OutputError, match=message):
        outputs.target(tmp_path / "x.csv", outputs.SERIES)


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    outputs.write_text(outputs.target(tmp_path / "link.csv", outputs.SERIES), "new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"
