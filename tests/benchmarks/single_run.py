"""One run of the migration model with a changed parameter, after loading: seconds a run.

Compared in turn: ``models.simulate`` (to a Dataset), the engine's inner ``run`` (plain arrays) and
a reused pysimlin simulation (reset, set_value, run_to_end, get_series), six series each.

Run alone: ``python tests/benchmarks/single_run.py [--rounds N]``.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import measure
import numpy as np
import throughput

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET = 5.0
REPEATS = 30
"""Runs in one measurement."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    from loopscope import models
    from loopscope.models.engine import simulate

    model = models.load(measure.MODEL)
    path = Path(model.path)
    outputs = list(measure.OUTPUTS)
    name = measure.VARIED[0]
    numbers = itertools.cycle(np.random.default_rng(1).uniform(1.0, 4.0, 997).tolist())

    def repeated(one: Callable[[float], object]) -> Callable[[], object]:
        def call() -> None:
            for _ in range(REPEATS):
                one(next(numbers))

        return call

    def others(value: float) -> np.ndarray:
        return throughput.pysimlin(path, {name: np.array([value])})

    programs: dict[str, Callable[[float], object]] = {
        "models.simulate": lambda x: models.simulate(model, parameters={name: x}, outputs=outputs),
        "models.simulate, all outputs": lambda x: models.simulate(model, parameters={name: x}),
        "engine run": lambda x: simulate.run(model, parameters={name: x}, outputs=outputs),
        "pysimlin, reused": others,
    }
    try:
        from loopscope.models import Simulator
    except (AttributeError, ImportError):
        pass
    else:
        programs["Simulator"] = _simulator(Simulator, model, outputs, name)
    dataset = models.simulate(model, parameters={name: 3.0}, outputs=outputs)
    apart = max(
        float(np.max(np.abs(dataset[output].to_numpy() - series) / np.abs(series).max()))
        for output, series in zip(outputs, others(3.0)[:, 0], strict=True)
    )
    found = measure.alternate(
        {label: repeated(one) for label, one in programs.items()}, arguments.rounds
    )
    rows = []
    for label, timings in found.items():
        each = measure.cpu(timings) / REPEATS * 1e3
        times = measure.ratio(found["pysimlin, reused"], timings)
        judged = measure.verdict(times, TARGET) if label == "models.simulate" else ""
        rows.append((label, f"{each:.3f}", f"{times:.2f}", judged))
    measure.table(rows, ("program", "CPU ms per run", "times faster than pysimlin", "target"))
    print(f"series apart from pysimlin's by {apart:.1g} of their size")
    return 0


def _simulator(
    simulator: Callable[..., object], model: object, outputs: list[str], name: str
) -> Callable[[float], object]:
    reused = simulator(model, outputs=outputs)
    return lambda x: reused.run(parameters={name: x})  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
