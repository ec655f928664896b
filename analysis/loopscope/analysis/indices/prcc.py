"""Partial rank correlation coefficients, at every time.

Stage 3 of 5.  In: inputs of any random or quasi-random sample, and outcomes.  Out: how strongly an
outcome rises with each parameter when the others are held, in ranks: 1 or -1 for a monotone effect
and nothing else.  An effect that rises and falls may show as 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.indices.sample import Sample, Settings

    Numbers = NDArray[np.float64]

NOTHING = 1e-12
"""Part of a variance below which it is rounding."""

SINGULAR = 1e-10
"""Least eigenvalue of the correlations of ranks that still tells parameters apart."""


def estimate(sample: Sample, values: Numbers, settings: Settings) -> dict[str, Numbers]:
    """Estimate partial rank correlations of many outcomes at once.

    Parameters
    ----------
    values
        Dims (run, column), finite, no column constant.

    Returns
    -------
    dict
        ``prcc``, in [-1, 1], ``prcc_low`` and ``prcc_high`` (Fisher's z) and ``prcc_p``, the
        probability of a size at least as large if there were no relation (two-sided t test with
        n - 2 - (P - 1) degrees of freedom); dims (column, parameter).  NaN for a parameter that has
        one value in all runs, and where the others decide an outcome's ranks so that nothing is
        left to correlate.

    Raises
    ------
    StudyError
        Two parameters have the same ranks, or one follows from others.

    Notes
    -----
    O(n log n) a column for the ranks, then one product of matrices: with K the inverse of the
    correlations of the inputs' ranks and r their correlations with an outcome, b = K r and
    s = 1 - r.b, the coefficient of parameter j is b_j / sqrt(K_jj s + b_j^2).  Tests at many times
    or of many outcomes are many tests: read single small p-values with care.

    References
    ----------
    Marino, Hogue, Ray & Kirschner (2008), Journal of Theoretical Biology 254(1), 178-196.
    """
    from scipy.special import stdtr
    from scipy.stats import rankdata

    runs, parameters = sample.inputs.shape
    moves = np.ptp(sample.inputs, axis=0) > 0
    inputs = _standard(rankdata(sample.inputs[:, moves], axis=0))
    outcomes = _standard(rankdata(values, axis=0))
    correlations = inputs.T @ inputs
    _refuse_singular(correlations, np.array(sample.parameters)[moves])
    inverse = np.linalg.inv(correlations)
    along = inputs.T @ outcomes
    slopes = inverse @ along
    rest = np.clip(1.0 - np.einsum("jc,jc->c", along, slopes), 0.0, None)
    own = np.diag(inverse)[:, None]
    left = rest[None, :] + slopes**2 / own  # of an outcome's variance, with the others known
    found = np.full_like(slopes, np.nan)
    np.divide(slopes, np.sqrt(own * left), out=found, where=left > NOTHING)
    found = np.clip(found, -1.0, 1.0)

    others = int(moves.sum()) - 1
    freedom = runs - 2 - others
    with np.errstate(divide="ignore"):  # at 1 or -1 the test value is infinite and p is 0
        test = np.abs(found) * np.sqrt(freedom / (1.0 - found**2))
        turned = np.arctanh(found)
    chance = 2.0 * stdtr(freedom, -test)
    half = settings.z / np.sqrt(runs - others - 3)
    result = {
        "prcc": found,
        "prcc_low": np.tanh(turned - half),
        "prcc_high": np.tanh(turned + half),
        "prcc_p": chance,
    }
    whole = {name: np.full((values.shape[1], parameters), np.nan) for name in result}
    for name, numbers in result.items():
        whole[name][:, moves] = numbers.T
    return whole


def _standard(ranks: Numbers) -> Numbers:
    """Return columns of mean 0 and length 1."""
    centred = ranks - ranks.mean(axis=0)
    length: Numbers = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(centred / length)


def _refuse_singular(correlations: Numbers, names: NDArray[np.str_]) -> None:
    values, vectors = np.linalg.eigh(correlations)
    if values.size and values[0] < SINGULAR:
        tied = names[np.abs(vectors[:, 0]) > 0.1]
        listed = ", ".join(f"'{name}'" for name in tied)
        msg = (
            f"ranks of {listed} follow from one another, so their effects cannot be told apart; "
            "use method='pawn', or a design that varies them independently"
        )
        raise StudyError(msg)
