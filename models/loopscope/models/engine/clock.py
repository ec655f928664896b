"""When a run starts, steps, saves and stops.

Stage 5 of 5, before a run.  In: the model's clock, overrides and what the caller asked for.
Out: ``Times``, whole numbers of steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable

Numbers = NDArray[np.float64]

WHOLE = 1e-6
"""How far from a whole number of steps a length of time may be, in steps."""

MOST_STEPS = 10**8
MOST_CHANGING = 10**6


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """The steps of a run.

    Attributes
    ----------
    moments
        Time at the beginning of each step, dims (step,); the last is where the run ends.
    lengths
        Length of each step, dims (step,).
    save_steps
        Steps at whose beginning values are saved, ascending.
    """

    moments: Numbers
    lengths: Numbers
    save_steps: NDArray[np.int64]

    @property
    def steps(self) -> int:
        """Number of steps taken."""
        return len(self.moments) - 1

    @property
    def start(self) -> float:
        """Time at which the run starts."""
        return float(self.moments[0])

    @property
    def stop(self) -> float:
        """Time at which the run ends."""
        return float(self.moments[-1])

    @property
    def step(self) -> float:
        """Length of the first step."""
        return float(self.lengths[0])

    @property
    def saves(self) -> int:
        """Number of saved times."""
        return len(self.save_steps)

    @property
    def saved(self) -> Numbers:
        """Saved times, dims (time,)."""
        return np.asarray(self.moments[self.save_steps])

    def samples(self, per_step: int) -> Numbers:
        """Return the times at which a kernel reads a series: steps, or also half steps."""
        if per_step == 1:
            return self.moments
        parts = np.arange(per_step) / per_step
        inside = self.moments[:, None] + self.lengths[:, None] * parts
        # The end of the last step is read, too, when its last stage is computed.
        end = self.moments[-1] + self.lengths[-1]
        return np.append(inside.ravel(), [end, end])

    def until(self, step: int, save_from: int) -> Times:
        """Return the same steps up to one of them, all saved from another on."""
        last = min(step, self.steps)
        saved = np.arange(save_from, last + 1, dtype=np.int64)
        return Times(self.moments[: last + 1], self.lengths[: last + 1], saved)

    @classmethod
    def at(cls, time: float, step: float) -> Times:
        """Return one moment, at which nothing is stepped."""
        return cls(np.array([time]), np.array([step]), np.zeros(1, dtype=np.int64))


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
    between = _whole(saveper / step, step, f"saveper = {saveper:g}", saveper, asked=asked, least=1)
    moments = start + np.arange(steps + 1, dtype=np.float64) * step
    return Times(
        moments,
        np.full(steps + 1, step),
        np.arange(0, steps + 1, max(1, between), dtype=np.int64),
    )


def _whole(
    count: float, step: float, what: str, length: float, *, asked: bool, least: int = 0
) -> int:
    nearest = round(count)
    if nearest >= least and abs(count - nearest) <= WHOLE * max(1.0, abs(count) * WHOLE):
        return nearest
    if asked:
        better = length / max(1, math.ceil(count))
        msg = (
            f"dt = {step:g} does not divide {what}; the nearest smaller dt that does is {better:g}"
        )
        raise RunError(msg)
    return math.floor(count)


def changing_times(clock: Callable[[float], tuple[float, float, float]], start: float) -> Times:
    """Return the steps of a model whose clock itself depends on the time.

    Parameters
    ----------
    clock
        Gives (stop, step, saveper) as they stand at a time.
    start
        Time at which the run starts.

    Raises
    ------
    RunError
        A step that is not positive, or more steps than fit.
    """
    moments, lengths, saves = [start], [], [0]
    stop, step, saveper = clock(start)
    due = start + saveper
    while True:
        if not (step > 0 and saveper > 0 and math.isfinite(stop)) or len(moments) > MOST_CHANGING:
            msg = (
                f"at time {moments[-1]:g} the model asks for dt = {step:g}, saveper = {saveper:g} "
                f"and a stop at {stop:g}; these must be positive and end the run"
            )
            raise RunError(msg)
        lengths.append(step)
        if moments[-1] + step > stop + WHOLE * step:
            return Times(np.array(moments), np.array(lengths), np.array(saves, dtype=np.int64))
        moments.append(moments[-1] + step)
        stop, step, saveper = clock(moments[-1])
        if moments[-1] >= due - WHOLE * step:
            saves.append(len(moments) - 1)
            due = moments[-1] + saveper
