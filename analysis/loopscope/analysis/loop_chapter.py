"""The chapter of a report that says which feedback loops drive each scenario, and when.

In: a ``Draft`` whose scenarios have run.  Out: tables, pictures and a section of its page: loops
with formulas, shares and periods of dominance by scenario, and what claims rest on which loops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis import outputs
from loopscope.analysis.draft import safe, slug, table_row
from loopscope.analysis.ranking import HELD, mean_shares
from loopscope.analysis.tables import moment, percent, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.runs import Run
    from loopscope.loops.catalogue import Catalogue
    from loopscope.loops.dominance import Period
    from loopscope.loops.finding.found import Loops

LITTLE = 0.1
"""Share of the change below which it hardly matters which of the listed loops leads."""

MOST_LISTED = 40
"""Loops listed where a model names none."""

EVERY = 5
"""Of so many saved times one is asked which loops matter; shares are those of all times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the loops of one scenario do.

    Attributes
    ----------
    shares
        Mean magnitude of the relative score of each listed loop, by id.
    periods
        Who dominates when among the listed loops of the largest partition.
    carried
        What the listed loops carry of all change in each of these periods.
    listed, reinforcing
        Mean share of all listed loops, and of all reinforcing ones among them.
    """

    label: str
    shares: dict[str, float]
    periods: tuple[Period, ...]
    carried: tuple[float, ...]
    listed: float
    reinforcing: float
    scores: xr.Dataset

    @property
    def faint(self) -> tuple[Period, ...]:
        """Periods in which the listed loops carry so little that it hardly matters who leads."""
        pairs = zip(self.periods, self.carried, strict=True)
        return tuple(period for period, carried in pairs if carried < LITTLE)


def loop_chapter(draft: Draft) -> None:
    """Write which loops drive each scenario; a model without loops gets a sentence."""
    from loopscope import loops, models
    from loopscope.loops.catalogue import catalogue

    model = models.load(draft.prepared.path)
    named = catalogue(model)
    runs = [run for run in draft.runs if run.status == "ok"]
    datasets = {run.label: run.dataset() for run in runs}
    thinned = [one.isel(time=slice(None, None, EVERY)) for one in datasets.values()]
    found = loops.find(model, run=thinned, max_loops=HELD)
    if not found.graph.partitions:
        draft.sections.append("## Which loops drive it\n\nThe model has no feedback loop.")
        return
    told = []
    listed: list[str] = []
    apart: list[str] = []
    for run in runs:
        scores = loops.score(found, datasets[run.label], method="ltm")
        if not listed:
            listed, apart = _listed(found, scores, named)
        told.append(_told(run, found, scores, listed))
        draft.tick()
    _tables(draft, found, listed, told, named)
    _pictures(draft, told)
    units = draft.prepared.clock["units"]
    draft.sections.append(_section(found, told, named, listed, apart, units))


def _listed(
    found: Loops, scores: xr.Dataset, named: Catalogue | None
) -> tuple[list[str], list[str]]:
    """Return ids of the loops to tell of, and of named ones in smaller partitions.

    Told of are loops of the largest partition, for scores of another do not compare: named ones,
    else the strongest of the first run.
    """
    place = dict(zip(found.ids, scores["partition"].values.tolist(), strict=True))
    if named is not None:
        ids = [loop.id for loop in named.loops if loop.id in place]
        return [i for i in ids if place[i] == 0], [i for i in ids if place[i] != 0]
    order = np.argsort(-mean_shares(scores), kind="stable")
    strongest = [found.ids[number] for number in order if place[found.ids[number]] == 0]
    return strongest[:MOST_LISTED], []


def _told(run: Run, found: Loops, scores: xr.Dataset, listed: Sequence[str]) -> Told:
    from loopscope.loops.dominance import periods

    shares = dict(zip(found.ids, mean_shares(scores).tolist(), strict=True))
    part = scores.sel(loop=list(listed)).drop_vars("reinforcing", errors="ignore")
    values = np.nan_to_num(part["relative"].values)
    total = np.abs(values).sum(axis=1, keepdims=True)
    among = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    alone = part.assign(relative=(part["relative"].dims, among))
    who = tuple(p for p in periods(alone) if p.partition == 0)
    time = part["time"].values
    carried = [
        float(total[(time >= p.start) & (time < max(p.stop, p.start + 1e-9))].mean()) for p in who
    ]
    return Told(
        label=run.label,
        shares={one: shares[one] for one in listed},
        periods=who,
        carried=tuple(carried),
        listed=sum(shares[one] for one in listed),
        reinforcing=sum(shares[one] for one in listed if found[one].polarity == "R"),
        scores=scores,
    )


def sentence(told: Told, found: Loops, units: str) -> str:
    """Return who dominates when, in words made from the numbers."""
    spells = []
    for period, carried in zip(told.periods, told.carried, strict=True):
        if not period.loops:
            continue
        lead = found[period.loops[0]]
        # The sign that its score had then: a loop may change sign during a run.
        kind = {"R": "reinforcing", "B": "balancing"}[period.polarity]
        name = f" ({lead.name})" if lead.name else ""
        others = len(period.loops) - 1
        more = f" with {others} more" if others else ""
        spells.append(
            f"{moment(period.start)} to {moment(period.stop)} {kind} {lead.id}{name}{more}, "
            f"while they carry {carried:.0%} of the change"
        )
    if not spells:
        return "none of them dominates at any time."
    strongest = max(told.shares, key=lambda one: told.shares[one])
    return (
        f"of these loops lead {'; '.join(spells)}. Over the whole run {strongest} is the strongest "
        f"with {told.shares[strongest]:.1%} of the change; all listed loops carry "
        f"{told.listed:.1%}, those that reinforce {told.reinforcing:.1%}, all other loops the "
        f"remaining {1 - told.listed:.1%}."
    )


def _tables(
    draft: Draft, found: Loops, listed: Sequence[str], told: Sequence[Told], named: Catalogue | None
) -> None:
    from loopscope.loops.signs import regions

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


def _pictures(draft: Draft, told: Sequence[Told]) -> None:
    from loopscope.loops import pictures

    units = draft.prepared.clock["units"]
    spans = {one.label: one.periods for one in told}
    if any(period.loops for row in spans.values() for period in row):
        title = (
            f"{pictures.called(draft.prepared.name)}: which of these loops lead when, by scenario"
        )
        faint = [period for one in told for period in one.faint]
        note = f"pale: these loops carry less than {LITTLE:.0%} of the change then" if faint else ""
        figure = pictures.timeline(spans, units=units, title=title, pale=faint, note=note)
        draft.picture(figure, "loops-by-scenario", "which loops dominate when, in each scenario")
    for one in told:
        if np.nan_to_num(one.scores["relative"].values).any():
            title = f"{pictures.called(draft.prepared.name)}: which loops drive '{one.label}'"
            figure = pictures.areas(
                one.scores, only=list(one.shares), leads=one.periods, pale=one.faint, title=title
            )
            draft.picture(figure, f"loops-{slug(one.label)}", f"shares of loops, '{one.label}'")


def _section(
    found: Loops,
    told: Sequence[Told],
    named: Catalogue | None,
    listed: Sequence[str],
    apart: Sequence[str],
    units: str,
) -> str:
    kind = "named" if named is not None else "strongest"
    lines = [
        "## Which loops drive it",
        "",
        f"Shares are of the change of all stocks that feed back on each other (Loops That Matter, "
        f"continuous form). Listed are the {len(listed)} {kind} loops; {safe(found.statement)}.",
        "",
        "![Which loops dominate when](pictures/loops-by-scenario.png)",
        "",
    ]
    if apart:
        names = ", ".join(f"{one} ({safe(found[one].name)})" for one in apart)
        lines += [
            f"Not listed: {names}. No other stock feeds back on theirs, so their scores compare "
            "with nothing here.",
            "",
        ]
    lines += [f"- **{safe(one.label)}**: {safe(sentence(one, found, units))}" for one in told]
    lines += ["", *table_row(["loop", "polarity", "path", *(one.label for one in told[:4])])]
    lines += table_row(["---", "---", "---", *("---:" for _ in told[:4])])
    for one in listed:
        loop = found[one]
        label = f"{loop.id} {loop.name}".strip()
        lines += table_row(
            [
                label,
                loop.polarity,
                " -> ".join(loop.path),
                *(percent(t.shares[one]).lstrip("+") for t in told[:4]),
            ]
        )
    if named is not None:
        lines += ["", "### Claims that rest on loops", ""]
        columns = _claims(named, told)
        lines += table_row(list(columns)) + table_row(["---"] * len(columns))
        for row in zip(*columns.values(), strict=True):
            cells = [f"{c:.1%}" if isinstance(c, float) else plain(str(c)) for c in row]
            lines += table_row(cells)
    return "\n".join(lines)
