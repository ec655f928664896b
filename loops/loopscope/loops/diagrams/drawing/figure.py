"""A laid out diagram as a matplotlib figure, in the style sheet of diagrams.

Stage 5 of 5.  In: a ``LaidOut``.  Out: a ``Figure`` in which one unit is one point.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Arc, Circle, FancyBboxPatch, Polygon, Rectangle

from loopscope.loops.diagrams.layout.badges import NAME_GAP, NAME_LEADING, NAME_SIZE, RADIUS
from loopscope.loops.diagrams.layout.labels import MARK, head_length
from loopscope.loops.diagrams.lettering import LEADING, SIZE, width_of
from loopscope.loops.style import styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.layout.laying import LaidOut
    from loopscope.loops.diagrams.records import Place

INK = "#14202B"
STOCK_FILL, STOCK_EDGE = "#EAF1F8", "#23364A"
QUIET = "#5B6770"
SIGN_COLOUR = {"+": "#0072B2", "-": "#C8470A", "?": "#6B6B6B"}
SIGN_TEXT = {"+": "+", "-": "−", "?": "?"}  # noqa: RUF001 - a minus sign is meant
LOOP_COLOUR = {"R": "#7A1F5C", "B": "#0B6B4F", "U": "#6B6B6B"}
EDGE = 14.0
KEY_ROW = 13.0
CIRCLE = 12.6
LEGEND = 7.8


def draw(laid: LaidOut, *, title: str = "", subtitle: str = "") -> Figure:
    """Draw a diagram with its legend and, where names are left out, a key of its loops.

    Parameters
    ----------
    title, subtitle
        Above the diagram; none where empty.
    """
    low, high = _extent(laid)
    key = _key(laid)
    wide = high[0] - low[0] + 2 * EDGE + (218.0 if key else 0.0)
    wide = max(wide, _legend_width(laid) + 2 * EDGE)
    top = (28.0 if title else 0.0) + (16.0 if subtitle else 0.0)
    key_height = sum(KEY_ROW + 9.0 * (len(lines) - 1) for _, _, lines in key) + 30.0
    tall = max(high[1] - low[1], key_height) + 2 * EDGE + top + 40.0
    with styled():
        figure = Figure(figsize=(wide / 72, tall / 72))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        left, upper = low[0] - EDGE, high[1] + EDGE + top
        axes.set_xlim(left, left + wide)
        axes.set_ylim(upper - tall, upper)
        _links(axes, laid)
        _nodes(axes, laid)
        _labels(axes, laid)
        if title:
            axes.text(left + EDGE, upper - 20, title, fontsize=14, fontweight="bold", color=INK)
        if subtitle:
            axes.text(left + EDGE, upper - 36, subtitle, fontsize=8.5, color=QUIET)
        if key:
            _draw_key(axes, key, high[0] + EDGE + 12.0, high[1])
        _legend(axes, laid, left + EDGE, upper - tall + 18.0)
    return figure


def _extent(laid: LaidOut) -> tuple[Numbers, Numbers]:
    picture = laid.picture
    points = [picture.place - picture.half, picture.place + picture.half]
    points += [picture.low, picture.high, laid.signs - 6.0, laid.signs + 6.0]
    for badge in laid.badges:
        x, y, across, up = badge.rectangle
        points.append(np.array([[x - across, y - up], [x + across, y + up]]))
    every = np.concatenate(points)
    return every.min(axis=0), every.max(axis=0)


def _links(axes: Axes, laid: LaidOut) -> None:
    picture = laid.picture
    for e, link in enumerate(picture.given.links):
        path = _without_head(picture.paths[e], head_length(link.width) * 0.8)
        axes.plot(
            *path.T, color="white", linewidth=link.width + 3.2, solid_capstyle="butt",
            zorder=2 + 0.001 * e,
        )  # fmt: skip
        axes.plot(
            *path.T, color=SIGN_COLOUR[link.sign], linewidth=link.width, solid_capstyle="butt",
            linestyle=(0, (4, 2.5)) if link.sign == "?" else "-", zorder=2.0005 + 0.001 * e,
        )  # fmt: skip
        _arrowhead(axes, picture.paths[e], link.width, SIGN_COLOUR[link.sign])
        if e in laid.marks:
            mark = laid.marks[e]
            _delay(axes, mark.place, mark.angle, link.width)


def _arrowhead(axes: Axes, path: Numbers, width: float, colour: str, zorder: float = 4.0) -> None:
    length = head_length(width)
    tip, behind = path[-1], _without_head(path, length)[-1]
    along = tip - behind
    along /= max(float(np.hypot(*along)), 1e-9)
    across = np.array([-along[1], along[0]]) * 0.42 * length
    base = tip - along * length
    notch = tip - along * 0.82 * length
    axes.add_patch(
        Polygon(
            [tip, base + across, notch, base - across], closed=True, facecolor=colour,
            edgecolor="white", linewidth=0.6, zorder=zorder,
        )
    )  # fmt: skip


def _without_head(path: Numbers, length: float) -> Numbers:
    """Return a path cut short at its end, by a length along it."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    stop = max(along[-1] - length, 0.05 * along[-1])
    inner = path[along < stop]
    end = [np.interp(stop, along, path[:, axis]) for axis in range(2)]
    found: Numbers = np.vstack([inner, end])
    return found


