"""Ways in which a flow can run: straight, or with a bend on either side of its valve.

Stage 2 of 5.  In: boxes of stocks.  Out: ``Run`` records: where valve, name, cloud and pipes of a
flow would stand.  Which of them is taken is for ``piping``.

Pipes are parallel to the axes.  Every half of a flow, from its valve to a stock or a cloud, has one
bend at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loopscope.loops.diagrams.records import Place

Box = tuple[float, float, float, float]
"""Centre and halves of width and height, in points."""

PIPE = 4.0
"""Half the width of a pipe, with its edges."""

PORT = 16.0
"""Between pipes that meet one side of a box."""

LEG = 20.0
"""Shortest piece of pipe between a valve and a cloud, or a bend, in points."""

ASIDE = 5.0
"""Between a valve and its name."""

LANE = 46.0
"""Between pipes that run side by side."""


OUT: dict[str, tuple[float, float]] = {
    "right": (1.0, 0.0), "left": (-1.0, 0.0), "top": (0.0, 1.0), "bottom": (0.0, -1.0)
}  # fmt: skip
"""The ways out of a box, by side."""


@dataclass(frozen=True, slots=True)
class Run:
    """One way in which a flow can run.

    Attributes
    ----------
    corners
        From where it is drained to where it fills, ends at boxes included, the valve left out.
    valve
        On one of its legs.
    name
        Box of its name.
    cloud
        Box of the cloud at its end outside; None between two stocks.
    cost
        Of its length and its bends, in the units of ``piping``.
    """

    corners: tuple[Place, ...]
    valve: Place
    name: Box
    cloud: Box | None
    cost: float

    @property
    def legs(self) -> list[Box]:
        """The pipes as boxes."""
        return [leg_box(a, b) for a, b in pairwise(self.corners)]

    def halves(self) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
        """Return the corners from the valve to the source, and from the valve to the target."""
        for n, (a, b) in enumerate(pairwise(self.corners)):
            if _between(self.valve, a, b):
                back = (self.valve, *self.corners[n::-1])
                return back, (self.valve, *self.corners[n + 1 :])
        msg = f"the valve at {self.valve!r} is on no leg of {self.corners!r}"
        raise AssertionError(msg)


def leg_box(a: Place, b: Place) -> Box:
    """Return a straight piece of pipe as a box."""
    return (
        (a[0] + b[0]) / 2, (a[1] + b[1]) / 2,
        abs(a[0] - b[0]) / 2 + PIPE, abs(a[1] - b[1]) / 2 + PIPE,
    )  # fmt: skip


def _between(point: Place, a: Place, b: Place) -> bool:
    x, y = point
    return (
        min(a[0], b[0]) - 1e-6 <= x <= max(a[0], b[0]) + 1e-6
        and min(a[1], b[1]) - 1e-6 <= y <= max(a[1], b[1]) + 1e-6
    )


def runs_between(
    source: Box, target: Box, name: tuple[float, float], valve: float, lanes: int
) -> list[Run]:
    """Return ways from one stock to another.

    Parameters
    ----------
    name
        Halves of the box of its name.
    valve
        Half the size of a valve.
    lanes
        How many lanes are tried on each side.
    """
    found: list[Run] = []
    for corners, legs in (
        *_straight(source, target), *_once_bent(source, target), *_twice_bent(source, target, lanes)
    ):  # fmt: skip
        for leg in legs:
            found += _with_valve(corners, leg, name, valve, None)
    return found


def runs_outside(
    stock: Box,
    name: tuple[float, float],
    valve: float,
    cloud: tuple[float, float],
    lanes: int,
    leg: float,
    *,
    drains: bool,
) -> list[Run]:
    """Return ways from a stock to a cloud, or from a cloud to the stock.

    Parameters
    ----------
    cloud
        Halves of its box.
    leg
        Shortest piece of straight pipe between the stock and the valve.
    drains
        Whether the stock is drained.
    """
    found: list[Run] = []
    for side in ("right", "left", "top", "bottom"):
        for rank, port in enumerate(_ports(stock, side)):
            out = _out(side)
            along = name[0] if out[0] else name[1]
            near = valve + max(LEG, along - valve + 7.0)
            wanted = side == ("right" if drains else "left")
            for further in (0.0, 45.0, 90.0):
                here = max(near, valve + leg) + further
                end = (port[0] + out[0] * (here + near), port[1] + out[1] * (here + near))
                cost = 0.25 * rank - (1.2 if wanted else 0.6 if out[1] else 0.0)
                share = here / (here + near)
                found += _to_cloud((port, end), name, valve, cloud, cost, share, drains=drains)
            for lane in range(lanes):
                rise = LANE * (lane + 0.85)
                corner = (port[0] + out[0] * rise, port[1] + out[1] * rise)
                for turn in (1.0, -1.0):
                    across = (turn * abs(out[1]), turn * abs(out[0]))
                    size = name[0] if across[0] else name[1]
                    for further in (0.0, 40.0):
                        length = 2 * (valve + max(LEG, size - valve + 7.0)) + further
                        end = (corner[0] + across[0] * length, corner[1] + across[1] * length)
                        flows = turn > 0 if drains else turn < 0
                        cost = 0.25 * rank - (0.6 if across[0] and flows else 0.0)
                        found += _to_cloud(
                            (port, corner, end), name, valve, cloud, cost, 0.5, drains=drains
                        )
    return found


def _to_cloud(
    corners: tuple[Place, ...],
    name: tuple[float, float],
    valve: float,
    cloud: tuple[float, float],
    cost: float,
    share: float,
    *,
    drains: bool,
) -> Iterator[Run]:
    (a, b), (x, y) = corners[-2], corners[-1]
    dx, dy = _sign(x - a), _sign(y - b)
    box = (x + dx * cloud[0], y + dy * cloud[1], *cloud)
    for run in _with_valve(corners, len(corners) - 2, name, valve, box, share):
        way = run.corners if drains else run.corners[::-1]
        yield Run(way, run.valve, run.name, run.cloud, run.cost + cost)


def _with_valve(
    corners: Sequence[Place],
    leg: int,
    name: tuple[float, float],
    valve: float,
    cloud: Box | None,
    share: float = 0.5,
) -> Iterator[Run]:
    """Give the ways in which a valve and its name stand on a leg, a share of it from its start."""
    a, b = corners[leg], corners[leg + 1]
    x, y = a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
    level = abs(a[1] - b[1]) < 1e-9
    length = abs(a[0] - b[0]) + abs(a[1] - b[1])
    if length < 2 * valve + 2 * LEG - 6.0:
        return
    whole = sum(abs(p[0] - q[0]) + abs(p[1] - q[1]) for p, q in pairwise(corners))
    cost = whole / 60.0 + 1.5 * (len(corners) - 2)
    if level:
        cost += 2.0 if 2 * name[0] > length - 6.0 else 0.0
    for side in (-1.0, 1.0):
        if level:
            box = (x, y + side * (valve + ASIDE - 2.0 + name[1]), *name)
            extra = 0.0 if side < 0 else 0.15
        else:
            box = (x + side * (valve + ASIDE + name[0]), y, *name)
            extra = 0.15 if side < 0 else 0.0
        yield Run(tuple(corners), (x, y), box, cloud, cost + extra)


def _straight(source: Box, target: Box) -> Iterator[tuple[tuple[Place, ...], list[int]]]:
    for here in ("right", "left", "top", "bottom"):
        out = _out(here)
        for port in _ports(source, here):
            axis = 1 if out[0] else 0
            if abs(port[axis] - target[axis]) > target[2 + axis] - 6.0:
                continue
            gap = _edge(target, _opposite(here)) - port[1 - axis]
            if gap * (out[0] + out[1]) <= 0:
                continue
            end = (port[0] + gap, port[1]) if out[0] else (port[0], port[1] + gap)
            yield (port, end), [0]


def _once_bent(source: Box, target: Box) -> Iterator[tuple[tuple[Place, ...], list[int]]]:
    for here in ("right", "left", "top", "bottom"):
        out = _out(here)
        sides = ("top", "bottom") if out[0] else ("left", "right")
        for port in _ports(source, here):
            for there in sides:
                for end in _ports(target, there):
                    corner = (end[0], port[1]) if out[0] else (port[0], end[1])
                    if _leads(port, corner, out) and _leads(end, corner, _out(there)):
                        yield (port, corner, end), [0, 1]


def _twice_bent(
    source: Box, target: Box, lanes: int
) -> Iterator[tuple[tuple[Place, ...], list[int]]]:
    """Give ways that leave and arrive on sides that face one way, or each other."""
    for here in ("right", "left", "top", "bottom"):
        out = _out(here)
        axis = 0 if out[0] else 1
        way = out[axis]
        for there in (here, _opposite(here)):
            for port in _ports(source, here):
                for end in _ports(target, there):
                    for lane in _lanes(port[axis], end[axis], way, lanes, facing=there != here):
                        if axis == 0:
                            corners = (port, (lane, port[1]), (lane, end[1]), end)
                        else:
                            corners = (port, (port[0], lane), (end[0], lane), end)
                        yield corners, [1]


def _lanes(begin: float, end: float, way: float, lanes: int, *, facing: bool) -> list[float]:
    if facing:
        if (end - begin) * way < 2 * 14.0:
            return []
        return [begin + share * (end - begin) for share in (0.5, 0.3, 0.7)]
    far = max(begin * way, end * way)
    return [way * (far + LANE * (lane + 0.85)) for lane in range(lanes)]


def _ports(box: Box, side: str) -> list[Place]:
    """Return where pipes can meet a side, the middle first."""
    x, y, wide, high = box
    out = _out(side)
    room = (high if out[0] else wide) - 7.0
    steps = int(room // PORT)
    shifts = [0.0]
    for step in range(1, steps + 1):
        shifts += [PORT * step, -PORT * step]
    if out[0]:
        return [(x + out[0] * wide, y + shift) for shift in shifts]
    return [(x + shift, y + out[1] * high) for shift in shifts]


def _out(side: str) -> Place:
    return OUT[side]


def _opposite(side: str) -> str:
    return {"right": "left", "left": "right", "top": "bottom", "bottom": "top"}[side]


def _edge(box: Box, side: str) -> float:
    out = _out(side)
    return box[0] + out[0] * box[2] if out[0] else box[1] + out[1] * box[3]


def _leads(port: Place, corner: Place, out: Place) -> bool:
    return (corner[0] - port[0]) * out[0] + (corner[1] - port[1]) * out[1] > 12.0


def _sign(value: float) -> float:
    return 1.0 if value > 1e-9 else -1.0 if value < -1e-9 else 0.0
