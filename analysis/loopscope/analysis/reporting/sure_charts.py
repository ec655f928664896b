"""Charts of a report that say how sure one can be: bands, probabilities, bars.

In: quantiles, probabilities, numbers with intervals.  Out: ``Scene`` records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.reporting.charts import (
    ABOVE,
    BELOW,
    BETWEEN,
    GUTTER,
    HEADING,
    INK,
    SMALL,
    SOFT,
    WIDTH,
    Box,
    axes,
    limits,
    thinned,
    time_axis,
)
from loopscope.analysis.reporting.share_charts import dark
from loopscope.analysis.style import scale_of, shortened, tick
from loopscope.analysis.tables import plain
from loopscope.loops.diagrams.drawing.scene import Group, Scene, Words, polygon, rectangle, stroke
from loopscope.loops.pictures import OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from loopscope.loops.diagrams.drawing.scene import Item

    Numbers = NDArray[np.float64]

BLUES = ("#CFE3F2", "#97C2E2", "#56A0D3")
MIDDLE = "#0B3C5D"
UP, DOWN = "#0072B2", "#C8470A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Where the runs of a sweep lie.

    Attributes
    ----------
    edges
        Pairs of lower and upper quantiles, the widest first; dims (time,) each.
    middle, base
        The median, and the model as it stands; the latter at times of its own.
    """

    name: str
    units: str
    time: Numbers
    edges: tuple[tuple[Numbers, Numbers], ...]
    middle: Numbers
    base: tuple[Numbers, Numbers]


