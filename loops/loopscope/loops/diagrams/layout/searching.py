"""The search on true crossings: coarse for the topology, fine for the rest.

Stage 2 of 5.  In: an ``Indexed`` sketch and places to start from.  Out: better ones, and a place
for each badge.

Budgets are counted in sweeps, never in seconds, and every random number comes from one generator:
the same seed gives the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.costs import UNIT
from loopscope.loops.diagrams.layout.kernels.moving import (
    ANYWHERE,
    BULGES,
    sweep,
)
from loopscope.loops.diagrams.layout.kernels.state import Weights

if TYPE_CHECKING:
    import threading

    from loopscope.loops.diagrams.layout.arrays import Indexed
    from loopscope.loops.diagrams.layout.kernels.moving import Flags
    from loopscope.loops.diagrams.layout.kernels.state import Integers, Numbers, State

CANDIDATES = 20
BADGE_CANDIDATES = 16

COARSE = Weights(
    crossing=2.0, over=0.05, boxes=2.0, stress=0.03, roundness=2.5, visible=0.5, angles=0.15,
    beside=0.05, centring=0.02, badge=0.0, home=0.3,
)  # fmt: skip
FINE = Weights(
    crossing=2.5, over=0.2, boxes=3.0, stress=0.12, roundness=4.0, visible=2.0, angles=2.0,
    beside=0.15, centring=0.02, badge=1.4, home=0.3,
)  # fmt: skip
FINER = FINE._replace(roundness=8.0, angles=3.0)
"""Of the fine search in a view of few loops, which has room for beauty."""

FEW_LOOPS = 10

STRICT = 4.0
"""Weight of a crossing among up to ``VERY_FEW`` variables, which can mostly do without any."""

VERY_FEW = 10


@dataclass(frozen=True, slots=True)
class Known:
    """What holds nodes: where the reader knew them, and which may not move at all.

    Attributes
    ----------
    home
        Dims (node, 2); read where ``known`` is True.
    free
        Numbers of the nodes that may move.
    bending
        Numbers of the links that may be bent.
    stop
        Ends the search early where it is set; what is found then is of no use.
    """

    home: Numbers
    known: Flags
    free: Integers
    bending: Integers
    stop: threading.Event | None = None


def fine_weights(given: Indexed) -> Weights:
    """Return the weights of the fine search."""
    weights = FINER if len(given.loops) <= FEW_LOOPS else FINE
    return weights._replace(crossing=STRICT) if len(given.nodes) <= VERY_FEW else weights


def last_weights(given: Indexed) -> Weights:
    """Return the weights of the last, cold sweeps: what is crooked is put right at its place."""
    weights = fine_weights(given)
    return weights._replace(
        over=4.0 * weights.over, angles=2.0 * weights.angles, visible=3.0 * weights.visible
    )


def anneal(
    given: Indexed,
    state: State,
    weights: Weights,
    held: Known,
    generator: np.random.Generator,
    sweeps: int,
    temperatures: tuple[float, float],
    bend_every: int = 3,
) -> None:
    """Move nodes, links and badges in place, cooling down geometrically.

    Notes
    -----
    One sweep is O(n K d m s**2) for n nodes, K candidates, d links a node, m links of s segments;
    bounding boxes spare most of it.
    """
    n, m, loops = len(given.nodes), len(given.links), len(given.loops)
    size = UNIT * np.sqrt(max(n, 4))
    canvas = np.array([0.75 * size, 0.5 * size])
    moving = loops if weights.badge > 0.0 else 0
    for number in range(sweeps):
        if held.stop is not None and held.stop.is_set():
            return
        share = number / max(sweeps - 1, 1)
        temperature = temperatures[0] * (temperatures[1] / temperatures[0]) ** share
        reach = (0.15 + 1.2 * temperature) * UNIT
        if temperature < 0.1:
            reach *= 0.2 + 0.8 * generator.random() ** 2
        bends = number % bend_every == bend_every - 1 or number == sweeps - 1
        sweep(
            given.shape, state, weights, held.home, held.known,
            generator.permutation(held.free), generator.normal(size=(n, CANDIDATES, 2)),
            generator.uniform(-1.0, 1.0, size=(n, ANYWHERE, 2)),
            generator.gumbel(size=(n, CANDIDATES + 1)),
            generator.permutation(held.bending) if bends else held.bending[:0],
            generator.gumbel(size=(m, len(BULGES) + 3)), 0.06 * generator.normal(size=(m, 2)),
            generator.normal(size=(moving, BADGE_CANDIDATES, 2)),
            generator.uniform(-1.0, 1.0, size=(moving, BADGE_CANDIDATES, 2)),
            temperature, reach, canvas, False,
        )  # fmt: skip


def cost_of(given: Indexed, state: State, weights: Weights) -> float:
    """Return the cost of everything; what is read off the links is brought up to date."""
    n, none, empty = len(given.nodes), np.zeros(0, np.int64), np.zeros((0, 0))
    nothing = np.zeros((0, 0, 2))
    return float(
        sweep(
            given.shape, state, weights, np.zeros((n, 2)), np.zeros(n, np.bool_),
            none, nothing, nothing, empty, none, empty, empty, nothing, nothing,
            0.0, 0.0, np.zeros(2), True,
        )
    )  # fmt: skip


def centre_badges(given: Indexed, state: State) -> None:
    """Put each badge amid the nodes of its loop, in place."""
    number = {name: v for v, name in enumerate(given.names)}
    for which, loop in enumerate(given.loops):
        corners = state.place[[number[name] for name in loop.path]]
        state.place[len(given.nodes) + which] = corners.mean(axis=0)


TURNS = 24
WIDE, WIDER = 0.2, 4.0
"""Weights of centring when everything is turned: in general, and of few nodes."""

FEW_NODES = 12


def turn(given: Indexed, state: State) -> None:
    """Turn everything about its middle so that it is wide rather than high, in place.

    Turning changes nothing but what boxes, which stay upright, are in the way of.
    """
    n = len(given.nodes)
    weights = fine_weights(given)._replace(centring=WIDE if n >= FEW_NODES else WIDER)
    begin = state.place - state.place[:n].mean(axis=0)
    best, chosen = np.inf, begin
    for step in range(TURNS):
        angle = 2.0 * np.pi * step / TURNS
        matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        state.place[:] = begin @ matrix
        cost = cost_of(given, state, weights)
        if cost < best - 1e-9:
            best, chosen = cost, state.place.copy()
    state.place[:] = chosen


COUNTING = Weights(
    crossing=1.0, over=0.3, boxes=2.0, stress=0.0, roundness=0.0, visible=0.0, angles=0.0,
    beside=0.0, centring=0.0, badge=0.0, home=0.0,
)  # fmt: skip


def harm(given: Indexed, state: State) -> float:
    """Return crossings + 0.3 x depth of links in boxes + overlap of boxes / 200 pt^2."""
    return cost_of(given, state, COUNTING)
