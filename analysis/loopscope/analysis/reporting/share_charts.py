"""Charts of a report: what loops carry over time, and which of them lead when.

In: relative scores and periods.  Out: ``Scene`` records.  Reinforcing loops stand above the zero
line and balancing ones below it, in warm and cool colours that each loop keeps through the whole
report; areas and bars are named, so that no reader depends on colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.reporting.charts import (
    EDGE,
    INK,
    SMALL,
    SOFT,
    TITLE,
    WIDTH,
    Box,
    thinned,
    ticks,
    time_axis,
)
from loopscope.analysis.style import shortened, wrapped
from loopscope.analysis.tables import plain
from loopscope.loops.diagrams.drawing.scene import Group, Scene, Shape, Words, polygon, stroke
from loopscope.loops.diagrams.lettering import width_of
from loopscope.loops.dominance import NONE
from loopscope.loops.pictures import COOL, OTHER, PLUM, WARM

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.diagrams.drawing.scene import Item
    from loopscope.loops.dominance import Period

    Numbers = NDArray[np.float64]
    Layer = tuple[str, str, Numbers]

TOP = 5
"""Loops of each sign that are shown by themselves."""

ASIDE = 176.0
"""Room for the names of loops beside a chart."""

TALL = 168.0
ROW = 15.0
LABELS = 150.0
"""Room for the names of rows."""

LEAST = 0.07
"""Thickness from which an area is named within."""


def colours_of(polarities: Mapping[str, str]) -> dict[str, str]:
    """Return a colour for each loop, given in the order of their strength, by its polarity."""
    palettes = {"R": WARM, "B": COOL}
    met: dict[str, int] = {}
    found = {}
    for identity, polarity in polarities.items():
        palette = palettes.get(polarity, PLUM)
        number = met.get(polarity, 0)
        met[polarity] = number + 1
        found[identity] = palette[number % len(palette)]
    return found


def share_areas(
    scores: xr.Dataset,
    names: Mapping[str, str],
    colours: Mapping[str, str],
    leads: Sequence[Period],
    pale: Collection[Period] = (),
    *,
    unit: str = "",
) -> Scene:
    """Draw relative scores of a run as stacked areas, with who leads beneath.

    Parameters
    ----------
    scores
        Dims (time, loop), of loops of one partition.
    names
        Of the loops to show by themselves, the strongest of each sign; the rest is "other loops".
    pale
        Periods to draw faintly, for they are led by little.
    """
    time = np.asarray(scores["time"].values, np.float64)
    span = (float(time[0]), float(time[-1]))
    box = Box(left=46.0, right=WIDTH - ASIDE, low=0.0, high=TALL, span=span, range=(-1.0, 1.0))
    items: list[Item] = []
    for value in (-1.0, -0.5, 0.0, 0.5, 1.0):
        y = float(box.y(value))
        items.append(stroke([(box.left, y), (box.right, y)], "#E3E3E3", 0.7))
        items.append(Words(box.left - 4, y - 2.8, f"{abs(value):.0%}", SMALL, SOFT, anchor="end"))
    items.append(Words(0.0, TALL + 8.0, "reinforcing", SMALL, SOFT, anchor="start"))
    items.append(Words(0.0, -14.0, "balancing", SMALL, SOFT, anchor="start"))
    key: list[tuple[str, str]] = []
    for sign in (1, -1):
        layers = _layers(scores, names, colours, sign)
        items += _stack(layers, time, box, sign)
        word = "reinforcing" if sign > 0 else "balancing"
        key += [
            (colour, f"{identity}  {names[identity]}" if identity else f"other {word} loops")
            for identity, colour, _ in layers
        ]
    zero = float(box.y(0.0))
    items.append(stroke([(box.left, zero), (box.right, zero)], "#333333", 1.0))
    strip = Box(left=46.0, right=box.right, low=-38.0, high=-22.0, span=span, range=(0.0, 1.0))
    items += _bars(leads, strip, colours, pale)
    items.append(Words(42.0, -33.0, "leads", SMALL, SOFT, anchor="end"))
    items += time_axis(strip)
    y = TALL - 2.0
    for colour, words in key:
        for number, text in enumerate(wrapped(plain(words), 36).splitlines()[:2]):
            if not number:
                x = box.right + 14.0
                items.append(_bar(x, y - 1.0, 9.0, 8.0, colour))
            items.append(Words(box.right + 28.0, y, text, SMALL, INK, anchor="start"))
            y -= 10.5
        y -= 2.5
    low = min(y, -52.0)
    items.append(
        Words(box.right, low - 8.0, f"time ({unit or 'unit not given'})", SMALL, SOFT, anchor="end")
    )
    return Scene(
        ((Group(tuple(items), "shares"),),), (-4.0, low - 14.0), (WIDTH + 6.0, TALL + 20.0)
    )


def _layers(
    scores: xr.Dataset, names: Mapping[str, str], colours: Mapping[str, str], sign: int
) -> list[Layer]:
    """Return id, colour and share over time of the strongest loops of a sign, then of others."""
    ids = [str(one) for one in scores["loop"].values]
    values = np.nan_to_num(np.asarray(scores["relative"].values, np.float64))
    side = np.maximum(sign * values, 0.0)
    mean = side.mean(axis=0)
    order = [
        n for n in np.argsort(-mean, kind="stable").tolist() if mean[n] > 0 and ids[n] in names
    ]
    chosen = order[:TOP]
    whole = side.sum(axis=1)
    if "reinforcing" in scores and ids:
        place = next((n for n, one in enumerate(ids) if one in names), 0)
        share = np.nan_to_num(np.asarray(scores["reinforcing"].values, np.float64)[:, place])
        moving = np.abs(values).sum(axis=1) > 0
        whole = np.where(moving, share if sign > 0 else 1.0 - share, 0.0)
    layers: list[Layer] = [(ids[n], colours[ids[n]], side[:, n]) for n in chosen]
    left = np.maximum(whole - side[:, chosen].sum(axis=1), 0.0)
    if left.max(initial=0.0) > 1e-6:
        layers.append(("", OTHER, left))
    return layers


def _stack(layers: Sequence[Layer], time: Numbers, box: Box, sign: int) -> list[Item]:
    """Return areas outwards from the zero line, each named where it is thickest."""
    items: list[Item] = []
    base = np.zeros(len(time))
    some = thinned(np.sum([one for _, _, one in layers], axis=0)) if layers else np.arange(0)
    reach = 0.04 * (time[-1] - time[0])
    room = max(1, round(8.0 * len(time) / (box.right - box.left)))
    inner = (time > time[0] + reach) & (time < time[-1] - reach)
    for identity, colour, layer in layers:
        top = base + layer
        x = box.x(time[some])
        below, above = box.y(sign * base[some]), box.y(sign * top[some])
        corners = np.column_stack([np.append(x, x[::-1]), np.append(below, above[::-1])])
        items.append(polygon(corners, fill=colour, line="#FFFFFF", width=0.4))
        thickness = np.where(inner, _around(layer, room), 0.0)
        widest = int(np.argmax(thickness))
        if identity and thickness[widest] > LEAST:
            middle = float(box.y(sign * (base[widest] + top[widest]) / 2))
            place = float(box.x(time[widest]))
            ink = "#FFFFFF" if dark(colour) else "#222222"
            items.append(Words(place, middle - 2.8, identity, SMALL, ink, bold=True))
        base = top
    return items


def _around(layer: Numbers, room: int) -> Numbers:
    """Return the least thickness of a layer within so many saved times of each."""
    padded = np.pad(layer, room)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * room + 1).min(axis=1))


def dark(colour: str) -> bool:
    """Return whether letters on a colour are read better in white."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140


