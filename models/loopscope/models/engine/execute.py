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

    from numpy.typing import NDArray

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
        By place in the batch.
    apart
        What the groups of ``plan.layout.apart`` were; dims (output, run, save).
    """

    plan: Plan
    method: str
    scenario: str = ""
    case: str = ""
    values: dict[str, Numbers]
    time: Numbers
    failures: dict[int, Failure]
    apart: tuple[Numbers, ...] = ()


@dataclass(frozen=True, slots=True)
class Computed:
    """What a kernel left behind.

    Attributes
    ----------
    blocks
        Group by group as ``Layout.groups``, dims (output, run, save).
    failed
        A step by whose end a run had left the finite numbers, -1 for none; dims (run,).
    """

    blocks: tuple[Numbers, ...]
    failed: NDArray[np.int64]


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
    computed = compute(plan, threads=threads, progress=progress)
    failures: dict[int, Failure] = {}
    diagnosis: Diagnosis | None = None
    saves = (plan.times.save_steps, *plan.apart)
    for run in np.flatnonzero(computed.failed >= 0).tolist():
        diagnosis = diagnosis or Diagnosis(plan)
        failure = diagnosis.find(run, int(computed.failed[run]))
        if failure is not None:
            failures[run] = failure
            for block, steps in zip(computed.blocks, saves, strict=True):
                times = plan.times.moments[steps]
                block[:, run, times >= failure.time - 1e-9 * plan.times.step] = np.nan
    return Result(
        plan=plan,
        method=plan.layout.method,
        values=values_of(plan, computed.blocks[0]),
        time=plan.times.saved,
        failures=failures,
        apart=computed.blocks[1:],
    )


def compute(
    plan: Plan,
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Computed:
    """Compute all runs of a plan; what failed is noted, not looked into.

    With one thread, the caller's own is used.
    """
    runs, code = plan.runs or 1, plan.kernel()
    steps = (plan.times.save_steps, *plan.apart)
    blocks = tuple(
        _room(len(outputs), runs, len(saved))
        for outputs, saved in zip(plan.layout.groups, steps, strict=True)
    )
    failed = np.full(runs, -1, dtype=np.int64)

    def part(span: tuple[int, int]) -> int:
        launch(
            code, plan.layout, plan.times, plan.common, plan.lanes, plan.series, blocks[0],
            runs=runs, span=span, seed=plan.seed, origin=plan.origin,
            pipelines=plan.prepared.pipelines, failed=failed,
            apart=[*zip(plan.apart, blocks[1:], strict=True)],
        )  # fmt: skip
        return span[1] - span[0]

    if runs == 1 or (threads == 1 and progress is None):
        part((0, runs))
    else:
        _spread(part, runs, plan.layout.tile, threads or processors(), progress)
    return Computed(blocks, failed)


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
    computed: dict[str, Numbers] = dict(zip(layout.outputs, out, strict=True))
    slots = {name: slot for slot, name in enumerate((*layout.inputs, *layout.starts))}
    series: dict[str, Numbers] = dict(zip(layout.series, plan.series, strict=True))
    steps = plan.times.save_steps * layout.samples_per_step

    def block(name: str) -> Numbers:
        if name in computed:
            return computed[name]
        if name in overrides.arrays:
            values = overrides.arrays[name][:, None]
        elif name in series:
            values = series[name][steps]
        else:
            values = plan.common[slots[name], None]
        return np.broadcast_to(values, out.shape[1:])

    found = {name: block(name) for name in plan.outputs}
    return {name: values[0] for name, values in found.items()} if plan.runs is None else found
