"""Relative link scores: the part of each cause in what changes its effect.

Stage 4 of 4.  In: a graph along a run.  Out: an array over links.

What changes an effect v = h(u, ...) is the sum of (gain of u on v) times (rate of u) over its
causes, and what the time and driven inputs add; of a stock, this is its acceleration.  The
*relative score* of a link is the magnitude of its term over the sum of the magnitudes of all of
them, with the sign of its gain: the link score of Loops That Matter over that of all links into
the same effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.graph import STOCKS, root
from loopscope.loops.scores.ltm_weights import ROUNDING, error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import sympy as sp

    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.loops.replay import Along, Numbers

LEFT = 1e-9
"""Part of the terms up to which what they leave of a change is rounding."""


def link_shares(along: Along, at: Callable[[sp.Expr], Numbers]) -> Numbers:
    """Return continuous relative link scores.

    Parameters
    ----------
    at
        Values of the formulas of ``ltm_weights.weigh``.

    Returns
    -------
    numpy.ndarray
        Dims (link, [run,] time), links in the order of ``graph.pairs``, in [-1, 1]: the magnitudes
        of the links into one effect sum to 1, less the part of the time and of driven inputs.  0
        where nothing changes the effect; NaN where a term is no finite number, and behind values
        that pass on in jumps (SAMPLE IF TRUE, DELAY FIXED, random numbers).

    References
    ----------
    Schoenberg, Davidsen & Eberlein (2020), System Dynamics Review 36(2), 158-190; Schoenberg,
    Hayward & Eberlein (2023), System Dynamics Review 39(2), 140-151, in the limit of no time step.
    """
    graph, pairs = along.graph, along.graph.pairs
    found = np.full((len(pairs), *along.shape), np.nan)
    late = _jumping(graph)
    moving: dict[str, Numbers] = {}
    with np.errstate(all="ignore"):
        for name in graph.nodes:
            rate = along.rates[name]
            still = np.abs(rate) <= ROUNDING * at(error_of(name))
            moving[name] = np.where(still, 0.0, rate)
        for effect, rows in _rows_into(graph).items():
            causes = [pairs[row][0] for row in rows]
            if effect in late or any(cause in late for cause in causes):
                continue
            gains = np.stack([along.gains[pairs[row]] for row in rows])
            terms = gains * np.stack([moving[cause] for cause in causes])
            whole = along.accelerations if graph.nodes[effect].role in STOCKS else along.rates
            own = np.abs(terms).sum(axis=0)
            rest = np.abs(whole[effect] - terms.sum(axis=0))
            total = own + np.where(rest <= LEFT * own, 0.0, rest)
            found[rows] = np.sign(gains) * np.where(total == 0.0, 0.0, np.abs(terms) / total)
    return found


def step_shares(along: Along, scores: Mapping[Pair, Numbers]) -> Numbers:
    """Return discrete relative link scores.

    Parameters
    ----------
    scores
        From ``link_scores``.

    Returns
    -------
    numpy.ndarray
        As ``link_shares``, dims (link, [run,] interval).  What the links leave of a change, the
        interaction of causes under attribution "first" or "last" among it, has its part as well.
        NaN where a net flow does not change though its flows do.
    """
    graph, pairs = along.graph, along.graph.pairs
    found = np.full((len(pairs), *along.shape[:-1], along.shape[-1] - 1), np.nan)
    with np.errstate(all="ignore"):
        for effect, rows in _rows_into(graph).items():
            is_stock = graph.nodes[effect].role == "stock"
            whole = along.rates[effect] if is_stock else along.value(effect)
            signed = np.stack([scores[pairs[row]] for row in rows])
            ways = np.sign(np.stack([np.diff(along.value(pairs[row][0])) for row in rows]))
            own = np.abs(signed).sum(axis=0)
            rest = np.abs(np.sign(np.diff(whole)) - (signed * ways).sum(axis=0))
            total = own + np.where(rest <= LEFT * own, 0.0, rest)
            share = np.where(own == 0.0, 0.0, signed / total)
            found[rows] = np.where(np.isfinite(own), share, np.nan)
    return found


def _rows_into(graph: CausalGraph) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, (_, effect) in enumerate(graph.pairs):
        found.setdefault(effect, []).append(row)
    return found


def _jumping(graph: CausalGraph) -> set[str]:
    """Return nodes whose rate of change is not known from the state: they hold what jumps."""
    base = root(graph)
    late = {name for name, node in base.nodes.items() if node.role in ("memory", "pipeline")}
    late |= {name for name, node in base.nodes.items() if node.role == "random"}
    waiting = list(late)
    while waiting:
        for effect in base.network.successors(waiting.pop()):
            if effect not in late and base.nodes[effect].role not in STOCKS:
                late.add(effect)
                waiting.append(effect)
    return late
