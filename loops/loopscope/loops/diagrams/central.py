"""The most central variables of a large graph, linked through what is hidden between them.

Stage 1 of 5.  In: a ``Sketch``.  Out: a smaller one, with what its links pass through kept on them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import networkx as nx

from loopscope.loops.diagrams.records import Link, Sketch
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from loopscope.loops.diagrams.records import LoopShown, Sign
    from loopscope.loops.graph import Pair

HIDDEN = 6
"""At most this many variables in a row are hidden in a link."""

DETOUR = 4
"""A composite link is left out where a path of at most this many shown links says the same."""

PATHS = 20_000
"""Paths from one variable through what is hidden; beyond them, signs are not known."""


@dataclass(frozen=True, slots=True)
class Way:
    """A path through hidden variables."""

    effect: str
    sign: Sign
    delay: bool
    through: tuple[str, ...]


def central(sketch: Sketch, k: int) -> Sketch:
    """Return the k most central variables of the largest strongly connected part.

    A link through hidden variables has the product of their signs; where paths between the same
    two differ, its sign is "?".  Loops are kept whose shown variables still make a loop.

    Parameters
    ----------
    k
        Number of variables, at least 2.

    Raises
    ------
    LoopError
        A number below 2; a graph without feedback.

    Notes
    -----
    Betweenness (Freeman 1977) by Brandes' algorithm: O(n m) for n variables and m links.  Paths
    through hidden variables: at most ``PATHS`` a variable.
    """
    if k < 2:
        msg = f"central: at least 2 variables are shown; got {k}"
        raise LoopError(msg)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted(node.name for node in sketch.nodes))
    graph.add_edges_from(sorted(link.pair for link in sketch.links))
    parts = sorted(nx.strongly_connected_components(graph), key=lambda one: (-len(one), min(one)))
    if not parts or len(parts[0]) < 2:
        msg = "central: nothing shown feeds back on itself, so nothing is central"
        raise LoopError(msg)
    inside = graph.subgraph(parts[0])
    rank = nx.betweenness_centrality(inside)
    shown = set(sorted(inside, key=lambda name: (-rank[name], name))[:k])
    links = _composed(sketch, shown, set(inside))
    loops = [loop for loop in (_shortened(one, shown, links) for one in sketch.loops) if loop]
    needed = {pair for loop in loops for pair in loop.pairs}
    kept = _thinned(links, needed)
    return Sketch(
        tuple(node for node in sketch.nodes if node.name in shown), tuple(kept.values()),
        tuple(loops),
    )  # fmt: skip


def _composed(sketch: Sketch, shown: set[str], inside: set[str]) -> dict[Pair, Link]:
    out_of: dict[str, list[Link]] = {}
    for link in sorted(sketch.links, key=lambda link: link.pair):
        if link.cause in inside and link.effect in inside:
            out_of.setdefault(link.cause, []).append(link)
    direct = {link.pair: link for link in sketch.links}
    found: dict[Pair, Link] = {}
    for cause in sorted(shown):
        ways: dict[str, list[Way]] = {}
        count = 0
        for way in _ways(cause, shown, out_of):
            count += 1
            if count > PATHS:
                break
            ways.setdefault(way.effect, []).append(way)
        for effect, several in ways.items():
            signs = {way.sign for way in several}
            sign: Sign = several[0].sign if len(signs) == 1 and count <= PATHS else "?"
            short = min(several, key=lambda way: len(way.through))
            old = direct.get((cause, effect))
            if old is None:
                found[cause, effect] = Link(
                    cause=cause, effect=effect, sign=sign, delay=any(way.delay for way in several),
                    through=short.through, certain=sign != "?", basis="composed along paths",
                )  # fmt: skip
            elif sign == old.sign:
                found[cause, effect] = old
            else:
                found[cause, effect] = replace(
                    old, sign="?", certain=False, basis="paths between the two differ in sign"
                )
    return found


def _ways(cause: str, shown: Collection[str], out_of: Mapping[str, list[Link]]) -> Iterator[Way]:
    """Yield the paths from one shown variable to others, all between them hidden."""
    stack: list[Way] = [Way(cause, "+", delay=False, through=())]
    while stack:
        way = stack.pop()
        for link in out_of.get(way.effect, ()):
            if link.effect == cause or link.effect in way.through:
                continue
            sign: Sign = "+" if link.sign == way.sign else "-"
            if "?" in (link.sign, way.sign):
                sign = "?"
            through = (*way.through, *link.through)
            further = Way(link.effect, sign, way.delay or link.delay, through)
            if link.effect in shown:
                yield further
            elif len(way.through) < HIDDEN:
                stack.append(replace(further, through=(*through, link.effect)))


def _shortened(
    loop: LoopShown, shown: Collection[str], links: Collection[Pair]
) -> LoopShown | None:
    path = tuple(name for name in loop.path if name in shown)
    if len(path) < 2:
        return None
    short = replace(loop, path=path)
    return short if all(pair in links for pair in short.pairs) else None


def _thinned(links: Mapping[Pair, Link], needed: Collection[Pair]) -> dict[Pair, Link]:
    """Leave out composite links that shorter shown paths say as well, the longest first."""
    kept = dict(links)
    order = sorted(
        (link for link in links.values() if link.through and link.pair not in needed),
        key=lambda link: (-len(link.through), link.pair),
    )
    for link in order:
        rest = {pair: one for pair, one in kept.items() if pair != link.pair}
        if link.sign != "?" and link.sign in _said(link.cause, link.effect, rest):
            kept = rest
    return kept


def _said(cause: str, effect: str, links: Mapping[Pair, Link]) -> set[Sign]:
    """Return the signs of walks of at most ``DETOUR`` links from one variable to another."""
    reached: set[tuple[str, Sign]] = {(cause, "+")}
    found: set[Sign] = set()
    for _ in range(DETOUR):
        following: set[tuple[str, Sign]] = set()
        for (one, other), link in links.items():
            for sign in ("+", "-"):
                if (one, sign) in reached and link.sign != "?":
                    following.add((other, "+" if link.sign == sign else "-"))
        found |= {sign for name, sign in following if name == effect}
        reached = following
    return found