def _delay(axes: Axes, place: Place, angle: float, width: float) -> None:
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    middle = np.array(place)
    gap = np.array([middle - 3.0 * along, middle + 3.0 * along])
    axes.plot(*gap.T, color="white", linewidth=width + 3.2, solid_capstyle="butt", zorder=4.1)
    for side in (-2.4, 2.4):
        ends = np.array([middle + side * along + t * MARK * across for t in (-1, 1)])
        axes.plot(*ends.T, color=INK, linewidth=1.6, solid_capstyle="butt", zorder=4.2)


def _nodes(axes: Axes, laid: LaidOut) -> None:
    picture = laid.picture
    for node, (x, y), (across, up) in zip(
        picture.given.nodes, picture.place, picture.half, strict=True
    ):
        if node.kind == "stock":
            axes.add_patch(
                Rectangle(
                    (x - across, y - up), 2 * across, 2 * up, facecolor=STOCK_FILL,
                    edgecolor=STOCK_EDGE, linewidth=1.2, zorder=5,
                )
            )  # fmt: skip
        else:
            axes.add_patch(
                FancyBboxPatch(
                    (x - across + 2, y - up + 2), 2 * across - 4, 2 * up - 4,
                    boxstyle="round,pad=0,rounding_size=4", facecolor="white", edgecolor="none",
                    zorder=4.9,
                )
            )  # fmt: skip
        step = LEADING * SIZE
        for k, line in enumerate(node.lines):
            base = y + step * ((len(node.lines) - 1) / 2 - k) - 0.36 * SIZE
            axes.text(x, base, line, fontsize=SIZE, color=INK, ha="center", zorder=6)


def _labels(axes: Axes, laid: LaidOut) -> None:
    for link, (x, y) in zip(laid.picture.given.links, laid.signs, strict=True):
        axes.text(
            x, y - 0.36 * 11.5, SIGN_TEXT[link.sign],
            fontsize=11.5, fontweight="bold", color=SIGN_COLOUR[link.sign], ha="center", zorder=7,
        )  # fmt: skip
    for loop, badge in zip(laid.picture.given.loops, laid.badges, strict=True):
        colour = LOOP_COLOUR[loop.polarity]
        if badge.leader is not None:
            start, end = np.array(badge.place), np.array(badge.leader)
            away = (end - start) / max(float(np.hypot(*(end - start))), 1e-9)
            ends = np.array([start + RADIUS * away, end])
            axes.plot(*ends.T, color=colour, linewidth=0.7, linestyle=(0, (1, 1.5)), zorder=7.5)
        _badge(axes, badge.place, loop.id, loop.polarity, badge.sense == "clockwise")
        for k, line in enumerate(badge.lines):
            y = badge.place[1] - RADIUS - NAME_GAP - NAME_LEADING * NAME_SIZE * (k + 0.8)
            axes.text(
                badge.place[0], y, line, fontsize=NAME_SIZE, style="italic", color=colour,
                ha="center", zorder=8,
            )  # fmt: skip


def _badge(axes: Axes, place: Place, text: str, polarity: str, clockwise: bool) -> None:
    colour = LOOP_COLOUR[polarity]
    axes.add_patch(Circle(place, RADIUS, facecolor="white", edgecolor="none", zorder=8))
    if polarity == "R":
        axes.add_patch(Circle(place, 9.6, facecolor=colour, edgecolor="none", zorder=8.1))
    axes.add_patch(
        Arc(place, 2 * CIRCLE, 2 * CIRCLE, theta1=135, theta2=405, color=colour, lw=1.3, zorder=8.1)
    )
    turn = -1.0 if clockwise else 1.0
    end = np.radians(135.0 if clockwise else 45.0)
    centre = np.array(place)
    at = centre + CIRCLE * np.array([np.cos(end), np.sin(end)])
    along = turn * np.array([-np.sin(end), np.cos(end)])
    across = np.array([-along[1], along[0]]) * 3.2
    corners = [at + along * 4.2, at + across - along * 1.6, at - across - along * 1.6]
    axes.add_patch(Polygon(corners, closed=True, facecolor=colour, edgecolor="none", zorder=8.2))
    size = {1: 8.2, 2: 8.2, 3: 7.0}.get(len(text), 6.0)
    axes.text(
        *place, text, fontsize=size, fontweight="bold", ha="center", va="center_baseline",
        color="white" if polarity == "R" else colour, zorder=8.3,
    )  # fmt: skip


