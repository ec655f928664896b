"""The Shapley value of each mechanism: switched on in every order, and averaged.

In: a ``Dial``.  Out: values over on and off, which know no strength in between.  They are another
split of the same difference: equal to that of ``integrating`` where mechanisms only add up, or
only multiply with the same power, and not in general.

References
----------
L. S. Shapley (1953), "A value for n-person games", in Contributions to the Theory of Games II,
Princeton University Press, 307-317.  J. Castro, D. Gómez and J. Tejada (2009), "Polynomial
calculation of the Shapley value based on sampling", Computers & Operations Research 36(5),
1726-1730.  R. Mitchell, J. Cooper, E. Frank and G. Holmes (2022), "Sampling permutations for
Shapley value estimation", Journal of Machine Learning Research 23(43) (orders and their reverse).
"""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.attributing.dial import BATCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from loopscope.analysis.attributing.dial import Dial

    Numbers = NDArray[np.float64]

MOST_EXACT = 10
"""Mechanisms up to which all ways to switch them are run: 2 to that power."""


def exact(dial: Dial, progress: Callable[[int], None] | None = None) -> Numbers:
    """Return Shapley values from all ways to switch m mechanisms.

    Returns
    -------
    array
        Dims (outcome, run, mechanism, time), in the unit of the outcome.

    Notes
    -----
    2**m runs for each run of the ensemble.
    """
    many = len(dial.strengths)
    members = np.arange(2**many)
    on = (members[:, None] >> np.arange(many) & 1).astype(np.float64)
    sizes = on.sum(axis=1).astype(int)
    weight = np.array([factorial(s) * factorial(many - s - 1) for s in range(many)], dtype=float)
    weight /= factorial(many)
    found = np.empty((len(dial.outputs), dial.runs, many, len(dial.time)))
    for row in range(dial.runs):
        values, _ = dial.values(np.full(len(members), row), on)
        for place in range(many):
            without = members[on[:, place] == 0]
            added = values[:, without | 1 << place] - values[:, without]
            found[:, row, place] = np.einsum("s,ost->ot", weight[sizes[without]], added)
        if progress is not None:
            progress(row + 1)
    return found


def sampled(
    dial: Dial, orders: int, seed: int, progress: Callable[[int], None] | None = None
) -> tuple[Numbers, Numbers]:
    """Return Shapley values from random orders, each with its reverse, and standard errors.

    Parameters
    ----------
    orders
        Pairs of an order and its reverse; at least 2.
    seed
        Of the orders, which are the same for all runs of an ensemble.

    Returns
    -------
    tuple
        Values and their standard errors, dims (outcome, run, mechanism, time) each, in the unit of
        the outcome.  Values add up to the whole difference, as those of each order do.

    Notes
    -----
    2 * orders * (m - 1) runs for each run of the ensemble, and two.
    """
    many = len(dial.strengths)
    random = np.random.default_rng(seed)
    forward = np.stack([random.permutation(many) for _ in range(orders)])
    shape = (len(dial.outputs), dial.runs, many, len(dial.time))
    mean, error = np.empty(shape), np.empty(shape)
    size = max(1, BATCH // (16 * shape[0] * (many + 1) * shape[3]))
    for row in range(dial.runs):
        centre, squares = np.zeros((2, shape[0], many, shape[3]))
        seen = 0
        for first in range(0, orders, size):
            pairs = _pairs(dial, row, forward[first : first + size])
            # Means and squares of parts are joined as in Chan, Golub and LeVeque (1983).
            count = pairs.shape[1]
            here = pairs.mean(axis=1)
            apart = here - centre
            squares += ((pairs - here[:, None]) ** 2).sum(axis=1)
            squares += apart**2 * (seen * count / (seen + count))
            centre += apart * (count / (seen + count))
            seen += count
        mean[:, row] = centre
        error[:, row] = np.sqrt(squares / (orders * (orders - 1)))
        if progress is not None:
            progress(row + 1)
    return mean, error


def _pairs(dial: Dial, row: int, forward: NDArray[np.int64]) -> Numbers:
    """Return what each mechanism adds, mean of an order and its reverse.

    Dims (outcome, pair, mechanism, time).
    """
    both = np.stack([forward, forward[:, ::-1]], axis=1).reshape(-1, forward.shape[1])
    place = np.argsort(both, axis=1)  # when each mechanism is switched on, dims (order, mechanism)
    many = both.shape[1]
    on = (place[:, None, :] < np.arange(many + 1)[None, :, None]).astype(np.float64)
    flat, back = np.unique(on.reshape(-1, many), axis=0, return_inverse=True)
    values, _ = dial.values(np.full(len(flat), row), flat)
    chain = values[:, back.reshape(len(both), many + 1)]  # (outcome, order, step, time)
    added = np.diff(chain, axis=2)
    ours = np.take_along_axis(added, place[None, :, :, None], axis=2)
    return np.asarray(ours.reshape(len(ours), -1, 2, many, ours.shape[-1]).mean(axis=2))


def knocked_out(dial: Dial, every: Numbers) -> Numbers:
    """Return what is lost when one mechanism alone is cut.

    Parameters
    ----------
    every
        Outcomes with all of them, dims (outcome, run, time).

    Returns
    -------
    array
        Dims (outcome, run, mechanism, time): with all minus without that one.  These do not add up.
    """
    many = len(dial.strengths)
    rows = np.repeat(np.arange(dial.runs), many)
    values, _ = dial.values(rows, np.tile(1.0 - np.eye(many), (dial.runs, 1)))
    apart = values.reshape(len(dial.outputs), dial.runs, many, len(dial.time))
    return np.asarray(every[:, :, None] - apart)
