"""What the search works on, as arrays: what does not move, what moves, and what faults cost.

Stage 2 of 5.  In: arrays.  Out: records of them, which kernels take.

Boxes are those of variables first, then those of badges: a badge is a box without links that wants
to be inside its loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
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
    read: Numbers  # (link, 9): what is read off each link, see below


LOW_X, LOW_Y, HIGH_X, HIGH_Y = 0, 1, 2, 3
"""Columns of ``State.read``: bounding box,"""

AREA, LENGTH, VISIBLE = 4, 5, 6
"""its part of the signed area of a loop, its length, the length between its boxes,"""

AT_CAUSE, AT_EFFECT = 7, 8
"""and the angles in which it leaves its cause and, seen from it, its effect."""

READ = 9


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
