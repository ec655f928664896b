"""Parts of a sketch that no link joins: taken apart, and set side by side.

Stage 2 of 5.  In: a ``Sketch``, or layouts of its parts.  Out: sketches of the parts, or one
layout in which the largest stands in the middle and the others where there is room around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from loopscope.loops.diagrams.layout.drawn import drawn
from loopscope.loops.diagrams.layout.lines import filled
from loopscope.loops.diagrams.records import Layout, Sketch

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from loopscope.loops.diagrams.layout.drawn import Drawn
    from loopscope.loops.diagrams.layout.kernels.state import Numbers

CELL = 8.0
GAP = 22.0
"""Between parts, in points."""

LANDSCAPE = 1.5
"""Width by height that is aimed at."""


def parts(sketch: Sketch, known: Collection[str] = ()) -> tuple[Sketch, ...]:
    """Return the parts of a sketch, largest first; those with a known variable are one part."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(sorted(node.name for node in sketch.nodes))
    graph.add_edges_from(link.pair for link in sketch.links)
    together: list[set[str]] = [set(one) for one in nx.connected_components(graph)]
    fixed = [one for one in together if not one.isdisjoint(known)]
    free = [one for one in together if one.isdisjoint(known)]
    free.sort(key=lambda one: (-len(one), min(one)))
    groups = ([set().union(*fixed)] if fixed else []) + free
    return tuple(
        Sketch(
            tuple(node for node in sketch.nodes if node.name in group),
            tuple(link for link in sketch.links if link.cause in group),
            tuple(loop for loop in sketch.loops if loop.path[0] in group),
        )
        for group in groups
    )


def packed(sketches: Sequence[Sketch], layouts: Sequence[Layout]) -> Layout:
    """Return one layout of several parts; the first stays where it is.

    Notes
    -----
    Each further part goes where the bounds of all grow least, and the shape stays landscape:
    O(cells) a part.
    """
    pictures = [drawn(one, layout) for one, layout in zip(sketches, layouts, strict=True)]
    places = dict(layouts[0].places) if layouts else {}
    bulges = dict(layouts[0].bulges) if layouts else {}
    done = [pictures[0]] if pictures else []
    shifts = [np.zeros(2)]
    for picture, layout in zip(pictures[1:], layouts[1:], strict=True):
        shift = _free_place(done, shifts, picture)
        done.append(picture)
        shifts.append(shift)
        places |= {
            name: (x + float(shift[0]), y + float(shift[1]))
            for name, (x, y) in layout.places.items()
        }
        bulges |= layout.bulges
    return Layout(places, bulges)


def bounds(picture: Drawn) -> tuple[Numbers, Numbers]:
    """Return the lower left and upper right corner of boxes and links."""
    low = np.concatenate([picture.place - picture.half, picture.low]).min(axis=0)
    high = np.concatenate([picture.place + picture.half, picture.high]).max(axis=0)
    return low, high


def _free_place(done: Sequence[Drawn], shifts: Sequence[Numbers], new: Drawn) -> Numbers:
    low, high = bounds(new)
    size = high - low + 2 * GAP
    corners = [bounds(one) for one in done]
    left = np.min([a + s for (a, _), s in zip(corners, shifts, strict=True)], axis=0)
    right = np.max([b + s for (_, b), s in zip(corners, shifts, strict=True)], axis=0)
    origin = left - size - CELL
    columns, rows = (int(one) for one in np.ceil((right - left + 2 * size + 2 * CELL) / CELL))
    counts: NDArray[np.int64] = np.zeros((rows, columns), np.int64)
    for picture, shift in zip(done, shifts, strict=True):
        _cover(picture, shift, counts, origin)
    sums = np.zeros((rows + 1, columns + 1), np.int64)
    sums[1:, 1:] = (counts > 0).cumsum(axis=0).cumsum(axis=1)
    wide, tall = (int(np.ceil(one / CELL)) for one in size)
    full = sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide]
    row, column = np.nonzero(full == 0)
    x, y = origin[0] + column * CELL, origin[1] + row * CELL
    width = np.maximum(right[0], x + size[0] - GAP) - np.minimum(left[0], x + GAP)
    height = np.maximum(right[1], y + size[1] - GAP) - np.minimum(left[1], y + GAP)
    cost = width * height * (1.0 + 0.3 * np.abs(np.log(width / height / LANDSCAPE)))
    middle = (left + right - size) / 2
    cost += 0.5 * np.hypot(x - middle[0], y - middle[1])
    best = int(np.argmin(cost))
    return np.array([x[best], y[best]]) + GAP - low


def _cover(picture: Drawn, shift: Numbers, counts: NDArray[np.int64], origin: Numbers) -> None:
    """Mark boxes, links, and all that loops go round."""
    for which in range(len(picture.given.loops)):
        rows, columns = counts.shape
        left, bottom = float(origin[0]), float(origin[1])
        counts += filled(picture.polygon(which) + shift, rows, columns, left, bottom, CELL)
    points = picture.paths.reshape(-1, 2)
    corners = [
        picture.place + picture.half * np.array(corner)
        for corner in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0), (0, 1), (1, -1), (1, 0), (1, 1))
    ]
    points = np.concatenate([points, *corners]) + shift
    cell = ((points - origin) / CELL).astype(np.int64)
    counts[cell[:, 1], cell[:, 0]] += 1
