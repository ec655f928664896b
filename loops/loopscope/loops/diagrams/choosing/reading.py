"""What a diagram reads of scores: one number a loop and a link, at a time or over the run.

Stage 1 of 5.  In: the Dataset of ``loops.score``, or of a sweep with tracked loops.  Out: a
``Reading``.  Several runs are read side by side: what is said is their median, and how far they
differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.loops.means import run_means
from loopscope.models.errors import LoopError, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.graph import Pair

Numbers = NDArray[np.float64]

BLOCK = 2**23
"""Scores of a sweep that are read at a time."""

MOMENTS = ("time", "loop_time")
"""Names of the dim of saved times."""

ENDS = (5.0, 95.0)
"""Percentiles between which a band lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Scores as a diagram shows them.

    Attributes
    ----------
    at
        Saved time that was read; None: means over the run.
    asked
        Time that was asked for.
    start, stop
        First and last saved time.
    method
        As the scores have it: "ltm", ...
    scenario
        Name of the scenario or case; empty where there was none.
    runs
        How many runs; None for a single one.
    rows
        Position of each loop, by id.
    signed, sizes
        Relative scores and their magnitudes, dims (run, loop); NaN where there is none.
    means
        Mean magnitudes over the run, dims (run, loop); None of several runs at one time.
    statuses
        Of each loop at the time; empty over the run, or of several runs.
    partitions
        Dims (loop,).
    links
        Relative link scores with the sign of the link, dims (run,), by link of the graph; None
        where the method has none.
    observed
        Sign that the runs showed of each link: "+", "-", "0" or "?".
    """

    at: float | None
    asked: float | None
    start: float
    stop: float
    method: str
    scenario: str
    runs: int | None
    rows: Mapping[str, int]
    signed: Numbers
    sizes: Numbers
    means: Numbers | None
    statuses: tuple[str, ...]
    partitions: NDArray[np.int64]
    links: Mapping[Pair, Numbers] | None
    observed: Mapping[Pair, str] = field(default_factory=dict)

    def score(self, loop: str) -> float | None:
        """Return the relative score of a loop, the median of several runs; None without one."""
        return _middle(self.signed[:, self.rows[loop]]) if loop in self.rows else None

    def size(self, loop: str) -> float | None:
        """Return the magnitude of a loop's score, or its mean magnitude over the run."""
        return _middle(self.sizes[:, self.rows[loop]]) if loop in self.rows else None

    def together(self, loops: Sequence[str]) -> float:
        """Return the sum of the magnitudes of some loops, the median of several runs."""
        rows = [self.rows[one] for one in loops if one in self.rows]
        known = np.isfinite(self.sizes).any(axis=1)
        sums = np.nansum(self.sizes[known][:, rows], axis=1)
        return float(np.median(sums)) if sums.size else 0.0

    def share(self, loop: str) -> float | None:
        """Return the mean magnitude of a loop's score over the run; None where not known."""
        if self.means is None or loop not in self.rows:
            return None
        return _middle(self.means[:, self.rows[loop]])

    def band(self, loop: str) -> tuple[float, float] | None:
        """Return the 5 % and 95 % quantile of a loop's score over several runs."""
        if self.runs is None or loop not in self.rows:
            return None
        return ends(self.signed[:, self.rows[loop]])

    @property
    def speaks(self) -> bool:
        """Whether any loop has a score that is not 0."""
        return bool(np.nansum(self.sizes) > 0)


def read(found: Loops, scores: xr.Dataset, at: float | None = None) -> Reading:
    """Return what scores say of loops.

    Parameters
    ----------
    at
        In the model's time unit; the nearest saved time is read.

    Raises
    ------
    LoopError
        Scores of other loops, with dims that are not known, or a time outside the run.
    """
    _check(found, scores)
    moments = _moments(scores)
    time = np.asarray(scores[moments].values, dtype=np.float64)
    row = None if at is None else _nearest(time, at)
    ids = [str(one) for one in scores["loop"].values]
    numbers = np.asarray(scores["partition"].values, dtype=np.int64)
    several = "run" in scores["relative"].dims
    signed, sizes = _loops(scores, numbers, row)
    means: Numbers | None = sizes
    if row is not None:
        means = None if several else _loops(scores, numbers, None)[1]
    statuses: tuple[str, ...] = ()
    if row is not None and not several and "status" in scores:
        statuses = tuple(str(one) for one in scores["status"].values[row])
    return Reading(
        at=None if row is None else float(time[row]), asked=at,
        start=float(time[0]), stop=float(time[-1]),
        method=str(scores.attrs.get("method", "ltm")),
        scenario=str(scores.attrs.get("scenario", "")),
        runs=scores.sizes["run"] if several else None,
        rows={one: place for place, one in enumerate(ids)},
        signed=signed, sizes=sizes, means=means, statuses=statuses, partitions=numbers,
        links=_links(scores, row), observed=_observed(scores),
    )  # fmt: skip


