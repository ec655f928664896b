"""A model changed into one that a dialect has words for, and that runs the same.

Stage 2 of 5, the other way.  In: a ``Model``, and a dialect's rules: what to put in the place of a
function.  Out: a ``Model`` whose equations can be printed, what was changed in it, and what can
not be said at all.  Where a function must stand alone, it gets a variable of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.model import (
    TIME,
    AnyVariable,
    Auxiliary,
    Lookup,
    Model,
    Parameter,
    Stock,
    symbol_of,
)
from loopscope.models.names import key
from loopscope.models.plain import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Rule = Callable[["Adapting", sp.Expr, bool], sp.Expr]
"""From a node, its arguments adapted already, and whether it is a whole equation."""


@dataclass(slots=True)
class Adapting:
    """Changes one model.

    Attributes
    ----------
    rules
        What to do with a node, by its class.
    done
        Variables so far, in file order; a helper stands before the variable that needs it.
    tables
        Tables that stand beside an equation, and have no definition of their own.
    notes
        What was changed, in words for the user.
    obstacles
        (variable, construct) that the dialect cannot say.
    owner
        Variable at hand.
    """

    model: Model
    rules: Mapping[Any, Rule]
    done: list[AnyVariable] = field(default_factory=list)
    tables: list[Lookup] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    obstacles: dict[tuple[str, str], None] = field(default_factory=dict)
    owner: str = ""
    _taken: set[str] = field(default_factory=set)
    _helpers: dict[tuple[str, sp.Expr], sp.Symbol] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._taken.update(key(name) for name in self.model.variables)

    @property
    def step(self) -> sp.Symbol:
        """The symbol of the time step."""
        return symbol_of(self.model.clock.time_step)

    def refuse(self, construct: str) -> None:
        """Note that the dialect cannot say something."""
        self.obstacles[self.owner, construct] = None

    def note(self, text: str) -> None:
        """Note what was changed."""
        self.notes[text] = None

    def new_name(self, wanted: str) -> str:
        """Return a name that no variable has, as near to the wanted one as can be."""
        name, count = wanted, 1
        while key(name) in self._taken:
            count += 1
            name = f"{wanted} {count}"
        self._taken.add(key(name))
        return name

    def apart(self, e: sp.Expr, word: str) -> sp.Symbol:
        """Give an expression a variable of its own, and return its symbol."""
        known = self._helpers.get((self.owner, e))
        if known is not None:
            return known
        name = self.new_name(f"{self.owner} {word}")
        self.done.append(
            Auxiliary(
                name=name,
                equation=e,
                documentation=f"Part of '{self.owner}' that must stand alone in this kind of file.",
                group=self.model.variables[self.owner].group,
            )
        )
        self.note(f"'{name}': a variable of its own for what was part of '{self.owner}'")
        self._helpers[self.owner, e] = symbol = symbol_of(name)
        return symbol

    def stock(
        self,
        name: str,
        rate: sp.Expr,
        initial: sp.Expr,
        documentation: str,
        *,
        non_negative: bool = False,
    ) -> sp.Symbol:
        """Add a stock that the author did not write, and return its symbol."""
        own = self.model.variables[self.owner]
        self.done.append(
            Stock(
                name=name,
                rate=rate,
                initial=initial,
                units=own.units,
                documentation=documentation,
                group=own.group,
                non_negative=non_negative,
            )
        )
        return symbol_of(name)

    def adapt(self, e: sp.Expr, *, whole: bool = False) -> sp.Expr:
        """Return an expression that the dialect can say."""
        parts = [self.adapt(part) for part in e.args]
        changed = any(new is not old for new, old in zip(parts, e.args, strict=True))
        node = e.func(*parts) if changed else e
        rule = self.rules.get(node.func)
        return node if rule is None else rule(self, node, whole)

    def variable(self, variable: AnyVariable) -> AnyVariable:
        """Return a variable whose equations the dialect can say."""
        self.owner = variable.name
        if isinstance(variable, Stock):
            initial = self.adapt(variable.initial)
            return replace(variable, rate=self.adapt(variable.rate), initial=initial)
        if isinstance(variable, Auxiliary):
            equation = self.adapt(variable.equation, whole=True)
            if is_constant(equation):
                return _parameter(variable, evaluate(equation, {}))
            return replace(variable, equation=equation)
        return variable

    def finished(self) -> Model:
        """Return the model of all variables so far."""
        return replace(self.model, variables={one.name: one for one in self.done})

    def told(self, draws: Sequence[int]) -> tuple[str, ...]:
        """Return the notes; ``draws`` are the random draws in the order they were printed in."""
        if list(draws) != list(range(len(draws))):
            self.note("random numbers are drawn in another order, so each run has others")
        return tuple(self.notes)


def is_constant(e: sp.Expr) -> bool:
    """Tell whether an equation names nothing and never changes, so that it is read as a number."""
    return not e.free_symbols and not e.has(remembering.Remembering, sd.RandomUniform)


def _parameter(variable: Auxiliary, value: float) -> Parameter:
    return Parameter(
        name=variable.name,
        value=value,
        units=variable.units,
        documentation=variable.documentation,
        limits=variable.limits,
        group=variable.group,
    )


def is_sum_of_flows(stock: Stock) -> bool:
    """Tell whether the rate of a stock is just its inflows less its outflows."""
    zero = sp.Integer(0)
    inflow = sum(map(symbol_of, stock.inflows), zero)
    return bool(inflow - sum(map(symbol_of, stock.outflows), zero) == stock.rate)


def never_negative(model: Model, e: sp.Expr) -> bool:
    """Tell whether a value cannot be negative, as far as numbers and constants say.

    Examples
    --------
    >>> from loopscope.models.source import load
    >>> never_negative(load("migration_policy"), TIME + 1)
    True
    """
    if isinstance(e, sp.Symbol):
        name = model.clock.initial_time if e == TIME else e.name
        found = model.variables.get(name)
        return isinstance(found, Parameter) and found.value >= 0
    if e.is_number:
        return bool(e.is_nonnegative)
    if isinstance(e, sp.Add | sp.Mul | sd.Minimum):
        return all(never_negative(model, part) for part in e.args)
    if isinstance(e, sd.Maximum):
        return any(never_negative(model, part) for part in e.args)
    if isinstance(e, sp.Pow):
        return never_negative(model, e.base)
    return isinstance(e, sp.exp | sp.Abs | sd.RandomUniform)


def as_integral(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
    """Put a stock in the place of an INTEG inside an equation."""
    rate, initial, non_negative = e.args
    name = out.new_name(f"{out.owner} integral")
    words = f"Integral in the equation of '{out.owner}'."
    symbol = out.stock(name, rate, initial, words, non_negative=bool(non_negative))
    out.note(f"'{name}': a variable of its own for what was part of '{out.owner}'")
    return symbol


def alone(word: str) -> Rule:
    """Return the rule of a function that must be a whole equation."""

    def rule(out: Adapting, e: sp.Expr, whole: bool) -> sp.Expr:
        return e if whole else out.apart(e, word)

    return rule


def used_tables(model: Model) -> dict[str, int]:
    """Return how often each lookup is called, by its name."""
    found: dict[str, int] = {}
    for variable in model:
        for e in _expressions(variable):
            for node in sp.preorder_traversal(e):
                if isinstance(node, sd.Table | sd.TableSlope):
                    name = str(node.args[0])
                    found[name] = found.get(name, 0) + 1
    return found


def _expressions(variable: AnyVariable) -> tuple[sp.Expr, ...]:
    if isinstance(variable, Stock):
        return variable.rate, variable.initial
    return (variable.equation,) if isinstance(variable, Auxiliary) else ()


def whole_tables(model: Model) -> set[str]:
    """Return the lookups without a name that are all of their owner's equation, and end there."""
    counts = used_tables(model)
    found: set[str] = set()
    for variable in model:
        if not (isinstance(variable, Auxiliary) and isinstance(variable.equation, sd.Table)):
            continue
        table = model.variables[str(variable.equation.args[0])]
        if (
            isinstance(table, Lookup)
            and table.owner == variable.name
            and counts[table.name] == 1
            and table.interpolation != "extrapolate"
        ):
            found.add(table.name)
    return found
