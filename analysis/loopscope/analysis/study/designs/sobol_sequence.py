"""The design "sobol sequence": points that fill the space evenly.

Good for distributions of outcomes, for correlation-based and given-data indices, and for maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from loopscope.analysis.study.designs.design import Design, asked
from loopscope.analysis.study.designs.sequence import sequence

if TYPE_CHECKING:
    from loopscope.analysis.study.designs.design import Numbers, Space
    from loopscope.analysis.study.designs.sequence import SobolNumbers


@dataclass(frozen=True)
class SequencePoints:
    """Rows of the sequence, as they come."""

    runs: int
    sequence: SobolNumbers
    info: dict[str, Any]
    direct: ClassVar[bool] = False

    def rows(self, first: int, last: int) -> Numbers:
        """Return probabilities, dims (run, parameter)."""
        return self.sequence.points(first, last)


class SobolSequence(Design):
    """A scrambled Sobol sequence; evenest where ``runs`` is a power of two."""

    kind: Literal["sobol sequence"] = "sobol sequence"

    def plan(self, space: Space, runs: int | None, seed: int) -> SequencePoints:
        """Return as many points as runs."""
        count = asked(runs, self.kind)
        return SequencePoints(count, sequence(space.width, count, seed), {"kind": self.kind})
