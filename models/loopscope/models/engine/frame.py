"""The fixed part of every kernel: loops, memory, saving, integration.

Stage 4 of 5, emission.  In: a ``Layout``.  Out: an LLVM function with four places to write to
(``uniform``, ``tile``, ``time``, ``step``) and the values that come from outside.
"""

from __future__ import annotations

from llvmlite import ir

from loopscope.models.engine.lanes import DOUBLE, INT32, INT64, Lanes
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
RK4_NEXT = (0.5, 0.5, 1.0, 0.0)
RK4_WEIGHT = (1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0)


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
        self._stage_slots: list[tuple[Slot, Slot]] = []
        self._pipelines: dict[str, tuple[int, Slot]] = {}
        outputs = max(1, len(layout.outputs))
        self._staged = self.head.alloca(
            ir.ArrayType(ir.ArrayType(self.step.vector, layout.vectors), outputs), name="staged"
        )

    def _whole(self, number: int) -> ir.Constant:
        return ir.Constant(INT64, number)

    def _get(self, builder: ir.IRBuilder, label: str) -> ir.Value:
        return builder.load(self._counter[label])

    def _set(self, builder: ir.IRBuilder, label: str, value: ir.Value | int) -> None:
        if isinstance(value, int):
            value = self._whole(value)
        builder.store(value, self._counter[label])

    def _bump(self, builder: ir.IRBuilder, label: str, by: ir.Value | int = 1) -> ir.Value:
        if isinstance(by, int):
            by = self._whole(by)
        value = builder.add(self._get(builder, label), by)
        self._set(builder, label, value)
        return value

    def _vector_index(self, builder: ir.IRBuilder) -> ir.Value:
        # A literal index lets LLVM keep the arrays of a one-vector tile in registers.
        return self._get(builder, "vector") if self.layout.vectors > 1 else self._whole(0)

    def index(self, lanes: Lanes) -> ir.Value:
        """Return the number of the vector at hand in a section."""
        return self._tile_vector if lanes is self.tile else self._step_vector

    def slot(self) -> Slot:
        """Return new memory for one number per run of a tile."""
        return Slot(self)

    def _run(self, lanes: Lanes) -> ir.Value:
        builder = lanes.builder
        before = builder.mul(self.index(lanes), self._whole(self.layout.width))
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
            within = builder.fmul(self._stage_number(RK4_TIME), self.length)
            self.now = builder.fadd(self.now, within)

    def _stage_number(self, numbers: tuple[float, ...]) -> ir.Value:
        builder, value = self.time.builder, ir.Constant(DOUBLE, numbers[0])
        for stage, number in enumerate(numbers[1:], start=1):
            here = builder.icmp_signed("==", self.stage, self._whole(stage))
            value = builder.select(here, ir.Constant(DOUBLE, number), value)
        return value

    def input(self, number: int, name: str) -> ir.Value:
        """Return an input in its section: one number, or the vector at hand."""
        if name not in self.layout.lanes:
            builder = self.uniform.builder
            return builder.load(builder.gep(self.argument["common"], [self._whole(number)]))
        builder = self.tile.builder
        row = builder.mul(
            self._whole(self.layout.lanes.index(name)), self.argument["lane_stride"]
        )
        place = builder.gep(self.argument["lanes"], [builder.add(row, self._run(self.tile))])
        if self.layout.width > 1:
            place = builder.bitcast(place, self.step.vector.as_pointer())
        value = builder.load(place)
        value.align = 8
        return value

    def sample(self, number: int, *, at_start: bool) -> ir.Value:
        """Return the value of a series, at the start or at the time at hand."""
        builder = (self.uniform if at_start else self.time).builder
        row = builder.mul(self._whole(number), self.argument["series_stride"])
        if not at_start:
            sample = builder.mul(self.k, self._whole(self.layout.samples_per_step))
            if self.layout.method == "RK4":
                half = builder.lshr(builder.add(self.stage, self._whole(1)), self._whole(1))
                sample = builder.add(sample, half)
            row = builder.add(row, sample)
        return builder.load(builder.gep(self.argument["series"], [row]))

    def _whole_lanes(self, lanes: Lanes, value: ir.Value) -> ir.Value:
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
        run = self._whole_lanes(lanes, builder.add(self._run(lanes), self.argument["origin"]))
        if width > 1:
            lane_numbers = ir.Constant(ir.VectorType(INT64, width), list(range(width)))
            run = builder.add(run, lane_numbers)
        step = self._whole(0) if lanes is self.tile else self.k
        high = builder.lshr(run, self._whole_lanes(lanes, self._whole(32)))
        return (
            self._whole_lanes(lanes, self._whole(draw)),
            self._whole_lanes(lanes, step),
            run,
            high,
        )

    def seed(self, lanes: Lanes) -> ir.Value:
        """Return the seed, for each run."""
        return self._whole_lanes(lanes, self.argument["seed"])

    def save(self, number: int, value: ir.Value) -> None:
        """Put a value of the step section where ``out`` is filled from."""
        place = [self._whole(0), self._whole(number), self.index(self.step)]
        builder = self.step.builder
        builder.store(self.step.spread(value), builder.gep(self._staged, place, inbounds=True))

    def _at_stage(self, stage: int) -> ir.Value:
        return self.step.builder.icmp_signed("==", self.stage, self._whole(stage))

    def integrate(
        self, slot: Slot, rate: ir.Value, *, floor: bool, fused: bool = True
    ) -> ir.Value:
        """Advance a state by one step (one stage of RK4); return its new value."""
        lanes, step = self.step, self.length
        if self.layout.method == "Euler":
            before = slot.load(lanes)
            if fused:
                new = lanes.fused(step, rate, before)
            else:
                new = lanes.add(before, lanes.multiply(step, rate))
            if floor:
                new = lanes.maximum(lanes.constant(0.0), new)
            slot.store(lanes, new)
            return new
        base, total = self.slot(), self.slot()
        builder, first, last = lanes.builder, self._at_stage(0), self._at_stage(3)
        at_base = builder.select(first, slot.load(lanes), base.load(lanes))
        zero = lanes.spread(lanes.constant(0.0))
        so_far = builder.select(first, zero, total.load(lanes))
        so_far = lanes.fused(self._stage_number(RK4_WEIGHT), rate, so_far)
        ahead = lanes.multiply(self._stage_number(RK4_NEXT), step)
        trial = lanes.fused(ahead, rate, at_base)
        final = lanes.fused(step, so_far, at_base)
        if floor:
            final = lanes.maximum(lanes.constant(0.0), final)
        new = builder.select(last, final, trial)
        base.store(lanes, at_base)
        total.store(lanes, so_far)
        slot.store(lanes, new)
        return new

    def remember(self, slot: Slot, value: ir.Value) -> ir.Value:
        """Set a value for the next step, seen by no stage of this one; return it."""
        lanes = self.step
        if self.layout.method == "Euler":
            slot.store(lanes, value)
            return value
        pending, builder = self.slot(), lanes.builder
        new = builder.select(self._at_stage(0), lanes.spread(value), pending.load(lanes))
        pending.store(lanes, new)
        slot.store(lanes, builder.select(self._at_stage(3), new, slot.load(lanes)))
        return new

    def pipeline(self, name: str, delay: ir.Value) -> None:
        """Open a pipeline whose delay, in time units, is a value of the tile section."""
        tile = self.tile
        steps = tile.divide(delay, self.first_length)
        steps = tile.maximum(tile.constant(1.0), steps)
        slot = self.slot()
        slot.store(tile, tile.floor(tile.add(steps, tile.constant(0.5 + 1e-6))))
        self._pipelines[name] = (len(self._pipelines), slot)

    def shift(self, slot: Slot, name: str, value: ir.Value) -> ir.Value:
        """Put a value in at one end of a pipeline and set what comes out at the next step."""
        lanes, builder, width = self.step, self.step.builder, self.layout.width
        number, length = self._pipelines[name]
        rows = builder.add(self.argument["steps"], self._whole(1))
        base = builder.mul(self._whole(number), rows)
        within = builder.mul(self.index(lanes), self._whole(width))

        def place(row: ir.Value, lane: int) -> ir.Value:
            tile_row = builder.mul(builder.add(base, row), self._whole(self.layout.tile))
            offset = builder.add(builder.add(tile_row, within), self._whole(lane))
            return builder.gep(self.argument["scratch"], [offset])

        value = lanes.spread(value)
        steps = length.load(lanes)
        following = builder.add(self.k, self._whole(1))
        came = slot.load(lanes)
        out = came
        for lane in range(width):
            at = ir.Constant(INT32, lane)
            one = builder.extract_element(value, at) if width > 1 else value
            builder.store(one, place(self.k, lane))
            back = builder.extract_element(steps, at) if width > 1 else steps
            row = builder.sub(following, self._bounded(back))
            arrived = builder.icmp_signed(">=", row, self._whole(0))
            safe = builder.select(arrived, row, self._whole(0))
            past = builder.load(place(safe, lane))
            before = builder.extract_element(came, at) if width > 1 else came
            now = builder.select(arrived, past, before)
            out = builder.insert_element(out, now, at) if width > 1 else now
        return self.remember(slot, out)

    def _bounded(self, steps: ir.Value) -> ir.Value:
        """Return a number of steps as an integer; one that never passes is cut to 2**62."""
        builder = self.step.builder
        most = ir.Constant(DOUBLE, 2.0**62)
        cut = builder.select(builder.fcmp_ordered("<", steps, most), steps, most)
        return builder.fptosi(cut, INT64)

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
        more = builder.icmp_signed("<", following, self._whole(self.layout.vectors))
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
        before = builder.mul(self._step_vector, self._whole(width))
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
        lane.add_incoming(self._whole(0), entry)
        at = builder.add(run, lane)
        inside = builder.icmp_signed("<", lane, self._whole(self.layout.width))
        real = builder.and_(inside, builder.icmp_signed("<", at, last))
        builder.cbranch(real, look, done)
        builder = ir.IRBuilder(look)
        place = builder.gep(failed, [at])
        flag = builder.trunc(builder.lshr(bits, lane), ir.IntType(1))
        fresh = builder.icmp_signed("<", builder.load(place), self._whole(0))
        builder.cbranch(builder.and_(flag, fresh), write, following)
        builder = ir.IRBuilder(write)
        builder.store(k, place)
        builder.branch(following)
        builder = ir.IRBuilder(following)
        lane.add_incoming(builder.add(lane, self._whole(1)), following)
        builder.branch(loop)
        ir.IRBuilder(done).ret_void()
        return function

    def _close_save(self) -> None:
        builder = ir.IRBuilder(self._blocks["after"])
        saved = self._get(builder, "saved")
        last = builder.sub(self.argument["saves"], self._whole(1))
        inside = builder.icmp_signed("<=", saved, last)
        place = builder.gep(self.argument["save_steps"], [builder.select(inside, saved, last)])
        due = builder.and_(inside, builder.icmp_signed("==", self.k, builder.load(place)))
        if self.layout.method == "RK4":
            due = builder.and_(due, builder.icmp_signed("==", self.stage, self._whole(0)))
        self._set(builder, "lane", 0)
        builder.cbranch(due, self._blocks["save"], self._blocks["advance"])
        builder = ir.IRBuilder(self._blocks["save"])
        self._set(builder, "output", 0)
        run = builder.add(self._get(builder, "run"), self._get(builder, "lane"))
        inside = builder.icmp_signed("<", run, self.argument["last"])
        tile = builder.icmp_signed(
            "<", self._get(builder, "lane"), self._whole(self.layout.tile)
        )
        builder.cbranch(
            builder.and_(inside, tile), self._blocks["save_lane"], self._blocks["save_next_lane"]
        )
        builder = ir.IRBuilder(self._blocks["save_lane"])
        more = builder.icmp_signed(
            "<", self._get(builder, "output"), self._whole(len(self.layout.outputs))
        )
        self_next = self.function.append_basic_block("lane_done")
        builder.cbranch(more, self._blocks["save_output"], self_next)
        done = ir.IRBuilder(self_next)
        self._bump(done, "lane")
        done.branch(self._blocks["save"])
        builder = ir.IRBuilder(self._blocks["save_output"])
        output, lane = self._get(builder, "output"), self._get(builder, "lane")
        staged = builder.bitcast(self._staged, NUMBERS)
        source = builder.add(builder.mul(output, self._whole(self.layout.tile)), lane)
        row = builder.add(builder.mul(output, self.argument["total"]), run)
        target = builder.add(
            builder.mul(row, self.argument["saves"]), self._get(builder, "saved")
        )
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
            stage = builder.and_(builder.add(self.stage, self._whole(1)), self._whole(3))
            self._set(builder, "stage", stage)
            whole = builder.icmp_signed("==", stage, self._whole(0))
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
