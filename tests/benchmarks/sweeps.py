"""Sweeps: what sampling, reducing and storing cost beside the kernel that computes the runs.

All on the migration model, every parameter drawn from its declared distribution:

- metrics: runs reduced to eight metrics, in memory, two threads, against the kernel alone (the same
  compiled function, called for the same runs, nothing drawn, reduced or kept); peak memory of a
  process that does nothing else;
- series: twelve yearly series to a Zarr store, against the kernel alone;
- shares: the same sweep with relative scores of all named loops and coverage of each run, at 101
  times, against the sweep without, one thread, CPU; and against pysimlin with loops on;
- scaling: what each further run costs, for ever more runs;
- dask: two worker processes of one thread against one, whole sweeps.

Elapsed seconds where threads or processes share the work, of the quietest round.

Run alone: ``python tests/benchmarks/sweeps.py [--parts NAME ...] [--runs N] [--rounds N]``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.analysis.sweeping.job import Job

PARTS = ("metrics", "series", "shares", "scaling", "dask")
METRICS = [
    {"name": "stringency at the end", "of": "policy stringency", "metric": "final"},
    {"name": "most stringent", "of": "policy stringency", "metric": "max"},
    {"name": "when most stringent", "of": "policy stringency", "metric": "time of max"},
    {"name": "mean stringency", "of": "policy stringency", "metric": "mean"},
    {"name": "period", "of": "policy stringency", "metric": "period"},
    {"name": "irregular at the end", "of": "irregular migrants", "metric": "final"},
    {"name": "peak irregular", "of": "irregular migrants", "metric": "max"},
    {"name": "half a million", "of": "irregular migrants", "metric": "crossing", "level": 5e5},
]
SERIES = [
    *measure.OUTPUTS,
    "natives",
    "second generation",
    "employer lobby",
    "diaspora influence",
    "document security",
    "forgery capability",
]
CHUNK = 2048
SIMLIN_RUNS = 3
SCALES = (1_000, 10_000, 100_000, 1_000_000)


def study(runs: int, **what: Any) -> dict[str, Any]:
    """Return a study of all parameters."""
    return {"model": measure.MODEL, "parameters": "all", "runs": runs, "seed": 1, **what}


def job_of(asked: dict[str, Any]) -> Job:
    """Return the job of a study, its kernel compiled."""
    from loopscope.analysis.study.settling import settle
    from loopscope.analysis.sweeping.job import Job

    job = Job(settle(None, asked))
    job.warm()
    return job


def kernel_alone(asked: dict[str, Any], threads: int) -> Callable[[], None]:
    """Return a call of the compiled function of a sweep for as many runs, on as many threads."""
    from concurrent.futures import ThreadPoolExecutor

    from loopscope.models.engine.execute import compute

    job, runs = job_of(asked), asked["runs"]
    inputs = job.settled.rows(0, min(CHUNK, runs))
    laid_out = job._plan(inputs, 0, 0)

    def call() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: compute(laid_out, threads=1), range(-(-runs // len(inputs)))))

    return call


def swept(asked: dict[str, Any], threads: int, *, stored: bool = False) -> Callable[[], object]:
    """Return a call that sweeps a study, in memory or into a new store."""
    from loopscope import analysis

    def call() -> object:
        if not stored:
            return analysis.sweep(asked, threads=threads)
        with tempfile.TemporaryDirectory() as folder:
            return analysis.sweep(asked, threads=threads, out=Path(folder) / "s.zarr") and None

    return call


def quietest(timings: list[measure.Timing]) -> float:
    """Return the least elapsed seconds."""
    return min(one.wall for one in timings)


def beside_kernel(
    name: str, asked: dict[str, Any], target: float, rounds: int, *, stored: bool
) -> tuple[str, ...]:
    """Return the row of one sweep on two threads against the kernel alone."""
    found = measure.alternate(
        {"kernel": kernel_alone(asked, 2), "sweep": swept(asked, 2, stored=stored)}, rounds
    )
    kernel, sweep = quietest(found["kernel"]), quietest(found["sweep"])
    return (
        f"{name}, {asked['runs']:,} runs",
        f"{asked['runs'] / kernel:,.0f} runs/s",
        f"{asked['runs'] / sweep:,.0f} runs/s",
        f"{sweep / kernel:.2f}",
        measure.verdict(sweep / kernel, target, at_most=True),
    )


def metrics(runs: int, rounds: int) -> list[tuple[str, ...]]:
    """Measure a sweep to metrics, and its memory."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import measure, sweeps\n"
        "asked = sweeps.study(int(sys.argv[2]), metrics=sweeps.METRICS)\n"
        "print(*measure.memory_of(sweeps.swept(asked, 2, stored=True)))"
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parent), str(runs)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    peak = float(answer.stdout.split()[1])
    return [
        beside_kernel("metrics", study(runs, metrics=METRICS), 1.3, rounds, stored=False),
        (
            f"memory, {runs:,} runs to a store",
            "",
            "",
            f"{peak:,.0f} MB",
            measure.verdict(peak, 1000, at_most=True),
        ),
    ]


