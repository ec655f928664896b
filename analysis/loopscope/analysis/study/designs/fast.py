"""The design "fast": search curves of the Fourier amplitude sensitivity test.

For each parameter in turn one curve through the space, on which that parameter swings fastest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from loopscope.analysis.study.designs.design import INDEPENDENT, Design, asked

if TYPE_CHECKING:
    from loopscope.analysis.study.designs.design import Numbers, Space


@dataclass(frozen=True, eq=False)
class FastPoints:
    """Rows in the order of SALib: the curve of the first parameter, then that of the second.

    Attributes
    ----------
    samples
        Rows of each curve.
    fastest, others
        Frequency of the parameter whose curve it is, and of the others in their order.
    phases
        Where each curve starts, dims (parameter,), in radians.
    """

    runs: int
    samples: int
    fastest: float
    others: Numbers
    phases: Numbers
    info: dict[str, Any]
    direct: ClassVar[bool] = False

    def rows(self, first: int, last: int) -> Numbers:
        """Return probabilities, dims (run, parameter)."""
        width = len(self.phases)
        place = np.arange(first, last)
        curve, along = place // self.samples, place % self.samples
        angle = (2 * math.pi / self.samples) * along
        found = np.empty((len(place), width))
        for column in range(width):
            slow = self.others[np.minimum(column - (curve < column), width - 2)] if width > 1 else 0
            frequency = np.where(curve == column, self.fastest, slow)
            wave = np.sin(frequency * angle + self.phases[curve])
            found[:, column] = 0.5 + (1 / math.pi) * np.arcsin(wave)
        return found


class Fast(Design):
    """Extended FAST.

    Attributes
    ----------
    harmonics
        Multiples of the fastest frequency that are read (M).

    References
    ----------
    Saltelli, Tarantola, Chan (1999), "A quantitative model-independent method for global
    sensitivity analysis of model output", Technometrics 41(1), 39-56.
    """

    kind: Literal["fast"] = "fast"
    harmonics: Annotated[int, Field(ge=1, le=100, strict=True)] = 4
    no_correlations: ClassVar[str] = INDEPENDENT

    def plan(self, space: Space, runs: int | None, seed: int) -> FastPoints:
        """Return one curve of as many rows as fit for each parameter."""
        width, least = space.width, 4 * self.harmonics**2 + 1
        why = f" (more than 4 x harmonics**2 = {least - 1} for each parameter)"
        samples = asked(runs, self.kind, least * width, why) // width
        fastest = math.floor((samples - 1) / (2 * self.harmonics))
        slowest = math.floor(fastest / (2 * self.harmonics))
        if slowest >= width - 1:
            others = np.floor(np.linspace(1, slowest, width - 1))
        else:
            others = np.arange(width - 1) % slowest + 1.0
        random = np.random.default_rng(seed)
        phases = np.array([2 * math.pi * random.random() for _ in range(width)])
        info = {"kind": self.kind, "samples": samples, "harmonics": self.harmonics}
        return FastPoints(samples * width, samples, float(fastest), others, phases, info)
