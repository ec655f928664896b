"""Pipes, valves and clouds as shapes.

Stage 5 of 5.  In: a stock-and-flow ``Diagram``.  Out: groups, one a flow; what stands for a flow
and a cloud; entries of the legend.

A pipe is a white core between dark edges.  Its arrowhead is where it fills a stock or a cloud.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.drawing.nodes import colour_of, name_items
from loopscope.loops.diagrams.drawing.palette import CONTEXT_LINE, STOCK_EDGE, WHITE
from loopscope.loops.diagrams.drawing.scene import Group, Shape, circle, polygon, stroke
from loopscope.loops.diagrams.exporting.wording import one_line
from loopscope.loops.diagrams.stockflow.sketching import ends_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.drawing.legend import Entry
    from loopscope.loops.diagrams.drawing.scene import Item
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.records import Node, Place

CORE, EDGE_LINE, CASING = 3.6, 1.1, 2.5
"""Widths of a pipe's core, of its edges, and of the white about it on either side, in points."""

HEAD = (9.0, 5.4)
"""Length of its arrowhead, and half its width."""

VALVE = (7.5, 6.2)
"""Half a valve along its pipe, and across it."""

PUFFS = ((-0.52, -0.12, 0.46), (-0.18, 0.38, 0.56), (0.36, 0.28, 0.52), (0.56, -0.2, 0.42),
         (0.04, -0.42, 0.52))  # fmt: skip
"""Circles that make a cloud: x by half its width, y and radius by half its height."""


def pipe_groups(diagram: Diagram) -> list[Group]:
    """Return the pipes of each flow, from where it drains to where it fills."""
    routes = diagram.layout.routes
    clouds = {node.name for node in diagram.sketch.nodes if node.kind == "cloud"}
    groups = []
    for n, (flow, (source, target)) in enumerate(sorted(ends_of(diagram.sketch).items())):
        corners = [*routes[flow, source][:0:-1], *routes[flow, target]]
        if source in clouds:  # it is drawn over the end of the pipe
            corners[0] = diagram.layout.places[source]
        begin, end = ("outside" if name in clouds else one_line(name) for name in (source, target))
        words = f"{one_line(flow)}: from {begin} to {end}"
        groups.append(Group(tuple(pipe_items(corners)), f"pipe-{n}", words))
    return groups


def pipe_items(corners: Sequence[Place], colour: str = STOCK_EDGE) -> list[Shape]:
    """Return a pipe along some corners, with an arrowhead at the last."""
    points = np.array(corners, np.float64)
    step = points[-1] - points[-2]
    along = step / max(float(np.hypot(*step)), 1e-9)
    across = np.array([-along[1], along[0]])
    tip, base = points[-1], points[-1] - HEAD[0] * along
    body = np.vstack([points[:-1], [base + 0.5 * along]])
    return [
        stroke(body, WHITE, CORE + 2 * EDGE_LINE + 2 * CASING),
        stroke(body, colour, CORE + 2 * EDGE_LINE),
        stroke(body, WHITE, CORE),
        polygon([tip, base + HEAD[1] * across, base - HEAD[1] * across], fill=colour),
    ]


def special_items(diagram: Diagram, node: Node) -> list[Item] | None:
    """Return what stands for a flow or a cloud; None for any other variable."""
    place = diagram.layout.places[node.name]
    if node.kind == "cloud":
        return [*cloud_items(*place, node.width / 2, node.height / 2)]
    if node.kind != "flow":
        return None
    level = _is_level(diagram, node.name)
    items: list[Item] = [*valve_items(*place, level=level, colour=colour_of(node))]
    return items + name_items(node, *diagram.layout.names[node.name])


def valve_items(x: float, y: float, *, level: bool, colour: str = STOCK_EDGE) -> list[Shape]:
    """Return a valve: two triangles, tip to tip along its pipe."""
    along, across = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    if not level:
        along, across = across, along
    centre = np.array([x, y])
    corners: list[Numbers] = []
    for side in (-1.0, 1.0):
        base = centre + side * VALVE[0] * along
        corners += [base + VALVE[1] * across, base - VALVE[1] * across]
    # One outline that crosses itself at the tips: down one side, across, down the other.
    return [polygon(corners, fill=WHITE, line=colour, width=1.2)]


def cloud_items(x: float, y: float, wide: float, high: float) -> list[Shape]:
    """Return a cloud that fills a box: grey circles, white ones in them."""
    puffs = [(x + a * wide, y + b * high, r * high) for a, b, r in PUFFS]
    found = [circle(*puff, fill=WHITE, line=CONTEXT_LINE, width=2.0) for puff in puffs]
    found += [circle(*puff, fill=WHITE) for puff in puffs]
    return found


def legend_entries(diagram: Diagram) -> list[Entry]:
    """Return what the legend says of pipes, valves and clouds."""
    from loopscope.loops.diagrams.drawing.legend import Entry

    kinds = {node.kind for node in diagram.sketch.nodes}
    found = []
    if "flow" in kinds:
        found.append(Entry("flow, in its pipe", _pipe, 46.0))
    if "cloud" in kinds:
        found.append(
            Entry("outside the model", lambda x, y: [*cloud_items(x + 13.0, y, 13.0, 8.5)], 26.0)
        )
    return found


def _pipe(x: float, y: float) -> list[Item]:
    return [
        *pipe_items([(x, y), (x + 46.0, y)]), *valve_items(x + 19.0, y, level=True)
    ]  # fmt: skip


def _is_level(diagram: Diagram, flow: str) -> bool:
    routes = [
        diagram.layout.routes[link.pair]
        for link in diagram.sketch.links
        if link.kind == "pipe" and link.cause == flow
    ]
    return all(abs(route[1][1] - route[0][1]) < 1e-6 for route in routes)
