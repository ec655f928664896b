"""Small models whose attributions are known."""

from __future__ import annotations

import pytest

from loopscope.models import source

CLOCK = """
INITIAL TIME = 0~~|
FINAL TIME = 4~~|
TIME STEP = 0.25~~|
SAVEPER = 1~~|
"""


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Load the text of a Vensim file, with a clock added, and loops.toml beside it."""
    folder = tmp_path_factory.mktemp("attributing")

    def read(text: str, loops: str = ""):
        path = folder / "case.mdl"
        path.write_text("{UTF-8}\n" + text + CLOCK, encoding="utf-8")
        beside = folder / "case.loops.toml"
        beside.unlink(missing_ok=True)
        if loops:
            beside.write_text(loops, encoding="utf-8")
        return source.load(path)

    return read
