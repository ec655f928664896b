"""How a goal is reached: the shortest points at which a gap falls below zero.

In: a bench and a goal.  Out: points in parts of the ranges.  ``together`` descends with slopes in
all parameters, ``alone`` scans one parameter at a time and needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.dominating.bench import Scored
    from loopscope.analysis.dominating.goals import Goal

    Numbers = NDArray[np.float64]

DIFFERENCE = 1e-4
"""Half the distance of a central difference, as a part of the range."""

STEPS = (1.0, 0.5, 0.25, 0.1, 0.02)
"""Step lengths that are tried at once."""

ITERATIONS = 25
WAYS = 3
"""Ways to a goal that are followed from the base, the nearest first."""

SCANNED = 16
"""Points between the base and each end of a single parameter, at first."""

FINER = 9
"""Points into which a step is divided again and again."""

PAST = 1e-6
"""How far below zero a search aims, in gaps at the base."""

CLOSE = 1e-7
"""Length below which two points are the same."""

SETTLED = 1e-3
"""Part of a point's length by which it may still move, and of the gap at the base that may be left,
when a search ends; the length of the answer is then right to about the square of it."""

HOPELESS = 1.5
"""A search ends where what it aims at is so many times as long as what another has found."""


class Runs(Protocol):
    """What can be scored at points of a box."""

    @property
    def ends(self) -> tuple[Numbers, Numbers]:
        """Lower and upper ends of the box in parts."""

    def score(self, parts: Numbers) -> Scored:
        """Return the shares at points, dims (run, parameter)."""


@dataclass(slots=True)
class _Track:
    """One search: where it is, the way it follows, and the shortest point that reaches the goal.

    It aims ``past`` a gap of zero, for a point on the line itself does not reach the goal.
    """

    at: Numbers
    way: int
    gap: float
    slope: Numbers
    past: float
    best: Numbers | None = None
    done: bool = False


def together(bench: Runs, goal: Goal, starts: Numbers) -> tuple[Numbers | None, float]:
    """Return the shortest point that reaches a goal, and the least gap met.

    Parameters
    ----------
    starts
        Points to start from besides the base, dims (start, parameter), in parts.

    Returns
    -------
    tuple
        None in place of the point where no search reaches the goal.
    """
    low, high = bench.ends
    points = np.concatenate([np.zeros((1, len(low))), np.clip(starts, low, high)])
    gaps, slopes = _with_slopes(bench, goal, points)
    tracks = []
    for row, point in enumerate(points):
        ways = np.argsort(_lengths(gaps[row], slopes[row]), kind="stable")
        ways = ways[: WAYS if row == 0 else 1]
        for way in ways.tolist():
            if np.isfinite(gaps[row, way]):
                gap = float(gaps[row, way])
                first = float(gaps[0, way]) if np.isfinite(gaps[0, way]) else gap
                track = _Track(point, way, gap, slopes[row, way], PAST * abs(first))
                if gaps[row].min() < 0:
                    track.best = point
                tracks.append(track)
    least = float(gaps.min())
    for _ in range(ITERATIONS):
        active = [track for track in tracks if not track.done]
        if not active:
            break
        tried = np.stack([_steps(track, low, high) for track in active])
        flat = tried.reshape(-1, len(low))
        gaps, slopes = _with_slopes(bench, goal, flat)
        least = min(least, float(gaps.min()))
        for number, track in enumerate(active):
            rows = slice(number * len(STEPS), (number + 1) * len(STEPS))
            _advance(track, flat[rows], gaps[rows], slopes[rows])
        shortest = min((_norm(one.best) for one in tracks if one.best is not None), default=np.inf)
        for number, track in enumerate(active):
            track.done |= _norm(tried[number, 0]) > HOPELESS * shortest
    reached = [track.best for track in tracks if track.best is not None]
    if not reached:
        return None, least
    shortened = [_first_along(bench, goal, one) for one in reached]
    return min(shortened, key=lambda one: float(np.linalg.norm(one))), least


def alone(bench: Runs, goal: Goal) -> list[Numbers | None]:
    """Return for each parameter the shortest change of it alone that reaches a goal.

    Returns
    -------
    list
        Points in parts; None where no point of the range does.  What lies between two points of
        the first scan, a sixteenth of the way to an end, can be missed.
    """
    low, high = bench.ends
    count = len(low)
    rays = [
        np.eye(count)[place] * end
        for place in range(count)
        for end in (low[place], high[place])
        if abs(end) > CLOSE
    ]
    found = _crossings(bench, goal, np.array(rays).reshape(-1, count), SCANNED)
    shortest: list[Numbers | None] = [None] * count
    for ray, part in zip(rays, found, strict=True):
        if np.isnan(part):
            continue
        point, place = part * ray, int(np.flatnonzero(ray)[0])
        known = shortest[place]
        if known is None or abs(point[place]) < abs(known[place]):
            shortest[place] = point
    return shortest


def _with_slopes(bench: Runs, goal: Goal, points: Numbers) -> tuple[Numbers, Numbers]:
    """Return gaps, dims (point, way), and slopes, dims (point, way, parameter), of one batch."""
    low, high = bench.ends
    count = len(low)
    up = np.minimum(points[:, None] + DIFFERENCE * np.eye(count), high)
    down = np.maximum(points[:, None] - DIFFERENCE * np.eye(count), low)
    batch = np.concatenate([points, up.reshape(-1, count), down.reshape(-1, count)])
    gaps = goal.gaps(bench.score(batch))
    size = len(points)
    shape = (size, count, gaps.shape[1])
    above = gaps[size : size * (1 + count)].reshape(shape)
    below = gaps[size * (1 + count) :].reshape(shape)
    apart = np.einsum("ijj->ij", up - down)[..., None]
    with np.errstate(all="ignore"):
        slopes = (above - below) / apart
    slopes = np.where(np.isfinite(slopes), slopes, 0.0)
    return gaps[:size], np.swapaxes(slopes, 1, 2)


def _lengths(gaps: Numbers, slopes: Numbers) -> Numbers:
    """Return how far each way seems from a point, dims (way,)."""
    with np.errstate(all="ignore"):
        found = np.maximum(gaps, 0.0) / np.linalg.norm(slopes, axis=1)
    return np.where(np.isnan(found), np.inf, found)


def _steps(track: _Track, low: Numbers, high: Numbers) -> Numbers:
    """Return the points to try next, dims (step, parameter)."""
    level = float(track.slope @ track.at) - track.gap - track.past
    aim = _nearest(track.slope, level, low, high)
    return track.at + np.array(STEPS)[:, None] * (aim - track.at)


def _nearest(slope: Numbers, level: float, low: Numbers, high: Numbers) -> Numbers:
    """Return the point of a box nearest to zero with slope @ point <= level.

    Where no point of the box has that, the one that comes nearest to it.  The solution is
    clip(-k slope, low, high) for the least k that does, found by halving.
    """

    def at(k: float) -> Numbers:
        found: Numbers = np.clip(-k * slope, low, high)
        return found

    if level >= 0 or not slope.any():
        return np.zeros(len(slope))
    reach = np.where(slope > 0, low, np.where(slope < 0, high, 0.0))
    if slope @ reach >= level:
        return reach
    least, most = 0.0, 1.0
    while slope @ at(most) > level:
        most *= 2.0
    for _ in range(80):
        middle = (least + most) / 2
        least, most = (middle, most) if slope @ at(middle) > level else (least, middle)
    return at(most)


def _advance(track: _Track, points: Numbers, gaps: Numbers, slopes: Numbers) -> None:
    """Move a track to the tried point of least merit; it is done where none is better."""
    for point, gap in zip(points, gaps.min(axis=1), strict=True):
        if gap < 0 and (track.best is None or _norm(point) < _norm(track.best)):
            track.best = point
    norm = _norm(track.slope)
    price = 2.0 * max(_norm(track.at), _norm(points[0])) / norm if norm > 0 else 0.0
    price = max(price, 1.0 / max(abs(track.gap), 1e-12))
    own = gaps[:, track.way]
    merits = [
        0.5 * _norm(one) ** 2 + price * abs(g + track.past)
        for one, g in zip(points, own, strict=True)
    ]
    row = int(np.argmin(merits))
    before = 0.5 * _norm(track.at) ** 2 + price * abs(track.gap + track.past)
    moved = _norm(points[row] - track.at)
    if not np.isfinite(merits[row]) or merits[row] >= before or moved < CLOSE:
        track.done = True
        return
    left = abs(float(own[row]) + track.past)
    track.done = moved < SETTLED * _norm(track.at) and left < SETTLED * track.past / PAST
    track.at, track.gap, track.slope = points[row], float(own[row]), slopes[row, track.way]


def _first_along(bench: Runs, goal: Goal, point: Numbers) -> Numbers:
    """Return the first point on the way from the base to one that reaches the goal."""
    part = _crossings(bench, goal, point[None], 4 * SCANNED)[0]
    return point if np.isnan(part) else part * point


def _crossings(bench: Runs, goal: Goal, rays: Numbers, points: int) -> Numbers:
    """Return the part of each ray at which it first reaches the goal; NaN where it does not.

    Parameters
    ----------
    rays
        Ends of lines from the base, dims (ray, parameter).
    points
        In the first scan of a line; then the step that reaches the goal is divided again.
    """
    count = len(rays)
    start, stop = np.zeros(count), np.full(count, np.nan)
    if not count:
        return stop

    def reached(parts: Numbers) -> NDArray[np.bool_]:
        flat = (parts[..., None] * rays[rows][:, None]).reshape(-1, rays.shape[1])
        hit = np.any(goal.gaps(bench.score(flat)) < 0, axis=1)
        return np.asarray(hit, dtype=bool).reshape(parts.shape)

    rows = np.arange(count)
    parts = np.broadcast_to(np.arange(1, points + 1) / points, (count, points))
    while True:
        hit = reached(parts)
        some = hit.any(axis=1)
        first = hit.argmax(axis=1)
        taken = np.arange(len(rows))
        before = np.where(first > 0, parts[taken, np.maximum(first - 1, 0)], start[rows])
        start[rows[some]], stop[rows[some]] = before[some], parts[taken, first][some]
        rows = rows[some]
        if not len(rows) or np.max(stop[rows] - start[rows]) < 1e-6:
            return stop
        between = np.linspace(0.0, 1.0, FINER + 1)[1:]
        parts = start[rows][:, None] + between * (stop[rows] - start[rows])[:, None]


def _norm(point: Numbers) -> float:
    return float(np.linalg.norm(point))