def series(runs: int, rounds: int) -> list[tuple[str, ...]]:
    """Measure a sweep of twelve yearly series into a store."""
    asked = study(runs, series=SERIES, saveper=1.0)
    return [beside_kernel("12 yearly series to Zarr", asked, 2.0, rounds, stored=True)]


def shares(runs: int, rounds: int) -> list[tuple[str, ...]]:
    """Measure loop shares of all named loops: against the sweep without, and pysimlin."""
    plain = study(runs, series=list(measure.OUTPUTS))
    looped = study(runs, series=list(measure.OUTPUTS), loops={"track": "named"})
    calls = {"plain": swept(plain, 1), "shares": swept(looped, 1)}
    found = measure.alternate(calls, rounds)
    times = measure.ratio(found["shares"], found["plain"])
    each = measure.cpu(found["shares"]) / runs
    peer = _pysimlin() / each
    return [
        (
            f"shares of all named loops, {runs:,} runs",
            f"{1e3 * measure.cpu(found['plain']) / runs:.3f} ms a run",
            f"{1e3 * each:.3f} ms a run",
            f"{times:.2f}",
            measure.verdict(times, 4.0, at_most=True),
        ),
        (
            "the same against pysimlin with loops",
            f"{1e3 * peer * each:,.0f} ms a run",
            f"{1e3 * each:.3f} ms a run",
            f"{peer:,.0f}",
            measure.verdict(peer, 100),
        ),
    ]


def _pysimlin() -> float:
    """Return CPU seconds of one run with loop scores."""
    import simlin

    from loopscope.models.engine.prepared import of_file

    model = simlin.load(of_file(measure.MODEL).path)
    model.simulate(enable_ltm=True)
    start = time.process_time()
    for _ in range(SIMLIN_RUNS):
        model.simulate(enable_ltm=True).run_to_end()
    return (time.process_time() - start) / SIMLIN_RUNS


def scaling(most: int) -> list[tuple[str, ...]]:
    """Measure what each further run costs, to metrics in a store, beyond what a sweep sets up."""
    rows: list[tuple[str, ...]] = []
    before, first = (0, 0.0), None
    for runs in (one for one in SCALES if one <= most):
        call = swept(study(runs, metrics=METRICS), 2, stored=True)
        if not rows:
            call()
        wall = min(measure.timed(call).wall for _ in range(3 if runs <= 10_000 else 1))
        further = (wall - before[1]) / (runs - before[0])
        row = (f"scaling, {runs:,} runs", f"{wall:.2f} s", f"{1e3 * further:.4f} ms a further run")
        if before[0]:
            first = further if first is None else first
            target = measure.verdict(further / first, 1.2, at_most=True)
            rows.append((*row, f"{further / first:.2f}", target))
        else:
            rows.append((*row, "", ""))
        before = (runs, wall)
    return rows


def dask(runs: int) -> list[tuple[str, ...]]:
    """Measure whole sweeps on one and on two worker processes of one thread."""
    from distributed import Client, LocalCluster

    from loopscope import analysis

    asked, found = study(runs, metrics=METRICS), []
    for workers in (1, 2):
        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            Client(cluster) as client,
        ):
            analysis.sweep(study(8 * CHUNK, metrics=METRICS), client=client)  # jobs are built
            found.append(measure.timed(lambda client=client: analysis.sweep(asked, client=client)))
    one, two = (timing.wall for timing in found)
    return [
        (
            f"Dask, two workers against one, {runs:,} runs",
            f"{runs / one:,.0f} runs/s",
            f"{runs / two:,.0f} runs/s",
            f"{one / two:.2f}",
            measure.verdict(one / two, 1.6),
        )
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--runs", type=int, default=100_000, help="of metrics, series and Dask")
    parser.add_argument("--most", type=int, default=SCALES[-1], help="of scaling")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    runs, rounds = arguments.runs, arguments.rounds
    measured: dict[str, Callable[[], list[tuple[str, ...]]]] = {
        "metrics": lambda: metrics(runs, rounds),
        "series": lambda: series(runs, rounds),
        "shares": lambda: shares(min(runs, 2 * CHUNK), rounds),
        "scaling": lambda: scaling(arguments.most),
        "dask": lambda: dask(runs),
    }
    rows = [row for part in arguments.parts for row in measured[part]()]
    measure.table(rows, ("what", "beside", "sweep", "ratio", "target"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
