"""Where a report comes from: the same on every machine, and complete."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path

import pytest

from loopscope.analysis.highlights import KNOWN
from loopscope.analysis.reporting.claimed import claims_chapter
from loopscope.analysis.reporting.looking import look
from loopscope.analysis.reporting.provenance import made_on

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"


@pytest.mark.parametrize(
    ("given", "date"), [("1000000000", "2001-09-09"), ("0", "1970-01-01"), ("", ""), ("now", "")]
)
def test_a_date_comes_from_the_environment_alone(monkeypatch, given, date):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    assert made_on() == date


def chapter_of(report):
    text = (report.folder / "report.md").read_text(encoding="utf-8")
    return text.partition("{#provenance}")[2]


def test_it_has_the_hash_of_every_file_of_the_model(handed_over):
    text = chapter_of(handed_over)
    for name in ("epidemic.mdl", "epidemic.scenarios.toml", "epidemic.claims.toml"):
        digest = hashlib.sha256((EXAMPLES / name).read_bytes()).hexdigest()
        assert digest in text
        assert f"SHA-256 of {name}" in text


def test_it_names_every_file_of_the_report(handed_over):
    named = set(re.findall(r"^\| \[[^]]+\]\(([^)]+)\)", chapter_of(handed_over), re.MULTILINE))
    there = {entry.file for entry in handed_over.entries}
    assert there - named == {"index.html", "report.md", "loopscope-report.json"}


def test_nothing_in_it_depends_on_the_machine(handed_over):
    for file in handed_over.folder.rglob("*"):
        if file.suffix in (".html", ".md", ".json", ".csv", ".svg"):
            assert str(handed_over.folder.parent).encode() not in file.read_bytes()


def test_its_commands_are_commands(handed_over):
    from loopscope.analysis.cli import app

    known = {one.name for one in app.registered_commands}
    commands = re.findall(r"`(loopscope [^`]+)`", chapter_of(handed_over))
    assert len(commands) > 3
    for command in commands:
        words = shlex.split(command)
        assert words[1] in known
        assert words[2] == "epidemic.mdl"


def test_credits_are_those_of_the_attribution_page():
    page = (EXAMPLES.parent / "attribution.md").read_text(encoding="utf-8")
    page = " ".join(re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", page).split())
    credits = [line for one in KNOWN.values() for line in one.credits]
    assert credits
    for line in credits:
        assert line in page


def test_what_cannot_be_looked_at_says_why(model):
    path = model("{UTF-8}\nx = INTEG(1, 0) ~ people ~ |\n")
    path.with_name("claims.toml").write_text("[[claim]]\nid = 1\n")
    found = look(path)
    assert "claims.toml" in found.problem
    assert found.claims == ()

    class Draft:
        looked = found

    (note,) = claims_chapter(Draft()).blocks
    assert "claims.toml" in note.words
