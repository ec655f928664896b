"""What is taken of a series: one number a run.

In: a series along saved times, dims (run, time).  Out: numbers, dims (run,).  NaN: there is no
such number (the level is never passed, fewer than two peaks, the run failed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.analysis.behaviour.turning import count_peaks, periods
from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.models.expectation import Measure

Numbers = NDArray[np.float64]

HALF = 0.5

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
    "period": periods,
    "peaks": lambda part, times: count_peaks(part),
}
