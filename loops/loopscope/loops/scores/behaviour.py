"""Ford's behavioural test: whether a stock changes its pattern when a loop is switched off.

Stage 4 of 4.  In: ``Loops`` and ``Along``.  Out: a ``Dataset``; the model is simulated again once
for each interval and each loop that something cuts alone (see ``cut``).

The *atomic pattern* of a stock is the sign of d|xdot|/dt, that of xdot * xddot: exponential,
linear or logarithmic.  An *interval* is a stretch of saved times with one pattern.  A loop
*dominates* an interval if cutting it at its start changes the pattern in at least half of it.  A
*shadow* loop does so only when the loops that dominate are held off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.cuts.cut import Control, cuts_of, with_cut
from loopscope.loops.cuts.cutting import Cutting, position
from loopscope.loops.scores.knockout import signs, words
from loopscope.loops.scores.lastleg import normalised
from loopscope.loops.scores.legs import ROUNDING, legs_along
from loopscope.loops.scores.pathways import stock_of
from loopscope.loops.scores.record import record
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along

    Patterns = NDArray[np.int64]

SOURCE = "Ford (1999), System Dynamics Review 15(1), 3-36, automated"

NOT_FOR = (
    "loops that are undefined, for nothing cuts them alone; telling apart loops that share a "
    "switch, which takes away all that rests on its constants; strengths, as it counts changes of "
    "a pattern; cuts at other times or other values, which may tell otherwise"
)

AT_REST, LOST = 2, 3

PATTERNS = {
    1: "exponential",
    0: "linear",
    -1: "logarithmic",
    AT_REST: "at rest",
    LOST: "not finite",
}
"""By number: the sign of d|xdot|/dt, or a case without one."""

ENOUGH = 0.5
"""Part of an interval in which the pattern must change."""


def score(
    found: Loops,
    along: Along,
    *,
    stock: str | None = None,
    start: float | None = None,
    stop: float | None = None,
    controls: Mapping[str, Control] | None = None,
    by: str = "any",
    shadows: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Return whose absence changes the pattern of a stock, interval by interval.

    Parameters
    ----------
    stock
        The stock that is watched; by default the one that most loops run through.
    start, stop
        Saved times between which to test; the whole run by default.
    controls, by
        How loops are cut; see ``cut.cuts_of``.
    shadows
        Whether to look for shadow loops too: again one run for each other loop of an interval
        that some loop dominates, repeated while more are found.
    progress
        Called with (intervals done, intervals) after each; an exception of it ends the work.

    Returns
    -------
    xarray.Dataset
        As ``record`` says.  ``raw``: part of the interval in which the pattern changes (1);
        ``relative``: with the sign of the loop gain, over the sum of the loops of the partition.
        ``dominant`` and ``shadow`` (bool), dims (time, loop); ``pattern`` (text), ``interval``
        (number, -1 outside), dims (time,).  ``control`` along ``loop`` says what was done.

    Raises
    ------
    LoopError
        A batch of runs; a loop, constant, link, stock or time that does not exist; no run behind
        ``along``.
    """
    if along.runs is not None:
        msg = "patterns are tested in one run: choose one with run.isel(run=...)"
        raise LoopError(msg)
    name = _watched(found) if stock is None else stock_of(along.graph, stock)
    first = position(along, start, what="start", default=0)
    last = position(along, stop, what="stop", default=len(along.time) - 1)
    if last <= first:
        msg = f"stop must lie after start, got {along.time[first]:g} to {along.time[last]:g}"
        raise LoopError(msg)
    cuts = cuts_of(found, controls, by=by)
    tested = with_cut(cuts)
    test = _Test(Cutting(along, [cut for cut in cuts if cut is not None]), name)
    usual = test.pattern({})
    shape = (len(along.time), len(found))
    raw, shadow = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    interval = np.full(len(along.time), -1)
    stretches = _stretches(usual, first, last)
    for number, (begin, end) in enumerate(stretches):
        rows = slice(begin, end + 1)
        interval[rows] = number
        if usual[begin] in (0, 1, -1):
            changed = test.changed(range(len(tested)), frozenset(), begin, end)
            raw[rows, tested] = list(changed.values())
            if shadows:
                hidden = test.hidden(changed, begin, end)
                shadow[rows, [tested[one] for one in hidden]] = True
        if progress is not None:
            progress(number + 1, len(stretches))
    status = np.where(np.isnan(raw), "undefined", "active").astype("<U12")
    status[np.ix_(usual == AT_REST, tested)] = "equilibrium"
    raw[np.ix_(usual == AT_REST, tested)] = 0.0
    scores = record(
        found, along, method="behavioural test",
        relative=normalised(found, raw * signs(found, along)), raw=raw, status=status, units="1",
        not_for=NOT_FOR, source=SOURCE, coords={"control": ("loop", words(cuts))},
        attrs={"stock": name},
    )  # fmt: skip
    scores["dominant"] = (("time", "loop"), np.nan_to_num(raw) >= ENOUGH)
    scores["shadow"] = (("time", "loop"), shadow)
    scores["pattern"] = (("time",), np.array([PATTERNS[one] for one in usual.tolist()]))
    scores["interval"] = (("time",), interval)
    return scores


