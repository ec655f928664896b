"""Tries at a layout of one part: from several starts, or from where it is known.

Stage 2 of 5.  In: a part of a ``Sketch`` in which all is joined.  Out: its ``Layout``.

Level "draft" is one short search, "normal" the better of two, "best" of eight: all are searched
coarsely, and the most promising gone on with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from loopscope.loops.diagrams.layout.arrays import indexed, state_of
from loopscope.loops.diagrams.layout.kernels.costs import loop_holds
from loopscope.loops.diagrams.layout.kernels.moving import whole_cost
from loopscope.loops.diagrams.layout.kernels.state import Weights
from loopscope.loops.diagrams.layout.polishing import polish
from loopscope.loops.diagrams.layout.searching import (
    COARSE,
    FEW_LOOPS,
    Known,
    anneal,
    centre_badges,
    fine_weights,
    last_weights,
    turn,
)
from loopscope.loops.diagrams.layout.starting import bulges, start
from loopscope.loops.diagrams.records import Layout

if TYPE_CHECKING:
    from collections.abc import Collection

    from loopscope.loops.diagrams.layout.arrays import Indexed
    from loopscope.loops.diagrams.layout.kernels.moving import Flags
    from loopscope.loops.diagrams.layout.kernels.state import Numbers, State
    from loopscope.loops.diagrams.records import Sketch

Level = Literal["draft", "normal", "best"]

HOT = (4.0, 0.15)
"""Temperatures of the coarse search, first and last."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a level is.

    Attributes
    ----------
    kept
        Starts that are gone on with after the coarse search.
    coarse, fine, cold
        Sweeps; ``cold`` after each polish.
    """

    starts: int
    kept: int
    coarse: int
    fine: int
    polishes: int
    cold: int


EFFORTS: dict[Level, Effort] = {
    "draft": Effort(starts=1, kept=1, coarse=8, fine=6, polishes=0, cold=0),
    "normal": Effort(starts=2, kept=1, coarse=60, fine=24, polishes=2, cold=8),
    "best": Effort(starts=8, kept=3, coarse=60, fine=24, polishes=2, cold=8),
}

CHOOSING = Weights(
    crossing=1.0, over=0.5, boxes=2.0, stress=0.0, roundness=2.0, visible=1.0, angles=1.0,
    beside=0.1, centring=0.0, badge=0.3, home=0.0,
)  # fmt: skip
"""What starts are compared by."""


def afresh(piece: Sketch, effort: Effort, seed: int, size: int) -> Layout:
    """Lay out one part from several starts, and keep the best; ties to the first."""
    given = indexed(piece, size)
    n = len(given.nodes)
    if n == 1:
        return Layout({given.names[0]: (0.0, 0.0)}, {})
    free = Known(np.zeros((n, 2)), np.zeros(n, np.bool_), np.arange(n))
    begun: list[tuple[float, int, State, np.random.Generator]] = []
    few = min(4, 24 // n)  # starts that cost next to nothing
    for number in range(max(effort.starts, few)):
        generator = np.random.default_rng([seed, number])
        state = state_of(given, *start(given, generator))
        anneal(given, state, COARSE, free, generator, _more(effort.coarse, n), HOT)
        cost = float(whole_cost(given.shape, state, COARSE, free.home, free.known))
        begun.append((cost, number, state, generator))
    rated = []
    for _, number, state, generator in sorted(begun, key=lambda one: one[:2])[
        : max(effort.kept, few)
    ]:
        centre_badges(given, state)
        turn(given, state)
        _refine(given, state, free, effort, generator, 0.15, turning=True)
        rated.append((_rating(given, state), number, state))
    return _layout(given, min(rated, key=lambda one: one[:2])[2])


def again(
    piece: Sketch, layout: Layout, pinned: Collection[str], effort: Effort, seed: int
) -> Layout:
    """Lay out a part of which some variables have places already, from there."""
    given = indexed(piece)
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
    held = Known(home, known, free)
    state = state_of(given, place, bulge)
    centre_badges(given, state)
    fresh = Known(home, known, np.flatnonzero(~known))
    if len(fresh.free):
        anneal(given, state, COARSE, fresh, generator, max(4, effort.coarse // 3), (0.9, 0.12))
    _refine(given, state, held, effort, generator, 0.1)
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


def _rating(given: Indexed, state: State) -> float:
    n, loops = len(given.nodes), len(given.loops)
    weights = CHOOSING if loops > FEW_LOOPS else CHOOSING._replace(angles=2.0)
    share = float(given.shape.care.sum())
    if loops and share > 0:
        weights = weights._replace(roundness=2.0 / share)
    cost = whole_cost(given.shape, state, weights, np.zeros((n, 2)), np.zeros(n, np.bool_))
    outside = sum(
        not loop_holds(which, *state.place[n + which], given.shape, state) for which in range(loops)
    )
    return float(cost) + 0.3 * outside


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
