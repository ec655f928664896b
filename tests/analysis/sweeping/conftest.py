"""What tests of sweeps share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def files_of(folder):
    """The bytes of every file of a folder, by its place."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def folders_of(folder):
    return {
        path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_dir()
    }


@pytest.fixture
def same():
    """Assert that two folders hold the same, to the last byte."""

    def check(one, other):
        first, second = files_of(one), files_of(other)
        assert sorted(first) == sorted(second)
        assert [place for place in first if first[place] != second[place]] == []
        assert folders_of(one) == folders_of(other)

    return check


@pytest.fixture
def fake(monkeypatch):
    """The module of the job that costs nothing."""
    monkeypatch.syspath_prepend(str(HERE))
    import fake

    yield fake
    sys.modules.pop("fake", None)
