"""Statements of the kind ``stable signs``: no response changes its sign nearby.

In: a measure.  Out: how many parameters change the sign of their effect on it while each alone
moves around its own value, and how many matter at all.  All runs are one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.reality import taking
from loopscope.analysis.reality.drawing import spread
from loopscope.analysis.reality.measuring import Figure
from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Sensitivity

STRONG = 0.01
"""An effect above this share of the measure is counted as one that matters."""


def evaluate(bench: Bench, statement: Sensitivity) -> list[Figure]:
    """Return how many signs change.

    Parameters that are 0 cannot be multiplied and are left out, as is an effect below
    ``smallest``, relative to the measure.

    Raises
    ------
    RunError
        No parameter has a value to start from.
    """
    names = _names(bench, statement)
    steps = np.array(statement.steps)
    own = {name: bench.prepared.parameters[name] for name in names}
    rows = len(names) * len(steps)
    shifted = {name: np.full(rows + 1, value) for name, value in own.items()}
    for place, name in enumerate(names):
        shifted[name][1 + place * len(steps) : 1 + (place + 1) * len(steps)] *= steps
    measure = statement.measure
    formula = bench.formula(measure.of)
    batch = bench.simulate(statement.run, formula.needs, arrays=shifted)
    found, _ = taking.take(measure, batch.along(formula), batch.time)
    change = ((found[1:] - found[0]) / found[0]).reshape(len(names), len(steps))
    signs = np.sign(np.where(np.abs(change) < statement.smallest, 0.0, change))
    signs *= np.sign(steps - 1.0)
    flips = [
        name for name, row in zip(names, signs, strict=True) if len({*row.tolist()} - {0.0}) > 1
    ]
    whole = bool(np.isfinite(change).all())
    strong = int((np.abs(change).max(axis=1) > STRONG).sum())
    return [
        Figure(
            says=f"of {len(names)} parameters, those whose effect on {measure.of} changes its sign",
            asked="0",
            low=float(len(flips)),
            high=float(len(flips)),
            met=not flips and whole,
            where=batch.failure or ", ".join(flips),
        ),
        Figure(
            says="those that move it by more than 1 %",
            asked="above 0",
            low=float(strong),
            high=float(strong),
            met=strong > 0,
        ),
    ]


def _names(bench: Bench, statement: Sensitivity) -> list[str]:
    only = {bench.prepared.find(name).name for name in statement.only}
    fixed = {bench.prepared.find(name).name for name in (*statement.fixed, *statement.run.settings)}
    names = [
        facts.name
        for facts in spread(bench.prepared)
        if bench.prepared.parameters[facts.name] != 0.0
        and facts.name not in fixed
        and (not only or facts.name in only)
    ]
    if not names:
        msg = "no parameter has both a declared range and a value other than 0"
        raise RunError(msg)
    return names
