"""Arithmetic on one double or a vector of them, written once for both.

Stage 4 of 5, emission.  In: an ``llvmlite.ir.IRBuilder`` and a value whose type is
``double`` or ``<N x double>``.  Out: instructions of that same type.  Nothing here knows a
function, an equation or a target: it is the alphabet that ``vectormath`` writes with.

No instruction carries a fast-math flag and products are fused only where ``fma`` is
called, so a lane's result does not depend on how many lanes stand beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir

if TYPE_CHECKING:
    from collections.abc import Sequence

DOUBLE = ir.DoubleType()
INT64 = ir.IntType(64)


class Doubles:
    """Builder of instructions for all lanes of one real type.

    Parameters
    ----------
    builder
        Positioned where the instructions belong.
    like
        A value of type ``double`` or ``<N x double>``, N a power of two; every real this
        object makes has that type.

    Raises
    ------
    TypeError
        ``like`` is not of such a type.
    """

    def __init__(self, builder: ir.IRBuilder, like: ir.Value) -> None:
        real = like.type
        count = real.count if isinstance(real, ir.VectorType) else 0
        if (real.element if count else real) != DOUBLE:
            msg = f"a lane holds a double; got a value of type {real}"
            raise TypeError(msg)
        self.builder = builder
        self.count: int = count
        self.real_type = real
        self.word_type = ir.VectorType(INT64, count) if count else INT64
        self.suffix = f"v{count}f64" if count else "f64"

    def real(self, value: float) -> ir.Value:
        """Return a constant, the same in every lane."""
        return ir.Constant(self.real_type, [value] * self.count if self.count else value)

    def word(self, value: int) -> ir.Value:
        """Return a 64-bit integer constant, the same in every lane."""
        return ir.Constant(self.word_type, [value] * self.count if self.count else value)

    def to_word(self, value: ir.Value) -> ir.Value:
        """Return the bit pattern of a real."""
        return self.builder.bitcast(value, self.word_type)

    def to_real(self, word: ir.Value) -> ir.Value:
        """Return the real with that bit pattern."""
        return self.builder.bitcast(word, self.real_type)

    def intrinsic(self, name: str, *arguments: ir.Value) -> ir.Value:
        """Call ``llvm.<name>``, whose arguments and result are all reals.

        ``Module.declare_intrinsic`` cannot name a vector type, so it is declared here.
        """
        module = self.builder.module
        full = f"llvm.{name}.{self.suffix}"
        function = module.globals.get(full)
        if function is None:
            signature = ir.FunctionType(self.real_type, [self.real_type] * len(arguments))
            function = ir.Function(module, signature, name=full)
        return self.builder.call(function, arguments)

    def fma(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """Return ``a * b + c``, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def compare(self, relation: str, a: ir.Value, b: float | ir.Value) -> ir.Value:
        """Return where ``a relation b``; a NaN on either side makes all but ``!=`` false."""
        right = self.real(b) if isinstance(b, float) else b
        compare = self.builder.fcmp_unordered if relation == "!=" else self.builder.fcmp_ordered
        return compare(relation, a, right)

    def select(self, where: ir.Value, yes: float | ir.Value, no: float | ir.Value) -> ir.Value:
        """Return ``yes`` in the lanes where ``where`` holds and ``no`` in the others."""
        return self.builder.select(
            where,
            self.real(yes) if isinstance(yes, float) else yes,
            self.real(no) if isinstance(no, float) else no,
        )

    def polynomial(self, x: ir.Value, coefficients: Sequence[float]) -> ir.Value:
        """Evaluate a polynomial by Estrin's scheme.

        Parameters
        ----------
        x
            The argument.
        coefficients
            Constant term first, n of them, n >= 1.

        Returns
        -------
        ir.Value
            n - 1 fused multiply-adds and about log2(n) products, in a chain of log2(n)
            steps where Horner's rule has n.
        """
        terms = [self.real(value) for value in coefficients]
        power = x
        while len(terms) > 1:
            paired = [
                self.fma(power, high, low)
                for low, high in zip(terms[::2], terms[1::2], strict=False)
            ]
            terms = paired + terms[2 * len(paired) :]
            if len(terms) > 1:
                power = self.builder.fmul(power, power)
        return terms[0]
