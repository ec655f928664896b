"""What is said on the picture itself: signs, badges of loops, letters of footnotes, shading.

Stage 5 of 5.  In: places of signs and badges.  Out: shapes and words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.drawing.nodes import RAISED
from loopscope.loops.diagrams.drawing.palette import CONTEXT, LETTER, SIGN_SIZE, WHITE
from loopscope.loops.diagrams.drawing.scene import Shape, Words, arc, circle, polygon, stroke
from loopscope.loops.diagrams.layout.badges import NAME_GAP, NAME_LEADING, NAME_SIZE, RADIUS
from loopscope.loops.diagrams.layout.labels import SIGN
from loopscope.loops.diagrams.lettering import width_of
from loopscope.loops.style import shortened

if TYPE_CHECKING:
    from loopscope.loops.diagrams.drawing.links import Curve
    from loopscope.loops.diagrams.drawing.palette import Palette
    from loopscope.loops.diagrams.drawing.scene import Item
    from loopscope.loops.diagrams.layout.badges import Badge
    from loopscope.loops.diagrams.layout.drawn import Drawn
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.records import Link, LoopShown, Place

DISC = 9.6
"""Radius of the filled disc of a reinforcing loop; the id stands in it."""

CIRCLE = 12.6
"""Radius of the arrow that turns around it."""

PALE = 0.45
"""How strongly the disc of a loop that is not reinforcing is filled at most: its id is dark."""

ONE_LINE, TWO_LINES = 4, 10
"""Letters of an id that fit a badge on one line, and on two."""

SHADES = (0.06, 0.12)
"""How strongly the area of a loop is filled, from score 0 to 1."""


def sign_item(link: Link, place: Numbers, palette: Palette) -> Words:
    """Return the sign of a link."""
    colour = CONTEXT if link.quiet else palette.sign_colour[link.sign]
    text = palette.sign_text[link.sign]
    x, y = (float(value) for value in place)
    return Words(x, y - RAISED * SIGN_SIZE, text, SIGN_SIZE, colour, bold=True)


def letters_item(link: Link, place: Numbers, picture: Drawn, palette: Palette) -> Words:
    """Return the letters of a link's footnotes, beside its sign where least is in their way."""
    text = ",".join(link.notes)
    wide = width_of(text, LETTER) / 2
    x, y = (float(value) for value in place)
    spots = np.array([(x + a * (SIGN + wide), y + b) for b in (4.5, -4.5) for a in (1, -1)])
    points = picture.paths.reshape(-1, 2)
    reach = np.array([wide + 1.5, LETTER / 2 + 1.5])
    on_links = (np.abs(points[None] - spots[:, None]) < reach).all(axis=2).sum(axis=1)
    apart = np.abs(picture.place[None] - spots[:, None]) - picture.half[None]
    on_boxes = (apart < reach).all(axis=2).sum(axis=1)
    best = int(np.argmin(on_links + 5 * on_boxes))
    colour = CONTEXT if link.quiet else palette.sign_colour[link.sign]
    return Words(
        float(spots[best, 0]), float(spots[best, 1]) - RAISED * LETTER, text, LETTER, colour
    )


def badge_items(
    loop: LoopShown, badge: Badge, palette: Palette, fill: float | None = None
) -> list[Item]:
    """Return the badge of a loop with its name and the letters of its footnotes."""
    return disc_of(loop, badge, palette, fill) + beside_disc(loop, badge, palette)


def disc_of(
    loop: LoopShown, badge: Badge, palette: Palette, fill: float | None = None
) -> list[Item]:
    """Return the disc of a loop's badge.

    Parameters
    ----------
    fill
        How strongly it is filled, from 0 to 1: an animation shows the score so.
    """
    colour = palette.loop_colour[loop.polarity]
    clockwise = badge.sense == "clockwise"
    return disc_items(*badge.place, loop.id, loop.polarity, colour, clockwise, fill)


def beside_disc(loop: LoopShown, badge: Badge, palette: Palette) -> list[Item]:
    """Return the name below a badge and the letters of footnotes beside it."""
    colour = palette.loop_colour[loop.polarity]
    x, y = badge.place
    items: list[Item] = []
    for k, line in enumerate(badge.lines):
        below = y - RADIUS - NAME_GAP - NAME_LEADING * NAME_SIZE * (k + 0.8)
        items.append(Words(x, below, line, NAME_SIZE, colour, italic=True))
    if loop.notes:
        text = ",".join(loop.notes)
        at = x + 0.76 * RADIUS, y + 0.62 * RADIUS
        items.append(Words(*at, text, LETTER, colour, anchor="start"))
    return items


def disc_items(
    x: float,
    y: float,
    text: str,
    polarity: str,
    colour: str,
    clockwise: bool,
    fill: float | None = None,
) -> list[Item]:
    """Return a disc with an id and an arrow that turns around it; R filled, B open."""
    items: list[Item] = [circle(x, y, RADIUS, fill=WHITE)]
    filled = polarity == "R"
    if fill is not None:
        items.append(circle(x, y, DISC, fill=colour, alpha=fill if filled else PALE * fill))
    elif filled:
        items.append(circle(x, y, DISC, fill=colour))
    items.append(arc(x, y, CIRCLE, 135.0, 405.0, line=colour, width=1.3))
    turn, end = (-1.0, np.radians(135.0)) if clockwise else (1.0, np.radians(45.0))
    at = np.array([x, y]) + CIRCLE * np.array([np.cos(end), np.sin(end)])
    along = turn * np.array([-np.sin(end), np.cos(end)])
    across = np.array([-along[1], along[0]]) * 3.2
    corners = [at + along * 4.2, at + across - along * 1.6, at - across - along * 1.6]
    items.append(polygon(corners, fill=colour))
    white = filled and (fill is None or fill > 0.6)
    return items + id_items(x, y, text, WHITE if white else colour)


def id_items(x: float, y: float, text: str, colour: str) -> list[Item]:
    """Return the id of a loop in its disc; one of more than four letters on two lines."""
    size = {1: 8.2, 2: 8.2, 3: 7.0, 4: 6.0}.get(len(text), 5.4)
    if len(text) <= ONE_LINE:
        return [Words(x, y - RAISED * size, text, size, colour, bold=True)]
    text = shortened(text, TWO_LINES)
    half = (len(text) + 1) // 2
    return [
        Words(x, y + up - RAISED * size, part, size, colour, bold=True)
        for part, up in ((text[:half], 0.52 * size), (text[half:], -0.52 * size))
    ]


def leader_item(badge: Badge, leader: Place, colour: str) -> Shape:
    """Return the dotted line from a badge to a link of its loop."""
    start, end = np.array(badge.place), np.array(leader)
    away = (end - start) / max(float(np.hypot(*(end - start))), 1e-9)
    return stroke([start + RADIUS * away, end], colour, 0.7, dash=(1.0, 1.5))


def shading_item(loop: LoopShown, curves: list[Curve], palette: Palette) -> Shape:
    """Return the area of a loop, the stronger its score the darker."""
    points = [curves[0].control[0][None], *(curve.control[1:] for curve in curves)]
    low, high = SHADES
    size = 0.5 if loop.score is None else min(1.0, abs(loop.score))
    return Shape(
        np.concatenate(points), curve=True, closed=True,
        fill=palette.loop_colour[loop.polarity], alpha=low + (high - low) * size,
    )  # fmt: skip
