"""Fill a place with the chunks that it misses.

Stage 3 of 5.  In: a job, a place, and where to compute.  Out: the place, filled; or what stopped
it, with how much is kept and how to go on.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from loopscope.analysis.sweeping.runner import run_on_threads
from loopscope.models.errors import LoopscopeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.analysis.progress import Step
    from loopscope.analysis.sweeping.outline import Chunk
    from loopscope.analysis.sweeping.scheduler import Recipe
    from loopscope.analysis.sweeping.task import Computes, Place


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what was kept until then."""


def fill(
    job: Computes,
    place: Place,
    *,
    threads: int,
    recipe: Recipe | None = None,
    client: Any = None,
    scheduler: str | None = None,
    progress: Step | None = None,
) -> None:
    """Compute what a place misses and put it there, on threads or on a cluster.

    Parameters
    ----------
    recipe
        How workers of a cluster make the job.
    client, scheduler
        Of the cluster; this process where both are left out.
    progress
        Called with (runs done, all runs), those of all scenarios together.

    Raises
    ------
    Interrupted
        Ctrl-C was pressed.
    LoopscopeError
        As ``run_on_threads`` and ``run_on_workers``, with what is kept.
    """
    chunks = place.missing(threads)
    total = sum(chunk.runs for chunk in place.outline.chunks())
    here = total - sum(chunk.runs for chunk in chunks)
    if progress is not None:
        progress(here, total)

    def done(chunk: Chunk) -> None:
        nonlocal here
        here += chunk.runs
        if progress is not None:
            progress(here, total)

    try:
        _run(job, place, chunks, threads, recipe, client, scheduler, done)
    except KeyboardInterrupt:
        raise Interrupted("; ".join(filter(None, ("interrupted", place.kept())))) from None
    except LoopscopeError as error:
        if place.kept():
            raise type(error)(f"{error}; {place.kept()}") from None  # noqa: EM102
        raise


def _run(
    job: Computes,
    place: Place,
    chunks: list[Chunk],
    threads: int,
    recipe: Recipe | None,
    client: Any,
    scheduler: str | None,
    done: Callable[[Chunk], None],
) -> None:
    if client is None and scheduler is None:
        for scenario in sorted({chunk.scenario for chunk in chunks}):
            job.warm(scenario)
        run_on_threads(job, place, chunks, threads, done)
        return
    from loopscope.analysis.sweeping.scheduler import connected, run_on_workers

    assert recipe is not None
    if chunks:
        with nullcontext(client) if scheduler is None else connected(scheduler) as cluster:
            run_on_workers(cluster, recipe, place, chunks, done)
