"""Intervals of a proportion, and how many independent runs a design is worth.

In: counts.  Out: bounds.  Runs that a design draws in blocks (those of Saltelli and Morris share
values within a block) count as clusters, not as that many runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.errors import StudyError, did_you_mean

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

KINDS = ("wilson", "jeffreys")


def interval(
    share: ArrayLike, runs: ArrayLike, level: float = 0.95, kind: str = "wilson"
) -> tuple[Numbers, Numbers]:
    """Return the bounds of a proportion.

    Parameters
    ----------
    share
        Observed proportion, in [0, 1].
    runs
        Independent runs behind it; need not be whole.  Bounds are NaN where there are none.
    level
        Coverage, in (0, 1).
    kind
        "wilson": score interval; "jeffreys": equal tails of the Beta posterior with the prior
        (1/2, 1/2), with the bound 0 or 1 where no run or every run counts.

    Raises
    ------
    StudyError
        Another kind or level.

    Notes
    -----
    Wilson (1927), Journal of the American Statistical Association 22, 209-212; Brown, Cai and
    DasGupta (2001), Statistical Science 16(2), 101-133.

    Examples
    --------
    >>> low, high = interval(0.0, 100)
    >>> f"{float(low):.4f} {float(high):.4f}"
    '0.0000 0.0370'
    """
    from scipy.special import betaincinv, ndtri

    if kind not in KINDS:
        msg = f"no interval named '{kind}'{did_you_mean(kind, KINDS)}; there are wilson, jeffreys"
        raise StudyError(msg)
    if not 0 < level < 1:
        msg = f"the level of an interval must be between 0 and 1, got {level:g}"
        raise StudyError(msg)
    p, n = np.broadcast_arrays(
        np.asarray(share, dtype=np.float64), np.asarray(runs, dtype=np.float64)
    )
    n = np.where(n > 0, n, np.nan)
    if kind == "wilson":
        z = float(ndtri(0.5 + level / 2))
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        low, high = middle - reach, middle + reach
    else:
        tail = (1 - level) / 2
        good, bad = p * n + 0.5, (1 - p) * n + 0.5
        low, high = betaincinv(good, bad, tail), betaincinv(good, bad, 1 - tail)
    least: Numbers = np.where(p <= 0, np.where(np.isnan(n), np.nan, 0.0), low)
    most: Numbers = np.where(p >= 1, np.where(np.isnan(n), np.nan, 1.0), high)
    return np.maximum(least, 0.0), np.minimum(most, 1.0)


def worth(hits: NDArray[np.bool_], counted: NDArray[np.bool_], block: int) -> Numbers:
    """Return how many independent runs the proportion of hits is worth.

    Parameters
    ----------
    hits, counted
        Whether a run has the property, and whether it counts at all; dims (run, ...).
    block
        Runs drawn together; 1 for independent ones.

    Returns
    -------
    numpy.ndarray
        Dims (...): the number of runs counted over the design effect of the clusters, never more
        than that number nor less than the number of blocks.

    Notes
    -----
    Korn and Graubard (1998), Survey Methodology 24(2), 193-201.
    """
    runs = counted.sum(axis=0).astype(np.float64)
    if block <= 1:
        return np.asarray(runs)
    clusters = -(-len(hits) // block)
    starts = np.arange(clusters) * block
    inside = np.add.reduceat((hits & counted).astype(np.float64), starts, axis=0)
    sizes = np.add.reduceat(counted.astype(np.float64), starts, axis=0)
    with np.errstate(all="ignore"):
        p = inside.sum(axis=0) / runs
        residual = inside - p * sizes
        variance = clusters / max(clusters - 1, 1) * (residual**2).sum(axis=0) / runs**2
        found = p * (1 - p) / variance
    blocks = (sizes > 0).sum(axis=0)
    effective: Numbers = np.where(np.isfinite(found), found, blocks)
    least = np.maximum(effective, np.minimum(blocks, runs))
    return np.asarray(np.minimum(least, runs))
