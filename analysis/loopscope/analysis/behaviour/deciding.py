"""Which parameters decide the mode of behaviour.

In: the Dataset of a sweep, and its modes.  Out: for each mode and parameter how far its values in
the runs of the mode are from those in all others, and whether that can be chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.behaviour.classifying import MODES, UNKNOWN
from loopscope.analysis.behaviour.drawn import drawn

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MOST = 100_000
"""Runs that are compared, at most, spread evenly over the sweep: more move no distance by 0.01."""


def what_decides(swept: xr.Dataset, found: xr.Dataset) -> xr.Dataset:
    """Return which parameters tell the runs of each mode from the others.

    Parameters
    ----------
    swept, found
        A sweep, and what ``modes`` made of it.

    Returns
    -------
    xarray.Dataset
        Dims ``[scenario,] outcome, mode, parameter``: ``distance`` of Kolmogorov and Smirnov, in
        [0, 1]; ``chance``, the p-value of one test, and ``corrected``, that for all tests of the
        record together (Holm); ``direction``, 1 where the mode comes with larger values of the
        parameter, -1 with smaller.  NaN where fewer than 10 runs are on either side.  Runs with an
        outcome that failed are left out.

    Notes
    -----
    Runs that share values by design count once.  A parameter that decides only together with others
    may show no distance.  O(P n log n) for n runs and P parameters.

    References
    ----------
    Spear & Hornberger (1980), Water Research 14(1), 43-49.
    """
    import xarray as xr

    from loopscope.analysis.dominating.deciding import holm
    from loopscope.analysis.indices.regional import filtered

    runs, together = swept.sizes["run"], drawn(swept).step
    rows = slice(0, runs, together * max(1, -(-runs // (together * MOST))))
    sample, codes = drawn(swept, rows), found["code"].isel(run=rows).values
    dims = (*found["code"].dims[:-1], "mode", "parameter")
    rows_of = codes.reshape(-1, sample.runs)
    whole = (rows_of != UNKNOWN).all(axis=0)
    holds = (rows_of[:, whole, np.newaxis] == np.arange(len(MODES))).transpose(1, 0, 2)
    told = filtered(sample.kept(whole), holds.reshape(int(whole.sum()), -1))
    shape = (*codes.shape[:-1], len(MODES), len(sample.parameters))

    def of(name: str) -> Numbers:
        return told[name].reshape(shape)

    return xr.Dataset(
        {
            "distance": (dims, of("distance")),
            "chance": (dims, of("distance_p")),
            "corrected": (dims, holm(of("distance_p"))),
            "direction": (dims, of("direction")),
        },
        coords={dim: found[dim] for dim in dims[:-1]} | {"parameter": list(sample.parameters)},
    )
