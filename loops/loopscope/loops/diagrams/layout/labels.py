"""Delay marks and signs: where they stand beside their links.

Stage 3 of 5.  In: a ``Drawn``.  Out: one place a mark and a sign.  Each avoids what is there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.lines import distances, lengths_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.loops.diagrams.layout.drawn import Drawn
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.layout.lines import Flags
    from loopscope.loops.diagrams.records import Link, Place

MARKS = (0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.3, 0.7, 0.25, 0.2)
"""Places of a delay mark along its link, the best first."""

MARK = 6.5
"""Half the length of a bar of a delay mark, in points."""

BARS = 3.2
"""Half of what both bars of a delay mark take along the link, in points."""

SIGN = 5.25
"""Half the size of a sign, in points."""

BACK = (4.0, 9.0, 15.0, 22.0, 30.0, 40.0, 55.0, 75.0, 100.0, 130.0)
AWAY = (7.5, 10.0, 13.0, 17.0)
"""Distances of a sign from its arrowhead along the link, and from the line."""

CLOSE = 7.0
"""Signs closer than this to each other are easily taken for each other's, in points."""

NEVER = 25.0
"""Cost of a label on a label: more than any detour."""

ROUNDS = 12

WIDEST = 4.0
"""Width of the link with the highest score there can be, in points."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A delay mark: two bars across a link.

    Attributes
    ----------
    angle
        Of the link there, in radians.
    """

    place: Place
    angle: float

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """Centre and halves of the upright rectangle around its bars."""
        along, up = abs(math.cos(self.angle)), abs(math.sin(self.angle))
        return *self.place, BARS * along + MARK * up, BARS * up + MARK * along


def head_length(width: float) -> float:
    """Return the length of an arrowhead, in points."""
    return 6.5 + 1.5 * width


def widest_of(links: Sequence[Link]) -> float:
    """Return the width that labels leave room for: with scores, that of any time."""
    if any(link.score is not None for link in links):
        return WIDEST
    return max((link.width for link in links), default=0.0)


def marks(picture: Drawn) -> Mapping[int, Mark]:
    """Return the delay mark of each delayed link, by number of the link."""
    found: dict[int, Mark] = {}
    delayed = [e for e, link in enumerate(picture.given.links) if link.delay]
    for e in delayed:
        spots = [_mark_at(picture, e, share) for share in MARKS]
        points = np.array([spot.place for spot in spots])
        others = np.arange(len(picture.paths)) != e
        away = distances(picture.paths[others], points)
        cost = (
            0.02 * np.arange(len(MARKS)) + (away < 8.0).sum(axis=0) + 2.0 * (away < 5.0).sum(axis=0)
        )
        rectangles = np.array([spot.rectangle for spot in spots])
        cost += NEVER * overlapping(rectangles, picture.boxes).sum(axis=1)
        wider = rectangles + np.array([0.0, 0.0, 4.0, 4.0])
        cost += 0.5 * overlapping(wider, picture.boxes).sum(axis=1)
        there = np.array([mark.rectangle for mark in found.values()]).reshape(-1, 4)
        cost += NEVER * overlapping(rectangles, there).sum(axis=1)
        cost += 0.5 * overlapping(wider, there).sum(axis=1)
        found[e] = spots[int(np.argmin(cost))]
    return found


