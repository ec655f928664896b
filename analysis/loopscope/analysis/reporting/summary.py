"""The first chapter: what a report found, in plain words made from its numbers.

In: a ``Draft`` whose other chapters are done.  Out: a few sentences on each of them, with a link to
it.  No result stands here by itself: every sentence is made from values of the draft, and what a
model does not have is said in as many words.  The rules are in ``summary_scenarios`` and
``summary_loops``, and those of the words "close" and "tested" in the chapters that they come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.reporting.blocks import Bullets, Heading, Note, Paragraph, Section, Text
from loopscope.analysis.reporting.checked import LOOKED_FOR, standing
from loopscope.analysis.reporting.claimed import tallied
from loopscope.analysis.reporting.real_cases import FAR, JUDGED, misfits
from loopscope.analysis.reporting.summary_loops import leads_told, loops_told, sureness_told
from loopscope.analysis.reporting.summary_scenarios import scenario_sentences, scenarios_told
from loopscope.analysis.reporting.wording import counted, joined
from loopscope.analysis.tables import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.reporting.blocks import Block

NAMED = 4
"""Variables that are named; the rest are counted."""

STANDS = {
    "tested": "carried by equations, with checks that hold",
    "carried": "carried by equations, without a check of what follows",
    "partly": "in the model in part",
    "in doubt": "in doubt",
    "outside": "outside its boundary",
}
"""How the verdicts of claims are said."""


def summary_chapter(draft: Draft, sections: Sequence[Section]) -> Section:
    """Return the chapter; to be called when the others, to which it leads, are done."""
    parts: list[tuple[str, str, str]] = [
        ("The model", "", _model(draft)),
        ("What scenarios change", "scenarios", scenarios_told(draft)),
        ("What drives it", "loops", loops_told(draft)),
        ("When the lead changes", "loops", leads_told(draft)),
        ("How sure that is", "uncertainty", sureness_told(draft)),
        ("Against data", "cases", _cases(draft)),
        ("Checks", "checks", _checks(draft)),
        ("Claims of the sources", "claims", _claims(draft)),
    ]
    titles = {section.id: section.title for section in sections}
    blocks: list[Block] = []
    for part, (title, place, told) in enumerate(parts, start=1):
        if not told:
            continue
        blocks.append(Heading(title, f"summary-{part}"))
        more = (" See ", Text(titles[place], link=f"#{place}"), ".") if place in titles else ()
        if place == "scenarios":
            blocks += [Paragraph((told, *more)), Bullets(tuple(scenario_sentences(draft)))]
        else:
            blocks.append(Paragraph((told, *more)))
    caution = Note(
        "A model shows what follows from its assumptions. The numbers are its own, not a forecast; "
        "how far they can be trusted is what the chapters on data, uncertainty and checks are for."
    )
    return Section(
        id="summary",
        title="Summary",
        lead="What the runs show, in sentences made from their numbers.",
        blocks=(*blocks, caution),
    )


def _model(draft: Draft) -> str:
    kinds = [facts.kind for facts in draft.prepared.variables.values()]
    base = draft.runs[0]
    held = counted(kinds.count("stock"), "stock")
    constants = counted(kinds.count("parameter"), "constant")
    units = f" ({base.time_units})" if base.time_units else ""
    return (
        f"{counted(len(kinds), 'variable')}, among them {held} and {constants}; it runs from "
        f"{moment(base.time[0])} to {moment(base.time[-1])}{units}."
    )


def _cases(draft: Draft) -> str:
    if not draft.case_runs:
        return "The model comes with no real case, so nothing is set against data."
    found = [one for case, run, fits in draft.case_runs for one in misfits(run, case, fits)]
    if not found:
        return "Nothing was measured in the cases of the model."
    words = [*(word for _, word in JUDGED), FAR]
    counts = [
        f"{sum(one.judgement == word for one in found)} {word}"
        for word in words
        if any(one.judgement == word for one in found)
    ]
    series = counted(len(found), "measured series", "measured series")
    of = f"{series} in {counted(len(draft.case_runs), 'case')}"
    far = list(dict.fromkeys(one.fit.variable for one in found if one.judgement == FAR))
    missed = f"; far off are {joined(far, NAMED)}" if far else ""
    return f"Of {of} the runs are {joined(counts)}{missed}."


def _checks(draft: Draft) -> str:
    checked = draft.looked.checked
    if checked is None:
        return "They could not be made."
    wrong = sum(one.level == "wrong" for one in checked.findings)
    fault = counted(wrong, "fault")
    found = f"{fault[:1].upper()}{fault[1:]} found in {counted(checked.runs, 'run')}"
    kinds = dict.fromkeys(one.check for one in checked.findings if one.level == "wrong")
    if kinds:
        found += f": {joined([LOOKED_FOR[kind] for kind in kinds])}"
    stated = checked.statements
    said = f" Of what the model is said to do, {standing(stated)}" if stated else ""
    return f"{found}.{said}"


def _claims(draft: Draft) -> str:
    looked = draft.looked
    if not looked.claims:
        untold = looked.checked is not None and looked.problem
        return "They could not be traced." if untold else ""
    statements = looked.checked.statements if looked.checked is not None else ()
    counts = tallied(looked.claims, statements)
    said = [f"{count} {_are(count)} {STANDS[which]}" for which, count in counts.items() if count]
    return f"Of {counted(len(looked.claims), 'claim')} of the sources, {joined(said)}."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
