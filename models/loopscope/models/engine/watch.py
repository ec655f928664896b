"""Looking for runs that have left the finite numbers.

Stage 4 of 5, emission.  In: a ``Frame``, the auxiliaries that must be watched at every step and
the memory of the states.  Out: instructions that write down which runs failed.

A state that is not finite stays so; it is enough to look at states now and then.  An auxiliary may
be finite again a step later; so each step adds its product with zero to a sum of doubt, which
stays 0 until one was not finite and is NaN from then on.  The exact step is found afterwards, by
computing the run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir

from loopscope.models.engine.doubles import INT64
from loopscope.models.engine.lanes import Lanes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.models.engine.frame import Frame, Slot


class Watch:
    """The sum of doubt of every run, and the inspection of it."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.doubt = frame.slot()

    def at_start(self, values: Sequence[ir.Value]) -> None:
        """Watch values of the tile section, which do not change during a run."""
        self.doubt.store(self.frame.tile, _doubt(self.frame.tile, None, values))

    def at_step(self, common: Sequence[ir.Value], values: Sequence[ir.Value]) -> None:
        """Watch values of the time section and of the step section."""
        frame, before = self.frame, self.doubt.load(self.frame.step)
        total = before
        if common:
            total = frame.step.add(total, frame.keep_time(_doubt(frame.time, None, common)))
        total = _doubt(frame.step, total, values)
        if frame.layout.method == "RK4":
            # Between steps a run may pass where an auxiliary has no value.
            builder = frame.step.builder
            here = builder.icmp_signed("==", frame.stage, frame.whole(0))
            total = builder.select(here, total, before)
        self.doubt.store(frame.step, total)

    def inspect(self, states: Sequence[Slot]) -> None:
        """Fill the block in which runs are looked at."""
        frame, width = self.frame, self.frame.layout.width
        lanes = Lanes(ir.IRBuilder(frame.blocks["inspect"]), width)
        builder = lanes.builder
        frame.walk(lanes)
        values = [state.load(lanes) for state in states]
        total = _doubt(lanes, self.doubt.load(lanes), values)
        flags = builder.fcmp_unordered("uno", total, total)
        bits = builder.bitcast(flags, ir.IntType(width)) if width > 1 else flags
        wrong = builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(width), 0))
        found = frame.function.append_basic_block("found")
        looked = frame.function.append_basic_block("looked")
        builder.cbranch(wrong, found, looked).set_weights([1, 1 << 20])
        builder = ir.IRBuilder(found)
        before = builder.mul(frame.index(lanes), frame.whole(width))
        arguments = [
            frame.argument["failed"],
            builder.add(frame.get(builder, "run"), before),
            frame.argument["last"],
            builder.zext(bits, INT64),
            frame.k,
        ]
        builder.call(self._note(), arguments)
        builder.branch(looked)
        frame.end_vectors(ir.IRBuilder(looked), "inspect", "next_step")

    def _note(self) -> ir.Function:
        """Emit the function that writes down which runs of a vector have failed, and when."""
        frame = self.frame
        kinds = [INT64.as_pointer(), INT64, INT64, INT64, INT64]
        function = ir.Function(frame.module, ir.FunctionType(ir.VoidType(), kinds), "note")
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
        lane.add_incoming(frame.whole(0), entry)
        at = builder.add(run, lane)
        inside = builder.icmp_signed("<", lane, frame.whole(frame.layout.width))
        real = builder.and_(inside, builder.icmp_signed("<", at, last))
        builder.cbranch(real, look, done)
        builder = ir.IRBuilder(look)
        place = builder.gep(failed, [at])
        flag = builder.trunc(builder.lshr(bits, lane), ir.IntType(1))
        fresh = builder.icmp_signed("<", builder.load(place), frame.whole(0))
        builder.cbranch(builder.and_(flag, fresh), write, following)
        builder = ir.IRBuilder(write)
        builder.store(k, place)
        builder.branch(following)
        builder = ir.IRBuilder(following)
        lane.add_incoming(builder.add(lane, frame.whole(1)), following)
        builder.branch(loop)
        ir.IRBuilder(done).ret_void()
        return function


def _doubt(lanes: Lanes, total: ir.Value | None, values: Sequence[ir.Value]) -> ir.Value:
    """Return 0 while all values are finite, NaN otherwise; added to ``total``."""
    zero = lanes.constant(0.0)
    for value in values:
        total = lanes.fused(value, zero, zero if total is None else total)
    return zero if total is None else total
