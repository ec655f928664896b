"""When a run starts, steps, saves and stops.

Stage 5 of 5, before a run.  In: the model's clock, overrides and what the caller asked for.
Out: ``Times``, whole numbers of steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import RunError

WHOLE = 1e-6
"""How far from a whole number of steps a length of time may be, in steps."""

MOST_STEPS = 2**53


@dataclass(frozen=True, slots=True)
class Times:
    """Steps of a run: values at ``start + step * k``, saved every ``save_every`` steps."""

    start: float
    step: float
    steps: int
    save_every: int

    @property
    def saves(self) -> int:
        """Number of saved times."""
        return self.steps // self.save_every + 1

    @property
    def saved(self) -> NDArray[np.float64]:
        """Saved times, dims (time,)."""
        return self.start + np.arange(0, self.steps + 1, self.save_every) * self.step

    @property
    def stepped(self) -> NDArray[np.float64]:
        """The time of each step, dims (step,), one beyond the last."""
        return self.start + np.arange(self.steps + 2) * self.step


def times(start: float, stop: float, step: float, saveper: float, *, asked: bool) -> Times:
    """Return the steps of a run.

    Parameters
    ----------
    start, stop, step, saveper
        In the model's time unit.
    asked
        Whether the caller chose any of them.  A file's own values are taken as other programs
        take them: a last step beyond the end is left out, a saving interval is rounded to steps.

    Raises
    ------
    RunError
        A step that is not positive, or (when asked) does not divide the time it should.
    """
    for label, value in (("start", start), ("stop", stop), ("dt", step), ("saveper", saveper)):
        if not math.isfinite(value):
            msg = f"{label} must be a finite number, got {value}"
            raise RunError(msg)
    for label, value in (("dt", step), ("saveper", saveper)):
        if value <= 0:
            msg = f"{label} must be greater than 0, got {value:g}"
            raise RunError(msg)
    if stop < start:
        msg = f"stop ({stop:g}) lies before start ({start:g})"
        raise RunError(msg)
    length = (stop - start) / step
    if length > MOST_STEPS:
        msg = f"dt = {step:g} is too small for a run from {start:g} to {stop:g}"
        raise RunError(msg)
    steps = _whole(length, step, f"the run from {start:g} to {stop:g}", stop - start, asked=asked)
    between = _whole(saveper / step, step, f"saveper = {saveper:g}", saveper, asked=asked)
    return Times(start, step, steps, max(1, between))


def _whole(count: float, step: float, what: str, length: float, *, asked: bool) -> int:
    nearest = round(count)
    if abs(count - nearest) <= WHOLE * max(1.0, abs(count) * WHOLE):
        return nearest
    if asked:
        better = length / max(1, math.ceil(count))
        msg = f"dt = {step:g} does not divide {what}; the nearest smaller dt that does is {better:g}"
        raise RunError(msg)
    return math.floor(count)
