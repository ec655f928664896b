"""What the benchmarks share: fair timing and the runs they compare."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MODEL = "migration_policy"
OFF = {"backlog switch": 0.0}
"""Its one part whose loops are left out while it is off; see its ``loops.toml``."""

RUNS = 10_000

OUTPUTS = (
    "irregular migrants",
    "legal migrants",
    "policy stringency",
    "border and interior enforcement",
    "irregular entries",
    "legal admissions",
)
"""Four stocks and two flows."""

VARIED = (
    "network strength",
    "elasticity to income",
    "deterrence by enforcement",
    "share of blocked demand going irregular",
    "response to irregular migration",
    "policy adjustment time",
)
"""Drawn uniformly from the ranges that the model declares."""


@dataclass(frozen=True)
class Timing:
    """CPU seconds (all threads) and elapsed seconds of one call."""

    cpu: float
    wall: float


def timed(call: Callable[[], object]) -> Timing:
    """Measure one call; the result is dropped inside the measured time."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Timing(time.process_time() - cpu, time.perf_counter() - wall)


def alternate(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[Timing]]:
    """Measure several calls in turn, A B C A B C ..., so that a noisy moment hits all alike."""
    found: dict[str, list[Timing]] = {name: [] for name in calls}
    for call in calls.values():
        call()  # caches, allocator, clock frequency
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(timed(call))
    return found


def cpu(timings: Sequence[Timing]) -> float:
    """Return the median of the CPU seconds."""
    return statistics.median(timing.cpu for timing in timings)


def wall(timings: Sequence[Timing]) -> float:
    """Return the median of the elapsed seconds."""
    return statistics.median(timing.wall for timing in timings)


def ratio(slow: Sequence[Timing], fast: Sequence[Timing]) -> float:
    """Return how many times less CPU ``fast`` takes: the median over rounds."""
    return statistics.median(a.cpu / b.cpu for a, b in zip(slow, fast, strict=False))


def samples(runs: int = RUNS) -> dict[str, np.ndarray]:
    """Return one value a run for each varied parameter, uniform in its declared range."""
    from loopscope import models

    model = models.load(MODEL)
    generator = np.random.default_rng(1)
    drawn = {}
    for name in VARIED:
        low, high = model.find(name).limits
        assert low is not None
        assert high is not None
        drawn[name] = generator.uniform(low, high, runs)
    return drawn


def memory_of(call: Callable[[], object]) -> tuple[float, float]:
    """Return megabytes held before a call and at most during it.

    A process started by another one inherits the other's peak in ``getrusage``, so Linux is
    asked for this process's own, counted anew; elsewhere the first figure is the peak so far.
    """
    own = Path("/proc/self/status")
    if own.exists():
        Path("/proc/self/clear_refs").write_text("5")
    before = _peak(own)
    kept = call()
    after = _peak(own)
    del kept
    return before, after


def _peak(own: Path) -> float:
    if own.exists():
        lines = own.read_text().splitlines()
        return float(next(x for x in lines if x.startswith("VmHWM")).split()[1]) * 1024 / 1e6
    kilobytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobytes / 1e6


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> None:
    """Print rows under a head, in columns."""
    text = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in text) for column in range(len(head))]
    for number, row in enumerate(text):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        if number == 0:
            print("  ".join("-" * width for width in widths))


def verdict(value: float, target: float, *, at_most: bool = False) -> str:
    """Return whether a figure meets its target, in words."""
    met = value <= target if at_most else value >= target
    return f"{'at most' if at_most else 'at least'} {target:g}: {'met' if met else 'MISSED'}"
