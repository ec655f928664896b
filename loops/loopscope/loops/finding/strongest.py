"""Strong loops first: a search that follows the strongest links, time by time.  A sample.

Stage 3 of 4.  In: a graph and weights of its links at some times.  Out: rows of loops, not all of
them and not surely the strongest: what reaches a node best may not be what closes best.

For graphs that cannot be searched to the end.  Reported recall: 76 of 104 loops of a service
quality model, the 8th strongest missing.

References
----------
Eberlein & Schoenberg (2020), "Finding the loops that matter", arXiv 2006.08425.  As there, except
that the best score at a node is reset for each stock that the search starts from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.finding.kernels import compiled
from loopscope.loops.finding.store import Rows, canonical_order, joined, ranks, rows_of
from loopscope.loops.loop import canonical

if TYPE_CHECKING:
    from loopscope.loops.finding.cores import Integers
    from loopscope.loops.finding.universe import Budget
    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.replay import Numbers

STEPS = 1_000_000
"""Links followed from one stock at one time; where many paths tie, the search ends there."""

LOOPS = 4096
"""Loops from one stock at one time."""


@compiled
def follow(
    start: int, first: Integers, head: Integers, link: Integers, weight: Numbers,
    best: Numbers, on_path: Integers, path: Integers, score: Numbers, cursor: Integers,
    steps: int, rows: Integers, ends: Integers,
) -> int:  # fmt: skip
    """Write the loops through ``start`` that a search prunes at no node; return their number.

    Links leave node v from ``first[v]`` to ``first[v + 1]``, heaviest first.
    """
    best[:] = 0.0
    found, used, depth = 0, 0, 0
    path[0], score[0], cursor[0] = start, 1.0, first[start]
    on_path[start] = 1
    while depth >= 0:
        node = path[depth]
        at = cursor[depth]
        if at == first[node + 1] or steps == 0 or weight[at] == 0.0:
            on_path[node] = 0
            depth -= 1
            continue
        cursor[depth] = at + 1
        steps -= 1
        target = head[at]
        product = score[depth] * weight[at]
        if target == start:
            if found < len(ends) and used + depth + 1 <= len(rows):
                for d in range(depth + 1):
                    rows[used + d] = link[cursor[d] - 1]
                used += depth + 1
                ends[found] = used
                found += 1
            continue
        if on_path[target] or product < best[target]:
            continue
        best[target] = product
        depth += 1
        path[depth], score[depth], cursor[depth] = target, product, first[target]
        on_path[target] = 1
    return found


def strongest(graph: CausalGraph, weights: Numbers, most: int, budget: Budget) -> Rows:
    """Return loops that a strongest-first search meets at some time, in canonical order.

    Parameters
    ----------
    weights
        Dims (link, time), links in the order of ``graph.pairs``.
    most
        Stop when so many different loops were met, or when the time of ``budget`` is over.

    Notes
    -----
    About O(v**2) for v nodes, per time and stock, unless paths tie.
    """
    from loopscope.loops.finding.universe import OutOfTimeError

    number = {name: n for n, name in enumerate(graph.nodes)}
    tail = np.array([number[cause] for cause, _ in graph.pairs], np.int64)
    head = np.array([number[effect] for _, effect in graph.pairs], np.int64)
    size = len(number)
    first = np.searchsorted(np.sort(tail), np.arange(size + 1))
    best, score = np.zeros(size), np.zeros(size + 1)
    on_path, path, cursor = (np.zeros(size + 1, np.int64) for _ in range(3))
    rows, ends = np.empty(LOOPS * size, np.int64), np.empty(LOOPS, np.int64)
    met: dict[tuple[str, ...], None] = {}
    magnitudes = np.abs(np.where(np.isfinite(weights), weights, 0.0))
    starts = [number[stock] for part in graph.partitions for stock in part.stocks]
    try:
        for time in range(weights.shape[1]):
            weight = magnitudes[:, time]
            order = np.lexsort((-weight, tail))
            for start in starts:
                loops = follow(
                    start, first, head[order], order, weight[order], best, on_path, path, score,
                    cursor, STEPS, rows, ends,
                )  # fmt: skip
                begin = 0
                for end in ends[:loops].tolist():
                    nodes = [graph.pairs[k][0] for k in rows[begin:end].tolist()]
                    met[canonical(nodes)] = None
                    begin = end
                if len(met) >= most:
                    raise OutOfTimeError
                budget.look(len(met))
    except OutOfTimeError:
        pass
    found = rows_of(graph, list(met)[:most])
    return canonical_order(joined([found]), ranks(graph))
