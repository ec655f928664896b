"""Look for what would make results wrong.

In: a model.  Out: ``Checked``: how much the step matters, and a list of findings, each wrong or a
remark.  Nothing here says that a model is right; it says that four ways of being wrong were tried:

- the step: Euler or RK4 at the model's dt against half of it, and against RK4;
- ranges: the model's own values, and those of its scenarios and cases, against declared ranges;
- finite numbers, in the model as it stands and in each of its scenarios and cases;
- extremes: each parameter at either end of its declared range, the others as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from loopscope.analysis.runs import Choice, Run, of_result, simulate_one, with_stocks
from loopscope.models.engine.simulate import run
from loopscope.models.errors import RunError
from loopscope.models.scenario import Scenario, cases, scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loopscope.analysis.runs import AnyModel
    from loopscope.models.engine.prepared import Facts, Prepared

WRONG_STEP = 0.01
"""A step error above this is wrong."""

LARGE_STEP = 0.001
"""A step error above this is worth a remark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something the checks found: where, and what."""

    level: Literal["wrong", "remark"]
    check: Literal["step", "range", "finite", "extreme"]
    where: str
    what: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the checks found, and how much was looked at."""

    model: str
    dt: float
    method: str
    steps: tuple[StepError, ...]
    findings: tuple[Finding, ...]
    runs: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; remarks do not count."""
        return all(finding.level != "wrong" for finding in self.findings)


def check(model: AnyModel, *, progress: Callable[[int, int], None] | None = None) -> Checked:
    """Look for what would make a model's results wrong.

    Parameters
    ----------
    model
        A model from ``load``, a library name or a path.
    progress
        Called with (runs done, runs).

    Raises
    ------
    ModelError
        The model cannot be read or run.

    Notes
    -----
    Costs two runs for each parameter with a declared range, one for each scenario and case, and
    three for the step.

    Examples
    --------
    >>> checked = check("migration_policy")
    >>> checked.ok
    True
    """
    prepared = with_stocks(model)
    records: list[Scenario] = [*scenarios(prepared.path).values(), *cases(prepared.path).values()]
    extremes = list(_ends(prepared))
    total = 3 + len(records) + len(extremes)
    done = 0

    def count(by: int = 1) -> None:
        nonlocal done
        done += by
        if progress is not None:
            progress(done, total)

    first = run(prepared)
    dt = first.plan.times.step
    own = of_result(first, prepared.name)
    steps, findings = _step(prepared, own, dt)
    count(3)
    findings += _finite(own, "the model as it stands", "wrong")
    findings += _ranges(prepared, records)
    for record in records:
        findings += _finite(_run_record(prepared, record), f"'{record.name}'", "wrong")
        count()
    for facts, value in extremes:
        findings += _extreme(prepared, own, facts, value)
        count()
    return Checked(
        model=prepared.name,
        dt=dt,
        method=first.method,
        steps=tuple(steps),
        findings=tuple(findings),
        runs=total,
    )


def _run_record(prepared: Prepared, record: Scenario) -> Run:
    """Run a scenario, or a case over its own period."""
    from loopscope.models.scenario import Case

    if isinstance(record, Case):
        return simulate_one(prepared, None, Choice(case=record))
    return simulate_one(prepared, record, Choice())


def _step(prepared: Prepared, own: Run, step: float) -> tuple[list[StepError], list[Finding]]:
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
            level: Literal["wrong", "remark"] = "wrong" if found.worst > WRONG_STEP else "remark"
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


def _finite(found: Run, where: str, level: Literal["wrong", "remark"]) -> list[Finding]:
    if found.failure is None:
        return []
    what = f"'{found.failure.variable}' is not finite at time {found.failure.time:g}"
    return [Finding(level=level, check="finite", where=where, what=what)]


def _outside(facts: Facts, value: float) -> bool:
    below = facts.low is not None and value < facts.low
    return below or (facts.high is not None and value > facts.high)


def _ranges(prepared: Prepared, records: list[Scenario]) -> list[Finding]:
    """Compare values with declared ranges: the model's own are wrong outside, others odd."""
    findings = []

    def note(facts: Facts, value: float, where: str, level: Literal["wrong", "remark"]) -> None:
        if _outside(facts, value):
            low = "-inf" if facts.low is None else f"{facts.low:g}"
            high = "inf" if facts.high is None else f"{facts.high:g}"
            what = f"'{facts.name}' = {value:g} lies outside its range [{low}, {high}]"
            findings.append(Finding(level=level, check="range", where=where, what=what))

    for name, value in prepared.parameters.items():
        if name in prepared.variables:
            note(prepared.variables[name], value, prepared.name, "wrong")
    for record in records:
        for name, setting in record.settings.items():
            try:
                facts = prepared.find(name)
            except RunError as error:
                findings.append(
                    Finding(level="wrong", check="range", where=record.name, what=str(error))
                )
                continue
            for value in _values(setting):
                note(facts, value, record.name, "remark")
    return findings


def _values(setting: Any) -> list[float]:
    """Return the values that a setting takes, without the default it falls back to."""
    if isinstance(setting, int | float):
        return [float(setting)]
    if hasattr(setting, "values"):
        return [min(setting.values), max(setting.values)]
    return [setting.pulse if hasattr(setting, "pulse") else setting.value]


def _ends(prepared: Prepared) -> Iterator[tuple[Facts, float]]:
    """Yield parameters with those ends of their declared ranges that they do not have."""
    clock = set(prepared.clock.values())
    for name, value in prepared.parameters.items():
        facts = prepared.variables.get(name)
        if facts is None or name in clock or name in prepared.structural:
            continue
        for end in (facts.low, facts.high):
            if end is not None and math.isfinite(end) and end != value:
                yield facts, end


def _extreme(prepared: Prepared, own: Run, facts: Facts, value: float) -> list[Finding]:
    """Run a model with one parameter at an end of its range."""
    where = f"{facts.name} = {value:g}"
    found = of_result(run(prepared, parameters={facts.name: value}), where)
    if found.failure is not None:
        what = f"'{found.failure.variable}' is not finite at time {found.failure.time:g}"
        return [Finding(level="wrong", check="extreme", where=where, what=what)]
    turned = [
        name
        for name in own.stocks
        if own.values[name][0] > 0 <= np.min(own.values[name])
        and np.min(found.values[name]) < _below(own, name)
    ]
    return [
        Finding(level="remark", check="extreme", where=where, what=f"'{name}' turns negative")
        for name in turned
    ]


def _below(own: Run, name: str) -> float:
    """Return how far under zero rounding alone may take a stock."""
    return -1e-9 * max(1e-300, float(np.max(np.abs(own.values[name]))))
