"""The unit of an expression, and where its parts do not fit together.

Beside stage 2.  In: an expression of a ``Model``, and the units of its symbols.  Out: its unit, and
a ``Clash`` for each part whose units contradict each other.  Nothing here knows what an equation is
compared with: that is ``units``.

Rules, by function:

* sums, MIN, MAX, IF branches, comparisons, QUANTUM, MODULO: all sides alike;
* EXP, LN, SIN and their like: the argument is a pure number;
* powers: a number as exponent raises the unit; any other exponent, and what it raises, are pure;
* STEP, RAMP, PULSE, SMOOTH, DELAY, TREND, FORECAST: times are in the model's time unit;
* lookups: the argument may be anything; the result has the lookup's own unit, if it has one;
* ABS, INTEGER, INITIAL, SAMPLE IF TRUE and their like keep the unit.

Numbers in equations are pure, as in Vensim, with four exceptions: 0 fits any unit; a number alone
as a time, a start value or a rate is in the unit of its place; a number beside a percentage is one;
and a number that is a conversion (12 between months and years, 100 between a fraction and percent;
within 2 %, as years of 52 weeks or 365 days are usual) converts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.wording import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from loopscope.models.unit_names import UnitNames

Kind = Literal["mismatch", "scale", "number"]

CONVERSION = 0.02
"""How far a number may be from a conversion factor and still be taken for it."""

_KEPT = (sp.Abs, sd.IntegerPart, remembering.Initial)
_ALIKE: dict[Any, str] = {
    sd.Minimum: "MIN takes arguments of one unit",
    sd.Maximum: "MAX takes arguments of one unit",
    sd.Quantum: "QUANTUM takes arguments of one unit",
    sd.Modulo: "MODULO takes arguments of one unit",
    remembering.ActiveInitial: "ACTIVE INITIAL takes values of one unit",
}
_COMPARED = (sd.Less, sd.LessEqual, sd.Equal)
_SIGNS = (sd.And, sd.Or, sd.Not, sp.sign)
_PURE = (
    sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.asin, sp.acos, sp.atan, sp.sinh, sp.cosh, sp.tanh,
    sd.NormalCdf, sd.NormalQuantile,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """The unit of an expression; ``bare`` where it comes from numbers in the equation alone."""

    unit: Any
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Clash:
    """Two units that contradict each other, in the words of the model.

    ``factor`` is how many of what was expected make one of what was found; None where they measure
    different things.
    """

    kind: Kind
    expression: str
    found: str
    expected: str
    what: str
    factor: float | None = None


class Dimensions:
    """Units of the expressions of one model.

    Parameters
    ----------
    units
        Unit of each variable by name; None where it is not known.
    time
        The unit of time; None where it is not known.
    """

    def __init__(self, names: UnitNames, units: Mapping[str, Any], time: Any) -> None:
        self.names = names
        self.units = units
        self.time = None if time is None else Measure(time)
        self.clashes: list[Clash] = []
        self._bare = Measure(names.pure, bare=True)
        self._pure = Measure(names.pure)

    def of(self, e: sp.Expr) -> Measure | None:
        """Return the unit of an expression, None where it fits any; clashes are noted."""
        if isinstance(e, sp.Symbol):
            unit = self.units.get(e.name)
            return None if unit is None else Measure(unit)
        if e.is_number and not e.args:
            return None if e == 0 else self._bare
        if isinstance(e, sp.Add):
            return self._alike(e.args, e, "what is added is of one unit")
        if isinstance(e, sp.Mul):
            return self._product(e)
        if isinstance(e, sp.Pow):
            return self._power(e)
        if isinstance(e, _PURE):
            return self._of_pure(e)
        if type(e) in _ALIKE:
            return self._alike(e.args, e, _ALIKE[type(e)])
        if isinstance(e, _COMPARED):
            self._alike(e.args, e, "what is compared is of one unit")
            return self._pure
        if isinstance(e, _KEPT):
            return self.of(e.args[0])
        rule = _RULES.get(type(e))
        if rule is not None:
            return rule(self, e)
        for argument in e.args:
            self.of(argument)
        return self._pure if isinstance(e, _SIGNS) else None

    def clash(self, found: Measure, expected: Measure, times: sp.Expr | float = 1.0) -> Kind | None:
        """Return how two units contradict each other; None where they do not.

        Parameters
        ----------
        times
            The number that stands as a factor before what was found.
        """
        factor = self.names.factor(found.unit, expected.unit)
        if factor is None:
            return "number" if found.bare or expected.bare else "mismatch"
        if abs(factor - 1.0) < 1e-9 or found.bare or expected.bare:
            return None
        return None if abs(abs(float(times)) / factor - 1.0) < CONVERSION else "scale"

    def note(self, kind: Kind, e: sp.Expr, found: Measure, expected: Measure, what: str) -> None:
        """Note a clash, once."""
        one, other = self._words(found), self._words(expected)
        factor = self.names.factor(found.unit, expected.unit)
        if kind == "scale":
            what += f" (a factor of {factor:.4g})"
        clash = Clash(kind, shortened(e), one, other, what, factor)
        if clash not in self.clashes:
            self.clashes.append(clash)

    def _words(self, measure: Measure) -> str:
        return "a number without a unit" if measure.bare else self.names.text(measure.unit)

    def _said(self, e: sp.Expr, measure: Measure) -> str:
        text = shortened(-e if e.could_extract_minus_sign() else e, 50)
        if e.is_number:
            return f"{text} is a number without a unit"
        return f"{text} is in {self._words(measure)}"

    def _alike(self, parts: Sequence[sp.Expr], whole: sp.Expr, rule: str) -> Measure | None:
        """Return the unit that all parts have in common."""
        known = [(part, found) for part in parts if (found := self.of(part)) is not None]
        if not known:
            return None
        authored = [one for one in known if not one[1].bare]
        first, expected = (authored or known)[0]
        plain = abs(times_of(first)) == 1
        result = expected
        for part, found in known:
            times = times_of(part) / times_of(first)
            kind = self.clash(found, expected, times)
            if kind is not None:
                what = f"{self._said(part, found)}, {self._said(first, expected)}; {rule}"
                self.note(kind, whole, found, expected, what)
                return None
            if not plain and not found.bare and abs(times_of(part)) == 1:
                result = found  # what the others are converted to
        if result.bare and len(known) < len(parts):
            return None
        return self._converted(first, result) if len(authored) < len(known) else result

    def _converted(self, e: sp.Expr, found: Measure) -> Measure:
        """Return the unit of what stands beside a number: none for q / 100, q in percent."""
        factor = self.names.factor(found.unit, self.names.pure)
        times = abs(float(times_of(e)))
        converts = factor not in (None, 1.0) and abs(times / factor - 1.0) < CONVERSION
        return self._pure if converts else found

    def _product(self, e: sp.Mul) -> Measure | None:
        unit, bare, known = self.names.pure, True, True
        for factor in e.args:
            found = self.of(factor)
            if found is None:
                known = False
            else:
                unit, bare = unit * found.unit, bare and found.bare
        height = [f for f in e.args if not isinstance(f, sd.Pulse | sd.PulseTrain)]
        if len(height) < len(e.args) and all(f.is_number or f.is_Pow for f in height):
            return None  # XMILE's PULSE: its height is a number alone, over the time step
        return Measure(unit, bare) if known else None

    def _power(self, e: sp.Pow) -> Measure | None:
        base, exponent = self.of(e.base), self.of(e.exp)
        if e.exp.is_number:
            return None if base is None else Measure(base.unit ** float(e.exp), base.bare)
        self._must_be_pure(e.exp, exponent, e, "an exponent is a pure number")
        self._must_be_pure(e.base, base, e, "what a variable exponent raises is a pure number")
        return self._pure

    def _of_pure(self, e: sp.Expr) -> Measure:
        word = shortened(e).partition("(")[0]
        for argument in e.args:
            self._must_be_pure(argument, self.of(argument), e, f"{word} takes a pure number")
        parts = [self.of(argument) for argument in e.args]
        return self._bare if all(m is not None and m.bare for m in parts) else self._pure

    def _must_be_pure(self, e: sp.Expr, found: Measure | None, whole: sp.Expr, rule: str) -> None:
        if found is not None and (kind := self.clash(found, self._pure, times_of(e))) is not None:
            self.note(kind, whole, found, self._pure, f"{self._said(e, found)}; {rule}")

    def _must_be_time(self, e: sp.Expr, whole: sp.Expr) -> None:
        found = self.of(e)
        if found is None or self.time is None or e.is_number:
            return
        kind = self.clash(found, self.time, times_of(e))
        if kind is not None:
            word = shortened(whole).partition("(")[0]
            what = f"{self._said(e, found)}; {word} takes a time in {self._words(self.time)}"
            self.note(kind, whole, found, self.time, what)

    def _start(self, value: sp.Expr, initial: sp.Expr, whole: sp.Expr) -> Measure | None:
        """Return the unit of a value whose start value must have the same."""
        if initial.is_number or initial == value:
            return self.of(value)
        word = shortened(whole).partition("(")[0]
        return self._alike((value, initial), whole, f"{word} starts in the unit of its input")

    def _per_time(self) -> Measure | None:
        return None if self.time is None else Measure(1 / self.time.unit)

    def _step(self, e: sp.Expr) -> Measure | None:
        self._must_be_time(e.args[1], e)
        return self.of(e.args[0])

    def _ramp(self, e: sp.Expr) -> Measure | None:
        slope = self.of(e.args[0])
        for argument in e.args[1:3]:
            self._must_be_time(argument, e)
        if slope is None or self.time is None or slope.bare:
            return slope
        return Measure(slope.unit * self.time.unit)

    def _pulse(self, e: sp.Expr) -> Measure | None:
        for argument in e.args[:-1]:
            self._must_be_time(argument, e)
        return self._pure

    def _choice(self, e: sp.Expr) -> Measure | None:
        self.of(e.args[0])
        return self._alike(e.args[1:], e, "both branches of an IF are of one unit")

    def _safe_divide(self, e: sp.Expr) -> Measure | None:
        a, b, otherwise = e.args
        return self._alike((a / b, otherwise), e, "XIDZ gives one unit in both cases")

    def _delayed(self, e: sp.Expr) -> Measure | None:
        self._must_be_time(e.args[1], e)
        return self._start(e.args[0], e.args[2], e)

    def _trend(self, e: sp.Expr) -> Measure | None:
        self.of(e.args[0])
        self._must_be_time(e.args[1], e)
        return self._per_time()

    def _forecast(self, e: sp.Expr) -> Measure | None:
        for argument in e.args[1:3]:
            self._must_be_time(argument, e)
        return self.of(e.args[0])

    def _sampled(self, e: sp.Expr) -> Measure | None:
        self.of(e.args[0])
        return self._start(e.args[1], e.args[2], e)

    def _integral(self, e: sp.Expr) -> Measure | None:
        rate, start = self.of(e.args[0]), self.of(e.args[1])
        if rate is None or self.time is None or rate.bare:
            return None if e.args[1].is_number else start
        return Measure(rate.unit * self.time.unit)

    def _table(self, e: sp.Expr) -> Measure | None:
        self.of(e.args[1])
        return self.of(e.args[0])


def times_of(e: sp.Expr) -> sp.Expr:
    """Return the number that stands as a factor before an expression, never 0."""
    if isinstance(e, sp.Add):
        return e.primitive()[0]
    times, rest = e.as_coeff_Mul()
    return sp.Integer(1) if rest == 1 or times == 0 else times


def shortened(e: sp.Expr, most: int = 120) -> str:
    """Return an expression as text, cut where it is long."""
    text = text_of(e)
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."


_RULES: dict[Any, Callable[[Dimensions, sp.Expr], Measure | None]] = {
    sd.Step: Dimensions._step,
    sd.Ramp: Dimensions._ramp,
    sd.Pulse: Dimensions._pulse,
    sd.PulseTrain: Dimensions._pulse,
    sd.IfThenElse: Dimensions._choice,
    sd.SafeDivide: Dimensions._safe_divide,
    sd.Table: Dimensions._table,
    sd.RandomUniform: lambda dimensions, e: dimensions._bare,
    remembering.Delay: Dimensions._delayed,
    remembering.DelayN: Dimensions._delayed,
    remembering.DelayFixed: Dimensions._delayed,
    remembering.Smooth: Dimensions._delayed,
    remembering.Trend: Dimensions._trend,
    remembering.Forecast: Dimensions._forecast,
    remembering.SampleIfTrue: Dimensions._sampled,
    remembering.Integral: Dimensions._integral,
}
