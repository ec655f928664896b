"""The model's own run with a value for every symbol of its equations.

In: a model and its equations.  Out: values over time, stages of delays included, for whatever is
asked of the run afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models.arrays import Arrays
from loopscope.models.engine.request import Extension
from loopscope.models.engine.simulate import prepared_of, run
from loopscope.models.equations import symbols_in
from loopscope.models.model import TIME

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from loopscope.analysis.runs import Run
    from loopscope.models.equations import Equations
    from loopscope.models.model import Model

    Numbers = NDArray[np.float64]


def own_values(model: Model, equations: Equations) -> dict[sp.Symbol, Numbers]:
    """Return the values of every symbol in the model's own run, dims (time,)."""
    groups: tuple[Mapping[sp.Symbol, object], ...] = (
        equations.parameters, equations.states, equations.memories, equations.pipelines,
        equations.fixed, equations.auxiliaries,
    )  # fmt: skip
    names = tuple(symbol.name for group in groups for symbol in group)
    extension = Extension(name="", equations=lambda: equations, outputs=names)
    result = run(prepared_of(model), extension=extension)
    values = {sp.Symbol(name, real=True): one for name, one in result.values.items()}
    values[TIME] = result.time
    return values


def values_in(found: Run) -> dict[sp.Symbol, Numbers]:
    """Return the values of every authored variable in a run, and the time."""
    values = {sp.Symbol(name, real=True): one for name, one in found.values.items()}
    values[TIME] = found.time
    return values


def held(
    equations: Equations, values: Mapping[sp.Symbol, Numbers], symbol: sp.Symbol, at: float
) -> Arrays:
    """Return values of expressions where one stock is held at a number, all other states as run.

    What depends on the stock at the same instant is computed anew.
    """
    fixed: dict[sp.Symbol, object] = {**values, symbol: at}
    arrays = Arrays(fixed, equations.lookups)
    for one in touched_by(equations, {symbol}):
        fixed[one] = arrays.of(equations.auxiliaries[one])
    return arrays


def touched_by(equations: Equations, symbols: Collection[sp.Symbol]) -> list[sp.Symbol]:
    """Return the auxiliaries that depend on any of the symbols, in evaluation order."""
    met = set(symbols)
    found = []
    for one, equation in equations.auxiliaries.items():
        if not met.isdisjoint(symbols_in(equation)):
            met.add(one)
            found.append(one)
    return found
