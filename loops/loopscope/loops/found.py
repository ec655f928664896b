"""Loops that were found, and a statement of what was left out.

Stage 2 of 4.  In: what ``discover`` hands over.  Out: ``Loops``, a sequence that can be asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.loop import Loop


Numbers = NDArray[np.float64]


class Loops:
    """Feedback loops of one graph, in a fixed order.

    Attributes
    ----------
    graph
        The graph, or view, they are loops of.
    complete
        Whether these are all loops of the graph.
    count
        Number of loops the graph is known to have.
    statement
        One line: how many loops there are, how many are held, and how they were found.
    """

    def __init__(
        self, graph: CausalGraph, loops: Sequence[Loop], *, complete: bool, statement: str
    ) -> None:
        self.graph = graph
        self.complete = complete
        self.count = len(loops)
        self.statement = statement
        self._loops = tuple(loops)
        self._by_id = {loop.id: loop for loop in self._loops}
        number = {pair: n for n, pair in enumerate(graph.pairs)}
        self._rows = [[number[pair] for pair in loop.links] for loop in self._loops]

    @overload
    def __getitem__(self, which: int | str) -> Loop: ...
    @overload
    def __getitem__(self, which: slice) -> Sequence[Loop]: ...
    def __getitem__(self, which: int | str | slice) -> Loop | Sequence[Loop]:
        if isinstance(which, str):
            found = self._by_id.get(which)
            if found is None:
                msg = f"no loop '{which}'{did_you_mean(which, self._by_id)}"
                raise LoopError(msg)
            return found
        return self._loops[which]

    def __len__(self) -> int:
        """Return the number of loops held."""
        return len(self._loops)

    def __contains__(self, loop: object) -> bool:
        return loop in self._loops

    def __iter__(self) -> Iterator[Loop]:
        return iter(self._loops)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids in order."""
        return tuple(loop.id for loop in self._loops)

    def products(self, weights: Numbers) -> Numbers:
        """Return the product of link weights around each loop held.

        Parameters
        ----------
        weights
            Dims (link, ...), links in the order of ``graph.pairs``.

        Returns
        -------
        numpy.ndarray
            Dims (loop, ...).
        """
        found = np.empty((len(self), *weights.shape[1:]))
        for number, row in enumerate(self._rows):
            found[number] = np.prod(weights[row], axis=0)
        return found

    def totals(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """Return sums of positive and of negative products over every loop of each partition.

        Returns
        -------
        tuple of numpy.ndarray
            Dims (partition, ...) each, partitions in the order of ``graph.partitions``; the second
            is not positive.
        """
        products = self.products(weights)
        shape = (len(self.graph.partitions), *weights.shape[1:])
        up, down = np.zeros(shape), np.zeros(shape)
        for loop, product in zip(self, products, strict=True):
            number = self.graph.partition_of[loop.nodes[0]].number
            up[number] += np.maximum(product, 0.0)
            down[number] += np.minimum(product, 0.0)
        return up, down
