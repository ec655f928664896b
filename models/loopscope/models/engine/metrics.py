"""Numbers that a run is reduced to while it runs.

Stage 5 of 5, before and after a run.  In: ``Metric`` records.  Out: ``Reducing``, which has
what an ``Extension`` needs so that the kernel carries them from step to step, and makes numbers of
what it carried.  Every step of the solver is seen (its start, not the stages within), and the end
of the run.

A *window* holds the steps from ``start`` to ``stop``, both included; all of a run where it has
none.  Between two steps of it a variable is taken for a straight line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from loopscope.models.engine.clock import WHOLE
from loopscope.models.engine.request import Apart

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.models.engine.clock import Numbers, Times
    from loopscope.models.engine.request import Reductions

Kind = Literal[
    "final", "min", "max", "time of min", "time of max", "mean", "total", "crossing",
    "last crossing", "count", "period", "amplitude",
]  # fmt: skip
Direction = Literal["up", "down", "either"]

SHARE, RIPPLE = 0.01, 1e-9
"""A variable has turned once it has come back from its extreme by more than ``SHARE`` of the range
it has covered in the window so far, and more than ``RIPPLE`` of its largest size there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of one run.

    Attributes
    ----------
    of
        Authored name of a variable.
    kind
        - "final", "min", "max"; "time of min", "time of max": the first time it is reached.
        - "mean", "total": by the trapezoid rule; the total is the integral over time.
        - "crossing", "last crossing": time at which the variable comes to ``level``, from below
          ("up"), from above ("down") or from either side; NaN where it never does.  A variable
          that starts at the level has not come to it.  "count": how often it does.
        - "period": mean time between turns of one kind (peaks, or troughs: the kind of the last);
          NaN with fewer than three turns.  "amplitude": half the mean difference between a turn
          and the next; NaN with fewer than two.  See ``SHARE`` for what a turn is; its time is that
          of the extreme.
    level, direction
        For crossings and their count.
    start, stop
        The window; None for where the run starts and stops.  A window without a step gives NaN.
    """

    of: str
    kind: Kind
    level: float | None = None
    direction: Direction = "either"
    start: float | None = None
    stop: float | None = None


Window = tuple[float | None, float | None]

BEFORE = "time of the step before"


def named(role: str, of: str, window: int) -> str:
    """Return the name under which something is carried for a variable and a window."""
    return f"{role} of ({of}) in window {window}"


CARRIED: dict[str, tuple[str, ...]] = {
    "min": ("lowest",), "max": ("highest",), "time of min": ("time of lowest",),
    "time of max": ("time of highest",), "mean": ("mean",), "total": ("total",),
    "period": ("turns", "first turn", "second turn", "last turn"),
    "amplitude": ("turns", "swings"),
}  # fmt: skip
"""What makes a metric, by its kind, where metrics of one variable and window share it."""


@dataclass(frozen=True, slots=True)
class Reducing:
    """Metrics, as a kernel is asked for them.

    Attributes
    ----------
    metrics
        In the order of the results.
    """

    metrics: tuple[Metric, ...]

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows, each once."""
        return tuple(dict.fromkeys((one.start, one.stop) for one in self.metrics))

    def window(self, metric: Metric) -> int:
        """Return the number of the window of a metric."""
        return self.windows.index((metric.start, metric.stop))

    @property
    def name(self) -> str:
        """Return a text that differs wherever the formulas do: levels and times are arguments."""
        shapes = [(one.of, one.kind, one.direction, self.window(one)) for one in self.metrics]
        return f"metrics {shapes} {[window == (None, None) for window in self.windows]}"

    def carried(self, number: int) -> tuple[str, ...]:
        """Return the names of what makes one metric."""
        metric = self.metrics[number]
        window = self.window(metric)
        if metric.kind in CARRIED:
            return tuple(named(role, metric.of, window) for role in CARRIED[metric.kind])
        if metric.kind == "final" and self.windows[window] == (None, None):
            return (metric.of,)
        return (named(f"metric {number}", metric.of, window),)

    @property
    def apart(self) -> Apart:
        """What the kernel saves, where the run ends."""
        names = [name for n in range(len(self.metrics)) for name in self.carried(n)]
        return Apart(
            outputs=tuple(dict.fromkeys(names)),
            steps=lambda when: np.array([when.steps], dtype=np.int64),
        )

    @property
    def numbers(self) -> dict[str, float]:
        """Levels, by name."""
        levels = enumerate(one.level for one in self.metrics)
        return {f"level {n}": level for n, level in levels if level is not None}

    @property
    def paths(self) -> dict[str, Callable[[Times], Numbers]]:
        """What depends on the time alone, by name."""
        found: dict[str, Callable[[Times], Numbers]] = {BEFORE: _before}
        for number, window in enumerate(self.windows):
            found[f"inside {number}"] = partial(_inside, window=window)
            found[f"joined {number}"] = partial(_joined, window=window)
            found[f"width {number}"] = partial(_widths, window=window)
            found[f"part {number}"] = partial(_parts, window=window)
        return found

    def reductions(self) -> Reductions:
        """Return the formulas of all that is carried."""
        from loopscope.models.engine.reducing import reductions

        return reductions(self)

    def of(self, block: Numbers, when: Times) -> Numbers:
        """Return the metrics of all runs.

        Parameters
        ----------
        block
            What the kernel saved of ``apart``; dims (output, run, 1).

        Returns
        -------
        numpy.ndarray
            Dims (metric, run).  What a run that failed has is of no use.
        """
        place = {name: number for number, name in enumerate(self.apart.outputs)}
        found = np.empty((len(self.metrics), block.shape[1]))
        for number, metric in enumerate(self.metrics):
            found[number] = _of_kind(
                metric.kind, *(block[place[name], :, 0] for name in self.carried(number))
            )
            if not _inside(when, (metric.start, metric.stop)).any():
                found[number] = np.nan
        return found


