"""Pictures of dominance under uncertainty: who dominates how surely, and when it shifts.

In: the record of ``dominance``.  Out: matplotlib figures.  The id of a loop stands in its area
where there is room, so that no reader depends on colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, PercentFormatter

from loopscope.analysis.dominating.looks import (
    NOTHING,
    OTHER,
    UNDEFINED,
    beneath,
    heading_of,
    looks_of,
)
from loopscope.analysis.style import COLOURS, shortened, styled, wrapped
from loopscope.analysis.tables import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

WIDTH = 8.0
"""Inches."""


def probability_figure(record: xr.Dataset, title: str = "") -> Figure:
    """Draw how probable each loop's dominance is over time, and when dominance has shifted.

    Above: stacked probabilities, with the part in which nothing dominates on top.  Below: the share
    of runs that have shifted by then with its interval, and what the tracked loops hold together.
    """
    with styled():
        figure = Figure(figsize=(WIDTH, 5.4), layout="constrained")
        FigureCanvasAgg(figure)
        chart, below = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 0.36], "hspace": 0.03}
        )
        handles = _stack(chart, record)
        time = np.asarray(record["time"].values, dtype=np.float64)
        chart.set_ylim(0, 1)
        chart.set_xlim(time[0], time[-1])
        chart.yaxis.set_major_formatter(PercentFormatter(1.0))
        chart.set_ylabel("share of runs")
        _shifted(below, record, time)
        below.set_xlabel(_time_label(record["time"].attrs.get("units", "")))
        below.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))
        figure.legend(
            handles=handles, loc="outside right upper", fontsize=8, alignment="left",
            title="dominating loop", title_fontsize=8.5,
        )  # fmt: skip
        figure.suptitle(
            wrapped(title or heading_of(record, "which loop dominates, how surely"), 84),
            x=0.01, ha="left", fontsize=12, fontweight="bold",
        )  # fmt: skip
        beneath(figure, _foot(record))
    return figure


def _stack(chart: Axes, record: xr.Dataset) -> list[Patch]:
    """Draw stacked probabilities and return their legend."""
    looks = looks_of(record)
    time = np.asarray(record["time"].values, dtype=np.float64)
    names = dict(zip(record["loop"].values.tolist(), record["loop_name"].values, strict=True))
    probability = record["probability"].fillna(0.0)
    shown = [probability.sel(loop=one).values for one in looks]
    others = probability.sum("loop").values - sum(shown, np.zeros(len(time)))
    layers = list(zip(shown, looks.values(), looks, strict=True))
    if others.max(initial=0.0) > 1e-9:
        layers.append((others, OTHER, "other tracked loops"))
    for name, style in (("undefined", UNDEFINED), ("nothing", NOTHING)):
        values = record[name].fillna(0.0).values
        if values.max(initial=0.0) > 1e-9:
            words = {"undefined": "shares undefined", "nothing": "nothing dominates"}[name]
            layers.append((values, style, words))
    base, handles = np.zeros(len(time)), []
    for values, style, label in layers:
        chart.fill_between(
            time, base, base + values, edgecolor="white", linewidth=0.4, zorder=2, **style
        )
        _name(chart, time, base, values, label if label in looks else "")
        full = f"{label}  {plain(str(names.get(label, '')))}".rstrip()
        handles.append(
            Patch(
                label=wrapped(shortened(full, 60), 30), edgecolor="#888888", linewidth=0.4, **style
            )
        )
        base = base + values
    return handles[::-1]


def _name(axes: Axes, time: Numbers, base: Numbers, layer: Numbers, text: str) -> None:
    """Write the id of a loop where its area is thickest."""
    reach = 0.03 * (time[-1] - time[0])
    thick = np.where((time > time[0] + reach) & (time < time[-1] - reach), layer, 0.0)
    place = int(np.argmax(thick))
    if text and thick[place] > 0.08:
        axes.text(
            time[place], base[place] + layer[place] / 2, text, ha="center", va="center", fontsize=8,
            fontweight="bold", color="#111111", zorder=4,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.8, "linewidth": 0},
        )  # fmt: skip


def _shifted(axes: Axes, record: xr.Dataset, time: Numbers) -> None:
    axes.fill_between(
        time, record["shifted_low"].values, record["shifted_high"].values,
        color=COLOURS[1], alpha=0.25, linewidth=0,
    )  # fmt: skip
    axes.plot(time, record["shifted"].values, color=COLOURS[1], label="have shifted by then")
    axes.plot(
        time, record["held"].values, color="#444444", linestyle=(0, (4, 2)), linewidth=1.2,
        label="mean share that the tracked loops hold together",
    )  # fmt: skip
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("share")
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=7.5, borderaxespad=0.1
    )


def shift_figure(record: xr.Dataset, times: Mapping[str, Numbers], title: str = "") -> Figure:
    """Draw when dominance shifts: a histogram of shift times, how many shifts, and who to whom.

    Parameters
    ----------
    times
        By "first" and "last": times of the sound runs, NaN where a run has none.
    """
    with styled():
        figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(2, 2, height_ratios=[1, 1], width_ratios=[1, 1.15])
        _histogram(figure.add_subplot(grid[0, :]), record, times)
        _counts(figure.add_subplot(grid[1, 0]), record)
        _handovers(figure.add_subplot(grid[1, 1]), record)
        figure.suptitle(
            wrapped(title or heading_of(record, "when dominance shifts"), 84),
            x=0.01, ha="left", fontsize=12, fontweight="bold",
        )  # fmt: skip
    return figure


def _histogram(axes: Axes, record: xr.Dataset, times: Mapping[str, Numbers]) -> None:
    span = np.asarray(record["time"].values, dtype=np.float64)
    edges = np.linspace(span[0], span[-1], 41)
    looks = {"first": (COLOURS[1], "-"), "last": (COLOURS[0], (0, (4, 2)))}
    for which, (colour, line) in looks.items():
        values = times[which]
        known = values[np.isfinite(values)]
        heights = np.histogram(known, bins=edges)[0] / max(1, len(values))
        middle = float(record["shift_time"].sel(which=which, quantile=0.5))
        label = f"{which} shift, median {middle:.6g}" if len(known) else f"{which} shift: none"
        axes.stairs(heights, edges, color=colour, linestyle=line, linewidth=1.6, label=label)
        if which == "first":
            axes.stairs(heights, edges, fill=True, color=colour, alpha=0.25)
        if np.isfinite(middle):
            axes.axvline(middle, color=colour, linestyle=line, linewidth=0.9)
    never = 1 - float(record["shift_count"].values[1:].sum())
    axes.set_title(f"times of shifts; {never:.0%} of runs never shift")
    axes.set_xlim(span[0], span[-1])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))
    axes.set_ylabel("share of runs")
    axes.set_xlabel(_time_label(record["time"].attrs.get("units", "")))
    axes.margins(y=0.25)
    axes.legend(loc="upper right", ncols=2, fontsize=7.5)


def _counts(axes: Axes, record: xr.Dataset) -> None:
    counts, shares = record["count"].values, record["shift_count"].values
    most = int(np.flatnonzero(np.nan_to_num(shares) > 0).max(initial=0))
    shown = slice(0, max(most, 3) + 1)
    axes.bar(counts[shown], shares[shown], color=COLOURS[1], width=0.7)
    labels = [f"{one}" if one < counts[-1] else f"{one}+" for one in counts[shown]]
    axes.set_xticks(counts[shown], labels)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title("how many shifts a run has")
    axes.set_ylabel("share of runs")
    axes.set_xlabel("shifts in a run")
    axes.grid(visible=False, axis="x")


def _handovers(axes: Axes, record: xr.Dataset) -> None:
    table = np.nan_to_num(np.asarray(record["handover"].values))
    involved = np.flatnonzero(table.sum(axis=0) + table.sum(axis=1))
    weight = (table.sum(axis=0) + table.sum(axis=1))[involved]
    involved = np.sort(involved[np.argsort(-weight, kind="stable")[:7]])
    part = table[np.ix_(involved, involved)]
    ids = [str(record["loop"].values[one]) for one in involved]
    axes.set_title("who hands over to whom, shifts per run")
    axes.grid(visible=False)
    if not len(involved):
        axes.text(0.5, 0.5, "no shift in any run", ha="center", transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    largest = part.max()
    axes.imshow(part, cmap="Blues", vmin=0, vmax=1.4 * largest, aspect="auto")
    for row, column in np.ndindex(part.shape):
        value = part[row, column]
        if value > 0:
            dark = value > 0.8 * largest
            text = f"{value:.2f}" if value >= 0.005 else "<0.01"
            axes.text(
                column, row, text, ha="center", va="center", fontsize=8,
                color="white" if dark else "#222222",
            )  # fmt: skip
    axes.set_xticks(range(len(ids)), ids)
    axes.set_yticks(range(len(ids)), ids)
    axes.set_ylabel("hands over")
    axes.set_xlabel("takes over")


def _foot(record: xr.Dataset) -> str:
    runs, failed = record.attrs["runs"], record.attrs["failed_runs"]
    text = f"{runs:,} runs; " + (
        f"{failed:,} failed, and count until then" if failed else "none failed"
    )
    least = record.attrs["least"]
    if least:
        text += f"; a dominating loop holds at least {least:.0%}"
    return wrapped(f"{text}; {record.attrs['speaks_of']}", 150)


def _time_label(units: str) -> str:
    return f"time ({units or 'unit not given'})"
