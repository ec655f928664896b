"""What pictures of indices share: which parameters are shown, their colours, panels, headings.

Beside the entry.  In: the Dataset of ``sensitivity``.  Out: looks and an empty figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from loopscope.analysis.figures import WIDEST
from loopscope.analysis.indices.complete import OK
from loopscope.analysis.indices.layout import main_of
from loopscope.analysis.indices.methods import METHODS
from loopscope.analysis.style import COLOURS, MARKERS, shortened, wrapped
from loopscope.analysis.tables import plain
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from matplotlib.axes import Axes

    from loopscope.analysis.indices.telling import Slice

GUIDE: dict[str, Any] = {"color": "#777777", "linewidth": 1.0, "linestyle": (0, (3, 2))}
"""A line to compare with."""

NOISE = "a parameter that does nothing"

SHOWN = 6
"""Parameters that have a colour of their own."""

MANY = 12
"""Outcomes in one picture."""

AXES = {
    "total": "total index",
    "first": "first-order index",
    "mu_star": "mean size of effect (μ*)",
    "prcc": "partial rank correlation",
    "pawn": "PAWN index",
    "delta": "delta index",
    "distance": "distance of distributions",
    "effect": "effect over the range",
}


def index_of(found: xr.Dataset) -> str:
    """Return the index that a picture shows: that by which the first method ranks."""
    return next(iter(main_of(found).values()))


def shown_slices(cut: Sequence[Slice], index: str) -> list[Slice]:
    """Return the outcomes that have any such index, as many as fit.

    Raises
    ------
    StudyError
        None has: there is nothing to draw.
    """
    known = [one for one in cut if index in one.part and np.any(one.part["status"] == OK)]
    if not known:
        msg = "there is nothing to draw: no outcome varies over the runs, see 'status'"
        raise StudyError(msg)
    return known[:MANY]


def strongest(cut: Sequence[Slice], index: str, most: int = SHOWN) -> list[str]:
    """Return the parameters that matter most: at some time, to some outcome."""
    names = cut[0].part["parameter"].values.tolist()
    best = np.zeros(len(names))
    for one in cut:
        size = np.abs(one.part[index].values).reshape(-1, len(names))
        size = np.where(np.isfinite(size), size, 0.0).max(axis=0)
        if index in ("first", "total"):  # above 1 there is only error
            size = np.minimum(size, 1.0)
        if size.max() > 0:
            best = np.maximum(best, size / size.max())
    order = np.argsort(-best, kind="stable")
    return [names[place] for place in order[:most] if best[place] > 0]


def looks(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return how each parameter is drawn: its own colour and marker."""
    return {
        name: {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
        for place, name in enumerate(names)
    }


def panels(count: int, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with so many panels, in the house style in force."""
    columns = min(2, count)
    lines = -(-count // columns)
    figure = Figure(
        figsize=(WIDEST if columns > 1 else 6.5, lines * height + 0.9), layout="constrained"
    )
    FigureCanvasAgg(figure)
    grid = figure.subplots(lines, columns, squeeze=False)
    for spare in grid.flat[count:]:
        spare.set_axis_off()
    return figure, list(grid.flat[:count])


def head(
    figure: Figure,
    found: xr.Dataset,
    what: str,
    drawn: int,
    names: Sequence[str] = (),
    extra: Sequence[Line2D] = (),
) -> None:
    """Put a title above the panels, and the looks of parameters and of ``extra`` lines."""
    outcomes = found.sizes.get("outcome", 0) + found.sizes.get("metric", 0)
    outcomes *= found.sizes.get("scenario", 1)
    some = f" ({drawn} of {outcomes} outcomes)" if drawn < outcomes else ""
    room = round(figure.get_figwidth() * 10.5)
    texts = (plain(str(found.attrs.get("title", ""))), what[:1].upper() + what[1:] + some)
    heading = "\n".join(wrapped(text, room) for text in texts if text)
    if not names:
        figure.suptitle(heading, x=0.01, ha="left", fontsize=12, fontweight="bold")
        return
    handles = [
        Line2D([], [], label=shortened(plain(name), 44), markersize=4.0, **look)
        for name, look in looks(names).items()
    ]
    handles += extra
    widest = max(len(str(one.get_label())) for one in handles) + 8
    fitting = max(1, int(figure.get_figwidth() * 12.5 / widest))
    legend = figure.legend(
        handles=handles,
        title=heading,
        title_fontproperties={"weight": "bold", "size": 12},
        alignment="left",
        loc="outside upper left",
        ncols=min(len(handles), fitting, 3),
        handlelength=2.2,
    )
    legend.get_title().set_multialignment("left")


def titled(found: xr.Dataset, index: str) -> str:
    """Return the title of the method that an index is of, as it stands in a heading."""
    methods = [METHODS[name] for name in main_of(found)]
    return next((one.title for one in methods if index in one.gives), methods[0].title)
