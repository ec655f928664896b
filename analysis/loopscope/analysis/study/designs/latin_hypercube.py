"""The design "latin hypercube": each parameter has one value in each of N equal parts.

Good where few runs must cover each parameter evenly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from loopscope.analysis.study.designs.counting import uniform
from loopscope.analysis.study.designs.design import Design, asked
from loopscope.analysis.study.designs.shuffling import shuffle

if TYPE_CHECKING:
    from loopscope.analysis.study.designs.design import Numbers, Space
    from loopscope.analysis.study.designs.shuffling import Shuffle

PLACES, PARTS = 1, 2
"""Streams of random numbers: inside a part, and which part."""


@dataclass(frozen=True)
class LatinPoints:
    """Rows whose parts are a permutation in each column."""

    runs: int
    width: int
    seed: int
    order: Shuffle
    info: dict[str, Any]
    direct: ClassVar[bool] = False

    def rows(self, first: int, last: int) -> Numbers:
        """Return probabilities, dims (run, parameter)."""
        parts = self.order.of(np.arange(first, last, dtype=np.uint32))
        inside = uniform(self.seed, PLACES, first, last, self.width)
        return np.minimum((parts + inside) / self.runs, 1.0 - 2.0**-53)


class LatinHypercube(Design):
    """A Latin hypercube with a random point in each part.

    References
    ----------
    McKay, Beckman, Conover (1979), "A comparison of three methods for selecting values of input
    variables in the analysis of output from a computer code", Technometrics 21(2), 239-245.
    """

    kind: Literal["latin hypercube"] = "latin hypercube"

    def plan(self, space: Space, runs: int | None, seed: int) -> LatinPoints:
        """Return as many points as runs; other points for another number of runs."""
        count = asked(runs, self.kind)
        order = shuffle(count, space.width, seed, PARTS)
        return LatinPoints(count, space.width, seed, order, {"kind": self.kind})
