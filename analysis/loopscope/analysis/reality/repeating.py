"""Statements of the kind ``repeatability``: the same inputs give the same output.

In: runs.  Out: how many of them differ in any bit when they are made again, alone and in a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.reality.measuring import Figure

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Batch, Bench
    from loopscope.models.statement import Repeat


def evaluate(bench: Bench, statement: Repeat) -> list[Figure]:
    """Return how many runs differ from themselves.

    Each is made twice alone; the first is made once more as three equal runs side by side, unless
    the model draws random numbers, which differ between the runs of a batch.
    """
    stocks = bench.prepared.of_kind("stock")
    setups = list(bench.everywhere(statement.over, statement.run))
    differing = []
    for number, setup in enumerate(setups):
        first = bench.fresh(setup)
        others = [bench.fresh(setup)]
        if number == 0 and not bench.prepared.draws:
            others.append(bench.beside(setup, stocks, copies=3))
        if not all(_same(first, other, stocks) for other in others):
            differing.append(bench.label(setup))
    return [
        Figure(
            says=f"of {len(setups)} runs, those that differ when made again",
            asked="0",
            low=float(len(differing)),
            high=float(len(differing)),
            met=not differing and bool(setups),
            where=", ".join(differing),
        )
    ]


def _same(first: Batch, other: Batch, stocks: list[str]) -> bool:
    return all(
        np.array_equal(first.values[name][0], row, equal_nan=True)
        for name in stocks
        for row in other.values[name]
    )
