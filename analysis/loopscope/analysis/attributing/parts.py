"""An attribution read at one time: from "with none" to "with all", part by part.

In: a Dataset of ``attribute``.  Out: ``Parts``: plain values for tables, pictures and JSON.  Over
an ensemble the values are means over its runs, which add up where quantiles would not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.engine.overrides import plain_number
from loopscope.models.errors import StudyError, UnknownNameError, did_you_mean, shown
from loopscope.models.names import key

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one mechanism adds at a time, in the unit of the outcome.

    Attributes
    ----------
    id, name, switch
        Ids and names of its loops, and what cuts it, in words.
    value
        Its Aumann-Shapley value; over an ensemble the mean.
    low, high
        Outermost quantiles over the ensemble; None without one.
    knock_out
        With all minus without it alone.
    shapley, shapley_error
        Its Shapley value and the standard error of that; None where it was not asked for, or is
        exact.
    """

    id: str
    name: str
    switch: str
    value: float
    low: float | None
    high: float | None
    knock_out: float
    shapley: float | None
    shapley_error: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One outcome at one time.

    Attributes
    ----------
    parts
        Mechanisms, the largest first.
    idle
        Ids of those that moved no outcome at any time; they are not among ``parts``.
    none, every, left_over
        Without all mechanisms, with all, and what no mechanism is given.
    """

    outcome: str
    unit: str
    time: float
    none: float
    every: float
    parts: tuple[Part, ...]
    idle: tuple[str, ...]
    left_over: float


def parts_of(found: xr.Dataset, outcome: str | None = None, at: float | None = None) -> Parts:
    """Return the parts of an outcome at a time.

    Parameters
    ----------
    outcome
        By name; the first by default.
    at
        A saved time; the last by default.

    Raises
    ------
    UnknownNameError
        An outcome that was not split.
    StudyError
        A time that is not one of those saved.
    """
    place, moment = place_of(found, outcome), moment_of(found, at)

    def values(name: str) -> Numbers:
        return mean_of(found, name, place)[..., moment]

    low, high = None, None
    if "value_quantiles" in found:
        spread = found["value_quantiles"].to_numpy()[place, ..., moment]
        order = np.argsort(found["quantile"].to_numpy())
        low, high = spread[order[0]], spread[order[-1]]
    value, knock_out = values("value"), values("knock_out")
    shapley = values("shapley") if "shapley" in found else None
    error = None
    if "shapley_error" in found:  # the mean of runs with the same orders: no smaller than theirs
        error = values("shapley_error")
    idle = found["idle"].to_numpy()
    parts = [
        Part(
            id=str(found["mechanism"].to_numpy()[one]),
            name=str(found["mechanism_name"].to_numpy()[one]),
            switch=str(found["switch"].to_numpy()[one]),
            value=float(value[one]),
            low=None if low is None else float(low[one]),
            high=None if high is None else float(high[one]),
            knock_out=float(knock_out[one]),
            shapley=None if shapley is None else float(shapley[one]),
            shapley_error=None if error is None else float(error[one]),
        )
        for one in np.argsort(-np.abs(np.nan_to_num(value)), kind="stable")
        if not idle[one]
    ]
    return Parts(
        outcome=str(found["outcome"].to_numpy()[place]),
        unit=str(found["unit"].to_numpy()[place]),
        time=float(found["time"].to_numpy()[moment]),
        none=float(values("with_none")),
        every=float(values("with_all")),
        parts=tuple(parts),
        idle=tuple(str(one) for one in found["mechanism"].to_numpy()[idle]),
        left_over=float(values("left_over")),
    )


def columns_of(found: xr.Dataset) -> dict[str, Any]:
    """Return an attribution as the columns of one long table: a line an outcome, part and time.

    Besides mechanisms the parts are "with none", "with all" and "left over"; over an ensemble
    there is one line for the mean, and its outermost quantiles are columns.
    """
    single = {"with none": "with_none", "with all": "with_all", "left over": "left_over"}
    times = found["time"].to_numpy()
    mechanisms = [str(one) for one in found["mechanism"].to_numpy()]
    names = [str(one) for one in found["mechanism_name"].to_numpy()]
    labels = [*single, *mechanisms]
    every = [one for one in ("value", "knock_out", "shapley", "shapley_error") if one in found]
    columns: dict[str, list[Any]] = {"outcome": [], "part": [], "name": [], "time": []}
    columns |= {name: [] for name in every}
    spread = "quantile" in found.coords
    if spread:
        order = np.argsort(found["quantile"].to_numpy())
        edges = {f"quantile {float(found['quantile'][o]):g}": o for o in (order[0], order[-1])}
        columns |= {name: [] for name in edges}
    for place, outcome in enumerate(found["outcome"].to_numpy()):
        columns["outcome"] += [str(outcome)] * (len(labels) * len(times))
        columns["part"] += np.repeat(labels, len(times)).tolist()
        columns["name"] += np.repeat([""] * 3 + names, len(times)).tolist()
        columns["time"] += times.tolist() * len(labels)
        none = np.full(len(times), np.nan)
        for name in every:
            alone = [
                mean_of(found, one, place) if name == "value" else none for one in single.values()
            ]
            columns[name] += np.concatenate([*alone, mean_of(found, name, place).ravel()]).tolist()
        if spread:
            for name, level in edges.items():
                alone = [
                    found[f"{one}_quantiles"].to_numpy()[place, level] for one in single.values()
                ]
                block = found["value_quantiles"].to_numpy()[place, level].ravel()
                columns[name] += np.concatenate([*alone, block]).tolist()
    return columns


def mean_of(found: xr.Dataset, name: str, place: int) -> Numbers:
    """Return a variable of one outcome, dims ([mechanism,] time), over an ensemble its mean.

    A run that has no number at a time is left out there.
    """
    values = np.asarray(found[name].to_numpy()[place], dtype=np.float64)
    if "run" not in found[name].dims:
        return values
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def place_of(found: xr.Dataset, outcome: str | None) -> int:
    """Return which outcome one is, by name."""
    names = [str(name) for name in found["outcome"].to_numpy()]
    if outcome is None:
        return 0
    for place, name in enumerate(names):
        if key(name) == key(str(outcome)):
            return place
    hint = did_you_mean(str(outcome), names) or "; there are: " + ", ".join(names)
    msg = f"no outcome '{outcome}' in this attribution{hint}"
    raise UnknownNameError(msg)


def moment_of(found: xr.Dataset, at: float | None) -> int:
    """Return which saved time one is; the last where none is given."""
    times = found["time"].to_numpy()
    if at is None:
        return len(times) - 1
    number = plain_number(at)
    near = 0 if number is None else int(np.argmin(np.abs(times - number)))
    step = float(times[1] - times[0]) if len(times) > 1 else 1.0
    if number is None or abs(times[near] - number) > 1e-6 * step:
        hint = "" if number is None else f"; the nearest is {times[near]:g}"
        msg = f"at must be a saved time, {times[0]:g} to {times[-1]:g}, got {shown(at)}{hint}"
        raise StudyError(msg)
    return near
