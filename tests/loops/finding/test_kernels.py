"""Kernels of the search are kept between processes, and kept well or not at all."""

from __future__ import annotations

import os
import subprocess
import sys

import numba
import pytest

from loopscope.loops.finding import kernels

CODE = """
from loopscope.loops.finding import search
import numpy as np
assert search.lowest(np.uint64(40)) == 3
print(search.lowest.stats.cache_hits[search.lowest.signatures[0]] if search.lowest.stats.cache_hits
      else 0)
"""


@pytest.fixture
def answer(tmp_path):
    """Run a kernel in a process of its own; returns how often the cache had it."""

    def run(place=tmp_path / "kept", before=""):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", before + CODE],
            env={**os.environ, "LOOPSCOPE_CACHE": str(place)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    return run


def test_kernels_are_kept_with_a_hash_and_used_again(answer, tmp_path):
    assert answer() == 0
    assert len(list((tmp_path / "kept").glob("*.loopscope"))) == 1
    assert list(tmp_path.rglob("*.nb?")) == []  # numba's own files have no hash
    assert answer() == 1


def test_damaged_kernels_count_as_absent(answer, tmp_path):
    answer()
    (entry,) = (tmp_path / "kept").glob("*.loopscope")
    whole = entry.read_bytes()
    for damaged in (b"", whole[:100], whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        entry.write_bytes(damaged)
        assert answer() == 0
        assert entry.read_bytes()[32:] != damaged[32:]
    assert answer() == 1


def test_kernels_work_where_nothing_is_kept(answer, tmp_path):
    assert answer("") == 0
    file = tmp_path / "no folder"
    file.write_text("")
    assert answer(file) == 0
    assert answer(file / "below") == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_kernels_work_where_the_disk_is_full(answer, tmp_path):
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
    assert answer(before=full) == 0
    assert list((tmp_path / "kept").glob("*.loopscope")) == []


def test_a_changed_source_makes_other_entries(monkeypatch):
    one = kernels.Entries("a")
    same = [one._entry("key"), kernels.Entries("a")._entry("key")]
    others = [kernels.Entries("b")._entry("key"), one._entry("other key")]
    monkeypatch.setattr(kernels, "source", lambda _: "changed")
    others.append(one._entry("key"))
    assert len({*same, *others}) == 4


def test_kernels_work_where_numba_finds_no_folder(monkeypatch):
    def refuse(*_):
        msg = "cannot cache function: no locator available"
        raise RuntimeError(msg)

    monkeypatch.setattr(numba.core.caching.CacheImpl, "__init__", refuse)
    double = kernels.compiled(lambda x: 2 * x)
    assert double(21) == 42
