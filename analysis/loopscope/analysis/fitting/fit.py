"""Fit a case: estimates, their errors, errors of the series, and what the record cannot tell.

In: a model, a case, and what is free.  Out: a ``Fitted`` record.  This is where the parts of this
folder meet; the command ``loopscope fit`` prints what comes out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loopscope.analysis.fitting.estimate import descend, on_bound, search
from loopscope.analysis.fitting.fitted import Estimate, Fitted, SeriesFit
from loopscope.analysis.fitting.holdout import hold_out
from loopscope.analysis.fitting.identify import knowledge, statements
from loopscope.analysis.fitting.profile import interval, most_uncertain, profile
from loopscope.analysis.fitting.setting_up import set_up
from loopscope.analysis.measures import Fit, mape, rmse, theil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from loopscope.analysis.fitting.estimate import Search
    from loopscope.analysis.fitting.identify import Knowledge
    from loopscope.analysis.fitting.problem import Numbers, Problem, Series
    from loopscope.analysis.fitting.profile import Profile
    from loopscope.models.case import Case
    from loopscope.models.model import Model

STARTS = 8
PROFILES = 3

ROUNDS = 3
"""How often a profile may come upon a better minimum, from which all is done again."""


def fit(
    model: Model | str | Path,
    case: str | Case,
    free: Mapping[str, tuple[float, float] | None] | Iterable[str] | None = None,
    *,
    parameters: Mapping[str, Any] | None = None,
    starts: int = STARTS,
    profiles: int = PROFILES,
    held_out: bool = True,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Fitted:
    """Fit a case to its observed series by least squares.

    Parameters
    ----------
    case
        By name, or as a record.
    free
        Constants, and stocks whose start value is meant, with their ranges (low, high) in the unit
        of the variable; None for the range of the case or of the model.  What the case declares
        (``[[case.free]]``) by default.
    parameters
        Other settings, as in ``simulate``; they replace those of the case.
    starts
        Number of descents: one from the values of the case, the others spread over the ranges.
    profiles
        For how many unknowns, the least known first, the likelihood is profiled.
    held_out
        Whether the first two thirds are fitted by themselves as well.
    seed
        Of the spread starts.
    progress
        Called with what is being done.

    Returns
    -------
    Fitted
        Estimates with errors, errors of each series, profiles, and what cannot be identified.

    Raises
    ------
    UnknownNameError, StudyError, RunError
        A free parameter that does not exist, is held by a path, has no range, or starts outside of
        it; no observed series, or fewer points than unknowns; a series in another unit.

    Notes
    -----
    Each step costs one run and one tangent run for each constant and start value (``sensitivity``).
    A descent takes some tens of steps, a profile some tens of short descents.
    """
    problem = set_up(model, case, free, parameters or {}, starts=starts)
    found = search(problem, starts=starts, seed=seed, progress=progress)
    minimum = found.best
    for _ in range(ROUNDS):
        bounds = on_bound(problem, minimum.at)
        known = knowledge(problem, minimum.at, tuple(k for k, b in enumerate(bounds) if b))
        courses = []
        for place in most_uncertain(problem, known.errors, profiles):
            if progress is not None:
                progress(f"profile of {problem.unknowns[place].name}")
            courses.append(profile(problem, minimum, place, float(known.errors[place])))
        better = min(
            (one.better for one in courses if one.better is not None),
            key=lambda one: one.squares,
            default=None,
        )
        if better is None:
            break
        minimum = descend(problem, better.at) or better
        found = replace(found, best=minimum)
    if progress is not None and held_out:
        progress("last third held out")
    return _record(problem, found, known, bounds, courses, held_out=held_out)


def _record(
    problem: Problem,
    found: Search,
    known: Knowledge,
    bounds: tuple[str, ...],
    courses: Sequence[Profile],
    *,
    held_out: bool,
) -> Fitted:
    minimum = found.best
    freedom = problem.points - sum(not bound for bound in bounds)
    profiled = {one.name: one for one in courses}
    estimates = []
    for place, unknown in enumerate(problem.unknowns):
        value, error = float(minimum.at[place]), float(known.errors[place])
        course = profiled.get(unknown.name)
        if course is not None:
            low, high = course.low, course.high
        elif freedom > 0 and error < float("inf"):
            ends = interval(value, error, freedom)
            low = ends[0] if ends[0] > unknown.low else None
            high = ends[1] if ends[1] < unknown.high else None
        else:
            low = high = None
        estimates.append(
            Estimate(
                unknown=unknown, value=value, error=error, low=low, high=high,
                profiled=course is not None, bound=bounds[place],
            )
        )  # fmt: skip
    return Fitted(
        model=problem.model.name,
        case=problem.case,
        problem=problem,
        estimates=tuple(estimates),
        series=_series(problem, minimum.at),
        squares=minimum.squares,
        points=problem.points,
        spread=known.spread,
        converged=minimum.converged,
        starts=len(found.ends),
        agreeing=found.agreeing,
        correlation=known.correlation,
        directions=known.directions,
        profiles=tuple(courses),
        held_out=hold_out(problem, minimum) if held_out else None,
        cannot=tuple(statements(problem, known, bounds, courses)),
    )


def _series(problem: Problem, at: Numbers) -> tuple[SeriesFit, ...]:
    after, before = problem.computed(at), problem.computed(problem.start)
    return tuple(
        SeriesFit(
            after=_measured(one, after.modelled[place]),
            before=_measured(one, before.modelled[place]),
            factor=1.0 if one.factor is None else float(at[one.factor]),
            left=one.left,
        )
        for place, one in enumerate(problem.series)
    )


def _measured(one: Series, modelled: Numbers) -> Fit:
    return Fit(
        variable=one.variable,
        series=one.observed.series,
        units=one.units,
        points=len(one.times),
        rmse=rmse(modelled, one.values),
        mape=mape(modelled, one.values),
        theil=theil(modelled, one.values),
    )
