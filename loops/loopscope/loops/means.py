"""How large relative scores are over a run.

Stage 4 of 4.  In: relative scores.  Out: one number a loop.  Every saved time speaks for the
interval that begins there; times at which nothing of a partition moves do not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Numbers = NDArray[np.float64]


def run_means(time: ArrayLike, values: ArrayLike, groups: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return the means of relative scores over a run, with their signs and of their magnitudes.

    Parameters
    ----------
    time
        Saved times, dims (time,).
    values
        Relative scores, dims (..., time, loop); those that are not finite count as 0.
    groups
        Number of the partition of each loop, dims (loop,): whose scores sum to a whole.

    Returns
    -------
    tuple of numpy.ndarray
        Dims (..., loop) each, in [-1, 1] and in [0, 1]; 0 where nothing of the group ever moves.

    Examples
    --------
    >>> signed, sizes = run_means([0.0, 1.0, 2.0], [[0.5, -0.5], [0.0, 0.0], [1.0, 0.0]], [0, 0])
    >>> signed.tolist(), sizes.tolist()
    ([0.5, -0.5], [0.5, 0.5])
    """
    known = np.asarray(values, dtype=np.float64)
    known = np.where(np.isfinite(known), known, 0.0)
    times, numbers = np.asarray(time, dtype=np.float64), np.asarray(groups)
    weights = np.append(np.diff(times), 0.0) if len(times) > 1 else np.ones(1)
    shape = (*known.shape[:-2], known.shape[-1])
    signed, sizes = np.zeros(shape), np.zeros(shape)
    for number in set(numbers.tolist()):
        inside = numbers == number
        part = known[..., inside]
        counted = weights * (np.abs(part).sum(axis=-1) > 0)
        total = counted.sum(axis=-1)[..., None]
        for found, some in ((signed, part), (sizes, np.abs(part))):
            summed = (counted[..., None] * some).sum(axis=-2)
            mean = np.divide(summed, total, out=np.zeros_like(summed), where=total > 0)
            found[..., inside] = mean
    return signed, sizes


def mean_sizes(time: ArrayLike, values: ArrayLike, groups: ArrayLike) -> Numbers:
    """Return the mean magnitudes of relative scores over a run: see ``run_means``."""
    return run_means(time, values, groups)[1]
