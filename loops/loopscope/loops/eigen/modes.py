"""Modes of a partition: eigenvalues of its Jacobian along a run, each followed through time.

Stage 4 of 4, shared by the eigenvalue methods.  In: ``Along`` and a ``Partition``.  Out: ``Modes``.

The Jacobian of a model is block triangular over its partitions, so each eigenvalue belongs to one
partition; stocks on no loop add exact zeros, which are left out, and so are conserved totals.

Where eigenvalues nearly repeat they have no derivative each, only their sum has: they are a
*cluster*, whose spectral projector is smooth (Kato 1966, Perturbation Theory for Linear Operators,
chapter II: the weighted mean of a group of eigenvalues).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.loops.eigen.conserved import structural_zeros
from loopscope.loops.eigen.following import following
from loopscope.loops.eigen.linear import Blocks, blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.graph import Partition
    from loopscope.loops.replay import Along

Numbers = NDArray[np.float64]
Complex = NDArray[np.complex128]

CLOSENESS = 1e-3
"""Below this |l.r| of unit vectors, or this relative gap, modes are read as a cluster."""

ROUNDING = 1e-12
"""Eigenvalues closer than this part of the gains behind the Jacobian cannot be told apart."""

KINDS = {
    "real": "an eigenvalue of its own, real",
    "complex": "the upper of a conjugate pair",
    "conjugate": "the lower of a pair: it says what the upper one says",
    "cluster": "too near to others to have a derivative of its own; the sum of the cluster has one",
    "unknown": "a gain is not a number here, or a stock is held at 0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Eigenvalues of one point that are read together.

    Attributes
    ----------
    modes
        Columns of ``Modes``; conserved totals in the cluster have none.
    centre, radius
        A circle that holds these eigenvalues and no others.
    nodes
        Number of points on it at which the trapezoidal rule reaches rounding.
    """

    modes: tuple[int, ...]
    centre: complex
    radius: float
    nodes: int

    @property
    def circle(self) -> Complex:
        """Points on the circle, counter-clockwise."""
        angles = 2j * np.pi * (np.arange(self.nodes) + 0.5) / self.nodes
        return np.asarray(self.centre + self.radius * np.exp(angles))


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """Eigenvalues of one partition at all points, followed through each run.

    Attributes
    ----------
    partition
        Whose.
    blocks
        The linearised equations; vectors are in their units.
    zeros
        Conserved totals: eigenvalues that are zero identically, left out below.
    values
        Eigenvalues, dims (point, mode), 1/time; NaN where unknown.
    right, left
        Vectors with l.r = 1, dims (point, mode, stock); NaN where unknown or not to be told apart.
    alignment
        |l.r| of the unit vectors, dims (point, mode): one over the condition of the eigenvalue.
    kind
        One of ``KINDS``, dims (point, mode).
    clusters
        By point.
    reported
        Columns that say something of their own at some point: not lower ones of a pair throughout.
    """

    partition: Partition
    blocks: Blocks
    zeros: int
    values: Complex
    right: Complex
    left: Complex
    alignment: Numbers
    kind: NDArray[np.str_]
    clusters: dict[int, tuple[Cluster, ...]]
    reported: tuple[int, ...]

    def cluster_numbers(self) -> NDArray[np.int64]:
        """Return the number of the cluster each mode is in, from 1; 0 for none; (point, mode)."""
        found = np.zeros(self.values.shape, dtype=np.int64)
        for point, several in self.clusters.items():
            for number, cluster in enumerate(several, start=1):
                found[point, list(cluster.modes)] = number
        return found


