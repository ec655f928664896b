"""A model as a vector field: its rates and its Jacobian at any state, the time held.

Stage 2 of 4, shared by ``equilibrium`` and ``continuation``.  In: a model and settings.  Out: a
``Field``.  Refuses what has no rate of change (DELAY FIXED, SAMPLE IF TRUE, random numbers), and
time-dependent equations unless a time is given at which to hold them.

A state is measured in units of its own, the largest size each stock has during the run, so that
"small" means the same for people and for shares.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from loopscope.loops.graph import CausalGraph, root, trace
from loopscope.models import functions as sd
from loopscope.models.arrays import Arrays
from loopscope.models.derivatives import differentiate
from loopscope.models.engine.arguments import default_of
from loopscope.models.engine.overrides import Overrides, collect, plain_number
from loopscope.models.engine.plan import with_tables
from loopscope.models.engine.request import Extension, named
from loopscope.models.engine.simulate import prepared_of
from loopscope.models.engine.simulate import run as run_again
from loopscope.models.equations import State, reaches, symbols_in
from loopscope.models.errors import LoopError, shown
from loopscope.models.model import TIME, Model, symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loopscope.models.case import Case
    from loopscope.models.equations import Equations
    from loopscope.models.scenario import Scenario

Numbers = NDArray[np.float64]

TERMS = 1e-8
"""Net rate, relative to the terms it is made of, that rounding may leave at rest."""

RUNAWAY = 1e6
"""Times what a stock usually is in a run, from which it says nothing about usual sizes."""

FLOOR = 1e-11
"""The same, relative to those terms during the run: where all terms vanish together."""


class Field:
    """The rates of a model as a function of its stocks, and of one parameter if asked.

    Attributes
    ----------
    graph
        The traced graph.
    equations
        The model's, with what was held put in and only what rates need.
    names
        Stocks, stages of delays included; n of them.  States are arrays of dims (n, point).
    parameters
        By symbol: the value of everything the rates need that is no stock and no auxiliary.
    time
        The time at which the equations are held; None where they do not depend on it.
    free
        The parameter that may vary beside the stocks; None for none.
    """

    def __init__(
        self,
        graph: CausalGraph,
        equations: Equations,
        time: float | None,
        free: sp.Symbol | None,
        request: Mapping[str, Any],
    ) -> None:
        self.graph = graph
        self.equations = equations
        self.names = tuple(str(symbol.name) for symbol in equations.states)
        self.time = time
        self.free = free
        self._request = request
        states = dict(equations.states)
        if free is not None:
            start = sp.Float(equations.parameters[free])
            states[free] = State(rate=sp.Integer(0), initial=start, owner=str(free.name))
        self._derived = differentiate(replace(equations, states=states))

    @cached_property
    def parameters(self) -> dict[sp.Symbol, float]:
        """Values of what the rates need beside stocks and auxiliaries; the held time included."""
        found = dict(self.equations.parameters)
        for symbol in self.equations.fixed:
            if str(symbol.name) in self._course:
                found[symbol] = float(self._course[str(symbol.name)][0])
        if self.time is not None:
            found[TIME] = self.time
        return found

    @cached_property
    def needs(self) -> tuple[sp.Symbol, ...]:
        """Parameters, values fixed at the start and the time, as far as rates need them."""
        inner = {*self.equations.states, *self.equations.auxiliaries}
        found: dict[sp.Symbol, None] = {}
        for expression in (*self.equations.auxiliaries.values(), *self._rates):
            found.update(dict.fromkeys(s for s in symbols_in(expression) if s not in inner))
        return tuple(found)

    @cached_property
    def counters(self) -> tuple[int, ...]:
        """Positions of stocks that no rate depends on: they only add up."""
        acting = {column for _, column in self._derived.jacobian}
        return tuple(number for number in range(len(self.names)) if number not in acting)

    @property
    def _rates(self) -> list[sp.Expr]:
        return [state.rate for state in self.equations.states.values()]

    @cached_property
    def _course(self) -> dict[str, Numbers]:
        """The run of the model: stocks, and values fixed at the start, dims (time,)."""
        wanted = (*self.names, *(str(symbol.name) for symbol in self.equations.fixed))
        drawn = self.graph.equations.draws > 0
        extension = Extension(
            name="draws apart" if drawn else "",
            equations=lambda: self.graph.equations,
            outputs=wanted,
        )
        return run_again(prepared_of(self.graph.model), extension=extension, **self._request).values

    @cached_property
    def course(self) -> Numbers:
        """The run of the model, dims (n, time), up to where it runs away."""
        rows = np.array([self._course[name] for name in self.names])
        finite = np.abs(rows[:, np.isfinite(rows).all(axis=0)])
        bound = RUNAWAY * (1.0 + np.median(finite, axis=1)) if finite.size else np.zeros(len(rows))
        with np.errstate(invalid="ignore"):
            usual = (np.abs(rows) <= bound[:, None]).all(axis=0)
        return rows[:, np.logical_and.accumulate(usual)]

    @property
    def start(self) -> Numbers:
        """The start values, dims (n,)."""
        return self.course[:, 0]

    @cached_property
    def unit(self) -> Numbers:
        """The unit of each stock, dims (n,): its largest size in the run, 1 if that is 0."""
        size = np.max(np.abs(self.course), axis=1)
        return np.where(size > 0, size, 1.0)

    def rates(self, states: Numbers, parameter: Numbers | None = None) -> Numbers:
        """Return net rates, dims (n, point), not finite where they have no value.

        Parameters
        ----------
        states
            Dims (n, point).
        parameter
            Values of the free parameter, dims (point,), if not its own.
        """
        values = self._values(states, parameter, with_slopes=False)
        return _stacked([values.of(rate) for rate in self._rates], states)

    def scales(self, states: Numbers, parameter: Numbers | None = None) -> Numbers:
        """Return the sum of the magnitudes of the terms of each net rate, dims (n, point)."""
        values = self._values(states, parameter, with_slopes=False)
        rows = []
        for rate in self._rates:
            terms = sp.Add.make_args(rate)
            if isinstance(rate, sp.Symbol) and rate in self.equations.auxiliaries:
                terms = sp.Add.make_args(self.equations.auxiliaries[rate])
            rows.append(sum(np.abs(values.of(term)) for term in terms))
        return _stacked(rows, states)

    @cached_property
    def _gross(self) -> Numbers:
        """The usual sum of terms of each net rate during the run, dims (n,)."""
        return np.asarray(np.nanmedian(self.scales(self.course), axis=1))

    def rests(self, states: Numbers, parameter: Numbers | None = None) -> NDArray[np.bool_]:
        """Return which states are at rest, dims (point,).

        Net rates must be zero up to rounding of the terms they are made of, or of the terms they
        are made of during the run: a state that only creeps is not at rest.
        """
        if not states.shape[1]:
            return np.zeros(0, dtype=bool)
        with np.errstate(all="ignore"):
            rates = np.abs(self.rates(states, parameter))
            bound = TERMS * self.scales(states, parameter) + FLOOR * self._gross[:, None]
        return np.asarray(np.isfinite(rates).all(axis=0) & (rates <= bound).all(axis=0))

    def slopes(
        self, states: Numbers, parameter: Numbers | None = None
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Return rates (n, point), Jacobian (point, n, n), and slopes by the parameter (n, point).

        Slopes by the parameter are zero where none is free.
        """
        values = self._values(states, parameter, with_slopes=True)
        count, points = states.shape
        matrix = np.zeros((count, count + 1, points))
        for (row, column), symbol in self._derived.jacobian.items():
            if row < count:
                matrix[row, column] = values.of(symbol)
        rates = _stacked([values.of(rate) for rate in self._rates], states)
        return rates, np.moveaxis(matrix[:, :count], 2, 0), matrix[:, count]

    def _values(self, states: Numbers, parameter: Numbers | None, with_slopes: bool) -> Any:
        known: dict[sp.Symbol, Any] = {s: np.float64(v) for s, v in self.parameters.items()}
        known.update(zip(self.equations.states, states, strict=True))
        if self.free is not None and parameter is not None:
            known[self.free] = parameter
        arrays = Arrays(known, self.equations.lookups)
        source = self._derived.equations if with_slopes else self.equations
        for symbol, expression in source.auxiliaries.items():
            known[symbol] = arrays.of(expression)
        return arrays


