"""The design "grid": every combination of some values of each parameter.

Good for maps over two or three parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from loopscope.analysis.study.designs.design import (
    COMBINED,
    MOST_RUNS,
    Listing,
    asked,
    by_name,
    levels_of,
)
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from loopscope.analysis.study.designs.design import Numbers, Space

Level = Annotated[int, Field(ge=1, strict=True)]


@dataclass(frozen=True, eq=False)
class GridPoints:
    """Rows of all combinations, the last parameter varying fastest.

    Attributes
    ----------
    levels
        Values of each parameter, ascending.
    """

    runs: int
    levels: tuple[Numbers, ...]
    info: dict[str, Any]
    direct: ClassVar[bool] = True

    def rows(self, first: int, last: int) -> Numbers:
        """Return values, dims (run, parameter)."""
        left = np.arange(first, last)
        found = np.empty((len(left), len(self.levels)))
        for column in range(len(self.levels) - 1, -1, -1):
            values = self.levels[column]
            found[:, column] = values[left % len(values)]
            left = left // len(values)
        return found


class Grid(Listing):
    """A full grid.

    Attributes
    ----------
    levels
        Number of evenly spaced values from end to end, for all parameters or by name; where
        left out, as many as ``runs`` allows.
    """

    kind: Literal["grid"] = "grid"
    levels: Level | dict[str, Level] | None = None
    no_correlations: ClassVar[str] = COMBINED

    def reaches_ends(self, name: str) -> bool:
        """Return whether the levels of a parameter go from end to end."""
        return not self.gives(name)

    def plan(self, space: Space, runs: int | None, seed: int) -> GridPoints:
        """Return all combinations.

        Raises
        ------
        StudyError
            More of them than runs; a name that is not swept; a value outside the limits.
        """
        listed = self.listed(space)
        counts = self._counts(space, runs, listed)
        levels = tuple(
            np.array(sorted(listed[name])) if name in listed else even
            for name, even in zip(space.names, levels_of(space, counts), strict=True)
        )
        total = math.prod(len(values) for values in levels)
        if total > (runs or MOST_RUNS):
            sizes = " x ".join(str(len(values)) for values in levels)
            msg = (
                f"the grid has {total:,} runs ({sizes}), but at most {runs or MOST_RUNS:,} are "
                "allowed; give fewer levels, or more 'runs'"
            )
            raise StudyError(msg)
        info = {"kind": self.kind, "levels": [values.tolist() for values in levels]}
        return GridPoints(total, levels, info)

    def _counts(
        self, space: Space, runs: int | None, listed: dict[str, tuple[float, ...]]
    ) -> list[int]:
        """Return how many levels each parameter has; 1 for those whose values are known."""
        known = [
            len(listed[name] if name in listed else getattr(distribution, "values", ()))
            for name, distribution in zip(space.names, space.distributions, strict=True)
        ]
        if isinstance(self.levels, dict):
            given = by_name(space, self.levels)
            open_ = [n for n, k in zip(space.names, known, strict=True) if not k and n not in given]
            if open_:
                msg = f"the grid has no levels for '{open_[0]}'; add it to 'levels' or 'values'"
                raise StudyError(msg)
            return [given.get(name, 1) for name in space.names]
        if self.levels is not None:
            return [self.levels if not count else 1 for count in known]
        free = known.count(0)
        if not free:
            return [1] * len(known)
        left = asked(runs, self.kind) // math.prod(count or 1 for count in known)
        each = _root(left, free)
        if each < 2:
            msg = (
                f"a grid over {space.width} parameters with 2 levels each has "
                f"{2**free * math.prod(count or 1 for count in known):,} runs; got {runs:,}"
            )
            raise StudyError(msg)
        return [each if not count else 1 for count in known]


def _root(number: int, degree: int) -> int:
    """Return the largest whole number whose power of that degree is not above a number.

    Examples
    --------
    >>> _root(1000, 3), _root(999, 3)
    (10, 9)
    """
    root: int = round(number ** (1 / degree))
    while root**degree > number:
        root -= 1
    return root
