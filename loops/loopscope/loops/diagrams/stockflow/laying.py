"""Lay out a stock-and-flow diagram: pipes first, then what steers them around.

Stages 2 to 4 of 5.  In: a ``Sketch`` with pipes.  Out: a ``LaidOut``, measured like any other.

Networks of stocks are laid out one by one.  Then each is one large box among the auxiliaries, and
that sketch is laid out; then the networks stay, and auxiliaries and links of information settle
amid them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.arrays import indexed, placed
from loopscope.loops.diagrams.layout.badges import badges
from loopscope.loops.diagrams.layout.drawn import STEPS, Drawn, drawn
from loopscope.loops.diagrams.layout.dressing import NAMES, LaidOut
from loopscope.loops.diagrams.layout.labels import marks, signs
from loopscope.loops.diagrams.layout.laying import lay_out
from loopscope.loops.diagrams.layout.quality import measure
from loopscope.loops.diagrams.records import Layout, Link, Node, Sketch
from loopscope.loops.diagrams.stockflow.joints import MARK, jointed
from loopscope.loops.diagrams.stockflow.naming import settled_names
from loopscope.loops.diagrams.stockflow.networks import networks_of
from loopscope.loops.diagrams.stockflow.setting import set_out

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from loopscope.loops.diagrams.layout.trying import Level
    from loopscope.loops.diagrams.records import Place
    from loopscope.loops.diagrams.stockflow.joints import Jointed
    from loopscope.loops.diagrams.stockflow.piping import Network
    from loopscope.loops.graph import Pair

    Numbers = NDArray[np.float64]

AROUND = 26.0
"""Room about a network, in points: for links that come to it."""

EFFORT: dict[str, tuple[int, int, int]] = {
    "draft": (60, 1, 1), "normal": (160, 2, 1), "best": (250, 2, 2)
}  # fmt: skip
"""Rounds in which networks are set out, how often for a try, and tries, the best of which counts.
"""

FEW = 6
"""Up to this many nodes, one try does."""


def lay_pipes(
    sketch: Sketch,
    *,
    seed: int = 0,
    level: Level = "best",
    layout: Layout | None = None,
    pinned: Collection[str] = (),
) -> LaidOut:
    """Lay out a stock-and-flow diagram.

    Parameters
    ----------
    layout
        Places to start from.  Pipes stay as they are where all is known of them; stocks that were
        put elsewhere stay there, and pipes run anew.
    pinned
        Variables that do not move at all.

    Raises
    ------
    LoopError
        As ``layout.laying.lay_out`` does.

    Notes
    -----
    As ``networks_of``, and twice as ``layout.laying.lay_out``.
    """
    given = layout or Layout()
    kept = _kept(sketch, given)
    if kept is not None:
        return _around(sketch, kept, given.places, given, seed, level, pinned)
    stocks = [node.name for node in sketch.nodes if node.kind == "stock"]
    if stocks and all(name in given.places for name in stocks):
        edited = _joined(networks_of(sketch, seed, given.places))
        return _around(sketch, edited, given.places, given, seed, level, pinned)
    networks = networks_of(sketch, seed)
    rough = _rough(networks, sketch, seed)
    sweeps, starts, tries = EFFORT[level]
    found = []
    for number in range(tries if len(sketch.nodes) > FEW else 1):
        there, loose = set_out(networks, sketch, rough, seed + 1000 * number, sweeps, starts)
        found.append(
            _around(sketch, _joined(there), {**loose, **given.places}, given, seed, level, pinned)
        )
    return min(found, key=_faults)


def _around(
    sketch: Sketch,
    pipes: Layout,
    begin: Mapping[str, Place],
    given: Layout,
    seed: int,
    level: Level,
    pinned: Collection[str],
) -> LaidOut:
    """Return a sketch laid out about its pipes.

    Parameters
    ----------
    pipes
        Places of stocks, flows and clouds, routes of pipes; they stay.
    begin
        Where auxiliaries are laid out from.
    """
    loose = [node.name for node in sketch.nodes if node.name not in pipes.places]
    known = {name: begin[name] for name in loose if name in begin}
    start = replace(pipes, places={**pipes.places, **known}, bulges=given.bulges)
    whole = jointed(sketch, start)
    fixed = {node.name for node in whole.sketch.nodes}.difference(loose).union(pinned)
    laid = lay_out(whole.sketch, seed=seed, level=level, layout=whole.layout, pinned=fixed)
    shown = {node.name for node in sketch.nodes}
    links = {link.pair: laid.layout.bulges.get(link.pair, 0.0) for link in sketch.links}
    settled = replace(
        start, bulges=links,
        places={name: place for name, place in laid.layout.places.items() if name in shown},
    )  # fmt: skip
    if not pipes.names.items() <= given.names.items():
        settled = replace(settled, names=settled_names(sketch, settled))
    return dress_pipes(sketch, settled, seed=seed, level=level)


def _faults(laid: LaidOut) -> float:
    """Return how bad a picture is: in crossings, for which the other faults stand."""
    one = laid.quality
    labels = one.label_on_label + one.label_on_link
    outside = one.badges - one.badges_inside
    size = one.width * one.height / 1e6
    return one.crossings + 2.0 * one.link_over_box + 6.0 * labels + 0.3 * outside + size


def dress_pipes(sketch: Sketch, layout: Layout, *, seed: int = 0, level: str = "given") -> LaidOut:
    """Return a layout with its marks, signs and badges; nothing moves.

    Parameters
    ----------
    layout
        With a place for each node and the name of each flow, a bulge for each link, a route for
        each pipe.

    Raises
    ------
    LoopError
        Something without one.
    """
    whole = jointed(sketch, layout)
    picture = drawn(whole.sketch, whole.layout)
    delayed = marks(picture)
    beside = signs(picture, delayed)
    number = {link.pair: e for e, link in enumerate(picture.given.links)}
    told = np.array([number[link.pair] for link in sketch.links if link.kind == "cause"], np.int64)
    discs = badges(picture, delayed, beside[told], named=len(sketch.nodes) <= 2 * NAMES)
    quality = measure(picture, beside[told], discs, delayed)
    own = picture_of(sketch, layout, whole, picture)
    shown = {link.pair: e for e, link in enumerate(own.given.links)}
    places = np.array([
        beside[number[link.pair]] if link.kind == "cause" else own.paths[e][STEPS // 2]
        for e, link in enumerate(own.given.links)
    ]).reshape(-1, 2)  # fmt: skip
    return LaidOut(
        sketch=sketch, layout=layout, picture=own,
        marks={shown[picture.given.links[e].pair]: mark for e, mark in delayed.items()},
        signs=places, badges=discs,
        quality=replace(quality, shortest_link=float(own.lengths.min(initial=np.inf))),
        seed=seed, level=level,
    )  # fmt: skip


def _kept(sketch: Sketch, given: Layout) -> Layout | None:
    """Return the pipes of a layout that has all of them, end to end; None where it does not."""
    boxes = {node.name: (node.width / 2, node.height / 2) for node in sketch.nodes}
    solid = [node.name for node in sketch.nodes if node.kind != "auxiliary"]
    flows = [node.name for node in sketch.nodes if node.kind == "flow"]
    if not all(name in given.places for name in solid) or not all(
        name in given.names for name in flows
    ):
        return None
    routes = {}
    for link in sketch.links:
        if link.kind != "pipe":
            continue
        route = given.routes.get(link.pair, ())
        if len(route) < 2 or route[0] != given.places[link.cause]:
            return None
        place, half = given.places[link.effect], boxes[link.effect]
        if any(abs(route[-1][axis] - place[axis]) > half[axis] + 1e-6 for axis in (0, 1)):
            return None
        routes[link.pair] = route
    return Layout(
        {name: given.places[name] for name in solid}, {}, routes,
        {name: given.names[name] for name in flows},
    )  # fmt: skip


def _rough(networks: Sequence[Network], sketch: Sketch, seed: int) -> dict[str, Place]:
    """Return where networks, by number, and auxiliaries begin: each network is one large box."""
    home = {name: n for n, one in enumerate(networks) for name in one.places}
    group = {
        node.name: f"{MARK}network {home[node.name]}" if node.name in home else node.name
        for node in sketch.nodes
    }
    nodes = [
        Node(
            name=f"{MARK}network {n}", lines=(" ",), width=one.high[0] - one.low[0] + 2 * AROUND,
            height=one.high[1] - one.low[1] + 2 * AROUND,
        )
        for n, one in enumerate(networks)
    ]  # fmt: skip
    nodes += [node for node in sketch.nodes if node.name not in home]
    pairs = dict.fromkeys((group[a], group[b]) for a, b in (link.pair for link in sketch.links))
    links = [Link(cause=a, effect=b, sign="+") for a, b in pairs if a != b]
    places = lay_out(Sketch(tuple(nodes), tuple(links)), seed=seed, level="draft").layout.places
    return {name.removeprefix(f"{MARK}network "): place for name, place in places.items()}


def _joined(networks: Sequence[Network]) -> Layout:
    """Return the layout of several networks."""
    places: dict[str, Place] = {}
    routes: dict[Pair, tuple[Place, ...]] = {}
    names: dict[str, Place] = {}
    for one in networks:
        places.update(one.places)
        routes.update(one.routes)
        names.update(one.names)
    return Layout(places, {}, routes, names)


def picture_of(sketch: Sketch, layout: Layout, whole: Jointed, picture: Drawn) -> Drawn:
    """Return the curves of the sketch itself, from those of what it was taken apart into."""
    given = indexed(sketch)
    place, bulge = placed(given, layout)
    m = len(given.links)
    number = {link.pair: e for e, link in enumerate(picture.given.links)}
    paths, curves = np.zeros((m, STEPS + 1, 2)), np.zeros((m, STEPS + 1, 2))
    angles, lengths = np.zeros((m, 2)), np.zeros(m)
    for e, link in enumerate(given.links):
        if link.kind == "cause":
            old = number[link.pair]
            paths[e], curves[e] = picture.paths[old], picture.curves[old]
            angles[e], lengths[e] = picture.angles[old], picture.lengths[old]
            continue
        route = np.array(layout.routes[link.pair], np.float64)
        paths[e], lengths[e] = _sampled(route)
        curves[e], _ = _sampled(np.vstack([route, [layout.places[link.effect]]]))
        first, last = route[1] - route[0], route[-2] - route[-1]
        angles[e] = np.arctan2(first[1], first[0]), np.arctan2(last[1], last[0])
    return Drawn(
        given, place, given.shape.half[: len(given.nodes)], bulge, curves, paths, lengths,
        paths.min(axis=1, initial=np.inf), paths.max(axis=1, initial=-np.inf), angles,
    )  # fmt: skip


def _sampled(corners: Numbers) -> tuple[Numbers, float]:
    """Return points along a polyline, all its corners among them, and its length."""
    steps = np.hypot(*np.diff(corners, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    length = float(along[-1])
    inner = np.linspace(0.0, length, STEPS + 1 - (len(corners) - 2))
    at = np.sort(np.concatenate([inner, along[1:-1]]))
    points = np.column_stack([np.interp(at, along, corners[:, axis]) for axis in range(2)])
    return points, length
