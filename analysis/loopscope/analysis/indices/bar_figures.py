"""Pictures of indices at one time: bars in order of size, and the plane of Morris.

Beside the entry.  In: the Dataset of ``sensitivity``; of a result over time, its last time.  Out: a
matplotlib figure, one panel for each outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from loopscope.analysis.indices.index_looks import (
    AXES,
    GUIDE,
    head,
    index_of,
    looks,
    panels,
    shown_slices,
    strongest,
    titled,
)
from loopscope.analysis.indices.layout import IN_UNIT
from loopscope.analysis.indices.telling import slices
from loopscope.analysis.style import COLOURS, Scale, scale_of, settle, shortened, styled, wrapped
from loopscope.analysis.tables import moment, plain
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from loopscope.analysis.indices.telling import Slice

BARS = 8
"""Parameters in one panel."""


def bars_figure(found: xr.Dataset, index: str | None = None) -> Figure:
    """Draw an index of each outcome as bars, the largest above: a tornado where it has a sign.

    Where there are first-order and total indices, the inner bar is the first-order one.
    """
    index = index or index_of(found)
    cut = shown_slices(_last(found), index)
    with styled():
        figure, grid = panels(len(cut), 2.7)
        for axes, one in zip(grid, cut, strict=True):
            _bars(axes, one, index)
        head(figure, found, f"{titled(found, index)}{_when(found)}", len(cut))
        settle(figure)
    return figure


def plane_figure(found: xr.Dataset) -> Figure:
    """Draw the mean size of effects against how much they depend on the other parameters.

    Raises
    ------
    StudyError
        The result is not of the method of Morris.
    """
    if index_of(found) != "mu_star":
        msg = "the plane is of Morris measures; draw 'bars' or 'series' of this result"
        raise StudyError(msg)
    cut = shown_slices(_last(found), "mu_star")
    names = strongest(cut, "mu_star")
    with styled():
        figure, grid = panels(len(cut), 3.0)
        for axes, one in zip(grid, cut, strict=True):
            _plane(axes, one, names)
        what = f"{titled(found, 'mu_star')}{_when(found)}"
        line = Line2D([], [], label="spread = mean size", **GUIDE)
        head(figure, found, what, len(cut), names, [line])
        settle(figure)
    return figure


def _last(found: xr.Dataset) -> list[Slice]:
    return slices(found.isel(time=[-1]) if "time" in found.dims else found)


def _when(found: xr.Dataset) -> str:
    return f" at {moment(float(found['time'].values[-1]))}" if "time" in found.dims else ""


def _now(one: Slice) -> xr.Dataset:
    return one.part.isel(time=0) if one.timed else one.part


def _scaled(one: Slice, index: str, largest: float) -> Scale:
    return scale_of(largest, one.units) if index in IN_UNIT else Scale(1.0, "")


def _bars(axes: Axes, one: Slice, index: str) -> None:
    now = _now(one)
    values = now[index].values
    size = np.where(np.isfinite(values), np.abs(values), -1.0)
    order = [int(place) for place in np.argsort(-size, kind="stable") if size[place] >= 0][:BARS]
    scale = _scaled(one, index, float(size.max(initial=0.0)))
    at = np.arange(len(order))
    numbers = values[order] / scale.by
    colours = [COLOURS[0] if number < 0 else COLOURS[1] for number in numbers]
    inner = index == "total" and "first" in now
    axes.barh(at, numbers, color=colours, height=0.62, alpha=0.45 if inner else 0.85, zorder=2)
    if inner:
        firsts = np.clip(now["first"].values[order], 0, None)
        axes.barh(at, firsts, color=COLOURS[1], height=0.34, zorder=3)
    if f"{index}_low" in now:
        low, high = (now[f"{index}_{end}"].values[order] / scale.by for end in ("low", "high"))
        axes.hlines(at, low, high, color="#222222", linewidth=1.2, zorder=4)
    if index == "pawn" and "pawn_noise" in now:
        axes.axvline(float(now["pawn_noise"]), zorder=1, **GUIDE)
    names = [shortened(plain(str(now["parameter"].values[place])), 34) for place in order]
    axes.set_yticks(at, [wrapped(name, 20) for name in names])
    axes.set_ylim(max(len(order), 3) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color="#999999", linewidth=0.8, zorder=1)
    axes.set_title(wrapped(plain(one.title), 40))
    label = AXES.get(index, index.replace("_", " "))
    if inner:
        label += " (dark: first order)"
    if index == "pawn":
        label += " (dashed: no effect)"
    axes.set_xlabel(f"{label}, {scale.label}" if scale.label else label)
    if index == "prcc":
        axes.set_xlim(-1.05, 1.05)


def _plane(axes: Axes, one: Slice, names: list[str]) -> None:
    now = _now(one)
    sizes, spreads = now["mu_star"].values, now["sigma"].values
    scale = scale_of(float(np.nanmax([np.nanmax(sizes), np.nanmax(spreads)])), one.units)
    styles = looks(names)
    for place, name in enumerate(now["parameter"].values.tolist()):
        look = styles.get(name, {"color": "#BBBBBB", "marker": "o"})
        axes.plot(
            sizes[place] / scale.by,
            spreads[place] / scale.by,
            linestyle="none",
            markersize=6.0 if name in styles else 3.5,
            zorder=3 if name in styles else 2,
            clip_on=False,
            **look,
        )
    high = 1.1 * float(np.nanmax(sizes)) / scale.by
    axes.plot([0, high], [0, high], zorder=1, **GUIDE)
    axes.set_xlim(0, high)
    axes.set_ylim(0, max(1.1 * float(np.nanmax(spreads)) / scale.by, 0.3 * high))
    axes.set_title(wrapped(plain(one.title), 40))
    axes.set_xlabel(f"mean size of effect μ*, {scale.label}")
    axes.set_ylabel(f"spread of effects, {scale.label}")
