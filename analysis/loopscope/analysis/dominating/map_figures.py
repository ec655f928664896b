"""Pictures of dominance over two parameters.

In: the record of ``dominance_map``.  Out: a matplotlib figure.  Each cell has the id of its loop,
or a hatch where cells are many, so that no reader depends on colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from loopscope.analysis.dominating.looks import (
    HATCHES,
    MOST,
    NOTHING,
    OTHER,
    Look,
    beneath,
    heading_of,
    look,
)
from loopscope.analysis.style import shortened, styled, tick, wrapped
from loopscope.analysis.tables import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

WIDTH = 8.0
"""Inches."""

NAMED = 12
"""Cells along an axis up to which each has the id of its loop; beyond, hatches tell them apart."""


def map_figure(
    record: xr.Dataset, title: str = "", looks: Mapping[str, Look] | None = None
) -> Figure:
    """Draw which loop dominates over two parameters: paler where fewer runs of a cell agree.

    Cells with too few runs are left white and crossed out.

    Parameters
    ----------
    looks
        By loop, those of another picture.
    """
    leader = np.asarray(record["leader"].values, dtype=np.float64)
    share = np.nan_to_num(np.asarray(record["share"].values, dtype=np.float64))
    x, y = (np.asarray(record[f"{axis}_edges"].values, dtype=np.float64) for axis in "xy")
    known = leader[np.isfinite(leader)].astype(np.int64)
    codes, counts = np.unique(known, return_counts=True)
    order = [int(code) for code in codes[np.argsort(-counts, kind="stable")] if code >= 0]
    drawn = _looks(record, order, looks or {})
    with styled():
        figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for row, column in np.ndindex(leader.shape):
            ends = [float(one) for one in (x[column], x[column + 1], y[row], y[row + 1])]
            code = float(leader[row, column])
            _cell(axes, ends, code, float(share[row, column]), drawn)
            if code >= 0 and max(leader.shape) <= NAMED:
                _label(axes, ends, str(record["loop"].values[int(code)]), record)
        for axis, edges in (("x", x), ("y", y)):
            facts = record[axis].attrs
            unit = plain(str(facts.get("units", ""))) or "unit not given"
            label = shortened(f"{plain(str(facts['parameter']))} ({unit})", 60)
            getattr(axes, f"set_{axis}label")(label)
            getattr(axes, f"set_{axis}lim")(edges[0], edges[-1])
            if _even_in_logarithm(edges):
                getattr(axes, f"set_{axis}scale")("log")
            getattr(axes, f"{axis}axis").set_major_formatter(
                FuncFormatter(lambda value, _: tick(value))
            )
        axes.grid(visible=False)
        figure.legend(
            handles=_legend(record, drawn, order, known, leader), loc="outside right upper",
            fontsize=8, alignment="left", title="dominates most often\nin a cell",
            title_fontsize=8.5,
        )  # fmt: skip
        when = f"{record.attrs['at']:.6g}"
        heading = title or heading_of(record, f"which loop dominates at {when}")
        figure.suptitle(wrapped(heading, 84), x=0.01, ha="left", fontsize=12, fontweight="bold")
        beneath(figure, _foot(record, leader))
    return figure


def _looks(record: xr.Dataset, order: Sequence[int], given: Mapping[str, Look]) -> dict[int, Look]:
    """Return the look of each loop on a map: as given, else the next that is free."""
    ids = [str(one) for one in record["loop"].values]
    free = (look(place) for place in range(len(given) + len(order)))
    unused = (one for one in free if one not in given.values())
    found: dict[int, Look] = {}
    for place, code in enumerate(order):
        fallback = next(unused) if place < MOST else OTHER
        found[code] = given.get(ids[code], fallback)
        if max(record["leader"].shape) > NAMED:
            found[code] = {**found[code], "hatch": HATCHES[place % len(HATCHES)]}
    return found


def _even_in_logarithm(edges: Numbers) -> bool:
    if edges[0] <= 0 or len(edges) < 3:
        return False
    ratios = edges[1:] / edges[:-1]
    return bool(np.allclose(ratios, ratios[0], rtol=1e-3) and ratios[0] > 1.001)


def _cell(
    axes: Axes, ends: Sequence[float], leader: float, share: float, looks: Mapping[int, Look]
) -> None:
    from matplotlib.patches import Rectangle

    left, right, low, high = ends
    style: Look = {"facecolor": "white", "edgecolor": "#CCCCCC", "hatch": "xx", "linewidth": 0}
    if not np.isnan(leader):
        strength = 0.25 + 0.75 * max(0.0, (share - 0.3) / 0.7)
        base = looks[int(leader)] if leader >= 0 else NOTHING
        style = {**base, "edgecolor": "white", "linewidth": 0.6, "alpha": strength}
    axes.add_patch(Rectangle((left, low), right - left, high - low, **style))


def _label(axes: Axes, ends: Sequence[float], text: str, record: xr.Dataset) -> None:
    """Write the id of the loop into its cell, in the middle as the axes count."""
    left, right, low, high = ends
    x = (
        np.sqrt(left * right)
        if _even_in_logarithm(record["x_edges"].values)
        else (left + right) / 2
    )
    y = np.sqrt(low * high) if _even_in_logarithm(record["y_edges"].values) else (low + high) / 2
    axes.text(
        x, y, text, ha="center", va="center", fontsize=7.5, color="#111111",
        bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "alpha": 0.6, "linewidth": 0},
    )  # fmt: skip


def _legend(
    record: xr.Dataset,
    looks: Mapping[int, Look],
    order: Sequence[int],
    known: NDArray[np.int64],
    leader: Numbers,
) -> list[Patch]:
    names = record["loop_name"].values
    handles = []
    for code in order[:MOST]:
        label = f"{record['loop'].values[code]}  {plain(str(names[code]))}".rstrip()
        handles.append(
            Patch(
                label=wrapped(shortened(label, 60), 30),
                edgecolor="#888888",
                linewidth=0.4,
                **looks[code],
            )
        )
    if len(order) > MOST:
        handles.append(Patch(label="other tracked loops", **OTHER))
    if (known < 0).any():
        handles.append(Patch(label="nothing", edgecolor="#888888", linewidth=0.4, **NOTHING))
    if np.isnan(leader).any():
        handles.append(
            Patch(label="too few runs", facecolor="white", edgecolor="#CCCCCC", hatch="xx")
        )
    return handles


def _foot(record: xr.Dataset, leader: Numbers) -> str:
    text = "each cell is one run" if record["runs"].max() == 1 else ""
    text = text or "paler: fewer runs of the cell agree (full colour: all of them)"
    if np.isnan(leader).any():
        fewest = record.attrs["fewest"]
        text += (
            f"; crossed out: fewer than {fewest} runs" if fewest > 1 else "; crossed out: no run"
        )
    return text
