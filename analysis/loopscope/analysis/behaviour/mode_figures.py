"""Pictures of modes: typical series of each, and maps over two parameters.

In: a sweep, its modes, a map of them.  Out: matplotlib figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from loopscope.analysis.behaviour.classifying import LOCK_IN, MODES
from loopscope.analysis.behaviour.finding import one_scenario
from loopscope.analysis.behaviour.mapping import APART, chosen
from loopscope.analysis.figures import WIDEST, frame
from loopscope.analysis.style import BASE, scale_of, shortened, styled, tick, wrapped
from loopscope.analysis.tables import number, plain
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

# One hue for each family, one lightness for each of its kinds.
TINTS = dict(
    zip(
        (*MODES, APART, LOCK_IN),
        (
            "#BBBBBB", "#E69F00", "#F0C45C", "#A87400", "#D55E00", "#7A3300", "#009E73", "#56B4E9",
            "#0072B2", "#7B2D5B", "#CC79A7", "#EBC6DA", "#D9D9D9", "#D55E00",
        ),
        strict=True,
    )
)  # fmt: skip
"""The colour of each mode."""

SHOWN = 12
"""Runs drawn in each panel."""

COLUMNS = 3
HALF = 0.5


def modes_figure(
    swept: xr.Dataset, found: xr.Dataset, of: str | None = None, scenario: str | None = None
) -> Figure:
    """Draw some runs of each mode, side by side, with the share of each mode.

    The runs of a panel are spread evenly over those of the mode; the bold one is that of them which
    lies nearest to all others.

    Raises
    ------
    StudyError
        As ``chosen``; codes of a metric, which have no series; no run that did not fail.
    """
    part = chosen(found, of, scenario)
    name = str(part["outcome"].values)
    which = str(part["scenario"].values) if "scenario" in part.coords else ""
    if swept[name].attrs.get("role") != "series":
        msg = (
            f"the sweep keeps no series of '{name}', so its modes cannot be drawn; keep the series"
        )
        raise StudyError(msg)
    present = [mode for mode in MODES if int(part["count"].sel(mode=mode))]
    if not present:
        msg = f"no run of '{name}' stayed finite, so there is no mode to draw"
        raise StudyError(msg)
    present.sort(key=lambda mode: -int(part["count"].sel(mode=mode)))
    series = one_scenario(swept[name], which).transpose("run", "time")
    time = np.asarray(swept["time"].values, dtype=np.float64)
    codes = part["code"].values
    drawn = {}
    for mode in present:
        runs = np.flatnonzero(codes == MODES.index(mode))
        picks = runs[np.linspace(0, len(runs) - 1, min(SHOWN, len(runs))).round().astype(int)]
        drawn[mode] = np.asarray(series.isel(run=picks).values, dtype=np.float64)
    largest = max(float(np.abs(values).max()) for values in drawn.values())
    scale = scale_of(largest, str(swept[name].attrs.get("units", "")))
    columns = min(COLUMNS, len(present))
    rows = -(-len(present) // columns)
    with styled():
        figure = Figure(figsize=(WIDEST, 2.15 * rows + 0.9), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
        for spare in grid.flat[len(present) :]:
            spare.set_axis_off()
        for axes, mode in zip(grid.flat, present, strict=False):
            _panel(axes, time, drawn[mode] / scale.by, mode)
            axes.set_title(_headed(part, mode), fontsize=8.2)
        for axes in grid[:, 0]:
            axes.set_ylabel(shortened(scale.label, 28))
        for axes in grid.flat[max(0, len(present) - columns) : len(present)]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel(plain(str(swept["time"].attrs.get("units", ""))))
        where = f", {which}" if which else ""
        title = f"{plain(name)}{where}: modes of behaviour in {swept.sizes['run']:,} runs"
        failed = float(part["failed"])
        note = f"; {failed:.2%} of the runs failed" if failed else ""
        figure.suptitle(wrapped(title + note, 92), x=0.012, ha="left", fontweight="bold")
    return figure


def _panel(axes: Axes, time: Numbers, values: Numbers, mode: str) -> None:
    apart = np.abs(values[:, np.newaxis] - values).sum(axis=(1, 2))
    typical = int(apart.argmin())
    for place, row in enumerate(values):
        if place != typical:
            axes.plot(time, row, color=TINTS[mode], linewidth=0.8, alpha=0.75)
    axes.plot(time, values[typical], color=BASE, linewidth=1.8, zorder=3)
    frame(axes)


def _headed(part: xr.Dataset, mode: str) -> str:
    """Return mode, share, and for an oscillation its period."""
    here = part.sel(mode=mode)
    low, high = float(here["share_low"]), float(here["share_high"])
    share = float(here["share"])
    text = f"{mode}\n{_percent(share)} %"
    if np.isfinite(low) and low < high:
        text += f" ({_percent(low)} to {_percent(high)})"
    period = float(here["period"].sel(quantile=0.5))
    unit = plain(str(part["period"].attrs.get("units", "")))
    return text + (f", period {number(period, 3)} {unit}".rstrip() if np.isfinite(period) else "")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share >= 0.001 or share == 0 else f"{100 * share:.2g}"


def map_figure(mapped: xr.Dataset) -> Figure:
    """Draw a map of modes: the colour of a cell is its most frequent mode.

    A dot marks cells of several runs in which that mode is that of less than half.
    """
    labels = [str(label) for label in mapped["mode"].values]
    codes = mapped["code"].values
    present = [label for code, label in enumerate(labels) if (codes == code).any()]
    places = np.full(codes.shape, np.nan)
    for place, label in enumerate(present):
        places[codes == labels.index(label)] = place
    with styled():
        figure = Figure(figsize=(WIDEST * 0.86, 4.9), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.grid(False)
        axes.pcolormesh(
            mapped["x_edges"].values,
            mapped["y_edges"].values,
            np.ma.masked_invalid(places),
            cmap=ListedColormap([TINTS[label] for label in present] or ["#FFFFFF"]),
            vmin=-0.5,
            vmax=max(len(present), 1) - 0.5,
            edgecolor="white",
            linewidth=0.3,
        )
        for name, axis, set_label in (
            ("x", axes.xaxis, axes.set_xlabel),
            ("y", axes.yaxis, axes.set_ylabel),
        ):
            unit = scale_of(1.0, str(mapped[name].attrs["units"])).label
            set_label(wrapped(f"{plain(str(mapped[name].attrs['parameter']))} ({unit})", 60))
            if _even_in_the_logarithm(mapped[f"{name}_edges"].values):
                (axes.set_xscale if name == "x" else axes.set_yscale)("log")
            else:
                axis.set_major_locator(MaxNLocator(6))
            axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
            axis.set_minor_formatter(NullFormatter())
        unsure = np.argwhere((mapped["share"].values < HALF) & (mapped["runs"].values > 1))
        if len(unsure):
            axes.plot(
                mapped["x"].values[unsure[:, 1]],
                mapped["y"].values[unsure[:, 0]],
                ".",
                color=BASE,
                markersize=2.2,
            )
        _legend(figure, mapped, present, dots=len(unsure) > 0)
        scenario = f", {mapped.attrs['scenario']}" if mapped.attrs["scenario"] else ""
        what = "lock-in" if LOCK_IN in labels else "mode of behaviour"
        title = f"{plain(mapped.attrs['outcome'])}{scenario}: {what} over two parameters"
        axes.set_title(wrapped(title, 74))
    return figure


def _even_in_the_logarithm(edges: Numbers) -> bool:
    if len(edges) < 4 or edges[0] <= 0:
        return False
    steps = np.diff(np.log(edges))
    return bool(np.ptp(steps) < 1e-6 * steps.max())


def _legend(figure: Figure, mapped: xr.Dataset, present: list[str], *, dots: bool) -> None:
    total = int(mapped["runs"].sum())
    handles = [Patch(facecolor=TINTS[label], label=label) for label in present]
    if np.isnan(mapped["code"].values).any():
        handles.append(Patch(facecolor="white", edgecolor="#999999", label="too few runs"))
    if dots:
        handles.append(
            Patch(
                facecolor="none", edgecolor="none", label="dot: less than half\nof the cell's runs"
            )
        )
    figure.legend(
        handles=handles,
        loc="outside right center",
        title=f"{total:,} runs,\n{plain(mapped.attrs['cells'])}",
        alignment="left",
    )
