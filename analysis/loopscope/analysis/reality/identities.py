"""Statements of the kinds ``identity``, ``closed form`` and ``conservation``.

In: expressions that must be equal at every saved time, or a total and the rate at which it must
change.  Out: one figure for each: the largest error, relative to its scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.analysis.reality.everywhere import batches
from loopscope.analysis.reality.measuring import Figure
from loopscope.models.setup import Over

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Conservation, Identity

Numbers = NDArray[np.float64]

ALONE = Over(scenarios=False, cases=False)
"""Where a statement holds that says nothing about scenarios: its own run."""


def evaluate(bench: Bench, statement: Identity) -> list[Figure]:
    """Return the largest difference of each pair, relative to its scale."""
    pairs = [(bench.formula(one.left), bench.formula(one.right)) for one in statement.equal]
    scales = [bench.formula(one.scale) if one.scale else None for one in statement.equal]
    formulas = [formula for pair in pairs for formula in pair]
    formulas += [scale for scale in scales if scale is not None]
    needs = {name for formula in formulas for name in formula.needs}
    worst = [(0.0, "")] * len(pairs)
    for batch in batches(bench, statement.over or ALONE, statement.run, needs):
        for place, (left, right) in enumerate(pairs):
            a, b = batch.along(left), batch.along(right)
            scale = scales[place]
            size = np.maximum(np.abs(a), np.abs(b)) if scale is None else batch.along(scale)
            error = relative(a - b, np.abs(size))
            worst[place] = larger(worst[place], (error, batch.failure or batch.label))
    return [
        _figure(f"{one.left} = {one.right}", statement.tolerance, *found)
        for one, found in zip(statement.equal, worst, strict=True)
    ]


def conserved(bench: Bench, statement: Conservation) -> list[Figure]:
    """Return the largest change at one Euler step that the rate does not account for.

    Every step is saved and Euler's method is used, whatever the model's own: what an account
    gains and loses in a step is then the rate at its start, to rounding.
    """
    total, rate = bench.formula(statement.of), bench.formula(statement.rate)
    needs = {*total.needs, *rate.needs}
    worst = (0.0, "")
    step = bench.step(statement.run)
    for batch in batches(bench, statement.over, statement.run, needs, method="Euler", saveper=step):
        people, change = batch.along(total), batch.along(rate)
        steps = np.diff(batch.time)
        lost = np.diff(people, axis=1) - change[:, :-1] * steps
        error = relative(lost, np.abs(people[:, :-1]))
        worst = larger(worst, (error, batch.failure or batch.label))
    return [_figure(f"change of {statement.of}", statement.tolerance, *worst)]


def relative(difference: Numbers, size: Numbers) -> float:
    """Return the largest difference, relative to a size; 0 where both are 0, NaN where one is."""
    with np.errstate(all="ignore"):
        share = np.abs(difference) / size
    share = np.where((difference == 0) & (size == 0), 0.0, share)
    return float(np.max(share, initial=0.0))


def larger(first: tuple[float, str], second: tuple[float, str]) -> tuple[float, str]:
    """Return the worse of two errors; NaN is worst."""
    return max(first, second, key=lambda row: (bool(np.isnan(row[0])), row[0]))


def _figure(says: str, tolerance: float, error: float, where: str) -> Figure:
    met = error <= tolerance
    return Figure(
        says=says,
        asked=f"relative error up to {tolerance:g}",
        low=error,
        high=error,
        met=met,
        where="" if met else where,
    )
