"""The curves of a layout as they are drawn: from box to box, at equal distances.

Stage 3 of 5.  In: a sketch and a layout.  Out: a ``Drawn``: paths, boxes and loop polygons, which
decoration, metrics and drawing share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.arrays import Indexed, indexed, placed, state_of
from loopscope.loops.diagrams.layout.kernels.curves import drawn_part

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.records import Layout, Sketch

STEPS = 48
"""Segments of a link, for its path and for its whole curve."""

SHORTEST = 0.5
"""A link of which nothing is seen is drawn this long, in points."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Curves and boxes of a layout.

    Attributes
    ----------
    place, half
        Centres of nodes and halves of their boxes, dims (node, 2), in points.
    bulge
        Dims (link,).
    curves
        From centre to centre, dims (link, step, 2).
    paths
        From box to box, cause first, points at equal distances, dims (link, step, 2).
    lengths
        Of the paths, dims (link,).
    low, high
        Bounds of the paths, dims (link, 2).
    angles
        In which links leave their cause and, seen from it, their effect, dims (link, 2).
    """

    given: Indexed
    place: Numbers
    half: Numbers
    bulge: Numbers
    curves: Numbers
    paths: Numbers
    lengths: Numbers
    low: Numbers
    high: Numbers
    angles: Numbers

    def polygon(self, loop: int) -> Numbers:
        """Return the closed curve of a loop, dims (point, 2), the first point not repeated."""
        shape = self.given.shape
        links = shape.links_in[shape.first_in[loop] : shape.first_in[loop + 1]]
        found: Numbers = self.curves[links, :-1:3].reshape(-1, 2)
        return np.ascontiguousarray(found)

    @property
    def boxes(self) -> Numbers:
        """Rectangles of nodes: x, y, half width, half height."""
        return np.column_stack([self.place, self.half])


def drawn(sketch: Sketch, layout: Layout) -> Drawn:
    """Return the curves of a layout that has a place for every node and link."""
    given = indexed(sketch)
    place, bulge = placed(given, layout)
    state = state_of(given, place, bulge, STEPS)
    n, m = len(given.nodes), len(given.links)
    half = given.shape.half[:n]
    paths, lengths = np.zeros((m, STEPS + 1, 2)), np.zeros(m)
    for e in range(m):
        tail, head = given.shape.tail[e], given.shape.head[e]
        curve = state.points[e]
        begin, end = drawn_part(curve, place[tail], half[tail], place[head], half[head])
        paths[e], lengths[e] = _between(curve, begin, end)
    low = paths.min(axis=1, initial=np.inf)
    high = paths.max(axis=1, initial=-np.inf)
    return Drawn(given, place, half, bulge, state.points, paths, lengths, low, high, state.angle)


def _between(curve: Numbers, begin: float, end: float) -> tuple[Numbers, float]:
    """Return a part of a polyline with points at equal distances, and its length."""
    if end <= begin:
        middle = min(max((begin + end) / 2, 0.01), len(curve) - 1.01)
        begin, end = middle - 0.005, middle + 0.005
    inner = np.arange(np.floor(begin) + 1, np.ceil(end))
    at = np.concatenate([[begin], inner, [end]])
    steps = np.arange(len(curve))
    points = np.column_stack([np.interp(at, steps, curve[:, axis]) for axis in range(2)])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    wanted = np.linspace(0.0, along[-1], STEPS + 1)
    path = np.column_stack([np.interp(wanted, along, points[:, axis]) for axis in range(2)])
    return path, max(float(along[-1]), SHORTEST) if along[-1] < SHORTEST else float(along[-1])
