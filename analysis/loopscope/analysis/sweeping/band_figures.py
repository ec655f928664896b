"""Pictures of a sweep: how far its runs lie apart over time, and in numbers.

Stage 5 of 5.  In: the Dataset of a sweep.  Out: matplotlib figures: one row of panels for each
series with bands that hold 50, 80 and 95 % of the runs at each time, one column for each scenario;
or histograms of metrics where no series was kept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from loopscope.analysis.figures import MANY, WIDEST, frame
from loopscope.analysis.style import (
    BASE,
    COLOURS,
    scale_of,
    settle,
    shortened,
    styled,
    wrapped,
)
from loopscope.analysis.sweeping.outcomes import by_scenario, named
from loopscope.analysis.sweeping.outline import RUN, SCENARIO
from loopscope.analysis.sweeping.quantiles import quantiles
from loopscope.analysis.tables import plain
from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

HELD = (0.95, 0.8, 0.5)
"""Shares of the runs that bands hold, the widest first."""

SHADES = (0.16, 0.24, 0.38)
"""How dark the bands are, one on top of the other."""

BINS = 40

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Ends of the bands, and the median in the middle."""

MEDIAN: dict[str, Any] = {"color": BASE, "linewidth": 1.6}
FIRST: dict[str, Any] = {"color": "#555555", "linewidth": 1.1, "linestyle": (0, (4, 2))}


def sweep_figure(swept: xr.Dataset, names: Sequence[str] = ()) -> Figure:
    """Draw the series of a sweep over time; its metrics if it has no series.

    Parameters
    ----------
    names
        Of series, or metrics where there are no series; all by default.

    Raises
    ------
    UnknownNameError
        The sweep has no such series or metric.
    RunError
        More panels than a picture can have, or nothing to draw.
    """
    if named(swept, "series"):
        return band_figure(swept, names)
    if named(swept, "metric"):
        return histogram_figure(swept, names)
    msg = "the sweep has neither series nor metrics to draw; 'loopscope dominance' draws its loops"
    raise RunError(msg)


