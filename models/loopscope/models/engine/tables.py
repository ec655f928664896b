"""Graphical functions and random numbers as LLVM instructions.

Stage 4 of 5, emission.  In: points of a ``Lookup`` and the value of its argument, or the
counters of a random draw.  Out: the value, without branches for short tables.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from llvmlite import ir

from loopscope.models.engine.doubles import DOUBLE, INT64

if TYPE_CHECKING:
    from loopscope.models.engine.lanes import Lanes
    from loopscope.models.model import Lookup

LONGEST_CHAIN = 24
"""Segments up to which comparing with every point beats a search (measured)."""


def slopes(table: Lookup) -> tuple[float, ...]:
    """Return the slope of each segment; 0 where two points share their x."""
    points = list(zip(table.x, table.y, strict=True))
    return tuple(
        (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
        for (x0, y0), (x1, y1) in itertools.pairwise(points)
    )


def emit_table(lanes: Lanes, table: Lookup, x: ir.Value) -> ir.Value:
    """Return the value of a table at x; NaN at NaN.

    Exact at every point but the last, where it is within an ulp.
    """
    if len(table.x) == 1:
        return _keep_nan(lanes, x, lanes.constant(table.y[0]))
    if table.interpolation == "hold_backward":
        (held,) = _pick(lanes, table.x, [table.y], x)
        return _keep_nan(lanes, x, held)
    if table.interpolation == "interpolate":
        x = lanes.minimum(lanes.constant(table.x[-1]), x)
        x = lanes.maximum(lanes.constant(_lowest(table)), x)
    columns = [table.x[:-1], _bases(table), slopes(table)]
    origin, base, slope = _pick(lanes, table.x[:-1], columns, x)
    return lanes.fused(lanes.subtract(x, origin), slope, base)


def _lowest(table: Lookup) -> float:
    """Return an x at which the table has the value that is held below its first point."""
    first, second = table.x[:2]
    return math.nextafter(first, -math.inf) if first == second else first


def _bases(table: Lookup) -> tuple[float, ...]:
    """Return the value at the left end of each segment; of a jump, the value after it.

    A jump at the first point begins with the value before it, which is held below.
    """
    points = list(zip(table.x, table.y, strict=True))
    after = [y1 if x0 == x1 else y0 for (x0, y0), (x1, y1) in itertools.pairwise(points)]
    return (table.y[0], *after[1:]) if len(after) > 1 else tuple(after)


def emit_slope(lanes: Lanes, table: Lookup, x: ir.Value) -> ir.Value:
    """Return the slope of a table at x: of the segment to the right at a point, 0 where held."""
    if len(table.x) == 1 or table.interpolation == "hold_backward":
        return lanes.constant(0.0)
    (slope,) = _pick(lanes, table.x[:-1], [slopes(table)], x)
    if table.interpolation == "extrapolate":
        return slope
    low, high = lanes.constant(table.x[0]), lanes.constant(table.x[-1])
    inside = lanes.both(lanes.less_equal(low, x), lanes.less(x, high))
    return lanes.multiply(inside, slope)


def _keep_nan(lanes: Lanes, x: ir.Value, value: ir.Value) -> ir.Value:
    return lanes.select(lanes.equal(x, x), value, x)


def _pick(
    lanes: Lanes, edges: tuple[float, ...], columns: list[tuple[float, ...]], x: ir.Value
) -> list[ir.Value]:
    """Return, for each column, its value for the last edge not above x (the first if none)."""
    if len(edges) > LONGEST_CHAIN:
        return _search(lanes, edges, columns, x)
    picked = [lanes.constant(column[0]) for column in columns]
    for row in range(1, len(edges)):
        beyond = lanes.less_equal(lanes.constant(edges[row]), x)
        for number, column in enumerate(columns):
            if column[row] != column[row - 1] or row > 1:
                value = lanes.constant(column[row])
                picked[number] = lanes.select(beyond, value, picked[number])
    return picked


def _search(
    lanes: Lanes, edges: tuple[float, ...], columns: list[tuple[float, ...]], x: ir.Value
) -> list[ir.Value]:
    """Find the row by halving, lane by lane, then read the columns from memory."""
    builder, module = lanes.builder, lanes.builder.module
    levels = math.ceil(math.log2(len(edges)))
    padded = 1 << levels
    edge_store = _store(module, (*edges, *[math.nan] * (padded - len(edges))))
    stores = [_store(module, column) for column in columns]
    vector = isinstance(x.type, ir.VectorType)
    results: list[ir.Value] = [ir.Constant(x.type, ir.Undefined) for _ in columns]
    for lane in range(x.type.count if vector else 1):
        position = ir.Constant(ir.IntType(32), lane)
        one = builder.extract_element(x, position) if vector else x
        row: ir.Value = ir.Constant(INT64, 0)
        for level in reversed(range(levels)):
            probe = builder.add(row, ir.Constant(INT64, 1 << level))
            beyond = builder.fcmp_ordered("<=", _read(builder, edge_store, probe), one)
            row = builder.select(beyond, probe, row)
        for number, store in enumerate(stores):
            value = _read(builder, store, row)
            results[number] = (
                builder.insert_element(results[number], value, position) if vector else value
            )
    return results


def _store(module: ir.Module, numbers: tuple[float, ...]) -> ir.GlobalVariable:
    kind = ir.ArrayType(DOUBLE, len(numbers))
    store = ir.GlobalVariable(module, kind, f"table.{len(module.globals)}")
    store.linkage = "private"
    store.global_constant = True
    store.initializer = ir.Constant(kind, list(numbers))
    return store


def _read(builder: ir.IRBuilder, store: ir.GlobalVariable, row: ir.Value) -> ir.Value:
    return builder.load(builder.gep(store, [ir.Constant(INT64, 0), row], inbounds=True))


PHILOX_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
PHILOX_WEYL = (0x9E3779B9, 0xBB67AE85)
PHILOX_ROUNDS = 10


def emit_random(builder: ir.IRBuilder, counter: tuple[ir.Value, ...], seed: ir.Value) -> ir.Value:
    """Return a number in (0, 1) from four 32-bit counters and a 64-bit seed.

    Philox 4x32-10: each of the four ``counter`` values and ``seed`` is a 64-bit integer (or a
    vector of them) of one common type.

    References
    ----------
    Salmon, Moraes, Dror, Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC'11.
    """
    kind = seed.type

    def literal(number: int) -> ir.Constant:
        if isinstance(kind, ir.VectorType):
            return ir.Constant(kind, [number] * kind.count)
        return ir.Constant(kind, number)

    low = literal(0xFFFFFFFF)
    shift = literal(32)
    c0, c1, c2, c3 = (builder.and_(value, low) for value in counter)
    k0, k1 = builder.and_(seed, low), builder.lshr(seed, shift)
    for number in range(PHILOX_ROUNDS):
        if number:
            k0 = builder.and_(builder.add(k0, literal(PHILOX_WEYL[0])), low)
            k1 = builder.and_(builder.add(k1, literal(PHILOX_WEYL[1])), low)
        p0 = builder.mul(c0, literal(PHILOX_MULTIPLIERS[0]))
        p1 = builder.mul(c2, literal(PHILOX_MULTIPLIERS[1]))
        c0 = builder.xor(builder.xor(builder.lshr(p1, shift), c1), k0)
        c2 = builder.xor(builder.xor(builder.lshr(p0, shift), c3), k1)
        c1, c3 = builder.and_(p1, low), builder.and_(p0, low)
    # 52 bits and the middle of each interval: exact, and neither 0 nor 1 can come out.
    bits = builder.or_(builder.shl(c0, literal(20)), builder.lshr(c1, literal(12)))
    number_kind = ir.VectorType(DOUBLE, kind.count) if isinstance(kind, ir.VectorType) else DOUBLE

    def real(value: float) -> ir.Constant:
        if isinstance(number_kind, ir.VectorType):
            return ir.Constant(number_kind, [value] * number_kind.count)
        return ir.Constant(number_kind, value)

    return builder.fmul(builder.fadd(builder.uitofp(bits, number_kind), real(0.5)), real(2.0**-52))


QUANTILE_CENTRE = (
    (
        2509.0809287301226727, 33430.575583588128105, 67265.770927008700853,
        45921.953931549871457, 13731.693765509461125, 1971.5909503065514427,
        133.14166789178437745, 3.387132872796366608,
    ),
    (
        5226.495278852854561, 28729.085735721942674, 39307.89580009271061,
        21213.794301586595867, 5394.1960214247511077, 687.1870074920579083,
        42.313330701600911252, 1.0,
    ),
)  # fmt: skip
QUANTILE_MIDDLE = (
    (
        7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
        1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
        4.6303378461565452959, 1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
        0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
        2.05319162663775882187, 1.0,
    ),
)  # fmt: skip
QUANTILE_TAIL = (
    (
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
        0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
        5.4637849111641143699, 6.6579046435011037772,
    ),
    (
        2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
        7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
        0.59983220655588793769, 1.0,
    ),
)  # fmt: skip


def emit_quantile(lanes: Lanes, p: ir.Value) -> ir.Value:
    """Return the standard normal quantile of p: about 1e-15 relative; infinite at 0 and 1.

    References
    ----------
    Wichura (1988), Algorithm AS 241, Applied Statistics 37(3), 477-484.
    """

    def ratio(r: ir.Value, pair: tuple[tuple[float, ...], tuple[float, ...]]) -> ir.Value:
        return lanes.divide(lanes.polynomial(r, pair[0]), lanes.polynomial(r, pair[1]))

    q = lanes.subtract(p, lanes.constant(0.5))
    central = lanes.subtract(lanes.constant(0.180625), lanes.multiply(q, q))
    middle_value = lanes.multiply(q, ratio(central, QUANTILE_CENTRE))
    other = lanes.subtract(lanes.constant(1.0), p)
    below = lanes.less(q, lanes.constant(0.0))
    tail = lanes.select(below, p, other)
    r = lanes.sqrt(lanes.minus(lanes.log(tail)))
    near = ratio(lanes.subtract(r, lanes.constant(1.6)), QUANTILE_MIDDLE)
    far = ratio(lanes.subtract(r, lanes.constant(5.0)), QUANTILE_TAIL)
    size = lanes.select(lanes.less_equal(r, lanes.constant(5.0)), near, far)
    size = lanes.select(lanes.equal(tail, lanes.constant(0.0)), lanes.infinity(), size)
    outer = lanes.select(below, lanes.minus(size), size)
    inside = lanes.less_equal(lanes.absolute(q), lanes.constant(0.425))
    return lanes.select(inside, middle_value, outer)
