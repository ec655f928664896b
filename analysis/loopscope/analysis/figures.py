"""Pictures of runs, fit to be printed.

In: runs.  Out: matplotlib figures, one panel a variable.  The first run is the base: black, the
others in colours that colour-blind readers tell apart, each with its own marker.  Every axis names
its unit, large numbers are counted in thousands or millions, legends stand outside the data.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation

from loopscope.analysis.highlights import MOST, outcomes
from loopscope.analysis.measures import Fit, fits
from loopscope.analysis.observed import in_units_of
from loopscope.analysis.runs import Run, moves
from loopscope.analysis.style import (
    CHANGE,
    COLOURS,
    MARKERS,
    Scale,
    line,
    scale_of,
    settle,
    shortened,
    styled,
    tick,
    wrapped,
)
from loopscope.analysis.tables import number, plain
from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from loopscope.models.case import Case, Observed

WIDEST = 8.0
"""Width of a picture, in inches."""

LETTERS_AN_INCH, LETTERS_OF_A_LINE = 13, 9
"""What a legend has room for, and what the sample of a line beside its label takes of it."""

MANY = 36
"""Panels that one picture may have."""


def pictured(runs: Sequence[Run], named: Sequence[str] = (), case: Case | None = None) -> Figure:
    """Return the picture of a ``run`` command: against observations, side by side, or alone."""
    if case is not None and case.observed and not named:
        return case_figure(runs, case)
    observed = case.observed if case is not None else ()
    if len(runs) > 1:
        return small_multiples(runs, named, observed)
    return overview(runs, named, observed)


def overview(
    runs: Sequence[Run],
    named: Sequence[str] = (),
    observed: Sequence[Observed] = (),
    title: str | None = None,
) -> Figure:
    """Draw the key variables of runs in large panels.

    Parameters
    ----------
    runs
        The first is the base.
    named
        Variables; the model's key outcomes by default.
    observed
        Measured series; drawn where their variable is.
    title
        Above the panels; model and run by default.
    """
    if title is None:
        title = f"{called(runs[0])}: {runs[0].label}"
        if len(runs) > 1:
            title = f"{called(runs[0])}: compared with '{runs[0].label}'"
    return _panels(runs, _names(runs[0], named), observed, title, columns=2, height=2.3)


def small_multiples(
    runs: Sequence[Run],
    named: Sequence[str] = (),
    observed: Sequence[Observed] = (),
    title: str | None = None,
) -> Figure:
    """Draw runs against the first of them, one small panel a variable."""
    if title is None:
        title = f"{called(runs[0])}: compared with '{runs[0].label}'"
    return _panels(runs, _names(runs[0], named), observed, title, columns=3, height=1.95)


def case_figure(runs: Sequence[Run], case: Case) -> Figure:
    """Draw runs against what was observed, one panel a variable, with the errors of the first."""
    seen = case.observed
    names = list(dict.fromkeys(runs[0].find(s.variable, "observed variable") for s in seen))
    title = f"{called(runs[0])}, {case.title or case.name}: run (line) and observations"
    return _panels(runs, names, seen, title, columns=2, height=2.9, errors=True)


def called(run: Run) -> str:
    """Return the name of a run's model as a heading."""
    name = run.model.replace("_", " ")
    return name[:1].upper() + name[1:]


def _names(run: Run, named: Sequence[str]) -> list[str]:
    if named:
        return outcomes(run, named)
    chosen = outcomes(run)
    return ([name for name in chosen if moves(run.values[name])] or chosen)[:MOST]


