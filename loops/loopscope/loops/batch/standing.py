"""Loops that stand for all loops of a partition, where all are too many.

Stage 4 of 4.  In: ``Loops`` and a reference run.  Out: the sum over those that weigh most along it,
and the share of all that they have there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.finding.loopsum import over, over_all
from loopscope.loops.scores.ltm_continuous import link_weights
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.finding.loopsum import LoopSum
    from loopscope.loops.graph import Partition
    from loopscope.loops.loop import Loop
    from loopscope.loops.replay import Along, Numbers

SLICE = 10_000
"""Loops looked at together."""


def stand_in(
    found: Loops, partition: Partition, followed: Sequence[Loop], most: int, along: Along
) -> tuple[LoopSum, float]:
    """Return the sum over the loops that weigh most, and the least share they have of all.

    Parameters
    ----------
    followed
        Loops to take in any case.
    most
        Products that the sum may take.
    along
        The reference run.

    Raises
    ------
    LoopError
        All loops are too many to be summed up, so no share can be stated.

    Notes
    -----
    Memory for one number per loop held, time for one product per link of it and saved time.
    """
    graph = found.graph
    links = np.abs(link_weights(along, [partition]))
    total = _total(found, partition, links)
    peaks = np.zeros(len(found))
    for first in range(0, len(found), SLICE):
        with np.errstate(all="ignore"):
            shares = found[first : first + SLICE].products(links) / total
        shares = np.where(np.isfinite(shares), shares, 0.0)
        peaks[first : first + SLICE] = shares.reshape(len(shares), -1).max(axis=1)
    order = np.argsort(-peaks, kind="stable")
    ranked = [n for n in order[: 2 * most].tolist() if peaks[n] > 0]
    loops = list(followed)
    loops += [loop for loop in map(found.__getitem__, ranked) if loop not in followed]
    least, beyond = len(followed), len(loops) + 1
    while beyond - least > 1:
        middle = (least + beyond) // 2
        if over(loops[:middle]).products <= most:
            least = middle
        else:
            beyond = middle
    chosen = over(loops[:least])
    with np.errstate(all="ignore"):
        share = chosen.of(links, graph.pairs) / total
    known = np.isfinite(share) & (total > 0)
    return chosen, float(np.min(share, where=known, initial=1.0))


def _total(found: Loops, partition: Partition, links: Numbers) -> Numbers:
    every = over_all(found.graph, partition)
    if every is not None:
        return np.asarray(every.of(links, found.graph.pairs))
    if not found.complete:
        msg = (
            f"{found.graph.model.name}: a partition of {len(partition.nodes)} variables has too "
            "many loops to sum up, so the share that some of them have cannot be stated; score a "
            "view (loops.fold)"
        )
        raise LoopError(msg)
    return np.asarray(found.totals(links)[0][partition.number])
