"""Maps over two parameters: which loop dominates in each cell, and how surely.

In: the Dataset of a sweep.  Out: one Dataset of cells.  On a full grid the cells are its points; in
other designs they are bins, and what other parameters do within a bin is spread, not error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.dominating.ensemble import FAILED, Ensemble, ensemble_of
from loopscope.analysis.plane import plane_of
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

CELLS = (4, 20)
"""Least and most bins along each parameter, unless said."""

FULL = 1.5
"""Times the fewest runs of a bin that there shall be in one, on average, unless bins are said."""

FEWEST = 10
"""Runs from which a bin says something, unless said."""


def dominance_map(
    swept: xr.Dataset,
    over: tuple[str, str],
    at: float,
    scenario: str | None = None,
    *,
    cells: int | None = None,
    fewest: int | None = None,
    least: float = 0.0,
    partition: int | None = None,
) -> xr.Dataset:
    """Return which loop dominates at a time over the plane of two parameters.

    Parameters
    ----------
    over
        The parameter along x and the one along y.
    at
        Time; the nearest saved one is taken.
    cells
        Bins along each parameter, 4 to 20 by the number of runs unless said; of even width, or even
        in the logarithm where values are spread so.  A full grid has its own cells.
    fewest
        Runs from which a bin says something; 10 by default, and 1 for points of a grid.

    Returns
    -------
    xarray.Dataset
        Dims (y, x): ``leader``, position along ``loop`` of the loop that dominates in most runs of
        a cell, -1 where in most no loop does; ``share`` of the runs still finite in which it does;
        both NaN where runs are too few.  ``runs``, ``failed``: how many there are, and how many
        have failed by then.  ``probability`` (y, x, loop).  Coordinates ``x`` and ``y``: middles
        of cells, or points; ``x_edges`` and ``y_edges`` their bounds.

    Raises
    ------
    StudyError
        As ``ensemble_of``; a parameter that the sweep does not vary, or one in place of two; a
        time outside the run.
    """
    ensemble = ensemble_of(swept, scenario, least=least, partition=partition)
    return map_of(ensemble, over, at, cells=cells, fewest=fewest)


def map_of(
    ensemble: Ensemble,
    over: tuple[str, str],
    at: float,
    *,
    cells: int | None = None,
    fewest: int | None = None,
) -> xr.Dataset:
    """Return the same of an ensemble at hand."""
    import xarray as xr

    places = [ensemble.parameter(name) for name in over]
    if places[0] == places[1]:
        msg = f"a map needs two parameters, got '{ensemble.parameters[places[0]]}' twice"
        raise StudyError(msg)
    needed = FEWEST if fewest is None else fewest
    if cells is None:
        cells = int(np.clip(np.sqrt(ensemble.runs / (FULL * max(1, needed))), *CELLS))
    if cells < 1:
        msg = f"a map needs at least one cell along each parameter, got {cells}"
        raise StudyError(msg)
    moment = ensemble.moment(at)
    grid = ensemble.sample.kind == "grid"
    if grid and fewest is None:
        needed = 1
    plane = plane_of(
        [ensemble.inputs[:, place] for place in places],
        [ensemble.parameters[place] for place in places],
        [ensemble.units[place] for place in places],
        cells,
        grid=grid,
    )
    leader = ensemble.leader[:, moment]
    count, tally = len(ensemble.loops), plane.tally
    alive = leader != FAILED

    finite = tally(alive)
    wins = np.stack([tally(leader == place) for place in range(count)], axis=-1)
    none = finite - wins.sum(axis=-1)
    enough = finite >= max(1, needed)
    shares = np.where(enough[..., None], wins / np.maximum(finite, 1)[..., None], np.nan)
    all_wins = np.concatenate([wins, none[..., None]], axis=-1)
    best = np.argmax(all_wins, axis=-1)
    code = np.where(best == count, -1.0, best)
    dims = ("y", "x")
    coords: dict[str, Any] = {
        "loop": np.array(ensemble.loops, dtype=np.str_),
        "loop_name": ("loop", np.array(ensemble.names, dtype=np.str_)),
        "polarity": ("loop", np.array(ensemble.polarities, dtype=np.str_)),
        **plane.coords,
    }
    return xr.Dataset(
        {
            "leader": (dims, np.where(enough, code, np.nan)),
            "share": (
                dims,
                np.where(enough, all_wins.max(axis=-1) / np.maximum(finite, 1), np.nan),
            ),
            "runs": (dims, tally(np.ones(len(leader), dtype=bool))),
            "failed": (dims, tally(~alive)),
            "probability": ((*dims, "loop"), shares),
        },
        coords=coords,
        attrs={
            "at": float(ensemble.time[moment]),
            "time_units": ensemble.time_units,
            "scenario": ensemble.scenario,
            "model": str(ensemble.swept.attrs.get("model", "")),
            "cells": "points of the grid" if grid else "bins",
            "fewest": needed,
        },
    )
