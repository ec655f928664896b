"""The same run again with loops cut: the equations with every cut in them, run natively.

Stage 3 of 4.  In: ``Along`` and ``Cut`` records.  Out: ``Cutting``, whose ``run`` gives ``Along``
of the model in which some cuts hold from a saved time on.

Each cut has a gate, 0 before and 1 from the beginning of the step at that time on, and a held
value for what it freezes.  Both are inputs, so all cuts of a model share one kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from loopscope.loops.cuts.writing import Writer, new_symbol
from loopscope.loops.graph import CausalGraph, graph_of, root
from loopscope.loops.replay import Along
from loopscope.models import functions as sd
from loopscope.models.engine import cache
from loopscope.models.engine.overrides import plain_number
from loopscope.models.engine.prepared import Facts
from loopscope.models.engine.request import Extension
from loopscope.models.engine.simulate import run as run_again
from loopscope.models.equations import Memory
from loopscope.models.errors import LoopError, shown
from loopscope.models.model import TIME, symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.loops.cuts.cut import Cut
    from loopscope.models.engine.execute import Result
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.equations import Equations

NEVER = 1e300
"""A time that no run reaches."""

STEPWISE = ("Euler", "RK4")
"""Methods whose steps are those of the clock, so that a gate can change between steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The symbols of one cut.

    Attributes
    ----------
    on
        1 where the cut holds, else 0.
    opens
        Input that says when it begins.
    held
        Inputs that hold what is frozen, by the symbol they stand in for.
    """

    on: sp.Symbol
    opens: sp.Symbol
    held: Mapping[sp.Symbol, sp.Symbol]


class Cutting:
    """A run that can be made again with loops cut.

    Parameters
    ----------
    along
        The run, from ``loops.along``: one put together by hand cannot be made again.
    cuts
        All cuts that will be asked for.

    Raises
    ------
    LoopError
        ``along`` has no run behind it.
    """

    def __init__(self, along: Along, cuts: Sequence[Cut]) -> None:
        if along.result is None:
            msg = "loops are cut in a run of models.simulate, read with loops.along(graph, run)"
            raise LoopError(msg)
        self.along = along
        self.cuts = tuple(cuts)
        self._base: Result = along.result
        self._stepwise = self._base.method in STEPWISE
        self._build()

    def run(self, begins: Mapping[int, int]) -> Along:
        """Simulate again.

        Parameters
        ----------
        begins
            For each cut that holds, by its number: the position among the saved times from which
            it does.  Cuts that are not named do not hold.

        Returns
        -------
        Along
            At the same times; stocks are NaN from where the run left the finite numbers, and
            what is computed from them may not be read there.
        """
        plan = self._base.plan
        overrides = plan.overrides
        kept = plan.prepared.parameters
        settings: dict[str, Any] = {
            name: value for name, value in overrides.numbers.items() if value != kept.get(name)
        }
        settings |= {**overrides.arrays, **overrides.paths}
        for number, gate in enumerate(self.gates):
            if number in begins:
                settings |= self._begin(self.cuts[number], gate, begins[number])
        result = run_again(
            self._prepared, None, parameters=settings, initial=dict(overrides.starts),
            lookups=dict(overrides.tables), method=self._base.method, seed=plan.seed,
            extension=Extension(
                name="", equations=lambda: self.equations,
                outputs=tuple(dict.fromkeys((*self._outputs, *settings))),
            ),
        )  # fmt: skip
        along = self.along
        rows = np.searchsorted(result.time, along.time - 1e-6 * along.step)
        values: dict[sp.Symbol, Any] = {
            symbol_of(name): array[..., rows] for name, array in result.values.items()
        }
        values[TIME] = along.time
        return Along(
            self.graph, values, time=along.time, step=along.step, runs=along.runs,
            held=along.held, driven=along.driven, result=result,
        )  # fmt: skip

    def _begin(self, cut: Cut, gate: Gate, place: int) -> dict[str, Any]:
        """Return the inputs of a cut that begins at a saved time."""
        along, times = self.along, self._base.plan.times
        moment = along.time[place]
        opens = moment - 1e-9 * times.step
        if self._stepwise:
            # A gate is set by the step before, so it opens half a step before that one begins.
            steps = times.moments
            number = int(np.searchsorted(steps, moment - 1e-6 * times.step))
            opens = steps[0] - 2 * times.step
            if number == 1:
                opens = steps[0] - times.step / 2
            elif number > 1:
                opens = (steps[number - 2] + steps[number - 1]) / 2
        found: dict[str, Any] = {str(gate.opens.name): float(opens)}
        for source, held in gate.held.items():
            if cut.link is None:
                found[str(held.name)] = cut.switch[str(source.name)]
            else:
                value = along.value(str(source.name))[..., place]
                found[str(held.name)] = float(value) if along.runs is None else np.array(value)
        return found

    def _build(self) -> None:
        base = root(self.along.graph)
        prepared, equations = self._base.plan.prepared, base.equations
        taken = {*prepared.variables, *base.nodes, *(str(s.name) for s in equations.parameters)}
        sources = [[cut.link[0]] if cut.link is not None else list(cut.switch) for cut in self.cuts]
        self.gates = [
            Gate(
                on=new_symbol(f"cut {number} holds", taken),
                opens=new_symbol(f"cut {number} opens", taken),
                held={symbol_of(n): new_symbol(f"cut {number} holds {n} at", taken) for n in names},
            )
            for number, names in enumerate(sources, start=1)
        ]
        writer = Writer(self.along.graph, equations, taken)
        for cut, gate in zip(self.cuts, self.gates, strict=True):
            frozen = {
                source: sd.IfThenElse(gate.on, held, source) for source, held in gate.held.items()
            }
            if cut.link is None:
                writer.switch(frozen)
            else:
                writer.freeze(symbol_of(cut.link[1]), frozen)
        self.equations = self._gated(writer.equations())
        self._prepared = self._with_inputs(prepared)
        names = [str(s.name) for s in self.equations.parameters]
        names += [str(s.name) for s in (*self.equations.states, *self.equations.memories)]
        names += [str(s.name) for s in (*self.equations.pipelines, *self.equations.fixed)]
        names += [name for name, node in base.nodes.items() if node.role == "random"]
        self._outputs = tuple(names)

    def _gated(self, equations: Equations) -> Equations:
        """Return equations with the gates in them."""
        step = sp.Float(self._base.plan.times.step)
        inputs = {
            symbol: NEVER if symbol == gate.opens else 0.0
            for gate in self.gates
            for symbol in (gate.opens, *gate.held.values())
        }
        owner = next(iter(self.along.graph.nodes.values())).owner
        hidden = {**equations.hidden, **{str(gate.on.name): owner for gate in self.gates}}
        parameters = {**equations.parameters, **inputs}
        ons = tuple(gate.on for gate in self.gates)
        if self._stepwise:
            gates = {
                gate.on: Memory(
                    update=sd.LessEqual(gate.opens, TIME),
                    initial=sd.LessEqual(gate.opens, TIME - step),
                    owner=owner,
                    construct="cut",
                )
                for gate in self.gates
            }
            return replace(
                equations, parameters=parameters, memories={**equations.memories, **gates},
                start_order=(*ons, *equations.start_order), hidden=hidden,
            )  # fmt: skip
        steps = {g.on: sd.Step(sp.Integer(1), g.opens, TIME, sp.Integer(0)) for g in self.gates}
        return replace(
            equations, parameters=parameters, auxiliaries={**steps, **equations.auxiliaries},
            hidden=hidden,
        )  # fmt: skip

    def _with_inputs(self, prepared: Prepared) -> Prepared:
        """Return the prepared model with the inputs of the cuts."""
        equations = self.equations
        new = {
            str(symbol.name): value
            for symbol, value in equations.parameters.items()
            if str(symbol.name) not in prepared.parameters
        }
        facts = {
            name: Facts(
                name=name, kind="parameter", units="", documentation="", low=None, high=None,
                group="",
            )
            for name in new
        }  # fmt: skip
        carried = (*equations.states, *equations.memories, *equations.pipelines)
        shown = ",".join(self.along.graph.nodes)
        cuts = [*map(str, self.cuts), str(self._stepwise), str(self._base.plan.times.step)]
        return replace(
            prepared,
            content=cache.key_of(prepared.content, "cut", shown, *cuts),
            variables={**prepared.variables, **facts},
            parameters={**prepared.parameters, **new},
            carried=tuple(str(symbol.name) for symbol in carried),
            computed=tuple(str(symbol.name) for symbol in equations.auxiliaries),
            hidden=dict(equations.hidden),
            source=lambda: equations,
        )

    @cached_property
    def graph(self) -> CausalGraph:
        """The traced graph of the equations with all cuts in them."""
        return graph_of(self.along.graph.model, self.equations)


def position(along: Along, time: float | None, *, what: str, default: int) -> int:
    """Return which saved time of a run a given one is.

    Raises
    ------
    LoopError
        No number, outside the run, or between saved times.
    """
    if time is None:
        return default
    known = along.time
    number = plain_number(time)
    if number is None or not known[0] - 1e-6 <= number <= known[-1] + 1e-6:
        msg = f"{what} must be a time of the run, {known[0]:g} to {known[-1]:g}; got {shown(time)}"
        raise LoopError(msg)
    place = int(np.argmin(np.abs(known - number)))
    if abs(known[place] - number) > 1e-6 * along.step:
        msg = f"{what}={number:g} lies between saved times; the nearest is {known[place]:g}"
        raise LoopError(msg)
    return place
