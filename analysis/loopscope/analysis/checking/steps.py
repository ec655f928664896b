"""How much results depend on the step: half of it, and RK4.

In: the model's own run.  Out: an error for each stock, and findings where it is large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.checking.finding import Finding, Level
from loopscope.analysis.runs import of_result
from loopscope.models.engine.simulate import run
from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from loopscope.analysis.runs import Run
    from loopscope.models.engine.prepared import Prepared

WRONG_STEP = 0.01
"""A step error above this is wrong."""

LARGE_STEP = 0.001
"""A step error above this is worth a remark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepError:
    """How much one stock depends on the step.

    Differences from the model's own run, relative to the largest absolute value of the stock in
    it; dimensionless.  0 for a stock that stays 0; NaN when a run failed.

    Attributes
    ----------
    half_end, half_largest
        With half the step, at the end of the run and where it is largest.
    rk4_end, rk4_largest
        With RK4 at the model's step.
    """

    stock: str
    half_end: float
    half_largest: float
    rk4_end: float
    rk4_largest: float

    @property
    def worst(self) -> float:
        """The largest of the four."""
        return max(self.half_end, self.half_largest, self.rk4_end, self.rk4_largest)


def step_errors(prepared: Prepared, own: Run, step: float) -> tuple[list[StepError], list[Finding]]:
    """Compare the model's own run with half its step, and with RK4."""
    if prepared.draws:
        what = "draws random numbers at each step, so runs with other steps do not compare"
        return [], [Finding(level="remark", check="step", where=prepared.name, what=what)]
    try:
        half = of_result(run(prepared, dt=step / 2, saveper=_between(own)), "half")
    except RunError as error:
        what = f"half the step could not be tried: {error}"
        return [], [Finding(level="remark", check="step", where=prepared.name, what=what)]
    other = of_result(run(prepared, method="RK4"), "RK4")
    errors, findings = [], []
    for stock in own.stocks:
        ends, largest = zip(
            *(_difference(own, against, stock) for against in (half, other)), strict=True
        )
        found = StepError(
            stock=stock,
            half_end=ends[0], half_largest=largest[0], rk4_end=ends[1], rk4_largest=largest[1],
        )  # fmt: skip
        errors.append(found)
        if found.worst > LARGE_STEP:
            level: Level = "wrong" if found.worst > WRONG_STEP else "remark"
            what = f"depends on the step by {100 * found.worst:.2g} % (dt = {step:g})"
            findings.append(Finding(level=level, check="step", where=stock, what=what))
    if prepared.discrete and findings:
        named = ", ".join(f"'{name}' ({what})" for name, what in prepared.discrete.items())
        what = f"jumps between steps: {named}; there a difference need not be an error"
        findings.append(Finding(level="remark", check="step", where=prepared.name, what=what))
    return errors, findings


def _between(own: Run) -> float | None:
    """Return the time between saved points, if there are two."""
    return float(own.time[1] - own.time[0]) if len(own.time) > 1 else None


def _difference(own: Run, other: Run, stock: str) -> tuple[float, float]:
    """Return the relative difference at the end and the largest one."""
    a = own.values[stock]
    b = np.interp(own.time, other.time, other.values[stock])
    size = float(np.max(np.abs(a[np.isfinite(a)]), initial=0.0))
    gap = np.abs(a - b)
    if not size:
        return (0.0, 0.0) if not np.nanmax(gap, initial=0.0) else (math.inf, math.inf)
    return float(gap[-1] / size), float(np.max(gap) / size)
