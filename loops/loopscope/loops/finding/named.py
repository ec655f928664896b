"""The loops that a model names, without a search.

Stage 2 of 4.  In: a ``Model`` with a ``loops.toml``.  Out: ``Loop`` records in the view that it
declares, or ``Loops`` whose totals run over all loops of the view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.finding.asked import graph_and_names
from loopscope.loops.finding.found import Loops
from loopscope.loops.finding.store import Store, canonical_order, ranks, rows_of
from loopscope.loops.finding.summed import summed
from loopscope.loops.loop import Loop
from loopscope.models.errors import LoopError

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

    Notes
    -----
    Nothing is proved here: polarities are those that the file states, which ``find`` holds against
    the equations.
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


def find_named(model: Model, run: Any = None) -> Loops | None:
    """Return the loops that a model names, in a second where ``find`` takes many.

    Parameters
    ----------
    run
        As in ``find``: what runs are given decides which parts of the model are on.

    Returns
    -------
    Loops
        The named loops, with totals over all loops of their view; None where the model names none,
        or its loops are too many even to sum.

    Raises
    ------
    LoopError
        As ``find``: a path that is not closed, a polarity that the equations deny.
    """
    graph, known, names = graph_and_names(model, None, run)
    if known is None or not names:
        return None
    universe = summed(graph)
    if universe is None:
        return None
    rows = canonical_order(rows_of(graph, list(names)), ranks(graph))
    store = Store(graph, rows, len(rows), np.zeros(len(rows), np.int64), {}, {})
    places = {store.place(nodes): given for nodes, given in names.items()}
    named = {place: given for place, given in places.items() if place is not None}
    store = Store(graph, rows, len(rows), np.zeros(len(rows), np.int64), named, {})
    words = f"all {universe.count:,} loops summed, the {len(rows):,} with a name held; totals run "
    found = Loops(
        store, complete=True, count=universe.count, statement=words + "over all", universe=universe
    )
    if known.declared(graph):
        for line in known.contradictions(found):
            msg = f"{known.file}: {line}; correct its polarity, its path or the view"
            raise LoopError(msg)
    return found
