"""Polarity confidence: how far a loop, or a link, keeps one sign over a run.

Stage 4 of 4.  In: scores of loops, or link scores along a run.  Out: a Dataset of confidences and
labels.  It says what a run showed; what is proved about a link is in ``polarity``.

With r and b the sums of what is positive and of what is negative over a run, the *confidence* is
|r - |b|| / (r + |b|): 1 where the sign never changes, 0 where both are as strong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from loopscope.loops.scores.link_scores import choose
from loopscope.loops.views import gains_in
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from loopscope.loops.graph import CausalGraph, Pair

Numbers = NDArray[np.float64]
Signed = tuple[Numbers, Numbers]
Basis = Literal["relative", "raw"]
Paths = Literal["sum", "strongest"]

SURE = 0.99
"""Above it, a mixed sign still counts as one: "Ru", "Bu"."""
SOURCE = "Schoenberg & Eberlein (2020), arXiv 2005.14545"


def of_loops(scores: xr.Dataset, *, basis: Basis = "relative") -> xr.Dataset:
    """Return the polarity confidence of loops over a run.

    Parameters
    ----------
    scores
        From a method whose scores carry the polarity of the loop, as Loops That Matter does.
    basis
        What is summed.  "relative": shares of the partition, so that each time weighs the same.
        "raw": raw scores, in which the times around inflections outweigh all others.

    Returns
    -------
    xarray.Dataset
        Dims ([run,] loop).  ``confidence``: in [0, 1], NaN where the loop was never active;
        ``label``: "R" or "B" at 1, "Ru" or "Bu" above 0.99, "U" otherwise; the loop's own polarity
        where it was never active.  Only times with status "active" are summed.

    Raises
    ------
    LoopError
        An unknown basis, or scores with further dims (modes, stocks): choose one first.

    References
    ----------
    The papers give the formula for links only; for loops, simlin sums relative scores.
    """
    import xarray as xr

    choose("basis", basis, get_args(Basis))
    further = [str(dim) for dim in scores["raw"].dims if dim not in ("run", "time", "loop")]
    if further:
        msg = (
            f"a confidence is of one series a loop; the scores have the dimension '{further[0]}' "
            f"too: choose with scores.sel({further[0]}=...)"
        )
        raise LoopError(msg)
    values = scores[basis].where((scores["status"] == "active") & np.isfinite(scores[basis]), 0.0)
    up = values.clip(min=0.0).sum("time")
    down = -values.clip(max=0.0).sum("time")
    confidence, label = _judged(up.to_numpy(), down.to_numpy())
    structural = np.broadcast_to(scores["polarity"].to_numpy(), label.shape)
    label = np.where(np.isnan(confidence), structural, label)
    return xr.Dataset(
        {
            "confidence": (up.dims, confidence, {"units": "1", "long_name": "polarity confidence"}),
            "label": (up.dims, label),
        },
        coords={name: scores[name] for name in ("loop", "name", "polarity") if name in scores},
        attrs={"basis": basis, "source": SOURCE, "method": scores.attrs.get("method", "")},
    )


def of_links(
    graph: CausalGraph, scores: Mapping[Pair, Numbers], *, paths: Paths = "sum"
) -> dict[Pair, tuple[float, str]]:
    """Return the polarity confidence of each link of a graph, or view, over a run.

    Parameters
    ----------
    graph
        The graph or view to tell about.
    scores
        From ``link_scores`` along the graph itself; for "strongest", along the traced graph that it
        is a view of.  All runs of a batch are taken together.
    paths
        What stands for a link of a view behind which are several paths.  "sum": their sum, as the
        view has it.  "strongest": at each instant the largest path score of each sign, as the
        papers have it.

    Returns
    -------
    dict
        By (cause, effect): confidence in [0, 1], NaN where never active, and the label: "+", "-",
        "+u", "-u", "u", "" where never active.  Infinite and undefined scores are left out.

    Raises
    ------
    LoopError
        An unknown choice of ``paths``, or scores of another graph.
    """
    choose("paths", paths, get_args(Paths))
    found: Mapping[Pair, Signed] = {
        pair: (np.maximum(one, 0.0), np.minimum(one, 0.0)) for pair, one in scores.items()
    }
    if paths == "strongest":
        found = gains_in(graph, found, _stronger, _along)
    missing = next((pair for pair in graph.pairs if pair not in found), None)
    if missing is not None:
        msg = (
            f"no score for the link '{missing[0]}' -> '{missing[1]}'; the scores are of another "
            "graph: make them with link_scores(loops.along(graph, run))"
        )
        raise LoopError(msg)
    judged = {}
    for pair in graph.pairs:
        up, down = (np.sum(np.abs(one), where=np.isfinite(one)) for one in found[pair])
        confidence, label = _judged(np.array(up), np.array(down))
        text = str(label).replace("R", "+").replace("B", "-").replace("U", "u")
        judged[pair] = (float(confidence), "" if np.isnan(confidence) else text)
    return judged


def _judged(up: Numbers, down: Numbers) -> tuple[Numbers, NDArray[np.str_]]:
    with np.errstate(invalid="ignore"):
        confidence = np.abs(up - down) / (up + down)
    sign = np.where(up > down, "R", "B")
    unsure = np.where(confidence > SURE, np.char.add(sign, "u"), "U")
    return confidence, np.where((up == 0.0) | (down == 0.0), sign, unsure)


def _stronger(a: Signed, b: Signed) -> Signed:
    return np.maximum(a[0], b[0]), np.minimum(a[1], b[1])


def _along(a: Signed, b: Signed) -> Signed:
    """Return the strongest products of each sign of two chains, one after the other."""
    with np.errstate(invalid="ignore"):
        return (
            np.maximum(a[0] * b[0], a[1] * b[1]),
            np.minimum(a[0] * b[1], a[1] * b[0]),
        )
