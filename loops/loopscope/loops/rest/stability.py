"""Whether a small push away from an equilibrium dies out: eigenvalues and Routh-Hurwitz.

Stage 4 of 4.  In: a Jacobian.  Out: a ``Stability``.  Nothing here looks for equilibria.

Eigenvalues that are zero because a total is conserved, or because equilibria form a line, say
nothing about pushes that leave the total, or the line, alone: they are dropped.  What is left is
*undecided* where an eigenvalue has no real part: the linearised model does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import sympy as sp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Verdict = Literal["stable", "unstable", "undecided"]

CLOSE = 1e-9
"""Real parts below this, relative to the size of the Jacobian, are taken for zero."""

WORDS: dict[tuple[str, bool], str] = {
    ("stable", False): "stable node",
    ("stable", True): "stable focus",
    ("unstable", False): "unstable node",
    ("unstable", True): "unstable focus",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """What the linearised model says about one equilibrium.

    Attributes
    ----------
    verdict
        "stable": every push dies out; "unstable": some grow; "undecided": an eigenvalue has no
        real part, so the linearised model does not tell.
    kind
        "stable node", "unstable focus", "saddle", "centre of the linearised model" ...
    eigenvalues
        In 1/time, by falling real part, the upper of a pair first; dropped zeros left out.
    coefficients
        Of the characteristic polynomial without the dropped zeros, highest power first.
    dropped
        Number of zeros dropped.
    """

    verdict: Verdict
    kind: str
    eigenvalues: tuple[complex, ...]
    coefficients: tuple[float, ...]
    dropped: int = 0

    @property
    def routh_hurwitz(self) -> str:
        """The criterion with its numbers, as text; empty above degree 3 or where all was dropped.

        Examples
        --------
        >>> stability(np.array([[0.0, 1.0], [-2.0, -3.0]])).routh_hurwitz
        's^2 + 3 s + 2: a1 = 3 > 0, a2 = 2 > 0'
        """
        return criterion(tuple(f"{one:.6g}" for one in self.coefficients), self.coefficients)


def stability(matrix: Numbers, dropped: int = 0) -> Stability:
    """Return the stability of an equilibrium.

    Parameters
    ----------
    matrix
        The Jacobian, dims (n, n), 1/time; it is balanced here.
    dropped
        Number of eigenvalues, the smallest, that are zero for a known reason.

    Notes
    -----
    O(n**3).

    Examples
    --------
    >>> stability(np.array([[0.0, 1.0], [-4.0, 0.0]])).kind
    'centre of the linearised model'
    """
    from scipy.linalg import matrix_balance

    balanced = matrix_balance(matrix)[0] if len(matrix) else matrix
    size = float(np.linalg.norm(balanced)) or 1.0
    values = np.linalg.eigvals(balanced).astype(complex)
    values = values[np.argsort(np.abs(values), kind="stable")][dropped:]
    # A pair with a tiny real part has it from rounding; so has a real one a tiny imaginary part.
    tiny = CLOSE * size
    real = np.where(np.abs(values.real) <= tiny, 0.0, values.real)
    imaginary = np.where(np.abs(values.imag) <= tiny, 0.0, values.imag)
    values = real + 1j * imaginary
    values = values[np.lexsort((-values.imag, np.abs(values.imag), -values.real))]
    coefficients = np.poly(values).real if len(values) else np.ones(1)
    verdict, kind = _said(values)
    return Stability(
        verdict=verdict,
        kind=kind,
        eigenvalues=tuple(complex(one) for one in values),
        coefficients=tuple(float(one) + 0.0 for one in coefficients),
        dropped=dropped,
    )


def _said(values: NDArray[np.complex128]) -> tuple[Verdict, str]:
    if not len(values):
        return "undecided", "held by its totals alone"
    growing, falling = bool((values.real > 0).any()), bool((values.real < 0).any())
    turning = values.imag != 0
    if growing and falling:
        return "unstable", "saddle focus" if turning.any() else "saddle"
    if (values.real == 0).any():
        if growing:
            return "unstable", "unstable, with eigenvalues that have no real part"
        if (turning & (values.real == 0)).sum() == len(values):
            return "undecided", "centre of the linearised model"
        return "undecided", "degenerate: an eigenvalue has no real part"
    verdict: Verdict = "unstable" if growing else "stable"
    return verdict, WORDS[verdict, bool(turning.any())]


def criterion(shown: tuple[str, ...], values: tuple[float, ...] | None = None) -> str:
    """Return the Routh-Hurwitz criterion for a polynomial of degree 1 to 3, as text.

    Parameters
    ----------
    shown
        Coefficients as text, highest power (1) first.
    values
        Their numbers; None where only the conditions are wanted.

    Returns
    -------
    str
        The polynomial, a colon, and what must be positive for stability.

    References
    ----------
    Gantmacher (1959), *The Theory of Matrices*, vol. 2, chapter XV.
    """
    degree = len(shown) - 1
    if not 1 <= degree <= 3:
        return ""
    names = [f"a{number}" for number in range(1, degree + 1)]
    needed = [(name, text) for name, text in zip(names, shown[1:], strict=True)]
    numbers = None if values is None else list(values[1:])
    if degree == 3:
        first, second, third = shown[1:]
        needed.append(("a1 a2 - a3", f"({first}) ({second}) - ({third})"))
        if values is not None and numbers is not None:
            product = values[1] * values[2] - values[3]
            numbers.append(product)
            needed[-1] = ("a1 a2 - a3", f"{product:.6g}")
    parts = []
    for number, (name, text) in enumerate(needed):
        sign = ">"
        if numbers is not None:
            sign = ">" if numbers[number] > 0 else "=" if numbers[number] == 0 else "<"
        parts.append(f"{name} = {text} {sign} 0" if text != "0" else f"{name} = 0")
    return f"{polynomial(shown)}: {', '.join(parts)}"


def polynomial(shown: tuple[str, ...]) -> str:
    """Return a monic polynomial in s as text, from its coefficients as text.

    Examples
    --------
    >>> polynomial(("1", "3", "-2"))
    's^2 + 3 s - 2'
    """
    degree = len(shown) - 1
    parts = []
    for number, text in enumerate(shown):
        power = degree - number
        place = "" if power == 0 else "s" if power == 1 else f"s^{power}"
        if text == "0":
            continue
        plain = text.lstrip("-")
        compound = any(mark in plain for mark in "+-") and "e" not in plain
        sign = "-" if text.startswith("-") and not compound else "+"
        body = f"({text})" if compound else plain
        if place:
            body = place if body == "1" else f"{body} {place}"
        parts.append(f"{sign} {body}")
    return " ".join(parts).removeprefix("+ ")


def characteristic(matrix: Any, dropped: int = 0) -> tuple[sp.Expr, ...] | None:
    """Return the coefficients of the characteristic polynomial of a symbolic Jacobian.

    Parameters
    ----------
    matrix
        A sympy matrix, n x n.
    dropped
        Number of roots known to be zero.

    Returns
    -------
    tuple of sympy.Expr or None
        Highest power (1) first, without the dropped roots; None where the last ones do not
        vanish as they should, which happens when sympy cannot see that they do.
    """
    coefficients = [sp.factor(one) for one in matrix.charpoly().all_coeffs()]
    kept, rest = coefficients[: len(coefficients) - dropped], coefficients[-dropped:]
    if dropped and any(sp.simplify(one) != 0 for one in rest):
        return None
    return tuple(kept)


def roots(coefficients: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...] | None:
    """Return the roots of a polynomial of degree 1 or 2; None above."""
    if len(coefficients) == 2:
        return (-coefficients[1],)
    if len(coefficients) == 3:
        _, first, second = coefficients
        half = sp.sqrt(sp.factor(first**2 - 4 * second))
        return sp.factor((-first + half) / 2), sp.factor((-first - half) / 2)
    return None


def with_values(
    expressions: tuple[sp.Expr, ...], values: Mapping[sp.Symbol, float]
) -> tuple[complex, ...]:
    """Return expressions as numbers."""
    exact = {symbol: sp.Float(value, 30) for symbol, value in values.items()}
    return tuple(complex(one.xreplace(exact).evalf(15)) for one in expressions)
