"""What the record can tell about the unknowns: errors, correlations, and what it cannot tell.

In: a ``Problem`` and its minimum.  Out: standard errors, correlations, and directions in which the
unknowns can move while the fit hardly changes.

The information matrix is J'J / s^2, with J the exact Jacobian of the weighted residuals and s^2 the
sum of squares over the degrees of freedom: the declared errors weigh points against each other, and
their common size is taken from the residuals.  Unknowns are counted in the widths of their ranges,
so that a standard error of 1 means that the record says nothing that the range did not.

References
----------
G. A. F. Seber and C. J. Wild (1989), Nonlinear Regression, Wiley, chapters 2 and 3.  R. J. Brun, P.
Reichert and H. R. Kuensch (2001), "Practical identifiability analysis of large environmental
simulation models", Water Resources Research 37(4), 1015-1030.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.fitting.problem import Problem
    from loopscope.analysis.fitting.profile import Profile

Numbers = NDArray[np.float64]

UNKNOWN = 0.25
"""Standard error, in widths of the range, from which on the record does not identify an unknown or
a combination: the 95 % interval is as wide as the range."""

NOTHING = 1e-9
"""Singular value, as a share of the largest, below which a direction has no effect at all."""

MUCH = 0.2
"""Weight in a direction from which on an unknown is named as part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """A combination of unknowns, and how well the record fixes it.

    Attributes
    ----------
    weights
        Share of each unknown, in widths of its range, dims (unknown,); their squares sum to 1.
    error
        Standard error along it, in widths of the ranges; infinite where it has no effect.
    """

    weights: tuple[float, ...]
    error: float

    @property
    def identified(self) -> bool:
        """Whether the record says more about it than the ranges do."""
        return self.error < UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What a minimum tells about the unknowns.

    Attributes
    ----------
    spread
        Standard deviation s of the weighted residuals: 1 where the declared errors are right.
    errors
        Standard errors in the unit of each unknown, dims (unknown,); infinite where the record
        cannot tell, NaN where the unknown lies on an end of its range and was held there.
    correlation
        Dims (unknown, unknown); NaN beside what has no finite error.
    directions
        Best known first; those on an end of their range have no weight in any.
    echo
        Correlation of neighbouring residuals, over all series; NaN for fewer than three points.
    """

    spread: float
    errors: Numbers
    correlation: Numbers
    directions: tuple[Direction, ...]
    echo: float


def knowledge(problem: Problem, at: Numbers, held: tuple[int, ...] = ()) -> Knowledge:
    """Return what the record tells at a minimum.

    Parameters
    ----------
    held
        Places of unknowns that lie on an end of their range.
    """
    computed = problem.computed(at)
    residuals = computed.residuals()
    count = len(problem.unknowns)
    free = np.array([k for k in range(count) if k not in held], dtype=np.intp)
    freedom = len(residuals) - len(free)
    spread = math.sqrt(float(residuals @ residuals) / freedom) if freedom > 0 else math.nan
    errors = np.full(count, math.nan)
    correlation = np.full((count, count), math.nan)
    directions: list[Direction] = []
    if len(free):
        scaled = computed.jacobian()[:, free] * problem.size[free]
        _, values, rows = np.linalg.svd(scaled, full_matrices=True)
        padded = np.zeros(len(free))
        padded[: len(values)] = values
        dead = padded <= NOTHING * max(float(padded.max()), 1e-300)
        along = np.full(len(free), math.inf)
        along[~dead] = spread / padded[~dead]
        for row, error in zip(rows, along.tolist(), strict=True):
            weights = np.zeros(count)
            weights[free] = row * (1.0 if row[np.argmax(np.abs(row))] > 0 else -1.0)
            directions.append(Direction(weights=tuple(weights.tolist()), error=error))
        touched = (rows[dead] ** 2).sum(axis=0) > MUCH**4
        cut = np.where(dead, 0.0, along)
        covariance = (rows.T * cut**2) @ rows
        sigma = np.sqrt(np.diag(covariance))
        known = np.where(touched, math.inf, sigma)
        errors[free] = known * problem.size[free]
        with np.errstate(divide="ignore", invalid="ignore"):
            found = covariance / np.outer(sigma, sigma)
        found[touched] = found[:, touched] = math.nan
        correlation[np.ix_(free, free)] = found
        np.fill_diagonal(correlation, 1.0)
    return Knowledge(
        spread=spread,
        errors=errors,
        correlation=correlation,
        directions=tuple(directions),
        echo=_echo(problem, residuals),
    )


def _echo(problem: Problem, residuals: Numbers) -> float:
    """Return the correlation of each residual with the one before it in its series."""
    products = squares = 0.0
    first = pairs = 0
    for part in problem.parts:
        rows = residuals[first : first + int(part.sum())]
        first += len(rows)
        products += float(rows[1:] @ rows[:-1])
        squares += 0.5 * float(rows[1:] @ rows[1:] + rows[:-1] @ rows[:-1])
        pairs += max(len(rows) - 1, 0)
    return products / squares if pairs >= 3 and squares > 0 else math.nan


def statements(
    problem: Problem,
    found: Knowledge,
    bounds: tuple[str, ...],
    profiles: Sequence[Profile] = (),
) -> list[str]:
    """Say in sentences what the record cannot identify.

    Parameters
    ----------
    bounds
        For each unknown on which end of its range it lies: "low", "high" or "".
    profiles
        Those that were computed; an open interval is said so.
    """
    names = [one.name for one in problem.unknowns]
    told = []
    for one, end in zip(problem.unknowns, bounds, strict=True):
        if end:
            value = one.low if end == "low" else one.high
            told.append(
                f"'{one.name}' lies on the {end} end of its range ({value:g}): the record asks "
                "for more than the range allows, so its value is the range's, not the record's"
            )
    alone: set[str] = set()
    for direction in found.directions:
        if direction.identified:
            continue
        parts = [
            (name, weight)
            for name, weight in zip(names, direction.weights, strict=True)
            if abs(weight) >= MUCH
        ]
        parts.sort(key=lambda part: -abs(part[1]))
        lead = parts[0][1] if parts else 1.0
        words = [f"'{n}' {'up' if w * lead > 0 else 'down'}" for n, w in parts]
        nothing = math.isinf(direction.error)
        if len(parts) == 1:
            alone.add(parts[0][0])
            told.append(
                f"the record says nothing about '{parts[0][0]}': it has no effect on what was "
                "observed"
                if nothing
                else f"the record does not identify '{parts[0][0]}': its standard error along this "
                f"direction is {direction.error:.2g} of its range"
            )
        else:
            how = "no change at all" if nothing else f"a standard error of {direction.error:.2g}"
            told.append(
                f"the record cannot tell apart {', '.join(words)}: moved together they make "
                + ("no change at all" if nothing else f"hardly a change ({how} of their ranges)")
            )
    wide = [
        one.name
        for one, error in zip(problem.unknowns, found.errors.tolist(), strict=True)
        if one.name not in alone and error / one.size >= UNKNOWN
    ]
    wide += [p.name for p in profiles if p.open and p.name not in (*wide, *alone)]
    if wide:
        told.append(
            "by themselves these are not identified, their 95 % interval is as wide as their "
            "range: " + ", ".join(f"'{name}'" for name in wide)
        )
    for course in profiles:
        if not course.open and None in (course.low, course.high):
            end = "below, down" if course.low is None else "above, up"
            told.append(
                f"the record bounds '{course.name}' on one side only: its 95 % interval is open "
                f"{end} to the end of its range"
            )
    if found.echo > 0.3:
        wider = math.sqrt((1 + found.echo) / (1 - found.echo)) if found.echo < 1 else math.inf
        told.append(
            f"neighbouring residuals hang together (correlation {found.echo:.2f}), so that true "
            f"standard errors are about {wider:.1f} times those given"
        )
    return told
