"""The fixed part of every kernel: loops, memory, saving, integration.

Stage 4 of 5, emission.  In: a ``Layout``.  Out: an LLVM function with four places to write to
(``uniform``, ``tile``, ``time``, ``step``) and the values that come from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir

from loopscope.models.engine.doubles import DOUBLE, INT64
from loopscope.models.engine.lanes import INT32, Lanes
from loopscope.models.engine.layout import INSPECTION
from loopscope.models.engine.saving import Saving

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.models.engine.layout import Layout

NUMBERS = DOUBLE.as_pointer()

ARGUMENTS: tuple[tuple[str, ir.Type], ...] = (
    ("first", INT64),
    ("last", INT64),
    ("total", INT64),
    ("origin", INT64),
    ("moments", NUMBERS),
    ("lengths", NUMBERS),
    ("steps", INT64),
    ("records", INT64.as_pointer()),
    ("seed", INT64),
    ("common", NUMBERS),
    ("lanes", NUMBERS),
    ("lane_stride", INT64),
    ("series", NUMBERS),
    ("series_stride", INT64),
    ("failed", INT64.as_pointer()),
    ("scratch", NUMBERS),
)
"""Arguments of a kernel, in order.

Runs ``first`` to ``last - 1`` of ``total`` are computed; ``origin`` is added to a run's number
where random numbers are drawn.  Step ``k`` of ``steps`` goes from time ``moments[k]`` on for
``lengths[k]``.  ``common[slot]``, ``lanes[lane, run]`` (runs padded to whole tiles) and
``series[number, sample]`` are inputs; ``records[group]`` is (saves, address of ``save_steps``,
address of ``out``) of a group of outputs: ``out[output, run, save]`` receives the values at the
beginning of step ``save_steps[save]``.  ``failed[run]``, -1 before, receives a step by whose end a
run had left the finite numbers; ``scratch`` holds pipelines of one tile.
"""

RK4_TIME = (0.0, 0.5, 0.5, 1.0)
"""Where in a step each stage of RK4 looks, in steps."""


class Slot:
    """One number per run of a tile, kept on the stack."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        vectors = ir.ArrayType(frame.step.vector, frame.layout.vectors)
        self.memory = frame.head.alloca(vectors)

    def _place(self, lanes: Lanes) -> ir.Value:
        index = self.frame.index(lanes)
        return lanes.builder.gep(self.memory, [ir.Constant(INT64, 0), index], inbounds=True)

    def load(self, lanes: Lanes) -> ir.Value:
        """Read the vector at hand in that section."""
        return lanes.builder.load(self._place(lanes))

    def store(self, lanes: Lanes, value: ir.Value) -> None:
        """Write the vector at hand in that section."""
        lanes.builder.store(lanes.spread(value), self._place(lanes))


