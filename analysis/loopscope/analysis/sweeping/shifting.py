"""Who leads in each run of a chunk, splinters left out, and metrics of the tracked loops.

Stage 3 of 5.  In: shares and states of a chunk.  Out: one number a run for each metric of loops.

The loop that *leads* is the tracked one with the largest share, where the partition is active or at
an inflection.  Stretches of one leader that are shorter than ``SHORTEST`` of the run go to their
neighbours by the rule of ``loops.dominance``; there a stretch is led by the strongest loop of the
smallest set that holds a half, here by the largest share, whatever it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from loopscope.analysis.study.metrics import SettledMetric

    Numbers = NDArray[np.float64]
    Leaders = NDArray[np.int16]

ACTIVE = 2
"""Smallest state in which a loop leads."""

NONE = -1
"""In place of a loop where none leads."""

BLOCK = 512
"""Runs looked at together."""


def leaders(shares: NDArray[np.float32], states: NDArray[np.int8]) -> Leaders:
    """Return the place of the loop that leads, ``NONE`` without one; dims (run, time).

    Parameters
    ----------
    shares
        Dims (loop, run, time); the earlier loop leads at a tie.
    """
    best = np.zeros(states.shape, dtype=np.float32)
    found = np.full(states.shape, NONE, dtype=np.int16)
    for place, row in enumerate(shares):
        size = np.abs(row)
        larger = size > best
        best[larger] = size[larger]
        found[larger] = place
    found[states < ACTIVE] = NONE
    return found


def without_splinters(leader: Leaders, time: Numbers, least: float) -> Leaders:
    """Return who leads each stretch once those shorter than ``least`` were given away.

    The shortest goes first: to the longer neighbour, the earlier one at a tie, and to both where
    they have one leader.  A stretch is led by who leads most of its times, the first at a tie.

    Notes
    -----
    Runs are looked at side by side: O(runs * times) for each stretch of the run that has most.
    """
    found = leader.copy()
    for first in range(0, len(leader), BLOCK):
        rows = slice(first, first + BLOCK)
        found[rows] = _joined(leader[rows], time, least)
    return found


def _joined(leader: Leaders, time: Numbers, least: float) -> Leaders:
    begins = np.ones(leader.shape, dtype=bool)
    begins[:, 1:] = leader[:, 1:] != leader[:, :-1]
    led = leader.copy()  # who leads a stretch, where it begins
    counts = _counts(leader)
    waiting = np.arange(len(leader))
    while True:
        row, start, stop, opens, closes = _stretches(begins, waiting)
        length = time[np.minimum(stop, len(time) - 1)] - time[start]
        firsts = np.flatnonzero(opens)
        each = np.diff(np.append(firsts, len(row)))
        shortest = np.repeat(np.minimum.reduceat(length, firsts), each)
        splinters = (length == shortest) & (length < least) & ~(opens & closes)
        short = np.flatnonzero(splinters)
        short = short[np.append(True, row[short[1:]] != row[short[:-1]])[: len(short)]]
        if not len(short):
            break
        waiting = row[short]
        first, last = opens[short], closes[short]
        before, after = np.where(first, short, short - 1), np.where(last, short, short + 1)
        alike = led[waiting, start[before]] == led[waiting, start[after]]
        alike &= ~first & ~last
        back = ~first & (last | (length[before] >= length[after]))
        left, right = alike | back, alike | ~back
        begins[waiting[left], start[short[left]]] = False
        begins[waiting[right], stop[short[right]]] = False
        begin = start[np.where(left, before, short)]
        end = stop[np.where(right, after, short)]
        led[waiting, begin] = _leading(leader, counts, waiting, begin, end)
    row, start, stop, _, _ = _stretches(begins, np.arange(len(leader)))
    return np.repeat(led[row, start], stop - start).reshape(leader.shape)


def _stretches(
    begins: NDArray[np.bool_], rows: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return row, start, stop of all stretches, and whether each is the first or last of its row.

    A stretch goes up to but not including its stop.
    """
    inside, start = np.nonzero(begins[rows])
    opens = start == 0
    closes = np.append(opens[1:], True)
    stop = np.where(closes, begins.shape[1], np.append(start[1:], 0))
    return rows[inside], start, stop, opens, closes


