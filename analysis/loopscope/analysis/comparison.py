"""Scenarios side by side.

In: a model and the names of scenarios.  Out: a ``Comparison``: for each key variable and scenario
its final value, its relative change against the base, its peak, and when its path crosses the
base's.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.analysis.highlights import outcomes
from loopscope.analysis.runs import Choice, Run, simulate_all
from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from loopscope.analysis.runs import AnyModel
    from loopscope.models.case import Case

Numbers = NDArray[np.float64]

SAME = 1e-9
"""Paths nearer than this, relative to the larger, do not differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One variable of one run, in ``units``; NaN where the run has no finite value.

    ``end`` is NaN when the run failed before its end; the extremes are those until then.
    """

    variable: str
    units: str
    start: float
    end: float
    lowest: float
    highest: float
    time_of_highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One variable in one scenario, against the same variable in its base.

    Attributes
    ----------
    against
        Label of the base; the scenario's own where it is the base.
    final, peak
        In ``units``.
    change
        (final - base's final) / abs(base's final); NaN where the base ends at zero.
    time_of_peak, crossings
        In the model's time unit.  A crossing is where the path passes the base's after the two
        have parted, in a straight line between saved times.
    """

    variable: str
    units: str
    scenario: str
    against: str
    final: float
    change: float
    peak: float
    time_of_peak: float
    crossings: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs, the first of which is the base, and their outcomes, variable by variable."""

    runs: tuple[Run, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def base(self) -> str:
        """Label of the run that the others are compared with."""
        return self.runs[0].label

    def columns(self) -> dict[str, list[Any]]:
        """Return the outcomes as the columns of a table; crossings are joined with spaces."""
        found: dict[str, list[Any]] = {
            field.name: [getattr(outcome, field.name) for outcome in self.outcomes]
            for field in fields(Outcome)
        }
        found["crossings"] = [" ".join(map(repr, times)) for times in found["crossings"]]
        return found


def compare(
    model: AnyModel,
    scenarios: Sequence[str],
    *,
    case: str | Case | None = None,
    parameters: Mapping[str, Any] | None = None,
    outputs: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Simulate scenarios and compare them with the first.

    Parameters
    ----------
    model
        A model from ``load``, a library name or a path.
    scenarios
        Names; the first is the base.  One name alone is compared with the model as it stands.
    case, parameters
        As for ``simulate``, the same for all.
    outputs
        Variables to compare; the model's key outcomes, or its stocks, by default.

    Raises
    ------
    RunError
        No scenario is named, or one twice.
    LoopscopeError
        As ``simulate``.

    Examples
    --------
    >>> compared = compare("migration_policy", ["base", "border build-up"])
    >>> first, second = compared.outcomes[:2]
    >>> first.scenario, second.scenario, second.final > first.final
    ('base', 'border build-up', True)
    """
    if not scenarios:
        msg = "name at least one scenario to compare; 'loopscope describe' lists them"
        raise RunError(msg)
    names: list[str | None] = [*([None] if len(scenarios) == 1 else []), *scenarios]
    choice = Choice(case=case, parameters=parameters or {})
    runs = simulate_all(model, names, choice, progress=progress)
    return of_runs(runs, outputs)


def of_runs(
    runs: Sequence[Run], named: Sequence[str] = (), bases: Sequence[Run] | None = None
) -> Comparison:
    """Compare runs that are there already with the first of them, or each with its own base."""
    pairs = list(zip(bases or [runs[0]] * len(runs), runs, strict=True))
    found = [_outcome(base, run, name) for name in outcomes(runs[0], named) for base, run in pairs]
    return Comparison(runs=tuple(runs), outcomes=tuple(found))


def _outcome(base: Run, run: Run, name: str) -> Outcome:
    own = summarise(run, [name])[0]
    final = float(base.values[name][-1])
    return Outcome(
        variable=name,
        units=own.units,
        scenario=run.label,
        against=base.label,
        final=own.end,
        change=(own.end - final) / abs(final) if final else math.nan,
        peak=own.highest,
        time_of_peak=own.time_of_highest,
        crossings=() if run is base else crossings(run, base, name),
    )


def summarise(run: Run, names: Sequence[str]) -> list[Summary]:
    """Return start, end and extremes of some variables; the earliest time where several tie."""
    found = []
    for name in names:
        values = run.values[name]
        known = np.isfinite(values)
        seen, time = values[known], run.time[known]
        none = math.nan
        found.append(
            Summary(
                variable=name,
                units=run.units[name],
                start=float(values[0]),
                end=float(values[-1]),
                lowest=float(seen.min()) if len(seen) else none,
                highest=float(seen.max()) if len(seen) else none,
                time_of_highest=float(time[seen.argmax()]) if len(seen) else none,
            )
        )
    return found


def crossings(run: Run, base: Run, name: str) -> tuple[float, ...]:
    """Return when one run's path passes another's, in the model's time unit."""
    time = run.time[np.isin(run.time, base.time)]
    own = run.values[name][np.isin(run.time, base.time)]
    other = base.values[name][np.isin(base.time, run.time)]
    known = np.isfinite(own) & np.isfinite(other)
    time, own, other = time[known], own[known], other[known]
    size = float(np.max(np.maximum(np.abs(own), np.abs(other)), initial=0.0))
    gap = own - other
    apart = np.flatnonzero(np.abs(gap) > SAME * size)
    found = []
    for before, after in itertools.pairwise(apart):
        if (gap[before] > 0) != (gap[after] > 0):
            share = gap[before] / (gap[before] - gap[after])
            found.append(float(time[before] + share * (time[after] - time[before])))
    return tuple(found)
