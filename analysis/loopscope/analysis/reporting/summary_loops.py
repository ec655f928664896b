"""What drives a model, when the lead changes, and how sure that is, in sentences of the summary.

In: a ``Draft`` whose loops are scored and whose sweep is made.  Out: sentences.

- What drives it: the loop with the largest mean share among those told of, in the first run, and
  the scenarios in which another one is strongest.
- When the lead changes: who is ahead in the first run, stretch after stretch; stretches in which
  the loops told of carry less than ``LITTLE`` of the change are left out, since it hardly matters
  then which of them leads.
- How sure: where nine of ten runs of the sweep end, which loop is likeliest to lead, and which
  constant goes along with the outcome most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.reporting.leading import LITTLE
from loopscope.analysis.reporting.wording import amount, counted, joined, quoted, sentences, share
from loopscope.analysis.tables import moment

if TYPE_CHECKING:
    import xarray as xr

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.reporting.leading import Told

MOST = 0.5
"""Share of the change below which the loops told of leave most of it to others."""

KINDS = {"R": "reinforcing", "B": "balancing"}

NAMED = 4
"""Loops, scenarios or stretches that are named; the rest are counted."""


def loops_told(draft: Draft) -> str:
    """Return which loop is strongest in the first run, and where another one is."""
    if draft.found is None or not draft.found.graph.partitions:
        return "The model has no feedback loop: nothing in it acts back on itself."
    told = draft.told
    if not told:
        return "No run could be scored."
    first = told[0]
    strongest = _strongest(first)
    if not strongest:
        return f"In '{first.label}' nothing moves, so no loop carries anything."
    told_of = [
        f"of the {counted(len(first.shares), 'loop')} looked at, {_loop(draft, strongest)} is the "
        f"strongest in '{first.label}', with {share(first.shares[strongest])} of all change; all "
        f"of them together carry {share(first.listed)}"
    ]
    if first.listed < MOST:
        rest = share(1 - first.listed)
        told_of.append(f"the other {rest} are spread over loops that are not told of here")
    others: dict[str, list[str]] = {}
    for one in told[1:]:
        lead = _strongest(one)
        if lead and lead != strongest:
            others.setdefault(lead, []).append(one.label)
    for lead, labels in sorted(others.items(), key=lambda item: -len(item[1]))[:NAMED]:
        told_of.append(f"{_loop(draft, lead)} is the strongest in {joined(quoted(labels), NAMED)}")
    if len(told) > 1 and not others:
        told_of.append("the same loop is the strongest in every other scenario")
    return sentences(told_of)


def _strongest(told: Told) -> str:
    """Return the loop with the largest mean share; "" where none has any."""
    best = max(told.shares, key=lambda one: told.shares[one], default="")
    return best if best and told.shares[best] > 0 else ""


def _loop(draft: Draft, which: str, then: str = "") -> str:
    """Return a loop with its name and kind; of one without a proved kind what it was then."""
    assert draft.found is not None
    loop = draft.found[which]
    kind = KINDS.get(loop.polarity, f"{KINDS[then]} then" if then in KINDS else "")
    said = ", ".join(part for part in (loop.name, kind) if part)
    return f"{which} ({said})" if said else which


def leads_told(draft: Draft) -> str:
    """Return who is ahead in the first run, stretch after stretch."""
    if draft.found is None or not draft.told:
        return ""
    first = draft.told[0]
    spells: list[tuple[float, float, str, str]] = []
    pale = 0.0
    for period in first.periods:
        if not period.loops:
            continue
        if period in first.faint:
            pale += period.stop - period.start
        else:
            lead = (period.loops[0], period.polarity)
            start = period.start
            if spells and spells[-1][1:] == (start, *lead):
                start = spells.pop()[0]
            spells.append((start, period.stop, *lead))
    if not spells:
        return (
            f"In '{first.label}' the loops told of never carry as much as {share(LITTLE)} of the "
            "change, so it hardly matters which of them leads."
            if pale
            else f"In '{first.label}' none of the loops told of leads at any time."
        )
    said = [
        f"{_loop(draft, loop, sign)} from {moment(start)} to {moment(stop)}"
        for start, stop, loop, sign in spells
    ]
    left = (
        f"; for {share(pale / (first.periods[-1].stop - first.periods[0].start))} of the time "
        f"these loops carry less than {share(LITTLE)} of the change, so that none is named"
        if pale
        else ""
    )
    return f"In '{first.label}' the loop ahead is {joined(said, NAMED + 1)}{left}."


def sureness_told(draft: Draft) -> str:
    """Return where most runs of the sweep end, who likely leads, and what decides it."""
    swept = draft.swept
    if swept is None:
        return (
            "No constant of the model has a declared distribution, or no sweep was asked for, so "
            "nothing can be said of it here."
        )
    runs = (
        f"over {swept.sizes['run']:,} runs with {counted(swept.sizes['parameter'], 'constant')} "
        "drawn from their declared distributions"
    )
    told_of = [f"{runs}, {_spread(swept)}"]
    told_of += _likeliest(draft)
    told_of += _deciding(draft)
    return sentences(told_of)


def _spread(swept: xr.Dataset) -> str:
    """Return where nine of ten runs end, in the first series that has an end."""
    for name, one in swept.data_vars.items():
        if one.attrs.get("role") != "series":
            continue
        last = np.asarray(one.values, dtype=np.float64)[:, -1]
        last = last[np.isfinite(last)]
        if len(last):
            units = str(one.attrs.get("units", ""))
            low, high = (amount(float(value), units) for value in np.quantile(last, [0.05, 0.95]))
            end = moment(float(swept["time"].values[-1]))
            return f"{name} in {end} lies from {low} to {high} in nine of ten"
    return "no run reaches the end"


def _likeliest(draft: Draft) -> list[str]:
    """Return which loop is likeliest to lead at the end, and when that is most open."""
    from loopscope.analysis.dominating.telling import most_open

    record = draft.dominance
    if record is None:
        return []
    chances = np.nan_to_num(np.asarray(record["probability"].values, dtype=np.float64))
    if not chances.max(initial=0.0) > 0:
        return ["no loop leads in any of them"]
    place = int(chances[-1].argmax())
    name = str(record["loop"].values[place])
    title = str(record["loop_name"].values[place])
    loop = f"{name} ({title})" if title else name
    said = [f"{loop} leads at the end in {share(float(chances[-1, place]))} of them"]
    if chances[-1, place] < 1:
        said.append(f"which loop leads is most open in {moment(most_open(record))}")
    return said


def _deciding(draft: Draft) -> list[str]:
    """Return the constant that goes along most with the first outcome."""
    from loopscope.analysis.indices.telling import slices

    if draft.indices is None:
        return []
    one = next(iter(slices(draft.indices)), None)
    if one is None or "prcc" not in one.part:
        return []
    part = one.part.isel(time=-1) if one.timed else one.part
    values = np.nan_to_num(np.asarray(part["prcc"].values, dtype=np.float64))
    place = int(np.argmax(np.abs(values)))
    if not values[place]:
        return []
    way = "rises" if values[place] > 0 else "falls"
    return [f"{one.outcome} {way} most surely with '{part['parameter'].values[place]}'"]
