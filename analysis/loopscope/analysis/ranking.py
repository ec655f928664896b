"""Loops of a model in the order of what they carry in a run.

In: a model, a scenario and a method of scoring.  Out: ``Ranking``: a row a loop with its share, its
periods of dominance and its gain, the statement of completeness, and notes on what the method
cannot say here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope import loops
from loopscope.analysis.runs import Choice, label_of
from loopscope.loops.compare import flat
from loopscope.loops.dominance import Period, mean_shares, periods
from loopscope.loops.graph import CausalGraph
from loopscope.loops.notes import notes_on
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One loop of a ranking.

    Attributes
    ----------
    share
        Mean magnitude of its relative score over the run, in [0, 1]; of its own partition.
    at
        Relative score at the time asked for; None when none was.
    periods
        (start, stop) of the periods in which it belongs to the dominating set.
    """

    id: str
    name: str
    polarity: str
    path: tuple[str, ...]
    partition: int
    share: float
    at: float | None
    periods: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Loops in order, and what stands behind them.

    Attributes
    ----------
    rows
        Strongest first, by ``at`` where a time was asked for, else by ``share``.
    periods
        Who dominates when, over all loops of each partition.
    statement
        How many loops there are, and how they were found.
    notes
        What the method cannot say of this run, and what can be said instead.
    """

    model: str
    label: str
    method: str
    time_units: str
    at: float | None
    rows: tuple[Ranked, ...]
    periods: tuple[Period, ...]
    statement: str
    notes: tuple[str, ...]
    found: Loops
    along: Along
    scores: xr.Dataset


def simulated(
    model: Model, scenario: Scenario | None, choice: Choice, *, steps: bool = False
) -> xr.Dataset:
    """Simulate a model, for scoring.

    Parameters
    ----------
    steps
        Whether every step must be saved, as the discrete method needs.
    """
    from loopscope.models.engine.simulate import simulate

    settings: dict[str, Any] = {
        "case": choice.case, "parameters": choice.parameters, "initial": choice.initial,
        "method": choice.method, "dt": choice.dt, "start": choice.start, "stop": choice.stop,
        "saveper": choice.saveper, "seed": choice.seed, "outputs": _stocks(model),
    }  # fmt: skip
    run = simulate(model, scenario, **settings)
    if steps and choice.saveper is None:
        run = simulate(model, scenario, **{**settings, "saveper": float(run.attrs["dt"])})
    return run


def _stocks(model: Model) -> list[str] | None:
    return [stock.name for stock in model.stocks] or None


HELD = 20_000
"""Loops held one by one; of a graph with more, those that matter in the run."""


def rank(
    model: Model | CausalGraph,
    scenario: Scenario | None = None,
    *,
    choice: Choice | None = None,
    view: Sequence[str] | str | None = None,
    method: str = "ltm",
    through: str | None = None,
    at: float | None = None,
    pins: Sequence[Sequence[str]] = (),
    progress: Callable[[str], None] | None = None,
    **options: Any,
) -> Ranking:
    """Simulate a model and put its loops in order.

    Parameters
    ----------
    model
        A model, or a view of one.
    view
        "full" for all variables, or those to keep beside the stocks; else what the model declares.
    through
        Only loops through this variable are listed; shares stay those among all loops.
    at
        Time at which to rank, in the model's unit; the whole run by default.
    pins
        Paths of loops to hold however weak they are.
    options
        Of the method.

    Raises
    ------
    LoopError
        As ``loops.score``; an unknown variable; a time outside the run; a model without loops.
    """
    choice = choice or Choice()
    tell = progress or (lambda _: None)
    source = model.model if isinstance(model, CausalGraph) else model
    tell("simulating")
    run = simulated(source, scenario, choice, steps=options.get("form") == "discrete")
    tell("finding loops")
    found = loops.find(model, view=view, run=run, max_loops=HELD, pins=pins)
    if not found.graph.partitions:
        msg = f"{source.name}: the model has no feedback loop, so there is nothing to rank"
        raise LoopError(msg)
    shown = found if through is None else found.through(through)
    tell("scoring")
    along = loops.along(found.graph, run)
    scores = flat(loops.score(found, along, method=method, **options))
    who = periods(scores)
    return Ranking(
        model=source.name,
        label=label_of(scenario, choice.case),
        method=str(scores.attrs["method"]),
        time_units=source.clock.units,
        at=at,
        rows=tuple(_rows(found, shown, scores, who, at)),
        periods=tuple(who),
        statement=found.statement,
        notes=(*_of_named(found, scores), *notes_on(found, along, scores)),
        found=found,
        along=along,
        scores=scores,
    )


def _of_named(found: Loops, scores: xr.Dataset) -> list[str]:
    """Return what part the named loops of the largest partition carry, beside all others there."""
    inside = scores.isel(loop=np.flatnonzero(scores["partition"].values == 0))
    names = np.array([bool(name) for name in inside["name"].values])
    if not names.any() or names.all():
        return []
    shares = mean_shares(inside)
    named, held = float(shares[names].sum()), float(shares[~names].sum())
    return [
        f"the {int(names.sum())} named loops carry {named:.1%} of the change, the other loops held "
        f"{held:.1%}, the rest {max(0.0, 1 - named - held):.1%}"
    ]


def _rows(
    found: Loops, shown: Loops, scores: xr.Dataset, who: Sequence[Period], at: float | None
) -> list[Ranked]:
    shares = mean_shares(scores)
    now = None if at is None else _at(scores, at)
    place = {identity: number for number, identity in enumerate(found.ids)}
    spans: dict[str, list[tuple[float, float]]] = {}
    for period in who:
        for identity in period.loops:
            spans.setdefault(identity, []).append((period.start, period.stop))
    rows = []
    for loop in shown:
        number = place[loop.id]
        rows.append(
            Ranked(
                id=loop.id,
                name=loop.name,
                polarity=loop.polarity,
                path=loop.path,
                partition=found.graph.partition_of[loop.nodes[0]].number,
                share=float(shares[number]),
                at=None if now is None else float(now[number]),
                periods=tuple(spans.get(loop.id, ())),
            )
        )
    if now is None:
        return sorted(rows, key=lambda row: (row.partition, -row.share))
    return sorted(rows, key=lambda row: (row.partition, -abs(np.nan_to_num(row.at or 0.0))))


def _at(scores: xr.Dataset, at: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return relative scores at the last saved time that is not after ``at``."""
    time = np.asarray(scores["time"].values, dtype=np.float64)
    slack = 1e-9 * max(1.0, float(np.abs(time).max()))
    if not time[0] - slack <= at <= time[-1] + slack:
        msg = f"time {at:g} lies outside the run, which goes from {time[0]:g} to {time[-1]:g}"
        raise LoopError(msg)
    row = int(np.searchsorted(time, at + slack, side="right")) - 1
    return np.asarray(scores["relative"].values[row], dtype=np.float64)


def cut_to(ranking: Ranking, top: int) -> Ranking:
    """Return the ranking with its first rows only."""
    return replace(ranking, rows=ranking.rows[:top])
