"""Regional sensitivity: which parameters tell runs that meet a condition from those that do not.

Stage 3 of 5.  In: inputs of any random or quasi-random sample, and outcomes or a condition.  Out:
for each parameter the Kolmogorov-Smirnov distance between its values in the two sets of runs, and
quantiles of them.  A parameter that matters only together with others may show no distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.sample import Sample, Settings

    Numbers = NDArray[np.float64]

LEAST = 10
"""Runs that each of the two sets must have."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SIDES = ("holds", "does not hold")


def estimate(sample: Sample, values: Numbers, settings: Settings) -> dict[str, Numbers]:
    """Compare runs above the median of each outcome with the others.

    An outcome of zeros and ones (an indicator) is split between them.

    Returns
    -------
    dict
        As ``filtered``.
    """
    middle = np.median(values, axis=0)
    lowest, highest = values.min(axis=0), values.max(axis=0)
    # More than half the runs at the largest value: those are then compared with the rest.
    holds = np.where(middle < highest, values > middle, values > lowest)
    two = np.all((values == lowest) | (values == highest), axis=0)
    holds = np.where(two, values == highest, holds)
    return filtered(sample, holds)


def filtered(sample: Sample, holds: NDArray[np.bool_]) -> dict[str, Numbers]:
    """Compare runs that meet conditions with those that do not.

    Parameters
    ----------
    holds
        Dims (run, column): whether a run meets a condition.

    Returns
    -------
    dict
        ``distance``, in [0, 1]; ``distance_p``, the probability of one at least as large if the
        parameter had no part in it (two-sample test with the limit distribution and Stephens'
        correction, good to about 0.01); ``direction``: 1 where runs
        that meet the condition have larger values of the parameter, -1 smaller, by where the
        distance is largest; dims (column, parameter).  NaN where a set has fewer than ``LEAST``
        runs, and for a parameter that has one value in all runs.

    Notes
    -----
    O(P n) a column.

    References
    ----------
    Spear & Hornberger (1980), Water Research 14(1), 43-49.  The correction: Stephens (1970),
    Journal of the Royal Statistical Society B 32(1), 115-122.
    """
    from scipy.special import kolmogorov

    runs, columns = holds.shape
    inside = holds.sum(axis=0).astype(np.float64)
    outside = runs - inside
    enough = np.minimum(inside, outside) >= LEAST
    shape = (columns, len(sample.parameters))
    found = {name: np.full(shape, np.nan) for name in ("distance", "distance_p", "direction")}
    if not enough.any():
        return found
    held = holds[:, enough]
    inside, outside = inside[enough], outside[enough]
    root = np.sqrt(inside * outside / runs)
    factor = root + 0.12 + 0.11 / root
    for place in np.flatnonzero(np.ptp(sample.inputs, axis=0) > 0):
        order = np.argsort(sample.inputs[:, place], kind="stable")
        ordered = sample.inputs[order, place]
        ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
        met = np.cumsum(held[order], axis=0, dtype=np.float64)[ends]
        apart = met / inside - (ends[:, None] + 1 - met) / outside
        at = np.argmax(np.abs(apart), axis=0)
        largest = np.take_along_axis(apart, at[None], axis=0)[0]
        found["distance"][enough, place] = np.abs(largest)
        found["distance_p"][enough, place] = kolmogorov(factor * np.abs(largest))
        found["direction"][enough, place] = -np.sign(largest)
    return found


def conditional(sample: Sample, holds: NDArray[np.bool_]) -> Numbers:
    """Return quantiles of each parameter in both sets of runs.

    Parameters
    ----------
    holds
        Dims (run,).

    Returns
    -------
    numpy.ndarray
        Dims (parameter, side, quantile): sides and quantiles as in ``SIDES`` and ``QUANTILES``, in
        the unit of the parameter.  NaN for an empty set.
    """
    found = np.full((len(sample.parameters), len(SIDES), len(QUANTILES)), np.nan)
    for side, rows in enumerate((holds, ~holds)):
        if rows.any():
            found[:, side] = np.quantile(sample.inputs[rows], QUANTILES, axis=0).T
    return found
