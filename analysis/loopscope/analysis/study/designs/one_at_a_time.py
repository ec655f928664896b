"""The design "one at a time": each parameter alone is moved from the model as it stands.

Good for tornado pictures; says nothing of parameters acting together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from loopscope.analysis.study.designs.design import COMBINED, Listing
from loopscope.models.errors import StudyError
from loopscope.models.scenario import Finite

if TYPE_CHECKING:
    from loopscope.analysis.study.designs.design import Numbers, Space

Share = Annotated[Finite, Field(ge=0, le=1)]


@dataclass(frozen=True, eq=False)
class SinglePoints:
    """Row 0 is the base; then each parameter in turn at each of its values.

    Attributes
    ----------
    base
        Values of all parameters where nothing is moved, dims (parameter,).
    column, value
        Which parameter each further row moves, and to what, dims (run - 1,).
    """

    runs: int
    base: Numbers
    column: Any
    value: Numbers
    info: dict[str, Any]
    direct: ClassVar[bool] = True

    def rows(self, first: int, last: int) -> Numbers:
        """Return values, dims (run, parameter)."""
        found = np.repeat(self.base[None, :], last - first, axis=0)
        moved = np.arange(max(first, 1), last)
        found[moved - first, self.column[moved - 1]] = self.value[moved - 1]
        return found


class OneAtATime(Listing):
    """Single moves from the base.

    Attributes
    ----------
    quantiles
        Where each parameter is moved to, as shares of its distribution.
    """

    kind: Literal["one at a time"] = "one at a time"
    quantiles: tuple[Share, ...] = (0.05, 0.95)
    no_correlations: ClassVar[str] = COMBINED

    def reaches_ends(self, name: str) -> bool:
        """Return whether a parameter is moved to an end of its distribution."""
        return not self.gives(name) and not {0.0, 1.0}.isdisjoint(self.quantiles)

    def plan(self, space: Space, runs: int | None, seed: int) -> SinglePoints:
        """Return the base and all moves.

        Raises
        ------
        StudyError
            More of them than runs; a name that is not swept; a value outside the limits.
        """
        listed = self.listed(space)
        shares = np.array(self.quantiles, dtype=np.float64)
        points = [
            np.array(listed[name]) if name in listed else distribution.at(shares)
            for name, distribution in zip(space.names, space.distributions, strict=True)
        ]
        total = 1 + sum(map(len, points))
        if runs is not None and total > runs:
            msg = (
                f"a design of kind '{self.kind}' needs {total:,} runs here, 1 for the base and 1 "
                f"for each value of each parameter; got {runs:,}"
            )
            raise StudyError(msg)
        column = np.repeat(np.arange(space.width), [len(values) for values in points])
        info = {"kind": self.kind, "points": [values.tolist() for values in points]}
        base = np.array(space.base, dtype=np.float64)
        return SinglePoints(total, base, column, np.concatenate(points), info)
