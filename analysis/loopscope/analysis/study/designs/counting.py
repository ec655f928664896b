"""Random numbers that are found from their place alone.

In: a seed and a stream.  Out: uniform random numbers, dims (row, column), of any rows.

A counter-based generator turns a counter into random bits, so the number at a place does not depend
on which numbers were asked for before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

PER_COUNT = 4
"""Numbers that Philox makes of one count of its counter."""


def uniform(seed: int, stream: int, first: int, last: int, width: int) -> Numbers:
    """Return random numbers strictly between 0 and 1, dims (row, column).

    Parameters
    ----------
    seed, stream
        Numbers of two streams, or of two seeds, have nothing to do with each other.
    first, last
        Rows first to last - 1 are wanted.
    width
        Columns of every row.

    Notes
    -----
    Middles of 2**52 equal parts of [0, 1].

    References
    ----------
    Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", Proceedings of
    SC11.
    """
    generator = np.random.Philox(np.random.SeedSequence([seed, stream]))
    begin, count = first * width, (last - first) * width
    generator.advance(begin // PER_COUNT)
    skipped = begin % PER_COUNT
    bits = generator.random_raw(skipped + count)[skipped:]
    middles = ((bits >> np.uint64(12)) + 0.5) * 2.0**-52
    return np.asarray(middles, dtype=np.float64).reshape(last - first, width)
