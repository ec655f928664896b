"""Pictures of scores: who pushes how hard, and who dominates when.

Stage 4 of 4.  In: scores of one run, or several methods compared.  Out: matplotlib figures.

Reinforcing loops stand above the zero line and balancing ones below it, in warm and cool colours
(violet: a loop whose sign is not proved); each area is named, so that no reader depends on colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from loopscope.loops.dominance import NONE, Period, periods
from loopscope.loops.style import QUIET, shortened, styled, wrapped
from loopscope.models.errors import LoopError, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

WARM = ("#D55E00", "#E69F00", "#A6461F", "#F3B98A", "#7A3B00", "#FFD9A8")
COOL = ("#0072B2", "#56B4E9", "#009E73", "#9CC9E3", "#0B3C5D", "#8FD3BF")
PLUM = ("#7B5AA6", "#C3A6E8", "#54307F", "#DCC9F2")
OTHER = "#C9C9C9"
WIDTH = 8.0
"""Inches."""


def areas(
    scores: xr.Dataset,
    *,
    top: int = 5,
    only: Sequence[str] | None = None,
    leads: Sequence[Period] | None = None,
    pale: Collection[Period] = (),
    title: str = "",
    partition: int | None = None,
) -> Figure:
    """Draw relative scores over time as stacked areas, reinforcing above, balancing below.

    Parameters
    ----------
    scores
        Of one run, dims (time, loop).
    top
        Loops of each sign shown by themselves; the rest is "other loops", held or not.
    only
        Ids among which they are chosen; all by default.
    leads
        Periods shown beneath; those of all loops by default.
    pale
        Those of them to draw faintly, for they are led by little.
    partition
        Number of the partition; the one that most loops are in by default.

    Raises
    ------
    LoopError
        Scores of more than one run or mode, or nothing that ever moves.
    """
    relative = scores["relative"]
    if relative.dims != ("time", "loop"):
        msg = f"a picture shows one run: choose one of {shown(relative.dims)} with .isel"
        raise LoopError(msg)
    values = np.nan_to_num(np.asarray(relative.values, dtype=np.float64))
    numbers = np.asarray(scores["partition"].values)
    chosen = int(np.bincount(numbers).argmax()) if partition is None else partition
    inside = np.flatnonzero(numbers == chosen)
    if not len(inside) or not values[:, inside].any():
        msg = "there is nothing to draw: no loop of this partition carries anything in this run"
        raise LoopError(msg)
    named = _names(scores)
    with styled():
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        FigureCanvasAgg(figure)
        chart, strip = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 0.07], "hspace": 0.02}
        )
        time = np.asarray(scores["time"].values, dtype=np.float64)
        handles: list[Patch] = []
        allowed = np.isin(scores["loop"].values[inside], list(only)) if only else None
        reinforcing = None
        if "reinforcing" in scores:
            reinforcing = np.nan_to_num(scores["reinforcing"].values[:, inside[0]])
        colours: dict[str, str] = {}
        for sign, palette in ((1, WARM), (-1, COOL)):
            side = np.maximum(sign * values[:, inside], 0.0)
            mean = side.mean(axis=0)
            order = np.argsort(-mean, kind="stable")
            order = order[mean[order] > 0]
            mine = order if allowed is None else order[allowed[order]]
            shown_loops = mine[:top]
            layers = [side[:, one] for one in shown_loops]
            whole = side.sum(axis=1)
            if reinforcing is not None:
                moving = np.abs(values[:, inside]).sum(axis=1) > 0
                whole = np.where(moving, reinforcing if sign > 0 else 1.0 - reinforcing, 0.0)
            left = np.maximum(whole - sum(layers, np.zeros(len(time))), 0.0)
            ids = [str(scores["loop"].values[inside[one]]) for one in shown_loops]
            looks = [palette[n % len(palette)] for n in range(len(ids))]
            if left.max(initial=0.0) > 1e-6:
                layers.append(left)
                looks.append(OTHER)
            colours |= dict(zip(ids, looks, strict=False))
            _stack(chart, time, layers, looks, ids, sign)
            handles += [Patch(color=c, label=named[i]) for c, i in zip(looks, ids, strict=False)]
            if left.max(initial=0.0) > 1e-6:
                word = "reinforcing" if sign > 0 else "balancing"
                handles.append(Patch(color=OTHER, label=f"all other {word} loops"))
        chart.axhline(0.0, color="#333333", linewidth=1.0)
        chart.set_ylim(-1.0, 1.0)
        chart.yaxis.set_major_locator(MaxNLocator(8))
        chart.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{abs(v):.0%}"))
        chart.set_ylabel("balancing          reinforcing")
        chart.set_xlim(time[0], time[-1])
        told = periods(scores) if leads is None else leads
        _strip(strip, [p for p in told if p.partition == chosen], colours, pale)
        if leads is not None:
            strip.set_yticks([0], ["leads"])
        strip.set_xlabel(f"time ({scores['time'].attrs.get('units') or 'unit not given'})")
        strip.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))
        legend = figure.legend(
            handles=handles, loc="outside right upper", fontsize=8, alignment="left",
            title="share of what drives\nthe model, by loop", title_fontsize=8.5,
        )  # fmt: skip
        legend.get_title().set_color(QUIET)
        heading = title or f"{called(scores.attrs['model'])}: which loops drive it"
        figure.suptitle(wrapped(heading, 84), x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def called(model: str) -> str:
    """Return the name of a model as a heading."""
    name = model.replace("_", " ")
    return name[:1].upper() + name[1:]


def _names(scores: xr.Dataset) -> dict[str, str]:
    names = scores["name"].values if "name" in scores else [""] * scores.sizes["loop"]
    return {
        str(one): shortened(f"{one}  {name}".rstrip(), 40)
        for one, name in zip(scores["loop"].values, names, strict=True)
    }


def _stack(
    axes: Axes,
    time: NDArray[np.float64],
    layers: Sequence[NDArray[np.float64]],
    looks: Sequence[str],
    ids: Sequence[str],
    sign: int,
) -> None:
    """Draw layers outwards from the zero line, and name each where it is widest."""
    base = np.zeros(len(time))
    reach = 0.03 * (time[-1] - time[0])
    inner = (time > time[0] + reach) & (time < time[-1] - reach)
    for number, layer in enumerate(layers):
        top = base + layer
        axes.fill_between(
            time, sign * base, sign * top, color=looks[number], linewidth=0.4, edgecolor="white"
        )
        thickness = np.where(inner, layer, 0.0)
        widest = int(np.argmax(thickness))
        if number < len(ids) and thickness[widest] > 0.07:
            dark = number in (0, 2, 4)
            axes.text(
                time[widest], sign * (base[widest] + top[widest]) / 2, ids[number],
                ha="center", va="center", fontsize=8, fontweight="bold",
                color="white" if dark else "#222222",
            )  # fmt: skip
        base = top


def _strip(
    axes: Axes,
    found: Sequence[Period],
    colours: Mapping[str, str],
    pale: Collection[Period] = (),
) -> None:
    """Draw periods of dominance as one row of named bars, some of them pale."""
    for period in found:
        leader = period.loops[0] if period.loops else ""
        colour = colours.get(leader, OTHER)
        axes.barh(
            0, period.stop - period.start, left=period.start, height=1.0, color=colour,
            edgecolor="white", linewidth=1.0, alpha=0.35 if period in pale else 1.0,
        )  # fmt: skip
        low, high = axes.get_xlim()
        room = int(76 * (period.stop - period.start) / max(high - low, 1e-300))
        text = "+".join(period.loops) if period.loops else "none"
        if len(text) > room:
            several = f"{leader} and {len(period.loops) - 1} more"
            text = several if len(period.loops) > 1 and len(several) <= room else leader
        if len(text) <= room:
            light = period in pale or colour in (OTHER, *WARM[1::2], *COOL[1::2], *PLUM[1::2])
            axes.text(
                (period.start + period.stop) / 2, 0, text, ha="center", va="center",
                fontsize=7, color="#222222" if light else "white", clip_on=True,
            )  # fmt: skip
    axes.set_ylim(-0.5, 0.5)
    axes.set_yticks([0], ["dominant"])
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)


def timeline(
    found: Mapping[str, Sequence[Period]],
    *,
    units: str = "",
    title: str = "",
    span: tuple[float, float] | None = None,
    pale: Collection[Period] = (),
    note: str = "",
) -> Figure:
    """Draw the periods of dominance of several methods, or scenarios, one row each.

    Parameters
    ----------
    found
        By row label; a row without periods says so.
    span
        First and last time; those of the periods by default.
    pale
        Periods to draw faintly.
    note
        Beneath the picture: what pale means.
    """
    every = [period for row in found.values() for period in row]
    if span is None:
        if not every:
            msg = "there is nothing to draw: no method has a period of dominance"
            raise LoopError(msg)
        span = (min(p.start for p in every), max(p.stop for p in every))
    totals: dict[str, dict[str, float]] = {"R": {}, "B": {}, "U": {}}
    for period in every:
        if period.loops and period.polarity in totals:
            side = totals[period.polarity]
            leader = period.loops[0]
            side[leader] = side.get(leader, 0.0) + period.stop - period.start
    colours: dict[str, str] = {}
    for polarity, palette in (("B", COOL), ("R", WARM), ("U", PLUM)):
        ranked = sorted(totals[polarity], key=lambda one: (-totals[polarity][one], one))
        colours |= {leader: palette[n % len(palette)] for n, leader in enumerate(ranked)}
    with styled():
        figure = Figure(figsize=(WIDTH, 0.9 + 0.36 * len(found)), layout="constrained")
        FigureCanvasAgg(figure)
        rows = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (label, row) in zip(rows, found.items(), strict=True):
            axes.set_xlim(*span)
            _strip(axes, [p for p in row if p.polarity != NONE], colours, pale)
            axes.set_yticks([0], [shortened(label, 34)])
            if not row:
                axes.text(
                    0.5, 0.5, "nothing to say", transform=axes.transAxes, ha="center",
                    va="center", fontsize=7.5, color=QUIET,
                )  # fmt: skip
        rows[-1].set_xlabel(f"time ({units or 'unit not given'})" + (f"\n{note}" if note else ""))
        rows[-1].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))
        heading = title or "Which loops dominate when"
        figure.suptitle(wrapped(heading, 84), x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure
