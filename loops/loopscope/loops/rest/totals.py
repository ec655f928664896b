"""Conserved totals: combinations of stocks that no flow changes.

Stage 2 of 4.  In: a ``Field``.  Out: ``Total`` records, exact.  They make every Jacobian singular,
so equilibria are looked for with each total held at its start value.

Rates are taken at random states in exact arithmetic modulo a large prime, with every function that
is no polynomial at a random number of its own.  A combination of rates that is zero there is zero
identically, but for a chance of about (degree of the polynomials) / 2**61; an identity between
functions is not seen, so a total may be missed, never invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, lcm
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from loopscope.loops.eigen.conserved import PRIME, Point

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.rest.field import Field, Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A combination of stocks that stays what it is.

    Attributes
    ----------
    weights
        By stock, without zeros; the first is positive.
    value
        What it is at the start of the run.
    """

    weights: Mapping[str, Fraction]
    value: float

    def __str__(self) -> str:
        parts = ""
        for name, weight in self.weights.items():
            size = "" if abs(weight) == 1 else f"{abs(weight)} "
            sign = " - " if weight < 0 else " + " if parts else ""
            parts += f"{sign}{size}{name}"
        return f"{parts} = {self.value:.6g}"


def totals(field: Field) -> tuple[Total, ...]:
    """Return a basis of the conserved totals of a field.

    Notes
    -----
    O(n**2 * size of the equations + n**3) operations on whole numbers, for n stocks.
    """
    names = field.names
    columns = [_rates_at(field, seed) for seed in range(len(names) + 2)]
    found = []
    for residues in null_space(columns, len(names)):
        fractions = [reconstruct(residue) for residue in residues]
        known = [one for one in fractions if one is not None]
        if len(known) < len(names):
            continue
        common = lcm(*(one.denominator for one in known))
        first = next(one for one in known if one)
        scale = common if first > 0 else -common
        weights = {n: one * scale for n, one in zip(names, known, strict=True) if one}
        value = sum(float(w) * field.start[names.index(n)] for n, w in weights.items())
        found.append(Total(weights=weights, value=float(value)))
    return tuple(found)


def matrix_of(found: tuple[Total, ...], names: tuple[str, ...]) -> Numbers:
    """Return weights, dims (total, stock)."""
    return np.array([[float(one.weights.get(name, 0)) for name in names] for one in found]).reshape(
        len(found), len(names)
    )


def _rates_at(field: Field, seed: int) -> list[int]:
    """Return the rates at one random state, modulo ``PRIME``."""
    point = Point(seed)
    for symbol, value in field.parameters.items():
        if np.isfinite(value):
            point.known[symbol] = point.value(sp.Float(value))
    if field.free is not None:
        del point.known[field.free]
    for symbol, expression in field.equations.auxiliaries.items():
        point.known[symbol] = point.value(expression)
    return [point.value(state.rate) for state in field.equations.states.values()]


def null_space(rows: list[list[int]], width: int) -> list[list[int]]:
    """Return a basis of the vectors that every row takes to zero, modulo ``PRIME``."""
    matrix = [list(row) for row in rows]
    pivots: list[int] = []
    for column in range(width):
        top = len(pivots)
        pivot = next((r for r in range(top, len(matrix)) if matrix[r][column]), None)
        if pivot is None:
            continue
        matrix[top], matrix[pivot] = matrix[pivot], matrix[top]
        inverse = pow(matrix[top][column], -1, PRIME)
        matrix[top] = [value * inverse % PRIME for value in matrix[top]]
        for r, row in enumerate(matrix):
            factor = row[column]
            if r != top and factor:
                matrix[r] = [
                    (a - factor * b) % PRIME for a, b in zip(row, matrix[top], strict=True)
                ]
        pivots.append(column)
    basis = []
    for free in (column for column in range(width) if column not in pivots):
        vector = [0] * width
        vector[free] = 1
        for number, column in enumerate(pivots):
            vector[column] = -matrix[number][free] % PRIME
        basis.append(vector)
    return basis


def reconstruct(residue: int) -> Fraction | None:
    """Return the fraction of small terms with a residue modulo ``PRIME``; None if there is none.

    References
    ----------
    Wang (1981), "A p-adic algorithm for univariate partial fractions", SYMSAC '81, 212-217.

    Examples
    --------
    >>> reconstruct(3 * pow(7, -1, PRIME) % PRIME)
    Fraction(3, 7)
    """
    bound = isqrt(PRIME // 2)
    before, now = (PRIME, 0), (residue, 1)
    while now[0] > bound:
        quotient = before[0] // now[0]
        before, now = now, (before[0] - quotient * now[0], before[1] - quotient * now[1])
    if not now[1] or abs(now[1]) > bound:
        return None
    return Fraction(now[0], now[1])
