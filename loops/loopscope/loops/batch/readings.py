"""Continuous scores as values that a kernel reads at saved times.

Stage 4 of 4.  In: a ``CausalGraph``, loops, and what a run will be given.  Out: formulas over the
model's own symbols, for ``Extension.readings``: gains, rates, accelerations, weights of links, the
sum of sizes over all loops, and the share of each loop that is followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.finding.loopsum import END
from loopscope.loops.graph import root
from loopscope.loops.scores.ltm_weights import (
    LARGEST,
    LOST,
    acceleration_of,
    drive_of,
    full_gain_of,
    gain_of,
    rate_of,
    weigh,
)
from loopscope.loops.views import eliminate, folded
from loopscope.models import functions as sd
from loopscope.models.equations import symbols_in
from loopscope.models.model import TIME, symbol_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from loopscope.loops.finding.loopsum import LoopSum
    from loopscope.loops.graph import CausalGraph, Pair, Partition
    from loopscope.loops.loop import Loop
    from loopscope.loops.scores.ltm_weights import Weights

UNDEFINED, EQUILIBRIUM, ACTIVE, INFLECTION = range(4)
"""What ``state_of`` reads."""

Slopes = tuple[tuple[float, float, float], ...]
"""(from, until, slope) of a path of the time, where it is not flat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What is read of one partition.

    Attributes
    ----------
    loops
        Their relative scores are read.
    total
        Over which loops sizes are summed.
    digest
        Differs between any two totals.
    """

    partition: Partition
    loops: tuple[Loop, ...]
    total: LoopSum
    digest: str


def relative_of(loop: Loop) -> str:
    """Return the name under which the relative score of a loop is read."""
    return f"relative score of ({' -> '.join(loop.nodes)})"


def state_of(partition: Partition) -> str:
    """Return the name under which the state of a partition is read."""
    return f"state of partition {partition.number}"


def size_of(pair: Pair, partition: Partition) -> str:
    """Return the name under which the size of a link's weight is read."""
    return f"size of weight of ({pair[0]}) on ({pair[1]}), partition {partition.number}"


def total_of(partition: Partition) -> str:
    """Return the name under which the sum over loops of a partition is read."""
    return f"total, partition {partition.number}"


def readings(
    graph: CausalGraph,
    followed: Sequence[Followed],
    held: frozenset[str],
    slopes: Mapping[str, Slopes],
    also: Iterable[str] = (),
) -> dict[sp.Symbol, sp.Expr]:
    """Return formulas in evaluation order, those that nothing needs left out.

    Parameters
    ----------
    also
        Names to read besides scores and states: those of ``size_of`` and ``total_of``.
    held
        Variables that the run holds at given values.
    slopes
        Of parameters and held variables that follow a path.

    Notes
    -----
    Linear in links, in the products of folding (see ``fold``) and in those of the totals.
    """
    formulas = _motion(graph, held, slopes)
    driven = [name for name in root(graph).nodes if drive_of(name) in formulas]
    weights = weigh(graph, [one.partition for one in followed], driven)
    formulas |= weights.formulas
    for one in followed:
        formulas |= _shares(one, weights)
    wanted = [symbol_of(relative_of(loop)) for one in followed for loop in one.loops]
    wanted += [symbol_of(state_of(one.partition)) for one in followed]
    wanted += [symbol_of(name) for name in also]
    return _needed(formulas, wanted)


def _motion(
    graph: CausalGraph, held: frozenset[str], slopes: Mapping[str, Slopes]
) -> dict[sp.Symbol, sp.Expr]:
    """Return gains, drives, rates and accelerations."""
    base = root(graph)
    formulas: dict[sp.Symbol, sp.Expr] = {}
    causes: dict[str, list[str]] = {}
    for cause, effect in base.pairs:
        gain = sp.Integer(0) if effect in held else base.links[cause, effect].gain
        formulas[full_gain_of((cause, effect))] = gain
        causes.setdefault(effect, []).append(cause)
    for effect, drive in _drives(base, held, slopes).items():
        formulas[drive_of(effect)] = drive

    def through(name: str) -> sp.Expr:
        terms = [full_gain_of((u, name)) * rate_of(u) for u in causes.get(name, ())]
        drive = drive_of(name)
        return sp.Add(*([drive] if drive in formulas else []), *terms)

    for name, node in base.nodes.items():
        if name in held:
            formulas[rate_of(name)] = _slope(slopes.get(name, ()))
        elif node.role == "stock":
            formulas[rate_of(name)] = graph.equations.states[symbol_of(name)].rate
        elif node.role in ("memory", "pipeline", "random"):
            formulas[rate_of(name)] = sp.Integer(0)
        else:
            formulas[rate_of(name)] = through(name)
    for name, node in base.nodes.items():
        if node.role == "stock":
            formulas[acceleration_of(name)] = sp.Integer(0) if name in held else through(name)
    return formulas | _folded_gains(graph)


