"""How much work a level is, and how far it is done.

Beside stage 2 of 5.  In: the name of a level.  Out: numbers of tries and sweeps.

Level "draft" is one short search, "normal" the better of two, "best" of eight: all are searched
coarsely, and the most promising gone on with.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Level = Literal["draft", "normal", "best"]
Given = TypeVar("Given")
Found = TypeVar("Found")

CHEAP = 24
"""A sketch of n nodes has ``CHEAP // n`` starts at least, up to four: they cost next to nothing."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a level is.

    Attributes
    ----------
    kept
        Starts that are gone on with after the coarse search.
    coarse, fine, cold
        Sweeps; ``cold`` after each polish.
    """

    starts: int
    kept: int
    coarse: int
    fine: int
    polishes: int
    cold: int

    def begun(self, nodes: int) -> int:
        """Return the number of starts for a part of so many nodes."""
        return max(self.starts, min(4, CHEAP // nodes))

    def refined(self, nodes: int) -> int:
        """Return how many of them are gone on with."""
        return max(self.kept, min(4, CHEAP // nodes))

    def tries(self, nodes: int) -> int:
        """Return the number of steps that are reported."""
        return self.begun(nodes) + self.refined(nodes)


EFFORTS: dict[Level, Effort] = {
    "draft": Effort(starts=1, kept=1, coarse=8, fine=6, polishes=0, cold=0),
    "normal": Effort(starts=2, kept=1, coarse=60, fine=24, polishes=2, cold=8),
    "best": Effort(starts=8, kept=3, coarse=60, fine=24, polishes=2, cold=8),
}


class Steps:
    """Work that is done in threads, reported step by step, and stopped by an interrupt.

    Attributes
    ----------
    stop
        Set when what is being done is not wanted any more.
    """

    def __init__(self, told: Callable[[int, int], None] | None, total: int) -> None:
        self.stop = threading.Event()
        self._told, self._total, self._done = told, total, 0

    def skip(self, count: int) -> None:
        """Report steps as done."""
        self._done += count
        if self._told is not None and count:
            self._told(self._done, self._total)

    def each(self, work: Callable[[Given], Found], given: Iterable[Given]) -> list[Found]:
        """Return what comes of each, in order; kernels leave the processors to each other."""
        every = list(given)
        threads = min(len(every), processors())
        found: list[Found] = []
        with ThreadPoolExecutor(max(threads, 1)) as pool:
            try:
                for one in pool.map(work, every):
                    found.append(one)
                    self.skip(1)
            except BaseException:
                self.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return found


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