def band_panels(bands: Sequence[Band], *, unit: str, words: Sequence[str]) -> Scene:
    """Draw bands, a panel each.

    Parameters
    ----------
    words
        What each of the bands holds, the widest first: for the legend.
    """
    columns = min(2, len(bands))
    wide = (WIDTH - BETWEEN * (columns - 1)) / columns
    tall = 112.0
    items = _band_legend(words)
    for place, band in enumerate(bands):
        row, column = divmod(place, columns)
        left = column * (wide + BETWEEN)
        top = -24.0 - row * (ABOVE + tall + BELOW + BETWEEN) - ABOVE
        items += _band(band, left, left + wide, top - tall, top)
    low = -24.0 - -(-len(bands) // columns) * (ABOVE + tall + BELOW + BETWEEN)
    items.append(Words(WIDTH, low + 2.0, f"time ({unit})", SMALL, SOFT, anchor="end"))
    return Scene(((Group(tuple(items), "bands"),),), (-2.0, low - 3.0), (WIDTH + 16.0, 2.0))


def _band_legend(words: Sequence[str]) -> list[Item]:
    items: list[Item] = []
    x = 0.0
    for colour, text in zip(BLUES, words, strict=False):
        items.append(rectangle(x + 8.0, -8.0, 8.0, 4.5, fill=colour))
        items.append(Words(x + 21.0, -11.0, text, 9.0, INK, anchor="start"))
        x += 40.0 + 5.6 * len(text)
    for colour, text, dash in ((MIDDLE, "middle", None), ("#222222", "as it stands", (3.0, 2.0))):
        items.append(stroke([(x, -8.0), (x + 18.0, -8.0)], colour, 1.6, dash=dash))
        items.append(Words(x + 23.0, -11.0, text, 9.0, INK, anchor="start"))
        x += 42.0 + 5.6 * len(text)
    return items


def _band(band: Band, left: float, right: float, low: float, high: float) -> list[Item]:
    widest = np.concatenate([*band.edges[0], band.base[1]])
    known = widest[np.isfinite(widest)]
    least, most = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    scale = scale_of(max(abs(least), abs(most)), band.units)
    span = (float(band.time[0]), float(band.time[-1]))
    box = Box(
        left=left + GUTTER, right=right, low=low, high=high, span=span,
        range=limits(least / scale.by, most / scale.by),
    )  # fmt: skip
    heading = shortened(plain(band.name), 44)
    items: list[Item] = [
        Words(left, high + 16.0, heading, HEADING, INK, bold=True, anchor="start"),
        Words(left, high + 5.0, shortened(scale.label, 44), SMALL, SOFT, anchor="start"),
        *axes(box),
    ]
    some = thinned(band.middle)
    for (below, above), colour in zip(band.edges, BLUES, strict=False):
        inside = some[np.isfinite(below[some]) & np.isfinite(above[some])]
        if len(inside) > 1:
            x = box.x(band.time[inside])
            upper, lower = box.y(above[inside] / scale.by), box.y(below[inside] / scale.by)
            corners = np.column_stack([np.append(x, x[::-1]), np.append(lower, upper[::-1])])
            items.append(polygon(corners, fill=colour))
    for time, values, colour, dash in (
        (band.time, band.middle, MIDDLE, None), (*band.base, "#222222", (3.0, 2.0)),
    ):  # fmt: skip
        here = thinned(values)
        here = here[np.isfinite(values[here])]
        if len(here) > 1:
            points = np.column_stack([box.x(time[here]), box.y(values[here] / scale.by)])
            items.append(stroke(points, colour, 1.4, dash=dash))
    return items


def probability_areas(
    time: Numbers, shares: Mapping[str, Numbers], names: Mapping[str, str],
    colours: Mapping[str, str], *, unit: str,
) -> Scene:  # fmt: skip
    """Draw how probable it is that each loop leads, stacked; the rest: none does."""
    box = Box(
        left=46.0, right=WIDTH - 176.0, low=0.0, high=150.0,
        span=(float(time[0]), float(time[-1])), range=(0.0, 1.0),
    )  # fmt: skip
    items: list[Item] = []
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = float(box.y(value))
        items.append(stroke([(box.left, y), (box.right, y)], "#E3E3E3", 0.7))
        items.append(Words(box.left - 4.0, y - 2.8, f"{value:.0%}", SMALL, SOFT, anchor="end"))
    base = np.zeros(len(time))
    y = 146.0
    x = box.x(time)
    for identity, layer in shares.items():
        top = base + layer
        colour = colours.get(identity, OTHER)
        below, above = box.y(base), box.y(top)
        corners = np.column_stack([np.append(x, x[::-1]), np.append(below, above[::-1])])
        items.append(polygon(corners, fill=colour, line="#FFFFFF", width=0.4))
        inner = layer.copy()
        inner[[0, -1]] = 0.0
        widest = int(np.argmax(inner))
        if inner[widest] > 0.09:
            middle = float(box.y((base[widest] + top[widest]) / 2)) - 2.8
            ink = "#FFFFFF" if dark(colour) else "#222222"
            items.append(Words(float(x[widest]), middle, identity, SMALL, ink, bold=True))
        items.append(rectangle(box.right + 18.5, y + 3.0, 4.5, 4.0, fill=colour))
        text = shortened(f"{identity}  {plain(names.get(identity, ''))}".rstrip(), 32)
        items.append(Words(box.right + 28.0, y, text, SMALL, INK, anchor="start"))
        y -= 12.5
        base = top
    items += time_axis(box)
    low = min(-26.0, y)
    words = f"time ({unit}); white: no set of these loops leads"
    items.append(Words(box.right, low, words, SMALL, SOFT, anchor="end"))
    return Scene(((Group(tuple(items), "leads"),),), (-4.0, low - 6.0), (WIDTH + 6.0, 160.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A number with its interval; NaN ends where there is none."""

    label: str
    value: float
    low: float = float("nan")
    high: float = float("nan")


def bar_rows(groups: Mapping[str, Sequence[Bar]], *, words: str = "") -> Scene:
    """Draw signed numbers as bars from one zero line, a group under a heading each.

    Parameters
    ----------
    words
        Beneath: what the numbers are.
    """
    every = [bar for bars in groups.values() for bar in bars]
    ends = [one for bar in every for one in (bar.value, bar.low, bar.high) if np.isfinite(one)]
    least, most = min(0.0, *ends, 0.0), max(0.0, *ends, 0.0)
    room = 0.04 * ((most - least) or 1.0)
    box = Box(
        left=236.0, right=WIDTH - 44.0, low=0.0, high=0.0,
        span=(least - room, most + room), range=(0.0, 1.0),
    )  # fmt: skip
    zero = float(box.x(0.0))
    items: list[Item] = []
    y = 0.0
    for heading, bars in groups.items():
        y -= 15.0
        text = shortened(plain(heading), 80)
        items.append(Words(0.0, y, text, HEADING, INK, bold=True, anchor="start"))
        y -= 3.0
        for bar in bars:
            y -= 13.0
            x = float(box.x(bar.value))
            label = shortened(plain(bar.label), 44)
            items.append(Words(box.left - 36.0, y, label, SMALL, INK, anchor="end"))
            colour = UP if bar.value >= 0 else DOWN
            wide = max(abs(x - zero), 0.5) / 2
            items.append(rectangle((x + zero) / 2, y + 3.0, wide, 4.0, fill=colour))
            far = x
            if np.isfinite(bar.low) and np.isfinite(bar.high):
                first, last = float(box.x(bar.low)), float(box.x(bar.high))
                items.append(stroke([(first, y + 3.0), (last, y + 3.0)], "#222222", 1.0))
                far = last if bar.value >= 0 else first
            right = bar.value >= 0
            place = far + 4.0 if right else far - 4.0
            number = (
                f"{bar.value:+.2f}" if abs(most - least) <= 4 else tick(float(f"{bar.value:.3g}"))
            )
            anchor = "start" if right else "end"
            items.append(Words(place, y, number, SMALL, SOFT, anchor=anchor))  # type: ignore[arg-type]
        y -= 4.0
    items.insert(0, stroke([(zero, -18.0), (zero, y)], "#999999", 0.8))
    y -= 10.0
    if words:
        items.append(Words(0.0, y, words, SMALL, SOFT, anchor="start"))
    return Scene(((Group(tuple(items), "bars"),),), (-4.0, y - 6.0), (WIDTH + 6.0, 2.0))