def _key(laid: LaidOut) -> list[tuple[str, str, list[str]]]:
    """Return id, polarity and wrapped name of each loop, where a badge lacks its name."""
    loops = laid.picture.given.loops
    if all(badge.lines or not loop.name for loop, badge in zip(loops, laid.badges, strict=True)):
        return []

    def rank(which: int) -> tuple[int, int, str]:
        loop = loops[which]
        digits = "".join(c for c in loop.id if c.isdigit())
        return "RBU".index(loop.polarity), int(digits or 0), loop.id

    order = sorted(range(len(loops)), key=rank)
    return [
        (loops[k].id, loops[k].polarity, textwrap.wrap(loops[k].name, 38) or [""]) for k in order
    ]


def _draw_key(axes: Axes, key: list[tuple[str, str, list[str]]], left: float, top: float) -> None:
    axes.text(left, top - 10, "Loops", fontsize=8.5, fontweight="bold", color=INK)
    y = top - 28.0
    for identity, polarity, lines in key:
        colour = LOOP_COLOUR[polarity]
        axes.add_patch(
            FancyBboxPatch(
                (left, y - 2.5), 22, 9.6, boxstyle="round,pad=0,rounding_size=2.4",
                facecolor=colour if polarity == "R" else "white", edgecolor=colour, lw=1.0,
            )
        )  # fmt: skip
        axes.text(
            left + 11, y + 2.2, identity, fontsize=6.2, fontweight="bold", ha="center",
            va="center_baseline", color="white" if polarity == "R" else colour,
        )  # fmt: skip
        for k, line in enumerate(lines):
            axes.text(left + 28, y - 9.0 * k, line, fontsize=7.2, color=INK)
        y -= KEY_ROW + 9.0 * (len(lines) - 1)


def _entries(laid: LaidOut) -> list[tuple[str, str, float]]:
    """Return what the legend explains: a key, its words, and the width of its picture."""
    given = laid.picture.given
    found = [
        (sign, words, 41.0)
        for sign, words in (("+", "same direction"), ("-", "opposite direction"))
        if any(link.sign == sign for link in given.links)
    ]
    if any(link.sign == "?" for link in given.links):
        found.append(("?", "sign unknown", 41.0))
    if laid.marks:
        found.append(("delay", "delay", 30.0))
    if any(node.kind == "stock" for node in given.nodes):
        found.append(("stock", "stock", 30.0))
    found += [
        (polarity, words, 2 * RADIUS + 4.0)
        for polarity, words in (("R", "reinforcing"), ("B", "balancing"), ("U", "not known"))
        if any(loop.polarity == polarity for loop in given.loops)
    ]
    return found


def _legend_width(laid: LaidOut) -> float:
    return sum(icon + width_of(words, LEGEND) + 18.0 for _, words, icon in _entries(laid))


def _legend(axes: Axes, laid: LaidOut, left: float, y: float) -> None:
    x = left
    for key, words, icon in _entries(laid):
        if key in SIGN_COLOUR:
            colour = SIGN_COLOUR[key]
            dashes = (0, (4, 2.5)) if key == "?" else "-"
            axes.plot([x, x + 22.0], [y, y], color=colour, linewidth=1.4, linestyle=dashes)
            _arrowhead(axes, np.array([[x, y], [x + 28.0, y]]), 1.4, colour)
            axes.text(
                x + 33.0, y + 1.0, SIGN_TEXT[key], fontsize=10, fontweight="bold", ha="center",
                color=colour,
            )  # fmt: skip
        elif key == "delay":
            axes.plot([x, x + 24.0], [y, y], color=INK, linewidth=1.2)
            _delay(axes, (x + 12.0, y), 0.0, 1.4)
        elif key == "stock":
            axes.add_patch(
                Rectangle((x, y - 6.5), 24, 13, fc=STOCK_FILL, ec=STOCK_EDGE, linewidth=1.2)
            )
        else:
            _badge(axes, (x + RADIUS, y), key, key, clockwise=False)
        axes.text(x + icon, y - 2.8, words, fontsize=LEGEND, color=INK)
        x += icon + width_of(words, LEGEND) + 18.0
