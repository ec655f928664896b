"""From a case to a least-squares problem, with every mistake of the caller told.

In: a model, a case, and what shall be free.  Out: a ``Problem``.  Names, units, ranges and starts
are checked here, before anything is fitted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.fitting.estimate import factored
from loopscope.analysis.fitting.problem import Problem, Series, Unknown
from loopscope.analysis.observed import in_units_of
from loopscope.models.errors import StudyError, UnknownNameError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from loopscope.analysis.fitting.problem import Numbers
    from loopscope.models.case import Case, Observed
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.model import Model

RELATIVE = 0.1
"""Standard error of a value, as a share of it, where a series declares none."""

LEAST = 0.01
"""And not less than this share of the largest value of the series."""

Ranges = Mapping[str, tuple[float, float] | None]


def set_up(
    model: Model | str | Path,
    case: str | Case,
    free: Ranges | Iterable[str] | None,
    settings: Mapping[str, Any],
    *,
    starts: int = 1,
) -> Problem:
    """Return the problem of fitting a case; see ``fit`` for what may be wrong with it."""
    from loopscope.analysis.runs import choose_case
    from loopscope.models import load
    from loopscope.models.engine.simulate import prepared_of

    if isinstance(starts, bool) or not isinstance(starts, int) or starts < 1:
        msg = f"starts must be a whole number from 1 on, got {shown(starts)}"
        raise StudyError(msg)
    known = load(model) if not hasattr(model, "sha256") else model
    prepared = prepared_of(known)
    record = choose_case(known, case) if isinstance(case, str) else case
    series = series_of(prepared, record)
    unknowns = unknowns_of(prepared, record, settings, free)
    factors: list[Unknown] = []
    for place, one in enumerate(series):
        if one.observed.scale == "free":
            series[place] = replace(one, factor=len(unknowns) + len(factors))
            factors.append(
                Unknown(
                    name=f"factor of {one.called}", kind="factor", units="dmnl", start=1.0,
                    low=0.0, high=math.inf, why="The series is known up to a constant factor.",
                )
            )  # fmt: skip
    parts = tuple(np.ones(len(one.times), dtype=bool) for one in series)
    problem = Problem(
        model=known,  # type: ignore[arg-type]
        case=record,
        settings=settings,
        unknowns=(*unknowns, *factors),
        series=tuple(series),
        parts=parts,
    )
    if problem.points <= len(problem.unknowns):
        msg = (
            f"case '{record.name}' has {problem.points} observations for "
            f"{len(problem.unknowns)} unknowns; free fewer parameters, or observe more"
        )
        raise StudyError(msg)
    return _with_factors(problem)


def _with_factors(problem: Problem) -> Problem:
    """Return a problem whose factors start where they fit best with the values of the case."""
    if all(one.kind != "factor" for one in problem.unknowns):
        return problem
    computed = problem.computed(problem.start)
    if not computed.good:
        return problem
    start = factored(problem, problem.start, computed).tolist()
    unknowns = [replace(u, start=s) for u, s in zip(problem.unknowns, start, strict=True)]
    return replace(problem, unknowns=tuple(unknowns))


def unknowns_of(
    prepared: Prepared,
    case: Case,
    settings: Mapping[str, Any],
    free: Ranges | Iterable[str] | None,
) -> list[Unknown]:
    """Return what shall be free, each once.

    Raises
    ------
    StudyError
        Nothing is free, or one variable is under two names; as ``unknown_of``.
    """
    declared = {prepared.find(one.name, "constant or stock").name: one for one in case.free}
    if free is None:
        asked: Ranges = dict.fromkeys(declared)
    elif isinstance(free, Mapping):
        asked = free
    else:
        asked = dict.fromkeys([free] if isinstance(free, str) else free)
    if not asked:
        msg = (
            f"case '{case.name}' leaves nothing free; name what the fit may move: "
            "--free 'NAME=LOW:HIGH', or [[case.free]] in the case"
        )
        raise StudyError(msg)
    found: dict[str, Unknown] = {}
    for name, given in asked.items():
        known = declared.get(_authored(prepared, case, name))
        low, high = given if given is not None else (None, None)
        if known is not None and given is None:
            low, high = known.low, known.high
        why = known.why if known is not None else ""
        one = unknown_of(prepared, case, settings, name, low, high, why)
        if one.name in found:
            msg = f"'{one.name}' is free twice; name it once"
            raise StudyError(msg)
        found[one.name] = one
    return list(found.values())


def _authored(prepared: Prepared, case: Case, name: str) -> str:
    try:
        return prepared.find(name, "constant or stock").name
    except UnknownNameError as error:
        msg = f"what is free in case '{case.name}': {error}"
        raise UnknownNameError(msg) from None


def series_of(prepared: Prepared, case: Case) -> list[Series]:
    """Return the series of a case that a fit may use, checked.

    Raises
    ------
    StudyError
        There is none; a standard error that is 0; no point within the run.
    RunError
        A unit that is not that of the variable; a variable that does not exist.
    """
    found = []
    for observed in case.observed:
        if not observed.fit:
            continue
        facts = prepared.find(observed.variable, "observed variable")
        if facts.kind not in ("stock", "flow", "auxiliary"):
            msg = f"'{facts.name}' is a {facts.kind}, which does not move: observe what it acts on"
            raise StudyError(msg)
        series = in_units_of(observed, facts.name, facts.units)
        times, values = np.array(series.times), np.array(series.values)
        inside = (times >= case.start) & (times <= case.stop)
        if not inside.any():
            msg = (
                f"case '{case.name}': all of series '{series.series}' of '{facts.name}' lies "
                f"outside {case.start:g} to {case.stop:g}; change start and stop, or leave it out "
                "with fit = false"
            )
            raise StudyError(msg)
        errors = _errors(series, values, facts.name)
        found.append(
            Series(
                observed=series,
                variable=facts.name,
                units=facts.units,
                times=times[inside],
                values=values[inside],
                errors=errors[inside],
                factor=None,
                left=int((~inside).sum()),
            )
        )
    if not found:
        why = "no observed series" if not case.observed else "only series with fit = false"
        msg = f"case '{case.name}' has {why}, so there is nothing to fit to"
        raise StudyError(msg)
    return found


def _errors(series: Observed, values: Numbers, variable: str) -> Numbers:
    """Return the standard error of each value, dims (point,)."""
    size = np.abs(values)
    if series.error is None:
        errors = np.maximum(RELATIVE * size, LEAST * np.max(size, initial=0.0))
    else:
        relative = (series.error.relative or 0.0) * size
        errors = np.maximum(relative, series.error.absolute or 0.0)
    wrong = np.flatnonzero(errors <= 0)
    if len(wrong):
        msg = (
            f"series '{series.series}' of '{variable}' is 0 at {series.times[int(wrong[0])]:g}, "
            "where a relative error is 0 as well; give it an absolute one: error = { absolute = 1 }"
        )
        raise StudyError(msg)
    return np.asarray(errors)


def unknown_of(
    prepared: Prepared,
    case: Case,
    settings: Mapping[str, Any],
    name: str,
    low: float | None,
    high: float | None,
    why: str,
) -> Unknown:
    """Return a free parameter with its start and its range, checked.

    Raises
    ------
    UnknownNameError
        No such variable.
    StudyError
        Neither a constant nor a stock; held by a time path; no range, an empty one, or one that the
        start lies outside of.
    """
    facts = prepared.variables[_authored(prepared, case, name)]
    if facts.kind not in ("parameter", "stock"):
        msg = f"'{facts.name}' is a {facts.kind}; a fit moves constants, and start values of stocks"
        raise StudyError(msg)
    start = _start_of(prepared, case, settings, facts.name)
    low = facts.low if low is None else low
    high = facts.high if high is None else high
    if low is None or high is None:
        msg = (
            f"'{facts.name}' has no {'lower' if low is None else 'upper'} end of its range in the "
            f"model; give one: --free '{facts.name}=LOW:HIGH', or low and high in the case"
        )
        raise StudyError(msg)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        msg = f"the range of '{facts.name}' must be two rising numbers, got {low:g} to {high:g}"
        raise StudyError(msg)
    if not low <= start <= high:
        msg = (
            f"'{facts.name}' starts at {start:g}, outside its range {low:g} to {high:g}; widen "
            "the range, or set a start inside it"
        )
        raise StudyError(msg)
    kind = "constant" if facts.kind == "parameter" else "start value"
    return Unknown(
        name=facts.name, kind=kind, units=facts.units, start=start, low=low, high=high, why=why
    )


def _start_of(prepared: Prepared, case: Case, settings: Mapping[str, Any], name: str) -> float:
    """Return the value a case gives a constant, or a start value."""
    from loopscope.models.engine.overrides import collect

    overrides = collect(prepared, case=case, parameters=settings)
    if name in overrides.paths:
        msg = (
            f"'{name}' is held by a time path in case '{case.name}', so it cannot be free; free "
            "something else, or set it to a number"
        )
        raise StudyError(msg)
    if name in overrides.numbers:
        if name not in prepared.parameters:
            msg = f"stock '{name}' is held in case '{case.name}', so its start value does not act"
            raise StudyError(msg)
        return overrides.numbers[name]
    if name in prepared.parameters:
        return float(prepared.parameters[name])
    start = overrides.starts.get(name)
    if start is not None:
        return float(start)
    from loopscope.models.engine.simulate import run

    found = run(prepared, case=case, parameters=settings, outputs=[name])
    return float(found.values[name][0])
