"""How far a run is from what was observed.

In: simulated values s and observed values a at the same times.  Out: root mean square error, mean
absolute percentage error, and Theil's decomposition of the mean square error:

    mean (s - a)^2 = (mean s - mean a)^2 + (sd s - sd a)^2 + 2 (sd s * sd a - cov(s, a))

with standard deviations and covariance of the whole population (divisor n).  Each term over the
left side is a share: U_m (bias: the levels differ), U_s (unequal variation: the swings differ in
size) and U_c (unequal covariation: the swings differ point by point).

References
----------
H. Theil (1966), Applied Economic Forecasting, North-Holland.  J. D. Sterman (1984), "Appropriate
summary statistics for evaluating the historical fit of system dynamics models", Dynamica 10(2),
51-66.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loopscope.analysis.observed import in_units_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.runs import Run
    from loopscope.models.case import Observed

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Theil:
    """Shares of the mean square error; they sum to 1, or are all NaN where there is no error."""

    bias: float
    variation: float
    covariation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A run against one observed series.

    Attributes
    ----------
    variable, series
        What was observed, and by whom.
    units
        Unit of the variable and of ``rmse``; a series in a multiple of it is converted.
    points
        How many observations lie within the run; the rest are left out.
    rmse
        Root mean square error.
    mape
        Mean absolute percentage error, in percent; observations of zero are left out.
    theil
        Where the error comes from.
    """

    variable: str
    series: str
    units: str
    points: int
    rmse: float
    mape: float
    theil: Theil


def rmse(simulated: ArrayLike, observed: ArrayLike) -> float:
    """Return the root mean square error, in the unit of the series; NaN without points.

    Examples
    --------
    >>> rmse([1.0, 2.0], [1.0, 4.0])
    1.4142135623730951
    """
    s, a = _pair(simulated, observed)
    return math.sqrt(float(np.mean((s - a) ** 2))) if len(s) else math.nan


def mape(simulated: ArrayLike, observed: ArrayLike) -> float:
    """Return the mean absolute percentage error, in percent.

    Points observed as zero have no percentage and are left out; NaN when none is left.

    Examples
    --------
    >>> mape([110.0, 5.0], [100.0, 0.0])
    10.0
    """
    s, a = _pair(simulated, observed)
    known = a != 0
    return float(100 * np.mean(np.abs((s - a)[known] / a[known]))) if known.any() else math.nan


def theil(simulated: ArrayLike, observed: ArrayLike) -> Theil:
    """Return the shares of the mean square error that the module's formula names.

    A constant series has no covariation, so that its error is bias and variation alone.

    Examples
    --------
    >>> theil([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
    Theil(bias=1.0, variation=0.0, covariation=0.0)
    """
    s, a = _pair(simulated, observed)
    if not len(s):
        return Theil(bias=math.nan, variation=math.nan, covariation=math.nan)
    deviation_s, deviation_a = s - np.mean(s), a - np.mean(a)
    sd_s = math.sqrt(float(np.mean(deviation_s**2)))
    sd_a = math.sqrt(float(np.mean(deviation_a**2)))
    covariance = float(np.mean(deviation_s * deviation_a))
    parts = (
        float(np.mean(s) - np.mean(a)) ** 2,
        (sd_s - sd_a) ** 2,
        max(0.0, 2 * (sd_s * sd_a - covariance)),  # below zero by rounding only
    )
    whole = sum(parts)
    if not whole > 0:
        return Theil(bias=math.nan, variation=math.nan, covariation=math.nan)
    bias, variation, covariation = (part / whole for part in parts)
    return Theil(bias=bias, variation=variation, covariation=covariation)


def _pair(simulated: ArrayLike, observed: ArrayLike) -> tuple[Numbers, Numbers]:
    s = np.asarray(simulated, dtype=np.float64)
    a = np.asarray(observed, dtype=np.float64)
    assert s.ndim == 1
    assert s.shape == a.shape
    return s, a


def fit(run: Run, observed: Observed) -> Fit:
    """Compare a run with an observed series.

    The run is interpolated in a straight line between its saved times.  Observations before its
    start, after its end or after it failed are left out.

    Raises
    ------
    UnknownNameError
        The run has no such variable.
    RunError
        The series is in another unit than the variable, and not in a multiple of it.
    """
    name, observed = _converted(run, observed)
    _, s, a = _beside(run, name, observed)
    return Fit(
        variable=name,
        series=observed.series,
        units=observed.unit,
        points=len(a),
        rmse=rmse(s, a),
        mape=mape(s, a),
        theil=theil(s, a),
    )


def beside(run: Run, observed: Observed) -> tuple[Numbers, Numbers, Numbers]:
    """Return times, simulated and observed values, dims (point,), in the unit of the variable.

    As in ``fit``: interpolated in a straight line, without what lies outside the run.

    Raises
    ------
    UnknownNameError, RunError
        As ``fit``.
    """
    return _beside(run, *_converted(run, observed))


def _converted(run: Run, observed: Observed) -> tuple[str, Observed]:
    name = run.find(observed.variable, "observed variable")
    return name, in_units_of(observed, name, run.units[name])


def _beside(run: Run, name: str, observed: Observed) -> tuple[Numbers, Numbers, Numbers]:
    finite = np.isfinite(run.values[name])
    time, values = run.time[finite], run.values[name][finite]
    times, seen = np.asarray(observed.times), np.asarray(observed.values)
    inside = np.zeros(len(times), dtype=bool)
    if len(time):
        inside = (times >= time[0]) & (times <= time[-1])
    s = np.interp(times[inside], time, values) if inside.any() else np.empty(0)
    return times[inside], s, seen[inside]


def fits(run: Run, observed: Sequence[Observed]) -> list[Fit]:
    """Compare a run with every observed series of a case."""
    return [fit(run, series) for series in observed]
