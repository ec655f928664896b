"""One diagram at several times: what stays where it is, and what changes.

Stage 5 of 5.  In: loops and scores of a run.  Out: a ``Story``: a diagram of the whole run, and its
sketch at each of some times.  Places, signs and badges are laid out once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.diagrams.choosing.asking import diagram as diagram_of
from loopscope.loops.diagrams.choosing.weighing import at_time
from loopscope.loops.diagrams.drawing.series import plain
from loopscope.loops.diagrams.drawing.words import percent
from loopscope.loops.dominance import NONE, periods
from loopscope.models.errors import LoopError, RunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.layout.laying import LaidOut
    from loopscope.loops.finding.found import Loops


EARLIEST = 1000.0
"""A run in years that begins later than this counts the years of a calendar."""


@dataclass(frozen=True, slots=True)
class Story:
    """A diagram and the scores it is shown with.

    Attributes
    ----------
    diagram
        Of the whole run: its words, its places.
    times
        Saved times of the scores that may be shown, dims (time,).
    """

    diagram: Diagram
    found: Loops
    scores: xr.Dataset
    times: Numbers

    def at(self, time: float) -> LaidOut:
        """Return the layout with the widths, signs and scores of a time; nothing moves."""
        laid = self.diagram.laid
        sketch = at_time(laid.sketch, self.found, self.scores, time)
        links = {link.pair: link for link in sketch.links}
        loops = {loop.id: loop for loop in sketch.loops}
        old = laid.picture.given
        given = replace(
            old, links=tuple(links[link.pair] for link in old.links),
            loops=tuple(loops[loop.id] for loop in old.loops),
        )  # fmt: skip
        return replace(laid, sketch=sketch, picture=replace(laid.picture, given=given))

    def moment(self, time: float) -> str:
        """Return a time in words; that of a calendar without its unit.

        Notes
        -----
        Years of a calendar are told by their size: a run of 1500 years from 0 does not end in one.
        """
        units = self.diagram.caption.time_units
        first = float(self.scores["time"].values[0])
        if first >= EARLIEST and units.casefold().startswith("year"):
            return plain(time)
        return f"{plain(time)} {units}".strip()

    @property
    def partition(self) -> int:
        """Number of the partition that most of the loops shown are in."""
        shown = {loop.id for loop in self.diagram.sketch.loops}
        ids = [str(one) for one in self.scores["loop"].values]
        numbers = np.asarray(self.scores["partition"].values)
        mine = [int(number) for one, number in zip(ids, numbers, strict=True) if one in shown]
        return int(np.bincount(mine).argmax()) if mine else 0

    def strongest(self, laid: LaidOut, most: int) -> str:
        """Return the strongest loops of a layout at some time, with their scores.

        Scores of different partitions never compare: only loops of ``partition`` are looked at.
        """
        numbers = np.asarray(self.scores["partition"].values)
        inside = {str(one) for one in self.scores["loop"].values[numbers == self.partition]}
        known = [loop for loop in laid.sketch.loops if loop.score and loop.id in inside]
        known.sort(key=lambda loop: (-abs(loop.score or 0.0), loop.id))
        words = (f"{loop.id} {percent(loop.score or 0.0)}" for loop in known[:most])
        return ", ".join(words) or "nothing moves"


def story_of(
    found: Loops,
    scores: xr.Dataset,
    *,
    start: float | None,
    stop: float | None,
    **options: Any,
) -> Story:
    """Return the diagram of a run, ready to be shown at any of its times.

    Parameters
    ----------
    start, stop
        First and last time; those of the scores by default.
    options
        Of ``loops.diagram``.

    Raises
    ------
    LoopError
        As ``loops.diagram``; another kind of diagram, or one time.
    RunError
        A start or stop outside the run, or fewer than two saved times between them.
    """
    if options.get("kind", "cld") != "cld" or options.get("at") is not None:
        msg = "an animation shows a causal loop diagram from start to stop; leave kind and at out"
        raise LoopError(msg)
    times = times_between(scores, start, stop)
    diagram = diagram_of(found, scores, **options)
    return Story(diagram, found, scores, times)


def times_between(scores: xr.Dataset, start: float | None, stop: float | None) -> Numbers:
    """Return the saved times of scores from one time to another.

    Raises
    ------
    RunError
        Scores of several runs; a time outside the run, or fewer than two between them.
    """
    if scores["relative"].dims != ("time", "loop"):
        msg = "an animation shows one run, and these scores have the dims "
        msg += f"{', '.join(map(str, scores['relative'].dims))}; choose one with .isel(run=...)"
        raise RunError(msg)
    time = np.asarray(scores["time"].values, np.float64)
    first, last = float(time[0]), float(time[-1])
    for name, value in (("start", start), ("stop", stop)):
        if value is not None and not first <= value <= last:
            msg = f"{name}={plain(value)} is outside the run, which goes from {plain(first)} to "
            raise RunError(msg + plain(last))
    begin, end = first if start is None else start, last if stop is None else stop
    found = time[(time >= begin) & (time <= end)]
    if len(found) < 2:
        msg = f"there are {len(found)} saved times from {plain(begin)} to {plain(end)}, and an "
        raise RunError(msg + "animation needs two; choose start and stop further apart")
    return found


def evenly(times: Numbers, count: int) -> Numbers:
    """Return at most ``count`` of some times, the first and the last among them."""
    if len(times) <= count:
        return times
    rows = np.round(np.linspace(0, len(times) - 1, count)).astype(np.int64)
    return times[rows]


def turning_points(story: Story, most: int) -> list[float]:
    """Return the first time, those at which other loops take over, and the last.

    Where there are more than ``most``, those that begin the longest periods are kept.

    Parameters
    ----------
    most
        At least 2.
    """
    first, last = float(story.times[0]), float(story.times[-1])
    shifts = [
        (min(one.stop, last) - one.start, one.start)
        for one in periods(story.scores)
        if one.partition == story.partition and one.polarity != NONE and first < one.start < last
    ]
    longest = sorted(shifts, key=lambda pair: (-pair[0], pair[1]))[: most - 2]
    inner = sorted(start for _, start in longest)
    return [first, *_filled(inner, story.times, max(0, 4 - 2 - len(inner))), last]


def _filled(inner: list[float], times: Numbers, wanting: int) -> Sequence[float]:
    """Return times with more of them between, evenly, where there are few."""
    if not wanting:
        return inner
    even = [float(one) for one in evenly(times, wanting + 2)[1:-1]]
    return sorted({*inner, *even})
