"""Models of a public collection run natively and agree with their canonical outputs.

The collection is found through ``LOOPSCOPE_TEST_MODELS``; the script itself is tested always, on
models written here.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

FOLDER = os.environ.get("LOOPSCOPE_TEST_MODELS", "")

TANK = """{UTF-8}
water level = INTEG(-outflow, 10)
	~	m3
	~		|
outflow = water level / 2
	~	m3/day
	~		|
INITIAL TIME = 0
	~	day
	~		|
FINAL TIME = 2
	~	day
	~		|
TIME STEP = 1
	~	day
	~		|
SAVEPER = 1
	~	day
	~		|
"""
# By hand: 10, 10 - 5 = 5, 5 - 2.5 = 2.5.
RIGHT = "Time\tWater_Level\toutflow\n0\t10\t5\n1\t5\t2.5\n2\t2.5\t\n"
ARRAYS = (
    TANK
    + """
place: here, there
	~
	~		|
level by place[place] = water level
	~	m3
	~		|
"""
)


@pytest.fixture(scope="module")
def corpus():
    path = Path(__file__).with_name("corpus.py")
    description = importlib.util.spec_from_file_location("loopscope_corpus", path)
    module = importlib.util.module_from_spec(description)
    sys.modules[description.name] = module  # dataclasses look themselves up
    description.loader.exec_module(module)
    yield module
    del sys.modules[description.name]


@pytest.fixture
def collection(tmp_path):
    def write(model: str, output: str, pysd: str = "ok") -> Path:
        folder = tmp_path / "tests" / "tank"
        folder.mkdir(parents=True)
        (folder / "tank.mdl").write_text(model, encoding="utf-8")
        (folder / "output.tab").write_text(output, encoding="utf-8")
        (tmp_path / "results-pysd-1.csv").write_text(
            f"file,result,columns_compared\ntests/tank/tank.mdl,{pysd},2\n", encoding="utf-8"
        )
        return tmp_path

    return write


def test_right_model_is_ok(corpus, collection):
    (row,) = corpus.examine_all(collection(TANK, RIGHT))
    assert (row.result, row.columns, row.pysd, row.wrong) == ("ok", 2, "ok", False)


def test_wrong_value_is_found(corpus, collection, capsys):
    folder = collection(TANK, RIGHT.replace("2.5\t\n", "2.6\t\n"))
    assert corpus.main(["--models", str(folder)]) == 1
    assert "1 apart: water level" in capsys.readouterr().out


def test_wrong_value_that_pysd_has_too_is_no_failure(corpus, collection):
    folder = collection(TANK, RIGHT.replace("2.5\t\n", "2.6\t\n"), pysd="bad")
    assert corpus.main(["--models", str(folder)]) == 0


def test_refusal_of_arrays_is_no_failure(corpus, collection):
    (row,) = corpus.examine_all(collection(ARRAYS, RIGHT))
    assert (row.result, row.outside, row.wrong) == ("refused", "subscripts", False)


def test_refusal_of_anything_else_is_a_failure(corpus, collection):
    (row,) = corpus.examine_all(collection(TANK.replace("level / 2", "nowhere / 2"), RIGHT))
    assert (row.result, row.wrong) == ("error", True)


def test_error_that_is_no_loopscope_error_is_a_failure(corpus, collection, monkeypatch):
    from loopscope import models

    def broken(path):
        raise ZeroDivisionError

    monkeypatch.setattr(models, "load", broken, raising=False)
    (row,) = corpus.examine_all(collection(TANK, RIGHT, pysd="error"))
    assert (row.result, row.wrong) == ("CRASH", True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1 ~ people [0, 10] ~ note: a, b |", ""),
        ("f( [(0,0)-(10,10)], (0,0),(10,1) ) ~ ~ |", ""),
        ("f = WITH LOOKUP(Time, ([(0,0)-(10,10)],(0,0),(10,1))) ~ ~ |", ""),
        ("x = IF THEN ELSE(a :AND: b, 1, 2) ~ ~ |", ""),
        ("a[row] = 1 ~ ~ |", "subscripts"),
        ("row: one, two ~ ~ |", "subscripts"),
        (":MACRO: F(x) F = x ~ ~ | :END OF MACRO:", "macros"),
        ("a = GET XLS CONSTANTS('b.xls', 'c', 'D1') ~ ~ |", "external data"),
        ("a := b ~ ~ |", "external data"),
    ],
)
def test_outside(corpus, tmp_path, text, expected):
    path = tmp_path / "model.mdl"
    path.write_text("{UTF-8}\n" + text, encoding="utf-8")
    assert corpus.outside(path) == expected


def test_names_compare_without_their_spelling(corpus):
    assert corpus.plain('"Water_Level"') == corpus.plain("water level")
    assert corpus.plain("level[a, b]") == corpus.plain("Level[A,B]")


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER, reason="LOOPSCOPE_TEST_MODELS does not name a collection")
@pytest.mark.filterwarnings("ignore:.*not well-formed XML")
def test_collection(corpus):
    rows = corpus.examine_all(Path(FOLDER))
    assert rows
    assert [row for row in rows if row.wrong] == []
