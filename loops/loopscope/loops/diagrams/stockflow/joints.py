"""A stock-and-flow sketch as a causal one: corners of pipes, and names beside valves, as nodes.

Stages 2 and 3 of 5.  In: a ``Sketch`` with pipes and a ``Layout`` with their routes.  Out: a sketch
without pipes, whose links are what is drawn, and its layout; what is laid out and measured is that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from loopscope.loops.diagrams.records import Layout, Link, Node, Sketch
from loopscope.loops.diagrams.stockflow.piping import name_size
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.graph import Pair

Key = TypeVar("Key")
Value = TypeVar("Value")

TINY = 0.02
"""Size of a joint, in points: it is in nobody's way."""

MARK = "\x01"
"""Begins the names of what no author wrote."""


@dataclass(frozen=True, slots=True)
class Jointed:
    """A sketch in which pipes are chains of straight links.

    Attributes
    ----------
    layout
        Places of all that is pinned: stocks, flows, clouds, joints and names.
    pieces
        Links that each pipe is made of, in order from its valve.
    """

    sketch: Sketch
    layout: Layout
    pieces: dict[Pair, tuple[Pair, ...]]


def jointed(sketch: Sketch, layout: Layout) -> Jointed:
    """Return a sketch with its pipes taken apart at their corners.

    Raises
    ------
    LoopError
        A pipe without a route, or a flow whose name has no place.
    """
    nodes = list(sketch.nodes)
    places = dict(layout.places)
    bulges = {link.pair: layout.bulges[link.pair] for link in sketch.links
              if link.kind == "cause" and link.pair in layout.bulges}  # fmt: skip
    links: list[Link] = []
    pieces: dict[Pair, tuple[Pair, ...]] = {}
    kinds = {node.name: node.kind for node in sketch.nodes}
    for node in sketch.nodes:
        if node.kind == "flow":
            wide, high = name_size(node)
            nodes.append(
                Node(name=f"{MARK}name {node.name}", lines=(" ",), width=2 * wide, height=2 * high)
            )
            places[nodes[-1].name] = _given(layout.names, node.name, "name of flow")
    for link in sketch.links:
        if link.kind == "cause":
            links.append(link)
            continue
        chain = [link.cause]
        for n, corner in enumerate(_given(layout.routes, link.pair, "route of pipe")[1:]):
            name = f"{MARK}joint {link.cause}{MARK}{link.effect}{MARK}{n}"
            nodes.append(Node(name=name, lines=(" ",), width=TINY, height=TINY))
            places[name] = corner
            chain.append(name)
        if kinds[link.effect] == "stock":
            chain.append(link.effect)
        pieces[link.pair] = tuple(pairwise(chain))
        for pair in pieces[link.pair]:
            links.append(Link(cause=pair[0], effect=pair[1], sign=link.sign, kind="pipe"))
            bulges[pair] = 0.0
    loops = []
    for loop in sketch.loops:
        path: list[str] = []
        for pair in loop.pairs:
            path += [cause for cause, _ in pieces.get(pair, (pair,))]
        loops.append(replace(loop, path=tuple(path)))
    return Jointed(Sketch(tuple(nodes), tuple(links), tuple(loops)), Layout(places, bulges), pieces)


def _given(known: Mapping[Key, Value], key: Key, what: str) -> Value:
    """Return what a layout says of something."""
    if key not in known:
        msg = f"layout: there is no place for the {what} {key!r}; lay_pipes(layout=) finds one"
        raise LoopError(msg)
    return known[key]
