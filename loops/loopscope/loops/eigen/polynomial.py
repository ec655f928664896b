"""The characteristic polynomial, written in loop gains.

Stage 3 of 4.  In: all ``Loops`` of a graph.  Out: ``LoopPolynomial``.  Nothing here runs a model.

    p(s) = sum over sets of loops that share no variable of (-1)**k * prod G * s**(n - m)

with k loops and m stocks in the set, n stocks in all, the empty set giving s**n.  It is
det(sI - J), whatever auxiliaries the loops run through.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from loopscope.loops.eigen.jumps import refuse_jumps
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.loop import Loop
    from loopscope.loops.replay import Along

MOST = 100_000
"""Sets of disjoint loops that are written out unless one is told otherwise."""

RADICALS = 4
"""Highest degree with roots in radicals."""


@dataclass(frozen=True, kw_only=True)
class LoopPolynomial:
    """A characteristic polynomial in loop gains.

    Attributes
    ----------
    s
        Its variable, in 1/time.
    gains
        The symbol of each loop's gain, by loop id.
    coefficients
        In the gains, that of the highest power, 1, first; that of s**(n - m) is in 1/time**m.
    sets
        Number of sets of disjoint loops, those of different partitions counted apart.
    loops
        Those it is made from.
    """

    s: sp.Symbol
    gains: Mapping[str, sp.Symbol]
    coefficients: tuple[sp.Expr, ...]
    sets: int
    loops: Loops = field(repr=False, compare=False)

    @property
    def degree(self) -> int:
        """Number of stocks n."""
        return len(self.coefficients) - 1

    @property
    def expression(self) -> sp.Expr:
        """p(s), in the gains."""
        return sp.Add(*(c * self.s ** (self.degree - m) for m, c in enumerate(self.coefficients)))

    @cached_property
    def _formulas(self) -> dict[sp.Symbol, sp.Expr]:
        return {self.gains[loop.id]: loop.gain for loop in self.loops}

    def written(self, *, state: bool = False) -> tuple[sp.Expr, ...]:
        """Return the coefficients in the model's symbols, expanded.

        Parameters
        ----------
        state
            Whether to write auxiliaries out, down to stocks, parameters and the time; this may grow
            without measure in a large model.
        """
        found = [c.xreplace(self._formulas) for c in self.coefficients]
        if state:
            for symbol, expression in reversed(
                list(self.loops.graph.equations.auxiliaries.items())
            ):
                found = [c.xreplace({symbol: expression}) for c in found]
        return tuple(sp.expand(c) for c in found)

    def influence(self, loop: Loop | str) -> sp.Expr:
        """Return G ds/dG of a loop on a root s, in the gains and s: -G p_G / p_s, in 1/time.

        Raises
        ------
        LoopError
            A loop that is not in the polynomial.
        """
        identity = loop if isinstance(loop, str) else loop.id
        gain = self.gains.get(identity)
        if gain is None:
            msg = f"no loop '{identity}' in the polynomial{did_you_mean(identity, self.gains)}"
            raise LoopError(msg)
        p = self.expression
        return -gain * sp.diff(p, gain) / sp.diff(p, self.s)

    def eigenvalues(self) -> tuple[sp.Expr, ...]:
        """Return the roots in radicals, in the gains, as often as they occur.

        Raises
        ------
        LoopError
            More than four roots are not zero identically.
        """
        zeros = 0
        written = self.coefficients
        while len(written) > 1 and written[-1] == 0:
            written, zeros = written[:-1], zeros + 1
        if len(written) - 1 > RADICALS:
            msg = (
                f"{self.loops.graph.model.name}: the polynomial is of degree {len(written) - 1}, "
                f"and only up to {RADICALS} are there roots in radicals; score the loops along a "
                "run for numbers"
            )
            raise LoopError(msg)
        roots = sp.roots(sp.Poly(list(written), self.s)) if len(written) > 1 else {}
        found = [root for root, times in roots.items() for _ in range(times)]
        if len(found) != len(written) - 1:
            msg = f"{self.loops.graph.model.name}: no radicals were found for {self.expression}"
            raise LoopError(msg)
        return (*found, *[sp.Integer(0)] * zeros)

    def values(self, along: Along) -> NDArray[np.float64]:
        """Return the coefficients along a run, dims ([run,] time, power), highest power first."""
        graph = self.loops.graph
        gains = np.stack([along.gains[pair] for pair in graph.pairs])
        products = dict(zip(self.loops.ids, self.loops.products(gains), strict=True))
        names = list(self.gains)
        inputs = [products[name] for name in names]
        function = sp.lambdify([self.gains[n] for n in names], self.coefficients, "numpy", cse=True)
        rows = function(*inputs)
        return np.stack([np.broadcast_to(row, along.shape) for row in rows], axis=-1).astype(float)


def characteristic_polynomial(
    found: Loops, *, most: int = MOST, one_sided: bool = False
) -> LoopPolynomial:
    """Return the characteristic polynomial of a model, in its loop gains.

    Parameters
    ----------
    found
        All loops of the graph.
    most
        Upper bound on the number of sets of disjoint loops.
    one_sided
        Go on where equations jump, with the derivatives of the side in force.

    Raises
    ------
    LoopError
        Not all loops are held; more sets than ``most``; equations that jump.

    Notes
    -----
    One product for each set of disjoint loops of a partition: 2**(loops) at worst.

    References
    ----------
    Mason (1956), Proc. IRE 44(7), 920-926; Kampmann (2012), System Dynamics Review 28(4), 370-395.
    """
    graph = found.graph
    if not (found.complete and found.count == len(found)):
        msg = (
            f"{graph.model.name}: the polynomial needs all loops, but {len(found)} are held "
            f"({found.statement}); take a view with fewer variables"
        )
        raise LoopError(msg)
    refuse_jumps(graph, list(graph.partition_of), "the characteristic polynomial", one_sided)
    s = sp.Symbol("s")
    gains = {loop.id: sp.Symbol(f"G_{loop.id}", real=True) for loop in found}
    bit = {name: 1 << number for number, name in enumerate(graph.nodes)}
    total: list[sp.Expr] = [sp.Integer(1)]
    sets = 0
    for partition in graph.partitions:
        inside = [
            (sum(bit[name] for name in loop.nodes), len(loop.stocks), gains[loop.id])
            for loop in found
            if graph.partition_of[loop.nodes[0]].number == partition.number
        ]
        terms = _disjoint(inside, len(partition.stocks), most - sets, graph.model.name, most)
        sets += sum(len(several) for several in terms)
        total = _multiplied(total, [sp.Add(*several) for several in terms])
    outside = len(graph.stocks) + 1 - len(total)
    return LoopPolynomial(
        s=s, gains=gains, coefficients=(*total, *[sp.Integer(0)] * outside), sets=sets, loops=found
    )


def _disjoint(
    loops: list[tuple[int, int, sp.Symbol]], stocks: int, left: int, model: str, most: int
) -> list[list[sp.Expr]]:
    """Return signed products over sets of disjoint loops, by the number of stocks in the set."""
    found: list[list[sp.Expr]] = [[] for _ in range(stocks + 1)]
    waiting: list[tuple[int, int, int, tuple[sp.Symbol, ...]]] = [(0, 0, 0, ())]
    count = 0
    while waiting:
        start, used, held, chosen = waiting.pop()
        found[held].append(sp.Mul((-1) ** len(chosen), *chosen))
        count += 1
        if count > left:
            msg = (
                f"{model}: more than {most} sets of loops that share no variable; take a view with "
                "fewer variables, or pass a larger most="
            )
            raise LoopError(msg)
        for number in range(start, len(loops)):
            nodes, more, gain = loops[number]
            if not nodes & used:
                waiting.append((number + 1, used | nodes, held + more, (*chosen, gain)))
    return found


def _multiplied(a: list[sp.Expr], b: list[sp.Expr]) -> list[sp.Expr]:
    """Return the coefficients of a product of two polynomials, highest power first."""
    if len(a) == 1:
        return [a[0] * one for one in b]
    found: list[sp.Expr] = [sp.Integer(0)] * (len(a) + len(b) - 1)
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            found[i + j] += one * other
    return found
