"""Run a study: many runs of a model, over uncertain values of its parameters.

Stage 5 of 5: the public function.  In: a study.  Out: an ``xarray.Dataset``, in memory or read from
a store where it is used.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any

from loopscope.analysis.sweeping.filling import fill
from loopscope.analysis.sweeping.job import Job
from loopscope.analysis.sweeping.memory import Memory
from loopscope.analysis.sweeping.outline import made_from, outline_of
from loopscope.analysis.sweeping.store import Store
from loopscope.models.engine.plan import processors
from loopscope.models.engine.request import threads_of
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import xarray as xr

    from loopscope.analysis.progress import Step
    from loopscope.analysis.study.records import Study
    from loopscope.analysis.study.settled import Settled
    from loopscope.analysis.sweeping.scheduler import Recipe
    from loopscope.analysis.sweeping.task import Place
    from loopscope.models.model import Model


def sweep(
    model_or_study: Model | Study | Mapping[str, Any] | str | Path,
    study: Study | Mapping[str, Any] | str | Path | None = None,
    *,
    runs: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    client: Any = None,
    scheduler: str | None = None,
    threads: int | None = None,
    progress: Step | None = None,
) -> xr.Dataset:
    """Run a study.

    Parameters
    ----------
    model_or_study, study
        The study alone, if it names its model or stands beside it; else the model and the study,
        which may then be the name of one that comes with the model.
    runs, seed
        In place of those of the study.
    out
        Folder of a Zarr store, ending in ".zarr", for results; memory by default.
    resume
        Go on with the store where it is there: equal studies only.
    client, scheduler
        A ``distributed.Client``, or the address of a Dask scheduler whose workers compute; the
        threads of this process by default.  Workers need the same version of Loopscope, but not
        the files of model and study.
    threads
        Of this process; all processors by default.
    progress
        Called with (runs done, all runs) now and then.

    Returns
    -------
    xarray.Dataset
        Dims ``run`` (N), ``time``, ``parameter`` (P), ``loop`` (L); a leading ``scenario`` where
        the study has several, all with the same values of the parameters.

        ``inputs``, float64, dims (run, parameter): the values given, with ``unit`` along
        ``parameter``.  Each series, float64 (float32 where the study says so), dims (run, time),
        and each metric, float64, dims (run,), under its name; ``attrs["role"]`` is "series" or
        "metric", ``attrs["units"]`` the unit.  For tracked loops ``relative``, float32, dims
        (run, time, loop): relative loop scores; ``state``, int8, of their partition; ``coverage``,
        float64, dims (run,).

        ``failed_at``, float64, dims (run,): when a run left the finite numbers, NaN where it did
        not; ``failed_in``, int32: in which of ``attrs["variables"]``, -1 for none.  What a failed
        run computes from then on is NaN; the run is counted all the same.  ``statuses`` says it in
        words.

        From a store, values are read when they are used.

    Raises
    ------
    StudyError, ModelError, RunError, LoopError
        The study cannot be run as written; no cluster there; results too large for memory.
    OutputError
        The store cannot be written, or is of another study, model, version or format.
    KeyboardInterrupt
        Ctrl-C; the message says what is kept.

    Notes
    -----
    Takes N runs, O(N) time.  Memory is that of one chunk of runs a thread, at most 64 MB each, and
    of the result where there is no store.  Results do not depend on threads, chunks or cluster, to
    the last bit, on processors of one kind.

    A store can be killed at any moment.  Resumed, it ends in the same bytes as one that was not.

    Examples
    --------
    >>> from loopscope import analysis
    >>> swept = analysis.sweep("migration_policy", {
    ...     "parameters": ["policy adjustment time"], "runs": 8, "stop": 2020,
    ...     "metrics": [{"name": "end", "of": "policy stringency", "metric": "final"}],
    ... })
    >>> swept["end"].dims
    ('run',)
    """
    settled = _settled(model_or_study, study, runs, seed)
    cluster = client is not None or scheduler is not None
    if client is not None and scheduler is not None:
        msg = "give a client or the address of a scheduler, not both"
        raise StudyError(msg)
    if resume and out is None:
        msg = "nothing to resume: name the store with --out (out=)"
        raise StudyError(msg)
    spread = threads_of({"threads": threads}) or processors()
    job = Job(settled)
    outline = outline_of(
        job.template,
        runs=settled.runs,
        scenarios=settled.scenario_names,
        bytes_per_run=job.bytes_per_run,
        attrs=made_from(settled),
    )
    place: Place = Memory(outline) if out is None else Store(out, outline, resume=resume)
    try:
        fill(
            job,
            place,
            threads=spread,
            recipe=_recipe(settled) if cluster else None,
            client=client,
            scheduler=scheduler,
            progress=progress,
        )
    finally:
        place.close()
    return place.dataset()


def _settled(model_or_study: Any, study: Any, runs: int | None, seed: int | None) -> Settled:
    from loopscope.analysis.study.settling import settle

    model, asked = (None, model_or_study) if study is None else (model_or_study, study)
    return settle(model, asked, runs=runs, seed=seed)


def _recipe(settled: Settled) -> Recipe:
    """Return how a worker makes the job; reads the model, so that workers need not."""
    from loopscope.analysis.sweeping.scheduler import Recipe, version_here

    name = hashlib.sha256(f"{settled.model_sha256} {settled.text}".encode()).hexdigest()
    return Recipe(name, partial(Job, settled.portable()), version_here())
