"""Borgonovo's delta: how far the density of an outcome moves when a parameter is known.

Stage 3 of 5.  In: inputs of any random or quasi-random sample, and outcomes.  Out: for each outcome
and parameter half the mean area between the density of the outcome within a class of the parameter
and over all runs: 0 if the parameter does not matter, 1 at most.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.indices.bootstrap import interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.sample import Sample, Settings

    Numbers = NDArray[np.float64]

RESAMPLES = 20
GRID = 100
MOST_CLASSES = 48
AT_A_TIME = 20_000
"""Runs whose kernels are summed in one array."""


def estimate(sample: Sample, values: Numbers, settings: Settings) -> dict[str, Numbers]:
    """Estimate delta of many outcomes, one after another.

    Parameters
    ----------
    values
        Dims (run, column), finite, no column constant.

    Returns
    -------
    dict
        ``delta``, ``delta_low``, ``delta_high``, dims (column, parameter), dimensionless.  Twice
        the estimate less the mean of the resamples, which takes away most of the bias.

    Notes
    -----
    O(resamples * P * n * 100) exponentials a column: the dearest method here; name few times with
    ``at``, or fewer resamples.  Densities are of Gaussian kernels with Silverman's width.  The
    estimator is SALib's in its mode "raw", except that the first estimate is of all runs, each
    once, and not of a resample.

    References
    ----------
    Borgonovo (2007), Reliability Engineering & System Safety 92(6), 771-784; the estimator and its
    correction: Plischke, Borgonovo & Smith (2013), European Journal of Operational Research 226(3),
    536-550.
    """
    runs, columns = values.shape
    resamples = RESAMPLES if settings.resamples is None else settings.resamples
    draws = np.random.default_rng(settings.seed).integers(runs, size=(resamples, runs))
    found = {
        name: np.full((columns, len(sample.parameters)), np.nan)
        for name in ("delta", "delta_low", "delta_high")
    }
    for place in np.flatnonzero(np.ptp(sample.inputs, axis=0) > 0):
        given = sample.inputs[:, place]
        for column in range(columns):
            three = corrected(values[:, column], given, np.arange(runs), draws, settings)
            for name, value in zip(found, three, strict=True):
                found[name][column, place] = value
    return found


def corrected(
    values: Numbers,
    given: Numbers,
    rows: NDArray[np.int64],
    draws: NDArray[np.int64],
    settings: Settings,
) -> tuple[float, float, float]:
    """Return delta of one outcome and one parameter with its interval.

    Parameters
    ----------
    rows, draws
        The runs of the estimate, dims (run,), and of each resample, dims (resample, run).
    """
    edges = class_edges(len(rows))
    grid = np.linspace(np.min(values), np.max(values), GRID)
    plain = _distance(values[rows], given[rows], edges, grid)
    if not len(draws):
        return plain, float("nan"), float("nan")
    again = np.array([_distance(values[drawn], given[drawn], edges, grid) for drawn in draws])
    better = 2 * plain - again
    middle, low, high = interval(np.concatenate([[better.mean()], better]), settings)
    return float(middle), float(low), float(high)


def class_edges(runs: int) -> NDArray[np.int64]:
    """Return the ranks at which classes of about equal size begin and end."""
    power = 2.0 / (7.0 + np.tanh((1500.0 - runs) / 500.0))
    classes = round(min(int(np.ceil(runs**power)), MOST_CLASSES))
    return np.floor(np.linspace(0, runs, classes + 1)).astype(np.int64)


def _distance(values: Numbers, given: Numbers, edges: NDArray[np.int64], grid: Numbers) -> float:
    if np.ptp(values) == 0:
        return 0.0
    whole = density(values, grid)
    ordered = values[np.argsort(given, kind="stable")]
    total = 0.0
    for first, last in pairwise(edges):
        members = ordered[first:last]
        if len(members) < 2 or np.ptp(members) == 0:  # no density: it counts as no distance
            continue
        apart = np.abs(whole - density(members, grid))
        area = float(np.sum((apart[1:] + apart[:-1]) / 2 * np.diff(grid)))
        total += len(members) / (2 * len(values)) * area
    return total


def density(values: Numbers, grid: Numbers) -> Numbers:
    """Return the density of values on a grid, by Gaussian kernels of Silverman's width."""
    count = len(values)
    width = np.std(values, ddof=1) * (count * 3.0 / 4.0) ** -0.2
    total = np.zeros(len(grid))
    for first in range(0, count, AT_A_TIME):
        apart = (grid[:, None] - values[None, first : first + AT_A_TIME]) / width
        total += np.exp(-(apart**2) / 2).sum(axis=1)
    return np.asarray(total / (count * width * np.sqrt(2 * np.pi)))
