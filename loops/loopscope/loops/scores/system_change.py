"""How much of a run's change happens when: one series for the whole model.

Stage 4 of 4.  In: ``Along``.  Out: a Dataset.  With n stocks that move,

    SC(t) = 1/n * sum over stocks i of |xdot_i(t)| / (integral of |xdot_i| over the run),

so each stock counts alike, whatever its unit, and SC integrates to 1 over the run.

References
----------
Schoenberg, Eberlein & Davidsen (2023), System Dynamics Review, doi 10.1002/sdr.1754: our reading of
its abstract and of a secondary summary, not checked against the full text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.graph import root
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    import xarray as xr

    from loopscope.loops.replay import Along

STILL = 1e-12
"""Path length of a stock, relative to its largest size, up to which it never moved."""


def system_change(along: Along) -> xr.Dataset:
    """Return how fast a model changes, relative to all its change over the run.

    Returns
    -------
    xarray.Dataset
        ``change``, dims ``([run,] time)``, 1/time: at least 0, integral 1 over the run by
        trapezoids between saved times; NaN in a run in which nothing moves.  ``part``, dims
        ``([run,] time, stock)``: what each authored stock adds to it, 0 for one that never moves.
        ``moving``, dims ``([run])``: number of stocks that move.  Stages of delays do not count.

    Raises
    ------
    LoopError
        Fewer than two saved times; no stock; a rate that is not finite.

    Notes
    -----
    Linear in stocks and saved times.  What moves between two saved times and back is not seen.
    """
    import xarray as xr

    base = root(along.graph)
    name = base.model.name
    stocks = [n for n, node in base.nodes.items() if node.role == "stock" and node.owner == n]
    if not stocks:
        msg = f"{name}: the model has no stock, so nothing accumulates any change"
        raise LoopError(msg)
    if len(along.time) < 2:
        msg = f"{name}: change is measured over a run, which needs two saved times; got one"
        raise LoopError(msg)
    with np.errstate(all="ignore"):
        speeds = np.abs(np.stack([along.rates[n] for n in stocks], axis=-1))
    if not np.isfinite(speeds).all():
        bad = stocks[int(np.argwhere(~np.isfinite(speeds))[0][-1])]
        msg = f"{name}: the rate of '{bad}' is not finite at some saved time; shorten the run"
        raise LoopError(msg)
    gaps = np.diff(along.time)[:, None] / 2
    lengths = ((speeds[..., 1:, :] + speeds[..., :-1, :]) * gaps).sum(axis=-2)
    sizes = np.stack([np.abs(along.value(n)).max(axis=-1) for n in stocks], axis=-1)
    moves = lengths > STILL * sizes
    count = moves.sum(axis=-1)
    with np.errstate(all="ignore"):
        part = np.where(moves[..., None, :], speeds / lengths[..., None, :], 0.0)
        part = part / count[..., None, None]
    part = np.where(moves[..., None, :], part, np.where(count[..., None, None] > 0, 0.0, np.nan))
    runs = ("run",) if along.runs is not None else ()
    units = base.model.clock.units
    rate = {"units": f"1/{units}" if units else "1/time"}
    return xr.Dataset(
        {
            "change": ((*runs, "time"), part.sum(axis=-1), {**rate, "long_name": "system change"}),
            "part": ((*runs, "time", "stock"), part, rate),
            "moving": (runs, count),
        },
        coords={
            "time": ("time", along.time, {"units": units}),
            "stock": np.array(stocks, dtype=np.str_),
        },
        attrs={
            "model": name,
            "not_for": "comparing runs that differ in how much they change in all",
            "source": "our reading of Schoenberg, Eberlein & Davidsen 2023, not checked against it",
        },
    )
