"""Loops That Matter, discrete form: scores over each time step, products of link scores.

Stage 4 of 4.  In: loops and every time step of a run.  Out: a Dataset.  For any model, jumps
included; near rest differences lose their digits, where ``ltm_continuous`` does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from loopscope.loops.scores.link_scores import Flow, choose, link_scores
from loopscope.loops.scores.link_shares import step_shares
from loopscope.loops.scores.record import partition_of, record
from loopscope.models.errors import LoopError
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along
    from loopscope.loops.scores.partial_changes import Attribution

Numbers = NDArray[np.float64]
Labels = Literal["start", "end"]
First = Literal["zero", "score"]

REST = 1e-12
"""Relative change of every stock of a partition up to which it is reported to be at rest."""
NOT_FOR = (
    "comparing loops of different partitions; comparing raw scores of different times (they grow "
    "without bound near inflections); how fast something changes; a system at rest or driven from "
    "outside"
)
SOURCE = (
    "Schoenberg, Davidsen & Eberlein (2020), System Dynamics Review 36(2), 158-190; Schoenberg, "
    "Hayward & Eberlein (2023), System Dynamics Review 39(2), 140-151"
)


def score(
    found: Loops,
    along: Along,
    *,
    attribution: Attribution = "first",
    labels: Labels = "start",
    flow: Flow = "2023",
    first: First = "zero",
) -> xr.Dataset:
    """Return the discrete scores of loops.

    Parameters
    ----------
    attribution, flow
        See ``link_scores``.
    labels
        Which end of an interval its score stands at: "start", as in the papers and in Stella, or
        "end", as in simlin.  With "start" the last time has no interval, with "end" the first one
        has none: "undefined", NaN.
    first
        With ``labels="start"``, what stands at the start of the run: "zero", as the papers and
        Stella have it by convention, marked "undefined"; "score": that of the first interval.

    Returns
    -------
    xarray.Dataset
        See ``record``.  ``raw``: product of the link scores, dimensionless.  ``relative``: share of
        the sum of magnitudes over all loops of the partition.  Where "equilibrium" both are 0 (or
        what rounding left: no stock moved by more than ``REST`` of its value); 0 too where
        "inactive".  At an "inflection" a net flow does not change though its flows do: ``raw`` is
        infinite in the loops through that stock, and all of the partition have their relative
        scores from the continuous form, at the start of the interval (its end with "last", the mean
        of both with "shapley"); NaN where that form is not defined.

    Raises
    ------
    LoopError
        See ``link_scores``.

    Notes
    -----
    Near a stock that is held at 0 its flows are not what moves it: "undefined" over such steps.
    """
    choose("labels", labels, get_args(Labels))
    choose("first", first, get_args(First))
    scores = link_scores(along, attribution=attribution, flow=flow)
    weights = np.stack([scores[pair] for pair in found.graph.pairs])
    partitions = np.array([partition_of(found, loop) for loop in found], dtype=int)
    turning = _turning(found, along, scores)
    raw = _raw(found, weights)
    up, down = found.totals(np.where(np.isinf(weights), 0.0, weights))
    whole = up - down
    with np.errstate(invalid="ignore"):
        relative = raw / np.where(whole == 0.0, 1.0, whole)[partitions]
    undefined = _cut(found, along) | ~np.isfinite(whole)
    turned = turning[partitions]
    if turned.any():
        relative[turned] = _limits(found, along, attribution)[turned]
    relative[undefined[partitions]] = np.nan
    status = np.where(raw == 0.0, "inactive", "active").astype("<U11")
    status[turned] = "inflection"
    status[_resting(found, along)[partitions]] = "equilibrium"
    status[undefined[partitions] | np.isnan(raw)] = "undefined"
    relative, raw = _labelled(relative, labels, np.nan), _labelled(raw, labels, np.nan)
    status = _labelled(status, labels, "undefined")
    if labels == "start" and first == "zero" and _from_start(along):
        relative[..., 0, :] = raw[..., 0, :] = 0.0
        status[..., 0, :] = "undefined"
    shares = step_shares(along, scores)
    up, down, shares = (
        np.moveaxis(_labelled(side, labels, np.nan), -1, 0) for side in (up, down, shares)
    )
    return record(
        found, along, method="ltm", relative=relative, raw=raw, status=status, units="1",
        not_for=NOT_FOR, source=SOURCE, sides=(up, down), links=shares,
        attrs={
            "form": "discrete", "attribution": attribution, "labels": labels, "flow": flow,
            "first": first,
        },
    )  # fmt: skip


def _raw(found: Loops, weights: Numbers) -> Numbers:
    """Return the product around each loop; a link of 0 keeps it 0 beside an infinite one."""
    endless = np.isinf(weights)
    if not endless.any():
        return found.products(weights)
    raw = found.products(np.where(endless, np.sign(weights), weights))
    through = found.products(np.where(endless, 0.0, 1.0)) == 0.0
    return np.where(through & (raw != 0.0), np.copysign(np.inf, raw), raw)


def _turning(
    found: Loops, along: Along, scores: dict[tuple[str, str], Numbers]
) -> NDArray[np.bool_]:
    """Return where a moving stock of a partition has a net flow that does not change.

    Dims (partition, [run,] interval).  A stock that does not move either is in no active loop.
    """
    graph = found.graph
    turning = np.zeros((len(graph.partitions), *_shape(along)), dtype=bool)
    for (cause, effect), one in scores.items():
        part = graph.partition_of.get(effect)
        if part is not None and graph.partition_of.get(cause) is part:
            turning[part.number] |= np.isinf(one) & (np.diff(along.value(effect)) != 0.0)
    return turning


def _resting(found: Loops, along: Along) -> NDArray[np.bool_]:
    """Return where no stock of a partition moves, dims (partition, [run,] interval)."""
    resting = np.ones((len(found.graph.partitions), *_shape(along)), dtype=bool)
    for part in found.graph.partitions:
        for name in part.stocks:
            value = along.value(name)
            size = np.maximum(np.abs(value[..., 1:]), np.abs(value[..., :-1]))
            resting[part.number] &= np.abs(np.diff(value)) <= REST * size
    return resting


def _cut(found: Loops, along: Along) -> NDArray[np.bool_]:
    """Return where a stock of a partition is held at 0, dims (partition, [run,] interval)."""
    cut = np.zeros((len(found.graph.partitions), *_shape(along)), dtype=bool)
    states = along.graph.equations.states
    for part in found.graph.partitions:
        for name in part.stocks:
            state = states.get(symbol_of(name))
            if state is not None and state.non_negative and name not in along.held:
                held = along.value(name) + along.step * along.of(state.rate) < 0.0
                cut[part.number] |= held[..., 1:] | held[..., :-1]
    return cut


def _limits(found: Loops, along: Along, attribution: Attribution) -> Numbers:
    """Return continuous relative scores for each interval, dims (loop, [run,] interval)."""
    from loopscope.loops.scores import ltm_continuous

    try:
        scores = ltm_continuous.score(found, along)
    except LoopError:  # it is defined in none of these partitions
        return np.full((len(found), *_shape(along)), np.nan)
    relative: Numbers = np.moveaxis(scores["relative"].to_numpy(), -1, 0)
    start, end = relative[..., :-1], relative[..., 1:]
    if attribution == "shapley":
        return (start + end) / 2
    return start if attribution == "first" else end


def _labelled(values: NDArray[Any], labels: Labels, none: object) -> NDArray[Any]:
    """Return dims ([run,] time, loop) from (loop, [run,] interval)."""
    values = np.moveaxis(values, 0, -1)
    edge = np.full_like(values[..., :1, :], none)
    return np.concatenate((values, edge) if labels == "start" else (edge, values), axis=-2)


def _from_start(along: Along) -> bool:
    """Return whether the first time is the one the run started at."""
    if along.result is None:
        return True
    return bool(along.time[0] <= along.result.time[0] + 1e-6 * along.step)


def _shape(along: Along) -> tuple[int, ...]:
    return (*along.shape[:-1], along.shape[-1] - 1)
