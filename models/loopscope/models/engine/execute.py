"""Run a plan: spread tiles over threads, then say which runs failed and where.

Stage 5 of 5.  In: a ``Plan``.  Out: a ``Result`` of plain numpy arrays.  A failed run is a status,
never an exception.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.engine.diagnosis import Diagnosis, Failure
from loopscope.models.engine.plan import Plan, launch, processors
from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.models.engine.overrides import Numbers

CHUNKS_PER_THREAD = 8
"""Enough that threads finish together, few enough that calls cost nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was computed.

    Attributes
    ----------
    scenario, case
        Names of what was run; empty for none.
    values
        By output name; dims (time,), or (run, time) for a batch.  NaN from a failure on.
    time
        Saved times, dims (time,).
    failures
        By run number.
    """

    plan: Plan
    method: str
    scenario: str = ""
    case: str = ""
    values: dict[str, Numbers]
    time: Numbers
    failures: dict[int, Failure]


def execute(
    plan: Plan,
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Compute all runs of a plan.

    Parameters
    ----------
    threads
        Threads to use; all processors by default.  Results do not depend on it.
    progress
        Called with (runs done, runs) now and then.

    Raises
    ------
    KeyboardInterrupt
        Passed on as soon as the tiles at work are done.
    """
    runs = plan.runs or 1
    code = plan.kernel()
    out = _room(len(plan.layout.outputs), runs, plan.times.saves)
    failed = np.full(runs, -1, dtype=np.int64)

    def part(span: tuple[int, int]) -> int:
        launch(
            code, plan.layout, plan.times, plan.common, plan.lanes, plan.series, out,
            runs=runs, span=span, seed=plan.seed, pipelines=plan.prepared.pipelines,
            failed=failed,
        )  # fmt: skip
        return span[1] - span[0]

    if runs == 1:
        part((0, 1))
    else:
        _spread(part, runs, plan.layout.tile, threads or processors(), progress)
    failures: dict[int, Failure] = {}
    diagnosis: Diagnosis | None = None
    for run in np.flatnonzero(failed >= 0).tolist():
        diagnosis = diagnosis or Diagnosis(plan)
        failure = diagnosis.find(run, int(failed[run]))
        if failure is not None:
            failures[run] = failure
            gone = plan.times.saved >= failure.time - 1e-9 * plan.times.step
            out[:, run, gone] = np.nan
    return Result(
        plan=plan,
        method=plan.layout.method,
        values=values_of(plan, out),
        time=plan.times.saved,
        failures=failures,
    )


def _room(outputs: int, runs: int, saves: int) -> Numbers:
    try:
        return np.empty((outputs, runs, saves))
    except MemoryError:
        msg = (
            f"{outputs} outputs of {runs} runs at {saves} times need "
            f"{8e-9 * outputs * runs * saves:.0f} GB of memory; ask for fewer outputs or a larger "
            "saveper"
        )
        raise RunError(msg) from None


def _spread(
    part: Callable[[tuple[int, int]], int],
    runs: int,
    tile: int,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    tiles = -(-runs // tile)
    size = max(1, -(-tiles // (threads * CHUNKS_PER_THREAD))) * tile
    spans = [(first, min(first + size, runs)) for first in range(0, runs, size)]
    done = 0
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(part, span) for span in spans]
        try:
            for finished in as_completed(waiting):
                done += finished.result()
                if progress is not None:
                    progress(done, runs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def values_of(plan: Plan, out: Numbers) -> dict[str, Numbers]:
    """Return every output with its dims; inputs are read-only views without copies."""
    overrides, layout = plan.overrides, plan.layout
    shape = out.shape[1:]
    blocks: dict[str, Numbers] = dict(zip(layout.outputs, out, strict=True))
    spread = np.broadcast_to(plan.common[:, None, None], (len(plan.common), *shape))
    constants = dict(zip((*layout.inputs, *layout.starts), spread, strict=False))
    for name, row in zip(layout.series, plan.series, strict=True):
        saved = row[plan.times.save_steps * layout.samples_per_step]
        blocks[name] = np.broadcast_to(saved, shape)
    for name, values in overrides.arrays.items():
        blocks[name] = np.broadcast_to(values[:, None], shape)
    found = {name: blocks[name] if name in blocks else constants[name] for name in plan.outputs}
    return {name: block[0] for name, block in found.items()} if plan.runs is None else found
