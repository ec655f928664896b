"""Who dominates in each run of a sweep, and when it hands over.

First of the stages of dominance.  In: the Dataset of a sweep.  Out: ``Ensemble``, one scenario of
it, with the dominating loop of each run and time, and ``Shifts``.  Scores are read block by block,
so memory grows with runs times saved times and not with loops.

A tracked loop *dominates* a run at a time if its relative score is the largest in size of all
tracked loops of its partition, at least ``least``, and not zero.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.dominating.shifts import Shifts, shifts_of
from loopscope.analysis.indices.sample import Sample, sample_of
from loopscope.analysis.sweeping.shifting import without_splinters
from loopscope.loops.dominance import SHORTEST
from loopscope.models.errors import StudyError, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int16]

NOTHING, FAILED, UNDEFINED = -1, -2, -3
"""In place of a loop: nothing dominates (at rest, or every share below ``least``); the run has left
the finite numbers; the scores have no value there."""

BLOCK = 2**23
"""Scores read at a time."""

ACTIVE = 2
"""Smallest ``state`` of a sweep at which a loop can dominate; 1 is equilibrium, 0 undefined."""

HALF = 0.5
"""Share from which one sign is surely ahead, whatever loops are not tracked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """One scenario of a sweep, with who dominates.

    Attributes
    ----------
    time
        Of the shares, dims (time,), in ``time_units``.
    loops, names, polarities
        Along loop: those of one partition.
    leader
        Position of the dominating loop, or a code below 0; int16, dims (run, time).
    ahead
        +1 where reinforcing loops surely hold a half, -1 where balancing ones do, 0 where the
        tracked loops leave it open; int8, dims (run, time).
    sample
        Inputs, and what the sweep says of its design.
    left_out
        Tracked loops of other partitions, whose scores never compare with these.
    """

    swept: xr.Dataset
    scenario: str
    time: Numbers
    time_units: str
    loops: tuple[str, ...]
    names: tuple[str, ...]
    polarities: tuple[str, ...]
    leader: Places
    ahead: NDArray[np.int8]
    shifts: Shifts
    failed_at: Numbers
    units: tuple[str, ...]
    sample: Sample
    least: float
    left_out: tuple[str, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Authored names of what varies."""
        return self.sample.parameters

    @property
    def inputs(self) -> Numbers:
        """Values given, dims (run, parameter)."""
        return self.sample.inputs

    @property
    def runs(self) -> int:
        """How many runs there are, failed ones among them."""
        return len(self.leader)

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Whether each run left the finite numbers, dims (run,)."""
        return np.isfinite(self.failed_at)

    def label(self, place: int) -> str:
        """Return id and name of a loop, as a reader sees it."""
        return f"{self.loops[place]}  {self.names[place]}".rstrip()

    def place(self, loop: str) -> int:
        """Return the position of a loop by its id or name.

        Raises
        ------
        StudyError
            The sweep does not track it, or not in this partition.
        """
        for known in (self.loops, self.names):
            folded = [one.casefold() for one in known]
            if loop.casefold() in folded:
                return folded.index(loop.casefold())
        if loop in self.left_out:
            msg = f"loop {loop} is in another partition than {self.loops[0]}; scores of two "
            raise StudyError(msg + "partitions never compare; ask for its partition")
        hint = did_you_mean(loop, [*self.loops, *filter(None, self.names)])
        msg = f"the sweep tracks no loop '{loop}'{hint or '; it has ' + ', '.join(self.loops)}"
        raise StudyError(msg)

    def moment(self, at: float) -> int:
        """Return the position of the saved time nearest to a time.

        Raises
        ------
        StudyError
            The time is outside the run.
        """
        if not self.time[0] - 1e-9 <= at <= self.time[-1] + 1e-9:
            msg = f"time {at:g} is outside the run, {self.time[0]:g} to {self.time[-1]:g}"
            raise StudyError(msg)
        return int(np.argmin(np.abs(self.time - at)))

    def parameter(self, name: str) -> int:
        """Return the position of a parameter; case, spaces and underscores do not matter.

        Raises
        ------
        StudyError
            The sweep does not vary it.
        """
        from loopscope.models.names import key

        known = [key(one) for one in self.parameters]
        if key(name) not in known:
            hint = did_you_mean(name, self.parameters) or f"; it has {', '.join(self.parameters)}"
            msg = f"the sweep varies no parameter '{name}'{hint}"
            raise StudyError(shown_whole(msg))
        return known.index(key(name))

    def blocks(self) -> Iterator[tuple[slice, Numbers]]:
        """Give (rows, relative scores) of the runs, block by block, dims (run, time, loop)."""
        yield from _blocks(self.swept, self.loops)

    def metric(self, name: str) -> xr.DataArray:
        """Return a variable of this scenario."""
        return self.swept[name]


def shown_whole(text: str, most: int = 400) -> str:
    """Return a message cut to a length that a reader can take."""
    return text if len(text) <= most else text[: most - 3] + "..."


def ensemble_of(
    swept: xr.Dataset,
    scenario: str | None = None,
    *,
    least: float = 0.0,
    shortest: float | None = None,
    partition: int | None = None,
) -> Ensemble:
    """Return who dominates in each run of one scenario of a sweep.

    Parameters
    ----------
    swept
        From ``analysis.sweep`` or ``analysis.open_sweep``, with tracked loops.
    scenario
        Name; may be left out where there is one.
    least
        Least share of a dominating loop, in [0, 1]; 0.5 asks that it outweighs all others together.
    shortest
        Periods shorter than this, in the model's time unit, make no shifts: they are given to their
        neighbours, as in metrics of a sweep; 2 % of the run by default.  Probabilities are of the
        loops that dominate at a time, however briefly.
    partition
        Number of the partition; by default that of most tracked loops.

    Raises
    ------
    StudyError
        No loops were tracked, an unknown scenario or partition, a share or length out of bounds.

    Notes
    -----
    One pass over the stored scores: runs x times x loops.
    """
    if "relative" not in swept:
        msg = "the sweep tracks no loops; add a [loops] table to its study and run it again"
        raise StudyError(msg)
    if not 0 <= least <= 1:
        msg = f"the least share of a dominating loop must be between 0 and 1, got {shown(least)}"
        raise StudyError(msg)
    if shortest is not None and not (np.isfinite(shortest) and shortest >= 0):
        msg = f"the shortest period must be a length of time, got {shown(shortest)}"
        raise StudyError(msg)
    one, name = one_of(swept, scenario)
    one, left_out = _of_partition(one, partition)
    sample = sample_of(one)
    dim = "loop_time" if "loop_time" in one["relative"].dims else "time"
    time = np.asarray(one[dim].values, dtype=np.float64)
    length = SHORTEST * float(time[-1] - time[0]) if shortest is None else shortest
    loops = tuple(str(loop) for loop in one["loop"].values)
    one = one.isel(run=slice(sample.runs))
    runs = sample.runs
    failed_at = np.asarray(one["failed_at"].values, dtype=np.float64)
    leader = np.empty((runs, len(time)), dtype=np.int16)
    ahead = np.zeros((runs, len(time)), dtype=np.int8)
    parts: list[Shifts] = []
    for rows, relative in _blocks(one, loops):
        gone = time >= np.where(np.isnan(failed_at[rows]), np.inf, failed_at[rows])[:, None]
        state = np.asarray(one["state"][rows].values)
        leader[rows] = leading(relative, state, gone, least)
        ahead[rows] = _ahead(relative, state, gone)
        calm = np.maximum(leader[rows], NOTHING)
        if length > 0:
            calm = without_splinters(calm, time, length)
        parts.append(shifts_of(calm, relative, time, rows.start))
    unit = one["unit"].values if "unit" in one.coords else [""] * one.sizes["parameter"]
    return Ensemble(
        swept=one,
        scenario=name,
        time=time,
        time_units=str(one[dim].attrs.get("units", "") or one["time"].attrs.get("units", "")),
        loops=loops,
        names=_texts(one, "loop_name", len(loops)),
        polarities=_texts(one, "polarity", len(loops)),
        leader=leader,
        ahead=ahead,
        shifts=Shifts(
            **{
                field: np.concatenate([getattr(part, field) for part in parts])
                for field in ("run", "time", "before", "after")
            }
        ),
        failed_at=failed_at,
        units=tuple(str(text) for text in unit),
        sample=sample,
        least=least,
        left_out=left_out,
    )


def leading(
    relative: Numbers, state: NDArray[Any], gone: NDArray[np.bool_], least: float = 0.0
) -> Places:
    """Return the position of the dominating loop, or a code below 0.

    Parameters
    ----------
    relative
        Dims (run, time, loop).
    state, gone
        State of the partition, and whether the run has failed by then; dims (run, time).
    """
    sizes = np.nan_to_num(np.abs(relative))
    best = np.argmax(sizes, axis=-1)
    largest = np.take_along_axis(sizes, best[..., None], axis=-1)[..., 0]
    found: Places = best.astype(np.int16)
    found[(largest <= 0) | (largest < least) | (state < ACTIVE)] = NOTHING
    found[(state == 0) | np.isnan(relative).all(axis=-1)] = UNDEFINED
    found[gone] = FAILED
    return found


def _ahead(relative: Numbers, state: NDArray[Any], gone: NDArray[np.bool_]) -> NDArray[np.int8]:
    known = np.nan_to_num(relative)
    found = np.zeros(state.shape, dtype=np.int8)
    # Stored in single precision: two halves may each miss a half by one digit.
    found[np.maximum(known, 0).sum(axis=-1) > HALF - 1e-6] = 1
    found[np.maximum(-known, 0).sum(axis=-1) > HALF + 1e-6] = -1
    found[(state < ACTIVE) | gone] = 0
    return found


def one_of(swept: xr.Dataset, scenario: str | None) -> tuple[xr.Dataset, str]:
    """Return one scenario of a sweep, and its name."""
    if "scenario" not in swept.dims:
        name = _named(swept)
        if scenario is not None and scenario.casefold() != name.casefold():
            msg = f"the sweep has no scenario '{scenario}'; it has one only: {name or 'none'}"
            raise StudyError(msg)
        return swept, name
    known = [str(one) for one in swept["scenario"].values]
    if scenario is None:
        if len(known) > 1:
            msg = f"the sweep has {len(known)} scenarios; choose one of {', '.join(known)}"
            raise StudyError(msg)
        scenario = known[0]
    if scenario not in known:
        msg = f"the sweep has no scenario '{scenario}'{did_you_mean(scenario, known)}; it has "
        raise StudyError(msg + ", ".join(known))
    return swept.isel(scenario=known.index(scenario)), scenario


def _named(swept: xr.Dataset) -> str:
    """Return the name of the one scenario of a sweep; empty for the model as it stands."""
    if "scenario" in swept.coords:
        return str(swept.coords["scenario"].values)
    known = json.loads(swept.attrs.get("study", "{}")).get("scenarios") or [None]
    return str(known[0]["name"]) if known[0] else ""


def _of_partition(one: xr.Dataset, partition: int | None) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Return the loops of one partition, its state, and the ids of the others."""
    if "partition" not in one.coords or one["partition"].dims != ("loop",):
        return one, ()
    homes = np.asarray(one["partition"].values, dtype=np.int64)
    numbers = np.unique(homes)
    chosen = int(numbers[np.argmax([(homes == n).sum() for n in numbers])])
    if partition is not None:
        if partition not in numbers:
            msg = f"no tracked loop is in partition {partition}; there are {numbers.tolist()}"
            raise StudyError(msg)
        chosen = partition
    left_out = tuple(str(loop) for loop in one["loop"].values[homes != chosen])
    one = one.isel(loop=np.flatnonzero(homes == chosen))
    if "partition_number" in one.dims:
        one = one.isel(partition_number=int(np.searchsorted(numbers, chosen)))
    return one, left_out


def _blocks(one: xr.Dataset, loops: tuple[str, ...]) -> Iterator[tuple[slice, Numbers]]:
    dim = "loop_time" if "loop_time" in one["relative"].dims else "time"
    scores = one["relative"].transpose("run", dim, "loop")
    assert scores.sizes["loop"] == len(loops)
    each = max(1, min(4096, BLOCK // max(1, scores.sizes[dim] * len(loops))))
    for start in range(0, one.sizes["run"], each):
        rows = slice(start, min(start + each, one.sizes["run"]))
        yield rows, np.asarray(scores[rows].values)


def _texts(one: xr.Dataset, name: str, count: int) -> tuple[str, ...]:
    if name not in one.coords:
        return ("",) * count
    return tuple(str(text) for text in one[name].values)
