"""Variables as shapes: names on a white pad, stocks in a box, flows with a small valve.

Stage 5 of 5.  In: a node, its place and half its size.  Out: shapes and words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.drawing.palette import (
    CONTEXT,
    CONTEXT_LINE,
    INK,
    STOCK_EDGE,
    STOCK_FILL,
    WHITE,
)
from loopscope.loops.diagrams.drawing.scene import Words, polygon, rectangle
from loopscope.loops.diagrams.lettering import LEADING, SIZE, width_of

if TYPE_CHECKING:
    from loopscope.loops.diagrams.drawing.scene import Item, Shape
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.records import Node

RAISED = 0.36
"""How far below their middle letters stand, by their size."""

VALVE = 7.0
"""Size of a valve, in points."""


def node_items(node: Node, place: Numbers, half: Numbers) -> list[Item]:
    """Return what stands for a variable."""
    x, y = (float(value) for value in place)
    across, up = (float(value) for value in half)
    items: list[Item] = []
    if node.kind == "stock":
        fill, edge = (WHITE, CONTEXT_LINE) if node.quiet else (STOCK_FILL, STOCK_EDGE)
        items.append(rectangle(x, y, across, up, fill=fill, line=edge, width=1.2))
    else:
        items.append(rectangle(x, y, max(across - 2, 1), max(up - 2, 1), rounded=4.0, fill=WHITE))
    return items + name_items(node, x, y)


def beside_name(node: Node, place: Numbers, paths: Numbers) -> list[Shape]:
    """Return the valve of a flow left of its name, or right of it where fewer links are there.

    Parameters
    ----------
    paths
        Points of links, dims (link, step, 2).
    """
    away = max(width_of(line) for line in node.lines) / 2 + VALVE / 2 + 3.0
    spots = np.asarray(place) + np.array([(-away, 0.0), (away, 0.0)])
    points = paths.reshape(-1, 2)
    near = (np.abs(points[None] - spots[:, None]) < VALVE / 2 + 2.5).all(axis=2).sum(axis=1)
    x, y = (float(value) for value in spots[int(np.argmin(near))])
    return valve_items(x, y, colour_of(node))


def name_items(node: Node, x: float, y: float) -> list[Item]:
    """Return the lines of a name, with their middle at (x, y)."""
    step = LEADING * SIZE
    top = y + step * (len(node.lines) - 1) / 2 - RAISED * SIZE
    return [
        Words(x, top - step * k, line, SIZE, colour_of(node)) for k, line in enumerate(node.lines)
    ]


def colour_of(node: Node) -> str:
    """Return the colour of a name."""
    return CONTEXT if node.quiet else INK


def valve_items(x: float, y: float, colour: str, size: float = VALVE) -> list[Shape]:
    """Return a valve: two triangles, tip to tip."""
    half = size / 2
    return [
        polygon([(x - half, y + half), (x - half, y - half), (x, y)], fill=colour),
        polygon([(x + half, y + half), (x + half, y - half), (x, y)], fill=colour),
    ]
