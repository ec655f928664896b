"""Stocks, flows, clouds and pipes of a model, and the links of information among them.

Stage 1 of 5.  In: a ``Plumbing``, the variables and the loops to show.  Out: a ``Shown``, whose
``Sketch`` has no places yet.

A pipe is a link from its flow to the stock or cloud that the flow fills ("+") or drains ("-").
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.choosing.authored import delays, ways_of
from loopscope.loops.diagrams.choosing.signing import signed
from loopscope.loops.diagrams.records import Link, LoopShown, Node, Sketch
from loopscope.loops.diagrams.stockflow.runs import PORT
from loopscope.loops.graph import STOCKS
from loopscope.loops.views import fold
from loopscope.models.model import Parameter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from loopscope.loops.diagrams.records import Kind
    from loopscope.loops.diagrams.stockflow.plumbing import Plumbing, Valve
    from loopscope.loops.graph import CausalGraph, Pair

VALVE = (17.0, 17.0)
"""Box of a valve, in points."""

CLOUD = (30.0, 20.0)

FEW = (2, 4)
"""Up to so many pipes, a stock is as wide, and as high, as its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A sketch and what it leaves out.

    Attributes
    ----------
    flows_left
        Flows that fill or drain stocks shown, and are not shown.
    loops_left
        Ids of loops along links that are not shown.
    """

    sketch: Sketch
    flows_left: tuple[str, ...] = ()
    loops_left: tuple[str, ...] = ()


def sketch_of(
    plumbing: Plumbing,
    names: Collection[str],
    loops: Sequence[LoopShown] = (),
    *,
    constants: Collection[str] = (),
    told: Sequence[Link] = (),
    everything: bool = False,
    observed: Mapping[Pair, str] | None = None,
) -> Shown:
    """Return the stock-and-flow sketch of some variables.

    Parameters
    ----------
    names
        Authored variables: stocks, flows and auxiliaries.  A flow brings along the stocks that it
        fills and drains, in grey where they are not named; loops bring along the flows that they
        run through.
    loops
        Along authored names.
    constants
        Constants to show beside what they act on.
    told
        Links that are known already, with their signs, widths and notes.
    everything
        Whether all links among what is shown are shown; else those of loops and those told.
    observed
        Signs of links of the graph that a run showed.

    Notes
    -----
    Variables that are not shown are folded: their links are joined, signs multiplied.
    """
    valves = _valves(plumbing, {*names, *_carrying(plumbing, names, loops)})
    nodes, pipes = pipework(plumbing, valves, names)
    there = {node.name for node in nodes}
    nodes += [Node(name=name) for name in names if name not in there]
    nodes += [Node(name=name, quiet=True) for name in constants if name not in there]
    there.update(names, constants)
    links = _information(plumbing, there)
    known = {link.pair: link for link in told if link.pair in links}
    ways = [*pipes, *links, *known]
    flows = [valve.name for valve in valves]
    paths = {one.id: along(ways, one.path, flows) for one in loops}
    own = [replace(one, path=path) for one in loops if (path := paths[one.id]) is not None]
    if not everything:
        needed = {pair for one in own for pair in one.pairs}.union(known)
        links = {pair: link for pair, link in links.items() if pair in needed or link.quiet}
    rest = {pair: link for pair, link in links.items() if pair not in known}
    links = {**links, **_signed(plumbing, there, rest, observed), **known, **pipes}
    left = dict.fromkeys(
        valve.name
        for valve in plumbing.valves
        if valve.name not in there and not there.isdisjoint((valve.source, valve.target))
    )
    return Shown(
        sketch=Sketch(tuple(nodes), tuple(links.values()), tuple(own)), flows_left=tuple(left),
        loops_left=tuple(one.id for one in loops if paths[one.id] is None),
    )  # fmt: skip


def ends_of(sketch: Sketch) -> dict[str, tuple[str, str]]:
    """Return, for each flow, the stock or cloud that it drains and the one that it fills."""
    drained = {x.cause: x.effect for x in sketch.links if x.kind == "pipe" and x.sign == "-"}
    filled = {x.cause: x.effect for x in sketch.links if x.kind == "pipe" and x.sign == "+"}
    return {flow: (source, filled[flow]) for flow, source in drained.items()}


def along(
    pairs: Iterable[Pair], path: Sequence[str], between: Collection[str]
) -> tuple[str, ...] | None:
    """Return the closed chain of links through a path, with what lies between its variables.

    Parameters
    ----------
    pairs
        Links that there are.
    between
        Variables that may be put in: flows.

    Returns
    -------
    tuple or None
        None where a link is missing.

    Notes
    -----
    Breadth first from each variable of the path to the next: O(links) each.

    Examples
    --------
    >>> along([("level", "inflow"), ("inflow", "level")], ["level"], ["inflow"])
    ('level', 'inflow')
    """
    after: dict[str, list[str]] = {}
    for cause, effect in pairs:
        after.setdefault(cause, []).append(effect)
    found: list[str] = []
    for cause, effect in zip(path, (*path[1:], path[0]), strict=True):
        way = _way(after, cause, effect, set(between).difference(path, found))
        if way is None:
            return None
        found += way
    return tuple(found)


def _way(
    after: Mapping[str, Sequence[str]], cause: str, effect: str, between: Collection[str]
) -> list[str] | None:
    """Return the shortest way from one variable to another, the last left out."""
    came: dict[str, str] = {}
    waiting = deque([cause])
    while waiting:
        name = waiting.popleft()
        for following in after.get(name, ()):
            if following == effect and (name != cause or cause != effect):
                way = [name]
                while way[-1] != cause:
                    way.append(came[way[-1]])
                return way[::-1]
            if following in between and following not in came:
                came[following] = name
                waiting.append(following)
    return None


def _valves(plumbing: Plumbing, names: Collection[str]) -> list[Valve]:
    """Return the valves that are named, and those that repeat or complete what is named."""
    return [
        one for one in plumbing.valves if one.name in names or (one.flow or one.target) in names
    ]


def _carrying(plumbing: Plumbing, names: Collection[str], loops: Sequence[LoopShown]) -> set[str]:
    """Return the valves through which loops come to stocks without naming them."""
    found: set[str] = set()
    network = plumbing.graph.network
    for cause, effect in {pair for one in loops for pair in one.pairs}:
        mine = {one.name for one in plumbing.valves if effect in (one.source, one.target)}
        if not mine or cause in mine:
            continue
        met, waiting = {cause}, [cause]
        while waiting:
            for following in network.successors(waiting.pop()):
                if following not in met and plumbing.graph.label(following) not in names:
                    met.add(following)
                    waiting.append(following)
        found |= mine & met
    return found


def pipework(
    plumbing: Plumbing, valves: Sequence[Valve], names: Collection[str]
) -> tuple[list[Node], dict[Pair, Link]]:
    """Return stocks, flows and clouds, and the pipes that join them."""
    ends = {end for valve in valves for end in (valve.source, valve.target) if end}
    met = Counter(end for valve in valves for end in (valve.source, valve.target))
    nodes = [
        roomy(Node(name=stock.name, kind="stock", quiet=stock.name not in names), met[stock.name])
        for stock in plumbing.graph.model.stocks
        if stock.name in names or stock.name in ends
    ]
    nodes += [_small(valve.name, "flow", VALVE) for valve in valves]
    pipes: dict[Pair, Link] = {}
    clouds = 0
    for valve in valves:
        for end, sign in ((valve.source, "-"), (valve.target, "+")):
            here = end
            if here is None:
                clouds += 1
                here = _cloud_name(clouds, plumbing.graph)
                nodes.append(_small(here, "cloud", CLOUD))
            pipes[valve.name, here] = Link(
                cause=valve.name, effect=here, sign="+" if sign == "+" else "-", kind="pipe",
                basis="proved",
            )  # fmt: skip
    return nodes, pipes


def _information(plumbing: Plumbing, there: Collection[str]) -> dict[Pair, Link]:
    """Return the links among some variables, without signs; none of them ends at a stock."""
    view = _view(plumbing, there)
    stocks = {stock.name for stock in plumbing.graph.model.stocks}
    found = {
        pair: Link(
            cause=pair[0], effect=pair[1], sign="?", delay=any(delays(view, way) for way in ways),
            certain=False,
        )
        for pair, ways in ways_of(view).items()
        if pair[1] not in stocks and pair[0] in there and pair[1] in there
    }  # fmt: skip
    whole = plumbing.graph
    for cause, effect in whole.inputs:
        pair = (cause, whole.label(effect))
        constant = isinstance(whole.model.variables.get(cause), Parameter)
        if constant and cause in there and pair[1] in there and pair[1] not in stocks:
            found.setdefault(pair, Link(cause=cause, effect=pair[1], sign="?", quiet=True))
    return found


def _signed(
    plumbing: Plumbing,
    there: Collection[str],
    links: Mapping[Pair, Link],
    observed: Mapping[Pair, str] | None,
) -> dict[Pair, Link]:
    """Return links with their signs, and what these rest on."""
    view = _view(plumbing, there)
    ways = ways_of(view)
    found = dict(links)
    for pair, link in links.items():
        if link.kind == "cause" and pair in ways:
            sign = signed(view, ways[pair], observed)
            found[pair] = replace(link, sign=sign.sign, basis=sign.basis, certain=sign.certain)
    return found


def _view(plumbing: Plumbing, there: Collection[str]) -> CausalGraph:
    whole = plumbing.graph
    kept = tuple(
        name
        for name, node in whole.nodes.items()
        if (name in there or node.owner in there) and node.role not in STOCKS
    )
    free = sum(node.role not in STOCKS for node in whole.nodes.values())
    if len(kept) == free:
        return whole
    views: dict[tuple[str, ...], CausalGraph] = whole.kept.setdefault("views with flows", {})
    if kept not in views:
        views[kept] = fold(whole, keep=kept)
    return views[kept]


def roomy(node: Node, pipes: int) -> Node:
    """Return a stock with sides long enough for its pipes."""
    side = 2 * PORT * ((-(-pipes // 4) + 1) // 2) + 15.0
    wide, high = (side if pipes > few else 0.0 for few in FEW)
    return replace(node, width=max(node.width, wide), height=max(node.height, high))


def _small(name: str, kind: Kind, size: tuple[float, float]) -> Node:
    lines = (" ",) if kind == "cloud" else ()
    return Node(name=name, kind=kind, lines=lines, width=size[0], height=size[1])


def _cloud_name(number: int, graph: CausalGraph) -> str:
    """Return a name for a cloud that no variable has."""
    name = f"cloud {number}"
    while name in graph.model.variables or name in graph.nodes:
        name += "'"
    return name
