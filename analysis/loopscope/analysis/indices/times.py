"""Which times a result has.

Stage 1 of 5.  In: the times at which series, and shares of loops, are stored, and times that were
asked for.  Out: the times of the result, and where they stand among those that are stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

SAME_TIME = 1e-9
"""Times closer than this part of the run are one."""


def times_of_all(stored: Sequence[Numbers], at: float | Sequence[float] | None) -> Numbers:
    """Return the times of the result: all that are stored, or the nearest to those asked for."""
    if not stored:
        return np.array([])
    union = stored[0]
    common = stored[0]
    for times in stored[1:]:
        if np.array_equal(times, stored[0]):
            continue
        new = np.setdiff1d(np.arange(len(times)), same_times(times, union)[0])
        union = np.sort(np.concatenate([union, times[new]]))
        common = common[same_times(common, times)[0]]
    if at is None:
        return union
    kept = common if len(common) else union
    wanted = [float(one) for one in np.atleast_1d(np.asarray(at, dtype=np.float64))]
    return np.asarray(kept[np.unique(nearest(kept, wanted, union))])


def same_times(stored: Numbers, times: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (places in ``stored``, places in ``times``) of the times that both have."""
    if not len(stored) or not len(times):
        nothing = np.array([], dtype=np.int64)
        return nothing, nothing
    span = max(abs(float(times[-1] - times[0])), abs(float(times[-1])), 1.0)
    place = np.clip(np.searchsorted(stored, times), 0, len(stored) - 1)
    before = np.clip(place - 1, 0, None)
    place = np.where(np.abs(stored[before] - times) < np.abs(stored[place] - times), before, place)
    alike = np.abs(stored[place] - times) <= SAME_TIME * span
    return place[alike], np.flatnonzero(alike)


def nearest(
    times: NDArray[np.float64],
    wanted: Sequence[float],
    stored: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """Return the places of the times nearest to some others.

    Parameters
    ----------
    stored
        All times of the run, where ``times`` are only some of them.

    Raises
    ------
    StudyError
        A time outside of the run.
    """
    whole = times if stored is None else stored
    gap = float(np.max(np.diff(whole))) / 2 if len(whole) > 1 else 0.0
    first, last = float(whole[0]), float(whole[-1])
    for one in wanted:
        if not first - gap <= one <= last + gap:
            msg = f"time {one:g} lies outside of what the sweep keeps, {first:g} to {last:g}"
            raise StudyError(msg)
    return np.array([int(np.argmin(np.abs(times - one))) for one in wanted], dtype=np.int64)
