"""Statements of the kind ``sign``: which way a measure responds to parameters.

In: a grid of values.  Out: for each effect, the smallest and the largest change of the measure
from one value to the next.  All runs are one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.analysis.reality.measuring import Figure, measured

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Effect, Sign

Numbers = NDArray[np.float64]

_HOLDS = {
    "raises": np.greater,
    "lowers": np.less,
    "never raises": np.less_equal,
    "never lowers": np.greater_equal,
}


def evaluate(bench: Bench, statement: Sign) -> list[Figure]:
    """Return, for each effect, the smallest and largest change from one value to the next."""
    setups = {
        name: setup.model_copy(update={"vary": {**setup.vary, **statement.vary}})
        for name, setup in statement.setups().items()
    }
    vary = next(iter(setups.values())).vary
    found, _, failure = measured(bench, statement.measure, setups)
    shape = [len(values) for values in vary.values()]
    table = found.reshape(shape)
    figures = []
    for name, effect in statement.effect.items():
        axis = list(vary).index(name)
        changes = np.diff(table, axis=axis)
        figures.append(_effect(f"{name} {effect} {statement.measure.of}", effect, changes, failure))
    return figures


def _effect(says: str, effect: Effect, changes: Numbers, failure: str) -> Figure:
    held = _HOLDS[effect](changes, 0.0)
    wrong = int(held.size - held.sum())
    return Figure(
        says=says,
        asked={"raises": "above 0", "lowers": "below 0", "never raises": "0 or below"}.get(
            effect, "0 or above"
        ),
        low=float(np.min(changes)),
        high=float(np.max(changes)),
        met=wrong == 0,
        where=failure or (f"{wrong} of {held.size} steps have another sign" if wrong else ""),
    )
