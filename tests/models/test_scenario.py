"""Scenario and case files: what they may say, and what is said of their mistakes."""

import numpy as np
import pytest

from loopscope.models.case import cases
from loopscope.models.errors import ReadError, RunError
from loopscope.models.scenario import as_setting, scenarios

TIMES = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])


def written(tmp_path, text, name="scenarios.toml"):
    (tmp_path / name).write_text(text)
    return tmp_path / "model.mdl"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ({"value": 3, "from": 2}, [1, 1, 3, 3, 3, 3]),
        ({"value": 3, "from": 2, "to": 4}, [1, 1, 3, 3, 1, 1]),
        ({"value": 3, "from": 1, "ramp": 2}, [1, 1, 2, 3, 3, 3]),
        ({"pulse": 3, "start": 1, "lasts": 1}, [1, 3, 1, 1, 1, 1]),
        ({"pulse": 3, "start": 1, "lasts": 1, "every": 2}, [1, 3, 1, 3, 1, 3]),
        ({"pulse": 3, "start": 1, "lasts": 1, "every": 2, "until": 4}, [1, 3, 1, 3, 1, 1]),
        ({"times": [1, 3], "values": [0, 2]}, [0, 0, 1, 2, 2, 2]),
        ({"times": [1, 3], "values": [0, 2], "between": "step"}, [0, 0, 0, 2, 2, 2]),
    ],
)
def test_a_time_path_has_the_values_it_says(path, expected):
    np.testing.assert_array_equal(as_setting(path, "x").at(TIMES, 1.0), expected)


def test_steps_that_do_not_add_up_exactly_still_meet_the_beginning_of_a_path():
    # 0.1 * 3 is a little more than 0.3, and 0.7 + 0.1 a little less than 0.8.
    times = np.arange(11) * 0.1
    values = as_setting({"value": 1, "from": 0.3, "to": 0.8}, "x").at(times, 0.0)
    np.testing.assert_array_equal(values, [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("5 people", "expected a number or a time path"),
        (float("nan"), "finite"),
        (True, "expected a number"),
        ({}, "a time path needs"),
        ({"value": 1, "from": 5, "to": 2}, "end after it starts"),
        ({"value": 1, "from": 5, "until": 9}, "until: not a known field"),
        ({"times": [1, 2], "values": [1]}, "2 times but 1 values"),
        ({"times": [2, 1], "values": [1, 2]}, "times must increase"),
        ({"pulse": 1, "start": 0, "lasts": 0}, "lasts"),
    ],
)
def test_a_setting_that_cannot_be_used_is_explained(value, message):
    with pytest.raises(RunError, match=message):
        as_setting(value, "'x'")


def test_a_scenario_holds_what_it_extends_unless_it_sets_it_again(tmp_path):
    model = written(
        tmp_path,
        """
        [[scenario]]
        name = "second"
        extends = "First"
        set = { b = 20 }
        initial = { s = 1 }
        [[scenario]]
        name = "first"
        set = { a = 1, b = 2 }
        """,
    )
    second = scenarios(model)["second"]
    assert second.settings == {"a": 1.0, "b": 20.0}
    assert second.initial == {"s": 1.0}
    assert second.extends == "First"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[scenario", "not readable as TOML"),
        ("[[scenario]]\nname = 'a'\ncolour = 1", "scenario 'a': colour: not a known field"),
        ("[[scenario]]\ntitle = 'a'", "number 1"),
        ("[[scenario]]\nname = 'a'\n[[scenario]]\nname = 'A'", "two scenarios are named"),
        ("[[scenario]]\nname = 'a'\nset = { x = 'many' }", "'x' in 'a'"),
        ("[[scenario]]\nname = 'a'\nextends = 'bas'\n[[scenario]]\nname = 'base'", "'base'"),
        ("[[scenario]]\nname = 'a'\nextends = 'b'\n[[scenario]]\nname='b'\nextends='a'", "circle"),
    ],
)
def test_a_scenario_file_that_is_wrong_says_where(tmp_path, text, message):
    with pytest.raises(ReadError, match=message):
        scenarios(written(tmp_path, text))


def test_files_named_after_a_model_come_before_those_of_its_folder(tmp_path):
    written(tmp_path, "[[scenario]]\nname = 'folder'")
    model = written(tmp_path, "[[scenario]]\nname = 'own'", "model.scenarios.toml")
    assert list(scenarios(model)) == ["own"]


@pytest.mark.parametrize(
    ("observed", "message"),
    [
        ("times = [1, 1], values = [1, 2]", "times must increase"),
        ("times = [1, 2], values = [1]", "2 times but 1 values"),
    ],
)
def test_a_case_with_a_bad_series_says_what_is_wrong(tmp_path, observed, message):
    text = f"""
    [[case]]
    name = "here"
    start = 0
    stop = 1
    observed = [{{ variable = "x", series = "s", unit = "u", source = "o", {observed} }}]
    """
    with pytest.raises(ReadError, match=message):
        cases(written(tmp_path, text, "cases.toml"))


def test_a_model_without_files_beside_it_has_no_scenarios(tmp_path):
    assert scenarios(tmp_path / "model.mdl") == {}
    assert cases(tmp_path / "model.mdl") == {}
