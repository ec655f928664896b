"""The chapter that says what each scenario does.

In: a ``Draft`` whose scenarios have run, and what was checked of their expectations.  Out: pictures
and a ``Section``: an overview, where each scenario ends, and each scenario by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.draft import slug
from loopscope.analysis.highlights import highlights, outcomes
from loopscope.analysis.reporting.blocks import (
    Bullets,
    Details,
    Heading,
    Note,
    Paragraph,
    Picture,
    Section,
    Table,
    Text,
)
from loopscope.analysis.reporting.charts import run_panels
from loopscope.analysis.runs import moves
from loopscope.analysis.tables import moment, number, percent, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loopscope.analysis.comparison import Comparison
    from loopscope.analysis.draft import Draft
    from loopscope.analysis.reality.verifying import Verdict
    from loopscope.analysis.reporting.blocks import Block, Words
    from loopscope.analysis.runs import Run
    from loopscope.models.scenario import Scenario

ID, TITLE = "scenarios", "What happens in each scenario"
FRONT = 4
"""Scenarios of the overview, where a model has no chosen ones."""

PANELS, COLUMNS = 6, 4
"""Variables in the picture of a scenario, and in the table of ends; ``summary.csv`` has all."""


def scenario_chapter(draft: Draft) -> Section:
    """Write what each scenario does, against what it is compared with."""
    base = draft.runs[0]
    blocks: list[Block] = [_overview(draft)]
    blocks.append(_ends(draft))
    rest = list(zip(draft.records, draft.bases, draft.runs, strict=True))
    if len(rest) > 1:
        blocks.append(Heading("Scenario by scenario", "scenarios-each"))
    for place, (record, against, run) in enumerate(rest):
        draft.step("drawing the scenarios", place, len(rest))
        blocks.append(_scenario(draft, record, against, run))
    unit = f" ({plain(base.time_units)})" if base.time_units else ""
    span = f"from {moment(base.time[0])} to {moment(base.time[-1])}{unit}"
    lead = (
        f"The model runs {span} as it stands: it has no scenarios."
        if len(rest) == 1
        else f"{len(rest)} scenarios, {span}, each compared with the one that it varies."
    )
    return Section(ID, TITLE, tuple(blocks), lead=lead)


def _overview(draft: Draft) -> Picture:
    known = highlights(draft.prepared.name)
    chosen = [run for name in known.scenarios for run in draft.runs if run.label == name]
    front = chosen or draft.runs[:FRONT]
    names = list(known.front) or _names(front)[:PANELS]
    columns = 2 if len(names) in (2, 4) else 3
    scene = run_panels(front, names, title="", columns=columns, height=120.0)
    what = f"key variables: {', '.join(run.label for run in front)}"
    file = draft.scene(scene, "overview", what)
    ends = [
        f"{plain(name)} ends at "
        + ", ".join(f"{number(_last(run, name))} in {plain(run.label)}" for run in front)
        for name in names
    ]
    caption = known.front_title or "The key variables"
    return Picture(file, f"{'; '.join(ends)}.", f"{caption}.")


def _last(run: Run, name: str) -> float:
    return float(run.values[name][-1]) if name in run.values else float("nan")


def _names(runs: Sequence[Run]) -> list[str]:
    """Return what to draw: key outcomes that move in some of the runs."""
    named = outcomes(runs[0])
    moving = [
        name
        for name in named
        if any(name in run.values and moves(run.values[name]) for run in runs)
    ]
    return (moving or named)[:PANELS]


def _ends(draft: Draft) -> Table:
    """Return where each scenario ends, and its change against its base."""
    compared = draft.compared
    names = list(dict.fromkeys(one.variable for one in compared.outcomes))[:COLUMNS]
    units = {one.variable: one.units for one in compared.outcomes}
    head = ("scenario", *(_with_unit(name, units[name]) for name in names))
    rows: list[tuple[Words, ...]] = []
    for against, run in zip(draft.bases, draft.runs, strict=True):
        label = labelled(run, against, draft.runs[0])
        rows.append((plain(label), *(ended(compared, run.label, name) for name in names)))
    end = moment(draft.runs[0].time[-1])
    caption = (
        f"Where each scenario ends in {end}, and its change against '{compared.base}', or the "
        "scenario named"
        if len(rows) > 1
        else f"Where the model ends in {end}"
    )
    return Table(head, tuple(rows), caption, numbers=tuple(range(1, len(head))))


def _with_unit(name: str, units: str) -> str:
    unit = plain(units)
    return plain(name) if unit in ("", "dmnl", "1") else f"{plain(name)} ({unit})"


def _scenario(draft: Draft, record: Scenario | None, against: Run, run: Run) -> Details:
    """Return one scenario: what is changed, what was expected and found, and its picture."""
    blocks: list[Block] = []
    if run.status != "ok":
        blocks.append(Note(f"The run failed: {plain(run.status)}."))
    if record is not None:
        if record.sentence:
            blocks.append(Paragraph(plain(record.sentence)))
        changed = list(_changes(draft, record))
        if changed:
            blocks.append(Bullets(tuple(changed)))
        if record.expect:
            blocks.append(Paragraph((Text("Expected: ", "bold"), plain(record.expect))))
        blocks += _verdicts(draft, record)
    own = run is against
    pair = [run] if own else [against, run]
    names = _names(pair)
    if names and any(np.isfinite(run.values[name]).any() for name in names):
        file = draft.scene(
            run_panels(pair, names, title=""), f"scenario-{slug(run.label)}",
            f"'{run.label}'" if own else f"'{run.label}' against '{against.label}'",
        )  # fmt: skip
        told = "; ".join(_told(draft.compared, run, name) for name in names)
        caption = f"'{run.label}'" if own else f"'{run.label}' against '{against.label}'"
        blocks.append(Picture(file, f"{told}.", f"{caption}."))
    title = record.title if record is not None and record.title else ""
    named = f"{run.label}: {title}" if title and title.casefold() != run.label else run.label
    return Details(plain(named), tuple(blocks))


def _told(compared: Comparison, run: Run, name: str) -> str:
    return f"{plain(name)} ends at {ended(compared, run.label, name)}"


def _changes(draft: Draft, record: Scenario) -> Iterable[Words]:
    """Yield what a scenario sets."""
    units = {name: facts.units for name, facts in draft.prepared.variables.items()}
    for name, setting in record.settings.items():
        unit = plain(units.get(name, ""))
        yield (Text(plain(name), "code"), f": {_setting(setting)}", f" {unit}" if unit else "")
    for name, value in record.initial.items():
        yield (Text(plain(name), "code"), f" starts at {value}")


def _setting(setting: object) -> str:
    """Return what a setting does, in words."""
    start, value = getattr(setting, "start", None), getattr(setting, "value", None)
    if start is not None:
        stop, ramp = getattr(setting, "to", np.inf), getattr(setting, "ramp", 0.0)
        until = f" until {moment(stop)}" if np.isfinite(stop) else ""
        over = f", over {number(ramp)}" if ramp else ""
        return f"{number(value)} from {moment(start)} on{over}{until}"
    if value is not None:
        return number(value)
    times = getattr(setting, "times", None)
    if times is not None and len(times) > 1:
        first, last = setting.values[0], setting.values[-1]  # type: ignore[attr-defined]
        return (
            f"a path of {len(times)} points, from {number(first)} in {moment(times[0])} to "
            f"{number(last)} in {moment(times[-1])}"
        )
    return plain(str(setting)) if not isinstance(setting, float) else number(setting)


def _verdicts(draft: Draft, record: Scenario) -> Iterable[Block]:
    """Yield what was expected in figures, and whether it was found."""
    found = [one for one in _expected(draft) if one.id == record.name]
    for one in found:
        if one.note:
            yield Note(f"Expectations: {plain(one.note)}.")
    figures = [figure for one in found for figure in one.figures]
    if not figures:
        return
    rows = tuple(
        (plain(one.says), plain(one.asked), plain(one.shown), "met" if one.met else "not met")
        for one in figures
    )
    met = sum(one.met for one in figures)
    caption = f"{met} of {len(figures)} expectations are met"
    yield Table(("what was expected", "asked", "found", ""), rows, caption)
    for one in found:
        if one.reason:
            yield Note(f"Known not to be met: {plain(one.reason)}")


def _expected(draft: Draft) -> Sequence[Verdict]:
    if draft.looking is None or draft.looked.checked is None:
        return ()
    return [one for one in draft.looked.checked.statements if one.kind == "expectation"]


def labelled(run: Run, base: Run, first: Run) -> str:
    """Return the label of a run, with what it is compared with where that is not the first."""
    return run.label if base is first else f"{run.label} (against {base.label})"


def ended(compared: Comparison, scenario: str, variable: str) -> str:
    """Return where a variable ended in a scenario, and its change against the base."""
    for outcome in compared.outcomes:
        if (outcome.scenario, outcome.variable) == (scenario, variable):
            own = scenario == outcome.against
            return number(outcome.final) + ("" if own else f" ({percent(outcome.change)})")
    return number(None)