def _of_kind(kind: Kind, value: Numbers, *others: Numbers) -> Numbers:
    with np.errstate(all="ignore"):
        if kind == "period":
            first, second, last = others
            odd = value % 2 == 1
            cycles = np.where(odd, value - 1, value - 2) / 2
            return np.where(value >= 3, (last - np.where(odd, first, second)) / cycles, np.nan)
        if kind == "amplitude":
            (swings,) = others
            return np.where(value >= 2, swings / (value - 1) / 2, np.nan)
    if kind in ("min", "max", "crossing"):
        return np.where(np.isinf(value), np.nan, value)
    return value


def _inside(when: Times, window: Window) -> Numbers:
    """Return 1 where a step is in the window, else 0; dims (step,)."""
    start, stop = window
    near = WHOLE * when.lengths
    found = np.ones(len(when.moments), dtype=bool)
    if start is not None:
        found &= when.moments >= start - near
    if stop is not None:
        found &= when.moments <= stop + near
    return found.astype(np.float64)


def _before(when: Times) -> Numbers:
    return np.append(when.moments[:1], when.moments[:-1])


def _joined(when: Times, window: Window) -> Numbers:
    """Return 1 where a step and the one before are in the window; dims (step,)."""
    found = _inside(when, window)
    found[1:] *= found[:-1].copy()
    found[0] = 0.0
    return found


def _widths(when: Times, window: Window) -> Numbers:
    """Return the weights of the trapezoid rule; dims (step,)."""
    between = _joined(when, window)[1:] * np.diff(when.moments) / 2.0
    found = np.zeros(len(when.moments))
    found[1:] += between
    found[:-1] += between
    return found


def _parts(when: Times, window: Window) -> Numbers:
    """Return what each step adds to the mean; dims (step,)."""
    widths = _widths(when, window)
    return widths / widths.sum() if widths.any() else _inside(when, window)
