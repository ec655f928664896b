"""Continuous loop scores inside the kernel: how much they cost beside the plain simulation.

1,000 runs of the migration model, 1,600 Euler steps, six parameters varied, 101 saved times, one
thread, CPU seconds, in turn:

- plain: ``models.simulate``, six series kept;
- scores: ``batch_scores``, the same series and the relative scores of 25 loops, every loop of the
  view below the line;
- retained: the same with only the loops that weigh most below the line;
- beside: the same scores from a finished run by numpy (``loops.along``, ``loops.score``), fewer
  runs, counted per run.

Views: the stocks alone, and with some variables kept.

Run alone: ``python tests/benchmarks/loop_scores.py [--runs N] [--rounds N]``.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

import measure
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import xarray as xr

    from loopscope.loops import Loops

TARGET = 4.0
"""Times the plain simulation."""

FOLLOWED = 25
VIEWS: dict[str, tuple[str, ...]] = {
    "stocks": (),
    "three kept": ("irregular migrants", "blocked demand", "deportation"),
}
FEW = 3_000
"""Loops, about, that the retained set is to have."""


def spread(found: Loops) -> list[str]:
    """Return ids of loops from the shortest to the longest."""
    rows = np.linspace(0, len(found) - 1, FOLLOWED).astype(int)
    ids = found.ids
    return [ids[row] for row in rows.tolist()]


def compared(
    found: Loops, values: Mapping[str, np.ndarray], rounds: int
) -> Iterator[tuple[str, ...]]:
    """Give a row of the table for each way to score the loops of one view."""
    from loopscope import loops, models
    from loopscope.loops.batch.scoring import batch_scores
    from loopscope.loops.finding.loopsum import over_all

    model, outputs, tracked = found.graph.model, list(measure.OUTPUTS), spread(found)
    every = over_all(found.graph, found.graph.partitions[0])
    assert every is not None
    few = {name: column[:4] for name, column in values.items()}
    runs = len(next(iter(values.values())))

    def scores(most: int) -> xr.Dataset:
        return batch_scores(
            found, tracked=tracked, parameters=values, outputs=outputs, threads=1, most=most
        )

    def beside() -> xr.Dataset:
        run = models.simulate(model, parameters=few)
        chosen = found.holding([found[one].nodes for one in tracked])
        return loops.score(chosen, loops.along(found.graph, run), "ltm", form="continuous")

    calls: dict[str, Callable[[], xr.Dataset]] = {
        "plain": lambda: models.simulate(model, parameters=values, outputs=outputs, threads=1),
        "scores": lambda: scores(every.products),
        "retained": lambda: scores(FEW),
    }
    first, notes = {}, {}
    for name, call in calls.items():
        start = time.perf_counter()
        notes[name] = call().attrs.get("compared", "")
        first[name] = time.perf_counter() - start
    timings = measure.alternate(calls, rounds)
    for name in calls:
        times = measure.ratio(timings[name], timings["plain"])
        judged = "" if name == "plain" else measure.verdict(times, TARGET, at_most=True)
        each = 1e3 * measure.cpu(timings[name]) / runs
        yield name, f"{each:.3f}", f"{times:.2f}", judged, f"{first[name]:.1f}", notes[name]
    each = measure.cpu(measure.alternate({"beside": beside}, 1)["beside"]) / 4
    times = each * runs / measure.cpu(timings["plain"])
    yield "beside", f"{1e3 * each:.3f}", f"{times:,.0f}", "", "", "by numpy, from a finished run"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    from loopscope import loops, models

    graph = loops.without(loops.trace(models.load(measure.MODEL)), measure.OFF)
    values = measure.samples(arguments.runs)
    rows: list[tuple[str, ...]] = []
    for label, keep in VIEWS.items():
        found = loops.find(loops.fold(graph, keep))
        rows += [(label, *row) for row in compared(found, values, arguments.rounds)]
    head = ("view", "call", "CPU ms a run", "times plain", "target", "first call, s", "compared")
    measure.table(rows, head)
    return 0


if __name__ == "__main__":
    sys.exit(main())
