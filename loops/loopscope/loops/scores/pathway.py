"""Pathway participation: whose change makes a stock's change speed up or slow down.

Stage 4 of 4.  In: ``Along``, and ``Loops`` where loops are scored.  Out: a ``Dataset``.

The *participation* of a pathway into stock j is gain * xdot_i / xdot_j; all of them, what comes
from outside included, sum to xddot_j / xdot_j.  The dominant pathway is the largest of those with
the sign of the sum.  Following dominant pathways back ends in a loop, or outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.loop import canonical
from loopscope.loops.scores.lastleg import at_rest, jumps, last_legs, normalised, resting
from loopscope.loops.scores.legs import forces_on, legs_along
from loopscope.loops.scores.pathways import Pathway, legs_of, stock_of
from loopscope.loops.scores.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along, Numbers
    from loopscope.loops.scores.legs import Forces, Legs

SOURCE = "Mojtahedzadeh, Andersen & Richardson (2004), System Dynamics Review 20(1), 1-20"

NOT_FOR = (
    "telling apart loops that share a leg, which have one score; explaining an oscillation, in "
    "which the sign changes each quarter of a cycle; anything beyond the last leg of a loop"
)

PHASES = {
    (1, 1): "reinforcing growth",
    (1, 0): "linear growth",
    (1, -1): "balancing growth",
    (-1, 1): "balancing decline",
    (-1, 0): "linear decline",
    (-1, -1): "reinforcing decline",
}
"""Behaviour by the signs of rate and acceleration; "at rest", the seventh, has no rate."""

AT_REST = "at rest"


def score(found: Loops, along: Along, *, stock: str | None = None) -> xr.Dataset:
    """Return the participation of loops in the behaviour of one stock, or of all.

    Parameters
    ----------
    stock
        The stock to explain.  ``raw`` of a loop is then the participation of its last leg into
        that stock (1/time); ``relative`` its share in the magnitudes of all pathways there, with
        the sign of the participation: + drives away from a level, - towards one.  Loops that do
        not pass through the stock are "undefined"; where its rate is 0 all are, for then
        participations are infinite: ``participation`` has their finite forces.
        Left out: ``raw`` of a loop is the mean, over its stocks, of the magnitude of that share,
        with the sign of the loop gain; ``relative`` is normalised over the loops of the
        partition.  Defined at turning points too.  Of a partition with one stock, that is the
        share of the loop among all loops.

    Returns
    -------
    xarray.Dataset
        As ``record`` says; with ``stock`` also ``dominant``, dims ([run,] time, loop): whether
        following dominant pathways back from the stock leads into the loop.

    Raises
    ------
    LoopError
        No such stock.
    """
    legs = legs_along(along)
    if stock is None:
        return _of_all(found, along, legs)
    name = stock_of(along.graph, stock)
    raw, relative, status = last_legs(found, legs, name)
    scores = record(
        found, along, method="pathway participation", relative=relative, raw=raw, status=status,
        units=f"1/{found.graph.model.clock.units}", not_for=NOT_FOR, source=SOURCE,
        attrs={"stock": name},
    )  # fmt: skip
    ends, which = followed(along, name)
    loops = [end.nodes if end.kind == "loop" else () for end in ends]
    hits = np.array([[loop.nodes == nodes for loop in found] for nodes in loops])
    scores["dominant"] = (scores["relative"].dims, hits[which])
    return scores


def _of_all(found: Loops, along: Along, legs: Legs) -> xr.Dataset:
    graph = along.graph
    signs = found.products(np.sign(np.stack([along.gains[pair] for pair in graph.pairs])))
    raw = np.zeros((*along.shape, len(found)))
    shares: dict[tuple[str, ...], Numbers] = {}
    for number, loop in enumerate(found):
        chains = legs_of(loop)
        for leg in chains:
            if leg not in shares:
                size = legs.sizes[leg[-1]]
                force = np.abs(legs.force(leg))
                shares[leg] = np.divide(force, size, out=np.zeros(along.shape), where=size > 0)
                shares[leg][~np.isfinite(size)] = np.nan
            raw[..., number] += shares[leg]
        raw[..., number] *= signs[number] / len(chains)
        if any(jumps(graph, name) for name in loop.stocks):
            raw[..., number] = np.nan
    status = np.where(raw == 0, "inactive", "active").astype("<U12")
    rest = at_rest(found, legs)
    raw[rest], status[rest] = 0.0, "equilibrium"
    status[np.isnan(raw)] = "undefined"
    return record(
        found, along, method="pathway participation", relative=normalised(found, raw), raw=raw,
        status=status, units="1", not_for=NOT_FOR, source=SOURCE,
        attrs={"raw": "mean share of the loop's legs in all forces on their stocks"},
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where dominant pathways lead when they are followed back from a stock.

    Attributes
    ----------
    kind
        "loop": a stock came again; "outside": the time or a driven parameter; "none": forces
        cancel on the way, or there are none.
    nodes
        The closed chain, in canonical rotation, or the pathway that comes from outside.
    """

    kind: str
    nodes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the chain with arrows, what it is in front."""
        closing = self.nodes[:1] if self.kind == "loop" else ()
        chain = " -> ".join((*self.nodes, *closing))
        return f"{self.kind}: {chain}" if chain else self.kind


def participation(along: Along, stock: str) -> xr.Dataset:
    """Return the participation of every pathway into a stock, and its behaviour.

    Parameters
    ----------
    stock
        By name.

    Returns
    -------
    xarray.Dataset
        Dims ([run,] time, pathway): ``participation`` (1/time; NaN where the rate of the stock is
        0), ``share`` (of the sum of magnitudes, with the sign of the participation), ``force``
        (participation times rate: finite at turning points too), ``dominant`` (bool).  Dims
        ([run,] time): ``total`` (sum of participations, xddot/xdot), ``phase`` (text, seven
        patterns), ``end`` (text: the loop, or outside pathway, that dominant pathways come from),
        ``status``.  Coordinates along ``pathway``: its nodes, ``source``.

    Raises
    ------
    LoopError
        No such stock; too many pathways to tell apart.

    Notes
    -----
    One product a link of each pathway, for the stock and every stock met on the way back.

    References
    ----------
    Mojtahedzadeh (1997), PhD thesis, University at Albany; Mojtahedzadeh, Andersen & Richardson
    (2004), System Dynamics Review 20(1), 1-20.

    Examples
    --------
    >>> from loopscope import loops, models
    >>> graph = loops.fold(loops.trace("migration_policy"))
    >>> run = models.simulate("migration_policy")
    >>> shares = participation(loops.along(graph, run), "natives")
    >>> float(abs(shares["share"]).sum("pathway").max().round(9))
    1.0
    """
    import xarray as xr

    name = stock_of(along.graph, stock)
    forces, legs = forces_on(along, name), legs_along(along)
    rate, moving = along.rates[name], legs.moving[name]
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(moving, forces.values / rate, np.nan)
        total = np.where(moving, forces.total / rate, np.nan)
        share = np.where(moving & (forces.size > 0), parts * np.abs(rate) / forces.size, np.nan)
    share = np.where(moving & (forces.size == 0), 0.0, share)
    known = np.isfinite(forces.size)
    parts[:, ~known] = share[:, ~known] = total[~known] = np.nan
    first = leading(forces)
    ends, which = followed(along, name)
    part = along.graph.partition_of.get(name)
    rest = ~moving if part is None else resting(legs)[part.number]
    order = (*(("run",) if along.runs is not None else ()), "time")
    wide = (*order, "pathway")
    time = along.graph.model.clock.units
    units = along.graph.nodes[name].units or "1"
    numbers = np.arange(len(forces.pathways))

    def turned(values: NDArray[Any]) -> NDArray[Any]:
        return np.moveaxis(values, 0, -1)

    return xr.Dataset(
        {
            "participation": (wide, turned(parts), {"units": f"1/{time}"}),
            "share": (wide, turned(share), {"units": "1"}),
            "force": (wide, turned(forces.values), {"units": f"{units}/{time}**2"}),
            "dominant": (wide, first[..., None] == numbers),
            "total": (order, total, {"units": f"1/{time}"}),
            "phase": (order, phases(np.where(moving, rate, 0.0), forces.total)),
            "end": (order, np.array([str(end) for end in ends], dtype=np.str_)[which]),
            "status": (
                order,
                np.where(moving & known, "active", np.where(rest, "equilibrium", "undefined")),
            ),
        },
        coords={
            "time": ("time", along.time, {"units": time}),
            "pathway": ("pathway", np.array([str(one) for one in forces.pathways], dtype=np.str_)),
            "source": ("pathway", np.array([one.source for one in forces.pathways], dtype=np.str_)),
        },
        attrs={
            "model": along.graph.model.name, "stock": name, "source": SOURCE, "not_for": NOT_FOR,
        },
    )  # fmt: skip


def phases(rate: Numbers, acceleration: Numbers) -> NDArray[np.str_]:
    """Return the pattern of behaviour in words; zeros must be exact."""
    words = np.full(np.shape(rate), AT_REST, dtype="<U19")
    for (up, bend), word in PHASES.items():
        words[(np.sign(rate) == up) & (np.sign(acceleration) == bend)] = word
    return words


def leading(forces: Forces) -> NDArray[np.int64]:
    """Return the position of the largest force with the sign of the sum; -1 where it is 0."""
    if not len(forces.pathways):
        return np.full(forces.values.shape[1:], -1)
    total = forces.total
    first = np.argmax(forces.values * np.sign(total), axis=0)
    return np.where(total == 0, -1, first)


def followed(along: Along, stock: str) -> tuple[list[End], NDArray[np.int64]]:
    """Follow dominant pathways back from a stock, at each time.

    Returns
    -------
    tuple
        The ends met, and which of them holds when, dims ([run,] time).
    """
    firsts: dict[str, NDArray[np.int64]] = {}
    known: dict[str, tuple[Pathway, ...]] = {}
    waiting = [stock]
    while waiting:
        name = waiting.pop()
        if name in known or jumps(along.graph, name):
            continue
        forces = forces_on(along, name)
        known[name], firsts[name] = forces.pathways, leading(forces).ravel()
        used = {known[name][place].source for place in np.unique(firsts[name]) if place >= 0}
        waiting.extend(source for source in used if source)
    names = list(known)
    columns, which = np.unique(np.stack([firsts[n] for n in names]), axis=1, return_inverse=True)
    ends = []
    for column in columns.T:
        chosen = {
            name: known[name][place]
            for name, place in zip(names, column, strict=True)
            if place >= 0
        }
        ends.append(_end(chosen, stock))
    return ends, np.asarray(which).reshape(along.shape)


def _end(chosen: Mapping[str, Pathway], stock: str) -> End:
    """Follow one pathway a stock, by the stock it leads into."""
    visited: dict[str, Pathway] = {}
    name = stock
    while name not in visited:
        if name not in chosen:
            return End(kind="none")
        visited[name] = chosen[name]
        if not chosen[name].source:
            return End(kind="outside", nodes=chosen[name].nodes)
        name = chosen[name].source
    names = list(visited)
    around = names[names.index(name) :]
    chain = [node for one in reversed(around) for node in visited[one].nodes[:-1]]
    return End(kind="loop", nodes=canonical(chain))
