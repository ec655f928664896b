"""Integration with steps chosen by error, for smooth models: LSODA and Radau.

Stage 5 of 5.  In: a ``Plan``.  Out: a ``Result``.  scipy integrates; rates and the exact Jacobian
come from a kernel of the differentiated equations.  The time axis is cut where a step, ramp, pulse
or path begins or ends, so the solver never crosses a jump.  Models that change between steps
(DELAY FIXED, SAMPLE IF TRUE, random functions ...) are refused.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp
from scipy.integrate import LSODA, Radau

from loopscope.models import functions
from loopscope.models.derivatives import Differentiated, differentiate
from loopscope.models.engine.arguments import default_of
from loopscope.models.engine.clock import Times
from loopscope.models.engine.diagnosis import Failure
from loopscope.models.engine.execute import Result, values_of
from loopscope.models.engine.plan import Plan, kernel, launch
from loopscope.models.errors import RunError
from loopscope.models.model import TIME
from loopscope.models.scenario import Change, Points, Pulses

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.integrate import OdeSolver

    from loopscope.models.engine.layout import Layout
    from loopscope.models.engine.native import Kernel
    from loopscope.models.engine.overrides import Numbers
    from loopscope.models.equations import Equations

SOLVERS = {"LSODA": LSODA, "Radau": Radau}

RELATIVE = 1e-9
"""Error allowed in a step, relative to each state."""

ABSOLUTE = 1e-12
"""Error allowed in a step, relative to each state's size at the start (or 1 if it is smaller)."""

NEAR = 1e-12
"""How far inside a stretch between jumps the equations are looked at, relative to the time."""


def solve(plan: Plan, method: str, *, progress: Callable[[int, int], None] | None = None) -> Result:
    """Compute all runs of a plan, one after the other.

    Raises
    ------
    RunError
        The model is not smooth; the message names the variable and the construct.
    """
    refuse(plan, method)
    runs = plan.runs or 1
    out = np.full((len(plan.layout.outputs), runs, plan.times.saves), np.nan)
    failures = {}
    system = _System(plan)
    for run in range(runs):
        failure = system.solve(run, method, out[:, run, :])
        if failure is not None:
            failures[run] = failure
        if progress is not None:
            progress(run + 1, runs)
    return Result(
        plan=plan,
        method=method,
        values=values_of(plan, out),
        time=plan.times.saved,
        failures=failures,
    )


def refuse(plan: Plan, method: str) -> None:
    """Raise ``RunError`` when a model jumps in a way that cannot be foreseen."""
    equations = plan.prepared.source()
    found = dict(plan.prepared.discrete)
    for record in equations.states.values():
        if record.non_negative:
            found.setdefault(record.owner, "a stock that may not go negative")
    if found:
        variable, construct = next(iter(found.items()))
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        msg = (
            f"method '{method}' needs a smooth model, but '{variable}' uses {construct}{more}; "
            f"use Euler or RK4"
        )
        raise RunError(msg)


