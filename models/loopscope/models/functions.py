"""System dynamics functions: symbolic form, derivative, native form and source, side by side.

Stage 2 of 5.  In: nothing.  Out: sympy function classes that ``translate`` builds expressions
from, each with its derivative (``fdiff``) and its native form (``native``), written against the
small ``Operations`` vocabulary so that any back end (LLVM, plain floats, JavaScript) can run it.

Conditions are real numbers, 1 for true and 0 for false, as in Vensim: sympy's own relations and
``Piecewise`` rewrite themselves, which would hide links that act only through a condition.
Functions that remember (delays, smooths, INITIAL ...) are in ``remembering``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

if TYPE_CHECKING:
    from loopscope.models.operations import Operations

SMALL = 1e-6
"""What Vensim takes for zero in XIDZ, ZIDZ, QUANTUM and in comparing event times."""


def _operation(name: str) -> Any:
    """Return a native form that is one operation of the vocabulary."""
    return staticmethod(lambda op, *arguments: getattr(op, name)(*arguments))


class SDFunction(sp.Function):
    """Base of all functions here: real-valued, never rewritten by sympy.

    ``source`` says where the definition comes from.
    """

    source = ""

    def _eval_is_extended_real(self) -> bool:
        return True

    def _eval_is_finite(self) -> bool:
        return True

    @staticmethod
    def native(op: Operations, *arguments: Any) -> Any:
        """Return the value of the function in the vocabulary of a back end."""
        raise AssertionError


class Minimum(SDFunction):
    """MIN(a, b); NaN if either is NaN."""

    nargs = 2
    source = "Vensim MIN; XMILE 3.5.1"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 1 for the smaller argument (the first at a tie), else 0."""
        a, b = self.args
        first = LessEqual(a, b)
        return first if argindex == 1 else Not(first)

    native = _operation("minimum")


class Maximum(SDFunction):
    """MAX(a, b); NaN if either is NaN."""

    nargs = 2
    source = "Vensim MAX; XMILE 3.5.1"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 1 for the larger argument (the first at a tie), else 0."""
        a, b = self.args
        first = LessEqual(b, a)
        return first if argindex == 1 else Not(first)

    native = _operation("maximum")


class Switch(SDFunction):
    """A function that is constant between its jumps, so its derivative is 0 where it exists."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 0, right away from the jumps."""
        return sp.Integer(0)


class Less(Switch):
    """1 if a < b else 0."""

    nargs = 2
    source = "Vensim <, > ; XMILE 3.3.1"

    native = _operation("less")


class LessEqual(Switch):
    """1 if a <= b else 0."""

    nargs = 2
    source = "Vensim <=, >= ; XMILE 3.3.1"

    native = _operation("less_equal")


class Equal(Switch):
    """1 if a = b else 0."""

    nargs = 2
    source = "Vensim =, <> ; XMILE 3.3.1"

    native = _operation("equal")


class And(Switch):
    """1 if both arguments differ from 0."""

    nargs = 2
    source = "Vensim :AND: ; XMILE and"

    native = _operation("both")


class Or(Switch):
    """1 if at least one argument differs from 0."""

    nargs = 2
    source = "Vensim :OR: ; XMILE or"

    native = _operation("either")


class Not(Switch):
    """1 if the argument is 0, else 0."""

    nargs = 1
    source = "Vensim :NOT: ; XMILE not"

    native = _operation("negate")


class IfThenElse(SDFunction):
    """IF THEN ELSE(condition, a, b): a where the condition differs from 0, else b."""

    nargs = 3
    source = "Vensim IF THEN ELSE; XMILE IF"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 0 for the condition, the condition for a, its negation for b."""
        condition = self.args[0]
        if argindex == 1:
            return sp.Integer(0)
        one, zero = sp.Integer(1), sp.Integer(0)
        return (
            IfThenElse(condition, one, zero) if argindex == 2 else IfThenElse(condition, zero, one)
        )

    native = _operation("select")


class IntegerPart(Switch):
    """INTEGER(x): x without its fraction, towards zero."""

    nargs = 1
    source = "Vensim INTEGER; XMILE INT"

    native = _operation("truncate")


class Quantum(SDFunction):
    """QUANTUM(a, b): b * INTEGER(a / b), or a where b < 1e-6."""

    nargs = 2
    source = "Vensim QUANTUM"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative between the jumps."""
        a, b = self.args
        small = Less(b, sp.Float(SMALL))
        if argindex == 1:
            return small
        return IfThenElse(small, sp.Integer(0), IntegerPart(a / b))

    @staticmethod
    def native(op: Operations, *arguments: Any) -> Any:
        """Return the value; see ``SDFunction``."""
        a, b = arguments
        rounded = op.multiply(b, op.truncate(op.divide(a, b)))
        return op.select(op.less(b, op.constant(SMALL)), a, rounded)