def _bars(
    found: Sequence[Period], box: Box, colours: Mapping[str, str], pale: Collection[Period]
) -> list[Item]:
    """Return periods as a row of named bars."""
    items: list[Item] = []
    for period in found:
        if period.polarity == NONE:
            continue
        leader = period.loops[0] if period.loops else ""
        colour = colours.get(leader, OTHER)
        left, right = float(box.x(period.start)), float(box.x(period.stop))
        faint = period in pale
        shape = _bar(left, box.low, right - left, box.high - box.low, colour)
        if faint:
            shape = Shape(shape.points, closed=True, fill=colour, line="#FFFFFF", alpha=0.35)
        items.append(shape)
        words = "+".join(period.loops) if period.loops else "none"
        for text in (words, f"{leader} and {len(period.loops) - 1} more", leader):
            if width_of(text, 7.0) < right - left - 4.0:
                ink = "#FFFFFF" if dark(colour) and not faint else "#222222"
                items.append(
                    Words((left + right) / 2, (box.low + box.high) / 2 - 2.5, text, 7.0, ink)
                )
                break
    return items


def _bar(x: float, y: float, wide: float, tall: float, colour: str) -> Shape:
    corners = [(x, y), (x + wide, y), (x + wide, y + tall), (x, y + tall)]
    return polygon(corners, fill=colour, line="#FFFFFF", width=0.8)


def lead_rows(
    rows: Mapping[str, Sequence[Period]],
    colours: Mapping[str, str],
    pale: Collection[Period] = (),
    *,
    span: tuple[float, float],
    title: str = "",
    unit: str = "",
    note: str = "",
) -> Scene:
    """Draw who leads when, a row for each run.

    Parameters
    ----------
    rows
        Periods by label; a row without any says so.
    note
        Beneath: what pale means.
    """
    items: list[Item] = []
    y = 0.0
    if title:
        y -= 14.0
        items.append(Words(0.0, y, shortened(title, 84), TITLE, INK, bold=True, anchor="start"))
        y -= 8.0
    box = Box(left=LABELS, right=WIDTH, low=y, high=y, span=span, range=(0.0, 1.0))
    begin = y
    for label, found in rows.items():
        box = Box(left=LABELS, right=WIDTH, low=y - ROW + 1.5, high=y, span=span, range=(0.0, 1.0))
        text = shortened(plain(label), 34)
        items.append(Words(LABELS - 6.0, box.low + 3.5, text, SMALL, INK, anchor="end"))
        if any(one.polarity != NONE for one in found):
            items += _bars(found, box, colours, pale)
        else:
            middle = (LABELS + WIDTH) / 2
            items.append(Words(middle, box.low + 3.5, "none of them leads", 7.5, SOFT))
        y -= ROW
    grid = [
        stroke([(float(box.x(at)), begin), (float(box.x(at)), y)], EDGE, 0.5, dash=(1.0, 3.0))
        for at in ticks(*span, 6)
    ]
    items += [*grid, *time_axis(box)]
    y -= 24.0
    items.append(Words(WIDTH, y, f"time ({unit or 'unit not given'})", SMALL, SOFT, anchor="end"))
    if note:
        items.append(Words(LABELS, y, note, SMALL, SOFT, anchor="start"))
    return Scene(((Group(tuple(items), "leads"),),), (-4.0, y - 6.0), (WIDTH + 16.0, 4.0))
