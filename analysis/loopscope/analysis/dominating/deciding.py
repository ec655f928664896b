"""Which parameters decide which loop wins.

In: the Dataset of a sweep.  Out: for each loop and parameter how far its values in the runs in
which the loop dominates at a time are from those in the others, and whether that can be chance.

The distance is that of Kolmogorov and Smirnov, as in regional sensitivity.  So many loops and
parameters are tested that some would look decisive by chance: p-values are corrected by Holm's
procedure, which holds whatever the tests have to do with each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.dominating.ensemble import FAILED, Ensemble, ensemble_of
from loopscope.analysis.indices.regional import filtered

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def deciding_parameters(
    swept: xr.Dataset,
    at: float | Sequence[float] | None = None,
    scenario: str | None = None,
    *,
    least: float = 0.0,
    partition: int | None = None,
) -> xr.Dataset:
    """Return which parameters tell the runs that a loop dominates from the others.

    Parameters
    ----------
    at
        One or more times; the last one by default.
    swept, scenario, least, partition
        As ``ensemble_of``.

    Returns
    -------
    xarray.Dataset
        Dims (time, loop, parameter): ``distance`` in [0, 1]; ``chance``, the p-value of one test;
        ``corrected``, that for all tests of the record together; ``direction``, 1 where the loop
        dominates with larger values, -1 with smaller.  NaN where a loop dominates in fewer than 10
        runs, or in all but so few.  ``wins`` (time, loop): in how many runs it dominates; ``runs``
        (time): how many are told apart.

    Raises
    ------
    StudyError
        As ``ensemble_of``; a time outside the run.

    Notes
    -----
    Spear and Hornberger (1980), Water Research 14(1), 43-49; Holm (1979), Scandinavian Journal of
    Statistics 6(2), 65-70.  A parameter that decides only together with others may show no
    distance; indices of a loop's share show it.
    """
    ensemble = ensemble_of(swept, scenario, least=least, partition=partition)
    return deciding_of(ensemble, [ensemble.time[-1]] if at is None else at)


def deciding_of(ensemble: Ensemble, at: float | Sequence[float]) -> xr.Dataset:
    """Return the same of an ensemble at hand."""
    import xarray as xr

    moments = [ensemble.moment(float(time)) for time in np.atleast_1d(np.asarray(at))]
    names = ("distance", "distance_p", "direction")
    shape = (len(moments), len(ensemble.loops), len(ensemble.parameters))
    found = {name: np.full(shape, np.nan) for name in names}
    wins = np.zeros(shape[:2], dtype=np.int64)
    counted = np.zeros(shape[0], dtype=np.int64)
    alone = drawn_alone(ensemble)
    for row, moment in enumerate(moments):
        leader = ensemble.leader[:, moment]
        kept = alone & (leader != FAILED)
        holds = leader[kept][:, None] == np.arange(len(ensemble.loops))
        counted[row], wins[row] = int(kept.sum()), holds.sum(axis=0)
        if kept.any():
            for name, values in filtered(ensemble.sample.kept(kept), holds).items():
                found[name][row] = values
    dims = ("time", "loop", "parameter")
    return xr.Dataset(
        {
            "distance": (dims, found["distance"]),
            "chance": (dims, found["distance_p"]),
            "corrected": (dims, holm(found["distance_p"])),
            "direction": (dims, found["direction"]),
            "wins": (dims[:2], wins),
            "runs": (dims[:1], counted),
        },
        coords={
            "time": ("time", ensemble.time[moments], {"units": ensemble.time_units}),
            "loop": np.array(ensemble.loops, dtype=np.str_),
            "loop_name": ("loop", np.array(ensemble.names, dtype=np.str_)),
            "parameter": np.array(ensemble.parameters, dtype=np.str_),
            "unit": ("parameter", np.array(ensemble.units, dtype=np.str_)),
        },
        attrs={
            "scenario": ensemble.scenario,
            "tests": int(np.isfinite(found["distance_p"]).sum()),
            "correction": "Holm",
        },
    )


def drawn_alone(ensemble: Ensemble) -> NDArray[np.bool_]:
    """Return the runs of a design that share no value with each other, dims (run,).

    Of a block of Saltelli's design the first and the last, of a trajectory of Morris the first.
    """
    step, kept = ensemble.sample.step, np.zeros(ensemble.runs, dtype=bool)
    kept[::step] = True
    if ensemble.sample.kind == "saltelli":
        kept[step - 1 :: step] = True
    return kept


def holm(chances: Numbers) -> Numbers:
    """Return p-values corrected for how many there are; NaN stays and does not count.

    Examples
    --------
    >>> [round(float(one), 6) for one in holm(np.array([0.01, 0.04, np.nan, 0.03]))]
    [0.03, 0.06, nan, 0.06]
    """
    found = np.full(chances.shape, np.nan)
    known = np.isfinite(chances)
    values = chances[known]
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(steps, 1.0)
    found[known] = corrected
    return found
