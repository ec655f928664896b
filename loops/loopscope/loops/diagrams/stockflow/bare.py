"""A stock-and-flow sketch of any size, placed without a search.

Stages 2 to 4 of 5, for formats that are no pictures, and for the view of a model's file.  In: a
``Sketch`` with pipes.  Out: a ``LaidOut`` in which no boxes overlap, and pipes are parallel to the
axes.  Links of information are straight, and may run across anything.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.layout.drawn import drawn
from loopscope.loops.diagrams.layout.dressing import LaidOut
from loopscope.loops.diagrams.layout.quality import Quality
from loopscope.loops.diagrams.records import Layout
from loopscope.loops.diagrams.stockflow.joints import jointed
from loopscope.loops.diagrams.stockflow.laying import picture_of
from loopscope.loops.diagrams.stockflow.networks import networks_of
from loopscope.loops.diagrams.stockflow.piping import moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from loopscope.loops.diagrams.records import Place, Sketch
    from loopscope.loops.diagrams.stockflow.piping import Network
    from loopscope.loops.graph import Pair

CELL = (26.0, 18.0)
"""Of the raster on which auxiliaries are set, in points."""

BETWEEN = (150.0, 110.0)
"""Room between networks, in points: auxiliaries stand there."""

ROUNDS = 8
"""Of moving auxiliaries to the middle of what they are linked with."""


def bare_pipes(sketch: Sketch) -> LaidOut:
    """Return a sketch placed, without signs, marks and badges in their places.

    Notes
    -----
    As ``networks_of``; then each auxiliary looks for the nearest free cells, in rings.
    """
    layout = quick_layout(sketch)
    whole = jointed(sketch, layout)
    picture = picture_of(sketch, layout, whole, drawn(whole.sketch, whole.layout))
    wide = float(picture.place[:, 0].max(initial=0.0) - picture.place[:, 0].min(initial=0.0))
    high = float(picture.place[:, 1].max(initial=0.0) - picture.place[:, 1].min(initial=0.0))
    unknown = math.nan
    return LaidOut(
        sketch=sketch, layout=layout, picture=picture, marks={}, signs=picture.paths[:, -1].copy(),
        badges=(), seed=0, level="bare",
        quality=Quality(
            crossings=0, label_on_label=0, label_on_link=0, link_over_box=0, smallest_angle=unknown,
            roundness=unknown, badges=0, badges_inside=0, shortest_link=unknown,
            leaders_touching=0, width=wide, height=high,
        ),
    )  # fmt: skip


def quick_layout(sketch: Sketch) -> Layout:
    """Return places of everything, networks in rows and auxiliaries near what they act on."""
    networks = networks_of(sketch)
    set_out = _rows(networks, sum(node.kind == "auxiliary" for node in sketch.nodes))
    taken = Taken()
    places: dict[str, Place] = {}
    routes: dict[Pair, tuple[Place, ...]] = {}
    names: dict[str, Place] = {}
    for one in set_out:
        places.update(one.places)
        routes.update(one.routes)
        names.update(one.names)
        taken.add(one.low, one.high)
    linked: dict[str, list[str]] = {}
    for cause, effect in (link.pair for link in sketch.links if link.kind == "cause"):
        linked.setdefault(cause, []).append(effect)
        linked.setdefault(effect, []).append(cause)
    loose = [node for node in sketch.nodes if node.name not in places]
    wanted = _wanted(loose=[node.name for node in loose], fixed=places, linked=linked)
    for node in sorted(loose, key=lambda one: (-len(linked.get(one.name, ())), one.name)):
        places[node.name] = taken.nearest(wanted[node.name], node.width, node.height)
    bulges = {link.pair: 0.0 for link in sketch.links}
    return Layout(places, bulges, routes, names)


def _rows(networks: Sequence[Network], loose: int) -> list[Network]:
    """Return networks side by side in rows, with more room where there are more auxiliaries."""
    if not networks:
        return []
    more = 1.0 + 0.5 * math.sqrt(loose / len(networks))
    gaps = BETWEEN[0] * more, BETWEEN[1] * more
    sizes = [(one.high[0] - one.low[0] + gaps[0], one.high[1] - one.low[1] + gaps[1])
             for one in networks]  # fmt: skip
    widest = max(max(wide for wide, _ in sizes), 1.3 * math.sqrt(sum(w * h for w, h in sizes)))
    found, x, y, row = [], 0.0, 0.0, 0.0
    for one, (wide, high) in zip(networks, sizes, strict=True):
        if x and x + wide > widest:
            x, y, row = 0.0, y - row, 0.0
        found.append(moved(one, x + wide / 2, y - high / 2))
        x, row = x + wide, max(row, high)
    return found


def _wanted(
    *, loose: Iterable[str], fixed: Mapping[str, Place], linked: Mapping[str, Sequence[str]]
) -> dict[str, Place]:
    """Return the middle of what each auxiliary is linked with, after some rounds."""
    names = list(loose)
    middle = _mean(list(fixed.values())) or (0.0, 0.0)
    found = dict.fromkeys(names, middle)
    for _ in range(ROUNDS):
        for name in names:
            around = [fixed.get(one) or found[one] for one in linked.get(name, ())]
            found[name] = _mean(around) or middle
    return found


def _mean(places: Sequence[Place]) -> Place | None:
    if not places:
        return None
    count = len(places)
    return sum(x for x, _ in places) / count, sum(y for _, y in places) / count


class Taken:
    """Cells of a raster that something stands in."""

    def __init__(self) -> None:
        self._cells: set[tuple[int, int]] = set()

    def add(self, low: Place, high: Place) -> None:
        """Take the cells of a rectangle."""
        self._cells.update(_cells(low, high))

    def nearest(self, place: Place, wide: float, high: float) -> Place:
        """Return the free place for a box that is nearest to one, and take it."""
        column, row = round(place[0] / CELL[0]), round(place[1] / CELL[1])
        ring = 0
        while True:
            spots = [
                (column + a, row + b)
                for a in range(-ring, ring + 1)
                for b in range(-ring, ring + 1)
                if max(abs(a), abs(b)) == ring
            ]
            for a, b in sorted(spots, key=lambda one: (
                math.hypot(one[0] * CELL[0] - place[0], one[1] * CELL[1] - place[1]), one
            )):  # fmt: skip
                x, y = a * CELL[0], b * CELL[1]
                mine = _cells((x - wide / 2, y - high / 2), (x + wide / 2, y + high / 2))
                if self._cells.isdisjoint(mine):
                    self._cells.update(mine)
                    return x, y
            ring += 1


def _cells(low: Place, high: Place) -> list[tuple[int, int]]:
    first = math.floor(low[0] / CELL[0] - 0.25), math.floor(low[1] / CELL[1] - 0.25)
    last = math.ceil(high[0] / CELL[0] + 0.25), math.ceil(high[1] / CELL[1] + 0.25)
    return [(a, b) for a in range(first[0], last[0]) for b in range(first[1], last[1])]
