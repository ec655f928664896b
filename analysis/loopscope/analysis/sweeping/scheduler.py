"""Chunks over the workers of a Dask cluster.

Stage 3 of 5.  In: a recipe of a job, a place and the chunks it misses.  Out: the place, filled.
Workers compute and pack; this process writes, so workers need not see the disk.  A job is built
once in each worker process.  A chunk whose worker dies is given to another.
"""

from __future__ import annotations

import contextlib
import logging
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from loopscope.analysis.sweeping.runner import under_way
from loopscope.analysis.sweeping.task import work
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from loopscope.analysis.sweeping.outline import Chunk
    from loopscope.analysis.sweeping.task import Arrays, Computes, Place

ANSWER = 5.0
"""Seconds in which a scheduler must answer, and show a worker."""

ALONE = 30.0
"""Seconds that a sweep waits for workers when all have gone."""

AHEAD = 2
"""Chunks for each thread of the workers, so that none waits for the next."""

KEPT_JOBS = 2
"""Jobs that a worker process keeps."""

_jobs: dict[str, Computes] = {}
_building = Lock()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a job is made in another process.

    Attributes
    ----------
    name
        Differs wherever the job does.
    make
        Makes it; can be pickled.
    version
        Of Loopscope, where the recipe was written.
    """

    name: str
    make: Callable[[], Computes] = field(repr=False)
    version: str


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Give the client of a scheduler, and close it.

    Raises
    ------
    StudyError
        Dask is not installed, or no scheduler answers at the address.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=ANSWER, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        msg = (
            f"no Dask scheduler answers at '{address}' ({type(error).__name__}); start one with "
            "'dask scheduler' and workers with 'dask worker ADDRESS', or leave --scheduler out"
        )
        raise StudyError(msg) from None
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what goes wrong is told in one line, not as a traceback
    try:
        yield client
    finally:
        client.close(timeout=ANSWER)
        log.setLevel(level)


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ModuleNotFoundError:
        msg = 'a sweep on a cluster needs Dask: pip install "loopscope[dask]"'
        raise StudyError(msg) from None


def run_on_workers(
    client: Any,
    recipe: Recipe,
    place: Place,
    chunks: Iterable[Chunk],
    done: Callable[[Chunk], None],
) -> None:
    """Compute chunks on the workers of a cluster, and put them away here.

    Parameters
    ----------
    client
        A ``distributed.Client``.
    done
        Called with each chunk that was put away.

    Raises
    ------
    StudyError
        There is no worker, or none is left; the scheduler has gone; a chunk has killed several
        workers; a worker has another version of Loopscope.
    OutputError
        A chunk cannot be written; those before it are.
    """
    distributed = _distributed()
    _await_workers(client)
    # A task, not data: the scheduler can make it again when the worker that has it dies.
    given = client.submit(_given, recipe, pure=False)

    def begin(chunk: Chunk) -> Any:
        return client.submit(work_there, given, place.pack, chunk, pure=False)

    patience = _Patience(client)
    most = AHEAD * max(1, sum(client.nthreads().values()))
    try:
        for chunk, packed in under_way(chunks, begin, patience.finished, patience.result, most):
            place.put(chunk, packed)
            done(chunk)
    except distributed.scheduler.KilledWorker as error:
        msg = (
            f"{error.allowed_failures + 1} workers died of the same chunk, the last at "
            f"'{error.last_worker.address}'; look at its log: too little memory is the usual reason"
        )
        raise StudyError(msg) from None
    except (CancelledError, distributed.comm.CommClosedError):
        msg = f"the Dask scheduler at '{client.scheduler.address}' has gone"
        raise StudyError(msg) from None


def _await_workers(client: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=ANSWER)
    except TimeoutError:
        msg = (
            f"the Dask scheduler at '{client.scheduler.address}' has no worker; start some with "
            f"'dask worker {client.scheduler.address}'"
        )
        raise StudyError(msg) from None


class _Patience:
    """Waits for futures, as long as there are workers.

    What a worker computed may be lost with it, so taking a result may mean to wait as well.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._distributed = _distributed()
        self._alone_since: float | None = None

    def finished(self, futures: list[Any]) -> Iterable[Any]:
        """Return the futures that are done, one at least."""
        while True:
            try:
                with self._client.as_current():
                    done: set[Any] = self._distributed.wait(
                        futures, timeout=ANSWER, return_when="FIRST_COMPLETED"
                    ).done
            except TimeoutError:
                self._look()
            else:
                return done

    def result(self, future: Any) -> Any:
        """Return what a future holds."""
        while True:
            try:
                return future.result(timeout=ALONE)
            except TimeoutError:
                self._look()

    def _look(self) -> None:
        """Raise if there has been no worker for too long."""
        if self._client.nthreads():
            self._alone_since = None
            return
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        if now - self._alone_since >= ALONE:
            msg = f"all workers of '{self._client.scheduler.address}' have gone; start some again"
            raise StudyError(msg)


def _given(recipe: Recipe) -> Recipe:
    return recipe


def work_there(
    recipe: Recipe, pack: Callable[[Arrays], Mapping[str, Any]], chunk: Chunk
) -> Mapping[str, Any]:
    """Compute a chunk on a worker, with the job that it keeps."""
    return work(_job(recipe), pack, chunk)


def _job(recipe: Recipe) -> Computes:
    """Return the job of a recipe, made once in this process."""
    with _building:
        if recipe.name not in _jobs:
            here = version_here()
            if here != recipe.version:
                msg = (
                    f"a worker has another version of Loopscope: {here} there, {recipe.version} "
                    "here; install the same on all"
                )
                raise StudyError(msg)
            while len(_jobs) >= KEPT_JOBS:
                _jobs.pop(next(iter(_jobs)))
            _jobs[recipe.name] = recipe.make()
            _jobs[recipe.name].warm()  # here, so that threads do not all compile the same
        return _jobs[recipe.name]


def version_here() -> str:
    """Return the version of Loopscope in this process."""
    from importlib.metadata import version

    return version("loopscope")
