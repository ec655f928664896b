"""Knock-out: what the run would have been without a loop.

Stage 4 of 4.  In: ``Loops`` and ``Along``.  Out: a ``Dataset``; the model is simulated again once
for each loop that something cuts alone (see ``cut``).

The *distance* between two runs is the mean, over stocks, of the difference of their values over
the range of the stock in the run as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.cuts.cut import NOT_TESTABLE, Control, cuts_of, with_cut
from loopscope.loops.cuts.cutting import Cutting, position
from loopscope.loops.scores.lastleg import at_rest, normalised
from loopscope.loops.scores.legs import legs_along
from loopscope.loops.scores.pathways import stock_of
from loopscope.loops.scores.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.cuts.cut import Cut
    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along, Numbers

SOURCE = "knock-out by a private link or a switch, simulated again; no published definition"

NOT_FOR = (
    "adding up over loops, as what two loops do together is not what each does alone; loops that "
    "are undefined, for nothing cuts them alone; telling apart loops that share a switch, which "
    "takes away all that rests on its constants; comparing cuts that begin at different times"
)


def score(
    found: Loops,
    along: Along,
    *,
    start: float | None = None,
    stock: str | None = None,
    controls: Mapping[str, Control] | None = None,
    by: str = "any",
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Return how far the run goes elsewhere when each loop is cut.

    Parameters
    ----------
    start
        Saved time from which a loop is cut; the first one by default.
    stock
        The stock whose distance counts; by default all stocks of the loop's partition.
    controls, by
        How loops are cut; see ``cut.cuts_of``.
    progress
        Called with (loops done, loops) after each; an exception of it ends the work.

    Returns
    -------
    xarray.Dataset
        As ``record`` says.  ``raw``: distance at each time (1); ``relative``: with the sign of the
        loop gain, over the sum of all loops of the partition that can be cut.  ``distance``, dims
        ([run,] loop): mean of ``raw`` over time from ``start`` on.  ``control`` along ``loop``
        says what was done.  A loop that nothing cuts alone, or whose run left the finite
        numbers, is "undefined".

    Raises
    ------
    LoopError
        A loop, constant, link, stock or time that does not exist; no run behind ``along``.

    Notes
    -----
    One kernel for all cuts, then one run a loop.
    """
    place = position(along, start, what="start", default=0)
    target = None if stock is None else stock_of(along.graph, stock)
    cuts = cuts_of(found, controls, by=by)
    tested = with_cut(cuts)
    raw = np.full((*along.shape, len(found)), np.nan)
    if tested:
        cutting = Cutting(along, [cut for cut in cuts if cut is not None])
        whole = cutting.run({})
        for number, which in enumerate(tested):
            part = along.graph.partition_of[found[which].nodes[0]].stocks
            other = cutting.run({number: place})
            raw[..., which] = distance(whole, other, part if target is None else (target,))
            if progress is not None:
                progress(number + 1, len(tested))
    relative = normalised(found, raw * signs(found, along))
    scores = record(
        found, along, method="knock-out", relative=relative, raw=raw,
        status=_status(found, along, raw), units="1", not_for=NOT_FOR, source=SOURCE,
        coords={"control": ("loop", words(cuts))},
        attrs={"start": float(along.time[place]), "stock": target or "all of the partition"},
    )  # fmt: skip
    # A run that stopped early has no distance: a mean of what is left would look small.
    mean = np.asarray(raw[..., place:, :].mean(axis=-2))
    order = (*(("run",) if along.runs is not None else ()), "loop")
    scores["distance"] = (order, mean, {"units": "1", "long_name": "mean distance, knock-out"})
    return scores


def distance(one: Along, other: Along, stocks: tuple[str, ...]) -> Numbers:
    """Return the mean over stocks of |difference| / range, dims ([run,] time).

    Stocks that do not change in ``one`` have no range and are left out; NaN where all are.
    """
    total, count = np.zeros(one.shape), np.zeros((*one.shape[:-1], 1))
    with np.errstate(over="ignore", invalid="ignore"):
        for name in stocks:
            values = one.value(name)
            size = np.ptp(values, axis=-1, keepdims=True)
            apart = np.abs(other.value(name) - values)
            total += np.divide(apart, size, out=np.zeros(one.shape), where=size > 0)
            count += size > 0
    return np.asarray(np.divide(total, count, out=np.full(one.shape, np.nan), where=count > 0))


def words(cuts: list[Cut | None]) -> NDArray[np.str_]:
    """Return what cuts each loop, in words."""
    return np.array([NOT_TESTABLE if cut is None else str(cut) for cut in cuts], dtype=np.str_)


def signs(found: Loops, along: Along) -> Numbers:
    """Return the sign of each loop gain over the whole run, dims (loop,)."""
    gains = found.products(np.stack([along.gains[pair] for pair in along.graph.pairs]))
    observed = np.sign(gains.reshape(len(found), -1).sum(axis=1))
    known = {"R": 1.0, "B": -1.0}
    return np.array(
        [known.get(loop.polarity, sign) for loop, sign in zip(found, observed, strict=True)]
    )


def _status(found: Loops, along: Along, raw: Numbers) -> NDArray[np.str_]:
    status = np.where(raw == 0, "inactive", "active").astype("<U12")
    status[at_rest(found, legs_along(along)) & (raw == 0)] = "equilibrium"
    status[np.isnan(raw)] = "undefined"
    return status