def ends(values: Numbers) -> tuple[float, float] | None:
    """Return the 5 % and 95 % quantile of the finite ones of some numbers; None without any."""
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    low, high = np.percentile(known, ENDS)
    return float(low), float(high)


def _middle(values: Numbers) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None


def _check(found: Loops, scores: xr.Dataset) -> None:
    dims = set(map(str, scores["relative"].dims)) if "relative" in scores else set()
    if "loop" not in dims or dims.isdisjoint(MOMENTS):
        msg = "scores must come from loops.score(found, run), or from a sweep that tracks loops"
        raise LoopError(msg)
    more = sorted(dims - {"run", *MOMENTS, "loop"})
    if more:
        msg = f"the scores have the dim {more[0]} as well: choose one value with .sel or .isel"
        raise LoopError(msg)
    for one in scores["loop"].values:
        if str(one) not in found:
            hint = did_you_mean(str(one), found.ids[:2000])
            msg = (
                f"the scores are of other loops: {found.graph.model.name} has no loop '{one}' "
                f"here{hint}; make them with loops.score(found, run)"
            )
            raise LoopError(msg)
    if not scores.sizes[_moments(scores)]:
        msg = "the scores have no saved time"
        raise LoopError(msg)


def _moments(scores: xr.Dataset) -> str:
    """Return the dim of the saved times: a sweep may save scores at fewer times than values."""
    return next(one for one in MOMENTS if one in scores["relative"].dims)


def _nearest(time: Numbers, at: float) -> int:
    slack = 1e-9 * max(1.0, float(np.abs(time).max()))
    if not (np.isfinite(at) and time[0] - slack <= at <= time[-1] + slack):
        what = f"{at:g}" if isinstance(at, int | float) else shown(at)
        msg = f"time {what} lies outside the run, which goes from {time[0]:g} to {time[-1]:g}"
        raise LoopError(msg)
    return int(np.argmin(np.abs(time - at)))


def _loops(
    scores: xr.Dataset, numbers: NDArray[np.int64], row: int | None
) -> tuple[Numbers, Numbers]:
    """Return relative scores and magnitudes, dims (run, loop)."""
    moments = _moments(scores)
    relative = scores["relative"].transpose(..., moments, "loop")
    if row is not None:
        now = np.atleast_2d(np.asarray(relative.isel({moments: row}).values, dtype=np.float64))
        return now, np.abs(now)
    time = scores[moments].values
    if "run" not in relative.dims:
        return _over_run(time, np.asarray(relative.values, dtype=np.float64)[None], numbers)
    step = max(1, BLOCK // max(1, relative[0].size))
    parts = [
        _over_run(
            time,
            np.asarray(relative.isel(run=slice(begin, begin + step)).values, dtype=np.float64),
            numbers,
        )
        for begin in range(0, relative.sizes["run"], step)
    ]
    return np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts])


def _over_run(time: Any, values: Numbers, numbers: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """Return means of loops that have a score at some time; NaN for the others."""
    signed, sizes = run_means(time, values, numbers)
    silent = ~np.isfinite(values).any(axis=-2)
    signed[silent] = sizes[silent] = np.nan
    return signed, sizes


def _links(scores: xr.Dataset, row: int | None) -> dict[Pair, Numbers] | None:
    """Return relative link scores, dims (run,), by link of the graph."""
    if "link_relative" not in scores:
        return None
    relative = scores["link_relative"].transpose(..., "time", "link")
    causes = [str(one) for one in scores["link_cause"].values]
    effects = [str(one) for one in scores["link_effect"].values]
    if row is not None:
        values = np.atleast_2d(np.asarray(relative.isel(time=row).values, dtype=np.float64))
    else:
        every = np.asarray(relative.values, dtype=np.float64)
        every = every if every.ndim == 3 else every[None]
        codes = {name: number for number, name in enumerate(dict.fromkeys(effects))}
        into = np.array([codes[name] for name in effects], dtype=np.int64)
        signed, sizes = run_means(scores["time"].values, every, into)
        values = np.copysign(sizes, signed)
        values[~np.isfinite(every).any(axis=-2)] = np.nan
    return {pair: values[:, place] for place, pair in enumerate(zip(causes, effects, strict=True))}


def _observed(scores: xr.Dataset) -> dict[Pair, str]:
    if "link_sign" not in scores:
        return {}
    ends = zip(scores["link_cause"].values, scores["link_effect"].values, strict=True)
    pairs = [(str(cause), str(effect)) for cause, effect in ends]
    return dict(zip(pairs, (str(one) for one in scores["link_sign"].values), strict=True))
