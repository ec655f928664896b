"""Statements of the kind ``modes``: how variables behave in the long run, over many draws.

In: draws of parameters.  Out: for each variable, the share of runs in each mode of behaviour.  A
mode that the statement does not list is a surprise, and is reported as not met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.analysis.reality.drawing import draw
from loopscope.analysis.reality.measuring import Figure
from loopscope.analysis.reality.taking import peaks, period

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Mode, Modes

Numbers = NDArray[np.float64]

STILL = 0.01
"""A series that moves by less than this share of its size is at rest."""

GONE = 0.05
"""A series that ends below this share of its largest value has collapsed."""

SLOWED = 0.5
"""Growth has slowed down where its last rate is below this share of its largest."""

TURNS = 4
"""Peaks and troughs that make an oscillation."""


def evaluate(bench: Bench, statement: Modes) -> list[Figure]:
    """Return the share of runs in each mode, in per cent; runs that failed are a figure too."""
    formulas = [bench.formula(text) for text in statement.of]
    needs = {name for formula in formulas for name in formula.needs}
    drawn = draw(bench.prepared, statement.draws, statement.run)
    batch = bench.simulate(statement.run, needs, arrays=drawn)
    figures = []
    for formula in formulas:
        series = batch.along(formula)
        whole = np.isfinite(series).all(axis=1)
        found = [classify(row) for row in series[whole]]
        lasting = [
            period(row, batch.time) for row in series[whole][np.array(found) == "oscillation"]
        ]
        figures += _shares(formula.text, found, statement, lasting)
        if not whole.all():
            share = 100.0 * float(np.mean(~whole))
            figures.append(_figure(f"{formula.text}: left the finite numbers", share, False, ""))
    if statement.shock is not None:
        figures.append(_lock_in(bench, statement, drawn))
    return figures


def _shares(text: str, found: list[Mode], statement: Modes, lasting: list[float]) -> list[Figure]:
    figures = []
    for mode in sorted(set(found), key=lambda mode: -found.count(mode)):
        periods = [value for value in lasting if np.isfinite(value)]
        where = ""
        if mode == "oscillation" and periods:
            low, middle, high = np.quantile(periods, [0.1, 0.5, 0.9])
            where = f"period {middle:.3g} ({low:.3g} to {high:.3g} in four of five)"
        share = 100.0 * found.count(mode) / len(found)
        figures.append(_figure(f"{text}: {mode}", share, mode in statement.listed, where))
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
    share = 100.0 * float(np.mean(np.abs(ends[1] - ends[0]) > shock.gap))
    says = f"{formula.text}: lock-in after a shock of {name}"
    return _figure(says, share, "lock-in" in statement.listed or share == 0.0, "")


def classify(row: Numbers) -> Mode:
    """Return the mode of behaviour of one series, finite and evenly spaced.

    At rest; many turns; an end near zero; one way up or down, with or without slowing down; up
    and down; down and up.  A turn counts from a tenth of the range of the series.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.linspace(0, 10, 101)
    >>> classify(np.exp(time)), classify(1 / (1 + np.exp(5 - time))), classify(np.sin(9 * time))
    ('growth', 'S-shaped growth', 'oscillation')
    """
    size, span = float(np.abs(row).max()), float(np.ptp(row))
    if span <= STILL * size:
        return "equilibrium"
    tops, lows = peaks(row), peaks(-row)
    if len(tops) + len(lows) >= TURNS:
        return "oscillation"
    if abs(row[-1]) < GONE * size and int(np.abs(row).argmax()) < len(row) - 1:
        return "collapse"
    if len(tops) or len(lows):
        first = "top" if not len(lows) or (len(tops) and tops[0] < lows[0]) else "low"
        return "overshoot" if first == "top" else "dip and recovery"
    rises = np.diff(row)
    if row[-1] < row[0]:
        return "decline"
    steepest = int(rises.argmax())
    if rises[-1] > SLOWED * rises.max():
        return "growth"
    return "saturating growth" if steepest < 0.05 * len(rises) else "S-shaped growth"
