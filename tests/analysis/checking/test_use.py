"""Variables that change nothing, names that nothing defines, and values outside their range."""

from __future__ import annotations

import json

import pytest

from loopscope.analysis.checks import check

STOCK = "s = INTEG(-s / 9, 9) ~ people ~|\n"


@pytest.fixture
def found(model):
    """Findings of one check of a Vensim text, as (level, where, what)."""

    def find(text, kind):
        findings = check(model("{UTF-8}\n" + text)).findings
        return [(f.level, f.where, f.what) for f in findings if f.check == kind]

    return find


def test_a_parameter_that_nothing_reads_changes_nothing(found):
    assert found(STOCK + "k = 1 ~~|\n", "unused") == [
        ("remark", "k", "is read by no equation, so it changes nothing")
    ]


def test_a_parameter_that_cancels_changes_nothing(found):
    text = "s = INTEG(k - k - s / 9, 9) ~ people ~|\nk = 1 ~~|\n"
    assert found(text, "unused") == [
        ("remark", "k", "cancels in every equation that reads it, so it changes nothing")
    ]


def test_a_table_that_nothing_reads_changes_nothing(found):
    ((_, where, what),) = found(STOCK + "t((0,0),(1,1)) ~~|\n", "unused")
    assert (where, what) == ("t", "is read by no equation, so it changes nothing")


def test_variables_for_reading_only_are_one_remark(found):
    text = STOCK + "a = s * k ~~|\nb = a + 1 ~~|\nk = 2 ~~|\n"
    ((level, where, what),) = found(text, "unused")
    assert (level, where) == ("remark", "model")
    assert what == "2 variables that no stock depends on, for reading only: 'a', 'b'"


def test_what_only_a_start_value_needs_is_used(found):
    assert found("s = INTEG(-s / 9, k * 2) ~ people ~|\nk = 1 ~~|\n", "unused") == []


def test_names_that_nothing_defines_are_all_found_with_the_nearest(model):
    text = "{UTF-8}\nstock = INTEG(-stok / tau, 9) ~~|\nx = 2 * sotck + zzz ~~|\ntau = 1 ~~|\n"
    checked = check(model(text))
    assert not checked.ok
    assert [(f.check, f.where, f.what) for f in checked.findings] == [
        ("undefined", "stock",
         "its equation names 'stok', which nothing defines; did you mean 'stock'?"),
        ("undefined", "x",
         "its equation names 'sotck', which nothing defines; did you mean 'stock'?"),
        ("undefined", "x", "its equation names 'zzz', which nothing defines"),
    ]  # fmt: skip
    assert checked.runs == 0


def test_the_command_reports_undefined_names_with_exit_code_one(model, command):
    path = model("{UTF-8}\nstock = INTEG(-stok, 9) ~~|\n")
    done = command("check", path)
    assert (done.code, done.err) == (1, "")
    assert "did you mean 'stock'?" in done.out
    shown = json.loads(command("check", path, "--json").out)
    assert shown["findings"][0]["details"] == {"name": "stok"}
    assert shown["dt"] is None


def test_a_computed_variable_outside_its_range_as_the_model_stands_is_wrong(found):
    text = STOCK + "x = s / 3 ~ people [0, 2] ~|\n"
    ((level, where, what),) = found(text, "range")
    assert (level, where) == ("wrong", "x")
    assert what.startswith("runs from 0.9")
    assert what.endswith("to 3 in the model as it stands, outside its range [0, 2]")


def test_a_computed_variable_outside_its_range_in_a_scenario_is_a_remark(model, tmp_path):
    text = "{UTF-8}\ns = INTEG(k, 9) ~ people [0, 50] ~|\nk = 1 ~ people/year ~|\n"
    path = model(text)
    (tmp_path / "scenarios.toml").write_text('[[scenario]]\nname = "much"\nset = { k = 9 }\n')
    checked = check(path)
    assert checked.ok
    assert [(f.level, f.where, f.what) for f in checked.findings if f.check == "range"] == [
        ("remark", "s", "runs from 9 to 99 in 'much', outside its range [0, 50]")
    ]


def test_rounding_at_the_end_of_a_range_is_no_finding(found):
    text = "s = INTEG(-s, 1) ~ people [0, 1] ~|\nx = s * 0.1 * 3 - s * 0.3 ~ people [0, 0.5] ~|\n"
    assert found(text, "range") == []
