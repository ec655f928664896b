"""The polarity of each link: proved from the equations, or where it changes, or not known.

Stage 2 of 4.  In: a ``CausalGraph`` and ranges of its variables.  Out: a ``Polarity`` for each
link.  What a run showed is in ``observed``.

A proof holds for every state within the ranges it names; its sign is weak, "+" for a gain that is
never negative.  Ranges come from ``ranges``: declared in the model, given by the caller, kept by
the equations; a constant without a range keeps the sign of its value, and the proof says so.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, cast

from loopscope.loops.graph import equations_of, root
from loopscope.loops.signs import remembered
from loopscope.loops.signs.chains import Chains
from loopscope.loops.signs.deciding import LARGEST, Decision, Signs
from loopscope.loops.signs.directions import Directions
from loopscope.loops.signs.inequality import alternatives, where_positive
from loopscope.loops.signs.paths import Paths
from loopscope.loops.signs.ranges import Ranges
from loopscope.loops.signs.samples import Samples
from loopscope.models.errors import LoopError, did_you_mean, shown
from loopscope.models.model import Lookup, key, symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sympy as sp

    from loopscope.loops.graph import CausalGraph, Link, Pair
    from loopscope.loops.signs.inequality import Inequality
    from loopscope.loops.signs.paths import Way

Sign = Literal["+", "-", "0", "?"]
Basis = Literal["proved", "observed", "switch", "conditional", "unknown"]

SECONDS = 2.0
"""Work on one link after which it stays unknown, in time of the processor: what else runs on a
machine changes nothing."""

MOST_CONDITIONS = 3
"""Most factors whose signs a condition combines."""

LONGEST_TEXT = 200
"""Longest condition, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polarity:
    """The sign of a link gain, and what it rests on.

    Attributes
    ----------
    sign
        "+" or "-", weak signs included; "0" where the gain is 0 everywhere; "?" not known, or
        changing.
    basis
        "proved" under ``assumptions``; "observed" in a run only; "switch": acts through a condition
        or a jump, whose direction is ``sign``; "conditional": has both signs within the ranges, as
        ``condition`` says; "unknown".
    assumptions
        Ranges that the proof used, or the condition takes for granted, as text.
    condition
        Where the gain is positive and where negative ("+ while A < 11, - while A > 11"); empty
        where the sign does not change, or where that cannot be said in short.
    confidence
        In [0, 1], of an observed sign: |r - b| / (r + b); None otherwise.
    """

    sign: Sign
    basis: Basis
    assumptions: tuple[str, ...] = ()
    condition: str = ""
    confidence: float | None = None


def prove(
    graph: CausalGraph,
    assume: Mapping[str, tuple[float | None, float | None]] | None = None,
    *,
    seconds: float = SECONDS,
) -> Mapping[Pair, Polarity]:
    """Return the polarity of every link that acts, by (cause, effect).

    Parameters
    ----------
    graph
        A traced graph, or a view.
    assume
        Further ranges by name of a variable, (low, high), None where open.  They replace what the
        model declares and, of a stock, what its equations keep from its own start.
    seconds
        Work on one link stops after about this long; the link is "unknown" then.

    Raises
    ------
    LoopError
        ``assume`` names what is not in the model, gives no range, or contradicts an equation.

    Notes
    -----
    Bounds of all equations, then one bound a link: linear in the size of the equations.  Only
    links that this leaves open are joined, opened or factored, within fixed sizes.

    References
    ----------
    Richardson (1995), "Loop polarity, loop dominance, and the concept of dominant polarity",
    System Dynamics Review 11(1), 67-88.  Interval arithmetic: Moore, Kearfott & Cloud (2009),
    Introduction to Interval Analysis, SIAM.

    Examples
    --------
    >>> from loopscope import loops
    >>> graph = loops.trace("migration_policy")
    >>> prove(graph)["effective enforcement", "border route success"].sign
    '-'
    """
    if assume is None and seconds == SECONDS:
        if "polarities" not in graph.kept:
            graph.kept["polarities"] = _remembered(graph)
        known: Mapping[Pair, Polarity] = graph.kept["polarities"]
        return known
    return _all(graph, Prover(graph, assume, seconds=seconds))