def _stacked(rows: list[Any], states: Numbers) -> Numbers:
    return np.array([np.broadcast_to(row, states.shape[1:]) for row in rows], dtype=np.float64)


def field(
    model: Model | CausalGraph | str | Path,
    *,
    scenario: str | Scenario | None = None,
    case: str | Case | None = None,
    parameters: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    at: float | None = None,
    free: str | None = None,
) -> Field:
    """Return a model as a vector field.

    Parameters
    ----------
    scenario, case, parameters, initial
        As in ``models.simulate``; a variable that follows a path of the time is held where the
        path is at ``at``.
    at
        Time at which to hold the equations.
    free
        A constant that may vary.

    Raises
    ------
    UnknownNameError, RunError
        As ``models.simulate``; a value for each run.
    LoopError
        The model has no stock, something in it has no rate of change, or it depends on the time
        and none was given.
    """
    graph = root(model) if isinstance(model, CausalGraph) else trace(model)
    prepared = prepared_of(graph.model)
    case, scenario = named(prepared.path, case, scenario)
    found = collect(prepared, case=case, scenario=scenario, parameters=parameters, initial=initial)
    if found.runs is not None:
        name = next(iter(found.arrays), None) or next(
            one for one, start in found.starts.items() if not isinstance(start, float)
        )
        msg = f"'{name}' must be one number here, not one a run; look at one setting at a time"
        raise LoopError(msg)
    if at is not None and (plain_number(at) is None or not np.isfinite(at)):
        msg = f"at must be a finite time, got {shown(at)}"
        raise LoopError(msg)
    equations = _needed(_held(graph.equations, prepared, found, at))
    if not equations.states:
        msg = f"{graph.model.name}: the model has no stock, so nothing in it can be at rest"
        raise LoopError(msg)
    _refuse(graph, equations)
    _refuse_time(graph, equations, found, at)
    symbol = None if free is None else _parameter(graph, equations, free)
    request = {
        "scenario": scenario, "case": case, "parameters": parameters, "initial": initial,
    }  # fmt: skip
    return Field(graph, equations, None if at is None else float(at), symbol, request)


