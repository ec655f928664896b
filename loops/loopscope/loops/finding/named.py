"""The loops that a model names, without a search.

Stage 2 of 4.  In: a ``Model`` with a ``loops.toml``.  Out: ``Loop`` records in the view that it
declares.  Nothing is proved here: polarities are those that the file states, which ``find`` holds
against the equations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopscope.loops.finding.asked import graph_and_names
from loopscope.loops.loop import Loop

if TYPE_CHECKING:
    from loopscope.loops.graph import CausalGraph
    from loopscope.models.model import Model


def named_loops(model: Model, run: Any = None) -> tuple[CausalGraph, dict[str, Loop]]:
    """Return the graph that a model's loops are told of in, and its named loops by id.

    Parameters
    ----------
    run
        As in ``find``: what runs are given decides which parts of the model are on.

    Raises
    ------
    LoopError
        As ``find``, where a path is not closed or two records are of one loop.
    """
    graph, known, names = graph_and_names(model, None, run)
    if known is None:
        return graph, {}
    found = {
        identity: Loop(
            id=identity, name=name, nodes=nodes, polarity=known[identity].polarity, graph=graph
        )
        for nodes, (identity, name) in names.items()
    }
    return graph, found
