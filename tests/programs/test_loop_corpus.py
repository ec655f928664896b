"""Loops of models of a public collection are found and scored, and what holds of any holds.

The collection is found through ``LOOPSCOPE_TEST_MODELS``; the script itself is tested always, on
models written here.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = os.environ.get("LOOPSCOPE_TEST_MODELS", "")
CLOCK = "INITIAL TIME=0~~|\nFINAL TIME=5~~|\nTIME STEP=0.25~~|\nSAVEPER=1~~|\n"
LOGISTIC = "{UTF-8}\nx=INTEG(0.5*x-0.05*x*x, 1)~~|\ny=INTEG(x-y, 0)~~|\n" + CLOCK
SWITCH = "{UTF-8}\nx=INTEG(IF THEN ELSE(x>2,-1,x), 1)~~|\n" + CLOCK


@pytest.fixture(scope="module")
def corpus():
    path = Path(__file__).with_name("loop_corpus.py")
    description = importlib.util.spec_from_file_location("loopscope_loop_corpus", path)
    module = importlib.util.module_from_spec(description)
    sys.modules[description.name] = module  # dataclasses look themselves up
    description.loader.exec_module(module)
    yield module
    del sys.modules[description.name]


@pytest.fixture
def examined(corpus, tmp_path):
    def examine(text, name="model.mdl"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (row,) = corpus.examine_all(tmp_path)
        return row

    return examine


def test_a_good_model_has_no_flaw(examined):
    row = examined(LOGISTIC)
    assert (row.loops, row.refused, row.wrong) == (2, (), ())


def test_a_method_that_needs_derivatives_refuses(examined):
    row = examined(SWITCH)
    assert (row.loops, row.refused, row.wrong) == (1, ("influence",), ())


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("{UTF-8}\nx=INTEG(1, 0)~~|\n" + CLOCK, "no loop"),
        ("{UTF-8}\nx=3~~|\n" + CLOCK, "no stock"),
        ("{UTF-8}\nx=INTEG(nowhere, 0)~~|\n" + CLOCK, "not read"),
    ],
)
def test_models_without_loops_are_told_apart(examined, text, note):
    assert examined(text).note == note


def test_wrong_scores_are_found(corpus, examined, monkeypatch, tmp_path, capsys):
    from loopscope import loops

    usual = loops.score

    def broken(found, run, method, **options):
        scores = usual(found, run, method, **options).copy(deep=True)
        if method == "impact":
            scores["raw"].values[...] = np.nan
        elif method == "ltm" and not options:
            scores["relative"].values[...] *= 0.5
        elif method == "pathway":
            raise ZeroDivisionError
        return scores

    monkeypatch.setattr(loops, "score", broken, raising=False)
    row = examined(LOGISTIC)
    assert "ltm: relative scores of partition 0 do not sum to 1" in row.wrong
    assert row.wrong[-1] == "ZeroDivisionError: "
    assert corpus.main(["--models", str(tmp_path)]) == 1
    assert "1 files, 1 with loops, 1 wrong" in capsys.readouterr().out


def test_a_count_that_differs_is_found(corpus, examined, monkeypatch):
    monkeypatch.setattr(corpus.tally, "count", lambda *_: corpus.tally.Counts(0, 0, 0, True))
    assert examined(LOGISTIC).wrong[0] == "2 loops found, 0 counted, 2 listed"


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER, reason="LOOPSCOPE_TEST_MODELS does not name a collection")
def test_collection(corpus):
    rows = corpus.examine_all(Path(FOLDER))
    assert any(row.loops for row in rows)
    assert [row for row in rows if row.wrong] == []
