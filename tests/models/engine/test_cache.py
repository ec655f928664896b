"""What is kept between processes: private, whole or absent, and never in the way."""

from __future__ import annotations

import gc
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from loopscope.models import simulate
from loopscope.models.engine import cache, native, plan, prepared

ROOT = Path(__file__).resolve().parents[3]
CLOCK = "\nINITIAL TIME=0~~|\nFINAL TIME=4~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
RUN = (
    "import sys; from loopscope.models.engine.simulate import run; "
    "print(run(sys.argv[1]).values['s'].tolist(), *sorted({'pysd', 'sympy', 'xarray', 'pandas'} "
    "& set(sys.modules)))"
)
COURSE = "[0.0, 2.0, 4.0, 6.0, 8.0]"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "two.mdl"
    path.write_text(f"{{UTF-8}}\ns=INTEG(a,0)~~|\na=2~~|\n{CLOCK}", encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache folder of this test alone, for this process and those it starts."""
    path = tmp_path / "kept"
    monkeypatch.setenv("LOOPSCOPE_CACHE", str(path))
    cache.folder.cache_clear()
    forget()
    yield path
    monkeypatch.undo()
    cache.folder.cache_clear()
    forget()


def forget() -> None:
    """Keep nothing in memory."""
    plan._kernels.clear()
    prepared._seen.clear()
    gc.collect()


def start(path: Path) -> subprocess.Popen[str]:
    roots = os.pathsep.join(str(ROOT / room) for room in ("models", "loops", "analysis"))
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(path)],
        env={**os.environ, "PYTHONPATH": roots},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return out.strip()


def compiled(monkeypatch) -> list[str]:
    """Names of the kernels compiled from now on."""
    names: list[str] = []
    usual = native.compile_ir

    def counting(text: str) -> bytes:
        names.append(text)
        return usual(text)

    monkeypatch.setattr(native, "compile_ir", counting)
    return names


def test_second_process_compiles_nothing_and_imports_no_translator(file, folder):
    first = finish(start(file))
    assert first.startswith(COURSE)
    kept = sorted(folder.iterdir())
    assert finish(start(file)) == COURSE
    assert sorted(folder.iterdir()) == kept


def test_two_processes_at_once_get_in_no_ones_way(file, folder):
    both = [start(file), start(file)]
    assert all(finish(process).startswith(COURSE) for process in both)
    assert not [path for path in folder.iterdir() if path.name.startswith("tmp")]
    assert finish(start(file)) == COURSE


@pytest.mark.skipif(os.name == "nt", reason="no such modes")
def test_folder_and_entries_are_the_users_own(file, folder):
    simulate(file)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    entries = list(folder.iterdir())
    assert entries
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in entries)


def test_entries_are_machine_code_and_plain_text_never_pickles(file, folder):
    simulate(file, parameters={"a": [1.0, 2.0]})
    bodies = [path.read_bytes()[cache.DIGEST :] for path in folder.iterdir()]
    starts = (b"\x7fELF", b"{", b"\xcf\xfa\xed\xfe", b"\x64\x86")
    assert all(body.startswith(starts) for body in bodies)
    code = "\n".join(path.read_text("utf-8") for path in Path(cache.__file__).parent.glob("*.py"))
    assert "import pickle" not in code


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "text", "folder"])
def test_damaged_entry_counts_as_absent(file, folder, monkeypatch, damage):
    expected = simulate(file)["s"].values
    for path in list(folder.iterdir()):
        data = path.read_bytes()
        if damage == "folder":
            path.unlink()
            path.mkdir()
        else:
            flipped = bytes([data[-1] ^ 1])
            path.write_bytes(
                {"cut": data[:-7], "empty": b"", "flip": data[:-1] + flipped, "text": b"x" * 50}[
                    damage
                ]
            )
    forget()
    made = compiled(monkeypatch)
    np.testing.assert_array_equal(simulate(file)["s"], expected)
    assert len(made) == 1


@pytest.mark.parametrize("place", ["file", "below a file", "writable by all", "empty", "nul"])
def test_folder_that_cannot_be_used_is_no_error(file, folder, monkeypatch, place):
    other = folder.parent / "other"
    if place == "writable by all":
        other.mkdir()
        other.chmod(0o777)
    else:
        other.write_text("mine")
    below = {"below a file": str(other / "kept"), "empty": "", "nul": "/dev/null/kept"}
    monkeypatch.setenv("LOOPSCOPE_CACHE", below.get(place, str(other)))
    cache.folder.cache_clear()
    assert cache.folder() is None
    np.testing.assert_array_equal(simulate(file)["s"], np.arange(5) * 2)
    assert not folder.exists()
    if other.is_dir():
        assert not list(other.iterdir())
    else:
        assert other.read_text() == "mine"


def test_changed_model_has_a_new_kernel_and_the_old_one_is_found_again(file, folder, monkeypatch):
    made = compiled(monkeypatch)
    original = file.read_text("utf-8")
    for text, slope in ((original, 2), (original.replace("INTEG(a", "INTEG(3*a"), 6)):
        file.write_text(text, "utf-8")
        assert simulate(file)["s"].values[-1] == 4 * slope
    assert len(made) == 2
    file.write_text(original, "utf-8")
    forget()
    assert simulate(file)["s"].values[-1] == 8
    assert len(made) == 2


def test_changed_values_need_no_new_kernel(file, folder, monkeypatch):
    made = compiled(monkeypatch)
    for value in (2, 3, 4.5):
        assert simulate(file, parameters={"a": value}, stop=2)["s"].values[-1] == 2 * value
    assert len(made) == 1


def test_oldest_entries_go_and_files_of_others_stay(folder, monkeypatch):
    monkeypatch.setattr(cache, "ENTRIES", 3)
    folder.mkdir(mode=0o700)
    letters = [folder / f"letter{number}.txt" for number in range(9)]
    for letter in letters:
        letter.write_text("dear all")
        os.utime(letter, (1, 1))
    for number in range(6):
        cache.write(f"entry{number}", b"body")
        os.utime(folder / f"entry{number}{cache.SUFFIX}", (100 + number, 100 + number))
    assert [cache.read(f"entry{number}") for number in (0, 1)] == [None, None]
    assert cache.read("entry5") == b"body"
    assert all(letter.read_text() == "dear all" for letter in letters)


def test_key_differs_when_parts_are_divided_otherwise():
    keys = {cache.key_of(*parts) for parts in (("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""))}
    assert len(keys) == 4


def test_kernels_may_be_freed_while_others_are_in_use(file, folder):
    keep = plan.kernel
    first = simulate(file, outputs=["s"])
    for width in ([1.0], [1.0, 2.0], 3.0):
        simulate(file, parameters={"a": width}, outputs=["a", "s"])
        plan._kernels.clear()
        gc.collect()
    assert plan.kernel is keep
    np.testing.assert_array_equal(simulate(file, outputs=["s"])["s"], first["s"])
