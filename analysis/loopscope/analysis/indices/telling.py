"""Indices in words and numbers: tables on a terminal, JSON, files.

Beside the entry.  In: the Dataset of ``sensitivity``.  Out: text, and rows of plain values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.indices.layout import PAIRED, main_of, of_metrics, over_time
from loopscope.analysis.indices.methods import METHODS
from loopscope.analysis.tables import moment, number, out, plain, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

SHOWN = {
    "sobol": ("first", "total"),
    "fast": ("first", "total"),
    "morris": ("mu_star", "mu", "sigma"),
    "prcc": ("prcc", "prcc_p"),
    "pawn": ("pawn",),
    "delta": ("delta",),
    "regional": ("distance", "distance_p", "direction"),
    "local": ("effect", "elasticity", "derivative"),
}
"""Indices of a table, by method."""

TITLES = {
    "mu_star": "mu*", "prcc": "PRCC", "prcc_p": "p", "distance_p": "p", "pawn": "PAWN",
    "conditional": "quantiles",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slice:
    """The indices of one outcome in one scenario.

    Attributes
    ----------
    scenario
        "" where there is one.
    outcome, units
        Name and unit.
    timed
        Whether there is a dim ``time``.
    part
        Dims ``([time,] parameter)``, the plain names of indices.
    """

    scenario: str
    outcome: str
    units: str
    timed: bool
    part: xr.Dataset

    @property
    def title(self) -> str:
        """The outcome, a loop with its name, and the scenario where there are several."""
        name = str(self.part["outcome_title"].item()) if self.timed else ""
        title = f"{self.outcome} {name}" if name and name != self.outcome else self.outcome
        return f"{title}, {self.scenario}" if self.scenario else title


def slices(found: xr.Dataset) -> list[Slice]:
    """Cut a result into its outcomes: series and shares first, then metrics."""
    cut = []
    several = "scenario" in found.dims
    for scenario in found["scenario"].values if several else ("",):
        one = found.sel(scenario=scenario) if several else found
        for dim, half in (("outcome", over_time(one)), ("metric", of_metrics(one))):
            if dim not in half.dims:
                continue
            for place, name in enumerate(half[dim].values):
                units = str(half[f"{dim}_units"].values[place])
                part = half.isel({dim: place})
                cut.append(Slice(str(scenario), str(name), units, dim == "outcome", part))
    return cut


def rows(found: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Give each index as one row of plain values: scenario, outcome, time, parameters, numbers."""
    for one in slices(found):
        part = one.part
        times = part["time"].values.tolist() if one.timed else [None]
        plain_ones = [n for n, v in part.data_vars.items() if v.dims[-1:] == ("parameter",)]
        paired = [name for name in PAIRED if name in part]
        names = part["parameter"].values.tolist()
        for place, time in enumerate(times):
            now = part.isel(time=place) if one.timed else part
            values = {str(name): now[name].values for name in plain_ones}
            pairs = {name: now[name].values for name in paired}
            head = {"scenario": one.scenario, "outcome": one.outcome, "time": time}
            for row, name in enumerate(names):
                yield {**head, "parameter": name, "parameter_2": ""} | {
                    key: float(numbers[row]) for key, numbers in values.items()
                }
            for row, name in enumerate(names if pairs else ()):
                for other in range(row + 1, len(names)):
                    yield {**head, "parameter": name, "parameter_2": names[other]} | {
                        key: float(numbers[row, other]) for key, numbers in pairs.items()
                    }


def columns(found: xr.Dataset) -> dict[str, list[Any]]:
    """Return all rows as the columns of one table, empty where a row has no such number."""
    listed = list(rows(found))
    names = dict.fromkeys(name for row in listed for name in row)
    table = {name: [row.get(name) for row in listed] for name in names}
    empty = [
        name
        for name in ("scenario", "time", "parameter_2")
        if name in table and not any(one not in ("", None) for one in table[name])
    ]
    return {name: values for name, values in table.items() if name not in empty}


