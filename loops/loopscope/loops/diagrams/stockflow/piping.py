"""One network of stocks laid out: for each flow, the way that is in nobody's way.

Stage 2 of 5.  In: the stocks, flows and clouds of one network.  Out: a ``Network``: places, corners
of pipes, places of names.

Boxes, valves, clouds and names are rectangles, and so are pipes, which are parallel to the axes:
whether things overlap is exact.  Each flow in turn takes the cheapest of its ways amid the others,
until none wants another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.pieces import clashes, own_clashes
from loopscope.loops.diagrams.lettering import LEADING, SIZE, width_of
from loopscope.loops.diagrams.stockflow.grid import on_grid
from loopscope.loops.diagrams.stockflow.runs import runs_between, runs_outside
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from loopscope.loops.diagrams.records import Node, Place
    from loopscope.loops.diagrams.stockflow.runs import Box, Run
    from loopscope.loops.graph import Pair

    Numbers = NDArray[np.float64]

BOX, VALVE, CLOUD, NAME, LEG = range(5)

MARGIN = np.array([
    [12.0, 6.0, 8.0, 6.0, 5.0],
    [6.0, 8.0, 6.0, 5.0, 5.0],
    [8.0, 6.0, 8.0, 5.0, 5.0],
    [6.0, 5.0, 5.0, 5.0, 2.0],
    [5.0, 5.0, 5.0, 2.0, 7.0],
])  # fmt: skip
"""Room that things leave between them, in points."""

OVERLAP = 60.0
CROSSING = 7.0
"""What a pipe that crosses another costs; a point of length costs 1 / 60."""

COSTS = np.full((5, 5), OVERLAP)

AT_END = MARGIN.copy()
AT_END[LEG] = -5.0
"""Room to the stocks at the ends of a flow: its pipes touch them."""

NONE = np.full((5, 5), 3.0)
NONE[LEG, NAME] = NONE[NAME, LEG] = 0.0
WITHIN = np.zeros((5, 5))
WITHIN[NAME, [LEG, CLOUD]] = WITHIN[[LEG, CLOUD], NAME] = OVERLAP
"""Room within a flow, and what it costs where there is none: a name is clear of pipes and cloud."""

SWEEPS = 6
STARTS = 3

ROOMS = (1.0, 1.25, 1.6, 2.1, 2.8)
"""By what stocks are set further apart, until nothing overlaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A flow to be laid out.

    Attributes
    ----------
    source, target
        Names of the stocks or clouds at its ends.
    """

    node: Node
    source: Node
    target: Node

    @property
    def cloud(self) -> Node | None:
        """The cloud at one of its ends; the one it runs into where there are two."""
        return next((end for end in (self.target, self.source) if end.kind == "cloud"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Stocks that flows join, in place.

    Attributes
    ----------
    low, high
        Corners of all of it.
    overlaps
        How many things overlap: 0 unless there is no room at all.
    """

    places: Mapping[str, Place]
    routes: Mapping[Pair, tuple[Place, ...]]
    names: Mapping[str, Place]
    low: Place
    high: Place
    overlaps: int


def name_size(node: Node) -> tuple[float, float]:
    """Return halves of the box of the name of a flow, in points."""
    widest = max(width_of(line) for line in node.lines)
    return widest / 2 + 1.0, LEADING * SIZE * len(node.lines) / 2


def lay_network(
    stocks: Sequence[Node],
    flows: Sequence[Plan],
    leg: float,
    seed: int = 0,
    at: Mapping[str, Place] | None = None,
) -> Network:
    """Return a network laid out.

    Parameters
    ----------
    stocks
        At least one, or none and a single flow between two clouds.
    leg
        Shortest straight pipe between a stock and a valve, in points: a link of information, and
        the badge of a loop, have to stand beside it.
    at
        Where the stocks stand; on a grid where not given.

    Raises
    ------
    LoopError
        Two stocks stand too close to each other for a pipe between them.

    Notes
    -----
    At most ``SWEEPS`` times ``STARTS`` rounds over the flows, each of which tries some hundred ways
    against all that stands: O(f**2) for f flows.
    """
    found: Network | None = None
    for room in ROOMS:
        trial = _tried(stocks, flows, leg * room, seed, at)
        if found is None or trial.overlaps < found.overlaps:
            found = trial
        if not found.overlaps:
            break
    assert found is not None
    return found


