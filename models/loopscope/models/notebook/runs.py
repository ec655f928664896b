"""Runs as a notebook shows them: a curve and numbers for each variable.

Stage 5 of 5.  In: what ``simulate`` made.  Out: HTML, which ``datasets`` hands to the notebook.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.notebook.pieces import (
    card,
    curve,
    folded,
    number,
    paragraph,
    table,
    thinned,
)

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

LISTED = 12
"""Variables with a curve; the others are named below."""

RUNS = 2_000
"""Of an ensemble so many runs make the curves, at equal distances."""


def html_of(runs: xr.Dataset) -> str | None:
    """Return curves and numbers of a run, or of many; None where a Dataset holds no run any more.

    Parameters
    ----------
    runs
        Dims ([run,] time); any Dataset may be asked about.
    """
    if not {"engine", "settings"} <= set(runs.attrs):
        return None
    names = [
        str(name)
        for name, values in runs.data_vars.items()
        if values.dims in (("time",), ("run", "time")) and values.dtype.kind == "f"
    ]
    if not names or runs.sizes["time"] < 2 or not runs.sizes.get("run", 1):
        return None
    # What never moves is named last: most of it is constants.
    names.sort(key=lambda name: not _moves(runs[name]))
    last = "at the end" + (", 5 % to 95 % of runs" if "run" in runs.sizes else "")
    head = ("variable", "over time", "at the start", last, "unit")
    parts = [paragraph(_said(runs))]
    parts.append(table(head, [_row(runs[name]) for name in names[:LISTED]], (2, 3), raw=1))
    if len(names) > LISTED:
        others = paragraph(", ".join(names[LISTED:]))
        parts.append(folded(f"{len(names) - LISTED} more", others))
    return card(_title(runs), *parts)


def _moves(values: xr.DataArray) -> bool:
    first = values.isel(time=0)
    return bool((values.isel(time=-1) != first).any() or (values != first).any())


def _title(runs: xr.Dataset) -> str:
    scenario, case = runs.attrs.get("scenario"), runs.attrs.get("case")
    extra = [f"scenario '{scenario}'" if scenario else "", f"case '{case}'" if case else ""]
    count = f"{runs.sizes['run']:,} runs of " if "run" in runs.sizes else "Run of "
    return ", ".join(
        [f"{count}{runs.attrs.get('model', 'a model')}", *(one for one in extra if one)]
    )


def _said(runs: xr.Dataset) -> str:
    time = runs["time"].values
    units = str(runs["time"].attrs.get("units", ""))
    words = [f"from {time[0]:.6g} to {time[-1]:.6g} {units}".strip()]
    settings = json.loads(runs.attrs.get("settings") or "{}")
    if settings:
        words.append(f"{len(settings)} settings of its own")
    if "status" in runs:
        status = np.atleast_1d(runs["status"].values)
        failed = status[status != "ok"]
        if len(failed):
            words.append(f"{len(failed)} failed: {failed[0]}" if len(status) > 1 else failed[0])
    return "; ".join(str(one) for one in words)


def _row(values: xr.DataArray) -> tuple[str, str, str, str, str]:
    kept = thinned(values.sizes["time"])
    time: NDArray[np.float64] = values["time"].values[kept]
    units = str(values.attrs.get("units", ""))
    if "run" not in values.dims:
        series = values.values[kept].astype(np.float64)
        return str(values.name), curve(time, series), number(series[0]), number(series[-1]), units
    runs = thinned(values.sizes["run"], RUNS)
    some = values.transpose("run", "time").values[np.ix_(runs, kept)].astype(np.float64)
    with np.errstate(all="ignore"):
        whole = some[np.isfinite(some).all(axis=1)]
    if not len(whole):
        return str(values.name), "", "-", "no run is finite", units
    low, middle, high = np.quantile(whole, (0.05, 0.5, 0.95), axis=0)
    end = f"{number(middle[-1])} ({number(low[-1])} to {number(high[-1])})"
    return str(values.name), curve(time, middle, low, high), number(middle[0]), end, units
