"""The command line: loops of a run, and why a variable moves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

LOGISTIC = """{UTF-8}
births = growth * population ~ people/year ~ |
deaths = growth * population * population / capacity ~ people/year ~ |
population = INTEG(births - deaths, 10) ~ people ~ |
growth = 0.8 ~ 1/year [0,2] ~ |
capacity = 100 ~ people [1,1000] ~ |
"""

NO_LOOP = """{UTF-8}
store = INTEG(inflow, 0) ~ widgets ~ |
inflow = 3 ~ widgets/year ~ |
"""

RESTING = """{UTF-8}
births = birth rate * population ~ people/year ~ |
deaths = death rate * population ~ people/year ~ |
population = INTEG(births - deaths, 100) ~ people ~ |
birth rate = 0.1 ~ 1/year [0,1] ~ |
death rate = 0.1 ~ 1/year [0,1] ~ |
"""


@pytest.fixture
def logistic(model):
    return model(LOGISTIC, "logistic.mdl")


def test_loops_are_ranked_with_periods_and_a_completeness_line(command, logistic):
    done = command("loops", logistic)
    assert (done.code, done.err) == (0, "")
    assert "all 2 loops" in done.out
    assert "reinforcing" in done.out or "R1" in done.out
    assert "Who dominates when" in done.out


def test_loops_as_json_have_gains_shares_and_periods(command, logistic):
    found = json.loads(command("loops", logistic, "--json", "--at", "0").out)
    by_id = {loop["id"]: loop for loop in found["loops"]}
    # Gains are g and -2 g P / K, and P(0) / K is a tenth: shares are 1 / 1.2 and 0.2 / 1.2.
    assert by_id["R1"]["at"] == pytest.approx(1 / 1.2)
    assert by_id["B1"]["at"] == pytest.approx(-0.2 / 1.2)
    assert by_id["R1"]["gain"] == "growth"
    assert found["complete"] is True
    assert found["count"] == 2
    assert [p["polarity"] for p in found["periods"]] == ["R", "B"]


def test_the_discrete_form_is_scored_at_every_step(command, logistic):
    found = json.loads(command("loops", logistic, "--form", "discrete", "--json").out)
    assert found["method"].startswith("ltm")
    assert {loop["id"] for loop in found["loops"]} == {"R1", "B1"}


def test_loops_are_drawn(command, logistic, tmp_path):
    picture = tmp_path / "loops.png"
    done = command("loops", logistic, "--plot", picture)
    assert f"wrote {picture}" in done.out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_gains_are_told_as_formulas(command, logistic):
    assert "R1: gain = growth" in command("loops", logistic, "--gains").out


@pytest.mark.parametrize("method", ["influence", "pathway", "impact"])
def test_every_method_ranks(command, logistic, method):
    done = command("loops", logistic, "--method", method)
    assert (done.code, done.err) == (0, "")
    assert "B1" in done.out


def test_all_methods_side_by_side_say_where_they_agree(command, logistic, tmp_path):
    done = command("loops", logistic, "--method", "all", "--plot", tmp_path / "all.svg")
    assert (done.code, done.err) == (0, "")
    assert "LTM, continuous" in done.out
    assert "Pathway participation" in done.out
    assert "names the same leading loop as LTM, continuous in" in done.out
    assert (tmp_path / "all.svg").read_text().lstrip().startswith("<?xml")


def test_at_rest_the_answer_is_what_eigenvalues_say(command, model):
    done = command("loops", model(RESTING, "resting.mdl"))
    assert done.code == 0
    assert "rests" in done.out
    assert "eigenvalue" in done.out


def test_a_variable_is_explained_by_causes_and_loops(command, logistic):
    done = command("explain", logistic, "population", "--at", "0")
    assert (done.code, done.err) == (0, "")
    assert "population = 10 people at 0 year" in done.out
    assert "births" in done.out
    assert "Loops through it" in done.out
    found = json.loads(command("explain", logistic, "births", "--at", "0", "--json").out)
    by_name = {cause["name"]: cause for cause in found["causes"]}
    assert by_name["population"]["gain"] == pytest.approx(0.8)
    assert by_name["growth"]["gain"] == pytest.approx(10)
    # The rate of change of the population is 0.8 * 10 * 0.9.
    assert by_name["population"]["push"] == pytest.approx(0.8 * 7.2)
    assert found["rate"] == pytest.approx(0.8 * 7.2)
    assert found["acts_on"] == ["population"]


def test_a_variable_outside_all_loops_says_so(command, model):
    done = command("explain", model(NO_LOOP, "store.mdl"), "store")
    assert done.code == 0
    assert "no loop runs through 'store'" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--through", "birth"], "no variable named 'birth'; did you mean 'births'"),
        (["--through", "growth"], "'growth' does not change during a run"),
        (["--method", "ltn"], "no method named 'ltn'; did you mean 'ltm'"),
        (["--form", "discreet"], "did you mean 'discrete'"),
        (["--at", "99"], "time 99 lies outside the run, which goes from 0 to 10"),
        (["--keep", "birth"], "did you mean 'births'"),
        (["--keep", "births", "--full"], "give one of them"),
        (["--scenario", "none"], "scenario"),
        (["--method", "impact", "--form", "discrete"], "Loop impact has no option 'form'"),
        (["--method", "all", "--at", "5"], "--at is for one method"),
        (["--method", "all", "--through", "births"], "--through is for one method"),
        (["--method", "all", "--form", "discrete"], "--form is for one method"),
        (["--method", "all", "--gains"], "--gains is for one method"),
    ],
)
def test_mistakes_are_one_line_with_the_next_move(command, logistic, words, said):
    done = command("loops", logistic, *words)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("method", ["ltm", "all"])
def test_a_model_without_loops_is_told_in_one_line(command, model, method):
    done = command("loops", model(NO_LOOP, "store.mdl"), "--method", method)
    assert done.code == 2
    assert done.err.count("the model has no feedback loop") == 1
    assert len(done.err.splitlines()) == 1


def test_explain_refuses_what_never_changes(command, logistic):
    done = command("explain", logistic, "capacity")
    assert done.code == 2
    assert "'capacity' does not change during a run" in done.err


@pytest.mark.slow
def test_the_migration_model_names_its_loops(command, tmp_path):
    done = command("loops", "migration_policy", "--scenario", "tightening", "--json", "--top", 500)
    found = json.loads(done.out)
    names = {loop["name"] for loop in found["loops"]}
    assert "settlement trap" in names
    assert found["count"] > 100_000
    assert not Path("loops.png").exists()
