"""Shifts of dominance: every change of the dominating loop, run by run.

In: the dominating loop of each run and saved time, and the shares behind it.  Out: ``Shifts``.  The
time of a shift is where the line between two saved times makes both scores equal, or the first
saved time of the new loop where nothing dominated in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifts:
    """Every change of the dominating loop, in the order of runs and times.

    Attributes
    ----------
    run, time
        Position of the run, and when, in the model's time unit.
    before, after
        Positions of the loops that hand over and take over.
    """

    run: NDArray[np.int64]
    time: Numbers
    before: Places
    after: Places

    def count(self, runs: int) -> NDArray[np.int64]:
        """Return the number of shifts of each run."""
        return np.bincount(self.run, minlength=runs)

    def first(self, runs: int) -> Numbers:
        """Return the time of the first shift of each run; NaN where there is none."""
        found = np.full(runs, np.nan)
        found[self.run[::-1]] = self.time[::-1]
        return found

    def last(self, runs: int) -> Numbers:
        """Return the time of the last shift of each run; NaN where there is none."""
        found = np.full(runs, np.nan)
        found[self.run] = self.time
        return found


def shifts_of(leader: Places, relative: Numbers, time: Numbers, offset: int = 0) -> Shifts:
    """Return the shifts of a block of runs; ``offset`` is the position of its first run."""
    runs, moments = np.nonzero(leader >= 0)
    loops = leader[runs, moments]
    turn = np.flatnonzero((runs[1:] == runs[:-1]) & (loops[1:] != loops[:-1]))
    run, early, late = runs[turn], moments[turn], moments[turn + 1]
    before, after = loops[turn], loops[turn + 1]
    sizes = np.abs(relative)

    def gap(moment: NDArray[Any]) -> Numbers:
        difference: Numbers = sizes[run, moment, before] - sizes[run, moment, after]
        return difference.astype(np.float64)

    first, second = gap(early), gap(late)
    crossed = (late == early + 1) & (first >= 0) & (second <= 0) & (first > second)
    part = np.where(crossed, first / np.where(crossed, first - second, 1.0), 1.0)
    when = np.where(crossed, time[early] + part * (time[late] - time[early]), time[late])
    return Shifts(run=run + offset, time=when, before=before, after=after)
