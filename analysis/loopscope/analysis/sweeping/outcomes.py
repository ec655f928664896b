"""What the runs of a sweep ended in: quantiles of metrics and of series at the end.

Stage 5 of 5.  In: the Dataset of a sweep.  Out: ``Spread`` and ``Parts`` records.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.sweeping.outline import SCENARIO
from loopscope.analysis.sweeping.quantiles import quantiles
from loopscope.models.errors import UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr

LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far the runs of one scenario lie apart in one outcome.

    Attributes
    ----------
    name, units
        Of a metric, or of a series, whose values at the end count.
    scenario
        Empty where there is only one.
    at_end
        Whether it is a series.
    quantiles
        At ``LEVELS``, in ``units``; NaN where no run has a value.
    runs
        Runs with a value: others failed, or have none, a crossing that never was, say.
    """

    name: str
    units: str
    scenario: str
    at_end: bool
    quantiles: tuple[float, ...]
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """How the runs of one scenario are parted by a metric whose values are words.

    Attributes
    ----------
    parts
        Share of the runs with a value, in [0, 1], by word, the largest first.
    runs
        Runs with a value.
    """

    name: str
    scenario: str
    parts: dict[str, float]
    runs: int


def spreads(swept: xr.Dataset) -> tuple[Spread, ...]:
    """Return the spread of every metric that is a number, then of every series at the end."""
    found = []
    for name in named(swept, "metric"):
        if "labels" not in swept[name].attrs:
            found += [_spread(name, one, values) for one, values in by_scenario(swept[name])]
    for name in named(swept, "series"):
        end = swept[name].isel(time=-1)
        found += [_spread(name, one, values, at_end=True) for one, values in by_scenario(end)]
    return tuple(found)


def parts(swept: xr.Dataset) -> tuple[Parts, ...]:
    """Return the parts of every metric whose values are words."""
    found = []
    for name in named(swept, "metric"):
        if "labels" in swept[name].attrs:
            labels = json.loads(swept[name].attrs["labels"])
            found += [_parts(name, one, values, labels) for one, values in by_scenario(swept[name])]
    return tuple(found)


def named(swept: xr.Dataset, role: str, names: Sequence[str] = ()) -> list[str]:
    """Return the variables of a role, "series" or "metric"; or those of some names among them.

    Raises
    ------
    UnknownNameError
        The sweep has none of that name.
    """
    known = [
        str(name) for name, values in swept.data_vars.items() if values.attrs.get("role") == role
    ]
    by_lower = {name.casefold(): name for name in known}
    for name in names:
        if name.casefold() not in by_lower:
            msg = f"the sweep has no {role} '{name}'{did_you_mean(name, known)}"
            raise UnknownNameError(msg)
    return [by_lower[name.casefold()] for name in names] or known


def by_scenario(values: xr.DataArray) -> Iterator[tuple[str, xr.DataArray]]:
    """Give what a variable is in each scenario, by name; the name is empty for a single one."""
    if SCENARIO not in values.dims:
        yield "", values
        return
    for place, name in enumerate(values[SCENARIO].values.tolist()):
        yield str(name), values.isel({SCENARIO: place})


def _spread(name: str, scenario: str, values: xr.DataArray, *, at_end: bool = False) -> Spread:
    numbers = values.load()
    return Spread(
        name=name,
        units=str(values.attrs.get("units", "")),
        scenario=scenario,
        at_end=at_end,
        quantiles=tuple(quantiles(numbers, LEVELS).tolist()),
        runs=int(np.isfinite(numbers.values).sum()),
    )


def _parts(name: str, scenario: str, values: xr.DataArray, labels: Sequence[str]) -> Parts:
    codes = values.values
    known = codes[np.isfinite(codes)].astype(np.intp)
    counts = np.bincount(known[known >= 0], minlength=len(labels))
    order = np.argsort(-counts, kind="stable")
    shares = {labels[n]: float(counts[n] / len(known)) for n in order if counts[n]}
    return Parts(name=name, scenario=scenario, parts=shares, runs=int(counts.sum()))
