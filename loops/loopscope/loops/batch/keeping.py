"""What batches find out about a graph once, and the names of their kernels.

Stage 4 of 4.  In: a ``CausalGraph``.  Out: ``Kept``, for as long as the graph lives.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from loopscope.loops.finding.loopsum import over_all
from loopscope.loops.graph import equations_of, root
from loopscope.loops.scores.ltm_continuous import jumping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.batch.readings import Followed
    from loopscope.loops.batch.settings import Settings
    from loopscope.loops.finding.loopsum import LoopSum
    from loopscope.loops.graph import CausalGraph, Partition

_kept: WeakKeyDictionary[CausalGraph, Kept] = WeakKeyDictionary()


def identity(graph: CausalGraph, followed: Sequence[Followed], settings: Settings) -> str:
    """Return a text that differs wherever the readings or the equations do."""
    digest = hashlib.sha256(kept_of(graph).digest.encode())
    for one in followed:
        plain = (one.partition, [loop.nodes for loop in one.loops], one.digest)
        digest.update(repr(plain).encode())
    digest.update(repr((sorted(settings.held), sorted(settings.slopes.items()))).encode())
    return f"continuous scores {digest.hexdigest()}"


class Kept:
    """What is found out about a graph once."""

    def __init__(self, graph: CausalGraph) -> None:
        self.digest = _digest(graph)
        self._totals: dict[tuple[int, int], tuple[LoopSum | None, str]] = {}
        self.chosen: dict[tuple[object, ...], tuple[LoopSum, float]] = {}
        self._jumping: dict[tuple[int, ...], tuple[str, ...]] = {}

    def total(self, graph: CausalGraph, part: Partition, most: int) -> tuple[LoopSum | None, str]:
        """Return the sum over all loops of a partition, None if too long, and a hash of it."""
        key = (part.number, most)
        if key not in self._totals:
            total = over_all(graph, part, most)
            self._totals[key] = total, hashlib.sha256(repr(total).encode()).hexdigest()
        return self._totals[key]

    def jumping(self, graph: CausalGraph, parts: Sequence[Partition]) -> tuple[str, ...]:
        """Return what jumps in or before some partitions."""
        key = tuple(part.number for part in parts)
        if key not in self._jumping:
            self._jumping[key] = jumping(graph, parts)
        return self._jumping[key]


def kept_of(graph: CausalGraph) -> Kept:
    """Return what is kept of a graph."""
    if graph not in _kept:
        _kept[graph] = Kept(graph)
    return _kept[graph]


def _digest(graph: CausalGraph) -> str:
    """Return a hash of the graph's equations and of the code of this room."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    equations = [(name, str(value)) for name, value in equations_of(graph.equations).items()]
    digest.update(repr((graph.pairs, root(graph).pairs, equations)).encode())
    return digest.hexdigest()
