"""What is carried from one step to the next: states, memories, pipelines.

Stage 4 of 5, emission.  In: a ``Frame`` and values of its step section.  Out: instructions that
advance what is carried, by Euler or by the four stages of RK4.  Memories and pipelines take the
value at the beginning of a step and show it from the next step on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir

from loopscope.models.engine.doubles import DOUBLE, INT64
from loopscope.models.engine.lanes import INT32

if TYPE_CHECKING:
    from loopscope.models.engine.frame import Frame, Slot

RK4_NEXT = (0.5, 0.5, 1.0, 0.0)
RK4_WEIGHT = (1.0, 2.0, 2.0, 1.0)
"""In sixths, so that a constant rate adds up to itself."""


class Carrying:
    """Advances carried values inside one frame."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.pipelines: dict[str, tuple[int, Slot]] = {}

    def _at_stage(self, stage: int) -> ir.Value:
        frame = self.frame
        return frame.step.builder.icmp_signed("==", frame.stage, frame.whole(stage))

    def integrate(self, slot: Slot, rate: ir.Value, *, floor: bool, fused: bool = True) -> ir.Value:
        """Advance a state by one step (one stage of RK4); return its new value."""
        frame, lanes, step = self.frame, self.frame.step, self.frame.length
        if frame.layout.method == "Euler":
            before = slot.load(lanes)
            if fused:
                new = lanes.fused(step, rate, before)
            else:
                new = lanes.add(before, lanes.multiply(step, rate))
            if floor:
                new = lanes.maximum(lanes.constant(0.0), new)
            slot.store(lanes, new)
            return new
        base, total = frame.slot(), frame.slot()
        builder, first, last = lanes.builder, self._at_stage(0), self._at_stage(3)
        at_base = builder.select(first, slot.load(lanes), base.load(lanes))
        zero = lanes.spread(lanes.constant(0.0))
        so_far = builder.select(first, zero, total.load(lanes))
        so_far = lanes.fused(frame.stage_number(RK4_WEIGHT), rate, so_far)
        ahead = lanes.multiply(frame.stage_number(RK4_NEXT), step)
        trial = lanes.fused(ahead, rate, at_base)
        mean = lanes.multiply(so_far, lanes.constant(1.0 / 6.0))
        final = lanes.fused(step, mean, at_base)
        if floor:
            final = lanes.maximum(lanes.constant(0.0), final)
        new = builder.select(last, final, trial)
        base.store(lanes, at_base)
        total.store(lanes, so_far)
        slot.store(lanes, new)
        return new

    def remember(self, slot: Slot, value: ir.Value) -> ir.Value:
        """Set a value for the next step, seen by no stage of this one; return it."""
        frame, lanes = self.frame, self.frame.step
        if frame.layout.method == "Euler":
            slot.store(lanes, value)
            return value
        pending, builder = frame.slot(), lanes.builder
        new = builder.select(self._at_stage(0), lanes.spread(value), pending.load(lanes))
        pending.store(lanes, new)
        slot.store(lanes, builder.select(self._at_stage(3), new, slot.load(lanes)))
        return new

    def pipeline(self, name: str, delay: ir.Value) -> None:
        """Open a pipeline whose delay, in time units, is a value of the tile section."""
        frame, tile = self.frame, self.frame.tile
        steps = tile.divide(delay, frame.first_length)
        steps = tile.maximum(tile.constant(1.0), steps)
        slot = frame.slot()
        slot.store(tile, tile.floor(tile.add(steps, tile.constant(0.5 + 1e-6))))
        self.pipelines[name] = (len(self.pipelines), slot)

    def shift(self, slot: Slot, name: str, value: ir.Value) -> ir.Value:
        """Put a value in at one end of a pipeline and set what comes out at the next step."""
        frame, lanes = self.frame, self.frame.step
        builder, width = lanes.builder, frame.layout.width
        number, length = self.pipelines[name]
        rows = builder.add(frame.argument["steps"], frame.whole(1))
        base = builder.mul(frame.whole(number), rows)
        within = builder.mul(frame.index(lanes), frame.whole(width))

        def place(row: ir.Value, lane: int) -> ir.Value:
            tile_row = builder.mul(builder.add(base, row), frame.whole(frame.layout.tile))
            offset = builder.add(builder.add(tile_row, within), frame.whole(lane))
            return builder.gep(frame.argument["scratch"], [offset])

        value = lanes.spread(value)
        steps = length.load(lanes)
        following = builder.add(frame.k, frame.whole(1))
        came = slot.load(lanes)
        out = came
        for lane in range(width):
            at = ir.Constant(INT32, lane)
            one = builder.extract_element(value, at) if width > 1 else value
            self._store_at_step(one, place(frame.k, lane))
            back = builder.extract_element(steps, at) if width > 1 else steps
            row = builder.sub(following, self._bounded(back))
            arrived = builder.icmp_signed(">=", row, frame.whole(0))
            safe = builder.select(arrived, row, frame.whole(0))
            past = builder.load(place(safe, lane))
            before = builder.extract_element(came, at) if width > 1 else came
            now = builder.select(arrived, past, before)
            out = builder.insert_element(out, now, at) if width > 1 else now
        return self.remember(slot, out)

    def _store_at_step(self, value: ir.Value, place: ir.Value) -> None:
        """Store what holds at the beginning of a step; later stages leave it alone."""
        builder = self.frame.step.builder
        if self.frame.layout.method == "RK4":
            value = builder.select(self._at_stage(0), value, builder.load(place))
        builder.store(value, place)

    def _bounded(self, steps: ir.Value) -> ir.Value:
        """Return a number of steps as an integer; one that never passes is cut to 2**62."""
        builder = self.frame.step.builder
        most = ir.Constant(DOUBLE, 2.0**62)
        cut = builder.select(builder.fcmp_ordered("<", steps, most), steps, most)
        return builder.fptosi(cut, INT64)
