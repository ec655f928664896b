"""What one kernel is made for: which inputs vary, what is saved, how wide it runs.

Stage 4 of 5.  In: nothing.  Out: ``Layout``, the part of a run that machine code depends on.
Everything else (values, times, steps, number of runs) is an argument of the kernel, so a changed
value never needs a new one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

INSPECTION = 256
"""Steps between looks for runs that left the finite numbers; a power of two."""

Method = Literal["Euler", "RK4"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The shape of a kernel.

    Attributes
    ----------
    method
        Integration method of the kernel.
    outputs
        Variables saved, by name.
    apart
        Further groups of what is saved, each at steps of its own.
    inputs
        Every name whose value comes from outside, in slot order: parameters, then held
        variables.  A held variable's own equation is not used.
    starts
        States whose start value comes from outside, in slot order after ``inputs``.
    lanes
        Inputs and starts that have one value a run; the rest have one value for all.
    series
        Inputs that have one value a time step, the same for all runs.
    width
        Elements of a vector: runs computed by one instruction.
    vectors
        Vectors in a tile; a tile is ``width * vectors`` runs.
    timetable
        Whether values that depend on the time alone are computed once for all tiles.
    """

    method: Method
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    starts: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    width: int = 1
    vectors: int = 1
    timetable: bool = False
    apart: tuple[tuple[str, ...], ...] = ()

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Outputs, group by group: those of one group are saved at the same steps."""
        return (self.outputs, *self.apart)

    @property
    def tile(self) -> int:
        """Runs computed together."""
        return self.width * self.vectors

    @property
    def samples_per_step(self) -> int:
        """Values of a series that one step reads: at its start, and half-way for RK4."""
        return 2 if self.method == "RK4" else 1

    def text(self) -> str:
        """Return a text that differs between any two layouts."""
        return json.dumps(asdict(self), sort_keys=True)
