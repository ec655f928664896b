"""The polarity of links as a run showed it, where nothing could be proved.

Stage 3 of 4.  In: a graph along a run.  Out: a ``Polarity`` for each link with basis "observed".
It says what happened, not what can happen: another run may differ.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.signs.polarity import Polarity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.graph import Pair
    from loopscope.loops.replay import Along, Numbers
    from loopscope.loops.signs.polarity import Sign

SURE = 0.99
"""Confidence above which a sign is given though the other one was met."""


def observe(along: Along) -> Mapping[Pair, Polarity]:
    """Return the polarity of every link as its gain had it at the saved times.

    Parameters
    ----------
    along
        A graph, or view, along a run; the runs of a batch are taken together.

    Returns
    -------
    Mapping
        By (cause, effect).  With r the sum of positive gains and b that of negative ones,
        ``confidence`` is |r - |b|| / (r + |b|), in [0, 1]; ``sign`` is that of the larger where the
        confidence is above 0.99, else "?"; "0", without a confidence, where the gain never left 0.
        ``condition`` counts the times of either sign where both were met.  Gains that are not
        finite are left out.

    Notes
    -----
    Gains are summed, not link scores: a gain has no spikes at inflections.  For confidence by
    scores see ``scores.confidence``.

    References
    ----------
    The measure: Schoenberg & Eberlein (2020), "Seamlessly integrating Loops That Matter into model
    development and analysis", arXiv 2005.14545.
    """
    return {pair: judged(along.gains[pair]) for pair in along.graph.pairs}


def judged(gains: Numbers) -> Polarity:
    """Return the polarity that the values of one gain show.

    Examples
    --------
    >>> found = judged(np.array([1.0, 2.0, -1.0]))
    >>> found.sign, found.confidence, found.condition
    ('?', 0.5, '+ at 2 of 3 times')
    """
    met = gains[np.isfinite(gains)]
    up, down = math.fsum(met[met > 0.0]), -math.fsum(met[met < 0.0])
    if up == down == 0.0:
        return Polarity(sign="0", basis="observed")
    confidence = abs(up - down) / (up + down)
    sign: Sign = "?" if confidence <= SURE else "+" if up > down else "-"
    condition = ""
    if up > 0.0 and down > 0.0:
        condition = f"+ at {np.count_nonzero(met > 0.0)} of {met.size} times"
    return Polarity(sign=sign, basis="observed", condition=condition, confidence=confidence)
