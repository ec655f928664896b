"""Eigenvalues that are zero whatever the numbers: conserved totals of a partition.

Stage 2 of 4.  In: a ``CausalGraph`` and nodes of it.  Out: how many eigenvalues are zero for every
state and every value of the parameters.  Nothing here runs a model.

The gains are taken in exact arithmetic modulo a large prime, with every symbol, and every function
that is no polynomial, at a random number.  What is zero there is zero identically, but for a chance
of about (degree of the polynomials) / 2**61 (Schwartz 1980; Zippel 1979); what is an identity
between functions, as sin**2 + cos**2 = 1, is not seen, so a total may be missed, never invented.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.graph import STOCKS, root
from loopscope.loops.views import gains_in
from loopscope.models import functions as sd

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from loopscope.loops.graph import CausalGraph, Pair

PRIME = 2**61 - 1

Matrix = list[list[int]]


def structural_zeros(
    graph: CausalGraph, names: Sequence[str], held: Collection[str] = (), seed: int = 0
) -> int:
    """Return the number of eigenvalues of some nodes that are zero identically.

    Parameters
    ----------
    names
        Nodes of the graph that are looked at alone: all, or those of a partition.
    held
        Nodes that a run held, so that nothing acts on them.
    seed
        Of the random numbers; the answer does not depend on it but for the chance above.

    Notes
    -----
    O(N**3 + n**4) operations on whole numbers, for N nodes of which n are stocks.

    Examples
    --------
    Two stocks that one flow joins keep their sum:

    >>> from loopscope.loops.eigen.conserved import trailing_zeros
    >>> trailing_zeros([[-3, 2], [3, -2]])
    1
    """
    return trailing_zeros(jacobian(graph, names, held, seed))


def nilpotency(
    graph: CausalGraph, names: Sequence[str], held: Collection[str] = (), seed: int = 0
) -> int:
    """Return the smallest q for which the rank of J**q is that of J**(q + 1), identically.

    1 where stocks only add up what others do; 2 where such a stock is itself added up, and so on.
    """
    matrix = jacobian(graph, names, held, seed)
    power, before, exponent = matrix, len(matrix), 0
    while True:
        now = rank(power)
        if now == before:
            return exponent
        power, before, exponent = _product(power, matrix), now, exponent + 1


def jacobian(graph: CausalGraph, names: Sequence[str], held: Collection[str], seed: int) -> Matrix:
    """Return the Jacobian of some nodes at a random point, modulo ``PRIME``."""
    point = Point(seed)
    full = {
        pair: 0 if pair[1] in held else point.value(link.gain)
        for pair, link in root(graph).links.items()
        if link.kind != "cancelled"
    }
    gains = gains_in(graph, full, lambda a, b: (a + b) % PRIME, lambda a, b: a * b % PRIME)
    stocks = [name for name in names if graph.nodes[name].role in STOCKS]
    number = {name: n for n, name in enumerate(stocks)}
    effects: dict[str, list[Pair]] = {}
    inside = set(names)
    for pair in gains:
        if pair[0] in inside and pair[1] in inside:
            effects.setdefault(pair[1], []).append(pair)
    found: dict[str, list[int]] = {name: [int(name == one) for one in stocks] for name in stocks}

    def row(name: str) -> list[int]:
        total = [0] * len(stocks)
        for cause, effect in effects.get(name, ()):
            gain = gains[cause, effect]
            total = [(a + gain * b) % PRIME for a, b in zip(total, found[cause], strict=True)]
        return total

    for name in graph.nodes:
        if name in inside and name not in number:
            found[name] = row(name)
    return [row(name) for name in stocks]


class Point:
    """Random values of symbols, and of what is no polynomial, modulo ``PRIME``."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self.known: dict[sp.Expr, int] = {}

    def value(self, e: sp.Expr) -> int:
        """Return the value of an expression."""
        known = self.known.get(e)
        if known is None:
            known = self.known[e] = self._computed(e) % PRIME
        return known

    def _computed(self, e: sp.Expr) -> int:
        if isinstance(e, sp.Add):
            return sum(self.value(part) for part in e.args)
        if isinstance(e, sp.Mul):
            product = 1
            for part in e.args:
                product = product * self.value(part) % PRIME
            return product
        if isinstance(e, sp.Pow) and isinstance(e.args[1], sp.Integer):
            return pow(self.value(e.args[0]), int(e.args[1]), PRIME)
        if isinstance(e, sd.Not):
            return 1 - self.value(e.args[0])
        if isinstance(e, sd.IfThenElse):
            chosen = self.value(e.args[0])
            return chosen * self.value(e.args[1]) + (1 - chosen) * self.value(e.args[2])
        if isinstance(e, sp.Rational):
            return int(e.p) * pow(int(e.q), -1, PRIME)
        if isinstance(e, sp.Float):
            # As it is written: 0.3 and 0.7 of a flow are all of it.
            written = Fraction(repr(float(e)))
            return written.numerator * pow(written.denominator, -1, PRIME)
        return self._draw.randrange(1, PRIME)


def rank(matrix: Matrix) -> int:
    """Return the rank modulo ``PRIME``."""
    rows = [list(row) for row in matrix]
    found = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((r for r in range(found, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        inverse = pow(rows[found][column], -1, PRIME)
        for r in range(found + 1, len(rows)):
            factor = rows[r][column] * inverse % PRIME
            if factor:
                rows[r] = [
                    (a - factor * b) % PRIME for a, b in zip(rows[r], rows[found], strict=True)
                ]
        found += 1
    return found


def trailing_zeros(matrix: Matrix) -> int:
    """Return how often 0 is a root of the characteristic polynomial modulo ``PRIME``.

    By ranks of powers: the rank of J**n is n less that number.
    """
    power, before, now = matrix, len(matrix), rank(matrix)
    while now < before:
        power, before = _product(power, matrix), now
        now = rank(power)
    return len(matrix) - now


def _product(a: Matrix, b: Matrix) -> Matrix:
    columns = list(zip(*b, strict=True))
    return [
        [sum(x * y for x, y in zip(row, column, strict=True)) % PRIME for column in columns]
        for row in a
    ]
