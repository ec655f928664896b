"""Statements of the kinds ``converge``, ``stay apart`` and ``equilibrium``: what lasts.

In: two runs that differ for a time, or one that starts at rest.  Out: the distance between the
two, or how far stocks moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.reality import taking
from loopscope.analysis.reality.identities import relative
from loopscope.analysis.reality.measuring import Figure, figure, same_size
from loopscope.models.errors import RunError
from loopscope.models.expectation import Condition, Measure

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Converge, Rest


def evaluate(bench: Bench, statement: Converge) -> list[Figure]:
    """Return the smallest and largest distance between two runs from a time on."""
    formula = bench.formula(statement.of)
    names = list(statement.runs)
    first, second = (
        bench.simulate(statement.setups()[name], formula.needs, label=name) for name in names
    )
    same_size(first, second)
    if not np.array_equal(first.time, second.time):
        msg = f"'{names[0]}' and '{names[1]}' must have the same times; set 'stop' under 'run'"
        raise RunError(msg)
    gap = np.abs(first.along(formula) - second.along(formula))
    looked = Measure.model_validate(
        {"of": statement.of, "take": "always", "from": statement.start, "to": statement.to}
    )
    low, high = taking.take(looked, gap, first.time)
    asked = (
        Condition(within=(0.0, statement.gap))
        if statement.kind == "converge"
        else Condition(above=statement.gap)
    )
    return [
        figure(
            f"distance of {statement.of} in '{names[0]}' and '{names[1]}'",
            asked,
            float(low.min()),
            float(high.max()),
            unit=formula.unit,
            where=first.failure or second.failure,
        )
    ]


def at_rest(bench: Bench, statement: Rest) -> list[Figure]:
    """Return the stock that moves furthest from its start, relative to its size."""
    stocks = [bench.prepared.find(name, "stock").name for name in statement.of]
    stocks = stocks or bench.prepared.of_kind("stock")
    batch = bench.simulate(statement.run, stocks)
    moved = {}
    for name in stocks:
        series = batch.values[name]
        moved[name] = relative(series - series[:, :1], np.abs(series[:, :1]))
    name = max(moved, key=lambda stock: (np.isnan(moved[stock]), moved[stock]))
    met = moved[name] <= statement.tolerance
    return [
        Figure(
            says=f"the {len(stocks)} stocks, from their start" if len(stocks) > 1 else name,
            asked=f"relative change up to {statement.tolerance:g}",
            low=moved[name],
            high=moved[name],
            met=met,
            where="" if met else batch.failure or name,
        )
    ]
