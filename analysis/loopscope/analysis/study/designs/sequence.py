"""Points of a Sobol sequence, from any point on.

In: a number of dimensions and a seed.  Out: the points that scipy's scrambled sequence has, but
found from their place alone.

The place of a point, written in binary, says which *directions* are combined: point n is point 0
with the directions of the set bits of n taken in by exclusive or.  Directions are differences of
the points at 0, 1, 2, 4 ..., which scipy gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BITS = 30
SCALE = 2.0**-BITS

Whole = NDArray[np.uint32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SobolNumbers:
    """A Sobol sequence of some points.

    Attributes
    ----------
    start
        Point 0, in units of 2**-30, dims (dimension,).
    directions
        Dims (bit of the place, dimension).
    """

    start: Whole
    directions: Whole

    def points(self, first: int, last: int) -> Numbers:
        """Return points first to last - 1, in [0, 1), dims (point, dimension).

        Notes
        -----
        Two exclusive ors for each number.
        """
        bits = min(len(self.directions), max(1, (last - first - 1).bit_length()))
        size = 1 << bits
        block = np.zeros((1, len(self.start)), dtype=np.uint32)
        for direction in self.directions[:bits]:
            block = np.concatenate([block, block ^ direction])
        found = [
            block[max(first - at, 0) : last - at] ^ self._at(at)
            for at in range(first - first % size, last, size)
        ]
        whole = np.concatenate(found) if found else block[:0]
        return np.asarray(whole * SCALE, dtype=np.float64)

    def _at(self, place: int) -> Whole:
        point = self.start.copy()
        for bit, direction in enumerate(self.directions):
            if place >> bit & 1:
                point ^= direction
        return point


def sequence(dimensions: int, points: int, seed: int) -> SobolNumbers:
    """Return the scrambled Sobol sequence that ``scipy.stats.qmc.Sobol`` has for a seed.

    Raises
    ------
    ValueError
        More dimensions than scipy knows, or more than 2**30 points.

    Notes
    -----
    O(dimensions * points) once, about a nanosecond each: scipy steps from one place to the next.

    References
    ----------
    Joe, Kuo (2008), "Constructing Sobol sequences with better two-dimensional projections",
    SIAM Journal on Scientific Computing 30(5), 2635-2654.
    """
    from scipy.stats import qmc

    engine = qmc.Sobol(d=dimensions, scramble=True, seed=np.random.default_rng(seed))
    start = _whole(engine.random(1))
    directions, place = [], 1
    for bit in range(max(1, (points - 1).bit_length())):
        if (1 << bit) > place:
            engine.fast_forward((1 << bit) - place)
            place = 1 << bit
        directions.append(_whole(engine.random(1)) ^ start)
        place += 1
    return SobolNumbers(start=start, directions=np.array(directions, dtype=np.uint32))


def _whole(points: Numbers) -> Whole:
    return np.asarray(points[0] / SCALE, dtype=np.uint32)
