"""The influence of single loops on an eigenvalue, from minor determinants.

Stage 4 of 4, for ``scores.influence``.  In: ``Modes`` and the nodes of loops.  Out: arrays.

With p(s) = det M(s), M(s) = [[sI - A, -B], [-C, I - D]], and M without the rows and columns of the
nodes of a loop L of gain G, the influence G dlam/dG is

    G * det M_without_L(lam) / p'(lam).

By Jacobi's identity for complementary minors, applied to M(lam) with one more row and column, it is

    -G * det [[X_LL, r_L], [l_L, 0]]

where r and l are the vectors at all nodes, l.r = 1 at the stocks, and X is any generalised inverse
of M(lam): a determinant of the size of the loop, and no product over all other eigenvalues.
Likewise the influence on the sum of a cluster is G times the mean over a circle of
(s - centre) * det (M(s)**-1)_LL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loopscope.loops.eigen.linear import Blocks
    from loopscope.loops.eigen.modes import Modes

Numbers = NDArray[np.float64]
Complex = NDArray[np.complex128]

_CHUNK = 2**22
"""Numbers in one batch of determinants."""


class Minors:
    """Loops of one partition, prepared for their influences.

    Parameters
    ----------
    modes
        Of the partition.
    loops
        Node names of each loop in causal order.
    """

    def __init__(self, modes: Modes, loops: Sequence[Sequence[str]]) -> None:
        self.modes = modes
        self.count = len(loops)
        row = {name: number for number, name in enumerate(modes.blocks.nodes)}
        by_length: dict[int, list[tuple[int, list[int]]]] = {}
        for number, nodes in enumerate(loops):
            by_length.setdefault(len(nodes), []).append((number, [row[name] for name in nodes]))
        self._groups = [
            (np.array([number for number, _ in several]), np.array([path for _, path in several]))
            for several in by_length.values()
        ]

    def influences(self, mode: int) -> Complex:
        """Return G dlam/dG of each loop for one mode, dims (point, loop); NaN in clusters."""
        linear, kind = self.modes.blocks, self.modes.kind[:, mode]
        found = np.full((len(kind), self.count), complex(np.nan, np.nan))
        for word in ("real", "complex"):
            at = np.flatnonzero(kind == word)
            for part in _parts(at, len(linear.nodes) ** 2):
                found[part] = self._bordered(part, mode, real=word == "real")
        return found

    def cluster(self, point: int, number: int) -> Complex:
        """Return G d(sum of the eigenvalues of a cluster)/dG of each loop, dims (loop,)."""
        linear, cluster = self.modes.blocks, self.modes.clusters[point][number]
        circle = cluster.circle
        found = np.zeros(self.count, dtype=complex)
        n = linear.count
        for part in _parts(np.arange(len(circle)), len(linear.nodes) ** 2):
            s = circle[part]
            inner = np.linalg.inv(s[:, None, None] * np.eye(n) - linear.jacobian[point])
            inverse = linear.direct[point] + linear.response[point] @ inner @ linear.reach[point]
            gains = np.broadcast_to(linear.gains[point], inverse.shape)
            weight = (s - cluster.centre) / len(circle)
            found += np.einsum("s,sl->l", weight, self._determinants(inverse, gains, border=False))
        return found

    def _bordered(self, at: NDArray[np.int64], mode: int, *, real: bool) -> Complex:
        linear = self.modes.blocks
        total = len(linear.nodes)
        left, right = self.modes.left[at, mode], self.modes.right[at, mode]
        values = self.modes.values[at, mode]
        if real:
            left, right, values = left.real, right.real, values.real
        bordered = np.zeros((len(at), total + 1, total + 1), dtype=values.dtype)
        bordered[:, :total, :total] = linear.direct[at] + (
            linear.response[at]
            @ generalised_inverse(linear, at, values, left, right)
            @ linear.reach[at]
        )
        bordered[:, :total, total] = (linear.response[at] @ right[:, :, None])[:, :, 0]
        bordered[:, total, :total] = (left[:, None, :] @ linear.reach[at])[:, 0]
        return np.asarray(-self._determinants(bordered, linear.gains[at], border=True))

    def _determinants(self, inverse: Complex, gains: Numbers, *, border: bool) -> Complex:
        """Return gain times minor, dims (point, loop)."""
        points = len(inverse)
        found = np.empty((points, self.count), dtype=inverse.dtype)
        last = inverse.shape[1] - 1
        for numbers, paths in self._groups:
            length = paths.shape[1]
            rows = np.column_stack([paths, np.full(len(paths), last)]) if border else paths
            size = rows.shape[1]
            for part in _parts(np.arange(len(paths)), points * size * size):
                chosen, cells = paths[part], rows[part]
                links = gains[:, np.roll(chosen, -1, axis=1), chosen]
                block = inverse[:, cells[:, :, None], cells[:, None, :]]
                # Each gain goes to a row: its product alone may leave the range of numbers.
                block[:, :, :length] *= links[..., None]
                found[:, numbers[part]] = np.linalg.det(block)
        return found


def generalised_inverse(
    linear: Blocks, at: NDArray[np.int64], values: Complex, left: Complex, right: Complex
) -> Complex:
    """Return X with (lam I - J) X (lam I - J) = lam I - J at some points, dims (at, n, n)."""
    n = linear.count
    whole = np.zeros((len(at), n + 1, n + 1), dtype=values.dtype)
    whole[:, :n, :n] = values[:, None, None] * np.eye(n) - linear.jacobian[at]
    size = np.maximum(linear.size[at], np.finfo(np.float64).tiny)[:, None]
    whole[:, :n, n] = size * left.conj() / np.linalg.norm(left, axis=1)[:, None]
    whole[:, n, :n] = size * right.conj() / np.linalg.norm(right, axis=1)[:, None]
    return np.asarray(np.linalg.inv(whole)[:, :n, :n])


def _parts(rows: NDArray[np.int64], each: int) -> Iterator[NDArray[np.int64]]:
    """Yield rows in batches of ``_CHUNK`` numbers, ``each`` numbers to a row."""
    step = max(1, _CHUNK // max(each, 1))
    for start in range(0, len(rows), step):
        yield rows[start : start + step]