def _all(graph: CausalGraph, prover: Prover) -> dict[Pair, Polarity]:
    return {pair: prover.polarity(graph.links[pair]) for pair in graph.pairs}


def _remembered(graph: CausalGraph) -> dict[Pair, Polarity]:
    """Return polarities under the model's own ranges, read back where they were proved before."""
    rows = remembered.read(graph)
    if rows is not None:
        return {
            pair: Polarity(sign=sign, basis=basis, assumptions=tuple(why), condition=condition)
            for pair, (sign, basis, why, condition) in zip(graph.pairs, rows, strict=True)
        }
    prover = prover_of(graph)
    if graph.base is not None:
        _ = prover.paths  # made for all links, so no one link is slow for it
    found, cut_short = {}, False
    for pair in graph.pairs:
        begun = time.thread_time()
        found[pair] = prover.polarity(graph.links[pair])
        spent = time.thread_time() - begun
        cut_short |= spent >= SECONDS and found[pair].basis in ("unknown", "conditional")
    if not cut_short:  # else a quicker machine may know more
        told = [[one.sign, one.basis, one.assumptions, one.condition] for one in found.values()]
        remembered.write(graph, told)
    return found


def prover_of(graph: CausalGraph) -> Prover:
    """Return what decides signs under the model's own ranges, made once a graph."""
    if "prover" not in graph.kept:
        graph.kept["prover"] = Prover(graph)
    known: Prover = graph.kept["prover"]
    return known


