"""Loop impact: how strongly a loop bends the course of a stock through its last leg.

Stage 4 of 4.  In: ``Along``, and ``Loops`` where loops are scored.  Out: a ``Dataset``.

The *impact* of a leg from stock i on stock j is gain * xdot_i / xdot_j, the same number as its
participation.  The product of the impacts round a loop is its gain, whatever the rates (the loop
impact theorem).  Impacts *dominate* a stock as the smallest set, of the sign of their sum, that
outweighs all impacts of the other sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.scores.lastleg import at_rest, jumps, last_legs, normalised
from loopscope.loops.scores.legs import Forces, forces_on, legs_along
from loopscope.loops.scores.pathway import participation
from loopscope.loops.scores.pathways import legs_of, stock_of
from loopscope.loops.scores.record import record

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along

SOURCE = "Hayward & Boswell (2014), System Dynamics Review 30(1-2), 29-57"

NOT_FOR = (
    "reading the sign as reinforcing or balancing: + drives the stock away from its level, and a "
    "loop of several stocks may do either; telling apart loops that share a leg"
)

AVERAGE = (
    "geometric mean of the impacts round the loop, |G|**(1/n) for n stocks, with the sign of G; "
    "independent of the rates by the loop impact theorem. Hayward (2020), arXiv 2011.04103, "
    "averages impacts too, but his average has not been compared with this one"
)


def score(found: Loops, along: Along, *, stock: str | None = None) -> xr.Dataset:
    """Return the impact of loops on one stock, or their average impact.

    Parameters
    ----------
    stock
        The stock to explain.  ``raw`` of a loop is then the impact of its last leg there
        (1/time), ``relative`` that over the sum of magnitudes of all impacts on the stock, those
        from outside included.  Loops that do not pass through the stock are "undefined", and so
        are all where its rate is 0.
        Left out: ``raw`` of a loop is the geometric mean of its impacts on its own stocks, with
        the sign of the loop gain (1/time); ``relative`` is normalised over the loops of the
        partition.

    Returns
    -------
    xarray.Dataset
        As ``record`` says; with ``stock`` also ``dominant``, dims ([run,] time, loop): whether
        the leg of the loop is in the smallest set that outweighs what opposes it.

    Raises
    ------
    LoopError
        No such stock; too many pathways into it to find the smallest set.
    """
    if stock is None:
        return _average(found, along)
    name = stock_of(along.graph, stock)
    raw, relative, status = last_legs(found, legs_along(along), name)
    scores = record(
        found, along, method="loop impact", relative=relative, raw=raw, status=status,
        units=f"1/{found.graph.model.clock.units}", not_for=NOT_FOR, source=SOURCE,
        attrs={"stock": name},
    )  # fmt: skip
    forces = forces_on(along, name)
    place = {one.nodes: n for n, one in enumerate(forces.pathways) if one.source}
    members = smallest_set(forces)
    dominant = np.zeros(raw.shape, dtype=bool)
    for number, loop in enumerate(found):
        leg = next((one for one in legs_of(loop) if one[-1] == name), None)
        if leg in place:
            dominant[..., number] = members[place[leg]]
    scores["dominant"] = (scores["relative"].dims, dominant)
    return scores


def impacts(along: Along, stock: str) -> xr.Dataset:
    """Return the impact of every pathway on a stock.

    As ``participation``, except that ``dominant`` marks the smallest set, of the sign of the sum,
    that outweighs all impacts of the other sign.

    Raises
    ------
    LoopError
        As ``participation``.
    """
    found = participation(along, stock).rename(participation="impact")
    members = smallest_set(forces_on(along, stock))
    found["dominant"] = (found["dominant"].dims, np.moveaxis(members, 0, -1))
    return found.assign_attrs(source=SOURCE, not_for=NOT_FOR)


def smallest_set(forces: Forces) -> NDArray[np.bool_]:
    """Return which forces are in the dominant set, dims (pathway, [run,] time).

    Of sets with equally many members the one with the larger sum is taken: the strongest ones.
    Empty where the forces sum to 0.
    """
    total = forces.total
    along_sum = forces.values * np.sign(total)
    side = np.maximum(along_sum, 0.0)
    against = np.maximum(-along_sum, 0.0).sum(axis=0)
    order = np.argsort(-side, axis=0, kind="stable")
    before = np.cumsum(np.take_along_axis(side, order, axis=0), axis=0)
    before = np.concatenate([np.zeros((1, *total.shape)), before[:-1]])
    chosen = np.zeros(side.shape, dtype=bool)
    np.put_along_axis(chosen, order, before <= against, axis=0)
    return np.asarray(chosen & (side > 0))


def _average(found: Loops, along: Along) -> xr.Dataset:
    gains = found.products(np.stack([along.gains[pair] for pair in along.graph.pairs]))
    raw = np.moveaxis(gains, 0, -1)
    sizes = np.array([max(1, len(loop.stocks)) for loop in found], dtype=np.float64)
    raw = np.sign(raw) * np.abs(raw) ** (1.0 / sizes)
    status = np.where(raw == 0, "inactive", "active").astype("<U12")
    wrong = ~np.isfinite(raw)
    for number in np.unique(found.partitions):  # a total with an infinite part says nothing
        inside = found.partitions == number
        wrong[..., inside] = wrong[..., inside].any(axis=-1, keepdims=True)
    raw[wrong], status[wrong] = np.nan, "undefined"
    for number, loop in enumerate(found):
        if any(jumps(along.graph, name) for name in loop.stocks):
            raw[..., number], status[..., number] = np.nan, "undefined"
    rest = at_rest(found, legs_along(along))
    status[rest] = "equilibrium"
    relative = np.where(rest, 0.0, normalised(found, raw))
    return record(
        found, along, method="average loop impact", relative=relative, raw=raw, status=status,
        units=f"1/{found.graph.model.clock.units}", not_for=NOT_FOR, source=SOURCE,
        attrs={"raw": AVERAGE},
    )  # fmt: skip