class _System:
    """A model as a function of time and states."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.equations = _without_step(plan.prepared.source())
        self.derived: Differentiated = differentiate(self.equations)
        fixed = tuple(str(symbol.name) for symbol in self.equations.fixed)
        self.states = tuple(
            str(symbol.name)
            for symbol in self.equations.states
            if symbol.name not in plan.layout.inputs
        )
        self.columns = [
            number
            for number, symbol in enumerate(self.equations.states)
            if symbol.name in self.states
        ]
        inputs = (*plan.layout.inputs, *fixed)
        self.rates = tuple(str(self.derived.rates[number].name) for number in self.columns)
        self.entries = {
            (self.columns.index(i), self.columns.index(j)): str(symbol.name)
            for (i, j), symbol in self.derived.jacobian.items()
            if i in self.columns and j in self.columns
        }
        base = replace(
            plan.layout, method="Euler", inputs=inputs, starts=self.states, lanes=(), series=(),
            width=1, vectors=1,
        )  # fmt: skip
        self.rate_layout = replace(base, outputs=self.rates)
        self.slope_layout = replace(base, outputs=tuple(self.entries.values()))
        self.value_layout = replace(base, outputs=plan.layout.outputs)
        self.start_layout = replace(
            plan.layout, method="Euler", outputs=(*self.states, *fixed), lanes=(), series=(),
            width=1, vectors=1,
        )  # fmt: skip
        tables = plan.overrides.tables
        variant = ("differentiated", lambda: self.derived.equations)
        self.rate = kernel(plan.prepared, self.rate_layout, tables, variant)
        self.slope = kernel(plan.prepared, self.slope_layout, tables, variant)
        self.value = kernel(plan.prepared, self.value_layout, tables, variant)
        self.start = kernel(plan.prepared, self.start_layout, tables)

    def solve(self, run: int, method: str, out: Numbers) -> Failure | None:
        """Fill ``out``, dims (output, save), for one run."""
        plan, when = self.plan, self.plan.times
        common = plan.common.copy()
        slots = (*plan.layout.inputs, *plan.layout.starts)
        for row, name in zip(plan.lanes, plan.layout.lanes, strict=True):
            common[slots.index(name)] = row[run]
        at_start = self._at_start(common, run)
        inputs = np.concatenate([common[: len(plan.layout.inputs)], at_start[len(self.states) :]])
        state = at_start[: len(self.states)]
        unusable = np.flatnonzero(~np.isfinite(state))
        if len(unusable):
            return Failure(run, self.states[unusable[0]], when.start, {})
        scale = ABSOLUTE * np.maximum(1.0, np.abs(state))
        saved = when.saved
        jumps = self._jumps(inputs, when.stop)
        inside = sorted(jump for jump in jumps if when.start < jump < when.stop)
        cuts = [when.start, *inside, when.stop]
        for number, (begin, end) in enumerate(itertools.pairwise(cuts)):
            final = number == len(cuts) - 2
            asked = saved[(saved >= begin) & ((saved < end) | final)]
            see = _Window(self, inputs, begin, end, jumps)
            if begin == end:
                out[:, -1] = see.values(begin, state)
                break
            solver = SOLVERS[method](
                see.rates, begin, state, end, jac=see.jacobian, rtol=RELATIVE, atol=scale
            )
            done = 0
            while done < len(asked) or solver.status == "running":
                if solver.status == "running" and not _step(solver):
                    return self._failure(run, solver, see)
                course = solver.dense_output() if solver.t_old is not None else None
                while done < len(asked) and asked[done] <= solver.t:
                    moment = asked[done]
                    known = state if moment == begin or course is None else course(moment)
                    column = int(np.searchsorted(saved, moment))
                    out[:, column] = see.values(moment, known)
                    done += 1
            state = solver.y
        wrong = np.argwhere(~np.isfinite(out))
        if len(wrong):
            row, column = min(wrong.tolist(), key=lambda place: (place[1], place[0]))
            out[:, column:] = np.nan
            return Failure(run, plan.layout.outputs[row], float(saved[column]), {})
        return None

    def _failure(self, run: int, solver: OdeSolver, see: _Window) -> Failure:
        """Say which state left the finite numbers: the one whose rate has, or is the largest."""
        last = np.array(solver.y)
        size = np.abs(see.rates(solver.t, last)) / np.maximum(1.0, np.abs(last))
        worst = int(np.argmax(np.where(np.isfinite(size), size, np.inf)))
        values = dict(zip(self.states, last.tolist(), strict=True))
        return Failure(run, self.states[worst], float(solver.t), values)

    def _at_start(self, common: Numbers, run: int) -> Numbers:
        when = self.plan.times
        out = np.empty((len(self.start_layout.outputs), 1, 1))
        moment = Times.at(when.start, when.step)
        now = np.array(common)
        self._set_paths(now, when.start)
        empty = np.zeros((1, 1))
        launch(
            self.start, self.start_layout, moment, now, empty, empty, out, runs=1,
            seed=self.plan.seed, origin=run,
        )  # fmt: skip
        return np.array(out[:, 0, 0])

    def _set_paths(self, inputs: Numbers, time: float) -> None:
        plan = self.plan
        for name, path in plan.overrides.paths.items():
            default = default_of(plan.prepared, plan.overrides, name)
            inputs[plan.layout.inputs.index(name)] = path.at(np.array([time]), default)[0]

    def _jumps(self, inputs: Numbers, stop: float) -> set[float]:
        """Return the times at which something jumps."""
        values = dict(zip(self.rate_layout.inputs, inputs.tolist(), strict=True))
        found: set[float] = set()
        for path in self.plan.overrides.paths.values():
            found.update(_path_cuts(path, stop))
        for owner, moment in _event_times(self.equations):
            now = self._number(moment, values)
            if now is None:
                msg = (
                    f"'{owner}' steps at a time that changes during the run; "
                    f"use Euler or RK4 for this model"
                )
                raise RunError(msg)
            found.add(now)
        return found

    def _number(self, expression: sp.Expr, values: dict[str, float]) -> float | None:
        for _ in range(len(self.equations.auxiliaries) + 1):
            known = {
                symbol: sp.Float(values[str(symbol.name)])
                if str(symbol.name) in values
                else self.equations.auxiliaries.get(symbol, symbol)
                for symbol in expression.free_symbols
            }
            if not known:
                return float(expression)
            following = expression.xreplace(known)
            if following == expression:
                return None
            expression = following
        return None


def _step(solver: OdeSolver) -> bool:
    """Take one step; return False, with the solver where it was, when there is none to take."""
    time, state = solver.t, np.array(solver.y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what LSODA says is in its status
        try:
            solver.step()
        except (ArithmeticError, ValueError):
            solver.status = "failed"
    if solver.status != "failed" and solver.t > time and np.isfinite(solver.y).all():
        return True
    solver.t, solver.y = time, state
    return False


class _Window:
    """The model between two jumps."""

    def __init__(
        self, system: _System, inputs: Numbers, begin: float, end: float, jumps: set[float]
    ) -> None:
        self.system = system
        self.inputs = inputs
        margin = NEAR * max(1.0, abs(begin), abs(end))
        self.low = begin + margin if begin in jumps else begin
        self.high = max(begin, end - margin) if end in jumps else end

    def _look(self, code: Kernel, layout: Layout, time: float, state: Numbers) -> Numbers:
        system = self.system
        inside = min(max(time, self.low), self.high)
        common = np.concatenate([self.inputs, state])
        system._set_paths(common, inside)
        out = np.empty((len(layout.outputs), 1, 1))
        empty = np.zeros((1, 1))
        moment = Times.at(inside, system.plan.times.step)
        launch(code, layout, moment, common, empty, empty, out, runs=1)
        return np.array(out[:, 0, 0])

    def rates(self, time: float, state: Numbers) -> Numbers:
        """Return the net rates, dims (state,)."""
        return self._look(self.system.rate, self.system.rate_layout, time, state)

    def jacobian(self, time: float, state: Numbers) -> Numbers:
        """Return the total derivatives of rates by states, dims (state, state)."""
        system = self.system
        entries = self._look(system.slope, system.slope_layout, time, state)
        matrix = np.zeros((len(state), len(state)))
        for (row, column), value in zip(system.entries, entries, strict=True):
            # Where there is no slope the solver does without: its steps become small, or end.
            matrix[row, column] = value if np.isfinite(value) else 0.0
        return matrix

    def values(self, time: float, state: Numbers) -> Numbers:
        """Return the outputs, dims (output,)."""
        return self._look(self.system.value, self.system.value_layout, time, state)


def _without_step(equations: Equations) -> Equations:
    """Return equations whose STEPs begin on time, not half a step of ``dt`` before."""

    def exact(expression: sp.Expr) -> sp.Expr:
        steps = expression.atoms(functions.Step)
        if not steps:
            return expression
        return expression.xreplace(
            {found: functions.Step(*found.args[:3], sp.Integer(0)) for found in steps}
        )

    return replace(
        equations,
        auxiliaries={s: exact(e) for s, e in equations.auxiliaries.items()},
        states={s: replace(r, rate=exact(r.rate)) for s, r in equations.states.items()},
    )


def _event_times(equations: Equations) -> list[tuple[str, sp.Expr]]:
    """Return, for each step, ramp and pulse, its user and the times at which it jumps."""
    kinds = (functions.Step, functions.Ramp, functions.Pulse)
    small = sp.Float(functions.SMALL)
    found: list[tuple[str, sp.Expr]] = []
    places = {str(s.name): e for s, e in equations.auxiliaries.items()}
    places |= {str(s.name): r.rate for s, r in equations.states.items()}
    for owner, expression in places.items():
        for event in sorted(expression.atoms(*kinds), key=str):
            if isinstance(event, functions.Step):
                moments = [event.args[1]]
            elif isinstance(event, functions.Ramp):
                moments = [event.args[1] - small, event.args[2]]
            else:
                moments = [event.args[0] - small, event.args[0] + event.args[1]]
            found.extend((owner, moment) for moment in moments if moment != sp.oo)
    return [(owner, moment) for owner, moment in found if moment != TIME]


def _path_cuts(path: Change | Pulses | Points, stop: float) -> list[float]:
    if isinstance(path, Points):
        return list(path.times)
    if isinstance(path, Change):
        return [path.start, path.start + path.ramp, path.to]
    cuts = []
    begin = path.start
    while begin < min(stop, path.until):
        cuts += [begin, min(begin + path.lasts, path.until)]
        if path.every is None:
            break
        begin += path.every
    return [*cuts, path.until]
