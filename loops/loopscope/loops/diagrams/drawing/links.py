"""Links as shapes: arcs with a white casing, arrowheads, delay marks.

Stage 5 of 5.  In: curves of a layout.  Out: shapes.  The arcs are the cubics that the layout was
measured on, cut where the boxes begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.drawing.palette import CONTEXT_LINE, INK, WHITE
from loopscope.loops.diagrams.drawing.scene import Shape, polygon, stroke
from loopscope.loops.diagrams.layout.labels import MARK, head_length

if TYPE_CHECKING:
    from loopscope.loops.diagrams.drawing.palette import Palette
    from loopscope.loops.diagrams.drawing.scene import Dash
    from loopscope.loops.diagrams.layout.drawn import Drawn
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.layout.labels import Mark
    from loopscope.loops.diagrams.records import Link

CASING = 3.2
"""How much wider than its link the white under it is, in points."""

BARS = 2.4
"""Half the distance between the bars of a delay mark."""

RIM = 0.6
"""White around an arrowhead, in points."""

SAMPLES = 32


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A cubic from centre to centre, and the part of it that is drawn.

    Attributes
    ----------
    control
        Its four points, dims (4, 2).
    begin, end
        Of the drawn part, from 0 to 1.
    along
        Lengths from ``begin`` at equal steps, dims (sample,).
    """

    control: Numbers
    begin: float
    end: float
    along: Numbers

    def back(self, length: float) -> float:
        """Return where the curve is a length before its end; the start is never reached."""
        total = float(self.along[-1])
        want = max(total - length, 0.05 * total)
        steps = np.linspace(self.begin, self.end, SAMPLES + 1)
        return float(np.interp(want, self.along, steps))


def curves_of(picture: Drawn) -> tuple[Curve, ...]:
    """Return the cubic of each link of a layout.

    Notes
    -----
    With u and v the centres, d = v - u, Jd that turned by +90 degrees and h the bulge, the handles
    are u + (1 - 4 h^2) d / 3 + 4 h Jd / 3 and v - (1 - 4 h^2) d / 3 + 4 h Jd / 3.
    """
    m = len(picture.paths)
    if not m:
        return ()
    shape = picture.given.shape
    start, stop = picture.place[shape.tail], picture.place[shape.head]
    chord = stop - start
    turned = np.column_stack([-chord[:, 1], chord[:, 0]])
    h = picture.bulge[:, None]
    onward, aside = (1.0 - 4.0 * h * h) / 3.0 * chord, 4.0 * h / 3.0 * turned
    control = np.stack([start, start + onward + aside, stop - onward + aside, stop], axis=1)
    begin = _where(picture.curves, picture.paths[:, 0])
    end = np.maximum(_where(picture.curves, picture.paths[:, -1]), begin + 1e-4)
    at = begin[:, None] + (end - begin)[:, None] * np.linspace(0.0, 1.0, SAMPLES + 1)
    points = points_of(control, at)
    steps = np.hypot(*np.moveaxis(np.diff(points, axis=1), 2, 0))
    along = np.concatenate([np.zeros((m, 1)), steps.cumsum(axis=1)], axis=1)
    return tuple(Curve(control[e], float(begin[e]), float(end[e]), along[e]) for e in range(m))


def line_items(curve: Curve, link: Link, palette: Palette) -> tuple[Shape, Shape]:
    """Return the casing of a link and its line, up to the arrowhead."""
    points = part(curve.control, curve.begin, curve.back(0.8 * head_length(link.width)))
    colour = colour_of(link, palette)
    dash = dash_of(link.width) if link.sign == "?" or not link.certain else None
    return (
        stroke(points, WHITE, link.width + CASING, curve=True),
        stroke(points, colour, link.width, curve=True, dash=dash),
    )


def colour_of(link: Link, palette: Palette) -> str:
    """Return the colour of a link."""
    return CONTEXT_LINE if link.quiet else palette.sign_colour[link.sign]


def dash_of(width: float) -> Dash:
    """Return dashes that are told apart at any width of line."""
    return max(4.0, 2.4 * width), max(2.5, 1.5 * width)


def head_items(curve: Curve, link: Link, palette: Palette) -> tuple[Shape, Shape]:
    """Return the arrowhead of a link."""
    length = head_length(link.width)
    ends = points_of(curve.control[None], np.array([[curve.end, curve.back(length)]]))[0]
    return arrowhead(ends[0], ends[0] - ends[1], length, colour_of(link, palette))


def arrowhead(tip: Numbers, along: Numbers, length: float, colour: str) -> tuple[Shape, Shape]:
    """Return an arrowhead with its tip at a point, and before it the white rim of its sides."""
    along = along / max(float(np.hypot(*along)), 1e-9)
    across = np.array([-along[1], along[0]]) * 0.42 * length
    base, notch = tip - along * length, tip - along * 0.82 * length
    corners = [tip, base + across, notch, base - across]
    rim = stroke([base + across, tip, base - across], WHITE, 2 * RIM)
    return rim, polygon(corners, fill=colour)


def mark_items(mark: Mark, width: float, colour: str = INK) -> tuple[Shape, ...]:
    """Return a delay mark: the link interrupted, two bars across it."""
    along = np.array([np.cos(mark.angle), np.sin(mark.angle)])
    across = np.array([-along[1], along[0]]) * MARK
    middle = np.array(mark.place)
    gap = stroke([middle - 3.0 * along, middle + 3.0 * along], WHITE, width + CASING)
    bars = (
        stroke([middle + side * along - across, middle + side * along + across], colour, 1.6)
        for side in (-BARS, BARS)
    )
    return (gap, *bars)


def part(control: Numbers, begin: float, end: float) -> Numbers:
    """Return the control points of a part of a cubic."""
    a, b, c, d = control
    found = np.empty((4, 2))
    for row, (r, s, t) in enumerate(
        ((begin, begin, begin), (begin, begin, end), (begin, end, end), (end, end, end))
    ):
        ab, bc, cd = a + (b - a) * r, b + (c - b) * r, c + (d - c) * r
        abc, bcd = ab + (bc - ab) * s, bc + (cd - bc) * s
        found[row] = abc + (bcd - abc) * t
    return found


def points_of(control: Numbers, at: Numbers) -> Numbers:
    """Return points of cubics (link, 4, 2), dims (link, step, 2), for parameters (link, step)."""
    t = at[..., None]
    a, b, c, d = (control[:, None, k] for k in range(4))
    u = 1.0 - t
    found: Numbers = u**3 * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t**3 * d
    return found


def _where(curves: Numbers, points: Numbers) -> Numbers:
    """Return where on its curve, from 0 to 1, each point is nearest to."""
    start, step = curves[:, :-1], np.diff(curves, axis=1)
    away = points[:, None] - start
    size = np.maximum((step**2).sum(axis=2), 1e-12)
    share = np.clip((away * step).sum(axis=2) / size, 0.0, 1.0)
    distance = ((away - share[..., None] * step) ** 2).sum(axis=2)
    best = distance.argmin(axis=1)
    rows = np.arange(len(curves))
    found: Numbers = (best + share[rows, best]) / step.shape[1]
    return found
