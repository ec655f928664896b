"""From equations to a kernel that can be called: CPU seconds, cold and from the cache.

Each measurement is a process of its own with a cache folder of its own.  The model is read and
its equations are written out before the clock starts; what is measured is emission, LLVM and
loading.  The kernels: one run with all outputs, and a batch with six.

Run alone: ``python tests/benchmarks/compile_time.py [--rounds N]``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import measure

COLD_TARGET = 0.5
CACHED_TARGET = 0.05
KERNELS = ("one run, all outputs", "batch, six outputs")


def once(kernel: str) -> float:
    """Return CPU seconds for a kernel in this process."""
    import time

    from loopscope import models
    from loopscope.models.engine.overrides import collect
    from loopscope.models.engine.plan import plan
    from loopscope.models.engine.prepared import prepare

    batch = kernel == KERNELS[1]
    model = models.load(measure.MODEL)
    prepared = prepare(model, models.symbolise(model))
    laid_out = plan(
        prepared,
        collect(prepared, parameters=measure.samples(64) if batch else {}),
        clock={"start": None, "stop": None, "dt": None, "saveper": None},
        method="Euler",
        outputs=measure.OUTPUTS if batch else None,
        seed=0,
    )
    begin = time.process_time()
    laid_out.kernel()
    return time.process_time() - begin


def in_process(kernel: str, folder: Path) -> float:
    """Return what ``once`` gives in a fresh process that keeps its cache in a folder."""
    answer = subprocess.run(
        [sys.executable, __file__, "--once", kernel],
        env={**os.environ, "LOOPSCOPE_CACHE": str(folder)},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(json.loads(answer.stdout))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--once", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(once(arguments.once)))
        return 0
    cold: dict[str, list[float]] = {kernel: [] for kernel in KERNELS}
    cached: dict[str, list[float]] = {kernel: [] for kernel in KERNELS}
    for _ in range(arguments.rounds):
        for kernel in KERNELS:
            with tempfile.TemporaryDirectory() as folder:
                cold[kernel].append(in_process(kernel, Path(folder)))
                cached[kernel].append(in_process(kernel, Path(folder)))
    rows = []
    for kernel in KERNELS:
        for label, found, target in (
            ("cold", cold[kernel], COLD_TARGET),
            ("from the cache", cached[kernel], CACHED_TARGET),
        ):
            middle = statistics.median(found)
            judged = measure.verdict(middle, target, at_most=True)
            rows.append((kernel, label, f"{middle:.4f}", judged))
    measure.table(rows, ("kernel", "", "CPU seconds", "target"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
