"""The result of a sweep: opened from a store, and what can be said of its runs.

Stage 5 of 5.  In: a store, or the Dataset of a sweep.  Out: a Dataset that is read where it is
used; failed runs in words.  Nothing here computes a run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.sweeping.contents import contents
from loopscope.analysis.sweeping.outline import LAST, RUN, SCENARIO
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray


def open_sweep(path: str | Path, *, incomplete: bool = False) -> xr.Dataset:
    """Open the store of a sweep.

    Parameters
    ----------
    path
        Folder that ``analysis.sweep`` or ``loopscope sweep --out`` wrote.
    incomplete
        Whether a sweep that was stopped will do: the runs that are there in all scenarios.

    Returns
    -------
    xarray.Dataset
        As ``analysis.sweep`` gives it.  Values are read when they are used; Dask is not needed.

    Raises
    ------
    StudyError
        No sweep is there; it is of another format; it was stopped, and ``incomplete`` is not set;
        none of its runs is there.

    Notes
    -----
    ``xarray.open_zarr`` opens the store as well; where a sweep was stopped, it shows NaN (-1 in
    whole numbers) for what is missing.
    """
    folder = Path(path).expanduser()
    found = contents(folder)
    if not found.complete and not incomplete:
        total = found.runs * len(found.there)
        msg = (
            f"the sweep in '{folder}' was stopped: {found.done:,} of {total:,} runs are there; go "
            "on with --resume, or open what is there with incomplete=True"
        )
        raise StudyError(msg)
    swept = _opened(folder)
    if found.complete:
        return swept
    runs = found.in_all
    if not len(runs):
        msg = f"the sweep in '{folder}' was stopped before any run was done; go on with --resume"
        raise StudyError(msg)
    return swept.isel({RUN: _slice(runs)})


def _slice(runs: NDArray[np.int64]) -> Any:
    """Return runs as a slice where nothing is left out: then nothing is copied."""
    first, last = int(runs[0]), int(runs[-1]) + 1
    return slice(first, last) if last - first == len(runs) else runs


def _opened(folder: Path) -> xr.Dataset:
    import xarray as xr

    swept = xr.open_zarr(
        folder, chunks=None, consolidated=True, decode_times=False, mask_and_scale=False
    )
    names: dict[Any, str] = {}
    for name, variable in swept.variables.items():
        if "authored_name" in variable.attrs:
            names[name] = variable.attrs.pop("authored_name")
    words = {
        name: (coord.dims, np.array(coord.values.tolist(), dtype=np.str_), coord.attrs)
        for name, coord in swept.coords.items()
        if coord.dtype.kind in "OTU"
    }
    renamed: xr.Dataset = swept.assign_coords(words).rename(names)
    return renamed


@dataclass(frozen=True, slots=True)
class Failed:
    """One run that left the finite numbers.

    Attributes
    ----------
    run
        Its number.
    scenario
        Name; empty where the sweep has only one.
    time, variable
        When it did, and in which variable; empty where that could not be told.
    """

    run: int
    scenario: str
    time: float
    variable: str

    def __str__(self) -> str:
        """Return it in words."""
        where = f", scenario '{self.scenario}'" if self.scenario else ""
        what = f"'{self.variable}'" if self.variable else "it"
        return f"run {self.run}{where}: {what} left the finite numbers at time {self.time:.6g}"


def statuses(swept: xr.Dataset, most: int | None = None) -> tuple[Failed, ...]:
    """Return the runs of a sweep that left the finite numbers.

    Parameters
    ----------
    most
        No more than so many; ``failed`` counts them all.

    Examples
    --------
    >>> str(Failed(7, "", 12.5, "people"))
    "run 7: 'people' left the finite numbers at time 12.5"
    """
    names = json.loads(swept.attrs["variables"])
    at, variable = swept["failed_at"], swept[LAST]
    found = []
    for place in np.argwhere(np.isfinite(at.values))[:most]:
        where = dict(zip(at.dims, place.tolist(), strict=True))
        number = int(variable.isel(where))
        found.append(
            Failed(
                run=int(swept[RUN].values[where[RUN]]),
                scenario=str(swept[SCENARIO].values[where[SCENARIO]]) if SCENARIO in where else "",
                time=float(at.isel(where)),
                variable=names[number] if number >= 0 else "",
            )
        )
    return tuple(found)


def failures(swept: xr.Dataset) -> dict[str, int]:
    """Return how many runs of each scenario left the finite numbers.

    One entry with an empty name where the sweep has only one scenario.
    """
    failed = swept["failed_at"].notnull()
    if SCENARIO not in failed.dims:
        return {"": int(failed.values.sum())}
    counts = failed.transpose(SCENARIO, RUN).values.sum(axis=1)
    return dict(zip(swept[SCENARIO].values.tolist(), counts.tolist(), strict=True))
