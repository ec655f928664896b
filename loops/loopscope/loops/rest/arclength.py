"""Steps along a curve of equilibria, and the places on it where a test function changes sign.

Stage 3 of 4, beneath ``continuation``.  In: a ``Plane`` with a free parameter, and a point on the
curve.  Out: points, and special points with their kind.

Along the curve v = (own stocks, parameter), all in units that make them about 1.  The tangent t
solves [K, h] t = 0 with |t| = 1, where h is the slope of the rates by the parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from loopscope.loops.rest.resting import solved

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.loops.rest.field import Numbers
    from loopscope.loops.rest.resting import Plane

    Found = tuple["Kind", "Point", float | None]

Kind = Literal["fold", "Hopf", "branch point", "corner"]

FIRST, LONGEST, SHORTEST = 0.01, 0.05, 1e-7
"""Steps along the curve."""

BEND = 0.35
"""Largest angle between tangents of neighbours, in radians, unless the step is the shortest."""

CORRECTIONS = 12
CLOSE = 1e-11
"""Size of the last correction."""

ZERO = 1e-3
"""A test function at a refined point above this, relative to its size nearby, has jumped there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point on the curve.

    Attributes
    ----------
    state
        All stocks, in their units, dims (n,).
    parameter
        Its value.
    place
        v, dims (d + 1,).
    tangent
        t, dims (d + 1,).
    matrix
        K, dims (d, d), 1/time.
    crossing
        Determinant of [K, h; t], its rows measured by those of the first point: zero where another
        curve crosses.
    """

    state: Numbers
    parameter: float
    place: Numbers
    tangent: Numbers
    matrix: Numbers
    crossing: float

    @property
    def growing(self) -> int:
        """The number of eigenvalues with a positive real part."""
        return int((np.linalg.eigvals(self.matrix).real > 0).sum())

    @property
    def pair_sum(self) -> float:
        """The sum of two eigenvalues nearest to zero, with the parity of negative ones as sign.

        Only sums that are real whatever happens count: of a conjugate pair, and of two real ones.
        It changes sign where a pair crosses the imaginary axis, or two real ones are opposite.
        """
        values = np.linalg.eigvals(self.matrix)
        size = max(float(np.abs(values).max(initial=0.0)), 1e-300)
        real = values[np.abs(values.imag) <= 1e-12 * size].real
        upper = values[values.imag > 1e-12 * size]
        sums = [float(2 * one.real) for one in upper]
        sums += [float(a + b) for n, a in enumerate(real) for b in real[n + 1 :]]
        if not sums:
            return 1.0
        sign = -1.0 if sum(one < 0 for one in sums) % 2 else 1.0
        return sign * min(abs(one) for one in sums) / size


class Tracer:
    """Follows one curve between two values of the free parameter of a plane."""

    def __init__(self, plane: Plane, low: float, high: float) -> None:
        self.plane = plane
        self.low, self.high = low, high
        self.width = high - low
        self.own = list(plane.own)
        self._rows: Numbers | None = None

    def point(self, state: Numbers, parameter: float, like: Numbers | None = None) -> Point:
        """Return the record of a state on the curve, its tangent turned as ``like``."""
        place = np.append(state[self.own], parameter / self.width)
        return self._at(place, like)

    def regular(self, state: Numbers, parameter: float) -> bool:
        """Return whether K has full rank at a state."""
        matrix = self.point(state, parameter).matrix
        sizes = np.linalg.svd(matrix, compute_uv=False)
        return not len(sizes) or bool(sizes[-1] > 1e-9 * sizes[0])

    def _full(self, place: Numbers) -> Numbers:
        origin = self.plane.origin
        moved = origin + self.plane.basis @ (place[:-1] - origin[self.own])
        moved[self.own] = place[:-1]
        return np.asarray(moved)

    def _slopes(self, place: Numbers) -> tuple[Numbers, Numbers]:
        """Return g, dims (d,), and [K, h], dims (d, d + 1)."""
        state = self._full(place)[:, None]
        with np.errstate(all="ignore"):
            g, matrix, by = self.plane.slopes(state, np.array([place[-1] * self.width]))
        return g[:, 0], np.column_stack([matrix[0], by[:, 0] * self.width])

    def _at(self, place: Numbers, like: Numbers | None) -> Point:
        _, wide = self._slopes(place)
        rows = np.linalg.norm(wide, axis=1, keepdims=True)
        rows = np.where(rows > 0, rows, 1.0)
        if self._rows is None:
            self._rows = rows
        tangent = self._tangent(wide / rows, like)
        return Point(
            state=self._full(place), parameter=float(place[-1] * self.width), place=place,
            tangent=tangent, matrix=wide[:, :-1],
            crossing=float(np.linalg.det(np.vstack([wide / self._rows, tangent]))),
        )  # fmt: skip

    def _tangent(self, wide: Numbers, like: Numbers | None) -> Numbers:
        """Return the direction in which [K, h] does nothing, turned as another one."""
        normal = like
        if normal is None:
            normal = np.zeros(wide.shape[1])
            normal[-1] = 1.0
        side = np.zeros(wide.shape[1])
        side[-1] = 1.0
        tangent = solved(np.vstack([wide, normal])[None], side[:, None])[:, 0]
        length = float(np.linalg.norm(tangent))
        left = float(np.linalg.norm(wide @ tangent))
        if not 0 < length < 1e6 or left > 1e-9 * length:
            # At right angles to the other direction, or where curves cross.
            tangent = np.linalg.svd(wide)[2][-1]
            length = 1.0
        return tangent / length if tangent @ normal >= 0 else -tangent / length

    def _corrected(self, guess: Numbers, normal: Numbers) -> tuple[Numbers, int] | None:
        """Return the point of the curve on the plane through a guess, and the steps it took."""
        place = np.array(guess)
        for number in range(CORRECTIONS):
            g, wide = self._slopes(place)
            square = np.vstack([wide, normal])
            side = -np.append(g, normal @ (place - guess))
            if not (np.isfinite(square).all() and np.isfinite(side).all()):
                return None
            step = solved(square[None], side[:, None])[:, 0]
            place = place + step
            if np.max(np.abs(step)) <= CLOSE * (1.0 + np.max(np.abs(place))):
                state = self._full(place)[:, None]
                rests = self.plane.rests(state, np.array([place[-1] * self.width]))
                return (place, number) if rests[0] else None
        return None

    def both_ways(
        self, state: Numbers, parameter: float, most: int
    ) -> tuple[list[Point], list[Found], tuple[str, str]]:
        """Return points and special points in order along the curve, and why each way ended."""
        first = self.point(state, parameter)
        back, places_back, why_back = self._one_way(first, -first.tangent, most)
        forth, places, why = self._one_way(first, first.tangent, most)
        if why == CLOSED:
            return [first, *forth], places, (CLOSED, CLOSED)
        points = [*back[::-1], first, *forth]
        return points, [*places_back[::-1], *places], (why_back, why)

    def _one_way(
        self, first: Point, tangent: Numbers, most: int
    ) -> tuple[list[Point], list[Found], str]:
        points: list[Point] = []
        places: list[Found] = []
        here = self._at(first.place, tangent)
        step = FIRST
        while len(points) < most:
            following = self._following(here, step)
            if following is None:
                return points, places, f"it is lost at {here.parameter:.6g}"
            ahead, step = following
            outside = not self.low <= ahead.parameter <= self.high
            if outside:
                end = self.high if ahead.parameter > self.high else self.low
                there = abs(here.parameter - end) <= 1e-12 * self.width
                last = None if there else self._ended(here, ahead, end)
                if last is not None:
                    places += self._special(here, last)
                    points.append(last)
                return points, places, f"it leaves the range at {end:g}"
            places += self._special(here, ahead)
            points.append(ahead)
            if np.max(np.abs(ahead.state)) > 1e6:
                return points, places, f"it runs away at {ahead.parameter:.6g}"
            if len(points) > 5 and self._passes(here, ahead, first):
                return points, places, CLOSED
            here = ahead
        return points, places, f"{most} points were enough, at {here.parameter:.6g}"

    def _following(self, here: Point, step: float) -> tuple[Point, float] | None:
        """Return the next point and the step to try after it; None where there is none."""
        while True:
            found = self._corrected(here.place + step * here.tangent, here.tangent)
            if found is not None:
                place, steps = found
                ahead = self._at(place, here.tangent)
                angle = float(np.arccos(np.clip(ahead.tangent @ here.tangent, -1.0, 1.0)))
                moved = float(np.linalg.norm(place - here.place))
                if moved <= 2 * step and (angle <= BEND or step <= SHORTEST):
                    easy = steps <= 4 and angle < BEND / 3
                    return ahead, min(LONGEST, max(step, 10 * SHORTEST) * (1.5 if easy else 1.0))
            if step <= SHORTEST:
                ahead_of_corner = self._round_corner(here)
                return None if ahead_of_corner is None else (ahead_of_corner, 10 * SHORTEST)
            step = max(step / 3, SHORTEST)

    def _round_corner(self, here: Point) -> Point | None:
        """Return a point beyond a corner too sharp for steps along the tangent.

        The parameter is moved instead, on as before or back, with each stock in turn in its place;
        what lies where the curve came from is not taken.
        """
        width = 20 * SHORTEST
        for axis in (len(here.place) - 1, *range(len(here.place) - 1)):
            normal = np.zeros(len(here.place))
            normal[axis] = 1.0
            for sign in (1.0, -1.0):
                guess = here.place + sign * width * normal
                found = self._corrected(guess, normal)
                if found is None:
                    continue
                way = found[0] - here.place
                length = float(np.linalg.norm(way))
                if length < 1e3 * width and way @ here.tangent > -0.999 * length:
                    return self._at(found[0], way)
        return None

    def _ended(self, here: Point, ahead: Point, end: float) -> Point | None:
        """Return the point at an end of the range, between two points."""
        normal = np.zeros(len(here.place))
        normal[-1] = 1.0
        whole = ahead.place[-1] - here.place[-1]
        share = (end / self.width - here.place[-1]) / whole if whole else 0.0
        guess = here.place + share * (ahead.place - here.place)
        guess[-1] = end / self.width
        found = self._corrected(guess, normal)
        return None if found is None else self._at(found[0], here.tangent)

    def _passes(self, here: Point, ahead: Point, first: Point) -> bool:
        """Return whether the first point lies between two others: the curve has closed."""
        whole = ahead.place - here.place
        length = float(np.linalg.norm(whole))
        along = float((first.place - here.place) @ whole) / max(length, 1e-300)
        away = np.linalg.norm(first.place - here.place - along * whole / max(length, 1e-300))
        return 0 <= along <= length and float(away) < 0.1 * length

    def _special(self, here: Point, ahead: Point) -> list[Found]:
        """Return the special points between two neighbours, in order."""
        found: list[tuple[float, Found]] = []

        def add(kind: Kind, place: Point, period: float | None = None) -> None:
            found.append((float(np.linalg.norm(place.place - here.place)), (kind, place, period)))

        turns = here.tangent[-1] * ahead.tangent[-1] < 0
        if here.crossing * ahead.crossing < 0:
            place, jumped = self._refined(here, ahead, lambda one: one.crossing)
            if not jumped:
                add("branch point", place)
                turns = False  # the curve of a pitchfork turns where it is crossed
        if turns:
            place, jumped = self._refined(here, ahead, lambda one: float(one.tangent[-1]))
            add("corner" if jumped else "fold", place)
        if here.pair_sum * ahead.pair_sum < 0:
            place, jumped = self._refined(here, ahead, lambda one: one.pair_sum)
            period = None if jumped else _period(place)
            if period is not None:
                add("Hopf", place, period)
        if not found and here.growing != ahead.growing:
            place, _ = self._refined(
                here, ahead, lambda one: 1.0 if one.growing == here.growing else -1.0
            )
            add("corner", place)
        return [one for _, one in sorted(found, key=lambda pair: pair[0])]

    def _refined(
        self, here: Point, ahead: Point, test: Callable[[Point], float]
    ) -> tuple[Point, bool]:
        """Return where a test function is zero between two points, and whether it jumps there."""
        low, high = 0.0, float(np.linalg.norm(ahead.place - here.place))
        way = (ahead.place - here.place) / high
        left, right = test(here), test(ahead)
        size = max(abs(left), abs(right))
        best = min((here, ahead), key=lambda one: abs(test(one)))
        for number in range(60):
            # Illinois: false position, with a bisection now and then for what is not smooth.
            middle = (low * right - high * left) / (right - left)
            if number % 3 == 2 or not low < middle < high:
                middle = (low + high) / 2
            found = self._corrected(here.place + middle * way, way)
            if found is None:
                break
            one = self._at(found[0], here.tangent)
            value = test(one)
            if abs(value) <= abs(test(best)):
                best = one
            if value == 0 or high - low <= 1e-15 * (1.0 + float(np.linalg.norm(here.place))):
                break
            if value * left > 0:
                low, left = middle, value
            else:
                high, right = middle, value
        return best, abs(test(best)) > ZERO * size


CLOSED = "it comes back to where it began"


def _period(place: Point) -> float | None:
    """Return the period of the pair without a real part; None where there is none."""
    values = np.linalg.eigvals(place.matrix)
    size = max(float(np.abs(values).max(initial=0.0)), 1e-300)
    turning = values[values.imag > 1e-9 * size]
    if not len(turning):
        return None
    nearest = turning[np.argmin(np.abs(turning.real))]
    return float(2 * np.pi / nearest.imag) if abs(nearest.real) <= 1e-5 * size else None
