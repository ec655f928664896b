"""What is there of a stored sweep, read from the names of its files.

Beside stage 5.  In: the folder of a store.  Out: which chunks have all their files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.sweeping.layout import ROOT, attributes, read
from loopscope.analysis.sweeping.outline import FORMAT, LAST, RUN, SCENARIO
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Contents:
    """Chunks of a stored sweep.

    Attributes
    ----------
    runs, chunk
        Of each scenario; of each chunk but perhaps the last.
    there
        Whether a chunk has all its files, dims (scenario, chunk).
    """

    runs: int
    chunk: int
    there: NDArray[np.bool_]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.there.all())

    @property
    def done(self) -> int:
        """How many runs are there, those of all scenarios together."""
        return int(self._sizes @ self.there.sum(axis=0))

    @property
    def in_all(self) -> NDArray[np.int64]:
        """Numbers of the runs that are there in all scenarios."""
        return np.flatnonzero(np.repeat(self.there.all(axis=0), self._sizes))

    @property
    def _sizes(self) -> NDArray[np.int64]:
        firsts = np.arange(0, self.runs, self.chunk)
        return np.minimum(firsts + self.chunk, self.runs) - firsts


def contents(folder: Path) -> Contents:
    """Return what is there of a stored sweep.

    Raises
    ------
    StudyError
        No sweep is there, or it is of another format.
    """
    if not folder.exists():
        msg = f"there is no '{folder}'; 'loopscope sweep STUDY --out {folder.name}' makes it"
        raise StudyError(msg)
    root = read(folder / ROOT)
    attrs = attributes(root) if root is not None else None
    if root is None or attrs is None:
        msg = f"'{folder}' is no sweep: name the folder that 'loopscope sweep --out' wrote"
        raise StudyError(msg)
    if attrs["format"] != FORMAT:
        msg = (
            f"'{folder}' is of format '{attrs['format']}', and this version reads '{FORMAT}'; "
            "use the version of Loopscope that wrote it"
        )
        raise StudyError(msg)
    arrays: dict[str, Any] = json.loads(root)["consolidated_metadata"]["metadata"]
    last = arrays[LAST]
    dims: list[str] = last["dimension_names"]
    sizes = dict(zip(dims, last["shape"], strict=True))
    parts = dict(zip(dims, last["chunk_grid"]["configuration"]["chunk_shape"], strict=True))
    shape = (sizes.get(SCENARIO, 1), -(-sizes[RUN] // parts[RUN]))
    there = np.ones(shape, dtype=bool)
    for place, array in arrays.items():
        if RUN in array["dimension_names"]:
            there &= _found(folder / place, array["dimension_names"], shape)
    return Contents(sizes[RUN], parts[RUN], there)


def _found(folder: Path, dims: list[str], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which chunks have a file in the folder of one array."""
    found = np.zeros(shape, dtype=bool)
    for file in folder.glob("c.*") if folder.is_dir() else ():
        words = file.name.split(".")[1:]
        if len(words) != len(dims) or not all(map(str.isdecimal, words)):
            continue  # somebody else's
        places = dict(zip(dims, map(int, words), strict=True))
        if places[RUN] < shape[1] and places.get(SCENARIO, 0) < shape[0]:
            found[places.get(SCENARIO, slice(None)), places[RUN]] = True
    return found
