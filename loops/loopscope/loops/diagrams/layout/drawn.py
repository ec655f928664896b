"""The curves of a layout as they are drawn: from box to box, at equal distances.

Stage 3 of 5.  In: a sketch and a layout.  Out: a ``Drawn``: paths, boxes and loop polygons, which
decoration, metrics and drawing share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.arrays import Indexed, indexed, placed
from loopscope.loops.diagrams.layout.kernels.curves import (
    GAP_AT_CAUSE,
    GAP_AT_EFFECT,
    directions,
)
from loopscope.loops.diagrams.layout.lines import leaving, traced

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
    half = given.shape.half[: len(given.nodes)]
    tail, head = given.shape.tail, given.shape.head
    curves = traced(place[tail], place[head], bulge, STEPS)
    begins = leaving(curves, place[tail], half[tail] + GAP_AT_CAUSE)
    ends = STEPS - leaving(curves[:, ::-1], place[head], half[head] + GAP_AT_EFFECT)
    paths, lengths = np.zeros((len(bulge), STEPS + 1, 2)), np.zeros(len(bulge))
    for e, curve in enumerate(curves):
        paths[e], lengths[e] = _between(curve, begins[e], ends[e])
    low = paths.min(axis=1, initial=np.inf)
    high = paths.max(axis=1, initial=-np.inf)
    chord = place[head] - place[tail]
    angles = np.column_stack(directions(chord[:, 0], chord[:, 1], bulge))
    return Drawn(given, place, half, bulge, curves, paths, lengths, low, high, angles)


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
    return path, max(float(along[-1]), SHORTEST)
