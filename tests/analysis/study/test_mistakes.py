"""Every mistake in a study is told in one line, with what to do."""

from __future__ import annotations

import pickle

import pytest

from loopscope.analysis.study.settling import settle
from loopscope.models.errors import (
    LoopscopeError,
    ReadError,
    RunError,
    StudyError,
    UnknownNameError,
)

ROOM = {"kind": "uniform", "low": 300.0, "high": 3000.0}
BOTH = {"birth rate": {"kind": "uniform", "low": 0.5, "high": 2}, "room": ROOM}
CORRELATED = [{"between": ["birth rate", "room"], "rank": 0.7}]
LOOPS = {"track": ["B1"]}


def metric(**fields):
    return [{"name": "m", **fields}]


WRONG = [
    ({"parameters": {"rom": ROOM}}, "no parameter named 'rom'; did you mean 'room'"),
    ({"parameters": None}, "no parameter is swept"),
    ({"parameters": ["room", "room"]}, "'room' is listed twice"),
    ({"parameters": {"room": ROOM, "Room": ROOM}}, "'room' stands there twice"),
    ({"parameters": {"room": ROOM | {"high": 30}}}, "end above its start; got low = 300, high = 3"),
    (
        {"parameters": {"room": ROOM | {"low": 100}}},
        r"'room' would reach from 100 to 3000, .* declares 200 to 3000; end it there \(low = 200",
    ),
    ({"parameters": {"room": {"kind": "uniform", "low": 300}}}, "'uniform' needs 'high'"),
    ({"parameters": {"room": {"kind": "unform"}}}, "called 'unform'; did you mean 'uniform'"),
    ({"parameters": {"room": {"kind": "fixed"}}}, "'room' is 'fixed', so it is not swept"),
    ({"parameters": {"room": 5}}, "expected a table with 'kind'"),
    ({"parameters": 5}, "expected \"all\", a list of names or a table, got 5"),
    ({"parameters": ["fish"]}, "'fish' is a stock; only constants are swept"),
    ({"parameters": ["TIME STEP"]}, "'TIME STEP' cannot be swept: all runs share their times"),
    ({"parameters": ["room"], "set": {"room": 9e2}}, "'room' is swept, but 'set' sets it too"),
    (
        {"parameters": {"room": {"kind": "normal", "mean": 900, "sd": 50}}},
        "'room' would reach from -inf to inf",
    ),
    ({"runs": 0}, "runs: Input should be greater than or equal to 1"),
    ({"runs": None}, "'sobol sequence' needs 'runs'"),
    ({"runs": 2**31}, "at most 1,073,741,824"),
    ({"seed": -1}, "seed: Input should be greater than or equal to 0"),
    ({"series": ["fsh"]}, "no output named 'fsh'; did you mean 'fish'"),
    ({"series": ["fish", "Fish"]}, "'fish' is named twice"),
    ({"series": None}, "nothing is kept of the runs"),
    ({"scenario": "dry"}, "no scenario named 'dry'; this model has no scenarios"),
    ({"scenario": "a", "scenarios": ["b"]}, "give 'scenario' or 'scenarios', not both"),
    ({"case": "lake"}, "no case named 'lake'"),
    ({"method": "Radau"}, "the compiled kernel, which has no 'Radau'"),
    ({"dt": 0.33}, "dt = 0.33 does not divide the run"),
    ({"start": 2012, "stop": 2000}, r"stop \(2000\) must lie after start \(2012\)"),
    ({"set": {"rom": 1}}, "no variable named 'rom'; did you mean 'room'"),
    ({"set": {"room": "big"}}, "set 'room': expected a number or a time path, got 'big'"),
    ({"sereis": ["fish"]}, "sereis: not a known field; did you mean 'series'"),
    ({"precision": "half"}, "precision: Input should be 'double' or 'single'"),
    ({"design": {"kind": "latin"}}, "no design is called 'latin'"),
    ({"design": {"kind": "saltelli"}, "runs": 9}, r"at least 16 runs here \(8 for each of 2"),
    ({"design": {"kind": "morris", "levels": 3}}, "levels: Input should be a multiple of 2"),
    ({"design": {"kind": "morris"}, "runs": 7}, r"at least 8 runs here \(4 for each of 2"),
    ({"design": {"kind": "fast"}}, "at least 195 runs here"),
    (
        {"design": {"kind": "morris"},
         "parameters": {"death rate": {"kind": "lognormal", "median": 0.3, "log_sd": 1}}},
        "'death rate' would reach from 0 to inf",
    ),
    ({"design": {"kind": "grid", "levels": 5}}, r"125 runs \(5 x 5 x 5\), but at most 64"),
    ({"design": {"kind": "grid"}, "runs": 7}, "2 levels each has 8 runs; got 7"),
    ({"design": {"kind": "grid", "levels": {"room": 2}}}, "no levels for 'birth rate'"),
    ({"design": {"kind": "grid", "values": {"rom": [1]}}}, "'rom' is not swept; did you mean"),
    ({"design": {"kind": "grid", "values": {"room": [9]}}}, "room = 9 lies outside .*3000"),
    ({"design": {"kind": "one at a time"}, "runs": 5}, "needs 7 runs here"),
    ({"design": {"kind": "one at a time", "quantiles": [2]}}, "less than or equal to 1"),
    ({"design": {"kind": "saltelli", "groups": [["room"], ["Room"]]}}, "'room' is in two groups"),
    ({"design": {"kind": "file", "file": "no.csv"}}, "no file 'no.csv' for the design"),
    ({"correlations": [{"between": ["rom", "room"], "rank": 0.1}]}, "'rom' is not swept; did you"),
    ({"correlations": [{"between": ["room", "room"], "rank": 0.1}]}, "and itself"),
    ({"correlations": [{"between": ["room", "birth rate"], "rank": 1}]}, "should be less than 1"),
    ({"correlations": CORRELATED * 2}, "between birth rate and room is given twice"),
    (
        {"correlations": CORRELATED,
         "parameters": BOTH | {"room": {"kind": "discrete", "values": [300, 400]}}},
        "'room' is discrete; rank correlations need distributions without steps",
    ),
    *(
        ({"design": {"kind": kind}, "correlations": CORRELATED, "runs": 500}, f"'{kind}' cannot")
        for kind in ("saltelli", "morris", "fast", "grid", "one at a time")
    ),
    ({"loops": {"track": "named"}}, "pond names no loops"),
    ({"loops": {"track": ["B9"]}}, "pond has no loop 'B9'"),
    ({"loops": {"track": ["B1", "b1"]}}, "'B1' is tracked twice"),
    ({"loops": {"track": []}}, "track names no loop"),
    ({"loops": {"track": ["B1"], "every": 0.3}}, "0.125 does not divide every = 0.3"),
    ({"metrics": metric(metric="maximum", of="fish")}, "no metric is called 'maximum'"),
    ({"metrics": metric(of="fish")}, "a metric needs 'metric': final, min, max"),
    ({"metrics": metric(metric="max")}, "metrics.'m': the metric 'max' needs 'of'"),
    ({"metrics": metric(metric="crossing", of="fish")}, "'crossing' needs 'level'"),
    ({"metrics": metric(metric="max", of="fsh")}, "metric 'm'.* named 'fsh'; did you mean 'fish'"),
    ({"metrics": metric(metric="max", of="fish") * 2}, "two metrics are named 'm'"),
    ({"metrics": [{"name": "Births", "metric": "max", "of": "fish"}]}, "'births' is also a var"),
    ({"metrics": [{"name": "state", "metric": "max", "of": "fish"}]}, "part of every result"),
    ({"metrics": metric(metric="max", of="fish", to=2013)}, "to = 2013 lies outside the run, 2000"),
    ({"metrics": metric(metric="max", of="fish", **{"from": 2002, "to": 2001})}, "end after it st"),
    ({"metrics": metric(metric="share", loop="B1", at=2001)}, "'share' is a metric of loops; add"),
    ({"metrics": metric(metric="share", loop="U1"), "loops": LOOPS}, "'U1' is not tracked; tr"),
    ({"metrics": metric(metric="dominant loop", at=1999), "loops": LOOPS}, "at = 1999 lies out"),
    (
        {"metrics": metric(metric="share", loop="B1", at=2001, to=2002), "loops": LOOPS},
        "give either 'at' or a window",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "message"), WRONG)
