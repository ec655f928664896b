"""What is taken of a series: one number a run.

In: a series along saved times, dims (run, time).  Out: numbers, dims (run,).  NaN: there is no
such number (the level is never passed, fewer than two peaks, the run failed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.models.expectation import Measure

Numbers = NDArray[np.float64]

PROMINENCE = 0.1
"""A peak rises above its surroundings by at least this share of the range of its stretch."""

HALF = 0.5

FLAT = 1e-9
"""A series that moves by less, relative to its size, has no peaks."""

NUMBERWISE = (
    "total", "half time", "period", "amplitude", "peaks", "time of min", "time of max",
)  # fmt: skip
"""Where two runs are compared by these, each gives its number first; else the series compare."""


def at(series: Numbers, time: Numbers, when: float) -> Numbers:
    """Return the value at a time, dims (run,); linear between saved times.

    Raises
    ------
    RunError
        A time outside the run.
    """
    near = 1e-9 * max(1.0, abs(when))
    if not time[0] - near <= when <= time[-1] + near:
        msg = f"time {when:g} lies outside the run, which goes from {time[0]:g} to {time[-1]:g}"
        raise RunError(msg)
    after = int(np.clip(np.searchsorted(time, when), 1, max(1, len(time) - 1)))
    if len(time) == 1:
        return series[:, 0]
    share = np.clip((when - time[after - 1]) / (time[after] - time[after - 1]), 0.0, 1.0)
    # At a saved time its own value alone counts, so that a gap beside it does not matter.
    if share in (0.0, 1.0):
        return series[:, after if share else after - 1]
    return np.asarray((1 - share) * series[:, after - 1] + share * series[:, after])


def stretch(measure: Measure, series: Numbers, time: Numbers) -> tuple[Numbers, Numbers]:
    """Return the part of a series that a measure looks at, and its times."""
    start, to = measure.start, measure.to
    for when in (start, to):
        if when is not None:
            at(series, time, when)
    if start is None:
        late = measure.taken in ("period", "amplitude")
        start = (time[0] + time[-1]) / 2 if late else time[0]
    to = time[-1] if to is None else to
    near = 1e-9 * max(1.0, abs(start), abs(to))
    kept = (time >= start - near) & (time <= to + near)
    if not kept.any():
        msg = f"no saved time lies from {start:g} to {to:g}; set 'saveper'"
        raise RunError(msg)
    return series[:, kept], time[kept]


def take(measure: Measure, series: Numbers, time: Numbers) -> tuple[Numbers, Numbers]:
    """Return what a measure takes of a series: lowest and highest, dims (run,).

    The two differ for ``always`` alone.

    Raises
    ------
    RunError
        A time outside the run.
    """
    taken = measure.taken
    if taken in ("at", "start", "end"):
        when = time[0] if taken == "start" else time[-1] if measure.at is None else measure.at
        found = at(series, time, float(when))
        return found, found
    part, times = stretch(measure, series, time)
    if taken == "always":
        return part.min(axis=1), part.max(axis=1)
    if taken.startswith("first"):
        assert measure.level is not None
        passed = part > measure.level if taken == "first above" else part < measure.level
        found = np.where(passed.any(axis=1), times[passed.argmax(axis=1)], np.nan)
    else:
        found = _TAKERS[taken](part, times)
    return found, found


def _step(which: Callable[..., Numbers]) -> Callable[[Numbers, Numbers], Numbers]:
    def found(part: Numbers, times: Numbers) -> Numbers:
        if len(times) < 2:
            return np.full(len(part), np.nan)
        return which(np.diff(part, axis=1), axis=1)

    return found


def _total(part: Numbers, times: Numbers) -> Numbers:
    """Return the area under a series: straight lines between saved times."""
    return np.asarray((0.5 * (part[:, 1:] + part[:, :-1]) * np.diff(times)).sum(axis=1))


def _half_time(part: Numbers, times: Numbers) -> Numbers:
    """Return how long half of the change over a stretch takes: at first, linear between times."""
    with np.errstate(all="ignore"):
        done = (part - part[:, :1]) / (part[:, -1:] - part[:, :1])
    found = np.full(len(part), np.nan)
    for number, row in enumerate(done):
        if np.isfinite(row).all():
            after = int(np.argmax(row >= HALF))
            share = (HALF - row[after - 1]) / (row[after] - row[after - 1])
            found[number] = times[after - 1] + share * (times[after] - times[after - 1]) - times[0]
    return found


def _row_wise(
    measure: Callable[[Numbers, Numbers], float],
) -> Callable[[Numbers, Numbers], Numbers]:
    def found(part: Numbers, times: Numbers) -> Numbers:
        return np.array([measure(row, times) for row in part], dtype=np.float64)

    return found


def peaks(row: Numbers) -> list[int]:
    """Return the places of the peaks of one series: of ``PROMINENCE`` of its range and more.

    The prominence of a peak is its height above the higher of the two lowest points that lie
    between it and higher ground, or the end of the series, on either side.  A flat top counts once.
    """
    if len(row) < 3 or not np.isfinite(row).all():
        return []
    span = float(np.ptp(row))
    if span <= FLAT * float(np.abs(row).max()):
        return []
    moving = np.flatnonzero(np.diff(row))
    rising = row[moving + 1] > row[moving]
    turns = np.flatnonzero(rising[:-1] & ~rising[1:])
    tops = [int(place) for place in moving[turns] + 1]
    return [place for place in tops if _prominence(row, place) >= PROMINENCE * span]


def _prominence(row: Numbers, place: int) -> float:
    higher = np.flatnonzero(row > row[place])
    left = higher[higher < place].max(initial=-1) + 1
    right = higher[higher > place].min(initial=len(row))
    return float(row[place] - max(row[left : place + 1].min(), row[place:right].min()))


def period(row: Numbers, times: Numbers) -> float:
    """Return the mean time between peaks, and between troughs; NaN with fewer than two of each.

    A peak lies at the top of the parabola through its highest value and the two beside it, so the
    period of a sine is right to a small part of the time between saved points.
    """
    widths = []
    for side in (row, -row):
        tops = peaks(side)
        if len(tops) >= 2:
            where = [_top(side, times, place) for place in tops]
            widths.append((where[-1] - where[0]) / (len(tops) - 1))
    return float(np.mean(widths)) if widths else np.nan


def _top(row: Numbers, times: Numbers, place: int) -> float:
    before, here, after = row[place - 1 : place + 2]
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend else 0.0
    return float(times[place] + shift * (times[place + 1] - times[place]))


def _count(row: Numbers, times: Numbers) -> float:
    return float(len(peaks(row))) if np.isfinite(row).all() else np.nan


_TAKERS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "min": lambda part, times: part.min(axis=1),
    "max": lambda part, times: part.max(axis=1),
    "mean": lambda part, times: part.mean(axis=1),
    "total": _total,
    "time of min": lambda part, times: times[part.argmin(axis=1)],
    "time of max": lambda part, times: times[part.argmax(axis=1)],
    "smallest step": _step(np.min),
    "largest step": _step(np.max),
    "half time": _half_time,
    "amplitude": lambda part, times: (part.max(axis=1) - part.min(axis=1)) / 2,
    "period": _row_wise(period),
    "peaks": _row_wise(_count),
}
