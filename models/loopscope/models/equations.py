"""The equations that are run and differentiated: plain stocks, in evaluation order.

Stage 3 of 5.  In: nothing.  Out: the records that ``symbolic`` fills from a ``Model`` and every
later stage reads: every delay, smooth and INITIAL written out, every name a symbol, every equation
after what it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models import functions as sd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.models.model import Clock, Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A stock of the written-out model.

    Attributes
    ----------
    rate
        Net flow, in the stock's unit per time unit.
    initial
        Start value, over parameters, fixed values, other states' starts and auxiliaries.
    owner
        Authored variable it belongs to: itself for a stock, the user of the delay otherwise.
    construct
        "INTEG" for an authored stock, else the function it was written out from ("SMOOTH" ...).
    non_negative
        Held at 0 when a step would take it below.
    """

    rate: sp.Expr
    initial: sp.Expr
    owner: str
    construct: str = "INTEG"
    non_negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A value that changes only between steps: at the next step it is ``update`` of this one."""

    update: sp.Expr
    initial: sp.Expr
    owner: str
    construct: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """DELAY FIXED: the input of n steps ago, ``initial`` before; n = round(delay / step) >= 1.

    ``delay`` is read once, at the start.
    """

    input: sp.Expr
    delay: sp.Expr
    initial: sp.Expr
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Equations:
    """Everything a run needs, symbolic.  All symbols are real and carry unique names.

    Attributes
    ----------
    parameters
        Constants with their values (the clock's constants included).
    states, memories, pipelines
        What is carried from step to step.
    fixed
        Values found once, at the start (INITIAL).
    auxiliaries
        Flows and auxiliaries; iteration order is evaluation order, given Time, parameters,
        fixed values, states, memories and pipelines.
    at_start
        Auxiliaries whose equation differs while start values are being found (ACTIVE INITIAL).
    start_order
        Order in which states, memories, pipelines (their initials), fixed values and
        auxiliaries (those that start values need) are found at the start.
    lookups
        By the name that stands as first argument of ``Table``; inline lookups included.
    hidden
        Names that the author did not write (written-out delays, inline lookups ...) -> owner.
    draws
        Number of random draws per step.
    structural
        Parameters whose value shaped the equations -> why; they cannot change without reading
        the model again.
    """

    name: str
    sha256: str
    clock: Clock
    parameters: Mapping[sp.Symbol, float]
    states: Mapping[sp.Symbol, State]
    memories: Mapping[sp.Symbol, Memory]
    pipelines: Mapping[sp.Symbol, Pipeline]
    fixed: Mapping[sp.Symbol, sp.Expr]
    auxiliaries: Mapping[sp.Symbol, sp.Expr]
    at_start: Mapping[sp.Symbol, sp.Expr]
    start_order: tuple[sp.Symbol, ...]
    lookups: Mapping[str, Lookup]
    hidden: Mapping[str, str]
    draws: int = 0
    structural: Mapping[str, str] = field(default_factory=dict)


_NAMES_TABLE = (sd.Table, sd.TableSlope)


def symbols_in(expression: sp.Expr) -> list[sp.Symbol]:
    """Return the variables an expression needs, by name, without the names of lookups."""
    if not expression.has(sd.Table, sd.TableSlope):
        return sorted(expression.free_symbols, key=_name)
    found: set[sp.Symbol] = set()
    stack: list[sp.Expr] = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, sp.Symbol):
            found.add(node)
        else:
            stack.extend(node.args[1:] if isinstance(node, _NAMES_TABLE) else node.args)
    return sorted(found, key=_name)


def _name(symbol: sp.Symbol) -> str:
    return symbol.name


def reaches(equations: Equations, symbol: sp.Symbol) -> set[sp.Symbol]:
    """Return everything an auxiliary depends on at the same instant, itself included."""
    found: set[sp.Symbol] = set()
    waiting = [symbol]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            if current in equations.auxiliaries:
                waiting.extend(symbols_in(equations.auxiliaries[current]))
    return found
