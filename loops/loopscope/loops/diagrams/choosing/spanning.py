"""The graph that chosen loops span: variables, signs, delays; nothing of scores.

Stage 1 of 5.  In: a ``CausalGraph`` and loops with their routes.  Out: a ``Sketch`` in authored
names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.loops.diagrams.choosing.authored import delays, names_of, ways_of
from loopscope.loops.diagrams.choosing.signing import signed
from loopscope.loops.diagrams.records import Link, LoopShown, Node, Sketch
from loopscope.models.model import Stock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loopscope.loops.diagrams.choosing.authored import Way
    from loopscope.loops.diagrams.choosing.routing import Route
    from loopscope.loops.diagrams.records import Kind
    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.loops.loop import Loop, LoopPolarity


def span(
    graph: CausalGraph,
    loops: Mapping[Loop, Route],
    *,
    observed: Mapping[Pair, str] | None = None,
    everything: bool = False,
    context: int = 0,
    stated: Mapping[str, LoopPolarity] | None = None,
) -> Sketch:
    """Return the sketch that shows some loops.

    Parameters
    ----------
    loops
        With their routes.
    observed
        Signs that a run showed, by link of the graph.
    everything
        Whether all variables and links of the graph are shown, not only those of loops.
    context
        1: direct causes of the stocks shown, in grey.
    stated
        Polarities that the author states, by id of the loop: used where none is proved and the
        signs of the links do not say.

    Notes
    -----
    Linear in links and in the lengths of the loops; signs are proved once a graph.
    """
    ways: dict[Pair, list[Way]] = {}
    homes: dict[Way, CausalGraph] = {}
    for route in loops.values():
        for pair, way in route.ways.items():
            homes.setdefault(way, route.graph)
            if way not in ways.setdefault(pair, []):
                ways[pair].append(way)
    inner = {name for pair in ways for name in pair}
    if everything:
        inner.update(names_of(graph))
    quiet = set()
    for pair, ones in ways_of(graph).items():
        if pair in ways:
            continue
        beside = context > 0 and pair[1] in inner and _kind(graph, pair[1]) == "stock"
        if everything or beside:
            ways[pair] = list(ones)
            quiet.add(pair)
            homes.update(dict.fromkeys(ones, graph))
    links = [
        _link(pair, ones, homes, observed or {}, quiet=pair in quiet and not everything)
        for pair, ones in sorted(ways.items())
    ]
    around_them = {name for link in links for name in link.pair} - inner
    nodes_shown = [
        Node(name=name, kind=_kind(graph, name), quiet=name in around_them)
        for name in sorted(inner | around_them)
    ]
    by_pair = {link.pair: link for link in links}
    records = [
        LoopShown(
            id=loop.id, name=loop.name, path=route.path,
            polarity=_polarity(loop, route.path, by_pair, stated or {}),
        )
        for loop, route in loops.items()
    ]  # fmt: skip
    return Sketch(tuple(nodes_shown), tuple(links), tuple(records))


def _link(
    pair: Pair,
    ways: Iterable[Way],
    homes: Mapping[Way, CausalGraph],
    observed: Mapping[Pair, str],
    *,
    quiet: bool,
) -> Link:
    ones = list(ways)
    graph = homes[ones[0]]
    found = signed(graph, [one for one in ones if homes[one] is graph], observed)
    return Link(
        cause=pair[0], effect=pair[1], sign=found.sign, certain=found.certain, basis=found.basis,
        delay=any(delays(homes[one], one) for one in ones), quiet=quiet,
    )  # fmt: skip


def _polarity(
    loop: Loop,
    path: tuple[str, ...],
    links: Mapping[Pair, Link],
    stated: Mapping[str, LoopPolarity],
) -> LoopPolarity:
    """Return the polarity of a loop: proved, or what its links say, or what the author states."""
    if loop.polarity != "U":
        return loop.polarity
    signs = [links[pair].sign for pair in zip(path, (*path[1:], path[0]), strict=True)]
    if "?" not in signs:
        return "B" if signs.count("-") % 2 else "R"
    return stated.get(loop.id, "U")


def _kind(graph: CausalGraph, name: str) -> Kind:
    variable = graph.model.variables.get(name)
    if isinstance(variable, Stock):
        return "stock"
    node = graph.nodes.get(name)
    return "flow" if node is not None and node.role == "flow" else "auxiliary"