class Frame:
    """The skeleton of a kernel; ``finish`` closes it.

    Attributes
    ----------
    uniform, tile, time, step
        The four places to write to.
    saving
        Takes what is to be saved.
    keep_time
        Makes a value of the time section ready for the step section.
    enter_tiles, leave
        Emit what stands before the first tile, and before the return.
    """

    def __init__(self, layout: Layout, name: str) -> None:
        self.layout = layout
        self.module = ir.Module(name=name)
        signature = ir.FunctionType(ir.VoidType(), [kind for _, kind in ARGUMENTS])
        self.function = ir.Function(self.module, signature, name)
        self.argument = {}
        for value, (label, _) in zip(self.function.args, ARGUMENTS, strict=True):
            value.name = label
            if isinstance(value.type, ir.PointerType):
                value.add_attribute("noalias")
            self.argument[label] = value
        self.blocks = {
            label: self.function.append_basic_block(label)
            for label in (
                "entry", "common", "tile", "setup", "tile_lanes", "begin", "time", "step_lanes",
                "after", "advance", "whole_step", "inspect", "next_step", "next_tile", "exit",
            )
        }  # fmt: skip
        self.head = ir.IRBuilder(self.blocks["entry"])
        self._counter = {
            label: self.head.alloca(INT64, name=label)
            for label in (
                "run",
                "vector",
                "k",
                "stage",
                "lane",
                "output",
                "time_k",
                "time_stage",
            )
        }
        self.uniform = Lanes(ir.IRBuilder(self.blocks["common"]), 1)
        self.start_time = self.uniform.builder.load(self.argument["moments"])
        self.first_length = self.uniform.builder.load(self.argument["lengths"])
        self._open_tile()
        self.tile = Lanes(ir.IRBuilder(self.blocks["tile_lanes"]), layout.width)
        self._vectors: dict[int, ir.Value] = {}
        self.walk(self.tile)
        self.beat = ir.IRBuilder(self.blocks["time"])
        self.k, self.stage, self.now, self.length = self.moment(self.beat, "k", "stage")
        self.time = Lanes(self.beat, 1)
        self.time_k, self.time_stage = self.k, self.stage
        self.keep_time: Callable[[ir.Value], ir.Value] = lambda value: value
        self.enter_tiles: Callable[[ir.IRBuilder, ir.Block], object] = ir.IRBuilder.branch
        self.leave: Callable[[ir.IRBuilder], object] = lambda builder: builder
        self.step = Lanes(ir.IRBuilder(self.blocks["step_lanes"]), layout.width)
        self.walk(self.step)
        self.saving = Saving(self)

    def whole(self, number: int) -> ir.Constant:
        """Return a whole number."""
        return ir.Constant(INT64, number)

    def get(self, builder: ir.IRBuilder, label: str) -> ir.Value:
        """Return a counter."""
        return builder.load(self._counter[label])

    def set(self, builder: ir.IRBuilder, label: str, value: ir.Value | int) -> None:
        """Set a counter."""
        if isinstance(value, int):
            value = self.whole(value)
        builder.store(value, self._counter[label])

    def bump(self, builder: ir.IRBuilder, label: str, by: ir.Value | int = 1) -> ir.Value:
        """Increase a counter; return its new value."""
        if isinstance(by, int):
            by = self.whole(by)
        value = builder.add(self.get(builder, label), by)
        self.set(builder, label, value)
        return value

    def _vector_index(self, builder: ir.IRBuilder) -> ir.Value:
        # A literal index lets LLVM keep the arrays of a one-vector tile in registers.
        return self.get(builder, "vector") if self.layout.vectors > 1 else self.whole(0)

    def index(self, lanes: Lanes) -> ir.Value:
        """Return the number of the vector at hand in a section."""
        return self._vectors[id(lanes)]

    def walk(self, lanes: Lanes) -> None:
        """Make known a section that walks over vectors."""
        self._vectors[id(lanes)] = self._vector_index(lanes.builder)

    def slot(self) -> Slot:
        """Return new memory for one number per run of a tile."""
        return Slot(self)

    def _run(self, lanes: Lanes) -> ir.Value:
        builder = lanes.builder
        before = builder.mul(self.index(lanes), self.whole(self.layout.width))
        return builder.add(self.get(builder, "run"), before)

    def _open_tile(self) -> None:
        builder = ir.IRBuilder(self.blocks["tile"])
        more = builder.icmp_signed("<", self.get(builder, "run"), self.argument["last"])
        builder.cbranch(more, self.blocks["setup"], self.blocks["exit"])
        builder = ir.IRBuilder(self.blocks["setup"])
        self.set(builder, "vector", 0)
        builder.branch(self.blocks["tile_lanes"])

    def moment(
        self, builder: ir.IRBuilder, k_label: str, stage_label: str
    ) -> tuple[ir.Value, ir.Value, ir.Value, ir.Value]:
        """Return the step, the stage of RK4, the time and the length of the step."""
        k, stage = self.get(builder, k_label), self.get(builder, stage_label)
        now = builder.load(builder.gep(self.argument["moments"], [k]))
        length = builder.load(builder.gep(self.argument["lengths"], [k]))
        if self.layout.method == "RK4":
            within = builder.fmul(self._of_stage(builder, stage, RK4_TIME), length)
            now = builder.fadd(now, within)
        return k, stage, now, length

    def _of_stage(
        self, builder: ir.IRBuilder, stage: ir.Value, numbers: tuple[float, ...]
    ) -> ir.Value:
        value: ir.Value = ir.Constant(DOUBLE, numbers[0])
        for number, choice in enumerate(numbers[1:], start=1):
            here = builder.icmp_signed("==", stage, self.whole(number))
            value = builder.select(here, ir.Constant(DOUBLE, choice), value)
        return value

    def stage_number(self, numbers: tuple[float, ...]) -> ir.Value:
        """Return the number that belongs to the stage of RK4 at hand."""
        return self._of_stage(self.beat, self.stage, numbers)

    def input(self, number: int, name: str) -> ir.Value:
        """Return an input in its section: one number, or the vector at hand."""
        if name not in self.layout.lanes:
            builder = self.uniform.builder
            return builder.load(builder.gep(self.argument["common"], [self.whole(number)]))
        builder = self.tile.builder
        row = builder.mul(self.whole(self.layout.lanes.index(name)), self.argument["lane_stride"])
        place = builder.gep(self.argument["lanes"], [builder.add(row, self._run(self.tile))])
        if self.layout.width > 1:
            place = builder.bitcast(place, self.step.vector.as_pointer())
        value = builder.load(place)
        value.align = 8
        return value

    def sample(self, number: int, *, at_start: bool) -> ir.Value:
        """Return the value of a series, at the start or at the time at hand."""
        builder = (self.uniform if at_start else self.time).builder
        row = builder.mul(self.whole(number), self.argument["series_stride"])
        if not at_start:
            sample = builder.mul(self.time_k, self.whole(self.layout.samples_per_step))
            if self.layout.method == "RK4":
                half = builder.lshr(builder.add(self.time_stage, self.whole(1)), self.whole(1))
                sample = builder.add(sample, half)
            row = builder.add(row, sample)
        return builder.load(builder.gep(self.argument["series"], [row]))

    def _spread(self, lanes: Lanes, value: ir.Value) -> ir.Value:
        width = self.layout.width
        if width == 1:
            return value
        kind = ir.VectorType(INT64, width)
        if isinstance(value, ir.Constant):
            return ir.Constant(kind, [value.constant] * width)
        blank = ir.Constant(kind, ir.Undefined)
        one = lanes.builder.insert_element(blank, value, ir.Constant(INT32, 0))
        order = ir.Constant(ir.VectorType(INT32, width), [0] * width)
        return lanes.builder.shuffle_vector(one, blank, order)

    def random_counter(self, lanes: Lanes, draw: int) -> tuple[ir.Value, ...]:
        """Return (draw, step, run low, run high) of a random draw, for each run."""
        builder, width = lanes.builder, self.layout.width
        run = self._spread(lanes, builder.add(self._run(lanes), self.argument["origin"]))
        if width > 1:
            lane_numbers = ir.Constant(ir.VectorType(INT64, width), list(range(width)))
            run = builder.add(run, lane_numbers)
        step = self.whole(0) if lanes is self.tile else self.k
        high = builder.lshr(run, self._spread(lanes, self.whole(32)))
        return (
            self._spread(lanes, self.whole(draw)),
            self._spread(lanes, step),
            run,
            high,
        )

    def seed(self, lanes: Lanes) -> ir.Value:
        """Return the seed, for each run."""
        return self._spread(lanes, self.argument["seed"])

    def finish(self) -> None:
        """Close all loops.

        The block "inspect" is left open: it is reached now and then after whole steps, and must
        go on to "next_step".
        """
        self._close_start()
        self.end_vectors(self.step.builder, "step_lanes", "after")
        self.saving.close(self.blocks["after"], self.blocks["advance"])
        self._close_loops()

    def _close_start(self) -> None:
        head = self.head
        self.set(head, "run", self.argument["first"])
        head.branch(self.blocks["common"])
        self.enter_tiles(self.uniform.builder, self.blocks["tile"])
        self.end_vectors(self.tile.builder, "tile_lanes", "begin")
        builder = ir.IRBuilder(self.blocks["begin"])
        self.set(builder, "k", 0)
        self.set(builder, "stage", 0)
        self.saving.begin(builder)
        builder.branch(self.blocks["time"])
        self.set(self.beat, "vector", 0)
        self.beat.branch(self.blocks["step_lanes"])

    def end_vectors(self, builder: ir.IRBuilder, again: str, then: str) -> None:
        """End a loop over the vectors of a tile."""
        following = self.bump(builder, "vector")
        more = builder.icmp_signed("<", following, self.whole(self.layout.vectors))
        builder.cbranch(more, self.blocks[again], self.blocks[then])

    def _close_loops(self) -> None:
        builder = ir.IRBuilder(self.blocks["advance"])
        if self.layout.method == "RK4":
            stage = builder.and_(builder.add(self.stage, self.whole(1)), self.whole(3))
            self.set(builder, "stage", stage)
            whole = builder.icmp_signed("==", stage, self.whole(0))
            builder.cbranch(whole, self.blocks["whole_step"], self.blocks["time"])
        else:
            builder.branch(self.blocks["whole_step"])
        builder = ir.IRBuilder(self.blocks["whole_step"])
        following = self.bump(builder, "k")
        ended = builder.icmp_signed(">", following, self.argument["steps"])
        turn = builder.and_(following, self.whole(INSPECTION - 1))
        due = builder.or_(ended, builder.icmp_signed("==", turn, self.whole(0)))
        self.set(builder, "vector", 0)
        builder.cbranch(due, self.blocks["inspect"], self.blocks["next_step"])
        builder = ir.IRBuilder(self.blocks["next_step"])
        more = builder.icmp_signed("<=", self.get(builder, "k"), self.argument["steps"])
        builder.cbranch(more, self.blocks["time"], self.blocks["next_tile"])
        builder = ir.IRBuilder(self.blocks["next_tile"])
        self.bump(builder, "run", self.layout.tile)
        builder.branch(self.blocks["tile"])
        builder = ir.IRBuilder(self.blocks["exit"])
        self.leave(builder)
        builder.ret_void()
