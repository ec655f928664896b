"""Badges of loops: inside their loop, where only it is.

Stage 3 of 5.  In: a ``Drawn`` with its marks and signs.  Out: one ``Badge`` a loop.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.ndimage import distance_transform_edt

from loopscope.loops.diagrams.layout.kernels.labels import best_inside, fill, lengths_in
from loopscope.loops.diagrams.layout.labels import MARK, SIGN
from loopscope.loops.diagrams.lettering import width_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from loopscope.loops.diagrams.layout.drawn import Drawn
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.layout.labels import Mark
    from loopscope.loops.diagrams.records import LoopShown, Place

CELL = 2.0
RADIUS = 14.6
NAME_SIZE = 7.0
NAME_ROOM = 14
NAME_LEADING = 1.12
NAME_GAP = 1.5
MARGIN = 60.0
"""Of the raster around everything, in points: room for badges that find none inside."""

Sense = Literal["clockwise", "anticlockwise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """Where the badge of a loop stands.

    Attributes
    ----------
    place
        Centre of its disc.
    sense
        Of rotation, as the loop is drawn.
    lines
        Its name below the disc, wrapped; empty where there is no room for it.
    inside
        Whether the disc is in its loop.
    leader
        Where a dotted line from the badge ends; None where it needs none.
    """

    place: Place
    sense: Sense
    lines: tuple[str, ...] = ()
    inside: bool = True
    leader: Place | None = None

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """Centre and halves of the disc with its name."""
        wide, below = _size(self.lines)
        x, y = self.place
        return x, y - below / 2, wide, RADIUS + below / 2


def badges(
    picture: Drawn, delayed: Mapping[int, Mark], signs: Numbers, *, named: bool
) -> tuple[Badge, ...]:
    """Return a badge for each loop, in the order of the indexed sketch.

    Parameters
    ----------
    named
        Whether names stand below badges, where there is room.

    Notes
    -----
    Loops by increasing area, for small ones have least choice.  Each looks at all cells of the
    bounding box of its loop: O(cells x points of the loop) at worst.
    """
    loops = picture.given.loops
    if not loops:
        return ()
    raster = Raster(picture, delayed, signs)
    polygons = [picture.polygon(which) for which in range(len(loops))]
    for polygon in polygons:
        fill(polygon, raster.counts, raster.left, raster.bottom, CELL)
    areas = [_area(polygon) for polygon in polygons]
    found: dict[int, Badge] = {}
    for which in sorted(range(len(loops)), key=lambda one: (abs(areas[one]), one)):
        sense: Sense = "anticlockwise" if areas[which] > 0 else "clockwise"
        lines = name_lines(loops[which]) if named else ()
        badge = None
        for text, least in ((lines, 12.0), (lines, 6.0), ((), 12.0), ((), 6.0), ((), 0.0)):
            place = raster.inside(polygons[which], text, least)
            if place is not None:
                badge = Badge(place=place, sense=sense, lines=text)
                break
        if badge is None:
            place, end = raster.beside(picture, which, tuple(found.values()), signs)
            badge = Badge(place=place, sense=sense, inside=False, leader=end)
        raster.place(badge)
        found[which] = badge
    return tuple(found[which] for which in range(len(loops)))


def name_lines(loop: LoopShown) -> tuple[str, ...]:
    """Return the name of a loop on lines for its badge."""
    return tuple(textwrap.wrap(loop.name, NAME_ROOM, break_long_words=False))


class Raster:
    """What is taken on the canvas, in cells of ``CELL`` points."""

    def __init__(self, picture: Drawn, delayed: Mapping[int, Mark], signs: Numbers) -> None:
        corners = [picture.place - picture.half, picture.place + picture.half]
        points = np.concatenate([*corners, picture.paths.reshape(-1, 2), signs])
        low, high = points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
        self.left, self.bottom = float(low[0]), float(low[1])
        columns, rows = (int(size) + 1 for size in (high - low) / CELL)
        self.counts: NDArray[np.int64] = np.zeros((rows, columns), np.int64)
        self._taken = np.zeros((rows, columns), np.bool_)
        for x, y, wide, tall in picture.boxes:
            self.take(x, y, wide + 4.0, tall + 4.0)
        for x, y in signs:
            self.take(x, y, SIGN + 1.0, SIGN + 1.0)
        for mark in delayed.values():
            self.take(*mark.place, MARK, MARK)
        for path, length in zip(picture.paths, picture.lengths, strict=True):
            steps = max(2, int(length))
            at = np.linspace(0, len(path) - 1, steps)
            for axis_shift in ((0.0, 0.0), (CELL / 2, CELL / 2), (-CELL / 2, -CELL / 2)):
                x = np.interp(at, np.arange(len(path)), path[:, 0]) + axis_shift[0]
                y = np.interp(at, np.arange(len(path)), path[:, 1]) + axis_shift[1]
                self._taken[self._row(y), self._column(x)] = True
        self._charge = 30.0 * 6.0 / max(6, len(picture.given.loops))
        self._clear: Numbers = distance_transform_edt(~self._taken) * CELL
        self._sums = _summed(self._taken)

    def take(self, x: float, y: float, wide: float, tall: float) -> None:
        """Mark a rectangle as taken."""
        rows = slice(int(self._row(y - tall)), int(self._row(y + tall)) + 1)
        columns = slice(int(self._column(x - wide)), int(self._column(x + wide)) + 1)
        self._taken[rows, columns] = True

    def place(self, badge: Badge) -> None:
        """Take the room of a badge."""
        x, y, wide, tall = badge.rectangle
        self.take(x, y, wide, tall)
        rows, columns = self._taken.shape
        across = np.abs(self.left + (np.arange(columns) + 0.5) * CELL - x) - wide
        up = np.abs(self.bottom + (np.arange(rows) + 0.5) * CELL - y) - tall
        away = np.hypot(np.maximum(across, 0.0)[None, :], np.maximum(up, 0.0)[:, None])
        self._clear = np.minimum(self._clear, away)
        self._sums = _summed(self._taken)

    def inside(self, polygon: Numbers, lines: tuple[str, ...], least: float) -> Place | None:
        """Return the best free place in a loop for a badge with its name."""
        wide, below = _size(lines)
        score, row, column = best_inside(
            polygon, self._sums, self._clear, self.counts, self.left, self.bottom, CELL,
            _cells(RADIUS + 1.0), _cells(RADIUS + 1.0 + below), _cells(wide + 1.0), least,
            self._charge,
        )  # fmt: skip
        return self._centre(row, column) if np.isfinite(score) else None

    def beside(
        self, picture: Drawn, which: int, others: tuple[Badge, ...], signs: Numbers
    ) -> tuple[Place, Place]:
        """Return a free place near the least shared link of a loop, and the end of a leader."""
        shape = picture.given.shape
        links = shape.links_in[shape.first_in[which] : shape.first_in[which + 1]]
        shared = np.diff(shape.first_through)[links]
        e = int(links[int(np.argmin(shared))])
        end = picture.paths[e, picture.paths.shape[1] // 2]
        reach = _cells(RADIUS + 1.0)
        sums = self._sums
        size = 2 * reach + 1
        full = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
        rows, columns = np.nonzero(full == 0)
        if not len(rows):
            return (float(end[0]), float(end[1])), (float(end[0]), float(end[1]))
        x = self.left + (columns + reach + 0.5) * CELL
        y = self.bottom + (rows + reach + 0.5) * CELL
        away = np.hypot(x - end[0], y - end[1])
        best, chosen = np.inf, 0
        blocks = [(sx, sy, SIGN, SIGN) for sx, sy in signs]
        blocks += [badge.rectangle for badge in others]
        blocks += [tuple(box) for box in picture.boxes]
        rectangles = np.array(blocks, np.float64).reshape(-1, 4)
        for k in np.argsort(away, kind="stable")[:4000:40]:
            line = np.linspace([x[k], y[k]], end, 2)[None]
            low, high = line.min(axis=1), line.max(axis=1)
            touched = int((lengths_in(line, low, high, rectangles) > 0).sum())
            cost = away[k] / 20.0 + 2.0 * touched
            if cost < best:
                best, chosen = cost, int(k)
        return (float(x[chosen]), float(y[chosen])), (float(end[0]), float(end[1]))

    def _centre(self, row: int, column: int) -> Place:
        return self.left + (column + 0.5) * CELL, self.bottom + (row + 0.5) * CELL

    def _row(self, y: Numbers | float) -> NDArray[np.int64]:
        found = np.clip((y - self.bottom) / CELL, 0, self._taken.shape[0] - 1)
        return np.asarray(found).astype(np.int64)

    def _column(self, x: Numbers | float) -> NDArray[np.int64]:
        found = np.clip((x - self.left) / CELL, 0, self._taken.shape[1] - 1)
        return np.asarray(found).astype(np.int64)


def _size(lines: tuple[str, ...]) -> tuple[float, float]:
    """Return half the width of a badge, and how far its name reaches below the disc."""
    if not lines:
        return RADIUS, 0.0
    widest = max(width_of(line, NAME_SIZE, italic=True) for line in lines)
    return max(RADIUS, widest / 2), NAME_GAP + NAME_LEADING * NAME_SIZE * len(lines)


def _summed(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the summed-area table of a raster, with a row and a column of zeros before it."""
    rows, columns = flags.shape
    sums = np.zeros((rows + 1, columns + 1), np.int64)
    sums[1:, 1:] = flags.cumsum(axis=0).cumsum(axis=1)
    return sums


def _cells(length: float) -> int:
    return int(np.ceil(length / CELL))


def _area(polygon: Numbers) -> float:
    following = np.roll(polygon, -1, axis=0)
    return 0.5 * float(np.sum(polygon[:, 0] * following[:, 1] - polygon[:, 1] * following[:, 0]))
