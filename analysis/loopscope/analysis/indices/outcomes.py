"""What indices are of: series, shares of loops, metrics, and "is it this label?".

Stage 1 of 5.  In: the Dataset of a sweep, and names.  Out: ``Outcome`` records, and their values as
columns, read a part at a time.  Codes of labels are never treated as numbers: each label that
occurs becomes an outcome of its own, 1 where a run has it and 0 where not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from loopscope.models.errors import UnknownNameError, did_you_mean, shown
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

IS = " is "
PART = 1 << 23
"""Numbers that are read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that varies over runs.

    Attributes
    ----------
    name
        Of a series or metric, id of a loop, or "METRIC is LABEL".
    kind
        Series and shares have a time, metrics and indicators have none.
    variable
        Of the sweep's Dataset.
    place
        Of a loop along its dim; the code of a label.
    title
        What a loop is called; "" for what has only its name.
    """

    name: str
    kind: Literal["series", "share", "metric", "indicator"]
    variable: str
    units: str
    place: int | None = None
    title: str = ""

    @property
    def timed(self) -> bool:
        """Whether it has a value at each time."""
        return self.kind in ("series", "share")


def known_outcomes(swept: xr.Dataset) -> tuple[Outcome, ...]:
    """Return all outcomes of a sweep: series, then shares of loops, then metrics."""
    roles: dict[str, list[str]] = {"series": [], "share": [], "metric": []}
    for name, values in swept.data_vars.items():
        roles.get(str(values.attrs.get("role")), []).append(str(name))
    found = [
        Outcome(name=name, kind="series", variable=name, units=_units(swept[name]))
        for name in roles["series"]
    ]
    for name in roles["share"]:
        titles = swept["loop_name"].values if "loop_name" in swept else swept["loop"].values
        for place, (loop, title) in enumerate(zip(swept["loop"].values, titles, strict=True)):
            found.append(
                Outcome(
                    name=str(loop), kind="share", variable=name, units="dmnl", place=place,
                    title=str(title),
                )
            )  # fmt: skip
    for name in roles["metric"]:
        if "labels" not in swept[name].attrs:
            found.append(
                Outcome(name=name, kind="metric", variable=name, units=_units(swept[name]))
            )
            continue
        codes = np.asarray(swept[name].values)
        for place, label in enumerate(labels_of(swept[name])):
            if np.any(codes == place):
                found.append(
                    Outcome(
                        name=f"{name}{IS}{label}", kind="indicator", variable=name, units="dmnl",
                        place=place,
                    )
                )  # fmt: skip
    return tuple(found)


def labels_of(metric: xr.DataArray) -> list[str]:
    """Return what the codes of a metric stand for; none if it holds numbers."""
    given = metric.attrs.get("labels", ())
    return [str(one) for one in (json.loads(given) if isinstance(given, str) else given)]


def named_outcomes(swept: xr.Dataset, of: Any) -> tuple[Outcome, ...]:
    """Return outcomes by name; all where none is named.

    Parameters
    ----------
    of
        Names of series and metrics, ids or names of loops, "METRIC is LABEL"; the name of a metric
        of labels means each label that occurs.  Case, spaces and underscores do not matter.

    Raises
    ------
    UnknownNameError
        A name that the sweep does not have, or a sweep without any outcome.
    """
    known = known_outcomes(swept)
    if not known:
        msg = "the sweep keeps no series, metric or loop; name some in the study and sweep again"
        raise UnknownNameError(msg)
    if of is None:
        return known
    by_key: dict[str, list[Outcome]] = {}
    for one in known:
        by_key.setdefault(key(one.name), []).append(one)
        if one.kind == "indicator":
            by_key.setdefault(key(one.variable), []).append(one)
        if one.title and key(one.title) != key(one.name):
            by_key.setdefault(key(one.title), []).append(one)
    found: list[Outcome] = []
    for name in (of,) if isinstance(of, str) else tuple(of):
        if key(str(name)) not in by_key:
            names = list(dict.fromkeys(one.name for one in known))
            hint = did_you_mean(str(name), names)
            if not hint:
                listed = ", ".join(f"'{one}'" for one in names[:12])
                hint = f"; there are {listed}" + (" and others" if len(names) > 12 else "")
            msg = f"the sweep keeps nothing called {shown(name)}{hint}"
            raise UnknownNameError(msg)
        found += by_key[key(str(name))]
    return tuple(dict.fromkeys(found))


def times_of(swept: xr.Dataset, outcome: Outcome) -> Numbers:
    """Return the times at which an outcome is stored."""
    dims = swept[outcome.variable].dims
    return np.asarray(swept["loop_time" if "loop_time" in dims else "time"].values, np.float64)


def precision_of(swept: xr.Dataset, outcome: Outcome) -> float:
    """Return the relative rounding error of an outcome as it is stored."""
    dtype = swept[outcome.variable].dtype
    return float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)


def read(
    swept: xr.Dataset,
    outcome: Outcome,
    places: NDArray[np.int64] | None = None,
) -> Numbers:
    """Return values of an outcome as columns, dims (run, column).

    Parameters
    ----------
    places
        Of the times along their dim; None for what has no time.
    """
    values = swept[outcome.variable]
    if outcome.kind == "share":
        values = values.isel(loop=outcome.place)
    if places is not None:
        dim = next(str(one) for one in values.dims if one != "run")
        values = values.transpose("run", dim).isel({dim: places})
    numbers = np.asarray(values.values)
    numbers = numbers.reshape(len(numbers), -1).astype(np.float64)
    if outcome.kind == "indicator":
        return np.where(np.isnan(numbers), np.nan, (numbers == outcome.place).astype(np.float64))
    return numbers


def parts(places: NDArray[np.int64], runs: int) -> Iterator[NDArray[np.int64]]:
    """Cut places of times so that no more than ``PART`` numbers are read at once."""
    size = max(1, PART // max(1, runs))
    for first in range(0, len(places), size):
        yield places[first : first + size]


def _units(values: xr.DataArray) -> str:
    return str(values.attrs.get("units", ""))
