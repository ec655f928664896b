"""From equations to one function that runs a model: LLVM IR text.

Stage 4 of 5.  In: ``Equations`` and a ``Layout``.  Out: IR of a module with one public function
(see ``frame.ARGUMENTS``).  Nothing is compiled here.

Shape of the function: tiles of runs, outermost; within a tile all time steps; within a step all
vectors of the tile (for RK4, four times).  What a step needs from the step before lives in small
arrays on the stack, one vector for each vector of the tile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp
from llvmlite import ir

from loopscope.models.engine import tables
from loopscope.models.engine.carrying import Carrying
from loopscope.models.engine.expressions import (
    Environment,
    Expressions,
    Level,
    Section,
)
from loopscope.models.engine.finite import must_check
from loopscope.models.engine.frame import Frame, Slot
from loopscope.models.engine.lanes import Lanes
from loopscope.models.engine.request import Reductions
from loopscope.models.engine.timetable import Timetable
from loopscope.models.engine.watch import Watch
from loopscope.models.equations import Equations, symbols_in
from loopscope.models.model import TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.models.engine.layout import Layout


BLOCK = 200
"""Readings in one basic block (measured: fewer or more take longer to compile)."""


def needed(
    equations: Equations,
    layout: Layout,
    readings: Mapping[sp.Symbol, sp.Expr] | None = None,
    reductions: Reductions | None = None,
) -> tuple[list[sp.Symbol], list[sp.Symbol]]:
    """Return what a step must compute for the outputs: auxiliaries in order, carried symbols.

    What no output rests on, at any step, is left out, stocks included.
    """
    inputs = set(layout.inputs)
    carried = [*equations.states, *equations.memories, *equations.pipelines]
    equation = {**equations.auxiliaries, **{s: following(equations, s) for s in carried}}
    waiting = [sp.Symbol(name, real=True) for group in layout.groups for name in group]
    for reading in (readings or {}).values():
        waiting += symbols_in(reading)
    if reductions is not None:
        for reduction in reductions.carried.values():
            waiting += symbols_in(reduction.update)
        for helper in reductions.helpers.values():
            waiting += symbols_in(helper)
    wanted: set[sp.Symbol] = set()
    while waiting:
        symbol = waiting.pop()
        if symbol not in wanted and symbol.name not in inputs:
            wanted.add(symbol)
            waiting += symbols_in(equation[symbol]) if symbol in equation else []
    return [s for s in equations.auxiliaries if s in wanted], [s for s in carried if s in wanted]


def following(equations: Equations, symbol: sp.Symbol) -> sp.Expr:
    """Return what a state, memory or pipeline advances by at each step."""
    if symbol in equations.states:
        return equations.states[symbol].rate
    if symbol in equations.memories:
        return equations.memories[symbol].update
    return equations.pipelines[symbol].input


def emit(
    equations: Equations,
    layout: Layout,
    name: str,
    readings: Mapping[sp.Symbol, sp.Expr] | None = None,
    reductions: Reductions | None = None,
) -> str:
    """Return the IR of a module whose function ``name`` runs the model.

    ``readings`` and ``reductions`` are as ``Extension`` has them.  Linear in the size of the
    equations.
    """
    reduced = reductions or Reductions(carried={})
    return str(_Kernel(equations, layout, name, readings or {}, reduced).build())


class _Kernel:
    """One kernel under construction."""

    def __init__(
        self,
        equations: Equations,
        layout: Layout,
        name: str,
        readings: Mapping[sp.Symbol, sp.Expr],
        reductions: Reductions,
    ) -> None:
        self.equations = equations
        self.readings = readings
        self.reductions = reductions
        self.layout = layout
        self.places: dict[str, list[int]] = {}
        for number, output in enumerate(name for group in layout.groups for name in group):
            self.places.setdefault(output, []).append(number)
        self.frame = Frame(layout, name)
        if layout.timetable:
            Timetable(self.frame)
        self.carrying = Carrying(self.frame)
        self.auxiliaries, self.carried = needed(equations, layout, readings, reductions)
        frame = self.frame
        self.slots: dict[sp.Symbol, Slot] = {
            s: frame.slot() for s in (*self.carried, *reductions.carried)
        }
        self.expressions = Expressions(
            equations,
            {
                Level.UNIFORM: Section(Level.UNIFORM, frame.uniform),
                Level.TILE: Section(Level.TILE, frame.tile),
                Level.TIME: Section(Level.TIME, frame.time),
                Level.STEP: Section(Level.STEP, frame.step),
                Level.READ: Section(Level.READ, self._apart("reading", readings)),
                Level.REDUCE: Section(Level.REDUCE, self._apart("reducing", self._between)),
            },
            self._keep,
            self._random,
        )
        self.starting = self._environment(starting=True)
        self.running = self._environment(starting=False)

    def build(self) -> ir.Module:
        self._start_values()
        for symbol in self.auxiliaries:  # in order, so that each finds what it needs
            self.value(symbol)
        for output in self.places:
            symbol = sp.Symbol(output, real=True)
            if symbol not in self.readings and symbol not in self.reductions.carried:
                self._save(symbol, self.value(symbol), self.frame.step)
        advances = [(s, self.value(following(self.equations, s))) for s in self.carried]
        watched = self._watched()
        if self.readings:
            self._read_at_saved_times()
        if self.reductions.carried:
            self._reduce()
        # Only now, with everything read, may what is carried change.
        for symbol, value in advances:
            self._advance(symbol, value)
        self._watch(watched)
        return self.frame.module

    @property
    def _between(self) -> bool:
        """Whether steps have stages that reductions do not see."""
        return bool(self.reductions.carried) and self.layout.method == "RK4"

    def _apart(self, label: str, wanted: object) -> Lanes:
        """Return a section within the step that not all steps go through, if it is wanted."""
        if not wanted:
            return self.frame.step
        block = self.frame.function.append_basic_block(label)
        lanes = Lanes(ir.IRBuilder(block), self.layout.width)
        self.frame.walk(lanes)
        return lanes

    def _save(self, symbol: sp.Symbol, value: ir.Value, lanes: Lanes) -> None:
        for number in self.places.get(str(symbol.name), ()):
            self.frame.saving.save(number, value, lanes)

    def _reduce(self) -> None:
        """Let reductions see the step; only then may any of them change."""
        frame, reductions = self.frame, self.reductions
        level = Level.REDUCE if self._between else Level.STEP
        lanes = self.expressions.sections[level].lanes
        start = lanes.builder.block
        for symbol in reductions.helpers:  # in order: each finds what it needs
            self.expressions.value(symbol, self.running, level)
        found = {
            symbol: lanes.spread(self.expressions.value(reduction.update, self.running, level))
            for symbol, reduction in reductions.carried.items()
        }
        for symbol, value in found.items():
            self._save(symbol, value, lanes)
            self.slots[symbol].store(lanes, value)
        if self._between:
            rest = frame.function.append_basic_block("reduced")
            lanes.builder.branch(rest)
            builder = frame.step.builder
            whole = builder.icmp_signed("==", frame.stage, frame.whole(0))
            builder.cbranch(whole, start, rest)
            builder.position_at_end(rest)

    def _read_at_saved_times(self) -> None:
        """Fill that section, which sees what the step has computed; lead there and back."""
        frame, lanes = self.frame, self.expressions.sections[Level.READ].lanes
        start = lanes.builder.block
        rest = frame.function.append_basic_block("read")
        for number, symbol in enumerate(self.readings):  # in order: each finds what it needs
            if number % BLOCK == BLOCK - 1:
                # Instructions are chosen block by block, in more than linear time.  The condition
                # always holds, and LLVM, which would join the blocks, cannot know.
                on = frame.function.append_basic_block("reading_on")
                never = frame.whole(-2 - number)
                here = lanes.builder.icmp_signed("!=", frame.argument["steps"], never)
                lanes.builder.cbranch(here, on, rest)
                lanes.builder.position_at_end(on)
            value = self.expressions.value(symbol, self.running, Level.READ)
            self._save(symbol, value, lanes)
        lanes.builder.branch(rest)
        names = {str(symbol.name) for symbol in self.readings}
        due: ir.Value = ir.Constant(ir.IntType(1), 0)
        for group, outputs in enumerate(self.layout.groups):
            if not names.isdisjoint(outputs):
                due = frame.beat.or_(due, frame.saving.due(frame.beat, group))
        frame.step.builder.cbranch(due, start, rest)
        frame.step.builder.position_at_end(rest)

    def _watched(self) -> dict[Level, list[ir.Value]]:
        """Return the values to watch, by section."""
        by_level: dict[Level, list[ir.Value]] = {level: [] for level in Level}
        for symbol in must_check(self.equations, self.auxiliaries, self.carried):
            level = self.expressions.level(symbol, self.running)
            by_level[level].append(self.expressions.value(symbol, self.running, level))
        for symbol in self.equations.fixed:
            if symbol.name not in self.layout.inputs:
                level = self.expressions.level(symbol, self.starting)
                by_level[level].append(self.expressions.value(symbol, self.starting, level))
        return by_level

    def _watch(self, by_level: dict[Level, list[ir.Value]]) -> None:
        frame, watch = self.frame, Watch(self.frame)
        watch.at_start(by_level[Level.UNIFORM] + by_level[Level.TILE])
        watch.at_step(by_level[Level.TIME], by_level[Level.STEP])
        frame.finish()
        watch.inspect([self.slots[s] for s in self.carried if s in self.equations.states])

    def value(self, expression: sp.Expr) -> ir.Value:
        """Return the value of an expression in the step section, as a vector."""
        step = self.frame.step
        return step.spread(self.expressions.value(expression, self.running, Level.STEP))

    def _environment(self, *, starting: bool) -> Environment:
        layout, equations = self.layout, self.equations
        level: dict[sp.Symbol, Level] = {TIME: Level.UNIFORM if starting else Level.TIME}
        for given in layout.inputs:
            symbol = sp.Symbol(given, real=True)
            if given in layout.series:
                level[symbol] = Level.UNIFORM if starting else Level.TIME
            else:
                level[symbol] = Level.TILE if given in layout.lanes else Level.UNIFORM
        equation: dict[sp.Symbol, sp.Expr] = {
            **equations.auxiliaries, **self.readings, **self.reductions.helpers
        }  # fmt: skip
        initials: Mapping[sp.Symbol, sp.Expr] = {
            **{s: e.initial for s, e in equations.states.items()},
            **{s: e.initial for s, e in equations.memories.items()},
            **{s: e.initial for s, e in equations.pipelines.items()},
            **equations.fixed,
        }
        if starting:
            equation |= equations.at_start
            for symbol, initial in initials.items():
                if symbol.name in layout.starts:
                    lane = symbol.name in layout.lanes
                    level[symbol] = Level.TILE if lane else Level.UNIFORM
                elif symbol not in level:
                    equation[symbol] = initial
        else:
            for symbol in (*self.carried, *self.reductions.carried):
                level[symbol] = Level.STEP
        environment = Environment(starting, level, lambda s: self._read(s, starting), equation)
        if not starting:
            for symbol in equations.start_order:  # in order, so that no chain is too deep
                self.expressions.level(symbol, self.starting)
            for symbol in equations.fixed:
                if symbol not in level:
                    level[symbol] = self.expressions.level(symbol, self.starting)
        return environment

    def _read(self, symbol: sp.Symbol, starting: bool) -> ir.Value:
        frame, layout, name = self.frame, self.layout, str(symbol.name)
        if symbol == TIME:
            return frame.start_time if starting else frame.now
        if symbol in self.equations.fixed and name not in layout.inputs:
            level = self.expressions.level(symbol, self.starting)
            return self.expressions.value(symbol, self.starting, level)
        if starting and name in layout.starts:
            return frame.input(len(layout.inputs) + layout.starts.index(name), name)
        if name in layout.inputs:
            if name in layout.series:
                return frame.sample(layout.series.index(name), at_start=starting)
            return frame.input(layout.inputs.index(name), name)
        return self.slots[symbol].load(frame.step)

    def _keep(self, value: ir.Value, level: Level, lanes: Lanes) -> ir.Value:
        if level is Level.TIME:
            return self.frame.keep_time(value)
        slot = self.frame.slot()
        slot.store(self.frame.tile, value)
        return slot.load(lanes)

    def _random(self, draw: int, lanes: Lanes) -> ir.Value:
        counter = self.frame.random_counter(lanes, draw)
        return tables.emit_random(lanes.builder, counter, self.frame.seed(lanes))

    def _start_values(self) -> None:
        for symbol, reduction in self.reductions.carried.items():
            self.slots[symbol].store(self.frame.tile, self.frame.tile.constant(reduction.initial))
        for symbol in self.equations.start_order:
            name = str(symbol.name)
            if name in self.layout.inputs:
                continue
            level = self.expressions.level(symbol, self.starting)
            value = self.expressions.value(symbol, self.starting, level)
            if symbol in self.slots:
                self.slots[symbol].store(self.frame.tile, value)
        for symbol in self.carried:
            if symbol in self.equations.pipelines:
                delay = self.equations.pipelines[symbol].delay
                level = self.expressions.level(delay, self.starting)
                steps = self.expressions.value(delay, self.starting, level)
                self.carrying.pipeline(symbol.name, steps)

    def _advance(self, symbol: sp.Symbol, value: ir.Value) -> None:
        """Emit the step of one carried symbol."""
        carrying, slot = self.carrying, self.slots[symbol]
        if symbol in self.equations.states:
            floor = self.equations.states[symbol].non_negative
            fused = symbol not in self.expressions.exact
            carrying.integrate(slot, value, floor=floor, fused=fused)
        elif symbol in self.equations.memories:
            carrying.remember(slot, value)
        else:
            carrying.shift(slot, str(symbol.name), value)
