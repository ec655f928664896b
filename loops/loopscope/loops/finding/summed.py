"""All loops of a graph as sums: totals over every one of them, and none listed.

Stage 2 of 4.  In: a ``CausalGraph``.  Out: ``Summed``, which stands where a ``Universe`` may.  A
``Universe`` searches its loops anew for each total; here the search is done once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.finding.evaluating import program
from loopscope.loops.finding.loopsum import over_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.finding.loopsum import LoopSum
    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.replay import Numbers


class Summed:
    """Sums over all loops of each partition of a graph.

    Attributes
    ----------
    count
        Number of loops.
    """

    def __init__(self, graph: CausalGraph, sums: Sequence[LoopSum]) -> None:
        self._row = {pair: number for number, pair in enumerate(graph.pairs)}
        self._programs = [program(one) for one in sums]
        self.count = sum(one.count for one in sums)

    def totals(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """Return sums of positive and of negative products over all loops of each partition.

        Parameters
        ----------
        weights
            Dims (link, time), links in the order of ``graph.pairs``, all finite.

        Returns
        -------
        tuple of numpy.ndarray
            Dims (partition, time) each; the second is not positive.  The difference is exact to
            rounding, each of the two to rounding of the difference.
        """
        sums = np.zeros((2, len(self._programs), weights.shape[1]))
        for number, one in enumerate(self._programs):
            inside = weights[[self._row[pair] for pair in one.pairs]]
            net, size = one.of(inside), one.of(np.abs(inside))
            sums[:, number] = (size + net) / 2.0, (net - size) / 2.0
        return np.maximum(sums[0], 0.0), np.minimum(sums[1], 0.0)

    def holds(self, _links: Sequence[int]) -> bool:
        """Return whether a loop, given by its links, belongs here: each does."""
        return True


def summed(graph: CausalGraph) -> Summed | None:
    """Return the sums over all loops; None where those of a partition are too many even to sum.

    Notes
    -----
    See ``loopsum.over_all``: a second for a million loops.
    """
    sums = []
    for part in graph.partitions:
        total = over_all(graph, part)
        if total is None:
            return None
        sums.append(total)
    return Summed(graph, sums)
