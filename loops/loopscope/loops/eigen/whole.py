"""Modes of partitions as modes of the whole model: vectors over all stocks.

Stage 4 of 4, for weights.  In: ``Along`` and ``Modes`` of its partitions.  Out: ``Whole``.

A mode of one partition reaches the stocks downstream of it (right vector) and is excited by those
upstream (left vector).  Everything is in the units of ``Blocks``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from loopscope.loops.eigen.conserved import nilpotency, structural_zeros
from loopscope.loops.eigen.linear import Blocks, blocks
from loopscope.loops.eigen.minors import generalised_inverse
from loopscope.loops.eigen.modes import ROUNDING, projector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.eigen.modes import Modes
    from loopscope.loops.replay import Along

Numbers = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Modes over all stocks at all points.

    Attributes
    ----------
    linear
        The linearised equations of all nodes that act at once or accumulate.
    values
        Eigenvalues, dims (point, mode).
    right, left
        Vectors, l.r = 1, dims (point, mode, stock); NaN where not defined.
    defined
        Whether the mode has vectors and an eigenvalue that is not 0, dims (point, mode).
    rates
        Net rates, dims (point, stock).
    weights
        r (l . rates) / lam, dims (point, mode, stock), in the model's units.
    """

    linear: Blocks
    values: Complex
    right: Complex
    left: Complex
    defined: NDArray[np.bool_]
    rates: Numbers
    weights: Complex

    @property
    def points(self) -> int:
        """Number of points."""
        return len(self.values)

    def resolvent(self, at: NDArray[np.int64], mode: int) -> Complex:
        """Return the reduced resolvent S at some points, dims (at, n, n).

        S (lam I - J) = I - P and S P = 0, P the projector of the mode.
        """
        left, right = self.left[at, mode], self.right[at, mode]
        inverse = generalised_inverse(self.linear, at, self.values[at, mode], left, right)
        rest = np.eye(self.linear.count) - right[:, :, None] * left[:, None, :]
        return np.asarray(rest @ inverse @ rest)


def whole(
    part: Along, several: Sequence[Modes], columns: Sequence[tuple[Modes, int]], closeness: float
) -> Whole:
    """Return the modes of partitions over all stocks of a graph, or of the graph below its view.

    A mode whose eigenvalue recurs up- or downstream, within ``closeness``, is not defined: with it
    the motion is no sum of exponentials.
    """
    names = [n for n, node in part.graph.nodes.items() if node.role not in ("memory", "pipeline")]
    linear = blocks(part, names)
    points, n = linear.jacobian.shape[:2]
    row = {name: number for number, name in enumerate(linear.nodes[:n])}
    values = np.stack([m.values[:, one] for m, one in columns], axis=-1)
    kind = np.stack([m.kind[:, one] for m, one in columns], axis=-1)
    defined = np.isin(kind, ("real", "complex")) & linear.finite[:, None]
    defined &= np.abs(np.nan_to_num(values)) > ROUNDING * np.nan_to_num(linear.size)[:, None]
    right = np.full((points, len(columns), n), complex(np.nan, np.nan))
    left = np.full_like(right, np.nan)
    for m in several:
        mine = [number for number, (other, _) in enumerate(columns) if other is m]
        own = np.array([row[name] for name in m.blocks.nodes[: m.blocks.count]])
        after = _others(part, m, row, nx.descendants)
        before = _others(part, m, row, nx.ancestors)
        ratio = m.blocks.stock_unit / linear.stock_unit[:, own]
        for number in mine:
            one = columns[number][1]
            for beyond in (after, before):
                defined[:, number] &= _apart(linear, values[:, number], beyond, closeness)
            at = np.flatnonzero(defined[:, number])
            lam, jacobian = values[at, number], linear.jacobian[at]
            r, el = m.right[at, one] * ratio[at], m.left[at, one] / ratio[at]
            right[at, number] = left[at, number] = 0.0
            right[np.ix_(at, np.array([number]), own)] = r[:, None]
            left[np.ix_(at, np.array([number]), own)] = el[:, None]
            if len(after) and len(at):
                felt = jacobian[:, after][:, :, own] @ r[:, :, None]
                right[np.ix_(at, np.array([number]), after)] = _solved(lam, jacobian, after, felt)[
                    :, None
                ]
            if len(before) and len(at):
                turned = jacobian.transpose(0, 2, 1)
                felt = turned[:, before][:, :, own] @ el[:, :, None]
                left[np.ix_(at, np.array([number]), before)] = _solved(lam, turned, before, felt)[
                    :, None
                ]
    rates = np.stack([part.rates[name].reshape(-1) for name in linear.nodes[:n]], axis=-1)
    rates = rates / linear.stock_unit
    with np.errstate(all="ignore"):
        amount = np.einsum("pki,pi->pk", left, rates) / values
    weights = right * amount[:, :, None] * linear.stock_unit[:, None, :]
    return Whole(
        linear=linear, values=values, right=right, left=left, defined=defined, rates=rates,
        weights=weights,
    )  # fmt: skip


