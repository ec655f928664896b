"""Peaks and troughs of many series at once, their period and their damping.

In: series along evenly spaced times, dims (run, time).  Out: the turns of each run, in order of
time, and numbers with dims (run,).  No run depends on another.  NaN: there is no such number.

A *turn* is a peak or a trough that stands out from its surroundings by ``PROMINENCE`` of the range
of its series or more.  The *prominence* of a peak is its height above the higher of the two lowest
points that lie between it and higher ground, or the end of the series, on either side; of equal
heights with nothing as deep between them, and of a flat top, the first point counts.  Peaks and
troughs that stand out alternate, so one pass that waits for the series to turn back by that much
finds them all: O(time) steps, each over all runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

PROMINENCE = 0.1
"""A turn stands out by at least this share of the range of its series."""

FLAT = 1e-9
"""A series that moves by less, relative to its size, has no turns."""

TURNS = 4
"""Peaks and troughs, taken together, that make an oscillation."""

BLOCK = 4096
"""Runs that are followed at a time: their state stays in the fast memory of a core."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Peaks and troughs of many runs, sorted by run, then by time.

    Attributes
    ----------
    run, place
        Which series, and which point of it, of each turn; dims (turn,).
    top
        Whether it is a peak; of one run, peaks and troughs alternate.
    runs
        How many series were looked at.
    """

    run: Places
    place: Places
    top: NDArray[np.bool_]
    runs: int

    @property
    def count(self) -> Places:
        """Turns of each run, dims (run,)."""
        return np.bincount(self.run, minlength=self.runs)

    @property
    def first(self) -> Places:
        """Where the turns of each run begin, dims (run,): those of run r are first[r] and on."""
        count = self.count
        return np.asarray(np.cumsum(count) - count)


def find_turns(values: Numbers) -> Turns:
    """Return the peaks and troughs of series, dims (run, time).

    A series with a value that is not finite, or with fewer than three points, has none.

    Examples
    --------
    >>> import numpy as np
    >>> found = find_turns(np.array([[0, 3, 1, 2, 0.0], [0, 1, 2, 3, 4.0]]))
    >>> found.run.tolist(), found.place.tolist(), found.top.tolist()
    ([0, 0, 0], [1, 2, 3], [True, False, True])
    """
    several = [
        (first, *_follow(np.array(values[first : first + BLOCK].T, dtype=np.float64, order="C")))
        for first in range(0, len(values), BLOCK)
        if values.shape[1] >= 3
    ]
    if not several:
        none = np.zeros(0, dtype=np.int64)
        return Turns(none, none, none.astype(bool), len(values))
    return Turns(
        run=np.concatenate([first + run for first, run, _, _ in several]),
        place=np.concatenate([place for _, _, place, _ in several]),
        top=np.concatenate([top for _, _, _, top in several]),
        runs=len(values),
    )


def _follow(block: Numbers) -> tuple[Places, Places, NDArray[np.bool_]]:
    """Return run, place and kind of the turns of one block, dims (time, run).

    Each run is followed upwards or, turned over, downwards: ``best`` is the highest point since the
    last turn; it is a turn once the series has come back from it by what a turn stands out by.
    """
    block[:, ~np.isfinite(block).all(axis=0)] = 0.0
    highest, lowest = block.max(axis=0), block.min(axis=0)
    with np.errstate(over="ignore"):
        span = highest - lowest
    size = np.maximum(np.abs(highest), np.abs(lowest))
    least = PROMINENCE * span
    least[(span <= FLAT * size) | (least == 0)] = np.inf
    sense = _first_sense(block, least)
    best, at = sense * block[0], np.zeros(block.shape[1], dtype=np.int64)
    found = []
    for when in range(1, len(block)):
        here = sense * block[when]
        at[here > best] = when
        np.maximum(best, here, out=best)
        turned = np.flatnonzero(best - here >= least)
        if len(turned):
            found.append((turned, at[turned], sense[turned] > 0))
            sense[turned] *= -1.0
            best[turned] = -here[turned]
            at[turned] = when
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return none, none, none.astype(bool)
    run, place, top = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(run, kind="stable")
    return run[order], place[order], top[order]


def _first_sense(block: Numbers, least: Numbers) -> Numbers:
    """Return 1 where a run first moves up by ``least``, -1 where it first moves down by it."""
    with np.errstate(over="ignore"):
        risen = block - np.minimum.accumulate(block, axis=0) >= least
        fallen = np.maximum.accumulate(block, axis=0) - block >= least
    rises, falls = risen.any(axis=0), fallen.any(axis=0)
    sooner = risen.argmax(axis=0) < fallen.argmax(axis=0)
    return np.where(rises & (~falls | sooner), 1.0, -1.0)


def count_peaks(values: Numbers) -> Numbers:
    """Return how many peaks each series has, dims (run,); NaN where a value is not finite."""
    turns = find_turns(values)
    count = np.bincount(turns.run[turns.top], minlength=turns.runs).astype(np.float64)
    return np.where(np.isfinite(values).all(axis=1), count, np.nan)


def periods(values: Numbers, time: Numbers, turns: Turns | None = None) -> Numbers:
    """Return the mean time between peaks, and between troughs, dims (run,), in units of time.

    NaN with fewer than two of each.  A turn lies at the top of the parabola through its point and
    the two beside it, so the period of a sine is right to a small part of the time between points.
    """
    turns = find_turns(values) if turns is None else turns
    total, sides = np.zeros(turns.runs), np.zeros(turns.runs)
    for top in (True, False):
        run, place = turns.run[turns.top == top], turns.place[turns.top == top]
        begins = np.flatnonzero(np.diff(run, prepend=-1))
        ends = np.append(begins[1:], len(run)) - 1 if len(run) else begins
        several = ends > begins
        begins, ends = begins[several], ends[several]
        shift, _ = _vertices(values, run[ends], place[ends])
        until = _times(time, place[ends], shift)
        shift, _ = _vertices(values, run[begins], place[begins])
        since = _times(time, place[begins], shift)
        total[run[begins]] += (until - since) / (ends - begins)
        sides[run[begins]] += 1
    with np.errstate(invalid="ignore"):
        return np.asarray(total / sides)


def damping(values: Numbers, turns: Turns | None = None) -> Numbers:
    """Return the damping ratio of each oscillation, dims (run,), dimensionless, in (-1, 1).

    Above 0 the oscillation dies out, below 0 it grows, near 0 it is sustained; NaN with fewer than
    ``TURNS`` turns.

    Notes
    -----
    From the logarithmic decrement: with amplitudes a_2 of the second and a_(n-1) of the last turn
    but one, n - 3 half periods apart, delta = ln(a_2 / a_(n-1)) / (n - 3) and the ratio is
    delta / sqrt(pi^2 + delta^2).  The amplitude of a turn is its distance from the middle of its
    two neighbours: a straight trend cancels, and for an exponentially damped sine the ratio is
    exact but for the spacing of the points.

    References
    ----------
    Den Hartog (1956), Mechanical Vibrations, 4th edition, chapter 2.
    """
    turns = find_turns(values) if turns is None else turns
    found = np.full(turns.runs, np.nan)
    count, first = turns.count, turns.first
    runs = np.flatnonzero(count >= TURNS)
    _, heights = _vertices(values, turns.run, turns.place)
    early, late = first[runs] + 1, first[runs] + count[runs] - 2
    amplitudes = [
        np.abs(heights[near] - (heights[near - 1] + heights[near + 1]) / 2)
        for near in (early, late)
    ]
    with np.errstate(all="ignore"):
        delta = np.log(amplitudes[0] / amplitudes[1]) / (late - early)
    found[runs] = delta / np.hypot(np.pi, delta)
    return found


def _vertices(values: Numbers, run: Places, place: Places) -> tuple[Numbers, Numbers]:
    """Return how far the vertex of the parabola lies after the point, and its height."""
    before, here, after = (values[run, place + by] for by in (-1, 0, 1))
    with np.errstate(all="ignore"):
        bend = before - 2 * here + after
        shift = 0.5 * (before - after) / np.where(bend == 0, np.inf, bend)
        return shift, here - 0.25 * (before - after) * shift


def _times(time: Numbers, place: Places, shift: Numbers) -> Numbers:
    return np.asarray(time[place] + shift * (time[place + 1] - time[place]))
