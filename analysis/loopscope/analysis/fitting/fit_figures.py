"""The picture of a fit: what was observed, what the model gives, and the profiles.

In: a ``Fitted`` record.  Out: a matplotlib figure.  One panel for each observed variable (one of
its own for a series with a factor), then one for each profile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from loopscope.analysis.figures import WIDEST, frame
from loopscope.analysis.fitting.holdout import HoldOut
from loopscope.analysis.style import (
    BASE,
    COLOURS,
    MARKERS,
    scale_of,
    shortened,
    styled,
    wrapped,
)
from loopscope.analysis.tables import number, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loopscope.analysis.fitting.fitted import Estimate, Fitted
    from loopscope.analysis.fitting.problem import Computed
    from loopscope.analysis.fitting.profile import Profile

COLUMNS = 2
SHADE = "#EFEFEF"
BEFORE: dict[str, Any] = {"color": "#999999", "linewidth": 1.3, "linestyle": (0, (4, 2))}
EARLY: dict[str, Any] = {"color": COLOURS[1], "linewidth": 1.5}


def fit_figure(fitted: Fitted) -> Figure:
    """Draw observed series against the fit, and profiles of the likelihood.

    The black line is the fit to everything, the dashed one what the case had before, the blue one
    the fit to the first two thirds of each series; the last third is shaded.
    """
    panels = _panels(fitted)
    count = len(panels) + len(fitted.profiles)
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    with styled():
        figure = Figure(figsize=(WIDEST, rows * 2.6 + 1.0), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(rows, columns, squeeze=False)
        for spare in grid.flat[count:]:
            spare.set_axis_off()
        problem = fitted.problem
        held_out = fitted.held_out if isinstance(fitted.held_out, HoldOut) else None
        after, before = problem.computed(fitted.at), problem.computed(problem.start)
        early = problem.computed(held_out.at) if held_out else None
        for axes, places in zip(grid.flat, panels, strict=False):
            _observed(axes, fitted, places, (after, before, early))
        estimates = {one.unknown.name: one for one in fitted.estimates}
        for axes, one in zip(grid.flat[len(panels) :], fitted.profiles, strict=False):
            _profile(axes, one, estimates[one.name])
        _head(figure, fitted, early is not None)
    return figure


def _panels(fitted: Fitted) -> list[list[int]]:
    """Return which series share a panel: those of one variable without a factor."""
    found: dict[tuple[str, int], list[int]] = {}
    for place, one in enumerate(fitted.problem.series):
        own = -1 if one.factor is None else place
        found.setdefault((one.variable, own), []).append(place)
    return list(found.values())


def _observed(
    axes: Axes,
    fitted: Fitted,
    places: list[int],
    runs: tuple[Computed, Computed, Computed | None],
) -> None:
    after, before, early = runs
    series = [fitted.problem.series[place] for place in places]
    largest = max(float(np.max(np.abs(one.values))) for one in series)
    scale = scale_of(largest, series[0].units)
    if isinstance(fitted.held_out, HoldOut):
        cut = min(fitted.held_out.series[place].cut for place in places)
        axes.axvspan(cut, max(float(one.times[-1]) for one in series), color=SHADE, zorder=0)
    first = places[0]
    axes.plot(before.time, before.course[first] / scale.by, **BEFORE, zorder=2)
    if early is not None:
        axes.plot(early.time, early.course[first] / scale.by, **EARLY, zorder=2)
    axes.plot(after.time, after.course[first] / scale.by, color=BASE, linewidth=2.0, zorder=3)
    for number_, (place, one) in enumerate(zip(places, series, strict=True)):
        colour = COLOURS[(0, 2, 3, 4)[number_ % 4]]
        its = fitted.series[place]
        error = scale_of(its.after.rmse, one.units)
        label = f"{plain(one.observed.series)}: RMSE "
        label += f"{number(its.after.rmse / error.by, 2)} {error.label}"
        axes.errorbar(
            one.times,
            one.values / scale.by,
            yerr=one.errors / scale.by,
            linestyle="none",
            marker=MARKERS[number_ % len(MARKERS)],
            markersize=4.0,
            markerfacecolor="white",
            markeredgecolor=colour,
            ecolor=colour,
            elinewidth=0.7,
            label=wrapped(label, 46),
            zorder=4,
        )
    its = fitted.series[first]
    title = plain(series[0].variable)
    if series[0].factor is not None:
        title += f" × {number(its.factor, 3)}"  # noqa: RUF001
    axes.set_title(wrapped(title, 44))
    axes.set_ylabel(shortened(scale.label, 34))
    frame(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.1), fontsize=7.5, handletextpad=0.3)


def _profile(axes: Axes, one: Profile, estimate: Estimate) -> None:
    low = one.values[0] if one.low is None else one.low
    high = one.values[-1] if one.high is None else one.high
    axes.axvspan(low, high, color=SHADE, zorder=0)
    axes.plot(one.values, one.statistic, color=BASE, marker="o", markersize=3.0, zorder=3)
    axes.axhline(one.limit, color=COLOURS[0], linewidth=1.2, zorder=2)
    axes.axvline(estimate.value, **BEFORE, zorder=1)
    axes.set_title(wrapped(f"profile: {plain(one.name)}", 44))
    axes.set_ylabel("likelihood ratio")
    unit = plain(estimate.unknown.units) or "unit not given"
    ends = [what for what, end in (("below", one.low), ("above", one.high)) if end is None]
    axes.set_xlabel(f"{unit}; interval open {' and '.join(ends)}" if ends else unit)
    frame(axes)
    axes.set_ylim(0, max(1.15 * one.limit, min(max(one.statistic), 2 * one.limit)))


def _head(figure: Figure, fitted: Fitted, early: bool) -> None:
    name = fitted.model.replace("_", " ")
    title = f"{name[:1].upper()}{name[1:]}, {fitted.case.title or fitted.case.name}: fit"
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=BASE, linewidth=2.0, label="fitted"),
        Line2D([], [], **BEFORE, label="before the fit"),
    ]
    if early:
        handles.append(Line2D([], [], **EARLY, label="fitted to the first two thirds"))
        handles.append(Patch(color=SHADE, label="last third held out; 95 % interval"))
    legend = figure.legend(
        handles=handles,
        title=wrapped(plain(title), 84),
        title_fontproperties={"weight": "bold", "size": 12},
        alignment="left",
        loc="outside upper left",
        ncols=4,
        handlelength=2.2,
        columnspacing=1.4,
        borderpad=0.2,
    )
    legend.get_title().set_multialignment("left")