def _tried(
    stocks: Sequence[Node],
    flows: Sequence[Plan],
    leg: float,
    seed: int,
    at: Mapping[str, Place] | None,
) -> Network:
    boxes = _boxes(stocks, flows, leg) if at is None else _given(stocks, at)
    ways = [_ways(plan, flows, boxes, leg) for plan in flows]
    for plan, some in zip(flows, ways, strict=True):
        if not some:
            msg = (
                f"layout: '{plan.source.name}' and '{plan.target.name}' stand too close for the "
                f"pipe of '{plan.node.name}'; move one of them"
            )
            raise LoopError(msg)
    search = Search(boxes, [one.name for one in stocks], flows, ways)
    generator = np.random.default_rng([seed, len(flows)])
    between = [n for n, plan in enumerate(flows) if plan.cloud is None]
    outside = [n for n, plan in enumerate(flows) if plan.cloud is not None]
    best: tuple[float, list[int]] | None = None
    for start in range(STARTS if len(flows) > 2 else 1):
        order = [*between, *outside]
        if start:
            order = [int(one) for one in generator.permutation(len(flows))]
        chosen, cost = search.settle(order)
        if best is None or cost < best[0] - 1e-9:
            best = (cost, chosen)
    assert best is not None
    runs = [ways[n][k] for n, k in enumerate(best[1])]
    return _network(boxes, flows, runs, search.overlaps(best[1]))


def _boxes(stocks: Sequence[Node], flows: Sequence[Plan], leg: float) -> dict[str, Box]:
    """Return where stocks stand: on the grid, with room for valves and names between them."""
    if not stocks:
        return {}
    pairs = [(plan.source.name, plan.target.name) for plan in flows if plan.cloud is None]
    cells = on_grid([one.name for one in stocks], pairs)
    inner = [name_size(plan.node)[0] for plan in flows if plan.cloud is None]
    valve = max((plan.node.width for plan in flows), default=0.0)
    gap = max(2 * max(inner, default=0.0) + 18.0, 2 * leg + valve)
    wide = max(one.width for one in stocks) + gap
    high = max(one.height for one in stocks) + 2 * leg + valve
    return {
        one.name: (
            cells[one.name][0] * wide, -cells[one.name][1] * high, one.width / 2, one.height / 2,
        )
        for one in stocks
    }  # fmt: skip


def _given(stocks: Sequence[Node], at: Mapping[str, Place]) -> dict[str, Box]:
    """Return where stocks stand: where they were put."""
    return {one.name: (*at[one.name], one.width / 2, one.height / 2) for one in stocks}


def _ways(plan: Plan, flows: Sequence[Plan], boxes: Mapping[str, Box], leg: float) -> list[Run]:
    valve, name = plan.node.width / 2, name_size(plan.node)
    cloud = plan.cloud
    lanes = _lanes(flows, plan)
    if cloud is None:
        return runs_between(boxes[plan.source.name], boxes[plan.target.name], name, valve, lanes)
    size = (cloud.width / 2, cloud.height / 2)
    drains = plan.target is cloud
    other = plan.source if drains else plan.target
    box = boxes.get(other.name)
    if box is None:  # a cloud at either end
        box = (0.0, 0.0, other.width / 2, other.height / 2)
    return runs_outside(box, name, valve, size, lanes, leg, drains=drains)


