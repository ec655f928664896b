"""The smooth cost of the polish, with its gradient in closed form.

Stage 2 of 5.  In: places and bulges.  Out: one number, and its derivatives by all of them.

Each term is differentiated by points or tangents of curves first; the chain rule through
``P(t)`` then ends at the two centres and the bulge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from loopscope.loops.diagrams.layout.kernels.curves import bend

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.arrays import Indexed
    from loopscope.loops.diagrams.layout.kernels.state import Integers, Numbers
    from loopscope.loops.diagrams.layout.lines import Flags
    from loopscope.loops.diagrams.layout.searching import Known

SAMPLES = 14
"""Intervals of a link."""

STRESS = 0.6
BOXES = 6.0
OVER = 5.0
BESIDE = 1.0
ANGLES = 10.0
ROUNDNESS = 60.0
BULGE = 6.0
CENTRING = 0.012

NEAR = 13.0
UNIT = 104.0
ROOM_BETWEEN_BOXES = np.array([12.0, 10.0])
ROOM_AT_BOXES = 7.0
LANDSCAPE = np.array([1.0 / 1.5, 1.5])


class Smooth:
    """The smooth cost of a sketch, as a function of one vector: places, then bulges.

    Parameters
    ----------
    rest
        Bulges that cost nothing, dims (link,).
    held
        Nodes that are not free have no derivatives.
    """

    def __init__(self, given: Indexed, rest: Numbers, held: Known) -> None:
        shape = given.shape
        self._shape, self._rest = shape, rest.copy()
        self._nodes, self._links = len(given.nodes), len(given.links)
        self._half = shape.half[: self._nodes]
        self._held = np.ones(self._nodes, np.bool_)
        self._held[held.free] = False
        share = shape.care / max(float(shape.care.sum()), 1e-12)
        self._factor = ROUNDNESS * share * np.sqrt(len(given.loops))
        self._loop_of = np.repeat(np.arange(len(given.loops)), np.diff(shape.first_in))
        foreign = np.ones((self._links, self._nodes), np.bool_)
        every = np.arange(self._links)
        foreign[every, shape.tail] = foreign[every, shape.head] = False
        self._foreign = foreign
        self._pairs = _at_nodes(given)

    def __call__(self, vector: Numbers) -> tuple[float, Numbers]:
        """Return cost and gradient; nodes that are held have none."""
        n, shape = self._nodes, self._shape
        place, bulge = vector[: 2 * n].reshape(n, 2), vector[2 * n :]
        chord = place[shape.head] - place[shape.tail]
        t = np.arange(SAMPLES + 1) / SAMPLES
        a, b = bend(t[None, :], bulge[:, None])
        points = place[shape.tail][:, None] + a[..., None] * chord[:, None]
        points = points + b[..., None] * _turned(chord)[:, None]
        by_place, by_bulge = np.zeros((n, 2)), np.zeros(self._links)
        total = self._springs(place, by_place)
        total += self._tangents(chord, bulge, by_place, by_bulge)
        by_points = np.zeros_like(points)
        total += self._over(points, place, by_points, by_place)
        total += self._beside(points, by_points)
        total += self._loops(points, by_points)
        self._back(chord, bulge, t, a, b, by_points, by_place, by_bulge)
        total += BULGE * float(((bulge - self._rest) ** 2).sum())
        by_bulge += 2.0 * BULGE * (bulge - self._rest)
        by_place[self._held] = 0.0
        return total, np.concatenate([by_place.ravel(), by_bulge])

    def _springs(self, place: Numbers, by_place: Numbers) -> float:
        """Return stress, overlap of boxes and centring."""
        shape = self._shape
        total = CENTRING * float((place**2 * LANDSCAPE).sum()) / UNIT**2
        by_place += CENTRING * 2.0 * place * LANDSCAPE / UNIT**2
        apart = place[:, None] - place[None]
        far = np.maximum(np.hypot(apart[..., 0], apart[..., 1]), 1e-9)
        off = far - shape.desired
        total += 0.5 * STRESS * float((shape.springs * off**2).sum())
        pull = 2.0 * STRESS * shape.springs * off / far
        by_place += (pull[..., None] * apart).sum(axis=1)
        over = self._half[:, None] + self._half[None] + ROOM_BETWEEN_BOXES - np.abs(apart)
        none = (over <= 0.0).any(axis=2)
        np.fill_diagonal(none, val=True)
        over[none] = 0.0
        total += 0.5 * BOXES * float((over[..., 0] * over[..., 1]).sum()) / 400.0
        by_place -= BOXES / 400.0 * (over[..., ::-1] * np.sign(apart)).sum(axis=1)
        return total

    def _tangents(
        self, chord: Numbers, bulge: Numbers, by_place: Numbers, by_bulge: Numbers
    ) -> float:
        """Return what small angles between links at a node cost."""
        one, other, enough = self._pairs
        if not len(enough):
            return 0.0
        # Ends are numbered cause first: end e is at the cause of link e, end m + e at its effect.
        m = self._links
        side = np.repeat([1.0, -1.0], m)[:, None]
        h = np.tile(bulge, 2)[:, None]
        d = np.tile(chord, (2, 1))
        a, across = side * (1.0 - 4.0 * h * h), 4.0 * h
        tangent = a * d + across * _turned(d)
        size = np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
        unit = tangent / size
        cosine = (unit[one] * unit[other]).sum(axis=1)
        over = np.maximum(cosine - enough, 0.0)
        slope = (2.0 * ANGLES * over)[:, None]
        by_tangent = np.zeros_like(tangent)
        np.add.at(by_tangent, one, slope * (unit[other] - cosine[:, None] * unit[one]) / size[one])
        np.add.at(
            by_tangent, other, slope * (unit[one] - cosine[:, None] * unit[other]) / size[other]
        )
        by_chord = a * by_tangent - across * _turned(by_tangent)
        by_chord = by_chord[:m] + by_chord[m:]
        np.add.at(by_place, self._shape.head, by_chord)
        np.add.at(by_place, self._shape.tail, -by_chord)
        by_h = (by_tangent * (-8.0 * h * side * d + 4.0 * _turned(d))).sum(axis=1)
        by_bulge += by_h[:m] + by_h[m:]
        return ANGLES * float((over**2).sum())

    def _over(
        self, points: Numbers, place: Numbers, by_points: Numbers, by_place: Numbers
    ) -> float:
        """Return what points of links cost that are in foreign boxes."""
        apart = points[:, 1:-1, None] - place
        over = self._half + ROOM_AT_BOXES - np.abs(apart)
        hit = (over > 0.0).all(axis=3) & self._foreign[:, None, :]
        e, k, w = np.nonzero(hit)
        deep = over[e, k, w]
        push = -OVER / 225.0 * deep[:, ::-1] * np.sign(apart[e, k, w])
        np.add.at(by_points, (e, k + 1), push)
        np.add.at(by_place, w, -push)
        return OVER / 225.0 * float((deep[:, 0] * deep[:, 1]).sum())

    def _beside(self, points: Numbers, by_points: Numbers) -> float:
        """Return what points of links cost that are close to other links."""
        if not self._links:
            return 0.0
        inner = SAMPLES - 1
        pairs = cKDTree(points[:, 1:-1].reshape(-1, 2)).query_pairs(NEAR, output_type="ndarray")
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        e, i = pairs[:, 0] // inner, pairs[:, 0] % inner + 1
        f, j = pairs[:, 1] // inner, pairs[:, 1] % inner + 1
        kept = (e != f) & ~self._close_to_shared(e, i, f, j)
        e, i, f, j = e[kept], i[kept], f[kept], j[kept]
        apart = points[e, i] - points[f, j]
        far = np.maximum(np.hypot(apart[:, 0], apart[:, 1]), 1e-9)
        short = (NEAR - far) / NEAR
        push = (-2.0 * BESIDE * short / NEAR / far)[:, None] * apart
        np.add.at(by_points, (e, i), push)
        np.add.at(by_points, (f, j), -push)
        return BESIDE * float((short**2).sum())

    def _close_to_shared(self, e: Integers, i: Integers, f: Integers, j: Integers) -> Flags:
        """Return whether points of two links are both in the third next to a node they share."""
        third = SAMPLES // 3
        tail, head = self._shape.tail, self._shape.head
        close = np.zeros(len(e), np.bool_)
        for at_e, near_e in ((tail, i <= third), (head, i >= SAMPLES - third)):
            for at_f, near_f in ((tail, j <= third), (head, j >= SAMPLES - third)):
                close |= near_e & near_f & (at_e[e] == at_f[f])
        return close

    def _loops(self, points: Numbers, by_points: Numbers) -> float:
        """Return what loops cost that are not round."""
        loops, links_in = len(self._factor), self._shape.links_in
        if not loops:
            return 0.0
        begin, end = points[:, :-1], points[:, 1:]
        step = end - begin
        size = np.maximum(np.hypot(step[..., 0], step[..., 1]), 1e-12)
        swept = 0.5 * (begin[..., 0] * end[..., 1] - end[..., 0] * begin[..., 1]).sum(axis=1)
        area = np.bincount(self._loop_of, swept[links_in], loops)
        length = np.bincount(self._loop_of, size.sum(axis=1)[links_in], loops)
        length = np.maximum(length, 1e-9)
        by_area = -self._factor * 4.0 * np.pi * np.sign(area) / length**2
        by_length = self._factor * 8.0 * np.pi * np.abs(area) / length**3
        a = np.bincount(links_in, by_area[self._loop_of], self._links)[:, None, None]
        b = np.bincount(links_in, by_length[self._loop_of], self._links)[:, None, None]
        along = b * step / size[..., None]
        by_points[:, :-1] += -0.5 * a * _turned(end) - along
        by_points[:, 1:] += 0.5 * a * _turned(begin) + along
        return float((self._factor * (1.0 - 4.0 * np.pi * np.abs(area) / length**2)).sum())

    def _back(
        self, chord: Numbers, bulge: Numbers, t: Numbers, a: Numbers, b: Numbers,
        by_points: Numbers, by_place: Numbers, by_bulge: Numbers,
    ) -> None:  # fmt: skip
        """Add what derivatives by points of links mean for their ends and their bulges."""
        by_chord = (a[..., None] * by_points - b[..., None] * _turned(by_points)).sum(axis=1)
        np.add.at(by_place, self._shape.head, by_chord)
        np.add.at(by_place, self._shape.tail, by_points.sum(axis=1) - by_chord)
        more = -8.0 * bulge[:, None] * t * (1.0 - t) * (1.0 - 2.0 * t)
        moved = more[..., None] * chord[:, None] + (4.0 * t * (1.0 - t))[:, None] * _turned(
            chord
        ).reshape(-1, 1, 2)
        by_bulge += (by_points * moved).sum(axis=(1, 2))


def _turned(vectors: Numbers) -> Numbers:
    """Return vectors turned by +90 degrees."""
    return np.stack([-vectors[..., 1], vectors[..., 0]], axis=-1)


def _at_nodes(given: Indexed) -> tuple[Integers, Integers, Numbers]:
    """Return pairs of ends of links that meet at a node, and the cosine that is small enough."""
    shape, m = given.shape, len(given.links)
    ones, others, enough = [], [], []
    for v in range(len(given.nodes)):
        links = shape.links_at[shape.first_at[v] : shape.first_at[v + 1]]
        ends = [int(e) if shape.tail[e] == v else m + int(e) for e in links]
        limit = np.cos(min(np.radians(45.0), 0.75 * 2.0 * np.pi / max(len(ends), 1)))
        for k, one in enumerate(ends):
            for other in ends[:k]:
                ones.append(one)
                others.append(other)
                enough.append(limit)
    return np.array(ones, np.int64), np.array(others, np.int64), np.array(enough, np.float64)
