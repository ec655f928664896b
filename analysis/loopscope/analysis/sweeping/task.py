"""One chunk, from its rows of inputs to what is put away.

Stage 3 of 5.  In: a job and a ``Chunk``.  Out: arrays or bytes by variable.  The same function runs
on a thread of this process and on a worker elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from loopscope.analysis.sweeping.outline import RUN, SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.sweeping.outline import Chunk, Outline

Arrays = dict[str, "NDArray[Any]"]


class Computes(Protocol):
    """What computes runs: a ``Job``."""

    def warm(self, scenario: int = 0) -> None:
        """Get ready for the runs of a scenario."""
        ...

    def compute(self, first: int, last: int, scenario: int = 0) -> Arrays:
        """Return the arrays of runs ``first`` to ``last - 1`` of one scenario."""
        ...


class Place(Protocol):
    """Where chunks are put: a ``Store`` or ``Memory``."""

    @property
    def outline(self) -> Outline:
        """What it will hold."""
        ...

    @property
    def pack(self) -> Callable[[Arrays], Mapping[str, Any]]:
        """What is done to arrays before they are put; can be pickled."""
        ...

    def missing(self, threads: int = 1) -> list[Chunk]:
        """Return the chunks that have to be computed."""
        ...

    def put(self, chunk: Chunk, packed: Mapping[str, Any]) -> None:
        """Keep a chunk."""
        ...

    def kept(self) -> str:
        """Return in words what is kept, and how to go on; empty if nothing is."""
        ...

    def close(self) -> None:
        """Leave the place to others."""
        ...

    def dataset(self) -> xr.Dataset:
        """Return what was put."""
        ...


def work(
    job: Computes, pack: Callable[[Arrays], Mapping[str, Any]], chunk: Chunk
) -> Mapping[str, Any]:
    """Compute a chunk and pack it."""
    arrays = job.compute(chunk.first, chunk.last, chunk.scenario)
    arrays[RUN] = np.arange(chunk.first, chunk.last, dtype=np.int64)
    if chunk.scenario:
        arrays = {name: values for name, values in arrays.items() if name not in SHARED}
    return pack(arrays)
