"""The part of a sum over loops that matters along some runs.

Stage 4 of 4.  In: a ``LoopSum`` over all loops of a partition, and sizes of links at some moments.
Out: a ``LoopSum`` with fewer products, over those loops that pass only through kept terms.

The share of all that passes through one term of the sum, at one moment, is what comes to it from
the roots, times its link, times what is left of the loops behind it.  So one pass up and one down
give the share of the total that is lost with each term, loops never being listed, and the terms
with the largest peaks are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.finding.loopsum import END, LoopSum
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loopscope.loops.finding.loopsum import Term
    from loopscope.loops.graph import Pair
    from loopscope.loops.loop import Loop
    from loopscope.loops.replay import Numbers

Edge = tuple[int, int]
"""Number of a partial sum, and of one of its terms."""


def pruned(
    total: LoopSum, sizes: Numbers, pairs: Sequence[Pair], tracked: Iterable[Loop], most: int
) -> LoopSum:
    """Return a sum over loops that hold most of the total, and over the tracked ones.

    Parameters
    ----------
    sizes
        Of links, at the moments that count; dims (link, moment).
    pairs
        The links, in that order.
    tracked
        Loops that are kept in any case.
    most
        Products that the sum may take, beside those of the tracked loops.

    Notes
    -----
    Linear in products times moments.
    """
    if total.products <= most:
        return total
    peaks = _peaks(total, sizes, pairs)
    # The earlier of equal ones, so that what is kept does not hang on the sorting.
    edges = [(n, k) for n, terms in enumerate(total.sums) for k in range(len(terms))]
    order = np.argsort(-peaks, kind="stable")[:most]
    kept = {edges[place] for place in order.tolist() if peaks[place] > 0}
    for loop in tracked:
        kept |= _edges_of(total, loop)
    new: dict[int, int] = {}
    sums: list[tuple[Term, ...]] = []
    counts: list[int] = []
    for number, terms in enumerate(total.sums):
        left = tuple(
            (pair, END if later == END else new[later])
            for k, (pair, later) in enumerate(terms)
            if (number, k) in kept and (later == END or later in new)
        )
        if left:
            new[number] = len(sums)
            sums.append(left)
            counts.append(sum(1 if later == END else counts[later] for _, later in left))
    roots = tuple(new[root] for root in total.roots if root in new)
    return _reached(LoopSum(tuple(sums), roots, sum(counts[root] for root in roots)))


def _peaks(total: LoopSum, sizes: Numbers, pairs: Sequence[Pair]) -> Numbers:
    """Return the largest share that passes through each term at any moment, dims (term,)."""
    row = {pair: number for number, pair in enumerate(pairs)}
    behind = np.zeros((len(total.sums), sizes.shape[1]))
    for number, terms in enumerate(total.sums):
        for pair, later in terms:
            size = sizes[row[pair]]
            behind[number] += size if later == END else size * behind[later]
    before = np.zeros_like(behind)
    with np.errstate(all="ignore"):
        share = 1.0 / behind[list(total.roots)].sum(axis=0)
    for root in total.roots:
        before[root] += share
    peaks = []
    for number in range(len(total.sums) - 1, -1, -1):
        for pair, later in reversed(total.sums[number]):
            with np.errstate(all="ignore"):
                through = before[number] * sizes[row[pair]]
                if later != END:
                    before[later] += through
                    through = through * behind[later]
            peaks.append(np.max(through, where=np.isfinite(through), initial=0.0))
    return np.array(peaks[::-1])


def _edges_of(total: LoopSum, loop: Loop) -> set[Edge]:
    """Return the terms whose product is the loop's."""
    leads = dict(loop.links)
    # A loop starts at the first of the roots that it meets.
    number = next(root for root in total.roots if total.sums[root][0][0][0] in leads)
    found: set[Edge] = set()
    while number != END:
        terms = total.sums[number]
        cause = terms[0][0][0]
        step = (cause, leads[cause])
        place = next((k for k, (pair, _) in enumerate(terms) if pair == step), None)
        if place is None:
            msg = f"loop '{loop.id}' is not among the loops that are summed up"
            raise LoopError(msg)
        found.add((number, place))
        number = terms[place][1]
    return found


def _reached(total: LoopSum) -> LoopSum:
    """Return a sum without the parts that no root needs."""
    wanted = set(total.roots)
    for number in range(len(total.sums) - 1, -1, -1):
        if number in wanted:
            wanted.update(later for _, later in total.sums[number] if later != END)
    new: dict[int, int] = {END: END}
    sums: list[tuple[Term, ...]] = []
    for number, terms in enumerate(total.sums):
        if number in wanted:
            new[number] = len(sums)
            sums.append(tuple((pair, new[later]) for pair, later in terms))
    return LoopSum(tuple(sums), tuple(new[root] for root in total.roots), total.count)
