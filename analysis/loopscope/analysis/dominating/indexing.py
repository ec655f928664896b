"""Which parameters drive the shares of loops and the times of shifts: indices of both.

In: the Dataset of a sweep.  Out: what ``analysis.sensitivity`` says of the tracked loops over time,
and of numbers that are taken of dominance in each run.

A run without a shift has no time of a shift, and indices need one of every run: it is given the end
of the run, which reads "shifts later, if at all".  The note ``censored`` says of how many.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.dominating import shift_times
from loopscope.analysis.dominating.ensemble import Ensemble, ensemble_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

FIRST, LAST, COUNT = "time of first shift", "time of last shift", "number of shifts"


def dominance_indices(
    swept: xr.Dataset,
    scenario: str | None = None,
    *,
    loops: Sequence[str] | None = None,
    at: Any = None,
    shortest: float | None = None,
    **options: Any,
) -> xr.Dataset:
    """Return sensitivity indices of loop shares and of shifts.

    Parameters
    ----------
    swept, scenario, shortest
        As ``ensemble_of``.
    loops
        Ids; all tracked loops of the partition by default.
    at, options
        As ``analysis.sensitivity``: times, method, resamples, seed and others.

    Returns
    -------
    xarray.Dataset
        As ``analysis.sensitivity``: outcomes are the loops, metrics the three of this module.
        ``attrs["censored"]``: JSON, the share of runs without a shift, by metric.

    Raises
    ------
    StudyError
        As ``ensemble_of`` and ``analysis.sensitivity``.
    """
    from loopscope.analysis import sensitivity

    ensemble = ensemble_of(swept, scenario, shortest=shortest)
    chosen = [ensemble.loops[ensemble.place(one)] for one in loops or ensemble.loops]
    with_shifts, censored = with_metrics(ensemble)
    found = sensitivity(with_shifts, [*chosen, FIRST, LAST, COUNT], at=at, **options)
    found.attrs["censored"] = json.dumps(censored)
    return found


def with_metrics(ensemble: Ensemble) -> tuple[xr.Dataset, dict[str, float]]:
    """Return a scenario of a sweep with numbers of its shifts, and how many have none."""
    times = shift_times.first_and_last(ensemble)
    sound = shift_times.sound(ensemble)
    counts = np.where(sound, ensemble.shifts.count(ensemble.runs), np.nan)
    missing = np.isnan(times) & sound[:, None]
    filled = np.where(missing, ensemble.time[-1], times)
    facts = {"role": "metric", "units": ensemble.time_units}
    found = ensemble.swept.assign(
        {
            FIRST: ("run", filled[:, 0], {**facts, "metric": "first shift"}),
            LAST: ("run", filled[:, 1], {**facts, "metric": "last shift"}),
            COUNT: ("run", counts, {**facts, "units": "1", "metric": "shifts"}),
        }
    )
    share = float(missing[sound, 0].mean()) if sound.any() else float("nan")
    return found, {FIRST: share, LAST: share}
