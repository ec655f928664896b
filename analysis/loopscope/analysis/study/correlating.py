"""Parameters whose values go together: rank correlations by a Gaussian copula.

In: pairs of parameters with rank correlations, and probabilities that are independent.  Out:
probabilities with those rank correlations, each still uniform on its own, so that distributions
stay what they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Numbers = NDArray[np.float64]

EDGE = 2.0**-32
"""Probabilities are kept this far from 0 and 1, where a normal quantile is infinite."""


@dataclass(frozen=True, eq=False)
class Copula:
    """What joins the columns of independent probabilities.

    Attributes
    ----------
    weights
        By column: (column, weight) of the independent normal values that it is the sum of.
    """

    weights: Mapping[int, tuple[tuple[int, float], ...]]

    def join(self, p: Numbers) -> Numbers:
        """Return correlated probabilities, dims (run, parameter); other columns stay as they are.

        Notes
        -----
        Sums run in one fixed order, so a run does not depend on those beside it.
        """
        from scipy.special import ndtr, ndtri

        needed = {column for parts in self.weights.values() for column, _ in parts}
        normal = {
            column: ndtri(np.clip(np.ascontiguousarray(p[:, column]), EDGE, 1.0 - EDGE))
            for column in sorted(needed)
        }
        joined = p.copy()
        for column, parts in self.weights.items():
            total = np.zeros(len(p))
            for part, weight in parts:
                total += weight * normal[part]
            joined[:, column] = ndtr(total)
        return joined


def copula(ranks: Mapping[tuple[int, int], float], names: Sequence[str]) -> Copula | None:
    """Return the copula of some rank correlations; None where there are none.

    Parameters
    ----------
    ranks
        Spearman's rank correlation, in (-1, 1), by the columns of two parameters.
    names
        Of all parameters, for messages.

    Raises
    ------
    StudyError
        No values can go together like that: the matrix is not positive definite.

    Notes
    -----
    A bivariate normal distribution of correlation r has rank correlation (6 / pi) asin(r / 2), so
    r = 2 sin(pi rank / 6).

    References
    ----------
    Iman, Conover (1982), "A distribution-free approach to inducing rank correlation among input
    variables", Communications in Statistics B 11(3), 311-334.
    """
    columns = sorted({column for pair in ranks for column in pair})
    if not columns:
        return None
    matrix = np.eye(len(columns))
    for (one, other), rank in ranks.items():
        a, b = columns.index(one), columns.index(other)
        matrix[a, b] = matrix[b, a] = 2.0 * math.sin(math.pi * rank / 6.0)
    try:
        lower = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        among = ", ".join(f"'{names[column]}'" for column in columns)
        msg = (
            f"the rank correlations among {among} contradict each other (their matrix is not "
            "positive definite); bring some nearer to 0, or state the pairs left out"
        )
        raise StudyError(msg) from None
    weights = {
        column: tuple(
            (columns[part], float(weight)) for part, weight in enumerate(lower[row]) if weight
        )
        for row, column in enumerate(columns)
    }
    return Copula({column: parts for column, parts in weights.items() if len(parts) > 1})
