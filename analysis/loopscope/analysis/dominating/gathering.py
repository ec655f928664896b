"""Dominance under uncertainty: how probable each loop's dominance is, and when it shifts.

In: the Dataset of a sweep.  Out: one Dataset of probabilities with intervals and of shift times.
Runs in which nothing dominates are counted apart from loops, and failed runs apart from all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.dominating import shift_times
from loopscope.analysis.dominating.ensemble import (
    FAILED,
    NOTHING,
    UNDEFINED,
    Ensemble,
    ensemble_of,
)
from loopscope.analysis.dominating.intervals import interval, worth

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

AHEAD = {"reinforcing": 1, "balancing": -1, "not known": 0}

NOT_DRAWN = {
    "grid": "a full grid",
    "one at a time": "one parameter at a time",
    "morris": "trajectories on a grid of levels",
    "fast": "curves through the ranges",
    "file": "rows of a file",
}
"""Designs whose rows are not draws from the distributions, and what they are."""


def dominance(
    swept: xr.Dataset,
    scenario: str | None = None,
    *,
    least: float = 0.0,
    shortest: float | None = None,
    level: float = 0.95,
    intervals: str = "wilson",
    partition: int | None = None,
) -> xr.Dataset:
    """Return how surely each tracked loop dominates at each time, and when dominance shifts.

    Parameters
    ----------
    swept, scenario, least, shortest, partition
        As ``ensemble_of``: a sweep with tracked loops, one of its scenarios, the least share of a
        dominating loop, the shortest period that counts, and the partition.
    level
        Coverage of intervals.
    intervals
        "wilson" or "jeffreys".

    Returns
    -------
    xarray.Dataset
        Dims (time, loop): ``probability``, with ``_low`` and ``_high`` (NaN for a design that draws
        nothing), the share of the runs still finite in which a loop dominates; ``mean_share``, the
        mean size of its relative score where some loop dominates.  Dims (time,): ``nothing`` and
        ``undefined``, the share of runs in which no loop dominates, or scores have no value (with
        the loops they sum to 1; NaN where every run has failed); ``failed``, how many runs have
        failed; ``held``, the mean share of all tracked loops together: where it is small, it
        matters little which of them leads; ``shifted``, the share of sound runs (those that do not
        fail) that have shifted by then.  ``ahead`` (time, sign): the share in which one sign surely
        holds a half.  Of sound runs: ``shift_time`` (which, quantile), with bounds, over those that
        shift, in time units; ``shift_count`` (count); ``handover`` (before, after), shifts per run,
        and ``first_handover``, the share of runs whose first shift it is.  ``attrs``: ``runs``,
        ``failed_runs``, ``shifting_runs``; ``speaks_of``, what a probability is here.

    Raises
    ------
    StudyError
        As ``ensemble_of``; an unknown kind or level of interval.
    """
    return dominance_of(
        ensemble_of(swept, scenario, least=least, shortest=shortest, partition=partition),
        level=level,
        intervals=intervals,
    )


def dominance_of(
    ensemble: Ensemble, *, level: float = 0.95, intervals: str = "wilson"
) -> xr.Dataset:
    """Return the same of an ensemble at hand."""
    import xarray as xr

    leader, block = ensemble.leader, ensemble.sample.step
    drawn = ensemble.sample.kind not in NOT_DRAWN
    alive = leader != FAILED
    count = alive.sum(axis=0)
    found: dict[str, Any] = {}

    def share(hits: NDArray[np.bool_]) -> Numbers:
        return np.where(count > 0, hits.sum(axis=0) / np.maximum(count, 1), np.nan)

    def bounded(hits: NDArray[np.bool_]) -> tuple[Numbers, Numbers, Numbers]:
        part = share(hits)
        low, high = interval(part, worth(hits, alive, block), level, intervals)
        return (part, low, high) if drawn else (part, low * np.nan, high * np.nan)

    columns = [bounded(leader == place) for place in range(len(ensemble.loops))]
    for position, suffix in enumerate(("", "_low", "_high")):
        found[f"probability{suffix}"] = (
            ("time", "loop"), np.stack([column[position] for column in columns], axis=-1),
        )  # fmt: skip
    for name, code in (("nothing", NOTHING), ("undefined", UNDEFINED)):
        for suffix, values in zip(("", "_low", "_high"), bounded(leader == code), strict=True):
            found[f"{name}{suffix}"] = (("time",), values)
    found["failed"] = (("time",), (~alive).sum(axis=0))
    found["ahead"] = (
        ("time", "sign"),
        np.stack([share(alive & (ensemble.ahead == sign)) for sign in AHEAD.values()], axis=-1),
    )
    mean, held = _mean_shares(ensemble)
    found |= {"mean_share": (("time", "loop"), mean), "held": (("time",), held)}
    found |= _shifts(ensemble, level, intervals)
    sound = shift_times.sound(ensemble)
    record = xr.Dataset(
        found,
        coords={
            "time": ("time", ensemble.time, {"units": ensemble.time_units}),
            "loop": np.array(ensemble.loops, dtype=np.str_),
            "loop_name": ("loop", np.array(ensemble.names, dtype=np.str_)),
            "polarity": ("loop", np.array(ensemble.polarities, dtype=np.str_)),
            "sign": list(AHEAD),
            "which": ["first", "last"],
            "quantile": list(shift_times.QUANTILES),
            "count": np.arange(shift_times.MOST + 1),
            "before": np.array(ensemble.loops, dtype=np.str_),
            "after": np.array(ensemble.loops, dtype=np.str_),
        },
        attrs={
            "model": str(ensemble.swept.attrs.get("model", "")),
            "title": str(ensemble.swept.attrs.get("title", "")),
            "scenario": ensemble.scenario,
            "runs": ensemble.runs,
            "failed_runs": int(ensemble.failed.sum()),
            "shifting_runs": int((ensemble.shifts.count(ensemble.runs) > 0)[sound].sum()),
            "level": level,
            "intervals": intervals,
            "least": ensemble.least,
            "speaks_of": speaks_of(ensemble),
            "left_out": ", ".join(ensemble.left_out),
            **_coverage(ensemble),
        },
    )
    for name in ("shift_time", "shift_time_low", "shift_time_high"):
        record[name].attrs["units"] = ensemble.time_units
    return record


def speaks_of(ensemble: Ensemble) -> str:
    """Return what a probability means for the design at hand."""
    kind = ensemble.sample.kind
    if kind in NOT_DRAWN:
        return (
            f"shares of the runs of the design ({NOT_DRAWN[kind]}), which draws nothing from the "
            "distributions: no probabilities, and no intervals"
        )
    if ensemble.sample.step > 1:
        return "probabilities under the distributions of the study; runs drawn in blocks"
    return "probabilities under the distributions of the study"


def _mean_shares(ensemble: Ensemble) -> tuple[Numbers, Numbers]:
    """Return the mean size of each share, and of all tracked ones together, where one leads."""
    total = np.zeros((len(ensemble.time), len(ensemble.loops)))
    known = np.zeros(len(ensemble.time))
    for rows, relative in ensemble.blocks():
        moving = ensemble.leader[rows] >= 0
        total += np.where(moving[..., None], np.abs(np.nan_to_num(relative)), 0.0).sum(axis=0)
        known += moving.sum(axis=0)
    mean = np.where(known[:, None] > 0, total / np.maximum(known, 1)[:, None], np.nan)
    return mean, mean.sum(axis=1)


def _shifts(ensemble: Ensemble, level: float, intervals: str) -> dict[str, Any]:
    times = shift_times.first_and_last(ensemble)
    bounds = [shift_times.quantile_bounds(times[:, which], level) for which in (0, 1)]
    shifted = shift_times.shifted_by(ensemble)
    sound = shift_times.sound(ensemble)
    first = np.where(np.isnan(times[:, 0]), np.inf, times[:, 0])
    hits = first[:, None] <= ensemble.time + 1e-12
    counted = np.broadcast_to(sound[:, None], hits.shape)
    low, high = interval(shifted, worth(hits, counted, ensemble.sample.step), level, intervals)
    if ensemble.sample.kind in NOT_DRAWN:
        low, high = low * np.nan, high * np.nan
    every, initial = shift_times.handovers(ensemble)
    which = ("which", "quantile")
    return {
        "shift_time": (which, np.stack([shift_times.quantiles(times[:, w]) for w in (0, 1)])),
        "shift_time_low": (which, np.stack([pair[0] for pair in bounds])),
        "shift_time_high": (which, np.stack([pair[1] for pair in bounds])),
        "shifted": (("time",), shifted),
        "shifted_low": (("time",), low),
        "shifted_high": (("time",), high),
        "shift_count": (("count",), shift_times.how_many(ensemble)),
        "handover": (("before", "after"), every),
        "first_handover": (("before", "after"), initial),
    }


def _coverage(ensemble: Ensemble) -> dict[str, float]:
    if "coverage" not in ensemble.swept:
        return {}
    known = np.asarray(ensemble.swept["coverage"].values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return {"coverage": float(known.min())} if len(known) else {}
