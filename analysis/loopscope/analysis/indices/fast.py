"""Extended FAST: first-order and total indices from Fourier spectra.

Stage 3 of 5.  In: outcomes of a FAST design, one search curve for each parameter.  Out: for each
outcome the part of its variance at the harmonics of a parameter's own frequency (first), and all
but that of the others (total).  A curve with a failed run has no spectrum: that parameter is NaN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.sample import Sample, Settings

    Numbers = NDArray[np.float64]


def estimate(sample: Sample, values: Numbers, settings: Settings) -> dict[str, Numbers]:
    """Estimate first-order and total indices of many outcomes at once.

    Parameters
    ----------
    values
        Dims (run, column); NaN where a run failed.

    Returns
    -------
    dict
        ``first`` and ``total``, dims (column, parameter).

    Notes
    -----
    O(P N log N) a column, N the points of a curve.  There is no interval: the points of a curve are
    no independent draws, and intervals from parts of a curve are known not to hold.

    References
    ----------
    Saltelli, Tarantola & Chan (1999), Technometrics 41(1), 39-56.
    """
    curves = len(sample.parameters)
    points = values.shape[0] // curves
    first = np.full((values.shape[1], curves), np.nan)
    total = first.copy()
    for place in range(curves):
        curve = values[place * points : (place + 1) * points]
        first[:, place], total[:, place] = _split(curve, sample.harmonics)
    return {"first": first, "total": total}


def _split(curve: Numbers, harmonics: int) -> tuple[Numbers, Numbers]:
    """Return first-order and total index of one parameter from its curve, dims (point, column)."""
    points = len(curve)
    frequency = math.floor((points - 1) / (2 * harmonics))
    spectrum = np.abs(np.fft.fft(curve, axis=0)[1 : math.ceil(points / 2)] / points) ** 2
    whole = spectrum.sum(axis=0)
    own = spectrum[np.arange(1, harmonics + 1) * frequency - 1].sum(axis=0)
    others = spectrum[: math.floor(frequency / 2)].sum(axis=0)
    nothing = np.full_like(whole, np.nan)
    moves = ~(whole <= 0)
    return (
        np.divide(own, whole, out=nothing.copy(), where=moves),
        1 - np.divide(others, whole, out=nothing, where=moves),
    )