def patterns(along: Along, stock: str) -> Patterns:
    """Return the atomic pattern of a stock at each time, as the keys of ``PATTERNS``."""
    with np.errstate(all="ignore"):  # a run with a loop cut may leave the finite numbers
        legs = legs_along(along)
        rate, acceleration = along.rates[stock], along.accelerations[stock]
        bends = np.abs(acceleration) > ROUNDING * legs.sizes[stock]
        found = np.sign(rate) * np.sign(acceleration) * bends
        found = np.where(legs.moving[stock], found, AT_REST)
        # Of a run that is lost only the stocks are NaN for certain: conditions choose without them.
        finite = np.isfinite(along.value(stock)) & np.isfinite(rate) & np.isfinite(acceleration)
        found = np.where(finite, found, LOST)
    return found.astype(np.int64)


class _Test:
    """One stock watched in runs with loops cut."""

    def __init__(self, cutting: Cutting, stock: str) -> None:
        self.cutting = cutting
        self.stock = stock

    def pattern(self, begins: Mapping[int, int]) -> Patterns:
        return patterns(self.cutting.run(begins), self.stock)

    def changed(
        self, cuts: range | list[int], off: frozenset[int], begin: int, end: int
    ) -> dict[int, float]:
        """Return in what part of an interval each cut changes the pattern, others being off.

        Of times at which both runs are finite; NaN where those are less than half.
        """
        held = dict.fromkeys(off, begin)
        usual = self.pattern(held)[begin : end + 1]
        parts = {}
        for cut in cuts:
            other = self.pattern({**held, cut: begin})[begin : end + 1]
            known = (usual != LOST) & (other != LOST)
            enough = known.mean() >= ENOUGH
            parts[cut] = float(np.mean((other != usual)[known])) if enough else np.nan
        return parts

    def hidden(self, changed: Mapping[int, float], begin: int, end: int) -> list[int]:
        """Return the shadow loops of an interval, given what each cut changes alone."""
        off = frozenset(cut for cut, part in changed.items() if part >= ENOUGH)
        found: list[int] = []
        while off:
            left = [cut for cut in changed if cut not in off]
            parts = self.changed(left, off, begin, end)
            more = [cut for cut, part in parts.items() if part >= ENOUGH]
            if not more:
                break
            found += more
            off |= set(more)
        return found


def _watched(found: Loops) -> str:
    counts: dict[str, int] = {}
    for loop in found:
        for name in loop.stocks:
            if found.graph.nodes[name].role == "stock":
                counts[name] = counts.get(name, 0) + 1
    if not counts:
        msg = f"{found.graph.model.name}: no loop runs through a stock that has a rate"
        raise LoopError(msg)
    return max(counts, key=lambda name: counts[name])


def _stretches(usual: Patterns, first: int, last: int) -> list[tuple[int, int]]:
    """Return (first, last) positions of stretches with one pattern."""
    found: list[tuple[int, int]] = []
    for place in range(first, last + 1):
        if found and usual[place] == usual[found[-1][0]]:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
