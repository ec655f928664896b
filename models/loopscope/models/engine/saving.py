"""Saving values: groups of outputs, each at steps of its own.

Stage 4 of 5, emission.  In: a ``Frame`` and values of its step section.  Out: instructions that
write those values to the arrays of the caller, at the steps that the caller asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir

from loopscope.models.engine.doubles import DOUBLE, INT64

if TYPE_CHECKING:
    from loopscope.models.engine.frame import Frame
    from loopscope.models.engine.lanes import Lanes

COLUMNS = 3
"""Numbers of a row of the argument ``records``: how many saves, where their steps stand, where
``out`` is."""


class Saving:
    """The outputs of one frame, group by group as ``Layout.groups`` has them."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        groups = frame.layout.groups
        outputs = max(1, sum(map(len, groups)))
        vectors = ir.ArrayType(frame.step.vector, frame.layout.vectors)
        self._staged = frame.head.alloca(ir.ArrayType(vectors, outputs), name="staged")
        self._saved = [frame.head.alloca(INT64) for _ in groups]
        self._saves = [self._record(group, 0) for group in range(len(groups))]
        self._steps = [self._pointer(self._record(group, 1), INT64) for group in range(len(groups))]
        self._out = [self._pointer(self._record(group, 2), DOUBLE) for group in range(len(groups))]

    def _record(self, group: int, column: int) -> ir.Value:
        builder = self.frame.uniform.builder
        place = self.frame.whole(COLUMNS * group + column)
        return builder.load(builder.gep(self.frame.argument["records"], [place]))

    def _pointer(self, address: ir.Value, kind: ir.Type) -> ir.Value:
        return self.frame.uniform.builder.inttoptr(address, kind.as_pointer())

    def save(self, number: int, value: ir.Value, lanes: Lanes) -> None:
        """Put the value of an output where the arrays are filled from."""
        frame, builder = self.frame, lanes.builder
        place = [frame.whole(0), frame.whole(number), frame.index(lanes)]
        builder.store(lanes.spread(value), builder.gep(self._staged, place, inbounds=True))

    def due(self, builder: ir.IRBuilder, group: int) -> ir.Value:
        """Return whether the values of a group at the start of a step are to be saved."""
        frame = self.frame
        saved = builder.load(self._saved[group])
        last = builder.sub(self._saves[group], frame.whole(1))
        inside = builder.icmp_signed("<=", saved, last)
        place = builder.gep(self._steps[group], [builder.select(inside, saved, last)])
        due = builder.and_(inside, builder.icmp_signed("==", frame.k, builder.load(place)))
        if frame.layout.method == "RK4":
            due = builder.and_(due, builder.icmp_signed("==", frame.stage, frame.whole(0)))
        return due

    def begin(self, builder: ir.IRBuilder) -> None:
        """Begin with the first save of every group."""
        for saved in self._saved:
            builder.store(self.frame.whole(0), saved)

    def close(self, here: ir.Block, then: ir.Block) -> None:
        """Write what is due, from one block on, and go on to another."""
        first = 0
        for group, names in enumerate(self.frame.layout.groups):
            if not names:
                continue
            following = self.frame.function.append_basic_block(f"saved_{group}")
            self._write(here, group, first, len(names), following)
            here, first = following, first + len(names)
        ir.IRBuilder(here).branch(then)

    def _write(self, here: ir.Block, group: int, first: int, outputs: int, then: ir.Block) -> None:
        frame, tile = self.frame, self.frame.layout.tile
        lanes, one, write, following, done = (
            frame.function.append_basic_block(f"{label}_{group}")
            for label in ("save", "save_lane", "save_output", "lane_done", "save_done")
        )
        builder = ir.IRBuilder(here)
        due = self.due(builder, group)
        frame.set(builder, "lane", 0)
        builder.cbranch(due, lanes, then)
        builder = ir.IRBuilder(lanes)
        frame.set(builder, "output", 0)
        run = builder.add(frame.get(builder, "run"), frame.get(builder, "lane"))
        real = builder.icmp_signed("<", run, frame.argument["last"])
        inside = builder.icmp_signed("<", frame.get(builder, "lane"), frame.whole(tile))
        builder.cbranch(builder.and_(real, inside), one, done)
        builder = ir.IRBuilder(one)
        more = builder.icmp_signed("<", frame.get(builder, "output"), frame.whole(outputs))
        builder.cbranch(more, write, following)
        builder = ir.IRBuilder(following)
        frame.bump(builder, "lane")
        builder.branch(lanes)
        builder = ir.IRBuilder(write)
        output, lane = frame.get(builder, "output"), frame.get(builder, "lane")
        staged = builder.bitcast(self._staged, DOUBLE.as_pointer())
        row = builder.mul(builder.add(output, frame.whole(first)), frame.whole(tile))
        value = builder.load(builder.gep(staged, [builder.add(row, lane)]))
        row = builder.add(builder.mul(output, frame.argument["total"]), run)
        saved = builder.load(self._saved[group])
        target = builder.add(builder.mul(row, self._saves[group]), saved)
        builder.store(value, builder.gep(self._out[group], [target]))
        frame.bump(builder, "output")
        builder.branch(one)
        builder = ir.IRBuilder(done)
        saved = builder.load(self._saved[group])
        builder.store(builder.add(saved, frame.whole(1)), self._saved[group])
        builder.branch(then)
