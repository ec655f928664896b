"""What scenarios change, in sentences of the summary.

In: a ``Draft`` whose scenarios have run.  Out: sentences: where the first key outcomes end in the
scenarios to look at first, and which scenario raises and lowers an outcome most, always against
what that scenario is compared with; below ``STILL`` nothing is said to move.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from loopscope.analysis.highlights import highlights
from loopscope.analysis.reporting.wording import amount, counted, joined, quoted, sentences, share
from loopscope.analysis.tables import number

if TYPE_CHECKING:
    from loopscope.analysis.comparison import Outcome
    from loopscope.analysis.draft import Draft

FRONT = 3
"""Scenarios, and key outcomes of each, that are told of."""

MOVED = 2
"""Key outcomes whose extremes over all scenarios are told."""

STILL = 0.005
"""Relative change below which an outcome does not move."""

NAMED = 4
"""Scenarios that are named; the rest are counted."""


def scenarios_told(draft: Draft) -> str:
    """Return how many scenarios there are, which of them hardly matter, and what failed."""
    base = draft.runs[0].label
    others = len(draft.runs) - 1
    if not others:
        told = [f"the model comes with no scenarios, so there is one run, '{base}'"]
    else:
        told = [f"{counted(others, 'scenario')} {_are(others)} set against '{base}'"]
        still = _still(draft)
        if still:
            told.append(f"in {joined(still, NAMED)} no key outcome ends more than 1 % elsewhere")
    failed = [run.label for run in draft.runs if run.status != "ok"]
    if failed:
        told.append(f"{counted(len(failed), 'run')} failed: {joined(quoted(failed), NAMED)}")
    return sentences(told)


def scenario_sentences(draft: Draft) -> list[str]:
    """Return a sentence on each scenario to look at first, then on the extremes of all."""
    labels = [run.label for run in draft.runs[1:]]
    first = [name for name in highlights(draft.prepared.name).scenarios if name in labels]
    told = [_one(draft, label) for label in (first or labels)[:FRONT]]
    if len(labels) > FRONT:
        names = list(dict.fromkeys(one.variable for one in draft.compared.outcomes))
        told += [_extremes(draft, name) for name in names[:MOVED]]
    return [sentences([one]) for one in told]


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _one(draft: Draft, label: str) -> str:
    """Return where the first key outcomes end in one scenario."""
    found = [one for one in _changed(draft) if one.scenario == label][:FRONT]
    if not found:
        return f"'{label}' cannot be compared at the end"
    ends = [
        f"{one.variable} {differs(one.change)} ({amount(one.final, one.units)})"
        if abs(one.change) >= STILL
        else f"{one.variable} unchanged"
        for one in found
    ]
    return f"at the end of '{label}', against '{found[0].against}': {joined(ends)}"


def differs(change: float) -> str:
    """Return a relative change as a comparison.

    Examples
    --------
    >>> differs(0.314), differs(-0.02), differs(4.1)
    ('31 % higher', '2 % lower', '5.1 times as high')
    """
    if change > 2:
        return f"{number(1 + change, 2)} times as high"
    return f"{share(abs(change))} {'higher' if change > 0 else 'lower'}"


def _extremes(draft: Draft, variable: str) -> str:
    """Return which scenarios raise and lower a key outcome most, each against its own base."""
    moved = [
        one for one in _changed(draft) if one.variable == variable and abs(one.change) >= STILL
    ]
    if not moved:
        return f"no scenario moves {variable} at the end"
    least, most = min(moved, key=_change), max(moved, key=_change)
    said = [
        f"{way} most in '{one.scenario}' ({differs(one.change)}{_where(draft, one)})"
        for way, one in (("rises", most), ("falls", least))
        if (one.change > 0) == (way == "rises")
    ]
    return f"of all scenarios, {variable} {joined(said)}"


def _where(draft: Draft, one: Outcome) -> str:
    """Return what a scenario is compared with, where that is not the first run."""
    return "" if one.against == draft.runs[0].label else f" than in '{one.against}'"


def _change(one: Outcome) -> float:
    return one.change


def _changed(draft: Draft) -> list[Outcome]:
    return [
        one
        for one in draft.compared.outcomes
        if one.scenario != one.against and math.isfinite(one.change)
    ]


def _still(draft: Draft) -> list[str]:
    """Return the scenarios in which no key outcome ends more than one percent elsewhere."""
    largest: dict[str, float] = {}
    for one in _changed(draft):
        largest[one.scenario] = max(largest.get(one.scenario, 0.0), abs(one.change))
    return [f"'{label}'" for label, change in largest.items() if change < 0.01]
