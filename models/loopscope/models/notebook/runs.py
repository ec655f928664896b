"""Runs as a notebook shows them: a curve and numbers for each variable.

Stage 5 of 5.  In: what ``simulate`` made.  Out: ``Runs``, an ``xarray.Dataset`` in all else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

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
    from numpy.typing import NDArray

LISTED = 12
"""Variables with a curve; the others are named below."""

RUNS = 2_000
"""Of an ensemble so many runs make the curves, at equal distances."""


class Runs(xr.Dataset):  # type: ignore[no-untyped-call]  # of xarray's __init_subclass__
    """One run, or many: a Dataset that shows curves in a notebook.

    Only the display differs from ``xarray.Dataset``; what xarray makes of it is shown as far as it
    still has times, and otherwise as xarray does.
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        own: str = super()._repr_html_()
        names = [
            str(name)
            for name, values in self.data_vars.items()
            if values.dims in (("time",), ("run", "time")) and values.dtype.kind == "f"
        ]
        if not names or self.sizes.get("time", 0) < 2 or not self.sizes.get("run", 1):
            return own
        ensemble = "run" in self[names[0]].dims
        rows = [_row(self[name]) for name in names[:LISTED]]
        last = "at the end" + (", 5 % to 95 % of runs" if ensemble else "")
        parts = [paragraph(_said(self))]
        parts.append(
            table(("variable", "over time", "at the start", last, "unit"), rows, (2, 3), raw=1)
        )
        if len(names) > LISTED:
            parts.append(
                folded(f"{len(names) - LISTED} more", paragraph(", ".join(names[LISTED:])))
            )
        return card(_title(self), *parts, folded("as xarray shows it", own))


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
