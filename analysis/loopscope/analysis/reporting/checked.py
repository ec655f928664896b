"""The chapter on what was done to find mistakes, and what the model's own files state of it.

In: a ``Draft`` with what its checks found.  Out: each check with its result, and each statement
with what was measured; those that are not met come first, with their reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.reality.verifying import EXPECTED
from loopscope.analysis.reporting.blocks import (
    Details,
    Heading,
    Note,
    Paragraph,
    Section,
    Table,
    Text,
    ticked,
)
from loopscope.analysis.reporting.wording import counted, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.checking.finding import Check
    from loopscope.analysis.checks import Checked
    from loopscope.analysis.draft import Draft
    from loopscope.analysis.reality.verifying import Verdict
    from loopscope.analysis.reporting.blocks import Block, Words

LOOKED_FOR: dict[Check, str] = {
    "undefined": "names that nothing defines",
    "units": "equations whose two sides have different units, or that mix units",
    "unused": "variables that change nothing",
    "range": "values outside the range that the model declares",
    "step": "a time step so long that it changes the results",
    "finite": "runs that leave the finite numbers",
    "extreme": "parameters that break the model at an end of their range",
    "divisor": "divisions by something that can be 0",
    "negative": "stocks that go below 0, or could",
}
"""What each check looks for, in words."""

STATUS = {"pass": "holds", "not met": "does not hold", "not run": "not run"}

MOST_FIGURES = 6
"""Figures of one statement that are shown."""


def checks_chapter(draft: Draft) -> Section:
    """Return the chapter; where checks could not be made it says why."""
    looked = draft.looked
    blocks: list[Block] = []
    if looked.checked is None:
        blocks.append(Note(f"The checks could not be made: {looked.problem}."))
    else:
        blocks += _checks(looked.checked)
        blocks += _statements(looked.checked.statements)
    return Section(
        id="checks",
        title="Checks",
        lead="What would make the results wrong was looked for. That nothing was found does not "
        "make a model right; it says that these ways of being wrong were tried.",
        blocks=tuple(blocks),
    )


def _checks(checked: Checked) -> list[Block]:
    rows: list[tuple[Words, ...]] = []
    for check, sought in LOOKED_FOR.items():
        found = [one for one in checked.findings if one.check == check]
        wrong = sum(one.level == "wrong" for one in found)
        remarks = len(found) - wrong
        told = [counted(n, word) for n, word in ((wrong, "fault"), (remarks, "remark")) if n]
        result: Words = ", ".join(told) if told else "nothing found"
        rows.append((sought, Text(str(result), "bold") if wrong else result))
    blocks: list[Block] = [
        Paragraph(_tried(checked)),
        Table(
            head=("looked for", "result"),
            rows=tuple(rows),
            caption="What was looked for, and what was found",
        ),
    ]
    if checked.findings:
        table = Table(
            head=("kind", "where", "what"),
            rows=tuple(
                (
                    Text("wrong", "bold") if one.level == "wrong" else one.level,
                    one.where,
                    one.what,
                )
                for one in checked.findings
            ),
            caption="Everything that was found",
        )
        blocks.append(Details(f"Everything that was found ({len(checked.findings)})", (table,)))
    return blocks


def _tried(checked: Checked) -> str:
    told = f"{counted(checked.runs, 'run')} of the model were made for these checks"
    if not checked.steps:
        return f"{told}."
    worst = max(checked.steps, key=lambda one: one.half_largest)
    return (
        f"{told}. With half the time step ({checked.method}, step {checked.dt:g}) no stock moves "
        f"by more than {share(worst.half_largest, 2)} of its largest value ({worst.stock} most)."
    )


def _statements(verdicts: Sequence[Verdict]) -> list[Block]:
    if not verdicts:
        return [
            Heading("What the model is said to do", "checks-statements"),
            Paragraph(
                (
                    "No statement of what the model must do stands beside it (a file ",
                    Text("checks.toml", "code"),
                    " would hold them), and no scenario or case says what it is expected to show.",
                )
            ),
        ]
    blocks: list[Block] = [
        Heading("What the model is said to do", "checks-statements"),
        Paragraph(
            "The model's own files state what it must do and what each scenario is expected to "
            f"show. {standing(verdicts)}"
        ),
    ]
    unmet = [one for one in verdicts if one.status == "not met"]
    if unmet:
        rows = tuple(
            (
                one.id,
                ticked(one.says),
                _measured(one),
                ticked(one.reason) or Text("not known before", "bold"),
            )
            for one in unmet
        )
        caption = "Statements that do not hold"
        blocks.append(Table(("of", "statement", "measured", "known reason"), rows, caption))
    for title, expected in (
        ("Statements about the model", False),
        ("What scenarios and cases are expected to show", True),
    ):
        chosen = [one for one in verdicts if (one.kind == EXPECTED) is expected]
        if chosen:
            blocks.append(Details(f"{title} ({len(chosen)})", (_all(chosen, title),)))
    return blocks


def standing(verdicts: Sequence[Verdict]) -> str:
    """Return how many statements hold, as a sentence."""
    unmet = [one for one in verdicts if one.status == "not met"]
    known = sum(not one.wrong for one in unmet)
    left = sum(one.status == "not run" for one in verdicts)
    parts = [f"{len(verdicts) - len(unmet) - left} of {len(verdicts)} hold"]
    if unmet:
        reason = "for a reason that is known and stated"
        told = reason if known == len(unmet) else f"{known} of them {reason}"
        parts.append(f"{len(unmet)} {'does' if len(unmet) == 1 else 'do'} not, {told}")
    if left:
        was = "was" if left == 1 else "were"
        parts.append(f"{left} {was} not run: slow, or without a file that is needed")
    return "; ".join(parts) + "."


def _all(verdicts: Sequence[Verdict], caption: str) -> Table:
    """Return a row for each statement, and for each thing that a scenario is expected to show."""
    rows: list[tuple[Words, ...]] = []
    for one in verdicts:
        if one.kind == EXPECTED:
            rows += [
                (one.id, ticked(each.says), _result("pass" if each.met else "not met"),
                 each.shown, each.asked)
                for each in one.figures
            ]  # fmt: skip
        else:
            asked = "; ".join(dict.fromkeys(each.asked for each in one.figures))
            told = one.note if one.status == "not run" else _measured(one)
            rows.append((one.id, ticked(one.says), _result(one.status), told, asked))
    return Table(("of", "statement", "result", "measured", "asked"), tuple(rows), caption)


def _result(status: str) -> Words:
    return Text(STATUS[status], "bold" if status == "not met" else "")


def _measured(verdict: Verdict) -> str:
    """Return what was measured; of many figures those that are missed, else the first."""
    shown = [each.shown for each in verdict.figures]
    if len(shown) > MOST_FIGURES:
        missed = [each.shown for each in verdict.figures if not each.met]
        shown = [*(missed or shown)[:MOST_FIGURES], f"{len(shown)} figures in all"]
    return "; ".join(shown)
