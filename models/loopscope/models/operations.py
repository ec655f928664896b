"""What a back end must be able to do with its values.

Stage 2 of 5.  In: nothing.  Out: ``Operations``, the vocabulary in which ``functions`` are written.
LLVM vectors (``engine.lanes``) and plain floats (``plain``) are two back ends.
"""

from __future__ import annotations

from typing import Any, Protocol


class Operations(Protocol):
    """Arithmetic on opaque values.

    Comparisons return 1.0 or 0.0 values; ``select`` takes any value as a condition and treats
    everything but zero as true.
    """

    def constant(self, number: float) -> Any:
        """Return a literal."""

    def add(self, a: Any, b: Any) -> Any:
        """Return a + b."""

    def subtract(self, a: Any, b: Any) -> Any:
        """Return a - b."""

    def multiply(self, a: Any, b: Any) -> Any:
        """Return a * b."""

    def divide(self, a: Any, b: Any) -> Any:
        """Return a / b."""

    def minimum(self, a: Any, b: Any) -> Any:
        """Return the smaller; NaN if either is."""

    def maximum(self, a: Any, b: Any) -> Any:
        """Return the larger; NaN if either is."""

    def less(self, a: Any, b: Any) -> Any:
        """Return 1 where a < b, else 0."""

    def less_equal(self, a: Any, b: Any) -> Any:
        """Return 1 where a <= b, else 0."""

    def equal(self, a: Any, b: Any) -> Any:
        """Return 1 where a = b, else 0."""

    def both(self, a: Any, b: Any) -> Any:
        """Return 1 where neither is 0, else 0."""

    def either(self, a: Any, b: Any) -> Any:
        """Return 1 where one is not 0, else 0."""

    def negate(self, a: Any) -> Any:
        """Return 1 where a is 0, else 0."""

    def select(self, condition: Any, a: Any, b: Any) -> Any:
        """Return a where the condition is not 0, else b."""

    def absolute(self, a: Any) -> Any:
        """Return the absolute value."""

    def truncate(self, a: Any) -> Any:
        """Return the whole part, towards zero."""

    def floor(self, a: Any) -> Any:
        """Return the largest whole number not above."""

    def sqrt(self, a: Any) -> Any:
        """Return the square root."""

    def exp(self, a: Any) -> Any:
        """Return e**a."""

    def log(self, a: Any) -> Any:
        """Return the natural logarithm."""

    def power(self, a: Any, b: Any) -> Any:
        """Return a**b."""

    def library(self, name: str, a: Any) -> Any:
        """Return a function of the C mathematics library."""
