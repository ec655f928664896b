"""The view of a model's file: where its variables stand, for the programs that read it.

Beside every stage.  In: a stock-and-flow ``Diagram``, or a model, all of which is placed without a
search.  Out: a ``View``, in which y grows downwards and no number is negative.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.diagram import Diagram
from loopscope.loops.diagrams.records import Layout, Link, Node, Sketch
from loopscope.loops.diagrams.stockflow.bare import quick_layout
from loopscope.loops.diagrams.stockflow.plumbing import plumb
from loopscope.loops.diagrams.stockflow.sketching import ends_of, pipework
from loopscope.loops.graph import trace
from loopscope.models.errors import LoopError
from loopscope.models.model import Lookup
from loopscope.models.writing.view import Connector, Pipe, View
from loopscope.models.writing.view import Place as Spot

if TYPE_CHECKING:
    from loopscope.loops.diagrams.records import Place
    from loopscope.loops.diagrams.stockflow.plumbing import Plumbing
    from loopscope.loops.graph import Pair
    from loopscope.models.model import Model

MARGIN = 60.0
"""Of the page, in points."""


def view_of(of: Diagram | Model, name: str = "View 1") -> View:
    """Return the view that a diagram shows, or one with every variable of a model.

    Parameters
    ----------
    of
        A diagram of kind "stockflow"; or a model, of which constants, and lookups with a name of
        their own, are placed too.

    Raises
    ------
    LoopError
        A causal loop diagram, which has no pipes; of a model, as ``trace`` does.

    Notes
    -----
    As ``quick_layout`` for a model.

    Examples
    --------
    >>> from loopscope import models
    >>> view = view_of(models.load("migration_policy"))
    >>> sum(place.kind == "stock" for place in view.places)
    27
    """
    if isinstance(of, Diagram):
        if of.kind != "stockflow":
            msg = "a view has pipes: make the diagram with kind='stockflow'"
            raise LoopError(msg)
        return _view(of.sketch, of.layout, name)
    sketch = whole_sketch(plumb(trace(of)))
    return _view(sketch, quick_layout(sketch), name)


def whole_sketch(plumbing: Plumbing) -> Sketch:
    """Return the sketch of all variables of a model, as their equations name each other.

    No sign is worked out.
    """
    model = plumbing.graph.model
    names = [one.name for one in model.stocks]
    nodes, pipes = pipework(plumbing, plumbing.valves, names)
    there = {node.name for node in nodes}
    clock = model.clock
    apart = {clock.initial_time, clock.final_time, clock.time_step, clock.saveper}
    for one in model:
        owned = isinstance(one, Lookup) and bool(one.owner)
        if one.name not in there and one.name not in apart and not owned:
            nodes.append(Node(name=one.name))
            there.add(one.name)
    pairs: dict[Pair, None] = {}
    for one in model:
        for cause in one.depends if one.name not in names else one.initial_depends:
            pairs[cause, one.name] = None
    made_up = plumbing.made_up
    for pair in (*plumbing.graph.pairs, *plumbing.graph.inputs):
        if pair[1] in made_up:
            pairs[pair] = None
    links = [
        Link(cause=cause, effect=effect, sign="?")
        for cause, effect in pairs
        if cause in there and effect in there and cause != effect and (cause, effect) not in pipes
    ]
    return Sketch(tuple(nodes), (*pipes.values(), *links))


def _view(sketch: Sketch, layout: Layout, name: str) -> View:
    """Return places with the corner of the page at (0, 0), and y downwards."""
    points = [*layout.places.values(), *(p for route in layout.routes.values() for p in route)]
    corners = np.array(points or [(0.0, 0.0)])
    left, top = float(corners[:, 0].min()) - MARGIN, float(corners[:, 1].max()) + MARGIN

    def on_page(place: Place) -> Place:
        return place[0] - left, top - place[1]

    places = []
    for node in sketch.nodes:
        x, y = on_page(layout.places[node.name])
        places.append(
            Spot(name=node.name, kind=node.kind, x=x, y=y, width=node.width, height=node.height)
        )
    pipes = []
    for flow, (source, target) in ends_of(sketch).items():
        corners_ = [*layout.routes[flow, source][:0:-1], *layout.routes[flow, target][1:]]
        pipes.append(
            Pipe(flow=flow, source=source, target=target, points=tuple(map(on_page, corners_)))
        )
    connectors = [
        Connector(cause=link.cause, effect=link.effect, angle=_angle(link, layout))
        for link in sketch.links
        if link.kind == "cause"
    ]
    return View(
        places=tuple(places), connectors=tuple(connectors), pipes=tuple(pipes), name=name
    )  # fmt: skip


def _angle(link: Link, layout: Layout) -> float | None:
    """Return the direction in which an arc leaves its cause, in degrees; None if it is straight."""
    bulge = layout.bulges.get(link.pair, 0.0)
    if not bulge:
        return None
    (ax, ay), (bx, by) = layout.places[link.cause], layout.places[link.effect]
    chord = math.atan2(by - ay, bx - ax)
    return math.degrees(chord + math.atan2(4.0 * bulge, 1.0 - 4.0 * bulge * bulge)) % 360.0
