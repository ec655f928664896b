"""A case as a least-squares problem: what may move, what was observed, residuals, exact Jacobian.

In: a model, a case and what is free.  Out: a ``Problem`` that gives weighted residuals and their
derivatives for any values of the free parameters.  ``setting_up`` makes it.

A residual is (factor * model - observed) / standard error.  The factor is 1, or one more unknown
for a series that is known only up to a constant factor.  Between saved times the model is taken to
be a straight line, as everywhere in this room.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.models.sensitivity import Sensitivities, slopes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.models.case import Case, Observed
    from loopscope.models.model import Model

Numbers = NDArray[np.float64]

FAR = 1e6
"""Residual that stands for a run without a value: so bad that no step goes there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What a fit moves.

    Attributes
    ----------
    name
        Authored name of a constant or a stock; for a factor, the variable and its series.
    kind
        "constant", "start value" or "factor".
    start, low, high
        Where the case has it, and the range it must stay in.  A factor starts where it fits best
        with the other starts; its ``high`` is infinite.
    why
        As the case says it.
    """

    name: str
    kind: str
    units: str
    start: float
    low: float
    high: float
    why: str = ""

    @property
    def size(self) -> float:
        """What counts as a large change: the width of the range, the start of a factor."""
        return self.high - self.low if math.isfinite(self.high) else abs(self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One observed series as far as a fit uses it.

    Attributes
    ----------
    observed
        In the unit of the variable.
    variable
        Authored name.
    times, values, errors
        Dims (point,): those within the run; ``errors`` are standard errors.
    factor
        Place of its factor among the unknowns; None where the factor is 1.
    left
        How many points lie outside the run.
    """

    observed: Observed
    variable: str
    units: str
    times: Numbers
    values: Numbers
    errors: Numbers
    factor: int | None
    left: int

    @property
    def called(self) -> str:
        """The series in words."""
        return f"{self.variable} ({self.observed.series})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A case with unknowns; ``parts`` says which points count.

    Attributes
    ----------
    parts
        For each series the points that count, dims (point,) of bool.
    """

    model: Model
    case: Case
    settings: Mapping[str, Any]
    unknowns: tuple[Unknown, ...]
    series: tuple[Series, ...]
    parts: tuple[NDArray[np.bool_], ...]

    @property
    def points(self) -> int:
        """How many observations count."""
        return int(sum(part.sum() for part in self.parts))

    @property
    def low(self) -> Numbers:
        """Lower ends of the ranges, dims (unknown,)."""
        return np.array([one.low for one in self.unknowns])

    @property
    def high(self) -> Numbers:
        """Upper ends of the ranges, dims (unknown,)."""
        return np.array([one.high for one in self.unknowns])

    @property
    def start(self) -> Numbers:
        """Where the case has them, dims (unknown,)."""
        return np.array([one.start for one in self.unknowns])

    @property
    def size(self) -> Numbers:
        """What counts as a large change of each, dims (unknown,)."""
        return np.array([one.size for one in self.unknowns])

    def computed(self, at: Numbers) -> Computed:
        """Run the model and its derivatives at some values of the unknowns, dims (unknown,)."""
        moved = [one for one in self.unknowns if one.kind != "factor"]
        values = dict(zip((one.name for one in moved), at.tolist(), strict=False))
        starts = {one.name: values[one.name] for one in moved if one.kind == "start value"}
        constants = {name: value for name, value in values.items() if name not in starts}
        found = slopes_of(
            self.model,
            list(dict.fromkeys(one.variable for one in self.series)),
            [one.name for one in moved],
            case=self.case,
            parameters={**self.settings, **constants},
            initial=starts,
            threads=1,
        )
        return Computed(self, at, found)


class Computed:
    """A problem at one point: values of the model at the times observed, and their derivatives.

    Attributes
    ----------
    modelled
        For each series, at all of its times, factor included, dims (point,).
    slopes
        Likewise, dims (point, unknown).
    time, course
        Saved times and, for each series, the run at them, factor included.
    """

    def __init__(self, problem: Problem, at: Numbers, found: Sensitivities) -> None:
        self.problem = problem
        self.at = at
        self.status = found.status[0]
        self.time = found.time
        self.modelled: list[Numbers] = []
        self.course: list[Numbers] = []
        self.slopes: list[Numbers] = []
        moved = len(found.by)
        for one in problem.series:
            row = found.outputs.index(one.variable)
            course = found.values[row, 0]
            values = np.interp(one.times, found.time, course)
            slopes = np.zeros((len(one.times), len(problem.unknowns)))
            for column, slope in enumerate(found.slopes[row, 0]):
                slopes[:, column] = np.interp(one.times, found.time, slope)
            if one.factor is not None:
                slopes[:, :moved] *= at[one.factor]
                slopes[:, one.factor] = values
                values = values * at[one.factor]
                course = course * at[one.factor]
            self.modelled.append(values)
            self.course.append(course)
            self.slopes.append(slopes)
        # One look for all: a run that left the finite numbers has no residual.
        self.good = all(np.isfinite(v).all() for v in (*self.modelled, *self.slopes))

    def residuals(self) -> Numbers:
        """Return (model - observed) / standard error of all points that count, dims (point,)."""
        if not self.good:
            return np.full(self.problem.points, FAR)
        rows = [
            ((modelled - one.values) / one.errors)[part]
            for one, part, modelled in self._rows(self.modelled)
        ]
        return np.concatenate(rows)

    def jacobian(self) -> Numbers:
        """Return the derivatives of the residuals, dims (point, unknown)."""
        if not self.good:
            return np.zeros((self.problem.points, len(self.problem.unknowns)))
        rows = [(s / one.errors[:, None])[part] for one, part, s in self._rows(self.slopes)]
        return np.concatenate(rows)

    def _rows(self, blocks: list[Numbers]) -> Any:
        return zip(self.problem.series, self.problem.parts, blocks, strict=True)
