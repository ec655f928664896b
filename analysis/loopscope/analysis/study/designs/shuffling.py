"""Random orders that are found from a place alone.

In: places 0 to size - 1, and keys.  Out: where each place goes: a permutation for each key, of
which nothing is stored.

A number is cut into two halves of its bits; each half in turn is changed by a scrambled copy of the
other, which can be undone, so no two numbers end in the same place.  What falls beyond the last
place goes on until it does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.uint32]

ROUNDS = 6
_MIX = tuple(np.uint32(one) for one in (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35))


@dataclass(frozen=True, eq=False)
class Shuffle:
    """Random orders of the same places.

    Attributes
    ----------
    size
        Number of places, at most 2**32.
    keys
        Random numbers, uint32, dims (round, order).
    """

    size: int
    keys: Whole

    def of(self, places: Whole) -> Whole:
        """Return where places go in each order, dims (place, order).

        Notes
        -----
        Fewer than two passes of 6 rounds for each number, on average.

        References
        ----------
        Black, Rogaway (2002), "Ciphers with arbitrary finite domains", Topics in Cryptology:
        CT-RSA 2002, 114-130.
        """
        orders = self.keys.shape[1]
        found = self._once(np.repeat(places[:, None], orders, axis=1), self.keys)
        outside = np.nonzero(found >= self.size)
        while len(outside[0]):
            found[outside] = self._once(found[outside], self.keys[:, outside[1]])
            beyond = found[outside] >= self.size
            outside = outside[0][beyond], outside[1][beyond]
        return found

    def _once(self, numbers: Whole, keys: Whole) -> Whole:
        bits = max(2, (self.size - 1).bit_length())
        low = np.uint32(bits - bits // 2)
        mask_low, mask_high = (np.uint32((1 << one) - 1) for one in (int(low), bits // 2))
        left, right = numbers >> low, numbers & mask_low
        for turn, key in enumerate(keys):
            if turn % 2:
                right ^= _scrambled(left, key) & mask_low
            else:
                left ^= _scrambled(right, key) & mask_high
        return (left << low) | right


def shuffle(size: int, orders: int, seed: int, stream: int) -> Shuffle:
    """Return random orders of some places.

    Parameters
    ----------
    seed, stream
        Orders of two streams, or of two seeds, have nothing to do with each other.
    """
    bits = np.random.Philox(np.random.SeedSequence([seed, stream])).random_raw(ROUNDS * orders)
    keys = (bits >> np.uint64(32)).astype(np.uint32).reshape(ROUNDS, orders)
    return Shuffle(size, keys)


def _scrambled(numbers: Whole, key: Whole) -> Whole:
    """Return numbers in which each bit depends on every bit; overflow is meant."""
    mixed = numbers * _MIX[0]
    mixed += key
    for shift, factor in ((16, _MIX[1]), (13, _MIX[2])):
        mixed ^= mixed >> np.uint32(shift)
        mixed *= factor
    mixed ^= mixed >> np.uint32(16)
    return mixed
