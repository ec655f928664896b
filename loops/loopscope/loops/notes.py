"""What a method cannot say of a run, and what can be said instead.

Stage 4 of 4.  In: loops, a run and scores of it.  Out: sentences with the numbers behind them:
rest, change that comes from outside, loops that were not held, links whose sign is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.loops.views import fold

if TYPE_CHECKING:
    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along

Numbers = NDArray[np.float64]

MATTERS = 0.1
"""Part of the acceleration from outside above which a reader is told."""

RESTING = 0.5
"""Part of the run at rest above which a reader is told what can be said of rest."""


def from_outside(along: Along) -> Numbers:
    """Return how much of what changes the rates comes from outside the feedback.

    Returns
    -------
    numpy.ndarray
        Dims ([run,] time), in [0, 1]: the mean over moving stocks of |df/dt| / (|df/dt| + the sum
        of |J_ij x_j'|), where df/dt is what the time, and parameters that follow a path, add to
        the acceleration.  0 where nothing moves.
    """
    from loopscope.loops.graph import root
    from loopscope.loops.replay import Along as Values

    base = root(along.graph)
    stocks = fold(base)
    inner = Values(
        stocks, dict(along.values), time=along.time, step=along.step, runs=along.runs,
        held=along.held, driven=along.driven,
    )  # fmt: skip
    driven = dict.fromkeys(stocks.stocks, np.zeros(along.shape))
    inside = dict.fromkeys(stocks.stocks, np.zeros(along.shape))
    sizes = dict.fromkeys(stocks.stocks, np.zeros(along.shape))
    for (cause, effect), gain in inner.gains.items():
        part = gain * inner.rates[cause]
        inside[effect] = inside[effect] + part
        sizes[effect] = sizes[effect] + np.abs(part)
    total, count = np.zeros(along.shape), np.zeros(along.shape)
    for name, acceleration in inner.accelerations.items():
        driven[name] = np.abs(acceleration - inside[name])
        # What is left by rounding is not a drive.
        driven[name] = np.where(driven[name] > 1e-9 * sizes[name], driven[name], 0.0)
        size = driven[name] + sizes[name]
        moving = size > 0
        share = np.divide(driven[name], size, out=np.zeros(along.shape), where=moving)
        total, count = total + share, count + moving
    return np.divide(total, count, out=np.zeros(along.shape), where=count > 0)


def notes_on(found: Loops, along: Along, scores: xr.Dataset) -> list[str]:
    """Return sentences a reader of the scores must know."""
    notes = []
    status = np.asarray(scores["status"].values)
    resting = (status == "equilibrium").mean() if status.size else 0.0
    if resting > RESTING:
        notes.append(_at_rest(along, float(resting)))
    outside = from_outside(along)
    mean = float(outside.mean()) if outside.size else 0.0
    if mean > MATTERS:
        notes.append(
            f"on average {mean:.0%} of what changes the rates comes from outside the feedback "
            "(the time itself, or parameters that follow a path): loop scores share out only the "
            "rest"
        )
    unknown = sorted({loop.id for loop in found if loop.polarity == "U"})
    if unknown:
        shown = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
        notes.append(
            f"{len(unknown)} loops hold a link whose sign is not proved ({shown}); their scores "
            "carry the sign of the moment"
        )
    if not found.complete:
        notes.append("not all loops are known: shares are of the loops that were found")
    return notes


def _at_rest(along: Along, part: float) -> str:
    """Return what can be said where nothing moves: the modes of the linearised model."""
    from loopscope.loops.eigen.linear import at_times
    from loopscope.loops.eigen.modes import modes

    end = at_times(along, float(along.time[-1]))
    eigen = modes(end, along.graph.partitions[0])
    slow = sorted(eigen.values[0, list(eigen.reported)].tolist(), key=lambda one: -one.real)[:3]
    told = ", ".join(_mode(one) for one in slow) or "none, only conserved totals"
    return (
        f"{part:.0%} of the run rests, where scores of what drives the change have nothing to say; "
        f"what a push would do there is told by eigenvalues: {told}; method 'influence' says which "
        "loops decide them"
    )


def _mode(value: complex) -> str:
    real, imaginary = value.real, abs(value.imag)
    pace = "grows" if real > 0 else "dies out"
    text = f"{real:.3g} ({pace}"
    if real:
        text += f", time constant {1 / abs(real):.3g}"
    if imaginary > 1e-12:
        text += f", period {2 * np.pi / imaginary:.3g}"
    return text + ")"
