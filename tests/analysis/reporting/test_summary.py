"""Sentences of the summary against the numbers that they are made from."""

from __future__ import annotations

import csv
import re

import pytest

from loopscope import analysis
from loopscope.analysis.reporting.summary_scenarios import differs


def summary_of(folder):
    text = (folder / "report.md").read_text(encoding="utf-8")
    return text.partition("# Summary")[2].partition("\n# ")[0]


def test_it_has_the_numbers_of_its_files(handed_over):
    text = summary_of(handed_over.folder)
    with (handed_over.folder / "summary.csv").open(newline="") as file:
        rows = {(r["scenario"], r["variable"]): r for r in csv.DictReader(file)}
    change = float(rows["heedless", "Infected"]["change"])
    assert f"Infected {100 * change:.0f} % higher" in text
    with (handed_over.folder / "loop-shares.csv").open(newline="") as file:
        shares = next(csv.DictReader(file))
    loops = {k: float(v) for k, v in shares.items() if re.fullmatch(r"[RB]\d+", k)}
    best = max(loops, key=loops.get)
    assert f"{best} (contagion, reinforcing) is the strongest in 'as it stands'" in text
    assert f"with {100 * loops[best]:.0f} % of all change" in text


def test_its_links_lead_to_chapters_that_are_there(handed_over):
    text = (handed_over.folder / "report.md").read_text(encoding="utf-8")
    places = set(re.findall(r"\{#([^}]+)\}", text))
    links = set(re.findall(r"\]\(#([^)]+)\)", summary_of(handed_over.folder)))
    assert {"scenarios", "loops", "checks", "claims"} <= links <= places


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "{UTF-8}\nx = INTEG(1, 0) ~ people ~ |\n",
            [
                "The model has no feedback loop",
                "comes with no scenarios",
                "comes with no real case",
            ],
        ),
        (
            "{UTF-8}\npeople = INTEG(people / (5 - Time), 1) ~ people ~ |\n",
            ["1 run failed: 'as it stands'", "comes with no real case"],
        ),
    ],
)
def test_a_model_that_lacks_everything_is_summed_up_all_the_same(model, tmp_path, text, sentences):
    found = analysis.report(model(text), tmp_path / "out")
    summary = summary_of(found.folder)
    for sentence in sentences:
        assert sentence in summary


@pytest.mark.parametrize(
    ("change", "words"),
    [(0.25, "25 % higher"), (-0.5, "50 % lower"), (1.0, "100 % higher"), (3.0, "4 times as high")],
)
def test_changes_are_said_as_one_says_them(change, words):
    assert differs(change) == words
