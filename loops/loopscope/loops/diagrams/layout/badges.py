"""Badges of loops: inside their loop, where only it is.

Stage 3 of 5.  In: a ``Drawn`` with its marks and signs.  Out: one ``Badge`` a loop.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.ndimage import distance_transform_edt

from loopscope.loops.diagrams.layout.labels import SIGN, widest_of
from loopscope.loops.diagrams.layout.lines import area_of, filled, lengths_in, meeting_pairs
from loopscope.loops.diagrams.lettering import width_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from loopscope.loops.diagrams.layout.drawn import Drawn
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.layout.labels import Mark
    from loopscope.loops.diagrams.layout.lines import Flags
    from loopscope.loops.diagrams.records import LoopShown, Place

CELL = 2.0
RADIUS = 14.6
NAME_SIZE = 7.0
NAME_ROOM = 14
NAME_LEADING = 1.12
NAME_GAP = 1.5
MARGIN = 60.0
MARGIN_A_LOOP = 2.0
"""Of the raster around everything, in points: room for badges that find none inside."""

FAR = 60.0
CLEAR = 40.0
"""More distance from the edge of the loop, and from what is taken, is no better, in points."""

ASTRAY = 0.12
"""Charge for a point away from the middle of the loop."""

CROWDED = 30.0
"""Charge for each other loop around the place, among up to six loops; less among more."""

NEAREST, EVERY = 4000, 40
"""Cells that are looked at for a badge outside its loop: every so many of the nearest."""

AIMS = (0.5, 0.3, 0.7)
"""Places along a link where a leader may end, the best first."""

Sense = Literal["clockwise", "anticlockwise"]
Window = tuple[slice, slice]

EVERYWHERE: Window = (slice(None), slice(None))


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
    picture: Drawn,
    delayed: Mapping[int, Mark],
    signs: Numbers,
    *,
    named: bool,
    widest: float | None = None,
) -> tuple[Badge, ...]:
    """Return a badge for each loop, in the order of the indexed sketch.

    Parameters
    ----------
    named
        Whether names stand below badges, where there is room.
    widest
        Room is left for links of this width, in points; None for ``widest_of`` the links.

    Notes
    -----
    Loops by increasing area, for small ones have least choice.  Each looks at all cells of the
    bounding box of its loop, by distance transforms: O(cells) a loop.
    """
    loops = picture.given.loops
    if not loops:
        return ()
    width = widest_of(picture.given.links) if widest is None else widest
    raster = Raster(picture, delayed, signs, width)
    areas = [area_of(picture.polygon(which)) for which in range(len(loops))]
    found: dict[int, Badge] = {}
    for which in sorted(range(len(loops)), key=lambda one: (abs(areas[one]), one)):
        sense: Sense = "anticlockwise" if areas[which] > 0 else "clockwise"
        lines = name_lines(loops[which]) if named else ()
        badge = None
        for text, least in ((lines, 12.0), (lines, 6.0), ((), 12.0), ((), 6.0), ((), 0.0)):
            place = raster.inside(which, text, least)
            if place is not None:
                badge = Badge(place=place, sense=sense, lines=text)
                break
        if badge is None:
            place, end = raster.beside(which, tuple(found.values()))
            badge = Badge(place=place, sense=sense, inside=False, leader=end)
        raster.place(badge)
        found[which] = badge
    return tuple(found[which] for which in range(len(loops)))


def name_lines(loop: LoopShown) -> tuple[str, ...]:
    """Return the name of a loop on lines for its badge."""
    return tuple(textwrap.wrap(loop.name, NAME_ROOM, break_long_words=False))


class Raster:
    """What is taken on the canvas, in cells of ``CELL`` points."""

    def __init__(
        self, picture: Drawn, delayed: Mapping[int, Mark], signs: Numbers, width: float
    ) -> None:
        loops = picture.given.loops
        corners = [picture.place - picture.half, picture.place + picture.half]
        points = np.concatenate([*corners, picture.paths.reshape(-1, 2), signs])
        margin = MARGIN + MARGIN_A_LOOP * len(loops)
        low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
        self.left, self.bottom = float(low[0]), float(low[1])
        columns, rows = (int(size) + 1 for size in (high - low) / CELL)
        self._picture = picture
        self._labels = [tuple(box) for box in picture.boxes]
        self._labels += [(x, y, SIGN, SIGN) for x, y in signs]
        self._labels += [mark.rectangle for mark in delayed.values()]
        self._taken = np.zeros((rows, columns), np.bool_)
        for x, y, wide, tall in picture.boxes:
            self.take(x, y, wide + 4.0, tall + 4.0)
        for x, y in signs:
            self.take(x, y, SIGN + 1.0, SIGN + 1.0)
        for mark in delayed.values():
            x, y, wide, tall = mark.rectangle
            self.take(x, y, wide + 1.0, tall + 1.0)
        for path, length in zip(picture.paths, picture.lengths, strict=True):
            self._take_path(path, length, max(CELL / 2, width / 2))
        self._inside = [self._window(picture.polygon(which)) for which in range(len(loops))]
        self._counts = np.zeros((rows, columns), np.int64)
        for window, mask, _ in self._inside:
            self._counts[window] += mask
        self._charge = CROWDED * 6.0 / max(6, len(loops))
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
        near = (
            slice(int(self._row(y - tall - CLEAR)), int(self._row(y + tall + CLEAR)) + 1),
            slice(int(self._column(x - wide - CLEAR)), int(self._column(x + wide + CLEAR)) + 1),
        )
        rows, columns = (np.arange(one.start, one.stop) for one in near)
        across = np.abs(self._x(columns) - x) - wide
        up = np.abs(self._y(rows) - y) - tall
        away = np.hypot(np.maximum(across, 0.0)[None, :], np.maximum(up, 0.0)[:, None])
        self._clear[near] = np.minimum(self._clear[near], away)
        self._sums = _summed(self._taken)

    def inside(self, which: int, lines: tuple[str, ...], least: float) -> Place | None:
        """Return the best free place in a loop for a badge with its name.

        Parameters
        ----------
        least
            Distance from the edge of the loop, in points.
        """
        window, mask, depth = self._inside[which]
        row, column = np.nonzero(mask & self._free(lines, window))
        if not len(row):
            return None
        edge = depth[row, column]
        row, column = row + window[0].start, column + window[1].start
        centre = self._picture.polygon(which).mean(axis=0)
        x, y = self._x(column), self._y(row)
        score = np.minimum(edge, FAR) + np.minimum(self._clear[row, column], CLEAR)
        score -= ASTRAY * np.hypot(x - centre[0], y - centre[1])
        score -= self._charge * (self._counts[row, column] - 1)
        score[edge < least] = -np.inf
        best = int(np.argmax(score))
        return (float(x[best]), float(y[best])) if np.isfinite(score[best]) else None

    def beside(self, which: int, others: tuple[Badge, ...]) -> tuple[Place, Place]:
        """Return a free place near the least shared link of a loop, and the end of a leader.

        A leader is charged 2 for each label in its way, and 0.5 for each link or leader.
        """
        picture = self._picture
        shape = picture.given.shape
        links = shape.links_in[shape.first_in[which] : shape.first_in[which + 1]]
        shared = np.diff(shape.first_through)[links]
        e = int(links[int(np.argmin(shared))])
        row, column = np.nonzero(self._free((), EVERYWHERE))
        x, y = self._x(column), self._y(row)
        labels = np.array(self._labels + [badge.rectangle for badge in others], np.float64)
        drawn = np.delete(picture.paths, e, axis=0)
        low, high = np.delete(picture.low, e, axis=0), np.delete(picture.high, e, axis=0)
        led = [[one.place, one.leader] for one in others if one.leader is not None]
        best, chosen = np.inf, ((0.0, 0.0), (0.0, 0.0))
        for rank, aim in enumerate(AIMS):
            end = picture.paths[e, round(aim * (picture.paths.shape[1] - 1))]
            away = np.hypot(x - end[0], y - end[1])
            most = min(NEAREST, len(away)) - 1
            near = np.flatnonzero(away <= np.partition(away, most)[most])
            near = near[np.argsort(away[near], kind="stable")][:NEAREST:EVERY]
            lines = np.stack([np.column_stack([x[near], y[near]]), np.tile(end, (len(near), 1))], 1)
            lowest, highest = lines.min(axis=1), lines.max(axis=1)
            cost = away[near] / 20.0 + 0.2 * rank
            cost += 2.0 * (lengths_in(lines, lowest, highest, labels) > 0).sum(axis=1)
            if len(drawn):
                cost += 0.5 * meeting_pairs(drawn, low, high, lines).sum(axis=0)
            if led:
                cost += 0.5 * meeting_pairs(lines, lowest, highest, np.array(led)).sum(axis=1)
            k = int(np.argmin(cost))
            if cost[k] < best:
                place = float(x[near[k]]), float(y[near[k]])
                best, chosen = float(cost[k]), (place, (float(end[0]), float(end[1])))
        return chosen

    def _window(self, polygon: Numbers) -> tuple[Window, Flags, Numbers]:
        """Return the part of the raster around a polygon, what it holds, and how far inside."""
        low, high = polygon.min(axis=0), polygon.max(axis=0)
        rows = slice(int(self._row(low[1])), int(self._row(high[1])) + 1)
        columns = slice(int(self._column(low[0])), int(self._column(high[0])) + 1)
        left, bottom = self.left + columns.start * CELL, self.bottom + rows.start * CELL
        tall, broad = rows.stop - rows.start, columns.stop - columns.start
        mask = filled(polygon, tall, broad, left, bottom, CELL)
        depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] * CELL - CELL / 2
        return (rows, columns), mask, depth

    def _free(self, lines: tuple[str, ...], window: Window) -> Flags:
        """Return the cells of a part of the raster about which a badge with its name has room."""
        wide, below = _size(lines)
        up, down = _cells(RADIUS + 1.0), _cells(RADIUS + 1.0 + below)
        side = _cells(wide + 1.0)
        sums = self._sums
        rows = np.arange(self._taken.shape[0])[window[0]]
        columns = np.arange(self._taken.shape[1])[window[1]]
        fits = (rows >= down) & (rows + up < self._taken.shape[0])
        across = (columns >= side) & (columns + side < self._taken.shape[1])
        found = np.zeros((len(rows), len(columns)), np.bool_)
        rows, columns = rows[fits], columns[across]
        if len(rows) and len(columns):
            begin, end = rows[0] - down, rows[-1] + up + 1
            left, right = columns[0] - side, columns[-1] + side + 1
            part, tall, broad = sums[begin : end + 1, left : right + 1], up + down + 1, 2 * side + 1
            full = part[tall:, broad:] - part[:-tall, broad:]
            full = full - part[tall:, :-broad] + part[:-tall, :-broad]
            found[np.ix_(fits, across)] = full == 0
        return found

    def _take_path(self, path: Numbers, length: float, half: float) -> None:
        at = np.linspace(0, len(path) - 1, max(2, int(length)))
        x = np.interp(at, np.arange(len(path)), path[:, 0])
        y = np.interp(at, np.arange(len(path)), path[:, 1])
        for right in (-half, 0.0, half):
            for up in (-half, 0.0, half):
                self._taken[self._row(y + up), self._column(x + right)] = True

    def _x(self, column: NDArray[np.int64]) -> Numbers:
        return np.asarray(self.left + (column + 0.5) * CELL, np.float64)

    def _y(self, row: NDArray[np.int64]) -> Numbers:
        return np.asarray(self.bottom + (row + 0.5) * CELL, np.float64)

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
