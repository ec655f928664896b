"""Pictures of scenario discovery: the trade-off between coverage and density, and the box.

In: ``Discovery``.  Out: a matplotlib figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from loopscope.analysis.style import COLOURS, QUIET, shortened, styled, wrapped
from loopscope.analysis.tables import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loopscope.analysis.dominating.boxes import Discovered
    from loopscope.analysis.dominating.discovering import Discovery

WIDTH = 8.0
"""Inches."""

MOST = 12
"""Restricted parameters that are drawn."""


def box_figure(discovery: Discovery, title: str = "") -> Figure:
    """Draw the trajectory of boxes, and the ends of the proposed one within the swept ranges."""
    found = discovery.found
    rows = max(1, min(MOST, len(found.box.restricted)))
    with styled():
        figure = Figure(figsize=(WIDTH, max(3.6, 1.6 + 0.42 * rows)), layout="constrained")
        FigureCanvasAgg(figure)
        trade, box = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1, 1.35]})
        _trajectory(trade, found)
        _box(box, found)
        heading = title or f"In which box: {plain(discovery.statement)}"
        figure.suptitle(wrapped(heading, 84), x=0.01, ha="left", fontsize=12, fontweight="bold")
        count = discovery.unknown
        unknown = f"; of {count:,} failed runs it cannot be said" if count else ""
        text = f"{found.hits:,} of {found.runs:,} runs meet it{unknown}"
        figure.supxlabel(text, x=0.01, ha="left", fontsize=7.5, color=QUIET)
    return figure


def _trajectory(axes: Axes, found: Discovered) -> None:
    boxes = found.trajectory
    counts = [len(one.restricted) for one in boxes]
    axes.plot(
        [one.coverage for one in boxes], [one.density for one in boxes],
        color="#AAAAAA", linewidth=1.0, zorder=1,
    )  # fmt: skip
    for place, one in enumerate(boxes):
        axes.plot(
            one.coverage, one.density, marker="o", markersize=4.5, linestyle="none", zorder=2,
            color=COLOURS[min(counts[place], len(COLOURS) - 1)],
        )  # fmt: skip
    start, box = boxes[found.proposed], found.box
    axes.plot([start.coverage, box.coverage], [start.density, box.density], color="#111111", lw=0.8)
    axes.plot(
        box.coverage, box.density, marker="o", markersize=11, markerfacecolor="none",
        markeredgecolor="#111111", linestyle="none", label="proposed",
    )  # fmt: skip
    most = len(COLOURS) - 1
    for count in range(min(most, max(counts)) + 1):
        more = "+" if count == most and max(counts) > most else ""
        axes.plot(
            [], [], marker="o", markersize=4.5, linestyle="none", color=COLOURS[count],
            label=f"{count}{more}",
        )  # fmt: skip
    axes.set_xlim(-0.03, 1.05)
    axes.set_ylim(-0.03, 1.05)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("coverage: of the runs that meet it")
    axes.set_ylabel("density: of the runs in the box")
    axes.set_title("from all runs to the densest box")
    axes.legend(
        loc="lower left", fontsize=7, ncols=2, title="parameters restricted", title_fontsize=7,
        columnspacing=1.0, handletextpad=0.3,
    )  # fmt: skip


def _box(axes: Axes, found: Discovered) -> None:
    box, whole = found.box, found.trajectory[0]
    shown = box.restricted[:MOST]
    for row, place in enumerate(shown):
        span = whole.high[place] - whole.low[place]
        low, high = ((one[place] - whole.low[place]) / span for one in (box.low, box.high))
        axes.barh(row, 1.0, color="#E8E8E8", height=0.5)
        axes.barh(row, high - low, left=low, color=COLOURS[1], height=0.5)
        unit = plain(found.units[place])
        text = f"{box.low[place]:.4g} to {box.high[place]:.4g}" + (f" {unit}" if unit else "")
        axes.text(
            0.5,
            row - 0.31,
            shortened(text, 48),
            ha="center",
            va="bottom",
            fontsize=7,
            color="#333333",
        )
    names = [wrapped(shortened(plain(found.parameters[place]), 44), 22) for place in shown]
    axes.set_yticks(range(len(shown)), names)
    axes.set_ylim(len(shown) - 0.4, -0.75)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: {0.0: "lowest", 1.0: "highest"}.get(round(value, 6), ""))
    )
    axes.set_xlabel("value in the sweep")
    axes.grid(visible=False)
    more = len(box.restricted) - len(shown)
    axes.set_title(
        f"proposed box: density {box.density:.0%}, coverage {box.coverage:.0%}"
        + (f" (and {more} more)" if more else "")
    )
    if not shown:
        axes.text(0.5, 0.5, "nothing is restricted", ha="center", transform=axes.transAxes)
