"""What an expectation and a file of statements may say, and what each mistake is told."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loopscope import models
from loopscope.models.errors import ReadError
from loopscope.models.expectation import Condition, Expectation
from loopscope.models.scenario import first_fault
from loopscope.models.statement_file import KINDS

ONE = {"says": "It grows.", "of": "people"}
CHECK = """
[[check]]
id = "A"
says = "It grows."
kind = "window"
type = "behaviour"

[[check.expected]]
says = "people at the end"
of = "people"
above = 1
"""


def expectation(**fields):
    return Expectation.model_validate(ONE | fields)


def fault(**fields):
    with pytest.raises(ValidationError) as error:
        expectation(**fields)
    return first_fault(error.value)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "give one of 'within', 'above', 'below' and 'equals'; got none"),
        ({"above": 1, "below": 2}, "got 'above' and 'below'"),
        ({"within": [2, 1]}, "'within' is reversed: its lowest, 2, is above its highest, 1"),
        ({"above": 1, "tolerance": 1}, "'tolerance' goes with 'equals'"),
        ({"above": math.nan}, "above: Input should be a finite number"),
        ({"above": 1, "take": "median"}, "take: Input should be 'at'"),
        ({"above": 1, "take": "max", "at": 3}, "take = 'max' takes no 'at'"),
        ({"above": 1, "take": "at"}, "give 'at', a time"),
        ({"above": 1, "take": "first above"}, "'first above' and 'first below' need 'level'"),
        ({"above": 1, "level": 3}, "need 'level', and nothing else takes it"),
        ({"above": 1, "at": 3, "from": 2}, "'from' and 'to' say nothing"),
        ({"above": 1, "take": "max", "from": 5, "to": 2}, "'to' comes before 'from': 2 < 5"),
        ({"above": 1, "against": "base", "since": 2}, "not both"),
        ({"above": 1, "as": "ratio"}, "'as' compares with something"),
        ({"above": 1, "take": "rmse", "since": 2}, "compares with what was observed"),
        ({"above": 1, "series": ["census"]}, "which only 'rmse' uses"),
        ({"above": 1, "abvoe": 1}, "abvoe: not a known field"),
    ],
)
def test_a_mistake_in_an_expectation_is_told_in_a_line(fields, told):
    message = fault(**fields)
    assert told in message
    assert "\n" not in message


def test_an_expectation_without_a_time_is_about_the_end_and_with_one_about_that_time():
    assert expectation(above=1).taken == "end"
    assert expectation(above=1, at=3).taken == "at"
    assert expectation(above=1, since=3).comparison == "ratio"


numbers = st.floats(-1e6, 1e6)


@given(low=numbers, width=st.floats(0, 1e6), bound=numbers)
def test_a_condition_holds_for_a_span_where_it_holds_for_both_ends(low, width, bound):
    high = low + width
    above, below = Condition(above=bound), Condition(below=bound)
    assert above.met(low, high) == (low > bound and high > bound)
    assert below.met(low, high) == (low < bound and high < bound)
    within = Condition(within=(bound, bound + 10))
    assert within.met(low, high) == (bound <= low and high <= bound + 10)
    equal = Condition(equals=bound, tolerance=1)
    assert equal.met(low, high) == (abs(low - bound) <= 1 and abs(high - bound) <= 1)


@pytest.mark.parametrize("asked", [{"within": [0, 1]}, {"above": 0}, {"below": 0}, {"equals": 0}])
def test_what_is_no_number_meets_no_condition(asked):
    assert not Condition.model_validate(asked).met(math.nan, math.nan)


def read(tmp_path, text):
    (tmp_path / "checks.toml").write_text(text, encoding="utf-8")
    return models.statements(tmp_path / "model.mdl")


def test_statements_come_by_id_in_file_order_and_no_file_has_none(tmp_path):
    assert models.statements(tmp_path / "model.mdl") == {}
    found = read(tmp_path, CHECK.replace('"A"', '"B"') + CHECK)
    assert list(found) == ["B", "A"]
    assert found["A"].expected[0].asked == "above 1"


def test_a_file_with_the_name_of_the_model_comes_first(tmp_path):
    (tmp_path / "model.checks.toml").write_text(CHECK.replace('"A"', '"own"'), encoding="utf-8")
    assert list(read(tmp_path, CHECK)) == ["own"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no statement"),
        ("check = 3", "holds no statement"),
        ("[[checks]]\nid = 1", "'checks' is not a known table; did you mean 'check'?"),
        (CHECK + CHECK, "two statements have the id 'A'"),
        (CHECK.replace("window", "windwo"), "check 'A': no kind of statement is called 'windwo'; "
         "did you mean 'window'?"),
        (CHECK.replace('kind = "window"\n', ""), "check 'A': no 'kind'; there are: window, "),
        (CHECK.replace('id = "A"\n', ""), "check 'number 1': id: Field required"),
        (CHECK.replace("above", "abvoe"), "expected.0.abvoe: not a known field; did you mean "
         "'above'?"),
        (CHECK.replace("above = 1", "within = [3, 1]"), "expected.0: 'within' is reversed"),
        (CHECK.replace("[[check.expected]]", "[check.run]\nscenari = 'x'\n[[check.expected]]"),
         "run.scenari: not a known field; did you mean 'scenario' or 'series'?"),
        (CHECK.replace("[[check.expected]]",
                       "[check.run.set]\nlever = { value = 1, from = 5, to = 3 }\n"
                       "[[check.expected]]"),
         "'lever': a path must end after it starts; got from = 5, to = 3"),
        (CHECK.replace("[[check.expected]]", "[check.run.vary]\nx = []\n[[check.expected]]"),
         "'vary' gives no value for 'x'"),
        ("[[check", "not readable as TOML"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_of_statements_names_file_and_statement(tmp_path, text, told):
    with pytest.raises(ReadError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith("checks.toml")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_every_kind_of_statement_has_one_record():
    assert len(KINDS) == 21
    assert all(kind in record.model_fields["kind"].annotation.__args__
               for kind, record in KINDS.items())  # fmt: skip


def test_a_run_takes_from_the_shared_one_what_it_leaves_open(tmp_path):
    text = (
        CHECK
        + """
[check.run]
stop = 5
set = { a = 1, b = 1 }
[check.runs.other]
scenario = "dry"
set = { b = 2 }
"""
    )
    setup = read(tmp_path, text)["A"].setups()["other"]
    assert (setup.scenario, setup.stop, setup.settings) == ("dry", 5, {"a": 1, "b": 2})


def test_a_scenario_carries_its_expectations(tmp_path):
    text = '[[scenario]]\nname = "wet"\n[[scenario.expected]]\n'
    text += 'says = "It rains."\nof = "rain"\nabove = 3\n'
    (tmp_path / "scenarios.toml").write_text(text, encoding="utf-8")
    (expected,) = models.scenarios(tmp_path / "model.mdl")["wet"].expected
    assert expected.says == "It rains."
