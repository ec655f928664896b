"""Whole processes: from the command to the finished file, and the help text.

``loopscope run migration_policy --out base.csv`` with a warm cache against the shortest pysimlin
script that does the same (load the model, run it, write every series to CSV), in turn.

Run alone: ``python tests/benchmarks/startup.py [--rounds N]``.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure

TARGET = 1.0
HELP_TARGET = 0.5

PYSIMLIN = """
import csv, sys
import simlin
simulation = simlin.load(sys.argv[1]).simulate()
simulation.run_to_end()
names = simulation.get_var_names()
with open(sys.argv[2], "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(names)
    writer.writerows(zip(*[simulation.get_series(name).tolist() for name in names]))
"""


def process(command: list[str], environment: dict[str, str]) -> measure.Timing:
    """Run a process and measure it, start to end."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return measure.Timing(cpu, wall)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    from loopscope import models

    program = shutil.which("loopscope", path=str(Path(sys.executable).parent)) or "loopscope"
    path = models.load(measure.MODEL).path
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        environment = {**os.environ, "LOOPSCOPE_CACHE": str(folder / "cache")}
        ours, theirs = str(folder / "base.csv"), str(folder / "pysimlin.csv")
        commands = {
            "loopscope run": [program, "run", measure.MODEL, "--out", ours],
            "pysimlin script": [sys.executable, "-c", PYSIMLIN, path, theirs],
            "loopscope --help": [program, "--help"],
            "python -c pass": [sys.executable, "-c", "pass"],
        }
        cold = process(commands["loopscope run"], environment)
        found: dict[str, list[measure.Timing]] = {label: [] for label in commands}
        for command in commands.values():
            process(command, environment)
        for _ in range(arguments.rounds):
            for label, command in commands.items():
                found[label].append(process(command, environment))
        sizes = [len(Path(name).read_text().splitlines()[0].split(",")) for name in (ours, theirs)]
    rows = []
    for label, timings in found.items():
        seconds = statistics.median(t.wall for t in timings)
        times = measure.ratio(found["pysimlin script"], timings)
        judged = ""
        if label == "loopscope run":
            judged = measure.verdict(times, TARGET)
        elif label == "loopscope --help":
            judged = measure.verdict(seconds, HELP_TARGET, at_most=True) + " (elapsed)"
        rows.append(
            (label, f"{measure.cpu(timings):.3f}", f"{seconds:.3f}", f"{times:.2f}", judged)
        )
    head = ("process", "CPU s", "elapsed s", "pysimlin's CPU / its", "target")
    measure.table(rows, head)
    print(f"columns written: loopscope {sizes[0]}, pysimlin {sizes[1]}")
    print(f"loopscope run with an empty cache: {cold.cpu:.2f} s of CPU, {cold.wall:.2f} s elapsed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