def _panels(
    runs: Sequence[Run],
    names: Sequence[str],
    observed: Sequence[Observed],
    title: str,
    *,
    columns: int,
    height: float,
    errors: bool = False,
) -> Figure:
    """Draw one panel for each variable."""
    if len(names) > MANY:
        msg = f"a picture can show {MANY} variables, not {len(names)}; name fewer with --output"
        raise RunError(msg)
    columns = min(columns, len(names))
    rows = -(-len(names) // columns)
    with styled():
        width = WIDEST if columns > 1 else 6.5
        figure = Figure(figsize=(width, rows * height + 0.9), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(rows, columns, squeeze=False)
        for spare in grid.flat[len(names) :]:
            spare.set_axis_off()
        room = max(12, round((width / columns - 0.6) * 13))
        for place, (axes, name) in enumerate(zip(grid.flat, names, strict=False)):
            scale = _draw(axes, runs, name, room)
            seen = [s for s in observed if runs[0].find(s.variable) == name]
            if seen:
                _points(axes, runs[0], seen, scale, round(1.6 * room), errors=errors)
            frame(axes)
            if errors or place + columns >= len(names):  # else the panel beneath says it
                axes.set_xlabel(f"time ({plain(runs[0].time_units) or 'unit not given'})")
        change = _mark_change(list(grid.flat[: len(names)]), runs)
        _head(figure, runs, title, change)
        settle(figure)
    return figure


def _draw(axes: Axes, runs: Sequence[Run], name: str, room: int) -> Scale:
    """Draw one variable of each run, and return how it is counted."""
    known = [run.values[name][np.isfinite(run.values[name])] for run in runs]
    largest = max(float(np.max(np.abs(values), initial=0.0)) for values in known)
    scale = scale_of(largest, runs[0].units[name])
    # The base lies on top: where nothing differs, that is what is seen.
    for place, run in reversed(list(enumerate(runs))):
        every = max(1, len(run.time) // 7)
        axes.plot(
            run.time,
            run.values[name] / scale.by,
            markevery=(every * (place % 7) // 7, every),
            zorder=3 if place == 0 else 2,
            **line(place),
        )
        failed = run.failure is not None and np.isfinite(run.values[name])
        if np.any(failed):  # a cross where the run left the finite numbers
            last = np.flatnonzero(failed)[-1]
            colour = line(place)["color"]
            axes.plot(run.time[last], run.values[name][last] / scale.by, "x", color=colour, ms=8)
            axes.set_xlim(run.time[0], run.time[-1])
    axes.set_title(wrapped(plain(name), room))
    axes.set_ylabel(shortened(scale.label, 34))
    return scale


def frame(axes: Axes) -> None:
    """Set ticks and limits when everything is drawn."""
    steps = [1, 2, 2.5, 5, 10]
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=steps))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=steps))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.margins(x=0.02)
    low, high = axes.dataLim.intervaly
    if low == high == 0:
        axes.set_ylim(0, 1)
    elif 0 <= low < 0.6 * high:  # a quantity half of which is cut off looks livelier than it is
        axes.set_ylim(0, 1.06 * high)


def _points(
    axes: Axes, run: Run, observed: Sequence[Observed], scale: Scale, room: int, *, errors: bool
) -> None:
    """Draw measured series, and name them beneath, with the errors of a run."""
    for place, (given, its) in enumerate(zip(observed, fits(run, observed), strict=True)):
        series = in_units_of(given, its.variable, its.units)
        label = wrapped(plain(series.series), room) + (f"\n{_errors(its)}" if errors else "")
        axes.plot(
            series.times,
            np.asarray(series.values) / scale.by,
            linestyle="none",
            marker=MARKERS[place % len(MARKERS)],
            markersize=4.5,
            markerfacecolor="white",
            markeredgecolor=COLOURS[(place + 1) % len(COLOURS)],
            markeredgewidth=1.2,
            label=label,
            zorder=4,
            clip_on=False,
        )
    figure = axes.get_figure(root=True)
    assert figure is not None
    beneath = ScaledTranslation(-4 / 72, -31 / 72, figure.dpi_scale_trans)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=axes.transAxes + beneath,
        borderaxespad=0,
        fontsize=7.5,
        handletextpad=0.2,
    )


def _errors(found: Fit) -> str:
    if not found.points:
        return "all outside the run"
    scale = scale_of(found.rmse, found.units)
    mape = f", MAPE {number(found.mape, 2)} %" if math.isfinite(found.mape) else ""
    return f"RMSE {number(found.rmse / scale.by, 2)} {scale.label}{mape}"


def _mark_change(panels: Sequence[Axes], runs: Sequence[Run]) -> bool:
    """Mark when the first path of a setting begins; return whether there is such a time."""
    first = min((run.changed for run in runs if run.changed is not None), default=None)
    several = len(runs) > 1
    if not several or first is None or not runs[0].time[0] < first < runs[0].time[-1]:
        return False
    for axes in panels:
        axes.axvline(first, **CHANGE, zorder=1)
    return True


def _head(figure: Figure, runs: Sequence[Run], title: str, change: bool) -> None:
    """Put title and legend above the panels."""
    heading = wrapped(plain(title), round(figure.get_figwidth() * 10.5))
    if len(runs) == 1:
        figure.suptitle(heading, x=0.01, ha="left", fontsize=12, fontweight="bold")
        return
    handles = [
        Line2D([], [], **line(place), label=shortened(plain(run.label), 40))
        for place, run in enumerate(runs)
    ]
    if change:
        handles.append(Line2D([], [], **CHANGE, label="changes begin"))
    needs = [len(str(handle.get_label())) + LETTERS_OF_A_LINE for handle in handles]
    room = figure.get_figwidth() * LETTERS_AN_INCH
    fitting = len(needs) if sum(needs) <= room else int(room / max(needs))
    legend = figure.legend(
        handles=handles,
        title=heading,  # a title of the figure would be laid over the legend
        title_fontproperties={"weight": "bold", "size": 12},
        alignment="left",
        loc="outside upper left",
        ncols=max(1, min(len(handles), fitting, 5 if figure.get_figwidth() >= WIDEST else 3)),
        handlelength=2.4,
        columnspacing=1.6,
        borderpad=0.2,
    )
    legend.get_title().set_multialignment("left")
