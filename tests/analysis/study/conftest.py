"""A pond whose study a test changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from loopscope.analysis.study.settling import settle

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"

PARAMETERS = {
    "birth rate": {"kind": "uniform", "low": 0.5, "high": 2.0},
    "death rate": {"kind": "triangular", "low": 0.1, "mode": 0.2, "high": 0.6},
    "room": {"kind": "loguniform", "low": 300.0, "high": 3000.0},
}


def copied(folder):
    for name in ("pond.mdl", "pond.cases.toml"):
        shutil.copy(EXAMPLES / name, folder)
    shutil.copytree(EXAMPLES / "pond.studies", folder / "pond.studies")
    return folder / "pond.mdl"


@pytest.fixture
def pond(tmp_path):
    """The pond with its study, in a folder of its own."""
    return copied(tmp_path)


@pytest.fixture(scope="session")
def still_pond(tmp_path_factory):
    """The pond with its study; no test writes beside it."""
    return copied(tmp_path_factory.mktemp("pond"))


@pytest.fixture
def settled(still_pond):
    """Settle a small study of the pond with some fields changed; None takes a field out."""

    def settle_with(model=still_pond, **fields):
        study = {"runs": 64, "seed": 3, "series": ["fish"], "parameters": PARAMETERS, **fields}
        return settle(model, {name: value for name, value in study.items() if value is not None})

    return settle_with
