"""Divisors that can reach 0, and what must not be negative under a root or a logarithm.

In: the equations of a model, and runs as they are made.  Out: one finding for each divisor that is
not proved to stay away from 0: wrong where a run reached it, else a remark with what would do it.

Looked at: what stands below a fraction bar; the argument of a logarithm; what is raised to a power
that is not whole, or not constant.  A branch of an IF counts where its condition allows; XIDZ and
ZIDZ divide safely.  A divisor that changes its sign between two saved times reached 0 in between.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import sympy as sp

from loopscope.analysis.checking.everything import values_in
from loopscope.analysis.checking.finding import Finding, listed
from loopscope.models import functions as sd
from loopscope.models.arrays import Arrays
from loopscope.models.plain import evaluate
from loopscope.models.unit_rules import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopscope.analysis.checking.away import Away, Conditions
    from loopscope.analysis.checking.trying import Tried
    from loopscope.models.equations import Equations
    from loopscope.models.model import Model

Kind = Literal["divisor", "logarithm", "root"]


@dataclass(slots=True)
class Divisor:
    """An expression that an equation divides by, or takes a logarithm or root of.

    Attributes
    ----------
    under
        Conditions under which it is computed.
    owners
        Authored variables in whose equations it stands.
    starting
        Whether it is needed for start values only.
    """

    expression: sp.Expr
    kind: Kind
    under: Conditions
    starting: bool
    owners: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)


class Divisors:
    """The divisors of one model that are not proved to stay away from 0.

    Attributes
    ----------
    open
        Those, in file order; each stands once.
    count
        How many there are in all.
    """

    def __init__(self, model: Model, equations: Equations, away: Away) -> None:
        self._model = model
        self._equations = equations
        self._away = away
        found: dict[tuple[sp.Expr, Kind, Conditions, bool], Divisor] = {}
        for owner, e, starting in _equations_of(equations):
            for expression, kind, under in divisors_in(e):
                place = (expression, kind, under, starting)
                one = found.setdefault(place, Divisor(*place[:3], starting))
                if owner not in one.owners:
                    one.owners.append(owner)
        self.count = len(found)
        self.open = [one for one in found.values() if not self._safe(one)]

    def _safe(self, one: Divisor) -> bool:
        if one.kind == "root":
            return self._away.not_negative(one.expression, one.under) or self._away.above_zero(
                one.expression, one.under
            )
        if one.kind == "logarithm":
            return self._away.above_zero(one.expression, one.under)
        return self._away.not_zero(one.expression, one.under)

    def see(self, tried: Tried) -> None:
        """Look at one run."""
        if not self.open:
            return
        arrays = Arrays(values_in(tried.run), self._equations.lookups)
        with np.errstate(all="ignore"):
            for one in self.open:
                if self._reaches(one, arrays, tried):
                    one.reached.append(tried.place)

    def _reaches(self, one: Divisor, arrays: Arrays, tried: Tried) -> bool:
        try:
            values = np.broadcast_to(arrays.of(one.expression), tried.run.time.shape)
            inside = np.ones(values.shape, dtype=bool)
            for condition, holds in one.under:
                inside &= (np.asarray(arrays.of(condition)) != 0.0) == holds
        except KeyError:
            return False  # needs a stage of a delay, which runs do not keep
        if one.starting:
            values, inside = values[:1], inside[:1]
        values = np.where(inside, values, np.nan)
        if one.kind == "root":
            return bool(np.any(values < 0.0))
        if one.kind == "logarithm":
            return bool(np.any(values <= 0.0))
        crosses = values[1:] * values[:-1] < 0.0
        return bool(np.any(values == 0.0) or np.any(crosses))

    def findings(self) -> list[Finding]:
        """Return one finding for each divisor that reached 0, or that might."""
        return [self._finding(one) for one in self.open]

    def _finding(self, one: Divisor) -> Finding:
        text = shortened(one.expression)
        limit = {"divisor": "0", "logarithm": "0 or below", "root": "below 0"}[one.kind]
        word = {"divisor": "divides by", "logarithm": "takes the logarithm of",
                "root": "takes a root or power of"}[one.kind]  # fmt: skip
        also = f" (as do {listed(one.owners[1:])})" if len(one.owners) > 1 else ""
        ways = self._ways(one)
        if one.reached:
            more = f" and {len(one.reached) - 1} more runs" if len(one.reached) > 1 else ""
            what = f"{word} {text}, which reaches {limit} {one.reached[0]}{more}{also}"
        else:
            what = f"{word} {text}, which is not proved to stay away from {limit}"
            if one.kind != "divisor":
                what = f"{word} {text}, which is not proved never to be {limit}"
            if ways:
                what += f"; it is 0 where {' or '.join(ways)}"
            what += also
        details = {"divisor": text, "kind": one.kind, "equations": ", ".join(one.owners)}
        return Finding(
            level="wrong" if one.reached else "remark", check="divisor", where=one.owners[0],
            what=what, details=details | ({"where": " or ".join(ways)} if ways else {}),
        )  # fmt: skip

    def _ways(self, one: Divisor) -> list[str]:
        """Return what makes a divisor 0, as far as one constant or stock alone does."""
        part = self._away.open_part(one.expression, one.under)
        e, names = part, set(part.free_symbols)
        for _ in range(len(self._equations.auxiliaries)):
            computed = {s for s in names if s in self._equations.auxiliaries}
            if not computed or sp.count_ops(e) > 60:
                break
            e = e.xreplace({s: self._equations.auxiliaries[s] for s in computed})
            names = set(e.free_symbols)
        found = [way for s in sorted(names, key=str) if (way := self._zero_in(e, s))]
        if not found and part != one.expression:
            found = [f"{shortened(part, 60)} = 0"]
        return found[:3]

    def _zero_in(self, e: sp.Expr, s: sp.Symbol) -> str:
        """Return the value of one constant in its range, others as they are, that makes e 0."""
        equations = self._equations
        if s in equations.states and e == s:
            return f"{s.name} = 0"
        if s not in equations.parameters or s.name not in self._model.variables:
            return ""
        low, high = self._away.ranges.declared(s.name)[:2]
        if low == -math.inf and high == math.inf:
            return ""
        others = {o: v for o, v in equations.parameters.items() if o != s}
        if not e.free_symbols - {s} <= set(others):
            return ""
        slope = e.diff(s)
        if slope.has(s) or not isinstance(e, sp.Symbol | sp.Add | sp.Mul):
            return ""
        at_zero = evaluate(e, {**others, s: 0.0})
        rise = evaluate(slope, others)
        root = -at_zero / rise + 0.0 if rise else math.nan
        return f"{s.name} = {root:.6g}" if low <= root <= high else ""


def divisors_in(e: sp.Expr, under: Conditions = ()) -> Iterator[tuple[sp.Expr, Kind, Conditions]]:
    """Yield what an expression divides by, or takes a logarithm or root of, with its conditions.

    Examples
    --------
    >>> x, y = sp.symbols("x y", real=True)
    >>> sorted((str(one), kind) for one, kind, _ in divisors_in(x / y + sp.log(x)))
    [('x', 'logarithm'), ('y', 'divisor')]
    """
    if isinstance(e, sd.IfThenElse):
        condition, a, b = e.args
        yield from divisors_in(condition, under)
        yield from divisors_in(a, (*under, (condition, True)))
        yield from divisors_in(b, (*under, (condition, False)))
        return
    if isinstance(e, sp.Pow) and not e.base.is_number:
        if e.exp.is_number and e.exp.is_negative:
            yield e.base, "divisor", under
        if not e.exp.is_Integer:
            yield e.base, "root", under
    if isinstance(e, sp.log) and not e.args[0].is_number:
        yield e.args[0], "logarithm", under
    if isinstance(e, sd.Modulo | sd.Quantum):
        yield from divisors_in(e.args[0], under)
        return
    for part in e.args:
        yield from divisors_in(part, under)


def _equations_of(equations: Equations) -> Iterator[tuple[str, sp.Expr, bool]]:
    """Yield every expression with the variable it belongs to, and whether it is of the start."""

    def owner(symbol: sp.Symbol) -> str:
        return equations.hidden.get(symbol.name, symbol.name)

    for symbol, e in equations.auxiliaries.items():
        yield owner(symbol), e, False
    for state in equations.states.values():
        yield state.owner, state.rate, False
        yield state.owner, state.initial, True
    for memory in equations.memories.values():
        yield memory.owner, memory.update, False
        yield memory.owner, memory.initial, True
    for pipeline in equations.pipelines.values():
        yield pipeline.owner, pipeline.input, False
        yield pipeline.owner, pipeline.initial, True
    for group in (equations.fixed, equations.at_start):
        for symbol, e in group.items():
            yield owner(symbol), e, True
