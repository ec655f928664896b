"""Bounded nonlinear least squares, from several starts, with the exact Jacobian.

In: a ``Problem``.  Out: the best point found, and where the other starts ended.

References
----------
M. A. Branch, T. F. Coleman and Y. Li (1999), "A subspace, interior, and conjugate gradient method
for large-scale bound-constrained minimization problems", SIAM Journal on Scientific Computing
21(1), 1-23: the trust-region method of ``scipy.optimize.least_squares``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loopscope.analysis.fitting.problem import Computed, Problem

Numbers = NDArray[np.float64]

SAME = 1e-3
"""Two starts ended alike when their sums of squares differ by less than this share."""

AT_BOUND = 1e-3
"""A value nearer to an end of its range than this share of the range lies on it."""

INSIDE = 1e-6
"""Starts are moved this share of the range away from its ends, where the method cannot start."""

MOST_STEPS = 200
"""Evaluations of one descent; one that needs more has not found a minimum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """Where a descent ended.

    Attributes
    ----------
    at
        Values of the unknowns, dims (unknown,).
    squares
        Sum of squared residuals.
    converged
        Whether the method says that it cannot do better nearby.
    """

    at: Numbers
    squares: float
    converged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The best of several descents.

    Attributes
    ----------
    ends
        Sums of squares that the starts led to, best first; infinite where a run failed there.
    """

    best: Minimum
    ends: tuple[float, ...]

    @property
    def agreeing(self) -> int:
        """How many starts led to the best sum of squares."""
        return sum(end <= self.best.squares * (1 + SAME) + 1e-12 for end in self.ends)


def search(
    problem: Problem,
    *,
    starts: int,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> Search:
    """Descend from the values of the case and from points spread over the ranges.

    Parameters
    ----------
    starts
        Number of descents, at least one; the first is from the values of the case.
    seed
        Of the spread points, a Latin hypercube.

    Raises
    ------
    StudyError
        The model has no finite run at any of the starts.
    """
    found = []
    for number, start in enumerate(_starts(problem, starts, seed), start=1):
        if progress is not None:
            progress(f"start {number} of {starts}")
        found.append(descend(problem, start))
    ends = sorted((one for one in found if one is not None), key=lambda one: one.squares)
    if not ends:
        name = problem.case.name
        msg = (
            f"case '{name}': no start gives a finite run; see what fails with 'loopscope run "
            f"MODEL --case {name}'"
        )
        raise StudyError(msg)
    lost = [math.inf] * (len(found) - len(ends))
    return Search(best=ends[0], ends=(*(one.squares for one in ends), *lost))


def _starts(problem: Problem, count: int, seed: int) -> list[Numbers]:
    first = problem.start
    if count == 1:
        return [first]
    random = np.random.default_rng(seed)
    rows = np.argsort(random.random((count - 1, len(first))), axis=0)  # each row of cells once
    spread = (rows + random.random(rows.shape)) / (count - 1)
    low, high = problem.low, problem.high
    wide = np.isfinite(high)
    points = [
        np.where(wide, low + share * (np.where(wide, high, first) - low), first) for share in spread
    ]
    return [first, *points]


def descend(
    problem: Problem, start: Numbers, held: Sequence[int] = (), *, precise: bool = True
) -> Minimum | None:
    """Return the minimum that a start leads to; None where there is no finite run.

    Parameters
    ----------
    start
        Dims (unknown,).
    held
        Places of unknowns that stay where they start.
    precise
        Whether to go on until nothing changes in six digits; otherwise four.
    """
    from scipy.optimize import least_squares

    free = np.array([k for k in range(len(start)) if k not in set(held)], dtype=np.intp)
    memory = _Memory(problem)
    whole = np.array(start, dtype=np.float64)

    def at(part: Numbers) -> Computed:
        point = whole.copy()
        point[free] = part * problem.size[free]
        return memory(point)

    if not memory(whole).good:
        return None
    whole = factored(problem, whole, memory(whole), held)
    if not len(free):
        squares = float(np.sum(memory(whole).residuals() ** 2))
        return Minimum(at=whole, squares=squares, converged=True)
    low, high = problem.low[free], problem.high[free]
    size = problem.size[free]
    room = INSIDE * size
    first = np.clip(whole[free], low + room, high - room)
    exactness = 1e-10 if precise else 1e-6
    found = least_squares(
        lambda part: at(part).residuals(),
        first / size,
        jac=lambda part: at(part).jacobian()[:, free] * size,
        bounds=(low / size, high / size),
        method="trf",
        x_scale="jac",
        ftol=exactness,
        xtol=exactness,
        gtol=1e-10,
        max_nfev=MOST_STEPS,
    )
    point = whole.copy()
    point[free] = np.clip(found.x * size, low, high)
    return Minimum(at=point, squares=float(2.0 * found.cost), converged=bool(found.status > 0))


def factored(
    problem: Problem, at: Numbers, computed: Computed, held: Sequence[int] = ()
) -> Numbers:
    """Return a point with the factors that fit best there: they enter linearly."""
    found = at.copy()
    for one, part, modelled in zip(problem.series, problem.parts, computed.modelled, strict=True):
        if one.factor is None or one.factor in held:
            continue
        model = (modelled / at[one.factor] / one.errors)[part]
        seen = (one.values / one.errors)[part]
        whole = float(model @ model)
        if whole > 0 and (best := float(model @ seen) / whole) > 0:
            found[one.factor] = best
    return found


class _Memory:
    """Keeps the point computed last: residuals and Jacobian are asked for one after the other."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._last: Computed | None = None

    def __call__(self, at: Numbers) -> Computed:
        if self._last is None or not np.array_equal(self._last.at, at):
            self._last = self.problem.computed(at.copy())
        return self._last


def on_bound(problem: Problem, at: Numbers) -> tuple[str, ...]:
    """Return "low", "high" or "" for each unknown: on which end of its range it lies."""
    found = []
    for one, value in zip(problem.unknowns, at.tolist(), strict=True):
        room = AT_BOUND * one.size
        low, high = value - one.low <= room, one.high - value <= room
        found.append("low" if low else "high" if high else "")
    return tuple(found)


def only(problem: Problem, parts: Sequence[NDArray[np.bool_]]) -> Problem:
    """Return the same problem with other points that count."""
    return replace(problem, parts=tuple(parts))
