"""Which mode carries the change at each time, and what loops do to that one.

Stage 4 of 4.  In: ``Modes`` and rates; or a record of eigenvalue influence.  Out: shares of modes;
or the record without its dim ``mode``.

The rates of a partition are the sum of their parts P_k xdot in its modes.  The *carried* share of a
mode is the length of its part, in units that balance the Jacobian, over the sum of these lengths:
between 0 and 1, but not a share of a sum, for parts may oppose each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.eigen.modes import projector
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.eigen.modes import Modes
    from loopscope.loops.replay import Along

    Numbers = NDArray[np.float64]


def carried(m: Modes, along: Along) -> Numbers:
    """Return the share of the change of a partition that each mode carries, dims (point, mode).

    A pair counts on its upper mode, a cluster on the first reported of its modes.  NaN where
    nothing moves or a gain is no number.
    """
    names = m.blocks.nodes[: m.blocks.count]
    rates = np.stack([along.rates[name].reshape(-1) for name in names], axis=-1)
    rates = rates / m.blocks.stock_unit
    with np.errstate(all="ignore"):
        amounts = np.abs(np.einsum("pki,pi->pk", m.left, rates))
        parts = amounts * np.linalg.norm(m.right, axis=2) * np.where(m.values.imag > 0, 2.0, 1.0)
    parts = np.where(np.isin(m.kind, ("real", "complex")), parts, 0.0)
    for point, clusters in m.clusters.items():
        for one in clusters:
            inside = projector(m.blocks.jacobian[point], one.centre, one.radius) @ rates[point]
            first = next((mode for mode in one.modes if m.kind[point, mode] == "cluster"), None)
            if first is not None:
                parts[point, first] = np.linalg.norm(inside)
    total = parts.sum(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        return np.where((total > 0) & m.blocks.finite[:, None], parts / total, np.nan)


def leading_mode(scores: xr.Dataset) -> xr.Dataset:
    """Return influences on the mode that carries most of the change, in each partition.

    Parameters
    ----------
    scores
        From ``score(..., method="influence")``.

    Returns
    -------
    xarray.Dataset
        Dims ``([run,] time, loop)``.  Coordinates ``shown``, ``carried``, ``growth`` and
        ``frequency``, of the same dims, tell the mode that is shown: for each loop one of its
        partition.  Where nothing moves, that of largest growth.  "undefined" where no mode can be
        shown: all are conserved totals, or the one that carries most is in a cluster.

    Raises
    ------
    LoopError
        A record without modes.
    """
    import xarray as xr

    if "mode" not in scores.dims or "carried" not in scores.coords:
        msg = f"method '{scores.attrs.get('method', '?')}' has no modes; this needs 'influence'"
        raise LoopError(msg)
    lead = scores["growth"].dims[:-1]
    order = (*lead, "loop")
    shape = tuple(scores.sizes[dim] for dim in order)
    tables = {
        str(n): one for n, one in scores.data_vars.items() if one.dims == (*lead, "mode", "loop")
    }
    found: dict[str, NDArray[Any]] = {
        name: np.full(shape, "undefined", dtype="<U11")
        if name == "status"
        else np.full(shape, np.nan)
        for name in tables
    }
    told = {name: np.full(shape, np.nan) for name in ("carried", "growth", "frequency")}
    shown = np.zeros(shape, dtype=np.int64)
    best = _best(scores)
    for number, rows in best.items():
        loops = np.flatnonzero(scores["partition"].values == number)
        for name, table in tables.items():
            values = np.take_along_axis(table.values, rows[..., None, None], axis=-2)[..., 0, :]
            found[name][..., loops] = values[..., loops]
        for name, array in told.items():
            array[..., loops] = np.take_along_axis(scores[name].values, rows[..., None], axis=-1)
        shown[..., loops] = scores["mode"].values[rows][..., None]
    kept = {n: one for n, one in scores.coords.items() if one.dims in (("loop",), ("time",))}
    return xr.Dataset(
        {name: (order, array, tables[name].attrs) for name, array in found.items()},
        coords={
            **kept,
            "shown": (order, shown),
            **{name: (order, array, scores[name].attrs) for name, array in told.items()},
        },
        attrs=scores.attrs,
    )


def _best(scores: xr.Dataset) -> dict[int, NDArray[np.int64]]:
    """Return the position of the mode to show, dims ([run,] time), by partition."""
    kind, share = scores["kind"].values, scores["carried"].values
    own = ~np.isin(kind, ("conjugate", "unknown"))
    found = {}
    for number in np.unique(scores["mode_partition"].values).tolist():
        inside = np.flatnonzero(scores["mode_partition"].values == number)
        still = np.isnan(share[..., inside]).all(axis=-1, keepdims=True)
        rank = np.where(still, scores["growth"].values[..., inside], share[..., inside])
        rank = np.where(own[..., inside] & ~np.isnan(rank), rank, -np.inf)
        found[int(number)] = inside[np.argmax(rank, axis=-1)]
    return found
