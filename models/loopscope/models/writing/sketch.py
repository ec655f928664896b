r"""Views as the sketch of a Vensim file.

Stage 1 of 5, the other way.  In: ``View`` records.  Out: the text between the
definitions and the settings.  A view without anything is written where there is none: Vensim asks
for one.

Each line is an element: ``10`` a variable, ``11`` a valve, ``12`` a cloud, ``1`` an arrow, which
names the two elements it joins.  A pipe is two arrows from its valve, one to each end.

References
----------
Vensim Reference Manual, "Sketch Format"; read off files that Vensim 5 to 9 wrote.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loopscope.models.draft import one_line
from loopscope.models.writing.vensim_words import vensim_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.models.writing.view import Connector, Pipe, Place, Point, View

HEAD = (
    "\\\\\\---/// Sketch information - do not modify anything except names\n"
    "V300  Do not put anything below this section - it will be ignored\n"
)
_FONT = "$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|72,72,100,0"
_COLOURS = "-1--1--1"
_SCALE = 4 / 3
"""Pixels of a sketch in a point."""

_INTO, _INTO_BY_CORNERS, _OUT_OF = 4, 36, 100
"""What half of a pipe an arrow is: towards the target, straight or not, or towards the source."""

_STOCK = "3,3,0,0,-1,0,0,0"
_PLAIN = "8,3,0,0,-1,0,0,0"
_ALIAS = "8,2,0,3,-1,0,0,0,128-128-128,0-0-0,|12||128-128-128"
_AT_VALVE = "40,3,0,0,-1,0,0,0"
"""How a variable is drawn: shape, bits, and what is the same for all."""

_SIZES = {"stock": (40, 20), "cloud": (10, 8)}
_STRAIGHT = "(0,0)"


def sketch_of(views: Sequence[View]) -> str:
    """Return the sketch."""
    lines = [HEAD]
    lines += [_Sketch(view).text() for view in views]
    if not views:
        lines.append(f"*View 1\n{_FONT}\n")
    return "".join(lines)


@dataclass(slots=True)
class _Sketch:
    """Numbers the elements of one view.

    Attributes
    ----------
    number
        Of the element that arrows from a place start at, or end at.
    """

    view: View
    lines: list[str] = field(default_factory=list)
    number: dict[str, int] = field(default_factory=dict)
    last: int = 0

    def text(self) -> str:
        name = re.sub(r"[|~]", "/", one_line(self.view.name)) or "View 1"
        for place in self.view.places:
            if place.kind != "flow":
                self._element(place)
        piped = {pipe.flow for pipe in self.view.pipes}
        for place in self.view.places:
            if place.kind == "flow" and place.name not in piped:
                self._element(place)
        for pipe in self.view.pipes:
            self._pipe(pipe)
        for connector in self.view.connectors:
            self._arrow(connector)
        return "\n".join([f"*{name}", _FONT, *self.lines, ""])

    def _next(self) -> int:
        self.last += 1
        return self.last

    def _element(self, place: Place) -> None:
        number = self.number[place.name] = self._next()
        x, y = _at((place.x, place.y))
        if place.kind == "cloud":
            width, height = _SIZES["cloud"]
            self.lines.append(f"12,{number},48,{x},{y},{width},{height},0,3,0,0,-1,0,0,0")
            return
        if place.kind == "stock":
            width, height = _size(place, *_SIZES["stock"])
            look = _STOCK
        else:
            width, height = _size(place, max(20, 4 * len(place.of or place.name)), 9)
            look = _ALIAS if place.kind == "alias" else _PLAIN
        name = vensim_name(place.of or place.name)
        self.lines.append(f"10,{number},{name},{x},{y},{width},{height},{look}")

    def _pipe(self, pipe: Pipe) -> None:
        """Add the valve with its name, and the two halves of the pipe."""
        place = next(one for one in self.view.places if one.name == pipe.flow)
        x, y = _at((place.x, place.y))
        into, out_of, valve = self._next(), self._next(), self._next()
        before, after = _corners(pipe, (place.x, place.y))
        for number, end, kind, points in (
            (into, pipe.target, _INTO if len(after) == 1 else _INTO_BY_CORNERS, after),
            (out_of, pipe.source, _OUT_OF, before),
        ):
            through = "|".join(f"({px},{py})" for px, py in map(_at, points))
            self.lines.append(
                f"1,{number},{valve},{self.number[end]},{kind},0,0,22,0,0,0,{_COLOURS},,"
                f"{len(points)}|{through}|"
            )
        self.lines.append(f"11,{valve},48,{x},{y},6,8,34,3,0,0,1,0,0,0")
        if pipe.flow in self.number:
            return
        number = self.number[pipe.flow] = self._next()
        width, height = max(20, 4 * len(pipe.flow)), 9
        name = vensim_name(pipe.flow)
        self.lines.append(f"10,{number},{name},{x},{y + 8 + height},{width},{height},{_AT_VALVE}")

    def _arrow(self, connector: Connector) -> None:
        places = {one.name: one for one in self.view.places}
        cause, effect = places[connector.cause], places[connector.effect]
        middle = _bend(cause, effect, connector.angle)
        point = _STRAIGHT if middle is None else "({},{})".format(*_at(middle))
        shape = 0 if middle is None else 1
        self.lines.append(
            f"1,{self._next()},{self.number[cause.name]},{self.number[effect.name]},{shape},0,0,0,"
            f"0,64,0,{_COLOURS},,1|{point}|"
        )


def _at(point: Point) -> tuple[int, int]:
    return round(point[0] * _SCALE), round(point[1] * _SCALE)


def _size(place: Place, width: int, height: int) -> tuple[int, int]:
    """Return half the width and half the height of a box, as a sketch has them."""
    if place.width > 0 and place.height > 0:
        return round(place.width * _SCALE / 2), round(place.height * _SCALE / 2)
    return width, height


def _corners(pipe: Pipe, valve: Point) -> tuple[list[Point], list[Point]]:
    """Return the points of a pipe before its valve, from it to the source, and after it.

    An end without a corner is given the middle of its half.
    """
    ends = list(pipe.points)
    cut = min(range(len(ends) - 1), key=lambda i: _distance(valve, ends[i], ends[i + 1]))
    before, after = ends[1 : cut + 1][::-1], ends[cut + 1 : -1]
    return (
        before or [_middle(valve, ends[0])],
        after or [_middle(valve, ends[-1])],
    )


def _middle(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _distance(point: Point, a: Point, b: Point) -> float:
    """Return the distance of a point from a straight piece."""
    along = (b[0] - a[0], b[1] - a[1])
    length = along[0] ** 2 + along[1] ** 2
    share = 0.0
    if length:
        share = ((point[0] - a[0]) * along[0] + (point[1] - a[1]) * along[1]) / length
    share = min(1.0, max(0.0, share))
    return math.hypot(a[0] + share * along[0] - point[0], a[1] + share * along[1] - point[1])


def _bend(cause: Place, effect: Place, angle: float | None) -> Point | None:
    """Return the middle of the arc that leaves the cause at an angle; None for a straight line."""
    across, down = effect.x - cause.x, effect.y - cause.y
    chord = math.hypot(across, down)
    if angle is None or not chord:
        return None
    straight = math.degrees(math.atan2(-down, across))
    turn = math.radians((angle - straight + 180) % 360 - 180)
    if abs(turn) < 0.02:
        return None
    # The tangent at the start of an arc is off its chord by half of what the arc turns through.
    sagitta = chord / 2 * math.tan(max(-1.4, min(1.4, turn)) / 2)
    return (
        (cause.x + effect.x) / 2 + sagitta * down / chord,
        (cause.y + effect.y) / 2 - sagitta * across / chord,
    )
