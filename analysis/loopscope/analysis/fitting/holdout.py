"""Whether the fit would have foreseen the end of the record.

In: a ``Problem`` and its minimum.  Out: for each series the error on its last third, after a fit to
the first two thirds of every series, beside the error of the full fit there and that of carrying
the last value of the first two thirds forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.fitting.estimate import descend, only
from loopscope.analysis.measures import mape, rmse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.fitting.estimate import Minimum
    from loopscope.analysis.fitting.problem import Numbers, Problem, Series

KEPT = 2 / 3
"""Share of the time span of each series that is fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """One series after a fit to the first two thirds of all.

    Attributes
    ----------
    cut
        Where the last third of its time begins.
    until
        Last time that was fitted; NaN where none was.
    fitted, held
        Numbers of points in the two parts; a series without points in one of them has NaN for its
        errors there.
    rmse_before, rmse_after
        Errors on the first two thirds and on the last third.
    mape_after
        Mean absolute percentage error on the last third.
    rmse_full
        Error on the last third of the fit to everything.
    rmse_carried
        Error on the last third of carrying the last value forward.
    """

    variable: str
    series: str
    units: str
    cut: float
    until: float
    fitted: int
    held: int
    rmse_before: float
    rmse_after: float
    mape_after: float
    rmse_full: float
    rmse_carried: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOut:
    """The fit to the first two thirds.

    Attributes
    ----------
    at
        Values of the unknowns, dims (unknown,).
    series
        One for each series of the problem.
    """

    at: Numbers
    series: tuple[HeldOut, ...]


def hold_out(problem: Problem, minimum: Minimum) -> HoldOut | str:
    """Fit the first two thirds of each series and measure the rest.

    Returns
    -------
    HoldOut or str
        Why there is none, in words: too few points are left to fit.
    """
    early = [_early(one) for one in problem.series]
    part = only(problem, early)
    if part.points < len(problem.unknowns):
        return (
            f"no hold-out: the first two thirds of the series have {part.points} points, fewer "
            f"than the {len(problem.unknowns)} unknowns"
        )
    starts = [descend(part, start) for start in (problem.start, minimum.at)]
    ends = [one for one in starts if one is not None]
    if not ends:
        return "no hold-out: no finite run of the first two thirds"
    best = min(ends, key=lambda one: one.squares)
    after, full = problem.computed(best.at), problem.computed(minimum.at)
    found = []
    for one, first, ours, whole in zip(
        problem.series, early, after.modelled, full.modelled, strict=True
    ):
        last = float(one.values[first][-1]) if first.any() else float("nan")
        rest = ~first
        carried = np.full(int(rest.sum()), last)
        found.append(
            HeldOut(
                variable=one.variable,
                series=one.observed.series,
                units=one.units,
                cut=_cut(one),
                until=float(one.times[first][-1]) if first.any() else float("nan"),
                fitted=int(first.sum()),
                held=int(rest.sum()),
                rmse_before=rmse(ours[first], one.values[first]),
                rmse_after=rmse(ours[rest], one.values[rest]),
                mape_after=mape(ours[rest], one.values[rest]),
                rmse_full=rmse(whole[rest], one.values[rest]),
                rmse_carried=rmse(carried, one.values[rest]),
            )
        )
    return HoldOut(at=best.at, series=tuple(found))


def _early(series: Series) -> NDArray[np.bool_]:
    """Return which points lie in the first two thirds of the time span of a series."""
    return np.asarray(series.times <= _cut(series) + 1e-9)


def _cut(series: Series) -> float:
    first, last = series.times[0], series.times[-1]
    return float(first + KEPT * (last - first))
