"""Why two methods name different loops, from the numbers of the run.

Stage 4 of 4.  In: a method, its scores, and the leading loops of it and of LTM.  Out: a sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.graph import STOCKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along

    Truths = NDArray[np.bool_]


def reason(
    method: str,
    found: Loops,
    along: Along,
    scores: xr.Dataset,
    ours: Sequence[str],
    theirs: Sequence[str],
) -> str:
    """Return how and why a method differs from LTM on this run; empty where it does not.

    Parameters
    ----------
    ours, theirs
        Leading loops of LTM and of the method, one a saved time.
    """
    pairs = list(zip(ours, theirs, strict=True))
    differ = np.array([bool(a and b and a != b) for a, b in pairs])
    silent = np.array([bool(a) and not b for a, b in pairs])
    if not differ.any() and not silent.any():
        return ""
    told = _WHY[method](found, along, scores, differ)
    part = _part(along, differ)
    words = f"names another leading loop in {part:.0%} of the time"
    if silent.any():
        words += f" and none in {_part(along, silent):.0%}"
    return f"{words}: {told}" if told else words


def _part(along: Along, where: Truths) -> float:
    time = along.time
    weights = np.append(np.diff(time), 0.0) if len(time) > 1 else np.ones(1)
    total = float(weights.sum())
    return float((weights * where).sum()) / total if total else 0.0


def _turning(along: Along) -> Truths:
    """Return whether a rate or an acceleration of some stock changes sign near each time."""
    near = np.zeros(len(along.time), dtype=bool)
    for series in (along.rates, along.accelerations):
        for name in along.graph.stocks:
            values = series.get(name)
            if values is None or not np.any(values):
                continue
            turned = np.flatnonzero(np.diff(np.sign(values)) != 0)
            for row in turned:
                near[max(0, row - 2) : row + 4] = True
    return near


def _discrete(found: Loops, along: Along, scores: xr.Dataset, differ: Truths) -> str:
    near = _turning(along)
    part = float((differ & near).sum()) / max(1, int(differ.sum()))
    return (
        f"one step of {along.step:g} straddles what the continuous form sees at its start; "
        f"{part:.0%} of those times lie within three steps of a turn of a rate, where both change "
        "fastest"
    )


def _influence(found: Loops, along: Along, scores: xr.Dataset, differ: Truths) -> str:
    resting = np.asarray(scores["status"].values == "undefined").mean()
    words = (
        "it asks which loop would change the pace of a mode of the linearised model, not which one "
        "pushes now"
    )
    carried = scores.coords.get("carried")
    if carried is not None and np.isfinite(carried.values).any():
        words += f"; the mode shown carries {float(np.nanmean(carried.values)):.0%} of the change"
    return words + (f"; it is not defined in {resting:.0%} of its entries" if resting else "")


def _legs(found: Loops, along: Along, scores: xr.Dataset, differ: Truths) -> str:
    shared: dict[tuple[str, str], int] = {}
    stocks_of = {name for name, node in found.graph.nodes.items() if node.role in STOCKS}
    for loop in found:
        for cause, effect in loop.links:
            if effect in stocks_of:
                shared[cause, effect] = shared.get((cause, effect), 0) + 1
    several = sum(1 for count in shared.values() if count > 1)
    long = sum(1 for loop in found if len(loop.stocks) > 1)
    return (
        "it scores the last leg into a stock, not the whole loop, and its sign is that of the "
        f"behaviour: {several} of {len(shared)} legs belong to more than one loop, {long} of "
        f"{len(found)} loops hold more than one stock"
    )


def _knockout(found: Loops, along: Along, scores: xr.Dataset, differ: Truths) -> str:
    untested = int((scores["status"].values == "undefined").all(axis=0).sum())
    text = "it compares whole runs with and without a loop, so what a loop did earlier stays"
    if untested:
        text += f"; {untested} of {scores.sizes['loop']} loops cannot be cut alone, so say nothing"
    return text


_WHY = {
    "ltm": lambda *_: "",
    "ltm discrete": _discrete,
    "influence": _influence,
    "pathway": _legs,
    "impact": _legs,
    "knockout": _knockout,
    "behaviour": _knockout,
}