def drift(parts: Whole, part: Along) -> Numbers:
    """Return what the zero eigenvalues do, dims (point, power, stock), in the model's units.

    Power j is J**(j-1) P_0 xdot: the j-th derivative of that part of the motion.  NaN where zero
    eigenvalues cannot be told from others.
    """
    linear = parts.linear
    n = linear.count
    names = linear.nodes
    zeros = structural_zeros(part.graph, names, part.held)
    powers = nilpotency(part.graph, names, part.held) if zeros else 1
    found = np.zeros((parts.points, powers, n))
    for point in range(parts.points if zeros else 0):
        if not linear.finite[point]:
            found[point] = np.nan
            continue
        matrix = linear.jacobian[point]
        sizes = np.sort(np.abs(np.linalg.eigvals(matrix)))
        inner, outer = sizes[zeros - 1], sizes[zeros] if zeros < n else np.inf
        if zeros < n and (inner > 0.5 * outer or outer <= ROUNDING * linear.size[point]):
            found[point] = np.nan
            continue
        radius = np.sqrt(max(inner, 1e-8 * outer) * outer) if zeros < n else np.inf
        moved = projector(matrix, 0.0, float(radius)).real @ parts.rates[point]
        for power in range(powers):
            found[point, power] = moved * linear.stock_unit[point]
            moved = matrix @ moved
    return found


def _others(part: Along, m: Modes, row: dict[str, int], reach: object) -> NDArray[np.int64]:
    """Return rows of the stocks outside a partition that are down- or upstream of it."""
    assert callable(reach)
    found = set(reach(part.graph.network, m.partition.stocks[0])) - set(m.partition.nodes)
    return np.array(sorted(row[name] for name in found if name in row), dtype=np.int64)


def _apart(
    linear: Blocks, values: Complex, beyond: NDArray[np.int64], closeness: float
) -> NDArray[np.bool_]:
    """Return whether an eigenvalue is none of those of other stocks, dims (point,)."""
    if not len(beyond):
        return np.ones(len(values), dtype=bool)
    found = np.zeros(len(values), dtype=bool)
    at = np.flatnonzero(linear.finite & ~np.isnan(values))
    others = np.linalg.eigvals(linear.jacobian[at][:, beyond][:, :, beyond])
    mine = values[at][:, None]
    magnitude = np.maximum(np.abs(others), np.abs(mine))
    limit = np.maximum(closeness * magnitude, ROUNDING * linear.size[at][:, None])
    found[at] = (np.abs(others - mine) > limit).all(axis=1)
    return found


def _solved(lam: Complex, jacobian: Numbers, rows: NDArray[np.int64], felt: Complex) -> Complex:
    inner = jacobian[:, rows][:, :, rows]
    matrix = lam[:, None, None] * np.eye(len(rows)) - inner
    return np.asarray(np.linalg.solve(matrix, felt)[:, :, 0])
