"""Loops That Matter without a time step: continuous scores along a run.

Stage 4 of 4.  In: ``Loops`` and ``Along``.  Out: the record of ``scores.record``.

The score of loop L is G_L times the product of |xdot_i / xddot_i| over its stocks i.  Relative
scores are W_L over the sum of |W| in the partition, W_L = G_L * prod |xdot_i| (stocks of L) * prod
|xddot_i| (its other stocks): finite where an acceleration passes through 0.  Only the state
decides: no difference of saved values is taken, so any saved times do.  ``weights`` says how zeros
are met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from loopscope.loops.finding.loopsum import over_all
from loopscope.loops.graph import STOCKS, equations_of, root
from loopscope.loops.scores.link_shares import link_shares
from loopscope.loops.scores.ltm_weights import (
    LOST,
    acceleration_of,
    drive_of,
    full_gain_of,
    gain_of,
    rate_of,
    weigh,
)
from loopscope.loops.scores.record import record
from loopscope.models import functions as sd
from loopscope.models.arrays import Arrays
from loopscope.models.errors import LoopError
from loopscope.models.model import TIME, symbol_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.graph import CausalGraph, Partition
    from loopscope.loops.replay import Along, Numbers
    from loopscope.loops.scores.ltm_weights import Weights

NOT_FOR = (
    "comparing raw scores between times or partitions; what happens across a jump; a model at rest "
    "or driven from outside; the speed of change"
)
SOURCE = (
    "Schoenberg, Hayward & Eberlein 2023, System Dynamics Review 39(2), in the limit of no time "
    "step"
)

LATE = ("memory", "pipeline")


def score(found: Loops, along: Along) -> xr.Dataset:
    """Return continuous LTM scores.

    Returns
    -------
    xarray.Dataset
        As ``record``: ``relative`` and ``raw`` are dimensionless; values just after a jump.  NaN,
        status "undefined", in a partition with a memory or DELAY FIXED, or where a gain is no
        number.  At rest 0 in a partition of several stocks; with one stock relative scores do not
        depend on how fast it moves, and keep their limit.  ``attrs["jumps"]`` names what jumps;
        ``attrs["coverage"]`` is the least share of the total weight of all loops of a partition
        that the totals here cover: 1 unless ``found`` is incomplete, NaN where all loops are too
        many even to sum.

    Raises
    ------
    LoopError
        Every loop is in a partition with a memory or DELAY FIXED.

    Notes
    -----
    Linear in links and loops, at each saved time.
    """
    graph = found.graph
    homes = [graph.partition_of[loop.nodes[0]] for loop in found]
    known = smooth_partitions(graph, homes)
    weights, at = _values(along, known)
    links = _links(along, weights, at)
    with np.errstate(all="ignore"):
        products = found.products(links)
        up, down = found.totals(links)
        totals = up - down
    for part in known:
        inside = [row for row, (_, effect) in enumerate(graph.pairs) if effect in part.nodes]
        totals[part.number][~np.isfinite(links[inside]).all(axis=0)] = np.nan
    relative, raw = np.full_like(products, np.nan), np.full_like(products, np.nan)
    status = np.full(products.shape, "undefined", dtype="<U11")
    numbers = np.array([part.number for part in homes])
    for part in known:
        rows = np.flatnonzero(numbers == part.number)
        state = _State(part, weights, at)
        held = [set(found[int(row)].nodes) for row in rows]
        columns = state.scores(products[rows], totals[part.number], held)
        relative[rows], raw[rows], status[rows] = columns
    attrs: dict[str, Any] = {"form": "continuous", "jumps": ", ".join(jumping(graph, known))}
    attrs["coverage"] = 1.0 if found.complete else _coverage(graph, known, links, totals)
    return record(
        found, along, method="ltm", relative=np.moveaxis(relative, 0, -1),
        raw=np.moveaxis(raw, 0, -1), status=np.moveaxis(status, 0, -1), units="1",
        not_for=NOT_FOR, source=SOURCE, attrs=attrs, sides=(up, down),
        links=link_shares(along, at),
    )  # fmt: skip


def smooth_partitions(graph: CausalGraph, homes: Sequence[Partition]) -> tuple[Partition, ...]:
    """Return the partitions among these in which everything has a rate of change.

    Raises
    ------
    LoopError
        There is none.
    """
    late: dict[int, list[str]] = {}
    chosen = {part.number: part for part in homes}
    for part in chosen.values():
        names = [name for name in part.nodes if graph.nodes[name].role in LATE]
        if names:
            late[part.number] = names
    known = tuple(part for number, part in sorted(chosen.items()) if number not in late)
    if not known:
        owners = dict.fromkeys(graph.label(name) for names in late.values() for name in names)
        named = ", ".join(f"'{owner}'" for owner in owners)
        msg = (
            f"{graph.model.name}: {named} in the loops passes values on in jumps (SAMPLE IF "
            "TRUE or DELAY FIXED), so there are no rates of change to score by; use form='discrete'"
        )
        raise LoopError(msg)
    return known


def jumping(graph: CausalGraph, partitions: Sequence[Partition]) -> tuple[str, ...]:
    """Return authored names of what jumps in or before partitions: scores are right-sided there."""
    import networkx as nx

    base = root(graph)
    behind: set[str] = set()
    for part in partitions:
        for name in part.stocks:
            behind |= {name, *nx.ancestors(base.network, name)}
    late = {name for name in behind if base.nodes[name].role in (*LATE, "random")}
    equations = equations_of(graph.equations)
    late |= {name for name in behind if equations[name].has(sd.Switch, sd.Step)}
    return tuple(dict.fromkeys(base.label(name) for name in base.nodes if name in late))


def _coverage(
    graph: CausalGraph, partitions: Sequence[Partition], links: Numbers, totals: Numbers
) -> float:
    """Return the least share of the total weight of a partition that totals cover, at any time."""
    least = 1.0
    for part in partitions:
        every = over_all(graph, part)
        if every is None:
            return float("nan")
        with np.errstate(all="ignore"):
            total = every.of(np.abs(links), graph.pairs)
            share = totals[part.number] / total
        least = min(least, float(np.min(share, where=total > 0, initial=1.0)))
    return least


class _State:
    """What the stocks of one partition do along a run."""

    def __init__(self, part: Partition, weights: Weights, at: Callable[[sp.Expr], Numbers]) -> None:
        self.alone = len(part.stocks) == 1
        moving = {name: at(weights.moving[name]) > 0 for name in part.stocks}
        self.resting = ~np.any(list(moving.values()), axis=0)
        turns = {name: moving[name] & (at(weights.turning[name]) > 0) for name in part.stocks}
        self.turns = {name: here for name, here in turns.items() if here.any()}
        name = part.stocks[0]
        self.speed, self.push = at(sp.Abs(rate_of(name))), at(sp.Abs(acceleration_of(name)))

    def scores(
        self, products: Numbers, total: Numbers, loops: Sequence[set[str]]
    ) -> tuple[Numbers, Numbers, Any]:
        """Return relative scores, raw scores and statuses of loops, dims (loop, ...)."""
        with np.errstate(all="ignore"):
            relative = np.where(total == 0, 0.0, products / total)
            raw = products * (self.speed / self.push) if self.alone else np.array(products)
        lost = np.abs(relative) < LOST
        relative[lost] = 0.0
        turns = np.zeros(products.shape, dtype=bool)
        for name, here in self.turns.items():
            turns[[name in nodes for nodes in loops]] |= here
        turns &= ~lost
        raw[turns] = np.copysign(np.inf, products[turns])
        raw[self.resting | lost] = 0.0
        status = np.full(products.shape, "active", dtype="<U11")
        status[lost] = "inactive"
        status[turns] = "inflection"
        resting = np.broadcast_to(self.resting, products.shape)
        status[resting] = "equilibrium"
        if not self.alone:
            relative[resting] = 0.0
        wrong = ~(np.isfinite(products) & np.isfinite(total)) | np.isnan(raw)
        relative[wrong] = raw[wrong] = np.nan
        status[wrong] = "undefined"
        return relative, raw, status


def link_weights(along: Along, partitions: Sequence[Partition]) -> Numbers:
    """Return weights whose products around loops are scores; 0 outside the partitions.

    Returns
    -------
    numpy.ndarray
        Dims (link, [run,] time), in the order of ``graph.pairs``; in a partition of one stock the
        scores lack its rate over its acceleration, which all its loops share.
    """
    return _links(along, *_values(along, partitions))


def _links(along: Along, weights: Weights, at: Callable[[sp.Expr], Numbers]) -> Numbers:
    by_pair = {pair: at(symbol) for pair, symbol in weights.weights.items()}
    nothing = np.zeros(along.shape)
    return np.array([by_pair.get(pair, nothing) for pair in along.graph.pairs])


def _values(
    along: Along, partitions: Sequence[Partition]
) -> tuple[Weights, Callable[[sp.Expr], Numbers]]:
    """Return formulas, and what gives their values, dims ([run,] time)."""
    weights = weigh(along.graph, partitions, tuple(along.drive))
    graph, base = along.graph, root(along.graph)
    values: dict[sp.Symbol, Any] = {TIME: along.time}
    with np.errstate(all="ignore"):
        for name, node in base.nodes.items():
            values[symbol_of(name)] = along.value(name)
            values[rate_of(name)] = along.rates[name]
            if node.role in STOCKS and name in along.accelerations:
                values[acceleration_of(name)] = along.accelerations[name]
        values |= {full_gain_of(pair): gain for pair, gain in along.full_gains.items()}
        values |= {gain_of(pair): along.gains[pair] for pair in graph.pairs}
    values |= {drive_of(name): drive for name, drive in along.drive.items()}
    arrays = Arrays(values)
    for symbol, formula in weights.formulas.items():
        values[symbol] = arrays.of(formula)

    def at(symbol: sp.Expr) -> Numbers:
        return np.broadcast_to(np.asarray(arrays.of(symbol), dtype=np.float64), along.shape)

    return weights, at
