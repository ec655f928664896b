"""Pictures of indices over time, and over the size of a sweep.

Beside the entry.  In: the Dataset of ``sensitivity`` or ``converge``.  Out: a matplotlib figure,
one panel for each outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from loopscope.analysis.figures import frame
from loopscope.analysis.indices.bar_figures import bars_figure, plane_figure
from loopscope.analysis.indices.complete import NOT_STORED, unsure
from loopscope.analysis.indices.index_looks import (
    AXES,
    GUIDE,
    NOISE,
    head,
    index_of,
    looks,
    panels,
    shown_slices,
    strongest,
    titled,
)
from loopscope.analysis.indices.telling import slices
from loopscope.analysis.style import settle, styled, wrapped
from loopscope.analysis.tables import plain
from loopscope.models.errors import StudyError, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from loopscope.analysis.indices.telling import Slice

FIGURES = ("series", "bars", "plane", "convergence")
OTHERS = "#BBBBBB"


def chosen_figure(name: str | None) -> str | None:
    """Return the name of a picture as it is known here; None leaves the choice to the result.

    Raises
    ------
    StudyError
        There is no such picture.
    """
    if name is None or name.casefold() in FIGURES:
        return None if name is None else name.casefold()
    msg = f"no picture {shown(name)}; there are {', '.join(FIGURES)}{did_you_mean(name, FIGURES)}"
    raise StudyError(msg)


def figure_of(found: xr.Dataset, swept: xr.Dataset, name: str | None = None) -> Figure:
    """Draw a result: over time where it has times, as a plane for Morris, else as bars.

    Parameters
    ----------
    swept
        The sweep that it is of, for "convergence".
    name
        One of ``FIGURES``.

    Raises
    ------
    StudyError
        The result has no such picture.
    """
    if name == "convergence":
        from loopscope.analysis.indices.convergence import converge

        of = [name for dim in ("outcome", "metric") if dim in found for name in found[dim].values]
        at = float(found["time"].values[-1]) if "time" in found.dims else None
        return convergence_figure(converge(swept, of, at=at, level=found.attrs["level"]))
    morris = index_of(found) == "mu_star"
    if name == "plane" or (name is None and morris and found.sizes.get("time", 1) == 1):
        return plane_figure(found)
    if name == "series" or (name is None and found.sizes.get("time", 1) > 1):
        return series_figure(found)
    return bars_figure(found)


def series_figure(found: xr.Dataset, index: str | None = None) -> Figure:
    """Draw an index over time, one line for each of the strongest parameters.

    Parameters
    ----------
    index
        Which; by default that which ranks.

    Raises
    ------
    StudyError
        Nothing has more than one time.
    """
    index = index or index_of(found)
    timed = [one for one in slices(found) if one.timed and one.part.sizes["time"] > 1]
    if not timed:
        msg = "nothing here has more than one time; draw 'bars' instead"
        raise StudyError(msg)
    cut = shown_slices(timed, index)
    names = strongest(cut, index)
    units = plain(str(found["time"].attrs.get("units", ""))) or "unit not given"
    with styled():
        figure, grid = panels(len(cut), 2.3)
        for place, (axes, one) in enumerate(zip(grid, cut, strict=True)):
            _lines(axes, one, "time", index, names)
            frame(axes)
            _bounds(axes, index)
            if place + 2 >= len(cut):
                axes.set_xlabel(f"time ({units})")
        extra = [Line2D([], [], label=NOISE, **GUIDE)] if index == "pawn" else []
        head(figure, found, f"{titled(found, index)} over time", len(cut), names, extra)
        settle(figure)
    return figure


def convergence_figure(converged: xr.Dataset, index: str | None = None) -> Figure:
    """Draw an index against the number of base rows it is computed from.

    Parameters
    ----------
    converged
        From ``converge``; at its last time.
    """
    index = index or index_of(converged)
    last = converged.isel(time=[-1]) if "time" in converged.dims else converged
    cut = shown_slices([one for one in slices(last) if one.part["status"].size], index)
    names = strongest(cut, index)
    rows = "trajectories" if index == "mu_star" else "base rows"
    with styled():
        figure, grid = panels(len(cut), 2.3)
        for place, (axes, one) in enumerate(zip(grid, cut, strict=True)):
            _lines(axes, one, "base_rows", index, names)
            axes.set_xscale("log", base=2)
            sizes = converged["base_rows"].values
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
            axes.minorticks_off()
            _bounds(axes, index)
            if place + 2 >= len(cut):
                axes.set_xlabel(rows)
        what = f"{titled(converged, index)} from more and more {rows}"
        head(figure, converged, what, len(cut), names)
        settle(figure)
    return figure


def _lines(axes: Axes, one: Slice, along: str, index: str, names: list[str]) -> None:
    """Draw one panel: the strongest parameters in colour with their intervals, others in grey."""
    part = one.part.squeeze("time") if along != "time" and one.timed else one.part
    part = part.isel({along: part["status"].values != NOT_STORED})
    x = part[along].values
    styles: Mapping[str, Any] = looks(names)
    for name in part["parameter"].values.tolist():
        values = part[index].sel(parameter=name).values
        if name not in styles:
            axes.plot(x, values, color=OTHERS, linewidth=0.7, zorder=1)
            continue
        look = styles[name]
        if f"{index}_low" in part:
            low, high = (
                part[f"{index}_{end}"].sel(parameter=name).values for end in ("low", "high")
            )
            axes.fill_between(x, low, high, color=look["color"], alpha=0.18, linewidth=0, zorder=2)
        every = max(1, len(x) // 7)
        shift = every * (names.index(name) % 7) // 7
        axes.plot(x, values, markersize=4.0, markevery=(shift, every), zorder=3, **look)
    if "pawn_noise" in part and index == "pawn":
        axes.plot(x, part["pawn_noise"].values, zorder=1, **GUIDE)
    if index in ("prcc", "effect", "mu"):
        axes.axhline(0, color="#999999", linewidth=0.8, zorder=1)
    title = wrapped(plain(one.title), 42)
    if index == "total" and along == "time" and "total_low" in part:
        low, high = part["total_low"].values, part["total_high"].values
        if unsure(low, high, part["status"].values):
            title += "\n(hardly known: too few runs)"
    axes.set_title(title)
    axes.set_ylabel(AXES.get(index, index.replace("_", " ")))


def _bounds(axes: Axes, index: str) -> None:
    """Show the whole range of an index that has one."""
    if index == "prcc":
        axes.set_ylim(-1.05, 1.05)
    elif index in ("first", "total", "pawn", "delta", "distance"):
        low, high = axes.get_ylim()
        axes.set_ylim(min(0.0, max(low, -0.2)), max(0.2, min(high, 1.2)))
