"""Why a variable moves: its causes, their gains now, and the loops that run through it.

In: a model, one of its variables, a scenario and a time.  Out: ``Explanation``, a causal tree with
numbers of that time and a list of loops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope import loops
from loopscope.analysis.ranking import Ranked, rank, simulated
from loopscope.analysis.runs import Choice, label_of
from loopscope.loops.catalogue import catalogue
from loopscope.loops.signs import notation
from loopscope.models.errors import LoopError
from loopscope.models.model import TIME, symbol_of

if TYPE_CHECKING:
    from loopscope.loops.graph import CausalGraph, Link
    from loopscope.loops.replay import Along, Numbers
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario

DEEPEST = 6
"""Levels of a causal tree; more is no longer read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause of a variable, at one time.

    Attributes
    ----------
    polarity
        "+" or "-" where it is proved, "0" or "?" otherwise.
    formula
        Gain as text.
    gain
        Value of the gain, in units of the effect per unit of the cause.
    push
        What the cause's own change adds to the rate of change of the effect now, in units of the
        effect per time unit (twice per time unit where the effect is a stock).
    causes
        Its own causes, to the depth asked for; empty for one shown before.
    """

    name: str
    role: str
    polarity: str
    formula: str
    gain: float
    push: float
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What acts on a variable, and what it acts back through.

    Attributes
    ----------
    value, rate
        Now, and per time unit.
    causes
        Strongest push first.
    acts_on
        Variables whose equation it stands in.
    loops
        Loops through it, or through the stock or kept variable that shows it in the view.
    """

    variable: str
    units: str
    equation: str
    model: str
    label: str
    time: float
    time_units: str
    value: float
    rate: float
    causes: tuple[Cause, ...]
    acts_on: tuple[str, ...]
    loops: tuple[Ranked, ...]
    statement: str


def explain(
    model: Model,
    variable: str,
    scenario: Scenario | None = None,
    *,
    choice: Choice | None = None,
    at: float | None = None,
    depth: int = 2,
    top: int = 8,
) -> Explanation:
    """Explain a variable at one time of a run.

    Parameters
    ----------
    at
        Time, in the model's unit; the end of the run by default.
    depth
        Levels of the causal tree.
    top
        Loops listed.

    Raises
    ------
    LoopError
        An unknown variable, one that never changes, a time outside the run.
    """
    if not 1 <= depth <= DEEPEST:
        msg = f"depth must be a whole number from 1 to {DEEPEST}, got {depth}"
        raise LoopError(msg)
    choice = choice or Choice()
    graph = loops.trace(model)
    name = graph.find(variable)
    along = loops.along(graph, simulated(model, scenario, choice))
    row = row_of(along, at)
    moment = float(along.time[row])
    listed: tuple[Ranked, ...] = ()
    statement = f"no loop runs through '{name}': it acts on nothing that acts back on it"
    if name in graph.partition_of:
        named = catalogue(model)
        kept = None if named is None or named.view is None else [*named.view, name]
        view = graph if kept is None else loops.fold(graph, kept)
        ranking = rank(view, scenario, choice=choice, through=name, at=moment)
        listed, statement = ranking.rows[:top], ranking.statement
    from loopscope.analysis.description import of_variable

    return Explanation(
        variable=name,
        units=graph.nodes[name].units,
        equation=of_variable(model, graph.label(name)).equation,
        model=model.name,
        label=label_of(scenario, choice.case),
        time=moment,
        time_units=model.clock.units,
        value=float(along.value(name)[row]),
        rate=float(along.rates[name][row]),
        causes=_Tree(graph, along, row).causes(name, depth),
        acts_on=tuple(dict.fromkeys(effect for cause, effect in graph.pairs if cause == name)),
        loops=listed,
        statement=statement,
    )


def row_of(along: Along, at: float | None) -> int:
    """Return the row of the last saved time that is not after ``at``; the last by default."""
    time = along.time
    if at is None:
        return len(time) - 1
    slack = 1e-9 * max(1.0, float(np.abs(time).max()))
    if not time[0] - slack <= at <= time[-1] + slack:
        msg = f"time {at:g} lies outside the run, which goes from {time[0]:g} to {time[-1]:g}"
        raise LoopError(msg)
    return int(np.searchsorted(time, at + slack, side="right")) - 1


class _Tree:
    """Causes of causes, each variable opened once."""

    def __init__(self, graph: CausalGraph, along: Along, row: int) -> None:
        self.graph, self.along, self.row = graph, along, row
        self.opened: set[str] = set()
        self.into: dict[str, list[Link]] = {}
        for pair, link in {**graph.links, **graph.inputs}.items():
            if link.kind != "cancelled":
                self.into.setdefault(pair[1], []).append(link)

    def causes(self, name: str, depth: int) -> tuple[Cause, ...]:
        """Return the causes of a variable, strongest push first."""
        if depth == 0 or name in self.opened:
            return ()
        self.opened.add(name)
        listed = [self._cause(link) for link in self.into.get(name, [])]
        listed.sort(key=lambda one: (-abs(np.nan_to_num(one[1].push)), one[1].name))
        return tuple(
            Cause(
                name=cause.name, role=cause.role, polarity=cause.polarity, formula=cause.formula,
                gain=cause.gain, push=cause.push, causes=self.causes(cause.name, depth - 1),
            )
            for _, cause in listed
        )  # fmt: skip

    def _cause(self, link: Link) -> tuple[Link, Cause]:
        held = link.effect in self.along.held
        gain = 0.0 if held else float(self.along.of(link.gain)[self.row])
        node = self.graph.nodes.get(link.cause)
        sign = "?"
        proved = loops.prove(self.graph)
        if link.pair in proved:
            sign = proved[link.pair].sign
        elif gain:
            sign = "+" if gain > 0 else "-"
        return link, Cause(
            name=link.cause,
            role="input" if node is None else node.role,
            polarity=sign,
            formula=notation.text_of(link.gain),
            gain=gain,
            push=gain * self._rate(link.cause),
        )

    def _rate(self, name: str) -> float:
        along = self.along
        if name in along.rates:
            rate: Numbers = along.rates[name]
            return float(rate[self.row])
        if symbol_of(name) == TIME:
            return 1.0
        return float(along.driven[name][self.row]) if name in along.driven else 0.0