class Prover:
    """Decides polarities of links of one graph, or view, under one set of ranges."""

    def __init__(
        self,
        graph: CausalGraph,
        assume: Mapping[str, tuple[float | None, float | None]] | None = None,
        *,
        seconds: float = SECONDS,
    ) -> None:
        given = _checked(graph, assume or {})
        if not seconds > 0:
            msg = f"seconds is the time for one link and must be above 0, got {shown(seconds)}"
            raise LoopError(msg)
        self.graph = graph
        self.ranges = Ranges(graph.model, graph.equations, given)
        self.ranges.check()
        self.signs = Signs(self.ranges, partial(Samples, self.ranges), seconds)
        self._decisions: dict[Pair, Decision] = {}
        self._reasons: dict[Pair, int] = {}
        self._told: dict[Pair, Polarity] = {}

    def polarity(self, link: Link) -> Polarity:
        """Return the polarity of a link of the graph."""
        found = self._told.get(link.pair)
        if found is None:
            found = self._told[link.pair] = self._polarity(link)
        return found

    def _polarity(self, link: Link) -> Polarity:
        if self.graph.base is None:
            return self._traced(link)
        if link.kind == "switch":
            return self._switch(link, *self.paths.ways[link.pair])
        found = self.paths.ranges[link.pair]
        if found.sign != "?":
            return self._proved(link, found.sign, found.reasons)
        changes = self.paths.changes(link.pair)
        if not changes:
            found = found.within(self.chains.range(link.pair))
            if found.sign != "?":
                return self._proved(link, found.sign, found.reasons)
        if self.paths.sizes[link.pair] <= LARGEST:
            stated = self._stated(link, self.signs.decide(link.gain), changes=changes)
            if stated.basis != "unknown" or stated.condition:
                return stated
        if changes:
            return Polarity(sign="?", basis="conditional", condition=self.paths.against(link.pair))
        return Polarity(sign="?", basis="unknown")

    @cached_property
    def chains(self) -> Chains:
        """Net gains of the links of a view, where their paths leave the sign open."""
        return Chains(self.graph, self, self.paths.samples)

    @cached_property
    def paths(self) -> Paths:
        """What the links of a view are made of."""
        return Paths(self.graph, self)

    def _traced(self, link: Link) -> Polarity:
        if link.kind == "switch":
            return self._switch(link, *self.direction(link))
        decision = self.decision(link)
        if decision.sign != "?":
            return self._proved(link, decision.sign, decision.reasons)
        ready = self.ranges.ready(link.gain)
        return self._stated(link, decision, changes=self.signs.samples.signs(ready) == "+-")

    def decision(self, link: Link) -> Decision:
        """Return what is known of the sign of a gain."""
        found = self._decisions.get(link.pair)
        if found is None:
            found = self._decisions[link.pair] = self.signs.decide(link.gain)
        return found

    def direction(self, link: Link) -> Way:
        """Return which way a link of the traced graph acts that has no gain."""
        equation = self.ranges.ready(self._equations[link.effect])
        directions = Directions(symbol_of(link.cause), self.ranges.bounds)
        way = directions.of(equation)
        return way, directions.reasons

    @cached_property
    def _equations(self) -> dict[str, sp.Expr]:
        return equations_of(self.graph.equations)

    def _proved(self, link: Link, sign: str, reasons: int) -> Polarity:
        self._reasons[link.pair] = reasons
        texts = self.ranges.reasons.texts(reasons)
        return Polarity(sign=cast("Sign", sign), basis="proved", assumptions=texts)

    def _switch(self, link: Link, sign: str, reasons: int) -> Polarity:
        self._reasons[link.pair] = reasons
        texts = () if sign == "?" else self.ranges.reasons.texts(reasons)
        return Polarity(sign=cast("Sign", sign), basis="switch", assumptions=texts)

    def _stated(self, link: Link, decision: Decision, *, changes: bool) -> Polarity:
        if decision.sign != "?":
            return self._proved(link, decision.sign, decision.reasons)
        ways = self._where(decision)
        if ways is None:
            return Polarity(sign="?", basis="unknown")
        return Polarity(
            sign="?",
            basis="conditional" if changes else "unknown",
            assumptions=self.ranges.reasons.texts(decision.reasons),
            condition=f"+ while {ways[0]}, - while {ways[1]}",
        )

    def factors(self, link: Link) -> Decision | None:
        """Return a link's sign with the factors that leave it open; None where there are none."""
        told = self.polarity(link)
        if told.sign in "+-0":
            reasons = self._reasons.get(link.pair, 0)
            return Decision(sign=told.sign, rest=told.sign, reasons=reasons)
        if link.kind == "switch":
            return None
        if self.graph.base is None:
            return self.decision(link)
        if self.paths.sizes[link.pair] > LARGEST:
            return None
        return self.signs.decide(link.gain)

    def condition(self, factor: sp.Expr) -> Inequality | None:
        """Return where a factor is positive; None where that cannot be said in short."""
        return where_positive(factor, self.ranges.bounds, root(self.graph))

    def _where(self, decision: Decision) -> tuple[str, str] | None:
        """Return where an open sign is "+" and where "-"; None where that is not said in short."""
        if not 0 < len(decision.open) <= MOST_CONDITIONS:
            return None
        conditions = [self.condition(factor) for factor in decision.open]
        told = [one for one in conditions if one is not None]
        if len(told) < len(conditions):
            return None
        ways = alternatives(told, decision.rest)
        return ways if len(ways[0]) <= LONGEST_TEXT else None


def _checked(
    graph: CausalGraph, assume: Mapping[str, tuple[float | None, float | None]]
) -> dict[str, tuple[float, float]]:
    """Return ranges given by the user, by the names of the equations."""
    model = graph.model
    names = [v.name for v in model if not isinstance(v, Lookup)]
    names += [name for name in root(graph).nodes if name not in model.variables]
    by_key = {key(name): name for name in names}
    given = {}
    for name, limits in assume.items():
        found = by_key.get(key(str(name)))
        if found is None:
            hint = did_you_mean(str(name), names)
            msg = f"{model.name}: assume= has a range for '{name}', which is no variable{hint}"
            raise LoopError(msg)
        try:
            low, high = (None if one is None else float(one) for one in limits)
        except (TypeError, ValueError):
            msg = f"assume= wants (low, high) for '{name}', numbers or None, got {shown(limits)}"
            raise LoopError(msg) from None
        ends = -math.inf if low is None else low, math.inf if high is None else high
        if not ends[0] <= ends[1]:
            msg = (
                f"assume= has the range {shown(limits)} for '{name}', whose low end is above its "
                "high one; give (low, high)"
            )
            raise LoopError(msg)
        given[found] = ends
    return given
