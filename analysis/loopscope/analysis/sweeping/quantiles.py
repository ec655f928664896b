"""Quantiles over the runs of a sweep, in bounded memory.

Beside stage 5.  In: a variable with a dim ``run``.  Out: its quantiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.sweeping.outline import RUN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

AT_ONCE = 32_000_000
"""Numbers that are read at a time."""


def quantiles(values: xr.DataArray, levels: Sequence[float]) -> NDArray[np.float64]:
    """Return quantiles over runs; what is NaN in a run is left out.

    Parameters
    ----------
    values
        Dims (run,) or (run, time), in any order, read or not.
    levels
        In [0, 1], L of them.

    Returns
    -------
    numpy.ndarray
        Float64, dims (level,) or (level, time), in the unit of the values; linear between the
        values of neighbouring runs.  NaN where no run has a value.

    Notes
    -----
    O(N log N) a time.  Stored values are read in slices of times, so a store that is larger than
    ``AT_ONCE`` is read more than once.

    Examples
    --------
    >>> import xarray as xr
    >>> quantiles(xr.DataArray([1.0, 2.0, 4.0, float("nan")], dims="run"), [0.5, 1.0]).tolist()
    [2.0, 4.0]
    """
    (other,) = [dim for dim in values.dims if dim != RUN] or [None]
    if other is None:
        return _of_column(values.values.astype(np.float64), levels)
    times = values.sizes[other]
    step = max(1, AT_ONCE // max(1, values.sizes[RUN]))
    found = np.empty((len(levels), times))
    for first in range(0, times, step):
        part = values.isel({other: slice(first, first + step)}).transpose(other, RUN).values
        for place, column in enumerate(part, first):
            found[:, place] = _of_column(column.astype(np.float64), levels)
    return found


def _of_column(column: NDArray[np.float64], levels: Sequence[float]) -> NDArray[np.float64]:
    known = column[np.isfinite(column)]
    if not len(known):
        return np.full(len(levels), np.nan)
    return np.asarray(np.quantile(known, levels), dtype=np.float64)