def _drives(
    base: CausalGraph, held: frozenset[str], slopes: Mapping[str, Slopes]
) -> dict[str, sp.Expr]:
    terms: dict[str, list[sp.Expr]] = {}
    for (cause, effect), link in base.inputs.items():
        if effect in held or link.gain == 0:
            continue
        if cause == TIME.name:
            terms.setdefault(effect, []).append(link.gain)
        elif cause in slopes:
            terms.setdefault(effect, []).append(link.gain * _slope(slopes[cause]))
    return {effect: sp.Add(*parts) for effect, parts in terms.items()}


def _slope(slopes: Slopes) -> sp.Expr:
    """Return the slope of a path just after the time at hand."""
    return sp.Add(
        *(
            sp.Float(slope) * sd.LessEqual(sp.Float(first), TIME) * sd.Less(TIME, sp.Float(last))
            for first, last, slope in slopes
        )
    )


def _folded_gains(graph: CausalGraph) -> dict[sp.Symbol, sp.Expr]:
    """Return the gains of a view from those of the traced graph, each product and sum once."""
    formulas: dict[sp.Symbol, sp.Expr] = {}
    names: dict[sp.Expr, sp.Symbol] = {}

    def symbol(value: sp.Expr) -> sp.Expr:
        if isinstance(value, sp.Symbol) or value.is_number:
            return value
        if value not in names:
            names[value] = symbol_of(f"folded {len(names)} ({graph.base is None})")
            formulas[names[value]] = value
        return names[value]

    def multiply(a: sp.Expr, b: sp.Expr) -> sp.Expr:
        return symbol(a) * symbol(b)

    def add(a: sp.Expr, b: sp.Expr) -> sp.Expr:
        return symbol(a + b)

    def gains(one: CausalGraph) -> dict[Pair, sp.Expr]:
        if one.base is None:
            return {pair: full_gain_of(pair) for pair in one.pairs}
        return eliminate(gains(one.base), folded(one), add, multiply)

    for pair, value in gains(graph).items():
        formulas[gain_of(pair)] = value
    return formulas


def _shares(one: Followed, weights: Weights) -> dict[sp.Symbol, sp.Expr]:
    """Return the total of one partition, its state, and the shares of its loops."""
    formulas: dict[sp.Symbol, sp.Expr] = {}
    number, zero, unit = one.partition.number, sp.Integer(0), sp.Integer(1)

    def keep(name: str, value: sp.Expr) -> sp.Symbol:
        symbol = symbol_of(f"{name}, partition {number}")
        formulas[symbol] = value
        return symbol

    sizes: dict[Pair, sp.Symbol] = {}
    for pair, weight in weights.weights.items():
        sizes[pair] = symbol_of(size_of(pair, one.partition))
        formulas[sizes[pair]] = sp.Abs(weight)
    sums: list[sp.Symbol] = []
    for terms in one.total.sums:
        parts = [sizes[pair] * (unit if at == END else sums[at]) for pair, at in terms]
        sums.append(keep(f"sum {len(sums)}", sp.Add(*parts)))
    total = symbol_of(total_of(one.partition))
    formulas[total] = sp.Add(*(sums[root] for root in one.total.roots))
    moves = _either(weights.moving[name] for name in one.partition.stocks)
    turns = _either(
        sd.And(weights.moving[name], weights.turning[name]) for name in one.partition.stocks
    )
    is_number = sd.Less(total, sp.Float(LARGEST))
    states = sd.IfThenElse(moves, sd.IfThenElse(turns, INFLECTION, ACTIVE), EQUILIBRIUM)
    formulas[symbol_of(state_of(one.partition))] = sd.IfThenElse(is_number, states, UNDEFINED)
    some: sp.Expr = sd.Not(sd.Equal(total, zero))
    if len(one.partition.stocks) > 1:
        some = sd.And(moves, some)
    inverse = keep("share of one", sd.IfThenElse(some, unit / total, zero))
    for loop in one.loops:
        share = keep(
            f"share {len(formulas)}",
            sp.Mul(inverse, *(weights.weights[pair] for pair in loop.links)),
        )
        lost = sd.Less(sp.Abs(share), sp.Float(LOST))
        formulas[symbol_of(relative_of(loop))] = sd.IfThenElse(lost, zero, share)
    return formulas


def _either(conditions: Iterable[sp.Expr]) -> sp.Expr:
    found: sp.Expr | None = None
    for condition in conditions:
        found = condition if found is None else sd.Or(found, condition)
    assert found is not None
    return found


def _needed(
    formulas: Mapping[sp.Symbol, sp.Expr], wanted: Iterable[sp.Symbol]
) -> dict[sp.Symbol, sp.Expr]:
    """Return what is wanted and everything it needs, in evaluation order."""
    found: dict[sp.Symbol, sp.Expr] = {}
    waiting: list[tuple[sp.Symbol, bool]] = [(symbol, False) for symbol in reversed([*wanted])]
    while waiting:
        symbol, ready = waiting.pop()
        if symbol in found or symbol not in formulas:
            continue
        if ready:
            found[symbol] = formulas[symbol]
            continue
        waiting.append((symbol, True))
        waiting.extend((cause, False) for cause in symbols_in(formulas[symbol]))
    return found
