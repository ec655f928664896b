"""When dominance shifts, over an ensemble: quantiles, how many shifts, who hands over to whom.

In: ``Ensemble``.  Out: arrays for the record of dominance.  A run that never shifts has no shift
time; it counts as "not yet" in the share of runs that have shifted, and quantiles are said of the
runs that shift, next to how many do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.dominating.ensemble import Ensemble

    Numbers = NDArray[np.float64]

QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
MOST = 10
"""Numbers of shifts that are told apart; the last stands for itself and more."""


def sound(ensemble: Ensemble) -> NDArray[np.bool_]:
    """Return whether each run has its whole course, dims (run,): only those have shift times."""
    return ~ensemble.failed


def first_and_last(ensemble: Ensemble) -> Numbers:
    """Return the time of the first and last shift, dims (run, which); NaN without, or failed."""
    times = np.stack(
        [ensemble.shifts.first(ensemble.runs), ensemble.shifts.last(ensemble.runs)], axis=-1
    )
    times[~sound(ensemble)] = np.nan
    return times


def quantiles(times: Numbers, levels: tuple[float, ...] = QUANTILES) -> Numbers:
    """Return quantiles over the runs that have a time, dims (quantile,); NaN where none has."""
    known = times[np.isfinite(times)]
    if not len(known):
        return np.full(len(levels), np.nan)
    found: Numbers = np.quantile(known, levels)
    return found


def quantile_bounds(
    times: Numbers, level: float, levels: tuple[float, ...] = QUANTILES
) -> tuple[Numbers, Numbers]:
    """Return bounds of quantiles from order statistics, dims (quantile,).

    NaN where the runs are too few for the bound to exist.

    Notes
    -----
    The number of runs below the true quantile is binomial, whatever the distribution: the bounds
    are the order statistics that hold the quantile with at least the level; David and Nagaraja
    (2003), Order Statistics, section 7.1.
    """
    from scipy.special import bdtr

    known = np.sort(times[np.isfinite(times)])
    tail, count = (1 - level) / 2, len(known)
    low, high = np.full(len(levels), np.nan), np.full(len(levels), np.nan)
    for place, part in enumerate(levels):
        if not count:
            continue
        below = bdtr(np.arange(count + 1), count, part)
        first = int(np.searchsorted(below, tail)) - 1
        last = int(np.searchsorted(below, 1 - tail))
        if first >= 0:
            low[place] = known[first]
        if last < count:
            high[place] = known[last]
    return low, high


def shifted_by(ensemble: Ensemble) -> Numbers:
    """Return the share of sound runs that have shifted by each saved time, dims (time,)."""
    kept = sound(ensemble)
    first = np.sort(first_and_last(ensemble)[kept, 0])
    if not kept.any():
        return np.full(len(ensemble.time), np.nan)
    first = first[np.isfinite(first)]
    return np.searchsorted(first, ensemble.time + 1e-12, side="right") / int(kept.sum())


def how_many(ensemble: Ensemble) -> Numbers:
    """Return the share of sound runs with 0, 1, ... shifts, dims (count,)."""
    kept = sound(ensemble)
    counts = np.minimum(ensemble.shifts.count(ensemble.runs)[kept], MOST)
    found: Numbers = np.bincount(counts, minlength=MOST + 1) / max(1, int(kept.sum()))
    return found if kept.any() else np.full(MOST + 1, np.nan)


def handovers(ensemble: Ensemble) -> tuple[Numbers, Numbers]:
    """Return who hands over to whom.

    Returns
    -------
    tuple
        Dims (before, after): shifts from one loop to another per sound run; and the share of all
        sound runs in which that is the first shift.
    """
    count, kept = len(ensemble.loops), sound(ensemble)
    shifts = ensemble.shifts
    inside = kept[shifts.run]
    pairs = shifts.before.astype(np.int64) * count + shifts.after
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = shifts.run[1:] != shifts.run[:-1]

    def table(chosen: NDArray[np.bool_]) -> Numbers:
        if not kept.any():
            return np.full((count, count), np.nan)
        sums = np.bincount(pairs[chosen], minlength=count * count)
        found: Numbers = sums.reshape(count, count) / int(kept.sum())
        return found

    return table(inside), table(inside & first)
