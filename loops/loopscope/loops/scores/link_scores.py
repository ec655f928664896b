"""Discrete link scores: the share of each cause in what its effect changed over one step.

Stage 4 of 4.  In: ``Along``, every time step of a run.  Out: an array for each link.  Scores of
loops are made of these by ``ltm_discrete``.

Over an interval from t' to t, the *partial change* of v = h(u, ...) by u is what v would have
changed had only u changed.  The score of the link is its magnitude over the change of v, with the
sign of the link's polarity over that interval; it is 0 where u or v does not change.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from loopscope.loops.graph import equations_of, root
from loopscope.loops.scores.partial_changes import Attribution, Intervals
from loopscope.loops.views import gains_in
from loopscope.models.equations import symbols_in
from loopscope.models.errors import LoopError, did_you_mean, shown
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.graph import Pair
    from loopscope.loops.replay import Along

Numbers = NDArray[np.float64]
Flow = Literal["2023", "2020"]


def link_scores(
    along: Along, *, attribution: Attribution = "first", flow: Flow = "2023"
) -> dict[Pair, Numbers]:
    """Return the discrete score of every link of a graph, or view, over each step of a run.

    Parameters
    ----------
    along
        Every time step saved.
    attribution
        Where the other inputs of an equation are held while one changes: "first" at the start of
        the interval, "last" at its end; "shapley": the mean over every order in which the inputs
        may change.  Only the last is additive: its partial changes sum to the change.  What no
        variable acts on (the time, driven parameters) is held like any other input, so its change
        is credited to no link; among Shapley's orders it is one input.
    flow
        "2023": a flow's change over the change of the net flow.  "2020", superseded: the flow's
        value over the net flow's, at the start of the interval.

    Returns
    -------
    dict
        By (cause, effect), in the order of ``along.graph.pairs``: dims ([run,] interval), float64,
        dimensionless.  Infinite, with its sign, where the net flow of a stock does not change but
        this flow does; 0 there with the form of 2020.  NaN where a partial change is no finite
        number.

    Raises
    ------
    LoopError
        An unknown option, times that are not every step of the run, or, for Shapley values, a
        term of an equation with more than ``partial_changes.MOST_INPUTS`` inputs that change.

    Notes
    -----
    One evaluation of an equation a link; Shapley 2**n a term of n inputs that change.  A stock
    whose rate is written out is an equation for its net rate, and the link from that rate to the
    stock has the score 1.  What a SAMPLE IF TRUE or a DELAY FIXED will hold counts as held at once.
    Merging flows into a net auxiliary changes nothing but where its change is exactly 0: an
    auxiliary that does not change cuts what runs through it, a stock's own flows are infinite.
    In a view, the scores of all paths behind a link are summed; paths into one stock before they
    are divided by its change of net flow.

    References
    ----------
    Schoenberg, Davidsen & Eberlein (2020), System Dynamics Review 36(2), 158-190; Schoenberg,
    Hayward & Eberlein (2023), System Dynamics Review 39(2), 140-151.
    """
    choose("attribution", attribution, get_args(Attribution))
    choose("flow", flow, get_args(Flow))
    check_times(along)
    graph = root(along.graph)
    intervals = Intervals(along)
    partial: dict[Pair, Numbers] = {}
    totals: dict[str, Numbers] = {}
    for effect, expression in equations_of(graph.equations).items():
        causes = [c for c in _causes(expression) if _acts(along, (c, effect))]
        if not causes:
            continue
        if effect in along.held:
            partial.update({(cause, effect): np.zeros(intervals.shape) for cause in causes})
            totals[effect] = np.zeros(intervals.shape)
            continue
        is_stock = graph.nodes[effect].role == "stock"
        shares = [_coefficient(expression, cause) for cause in causes]
        total = intervals.change(effect, expression)
        if is_stock and flow == "2020" and all(share in (1.0, -1.0) for share in shares):
            old = intervals.old_value(effect, expression)
            for cause, share in zip(causes, shares, strict=True):
                partial[cause, effect] = (share or 0.0) * np.abs(intervals.old_value(cause))
            totals[effect] = np.where(old == 0.0, np.inf, old)  # the paper's 0 at rest
            continue
        # A flow, or a term of a sum, changes the effect by what it changes itself.  With one cause
        # alone the equation is better: then its change is the effect's, to the last digit.
        alone = len(causes) == 1
        parts = {
            cause: share * intervals.moved(cause)
            for cause, share in zip(causes, shares, strict=True)
            if share is not None and not alone and (is_stock or abs(share) == 1.0)
        }
        others = [cause for cause in causes if cause not in parts]
        parts |= intervals.partial_changes(effect, expression, others, attribution)
        for cause, part in parts.items():
            signed = part * np.sign(intervals.moved(cause))
            partial[cause, effect] = signed if is_stock else _over(signed, total)
        totals[effect] = np.where(total == 0.0, np.inf, total) if flow == "2020" else total
    folded = gains_in(along.graph, partial, operator.add, operator.mul)
    found = {}
    for pair in along.graph.pairs:
        score = folded[pair]
        if graph.nodes[pair[1]].role == "stock":
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                score = np.where(score == 0.0, 0.0, score / np.abs(totals[pair[1]]))
        found[pair] = score
    return found


def check_times(along: Along) -> None:
    """Refuse a run of which not every time step was saved.

    Raises
    ------
    LoopError
        With the call that makes the run as it is needed.
    """
    times, step, unit = along.time, along.step, along.graph.model.clock.units
    if len(times) < 2:
        msg = f"discrete scores need two times at least, one step of the run; it has {len(times)}"
        raise LoopError(msg)
    if along.every_step:
        return
    gaps = np.diff(times)
    away = np.flatnonzero(np.abs(gaps - step) > 1e-6 * step)[0]
    regular = np.ptp(gaps) <= 1e-6 * step
    where = f"{gaps[away]:g} {unit}".strip()
    where = f"saved every {where}" if regular else f"irregular: {where} after t = {times[away]:g}"
    msg = (
        f"{along.graph.model.name}: discrete scores need every time step of {step:g} {unit}, the "
        f"times of this run are {where}; make it with models.simulate(model, saveper={step:g}), "
        "or use form='continuous'"
    )
    raise LoopError(msg)


def choose(option: str, given: object, known: Sequence[str]) -> None:
    """Refuse a value that an option does not have."""
    if given not in known:
        hint = did_you_mean(str(given), known)
        msg = f"{option} must be one of {', '.join(map(repr, known))}, got {shown(given)}{hint}"
        raise LoopError(msg)


def _causes(expression: sp.Expr) -> list[str]:
    return [str(symbol.name) for symbol in symbols_in(expression)]


def _coefficient(expression: sp.Expr, name: str) -> float | None:
    """Return the number that a variable is multiplied by in a sum; None where it does more."""
    symbol, found = symbol_of(name), 0.0
    for term in expression.args if isinstance(expression, sp.Add) else (expression,):
        if term == symbol:
            found += 1.0
        elif symbol in term.free_symbols:
            if len(term.args) != 2 or term.args[1] != symbol or not term.args[0].is_number:
                return None
            if not isinstance(term, sp.Mul):
                return None
            found += float(term.args[0])
    return found


def _acts(along: Along, pair: Pair) -> bool:
    link = root(along.graph).links.get(pair)
    return link is not None and link.kind != "cancelled"


def _over(part: Numbers, total: Numbers) -> Numbers:
    """Return a share; 0 where nothing changed, NaN where it is no finite number."""
    with np.errstate(all="ignore"):
        share = np.where((total == 0.0) | (part == 0.0), 0.0, part / np.abs(total))
    return np.where(np.isfinite(share), share, np.nan)