def test_a_study_that_cannot_be_run_is_refused_with_what_to_do(fields, message, settled):
    with pytest.raises((StudyError, UnknownNameError, RunError), match=message) as caught:
        settled(**fields)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("study: ")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_metric_of_a_lookup_and_a_series_of_one_are_refused(tmp_path):
    path = tmp_path / "table.mdl"
    path.write_text(
        "{UTF-8}\na=INTEG(t(b),1)~~|\nb=1~dmnl [0,2]~|\nt((0,0),(2,3))~~|\nINITIAL TIME=0~~|\n"
        "FINAL TIME=1~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
    )
    study = {"runs": 4, "series": ["a"], "parameters": "all"}
    assert settle(path, study).parameters == ("b",)
    with pytest.raises(StudyError, match="metric 'm': 't' is a lookup"):
        settle(path, study | {"metrics": metric(metric="max", of="t")})
    with pytest.raises(LoopscopeError, match="'t' is a lookup"):
        settle(path, study | {"series": ["t"]})


def test_a_model_that_changes_its_step_is_refused(tmp_path):
    path = tmp_path / "uneven.mdl"
    path.write_text(
        "{UTF-8}\na=INTEG(b,1)~~|\nb=1~dmnl [0,2]~|\nINITIAL TIME=0~~|\nFINAL TIME=4~~|\n"
        "TIME STEP=IF THEN ELSE(Time<2,1,0.5)~~|\nSAVEPER=TIME STEP~~|\n"
    )
    with pytest.raises(StudyError, match="uneven changes its step"):
        settle(path, {"runs": 4, "series": ["a"], "parameters": ["b"]})


