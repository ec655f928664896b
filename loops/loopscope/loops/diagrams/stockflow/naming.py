"""Names of flows: beside their valves, where nothing runs through them.

Stage 3 of 5.  In: a sketch and a layout in which all else stands.  Out: places of the names.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.drawn import drawn
from loopscope.loops.diagrams.layout.lines import lengths_in
from loopscope.loops.diagrams.records import Layout, Sketch
from loopscope.loops.diagrams.stockflow.piping import name_size
from loopscope.loops.diagrams.stockflow.runs import ASIDE, leg_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.loops.diagrams.records import Node, Place

    Numbers = NDArray[np.float64]

BLOCKED, MET = 100.0, 1.0
"""Costs of a name on something solid, and on a link; a point of link within it costs 1 / 10."""

ROUNDS = 3


def settled_names(sketch: Sketch, layout: Layout) -> dict[str, Place]:
    """Return places of the names of flows: each takes the best of some about its valve.

    Notes
    -----
    O(f n) for f flows and n things in the picture, ``ROUNDS`` times.
    """
    flows = [node for node in sketch.nodes if node.kind == "flow"]
    links = tuple(link for link in sketch.links if link.kind == "cause")
    plain = Sketch(sketch.nodes, links)
    picture = drawn(plain, Layout(layout.places, layout.bulges))
    solid = [np.array([[*layout.places[node.name], node.width / 2, node.height / 2]])
             for node in sketch.nodes]  # fmt: skip
    solid += [np.array([leg_box(a, b)]) for route in layout.routes.values()
              for a, b in pairwise(route)]  # fmt: skip
    blocks = np.concatenate(solid) if solid else np.zeros((0, 4))
    spots = {node.name: _spots(node, layout) for node in flows}
    costs = {}
    for name, boxes in spots.items():
        on_links = lengths_in(picture.paths, picture.low, picture.high, boxes).sum(axis=0)
        costs[name] = (
            0.12 * np.arange(len(boxes)) + MET * (on_links > 0) + 0.1 * on_links
            + BLOCKED * _met(boxes, blocks).sum(axis=1)
        )  # fmt: skip
    now = {name: np.array([*layout.names[name], *spots[name][0, 2:]]) for name in spots}
    for _ in range(ROUNDS):
        for name, boxes in spots.items():
            others = np.array([box for one, box in now.items() if one != name]).reshape(-1, 4)
            total = costs[name] + BLOCKED * _met(boxes, others).sum(axis=1)
            now[name] = boxes[int(np.argmin(total))]
    return {name: (float(box[0]), float(box[1])) for name, box in now.items()}


def _spots(node: Node, layout: Layout) -> Numbers:
    """Return boxes that a name may have, the usual ones first."""
    x, y = layout.places[node.name]
    wide, high = name_size(node)
    half = node.width / 2
    route = next(route for pair, route in layout.routes.items() if pair[0] == node.name)
    level = abs(route[1][1] - route[0][1]) < 1e-6
    kept = layout.names[node.name]
    shifts: list[Place] = []
    if level:
        away = half + ASIDE - 2.0 + high
        for share in (0.0, 0.5, -0.5, 0.9, -0.9):
            shifts += [(share * wide, -away), (share * wide, away)]
    else:
        away = half + ASIDE + wide
        for share in (0.0, 0.6, -0.6, 1.0, -1.0):
            shifts += [(away, share * (high + half)), (-away, share * (high + half))]
    found = [kept, *((x + dx, y + dy) for dx, dy in shifts)]
    return np.array([(a, b, wide, high) for a, b in found])


def _met(boxes: Numbers, blocks: Numbers) -> NDArray[np.bool_]:
    apart = np.abs(boxes[:, None, :2] - blocks[None, :, :2])
    room = boxes[:, None, 2:] + blocks[None, :, 2:]
    close = apart < room - 0.5
    return close[..., 0] & close[..., 1]
