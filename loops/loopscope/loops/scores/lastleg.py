"""What is told of loops by their last legs: the ground of participation and impact.

Stage 4 of 4.  In: ``Legs`` and ``Loops``.  Out: arrays that ``pathway`` and ``impact`` record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.scores.pathways import legs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.replay import Numbers
    from loopscope.loops.scores.legs import Legs


def last_legs(found: Loops, legs: Legs, stock: str) -> tuple[Numbers, Numbers, NDArray[np.str_]]:
    """Return participation, share and status of each loop's leg into a stock.

    Dims ([run,] time, loop) each.  NaN where it is not defined.
    """
    along = legs.along
    rate, size, moving = along.rates[stock], legs.sizes[stock], legs.moving[stock]
    shape = (*along.shape, len(found))
    raw, relative = np.full(shape, np.nan), np.full(shape, np.nan)
    status = np.full(shape, "undefined", dtype="<U12")
    part = along.graph.partition_of.get(stock)
    rest = ~moving if part is None else resting(legs)[part.number]
    with np.errstate(divide="ignore", invalid="ignore"):
        for number, loop in enumerate(found):
            leg = next((one for one in legs_of(loop) if one[-1] == stock), None)
            if leg is None or jumps(along.graph, leg[0]):
                continue
            force = legs.force(leg)
            share = np.where(size > 0, force * np.sign(rate) / size, 0.0)
            known = np.isfinite(force) & np.isfinite(size)
            share = np.where(known, share, np.nan)
            raw[..., number] = np.where(moving & known, force / rate, np.nan)
            relative[..., number] = np.where(moving, share, np.where(rest, 0.0, np.nan))
            words = np.where(force == 0, "inactive", "active")
            words = np.where(known, words, "undefined")
            words = np.where(moving, words, np.where(rest, "equilibrium", "undefined"))
            status[..., number] = words
    return raw, relative, status


def jumps(graph: CausalGraph, name: str) -> bool:
    """Whether something that is carried changes only between steps, so that it has no rate."""
    return graph.nodes[name].role in ("memory", "pipeline")


def resting(legs: Legs) -> list[NDArray[np.bool_]]:
    """Return, for each partition, where none of its stocks moves; dims ([run,] time)."""
    return [
        ~np.any([legs.moving[name] for name in part.stocks], axis=0)
        for part in legs.along.graph.partitions
    ]


def at_rest(found: Loops, legs: Legs) -> NDArray[np.bool_]:
    """Return where no stock of a loop's partition moves, dims ([run,] time, loop)."""
    parts = resting(legs)
    return np.stack([parts[number] for number in _parts(found)], axis=-1)


def _parts(found: Loops) -> list[int]:
    """Return the number of the partition of each loop."""
    return [found.graph.partition_of[loop.nodes[0]].number for loop in found]


def normalised(found: Loops, raw: Numbers) -> Numbers:
    """Return scores over the sum of magnitudes in their partition, those held; 0 for 0/0."""
    parts = np.array(_parts(found))
    relative = np.zeros_like(raw)
    for part in set(parts.tolist()):
        inside = raw[..., parts == part]
        total = np.nansum(np.abs(inside), axis=-1, keepdims=True)
        zeros = np.where(np.isnan(inside), np.nan, 0.0)
        relative[..., parts == part] = np.divide(inside, total, out=zeros, where=total > 0)
    return relative
