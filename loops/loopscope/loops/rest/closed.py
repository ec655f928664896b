"""Solutions of f = 0 in closed form, where polynomials allow it, with bounded effort.

Stage 2 of 4.  In: equations in unknowns.  Out: every solution, or None where there is no closed
form within the budget.  Numbers belong to ``equilibrium``.

Each equation is factored, each factor is a case; an unknown in which an equation is linear is
eliminated; what is left in one unknown is solved up to degree 2.  Nothing is searched for, so the
effort is bounded by the number of cases, and a list that is returned is complete.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sympy as sp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Solution = dict[sp.Symbol, sp.Expr]

MOST_UNKNOWNS = 6
LARGEST = 1500
"""Operations in an expression above which it is left to numeric methods."""

HIGHEST = 30
"""Degree of a polynomial in one unknown up to which its real roots are isolated."""


class NotClosedError(Exception):
    """No closed form within the budget."""


@dataclass
class Budget:
    """What a search for closed forms may spend.

    Attributes
    ----------
    seconds
        Looked at between steps.
    cases
        Number of cases.
    """

    seconds: float = 5.0
    cases: int = 200
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self._until = time.monotonic() + self.seconds

    def spend(self, polynomials: Sequence[sp.Expr]) -> None:
        """Count one case; raise ``NotClosedError`` when it is one too many, or too large."""
        self.cases -= 1
        large = any(sp.count_ops(one) > LARGEST for one in polynomials)
        if self.cases < 0 or large or time.monotonic() > self._until:
            raise NotClosedError


def solve(
    equations: Sequence[sp.Expr],
    unknowns: Sequence[sp.Symbol],
    vanishes: Callable[[sp.Expr], bool],
    *,
    isolate: bool = False,
    budget: Budget | None = None,
) -> list[Solution] | None:
    """Return every solution of a system of polynomial or rational equations.

    Parameters
    ----------
    equations
        Expressions that must be zero.
    unknowns
        What to solve for; an unknown that a solution leaves free is not in it.
    vanishes
        Whether an expression without unknowns is zero at the values that count.
    isolate
        Whether to take the real roots, as numbers, of a polynomial of higher degree in the last
        unknown; its other coefficients must be numbers.

    Returns
    -------
    list of dict or None
        By unknown: its value over parameters and free unknowns.  None where an equation is no
        polynomial, a degree is too high, or the budget is spent.

    Examples
    --------
    >>> x, r = sp.Symbol("x", real=True), sp.Symbol("r", positive=True)
    >>> solve([r - x**2], [x], lambda e: e == 0)
    [{x: sqrt(r)}, {x: -sqrt(r)}]
    """
    if len(unknowns) > MOST_UNKNOWNS:
        return None
    search = _Search(tuple(unknowns), vanishes, isolate, budget or Budget())
    try:
        polynomials = [search.numerator(one) for one in equations]
        found = search.cases(polynomials, {})
    except (NotClosedError, sp.PolynomialError):
        return None
    distinct: list[Solution] = []
    for one in found:
        if one not in distinct:
            distinct.append(one)
    return distinct


class _Search:
    def __init__(
        self,
        unknowns: tuple[sp.Symbol, ...],
        vanishes: Callable[[sp.Expr], bool],
        isolate: bool,
        budget: Budget,
    ) -> None:
        self.unknowns = unknowns
        self.vanishes = vanishes
        self.isolate = isolate
        self.budget = budget

    def numerator(self, expression: sp.Expr) -> sp.Expr:
        """Return what must be zero for an expression to be; refuse what is no polynomial."""
        self.budget.spend([expression])
        top: sp.Expr = sp.expand(sp.fraction(sp.together(exact(expression)))[0])
        if self.inside(top) and not top.is_polynomial(*self.inside(top)):
            raise NotClosedError
        return top

    def inside(self, expression: sp.Expr) -> list[sp.Symbol]:
        """Return the unknowns in an expression."""
        return [one for one in self.unknowns if expression.has(one)]

    def cases(self, polynomials: list[sp.Expr], known: Solution) -> list[Solution]:
        """Return the solutions that agree with what is known already."""
        self.budget.spend(polynomials)
        left = []
        for one in polynomials:
            if self.inside(one):
                left.append(one)
            elif one != 0:
                if self.vanishes(one):
                    raise NotClosedError  # holds at these values only: not the general case
                return []
        if not left:
            return [known]
        left.sort(key=sp.count_ops)
        for number, one in enumerate(left):
            factors = self.factors(one)
            if len(factors) != 1 or factors[0] != one:
                rest = left[:number] + left[number + 1 :]
                return [found for f in factors for found in self.cases([f, *rest], known)]
        return self.eliminated(left, known)

    def factors(self, polynomial: sp.Expr) -> list[sp.Expr]:
        """Return the factors of a polynomial that hold unknowns."""
        _, factors = sp.factor_list(polynomial)
        kept = []
        for factor, _ in factors:
            if self.inside(factor):
                kept.append(sp.expand(factor))
            elif self.vanishes(factor):
                raise NotClosedError
        return kept

    def eliminated(self, left: list[sp.Expr], known: Solution) -> list[Solution]:
        """Return the solutions of polynomials that do not factor."""
        linear = None
        for one in left:
            for unknown in self.inside(one):
                if sp.degree(one, unknown) == 1:
                    slope = one.coeff(unknown, 1)
                    if not self.inside(slope):
                        if self.vanishes(slope):
                            raise NotClosedError
                        return self.put(unknown, -one.coeff(unknown, 0) / slope, left, one, known)
                    linear = linear or (one, unknown, slope)
        for one in left:
            unknowns = self.inside(one)
            if len(unknowns) == 1 and sp.degree(one, unknowns[0]) == 2:
                if self.vanishes(one.coeff(unknowns[0], 2)):
                    raise NotClosedError
                values = quadratic(one, unknowns[0])
                return [
                    found
                    for value in values
                    for found in self.put(unknowns[0], value, left, one, known)
                ]
        if linear is not None:
            one, unknown, slope = linear
            rest = one.coeff(unknown, 0)
            others = [other for other in left if other is not one]
            without = self.cases([slope, rest, *others], known)
            found = self.put(unknown, -rest / slope, left, one, known)
            return without + [one for one in found if not self.zero(slope, one)]
        if self.isolate and len(left) == 1 and len(self.inside(left[0])) == 1:
            return self.isolated(left[0], known)
        raise NotClosedError

    def zero(self, expression: sp.Expr, solution: Solution) -> bool:
        """Return whether an expression vanishes at a solution."""
        value = sp.simplify(expression.xreplace(solution))
        return bool(value == 0) or (not self.inside(value) and self.vanishes(value))

    def put(
        self,
        unknown: sp.Symbol,
        value: sp.Expr,
        left: list[sp.Expr],
        used: sp.Expr,
        known: Solution,
    ) -> list[Solution]:
        """Go on with a value for an unknown."""
        value = sp.cancel(value) if self.inside(value) else value
        rule = {unknown: value}
        rest = [self.numerator(one.xreplace(rule)) for one in left if one is not used]
        return self.cases(rest, {**{u: v.xreplace(rule) for u, v in known.items()}, **rule})

    def isolated(self, polynomial: sp.Expr, known: Solution) -> list[Solution]:
        """Return solutions with the real roots of a polynomial whose coefficients are numbers."""
        unknown = self.inside(polynomial)[0]
        whole = sp.Poly(polynomial, unknown)
        if whole.free_symbols != {unknown} or whole.degree() > HIGHEST:
            raise NotClosedError
        found = []
        for root in dict.fromkeys(whole.real_roots()):
            rule = {unknown: root.evalf(30)}
            found.append({**{u: v.xreplace(rule) for u, v in known.items()}, **rule})
        return found


def quadratic(polynomial: sp.Expr, unknown: sp.Symbol) -> list[sp.Expr]:
    """Return both roots, complex ones included."""
    a, b, c = (polynomial.coeff(unknown, power) for power in (2, 1, 0))
    half = sp.sqrt(sp.factor(b**2 - 4 * a * c))
    values = [(-b + half) / (2 * a), (-b - half) / (2 * a)]
    return [sp.simplify(one) for one in dict.fromkeys(values)]


def exact(expression: sp.Expr) -> sp.Expr:
    """Return an expression with its floats as the fractions they are written as."""
    return expression.xreplace(
        {one: sp.Rational(repr(float(one))) for one in expression.atoms(sp.Float)}
    )
