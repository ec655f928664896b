"""The value of a measure, and whether an expectation is met.

In: expectations and the setups of the runs they name.  Out: ``Figure``: what was measured beside
what was asked.  A run that failed gives NaN, which meets no condition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.analysis.reality import taking
from loopscope.analysis.tables import moment, number
from loopscope.models.errors import RunError, UnknownNameError, did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loopscope.analysis.reality.bench import Batch, Bench
    from loopscope.models.case import Case, Observed
    from loopscope.models.expectation import Condition, Expectation, Measure
    from loopscope.models.setup import Setup

Numbers = NDArray[np.float64]

BASE = "base"
"""What a scenario extends, or else the model as it stands, as a name of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured.

    Attributes
    ----------
    says
        What it is about, in words.
    asked
        What it had to be.
    low, high
        What was found: lowest and highest over runs and times; equal where it is one number, NaN
        where there is none.
    unit
        Empty where it is not the unit of a variable.
    met
        Whether what was found is what was asked.
    where
        The run, or the variable, that is furthest from what was asked; empty where there is one.
    failed
        A run left the finite numbers.
    """

    says: str
    asked: str
    low: float
    high: float
    unit: str = ""
    met: bool
    where: str = ""
    failed: bool = False

    @property
    def shown(self) -> str:
        """What was measured, as text: a number, or the lowest and highest of several.

        Examples
        --------
        >>> Figure(says="", asked="", low=-14.4753, high=-14.4753, unit="%", met=True).shown
        '-14.48 %'
        """
        if math.isnan(self.low) and math.isnan(self.high):
            return "none"
        show = moment if not self.unit and 1000 <= abs(self.high) < 10000 else number
        text = show(self.low)
        if self.high != self.low:
            text += f" to {show(self.high)}"
        unit = "" if self.unit == "dmnl" else self.unit
        return f"{text} {unit}".rstrip()


def figure(
    says: str, condition: Condition, low: float, high: float, *, unit: str = "", where: str = ""
) -> Figure:
    """Return a figure that a condition judges."""
    return Figure(
        says=says,
        asked=condition.asked,
        low=low,
        high=high,
        unit=unit,
        met=condition.met(low, high),
        where=where,
    )


def judge(
    bench: Bench, expected: Iterable[Expectation], setups: Mapping[str, Setup]
) -> list[Figure]:
    """Evaluate expectations about runs by name.

    Parameters
    ----------
    setups
        By the name under which expectations speak of them; "" is meant where they name none.

    Raises
    ------
    LoopscopeError
        A variable, run, scenario or case that does not exist, a time outside the run, or settings
        that cannot be used.
    """
    expected = list(expected)
    needs = [name for one in expected for name in bench.formula(one.of).needs]
    return [_judged(bench, one, setups, needs) for one in expected]


def _judged(
    bench: Bench, one: Expectation, setups: Mapping[str, Setup], needs: list[str]
) -> Figure:
    low, high, failure = measured(bench, one, setups, needs)
    unit = _unit(bench, one)
    where = failure or (f"{len(low)} runs" if len(low) > 1 else "")
    found = figure(one.says, one, lowest(low), highest(high), unit=unit, where=where)
    return replace(found, failed=bool(failure), met=found.met and not failure)


def _unit(bench: Bench, measure: Measure) -> str:
    """Return the unit of a measure, where it has one that can be named."""
    if measure.taken in ("period", "half time") and not measure.compares:
        return bench.prepared.clock["units"]
    if measure.taken in _WITHOUT_UNIT:
        return ""
    if not measure.compares or measure.comparison == "difference":
        return bench.formula(measure.of).unit
    return "%" if measure.comparison == "percent change" else ""


_WITHOUT_UNIT = ("peaks", "total", "time of min", "time of max", "first above", "first below")
"""Counts, moments, and areas, whose unit is a product."""


def lowest(values: Numbers) -> float:
    """Return the smallest of some numbers; NaN if one of them is."""
    return float(np.min(values)) if len(values) else math.nan


def highest(values: Numbers) -> float:
    """Return the largest of some numbers; NaN if one of them is."""
    return float(np.max(values)) if len(values) else math.nan


def measured(
    bench: Bench, measure: Measure, setups: Mapping[str, Setup], needs: Iterable[str] = ()
) -> tuple[Numbers, Numbers, str]:
    """Return the value of a measure: lowest and highest, dims (run,); and what failed."""
    formula = bench.formula(measure.of)
    wanted = {*formula.needs, *needs}
    setup = _named(measure.run, setups)
    batch = bench.simulate(setup, wanted)
    series = batch.along(formula)
    if measure.taken == "rmse":
        low = _misfit(bench, measure, setup, batch)
        return low, low, batch.failure
    if measure.since is not None:
        before = taking.at(series, batch.time, measure.since)[:, None]
        low, high = taking.take(measure, compared(measure, series, before), batch.time)
        return low, high, batch.failure
    if not measure.against:
        low, high = taking.take(measure, series, batch.time)
        return low, high, batch.failure
    other = bench.simulate(_against(bench, measure, setup, setups), wanted)
    beside = other.along(formula)
    same_size(batch, other)
    failure = batch.failure or other.failure
    if measure.taken in taking.NUMBERWISE:
        here, _ = taking.take(measure, series, batch.time)
        there, _ = taking.take(measure, beside, other.time)
        found = compared(measure, here, there)
        return found, found, failure
    if len(other.time) != len(batch.time) or not np.allclose(other.time, batch.time):
        beside = np.stack([taking.at(beside, other.time, when) for when in batch.time], axis=1)
    low, high = taking.take(measure, compared(measure, series, beside), batch.time)
    return low, high, failure


def same_size(one: Batch, other: Batch) -> None:
    """Refuse to compare batches of different sizes, unless one of them is a single run.

    Raises
    ------
    RunError
        Both have several runs, and not as many.
    """
    sizes = [len(next(iter(batch.values.values()))) for batch in (one, other)]
    if sizes[0] != sizes[1] and 1 not in sizes:
        msg = (
            f"{sizes[0]} runs cannot be compared with {sizes[1]}; give both the same 'vary', under "
            "'run' say"
        )
        raise RunError(msg)


def compared(measure: Measure, here: Numbers, there: Numbers) -> Numbers:
    """Compare two series or two numbers as a measure says."""
    with np.errstate(all="ignore"):
        if measure.comparison == "difference":
            return np.asarray(here - there)
        if measure.comparison == "ratio":
            return np.asarray(here / there)
        return np.asarray(100.0 * (here / there - 1.0))


def _named(name: str, setups: Mapping[str, Setup]) -> Setup:
    for known, setup in setups.items():
        if key(known) == key(name):
            return setup
    named = [known for known in setups if known]
    hint = did_you_mean(name, named) or f"; there are: {', '.join(named) or 'none'}"
    msg = f"no run named '{name}'{hint}"
    raise UnknownNameError(msg)


def _against(bench: Bench, measure: Measure, setup: Setup, setups: Mapping[str, Setup]) -> Setup:
    """Return the setup of the run that a measure compares with."""
    name = measure.against
    if any(key(known) == key(name) for known in setups if known):
        return _named(name, setups)
    if key(name) == BASE:
        chosen = next(
            (one for one in bench.scenarios.values() if key(one.name) == key(setup.scenario)), None
        )
        return setup.model_copy(update={"scenario": chosen.extends if chosen else ""})
    if any(key(known) == key(name) for known in bench.scenarios):
        return setup.model_copy(update={"scenario": name})
    known = [*(name for name in setups if name), *bench.scenarios]
    hint = did_you_mean(name, known) or f"; '{BASE}' is what a scenario is compared with"
    msg = f"no run or scenario named '{name}' to compare with{hint}"
    raise UnknownNameError(msg)


def _misfit(bench: Bench, measure: Measure, setup: Setup, batch: Batch) -> Numbers:
    """Return the root mean square distance from what was observed, dims (run,)."""
    case = next((one for one in bench.cases.values() if key(one.name) == key(setup.case)), None)
    if case is None:
        msg = "'rmse' compares with what was observed in a case; the run names none"
        raise RunError(msg)
    formula = bench.formula(measure.of)
    gaps = []
    for chosen in _observed(measure, case, bench):
        for when, value in zip(chosen.times, chosen.values, strict=True):
            if batch.time[0] <= when <= batch.time[-1]:
                gaps.append(taking.at(batch.along(formula), batch.time, when) - value)
    if not gaps:
        msg = f"'{case.name}' has no observation of '{measure.of}' in the time of the run"
        raise RunError(msg)
    return np.asarray(np.sqrt(np.mean(np.square(gaps), axis=0)))


def _observed(measure: Measure, case: Case, bench: Bench) -> list[Observed]:
    found = [
        series
        for series in case.observed
        if bench.prepared.find(series.variable).name in bench.formula(measure.of).needs
    ]
    for name in measure.series:
        if not any(key(series.series) == key(name) for series in found):
            hint = did_you_mean(name, [series.series for series in found])
            msg = f"'{case.name}' has no series '{name}' of '{measure.of}'{hint}"
            raise UnknownNameError(msg)
    wanted = {key(name) for name in measure.series}
    return [series for series in found if not wanted or key(series.series) in wanted]
