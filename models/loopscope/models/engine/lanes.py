"""Arithmetic on LLVM values, one lane a run: the back end of ``functions.Operations``.

Stage 4 of 5, emission.  In: LLVM values, each a ``double`` (the same for all runs) or a vector
(one element a run).  Out: LLVM instructions.  A scalar meets a vector by being spread over it.

No instruction carries a fast-math flag; where a product meets a sum the fused operation is asked
for by name.  So every result is the same to the last bit whatever the vector width, the tile or
the machine.
"""

from __future__ import annotations

import math

from llvmlite import ir

from loopscope.models.engine import vectormath
from loopscope.models.engine.doubles import DOUBLE, Doubles

INT32 = ir.IntType(32)


def external(builder: ir.IRBuilder, name: str, arguments: list[ir.Value]) -> ir.Value:
    """Call a function by name, declaring it on first use; all types are those of the first."""
    module = builder.module
    function = module.globals.get(name)
    if function is None:
        kind = arguments[0].type
        signature = ir.FunctionType(kind, [kind] * len(arguments))
        function = ir.Function(module, signature, name)
    return builder.call(function, arguments)


class Lanes:
    """Arithmetic through one builder.

    Parameters
    ----------
    builder
        Where instructions go.
    width
        Elements of a vector value; 1 when there are no vectors.
    """

    def __init__(self, builder: ir.IRBuilder, width: int) -> None:
        self.builder = builder
        self.width = width
        self.vector = ir.VectorType(DOUBLE, width) if width > 1 else DOUBLE

    def constant(self, number: float) -> ir.Value:
        """Return a literal."""
        return ir.Constant(DOUBLE, float(number))

    def spread(self, a: ir.Value) -> ir.Value:
        """Return ``a`` as a vector."""
        if a.type == self.vector:
            return a
        if isinstance(a, ir.Constant):
            return ir.Constant(self.vector, [a.constant] * self.width)
        blank = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(blank, a, ir.Constant(INT32, 0))
        order = ir.Constant(ir.VectorType(INT32, self.width), [0] * self.width)
        return self.builder.shuffle_vector(one, blank, order)

    def meet(self, *values: ir.Value) -> list[ir.Value]:
        """Return the values with one common type."""
        if all(value.type == values[0].type for value in values):
            return list(values)
        return [self.spread(value) for value in values]

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a + b."""
        return self.builder.fadd(*self.meet(a, b))

    def subtract(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a - b."""
        return self.builder.fsub(*self.meet(a, b))

    def multiply(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a * b."""
        return self.builder.fmul(*self.meet(a, b))

    def divide(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a / b, rounded once."""
        return self.builder.fdiv(*self.meet(a, b))

    def fused(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """Return a * b + c, rounded once."""
        a, b, c = self.meet(a, b, c)
        return Doubles(self.builder, a).fma(a, b, c)

    def minus(self, a: ir.Value) -> ir.Value:
        """Return -a."""
        return self.builder.fneg(a)

    def _as_number(self, flag: ir.Value) -> ir.Value:
        kind = self.vector if isinstance(flag.type, ir.VectorType) else DOUBLE
        return self.builder.uitofp(flag, kind)

    def _as_flag(self, a: ir.Value) -> ir.Value:
        if isinstance(a, ir.Instruction) and a.opname == "uitofp":
            return a.operands[0]
        zero = self.meet(a, self.constant(0.0))[1]
        return self.builder.fcmp_unordered("!=", a, zero)

    def less(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return 1 where a < b, else 0."""
        return self._as_number(self.builder.fcmp_ordered("<", *self.meet(a, b)))

    def less_equal(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return 1 where a <= b, else 0."""
        return self._as_number(self.builder.fcmp_ordered("<=", *self.meet(a, b)))

    def equal(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return 1 where a = b, else 0."""
        return self._as_number(self.builder.fcmp_ordered("==", *self.meet(a, b)))

    def _flags(self, a: ir.Value, b: ir.Value) -> list[ir.Value]:
        if a.type != b.type:
            a, b = self.spread(a), self.spread(b)
        return [self._as_flag(a), self._as_flag(b)]

    def both(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return 1 where neither is 0."""
        return self._as_number(self.builder.and_(*self._flags(a, b)))

    def either(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return 1 where at least one is not 0."""
        return self._as_number(self.builder.or_(*self._flags(a, b)))

    def negate(self, a: ir.Value) -> ir.Value:
        """Return 1 where a is 0, else 0."""
        return self._as_number(self.builder.not_(self._as_flag(a)))

    def select(self, condition: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a where the condition is not 0, else b."""
        a, b = self.meet(a, b)
        flag = self._as_flag(condition)
        if isinstance(flag.type, ir.VectorType) and not isinstance(a.type, ir.VectorType):
            a, b = self.spread(a), self.spread(b)
        return self.builder.select(flag, a, b)

    def minimum(self, a: ir.Value, b: ir.Value, *, careful: bool = True) -> ir.Value:
        """Return the smaller; NaN if either is NaN, unless not ``careful`` about a."""
        return self._pick("<", a, b, careful=careful)

    def maximum(self, a: ir.Value, b: ir.Value, *, careful: bool = True) -> ir.Value:
        """Return the larger; NaN if either is NaN, unless not ``careful`` about a."""
        return self._pick(">", a, b, careful=careful)

    def _pick(self, order: str, a: ir.Value, b: ir.Value, *, careful: bool) -> ir.Value:
        # `a < b ? a : b` is one instruction and gives b when either is NaN, so a NaN in b
        # survives and a NaN in a needs a second look; a literal is never NaN.
        if isinstance(b, ir.Constant):
            a, b = b, a
        needs_look = careful and not isinstance(a, ir.Constant)
        a, b = self.meet(a, b)
        picked = self.builder.select(self.builder.fcmp_ordered(order, a, b), a, b)
        if not needs_look:
            return picked
        return self.builder.select(self.builder.fcmp_unordered("uno", a, a), a, picked)

    def absolute(self, a: ir.Value) -> ir.Value:
        """Return the absolute value."""
        return Doubles(self.builder, a).intrinsic("fabs", a)

    def sign(self, a: ir.Value) -> ir.Value:
        """Return -1, 0 or 1."""
        zero = self.constant(0.0)
        return self.subtract(self.less(zero, a), self.less(a, zero))

    def truncate(self, a: ir.Value) -> ir.Value:
        """Return the whole part, towards zero."""
        return Doubles(self.builder, a).intrinsic("trunc", a)

    def floor(self, a: ir.Value) -> ir.Value:
        """Return the largest whole number not above."""
        return Doubles(self.builder, a).intrinsic("floor", a)

    def sqrt(self, a: ir.Value) -> ir.Value:
        """Return the square root, rounded once."""
        return Doubles(self.builder, a).intrinsic("sqrt", a)

    def exp(self, a: ir.Value) -> ir.Value:
        """Return e**a, within 2 units in the last place."""
        return vectormath.emit_exp(self.builder, a)

    def log(self, a: ir.Value) -> ir.Value:
        """Return the natural logarithm, within 2 units in the last place."""
        return vectormath.emit_log(self.builder, a)

    def power(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a**b, within 2 units in the last place."""
        return vectormath.emit_pow(self.builder, *self.meet(a, b))

    def library(self, name: str, a: ir.Value) -> ir.Value:
        """Return a function of the C mathematics library, lane by lane."""
        if not isinstance(a.type, ir.VectorType):
            return external(self.builder, name, [a])
        result: ir.Value = ir.Constant(a.type, ir.Undefined)
        for lane in range(a.type.count):
            index = ir.Constant(INT32, lane)
            one = external(self.builder, name, [self.builder.extract_element(a, index)])
            result = self.builder.insert_element(result, one, index)
        return result

    def whole_power(self, a: ir.Value, exponent: int) -> ir.Value:
        """Return a**exponent for exponent >= 1 by repeated squaring."""
        result: ir.Value | None = None
        square = a
        while True:
            if exponent & 1:
                result = square if result is None else self.multiply(result, square)
            exponent >>= 1
            if not exponent:
                assert result is not None
                return result
            square = self.multiply(square, square)

    def polynomial(self, x: ir.Value, coefficients: tuple[float, ...]) -> ir.Value:
        """Return the polynomial with these coefficients, highest power first."""
        total = self.constant(coefficients[0])
        for coefficient in coefficients[1:]:
            total = self.fused(total, x, self.constant(coefficient))
        return total

    def infinity(self) -> ir.Value:
        """Return positive infinity."""
        return self.constant(math.inf)
