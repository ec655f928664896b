"""The fixed part of every kernel: loops, memory, saving, integration.

Stage 4 of 5, emission.  In: a ``Layout``.  Out: an LLVM function with four places to write to
(``uniform``, ``tile``, ``time``, ``step``) and the values that come from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir

from loopscope.models.engine.lanes import DOUBLE, INT32, INT64, Lanes

if TYPE_CHECKING:
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
    ("save_steps", INT64.as_pointer()),
    ("saves", INT64),
    ("seed", INT64),
    ("common", NUMBERS),
    ("lanes", NUMBERS),
    ("lane_stride", INT64),
    ("series", NUMBERS),
    ("series_stride", INT64),
    ("out", NUMBERS),
    ("failed", INT64.as_pointer()),
    ("scratch", NUMBERS),
)
"""Arguments of a kernel, in order.

Runs ``first`` to ``last - 1`` of ``total`` are computed; ``origin`` is added to a run's number
where random numbers are drawn.  Step ``k`` of ``steps`` goes from time ``moments[k]`` on for
``lengths[k]``.  ``common[slot]``, ``lanes[lane, run]`` (runs padded to whole tiles) and
``series[number, sample]`` are inputs; ``out[output, run, save]`` receives the values at the
beginning of step ``save_steps[save]``; ``failed[run]``, -1 before, receives the step in which a run
left the finite numbers; ``scratch`` holds pipelines of one tile.
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
    """The skeleton of a kernel; ``finish`` closes it."""

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
        self._blocks = {
            label: self.function.append_basic_block(label)
            for label in (
                "entry", "common", "tile", "setup", "tile_lanes", "begin", "time", "step_lanes",
                "note", "next_vector", "after", "save", "save_lane", "save_output",
                "save_next_lane", "advance", "next_step", "next_tile", "exit",
            )
        }  # fmt: skip
        self.head = ir.IRBuilder(self._blocks["entry"])
        self._counter = {
            label: self.head.alloca(INT64, name=label)
            for label in ("run", "vector", "k", "stage", "saved", "lane", "output")
        }
        self.uniform = Lanes(ir.IRBuilder(self._blocks["common"]), 1)
        self.start_time = self.uniform.builder.load(self.argument["moments"])
        self.first_length = self.uniform.builder.load(self.argument["lengths"])
        self._open_tile()
        self.tile = Lanes(ir.IRBuilder(self._blocks["tile_lanes"]), layout.width)
        self._tile_vector = self._vector_index(self.tile.builder)
        self.time = Lanes(ir.IRBuilder(self._blocks["time"]), 1)
        self._open_time()
        self.step = Lanes(ir.IRBuilder(self._blocks["step_lanes"]), layout.width)
        self._step_vector = self._vector_index(self.step.builder)
        outputs = max(1, len(layout.outputs))
        self._staged = self.head.alloca(
            ir.ArrayType(ir.ArrayType(self.step.vector, layout.vectors), outputs), name="staged"
        )

    def whole(self, number: int) -> ir.Constant:
        """Return a whole number."""
        return ir.Constant(INT64, number)

    def _get(self, builder: ir.IRBuilder, label: str) -> ir.Value:
        return builder.load(self._counter[label])

    def _set(self, builder: ir.IRBuilder, label: str, value: ir.Value | int) -> None:
        if isinstance(value, int):
            value = self.whole(value)
        builder.store(value, self._counter[label])

    def _bump(self, builder: ir.IRBuilder, label: str, by: ir.Value | int = 1) -> ir.Value:
        if isinstance(by, int):
            by = self.whole(by)
        value = builder.add(self._get(builder, label), by)
        self._set(builder, label, value)
        return value

    def _vector_index(self, builder: ir.IRBuilder) -> ir.Value:
        # A literal index lets LLVM keep the arrays of a one-vector tile in registers.
        return self._get(builder, "vector") if self.layout.vectors > 1 else self.whole(0)

    def index(self, lanes: Lanes) -> ir.Value:
        """Return the number of the vector at hand in a section."""
        return self._tile_vector if lanes is self.tile else self._step_vector

    def slot(self) -> Slot:
        """Return new memory for one number per run of a tile."""
        return Slot(self)

    def _run(self, lanes: Lanes) -> ir.Value:
        builder = lanes.builder
        before = builder.mul(self.index(lanes), self.whole(self.layout.width))
        return builder.add(self._get(builder, "run"), before)

    def _open_tile(self) -> None:
        builder = ir.IRBuilder(self._blocks["tile"])
        more = builder.icmp_signed("<", self._get(builder, "run"), self.argument["last"])
        builder.cbranch(more, self._blocks["setup"], self._blocks["exit"])
        builder = ir.IRBuilder(self._blocks["setup"])
        self._set(builder, "vector", 0)
        builder.branch(self._blocks["tile_lanes"])

    def _open_time(self) -> None:
        builder = self.time.builder
        self.k = self._get(builder, "k")
        self.now = builder.load(builder.gep(self.argument["moments"], [self.k]))
        self.length = builder.load(builder.gep(self.argument["lengths"], [self.k]))
        if self.layout.method == "RK4":
            self.stage = self._get(builder, "stage")
            within = builder.fmul(self.stage_number(RK4_TIME), self.length)
            self.now = builder.fadd(self.now, within)

    def stage_number(self, numbers: tuple[float, ...]) -> ir.Value:
        """Return the number that belongs to the stage of RK4 at hand."""
        builder = self.time.builder
        value: ir.Value = ir.Constant(DOUBLE, numbers[0])
        for stage, number in enumerate(numbers[1:], start=1):
            here = builder.icmp_signed("==", self.stage, self.whole(stage))
            value = builder.select(here, ir.Constant(DOUBLE, number), value)
        return value

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
            sample = builder.mul(self.k, self.whole(self.layout.samples_per_step))
            if self.layout.method == "RK4":
                half = builder.lshr(builder.add(self.stage, self.whole(1)), self.whole(1))
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

    def save(self, number: int, value: ir.Value) -> None:
        """Put a value of the step section where ``out`` is filled from."""
        place = [self.whole(0), self.whole(number), self.index(self.step)]
        builder = self.step.builder
        builder.store(self.step.spread(value), builder.gep(self._staged, place, inbounds=True))

    def finish(self, watched: list[ir.Value]) -> None:
        """Close all loops; runs in which a ``watched`` value is not finite are noted."""
        self._close_start()
        self._close_step(watched)
        self._close_save()
        self._close_loops()

    def _close_start(self) -> None:
        head = self.head
        self._set(head, "run", self.argument["first"])
        head.branch(self._blocks["common"])
        self.uniform.builder.branch(self._blocks["tile"])
        self._end_vectors(self.tile.builder, "tile_lanes", "begin")
        builder = ir.IRBuilder(self._blocks["begin"])
        self._set(builder, "k", 0)
        self._set(builder, "stage", 0)
        self._set(builder, "saved", 0)
        builder.branch(self._blocks["time"])
        self._set(self.time.builder, "vector", 0)
        self.time.builder.branch(self._blocks["step_lanes"])

    def _end_vectors(self, builder: ir.IRBuilder, again: str, then: str) -> None:
        following = self._bump(builder, "vector")
        more = builder.icmp_signed("<", following, self.whole(self.layout.vectors))
        builder.cbranch(more, self._blocks[again], self._blocks[then])

    def _close_step(self, watched: list[ir.Value]) -> None:
        lanes, builder, width = self.step, self.step.builder, self.layout.width
        # Times zero: 0 for a finite number, NaN for any other.
        total = lanes.spread(lanes.constant(0.0))
        for value in watched:
            total = lanes.fused(value, lanes.constant(0.0), total)
        flags = builder.fcmp_unordered("uno", total, total)
        bits = builder.bitcast(flags, ir.IntType(width)) if width > 1 else flags
        wrong = builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(width), 0))
        likely = builder.cbranch(wrong, self._blocks["note"], self._blocks["next_vector"])
        likely.set_weights([1, 1 << 20])
        builder = ir.IRBuilder(self._blocks["note"])
        before = builder.mul(self._step_vector, self.whole(width))
        arguments = [
            self.argument["failed"],
            builder.add(self._get(builder, "run"), before),
            self.argument["last"],
            builder.zext(bits, INT64),
            self.k,
        ]
        builder.call(self._note(), arguments)
        builder.branch(self._blocks["next_vector"])
        self._end_vectors(ir.IRBuilder(self._blocks["next_vector"]), "step_lanes", "after")

    def _note(self) -> ir.Function:
        """Emit the function that writes down which runs of a vector have failed, and when."""
        kinds = [INT64.as_pointer(), INT64, INT64, INT64, INT64]
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), kinds), "note")
        function.linkage = "private"
        for attribute in ("noinline", "cold"):
            function.attributes.add(attribute)
        failed, run, last, bits, k = function.args
        entry = function.append_basic_block()
        loop, look, write, following, done = (function.append_basic_block() for _ in range(5))
        builder = ir.IRBuilder(entry)
        builder.branch(loop)
        builder = ir.IRBuilder(loop)
        lane = builder.phi(INT64)
        lane.add_incoming(self.whole(0), entry)
        at = builder.add(run, lane)
        inside = builder.icmp_signed("<", lane, self.whole(self.layout.width))
        real = builder.and_(inside, builder.icmp_signed("<", at, last))
        builder.cbranch(real, look, done)
        builder = ir.IRBuilder(look)
        place = builder.gep(failed, [at])
        flag = builder.trunc(builder.lshr(bits, lane), ir.IntType(1))
        fresh = builder.icmp_signed("<", builder.load(place), self.whole(0))
        builder.cbranch(builder.and_(flag, fresh), write, following)
        builder = ir.IRBuilder(write)
        builder.store(k, place)
        builder.branch(following)
        builder = ir.IRBuilder(following)
        lane.add_incoming(builder.add(lane, self.whole(1)), following)
        builder.branch(loop)
        ir.IRBuilder(done).ret_void()
        return function

    def _close_save(self) -> None:
        builder = ir.IRBuilder(self._blocks["after"])
        saved = self._get(builder, "saved")
        last = builder.sub(self.argument["saves"], self.whole(1))
        inside = builder.icmp_signed("<=", saved, last)
        place = builder.gep(self.argument["save_steps"], [builder.select(inside, saved, last)])
        due = builder.and_(inside, builder.icmp_signed("==", self.k, builder.load(place)))
        if self.layout.method == "RK4":
            due = builder.and_(due, builder.icmp_signed("==", self.stage, self.whole(0)))
        self._set(builder, "lane", 0)
        builder.cbranch(due, self._blocks["save"], self._blocks["advance"])
        builder = ir.IRBuilder(self._blocks["save"])
        self._set(builder, "output", 0)
        run = builder.add(self._get(builder, "run"), self._get(builder, "lane"))
        inside = builder.icmp_signed("<", run, self.argument["last"])
        tile = builder.icmp_signed("<", self._get(builder, "lane"), self.whole(self.layout.tile))
        builder.cbranch(
            builder.and_(inside, tile), self._blocks["save_lane"], self._blocks["save_next_lane"]
        )
        builder = ir.IRBuilder(self._blocks["save_lane"])
        more = builder.icmp_signed(
            "<", self._get(builder, "output"), self.whole(len(self.layout.outputs))
        )
        self_next = self.function.append_basic_block("lane_done")
        builder.cbranch(more, self._blocks["save_output"], self_next)
        done = ir.IRBuilder(self_next)
        self._bump(done, "lane")
        done.branch(self._blocks["save"])
        builder = ir.IRBuilder(self._blocks["save_output"])
        output, lane = self._get(builder, "output"), self._get(builder, "lane")
        staged = builder.bitcast(self._staged, NUMBERS)
        source = builder.add(builder.mul(output, self.whole(self.layout.tile)), lane)
        row = builder.add(builder.mul(output, self.argument["total"]), run)
        target = builder.add(builder.mul(row, self.argument["saves"]), self._get(builder, "saved"))
        value = builder.load(builder.gep(staged, [source]))
        builder.store(value, builder.gep(self.argument["out"], [target]))
        self._bump(builder, "output")
        builder.branch(self._blocks["save_lane"])
        builder = ir.IRBuilder(self._blocks["save_next_lane"])
        self._bump(builder, "saved")
        builder.branch(self._blocks["advance"])

    def _close_loops(self) -> None:
        builder = ir.IRBuilder(self._blocks["advance"])
        if self.layout.method == "RK4":
            stage = builder.and_(builder.add(self.stage, self.whole(1)), self.whole(3))
            self._set(builder, "stage", stage)
            whole = builder.icmp_signed("==", stage, self.whole(0))
            builder.cbranch(whole, self._blocks["next_step"], self._blocks["time"])
        else:
            builder.branch(self._blocks["next_step"])
        builder = ir.IRBuilder(self._blocks["next_step"])
        following = self._bump(builder, "k")
        more = builder.icmp_signed("<=", following, self.argument["steps"])
        builder.cbranch(more, self._blocks["time"], self._blocks["next_tile"])
        builder = ir.IRBuilder(self._blocks["next_tile"])
        self._bump(builder, "run", self.layout.tile)
        builder.branch(self._blocks["tile"])
        ir.IRBuilder(self._blocks["exit"]).ret_void()
