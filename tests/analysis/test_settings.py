"""What --set understands."""

from __future__ import annotations

import math

import pytest

from loopscope.analysis.settings import read_settings
from loopscope.models.errors import RunError


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a=1", "a", 1.0),
        (" life expectancy = 80 ", "life expectancy", 80.0),
        ("a=-1.5e-3", "a", -0.0015),
        ("a=5.", "a", 5.0),
        ("a={value=0.6, from=2010}", "a", {"value": 0.6, "from": 2010}),
        ('a={times=[0, 1], values=[2, 3], between="step"}', "a",
         {"times": [0, 1], "values": [2, 3], "between": "step"}),
        ('"a=b"=3', "a=b", 3.0),
        ("a=5 people", "a", "5 people"),
        ("a=1,000", "a", "1,000"),
    ],
)  # fmt: skip
def test_a_setting_is_read_as(text, name, value):
    assert read_settings([text]) == {name: value}


def test_what_is_no_finite_number_is_passed_on_for_the_engine_to_refuse():
    assert math.isnan(read_settings(["a=nan"])["a"])


@pytest.mark.parametrize("text", ["a", "=1", "a=", "", '"a"', '"a" 1'])
def test_what_is_no_setting_is_explained(text):
    with pytest.raises(RunError, match="write 'name=number'"):
        read_settings([text])


@pytest.mark.parametrize("text", ["a={value=1", "a={value=1, from=2010}}", "a={value=1 from=2}"])
def test_a_broken_table_is_explained(text):
    with pytest.raises(RunError, match="not readable as a TOML table"):
        read_settings([text])


@pytest.mark.parametrize("text", ["a=[1, 2]", "a=1\nb=2"])
def test_one_run_takes_one_value(text):
    with pytest.raises(RunError, match="one value"):
        read_settings([text])


def test_a_name_is_given_once_however_it_is_written():
    with pytest.raises(RunError, match="given twice"):
        read_settings(["life expectancy=1", "Life_Expectancy=2"])
