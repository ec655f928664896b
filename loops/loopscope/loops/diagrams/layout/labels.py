"""Delay marks and signs: where they stand beside their links.

Stage 3 of 5.  In: a ``Drawn``.  Out: one place a mark and a sign.  Each avoids what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.labels import lengths_in, near_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.diagrams.layout.drawn import Drawn
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.records import Place

MARKS = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28)
"""Places of a delay mark along its link, the best first."""

MARK = 6.5
"""Half the length of a bar of a delay mark, in points."""

SIGN = 5.25
"""Half the size of a sign, in points."""

BACK = (4.0, 9.0, 15.0, 22.0, 30.0, 40.0)
AWAY = (7.5, 10.0, 13.0)
"""Distances of a sign from its arrowhead along the link, and from the line."""

CLOSE = 7.0
"""Signs closer than this to each other are easily taken for each other's, in points."""

ROUNDS = 6


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


def head_length(width: float) -> float:
    """Return the length of an arrowhead, in points."""
    return 6.5 + 1.5 * width


def marks(picture: Drawn) -> Mapping[int, Mark]:
    """Return the delay mark of each delayed link, by number of the link."""
    found: dict[int, Mark] = {}
    last = picture.paths.shape[1] - 1
    for e, link in enumerate(picture.given.links):
        if not link.delay:
            continue
        best, chosen = np.inf, MARKS[0]
        for rank, share in enumerate(MARKS):
            point = picture.paths[e, round(share * last)]
            close = sum(
                near_path(picture.paths[f], point[0], point[1]) < 8.0
                for f in range(len(picture.paths))
                if f != e and _reaches(picture, f, point, 8.0)
            )
            away = np.abs(picture.place - point) - picture.half
            close += int((away.max(axis=1) < 4.0).sum())
            close += sum(np.hypot(*(point - one.place)) < 4.0 * MARK for one in found.values())
            if close + 0.01 * rank < best:
                best, chosen = close + 0.01 * rank, share
        at = min(max(round(chosen * last), 1), last - 1)
        step = picture.paths[e, at + 1] - picture.paths[e, at - 1]
        point = picture.paths[e, at]
        found[e] = Mark((float(point[0]), float(point[1])), float(np.arctan2(step[1], step[0])))
    return found


def signs(picture: Drawn, delayed: Mapping[int, Mark]) -> Numbers:
    """Return the centre of each sign, dims (link, 2).

    Notes
    -----
    The cheapest place of ``len(BACK) * 2 * len(AWAY)``, then sweeps until no sign wants to move.
    """
    m = len(picture.paths)
    if not m:
        return np.zeros((0, 2))
    places, costs = [], []
    tips = picture.paths[:, -1]
    for e, link in enumerate(picture.given.links):
        spots, cost = _candidates(picture, e, link.width)
        rectangles = np.column_stack([spots, np.full((len(spots), 2), SIGN + 0.75)])
        on_links = lengths_in(picture.paths, picture.low, picture.high, rectangles).sum(axis=0)
        boxes = np.abs(spots[:, None, :] - picture.place[None]) < picture.half[None] + SIGN
        cost += 0.6 * on_links / 2.0 + 0.5 * (on_links > 0)
        cost += 3.0 * boxes.all(axis=2).sum(axis=1)
        others = np.delete(tips, e, axis=0)
        cost += 1.2 * (np.hypot(*(spots[:, None] - others[None]).T) < 11.0).sum(axis=0)
        for mark in delayed.values():
            near = np.abs(spots - np.array(mark.place)).max(axis=1)
            cost += 2.0 * (near < SIGN + MARK)
        places.append(spots)
        costs.append(cost)
    chosen = np.array([int(np.argmin(cost)) for cost in costs])
    spot = np.array([spots[k] for spots, k in zip(places, chosen, strict=True)])
    for _ in range(ROUNDS):
        changed = False
        for e in range(m):
            others = np.delete(spot, e, axis=0)
            apart = np.abs(places[e][:, None] - others[None]).max(axis=2)
            total = costs[e] + 4.0 * (apart < 2 * SIGN).sum(axis=1)
            total += 0.35 * (apart < 2 * SIGN + CLOSE).sum(axis=1)
            best = int(np.argmin(total))
            if total[best] < total[chosen[e]] - 1e-9:
                chosen[e], spot[e], changed = best, places[e][best], True
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
    return np.array(spots), np.array(cost)


def _reaches(picture: Drawn, f: int, point: Numbers, margin: float) -> bool:
    return bool(
        (picture.low[f] <= point + margin).all() and (picture.high[f] >= point - margin).all()
    )