def signs(picture: Drawn, delayed: Mapping[int, Mark], widest: float | None = None) -> Numbers:
    """Return the centre of each sign, dims (link, 2).

    Parameters
    ----------
    widest
        Room is left for links of this width, in points; None for ``widest_of`` the links.

    Notes
    -----
    The cheapest place of at most ``len(BACK) * 2 * len(AWAY)``, then sweeps until no sign wants to
    move.
    """
    m = len(picture.paths)
    if not m:
        return np.zeros((0, 2))
    width = widest_of(picture.given.links) if widest is None else widest
    candidates = [_candidates(picture, e, width) for e in range(m)]
    places = [spots for spots, _ in candidates]
    costs = [cost for _, cost in candidates]
    spots = np.concatenate(places)
    owner = np.repeat(np.arange(m), [len(one) for one in places])
    grown = np.column_stack([spots, np.full((len(spots), 2), SIGN + width / 2)])
    square = np.column_stack([spots, np.full((len(spots), 2), SIGN)])
    on_links = lengths_in(picture.paths, picture.low, picture.high, grown).sum(axis=0)
    total = np.concatenate(costs) + 0.6 * on_links / 2.0 + 0.8 * (on_links > 0)
    total += NEVER * overlapping(square, picture.boxes).sum(axis=1)
    there = np.array([mark.rectangle for mark in delayed.values()]).reshape(-1, 4)
    total += NEVER * overlapping(square, there).sum(axis=1)
    back = max(1, round(4.0 / max(float(picture.lengths.mean()), 1.0) * picture.paths.shape[1]))
    heads = picture.paths[:, -1 - back]  # about the middle of arrowheads
    apart = spots[:, None] - heads[None]
    far: Numbers = np.hypot(apart[..., 0], apart[..., 1])
    close: Flags = far < 9.0 + width
    close[np.arange(len(spots)), owner] = False
    total += 1.2 * close.sum(axis=1)
    costs = np.split(total, np.flatnonzero(np.diff(owner)) + 1)
    return _settled(places, costs)


def overlapping(ones: Numbers, others: Numbers) -> Flags:
    """Return which rectangles share more than a trifle, dims (one, other)."""
    apart = np.abs(ones[:, None, :2] - others[None, :, :2])
    shared: Flags = apart < ones[:, None, 2:] + others[None, :, 2:] - 0.05
    return shared[..., 0] & shared[..., 1]


def _settled(places: Sequence[Numbers], costs: Sequence[Numbers]) -> Numbers:
    """Return a place of each sign such that none wants another."""
    chosen = [int(np.argmin(cost)) for cost in costs]
    spot = np.array([spots[k] for spots, k in zip(places, chosen, strict=True)])
    for _ in range(ROUNDS):
        changed = False
        for e, spots in enumerate(places):
            apart = np.abs(spots[:, None] - spot[None]).max(axis=2)
            apart[:, e] = np.inf
            total = costs[e] + NEVER * (apart < 2 * SIGN).sum(axis=1)
            total += 0.35 * (apart < 2 * SIGN + CLOSE).sum(axis=1)
            best = int(np.argmin(total))
            if total[best] < total[chosen[e]] - 1e-9:
                chosen[e], spot[e], changed = best, spots[best], True
        if not changed:
            break
    return spot


def _candidates(picture: Drawn, e: int, width: float) -> tuple[Numbers, Numbers]:
    path, length = picture.paths[e], picture.lengths[e]
    last = len(path) - 1
    inner = -np.sign(picture.bulge[e])  # a positive bulge is to the left: its hollow is right
    spots, cost = [], []
    for back in BACK:
        at = 1.0 - min((head_length(width) + back) / length, 0.9)
        k = min(max(round(at * last), 1), last - 1)
        point = path[k]
        step = path[k + 1] - path[k - 1]
        left = np.array([-step[1], step[0]]) / max(float(np.hypot(*step)), 1e-9)
        for side in (1.0, -1.0):
            for away in AWAY:
                spots.append(point + side * (away + width / 2) * left)
                cost.append(0.03 * back + 0.25 * (side == inner) + 0.01 * away)
        if at <= 0.1:
            break
    return np.array(spots), np.array(cost)


def _mark_at(picture: Drawn, e: int, share: float) -> Mark:
    path = picture.paths[e]
    last = len(path) - 1
    at = min(max(round(share * last), 1), last - 1)
    step = path[at + 1] - path[at - 1]
    return Mark((float(path[at, 0]), float(path[at, 1])), float(np.arctan2(step[1], step[0])))
