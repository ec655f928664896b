"""What a smallest change shall reach, as a gap that must fall below zero.

In: shares of runs.  Out: gaps, one column for each way to reach the goal; a run reaches it where
one of its gaps is below zero.  Gaps are continuous where the shares are, so that they have slopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from loopscope.analysis.dominating.ensemble import NOTHING
from loopscope.analysis.dominating.shifts import shifts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.dominating.bench import Scored

    Numbers = NDArray[np.float64]


class Goal(Protocol):
    """What shall be reached."""

    def gaps(self, scored: Scored) -> Numbers:
        """Return gaps, dims (run, way); infinite where they have no value."""

    def told(self, scored: Scored) -> list[str]:
        """Return what each run shows, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Another loop shall dominate at a saved time.

    Attributes
    ----------
    moment
        Position of the time.
    leader
        Position of the loop that dominates at the base.
    to
        Position of the loop that shall dominate; None for any other.
    loops
        Ids, for words.
    """

    moment: int
    leader: int
    to: int | None
    loops: tuple[str, ...]

    def gaps(self, scored: Scored) -> Numbers:
        """Return by how much the share to beat is larger, dims (run, way).

        With ``to`` one way: the largest other share less its own.  Without, one way a challenger:
        the share of the leader less the challenger's.
        """
        sizes = np.abs(scored.relative[:, self.moment])
        if self.to is None:
            others = np.delete(sizes, self.leader, axis=1)
            found = sizes[:, [self.leader]] - others
        else:
            others = np.delete(sizes, self.to, axis=1)
            found = others.max(axis=1, keepdims=True) - sizes[:, [self.to]]
        leads = scored.leader[:, self.moment] > NOTHING
        return np.where(leads[:, None] & np.isfinite(found), found, np.inf)

    def told(self, scored: Scored) -> list[str]:
        """Return the id of the loop that dominates."""
        return [
            self.loops[place] if place > NOTHING else "nothing"
            for place in scored.leader[:, self.moment].tolist()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The first or last shift shall be at a time, or beyond.

    Attributes
    ----------
    which
        "first" or "last".
    time
        When it shall be.
    sooner
        Whether it is to be brought forward; a run without a shift counts as one at its end.
    """

    which: str
    time: float
    sooner: bool

    def gaps(self, scored: Scored) -> Numbers:
        """Return how far the shift is from where it shall be, dims (run, 1), in time units."""
        when = self._when(scored)
        undefined = (scored.leader < NOTHING).any(axis=1)
        found = np.where(np.isnan(when), scored.time[-1], when) - self.time
        found = np.where(undefined, np.inf, found if self.sooner else -found)
        return found[:, None]

    def told(self, scored: Scored) -> list[str]:
        """Return the time of the shift."""
        return ["none" if np.isnan(one) else f"{one:.6g}" for one in self._when(scored)]

    def _when(self, scored: Scored) -> Numbers:
        shifts = shifts_of(scored.leader, scored.relative, scored.time)
        count = len(scored.leader)
        return shifts.first(count) if self.which == "first" else shifts.last(count)