def _held(equations: Equations, prepared: Any, found: Overrides, at: float | None) -> Equations:
    """Return equations in which what was set is a constant."""
    numbers = dict(found.numbers)
    if at is not None:
        for name, path in found.paths.items():
            numbers[name] = float(
                path.at(np.array([float(at)]), default_of(prepared, found, name))[0]
            )
    held = {symbol_of(name): value for name, value in numbers.items()}
    return replace(
        with_tables(equations, found.tables),
        parameters={**equations.parameters, **held},
        states={s: one for s, one in equations.states.items() if s not in held},
        fixed={s: one for s, one in equations.fixed.items() if s not in held},
        auxiliaries={s: one for s, one in equations.auxiliaries.items() if s not in held},
    )


def _needed(equations: Equations) -> Equations:
    """Return equations without the auxiliaries that no rate needs."""
    wanted: set[sp.Symbol] = set()
    for state in equations.states.values():
        for symbol in symbols_in(state.rate):
            if symbol not in wanted:
                wanted |= reaches(equations, symbol)
    return replace(
        equations,
        auxiliaries={s: e for s, e in equations.auxiliaries.items() if s in wanted},
        memories={s: one for s, one in equations.memories.items() if s in wanted},
        pipelines={s: one for s, one in equations.pipelines.items() if s in wanted},
        fixed={s: e for s, e in equations.fixed.items() if s in wanted},
    )


def _refuse(graph: CausalGraph, equations: Equations) -> None:
    late = {str(s.name): "a value kept until a condition holds" for s in equations.memories}
    late |= {str(s.name): "DELAY FIXED" for s in equations.pipelines}
    late |= {
        str(s.name): "a random number"
        for s, expression in equations.auxiliaries.items()
        if expression.has(sd.RandomUniform)
    }
    if late:
        name, what = next(iter(late.items()))
        msg = (
            f"{graph.model.name}: '{graph.label(name)}' ({what}) has no rate of change, so "
            "equilibria are not defined; write it with stocks, or hold it with parameters="
        )
        raise LoopError(msg)


def _refuse_time(
    graph: CausalGraph, equations: Equations, found: Overrides, at: float | None
) -> None:
    if at is not None:
        return
    moving = [f"'{name}' (set to a path)" for name in found.paths]
    for symbol, expression in equations.auxiliaries.items():
        if expression.has(TIME):
            moving.append(f"'{equations.hidden.get(str(symbol.name), symbol.name)}'")
    moving += [f"'{one.owner}'" for one in equations.states.values() if one.rate.has(TIME)]
    if moving:
        names = ", ".join(dict.fromkeys(moving[:6])) + (" and more" if len(moving) > 6 else "")
        msg = (
            f"{graph.model.name}: the equations depend on the time through {names}, so there is "
            "no equilibrium; pass at= to hold them where they are at that time"
        )
        raise LoopError(msg)


def _parameter(graph: CausalGraph, equations: Equations, name: str) -> sp.Symbol:
    authored = prepared_of(graph.model).find(str(name), "parameter").name
    symbol = symbol_of(authored)
    if authored in equations.structural:
        msg = f"'{authored}' cannot vary: {equations.structural[authored]}"
        raise LoopError(msg)
    if symbol not in equations.parameters:
        kind = prepared_of(graph.model).variables[authored].kind
        msg = f"'{authored}' is a {kind}, not a constant; hold it with parameters= to vary it"
        raise LoopError(msg)
    needed = {
        one
        for expression in (
            *equations.auxiliaries.values(), *(s.rate for s in equations.states.values())
        )
        for one in symbols_in(expression)
    }  # fmt: skip
    if symbol not in needed:
        msg = (
            f"no rate of {graph.model.name} depends on '{authored}' (it may set a start value), "
            "so equilibria do not move with it"
        )
        raise LoopError(msg)
    return symbol
