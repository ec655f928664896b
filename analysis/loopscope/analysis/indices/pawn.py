"""PAWN: how far the distribution of an outcome moves when a parameter is known.

Stage 3 of 5.  In: inputs of any random or quasi-random sample, and outcomes.  Out: for each outcome
and parameter the Kolmogorov-Smirnov distance between the distribution of the outcome within a slice
of the parameter and over all runs, summed up over slices.  It sees more than variance, and not what
a parameter does together with others only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.sample import Sample, Settings

    Numbers = NDArray[np.float64]

SLICES = 10
"""As many slices of equal probability as SALib takes by default."""


def estimate(sample: Sample, values: Numbers, settings: Settings) -> dict[str, Numbers]:
    """Estimate PAWN indices of many outcomes at once.

    Parameters
    ----------
    values
        Dims (run, column), finite.

    Returns
    -------
    dict
        ``pawn`` (median over slices), ``pawn_mean``, ``pawn_min``, ``pawn_max``, dims (column,
        parameter), in [0, 1]; ``pawn_noise``, dims (column,): the median of a parameter that does
        nothing, by slices drawn at random.  An index that is not above it says nothing.

    Notes
    -----
    O(P n log n) a column.  NaN for a parameter that has one value in all runs.

    References
    ----------
    Pianosi & Wagener (2018), Environmental Modelling & Software 108, 197-207.  The parameter that
    does nothing: Khorashadi Zadeh and others (2017), the same 91, 210-222.
    """
    # Runs along the last axis: sorting and counting go through memory in order.
    columns = np.ascontiguousarray(values.T)
    order = np.argsort(columns, axis=1, kind="stable")
    low, high = _bounds(np.take_along_axis(columns, order, axis=1))
    distances = np.full((len(sample.parameters), SLICES, values.shape[1]), np.nan)
    for place in range(len(sample.parameters)):
        given = sample.inputs[:, place]
        if np.ptp(given) > 0:
            distances[place] = _distances(_slices(given), order, low, high)
    draw = np.random.default_rng(settings.seed)
    aimless = _slices(draw.permutation(len(values)).astype(np.float64))
    noise = np.median(_distances(aimless, order, low, high), axis=0)
    known = ~np.all(np.isnan(distances), axis=1)
    found = {
        name: np.full((values.shape[1], len(sample.parameters)), np.nan)
        for name in ("pawn", "pawn_mean", "pawn_min", "pawn_max")
    }
    for place, one in enumerate(distances):
        if not known[place].any():
            continue
        found["pawn"][:, place] = np.nanmedian(one, axis=0)
        found["pawn_mean"][:, place] = np.nanmean(one, axis=0)
        found["pawn_min"][:, place] = np.nanmin(one, axis=0)
        found["pawn_max"][:, place] = np.nanmax(one, axis=0)
    return found | {"pawn_noise": noise}


def _slices(given: Numbers) -> NDArray[np.int8]:
    """Return the slice of each run; ``SLICES`` for the largest value, which SALib has in none."""
    step = 1 / SLICES
    edges = np.quantile(given, np.arange(0, 1 + step, step)[: SLICES + 1])
    place = np.searchsorted(edges, given, side="right") - 1
    return np.clip(place, 0, SLICES).astype(np.int8)


def _bounds(ordered: Numbers) -> tuple[Numbers, Numbers]:
    """Return the shares of runs below, and not above, each value; ascending along the last axis."""
    runs = ordered.shape[1]
    place = np.arange(runs)
    new = _new(ordered)
    below = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    last = np.roll(new, -1, axis=1)
    upto = np.minimum.accumulate(np.where(last, place + 1, runs)[:, ::-1], axis=1)[:, ::-1]
    return below / runs, upto / runs


def _distances(
    slices: NDArray[np.int8], order: NDArray[np.int64], low: Numbers, high: Numbers
) -> Numbers:
    """Return the distance of each slice, dims (slice, column).

    Between two runs of a slice its distribution is flat while that of all runs rises, so the
    distance is largest at a run of the slice, or just below it.
    """
    counts = np.bincount(slices, minlength=SLICES + 1)[:SLICES]
    used = int(counts.sum())
    grouped = np.argsort(slices[order], axis=1, kind="stable")[:, :used]  # by slice, then outcome
    above = np.take_along_axis(high, grouped, axis=1)
    beneath = np.take_along_axis(low, grouped, axis=1)
    starts = np.cumsum(counts) - counts
    own = np.repeat(np.arange(SLICES), counts)
    step = (np.arange(used) - starts[own]) / counts[own]
    # Equal outcomes of one slice step together: only the first and the last of them count.
    new = _new(above)
    new[:, starts[counts > 0]] = True
    at = np.abs(step + 1 / counts[own] - above)
    at[~np.roll(new, -1, axis=1)] = 0.0
    just = np.abs(step - beneath)
    just[~new] = 0.0
    found = np.full((SLICES, len(order)), np.nan)
    largest = np.maximum.reduceat(np.maximum(at, just), starts[counts > 0], axis=1)
    found[counts > 0] = largest.T
    return found


def _new(ordered: Numbers) -> NDArray[np.bool_]:
    """Return where a value differs from that before it, along the last axis."""
    new = np.ones(ordered.shape, dtype=bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return new
