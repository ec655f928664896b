"""The statements T01-T43 of the migration policy model: they hold, and they can fail."""

from __future__ import annotations

import re
import shutil
from functools import cache

import pytest

from loopscope import analysis, models
from loopscope.analysis.reality.bench import Bench
from loopscope.analysis.reality.verifying import EVALUATORS
from loopscope.models.source import LIBRARY

FOLDER = LIBRARY / "migration_policy"
KNOWN = {"T42", "T43"}
"""Not met; the file gives the reason."""


@cache
def verdicts():
    return {verdict.id: verdict for verdict in analysis.verify("migration_policy")}


def test_every_number_of_the_specification_has_its_statement():
    ids = {re.sub(r"[a-z]$", "", name) for name in models.statements(FOLDER / "model.mdl")}
    assert ids == {f"T{number:02}" for number in range(1, 44)}


def test_every_statement_holds_but_those_that_are_known_not_to():
    stated = [one for one in verdicts().values() if one.kind != "expectation"]
    assert {one.id for one in stated if one.status == "not met"} == KNOWN
    assert all(one.reason for one in stated if one.id in KNOWN)
    assert {one.id for one in stated if one.status == "not run"} == {"T03"}


def test_what_every_scenario_and_case_is_expected_to_show_is_shown():
    expected = [one for one in verdicts().values() if one.kind == "expectation"]
    assert [one.id for one in expected if one.status != "pass"] == []
    known = {*models.scenarios(FOLDER / "model.mdl"), *models.cases(FOLDER / "model.mdl")}
    assert {one.id for one in expected} <= known


def test_people_are_conserved_to_a_thousand_million_times_less_than_rounding_shows():
    (figure,) = verdicts()["T06"].figures
    assert figure.high < 1e-12


# Each change breaks one place, far from the others; the statement about it must notice.
BREAKS = {
    "T06": ("second generation=", "- assimilation", "- 0.999 * assimilation"),
    "T07": ("blocked family demand=", "- family first", "- 0.9 * family first"),
    "T19": ("deaths of natives=", "natives / life", "0.9 * natives / life"),
    "T22": ("enforcement target=", "(1 - rights restraint", "(1 + rights restraint"),
    "T26": ("stranding=", "(1 - onward share)", "(1 - 0.9 * onward share)"),
    "T32": ("amnestied migrants=", "irregular migrants *", "0.1 * irregular migrants *"),
    "T41": (
        "demographic shortfall=",
        "MAX(0, natural decrease - net migration)",
        "(natural decrease - net migration)",
    ),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A copy of the model and its files, with all the breaks."""
    folder = tmp_path_factory.mktemp("broken")
    for file in FOLDER.glob("*.toml"):
        shutil.copy(file, folder)
    text = (FOLDER / "model.mdl").read_text(encoding="utf-8")
    for variable, before, after in BREAKS.values():
        begin = text.index(f"\n{variable}\n")
        end = text.index("|", begin)
        equation = " ".join(text[begin:end].replace("\\\n", " ").split())
        assert before in equation, variable
        text = f"{text[:begin]}\n{equation.replace(before, after)}\n\t{text[end:]}"
    path = folder / "variant.mdl"
    path.write_text(text, encoding="utf-8")
    return Bench.of(path)


@pytest.mark.parametrize("name", BREAKS)
def test_a_model_that_is_broken_no_longer_meets_the_statement_about_the_place(broken, name):
    statement = models.statements(broken.prepared.path)[name]
    figures = EVALUATORS[statement.kind](broken, statement)
    assert not all(figure.met for figure in figures)
