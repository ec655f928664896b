"""A job that costs nothing: values that tell from which run, time and scenario they are.

As a program, ``fake.py STORE KILLS`` writes a store in processes that it kills so many times.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loopscope.analysis.sweeping.outline import outline_of
from loopscope.analysis.sweeping.template import Coord, Template, Variable

TIMES = np.arange(2000.0, 2011.0)
REAL = np.dtype(np.float64)


@dataclass(frozen=True)
class FakeJob:
    """Runs of two parameters; every ``failing``-th run fails, in the fifth year."""

    pause: float = 0.0
    failing: int = 7
    deadly: str = ""  # a file: the worker that takes it away dies

    @property
    def template(self):
        metric = {"role": "metric", "metric": "max", "of": "fish", "units": "fish"}
        return Template(
            variables={
                "inputs": Variable(("run", "parameter"), REAL),
                "fish": Variable(("run", "time"), REAL, {"units": "fish", "role": "series"}),
                "boats/nets": Variable(("run", "time"), np.dtype(np.float32), {"units": "days"}),
                "most fish": Variable(("run",), REAL, metric),
                "state": Variable(("run", "time"), np.dtype(np.int8), {}, 0),
                "failed_at": Variable(("run",), REAL),
                "failed_in": Variable(("run",), np.dtype(np.int32), {}, -1),
            },
            coords={
                "time": Coord(("time",), TIMES, {"units": "year"}),
                "parameter": Coord(("parameter",), np.array(["birth rate", "größte Zahl"])),
                "unit": Coord(("parameter",), np.array(["1/year", "fish"])),
            },
            attrs={"model": "pond", "model_sha256": "12", "variables": json.dumps(["fish"])},
        )

    def warm(self, scenario=0):
        """Nothing to compile."""

    def compute(self, first, last, scenario=0):
        if self.deadly:
            try:
                Path(self.deadly).unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            except FileNotFoundError:
                pass
        time.sleep(self.pause)
        run = np.arange(first, last, dtype=float)
        inputs = np.column_stack([np.sin(run), np.cos(run)])
        fish = inputs[:, :1] * TIMES + 1000 * scenario
        fails = (run % self.failing == 3) if self.failing else np.zeros(len(run), dtype=bool)
        fish[fails, 5:] = np.nan
        return {
            "inputs": inputs,
            "fish": fish,
            "boats/nets": (2 * fish).astype(np.float32),
            "most fish": fish.max(axis=1),
            "state": np.isfinite(fish).astype(np.int8),
            "failed_at": np.where(fails, TIMES[5], np.nan),
            "failed_in": np.where(fails, 0, -1).astype(np.int32),
        }


def outline(runs=100, chunk=8, scenarios=("base",), job=None, **attrs):
    """The outline of a sweep of that job; ``attrs`` in place of those of a study."""
    made_from = {
        "title": "Pond", "study": json.dumps({"runs": runs, "seed": 1}), "design": "{}", "seed": 1,
        "versions": "loopscope 1, numpy 2",
    }  # fmt: skip
    return outline_of(
        (job or FakeJob()).template,
        runs=runs,
        scenarios=scenarios,
        bytes_per_run=64_000_000 // chunk,
        attrs={**made_from, **attrs},
    )


def written(path, job=None, *, resume=False, threads=2, progress=None, **asked):
    """Write or resume a store; return it opened."""
    from loopscope.analysis.sweeping.filling import fill
    from loopscope.analysis.sweeping.store import Store

    job = job or FakeJob()
    store = Store(path, outline(job=job, **asked), resume=resume)
    try:
        fill(job, store, threads=threads, progress=progress)
    finally:
        store.close()
    return store.dataset()


def slowly(path):
    """Write or resume a store in a process of its own, and leave it."""
    try:
        written(path, FakeJob(pause=0.004), resume=True, runs=300, scenarios=("base", "storm"))
    except BaseException:
        os._exit(1)
    os._exit(0)


def main():
    path, kills = sys.argv[1], int(sys.argv[2])
    random = np.random.default_rng(11)
    while kills:
        child = os.fork()
        if not child:
            slowly(path)
        time.sleep(random.uniform(0.0, 0.06))
        if os.waitpid(child, os.WNOHANG) == (0, 0):
            os.kill(child, signal.SIGKILL)
            kills -= 1
            os.waitpid(child, 0)
        else:  # it was done before: another store, so that all kills hit one that is not
            shutil.rmtree(path)
    written(path, resume=True, runs=300, scenarios=("base", "storm"))


if __name__ == "__main__":
    main()
