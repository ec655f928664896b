"""Many runs of the migration model: runs per second of one core, ours and others'.

10,000 runs, 1,600 Euler steps, six parameters varied, six series of 101 points kept, measured in
CPU seconds, the programs in turn:

- Loopscope: ``models.simulate`` from arrays to a Dataset, and its compiled kernel alone;
- C: the same equations through gcc (see ``c_peer.py``), the fastest variant;
- pysimlin: one reused simulation, fewer runs, counted per run;
- PySD: a few runs, counted per run.

Also two threads against one, and the memory that 10,000 runs take.

Run alone: ``python tests/benchmarks/throughput.py [--runs N] [--rounds N] [--skip pysd ...]``.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import measure
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr

TARGETS = {"C, gcc": 1.0, "pysimlin": 30.0, "PySD": 100_000.0}
THREADS_TARGET = 1.8
MEMORY_TARGET = 200.0
"""Megabytes beside the result."""


def native_call(values: Mapping[str, np.ndarray], threads: int = 1) -> Callable[[], xr.Dataset]:
    """Return a call of the public function, the model loaded before."""
    from loopscope import models

    model, outputs = models.load(measure.MODEL), list(measure.OUTPUTS)
    return lambda: models.simulate(model, parameters=values, outputs=outputs, threads=threads)


def kernel_call(values: Mapping[str, np.ndarray]) -> Callable[[], object]:
    """Return a call of the compiled kernel alone."""
    from loopscope.models.engine.overrides import collect
    from loopscope.models.engine.plan import launch, plan
    from loopscope.models.engine.prepared import of_file

    prepared = of_file(measure.MODEL)
    laid_out = plan(
        prepared,
        collect(prepared, parameters=values),
        clock={"start": None, "stop": None, "dt": None, "saveper": None},
        method="Euler",
        outputs=measure.OUTPUTS,
        seed=0,
    )
    code = laid_out.kernel()
    runs = len(next(iter(values.values())))

    def call() -> None:
        out = np.empty((len(measure.OUTPUTS), runs, laid_out.times.saves))
        launch(
            code, laid_out.layout, laid_out.times, laid_out.common, laid_out.lanes,
            laid_out.series, out, runs=runs,
        )  # fmt: skip

    return call


_simulations: dict[str, object] = {}


def pysimlin(
    path: Path, values: Mapping[str, np.ndarray], outputs: Sequence[str] = measure.OUTPUTS
) -> np.ndarray:
    """Return dims (output, run, save) from one simulation that is reset for every run."""
    import simlin

    if str(path) not in _simulations:
        _simulations[str(path)] = simlin.load(path).simulate()
    simulation = _simulations[str(path)]
    names = {name: name.replace(" ", "_") for name in (*outputs, *values)}
    runs = len(next(iter(values.values())))
    found = []
    for run in range(runs):
        simulation.reset()
        for name, column in values.items():
            simulation.set_value(names[name], float(column[run]))
        simulation.run_to_end()
        found.append([simulation.get_series(names[name]) for name in outputs])
    return np.swapaxes(np.array(found), 0, 1)


class PySDModel:
    """The model translated by PySD, once."""

    def __init__(self, path: Path, folder: Path) -> None:
        import pysd

        copy = folder / "model.mdl"
        shutil.copy(path, copy)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = pysd.read_vensim(str(copy))

    def run(
        self, values: Mapping[str, np.ndarray], outputs: Sequence[str] = measure.OUTPUTS
    ) -> np.ndarray:
        """Return dims (output, run, save)."""
        found = []
        for run in range(len(next(iter(values.values())))):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                frame = self.model.run(
                    params={name: float(column[run]) for name, column in values.items()},
                    return_columns=list(outputs),
                )
            found.append(frame[list(outputs)].to_numpy().T)
        return np.swapaxes(np.array(found), 0, 1)


def few(values: Mapping[str, np.ndarray], runs: int) -> dict[str, np.ndarray]:
    """Return the first runs."""
    return {name: column[:runs] for name, column in values.items()}


def memory(runs: int) -> tuple[float, float]:
    """Return megabytes a fresh process holds before the runs, and at most during them."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import measure, throughput\n"
        "values = measure.samples(int(sys.argv[2]))\n"
        "throughput.native_call(throughput.few(values, 64))()\n"
        "print(*measure.memory_of(throughput.native_call(values, threads=2)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent), str(runs)],
        check=True,
        capture_output=True,
        text=True,
    )
    before, after = answer.stdout.split()
    return float(before), float(after)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=measure.RUNS)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--skip", nargs="*", default=[], choices=["c", "pysimlin", "pysd", "memory"]
    )
    arguments = parser.parse_args()
    from loopscope import models

    path = Path(models.load(measure.MODEL).path)
    values = measure.samples(arguments.runs)
    calls: dict[str, Callable[[], object]] = {
        "Loopscope": native_call(values),
        "Loopscope, kernel": kernel_call(values),
    }
    counts = dict.fromkeys(calls, arguments.runs)
    dataset = native_call(values)()
    ours = np.stack([dataset[name].to_numpy() for name in measure.OUTPUTS])
    notes: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if "c" not in arguments.skip:
            import c_peer

            equations = models.symbolise(models.load(measure.MODEL))
            best, _ = c_peer.fastest(equations, measure.OUTPUTS, values, folder)
            calls["C, gcc"], counts["C, gcc"] = (lambda: best.run(values)), arguments.runs
            notes["C, gcc"] = f"{best.label}, apart {c_peer.difference(ours, best.run(values)):.1g}"
        found = measure.alternate(calls, arguments.rounds)
        slow: dict[str, Callable[[], object]] = {}
        if "pysimlin" not in arguments.skip:
            some = few(values, 100)
            slow["pysimlin"], counts["pysimlin"] = (lambda: pysimlin(path, some)), 100
            notes["pysimlin"] = _apart(ours, pysimlin(path, some))
        if "pysd" not in arguments.skip:
            translated, one = PySDModel(path, folder), few(values, 1)
            slow["PySD"], counts["PySD"] = (lambda: translated.run(one)), 1
            notes["PySD"] = _apart(ours, translated.run(one))
        rest = {"Loopscope": calls["Loopscope"], **slow}
        later = measure.alternate(rest, 3) if slow else {}
    rows = []
    base = measure.cpu(found["Loopscope"]) / arguments.runs
    for name, timings in {**found, **{n: t for n, t in later.items() if n in slow}}.items():
        each = measure.cpu(timings) / counts[name]
        times = each / base
        if name in later:
            times = measure.ratio(later[name], later["Loopscope"]) * arguments.runs / counts[name]
        elif name != "Loopscope":
            times = measure.ratio(timings, found["Loopscope"])
        target = measure.verdict(times, TARGETS[name]) if name in TARGETS else ""
        rows.append((name, f"{1 / each:,.4g}", f"{times:,.4g}", target, notes.get(name, "")))
    measure.table(
        rows, ("program", "runs per CPU second", "CPU per run / Loopscope's", "target", "note")
    )
    kernel = measure.ratio(found["C, gcc"], found["Loopscope, kernel"]) if "C, gcc" in found else 0
    if kernel:
        print(f"kernel alone against C: {kernel:.3f}")
    _threads(few(values, min(arguments.runs, 4000)), 8 * arguments.rounds)
    if "memory" not in arguments.skip:
        before, after = memory(arguments.runs)
        result = ours.nbytes / 1e6
        beside = after - before - result
        judged = measure.verdict(beside, MEMORY_TARGET, at_most=True)
        print(
            f"memory: {before:.0f} MB before, {after:.0f} MB at most, result {result:.0f} MB: "
            f"{beside:.0f} MB beside it ({judged})"
        )
    return 0


def _threads(values: Mapping[str, np.ndarray], rounds: int) -> None:
    """Compare two threads with one by the quietest rounds: others may use the processors, too."""
    calls = {
        "one": native_call(values),
        "two": native_call(values, threads=2),
        "control": _two_that_share_nothing,
    }
    found = measure.alternate(calls, rounds)
    one, two, control = (min(found[name], key=lambda t: t.wall) for name in calls)
    speed = one.wall / two.wall
    print(
        f"two threads against one, elapsed, quietest rounds: {speed:.2f} "
        f"({measure.verdict(speed, THREADS_TARGET)}); processors at hand, by two threads that "
        f"share nothing: {control.cpu / control.wall:.2f}"
    )


def _two_that_share_nothing() -> None:
    # Hashing frees the interpreter lock.
    both = [Thread(target=hashlib.sha256, args=(bytes(1 << 26),)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()


def _apart(ours: np.ndarray, theirs: np.ndarray | None) -> str:
    import c_peer

    assert theirs is not None
    runs = theirs.shape[1]
    return f"{runs} runs, apart {c_peer.difference(ours[:, :runs], theirs):.1g}"


if __name__ == "__main__":
    sys.exit(main())
