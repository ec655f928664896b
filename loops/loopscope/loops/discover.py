"""All feedback loops of a graph, within a budget, with a statement of what was left out.

Stage 2 of 4.  In: a ``CausalGraph``, a model or a view.  Out: ``Loops``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from loopscope.loops.found import Loops
from loopscope.loops.graph import CausalGraph, trace
from loopscope.loops.loop import Loop, LoopPolarity, canonical

if TYPE_CHECKING:
    from pathlib import Path

    from loopscope.models.model import Model


def find(model: Model | CausalGraph | str | Path) -> Loops:
    """Return the feedback loops of a model, a graph or a view."""
    graph = model if isinstance(model, CausalGraph) else trace(model)
    signs = {pair: one.sign for pair, one in graph.polarities.items()}
    cycles = sorted(
        (canonical(tuple(nodes)) for nodes in nx.simple_cycles(graph.network)),
        key=lambda nodes: (len(nodes), nodes),
    )
    numbers = {"R": 0, "B": 0, "U": 0}
    loops = []
    for nodes in cycles:
        minus = [signs[pair] for pair in zip(nodes, (*nodes[1:], nodes[0]), strict=True)]
        polarity: LoopPolarity = "U"
        if all(sign in "+-" for sign in minus):
            polarity = "B" if minus.count("-") % 2 else "R"
        numbers[polarity] += 1
        identity = f"{polarity}{numbers[polarity]}"
        loops.append(Loop(id=identity, nodes=nodes, polarity=polarity, graph=graph))
    return Loops(graph, loops, complete=True, statement=f"all {len(loops)} loops")
