"""A causal graph along a run: values, rates, accelerations and link gains at each saved time.

Stage 3 of 4.  In: a ``CausalGraph`` and a run of its model.  Out: ``Along``, arrays that methods
of scoring read.  The run is made again from its own settings, so that stages of delays, which a
``Dataset`` does not hold, are known; a run that does not come out the same is refused.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.loops import modules
from loopscope.loops.graph import STOCKS, root
from loopscope.loops.rerun import compare, made_again, rows_of, with_its_dims
from loopscope.loops.views import gains_in
from loopscope.models.arrays import Arrays
from loopscope.models.engine.plan import with_tables
from loopscope.models.model import TIME, symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sympy as sp
    import xarray as xr

    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.models.engine.execute import Result

Numbers = NDArray[np.float64]


class Along:
    """Everything a graph has along one run, or a batch of runs.

    Arrays have dims ``([run,] time)``, after a leading dim where one is named; float64.

    Attributes
    ----------
    graph
        The graph, or view, whose links are read.
    time
        Saved times, dims (time,), in the model's unit.
    runs
        Number of runs; None for a single one.
    step
        Time step of the run.
    values
        By symbol of the equations: parameters, stocks, fixed values, auxiliaries, the time.
    held
        Variables that the run held at given values, so that nothing acts on them.
    driven
        Rates of change of parameters and held variables that follow a path of the time.
    result
        The run as made again, with its plan; None where the values were put together by hand.
    lookups
        As in ``Equations``, with the points that the run had.
    label
        Scenario and case of the run, by name; empty where it had none.
    """

    def __init__(
        self,
        graph: CausalGraph,
        values: dict[sp.Symbol, Any],
        *,
        time: Numbers,
        step: float,
        runs: int | None = None,
        held: frozenset[str] = frozenset(),
        driven: Mapping[str, Numbers] | None = None,
        result: Result | None = None,
        label: str = "",
    ) -> None:
        self.graph = graph
        self.label = label
        self.result = result
        self.time = time
        self.runs = runs
        self.step = step
        self.held = held
        self.driven = dict(driven or {})
        self.shape = (len(time),) if runs is None else (runs, len(time))
        self.values = values
        tables = {} if result is None else result.plan.overrides.tables
        self.lookups = with_tables(graph.equations, tables).lookups
        self._arrays = Arrays(values, self.lookups)
        equations = graph.equations
        for symbol, expression in equations.auxiliaries.items():
            if symbol not in values:
                # Not what the kernel made of it, which differs in the last place: differences of
                # values must come from one arithmetic.
                values[symbol] = self.of(expression)

    def of(self, expression: sp.Expr) -> Numbers:
        """Return the value of an expression over the model's symbols, dims ([run,] time)."""
        value = np.asarray(self._arrays.of(expression), dtype=np.float64)
        return np.broadcast_to(value, self.shape)

    def value(self, name: str) -> Numbers:
        """Return the values of a variable, dims ([run,] time)."""
        return np.broadcast_to(
            np.asarray(self.values[symbol_of(name)], dtype=np.float64), self.shape
        )

    @cached_property
    def full_gains(self) -> dict[Pair, Numbers]:
        """Gains of the links of the traced graph, by (cause, effect), dims ([run,] time)."""
        return {
            pair: np.zeros(self.shape) if pair[1] in self.held else self.of(link.gain)
            for pair, link in self._root.links.items()
            if link.kind != "cancelled"
        }

    @cached_property
    def gains(self) -> dict[Pair, Numbers]:
        """Gains of the links of the graph itself, by (cause, effect), dims ([run,] time)."""
        return gains_in(self.graph, self.full_gains, operator.add, operator.mul)

    @cached_property
    def rates(self) -> dict[str, Numbers]:
        """Time derivative of every variable, dims ([run,] time), by the chain rule.

        Of a stock, its net rate; of an auxiliary, through its causes, the time and driven
        parameters.  Right-sided at a jump of a path.
        """
        found: dict[str, Numbers] = {}
        for symbol, state in self.graph.equations.states.items():
            name = str(symbol.name)
            found[name] = self.driven[name] if name in self.held else self.of(state.rate)
        for one, node in self._root.nodes.items():
            if node.role in ("memory", "pipeline", "random"):
                found[one] = np.zeros(self.shape)
        for symbol in self.graph.equations.auxiliaries:
            name = str(symbol.name)
            if name not in found:
                found[name] = self._through_causes(name, found)
        return found

    @cached_property
    def accelerations(self) -> dict[str, Numbers]:
        """Second time derivative of each stock, dims ([run,] time): J f + df/dt."""
        return {
            str(symbol.name): self._through_causes(str(symbol.name), self.rates)
            for symbol in self.graph.equations.states
        }

    @cached_property
    def drive(self) -> dict[str, Numbers]:
        """What the time and driven parameters alone add to each node's rate of change."""
        found: dict[str, Numbers] = {}
        for (cause, effect), link in self.graph.inputs.items():
            moving = np.ones(self.shape) if cause == TIME.name else self.driven.get(cause)
            if moving is not None and link.gain != 0 and effect not in self.held:
                found[effect] = found.get(effect, 0.0) + self.of(link.gain) * moving
        return found

    @property
    def _root(self) -> CausalGraph:
        return root(self.graph)

    @cached_property
    def _causes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for cause, effect in self.full_gains:
            found.setdefault(effect, []).append(cause)
        return found

    def _through_causes(self, name: str, rates: Mapping[str, Numbers]) -> Numbers:
        if name in self.held:
            stock = self._root.nodes[name].role in STOCKS
            return np.zeros(self.shape) if stock else self.driven[name]
        total = np.array(np.broadcast_to(self.drive.get(name, 0.0), self.shape))
        with np.errstate(all="ignore"):  # an infinite gain of what does not move: no number
            for cause in self._causes.get(name, ()):
                total = total + self.full_gains[cause, name] * rates[cause]
        return total

    @property
    def every_step(self) -> bool:
        """Whether each step of the run was saved."""
        gaps = np.diff(self.time)
        return bool(np.all(np.abs(gaps - self.step) <= 1e-6 * self.step))