def _lanes(flows: Sequence[Plan], plan: Plan) -> int:
    """Return how many lanes a flow may choose from: more where many flows meet."""
    ends = {plan.source.name, plan.target.name}
    beside = sum(not ends.isdisjoint((one.source.name, one.target.name)) for one in flows)
    return 3 + min(4, beside // 4)


class Search:
    """Flows and their ways, as rectangles."""

    def __init__(
        self,
        boxes: Mapping[str, Box],
        stocks: Sequence[str],
        flows: Sequence[Plan],
        ways: Sequence[Sequence[Run]],
    ) -> None:
        every = np.array([boxes[name] for name in stocks], np.float64).reshape(-1, 4)
        self._ways: list[Ways] = []
        self._alone: list[Numbers] = []
        self._own: list[Numbers] = []
        for plan, runs in zip(flows, ways, strict=True):
            own = np.array([name in (plan.source.name, plan.target.name) for name in stocks], bool)
            one = _as_ways(plan, runs)
            alone = own_clashes(one.boxes, one.kinds, one.owner, len(runs), NONE, WITHIN)
            for there, margin in ((every[~own], MARGIN), (every[own], AT_END)):
                alone += clashes(
                    one.boxes, one.kinds, one.owner, len(runs), there,
                    np.full(len(there), BOX), margin, COSTS, CROSSING,
                )  # fmt: skip
            self._ways.append(one)
            self._alone.append(alone)
            self._own.append(alone + np.array([run.cost for run in runs]))

    def settle(self, order: Sequence[int]) -> tuple[list[int], float]:
        """Return which way each flow takes, and what all of them cost."""
        chosen = [-1] * len(order)
        for sweep in range(SWEEPS):
            changed = False
            for n in order:
                cost = self._own[n] + self._against(n, chosen)
                best = int(np.argmin(cost))
                if chosen[n] < 0 or cost[best] < cost[chosen[n]] - 1e-9:
                    changed = changed or sweep > 0
                    chosen[n] = best
            if sweep and not changed:
                break
        total = sum(
            self._own[n][chosen[n]] + 0.5 * self._against(n, chosen)[chosen[n]] for n in order
        )
        return chosen, float(total)

    def overlaps(self, chosen: Sequence[int]) -> int:
        """Return how many things overlap; pipes that cross do not."""
        total = 0.0
        for n, k in enumerate(chosen):
            total += self._alone[n][k] // OVERLAP
            total += 0.5 * (self._against(n, chosen)[k] // OVERLAP)
        return int(np.ceil(total))

    def _against(self, n: int, chosen: Sequence[int]) -> Numbers:
        """Return what each way of a flow costs amid those that the others take."""
        mine = self._ways[n]
        taken = [self._ways[m].one(k) for m, k in enumerate(chosen) if k >= 0 and m != n]
        if not taken:
            return np.zeros(mine.count)
        theirs = np.concatenate([boxes for boxes, _ in taken])
        kinds = np.concatenate([which for _, which in taken])
        found: Numbers = clashes(
            mine.boxes, mine.kinds, mine.owner, mine.count, theirs, kinds, MARGIN, COSTS, CROSSING
        )  # fmt: skip
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """The ways of one flow: rectangles, their kinds, the way each is part of, in order."""

    boxes: Numbers
    kinds: NDArray[np.int64]
    owner: NDArray[np.int64]
    first: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of ways."""
        return len(self.first) - 1

    def one(self, way: int) -> tuple[Numbers, NDArray[np.int64]]:
        """Return rectangles and kinds of one way."""
        part = slice(self.first[way], self.first[way + 1])
        return self.boxes[part], self.kinds[part]


def _as_ways(plan: Plan, runs: Sequence[Run]) -> Ways:
    half = plan.node.width / 2
    boxes: list[Box] = []
    kinds: list[int] = []
    first = [0]
    for run in runs:
        legs = run.legs
        boxes += [(*run.valve, half, half), run.name, *legs]
        kinds += [VALVE, NAME, *([LEG] * len(legs))]
        if run.cloud is not None:
            boxes.append(run.cloud)
            kinds.append(CLOUD)
        first.append(len(boxes))
    return Ways(
        np.array(boxes, np.float64), np.array(kinds, np.int64),
        np.repeat(np.arange(len(runs)), np.diff(first)), np.array(first, np.int64),
    )  # fmt: skip


def _network(
    boxes: Mapping[str, Box], flows: Sequence[Plan], runs: Sequence[Run], overlaps: int
) -> Network:
    places: dict[str, Place] = {name: (x, y) for name, (x, y, _, _) in boxes.items()}
    routes: dict[Pair, tuple[Place, ...]] = {}
    names: dict[str, Place] = {}
    every = list(boxes.values())
    for plan, run in zip(flows, runs, strict=True):
        flow, cloud = plan.node.name, plan.cloud
        places[flow] = run.valve
        names[flow] = (run.name[0], run.name[1])
        if cloud is not None and run.cloud is not None:
            places[cloud.name] = (run.cloud[0], run.cloud[1])
            every.append(run.cloud)
        for end in (plan.source, plan.target):
            if end.kind == "cloud" and end is not cloud:
                places[end.name] = (0.0, 0.0)
                every.append((0.0, 0.0, end.width / 2, end.height / 2))
        back, on = run.halves()
        routes[flow, plan.source.name], routes[flow, plan.target.name] = back, on
        half = plan.node.width / 2
        every += [(*run.valve, half, half), run.name, *run.legs]
    rectangles = np.array(every)
    low = (rectangles[:, :2] - rectangles[:, 2:]).min(axis=0)
    high = (rectangles[:, :2] + rectangles[:, 2:]).max(axis=0)
    return Network(
        places=places, routes=routes, names=names, low=(float(low[0]), float(low[1])),
        high=(float(high[0]), float(high[1])), overlaps=overlaps,
    )  # fmt: skip


def moved(network: Network, x: float, y: float, turn: Place = (1.0, 1.0)) -> Network:
    """Return a network elsewhere: its middle at (x, y).

    Parameters
    ----------
    turn
        -1 for an axis that is reversed.
    """
    middle = (network.low[0] + network.high[0]) / 2, (network.low[1] + network.high[1]) / 2
    half = (network.high[0] - network.low[0]) / 2, (network.high[1] - network.low[1]) / 2

    def there(place: Place) -> Place:
        return x + turn[0] * (place[0] - middle[0]), y + turn[1] * (place[1] - middle[1])

    return replace(
        network,
        places={name: there(place) for name, place in network.places.items()},
        routes={pair: tuple(map(there, corners)) for pair, corners in network.routes.items()},
        names={name: there(place) for name, place in network.names.items()},
        low=(x - half[0], y - half[1]), high=(x + half[0], y + half[1]),
    )  # fmt: skip
