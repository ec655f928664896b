"""Where an expression is positive: an inequality a reader can check against the model.

Stage 2 of 4.  In: a factor whose sign is open, and bounds.  Out: an ``Inequality``, solved for one
variable where that is possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.graph import STOCKS
from loopscope.loops.signs.notation import text_of

if TYPE_CHECKING:
    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.signs.bounds import Bounds

LONGEST = 24
"""Largest expression, in operations, that is stated as a condition."""


@dataclass(frozen=True, slots=True)
class Inequality:
    """A condition in words of the model: ``left`` < or > ``right``; texts, no symbols.

    Examples
    --------
    >>> print(Inequality("adopters", "<", "market / 2"))
    adopters < market / 2
    """

    left: str
    relation: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"

    @property
    def turned(self) -> Inequality:
        """Where the opposite holds."""
        return Inequality(self.left, {"<": ">", ">": "<"}[self.relation], self.right)


def where_positive(factor: sp.Expr, bounds: Bounds, graph: CausalGraph) -> Inequality | None:
    """Return where a factor is positive; None where that cannot be said in short.

    Solved for a variable in which the factor is linear with a slope of known sign: a stock
    before an auxiliary, both before a parameter; otherwise what is added stands against what
    is taken away.
    """
    if sp.count_ops(factor) > LONGEST:
        return None
    choices = []
    for symbol in factor.free_symbols:
        if factor.is_polynomial(symbol) and sp.degree(factor, symbol) == 1:
            slope = sp.diff(factor, symbol)
            sign = bounds.of(slope).sign
            if sign in "+-" and not slope.has(symbol):
                limit = sp.factor_terms(
                    sp.together(-factor.xreplace({symbol: sp.Integer(0)}) / slope)
                )
                relation = ">" if sign == "+" else "<"
                rank = _rank(graph, str(symbol.name))
                choices.append((rank, sp.count_ops(limit), str(symbol), relation, limit))
    if choices:
        _, _, name, relation, limit = min(choices, key=lambda one: one[:3])
        return Inequality(name, relation, text_of(limit))
    terms = sp.Add.make_args(factor)
    taken = [term for term in terms if term.could_extract_minus_sign()]
    added = sp.Add(*(term for term in terms if term not in taken))
    return Inequality(text_of(added), ">", text_of(-sp.Add(*taken)))


def _rank(graph: CausalGraph, name: str) -> int:
    node = graph.nodes.get(name)
    if node is None:
        return 2
    return 0 if node.role in STOCKS else 1


def alternatives(conditions: list[Inequality], rest: str) -> tuple[str, str]:
    """Return where a product of factors is positive and where it is negative, as text.

    Parameters
    ----------
    conditions
        Where each factor is positive.
    rest
        Sign of what else is multiplied.
    """
    even: list[list[Inequality]] = [[]]
    odd: list[list[Inequality]] = []
    for one in conditions:
        even, odd = (
            [[*case, one] for case in even] + [[*case, one.turned] for case in odd],
            [[*case, one.turned] for case in even] + [[*case, one] for case in odd],
        )
    said = tuple(" or ".join(" and ".join(map(str, case)) for case in way) for way in (even, odd))
    return (said[0], said[1]) if rest == "+" else (said[1], said[0])
