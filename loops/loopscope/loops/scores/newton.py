"""Force, work and energy: stocks as bodies that loops push.

Stage 4 of 4.  In: ``Along``.  Out: a ``Dataset``.

The *force* of stock i on stock j is its net gain times xdot_i, so that the forces on j sum to its
acceleration.  The *kinetic energy* of j is xdot_j**2 / 2.  The *work* of i on j is the integral of
force times xdot_j over time; the works on j sum to the change of its kinetic energy, at turning
points too.

Work is taken along the straight course between two saved states: with xdot dt = dx it is the line
integral of gain * xdot_j dx_i.  So it sums to the change of energy whatever the integrator and the
time step, up to the quadrature and to jumps in the equations, which are reported as ``rest``.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.graph import STOCKS, root
from loopscope.loops.replay import Along
from loopscope.loops.scores.legs import outside
from loopscope.loops.scores.pathways import OUTSIDE, stock_of
from loopscope.loops.views import eliminate
from loopscope.models.errors import LoopError
from loopscope.models.model import TIME, symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sympy as sp
    import xarray as xr

    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.loops.replay import Numbers

SOURCE = (
    "Hayward & Roach (2017), System Dynamics Review 33(3-4), 183-218; "
    "Hayward & Roach (2022), doi 10.1002/sdr.1700"
)

NOT_FOR = "comparing stocks of different units, or which loop of several with one leg did the work"

FROM_OUTSIDE = "from outside"
"""Cause of what the time and driven parameters do."""

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(4)
"""Gauss-Legendre on [-1, 1]: exact where force times rate is a polynomial of degree 7."""


def forces(along: Along, stock: str | None = None) -> xr.Dataset:
    """Return the net force of each stock on each other stock.

    Parameters
    ----------
    stock
        The stock acted on; all stocks where it is left out.  ``participation`` tells the
        pathways behind a net force apart.

    Returns
    -------
    xarray.Dataset
        ``force``, dims ([run,] time, leg); ``acceleration`` and ``energy`` (kinetic), dims
        ([run,] time, stock).  Each leg has coordinates ``cause`` and ``effect``; each number is
        in the unit of its stock per time unit squared (energy: that unit squared).

    Raises
    ------
    LoopError
        No such stock.
    """
    import xarray as xr

    effects = _effects(along, stock)
    with np.errstate(all="ignore"):  # an infinite gain of what does not move: no number
        found = {
            pair: gain * along.rates[pair[0]] if pair[0] else gain
            for pair, gain in _between(along.graph, along.gains, outside(along)).items()
            if pair[1] in effects
        }
    order = (*(("run",) if along.runs is not None else ()), "time")
    still = np.zeros(along.shape)
    return xr.Dataset(
        {
            "force": ((*order, "leg"), _stack(list(found.values()), along.shape)),
            "acceleration": (
                (*order, "stock"),
                _stack([along.accelerations.get(name, still) for name in effects], along.shape),
            ),
            "energy": (
                (*order, "stock"),
                _stack([along.rates[name] ** 2 / 2 for name in effects], along.shape),
            ),
        },
        coords=_coords(along, along.time, list(found), effects),
        attrs={"model": along.graph.model.name, "source": SOURCE, "not_for": NOT_FOR},
    )


def works(along: Along, stock: str | None = None) -> xr.Dataset:
    """Return the work of each stock on each other stock, between saved times and summed up.

    Parameters
    ----------
    stock
        The stock acted on; all stocks where it is left out.

    Returns
    -------
    xarray.Dataset
        ``work``, dims ([run,] time, leg), done from each saved time to the next; ``change``, of
        kinetic energy over the same interval, and ``rest``, what of it no leg has done, dims
        ([run,] time, stock).  ``time`` is the start of the interval.  Sum over time for the work
        of a stretch.  Units: (unit of the stock per time unit) squared.

    Raises
    ------
    LoopError
        No such stock; fewer than two saved times.

    Notes
    -----
    Four evaluations of all gains for each interval.
    """
    import xarray as xr

    effects = _effects(along, stock)
    if len(along.time) < 2:
        msg = "work is done between saved times; the run has fewer than two"
        raise LoopError(msg)
    equations = along.graph.equations
    inner, steps = _within(along)
    intervals = (*along.shape[:-1], len(along.time) - 1)
    weights = WEIGHTS / 2

    def summed(values: Numbers) -> Numbers:
        return np.asarray((values.reshape(*intervals, len(weights)) * weights).sum(axis=-1))

    entering: dict[str, Numbers] = {}
    for (cause, effect), link in along.graph.inputs.items():
        if cause in steps and link.gain != 0 and effect not in along.held:
            entering[effect] = entering.get(effect, 0.0) + inner.of(link.gain) * steps[cause]
    for name, node in root(along.graph).nodes.items():
        given = node.role == "random" or (name in along.held and node.role not in STOCKS)
        if given and name in steps:
            entering[name] = steps[name]
    rates = {name: inner.of(equations.states[symbol_of(name)].rate) for name in effects}
    found = {
        pair: summed(gain * (steps[pair[0]] if pair[0] else 1.0) * rates[pair[1]])
        for pair, gain in _between(root(along.graph), inner.full_gains, entering).items()
        if pair[1] in effects and (not pair[0] or pair[0] in steps)
    }
    energy = {name: along.rates[name] ** 2 / 2 for name in effects}
    change = {name: np.diff(energy[name], axis=-1) for name in effects}
    done = {name: np.zeros(intervals) for name in effects}
    for (_, effect), work in found.items():
        done[effect] = done[effect] + work
    order = (*(("run",) if along.runs is not None else ()), "time")
    rest = [change[name] - done[name] for name in effects]
    return xr.Dataset(
        {
            "work": ((*order, "leg"), _stack(list(found.values()), intervals)),
            "change": ((*order, "stock"), _stack(list(change.values()), intervals)),
            "rest": ((*order, "stock"), _stack(rest, intervals)),
        },
        coords=_coords(along, along.time[:-1], list(found), effects),
        attrs={"model": along.graph.model.name, "source": SOURCE, "not_for": NOT_FOR},
    )


def _effects(along: Along, stock: str | None) -> tuple[str, ...]:
    if stock is not None:
        return (stock_of(along.graph, stock),)
    return tuple(name for name, node in along.graph.nodes.items() if node.role == "stock")


def _between(
    graph: CausalGraph, gains: Mapping[Pair, Numbers], entering: Mapping[str, Numbers]
) -> dict[Pair, Numbers]:
    """Return net gains between stocks, and what enters from outside where it comes out."""
    joined = {(OUTSIDE, name): value for name, value in entering.items()}
    away = [name for name, node in graph.nodes.items() if node.role not in STOCKS]
    return eliminate({**gains, **joined}, away, operator.add, operator.mul)


def _within(along: Along) -> tuple[Along, dict[str, Numbers]]:
    """Return the graph at the quadrature points between saved times, and all increments.

    Increments are those over a whole interval, repeated for each of its points.
    """
    equations, nodes = along.graph.equations, root(along.graph).nodes
    computed = {
        symbol
        for symbol in equations.auxiliaries
        if symbol.name not in along.held and nodes[str(symbol.name)].role != "random"
    }
    places = (POINTS + 1) / 2
    count = (len(along.time) - 1) * len(places)
    shape = (*along.shape[:-1], count)

    def at_points(values: Any) -> tuple[Numbers, Numbers]:
        known = np.broadcast_to(np.asarray(values, dtype=np.float64), along.shape)
        step = np.diff(known, axis=-1)[..., None] * np.ones(len(places))
        return (known[..., :-1, None] + step * places).reshape(shape), step.reshape(shape)

    values: dict[sp.Symbol, Any] = {}
    steps: dict[str, Numbers] = {}
    for symbol, known in along.values.items():
        if symbol not in computed:
            inside, step = at_points(known)
            moves = bool(np.any(step))
            values[symbol] = inside if moves else inside[..., :1]
            if moves:
                steps[str(symbol.name)] = step
    inside, steps[TIME.name] = at_points(along.time)
    values[TIME] = times = np.atleast_2d(inside)[0]
    inner = Along(
        along.graph, values, time=times, step=along.step, runs=along.runs, held=along.held,
        driven={name: np.zeros(shape) for name in along.held}, result=along.result,
    )  # fmt: skip
    return inner, steps


def _stack(rows: list[Numbers], shape: tuple[int, ...]) -> Numbers:
    """Return rows as the last dim of one array."""
    return np.stack(rows, axis=-1) if rows else np.zeros((*shape, 0))


def _coords(
    along: Along, time: Numbers, legs: list[Pair], stocks: tuple[str, ...]
) -> dict[str, Any]:
    causes = [cause or FROM_OUTSIDE for cause, _ in legs]
    names = [f"{cause} -> {effect}" for cause, (_, effect) in zip(causes, legs, strict=True)]
    return {
        "time": ("time", time, {"units": along.graph.model.clock.units}),
        "leg": ("leg", np.array(names, dtype=np.str_)),
        "cause": ("leg", np.array(causes, dtype=np.str_)),
        "effect": ("leg", np.array([effect for _, effect in legs], dtype=np.str_)),
        "stock": ("stock", np.array(stocks, dtype=np.str_)),
    }
