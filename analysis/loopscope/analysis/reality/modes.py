"""Statements of the kind ``modes``: how variables behave in the long run, over many draws.

In: draws of parameters.  Out: for each variable, the share of runs in each mode of behaviour.  A
mode that the statement does not list is a surprise, and is reported as not met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.analysis.behaviour.classifying import (
    LOCK_IN,
    MODES,
    UNKNOWN,
    classify_turns,
    is_listed,
    locked_in,
)
from loopscope.analysis.behaviour.turning import find_turns, periods
from loopscope.analysis.reality.drawing import draw
from loopscope.analysis.reality.measuring import Figure

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Modes

Numbers = NDArray[np.float64]


def evaluate(bench: Bench, statement: Modes) -> list[Figure]:
    """Return the share of runs in each mode, in per cent; runs that failed are a figure too."""
    formulas = [bench.formula(text) for text in statement.of]
    needs = {name for formula in formulas for name in formula.needs}
    drawn = draw(bench.prepared, statement.draws, statement.run)
    batch = bench.simulate(statement.run, needs, arrays=drawn)
    figures = []
    for formula in formulas:
        figures += _shares(formula.text, batch.along(formula), batch.time, statement)
    if statement.shock is not None:
        figures.append(_lock_in(bench, statement, drawn))
    return figures


def _shares(text: str, series: Numbers, time: Numbers, statement: Modes) -> list[Figure]:
    turns = find_turns(series)
    codes = classify_turns(series, turns)
    failed, whole = float(np.mean(codes == UNKNOWN)), np.count_nonzero(codes != UNKNOWN)
    lasting = periods(series, time, turns)
    figures = []
    counts = np.bincount(codes[codes != UNKNOWN], minlength=len(MODES))
    for code in np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]:
        mode, where = MODES[code], ""
        if mode.endswith("oscillation"):
            low, middle, high = np.nanquantile(lasting[codes == code], [0.1, 0.5, 0.9])
            where = f"period {middle:.3g} ({low:.3g} to {high:.3g} in four of five)"
        share = 100.0 * float(counts[code]) / whole
        figures.append(_figure(f"{text}: {mode}", share, is_listed(mode, statement.listed), where))
    if failed:
        says = f"{text}: left the finite numbers"
        figures.append(_figure(says, 100.0 * failed, False, ""))
    return figures


def _figure(says: str, share: float, listed: bool, where: str) -> Figure:
    asked = "listed" if listed else "0, because it is not listed"
    return Figure(
        says=says, asked=asked, low=share, high=share, unit="% of runs", met=listed, where=where
    )


def _lock_in(bench: Bench, statement: Modes, drawn: dict[str, Numbers]) -> Figure:
    """Return the share of draws in which a shock up and a shock down are still apart at the end."""
    shock = statement.shock
    assert shock is not None
    formula = bench.formula(statement.of[0])
    name = bench.prepared.find(shock.name).name
    kept = {other: values for other, values in drawn.items() if other != name}
    ends = []
    for size in (-shock.size, shock.size):
        path = {"value": size, "from": shock.start, "to": shock.to}
        batch = bench.simulate(statement.run, formula.needs, arrays=kept, changes={name: path})
        ends.append(batch.along(formula)[:, -1])
    share = 100.0 * float(np.mean(locked_in(ends[1], ends[0], shock.gap)))
    says = f"{formula.text}: lock-in after a shock of {name}"
    return _figure(says, share, LOCK_IN in statement.listed or share == 0.0, "")
