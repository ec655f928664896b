"""Discrete link scores: the share of each cause in what its effect changed over one step.

Stage 4 of 4.  In: ``Along``, every time step of a run.  Out: an array for each link.  Scores of
loops are made of these by ``ltm_discrete``.

Over an interval from t' to t, the *partial change* of v = h(u, ...) by u is what v would have
changed had only u changed.  The score of the link is its magnitude over the change of v, with the
sign of the link's polarity over that interval; it is 0 where u or v does not change.
"""

from __future__ import annotations

import operator
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from loopscope.loops.graph import equations_of, root
from loopscope.loops.views import gains_in
from loopscope.models.arrays import Arrays
from loopscope.models.equations import symbols_in
from loopscope.models.errors import LoopError, did_you_mean, shown
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.graph import Pair
    from loopscope.loops.replay import Along

Numbers = NDArray[np.float64]
Attribution = Literal["first", "last", "shapley"]
Flow = Literal["2023", "2020"]

MOST_INPUTS = 10
"""Inputs that a term may have for Shapley values: 2**n evaluations each."""


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
        term of an equation with more than ``MOST_INPUTS`` inputs that change.

    Notes
    -----
    One evaluation of an equation a link; Shapley 2**n a term of n inputs that change.  A stock
    whose rate is written out is an equation for its net rate, and the link from that rate to the
    stock has the score 1.  What a SAMPLE IF TRUE or a DELAY FIXED will hold counts as held at once.
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
        gains = [graph.links[cause, effect].gain for cause in causes]
        total = intervals.change(effect, expression)
        if is_stock and flow == "2020" and all(gain in (1, -1) for gain in gains):
            old = intervals.old_value(effect, expression)
            for cause, gain in zip(causes, gains, strict=True):
                partial[cause, effect] = float(gain) * np.abs(intervals.old_value(cause))
            totals[effect] = np.where(old == 0.0, np.inf, old)  # the paper's 0 at rest
            continue
        if is_stock and all(gain.is_number for gain in gains):
            parts = {c: float(g) * intervals.moved(c) for c, g in zip(causes, gains, strict=True)}
        else:
            parts = intervals.partial_changes(effect, expression, causes, attribution)
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


class Intervals:
    """The steps of a run: values at both ends of each, and equations between them.

    Arrays have dims ([run,] interval), one interval less than there are times.
    """

    def __init__(self, along: Along) -> None:
        self.along = along
        self.shape = (*along.shape[:-1], along.shape[-1] - 1)
        self.nodes = root(along.graph).nodes
        self.old: dict[sp.Symbol, Any] = {}
        self.new: dict[sp.Symbol, Any] = {}
        for symbol, value in along.values.items():
            array = np.asarray(value, dtype=np.float64)
            is_series = array.ndim > 0 and array.shape[-1] == len(along.time)
            self.old[symbol] = array[..., :-1] if is_series else array
            self.new[symbol] = array[..., 1:] if is_series else array

    def moved(self, name: str) -> Numbers:
        """Return the change of a variable."""
        symbol = symbol_of(name)
        return np.broadcast_to(self.new[symbol] - self.old[symbol], self.shape)

    def change(self, name: str, expression: sp.Expr) -> Numbers:
        """Return the change of what decides a node: of the net rate of a stock."""
        value = self._decided(name, expression)
        return value[..., 1:] - value[..., :-1]

    def old_value(self, name: str, expression: sp.Expr | None = None) -> Numbers:
        """Return a variable, or what decides it, at the start of each interval."""
        return self._decided(name, expression)[..., :-1]

    def _decided(self, name: str, expression: sp.Expr | None) -> Numbers:
        if expression is None or self.nodes[name].role in ("auxiliary", "flow", "random"):
            return self.along.value(name)
        return self.along.of(expression)

    def partial_changes(
        self, effect: str, expression: sp.Expr, causes: Sequence[str], attribution: Attribution
    ) -> dict[str, Numbers]:
        """Return what each cause alone changes in an equation."""
        if attribution == "shapley":
            return self._shapley(effect, expression, causes)
        value = self._decided(effect, expression)
        symbols = symbols_in(expression)
        found = {}
        for cause in causes:
            if attribution == "first":
                mixed = self._mixed(expression, symbols, {symbol_of(cause)})
                found[cause] = mixed - value[..., :-1]
            else:
                rest = {symbol for symbol in symbols if symbol.name != cause}
                found[cause] = value[..., 1:] - self._mixed(expression, symbols, rest)
        return found

    def _shapley(
        self, effect: str, expression: sp.Expr, causes: Sequence[str]
    ) -> dict[str, Numbers]:
        found = {cause: np.zeros(self.shape) for cause in causes}
        # Shapley values of a sum are sums of Shapley values, and terms have few inputs each.
        for term in expression.args if isinstance(expression, sp.Add) else (expression,):
            symbols = symbols_in(term)
            moving = [s for s in symbols if np.any(self.new[s] != self.old[s])]
            players: list[tuple[str | None, set[sp.Symbol]]] = [
                (str(s.name), {s}) for s in moving if s.name in found
            ]
            rest = {s for s in moving if s.name not in found}
            if rest:
                players.append((None, rest))
            if len(players) > MOST_INPUTS:
                names = ", ".join(f"'{name}'" for name, _ in players[:4] if name)
                msg = (
                    f"{self.along.graph.model.name}, '{effect}': a term has {len(players)} inputs "
                    f"that change ({names}, ...); Shapley values are computed for at most "
                    f"{MOST_INPUTS}: split the equation, or use attribution='first' or 'last'"
                )
                raise LoopError(msg)
            for size in range(len(players) + 1):
                for subset in combinations(players, size):
                    changed: set[sp.Symbol] = set().union(*(one for _, one in subset))
                    value = self._mixed(term, symbols, changed)
                    inside = {name for name, _ in subset}
                    for name, _ in players:
                        if name is not None:
                            before = size - 1 if name in inside else size
                            weight = _weight(before, len(players))
                            found[name] += weight * value if name in inside else -weight * value
        return found

    def _mixed(
        self, expression: sp.Expr, symbols: Sequence[sp.Symbol], changed: set[sp.Symbol]
    ) -> Numbers:
        """Return an equation with some symbols at the end of the interval, others at its start."""
        values = {s: (self.new if s in changed else self.old)[s] for s in symbols}
        value = Arrays(values, self.along.lookups).of(expression)
        return np.broadcast_to(np.asarray(value, dtype=np.float64), self.shape)


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


def _acts(along: Along, pair: Pair) -> bool:
    link = root(along.graph).links.get(pair)
    return link is not None and link.kind != "cancelled"


def _over(part: Numbers, total: Numbers) -> Numbers:
    """Return a share; 0 where nothing changed, NaN where it is no finite number."""
    with np.errstate(all="ignore"):
        share = np.where((total == 0.0) | (part == 0.0), 0.0, part / np.abs(total))
    return np.where(np.isfinite(share), share, np.nan)


def _weight(before: int, players: int) -> float:
    """Return the share of orders in which exactly some inputs changed before this one."""
    return factorial(before) * factorial(players - 1 - before) / factorial(players)
