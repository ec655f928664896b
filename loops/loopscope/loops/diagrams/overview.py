"""An overview of a graph that is too large for one picture: a box a group, links between them.

Stage 1 of 5.  In: a ``Sketch``, perhaps groups of its variables.  Out: an ``Overview``, whose
sketch is drawn like any other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import networkx as nx

from loopscope.loops.diagrams.records import Link, Node, Sketch
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loopscope.loops.diagrams.records import LoopShown, Sign
    from loopscope.loops.graph import Pair

WIDEST = 4.0
"""Of a link, in points: 1 + sqrt(number of links that it stands for) / 2, at most this."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Groups of variables as boxes, and what goes on between them.

    Attributes
    ----------
    sketch
        A node a group, a link a pair of groups in one direction, a loop for those that go through
        several groups, each once.
    members
        Variables of each group.
    counts
        Links that each link stands for.
    within
        Loops that stay in one group, by group.
    alike
        Loops that go through the same groups with the same polarity as one shown, by its id.
    tangled
        Loops that come back to a group they have left: they have no badge.
    """

    sketch: Sketch
    members: Mapping[str, tuple[str, ...]]
    counts: Mapping[Pair, int]
    within: Mapping[str, tuple[str, ...]]
    alike: Mapping[str, tuple[str, ...]]
    tangled: tuple[str, ...]


def overview(sketch: Sketch, groups: Mapping[str, str] | None = None) -> Overview:
    """Return an overview of a sketch.

    The sign of a link between groups is that of all the links it stands for, or "?" where they
    differ: it says nothing of how strong they are.

    Parameters
    ----------
    groups
        Group of each variable, such as its module; where not given, communities of the graph, each
        named after its best connected variable.

    Raises
    ------
    LoopError
        A variable without a group.

    Notes
    -----
    Communities: greedy modularity, O(m d log n) for n variables and m links.

    References
    ----------
    Clauset, Newman & Moore (2004), "Finding community structure in very large networks", Physical
    Review E 70, 066111.
    """
    chosen = _communities(sketch) if groups is None else dict(groups)
    missing = next((node.name for node in sketch.nodes if node.name not in chosen), None)
    if missing is not None:
        msg = f"groups: '{missing}' has none{did_you_mean(missing, chosen)}"
        raise LoopError(msg)
    members: dict[str, list[str]] = {}
    for node in sketch.nodes:
        members.setdefault(chosen[node.name], []).append(node.name)
    between: dict[Pair, list[Link]] = {}
    for link in sketch.links:
        pair = chosen[link.cause], chosen[link.effect]
        if pair[0] != pair[1]:
            between.setdefault(pair, []).append(link)
    within: dict[str, list[str]] = {}
    alike: dict[str, list[str]] = {}
    tangled: list[str] = []
    shown: dict[tuple[tuple[str, ...], str], LoopShown] = {}
    for loop in sorted(sketch.loops, key=lambda loop: (-loop.weight, loop.id)):
        path = _through([chosen[name] for name in loop.path])
        if len(path) == 1:
            within.setdefault(path[0], []).append(loop.id)
        elif len(set(path)) < len(path):
            tangled.append(loop.id)
        else:
            first = shown.setdefault((path, loop.polarity), replace(loop, path=path))
            if first.id != loop.id:
                alike.setdefault(first.id, []).append(loop.id)
    return Overview(
        Sketch(
            tuple(Node(name=name) for name in members),
            tuple(_summed(pair, links) for pair, links in between.items()),
            tuple(shown.values()),
        ),
        {name: tuple(names) for name, names in members.items()},
        {pair: len(links) for pair, links in between.items()},
        {name: tuple(ids) for name, ids in within.items()},
        {first: tuple(ids) for first, ids in alike.items()},
        tuple(tangled),
    )


def _communities(sketch: Sketch) -> dict[str, str]:
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(sorted(node.name for node in sketch.nodes))
    graph.add_edges_from(sorted(link.pair for link in sketch.links))
    if not graph.number_of_edges():
        return {name: name for name in graph}
    found: dict[str, str] = {}
    for one in nx.community.greedy_modularity_communities(graph):
        best = min(one, key=lambda name: (-graph.degree(name), name))
        name = best if len(one) == 1 else f"{best} and {len(one) - 1} more"
        found |= dict.fromkeys(one, name)
    return found


def _through(groups: Iterable[str]) -> tuple[str, ...]:
    """Return the groups that a loop goes through, the least first, no step within a group."""
    every = list(groups)
    path = [name for k, name in enumerate(every) if name != every[k - 1]] or every[:1]
    first = path.index(min(path))
    return tuple(path[first:] + path[:first])


def _summed(pair: Pair, links: Iterable[Link]) -> Link:
    every = tuple(links)
    signs = Counter(link.sign for link in every)
    sign: Sign = every[0].sign if len(signs) == 1 else "?"
    return Link(
        cause=pair[0], effect=pair[1], sign=sign, delay=all(link.delay for link in every),
        width=min(1.0 + 0.5 * len(every) ** 0.5, WIDEST),
        certain=all(link.certain for link in every) and len(signs) == 1,
        basis=", ".join(f"{count} of sign {one}" for one, count in sorted(signs.items())),
    )  # fmt: skip
