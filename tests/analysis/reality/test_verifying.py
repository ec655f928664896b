"""Statements and expectations as a user meets them: verdicts, exit codes, mistakes, variants."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from loopscope import analysis
from loopscope.models.errors import LoopscopeError

HEAD = '[[check]]\nid = "T"\nsays = "So it is."\ntype = "behaviour"\nkind = "window"\n'
GROWS = HEAD + '[[check.expected]]\nsays = "people here"\nof = "here"\nabove = 100\n'
FALLS = GROWS.replace("above", "below").replace('"T"', '"F"')
SCENARIOS = """
[[scenario]]
name = "closed"
sentence = "Nobody comes."
set = { "lever gate" = { value = 1, from = 2 } }
[[scenario.expected]]
says = "fewer are here than in the model as it stands"
of = "here"
against = "base"
within = [0.3, 0.6]
[[scenario.expected]]
says = "they leave at 5 % a year"
of = "here"
at = 8
since = 4
as = "percent change"
within = [-18.56, -18.54]

[[scenario]]
name = "closed and drained"
extends = "closed"
set = { "push" = 0.1 }
[[scenario.expected]]
says = "fewer than where doors are closed alone"
of = "here"
take = "always"
from = 1
against = "base"
below = 1
[[scenario.expected]]
says = "more than in the model as it stands, which is wrong"
of = "here"
above = 300
"""


def test_a_scenario_is_compared_with_what_it_extends_and_else_with_the_model_as_it_stands(stating):
    # 100 people, 1 % net growth in the years before 2 ... then 0.95 a year: 0.95^4 - 1 = -18.55 %.
    verdicts = stating(GROWS, scenarios=SCENARIOS)
    assert list(verdicts) == ["T", "closed", "closed and drained"]
    closed, drained = verdicts["closed"], verdicts["closed and drained"]
    assert (closed.status, closed.kind, closed.says) == ("pass", "expectation", "Nobody comes.")
    assert closed.figures[1].low == pytest.approx(100 * (0.95**4 - 1), rel=1e-9)
    assert [figure.met for figure in drained.figures] == [True, False]
    assert drained.wrong


CASE = """
[[case]]
name = "town"
start = 0
stop = 4
[case.set]
"lever gate" = { value = 1.0, source = "closed" }
[[case.observed]]
variable = "here"
series = "census"
unit = "people"
source = "made up"
times = [0, 2]
values = [103, 86.25]
[[case.expected]]
says = "error against the census"
of = "here"
take = "rmse"
below = 10
"""


def test_the_error_of_a_case_is_the_root_mean_square_against_what_was_observed(stating):
    # 100 and 100 * 0.95^2 = 90.25, so distances of 3 and 4: sqrt((9 + 16) / 2).
    verdict = stating(GROWS, cases=CASE)["town"]
    assert verdict.figures[0].low == pytest.approx(12.5**0.5, rel=1e-12)


def test_a_statement_with_a_reason_is_evaluated_and_not_wrong(stating):
    told = FALLS.replace("[[check.expected]]", 'reason = "People have come."\n[[check.expected]]')
    verdict = stating(told)["F"]
    assert (verdict.status, verdict.wrong, verdict.reason) == (
        "not met",
        False,
        "People have come.",
    )
    assert verdict.figures[0].low > 100


def test_a_reason_that_no_longer_holds_is_noted(stating):
    told = GROWS.replace("[[check.expected]]", 'reason = "Nobody comes."\n[[check.expected]]')
    verdict = stating(told)["T"]
    assert verdict.status == "pass"
    assert "its 'reason' can go" in verdict.note


def test_a_slow_statement_is_run_when_all_are_asked_for(stating):
    slow = GROWS.replace("[[check.expected]]", "slow = true\n[[check.expected]]")
    assert (stating(slow)["T"].status, stating(slow)["T"].figures) == ("not run", ())
    assert stating(slow, slow=True)["T"].status == "pass"


def test_a_run_that_fails_meets_nothing(stating):
    bursting = "{UTF-8}\nhere = INTEG(here * here, 100) ~ people ~ |\n"
    verdict = stating(GROWS.replace("above = 100", "above = 0"), bursting)["T"]
    assert verdict.status == "not met"
    assert verdict.figures[0].failed
    assert "here" in verdict.figures[0].where


def test_a_statement_that_needs_a_file_that_is_not_there_is_not_run(stating):
    needs = GROWS.replace("[[check.expected]]", '[check.run]\ncase = "town"\n[[check.expected]]')
    verdict = stating(needs)["T"]
    assert (verdict.status, verdict.wrong) == ("not run", False)
    assert verdict.note == "needs 'town' of cases.toml, which is not beside the model"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('of = "here"', 'of = "her"'), "no variable named 'her' in 'her'; did you mean 'here'?"),
        (('of = "here"', 'of = "here +"'), "'here +' is not an expression"),
        (("above", "at = 99\nabove"), "time 99 lies outside the run, which goes from 0 to 10"),
        (("above", 'run = "dry"\nabove'), "no run named 'dry'; there are: none"),
        (("above", 'against = "bse"\nabove'), "no run or scenario named 'bse' to compare with; "
         "'base' is what"),
        (("[[check.expected]]", '[check.run]\nscenario = "clsed"\n[[check.expected]]'),
         "no scenario named 'clsed'; did you mean 'closed'?"),
        (("[[check.expected]]", '[check.run.set]\n"lever gat" = 1\n[[check.expected]]'),
         "no variable named 'lever gat'; did you mean 'lever gate'?"),
        (("[[check.expected]]", '[check.run.vary]\n"lever gat" = [1]\n[[check.expected]]'),
         "no variable named 'lever gat'; did you mean 'lever gate'?"),
        (("[[check.expected]]", "[check.run]\nstop = -5\n[[check.expected]]"), "-5"),
        (("[[check.expected]]", "[check.runs.a]\nvary = { pull = [0, 0.1] }\n[check.runs.b]\n"
          'vary = { pull = [0, 0.1, 0.2] }\n[[check.expected]]\nrun = "a"\nagainst = "b"'),
         "2 runs cannot be compared with 3; give both the same 'vary'"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_statement_names_file_statement_and_the_next_move(stating, change, told):
    with pytest.raises(LoopscopeError) as error:
        stating(GROWS.replace(*change), scenarios=SCENARIOS)
    message = str(error.value)
    assert message.startswith("checks.toml, check 'T': ")
    assert told in message
    assert "\n" not in message


def test_a_mistake_in_an_expectation_names_the_scenario(stating):
    with pytest.raises(LoopscopeError, match=r"^scenarios.toml, scenario 'closed': .*'here'"):
        stating(GROWS, scenarios=SCENARIOS.replace('of = "here"', 'of = "heer"', 1))


# The command --------------------------------------------------------------------------------------


@pytest.fixture
def variant(model, tmp_path):
    """A model whose step is fine enough, with statements, in a folder of its own."""
    text = Path(__file__).with_name("two_places.mdl").read_text(encoding="utf-8")
    return model(text.replace("0.02", "0.002").replace("0.05", "0.005").replace("[0.01,", "[0,")), (
        tmp_path / "checks.toml"
    )


def test_the_command_says_which_statements_hold_with_their_figures(command, variant):
    path, checks = variant
    checks.write_text(GROWS)
    done = command("check", path)
    assert done.code == 0
    assert "So it is." in done.out
    # 2000/7 + (100 - 2000/7) * 0.993^10 = 112.6 people.
    assert "112.6 people" in done.out
    assert "statements: 1 pass, 0 not met, 0 not run" in done.out


def test_a_statement_that_is_not_met_makes_the_exit_code_one_unless_it_is_known(command, variant):
    path, checks = variant
    checks.write_text(FALLS)
    done = command("check", path)
    assert done.code == 1
    assert "NOT MET" in done.out
    checks.write_text(FALLS.replace("[[check.expected]]", 'reason = "Known."\n[[check.expected]]'))
    done = command("check", path)
    assert done.code == 0
    assert "1 not met (1 of them known, with the reason)" in done.out


def test_json_holds_every_verdict_with_its_figures(command, variant):
    path, checks = variant
    checks.write_text(GROWS + FALLS)
    done = command("check", path, "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert told["ok"] is False
    assert [(one["id"], one["status"], one["wrong"]) for one in told["statements"]] == [
        ("T", "pass", False),
        ("F", "not met", True),
    ]
    assert told["statements"][0]["figures"][0]["low"] == pytest.approx(112.60, abs=0.01)


def test_a_mistake_is_one_line_and_exit_code_two(command, variant):
    path, checks = variant
    checks.write_text(GROWS.replace('of = "here"', 'of = "hre"'))
    done = command("check", path)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "checks.toml, check 'T': " in done.err
    checks.write_text("")
    assert command("check", path).code == 2


def test_a_copy_under_another_name_brings_its_own_statements(
    command, variant, tmp_path, monkeypatch
):
    path, checks = variant
    checks.write_text(GROWS)
    other = tmp_path / "elsewhere"
    other.mkdir()
    shutil.copy(path, other / "mine.mdl")
    shutil.copy(checks, other / "mine.checks.toml")
    monkeypatch.chdir(other)
    assert "1 pass" in command("check", "mine.mdl").out
    text = (other / "mine.mdl").read_text().replace("here * push", "2 * here * push")
    (other / "mine.mdl").write_text(text)
    # 500/3 + (100 - 500/3) * 0.988^10 = 107.6 people.
    assert analysis.verify("mine.mdl")[0].figures[0].low == pytest.approx(107.58, abs=0.01)


def test_the_result_of_check_holds_the_statements(variant):
    path, checks = variant
    checks.write_text(FALLS)
    checked = analysis.check(path)
    assert [verdict.id for verdict in checked.statements] == ["F"]
    assert not checked.ok
    assert analysis.check(path, statements=False).statements == ()
