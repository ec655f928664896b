"""What ``find`` is asked: budgets, the graph to search, runs, each checked.

Stage 2 of 4.  In: arguments of ``find``.  Out: a ``CausalGraph``, names of loops in it, graphs
along runs.  Nothing here searches.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from loopscope.loops.catalogue import Catalogue, catalogue
from loopscope.loops.graph import CausalGraph, root, trace
from loopscope.loops.modules import switched_off, without
from loopscope.loops.views import fold
from loopscope.models.errors import LoopError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from loopscope.loops.replay import Along
    from loopscope.models.model import Model


def check(max_loops: int | None, seconds: float, max_length: int | None, share: float) -> None:
    """Refuse a budget that is not positive."""
    for name, value in (("max_loops", max_loops), ("max_length", max_length)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if value is not None and not (whole and value > 0):
            msg = f"{name} must be a whole number of at least 1, got {shown(value)}"
            raise LoopError(msg)
    for name, amount, most in (("seconds", seconds, math.inf), ("share", share, 1.0)):
        fits = isinstance(amount, int | float | np.number) and 0 < amount <= most
        if not fits:
            msg = f"{name} must be more than 0{' and at most 1' if most == 1 else ''}, "
            msg += f"got {shown(amount)}"
            raise LoopError(msg)


def graph_and_names(
    model: Model | CausalGraph | str | Path, view: Sequence[str] | str | None, run: Any = None
) -> tuple[CausalGraph, Catalogue | None, Mapping[tuple[str, ...], tuple[str, str]]]:
    """Return the graph to search, the model's catalogue, and ids and names of loops in both.

    Of a model, what its catalogue calls off is left out, unless the model or a run has it on.
    """
    if isinstance(view, str) and view != "full":
        msg = f"view must be 'full' or a list of variables to keep, got {shown(view)}"
        raise LoopError(msg)
    graph = model if isinstance(model, CausalGraph) else trace(model)
    known = catalogue(graph.model)
    if graph is not model and known is not None:
        runs = () if run is None else run if isinstance(run, list | tuple) else [run]
        graph = without(graph, switched_off(graph.model, known.off, runs))
    if view is None and graph is not model and known is not None and known.view is not None:
        graph = fold(graph, known.view)
    elif view == "full":
        graph = root(graph)
    elif view is not None:
        graph = fold(graph, view)
    _refuse_instant_loops(graph)
    return graph, known, known.match(graph) if known is not None else {}


def _refuse_instant_loops(graph: CausalGraph) -> None:
    for part in nx.strongly_connected_components(graph.network):
        name = min(part)
        if name not in graph.partition_of and (len(part) > 1 or graph.network.has_edge(name, name)):
            msg = f"{graph.model.name}: {', '.join(sorted(part)[:6])} act on one another without a "
            msg += "stock between them, so they need each other at one instant; put a stock there"
            raise LoopError(msg)


def alongs(graph: CausalGraph, run: Any) -> list[Along]:
    """Return the graph along each run given."""
    from loopscope.loops.replay import Along, along

    if run is None:
        return []
    found = []
    for one in run if isinstance(run, list | tuple) else [run]:
        made = one if isinstance(one, Along) else along(graph, one)
        if made.graph.pairs != graph.pairs or made.graph.model is not graph.model:
            msg = (
                f"the values were made along another graph of '{made.graph.model.name}'; "
                "make them with along(found.graph, run), or give the run itself"
            )
            raise LoopError(msg)
        found.append(made)
    return found
