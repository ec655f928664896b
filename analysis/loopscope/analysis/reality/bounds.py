"""Statements of the kind ``bound``: variables stay where they belong, at every saved time.

In: a ``Bound``.  Out: one figure for each variable: the lowest and highest value over all runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.reality.everywhere import batches
from loopscope.analysis.reality.measuring import Figure, figure

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Bound


def evaluate(bench: Bench, statement: Bound) -> list[Figure]:
    """Return what was found; the runs are those of ``over``."""
    pairs = [(limits, text) for limits in statement.bounds for text in limits.of]
    formulas = [bench.formula(text) for _, text in pairs]
    needs = {name for formula in formulas for name in formula.needs}
    spans: dict[int, list[tuple[float, float, str]]] = {place: [] for place in range(len(pairs))}
    for batch in batches(bench, statement.over, statement.run, needs):
        for place, formula in enumerate(formulas):
            series = batch.along(formula)
            where = batch.failure or batch.label
            spans[place].append((float(series.min()), float(series.max()), where))
    figures = []
    for place, (limits, text) in enumerate(pairs):
        found = spans[place]
        low, high = (
            min(found, key=_nan_first),
            max(found, key=lambda row: (row[1] != row[1], row[1])),
        )
        odd = next((row for row in found if not limits.met(row[0], row[1])), None)
        figures.append(
            figure(
                text, limits, low[0], high[1],
                unit=formulas[place].unit, where=odd[2] if odd else "",
            )
        )  # fmt: skip
    return figures


def _nan_first(row: tuple[float, float, str]) -> tuple[bool, float]:
    return row[0] == row[0], row[0]
