"""What the search works on, as arrays, and how the geometry of one link is kept up to date.

Stage 2 of 5.  In: places and bulges.  Out: polylines and what is read off them, one row a link.

Boxes are those of variables first, then those of badges: a badge is a box without links that wants
to be inside its loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from loopscope.loops.diagrams.layout.kernels.compiling import compiled
from loopscope.loops.diagrams.layout.kernels.curves import (
    directions,
    drawn_part,
    length_between,
    trace_curve,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Integers = NDArray[np.int64]


class Shape(NamedTuple):
    """What does not move.

    Lists of lists are flat, with the place where each begins: ``links_at[first_at[v]:first_at[v +
    1]]`` are the links at node v.
    """

    tail: Integers
    head: Integers
    half: Numbers  # (box, 2): half the width and height
    need: Numbers  # (link,): visible length
    desired: Numbers  # (node, node): distance
    springs: Numbers  # (node, node): weight of the stress
    first_at: Integers
    links_at: Integers
    first_in: Integers
    links_in: Integers  # of loops, in causal order
    care: Numbers  # (loop,): share of the loop in the roundness cost
    first_through: Integers
    loops_through: Integers  # of links
    first_with: Integers
    loops_with: Integers  # of nodes


class State(NamedTuple):
    """What moves, and what is read off it."""

    place: Numbers  # (box, 2)
    bulge: Numbers  # (link,)
    points: Numbers  # (link, step, 2)
    low: Numbers  # (link, 2): bounding box
    high: Numbers
    area: Numbers  # (link,): its part of the signed area of a loop
    length: Numbers
    visible: Numbers
    angle: Numbers  # (link, 2): at the cause, at the effect


class Weights(NamedTuple):
    """What each fault costs."""

    crossing: float
    over: float
    boxes: float
    stress: float
    roundness: float
    visible: float
    angles: float
    beside: float
    centring: float
    badge: float
    home: float  # moved away from where the reader knew it


@compiled
def retrace(e: int, shape: Shape, state: State) -> None:
    """Bring everything that is read off one link up to date."""
    tail, head = shape.tail[e], shape.head[e]
    place, half = state.place, shape.half
    h = state.bulge[e]
    points = state.points[e]
    trace_curve(place[tail, 0], place[tail, 1], place[head, 0], place[head, 1], h, points)
    area, length = 0.0, 0.0
    low_x, low_y, high_x, high_y = points[0, 0], points[0, 1], points[0, 0], points[0, 1]
    for k in range(1, len(points)):
        x, y, was_x, was_y = points[k, 0], points[k, 1], points[k - 1, 0], points[k - 1, 1]
        area += was_x * y - x * was_y
        length += np.sqrt((x - was_x) ** 2 + (y - was_y) ** 2)
        low_x, low_y = min(low_x, x), min(low_y, y)
        high_x, high_y = max(high_x, x), max(high_y, y)
    state.area[e] = 0.5 * area
    state.length[e] = length
    state.low[e, 0], state.low[e, 1] = low_x, low_y
    state.high[e, 0], state.high[e, 1] = high_x, high_y
    begin, end = drawn_part(points, place[tail], half[tail], place[head], half[head])
    state.visible[e] = length_between(points, begin, end)
    start, stop = directions(place[head, 0] - place[tail, 0], place[head, 1] - place[tail, 1], h)
    state.angle[e, 0], state.angle[e, 1] = start, stop


@compiled
def retrace_all(shape: Shape, state: State) -> None:
    """Bring everything that is read off all links up to date."""
    for e in range(len(shape.tail)):
        retrace(e, shape, state)


@compiled
def retrace_at(v: int, shape: Shape, state: State) -> None:
    """Bring the links at one node up to date."""
    for k in range(shape.first_at[v], shape.first_at[v + 1]):
        retrace(shape.links_at[k], shape, state)
