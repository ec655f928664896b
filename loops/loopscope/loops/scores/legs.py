"""Forces on stocks along a run: of each pathway, and of single legs against all of them.

Stage 3 of 4.  In: ``Along``.  Out: ``Forces`` of one stock, pathways told apart, or ``Legs``, where
only loops that are asked for are.

The *force* of a pathway is its gain times the rate of its source: the forces on a stock sum to its
acceleration (Hayward & Roach 2017).  Force over the rate of the stock is its participation, or
impact.
"""

from __future__ import annotations

import itertools
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.graph import STOCKS
from loopscope.loops.scores.pathways import OUTSIDE, Pathway, pathways
from loopscope.loops.views import eliminate, gains_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from loopscope.loops.replay import Along, Numbers

ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""Size of a sum, relative to its terms, below which it is taken for zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forces:
    """The forces on one stock along a run.

    Attributes
    ----------
    pathways
        As ``pathways`` orders them.
    values
        Gain times rate of the source, dims (pathway, [run,] time); in the unit of the stock per
        time unit squared.
    """

    pathways: tuple[Pathway, ...]
    values: Numbers

    @property
    def total(self) -> Numbers:
        """The acceleration, 0 where the forces cancel to rounding; dims ([run,] time)."""
        total = np.asarray(self.values.sum(axis=0))
        return np.where(np.abs(total) <= ROUNDING * self.size, 0.0, total)

    @property
    def size(self) -> Numbers:
        """Sum of magnitudes, dims ([run,] time)."""
        return np.asarray(np.abs(self.values).sum(axis=0))


def forces_on(along: Along, stock: str) -> Forces:
    """Return the force of every pathway into a stock.

    Raises
    ------
    LoopError
        As ``pathways``.
    """
    drive = outside(along)
    found = pathways(along.graph, stock, entries=frozenset(drive))
    values = np.empty((len(found), *along.shape))
    for row, one in zip(values, found, strict=True):
        row[...] = along.rates[one.source] if one.source else drive[one.nodes[0]]
        for pair in one.links:
            row *= along.gains[pair]
    return Forces(pathways=found, values=values)


def outside(along: Along) -> dict[str, Numbers]:
    """Return what the time and driven parameters add to the rate of each variable of the graph.

    In a view, what enters through folded variables is counted where it comes out.
    """
    held = {name: along.driven[name] for name in along.held if name not in along.graph.stocks}
    joined = {(OUTSIDE, name): value for name, value in {**along.drive, **held}.items()}
    found = gains_in(along.graph, {**along.full_gains, **joined}, operator.add, operator.mul)
    return {
        effect: np.broadcast_to(value, along.shape)
        for (cause, effect), value in found.items()
        if cause == OUTSIDE and np.any(value)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Forces of single legs of loops, measured against all forces on their stock.

    Attributes
    ----------
    sizes
        Sum of the magnitudes of all forces on each stock, dims ([run,] time), by stock.
    moving
        Where the rate of each stock is not zero to rounding, dims ([run,] time), by stock.
    """

    along: Along
    sizes: Mapping[str, Numbers]
    moving: Mapping[str, NDArray[np.bool_]]
    _known: dict[tuple[str, ...], Numbers] = field(default_factory=dict, repr=False)

    def force(self, nodes: tuple[str, ...]) -> Numbers:
        """Return the force of a leg given by its nodes, dims ([run,] time)."""
        found = self._known.get(nodes)
        if found is None:
            found = np.array(self.along.rates[nodes[0]])
            with np.errstate(all="ignore"):  # an infinite gain of what does not move
                for pair in itertools.pairwise(nodes):
                    found *= self.along.gains[pair]
            self._known[nodes] = found
        return found


def legs_along(along: Along) -> Legs:
    """Return the measures of all forces on all stocks, without telling pathways apart.

    Magnitudes multiply, so one elimination of the magnitudes of gains sums over any number of
    pathways.  With v variables that are no stocks, of d links each: about v * d**2 products.
    """
    graph = along.graph
    sizes = {pair: np.abs(gain) for pair, gain in along.gains.items()}
    sizes |= {(OUTSIDE, name): np.abs(value) for name, value in outside(along).items()}
    away = [name for name, node in graph.nodes.items() if node.role not in STOCKS]
    forces = {name: np.zeros(along.shape) for name in graph.stocks}
    values = {name: np.zeros(along.shape) for name in graph.stocks}
    with np.errstate(all="ignore"):  # an infinite gain of what does not move
        between = eliminate(sizes, away, operator.add, operator.mul)
        for (cause, effect), size in between.items():
            if effect in forces:
                rate = np.abs(along.rates[cause]) if cause else 1.0
                forces[effect] = forces[effect] + size * rate
                if cause:
                    values[effect] = values[effect] + size * np.abs(along.value(cause))
    moving = {}
    for name, value in values.items():
        # Beside an infinite gain nothing is known of rounding, but a rate that is not 0 is one.
        bound = np.where(np.isfinite(value), ROUNDING * value, 0.0)
        moving[name] = np.abs(along.rates[name]) > bound
    return Legs(along=along, sizes=forces, moving=moving)
