"""What the result of a sweep looks like, whole, before anything is computed.

Stage 2 of 5.  In: a job and what was asked for.  Out: an ``Outline``, from which ``store`` and
``memory`` make room, and the ``Chunk`` records that a sweep is computed in.  Which chunk a run
belongs to changes nothing of what is computed for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.sweeping.template import Coord, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from loopscope.analysis.sweeping.template import Template

FORMAT = "loopscope sweep 1"
"""Stands in each result; raised when an older reader would misread a newer one."""

RUN, SCENARIO = "run", "scenario"
"""The dims along which a sweep is cut."""

SHARED = (RUN, "inputs")
"""What is the same in all scenarios, so it has no such dim."""

LAST = "failed_in"
"""Written last of a chunk: where it is there, all of the chunk is."""

WHOLE, ROOM = 2048, 64_000_000
"""Runs of a chunk, unless they take more than so many bytes."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some runs of one scenario.

    Attributes
    ----------
    number
        Its place along ``run``, from 0.
    scenario
        Its place along ``scenario``; 0 where there is only one.
    first, last
        Runs ``first`` up to but not including ``last``.
    """

    number: int
    scenario: int
    first: int
    last: int

    @property
    def runs(self) -> int:
        """How many runs it has; the last chunk of a sweep may have fewer than others."""
        return self.last - self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """All that is known of a sweep's result before it runs.

    Attributes
    ----------
    runs
        Of each scenario.
    chunk
        Runs of one chunk.
    scenarios
        Names; the result has a dim ``scenario`` when there is more than one.
    variables
        By name, the numbers of the runs among them.
    coords
        By name, without ``run``; ``scenario`` if there is such a dim.
    attrs
        Of the result: text and integers.
    """

    runs: int
    chunk: int
    scenarios: tuple[str, ...]
    variables: Mapping[str, Variable]
    coords: Mapping[str, Coord]
    attrs: Mapping[str, str | int]

    def dims_of(self, name: str) -> tuple[str, ...]:
        """Return the dims of a variable in the result."""
        dims = self.variables[name].dims
        return (SCENARIO, *dims) if SCENARIO in self.coords and name not in SHARED else dims

    def shape_of(self, name: str) -> tuple[int, ...]:
        """Return the lengths of the dims of a variable in the result."""
        return tuple(self.runs if dim == RUN else self._sizes[dim] for dim in self.dims_of(name))

    @property
    def _sizes(self) -> dict[str, int]:
        return {
            dim: size
            for coord in self.coords.values()
            for dim, size in zip(coord.dims, coord.values.shape, strict=True)
        }

    @property
    def bytes(self) -> int:
        """What all variables take in memory."""
        return sum(
            int(np.prod(self.shape_of(name), dtype=np.int64)) * variable.dtype.itemsize
            for name, variable in self.variables.items()
        )

    def chunks(self) -> Iterator[Chunk]:
        """Give all chunks, those of one place in all scenarios side by side."""
        for number, first in enumerate(range(0, self.runs, self.chunk)):
            last = min(first + self.chunk, self.runs)
            for scenario in range(len(self.scenarios)):
                yield Chunk(number, scenario, first, last)

    def files(self, chunk: Chunk) -> Sequence[str]:
        """Return the variables that have values of a chunk, ``LAST`` at the end."""
        names = [name for name in self.variables if name not in SHARED or chunk.scenario == 0]
        names.remove(LAST)
        return [*names, LAST]


def outline_of(
    template: Template,
    *,
    runs: int,
    scenarios: Sequence[str],
    bytes_per_run: int,
    attrs: Mapping[str, str | int],
) -> Outline:
    """Return the outline of a sweep.

    Parameters
    ----------
    scenarios
        Names, at least one; that of no scenario is empty.
    bytes_per_run
        What one run takes while its chunk is computed.
    attrs
        What the result is made from, beside what the job says.
    """
    variables = {RUN: Variable((RUN,), np.dtype(np.int64), {}, -1), **template.variables}
    coords = dict(template.coords)
    if len(scenarios) > 1:
        coords[SCENARIO] = Coord((SCENARIO,), np.array(list(scenarios), dtype=np.str_))
    return Outline(
        runs=runs,
        chunk=_chunk(bytes_per_run),
        scenarios=tuple(scenarios),
        variables=variables,
        coords=coords,
        attrs={**template.attrs, **attrs, "format": FORMAT, "runs": runs},
    )


def _chunk(bytes_per_run: int) -> int:
    chunk = WHOLE
    while chunk > 1 and chunk * bytes_per_run > ROOM:
        chunk //= 2
    return chunk


def made_from(settled: Any) -> dict[str, str | int]:
    """Return what a settled study says of where a result comes from."""
    from loopscope.models.engine.simulate import versions

    return {
        "title": settled.title,
        "study": settled.text,
        "design": json.dumps(settled.design_info, sort_keys=True),
        "notes": json.dumps(settled.notes),
        "seed": settled.seed,
        "versions": versions(),
    }
