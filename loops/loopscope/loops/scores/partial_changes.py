"""What each input alone changes in an equation over a step: first, last, or Shapley's mean.

Stage 4 of 4.  In: ``Along``, every time step of a run.  Out: arrays of changes, which
``link_scores`` divides.  Equations are evaluated with some inputs at the end of the interval and
the others at its start, by the arithmetic that made the values of the run.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from loopscope.loops.graph import root
from loopscope.models.arrays import Arrays
from loopscope.models.equations import symbols_in
from loopscope.models.errors import LoopError
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.replay import Along

Numbers = NDArray[np.float64]
Attribution = Literal["first", "last", "shapley"]

MOST_INPUTS = 10
"""Inputs that a term may have for Shapley values: 2**n evaluations each."""


class Intervals:
    """The steps of a run: values at both ends of each, and equations between them.

    Arrays have dims ([run,] interval), one interval less than there are times.
    """

    def __init__(self, along: Along) -> None:
        self.along = along
        self.shape = (*along.shape[:-1], along.shape[-1] - 1)
        self.nodes = root(along.graph).nodes
        self.old: dict[sp.Symbol, Any] = {}
        self.new: dict[sp.Symbol, Any] = {}
        for symbol, value in along.values.items():
            array = np.asarray(value, dtype=np.float64)
            is_series = array.ndim > 0 and array.shape[-1] == len(along.time)
            self.old[symbol] = array[..., :-1] if is_series else array
            self.new[symbol] = array[..., 1:] if is_series else array

    def moved(self, name: str) -> Numbers:
        """Return the change of a variable."""
        symbol = symbol_of(name)
        return np.broadcast_to(self.new[symbol] - self.old[symbol], self.shape)

    def change(self, name: str, expression: sp.Expr) -> Numbers:
        """Return the change of what decides a node: of the net rate of a stock."""
        value = self._decided(name, expression)
        return value[..., 1:] - value[..., :-1]

    def old_value(self, name: str, expression: sp.Expr | None = None) -> Numbers:
        """Return a variable, or what decides it, at the start of each interval."""
        return self._decided(name, expression)[..., :-1]

    def _decided(self, name: str, expression: sp.Expr | None) -> Numbers:
        if expression is None or self.nodes[name].role in ("auxiliary", "flow", "random"):
            return self.along.value(name)
        return self.along.of(expression)

    def partial_changes(
        self, effect: str, expression: sp.Expr, causes: Sequence[str], attribution: Attribution
    ) -> dict[str, Numbers]:
        """Return what each cause alone changes in an equation."""
        if attribution == "shapley":
            return self._shapley(effect, expression, causes)
        value = self._decided(effect, expression)
        symbols = symbols_in(expression)
        found = {}
        for cause in causes:
            if attribution == "first":
                mixed = self._mixed(expression, symbols, {symbol_of(cause)})
                found[cause] = mixed - value[..., :-1]
            else:
                rest = {symbol for symbol in symbols if symbol.name != cause}
                found[cause] = value[..., 1:] - self._mixed(expression, symbols, rest)
        return found

    def _shapley(
        self, effect: str, expression: sp.Expr, causes: Sequence[str]
    ) -> dict[str, Numbers]:
        found = {cause: np.zeros(self.shape) for cause in causes}
        # Shapley values of a sum are sums of Shapley values, and terms have few inputs each.
        for term in expression.args if isinstance(expression, sp.Add) else (expression,):
            symbols = symbols_in(term)
            moving = [s for s in symbols if np.any(self.new[s] != self.old[s])]
            players: list[tuple[str | None, set[sp.Symbol]]] = [
                (str(s.name), {s}) for s in moving if s.name in found
            ]
            rest = {s for s in moving if s.name not in found}
            if rest:
                players.append((None, rest))
            if len(players) > MOST_INPUTS:
                names = ", ".join(f"'{name}'" for name, _ in players[:4] if name)
                msg = (
                    f"{self.along.graph.model.name}, '{effect}': a term has {len(players)} inputs "
                    f"that change ({names}, ...); Shapley values are computed for at most "
                    f"{MOST_INPUTS}: split the equation, or use attribution='first' or 'last'"
                )
                raise LoopError(msg)
            for size in range(len(players) + 1):
                for subset in combinations(players, size):
                    changed: set[sp.Symbol] = set().union(*(one for _, one in subset))
                    value = self._mixed(term, symbols, changed)
                    inside = {name for name, _ in subset}
                    for name, _ in players:
                        if name is not None:
                            before = size - 1 if name in inside else size
                            weight = _weight(before, len(players))
                            found[name] += weight * value if name in inside else -weight * value
        return found

    def _mixed(
        self, expression: sp.Expr, symbols: Sequence[sp.Symbol], changed: set[sp.Symbol]
    ) -> Numbers:
        """Return an equation with some symbols at the end of the interval, others at its start."""
        values = {s: (self.new if s in changed else self.old)[s] for s in symbols}
        value = Arrays(values, self.along.lookups).of(expression)
        return np.broadcast_to(np.asarray(value, dtype=np.float64), self.shape)


def _weight(before: int, players: int) -> float:
    """Return the share of orders in which exactly some inputs changed before this one."""
    return factorial(before) * factorial(players - 1 - before) / factorial(players)
