"""PySD and pysimlin load what Loopscope writes, and give the same run; so does a collection.

The collection is found through ``LOOPSCOPE_TEST_MODELS``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

FOLDER = os.environ.get("LOOPSCOPE_TEST_MODELS", "")
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"

ALL = """{UTF-8}
wave = SIN(Time) ~ ~ |
curve((0,1),(2,3),(9,-4)) ~ ~ |
"not quite (a name)" = IF THEN ELSE(wave > 0.2 :AND: Time < 9, curve(Time), -wave ^ 2) ~ ~ |
late = SMOOTH3I("not quite (a name)", 2, 5) ~ ~ |
later = DELAY3(late, 1 + 1) ~ ~ |
kicks = PULSE TRAIN(1, 0.5, 2, 8) + STEP(2, 3) - RAMP(0.5, 2, 6) ~ ~ |
share = ZIDZ(kicks, level) + MODULO(Time, 3) + INTEGER(-1.5 * wave) ~ ~ |
held = SAMPLE IF TRUE(wave > 0, wave, 5) ~ ~ |
level = INTEG(kicks - level / 4, 3 * INITIAL(late)) ~ ~ |
since = Time - INITIAL TIME + 1 / (TIME STEP + 1) ~ ~ |
INITIAL TIME = 1 ~ ~ |
FINAL TIME = 12 ~ ~ |
TIME STEP = 0.25 ~ ~ |
SAVEPER = 0.5 ~ ~ |
"""


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).with_name("conversions.py")
    description = importlib.util.spec_from_file_location("loopscope_conversions", path)
    module = importlib.util.module_from_spec(description)
    sys.modules[description.name] = module  # dataclasses look themselves up
    description.loader.exec_module(module)
    yield module
    del sys.modules[description.name]


@pytest.fixture(scope="module", params=["epidemic", "pond", "functions"])
def path(request, tmp_path_factory):
    if request.param != "functions":
        return EXAMPLES / f"{request.param}.mdl"
    made = tmp_path_factory.mktemp("conversions") / "functions.mdl"
    made.write_text(ALL, encoding="utf-8")
    return made


@pytest.mark.parametrize("form", [".mdl", ".xmile"])
@pytest.mark.filterwarnings("ignore")  # of PySD and of what it imports
def test_pysd_and_pysimlin_run_what_is_written(script, path, form):
    row = script.examine(path, path.name, form, ("PySD", "pysimlin"))
    assert row.result in {"bits", "near"}
    assert row.same
    if path.name == "functions.mdl":
        # pysimlin rounds INTEGER down in the old file; the new XMILE file says what is meant.
        said = dict(row.others)
        assert said.pop("PySD") == "ok"
        assert said == {"pysimlin": "ok" if form == ".mdl" else "apart: share"}
    else:
        assert row.others == (("PySD", "ok"), ("pysimlin", "ok"))


def test_a_run_that_is_apart_is_found(script):
    import numpy as np

    time = np.array([0.0, 1.0])
    same, far = script.apart(
        (time, {"a": time, "b": time}), (time, {"a": time, "b": 2 * time}), 1e-9
    )
    assert (same, far) == (False, ["b"])
    assert script.Row("x", ".mdl", "apart").wrong
    assert script.Row("x", ".mdl", "bits", same=False).wrong
    assert not script.Row("x", ".mdl", "refused").wrong


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER, reason="LOOPSCOPE_TEST_MODELS does not name a collection")
@pytest.mark.filterwarnings("ignore:.*not well-formed XML")
def test_collection(script):
    rows = script.examine_all(Path(FOLDER))
    assert rows
    assert [row for row in rows if row.wrong] == []
