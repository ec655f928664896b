"""Resampling, as weights: a mean over resampled rows is a product of matrices.

Beside every stage.  In: which rows each resample drew.  Out: weights of rows, and intervals from
values of resamples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.sample import Settings

    Numbers = NDArray[np.float64]


def weights_of(rows: int, drawn: NDArray[np.int64]) -> Numbers:
    """Return weights of rows, dims (1 + resamples, row): each line sums to 1.

    Parameters
    ----------
    drawn
        Rows of each resample, dims (resample, row).

    Returns
    -------
    numpy.ndarray
        The first line weighs all rows alike; in each other line a row weighs as often as it was
        drawn.
    """
    weights = np.full((1 + len(drawn), rows), 1.0 / rows)
    for place, resample in enumerate(drawn):
        weights[1 + place] = np.bincount(resample, minlength=rows) / rows
    return weights


def interval(values: Numbers, settings: Settings) -> tuple[Numbers, Numbers, Numbers]:
    """Return estimate, low and high end.

    Parameters
    ----------
    values
        Dims (1 + resamples, ...): the estimate, then what each resample gives.

    Notes
    -----
    The interval is symmetric: the standard deviation of the resamples times the quantile of a
    normal variable.  Without resamples its ends are NaN.
    """
    estimate = values[0]
    if values.shape[0] < 3:
        nothing = np.full_like(estimate, np.nan)
        return estimate, nothing, nothing
    half = settings.z * np.std(values[1:], axis=0, ddof=1)
    return estimate, estimate - half, estimate + half
