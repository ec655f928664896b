"""Random states of a model within its ranges: what can refute a sign, never prove one.

Stage 2 of 4.  In: ``Ranges``.  Out: values of any expression at states that the ranges allow.
Parameters and stocks are drawn, auxiliaries follow, values fixed at the start come from a draw of
their own.  Seeded: equal models give equal states.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.signs.ranges import ELAPSED
from loopscope.models import functions as sd
from loopscope.models.arrays import Arrays
from loopscope.models.model import TIME, symbol_of

if TYPE_CHECKING:
    import sympy as sp
    from numpy.typing import NDArray

    from loopscope.loops.signs.intervals import Range
    from loopscope.loops.signs.ranges import Ranges

    Numbers = NDArray[np.float64]

COUNT = 96
"""States drawn."""

CLEAR = 1e-9
"""How far from 0, relative to the largest value found, a sign counts."""


class Samples:
    """Values at random states within ranges; dims (state,)."""

    def __init__(self, ranges: Ranges, count: int = COUNT, seed: int = 0) -> None:
        self._ranges = ranges
        self._draw = np.random.default_rng(seed)
        self._count = count
        equations = ranges.equations
        usual = self._usual()
        parameters = {
            symbol: self._drawn(ranges.get(symbol), value)
            for symbol, value in equations.parameters.items()
        }
        start = symbol_of(equations.clock.initial_time)
        span = abs(self._clock_span())
        elapsed = self._draw.uniform(0.0, span, count)
        begin = {**parameters, ELAPSED: np.zeros(count)}
        begin[TIME] = np.asarray(begin.get(start, np.zeros(count)))
        carried = [*equations.states, *equations.memories, *equations.pipelines]
        first = {s: self._drawn(ranges.get(s), usual.get(s, 0.0)) for s in carried}
        begin |= first
        self._fill(begin, at_start=True)
        values = {**parameters, **{s: begin[s] for s in equations.fixed}}
        values |= {s: self._drawn(ranges.get(s), usual.get(s, 0.0)) for s in carried}
        values[ELAPSED] = elapsed
        values[TIME] = np.asarray(values.get(start, np.zeros(count))) + elapsed
        self._fill(values, at_start=False)
        self._arrays = Arrays(values, equations.lookups)
        self._allowed = self._inside(values)

    def at(self, e: sp.Expr) -> Numbers:
        """Return the values of an expression at the states that the ranges allow, dims (state,)."""
        value = np.broadcast_to(np.asarray(self._arrays.of(e), dtype=np.float64), (self._count,))
        return value[self._allowed]

    def signs(self, e: sp.Expr) -> str:
        """Return the signs of an expression that were met; see ``signs_of``."""
        return signs_of(self.at(e))

    def _clock_span(self) -> float:
        equations = self._ranges.equations
        ends = [
            equations.parameters.get(symbol_of(name), 0.0)
            for name in (equations.clock.initial_time, equations.clock.final_time)
        ]
        return ends[1] - ends[0]

    def _usual(self) -> dict[sp.Symbol, float]:
        """Return start values under the model's own parameters, where they can be found."""
        equations = self._ranges.equations
        values: dict[sp.Symbol, float | Numbers] = dict(equations.parameters)
        values[TIME] = equations.parameters.get(symbol_of(equations.clock.initial_time), 0.0)
        values[ELAPSED] = 0.0
        arrays = Arrays(values, equations.lookups)
        for symbol in equations.start_order:
            for where in (
                {s: one.initial for s, one in equations.states.items()},
                {s: one.initial for s, one in equations.memories.items()},
                {s: one.initial for s, one in equations.pipelines.items()},
                equations.fixed,
                equations.at_start,
                equations.auxiliaries,
            ):
                if symbol in where:
                    values[symbol] = float(arrays.of(where[symbol]))
                    break
        return {s: float(v) for s, v in values.items()}

    def _drawn(self, within: Range, usual: float) -> Numbers:
        """Draw from a range: evenly where it is finite, around the usual value where it is not."""
        size = abs(usual) or 1.0
        around = (
            np.where(self._draw.random(self._count) < 0.5, 1.0, -1.0)
            if usual == 0.0
            else (np.full(self._count, math.copysign(1.0, usual)))
        )
        near = around * size * 10.0 ** self._draw.uniform(-1.5, 1.5, self._count)
        if math.isfinite(within.low) and math.isfinite(within.high):
            even = self._draw.uniform(within.low, within.high, self._count)
            near = np.where(self._draw.random(self._count) < 0.7, even, near)
        reflected = (
            np.where(near < within.low, 2 * within.low - near, near)
            if math.isfinite(within.low)
            else near
        )
        return np.clip(reflected, within.low, within.high)

    def _fill(self, values: dict[sp.Symbol, Numbers], *, at_start: bool) -> None:
        equations = self._ranges.equations
        arrays = Arrays(values, equations.lookups)
        if at_start:
            order = [s for s in equations.start_order if s not in values]
        else:
            order = list(equations.auxiliaries)
        for symbol in order:
            expression = equations.auxiliaries.get(symbol)
            if at_start:
                expression = equations.fixed.get(symbol, equations.at_start.get(symbol, expression))
            if isinstance(expression, sd.RandomUniform):
                values[symbol] = self._draw.random(self._count)
            elif expression is not None:
                values[symbol] = np.broadcast_to(
                    np.asarray(arrays.of(expression), dtype=np.float64), (self._count,)
                )

    def _inside(self, values: dict[sp.Symbol, Numbers]) -> NDArray[np.bool_]:
        """Return the states whose auxiliaries lie in the ranges that were declared for them."""
        inside = np.ones(self._count, dtype=bool)
        for symbol in self._ranges.equations.auxiliaries:
            declared = self._ranges.declared(str(symbol.name))
            if declared.below or declared.above:
                value = values[symbol]
                inside &= (value >= declared.low) & (value <= declared.high)
        return inside


def signs_of(values: Numbers) -> str:
    """Return the signs met among finite values: "", "+", "-" or "+-"; near 0 counts for none."""
    values = values[np.isfinite(values)]
    least = CLEAR * float(np.max(np.abs(values), initial=0.0))
    return "+" * bool(np.any(values > least)) + "-" * bool(np.any(values < -least))
