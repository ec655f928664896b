"""What a run says about links: when each acts, and how strongly.

Stage 3 of 4.  In: graphs along runs.  Out: sets of times a link, which a ``Universe`` takes, and
weights, which ``tally`` takes.

A link *acts* at a saved time if its gain is neither 0 nor undefined there or at the next one, or
if its cause alone moves its effect in between (a switch, whose gain is always 0).  So a loop with
a link that does not act scores 0 by every method, and leaving it out changes no total.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.graph import STOCKS, equations_of, root
from loopscope.loops.views import gains_in
from loopscope.models.arrays import Arrays
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sympy as sp
    from numpy.typing import NDArray

    from loopscope.loops.finding.cores import Bits
    from loopscope.loops.graph import Pair
    from loopscope.loops.replay import Along, Numbers

    Marks = NDArray[np.bool_]

MOST_PATTERNS = 4096
"""Patterns that are compared with one another to drop those that others cover."""


def acting(along: Along) -> Marks:
    """Return when each link acts, dims (link, time), runs of a batch one after the other.

    Links are in the order of ``graph.pairs``.  A link of a view acts when a path behind it does.
    """
    full: dict[Pair, Marks] = {}
    equations = equations_of(along.graph.equations)
    for pair, gain in along.full_gains.items():
        marks = np.isfinite(gain) & (gain != 0)
        marks[..., :-1] |= marks[..., 1:]
        if not marks.all() and along.every_step and pair[1] not in along.held:
            marks[..., :-1] |= _moves(along, pair, equations[pair[1]])
        full[pair] = marks
    shown = gains_in(along.graph, full, np.logical_or, np.logical_and)
    columns = int(np.prod(along.shape))
    marks = np.zeros((len(along.graph.pairs), columns), np.bool_)
    for number, pair in enumerate(along.graph.pairs):
        marks[number] = np.ravel(shown[pair])
    return marks


def _moves(along: Along, pair: Pair, expression: sp.Expr) -> Marks:
    """Return whether a cause alone moves its effect from one saved time to the next."""
    cause = symbol_of(pair[0])
    value = along.value(pair[0])
    lookups = root(along.graph).equations.lookups
    one, other = np.array(value), np.array(value)
    one[..., :-1], other[..., 1:] = value[..., 1:], value[..., :-1]
    found = np.zeros((*along.shape[:-1], along.shape[-1] - 1), np.bool_)
    usual = along.of(expression)
    with np.errstate(all="ignore"):
        for changed, part in ((one, np.s_[..., :-1]), (other, np.s_[..., 1:])):
            arrays = Arrays({**along.values, cause: changed}, lookups)
            result = np.broadcast_to(np.asarray(arrays.of(expression), np.float64), along.shape)
            found |= result[part] != usual[part]
    return found


def packed(marks: Sequence[Marks]) -> Bits:
    """Return sets of times, dims (link, word of 64), that allow the same loops as all times do.

    Times at which the same links act are taken once, and a time at which others act as well
    stands for those at which they do not.
    """
    patterns = np.unique(np.concatenate(marks, axis=1), axis=1)
    if patterns.shape[1] <= MOST_PATTERNS:
        numbers = patterns.astype(np.float32)
        shared = numbers.T @ numbers
        sizes = np.diagonal(shared)
        covered = (shared == sizes[:, None]) & (sizes[:, None] < sizes[None, :])
        patterns = patterns[:, ~covered.any(axis=1)]
    words = max(1, -(-patterns.shape[1] // 64))
    padded = np.zeros((len(patterns), 64 * words), np.bool_)
    padded[:, : patterns.shape[1]] = patterns
    found: Bits = np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)
    return found


def weights_of(along: Along) -> Numbers:
    """Return weights whose products are Loops-That-Matter scores, dims (link, time).

    The continuous form: gains, and |rate / acceleration| on links that leave a stock.  Where an
    acceleration is 0, 1e-15 of its largest takes its place, so that loops through that stock
    outweigh all others, as they do in the limit; a stock at rest weighs 0.

    References
    ----------
    Schoenberg, Hayward & Eberlein (2023), SDR 39(2):140.
    """
    graph, columns = along.graph, int(np.prod(along.shape))
    factor: dict[str, Numbers] = {}
    for name in graph.stocks:
        speed = np.abs(along.rates[name])
        turn = np.abs(along.accelerations.get(name, np.zeros(along.shape)))
        scale = np.max(turn, initial=0.0) or np.max(speed, initial=0.0) / along.step or 1.0
        factor[name] = speed / np.maximum(turn, 1e-15 * scale)
    found = np.zeros((len(graph.pairs), columns))
    for number, (cause, effect) in enumerate(graph.pairs):
        weight = along.gains[cause, effect]
        if graph.nodes[cause].role in STOCKS:
            weight = weight * factor[cause]
        found[number] = np.ravel(weight)
    return found
