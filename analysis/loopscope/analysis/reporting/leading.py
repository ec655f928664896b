"""What the loops of each scenario do, as numbers.

In: a ``Draft`` whose scenarios have run.  Out: ``Told`` records: shares, who leads when, and the
moment that tells most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.ranking import HELD
from loopscope.loops.dominance import NONE, mean_shares, periods

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

SECONDS = 15.0
"""For each way of finding loops that are too many to list; what was left out is said."""

MOST_TIMES = 400
"""Saved times at which loops are scored, about."""


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
    scores
        Of all loops held, dims (time, loop).
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

    @property
    def moment(self) -> float:
        """The time that tells most: the middle of the period in which the listed loops do most."""
        time = np.asarray(self.scores["time"].values, dtype=np.float64)
        spells = [
            ((one.stop - one.start) * carried, (one.start + one.stop) / 2)
            for one, carried in zip(self.periods, self.carried, strict=True)
            if one.loops and one.polarity != NONE
        ]
        wanted = max(spells, default=(0.0, float(time[len(time) // 2])))[1]
        return float(time[int(np.argmin(np.abs(time - wanted)))])

    def strongest(self, at: float, most: int) -> list[str]:
        """Return ids of the listed loops that carry most at a time, the strongest first."""
        row = self.scores["relative"].sel(time=at, method="nearest")
        sizes = {one: abs(float(np.nan_to_num(row.sel(loop=one).item()))) for one in self.shares}
        ranked = sorted(sizes, key=lambda one: (-sizes[one], one))
        return [one for one in ranked[:most] if sizes[one] > 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Which loops a report tells of.

    Attributes
    ----------
    ids
        Loops of the largest partition, for scores of another do not compare: named ones, else the
        strongest of the first run.
    apart
        Named loops of smaller partitions.
    """

    ids: list[str]
    apart: list[str]


def look_for_loops(draft: Draft) -> tuple[Listed, Catalogue | None]:
    """Find the loops of a draft's model, and score them along each of its runs.

    Leaves ``found`` and ``told`` in the draft; ``found`` stays None for a model without loops.
    """
    from loopscope import models
    from loopscope.loops.catalogue import catalogue
    from loopscope.loops.methods import score_each

    draft.step("reading the model", 0, 1)
    model = models.load(draft.prepared.path)
    named = catalogue(model)
    runs = [run for run in draft.runs if run.status == "ok"]
    datasets = [_lean(run, [stock.name for stock in model.stocks]) for run in runs]
    draft.step("finding the loops", 0, 1)
    found = _found(model, datasets)
    if not found.graph.partitions or not runs:
        draft.found = found if found.graph.partitions else None
        return Listed(ids=[], apart=[]), named
    draft.found = found
    draft.step("scoring the loops", 0, 1)
    scores = score_each(found, datasets)
    listed = _listed(found, scores[0], named)
    draft.told = [_told(run, found, one, listed.ids) for run, one in zip(runs, scores, strict=True)]
    return listed, named


def _lean(run: Run, stocks: Sequence[str]) -> xr.Dataset:
    """Return what scoring reads of a run: by its stocks it is known again, and made anew."""
    whole = run.dataset()
    every = max(1, whole.sizes["time"] // MOST_TIMES)
    kept = [name for name in stocks if name in whole]
    return whole[[*kept, "status"]].isel(time=slice(None, None, every))


def _found(model: object, datasets: Sequence[xr.Dataset]) -> Loops:
    """Return the loops that a model names, or those that matter in its runs."""
    from loopscope import loops
    from loopscope.loops.finding.named import find_named
    from loopscope.models.model import Model

    assert isinstance(model, Model)
    runs = list(datasets)
    named = find_named(model, run=runs)
    if named is not None:
        return named
    thinned = [one.isel(time=slice(None, None, EVERY)) for one in runs]
    return loops.find(model, run=thinned or None, max_loops=HELD, seconds=SECONDS)


def _listed(found: Loops, scores: xr.Dataset, named: Catalogue | None) -> Listed:
    place = dict(zip(found.ids, scores["partition"].values.tolist(), strict=True))
    if named is not None:
        ids = [loop.id for loop in named.loops if loop.id in place]
        return Listed(
            ids=[i for i in ids if place[i] == 0], apart=[i for i in ids if place[i] != 0]
        )
    order = np.argsort(-mean_shares(scores), kind="stable")
    strongest = [found.ids[number] for number in order if place[found.ids[number]] == 0]
    return Listed(ids=strongest[:MOST_LISTED], apart=[])


def _told(run: Run, found: Loops, scores: xr.Dataset, listed: Sequence[str]) -> Told:
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
