"""One store in a folder: whole, the same bytes whatever happens, and refused where it must be."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from loopscope.analysis.sweeping.contents import contents
from loopscope.analysis.sweeping.filling import Interrupted
from loopscope.analysis.sweeping.layout import folders_of
from loopscope.analysis.sweeping.swept import open_sweep
from loopscope.models.errors import OutputError, StudyError

BOTH = ("base", "storm")


def stopped(fake, path, *, after=3, **asked):
    """A store whose writing was interrupted after some chunks."""

    def step(done, total):
        if done >= 8 * after:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        fake.written(path, progress=step, **asked)
    return str(caught.value)


@pytest.mark.parametrize("scenarios", [("base",), BOTH])
def test_a_store_holds_what_the_job_computed(fake, tmp_path, scenarios):
    swept = fake.written(tmp_path / "a.zarr", scenarios=scenarios)
    job = fake.FakeJob()
    for place, name in enumerate(scenarios):
        wanted = job.compute(0, 100, place)
        found = swept.sel(scenario=name) if len(scenarios) > 1 else swept
        for variable, values in wanted.items():
            np.testing.assert_array_equal(found[variable].values, values)
            assert found[variable].dtype == values.dtype
    assert swept["run"].values.tolist() == list(range(100))
    assert swept["fish"].attrs == {"units": "fish", "role": "series"}
    assert swept["parameter"].values.tolist() == ["birth rate", "größte Zahl"]
    assert swept["unit"].dims == ("parameter",)


def test_xarray_opens_a_store_by_itself(fake, tmp_path):
    # Warnings are errors here.
    fake.written(tmp_path / "a.zarr", scenarios=BOTH)
    plain = xr.open_zarr(tmp_path / "a.zarr")
    assert plain["fish"].dims == ("scenario", "run", "time")
    assert float(plain["fish"].sel(scenario="storm", run=10, time=2003)) == pytest.approx(
        np.sin(10.0) * 2003 + 1000
    )
    assert set(plain.coords) == {"run", "time", "parameter", "unit", "scenario"}


def test_zarr_alone_reads_a_store_without_its_summary(fake, tmp_path):
    import zarr

    fake.written(tmp_path / "a.zarr")
    group = zarr.open_group(tmp_path / "a.zarr", mode="r", use_consolidated=False)
    assert sorted(group.array_keys()) == sorted(
        ["run", "time", "parameter", "unit", "inputs", "fish", "boats_nets", "most fish", "state",
         "failed_at", "failed_in"]
    )  # fmt: skip
    assert group["fish"].shape == (100, 11)


@pytest.mark.parametrize("scenarios", [("base",), BOTH])
def test_memory_holds_the_same_as_a_store(fake, tmp_path, scenarios):
    from loopscope.analysis.sweeping.filling import fill
    from loopscope.analysis.sweeping.memory import Memory

    place = Memory(fake.outline(scenarios=scenarios))
    fill(fake.FakeJob(), place, threads=2)
    stored = fake.written(tmp_path / "a.zarr", scenarios=scenarios).load()
    xr.testing.assert_identical(place.dataset(), stored)


def test_more_than_the_memory_of_the_machine_is_refused(fake, monkeypatch):
    from loopscope.analysis.sweeping import memory

    monkeypatch.setattr(memory, "memory", lambda: 10_000)
    with pytest.raises(StudyError, match=r"10,000 runs take 0\.0 GB.*--out"):
        memory.Memory(fake.outline(runs=10_000))


@pytest.mark.parametrize("threads", [1, 3])
def test_bytes_do_not_depend_on_threads(fake, tmp_path, same, threads):
    fake.written(tmp_path / "a.zarr", threads=2)
    fake.written(tmp_path / "b.zarr", threads=threads)
    same(tmp_path / "a.zarr", tmp_path / "b.zarr")


def test_values_do_not_depend_on_the_size_of_chunks(fake, tmp_path):
    small, large = (fake.written(tmp_path / f"{n}.zarr", chunk=n).load() for n in (4, 64))
    xr.testing.assert_identical(small, large)


def test_a_store_killed_at_any_moment_ends_in_the_same_bytes(fake, tmp_path, same, run_python):
    kills = 20
    done = run_python(fake.__file__, str(tmp_path / "killed.zarr"), str(kills))
    assert done.returncode == 0, done.stderr
    fake.written(tmp_path / "whole.zarr", runs=300, scenarios=BOTH)
    same(tmp_path / "killed.zarr", tmp_path / "whole.zarr")


def test_what_is_done_is_kept_and_the_rest_is_computed(fake, tmp_path, same):
    path = tmp_path / "a.zarr"
    said = stopped(fake, path)
    done = contents(path).done
    assert 24 <= done < 100
    assert f"{done} of 100 runs are kept in 'a.zarr'" in said
    assert "--resume" in said
    steps = []
    fake.written(path, resume=True, progress=lambda done, total: steps.append((done, total)))
    assert steps[0] == (done, 100)
    assert steps[-1] == (100, 100)
    fake.written(tmp_path / "b.zarr")
    same(path, tmp_path / "b.zarr")


def test_a_store_that_is_done_is_not_computed_again(fake, tmp_path):
    fake.written(tmp_path / "a.zarr")
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "a.zarr").rglob("c.*")}
    steps = []
    fake.written(tmp_path / "a.zarr", resume=True, progress=lambda *step: steps.append(step))
    assert steps == [(100, 100)]
    after = {file: file.stat().st_mtime_ns for file in (tmp_path / "a.zarr").rglob("c.*")}
    assert before == after


@pytest.mark.parametrize(
    "place", ["fish/c.3.0", "failed_in/c.3", "inputs/c.0.0", "zarr.json", "fish/zarr.json",
              "parameter/c.0"],
)  # fmt: skip
@pytest.mark.parametrize("how", ["gone", "empty", "cut", "one bit"])
def test_what_is_damaged_is_written_again(fake, tmp_path, same, place, how):
    for name in ("a", "b"):
        fake.written(tmp_path / f"{name}.zarr")
    file = tmp_path / "a.zarr" / place
    content = bytearray(file.read_bytes())
    if how == "gone":
        file.unlink()
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    if place == "zarr.json":  # nobody knows of which study the rest is
        with pytest.raises(OutputError, match=r"no sweep wrote|is of another|not the 'zarr"):
            fake.written(tmp_path / "a.zarr", resume=True)
        return
    fake.written(tmp_path / "a.zarr", resume=True)
    same(tmp_path / "a.zarr", tmp_path / "b.zarr")


def test_a_damaged_file_is_not_read_as_numbers(fake, tmp_path):
    swept = fake.written(tmp_path / "a.zarr")
    file = tmp_path / "a.zarr" / "fish" / "c.3.0"
    content = bytearray(file.read_bytes())
    content[40] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match="checksum"):
        swept["fish"].load()


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"runs": 200}, r"another study \(runs: 100 there, 200 here\)"),
        ({"study": '{"runs": 100, "seed": 2}'}, r"another study \(seed: 1 there, 2 here\)"),
        ({"versions": "loopscope 2, numpy 2"}, r"another version \(loopscope 1 there, loopscope 2"),
        ({"scenarios": BOTH}, "another layout"),
    ],
)
def test_a_store_of_another_sweep_is_refused(fake, tmp_path, same, asked, wanted):
    fake.written(tmp_path / "a.zarr")
    shutil.copytree(tmp_path / "a.zarr", tmp_path / "b.zarr")
    with pytest.raises(OutputError, match=f"cannot go on.*{wanted}"):
        fake.written(tmp_path / "a.zarr", resume=True, **asked)
    same(tmp_path / "a.zarr", tmp_path / "b.zarr")


def test_a_store_of_another_model_or_format_is_refused(fake, tmp_path):
    fake.written(tmp_path / "a.zarr")
    root = tmp_path / "a.zarr" / "zarr.json"
    text = root.read_text(encoding="utf-8")
    root.write_text(text.replace('"model_sha256": "12"', '"model_sha256": "34"'), encoding="utf-8")
    with pytest.raises(OutputError, match="another version of model 'pond'"):
        fake.written(tmp_path / "a.zarr", resume=True)
    root.write_text(text.replace("loopscope sweep 1", "loopscope sweep 2"), encoding="utf-8")
    with pytest.raises(OutputError, match="another format"):
        fake.written(tmp_path / "a.zarr", resume=True)
    with pytest.raises(StudyError, match=r"format 'loopscope sweep 2'.*reads 'loopscope sweep 1'"):
        open_sweep(tmp_path / "a.zarr")


def test_a_store_that_is_there_is_not_written_over(fake, tmp_path):
    fake.written(tmp_path / "a.zarr")
    with pytest.raises(OutputError, match=r"holds a sweep already.*--resume"):
        fake.written(tmp_path / "a.zarr")


def test_what_is_something_else_is_refused(fake, tmp_path):
    (tmp_path / "file.zarr").write_text("mine")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        fake.written(tmp_path / "file.zarr", resume=True)
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "mine.zarr" / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds 'letter\.txt', but not the 'zarr"):
        fake.written(tmp_path / "mine.zarr", resume=True)
    xr.Dataset({"a": 1}).to_zarr(tmp_path / "other.zarr", zarr_format=2, consolidated=False)
    with pytest.raises(OutputError, match="but not the 'zarr"):
        fake.written(tmp_path / "other.zarr", resume=True)
    (tmp_path / "group.zarr").mkdir()
    (tmp_path / "group.zarr" / "zarr.json").write_text('{"zarr_format": 3, "attributes": {}}')
    with pytest.raises(OutputError, match="no sweep wrote"):
        fake.written(tmp_path / "group.zarr", resume=True)
    with pytest.raises(OutputError, match=r"ends in '\.zarr'"):
        fake.written(tmp_path / "results.csv")
    with pytest.raises(OutputError, match="does not exist"):
        fake.written(tmp_path / "none" / "a.zarr")


def test_only_one_process_writes_to_a_store(fake, tmp_path):
    from loopscope.analysis.sweeping.store import Store

    store = Store(tmp_path / "a.zarr", fake.outline())
    with pytest.raises(OutputError, match="another sweep is writing"):
        Store(tmp_path / "a.zarr", fake.outline(), resume=True)
    store.close()
    Store(tmp_path / "a.zarr", fake.outline(), resume=True).close()


def test_a_full_disk_is_told_and_loses_nothing(fake, tmp_path, same, monkeypatch):
    written, write = [], Path.write_bytes

    def full(path, content):
        written.append(path)
        if len(written) > 60:
            write(path, content[:1])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OutputError, match=r"no space left.*of 100 runs are kept.*--resume"):
            fake.written(tmp_path / "a.zarr")
    assert 0 < contents(tmp_path / "a.zarr").done < 100
    fake.written(tmp_path / "a.zarr", resume=True)
    fake.written(tmp_path / "b.zarr")
    same(tmp_path / "a.zarr", tmp_path / "b.zarr")


def test_a_file_that_may_not_grow_is_told_and_loses_nothing(fake, tmp_path, same):
    # The root, some 20 kB, is written; a chunk of 1024 runs of 11 numbers is not.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        with pytest.raises(OutputError, match=r"cannot write.*File too large"):
            fake.written(tmp_path / "a.zarr", runs=3000, chunk=1024)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    fake.written(tmp_path / "a.zarr", resume=True, runs=3000, chunk=1024)
    fake.written(tmp_path / "b.zarr", runs=3000, chunk=1024)
    same(tmp_path / "a.zarr", tmp_path / "b.zarr")


def test_a_read_only_folder_is_told(fake, tmp_path, monkeypatch):
    # Whoever runs the tests may be allowed to write anywhere.
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: mode & os.W_OK == 0 and allowed(path, mode)
    )
    with pytest.raises(OutputError, match="no permission to write in folder"):
        fake.written(tmp_path / "a.zarr")
    (tmp_path / "b.zarr").mkdir()
    with pytest.raises(OutputError, match="no permission to write in this folder"):
        fake.written(tmp_path / "b.zarr")


def test_a_store_that_was_stopped_is_opened_by_request_only(fake, tmp_path):
    path = tmp_path / "a.zarr"
    stopped(fake, path, scenarios=BOTH)
    with pytest.raises(StudyError, match=r"was stopped: \d+ of 200 runs are there.*--resume"):
        open_sweep(path)
    part = open_sweep(path, incomplete=True)
    assert 0 < part.sizes["run"] < 100
    whole = fake.written(path, resume=True, scenarios=BOTH)
    xr.testing.assert_identical(part.load(), whole.sel(run=part["run"]).load())


def test_runs_of_a_gap_are_left_out(fake, tmp_path):
    fake.written(tmp_path / "a.zarr", scenarios=BOTH)
    (tmp_path / "a.zarr" / "failed_in" / "c.1.2").unlink()
    part = open_sweep(tmp_path / "a.zarr", incomplete=True)
    assert part["run"].values.tolist() == [*range(16), *range(24, 100)]
    assert np.isfinite(part["failed_at"].values[0, 3])


def test_no_store_and_one_without_a_run_are_told(fake, tmp_path):
    with pytest.raises(StudyError, match="there is no"):
        open_sweep(tmp_path / "a.zarr")
    (tmp_path / "b.zarr").mkdir()
    with pytest.raises(StudyError, match="is no sweep"):
        open_sweep(tmp_path / "b.zarr")
    fake.written(tmp_path / "c.zarr", runs=5)
    (tmp_path / "c.zarr" / "failed_in" / "c.0").unlink()
    with pytest.raises(StudyError, match="before any run was done"):
        open_sweep(tmp_path / "c.zarr", incomplete=True)


@given(st.lists(st.text(min_size=1), unique=True))
def test_every_name_has_a_folder_of_its_own(names):
    folders = folders_of(names)
    assert list(folders) == names
    assert len({folder.casefold() for folder in folders.values()}) == len(names)
    for name, folder in folders.items():
        assert len(folder.encode()) <= 255
        assert not set(folder) & set('/<>:"\\\\|?*')
        assert folder.isprintable()
        assert folder[0] not in ". "
        assert folder[-1] not in ". "
        plain = name.isascii() and name.replace(" ", "x").isalnum() and name.strip() == name
        if plain and len(name) <= 200:
            assert folder.casefold().startswith(name.casefold())


def test_no_time_of_day_stands_in_a_store(fake, tmp_path):
    fake.written(tmp_path / "a.zarr")
    root = json.loads((tmp_path / "a.zarr" / "zarr.json").read_text(encoding="utf-8"))
    assert set(root["attributes"]) == {
        "model", "model_sha256", "variables", "title", "study", "design", "seed", "versions",
        "format", "runs", "coordinates",
    }  # fmt: skip
