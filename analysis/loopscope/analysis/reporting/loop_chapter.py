"""The chapter that says which feedback loops drive each scenario, and when.

In: a ``Draft`` whose scenarios have run.  Out: tables, pictures and a ``Section``: the loops in
plain words, who leads when, a causal loop diagram for each scenario, and which claims rest on which
loops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis import outputs
from loopscope.analysis.draft import slug
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
from loopscope.analysis.reporting.leading import LITTLE, look_for_loops
from loopscope.analysis.reporting.maps import base_map, chosen, scenario_map
from loopscope.analysis.reporting.share_charts import colours_of, lead_rows, share_areas
from loopscope.analysis.tables import moment, plain
from loopscope.models.errors import LoopscopeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.reporting.blocks import Block, Words
    from loopscope.analysis.reporting.leading import Listed, Told
    from loopscope.loops.catalogue import Catalogue
    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.finding.found import Loops

ID, TITLE = "loops", "Which loops drive it, and when"
KINDS = {"R": "reinforcing", "B": "balancing", "U": "sign not proved"}
NEARLY_ALL = 0.9995
"""Share of the change from which nothing is said of the rest."""

SIDE_BY_SIDE = 4
"""Scenarios that the table of shares shows; ``loop-shares.csv`` has all."""

MEANS = (
    "A feedback loop is a closed chain of causes: a reinforcing loop (R) drives a change further, "
    "a balancing loop (B) works against it. The share of a loop is its part in the change of all "
    "stocks that feed back on each other (Loops That Matter, continuous form), so all shares "
    "together make 100 %."
)


def loop_chapter(draft: Draft) -> Section:
    """Write which loops drive each scenario; a model without loops gets a sentence."""
    try:
        listed, named = look_for_loops(draft)
    except LoopscopeError as error:
        return Section(ID, TITLE, (Note(f"Loops could not be told: {plain(str(error))}."),))
    if draft.found is None:
        words = "The model has no feedback loop, so whatever moves it comes from outside."
        return Section(ID, TITLE, (Paragraph(words),))
    if not draft.told:
        words = "No scenario ran to its end, so there is nothing to tell of loops."
        return Section(ID, TITLE, (Note(words),))
    draft.colours = colours_of(_by_strength(draft, named))
    _tables(draft, listed.ids, named)
    blocks = [*_overall(draft, listed, named), *_by_scenario(draft), *_claims_part(draft, named)]
    return Section(ID, TITLE, tuple(blocks), lead=_lead(draft, listed))


def _lead(draft: Draft, listed: Listed) -> str:
    assert draft.found is not None
    base = draft.told[0]
    strongest = sorted(base.shares, key=lambda one: -base.shares[one])[:3]
    names = ", ".join(_called(draft.found, one) for one in strongest if base.shares[one] > 0)
    first = (
        f"In {plain(base.label)} the strongest of the {len(listed.ids)} loops told of are {names}."
        if names
        else f"In {plain(base.label)} none of the {len(listed.ids)} loops told of carries anything."
    )
    others = sum(max(one.shares, key=lambda i: one.shares[i]) != strongest[0] for one in draft.told)
    if len(draft.told) == 1 or not names:
        return first
    return f"{first} In {others} of {len(draft.told)} scenarios another loop is the strongest."


def _called(found: Loops, identity: str) -> str:
    name = found[identity].name
    return f"{identity} ({plain(name)})" if name else identity


def _overall(draft: Draft, listed: Listed, named: Catalogue | None) -> Iterable[Block]:
    """Yield what holds for all scenarios: how many loops, what each does, who leads when."""
    found = draft.found
    assert found is not None
    kind = "named" if named is not None else "strongest"
    yield Paragraph(MEANS)
    told = f"Told of here are the {len(listed.ids)} {kind} ones"
    yield Paragraph(
        f"The model has {found.count:,} loops. {told}; shares are of all of them."
        if found.complete and found.count is not None
        else f"The model has more loops than can be counted. {told}: {plain(found.statement)}."
    )
    colours = draft.colours
    faint = [period for one in draft.told for period in one.faint]
    time = draft.told[0].scores["time"].values
    spans = {one.label: one.periods for one in draft.told}
    if any(period.loops for row in spans.values() for period in row):
        note = f"pale: these loops carry less than {LITTLE:.0%} of the change then" if faint else ""
        scene = lead_rows(
            spans, colours, faint, span=(float(time[0]), float(time[-1])),
            unit=plain(draft.prepared.clock["units"]), note=note,
        )  # fmt: skip
        what = "which loops lead when, in each scenario"
        file = draft.scene(scene, "loops-by-scenario", what)
        alt = "; ".join(f"{one.label}: {_leaders(one)}" for one in draft.told[:12])
        yield Picture(file, f"Bars of time for each scenario. {alt}", f"{what.capitalize()}.")
    rows = []
    facts = {one.id: one for one in named.loops} if named is not None else {}
    for identity in listed.ids:
        loop = found[identity]
        says = facts[identity].sentence if identity in facts else " -> ".join(loop.path)
        told = facts[identity].polarity if identity in facts else loop.polarity
        kind = KINDS[told] if told == loop.polarity else f"{KINDS[told]}, not proved"
        rows.append((Text(identity, "bold"), plain(loop.name), kind, plain(says)))
    yield Details(
        f"What each of the {len(rows)} loops does",
        (Table(("loop", "name", "kind", "what it does"), tuple(rows), "The loops in words"),),
    )
    columns = draft.told[:SIDE_BY_SIDE]
    head = ("loop", "name", *(one.label for one in columns))
    shares: tuple[tuple[Words, ...], ...] = tuple(
        (Text(one, "bold"), plain(found[one].name), *(f"{t.shares[one]:.1%}" for t in columns))
        for one in sorted(listed.ids, key=lambda one: -columns[0].shares[one])
    )
    total: tuple[Words, ...] = ("all others", "", *(f"{1 - one.listed:.1%}" for one in columns))
    rest = any(one.listed < NEARLY_ALL for one in columns)
    yield Details(
        "How much each of them carries",
        (
            Table(
                head, (*shares, *([total] if rest else [])), "Mean share of each loop over the run",
                numbers=tuple(range(2, len(head))),
            ),
            Paragraph(("All scenarios: ", Text("loop-shares.csv", link="loop-shares.csv"), ".")),
        ),
    )  # fmt: skip
    if listed.apart:
        names = ", ".join(_called(found, one) for one in listed.apart)
        yield Note(
            f"Not told of: {names}. No other stock feeds back on theirs, so their scores compare "
            "with nothing here."
        )


def _by_strength(draft: Draft, named: Catalogue | None) -> dict[str, str]:
    """Return the polarity of each loop told of, the strongest over all scenarios first.

    That which the model states counts, where it names the loop.
    """
    assert draft.found is not None
    total = {one: sum(t.shares[one] for t in draft.told) for one in draft.told[0].shares}
    known: dict[str, str] = {one.id: one.polarity for one in named.loops} if named else {}
    order = sorted(total, key=lambda one: (-total[one], one))
    return {one: known.get(one, draft.found[one].polarity) for one in order}


def _leaders(told: Told) -> str:
    spells = [
        f"{moment(one.start)} to {moment(one.stop)} {one.loops[0]}"
        for one in told.periods
        if one.loops
    ]
    return ", ".join(spells) or "none leads"


def _by_scenario(draft: Draft) -> Iterable[Block]:
    """Yield for each scenario who leads when, the shares over time, and its map."""
    found = draft.found
    assert found is not None
    yield Heading("Scenario by scenario", "loops-scenarios")
    drawn: Diagram | None = None
    try:
        ids = chosen(draft.told)
        drawn = base_map(draft, ids) if ids else None
    except LoopscopeError as error:
        yield Note(f"There is no map of the loops: {plain(str(error))}.")
    if drawn is not None:
        names = ", ".join(_called(found, one) for one in ids)
        yield Paragraph(
            f"The maps show the loops that matter most in these scenarios: {names}. Everything "
            "stands in the same place in each, and is drawn at the moment at which the named loops "
            "do most: compare the widths of the links."
        )
    colours = draft.colours
    units = plain(draft.prepared.clock["units"])
    names_of = {one: plain(found[one].name) for one in draft.told[0].shares}
    for number, told in enumerate(draft.told):
        draft.step("drawing the loops of each scenario", number, len(draft.told))
        blocks: list[Block] = [Paragraph(sentence(told, found))]
        if np.nan_to_num(told.scores["relative"].values).any():
            scene = share_areas(
                told.scores, names_of, colours, told.periods, told.faint, unit=units
            )
            what = f"what loops carry over time, '{told.label}'"
            file = draft.scene(scene, f"loops-{slug(told.label)}", what)
            alt = f"Shares of loops over time in {told.label}: {_leaders(told)}."
            blocks.append(Picture(file, alt, f"What loops carry over time in '{told.label}'."))
        if drawn is not None:
            file, alt = scenario_map(draft, drawn, told)
            words = f"The loops of '{told.label}' at {moment(told.moment)} ({units})."
            blocks.append(Picture(file, alt, words))
        yield Details(f"{told.label}: {_leaders(told)}", tuple(blocks))


def sentence(told: Told, found: Loops) -> str:
    """Return who leads when, in words made from the numbers."""
    spells = []
    for period, carried in zip(told.periods, told.carried, strict=True):
        if not period.loops:
            continue
        lead = found[period.loops[0]]
        # The sign that its score had then: a loop may change sign during a run.
        kind = {"R": "reinforcing", "B": "balancing"}[period.polarity]
        name = f" ({plain(lead.name)})" if lead.name else ""
        some = carried < NEARLY_ALL
        others = len(period.loops) - 1
        more = f" with {others} more" if others else ""
        spells.append(
            f"from {moment(period.start)} to {moment(period.stop)} the {kind} {lead.id}{name}"
            f"{more}" + (f", while they carry {carried:.0%} of the change" if some else "")
        )
    if not spells:
        return "None of these loops leads at any time."
    strongest = max(told.shares, key=lambda one: told.shares[one])
    rest = (
        f"; all listed loops carry {told.listed:.1%}, those that reinforce {told.reinforcing:.1%}, "
        f"all other loops the remaining {1 - told.listed:.1%}."
        if told.listed < NEARLY_ALL
        else f"; those that reinforce carry {told.reinforcing:.1%}."
    )
    return (
        f"Of these loops lead {'; '.join(spells)}. Over the whole run "
        f"{_called(found, strongest)} is the strongest with {told.shares[strongest]:.1%} of the "
        f"change{rest}"
    )


def _tables(draft: Draft, listed: Sequence[str], named: Catalogue | None) -> None:
    from loopscope.loops.signs import regions

    found, told = draft.found, draft.told
    assert found is not None
    rows = [found[one] for one in listed]
    facts = {one.id: one for one in named.loops} if named is not None else {}
    columns: dict[str, Sequence[Any]] = {
        "id": [loop.id for loop in rows],
        "name": [loop.name for loop in rows],
        "polarity": [loop.polarity for loop in rows],
        "path": [" -> ".join(loop.path) for loop in rows],
        "gain": [regions.formula(loop) for loop in rows],
        "claims": ["; ".join(facts[r.id].claims) if r.id in facts else "" for r in rows],
        "sentence": [facts[r.id].sentence if r.id in facts else "" for r in rows],
    }
    path = draft.file("loops.csv", "feedback loops: path, polarity, gain as a formula, claims")
    outputs.write_table(columns, path)
    shares: dict[str, Sequence[Any]] = {"scenario": [one.label for one in told]}
    for loop in rows:
        shares[loop.id] = [one.shares[loop.id] for one in told]
    shares["listed loops"] = [one.listed for one in told]
    shares["other loops"] = [1.0 - one.listed for one in told]
    what = "mean share of each loop in each scenario"
    outputs.write_table(shares, draft.file("loop-shares.csv", what))
    flat = [(one.label, period) for one in told for period in one.periods]
    columns = {
        "scenario": [label for label, _ in flat],
        "from": [p.start for _, p in flat],
        "to": [p.stop for _, p in flat],
        "loops": [" ".join(p.loops) for _, p in flat],
        "share": [p.share for _, p in flat],
        "carried": [carried for one in told for carried in one.carried],
    }
    what = "who dominates when, in each scenario"
    outputs.write_table(columns, draft.file("loop-periods.csv", what))
    if named is not None:
        what = "claims that rest on loops, and where those loops are strongest"
        outputs.write_table(_claims(named, told), draft.file("loop-claims.csv", what))


def _claims(named: Catalogue, told: Sequence[Told]) -> dict[str, Sequence[Any]]:
    """Return a row for each claim that a loop carries."""
    carriers: dict[str, list[str]] = {}
    for loop in named.loops:
        for claim in loop.claims:
            carriers.setdefault(claim, []).append(loop.id)
    rows = []
    for claim in sorted(carriers):
        ids = carriers[claim]
        best = max(
            ((one.shares[i], i, one.label) for one in told for i in ids if i in one.shares),
            default=(float("nan"), "", ""),
        )
        where = [
            one.label for one in told if any(p.loops and p.loops[0] in ids for p in one.periods)
        ]
        rows.append((claim, " ".join(ids), best[1], best[2], best[0], "; ".join(where)))
    heads = ("claim", "loops", "strongest loop", "strongest in", "mean share", "leads in")
    return {head: [row[n] for row in rows] for n, head in enumerate(heads)}


MOST_NAMED = 3
"""Scenarios named in a row of claims; ``loop-claims.csv`` has all."""


def _claims_part(draft: Draft, named: Catalogue | None) -> Iterable[Block]:
    if named is None or not any(loop.claims for loop in named.loops):
        return
    columns = _claims(named, draft.told)
    rows = []
    for row in zip(*columns.values(), strict=True):
        *cells, share, where = row
        places = [one for one in str(where).split("; ") if one]
        shown = ", ".join(places[:MOST_NAMED])
        more = len(places) - MOST_NAMED
        text = f"{shown} and {more} more" if more > 0 else shown
        number = "-" if share != share else f"{share:.1%}"
        rows.append((*(plain(str(one)) for one in cells), number, text or "none"))
    yield Heading("Claims that rest on loops", "loops-claims")
    yield Details(
        f"{len(rows)} claims and the loops that carry them",
        (
            Table(tuple(columns), tuple(rows), "Claims that rest on loops", numbers=(4,)),
            Bullets(((Text("loop-claims.csv", link="loop-claims.csv"), " has all scenarios"),)),
        ),
    )
