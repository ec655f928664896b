"""Models and the command line, for the tests of this room."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CLOCK = """
INITIAL TIME = 0 ~ year ~ |
FINAL TIME = 10 ~ year ~ |
TIME STEP = 1 ~ year ~ |
SAVEPER = TIME STEP ~ year ~ |
"""

FAILING = """{UTF-8}
people = INTEG(people * people, 1) ~ people ~ |
pressure = 1 / (5 - Time) ~ 1/year ~ |
"""

TANK = """{UTF-8}
water = INTEG(inflow - outflow, 1) ~ litre ~ |
inflow = supply - heeded / patience ~ litre/year ~ |
outflow = water / residence ~ litre/year ~ |
seen = water * attention ~ litre ~ |
heeded = SMOOTH3(seen, delay) ~ litre ~ |
both = water - 2 * water * water ~ litre ~ |
left = both + heeded ~ litre ~ |
supply = 2 ~ litre/year [0,10] ~ |
residence = 4 ~ year [1,10] ~ |
attention = 1 ~ dmnl [0,1] ~ |
patience = 2 ~ year [1,5] ~ |
delay = 3 ~ year [1,5] ~ |
"""


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys):
    """Run a command line in this process."""
    from loopscope.analysis.cli import main

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


@pytest.fixture
def teacup(tmp_path, monkeypatch):
    """A copy of the example with its scenarios, in the working folder."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "teacup.mdl"


@pytest.fixture
def failing(model):
    """A model that divides by zero at time 5."""
    return model(FAILING, "failing.mdl")


@pytest.fixture
def model(tmp_path):
    """Write a Vensim model with a clock of ten years."""

    def write(text, name="model.mdl"):
        path = tmp_path / name
        path.write_text(text + CLOCK, encoding="utf-8")
        return path

    return write


@pytest.fixture
def tank(model):
    """Water with an outflow, and people who see it late and turn the tap."""
    return model(TANK, "tank.mdl")
