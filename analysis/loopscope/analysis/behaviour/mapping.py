"""Maps of modes over two parameters.

In: the Dataset of a sweep, and its modes.  Out: a Dataset of cells.  On a full grid the cells are
its points; in other designs they are bins, and what other parameters do within a bin is spread, not
error.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.behaviour.classifying import LOCK_IN, MODES, UNKNOWN
from loopscope.analysis.behaviour.drawn import drawn
from loopscope.analysis.plane import plane_of
from loopscope.models.errors import StudyError, did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

CELLS = 16
"""Bins along each parameter, unless said."""

FEWEST = 5
"""Runs from which a bin says something; 1 for the points of a grid."""

APART = "not locked in"
"""What is not locked in, in a map of lock-in."""


def mode_map(
    swept: xr.Dataset,
    found: xr.Dataset,
    over: tuple[str, str],
    of: str | None = None,
    scenario: str | None = None,
    *,
    lock_in: bool = False,
    cells: int = CELLS,
    fewest: int | None = None,
) -> xr.Dataset:
    """Return which mode is the most frequent over the plane of two parameters.

    Parameters
    ----------
    swept, found
        A sweep, and what ``modes`` made of it.
    over
        The parameter along x and the one along y.
    of, scenario
        Which outcome and scenario; may be left out where there is one.
    lock_in
        Whether runs are locked in, in place of their modes; ``found`` must know.
    cells
        Bins along each parameter, even, or even in the logarithm where values are spread so.  A
        full grid has its own cells.
    fewest
        Runs from which a bin says something.

    Returns
    -------
    xarray.Dataset
        Dims (y, x): ``code``, place along ``mode`` of the most frequent mode, and ``share`` of the
        runs of the cell that did not fail which show it; both NaN where runs are too few.  ``runs``
        and ``failed``: how many there are.  ``probability`` (y, x, mode).  Coordinates ``x`` and
        ``y``: middles of cells, or points; ``x_edges`` and ``y_edges`` their bounds.

    Raises
    ------
    StudyError
        A parameter that the sweep does not vary, or one in place of two; an outcome or scenario
        that is not there, or has to be chosen.
    """
    import xarray as xr

    if cells < 1:
        msg = f"a map needs at least one cell along each parameter, got {cells}"
        raise StudyError(msg)
    part = chosen(found, of, None if lock_in else scenario, scenarios=not lock_in)
    codes, labels = _coded(part, lock_in)
    names = [str(name) for name in swept["parameter"].values]
    places = [_place(name, names) for name in over]
    if places[0] == places[1]:
        msg = f"a map needs two parameters, got '{names[places[0]]}' twice"
        raise StudyError(msg)
    grid = drawn(swept).kind == "grid"
    columns = [np.asarray(swept["inputs"].isel(parameter=place).values) for place in places]
    unit = swept["unit"].values if "unit" in swept.coords else [""] * len(names)
    plane = plane_of(
        columns,
        [names[place] for place in places],
        [str(unit[place]) for place in places],
        cells,
        grid=grid,
    )
    tally = plane.tally
    finite = tally(codes != UNKNOWN)
    counts = np.stack([tally(codes == code) for code in range(len(labels))], axis=-1)
    enough = finite >= max(1, fewest if fewest is not None else 1 if grid else FEWEST)
    shares = np.where(
        enough[..., np.newaxis], counts / np.maximum(finite, 1)[..., np.newaxis], np.nan
    )
    dims = ("y", "x")
    return xr.Dataset(
        {
            "code": (dims, np.where(enough, counts.argmax(axis=-1), np.nan)),
            "share": (dims, np.where(enough, counts.max(axis=-1) / np.maximum(finite, 1), np.nan)),
            "runs": (dims, tally(np.ones(len(codes), dtype=bool))),
            "failed": (dims, tally(codes == UNKNOWN)),
            "probability": ((*dims, "mode"), shares),
        },
        coords={"mode": list(labels), **plane.coords},
        attrs={
            "outcome": str(part["outcome"].values),
            "scenario": _named(part, lock_in),
            "title": str(swept.attrs.get("title", "")),
            "cells": "points of the grid" if grid else "bins",
        },
    )


def chosen(
    found: xr.Dataset, of: str | None, scenario: str | None = None, *, scenarios: bool = True
) -> xr.Dataset:
    """Return one outcome, and one scenario, of modes that were found.

    Raises
    ------
    StudyError
        It is not there, or there are several.
    """
    for dim, name, wanted in (("outcome", of, True), ("scenario", scenario, scenarios)):
        if dim not in found.dims or not wanted:
            continue
        known = [str(one) for one in found[dim].values]
        if name is None and len(known) > 1:
            msg = f"there are {len(known)} {dim}s; choose one of {', '.join(known)}"
            raise StudyError(msg)
        found = found.isel({dim: _place(name or known[0], known, dim)})
    return found


def _named(part: xr.Dataset, lock_in: bool) -> str:
    if lock_in:
        return " against ".join(json.loads(part["locked"].attrs["between"]))
    return str(part["scenario"].values) if "scenario" in part.coords else ""


def _place(name: str, known: list[str], what: str = "parameter") -> int:
    folded = [key(one) for one in known]
    if key(name) not in folded:
        hint = did_you_mean(name, known) or f"; it has {', '.join(known)}"
        msg = f"the sweep has no {what} '{name}'{hint}"
        raise StudyError(msg)
    return folded.index(key(name))


def _coded(part: xr.Dataset, lock_in: bool) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the code of each run, and what codes stand for."""
    if not lock_in:
        return part["code"].values.astype(np.int64), MODES
    if "locked" not in part:
        msg = "lock-in compares two scenarios of a sweep; name them (between=) when modes are found"
        raise StudyError(msg)
    failed = (part["code"] == UNKNOWN).any("scenario").values
    return np.where(failed, UNKNOWN, part["locked"].values).astype(np.int64), (APART, LOCK_IN)
