"""A sweep in memory: the same chunks, into arrays.

Stage 4 of 5.  In: an ``Outline`` and the arrays of chunks.  Out: an ``xarray.Dataset``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.sweeping.outline import RUN, SHARED
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.sweeping.outline import Chunk, Outline


class Memory:
    """Arrays that are being filled.

    Parameters
    ----------
    outline
        What they will hold.

    Raises
    ------
    StudyError
        They take more than this machine has.
    """

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        room = memory()
        if room is not None and outline.bytes > room:
            msg = (
                f"the results of {outline.runs:,} runs take {outline.bytes / 1e9:,.1f} GB, more "
                f"than the {room / 1e9:,.1f} GB of memory here; write them to a store with --out "
                "(out=), or keep fewer series, a larger saveper or fewer runs"
            )
            raise StudyError(msg)
        self._arrays: dict[str, NDArray[Any]] = {
            name: np.empty(outline.shape_of(name), dtype=variable.dtype)
            for name, variable in outline.variables.items()
        }

    @staticmethod
    def pack(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Return the arrays as they are."""
        return arrays

    def missing(self, threads: int = 1) -> list[Chunk]:
        """Return all chunks: nothing is there to begin with."""
        return list(self.outline.chunks())

    def put(self, chunk: Chunk, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep a chunk; safe on many threads at once."""
        several = len(self.outline.scenarios) > 1
        for name in self.outline.files(chunk):
            whole = self._arrays[name]
            room = whole[chunk.scenario] if several and name not in SHARED else whole
            room[chunk.first : chunk.last] = arrays[name]

    @staticmethod
    def kept() -> str:
        """Return nothing: a sweep in memory that stops keeps nothing."""
        return ""

    def close(self) -> None:
        """Do nothing: there is nothing to leave."""

    def dataset(self) -> xr.Dataset:
        """Return what was put."""
        import xarray as xr

        outline = self.outline
        coords: dict[str, Any] = {
            name: (coord.dims, coord.values, dict(coord.attrs))
            for name, coord in outline.coords.items()
        }
        coords[RUN] = (RUN, self._arrays[RUN])
        variables = {
            name: (outline.dims_of(name), values, dict(outline.variables[name].attrs))
            for name, values in self._arrays.items()
            if name != RUN
        }
        return xr.Dataset(variables, coords=coords, attrs=dict(outline.attrs))


def memory() -> int | None:
    """Return the bytes of memory of this machine; None where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