def as_data(found: xr.Dataset) -> dict[str, Any]:
    """Return everything as plain values."""
    facts = {
        name: json.loads(found.attrs[name]) for name in ("method", "constant", "failed", "caveats")
    }
    listed = [{k: v for k, v in row.items() if v not in ("", None)} for row in rows(found)]
    return {**facts, "level": found.attrs["level"], "indices": listed}


def print_indices(found: xr.Dataset, top: int = 3, *, every: bool = False) -> None:
    """Print the strongest parameters of each outcome, and what must be said of the result.

    Parameters
    ----------
    top
        So many parameters of each outcome.
    every
        At every time of the result, instead of the last.
    """
    title = plain(str(found.attrs.get("title", "")))
    if title:
        out(f"{title}\n\n")
    for method, main in main_of(found).items():
        names = [name for name in SHOWN[method] if _has(found, name)]
        heads = ["outcome", "time", "parameter", *(TITLES.get(name, name) for name in names)]
        listed: list[list[str]] = []
        for one in slices(found):
            times = range(one.part.sizes.get("time", 1)) if every else [-1]
            for place in times:
                listed += _strongest(one, place, main, names, top)
        if not any(row[1] for row in listed):
            heads.remove("time")
            listed = [[row[0], *row[2:]] for row in listed]
        heading = METHODS[method].title
        heading = heading[:1].upper() + heading[1:]
        print_table(heading, heads, listed, left=len(heads) - len(names))
    _print_quantiles(found)
    for text in notes(found):
        out(f"{plain(text)}\n")


def notes(found: xr.Dataset) -> list[str]:
    """Return what must be said of a result, one sentence each."""
    said: list[str] = list(json.loads(found.attrs["caveats"]))
    still = json.loads(found.attrs["constant"])
    if still:
        listed = ", ".join(f"'{name}'" for name in still)
        said.append(f"the same in all runs, so nothing can act on it: {listed}")
    return said


def _has(found: xr.Dataset, name: str) -> bool:
    return name in found or f"metric_{name}" in found


def _strongest(one: Slice, place: int, main: str, names: list[str], top: int) -> list[list[str]]:
    now = one.part.isel(time=place) if one.timed else one.part
    size = np.abs(now[main].values)
    time = moment(float(now["time"].item())) if one.timed else ""
    order = [int(row) for row in np.argsort(-size, kind="stable") if size[row] > 0][:top]
    label = one.title
    listed = []
    for row in order:
        cells = [_cell(now, name, row) for name in names]
        listed.append([label, time, str(now["parameter"].values[row]), *cells])
        label, time = "", "" if len(listed) else time
    if not listed:
        flags = now["status"].attrs["flag_meanings"].split()
        state = int(now["status"].item())
        why = flags[state].replace("_", " ") if state else "no parameter acts on it"
        listed.append([label, time, why, *("-" for _ in names)])
    return listed


def _cell(now: xr.Dataset, name: str, row: int) -> str:
    value = float(now[name].values[row])
    if name == "direction":
        return "more" if value > 0 else "less"
    text = number(value, 3)
    if f"{name}_low" in now and np.isfinite(now[f"{name}_low"].values[row]):
        low, high = (float(now[f"{name}_{end}"].values[row]) for end in ("low", "high"))
        text += f" ({number(low, 2)} to {number(high, 2)})"
    return text


def _print_quantiles(found: xr.Dataset) -> None:
    """Print where parameters lie in runs that meet a condition, and in the others."""
    for one in slices(found):
        if "conditional" not in one.part:
            continue
        quantiles = [f"{100 * float(q):g} %" for q in one.part["quantile"].values]
        listed = []
        order = np.argsort(-one.part["distance"].fillna(0).values, kind="stable")[:5]
        for row in order:
            name = str(one.part["parameter"].values[row])
            if "unit" in one.part.coords:
                name += f" ({one.part['unit'].values[row]})"
            for side in one.part["side"].values:
                numbers = one.part["conditional"].isel(parameter=row).sel(side=side).values
                listed.append([name, str(side), *(number(float(v), 3) for v in numbers)])
                name = ""
        heads = ["parameter", "condition", *quantiles]
        print_table(f"Values of parameters where {one.title}", heads, listed, left=2)
