"""The design "halton": a sequence that fills the space evenly, one prime base for each parameter.

Good for few parameters and any number of runs; with more than about twenty, a Sobol sequence is
more even.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from loopscope.analysis.study.designs.design import Design, asked

if TYPE_CHECKING:
    from loopscope.analysis.study.designs.design import Numbers, Space


@lru_cache(maxsize=4)
def _engine(width: int, seed: int) -> Any:
    from scipy.stats import qmc

    return qmc.Halton(d=width, scramble=True, seed=np.random.default_rng(seed))


@dataclass(frozen=True)
class HaltonPoints:
    """Rows of the sequence that scipy has for a seed."""

    runs: int
    width: int
    seed: int
    info: dict[str, Any]
    direct: ClassVar[bool] = False

    def rows(self, first: int, last: int) -> Numbers:
        """Return probabilities, dims (run, parameter)."""
        engine = copy(_engine(self.width, self.seed))  # the digits' orders are shared
        engine.num_generated = first
        return np.ascontiguousarray(engine.random(last - first), dtype=np.float64)


class Halton(Design):
    """A Halton sequence with scrambled digits.

    References
    ----------
    Owen (2017), "A randomized Halton algorithm in R", arXiv:1706.02808.
    """

    kind: Literal["halton"] = "halton"

    def plan(self, space: Space, runs: int | None, seed: int) -> HaltonPoints:
        """Return as many points as runs."""
        return HaltonPoints(asked(runs, self.kind), space.width, seed, {"kind": self.kind})
