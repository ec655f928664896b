"""Sobol indices of first, total and second order.

Stage 3 of 5.  In: outcomes of a Saltelli design.  Out: for each outcome the part of its variance
that a parameter makes alone (first), with any others (total), and that a pair makes beyond its two
first-order parts (second).  Inputs must be independent, or correlated within groups only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.indices.bootstrap import interval, weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.sample import Sample, Settings

    Numbers = NDArray[np.float64]

RESAMPLES = 100


def estimate(sample: Sample, values: Numbers, settings: Settings) -> dict[str, Numbers]:
    """Estimate Sobol indices of many outcomes at once.

    Parameters
    ----------
    sample
        Of a Saltelli design, rows in SALib's order.
    values
        Dims (run, column), finite, no column constant.

    Returns
    -------
    dict
        ``first`` and ``total``, dims (column, parameter), and ``second``, dims (column, parameter,
        parameter_2), symmetric with NaN on its diagonal, where the design has the rows for it; each
        with ``_low`` and ``_high``.  Dimensionless, not clipped: an estimate near 0 may be below.

    Notes
    -----
    O(resamples * rows * columns * (2 P + P^2 / 2)) multiplications, as products of matrices; memory
    is a few times that of ``values``.

    References
    ----------
    First and total: Saltelli, Annoni, Azzini, Campolongo, Ratto & Tarantola (2010), Computer
    Physics Communications 181(2), 259-270.  Second: Saltelli (2002), the same 145(2), 280-297.
    Outcomes are centred first, as Sobol' and others advise and SALib does.
    """
    count, step = len(sample.grouped), sample.step
    columns = values.shape[1]
    centred = (values - values.mean(axis=0)) / values.std(axis=0)
    blocks = centred.reshape(-1, step, columns)
    one, other = blocks[:, 0], blocks[:, -1]
    resamples = RESAMPLES if settings.resamples is None else settings.resamples
    draw = np.random.default_rng(settings.seed)  # as SALib draws
    weights = weights_of(len(blocks), draw.integers(len(blocks), size=(len(blocks), resamples)).T)
    mean = weights @ ((one + other) / 2)
    variance = weights @ ((one**2 + other**2) / 2) - mean**2

    def part(products: Numbers) -> Numbers:
        found: Numbers = np.full_like(variance, np.nan)
        # A resample of few rows may hit equal values only: it has no variance to split.
        np.divide(weights @ products, variance, out=found, where=variance > 1e-15)
        return found

    first = np.stack([part(other * (blocks[:, 1 + j] - one)) for j in range(count)], axis=-1)
    total = np.stack([part((one - blocks[:, 1 + j]) ** 2 / 2) for j in range(count)], axis=-1)
    found = _named("first", first, settings) | _named("total", total, settings)
    if sample.second_order:
        second = np.full((*variance.shape, count, count), np.nan)
        base = one * other
        for j in range(count):
            for k in range(j + 1, count):
                both = part(blocks[:, 1 + count + j] * blocks[:, 1 + k] - base)
                second[..., j, k] = both - first[..., j] - first[..., k]
                second[..., k, j] = second[..., j, k]
        found |= _named("second", second, settings)
    return found


def _named(name: str, values: Numbers, settings: Settings) -> dict[str, Numbers]:
    middle, low, high = interval(values, settings)
    return {name: middle, f"{name}_low": low, f"{name}_high": high}
