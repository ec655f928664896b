"""Pictures of attributions: a waterfall at a time, and bands over time.

In: a Dataset of ``attribute``.  Out: matplotlib figures.  A mechanism has one colour in both: warm
where it adds on the whole, cool where it takes away; those that carry little are grey together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from loopscope.analysis.attributing.parts import mean_of, parts_of, place_of
from loopscope.analysis.figures import WIDEST
from loopscope.analysis.runs import AS_IT_STANDS
from loopscope.analysis.style import BASE, scale_of, shortened, styled, tick, wrapped
from loopscope.analysis.tables import moment, number, plain
from loopscope.loops.pictures import COOL, OTHER, WARM, called

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from loopscope.analysis.attributing.parts import Parts
    from loopscope.analysis.style import Scale

    Numbers = NDArray[np.float64]

LEFT: dict[str, Any] = {"facecolor": "#FFFFFF", "edgecolor": "#555555", "hatch": "////"}
COLOURED = 8
"""Mechanisms with a colour of their own."""
BANDS = 3.1
"""Height of the bands, in inches."""
ROWS = 12
"""Mechanisms with a row of their own in a waterfall."""
SEEN = 0.004
"""Part of the largest value below which what is left over is not drawn."""


def attribution_figure(
    found: xr.Dataset, outcomes: Sequence[str] = (), at: float | None = None
) -> Figure:
    """Draw bands over time and the waterfall at one, for each outcome.

    Parameters
    ----------
    outcomes
        By name; all by default.
    at
        A saved time; the last by default.
    """
    names = [str(n) for n in found["outcome"].to_numpy()]
    chosen = list(outcomes) or names
    read = [parts_of(found, name, at) for name in chosen]
    heights = [h for one in read for h in (BANDS, _height(one))]
    with styled():
        figure, panels = _sheet(found, heights)
        for place, one in enumerate(read):
            looks = _colours(found, place_of(found, one.outcome))
            _bands(panels[2 * place], found, one.outcome, looks)
            _waterfall(panels[2 * place + 1], found, one, looks)
    return figure


def bands_figure(found: xr.Dataset, outcome: str | None = None) -> Figure:
    """Draw what each mechanism adds over time: gains stacked up, losses down, and their net."""
    place = place_of(found, outcome)
    name = str(found["outcome"].to_numpy()[place])
    with styled():
        figure, (panel,) = _sheet(found, [BANDS])
        _bands(panel, found, name, _colours(found, place))
    return figure


def waterfall_figure(
    found: xr.Dataset, outcome: str | None = None, at: float | None = None
) -> Figure:
    """Draw the way from "with none" to "with all" at a time, the largest part first."""
    one = parts_of(found, outcome, at)
    with styled():
        figure, (panel,) = _sheet(found, [_height(one)])
        _waterfall(panel, found, one, _colours(found, place_of(found, one.outcome)))
    return figure


def _sheet(found: xr.Dataset, heights: Sequence[float]) -> tuple[Figure, Any]:
    """Return a figure with its title and one panel for each height, in inches.

    Panels have margins and legends of their own.
    """
    figure = Figure(figsize=(WIDEST, sum(heights) + 0.45), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)
    title = f"{_heading(found)}: what each mechanism adds"
    figure.suptitle(wrapped(title, 84), x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure, panels[:, 0]


def _heading(found: xr.Dataset) -> str:
    labels = [str(found.attrs[one]) for one in ("scenario", "case") if found.attrs.get(one)]
    run = f"'{', '.join(labels)}'" if labels else AS_IT_STANDS
    spread = f", {found.sizes['run']:,} runs" if "run" in found.sizes else ""
    return f"{called(str(found.attrs['model']))}, {run}{spread}"


def _colours(found: xr.Dataset, place: int) -> dict[str, str]:
    """Return a colour for each of the mechanisms that carry most over time."""
    values = np.nan_to_num(mean_of(found, "value", place))
    carried = np.abs(values).mean(axis=1)
    order = [one for one in np.argsort(-carried, kind="stable") if carried[one] > 0][:COLOURED]
    palettes = {True: iter(WARM * 2), False: iter(COOL * 2)}
    ids = found["mechanism"].to_numpy()
    return {str(ids[one]): next(palettes[bool(values[one].sum() > 0)]) for one in order}


def _bands(figure: Any, found: xr.Dataset, outcome: str, looks: dict[str, str]) -> None:
    place = place_of(found, outcome)
    time = np.asarray(found["time"].to_numpy(), dtype=np.float64)
    values = mean_of(found, "value", place)
    left = mean_of(found, "left_over", place)
    net = mean_of(found, "with_all", place) - mean_of(found, "with_none", place)
    up, down = np.maximum(values, 0).sum(axis=0), np.minimum(values, 0).sum(axis=0)
    largest = max(float(np.nanmax(np.abs(one), initial=0.0)) for one in (up, down, net))
    scale = scale_of(largest, str(found["unit"].to_numpy()[place]))
    ids = [str(one) for one in found["mechanism"].to_numpy()]
    own = [ids.index(one) for one in looks]
    layers = [(ids[one], values[one], looks[ids[one]]) for one in own]
    rest = [one for one in range(len(ids)) if one not in own and values[one].any()]
    if rest:  # gains and losses apart, so that neither hides the other
        layers.append(("", np.maximum(values[rest], 0).sum(axis=0), OTHER))
        layers.append(("", np.minimum(values[rest], 0).sum(axis=0), OTHER))
    axes = figure.subplots()
    tops = {1: np.zeros(len(time)), -1: np.zeros(len(time))}
    for label, layer, colour in layers:
        for sign in (1, -1):
            part = np.nan_to_num(np.maximum(sign * layer, 0.0)) / scale.by
            _band(axes, time, tops[sign], part, sign, colour, label, largest / scale.by)
            tops[sign] = tops[sign] + part
    drawn = float(np.nanmax(np.abs(left), initial=0.0)) > SEEN * largest > 0
    if drawn:
        for sign in (1, -1):
            part = np.nan_to_num(np.maximum(sign * left, 0.0)) / scale.by
            axes.fill_between(
                time, sign * tops[sign], sign * (tops[sign] + part), linewidth=0, **LEFT
            )
    axes.plot(time, net / scale.by, color=BASE, linewidth=2.0, zorder=4)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=BASE, linewidth=2.0, label="with all minus with none")
    ]
    if "run" in found.sizes:
        handles.append(_net_spread(axes, found, place, time, scale))
    names = dict(zip(ids, found["mechanism_name"].to_numpy(), strict=True))
    handles += [Patch(color=looks[one], label=_label(one, names[one], 34)) for one in looks]
    if rest:
        handles.append(Patch(color=OTHER, label=f"{len(rest)} other{'s' * (len(rest) > 1)}"))
    if drawn:
        handles.append(Patch(**LEFT, label="left over"))
    axes.axhline(0.0, color="#333333", linewidth=0.8)
    axes.set_xlim(time[0], time[-1])
    axes.set_title(f"{plain(outcome)} over time")
    axes.set_ylabel(f"added, {shortened(scale.label, 30)}")
    axes.set_xlabel(
        f"time ({plain(str(found['time'].attrs.get('units', ''))) or 'unit not given'})"
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    figure.legend(handles=handles, loc="outside right upper", fontsize=7.5, alignment="left")


def _band(
    axes: Axes,
    time: Numbers,
    base: Numbers,
    part: Numbers,
    sign: int,
    colour: str,
    label: str,
    largest: float,
) -> None:
    if not part.any():
        return
    axes.fill_between(
        time, sign * base, sign * (base + part), color=colour, linewidth=0.4, edgecolor="white"
    )
    inner = slice(len(time) // 20, len(time) - len(time) // 20)
    widest = int(np.argmax(part[inner])) + len(time) // 20
    if label and part[widest] > 0.12 * largest:
        dark = colour in (*WARM[::2], *COOL[::2])
        axes.text(
            time[widest], sign * (base[widest] + part[widest] / 2), shortened(label, 12),
            ha="center", va="center", fontsize=7.5, fontweight="bold",
            color="white" if dark else "#222222", zorder=5,
        )  # fmt: skip


def _net_spread(axes: Axes, found: xr.Dataset, place: int, time: Numbers, scale: Scale) -> Line2D:
    """Draw the outermost quantiles of the net over the ensemble, and return their key."""
    levels = sorted(float(one) for one in found["quantile"].to_numpy())
    net = (found["with_all"] - found["with_none"]).to_numpy()[place]
    net = net[np.isfinite(net).all(axis=1)]
    look: dict[str, Any] = {"color": BASE, "linewidth": 1.0, "linestyle": (0, (3, 2))}
    if len(net):
        for edge in np.quantile(net, [levels[0], levels[-1]], axis=0):
            axes.plot(time, edge / scale.by, zorder=4, **look)
    span = f"{100 * levels[0]:g} to {100 * levels[-1]:g} %"
    return Line2D([], [], **look, label=f"{span} of runs")


def _height(one: Parts) -> float:
    """Return the height of a waterfall, in inches."""
    rows = min(len(one.parts), ROWS) + (len(one.parts) > ROWS) + 3
    return 0.9 + 0.24 * rows


@dataclass(frozen=True, slots=True)
class _Step:
    """One bar of a waterfall: from ``start`` to ``start + value``, quantiles as ends."""

    label: str
    start: float
    value: float
    colour: str
    spread: tuple[float, float] | None = None

    @property
    def reach(self) -> tuple[float, ...]:
        ends = (self.start, self.start + self.value)
        return ends if self.spread is None else (*ends, *(self.start + s for s in self.spread))


def _steps(one: Parts, looks: dict[str, str]) -> list[_Step]:
    """Return the bars between "with none" and "with all"."""
    found: list[_Step] = []
    start = one.none
    for part in one.parts[:ROWS]:
        spread = None if part.low is None or part.high is None else (part.low, part.high)
        colour = looks.get(part.id, OTHER)
        found.append(_Step(_label(part.id, part.name, 44), start, part.value, colour, spread))
        start += part.value
    rest = one.parts[ROWS:]
    if rest:
        total = sum(part.value for part in rest)
        found.append(_Step(f"{len(rest)} others, net", start, total, OTHER))
        start += total
    biggest = max((abs(step.value) for step in found), default=0.0)
    if abs(one.left_over) > SEEN * biggest:
        found.append(_Step("left over", start, one.left_over, ""))
    return found


def _waterfall(figure: Any, found: xr.Dataset, one: Parts, looks: dict[str, str]) -> None:
    steps = _steps(one, looks)
    reach = [one.none, one.every, *(edge for step in steps for edge in step.reach)]
    low, high = float(np.nanmin(reach)), float(np.nanmax(reach))
    # Bars from 0 tell sizes, but only where they leave room for what lies between them.
    grounded = low < 0 < high or 0 <= low < 0.6 * high
    if grounded:
        low, high = min(low, 0.0), max(high, 0.0)
    scale = scale_of(max(abs(low), abs(high)), one.unit)
    room = (high - low or 1.0) / scale.by
    axes = figure.subplots()
    _end(axes, 0, one.none / scale.by, grounded=grounded, room=room)
    _joint(axes, 0, one.none / scale.by)
    for row, step in enumerate(steps, 1):
        _bar(axes, row, step, scale.by, room)
    last = len(steps) + 1
    _end(axes, last, one.every / scale.by, grounded=grounded, room=room)
    labels = ["with none", *(step.label for step in steps), "with all"]
    axes.set_yticks(range(last + 1), labels)
    axes.set_ylim(last + 0.6, -0.6)
    margin = 0.0 if grounded and low >= 0 else 0.02 * room
    axes.set_xlim(low / scale.by - margin, high / scale.by + 0.1 * room)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0, labelcolor="#333333")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.set_xlabel(shortened(scale.label, 60))
    spread = ""
    if "run" in found.sizes:
        levels = sorted(float(level) for level in found["quantile"].to_numpy())
        spread = f"; mean of runs, whiskers {100 * levels[0]:g} to {100 * levels[-1]:g} %"
    when = f"{plain(str(found['time'].attrs.get('units', '')))} {moment(one.time)}".strip()
    axes.set_title(f"{plain(one.outcome)}, {when}{spread}")


def _bar(axes: Axes, row: int, step: _Step, by: float, room: float) -> None:
    """Draw one bar with its whiskers, its number, and the line to the next."""
    start, stop = step.start / by, (step.start + step.value) / by
    look: dict[str, Any] = {"color": step.colour} if step.colour else LEFT
    axes.barh(row, stop - start, left=start, height=0.68, zorder=3, **look)
    _joint(axes, row, stop)
    if step.spread is not None:
        ends = [start + edge / by for edge in step.spread]
        axes.plot(ends, [row, row], color=BASE, linewidth=1.1, zorder=4)
        for end in ends:
            axes.plot([end, end], [row - 0.16, row + 0.16], color=BASE, linewidth=1.1, zorder=4)
    axes.text(
        max(step.reach) / by + 0.008 * room, row,
        f"{'+' if step.value > 0 else ''}{number(step.value / by, 3)}",
        va="center", fontsize=7.5, color="#333333", zorder=5,
    )  # fmt: skip


def _joint(axes: Axes, row: int, value: float) -> None:
    axes.plot([value, value], [row, row + 1], color="#888888", linewidth=0.7, zorder=2)


def _end(axes: Axes, row: int, value: float, *, grounded: bool, room: float) -> None:
    if grounded:
        axes.barh(row, value, height=0.68, color="#666666", zorder=3)
    else:
        axes.plot(value, row, marker="D", color="#666666", markersize=6, zorder=3)
    axes.text(
        max(value, 0.0 if grounded else value) + (0.008 if grounded else 0.02) * room, row,
        number(value, 3), va="center", fontsize=7.5, fontweight="bold", color="#333333", zorder=5,
    )  # fmt: skip


def _label(identity: str, name: str, most: int) -> str:
    return shortened(plain(f"{identity}  {name}".rstrip()), most)
