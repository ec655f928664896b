"""Runs that are missing, and outcomes that do not move, before any index is computed.

Stage 3 of 5.  In: a sample, and outcomes with NaN where there is no value.  Out: indices of each
column from the runs that it has, and a status.  A base row of a Saltelli design and a trajectory of
a Morris design with a missing run are left out whole.  Columns that miss the same runs are computed
together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.methods import Method
    from loopscope.analysis.indices.sample import Sample, Settings

    Numbers = NDArray[np.float64]

OK, CONSTANT, TOO_FEW, NOT_STORED = range(4)
STATUS = ("ok", "constant", "too few runs", "not stored")

WIDE = 0.5
"""Width of the interval of a total index from which on it is hardly known."""

RARE = 10
"""Runs that must have a label, and that must not, before anything is said of it."""

ROUNDING = 16.0
"""An outcome that moves by less than this many units of rounding does not move."""


class Computed(NamedTuple):
    """Indices of columns.

    Attributes
    ----------
    indices
        By name; first dim column.  NaN where the status is not ``OK``.
    status
        Dims (column,); values as in ``STATUS``.
    used
        Dims (column,): base rows, trajectories or runs that the indices rest on.
    """

    indices: dict[str, Numbers]
    status: NDArray[np.int8]
    used: NDArray[np.int64]


def compute(
    method: Method,
    sample: Sample,
    values: Numbers,
    settings: Settings,
    precision: float = float(np.finfo(np.float64).eps),
) -> Computed:
    """Compute the indices of many outcomes by one method.

    Parameters
    ----------
    values
        Dims (run, column); NaN or infinite where a run has no value.
    precision
        Relative rounding error of the values as they were stored.

    Returns
    -------
    Computed
    """
    columns = values.shape[1]
    status = np.zeros(columns, dtype=np.int8)
    used = np.zeros(columns, dtype=np.int64)
    indices: dict[str, Numbers] = {}
    for places, rows in _alike(np.isfinite(values), 1 if method.whole else sample.step):
        if method.whole:  # spectra need every run, and show NaN where they miss one
            part, kept = sample, values[:, places]
        elif rows.all():
            part, kept = sample, values if len(places) == columns else values[:, places]
        else:
            part, kept = sample.kept(rows), values[np.ix_(rows, places)]
        used[places] = int(rows.sum()) // (1 if method.whole else sample.step)
        if len(kept) < method.least(part):
            status[places] = TOO_FEW
            continue
        seldom, still = _rare(kept), constant(kept, precision)
        status[places[seldom]] = TOO_FEW
        status[places[still]] = CONSTANT
        known = ~(seldom | still)
        if not known.any():
            continue
        found = method.estimate(part, kept if known.all() else kept[:, known], settings)
        for name, numbers in found.items():
            whole = indices.setdefault(name, np.full((columns, *numbers.shape[1:]), np.nan))
            whole[places[known]] = numbers
    return Computed(indices, status, used)


def constant(values: Numbers, precision: float) -> NDArray[np.bool_]:
    """Return which columns, dims (run, column), have the same value in all runs, to rounding."""
    known = np.isfinite(values)
    highest = np.max(values, axis=0, where=known, initial=-np.inf)
    lowest = np.min(values, axis=0, where=known, initial=np.inf)
    size = np.maximum(np.abs(highest), np.abs(lowest))
    with np.errstate(invalid="ignore"):  # a column without any value: inf - inf
        return np.asarray(~(highest - lowest > ROUNDING * precision * size))


def _rare(values: Numbers) -> NDArray[np.bool_]:
    """Return which columns of zeros and ones have too few of one of them."""
    both = np.all((values == 0) | (values == 1), axis=0)
    ones = np.sum(values == 1, axis=0)
    return np.asarray(both & (np.minimum(ones, len(values) - ones) < RARE))


def _alike(
    known: NDArray[np.bool_], step: int
) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Return (columns, rows that they have), columns with the same rows together."""
    rows, columns = known.shape
    if known.all():
        return [(np.arange(columns), np.ones(rows, dtype=bool))]
    whole: NDArray[np.bool_] = np.all(known.reshape(rows // step, step, columns), axis=1)
    groups: dict[bytes, list[int]] = {}
    for place in range(columns):
        groups.setdefault(np.packbits(whole[:, place]).tobytes(), []).append(place)
    return [(np.array(places), np.repeat(whole[:, places[0]], step)) for places in groups.values()]


def unsure(low: Numbers, high: Numbers, status: NDArray[np.int8]) -> bool:
    """Return whether Sobol indices are hardly known at half of the times or more.

    Parameters
    ----------
    low, high
        Ends of the intervals of total indices, dims ([time,] parameter).
    status
        Dims ([time],).
    """
    widest = np.atleast_1d(np.max(np.nan_to_num(high - low), axis=-1))
    known = np.atleast_1d(status) == OK
    return bool(known.any() and np.mean(widest[known] > WIDE) >= 0.5)
