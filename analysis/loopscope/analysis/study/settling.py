"""Check a study against its model, and leave nothing open.

In: a study, and what the caller wants otherwise.  Out: ``Settled``.  Every mistake in a study ends
here, before anything is run, with a message that says where it stands and what to do.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.study.canonical import text_of
from loopscope.analysis.study.correlating import copula
from loopscope.analysis.study.designs.design import MOST_RUNS, Space
from loopscope.analysis.study.files import find
from loopscope.analysis.study.keeping import every_of, loops_of, metrics_of, named_loops, series_of
from loopscope.analysis.study.settled import Settled
from loopscope.analysis.study.sweepable import swept_of
from loopscope.models.engine.overrides import collect
from loopscope.models.engine.plan import plan
from loopscope.models.engine.request import clock_of, named
from loopscope.models.engine.simulate import method_of, prepared_of
from loopscope.models.errors import LoopscopeError, StudyError
from loopscope.models.source import locate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.analysis.study.files import Found
    from loopscope.analysis.study.records import Study
    from loopscope.analysis.study.sweepable import Sweep
    from loopscope.models.case import Case
    from loopscope.models.engine.clock import Times
    from loopscope.models.engine.layout import Method
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.engine.request import Request
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario


def settle(
    model: Model | str | Path | None,
    study: Study | Mapping[str, Any] | str | Path,
    *,
    runs: int | None = None,
    seed: int | None = None,
) -> Settled:
    """Return a study in which nothing is left open.

    Parameters
    ----------
    model
        None: the one that the study names, or stands beside.
    study
        As ``files.find``.
    runs, seed
        In place of those of the study.

    Raises
    ------
    StudyError, UnknownNameError, RunError
        Anything in the study that the model cannot do, with the nearest that it can.
    ReadError, ModelError
        The study or the model cannot be read.

    Notes
    -----
    Takes milliseconds where a model was seen before and no loops are tracked; else the model is
    read and, for loops without a name, its loops are found.
    """
    found = find(study, model)
    changed = {"runs": runs, "seed": seed}
    record = found.study
    for name, value in changed.items():
        if value is not None:
            record = _with(record, name, value)
    source = _source(model, record, found)
    prepared = prepared_of(source)
    try:
        return _settle(source, prepared, record, found)
    except LoopscopeError as error:
        if str(error).startswith(found.name):
            raise
        raise type(error)(f"{found.name}: {error}") from None  # noqa: EM102


def _with(study: Study, name: str, value: object) -> Study:
    from loopscope.analysis.study.files import checked

    checked({name: value}, name)
    return study.model_copy(update={name: value})


def _source(model: Model | str | Path | None, study: Study, found: Found) -> Model | Path:
    """Return the model of a study: as given, as the study names it, or the one beside it."""
    if model is not None and not isinstance(model, str | Path):
        return model
    if model is None and study.model:
        inside = (found.folder or Path()) / Path(study.model).expanduser()
        model = inside if inside.is_file() else study.model
    if model is None:
        model = found.model
    if model is None:
        msg = f'{found.name}: which model? Add model = "...", a library name or a path'
        raise StudyError(msg)
    return locate(model)[1].absolute()


def _settle(source: Model | Path, prepared: Prepared, study: Study, found: Found) -> Settled:
    case, _ = named(prepared.path, study.case or None, None)
    scenarios = tuple(named(prepared.path, None, name)[1] for name in study.scenarios) or (None,)
    method = _method(prepared, study)
    when = _times(prepared, study, case, scenarios, method)
    folder = str(found.folder or "")
    listed = study.design.columns(folder)
    sweep = swept_of(prepared, study, case, scenarios, listed)
    if study.runs is not None and study.runs > MOST_RUNS:
        msg = f"runs: at most {MOST_RUNS:,}, got {study.runs:,}"
        raise StudyError(msg)
    space = Space(
        names=sweep.names, distributions=sweep.distributions, base=sweep.base,
        limits=sweep.limits, folder=folder,
    )  # fmt: skip
    points = study.design.plan(space, study.runs, study.seed)
    # Where only the start is saved, any longer time between two saved points means the same.
    saveper = when.stop - when.start + when.step
    if when.saves > 1:
        saveper = float(when.saved[1] - when.saved[0])
    every, share_when = every_of(study, when, saveper)
    series = series_of(prepared, study)
    loops = loops_of(source, study)
    metrics = metrics_of(prepared, study, loops, when)
    if not series and not loops and not metrics:
        msg = "nothing is kept of the runs; name variables in 'series', or add [[metrics]]"
        raise StudyError(msg)
    settings = {prepared.find(name).name: value for name, value in study.settings.items()}
    initial = {prepared.find(name).name: value for name, value in study.initial.items()}
    settled = Settled(
        study=study,
        source=source,
        model_name=prepared.name,
        model_sha256=prepared.sha256,
        parameters=sweep.names,
        units=tuple(prepared.variables[name].units for name in sweep.names),
        distributions=sweep.distributions,
        base=sweep.base,
        scenarios=scenarios,
        case=case,
        settings=settings,
        initial=initial,
        method=method,
        start=when.start,
        stop=when.stop,
        dt=when.step,
        saveper=saveper,
        times=when.saved,
        series=series,
        precision=study.precision,
        loops=loops,
        catalogue=named_loops(source) if loops else "",
        every=every,
        share_times=share_when.saved,
        metrics=metrics,
        runs=points.runs,
        seed=study.seed,
        design_info=points.info | _correlated(sweep),
        notes=(*sweep.notes, *_rounded(study, points.runs)),
        text="",
        points=points,
        copula=copula(sweep.ranks, sweep.names),
    )
    return replace(settled, text=text_of(settled))


def _correlated(sweep: Sweep) -> dict[str, Any]:
    """Return what indices must know of correlations; nothing where there are none."""
    pairs = [[sweep.names[a], sweep.names[b], rank] for (a, b), rank in sweep.ranks.items()]
    return {"correlated": pairs} if pairs else {}


def _method(prepared: Prepared, study: Study) -> Method:
    method = method_of(prepared, study.method)
    if method in ("Euler", "RK4"):
        return "RK4" if method == "RK4" else "Euler"
    msg = f"method: a sweep runs in the compiled kernel, which has no '{method}'; use 'RK4'"
    raise StudyError(msg)


def _rounded(study: Study, runs: int) -> tuple[str, ...]:
    if study.runs is None or study.runs == runs:
        return ()
    return (
        f"{study.runs:,} runs were asked for; the design '{study.design.kind}' uses {runs:,} of "
        "them",
    )


def _times(
    prepared: Prepared,
    study: Study,
    case: Case | None,
    scenarios: Sequence[Scenario | None],
    method: Method,
) -> Times:
    """Return the times of every run; whatever else the runs are given is checked on the way.

    Raises
    ------
    StudyError
        Scenarios with different times; a model that changes its step as it goes.
    """
    if prepared.changing_clock:
        msg = f"{prepared.name} changes its step or its end during a run, so it cannot be swept"
        raise StudyError(msg)
    clock: Request = {
        "start": study.start, "stop": study.stop, "dt": study.dt, "saveper": study.saveper,
    }  # fmt: skip
    found: dict[str, Times] = {}
    for one in scenarios:
        overrides = collect(
            prepared, case=case, scenario=one, parameters=study.settings, initial=study.initial
        )
        when = plan(
            prepared, overrides, clock=clock_of(clock, case),
            method=method, outputs=study.series or None, seed=study.seed,
        ).times  # fmt: skip
        found[one.name if one is not None else ""] = when
    first, *others = found.items()
    for name, when in others:
        if not np.array_equal(when.moments, first[1].moments):
            msg = (
                f"scenarios '{first[0]}' and '{name}' run at different times; set start, stop and "
                "dt in the study"
            )
            raise StudyError(msg)
    return first[1]
