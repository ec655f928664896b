"""Tries at a layout of one part: from several starts, or from where it is known.

Stage 2 of 5.  In: a part of a ``Sketch`` in which all is joined.  Out: its ``Layout``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.arrays import indexed, state_of
from loopscope.loops.diagrams.layout.dressing import dress
from loopscope.loops.diagrams.layout.efforts import Effort, Level, Steps
from loopscope.loops.diagrams.layout.polishing import polish
from loopscope.loops.diagrams.layout.searching import (
    COARSE,
    VERY_FEW,
    Known,
    anneal,
    centre_badges,
    cost_of,
    fine_weights,
    last_weights,
    turn,
)
from loopscope.loops.diagrams.layout.starting import bulges, start
from loopscope.loops.diagrams.records import Layout

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.arrays import Indexed
    from loopscope.loops.diagrams.layout.dressing import LaidOut
    from loopscope.loops.diagrams.layout.kernels.moving import Flags
    from loopscope.loops.diagrams.layout.kernels.state import Integers, Numbers, State
    from loopscope.loops.diagrams.records import Sketch

    Begun = tuple[float, int, State, np.random.Generator]

__all__ = ["Level", "afresh", "again", "faults"]

HOT = (4.0, 0.15)
"""Temperatures of the coarse search, first and last."""

SHARP = 18.0
"""Links at a node that are closer than this count against a layout, in degrees."""


def afresh(piece: Sketch, effort: Effort, seed: int, size: int, steps: Steps) -> Layout:
    """Lay out one part from several starts, and keep the best; ties to the first."""
    given = indexed(piece, size, sprung=True)
    n = len(given.nodes)
    if n == 1:
        steps.skip(effort.tries(n))
        return Layout({given.names[0]: (0.0, 0.0)}, {})
    free = Known(np.zeros((n, 2)), np.zeros(n, np.bool_), np.arange(n), _bending(given), steps.stop)

    def begin(number: int) -> Begun:
        generator = np.random.default_rng([seed, number])
        state = state_of(given, *start(given, generator))
        anneal(given, state, COARSE, free, generator, _more(effort.coarse, n), HOT)
        return cost_of(given, state, COARSE), number, state, generator

    def finish(begun: Begun) -> tuple[float, int, Layout]:
        _, number, state, generator = begun
        centre_badges(given, state)
        turn(given, state)
        _refine(given, state, free, effort, generator, 0.15, turning=True)
        layout = _layout(given, state)
        return faults(dress(piece, layout)), number, layout

    starts = steps.each(begin, range(effort.begun(n)))
    promising = sorted(starts, key=lambda one: one[:2])[: effort.refined(n)]
    return min(steps.each(finish, promising), key=lambda one: one[:2])[2]


def again(
    piece: Sketch,
    layout: Layout,
    pinned: frozenset[str],
    effort: Effort,
    seed: int,
    steps: Steps,
) -> Layout:
    """Lay out a part of which some variables have places already, from there."""
    given = indexed(piece, sprung=True)
    n = len(given.nodes)
    generator = np.random.default_rng([seed, 0])
    home, known = np.zeros((n, 2)), np.zeros(n, np.bool_)
    for v, name in enumerate(given.names):
        if name in layout.places:
            home[v], known[v] = layout.places[name], True
    place = _neighbourly(given, home, known, generator)
    bulge = bulges(given, place)
    for e, link in enumerate(given.links):
        bulge[e] = layout.bulges.get(link.pair, bulge[e])
    free = np.array([v for v, name in enumerate(given.names) if name not in pinned], np.int64)
    bending = [
        e
        for e in _bending(given)
        if given.links[e].pair not in layout.bulges or not pinned.issuperset(given.links[e].pair)
    ]
    held = Known(home, known, free, np.array(bending, np.int64), steps.stop)
    state = state_of(given, place, bulge)
    centre_badges(given, state)
    fresh = Known(home, known, np.flatnonzero(~known), held.bending, steps.stop)
    if len(fresh.free):
        anneal(given, state, COARSE, fresh, generator, max(4, effort.coarse // 3), (0.9, 0.12))
    _refine(given, state, held, effort, generator, 0.1)
    steps.skip(effort.tries(n))
    return _layout(given, state)


def _refine(
    given: Indexed,
    state: State,
    held: Known,
    effort: Effort,
    generator: np.random.Generator,
    warm: float,
    *,
    turning: bool = False,
) -> None:
    """Search finely, polish, and cool down, in place."""
    weights = fine_weights(given)
    anneal(
        given, state, weights, held, generator, _more(effort.fine, len(given.nodes)), (warm, 0.02)
    )
    weights = last_weights(given)
    for number in range(effort.polishes):
        if turning and number == effort.polishes - 1:
            turn(given, state)
        polish(given, state, held)
        anneal(given, state, weights, held, generator, effort.cold, (0.04, 0.005))


def _more(sweeps: int, nodes: int) -> int:
    """Return more sweeps where nodes are few: a draft of a small sketch costs nothing."""
    return max(sweeps, min(60, 400 // nodes))


def _bending(given: Indexed) -> Integers:
    """Return the numbers of the links that may be bent."""
    return np.array([e for e, link in enumerate(given.links) if link.kind != "pipe"], np.int64)


def faults(laid: LaidOut) -> float:
    """Return how bad a picture is: in crossings, less twice the roundness."""
    quality = laid.quality
    total = (
        quality.crossings * (3.0 if len(laid.sketch.nodes) <= VERY_FEW else 1.0)
        + 2.0 * quality.link_over_box
        + 2.0 * quality.label_on_label
    )
    total += quality.label_on_link + 0.5 * quality.leaders_touching
    total += 0.4 * (quality.badges - quality.badges_inside)
    if quality.smallest_angle < SHARP:
        total += 0.5 + 4.0 * (SHARP - quality.smallest_angle) / SHARP
    return total - 2.0 * quality.roundness if quality.badges else total


def _neighbourly(
    given: Indexed, home: Numbers, known: Flags, generator: np.random.Generator
) -> Numbers:
    """Return places in which new nodes begin amid the nodes they are linked with."""
    place = home.copy()
    middle = home[known].mean(axis=0) if known.any() else np.zeros(2)
    done = known.copy()
    for _ in range(len(done)):
        for v in np.flatnonzero(~done):
            links = [e for e, link in enumerate(given.links) if given.names[v] in link.pair]
            ends = {int(w) for e in links for w in (given.shape.tail[e], given.shape.head[e])}
            met = [w for w in ends if done[w]]
            if met:
                place[v] = place[sorted(met)].mean(axis=0) + 30.0 * generator.normal(size=2)
                done[v] = True
    for v in np.flatnonzero(~done):
        place[v] = middle + given.spacing * generator.normal(size=2)
    return place


def _layout(given: Indexed, state: State) -> Layout:
    place = state.place[: len(given.nodes)]
    return Layout(
        {name: (float(x), float(y)) for name, (x, y) in zip(given.names, place, strict=True)},
        {link.pair: float(h) for link, h in zip(given.links, state.bulge, strict=True)},
    )