def modes(along: Along, partition: Partition, closeness: float = CLOSENESS) -> Modes:
    """Return the modes of a partition along a run.

    Parameters
    ----------
    closeness
        In (0, 1): modes are a cluster where |l.r| of unit vectors (in units that balance the
        Jacobian) is below it, or the gap between them is below it times their magnitude.

    Notes
    -----
    O(N**3 + n**3) a point, for N nodes of which n are stocks.  Modes are followed from one saved
    time to the next as ``following`` says, so their names depend on how densely times were saved
    where modes cross.
    """
    linear = blocks(along, partition.nodes)
    zeros = structural_zeros(along.graph, partition.nodes, along.held)
    points, n = linear.jacobian.shape[0], linear.count
    count = n - zeros
    values = np.full((points, count), complex(np.nan, np.nan))
    right = np.full((points, count, n), complex(np.nan, np.nan))
    left = np.full((points, count, n), complex(np.nan, np.nan))
    alignment = np.full((points, count), np.nan)
    kind = np.full((points, count), "unknown", dtype="<U9")
    clusters: dict[int, tuple[Cluster, ...]] = {}
    length = along.shape[-1]
    before: Complex | None = None
    for point in range(points):
        if point % length == 0:
            before = None
        if not linear.finite[point]:
            continue
        found = _eigen(linear.jacobian[point])
        kept = _without_zeros(found[0], zeros)
        remaining = _whole_pairs(found[0][kept])
        order = following(before, remaining)
        chosen = kept[order]
        before = values[point] = remaining[order]
        left[point], right[point], alignment[point] = (part[chosen] for part in found[1:])
        several = _clusters(
            linear.jacobian[point], found[0], found[3], float(linear.size[point]), closeness
        )
        column = {int(one): number for number, one in enumerate(chosen)}
        clusters[point] = tuple(
            Cluster(
                modes=tuple(sorted(column[one] for one in members if one in column)),
                centre=centre, radius=radius, nodes=nodes,
            )
            for members, centre, radius, nodes in several
        )  # fmt: skip
        kind[point] = _kinds(before, clusters[point])
    own = ~np.isin(kind, ("conjugate", "unknown"))
    return Modes(
        partition=partition, blocks=linear, zeros=zeros, values=values, right=right, left=left,
        alignment=alignment, kind=kind,
        clusters={point: several for point, several in clusters.items() if several},
        reported=tuple(int(one) for one in np.flatnonzero(own.any(axis=0))),
    )  # fmt: skip


def _eigen(matrix: Numbers) -> tuple[Complex, Complex, Complex, Numbers]:
    """Return eigenvalues, left and right vectors with l.r = 1, and |l.r| of unit vectors."""
    from scipy.linalg import eig

    values, left, right = eig(matrix, left=True, right=True)
    left, right = left.conj().T, right.T
    products = np.sum(left * right, axis=1)
    with np.errstate(all="ignore"):
        left = left / products[:, None]
    return values.astype(complex), left, right.astype(complex), np.abs(products)


def _without_zeros(values: Complex, zeros: int) -> NDArray[np.int64]:
    """Return which eigenvalues are no conserved totals, by growth, upper of a pair first."""
    smallest = np.argsort(np.abs(values), kind="stable")[:zeros]
    kept = np.setdiff1d(np.arange(len(values)), smallest)
    ranked = np.lexsort((-values[kept].imag, np.abs(values[kept].imag), -values[kept].real))
    return np.asarray(kept[ranked], dtype=np.int64)


def _whole_pairs(values: Complex) -> Complex:
    """Return eigenvalues with that one real whose conjugate was taken for a conserved total.

    Rounding makes a pair of two that coincide at 0; they are a cluster then.
    """
    lone = np.array([value.conjugate() not in values for value in values], dtype=np.bool_)
    return np.where(lone, values.real, values)


def _kinds(values: Complex, clusters: Sequence[Cluster]) -> NDArray[np.str_]:
    kinds = np.where(values.imag == 0, "real", np.where(values.imag > 0, "complex", "conjugate"))
    for cluster in clusters:
        for one in cluster.modes:
            if kinds[one] != "conjugate":
                kinds[one] = "cluster"
    return kinds.astype("<U9")


