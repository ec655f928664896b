"""Dimensional consistency of a model, equation by equation.

Beside stage 2.  In: a ``Model``.  Out: ``UnitFinding`` records: where the units that the author
declared contradict each other.  Nothing is inferred: a variable without a unit fits anywhere, and
is named in a remark.

The check reads the expressions that ``Model`` holds.  sympy has simplified them a little, which
hides a finding in three cases: what cancels (``x - x``, ``x / x``, ``0 * x``), what undoes itself
(``EXP(LN(x))`` is ``x``), and what is raised to 0.  It makes one where it multiplies a number that
converts with another number: of ``12 * (x + x)`` it leaves ``24 * x``.

``unit_names`` says which units are known, ``unit_rules`` what each function asks for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from loopscope.models.model import TIME, Auxiliary, Lookup, Model, Stock
from loopscope.models.unit_names import UnitNames, UnitTextError
from loopscope.models.unit_rules import Clash, Dimensions, Measure, shortened, times_of

if TYPE_CHECKING:
    import sympy as sp

Level = Literal["wrong", "remark"]
Kind = Literal["mismatch", "scale", "number", "unreadable", "missing"]

MOST_NAMED = 8
"""How many variables without a unit a remark names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFinding:
    """Units that do not fit together, in the words of the model.

    Attributes
    ----------
    level
        "wrong" where declared units contradict each other; "remark" where a number without a unit
        stands beside one that has one, where percent and fraction mix, or where units are missing.
    kind
        "mismatch": different things; "scale": the same thing in other units, months and years;
        "number": a number in the equation would need a unit; "unreadable": a unit text;
        "missing": variables without a unit.
    variable
        Whose equation it is; empty where it is about the model.
    equation, expression
        The equation, and the part of it at fault; shortened where long.
    found, expected
        The units on both sides.
    what
        The finding as a sentence.
    """

    level: Level
    kind: Kind
    variable: str
    equation: str = ""
    expression: str = ""
    found: str = ""
    expected: str = ""
    what: str


def check_units(model: Model) -> tuple[UnitFinding, ...]:
    """Compare the units on both sides of every equation, and inside it.

    Parameters
    ----------
    model
        Any model.

    Returns
    -------
    tuple of UnitFinding
        In file order, those about the model last; empty where all units are given and agree.

    Notes
    -----
    One pass over all expressions.

    Examples
    --------
    >>> from loopscope.models import load
    >>> check_units(load("migration_policy"))
    ()
    """
    return tuple(_Check(model).findings())


class _Check:
    """Checks one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.names = UnitNames(model.unit_words)
        self.found: list[UnitFinding] = []
        self.units: dict[str, Any] = {v.name: self._unit(v.name, v.units) for v in model}
        self.time = self._unit("", model.clock.units)
        self.units[TIME.name] = self.time

    def findings(self) -> list[UnitFinding]:
        authored = [v for v in self.model if not isinstance(v, Lookup)]
        if all(self.units[v.name] is None for v in authored if v.name not in self._clock()):
            what = "no variable has a unit, so dimensions were not checked"
            self._note("remark", "missing", "", what)
            return self.found
        for variable in authored:
            unit = self.units[variable.name]
            if isinstance(variable, Stock):
                rate = None if unit is None or self.time is None else unit / self.time
                word = f"the unit of '{variable.name}' over time"
                self._equation(variable.name, variable.rate, rate, word)
                start = f"the unit of '{variable.name}', which starts there"
                self._equation(variable.name, variable.initial, unit, start)
            elif isinstance(variable, Auxiliary):
                word = f"the unit of '{variable.name}'"
                self._equation(variable.name, variable.equation, unit, word)
        self._missing([v.name for v in authored if not v.units and v.name not in self._clock()])
        return self.found

    def _clock(self) -> tuple[str, ...]:
        clock = self.model.clock
        return clock.initial_time, clock.final_time, clock.time_step, clock.saveper

    def _unit(self, variable: str, text: str) -> Any:
        if not text.strip():
            return None
        try:
            return self.names.read(text)
        except UnitTextError as error:
            if variable:
                what = f"its unit '{text}' cannot be read: {error}; its equation was not compared"
                self._note("wrong", "unreadable", variable, what, found=text)
            return None

    def _equation(self, variable: str, e: sp.Expr, unit: Any, word: str) -> None:
        dimensions = Dimensions(self.names, self.units, self.time)
        found = dimensions.of(e)
        alone = e.is_number and not e.args  # a number alone is in the unit of its place
        if found is not None and unit is not None and not alone and not dimensions.clashes:
            expected = Measure(unit)
            kind = dimensions.clash(found, expected, times_of(e))
            if kind is not None:
                one = "a number without a unit" if found.bare else self.names.text(found.unit)
                what = f"{shortened(e)} is in {one}; {word} is {self.names.text(unit)}"
                what = what.replace("is in a number", "is a number")
                dimensions.note(kind, e, found, expected, what)
        self.found += [self._finding(clash, variable, e) for clash in dimensions.clashes]

    def _finding(self, clash: Clash, variable: str, e: sp.Expr) -> UnitFinding:
        percent = clash.kind == "scale" and any(
            math.isclose(clash.factor or 1.0, factor) for factor in (0.01, 100.0)
        )
        soft = clash.kind == "number" or percent
        return UnitFinding(
            level="remark" if soft else "wrong",
            kind=clash.kind,
            variable=variable,
            equation=shortened(e, 200),
            expression=clash.expression,
            found=clash.found,
            expected=clash.expected,
            what=clash.what,
        )

    def _missing(self, names: list[str]) -> None:
        if names:
            more = f" +{len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            one = len(names) == 1
            what = (
                f"{len(names)} variable{'' if one else 's'} without a unit "
                f"fit{'s' if one else ''} anywhere: {', '.join(names[:MOST_NAMED])}{more}"
            )
            self._note("remark", "missing", "", what)

    def _note(self, level: Level, kind: Kind, variable: str, what: str, found: str = "") -> None:
        self.found.append(
            UnitFinding(level=level, kind=kind, variable=variable, found=found, what=what)
        )
