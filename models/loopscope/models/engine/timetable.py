"""Values that depend on the time alone, computed once a call instead of once a tile.

Stage 4 of 5, emission.  In: a ``Frame``.  Out: a loop over all steps before the first tile, which
fills a table ``[value, step]`` (``[value, step, stage]`` for RK4), and reads from it in each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir

from loopscope.models.engine.doubles import DOUBLE, INT64
from loopscope.models.engine.lanes import Lanes

if TYPE_CHECKING:
    from loopscope.models.engine.frame import Frame

BYTE = ir.IntType(8)


class Timetable:
    """The table of one kernel; takes over the time section of its frame."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self._start = frame.function.append_basic_block("prepare")
        self.builder = ir.IRBuilder(self._start)
        self.k, self.stage, frame.now, _ = frame.moment(self.builder, "time_k", "time_stage")
        self._memory = frame.head.alloca(DOUBLE.as_pointer(), name="timetable")
        self._stages = 4 if frame.layout.method == "RK4" else 1
        self._kept = 0
        frame.time = Lanes(self.builder, 1)
        frame.time_k, frame.time_stage = self.k, self.stage
        frame.keep_time, frame.enter_tiles, frame.leave = self._keep, self._close, self._free

    def _rows(self, builder: ir.IRBuilder) -> ir.Value:
        steps = builder.add(self.frame.argument["steps"], self.frame.whole(1))
        return builder.mul(steps, self.frame.whole(self._stages))

    def _place(self, builder: ir.IRBuilder, number: int, k: ir.Value, stage: ir.Value) -> ir.Value:
        row = builder.add(builder.mul(k, self.frame.whole(self._stages)), stage)
        column = builder.mul(self._rows(builder), self.frame.whole(number))
        return builder.gep(builder.load(self._memory), [builder.add(column, row)])

    def _keep(self, value: ir.Value) -> ir.Value:
        """Store a value for each step; return it as read in the step at hand."""
        frame, number = self.frame, self._kept
        self._kept += 1
        self.builder.store(value, self._place(self.builder, number, self.k, self.stage))
        return frame.beat.load(self._place(frame.beat, number, frame.k, frame.stage))

    def _library(self, name: str, result: ir.Type, argument: ir.Type) -> ir.Function:
        return ir.Function(self.frame.module, ir.FunctionType(result, [argument]), name)

    def _close(self, before: ir.IRBuilder, then: ir.Block) -> None:
        """Close the loop, entered from ``before`` and left for ``then``."""
        frame = self.frame
        bytes_needed = before.mul(self._rows(before), frame.whole(8 * max(1, self._kept)))
        memory = before.call(self._library("malloc", BYTE.as_pointer(), INT64), [bytes_needed])
        before.store(before.bitcast(memory, DOUBLE.as_pointer()), self._memory)
        frame.set(before, "time_k", 0)
        frame.set(before, "time_stage", 0)
        before.branch(self._start)
        builder = self.builder
        if self._stages > 1:
            stage = builder.and_(builder.add(self.stage, frame.whole(1)), frame.whole(3))
            frame.set(builder, "time_stage", stage)
            whole = builder.icmp_signed("==", stage, frame.whole(0))
            step = builder.select(whole, frame.whole(1), frame.whole(0))
        else:
            step = frame.whole(1)
        following = frame.bump(builder, "time_k", step)
        more = builder.icmp_signed("<=", following, frame.argument["steps"])
        builder.cbranch(more, self._start, then)

    def _free(self, builder: ir.IRBuilder) -> None:
        """Give the memory back."""
        memory = builder.bitcast(builder.load(self._memory), BYTE.as_pointer())
        builder.call(self._library("free", ir.VoidType(), BYTE.as_pointer()), [memory])