def along(graph: CausalGraph, run: xr.Dataset) -> Along:
    """Return a graph along a run.

    Parameters
    ----------
    run
        From ``models.simulate``; any variables, any of its saved times in their order, one of a
        batch.  Of a batch, what differs between runs must have been saved; where start values of
        stocks do, so must the first time.

    Raises
    ------
    LoopError
        The run is of another model, failed, or does not come out the same.
    """
    made = _made(graph, run)
    plan = made.result.plan
    names = [str(run.attrs.get(one) or "") for one in ("scenario", "case")]
    return Along(
        graph, made.values, time=made.time, step=plan.times.step, runs=plan.runs, held=made.held,
        driven=made.driven, result=made.result, label=", ".join(filter(None, names)),
    )  # fmt: skip


def along_each(
    graph: CausalGraph, runs: Sequence[xr.Dataset]
) -> list[tuple[tuple[int, ...], Along]]:
    """Return a graph along single runs of any settings, many at once where they go together.

    Parameters
    ----------
    runs
        Each as in ``along``, dims (time,).

    Returns
    -------
    list of tuple
        Places of runs, and the graph along them as one batch, in that order: runs with the same
        saved times and step that hold the same variables; one with lookups of its own stays alone.

    Raises
    ------
    LoopError
        As ``along``.
    """
    groups: dict[object, list[tuple[int, _Made]]] = {}
    for place, run in enumerate(runs):
        made = _made(graph, run)
        own = place if made.result.plan.overrides.tables else None
        kind = (own, made.result.plan.times.step, made.time.tobytes(), made.held)
        groups.setdefault(kind, []).append((place, made))
    return [
        (tuple(place for place, _ in group), _batch(graph, [made for _, made in group]))
        for group in groups.values()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A run made again."""

    result: Result
    time: Numbers
    values: dict[sp.Symbol, Any]
    held: frozenset[str]
    driven: dict[str, Numbers]


def _made(graph: CausalGraph, run: xr.Dataset) -> _Made:
    run = with_its_dims(run)
    result = made_again(graph, run)
    plan = result.plan
    overrides = plan.overrides
    inside = rows_of(run, result)
    values: dict[sp.Symbol, Any] = {
        symbol_of(name): array[..., inside] for name, array in result.values.items()
    }
    time = result.time[inside]
    values[TIME] = time
    compare(graph, run, values)
    modules.check(graph, {name: values[symbol_of(name)] for name in root(graph).off})
    held = frozenset(
        name
        for name in (*overrides.numbers, *overrides.arrays, *overrides.paths)
        if name not in plan.prepared.parameters
    )
    shape = (len(time),) if plan.runs is None else (plan.runs, len(time))
    driven = {name: np.zeros(shape) for name in held}
    for name in overrides.paths:
        driven[name] = np.broadcast_to(_slope(plan, name, time), shape)
    return _Made(result=result, time=time, values=values, held=held, driven=driven)


def _batch(graph: CausalGraph, made: Sequence[_Made]) -> Along:
    """Return a graph along single runs as one batch."""
    first = made[0]
    shape = (len(first.time),)
    values: dict[sp.Symbol, Any] = {
        symbol: np.stack([np.broadcast_to(one.values[symbol], shape) for one in made])
        for symbol in first.values
        if symbol != TIME
    }
    values[TIME] = first.time
    names = dict.fromkeys(name for one in made for name in one.driven)
    still = np.zeros(shape)
    driven = {name: np.stack([one.driven.get(name, still) for one in made]) for name in names}
    return Along(
        graph, values, time=first.time, step=first.result.plan.times.step, runs=len(made),
        held=first.held, driven=driven, result=first.result if len(made) == 1 else None,
    )  # fmt: skip


def _slope(plan: Any, name: str, time: Numbers) -> Numbers:
    """Return how fast a path rises just after each time; paths are straight between their kinks."""
    from loopscope.models.engine.arguments import default_of

    path, default = plan.overrides.paths[name], default_of(plan.prepared, plan.overrides, name)
    width = plan.times.step / 1024
    return np.asarray((path.at(time + width, default) - path.at(time, default)) / width)
