"""The picture of a diagram, layer by layer: areas, links, variables, signs, badges.

Stage 5 of 5.  In: a ``Diagram``.  Out: layers of shapes and words, and their bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.drawing.labels import (
    badge_items,
    leader_item,
    letters_item,
    shading_item,
    sign_item,
)
from loopscope.loops.diagrams.drawing.links import (
    curves_of,
    head_items,
    line_items,
    mark_items,
    points_of,
)
from loopscope.loops.diagrams.drawing.nodes import beside_name, node_items
from loopscope.loops.diagrams.drawing.palette import CONTEXT, INK, palette_of
from loopscope.loops.diagrams.drawing.scene import Group, Shape, Words
from loopscope.loops.diagrams.drawing.words import link_words, loop_words, node_words
from loopscope.loops.diagrams.lettering import width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.drawing.links import Curve
    from loopscope.loops.diagrams.drawing.scene import Item, Layer
    from loopscope.loops.diagrams.layout.kernels.state import Numbers


def picture_layers(diagram: Diagram, fills: Sequence[float] | None = None) -> list[Layer]:
    """Return the picture itself, in the order in which it is drawn.

    Areas of loops, pipes, links, variables, ends of links with their signs, leaders, badges.

    Parameters
    ----------
    fills
        How strongly badges are filled, by position of the loop; as in a still where not given.
    """
    laid, palette = diagram.laid, palette_of(diagram.style)
    given = laid.picture.given
    curves = curves_of(laid.picture)
    number = {link.pair: e for e, link in enumerate(given.links)}
    causes = [(e, link) for e, link in enumerate(given.links) if link.kind == "cause"]
    discs = [
        (k, loop, badge)
        for k, (loop, badge) in enumerate(zip(given.loops, laid.badges, strict=True))
    ]
    areas = [
        Group(
            (shading_item(loop, [curves[number[pair]] for pair in loop.pairs], palette),),
            f"area-{k}", loop_words(loop),
        )
        for k, loop, _ in discs
        if loop.shaded
    ]  # fmt: skip
    lines = [
        Group(line_items(curves[e], link, palette), f"link-{e}", link_words(link))
        for e, link in causes
    ]
    pipes: list[Group] = []
    if diagram.kind == "stockflow":
        from loopscope.loops.diagrams.drawing.pipes import pipe_groups

        pipes = pipe_groups(diagram)
    ends = [Group(_end(diagram, e, curves[e]), f"end-{e}", link_words(link)) for e, link in causes]
    leaders = [
        Group(
            (leader_item(badge, badge.leader, palette.loop_colour[loop.polarity]),), f"leader-{k}"
        )
        for k, loop, badge in discs
        if badge.leader is not None
    ]
    badges = [
        Group(
            tuple(badge_items(loop, badge, palette, None if fills is None else fills[k])),
            f"loop-{k}", loop_words(loop),
        )
        for k, loop, badge in discs
    ]  # fmt: skip
    layers = (areas, pipes, lines, variable_groups(diagram), ends, leaders, badges)
    return [tuple(layer) for layer in layers if layer]


def variable_groups(diagram: Diagram) -> list[Group]:
    """Return the variables; flows and clouds of a stock-and-flow diagram have their own looks."""
    picture = diagram.laid.picture
    groups: list[Group] = []
    for n, node in enumerate(picture.given.nodes):
        items: Sequence[Item] | None = None
        if diagram.kind == "stockflow":
            from loopscope.loops.diagrams.drawing.pipes import special_items

            items = special_items(diagram, node)
        if items is None:
            items = node_items(node, picture.place[n], picture.half[n])
            if diagram.style.valves and node.kind == "flow":
                items = [*items, *beside_name(node, picture.place[n], picture.paths)]
        groups.append(Group(tuple(items), f"variable-{n}", node_words(node)))
    return groups


def _end(diagram: Diagram, e: int, curve: Curve) -> tuple[Item, ...]:
    """Return the arrowhead, delay mark, sign and letters of a link."""
    laid, palette = diagram.laid, palette_of(diagram.style)
    link = laid.picture.given.links[e]
    items: list[Item] = [*head_items(curve, link, palette)]
    if e in laid.marks:
        items += mark_items(laid.marks[e], link.width, CONTEXT if link.quiet else INK)
    items.append(sign_item(link, laid.signs[e], palette))
    if link.notes:
        items.append(letters_item(link, laid.signs[e], laid.picture, palette))
    return tuple(items)


def bounds_of(layers: Iterable[Layer]) -> tuple[Numbers, Numbers]:
    """Return the corners of all that layers draw; (0, 0) where they draw nothing."""
    items = [item for layer in layers for group in layer for item in group.items]
    shapes = [item for item in items if isinstance(item, Shape)]
    corners: list[Numbers] = [_around(item) for item in items if isinstance(item, Words)]
    arcs = [shape for shape in shapes if shape.curve and len(shape.points) == 4]
    if arcs:
        # A cubic does not reach its handles.
        points = points_of(np.stack([arc.points for arc in arcs]), np.linspace(0, 1, 17)[None])
        half = np.array([arc.width / 2 for arc in arcs])[:, None, None]
        corners += [(points - half).reshape(-1, 2), (points + half).reshape(-1, 2)]
    for shape in shapes:
        if not shape.curve or len(shape.points) != 4:
            room = shape.width / 2 if shape.line else 0.0
            corners += [shape.points - room, shape.points + room]
    every = np.concatenate(corners) if corners else np.zeros((1, 2))
    return every.min(axis=0), every.max(axis=0)


def _around(words: Words) -> Numbers:
    wide = width_of(words.text, words.size, bold=words.bold, italic=words.italic)
    left = words.x - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[words.anchor]
    return np.array(
        [(left - 1.0, words.y - 0.3 * words.size), (left + wide + 1.0, words.y + words.size)]
    )
