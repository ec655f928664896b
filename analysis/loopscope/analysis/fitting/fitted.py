"""What a fit found: records.

In: nothing.  Out: the records that ``fit`` fills and that tables, files and pictures read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.fitting.holdout import HoldOut
    from loopscope.analysis.fitting.identify import Direction
    from loopscope.analysis.fitting.problem import Problem, Unknown
    from loopscope.analysis.fitting.profile import Profile
    from loopscope.analysis.measures import Fit
    from loopscope.models.case import Case

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One unknown after the fit.

    Attributes
    ----------
    unknown
        What it is, its start and its range.
    value
        The estimate, in its unit.
    error
        Standard error; infinite where the record cannot tell, NaN on an end of the range.
    low, high
        95 % interval: of the profile where there is one (None where open), else from the standard
        error.
    profiled
        Whether the interval is that of a profile.
    bound
        "low" or "high" where the estimate lies on that end of its range, else "".
    """

    unknown: Unknown
    value: float
    error: float
    low: float | None
    high: float | None
    profiled: bool
    bound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFit:
    """One series after the fit.

    Attributes
    ----------
    after, before
        Errors with the estimates, and with the values the case had.
    factor
        What the model was multiplied with; 1 unless the series has a free scale.
    left
        Points outside the run, which no error counts.
    """

    after: Fit
    before: Fit
    factor: float
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A case after its fit.

    Attributes
    ----------
    spread
        Standard deviation of the weighted residuals; 1 where the declared errors are right.
    agreeing, starts
        How many of the starts led to this minimum.
    held_out
        The fit to the first two thirds, or why there is none; None where it was not asked for.
    cannot
        What the record cannot identify, in sentences; empty where it identifies everything.
    """

    model: str
    case: Case
    problem: Problem
    estimates: tuple[Estimate, ...]
    series: tuple[SeriesFit, ...]
    squares: float
    points: int
    spread: float
    converged: bool
    starts: int
    agreeing: int
    correlation: Numbers
    directions: tuple[Direction, ...]
    profiles: tuple[Profile, ...]
    held_out: HoldOut | str | None
    cannot: tuple[str, ...]

    @property
    def at(self) -> Numbers:
        """Values of the unknowns, dims (unknown,)."""
        return np.array([one.value for one in self.estimates])
