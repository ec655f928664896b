"""Stocks on a grid: the longest chain of flows in rows, the others beside what they are joined to.

Stage 2 of 5.  In: stocks of one network and the pairs that flows join.  Out: a column and a row for
each.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, product
from typing import TYPE_CHECKING

import networkx as nx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.loops.graph import Pair

Cell = tuple[int, int]

ROW = 5
"""Stocks of a chain that stand in one row; the next stand below, the other way round."""

STEPS = 20000
"""Work on the longest chain."""


def on_grid(stocks: Sequence[str], flows: Sequence[Pair]) -> dict[str, Cell]:
    """Return column and row of each stock; rows downwards.

    Parameters
    ----------
    stocks
        Of one network.
    flows
        Stock that is drained and stock that is filled, one for each flow between two.

    Notes
    -----
    The longest chain is sought in at most ``STEPS`` steps, for it is a hard problem; then O(s**2)
    swaps of s stocks, until none helps.

    Examples
    --------
    >>> on_grid(["a", "b", "c"], [("a", "b"), ("b", "c")])
    {'a': (0, 0), 'b': (1, 0), 'c': (2, 0)}
    """
    joined: nx.Graph[str] = nx.Graph()
    joined.add_nodes_from(stocks)
    for one, other in flows:
        weight = joined.edges[one, other]["weight"] + 1 if joined.has_edge(one, other) else 1
        joined.add_edge(one, other, weight=weight)
    chain = _chain(joined, stocks, Counter(flows))
    cells: dict[str, Cell] = {}
    for n, name in enumerate(chain):
        row, column = divmod(n, ROW)
        cells[name] = (ROW - 1 - column if row % 2 else column, row)
    waiting = [name for name in stocks if name not in cells]
    while waiting:
        name = max(waiting, key=lambda one: (sum(w in cells for w in joined[one]), one))
        waiting.remove(name)
        free = [cell for cell in _around(cells) if cell not in cells.values()]
        cells[name] = min(free, key=lambda cell: _cost(joined, {**cells, name: cell}))
    return _settled(joined, cells)


def _chain(joined: nx.Graph[str], stocks: Sequence[str], flows: Mapping[Pair, int]) -> list[str]:
    """Return a longest simple path, of these one along most flows; ties to the first."""
    best: list[str] = []
    most = (0, 0)
    steps = 0
    for begin in stocks:
        waiting = [[begin]]
        while waiting and steps < STEPS:
            path = waiting.pop()
            steps += 1
            if len(path) >= most[0]:
                forward = sum(flows[pair] for pair in pairwise(path))
                if (len(path), forward) > most:
                    best, most = path, (len(path), forward)
            waiting += [
                [*path, name] for name in sorted(joined[path[-1]], reverse=True) if name not in path
            ]
    return best


def _around(cells: Mapping[str, Cell]) -> list[Cell]:
    columns = [column for column, _ in cells.values()]
    rows = [row for _, row in cells.values()]
    return list(
        product(range(min(columns) - 1, max(columns) + 2), range(min(rows) - 1, max(rows) + 2))
    )


def _cost(joined: nx.Graph[str], cells: Mapping[str, Cell]) -> float:
    """Return how far flows reach: bends, and stocks in between, count as length."""
    taken = set(cells.values())
    total = 0.0
    for one, other in joined.edges:
        if one not in cells or other not in cells:
            continue
        (a, b), (c, d) = cells[one], cells[other]
        far = abs(a - c) + 1.2 * abs(b - d) - 1.0
        if a != c and b != d:
            far += 0.6
        else:
            between = [
                (a + step * (c > a) - step * (c < a), b + step * (d > b) - step * (d < b))
                for step in range(1, max(abs(a - c), abs(b - d)))
            ]
            far += 0.8 * sum(cell in taken for cell in between)
        total += far * joined.edges[one, other]["weight"]
    wide = max(column for column, _ in taken) - min(column for column, _ in taken)
    high = max(row for _, row in taken) - min(row for _, row in taken)
    return total + 0.02 * (wide + 1) * (high + 1) + 0.01 * high


def _settled(joined: nx.Graph[str], cells: dict[str, Cell]) -> dict[str, Cell]:
    """Return cells after swaps and moves that shorten flows, the upper left one at (0, 0)."""
    cost = _cost(joined, cells)
    changed = len(cells) <= 40
    while changed:
        changed = False
        for name in list(cells):
            here = cells[name]
            holder = {cell: one for one, cell in cells.items()}
            for cell in _around(cells):
                if cell == here:
                    continue
                trial = {**cells, name: cell}
                if cell in holder:
                    trial[holder[cell]] = here
                found = _cost(joined, trial)
                if found < cost - 1e-9:
                    cells, cost, changed = trial, found, True
                    break
    left = min(column for column, _ in cells.values())
    top = min(row for _, row in cells.values())
    return {name: (column - left, row - top) for name, (column, row) in cells.items()}
