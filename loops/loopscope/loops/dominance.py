"""Which loops dominate, and from when to when.

Stage 4 of 4.  In: relative scores of a run.  Out: ``Period`` records, one rule for all methods.

A set of loops of one polarity *dominates* a partition where the magnitudes of its relative scores
sum to a half or more; of all such sets the smallest is named, the one with the larger sum among
equals.  A *period* is a stretch of time with one polarity ahead and one loop leading it.  Periods
shorter than a minimum are given to their neighbours, so that a list of them has no splinters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.means import mean_sizes
from loopscope.models.errors import LoopError, shown

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

HALF = 0.5
"""Sum of magnitudes of relative scores from which a set dominates."""

SHORTEST = 0.02
"""Part of the run's length below which a period is given to its neighbours, unless said."""

NONE = "-"
"""In place of a polarity where nothing in the partition moves, or the method says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of time in which one set of loops dominates a partition.

    Attributes
    ----------
    start, stop
        In the model's time unit.
    polarity
        "R" or "B": the sign of the scores ahead; "-" where there is nothing to say.
    loops
        Ids of the smallest set that holds half of the mean magnitudes, strongest first; all of
        that sign that are held where they do not make a half.
    share
        Sum of the mean magnitudes of those loops, in [0, 1].
    partition
        Number of the partition; scores of different partitions never compare.
    """

    start: float
    stop: float
    polarity: str
    loops: tuple[str, ...]
    share: float
    partition: int


def dominant(scores: NDArray[np.float64], reinforcing: float = np.nan) -> tuple[int, list[int]]:
    """Return the sign ahead and the smallest set of loops that dominates.

    Parameters
    ----------
    scores
        Relative scores of all loops of one partition, or of those held; dims (loop,).
    reinforcing
        Share of the positive scores of all loops, where more are known than are held.  Then the
        sign ahead is known even if the loops held do not make a half; all of that sign are named.

    Returns
    -------
    tuple
        +1 or -1 (0: nothing moves, or no set of those held reaches a half), and positions of the
        loops, strongest first, the earlier first at a tie.

    Examples
    --------
    >>> dominant(np.array([0.3, -0.2, 0.3, -0.2]))
    (1, [0, 2])
    """
    known = np.where(np.isfinite(scores), scores, 0.0)
    if np.isfinite(reinforcing) and known.any():
        sign = 1 if reinforcing >= HALF else -1
        return sign, _smallest(np.maximum(sign * known, 0.0))
    best: tuple[int, list[int]] = (0, [])
    size = 0.0
    for sign in (1, -1):
        side = np.maximum(sign * known, 0.0)
        order = np.argsort(-side, kind="stable")
        sums = np.cumsum(side[order])
        enough = np.flatnonzero(sums >= HALF - 1e-12)
        if len(enough):
            count = int(enough[0]) + 1
            fewer = not best[1] or count < len(best[1])
            if fewer or (count == len(best[1]) and sums[count - 1] > size):
                best, size = (sign, order[:count].tolist()), float(sums[count - 1])
    return best


def mean_shares(scores: xr.Dataset) -> NDArray[np.float64]:
    """Return the mean magnitude of relative scores over a run, dims (loop,).

    Every saved time speaks for the interval that begins there; times at which nothing of the
    partition moves do not count.
    """
    return mean_sizes(scores["time"].values, scores["relative"].values, scores["partition"].values)


def periods(scores: xr.Dataset, *, shortest: float | None = None) -> list[Period]:
    """Return who dominates when, partition by partition.

    Parameters
    ----------
    scores
        From ``score``; dims (time, loop), of one run.
    shortest
        Least length of a period, in the model's time unit; 2 % of the run by default.

    Raises
    ------
    LoopError
        Scores with further dims; a length that is no positive number.
    """
    relative = scores["relative"]
    if relative.dims != ("time", "loop"):
        left = ", ".join(str(d) for d in relative.dims if d not in ("time", "loop"))
        msg = f"dominance is told of one run: choose one value of {left} first, with .sel or .isel"
        raise LoopError(msg)
    time = np.asarray(scores["time"].values, dtype=np.float64)
    length = float(time[-1] - time[0]) if len(time) else 0.0
    least = SHORTEST * length if shortest is None else shortest
    if not (np.isfinite(least) and least >= 0):
        msg = f"the shortest period must be a length of time, got {shown(shortest)}"
        raise LoopError(msg)
    ids = [str(one) for one in scores["loop"].values]
    numbers = np.asarray(scores["partition"].values)
    found = []
    for number in sorted(set(numbers.tolist())):
        inside = np.flatnonzero(numbers == number)
        values = np.asarray(relative.values, dtype=np.float64)[:, inside]
        ahead = None
        if "reinforcing" in scores:
            ahead = np.asarray(scores["reinforcing"].values[:, inside[0]], dtype=np.float64)
        for first, last, sign in stretches(values, time, least, ahead):
            found.append(
                _period(values, time, (first, last), sign, [ids[i] for i in inside], number)
            )
    return found


