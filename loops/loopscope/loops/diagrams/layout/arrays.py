"""A sketch as arrays: what the search and the polish work on.

Stage 2 of 5.  In: a ``Sketch``.  Out: an ``Indexed``: names in order, and the ``Shape``.

Nodes and links are sorted by name, so that the order in which they are given changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from loopscope.loops.diagrams.layout.kernels.state import READ, Shape, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.diagrams.layout.kernels.state import Integers, Numbers
    from loopscope.loops.diagrams.records import Layout, Link, LoopShown, Node, Sketch

SPACING = 104.0
SPACING_OF_FEW = 112.0
FEW = 20
"""Fewer nodes than this are set wider apart."""

VISIBLE = 48.0
VISIBLE_WITH_DELAY = 64.0
VISIBLE_IN_PAIR = 78.0
"""Lengths of a link that want to be seen: in general, with a delay mark, in a loop of two."""

PAIR = 3.0
"""Weight of a loop of two by that of others: it needs room for a badge."""

STEPS = 8
"""Segments of a link in the search."""

BADGE = (16.0, 16.0)
"""Half the size of a badge without its name, in points."""

NO_STRESS = 1e-3
"""Of the weight of neighbours: what parts without a link between them weigh."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A sketch with its nodes, links and loops in a fixed order.

    Attributes
    ----------
    spacing
        Desired length of a link, in points.
    """

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    loops: tuple[LoopShown, ...]
    shape: Shape
    spacing: float

    @property
    def names(self) -> tuple[str, ...]:
        """Of the nodes, in order."""
        return tuple(node.name for node in self.nodes)


def indexed(sketch: Sketch, size: int | None = None, *, sprung: bool = False) -> Indexed:
    """Return a sketch as arrays.

    Parameters
    ----------
    size
        Number of variables of the whole that it is a part of; its own where not given.
    sprung
        Whether distances between all nodes are there, which only a search needs.

    Notes
    -----
    O(m), and with distances O(n m + n**2 log n) for n nodes and m links.
    """
    nodes = tuple(sorted(sketch.nodes, key=lambda node: node.name))
    links = tuple(sorted(sketch.links, key=lambda link: link.pair))
    loops = tuple(sorted(sketch.loops, key=lambda loop: loop.id))
    number = {node.name: n for n, node in enumerate(nodes)}
    position = {link.pair: n for n, link in enumerate(links)}
    tail = np.array([number[link.cause] for link in links], np.int64)
    head = np.array([number[link.effect] for link in links], np.int64)
    half = [(node.width / 2, node.height / 2) for node in nodes]
    half += [BADGE for _ in loops]
    spacing = SPACING_OF_FEW if (size or len(nodes)) < FEW else SPACING
    desired, springs = np.zeros((0, 0)), np.zeros((0, 0))
    if sprung:
        boxes = np.array(half[: len(nodes)]).reshape(-1, 2)
        desired, springs = _springs(tail, head, boxes, spacing)
    around = [[position[pair] for pair in loop.pairs] for loop in loops]
    pairs = {e for one in around if len(one) == 2 for e in one}
    need = [
        VISIBLE_IN_PAIR if e in pairs else VISIBLE_WITH_DELAY if link.delay else VISIBLE
        for e, link in enumerate(links)
    ]
    weight = np.array([loop.weight * (PAIR if len(loop.path) == 2 else 1.0) for loop in loops])
    at: list[list[int]] = [[] for _ in nodes]
    for e in range(len(links)):
        at[tail[e]].append(e)
        at[head[e]].append(e)
    through: list[list[int]] = [[] for _ in links]
    held: list[list[int]] = [[] for _ in nodes]
    for which, one in enumerate(around):
        for e in one:
            through[e].append(which)
            held[tail[e]].append(which)
    shape = Shape(
        tail, head, np.array(half, np.float64).reshape(-1, 2), np.array(need, np.float64),
        desired, springs, *_flat(at), *_flat(around), weight / max(weight.sum(), 6.0),
        *_flat(through), *_flat(held),
    )  # fmt: skip
    return Indexed(nodes, links, loops, shape, spacing)


def state_of(given: Indexed, place: Numbers, bulge: Numbers, steps: int = STEPS) -> State:
    """Return the state in which nodes, and badges, stand at some places; nothing is read off yet.

    Parameters
    ----------
    place
        Dims (node, 2); or (node and loop, 2), badges included.
    steps
        Segments of a link.
    """
    m = len(given.links)
    places = np.zeros((len(given.shape.half), 2))
    places[: len(place)] = place
    return State(
        places, np.array(bulge, np.float64), np.zeros((m, steps + 1, 2)), np.zeros((m, READ))
    )


def placed(given: Indexed, layout: Layout) -> tuple[Numbers, Numbers]:
    """Return places (node, 2) and bulges (link,) of a layout that has them all."""
    place = np.array([layout.places[name] for name in given.names], np.float64).reshape(-1, 2)
    bulge = np.array([layout.bulges[link.pair] for link in given.links], np.float64)
    return place, bulge


def _springs(
    tail: Integers, head: Integers, half: Numbers, spacing: float
) -> tuple[Numbers, Numbers]:
    n = len(half)
    graph: nx.Graph[int] = nx.Graph(zip(tail.tolist(), head.tolist(), strict=True))
    hops = np.full((n, n), np.inf)
    for v, reached in nx.all_pairs_shortest_path_length(graph):
        for w, count in reached.items():
            hops[v, w] = count
    joined = np.isfinite(hops) & (hops > 0)
    steps = np.where(joined, hops, 3.0)
    size = half.mean(axis=1)
    desired = steps * spacing + size[:, None] + size[None, :]
    springs = np.where(joined, 1.0, NO_STRESS) / (steps * spacing) ** 2
    np.fill_diagonal(springs, 0.0)
    return desired, springs


def _flat(lists: Sequence[Sequence[int]]) -> tuple[Integers, Integers]:
    ends = np.cumsum([0, *(len(one) for one in lists)])
    return ends.astype(np.int64), np.array([e for one in lists for e in one], np.int64)
