"""The design "random": every run is drawn on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from loopscope.analysis.study.designs.counting import uniform
from loopscope.analysis.study.designs.design import Design, asked

if TYPE_CHECKING:
    from loopscope.analysis.study.designs.design import Numbers, Space

STREAM = 0


@dataclass(frozen=True)
class RandomPoints:
    """Independent rows."""

    runs: int
    width: int
    seed: int
    info: dict[str, Any]
    direct: ClassVar[bool] = False

    def rows(self, first: int, last: int) -> Numbers:
        """Return probabilities, dims (run, parameter)."""
        return uniform(self.seed, STREAM, first, last, self.width)


class Random(Design):
    """Plain Monte Carlo; a run keeps its values when ``runs`` grows."""

    kind: Literal["random"] = "random"

    def plan(self, space: Space, runs: int | None, seed: int) -> RandomPoints:
        """Return as many points as runs."""
        return RandomPoints(asked(runs, self.kind), space.width, seed, {"kind": self.kind})
