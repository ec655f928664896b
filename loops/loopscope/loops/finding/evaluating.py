"""The value of a sum over loops at many moments, compiled.

Stage 2 of 4.  In: a ``LoopSum`` and sizes or weights of links.  Out: its value at each moment, as
``LoopSum.of`` gives it to rounding.  A moment's value does not depend on the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.finding.loopsum import END
from loopscope.models.engine import native

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.loops.finding.loopsum import LoopSum
    from loopscope.loops.graph import Pair
    from loopscope.loops.replay import Numbers

    Places = NDArray[np.int64]

LANES = 16
"""Moments that are computed side by side."""


@dataclass(frozen=True, slots=True)
class Program:
    """A sum over loops, laid out for the machine: one term after the other, without branches.

    Attributes
    ----------
    pairs
        Links whose weights it needs, in the order of the rows it is given.
    link, later
        Row of a term's weight, and place of the partial sum it multiplies (0 for none).
    place
        Where the partial sum of a term is kept: places are used again once nobody needs them.
    going_on
        All bits where a term adds to the one before, none where a partial sum begins.
    roots
        Places of the partial sums that make the total.
    places
        Number of places; place 0 holds 1.
    """

    pairs: tuple[Pair, ...]
    link: Places
    later: Places
    place: Places
    going_on: Places
    roots: Places
    places: int

    def of(self, weights: Numbers) -> Numbers:
        """Return the sum for weights of the links, dims (link, moment); dims (moment,).

        Notes
        -----
        Some 0.1 ns for each product and moment; the interpreter lock is free meanwhile.
        """
        rows, moments = weights.shape
        blocks = -(-moments // LANES)
        padded = np.zeros((rows, blocks * LANES))
        padded[:, :moments] = weights
        sizes = np.ascontiguousarray(padded.reshape(rows, blocks, LANES).swapaxes(0, 1))
        sums = np.empty((self.places, LANES))
        sums[0] = 1.0
        found = np.empty(blocks * LANES)
        terms = (self.link, self.later, self.place, self.going_on, self.roots)
        kernel = _kernel()  # held while it is called: threads that come first may each make one
        kernel.call(
            blocks, rows, len(self.link), len(self.roots),
            *(array.ctypes.data for array in (*terms, sizes, sums, found)),
        )  # fmt: skip
        return found[:moments]


def program(total: LoopSum) -> Program:
    """Lay out a sum over loops; linear in its products."""
    pairs: dict[Pair, int] = {}
    left = [0] * len(total.sums)
    for terms in total.sums:
        for _, later in terms:
            if later != END:
                left[later] += 1
    for root in total.roots:
        left[root] += 1  # wanted to the end
    rows: list[tuple[int, int, int, int]] = []
    free: list[int] = []
    places = 1
    where: dict[int, int] = {}
    for number, terms in enumerate(total.sums):
        # A place is taken before any is given back: terms are read while it is written.
        if free:
            where[number] = free.pop()
        else:
            where[number], places = places, places + 1
        for n, (pair, later) in enumerate(terms):
            row = pairs.setdefault(pair, len(pairs))
            rows.append((row, 0 if later == END else where[later], where[number], -1 if n else 0))
        for _, later in terms:
            if later != END:
                left[later] -= 1
                if not left[later]:
                    free.append(where[later])
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4)
    roots = np.array([where[root] for root in total.roots], dtype=np.int64)
    link, following, place, going_on = (np.ascontiguousarray(column) for column in columns.T)
    return Program(tuple(pairs), link, following, place, going_on, roots, places)


IR = f"""
declare <{LANES} x double> @llvm.fma.v{LANES}f64(VECTOR, VECTOR, VECTOR)

define void @NAME(i64 %blocks, i64 %rows, i64 %terms, i64 %count, i64* %link, i64* %later,
                  i64* %place, i64* %going_on, i64* %roots, VECTOR* %sizes, VECTOR* %sums,
                  VECTOR* %out) {{
entry:
  %blank = insertelement <{LANES} x i64> undef, i64 0, i32 0
  %some = icmp sgt i64 %blocks, 0
  br i1 %some, label %block, label %done
block:
  %b = phi i64 [0, %entry], [%b.next, %last]
  %base = mul i64 %b, %rows
  br label %term
term:
  %t = phi i64 [0, %block], [%t.next, %term]
  %before = phi VECTOR [zeroinitializer, %block], [%value, %term]
  %link.at = getelementptr i64, i64* %link, i64 %t
  %row = load i64, i64* %link.at
  %cell = add i64 %base, %row
  %size.at = getelementptr VECTOR, VECTOR* %sizes, i64 %cell
  %size = load VECTOR, VECTOR* %size.at, align 8
  %later.at = getelementptr i64, i64* %later, i64 %t
  %from = load i64, i64* %later.at
  %part.at = getelementptr VECTOR, VECTOR* %sums, i64 %from
  %part = load VECTOR, VECTOR* %part.at, align 8
  %going.at = getelementptr i64, i64* %going_on, i64 %t
  %going = load i64, i64* %going.at
  %one = insertelement <{LANES} x i64> %blank, i64 %going, i32 0
  %mask = shufflevector <{LANES} x i64> %one, <{LANES} x i64> undef,
                        <{LANES} x i32> zeroinitializer
  %bits = bitcast VECTOR %before to <{LANES} x i64>
  %kept = and <{LANES} x i64> %bits, %mask
  %so.far = bitcast <{LANES} x i64> %kept to VECTOR
  %value = call VECTOR @llvm.fma.v{LANES}f64(VECTOR %size, VECTOR %part, VECTOR %so.far)
  %place.at = getelementptr i64, i64* %place, i64 %t
  %to = load i64, i64* %place.at
  %sum.at = getelementptr VECTOR, VECTOR* %sums, i64 %to
  store VECTOR %value, VECTOR* %sum.at, align 8
  %t.next = add i64 %t, 1
  %more = icmp slt i64 %t.next, %terms
  br i1 %more, label %term, label %root
root:
  %r = phi i64 [0, %term], [%r.next, %root]
  %total = phi VECTOR [zeroinitializer, %term], [%total.next, %root]
  %root.at = getelementptr i64, i64* %roots, i64 %r
  %where = load i64, i64* %root.at
  %found.at = getelementptr VECTOR, VECTOR* %sums, i64 %where
  %found = load VECTOR, VECTOR* %found.at, align 8
  %total.next = fadd VECTOR %total, %found
  %r.next = add i64 %r, 1
  %again = icmp slt i64 %r.next, %count
  br i1 %again, label %root, label %last
last:
  %out.at = getelementptr VECTOR, VECTOR* %out, i64 %b
  store VECTOR %total.next, VECTOR* %out.at, align 8
  %b.next = add i64 %b, 1
  %left = icmp slt i64 %b.next, %blocks
  br i1 %left, label %block, label %done
done:
  ret void
}}
""".replace("VECTOR", f"<{LANES} x double>")
"""One function for all sums over loops."""

ARGUMENTS = (*(native.WHOLE,) * 4, *(native.POINTER,) * 8)


@cache
def _kernel() -> native.Kernel:
    return native.kernel(("loop sum", IR), lambda name: IR.replace("NAME", name), ARGUMENTS)