class Modulo(SDFunction):
    """MODULO(x, m): x - QUANTUM(x, m), with the sign of x."""

    nargs = 2
    source = "Vensim MODULO; XMILE MOD"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative between the jumps."""
        inner = Quantum(*self.args).fdiff(argindex)
        return 1 - inner if argindex == 1 else -inner

    @staticmethod
    def native(op: Operations, *arguments: Any) -> Any:
        """Return the value; see ``SDFunction``."""
        return op.subtract(arguments[0], Quantum.native(op, *arguments))


class SafeDivide(SDFunction):
    """XIDZ(a, b, x): a / b, or x where abs(b) < 1e-6.  ZIDZ is x = 0."""

    nargs = 3
    source = "Vensim XIDZ, ZIDZ; XMILE SAFEDIV"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative of the branch in force."""
        a, b, _ = self.args
        small = Less(sp.Abs(b), sp.Float(SMALL))
        zero = sp.Integer(0)
        return (
            IfThenElse(small, zero, 1 / b),
            IfThenElse(small, zero, -a / b**2),
            IfThenElse(small, sp.Integer(1), zero),
        )[argindex - 1]

    @staticmethod
    def native(op: Operations, *arguments: Any) -> Any:
        """Return the value; see ``SDFunction``."""
        a, b, x = arguments
        small = op.less(op.absolute(b), op.constant(SMALL))
        return op.select(small, x, op.divide(a, b))


class Step(SDFunction):
    """STEP(height, start) at (time, time step): height once time + step/2 > start."""

    nargs = 4
    source = "Vensim STEP; XMILE STEP"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative, which only the height has."""
        _, start, time, step = self.args
        return Less(start, time + step / 2) if argindex == 1 else sp.Integer(0)

    @staticmethod
    def native(op: Operations, *arguments: Any) -> Any:
        """Return the value; see ``SDFunction``."""
        height, start, time, step = arguments
        now = op.add(time, op.multiply(step, op.constant(0.5)))
        return op.multiply(height, op.less(start, now))


class Ramp(SDFunction):
    """RAMP(slope, start, finish) at time: slope * (min(time, finish) - start) from start on."""

    nargs = 4
    source = "Vensim RAMP; XMILE RAMP (finish = infinity)"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by slope, start, finish or time."""
        slope, start, finish, time = self.args
        on = Less(start, time + sp.Float(SMALL))
        running = LessEqual(time, finish)
        return (
            on * (Minimum(time, finish) - start),
            -on * slope,
            on * slope * Not(running),
            on * slope * running,
        )[argindex - 1]

    @staticmethod
    def native(op: Operations, *arguments: Any) -> Any:
        """Return the value; see ``SDFunction``."""
        slope, start, finish, time = arguments
        on = op.less(start, op.add(time, op.constant(SMALL)))
        length = op.subtract(op.minimum(time, finish), start)
        return op.select(on, op.multiply(slope, length), op.constant(0.0))


class Pulse(Switch):
    """PULSE(start, width) at time: 1 on [start, start + width), else 0."""

    nargs = 3
    source = "Vensim PULSE; XMILE PULSE is magnitude / time step * Pulse(start, step / 2)"

    @staticmethod
    def native(op: Operations, *arguments: Any) -> Any:
        """Return the value; see ``SDFunction``."""
        start, width, time = arguments
        begun = op.less_equal(op.subtract(start, op.constant(SMALL)), time)
        return op.both(begun, op.less(time, op.add(start, width)))


class PulseTrain(Switch):
    """PULSE TRAIN(start, interval, width, end) at time: 1 during each pulse, else 0."""

    nargs = 5
    source = "Vensim PULSE TRAIN; XMILE PULSE with an interval (end = infinity)"

    @staticmethod
    def native(op: Operations, *arguments: Any) -> Any:
        """Return the value; see ``SDFunction``."""
        start, interval, width, end, time = arguments
        small = op.constant(SMALL)
        zero = op.constant(0.0)
        single = Pulse.native(op, start, width, time)
        since = op.add(op.subtract(time, start), small)
        phase = op.subtract(since, op.multiply(interval, op.floor(op.divide(since, interval))))
        inside = op.both(op.less_equal(start, time), op.less(time, end))
        train = op.both(inside, op.less(phase, width))
        return op.select(op.equal(interval, zero), single, train)


class Table(SDFunction):
    """The value of the lookup named by the first argument (a symbol) at the second."""

    nargs = 2
    source = "Vensim lookups, WITH LOOKUP; XMILE gf"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the slope of the segment in force."""
        return TableSlope(*self.args) if argindex == 2 else sp.Integer(0)


class TableSlope(Switch):
    """The slope of the lookup named by the first argument at the second."""

    nargs = 2
    source = "derivative of Table"


class RandomUniform(Switch):
    """A number in (0, 1) for draw ``args[0]`` (an integer), new at each time step.

    The generator is counter based: the number depends on (seed, run, step, draw) alone.
    """

    nargs = 1
    source = "Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3 (Philox 4x32-10)"


class NormalCdf(SDFunction):
    """The standard normal distribution function."""

    nargs = 1
    source = "erfc(-x / sqrt 2) / 2"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the standard normal density."""
        (x,) = self.args
        return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)

    @staticmethod
    def native(op: Operations, *arguments: Any) -> Any:
        """Return the value; see ``SDFunction``."""
        scaled = op.multiply(arguments[0], op.constant(-(0.5**0.5)))
        return op.multiply(op.library("erfc", scaled), op.constant(0.5))


class NormalQuantile(SDFunction):
    """The inverse of the standard normal distribution function on (0, 1)."""

    nargs = 1
    source = "Wichura (1988), Algorithm AS 241, Applied Statistics 37(3), 477-484"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return one over the density at the quantile."""
        return sp.sqrt(2 * sp.pi) * sp.exp(NormalQuantile(*self.args) ** 2 / 2)