def band_figure(swept: xr.Dataset, names: Sequence[str] = (), title: str | None = None) -> Figure:
    """Draw bands that hold 50, 80 and 95 % of the runs at each time, and the median.

    Parameters
    ----------
    names
        Series; all by default.
    title
        Above the panels; title and number of runs by default.

    Raises
    ------
    UnknownNameError, RunError
        As ``sweep_figure``.

    Notes
    -----
    Bands hold shares of the runs at each time by itself: no single run need follow an edge.
    """
    series = named(swept, "series", names)
    scenarios = swept.sizes.get(SCENARIO, 1)
    columns = scenarios if scenarios > 1 else min(2, len(series))
    rows = len(series) if scenarios > 1 else -(-len(series) // columns)
    _require_room(rows * columns)
    with styled():
        figure = _figure(columns, rows)
        grid = figure.subplots(
            rows, columns, squeeze=False, sharey="row" if scenarios > 1 else False
        )
        for spare in grid.flat[len(series) * scenarios :]:
            spare.set_axis_off()
        panels = iter(grid.flat)
        for name in series:
            first = None
            bands = [(one, quantiles(values, LEVELS)) for one, values in by_scenario(swept[name])]
            scale = scale_of(_largest(bands), str(swept[name].attrs.get("units", "")))
            for one, found in bands:
                axes = next(panels)
                _draw_bands(axes, swept["time"].values, found / scale.by, first)
                heading = f"{name}\n{one}" if one else name
                axes.set_title(_wrapped(heading, figure, columns))
                if first is None or not one:
                    axes.set_ylabel(shortened(scale.label, 34))
                first = found[3] / scale.by if first is None else first
                frame(axes)
            if scenarios > 1:
                _share(axes, np.concatenate([found / scale.by for _, found in bands]))
        units = plain(str(swept["time"].attrs.get("units", ""))) or "unit not given"
        for axes in grid.flat:
            if axes.axison and _is_lowest(axes, grid):
                axes.set_xlabel(f"time ({units})")
        _head(figure, swept, title, _band_keys(scenarios > 1))
        settle(figure)
    return figure


def histogram_figure(
    swept: xr.Dataset, names: Sequence[str] = (), title: str | None = None
) -> Figure:
    """Draw how often each metric had which value, scenarios on top of each other.

    Raises
    ------
    UnknownNameError, RunError
        As ``sweep_figure``.
    """
    metrics = named(swept, "metric", names)
    columns = min(2, len(metrics))
    rows = -(-len(metrics) // columns)
    _require_room(rows * columns)
    with styled():
        figure = _figure(columns, rows)
        grid = figure.subplots(rows, columns, squeeze=False)
        for spare in grid.flat[len(metrics) :]:
            spare.set_axis_off()
        for axes, name in zip(grid.flat, metrics, strict=False):
            values = dict(by_scenario(swept[name].load()))
            if "labels" in swept[name].attrs:
                _draw_words(axes, values, json.loads(swept[name].attrs["labels"]))
            else:
                _draw_histogram(axes, values, str(swept[name].attrs.get("units", "")))
            axes.set_title(_wrapped(name, figure, columns))
            axes.set_ylabel("share of runs (%)")
        scenarios = [one for one, _ in by_scenario(swept[metrics[0]]) if one]
        keys = [
            Patch(color=COLOURS[place % len(COLOURS)], alpha=0.6, label=shortened(plain(one), 40))
            for place, one in enumerate(scenarios)
        ]
        _head(figure, swept, title, keys)
        settle(figure)
    return figure


def _draw_bands(
    axes: Axes,
    time: NDArray[np.float64],
    found: NDArray[np.float64],
    first: NDArray[np.float64] | None,
) -> None:
    for place, shade in enumerate(SHADES):
        axes.fill_between(
            time, found[place], found[-1 - place], color=COLOURS[1], alpha=shade, linewidth=0
        )
    if first is not None:
        axes.plot(time, first, **FIRST)
    axes.plot(time, found[3], **MEDIAN)


def _share(axes: Axes, found: NDArray[np.float64]) -> None:
    """Give a row of panels, which count alike, limits that hold all of them."""
    known = found[np.isfinite(found)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    room = 0.06 * (high - low) or 0.5
    # As ``frame`` has it for one panel.
    axes.set_ylim(0.0 if 0 <= low < 0.6 * high else low - room, high + room)


def _draw_histogram(axes: Axes, values: dict[str, xr.DataArray], units: str) -> None:
    known = {one: v.values[np.isfinite(v.values)] for one, v in values.items()}
    everything = np.concatenate([*known.values()]) if known else np.zeros(0)
    if not len(everything):
        axes.text(0.5, 0.5, "no run has a value", transform=axes.transAxes, ha="center")
        return
    scale = scale_of(float(np.abs(everything).max()), units)
    longest = max(map(len, known.values()))
    bins = min(BINS, max(8, round(longest**0.5)))
    edges = np.histogram_bin_edges(everything / scale.by, bins=bins)
    for place, (one, column) in enumerate(known.items()):
        weights = np.full(len(column), 100.0 / max(1, values[one].sizes[RUN]))
        axes.hist(
            column / scale.by, bins=edges.tolist(), weights=weights, alpha=0.6,
            color=COLOURS[place % len(COLOURS)] if one else COLOURS[1],
        )  # fmt: skip
    axes.set_xlabel(shortened(scale.label, 40))
    frame(axes)


def _draw_words(axes: Axes, values: dict[str, xr.DataArray], labels: Sequence[str]) -> None:
    counts = {
        one: np.bincount(codes[np.isfinite(codes)].astype(np.intp), minlength=len(labels))
        for one, codes in ((one, v.values) for one, v in values.items())
    }
    seen = np.flatnonzero(np.sum([*counts.values()], axis=0)).tolist()
    width = 0.8 / len(counts)
    for place, (one, count) in enumerate(counts.items()):
        axes.bar(
            np.arange(len(seen)) + (place - (len(counts) - 1) / 2) * width,
            100.0 * count[seen] / values[one].sizes[RUN], width=width, alpha=0.6,
            color=COLOURS[place % len(COLOURS)] if one else COLOURS[1],
        )  # fmt: skip
    axes.set_xticks(range(len(seen)), [wrapped(labels[n], 14) for n in seen])
    axes.set_xlim(-0.6, max(2, len(seen)) - 0.4)  # a single bar is not a wall
    axes.grid(visible=False, axis="x")


def _require_room(panels: int) -> None:
    if panels > MANY:
        msg = f"a picture can show {MANY} panels, not {panels}; name fewer series"
        raise RunError(msg)


def _figure(columns: int, rows: int) -> Figure:
    width = WIDEST if columns < 4 else 2.4 * columns
    figure = Figure(figsize=(width if columns > 1 else 6.5, rows * 2.4 + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _wrapped(text: str, figure: Figure, columns: int) -> str:
    room = max(12, round((figure.get_figwidth() / columns - 0.6) * 13))
    return "\n".join(wrapped(plain(line), room) for line in text.split("\n"))


def _largest(bands: Sequence[tuple[str, NDArray[np.float64]]]) -> float:
    known = np.concatenate([np.abs(found[np.isfinite(found)]) for _, found in bands])
    return float(known.max(initial=0.0))


def _is_lowest(axes: Axes, grid: NDArray[Any]) -> bool:
    """Return whether no panel is drawn beneath."""
    row, column = next(
        (r, c) for r in range(len(grid)) for c in range(len(grid[0])) if grid[r, c] is axes
    )
    return not any(grid[below, column].axison for below in range(row + 1, len(grid)))


def _band_keys(several: bool) -> list[Any]:
    dark = [1 - np.prod([1 - shade for shade in SHADES[: n + 1]]) for n in range(len(SHADES))]
    keys: list[Any] = [Line2D([], [], **MEDIAN, label="median")]
    if several:
        keys.append(Line2D([], [], **FIRST, label="median of the first scenario"))
    held = reversed(list(zip(HELD, dark, strict=True)))
    keys += [
        Patch(facecolor=COLOURS[1], alpha=float(alpha), label=f"{100 * share:g} % of runs")
        for share, alpha in held
    ]
    return keys


def _head(figure: Figure, swept: xr.Dataset, title: str | None, keys: Sequence[Any]) -> None:
    """Put title and legend above the panels."""
    each = " of each scenario" if SCENARIO in swept.dims else ""
    model = swept.attrs["model"].replace("_", " ")
    heading = f"{swept.attrs['title']}\n{swept.sizes[RUN]:,} runs{each} of the model '{model}'"
    heading = heading if title is None else title
    lines = "\n".join(
        wrapped(plain(line), round(figure.get_figwidth() * 10.5)) for line in heading.split("\n")
    )
    if not keys:
        figure.suptitle(lines, x=0.01, ha="left", fontsize=12, fontweight="bold")
        return
    legend = figure.legend(
        handles=list(keys),
        title=lines,  # a title of the figure would be laid over the legend
        title_fontproperties={"weight": "bold", "size": 12},
        alignment="left",
        loc="outside upper left",
        ncols=min(len(keys), 5 if figure.get_figwidth() >= WIDEST else 4),
        handlelength=1.8,
        columnspacing=1.4,
        borderpad=0.2,
        fontsize=8.5,
    )
    legend.get_title().set_multialignment("left")