def _smallest(side: NDArray[np.float64]) -> list[int]:
    """Return the fewest positions whose values sum to a half; all positive ones if none do."""
    order = np.argsort(-side, kind="stable")
    reached = np.flatnonzero(np.cumsum(side[order]) >= HALF - 1e-12)
    count = int(reached[0]) + 1 if len(reached) else int(np.count_nonzero(side > 0))
    return [int(one) for one in order[:count]]


def stretches(
    values: NDArray[np.float64],
    time: NDArray[np.float64],
    least: float,
    reinforcing: NDArray[np.float64] | None = None,
) -> list[tuple[int, int, int]]:
    """Return (first, last, sign) rows of periods, without splinters.

    Parameters
    ----------
    values
        Relative scores, dims (time, loop).
    least
        Shortest length, in units of ``time``.
    reinforcing
        As in ``dominant``, dims (time,).
    """
    keys = []
    ahead = np.full(len(time), np.nan) if reinforcing is None else reinforcing
    for row, share in zip(values, ahead, strict=True):
        sign, loops = dominant(row, float(share))
        keys.append((sign, loops[0] if loops else -1))
    groups: list[list[int]] = []
    for place, key in enumerate(keys):
        if groups and keys[groups[-1][0]] == key:
            groups[-1][1] = place
        else:
            groups.append([place, place])
    while len(groups) > 1:
        lengths = [_length(time, first, last) for first, last in groups]
        short = int(np.argmin(lengths))
        if lengths[short] >= least:
            break
        _give(groups, short, keys, lengths)
    return [(first, last, keys[_middle(keys, first, last)][0]) for first, last in groups]


def _length(time: NDArray[np.float64], first: int, last: int) -> float:
    # A saved time speaks for the interval that begins there; the last one has none.
    return float(time[min(last + 1, len(time) - 1)] - time[first])


def _give(
    groups: list[list[int]], short: int, keys: list[tuple[int, int]], lengths: list[float]
) -> None:
    """Join a group with the longer neighbour, and both neighbours where they are alike."""
    first, last = groups[short]
    before = short - 1 if short else None
    after = short + 1 if short + 1 < len(groups) else None
    alike = (
        before is not None
        and after is not None
        and _leader(keys, groups[before]) == _leader(keys, groups[after])
    )
    if alike:
        assert before is not None
        assert after is not None
        groups[before : after + 1] = [[groups[before][0], groups[after][1]]]
    elif after is None or (before is not None and lengths[before] >= lengths[after]):
        assert before is not None
        groups[before : short + 1] = [[groups[before][0], last]]
    else:
        groups[short : after + 1] = [[first, groups[after][1]]]


def _leader(keys: list[tuple[int, int]], group: list[int]) -> tuple[int, int]:
    return keys[_middle(keys, *group)]


def _middle(keys: list[tuple[int, int]], first: int, last: int) -> int:
    """Return a row whose key is the most frequent of a stretch."""
    counts: dict[tuple[int, int], int] = {}
    for place in range(first, last + 1):
        counts[keys[place]] = counts.get(keys[place], 0) + 1
    most = max(counts, key=lambda key: counts[key])
    return next(place for place in range(first, last + 1) if keys[place] == most)


def _period(
    values: NDArray[np.float64],
    time: NDArray[np.float64],
    rows: tuple[int, int],
    sign: int,
    ids: list[str],
    number: int,
) -> Period:
    first, last = rows
    part = values[first : last + 1]
    mean = np.nanmean(np.where(np.isfinite(part), part, 0.0), axis=0)
    loops: list[int] = []
    if sign:
        loops = _smallest(np.maximum(sign * mean, 0.0))
    return Period(
        start=float(time[first]),
        stop=float(time[min(last + 1, len(time) - 1)]),
        polarity={1: "R", -1: "B", 0: NONE}[sign],
        loops=tuple(ids[i] for i in loops),
        share=float(np.abs(mean[loops]).sum()) if loops else 0.0,
        partition=int(number),
    )
