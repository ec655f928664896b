"""Following eigenvalues from one time to the next.

Stage 4 of 4, for ``modes``.  In: the eigenvalues of a real matrix at two times.  Out: the order of
the second that continues the first.

The assignment of least total change is taken if it keeps pairs together: a pair stays a pair, or
comes from two real ones, or becomes two.  If not, the best that does is looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Numbers = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

TRIED = 2000
"""Ways in which pairs may form and part that are compared, at most."""

TIE = 1e-6
"""Weight of squared changes beside changes: it settles ties, in favour of even moves."""


def following(before: Complex | None, now: Complex) -> Integers:
    """Return the order of eigenvalues that continues that of the time before.

    Parameters
    ----------
    before
        In order; None at the first time.
    now
        In any order; exact conjugates, as a solver for real matrices returns them.

    Returns
    -------
    numpy.ndarray
        Positions in ``now``.  What costs the same is settled: of two real ones that become a pair
        the first is the upper one; of a pair that parts the upper one becomes the larger.

    Notes
    -----
    O(n**3), more where the best assignment would part a pair.

    Examples
    --------
    >>> following(np.array([2 + 0j, -1 + 0j]), np.array([-1.1 + 0j, 2.1 + 0j]))
    array([1, 0])
    """
    if before is None:
        return np.arange(len(now), dtype=np.int64)
    order = _assigned(np.abs(before[:, None] - now[None, :]))
    if not _kept(before, now, order):
        order = _best(_Split.of(before), _Split.of(now), order)
    for first, second in _couples(now[order]):
        upper, lower = min(first, second), max(first, second)
        born = before[first].imag == 0 and before[second].imag == 0
        if born and now[order[upper]].imag < 0:
            order[[upper, lower]] = order[[lower, upper]]
    for upper, lower in _couples(before):
        parted = now[order[upper]].imag == 0 and now[order[lower]].imag == 0
        if parted and now[order[upper]].real < now[order[lower]].real:
            order[[upper, lower]] = order[[lower, upper]]
    return order


def _assigned(cost: Numbers) -> Integers:
    from scipy.optimize import linear_sum_assignment

    if cost.size:
        # Real ones that all move one way cost the same however they are matched: keep their order.
        cost = cost + TIE * cost**2 / max(float(cost.max()), 1e-300)
    return np.asarray(linear_sum_assignment(cost)[1], dtype=np.int64)


def _couples(values: Complex) -> list[tuple[int, int]]:
    """Return the positions of each upper value and of its conjugate; equal pairs one by one."""
    lower = [int(n) for n in np.flatnonzero(values.imag < 0)]
    found = []
    for one in np.flatnonzero(values.imag > 0):
        other = next(n for n in lower if values[n] == values[one].conjugate())
        lower.remove(other)
        found.append((int(one), other))
    return found


def _kept(before: Complex, now: Complex, order: Integers) -> bool:
    """Return whether pairs come from pairs or from two real ones, and go to the same."""
    old = {frozenset(couple) for couple in _couples(before)}
    new = {frozenset(couple) for couple in _couples(now[order])}
    sides = before.imag * now[order].imag >= 0
    return bool(sides.all()) and all(not any(one & other for other in old) for one in new - old)


@dataclass(frozen=True)
class _Split:
    """Eigenvalues, taken apart: positions of real ones and of upper and lower ones of pairs."""

    values: Complex
    real: list[int]
    pairs: list[tuple[int, int]]

    @classmethod
    def of(cls, values: Complex) -> _Split:
        return cls(values, [int(n) for n in np.flatnonzero(values.imag == 0)], _couples(values))


def _best(old: _Split, new: _Split, otherwise: Integers) -> Integers:
    """Return the order of least change in which pairs form of two real ones, or part into two."""
    least, found = np.inf, otherwise
    for parting, forming in islice(_changes(old, new), TRIED):
        staying = [pair for pair in old.pairs if pair not in parting]
        coming = [pair for pair in new.pairs if pair not in forming]
        rows = [*old.real, *(one for pair in parting for one in pair)]
        columns = [*new.real, *(one for pair in forming for one in pair)]
        change = np.abs(old.values[rows][:, None] - new.values[columns][None, :])
        # A pair that parts goes to real ones.
        change[len(old.real) :, len(new.real) :] = 1e6 * (1 + change.sum())
        chosen = _assigned(change)
        kept = 2 * np.abs(
            old.values[[a for a, _ in staying]][:, None] - new.values[[a for a, _ in coming]]
        )
        paired = _assigned(kept)
        total = change[np.arange(len(rows)), chosen].sum()
        total += kept[np.arange(len(staying)), paired].sum()
        if total < least:
            least = total
            found = np.empty(len(old.values), dtype=np.int64)
            found[rows] = np.array(columns, dtype=np.int64)[chosen]
            for (upper, lower), which in zip(staying, paired, strict=True):
                found[upper], found[lower] = coming[which]
    return found


def _changes(
    old: _Split, new: _Split
) -> Iterator[tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]]]:
    """Yield which old pairs part and which new ones form: as few as possible, then one more."""
    gained = len(new.pairs) - len(old.pairs)
    for extra in (0, 1):
        parting, forming = extra + max(0, -gained), extra + max(0, gained)
        if 2 * parting <= len(new.real) and 2 * forming <= len(old.real):
            yield from product(combinations(old.pairs, parting), combinations(new.pairs, forming))
