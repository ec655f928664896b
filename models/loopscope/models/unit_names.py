"""Unit texts as modellers write them, read into units of pint.

Beside every stage.  In: the unit text of a variable.  Out: a unit of a registry that knows how
system dynamics writes units, and no other.  Nothing here looks at equations: that is ``units``.

A text is names with ``*``, ``/``, "per", parentheses and powers, read from left to right:
"people/(year*km2)", "1/year", "widgets per month".  Case, spaces, underscores and plurals do not
matter.  Names that follow are known; any other name, "widget" or "tree", is a unit of its own.

* No dimension: dmnl, dimensionless, unitless, 1, fraction, ratio, and whatever ends in "index".
* Percent is a hundredth, so a percent and a fraction differ by a factor of 100.
* people = person = persons = capita; $ = dollar.
* Units of time, length, area, mass, volume and energy, convertible among themselves.  A month is a
  twelfth of a year, and a year is 365.25 days.
* "thousand", "million" and "billion" before a name are factors.
* A hyphen before a known name is a product: "person-year".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from loopscope.models.unit_words import (
    DEFINITIONS,
    FACTORS,
    LENGTHS,
    OTHERWISE,
    POWERS,
    PURE,
    singular,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TOKEN = re.compile(r"\s*(\*\*|[*/^()·×÷])")  # noqa: RUF001
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


class UnitTextError(ValueError):
    """A unit text that cannot be read; the message says what is wrong with it."""


class UnitNames:
    """Reads the unit texts of one model; the units it gives out belong together.

    Parameters
    ----------
    words
        What the file says of units: (name, what it stands for).  A known unit stays what it is, so
        of an unknown name that is said to stand for it the other way round, both are known.
    """

    def __init__(self, words: Iterable[tuple[str, str]] = ()) -> None:
        from pint import UnitRegistry

        self._registry: Any = UnitRegistry(None)
        for line in DEFINITIONS.replace("\n", ";").split(";"):
            if line.strip():
                self._registry.define(line.strip())
        self._known = {word: name for name, words in OTHERWISE.items() for word in words.split()}
        self._known |= {name: name for name in self._registry}
        self._shown: dict[str, str] = {}
        self._defined: dict[str, Any] = {}
        self._read: dict[str, Any] = {}
        self._roots: dict[Any, tuple[float, Any]] = {}
        self.pure = self._registry.Unit("")
        self._said: dict[str, str] = {}
        for name, meaning in words:
            one, other = (singular(text.strip().casefold()) for text in (name, meaning))
            if one in self._known or one in PURE or one in self._said:
                if other != one and other not in self._known:
                    self._said.setdefault(other, name)
            elif one != other:
                self._said.setdefault(one, meaning)

    def read(self, text: str) -> Any:
        """Return the unit that a text stands for.

        Parameters
        ----------
        text
            Not empty; a range in brackets is no part of it.

        Raises
        ------
        UnitTextError
            A parenthesis, an operator or a name is missing or out of place.

        Examples
        --------
        >>> names = UnitNames()
        >>> names.read("persons / Years") == names.read("People per year")
        True
        >>> names.factor(names.read("month"), names.read("year"))
        0.08333333333333333
        >>> names.text(names.read("widgets/(km*$)"))
        'widgets/(km*$)'
        """
        found = self._read.get(text)
        if found is None:
            found = self._read[text] = _Reading(self, text).whole()
        return found

    def factor(self, a: Any, b: Any) -> float | None:
        """Return how many b make one a; None where they measure different things."""
        (one, root), (other, against) = self._root(a), self._root(b)
        return one / other if root == against else None

    def _root(self, unit: Any) -> tuple[float, Any]:
        found = self._roots.get(unit)
        if found is None:
            factor, root = self._registry.get_root_units(unit)
            found = self._roots[unit] = float(factor), root
        return found

    def text(self, unit: Any) -> str:
        """Return a unit in the words in which the model first wrote its parts."""
        above: list[str] = []
        below: list[str] = []
        for name, power in unit._units.items():
            shown = self._shown.get(name, name)
            size = abs(float(power))
            (above if power > 0 else below).append(shown if size == 1 else f"{shown}^{size:g}")
        top = "*".join(above) or ("1" if below else "dmnl")
        if not below:
            return top
        return f"{top}/{below[0]}" if len(below) == 1 else f"{top}/({'*'.join(below)})"

    def named(self, words: str) -> Any:
        """Return the unit of a name without operators."""
        shown = re.sub(r"[\s_]+", " ", words.strip().strip('"')).strip()
        word = singular(shown.casefold())
        known = self._known.get(word)
        if known is not None:
            return self._unit(known, shown)
        if word in self._defined:
            return self._defined[word]
        if word in self._said:
            try:
                self._defined[word] = self.read(self._said.pop(word))
            except UnitTextError:
                pass  # what the file says of it is no unit: it is one of its own
            else:
                return self._defined[word]
        first, _, rest = word.partition(" ")
        last = word.rpartition(" ")[2]
        if last in PURE:
            return self.pure
        if rest and first in POWERS:
            return self.named(rest) ** POWERS[first]
        factor = FACTORS.get(first) or (float(first) if _NUMBER.fullmatch(first) else None)
        if factor is not None:
            return self._scaled(factor, self.named(rest) if rest else self.pure, shown)
        area = re.fullmatch(r"([a-z]+)([23])", word)
        if area and self._known.get(area[1]) in LENGTHS:
            return self.named(area[1]) ** int(area[2])
        before, hyphen, after = word.rpartition("-")
        if hyphen and before and singular(after) in self._known:
            return self.named(before) * self.named(after)
        name = f"own_{len(self._known)}_"
        self._registry.define(f"{name} = [{name}]")
        self._known[word] = name
        return self._unit(name, shown)

    def number(self, value: float) -> Any:
        """Return what a number in a unit text stands for."""
        return self.pure if value == 1.0 else self._scaled(value, self.pure, f"{value:g}")

    def _unit(self, name: str, shown: str) -> Any:
        self._shown.setdefault(name, shown)
        return self._registry.Unit(name)

    def _scaled(self, factor: float, unit: Any, shown: str) -> Any:
        if factor <= 0.0:
            msg = f"the factor {factor:g} must be above 0"
            raise UnitTextError(msg)
        name = f"own_{len(self._shown)}_times_"
        self._registry.define(
            f"{name} = {factor!r} * {unit:D}" if unit != self.pure else f"{name} = {factor!r}"
        )
        return self._unit(name, shown)


class _Reading:
    """Reads one text by recursive descent."""

    def __init__(self, names: UnitNames, text: str) -> None:
        self.names = names
        self.tokens = list(_tokens(text))
        self.at = 0

    def whole(self) -> Any:
        unit = self._product()
        if self.at < len(self.tokens):
            msg = f"'{self.tokens[self.at]}' is out of place"
            raise UnitTextError(msg)
        return unit

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _product(self) -> Any:
        unit = self._power()
        while self._next() in ("*", "/"):
            operator = self._next()
            self.at += 1
            other = self._power()
            unit = unit * other if operator == "*" else unit / other
        return unit

    def _power(self) -> Any:
        unit = self._atom()
        if self._next() == "^":
            self.at += 1
            bracket = self._next() == "("
            self.at += bracket
            word = self._next()
            if not _NUMBER.fullmatch(word):
                msg = "a power must be a number"
                raise UnitTextError(msg)
            self.at += 1
            if bracket:
                self._close()
            unit = unit ** float(word)
        return unit

    def _atom(self) -> Any:
        word = self._next()
        self.at += 1
        if word == "(":
            unit = self._product()
            self._close()
            return unit
        if not word or word in "*/^)":
            msg = "a name is missing " + (f"before '{word}'" if word else "at its end")
            raise UnitTextError(msg)
        if _NUMBER.fullmatch(word):
            return self.names.number(float(word))
        if not re.search(r"[^\W\d_]|[$%€£¥]", word):
            msg = f"'{word}' is no name"
            raise UnitTextError(msg)
        return self.names.named(word)

    def _close(self) -> None:
        if self._next() != ")":
            msg = "')' is missing"
            raise UnitTextError(msg)
        self.at += 1


def _tokens(text: str) -> Iterator[str]:
    text = re.sub(r"(?<=\S)\s+per\s+(?=\S)", " / ", text, flags=re.IGNORECASE)
    same = {"**": "^", "·": "*", "×": "*", "÷": "/"}  # noqa: RUF001
    for piece in _TOKEN.split(text):
        word = piece.strip()
        if word:
            yield same.get(word, word)
