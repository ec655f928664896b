"""Cells of the plane of two parameters, for maps of what runs do.

In: the values of two parameters in all runs.  Out: ``Plane``: which cell each run is in, and the
coordinates of a map.  On a full grid the cells are its points; elsewhere they are bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

WIDE = 30.0
"""Ratio of largest to smallest value from which bins may be even in the logarithm."""


@dataclass(frozen=True, slots=True)
class Plane:
    """The cells of a map.

    Attributes
    ----------
    shape
        Cells along y and along x.
    cell
        Of each run, counted along x first; dims (run,).
    coords
        ``x`` and ``y``, middles of cells or points, and ``x_edges`` and ``y_edges``, their bounds.
    """

    shape: tuple[int, int]
    cell: NDArray[np.int64]
    coords: dict[str, Any]

    def tally(self, which: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return how many of some runs are in each cell, dims (y, x)."""
        size = self.shape[0] * self.shape[1]
        return np.bincount(self.cell[which], minlength=size).reshape(self.shape)


def plane_of(
    values: Sequence[Numbers], names: Sequence[str], units: Sequence[str], cells: int, *, grid: bool
) -> Plane:
    """Return the plane of two parameters: the one along x, then the one along y.

    Parameters
    ----------
    values
        Of each, in all runs; dims (run,).
    cells
        Bins along each, where there is no grid.
    """
    axes = [_cells(one, cells, grid) for one in values]
    (x, _, column), (y, _, row) = axes
    coords: dict[str, Any] = {}
    for dim, name, unit, (middles, edges, _) in zip("xy", names, units, axes, strict=True):
        facts = {"parameter": name, "units": unit}
        coords[dim] = (dim, middles, facts)
        coords[f"{dim}_edges"] = (f"{dim}_edge", edges, facts)
    return Plane((len(y), len(x)), row * len(x) + column, coords)


def _cells(values: Numbers, cells: int, grid: bool) -> tuple[Numbers, Numbers, NDArray[np.int64]]:
    """Return middles, edges and the cell of each run along one parameter."""
    points, place = np.unique(values, return_inverse=True)
    if grid or len(points) <= cells:
        inner = (points[1:] + points[:-1]) / 2
        margin = (points[1] - points[0]) / 2 if len(points) > 1 else 0.5
        after = (points[-1] - points[-2]) / 2 if len(points) > 1 else 0.5
        edges = np.concatenate([[points[0] - margin], inner, [points[-1] + after]])
        return points, edges, place
    low, high = float(points[0]), float(points[-1])
    middle = float(np.median(values))
    spread_in_log = low > 0 and high / low >= WIDE and middle < 0.25 * (low + high)
    if spread_in_log:
        edges = np.geomspace(low, high, cells + 1)
        middles = np.sqrt(edges[1:] * edges[:-1])
    else:
        edges = np.linspace(low, high, cells + 1)
        middles = (edges[1:] + edges[:-1]) / 2
    found = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, cells - 1)
    return middles, edges, found.astype(np.int64)
