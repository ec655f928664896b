"""Profile likelihood: how badly the record takes it when one unknown is held elsewhere.

In: a ``Problem``, its minimum and one unknown.  Out: a ``Profile``: the smallest sum of squares for
each value of that unknown, all others refitted, and the 95 % interval.

With normal errors of unknown size the likelihood-ratio statistic of one unknown is (S(value) - S) /
s^2, where S is the least sum of squares and s^2 = S / (n - p); in finite samples it is compared
with the F distribution with 1 and n - p degrees of freedom (Bates and Watts 1988, section 6.1;
Raue et al. 2009 call an unknown whose interval is open *practically non-identifiable*).

References
----------
D. M. Bates and D. G. Watts (1988), Nonlinear Regression Analysis and Its Applications, Wiley.
A. Raue et al. (2009), "Structural and practical identifiability analysis of partially observed
dynamical models by exploiting the profile likelihood", Bioinformatics 25(15), 1923-1929.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.fitting.estimate import descend

if TYPE_CHECKING:
    from loopscope.analysis.fitting.estimate import Minimum
    from loopscope.analysis.fitting.problem import Numbers, Problem

LEVEL = 0.95

BEYOND = 1.6
"""A side ends where the statistic passes this multiple of what the interval allows."""

STEPS = 8
"""Values on each side at the least, if the interval or the range is that wide."""

MOST = 30
"""And at the most."""

FINER = 3
"""Values put in, at the most, where a side passes the limit in too wide a step."""

BETTER = 1e-4
"""Share of the sum of squares by which a profile must undercut the minimum to be a better one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The likelihood of one unknown.

    Attributes
    ----------
    name
        The unknown.
    values
        In its unit, rising.
    statistic
        Likelihood-ratio statistic at each value; 0 at the estimate.
    limit
        What the 95 % interval allows.
    low, high
        Ends of the interval; None where it is open: the range ends before the record objects.
    better
        A point with a smaller sum of squares than the minimum, if the profile came upon one.
    """

    name: str
    values: tuple[float, ...]
    statistic: tuple[float, ...]
    limit: float
    low: float | None
    high: float | None
    better: Minimum | None = None

    @property
    def open(self) -> bool:
        """Whether the record objects to neither end of the range."""
        return self.low is None and self.high is None


def profile(problem: Problem, minimum: Minimum, place: int, error: float) -> Profile:
    """Return the profile of one unknown.

    Parameters
    ----------
    place
        Which unknown.
    error
        Its standard error, in its unit, for the size of the first steps; may be infinite or NaN.
    """
    from scipy.special import fdtri

    unknown = problem.unknowns[place]
    freedom = problem.points - len(problem.unknowns)
    limit = float(fdtri(1.0, freedom, LEVEL))
    variance = minimum.squares / freedom
    centre = float(minimum.at[place])
    high = unknown.high if math.isfinite(unknown.high) else centre + 2 * unknown.size
    step = error / 2 if math.isfinite(error) and error > 0 else unknown.size / STEPS
    step = min(max(step, (high - unknown.low) / 400), (high - unknown.low) / STEPS)
    better: Minimum | None = None
    sides: list[list[tuple[float, float]]] = []
    for sign, end in ((-1.0, unknown.low), (1.0, high)):
        side: list[tuple[float, float]] = []
        at, stride = minimum.at, step
        for _ in range(MOST):
            value = float(at[place]) + sign * stride
            last = (value - end) * sign >= 0
            point = at.copy()
            point[place] = end if last else value
            found = descend(problem, point, (place,), precise=False)
            if found is None:
                break
            statistic = (found.squares - minimum.squares) / max(variance, 1e-300)
            if found.squares < minimum.squares * (1 - BETTER) - 1e-12:
                better = found if better is None or found.squares < better.squares else better
            gain = math.sqrt(max(statistic, 0.0)) - math.sqrt(max(side[-1][1], 0.0) if side else 0)
            side.append((float(point[place]), max(statistic, 0.0)))
            if last or statistic > BEYOND * limit:
                break
            at = found.at
            if gain < 0.2 * math.sqrt(limit):
                stride *= 1.6
        sides.append(_finer(problem, minimum, place, side, limit, variance))
    below, above = sides
    course = [*reversed(below), (centre, 0.0), *above]
    return Profile(
        name=unknown.name,
        values=tuple(value for value, _ in course),
        statistic=tuple(statistic for _, statistic in course),
        limit=limit,
        low=_crossing([(centre, 0.0), *below], limit),
        high=_crossing([(centre, 0.0), *above], limit),
        better=better,
    )


def _finer(
    problem: Problem,
    minimum: Minimum,
    place: int,
    side: list[tuple[float, float]],
    limit: float,
    variance: float,
) -> list[tuple[float, float]]:
    """Return a side with values put in where it passes the limit in too wide a step."""
    centre = (float(minimum.at[place]), 0.0)
    for _ in range(FINER):
        course = [centre, *side]
        passing = next((k for k, (_, s) in enumerate(course) if s > limit), None)
        if passing is None or course[passing][1] - course[passing - 1][1] < limit / 2:
            break
        end = _crossing(course, limit)
        assert end is not None
        point = minimum.at.copy()
        point[place] = end
        found = descend(problem, point, (place,), precise=False)
        if found is None:
            break
        statistic = max((found.squares - minimum.squares) / max(variance, 1e-300), 0.0)
        side = sorted([*side, (end, statistic)], key=lambda one: abs(one[0] - centre[0]))
    return side


def _crossing(course: list[tuple[float, float]], limit: float) -> float | None:
    """Return where a side first passes the limit; None if it does not.

    The root of the statistic is nearly a straight line.
    """
    for (a, below), (b, above) in pairwise(course):
        if above > limit:
            roots = np.sqrt([below, above, limit])
            return float(a + (b - a) * (roots[2] - roots[0]) / (roots[1] - roots[0]))
    return None


def interval(centre: float, error: float, freedom: int) -> tuple[float, float]:
    """Return the 95 % interval of an unknown from its standard error alone."""
    from scipy.special import stdtrit

    half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    return centre - half, centre + half


def most_uncertain(problem: Problem, errors: Numbers, count: int) -> list[int]:
    """Return the places of the unknowns that the record knows least, in widths of their ranges.

    One without a finite error comes first, one on an end of its range last.
    """
    shares = errors / problem.size
    order = np.argsort(-np.where(np.isnan(shares), -1.0, shares), kind="stable")
    return [int(place) for place in order[:count]]
