"""Networks: stocks that flows join, taken apart from each other.

Stage 2 of 5.  In: a ``Sketch``.  Out: one ``Network`` for each set of stocks that pipes connect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from loopscope.loops.diagrams.stockflow.piping import Network, Plan, lay_network
from loopscope.loops.diagrams.stockflow.sketching import ends_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.diagrams.records import Place, Sketch


LEG, SPACIOUS = 50.0, 92.0
"""Shortest straight pipe between a stock and a valve, in points; with room for a badge beside it.
"""

FEW = 8
"""Up to this many flows have such room."""


def networks_of(
    sketch: Sketch, seed: int = 0, at: Mapping[str, Place] | None = None
) -> tuple[Network, ...]:
    """Return the networks of a sketch, laid out, the one with most stocks first.

    Parameters
    ----------
    at
        Where all stocks stand; each network is on a grid of its own where not given.

    Raises
    ------
    LoopError
        As ``lay_network``.

    Notes
    -----
    As ``lay_network``, for each.
    """
    nodes = {node.name: node for node in sketch.nodes}
    joined: nx.Graph[str] = nx.Graph()
    joined.add_nodes_from(node.name for node in sketch.nodes if node.kind in ("stock", "cloud"))
    plans = {}
    for flow, (source, target) in ends_of(sketch).items():
        joined.add_edges_from([(flow, source), (flow, target)])
        plans[flow] = Plan(node=nodes[flow], source=nodes[source], target=nodes[target])
    groups = [set(group) for group in nx.connected_components(joined)]
    leg = SPACIOUS if sketch.loops and len(plans) <= FEW else LEG
    found = []
    for group in groups:
        stocks = [node for node in sketch.nodes if node.kind == "stock" and node.name in group]
        flows = [plans[node.name] for node in sketch.nodes if node.name in group & set(plans)]
        if stocks or flows:
            found.append((len(stocks), len(flows), lay_network(stocks, flows, leg, seed, at)))
    found.sort(key=lambda one: (-one[0], -one[1], min(one[2].places)))
    return tuple(network for _, _, network in found)