def test_a_scenario_that_sets_a_swept_parameter_is_named(pond):
    pond.with_name("pond.scenarios.toml").write_text(
        '[[scenario]]\nname = "dry"\n[scenario.set]\n"room" = 500\n'
        '[[scenario]]\nname = "long"\n[scenario.set]\n"FINAL TIME" = 2020\n'
        '[[scenario]]\nname = "plain"\n'
    )
    study = {"runs": 4, "series": ["fish"], "parameters": ["room"]}
    with pytest.raises(StudyError, match="'room' is swept, but scenario 'dry' sets it too"):
        settle(pond, study | {"scenarios": ["plain", "dry"]})
    with pytest.raises(StudyError, match="'plain' and 'long' run at different times"):
        settle(pond, study | {"scenarios": ["plain", "long"]})
    found = settle(pond, study | {"scenarios": ["dry", "plain"], "parameters": "all"})
    assert "room" not in found.parameters


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the first line must name the parameters"),
        ("room\n", "holds no values, only names"),
        ("room,\n1,2\n", "the first line must name the parameters"),
        ("room,Room\n500,600\n", "two columns are named 'Room'"),
        ("rom\n500\n", "no parameter named 'rom'; did you mean 'room'"),
        ("room\n500\nmany\n", "line 3: 'room' must be a finite number, got 'many'"),
        ("room\nnan\n", "line 2: 'room' must be a finite number"),
        ("room,birth rate\n500\n", "line 2: 1 values for 2 columns"),
        ("room\n500\n50\n", "room = 50 lies outside what the model declares, 200 to 3000"),
    ],
)
def test_a_file_of_values_is_checked(text, message, settled, tmp_path):
    (tmp_path / "values.csv").write_text(text)
    design = {"kind": "file", "file": str(tmp_path / "values.csv")}
    with pytest.raises(LoopscopeError, match=message):
        settled(design=design, parameters=None, runs=None)


def test_a_file_of_values_and_the_listed_parameters_must_agree(settled, tmp_path):
    (tmp_path / "values.csv").write_text("room,birth rate\n500,1\n")
    design = {"kind": "file", "file": str(tmp_path / "values.csv")}
    with pytest.raises(StudyError, match="a column 'birth rate', which is not listed"):
        settled(design=design, parameters=["room"])
    with pytest.raises(StudyError, match="the file has no column 'death rate'"):
        settled(design=design, parameters=["room", "birth rate", "death rate"])
    with pytest.raises(StudyError, match="the file gives the values of 'room'"):
        settled(design=design, parameters={"room": ROOM, "birth rate": {}})


def test_a_study_of_no_model_is_asked_for_one():
    with pytest.raises(StudyError, match="which model"):
        settle(None, {"runs": 4})
    with pytest.raises(UnknownNameError, match="'crowding' is a study of which model"):
        settle(None, "crowding")
    with pytest.raises(ReadError, match="no study file"):
        settle(None, "nowhere/at_all.toml")
