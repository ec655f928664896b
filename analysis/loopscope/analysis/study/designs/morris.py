"""The design "morris": screening by elementary effects.

A *trajectory* starts at a random point of a grid and moves one parameter after the other, in random
order, by half the range and a little more; each move gives one elementary effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from loopscope.analysis.study.designs.counting import uniform
from loopscope.analysis.study.designs.design import INDEPENDENT, Design, asked

if TYPE_CHECKING:
    from loopscope.analysis.study.designs.design import Numbers, Space

STREAM = 3


@dataclass(frozen=True)
class MorrisPoints:
    """Rows of one trajectory after the other, P + 1 each."""

    runs: int
    width: int
    seed: int
    levels: int
    info: dict[str, Any]
    direct: ClassVar[bool] = False

    def rows(self, first: int, last: int) -> Numbers:
        """Return probabilities, dims (run, parameter)."""
        length = self.width + 1
        start, stop = first // length, -(-last // length)
        drawn = uniform(self.seed, STREAM, start, stop, 3 * self.width)
        bottom, turn, side = (drawn[:, part::3] for part in range(3))
        half = self.levels // 2
        low = np.floor(bottom * half)
        # The place of each parameter in the order in which they move.
        order = np.argsort(np.argsort(turn, axis=1, kind="stable"), axis=1, kind="stable")
        place = np.arange(first, last)
        path, step = place // length - start, place % length
        moved = order[path] < step[:, None]
        upper = moved != (side[path] < 0.5)
        return np.asarray((low[path] + half * upper) / (self.levels - 1), dtype=np.float64)


class Morris(Design):
    """Random trajectories on a grid of quantiles.

    Attributes
    ----------
    levels
        Of the grid; an even number.

    References
    ----------
    Morris (1991), "Factorial sampling plans for preliminary computational experiments",
    Technometrics 33(2), 161-174.
    """

    kind: Literal["morris"] = "morris"
    levels: Annotated[int, Field(ge=2, multiple_of=2, strict=True)] = 4
    no_correlations: ClassVar[str] = INDEPENDENT

    def reaches_ends(self, name: str) -> bool:
        """Return True: the grid goes from 0 to 1."""
        return True

    def plan(self, space: Space, runs: int | None, seed: int) -> MorrisPoints:
        """Return the rows of as many trajectories as fit."""
        length = space.width + 1
        count = asked(runs, self.kind, 2 * length, f" ({length} for each of 2 trajectories)")
        paths = count // length
        info = {"kind": self.kind, "trajectories": paths, "levels": self.levels}
        return MorrisPoints(paths * length, space.width, seed, self.levels, info)
