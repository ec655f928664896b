"""A picture as a list of shapes and words, which each renderer draws in order.

Stage 5 of 5.  In: points and colours.  Out: ``Group`` records.  Nothing here knows what is drawn,
or how.

Lengths are points (1/72 inch), y upwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from loopscope.loops.diagrams.exporting.wording import UNPRINTED

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from loopscope.loops.diagrams.layout.kernels.state import Numbers

Anchor = Literal["start", "middle", "end"]
Dash = tuple[float, float]

KAPPA = 0.5522847498307936
"""Handle of a cubic that stands for a quarter of a circle, by its radius."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A line or an area.

    Attributes
    ----------
    points
        Dims (point, 2).
    curve
        Whether the points are 3 k + 1 control points of cubic Bezier curves.
    fill, line
        Colours; None for none.
    width
        Of the line.
    dash
        Lengths on and off along the line; None for a whole one.
    alpha
        Of fill and line, from 0 to 1.
    """

    points: Numbers
    curve: bool = False
    closed: bool = False
    fill: str | None = None
    line: str | None = None
    width: float = 1.0
    dash: Dash | None = None
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; ``y`` is where its letters stand."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    bold: bool = False
    italic: bool = False
    anchor: Anchor = "middle"

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


Item = Shape | Words


@dataclass(frozen=True, slots=True)
class Group:
    """Shapes and words that belong together.

    Attributes
    ----------
    id
        Letters, digits and hyphens; empty where nobody needs to find it.
    title
        What it says, in plain words.
    """

    items: tuple[Item, ...]
    id: str = ""
    title: str = ""


Layer = tuple[Group, ...]
"""Groups that lie beside each other: which of them is drawn first does not matter."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Layers in the order in which they are drawn, and the corners of the page."""

    layers: tuple[Layer, ...]
    low: tuple[float, float]
    high: tuple[float, float]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        return self.high[0] - self.low[0], self.high[1] - self.low[1]


def clean(text: str) -> str:
    r"""Return text on one line, without what no file of XML can hold.

    Examples
    --------
    >>> clean("a\x00b\tc")
    'a\ufffdb c'
    """
    if text.isprintable():
        return text
    return UNPRINTED.sub("\ufffd", "".join(" " if c.isspace() else c for c in text))


def shifted(layer: Layer, across: float, up: float, prefix: str) -> Layer:
    """Return a layer moved, its ids behind a prefix."""
    return tuple(
        Group(
            tuple(_moved(item, across, up) for item in group.items),
            f"{prefix}-{group.id}" if group.id else "", group.title,
        )
        for group in layer
    )  # fmt: skip


def _moved(item: Item, across: float, up: float) -> Item:
    if isinstance(item, Shape):
        return replace(item, points=item.points + np.array([across, up]))
    return replace(item, x=item.x + across, y=item.y + up)


def polygon(corners: ArrayLike, **look: object) -> Shape:
    """Return a closed area with straight sides."""
    return Shape(np.asarray(corners, np.float64), closed=True, **look)  # type: ignore[arg-type]


def stroke(
    points: ArrayLike,
    colour: str,
    width: float,
    *,
    curve: bool = False,
    dash: Dash | None = None,
) -> Shape:
    """Return an open line."""
    found = np.asarray(points, np.float64)
    return Shape(found, curve=curve, line=colour, width=width, dash=dash)


def rectangle(
    x: float, y: float, wide: float, high: float, rounded: float = 0.0, **look: object
) -> Shape:
    """Return a rectangle about (x, y), of half its width and height; corners may be round."""
    if not rounded:
        corners = [(x - wide, y - high), (x + wide, y - high), (x + wide, y + high)]
        return polygon([*corners, (x - wide, y + high)], **look)
    r = min(rounded, wide, high)
    k = r * (1.0 - KAPPA)
    left, right, low, top = x - wide, x + wide, y - high, y + high
    points = [
        (left + r, low), (left + r, low), (right - r, low), (right - r, low),
        (right - k, low), (right, low + k), (right, low + r),
        (right, low + r), (right, top - r), (right, top - r),
        (right, top - k), (right - k, top), (right - r, top),
        (right - r, top), (left + r, top), (left + r, top),
        (left + k, top), (left, top - k), (left, top - r),
        (left, top - r), (left, low + r), (left, low + r),
        (left, low + k), (left + k, low), (left + r, low),
    ]  # fmt: skip
    return Shape(np.array(points), curve=True, closed=True, **look)  # type: ignore[arg-type]


def arc(x: float, y: float, r: float, begin: float, end: float, **look: object) -> Shape:
    """Return a part of a circle, from one angle to another, in degrees against the clock."""
    parts = max(1, int(np.ceil(abs(end - begin) / 90.0)))
    angles = np.radians(np.linspace(begin, end, parts + 1))
    handle = 4.0 / 3.0 * np.tan((angles[1] - angles[0]) / 4.0) * r
    on = np.column_stack([np.cos(angles), np.sin(angles)]) * r + (x, y)
    away = np.column_stack([-np.sin(angles), np.cos(angles)]) * handle
    points = np.empty((3 * parts + 1, 2))
    points[::3] = on
    points[1::3] = on[:-1] + away[:-1]
    points[2::3] = on[1:] - away[1:]
    return Shape(points, curve=True, **look)  # type: ignore[arg-type]


def circle(x: float, y: float, r: float, **look: object) -> Shape:
    """Return a circle."""
    return arc(x, y, r, 0.0, 360.0, closed=True, **look)