def _counts(leader: Leaders) -> NDArray[np.int32]:
    """Return how often each loop, and none, led before a time; dims (run, time + 1, loop + 1)."""
    kinds = int(leader.max(initial=0)) + 2
    found = np.zeros((len(leader), leader.shape[1] + 1, kinds), dtype=np.int32)
    one = leader[..., None] == np.arange(NONE, kinds - 1)
    np.cumsum(one, axis=1, out=found[:, 1:])
    return found


def _leading(
    leader: Leaders,
    counts: NDArray[np.int32],
    row: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
) -> Leaders:
    """Return who leads most of the times from start to stop - 1, the first at a tie."""
    often = counts[row, stop] - counts[row, start]
    most = often == often.max(axis=1, keepdims=True)
    here = leader[row]
    column = np.arange(leader.shape[1])
    inside = (column >= start[:, None]) & (column < stop[:, None])
    first = np.argmax(
        inside & np.take_along_axis(most, here.astype(np.int64) - NONE, axis=1), axis=1
    )
    return np.asarray(here[np.arange(len(row)), first])


def loop_metrics(
    metrics: Sequence[SettledMetric],
    loops: Sequence[str],
    shares: NDArray[np.float32],
    states: NDArray[np.int8],
    compared: NDArray[np.int64],
    time: Numbers,
) -> dict[str, Numbers]:
    """Return metrics of tracked loops, by name, dims (run,).

    A *share* is the size of the relative score: at the stored time nearest to the one asked for, or
    its mean over those in the window that are known.  Of the leader, and of shifts, only loops of
    one partition are looked at.

    Parameters
    ----------
    loops
        Ids, in the order of ``shares``.
    shares
        Relative scores, dims (loop, run, time); NaN where they are not known.
    states
        Of the partition of ``compared``; dims (run, time).
    compared
        Places of the loops whose scores compare.
    """
    from loopscope.analysis.dominating.shifts import shifts_of
    from loopscope.loops.dominance import SHORTEST

    found: dict[str, Numbers] = {}
    runs = states.shape[0]
    kinds = {one.metric for one in metrics}
    near = 1e-9 * max(1.0, float(np.abs(time).max()))
    leader = shifts = None
    if kinds - {"share"}:
        leader = leaders(shares[compared], states)
    if kinds & {"first shift", "last shift", "shifts"}:
        assert leader is not None
        calm = without_splinters(leader, time, SHORTEST * float(time[-1] - time[0]))
        sizes: NDArray[Any] = np.moveaxis(shares[compared], 0, -1)
        shifts = shifts_of(calm, sizes, time)
    for one in metrics:
        inside = (time >= one.start - near) & (time <= one.stop + near)
        if one.metric == "share":
            row = np.abs(shares[loops.index(one.loop)]).astype(np.float64)
            if one.at is not None:
                found[one.name] = row[:, int(np.argmin(np.abs(time - one.at)))].copy()
            else:
                found[one.name] = _mean(row[:, inside])
        elif one.metric == "dominant loop":
            assert leader is not None
            assert one.at is not None
            who = leader[:, int(np.argmin(np.abs(time - one.at)))]
            found[one.name] = np.where(who >= 0, compared[who].astype(np.float64), np.nan)
        else:
            assert shifts is not None
            kept = (shifts.time >= one.start - near) & (shifts.time <= one.stop + near)
            found[one.name] = _of_shifts(one.metric, shifts.run[kept], shifts.time[kept], runs)
    return found


def _of_shifts(metric: str, run: NDArray[np.int64], time: Numbers, runs: int) -> Numbers:
    if metric == "shifts":
        return np.bincount(run, minlength=runs).astype(np.float64)
    found = np.full(runs, np.nan)
    order = slice(None, None, -1) if metric == "first shift" else slice(None)
    found[run[order]] = time[order]
    return found


def _mean(rows: Numbers) -> Numbers:
    """Return the mean of what is known, time by time, so that no run depends on its neighbours."""
    total, count = np.zeros(len(rows)), np.zeros(len(rows))
    for column in rows.T:
        known = np.isfinite(column)
        total += np.where(known, column, 0.0)
        count += known
    mean: Numbers = np.divide(total, count, out=np.full(len(rows), np.nan), where=count > 0)
    return mean