def _clusters(
    matrix: Numbers, values: Complex, alignment: Numbers, size: float, closeness: float
) -> list[tuple[list[int], complex, float, int]]:
    """Return sets of eigenvalues to be read together, each with a circle around it."""
    n = len(values)
    gaps = np.abs(values[:, None] - values[None, :])
    np.fill_diagonal(gaps, np.inf)
    magnitude = np.maximum(np.abs(values)[:, None], np.abs(values)[None, :])
    joined = gaps <= np.maximum(closeness * magnitude, ROUNDING * size)
    if n > 1:
        for one in np.flatnonzero(alignment < closeness):
            nearest = int(np.argmin(gaps[one]))
            joined[one, nearest] = joined[nearest, one] = True
    while True:
        groups = _connected(joined)
        found = []
        wider = False
        for members in groups:
            others = np.setdiff1d(np.arange(n), members)
            circle = _circle(values[members], values[others], size)
            spread = circle is not None and len(others) > 0
            if circle is None or (spread and 1 / _norm(matrix, circle[0], circle[1]) < closeness):
                nearest = others[np.argmin(gaps[np.ix_(np.array(members), others)].min(axis=0))]
                joined[members[0], nearest] = joined[nearest, members[0]] = True
                wider = True
                break
            found.append((members, *circle))
        if not wider:
            return found


def _connected(joined: NDArray[np.bool_]) -> list[list[int]]:
    """Return connected sets of two or more."""
    left = set(range(len(joined)))
    found = []
    while left:
        waiting, group = [min(left)], set()
        while waiting:
            one = waiting.pop()
            if one not in group:
                group.add(one)
                waiting.extend(int(other) for other in np.flatnonzero(joined[one]))
        left -= group
        if len(group) > 1:
            found.append(sorted(group))
    return found


def _circle(inside: Complex, outside: Complex, size: float) -> tuple[complex, float, int] | None:
    """Return centre, radius and number of nodes of a circle between two sets of numbers."""
    centre = complex(np.mean(inside))
    inner = float(np.max(np.abs(inside - centre)))
    if not len(outside):
        return centre, max(2 * inner, size, 1e-300), 64
    outer = float(np.min(np.abs(outside - centre)))
    inner = max(inner, 1e-4 * outer)
    if inner >= 0.8 * outer:
        return None
    # The error falls as (ratio) ** nodes; rounding is reached at e**-37.
    nodes = int(np.ceil(74 / np.log(outer / inner)))
    return centre, float(np.sqrt(inner * outer)), max(nodes, 16)


def _norm(matrix: Numbers, centre: complex, radius: float) -> float:
    return float(np.linalg.norm(projector(matrix, centre, radius), 2))


def projector(matrix: Numbers, centre: complex, radius: float) -> Complex:
    """Return the spectral projector of the eigenvalues in a circle, by an ordered Schur form.

    Parameters
    ----------
    matrix
        Real, dims (n, n).

    Returns
    -------
    numpy.ndarray
        P, with P P = P and P J = J P, dims (n, n); real but for rounding where the eigenvalues come
        in pairs.

    References
    ----------
    Golub & Van Loan (2013), Matrix Computations, 4th ed., section 7.6.
    """
    from scipy.linalg import schur, solve_sylvester

    def inside(value: Any) -> bool:
        return bool(abs(value - centre) <= radius)

    triangle, basis, count = schur(matrix.astype(complex), output="complex", sort=inside)
    if count in (0, len(matrix)):
        return np.asarray(np.eye(len(matrix)) * (count > 0), dtype=np.complex128)
    beside = solve_sylvester(
        triangle[:count, :count], -triangle[count:, count:], -triangle[:count, count:]
    )
    core = np.zeros_like(triangle)
    core[:count, :count] = np.eye(count)
    core[:count, count:] = -beside
    return np.asarray(basis @ core @ basis.conj().T)
