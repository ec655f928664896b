"""What reading an equation knows and brings up: names, obstacles, tables, draws.

Stage 2 of 5.  In: the names of a file.  Out: ``Equation``, through which ``expressions`` and
``calls`` turn names and numbers into symbols, and note what is used and what is not translated.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sympy as sp

from loopscope.models.draft import join, plain_name
from loopscope.models.model import TIME, Interpolation, Lookup
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LARGEST_EXACT_POWER = 512
"""Bits up to which a power of two numbers is kept exact; beyond it is a double."""


CONSTRUCTS = {
    "AllocateAvailableStructure": "ALLOCATE AVAILABLE",
    "AllocateByPriorityStructure": "ALLOCATE BY PRIORITY",
    "GetConstantsStructure": "GET CONSTANTS (external data)",
    "GetDataStructure": "GET DATA (external data)",
    "GetLookupsStructure": "GET LOOKUPS (external data)",
    "DataStructure": "external data",
    "LookupsStructure": "table inside an expression",
    "SubscriptsReferenceStructure": "subscripts",
    "ndarray": "array of numbers",
    "str": "text as an argument",
}
"""What users call the constructs that are not translated, by class name."""


@dataclass(slots=True)
class File:
    """The names of a file, and what reading its equations brings up.

    Attributes
    ----------
    names
        Authored name of each variable, by key.
    tables
        Name of the lookup that a name stands for when it is called, by key.
    reserved
        Symbols with a fixed meaning (Time ...), by key.
    nodes
        What reads each kind of node, by class name.
    macros, dimensions
        Keys of macros; of dimensions and their elements.
    obstacles, undefined
        (variable, construct) and (variable, name) pairs, each once, in file order.
    inline
        Lookups that stand inside equations, by the name they were given.
    draws
        Random draws so far.
    """

    names: Mapping[str, str]
    tables: dict[str, str]
    reserved: Mapping[str, sp.Expr]
    step: sp.Symbol
    nodes: Mapping[str, Callable[[Equation, Any], sp.Expr]] = field(default_factory=dict)
    macros: frozenset[str] = frozenset()
    dimensions: frozenset[str] = frozenset()
    obstacles: dict[tuple[str, str], None] = field(default_factory=dict)
    undefined: dict[tuple[str, str], None] = field(default_factory=dict)
    inline: dict[str, Lookup] = field(default_factory=dict)
    draws: int = 0


@dataclass(slots=True)
class Equation:
    """Reads the equation of one variable.

    Attributes
    ----------
    depends, initial_depends
        Names met so far, in authored order: needed while running, and at the start.
    starting
        Whether what is being read is needed at the start only.
    """

    file: File
    owner: str
    depends: dict[str, None] = field(default_factory=dict)
    initial_depends: dict[str, None] = field(default_factory=dict)
    starting: bool = False

    def read(self, node: Any) -> sp.Expr:
        """Return the expression of a node."""
        if isinstance(node, int | float):
            return self.number(float(node))
        reader = self.file.nodes.get(type(node).__name__)
        if reader is None:
            return self.refuse(CONSTRUCTS.get(type(node).__name__, type(node).__name__))
        return reader(self, node)

    def at_start(self, node: Any) -> sp.Expr:
        """Return the expression of a node that is needed at the start only."""
        with self.in_start():
            return self.read(node)

    @contextmanager
    def in_start(self) -> Iterator[None]:
        """Count names met here as needed at the start."""
        before, self.starting = self.starting, True
        yield
        self.starting = before

    def refuse(self, construct: str) -> sp.Expr:
        """Note an obstacle and return a stand-in."""
        self.file.obstacles[self.owner, construct] = None
        return sp.Symbol("not translated", real=True)

    def uses(self, name: str) -> None:
        """Note that the equation names a variable."""
        (self.initial_depends if self.starting else self.depends)[name] = None

    def time(self) -> sp.Symbol:
        """Return the symbol of the simulation time, noting that it is used."""
        self.uses(TIME.name)
        return TIME

    def number(self, value: float) -> sp.Expr:
        """Return a number, exact as its decimals are written.

        Examples
        --------
        >>> Equation(None, "x").number(0.1)
        1/10
        """
        if math.isnan(value):
            return self.refuse(":NA: or not a number")
        if math.isinf(value):
            return self.refuse("number beyond 1.8e308")
        return (
            sp.Integer(int(value))
            if value.is_integer() and abs(value) < 1e15
            else (sp.Rational(repr(value)))
        )

    def variable(self, name: str) -> sp.Expr:
        """Return the symbol of the variable a name stands for, in any spelling."""
        name = plain_name(name)
        word = key(name)
        found = self.file.names.get(word)
        if found is not None:
            if self.file.tables.get(word) == found:
                return self.refuse(f"table '{found}' without an argument")
            self.uses(found)
            return sp.Symbol(found, real=True)
        if word in self.file.reserved:
            symbol = self.file.reserved[word]
            for used in symbol.free_symbols:
                self.uses(used.name)
            return symbol
        if word in self.file.dimensions:
            return self.refuse(f"subscript '{name}' as a number")
        self.file.undefined[self.owner, name] = None
        return sp.Symbol(name, real=True)

    def inline_table(self, lookup: Any) -> sp.Symbol:
        """Give a lookup that stands inside this equation a name of its own."""
        name, count = f"{self.owner} table", 1
        while key(name) in self.file.names or name in self.file.inline:
            count += 1
            name = f"{self.owner} table {count}"
        self.file.inline[name] = make_lookup(name, lookup, owner=self.owner)
        return sp.Symbol(name, real=True)


def make_lookup(name: str, syntax: Any, **fields: Any) -> Lookup:
    """Return the points of a graphical function, ascending in x.

    Of several points at one x the first and the last are kept: the jump.  Points that are not
    finite are left in, for ``translate`` to refuse with their name.
    """
    points = zip(join(map(float, syntax.x)), map(float, syntax.y), strict=False)
    kept: list[tuple[float, float]] = []
    for point in points:
        if point in kept[-1:]:
            continue
        if len(kept) > 1 and kept[-1][0] == kept[-2][0] == point[0]:
            kept.pop()
        kept.append(point)
    interpolation: Interpolation = (
        syntax.type if syntax.type in {"extrapolate", "hold_backward"} else "interpolate"
    )
    x, y = tuple(x for x, _ in kept), tuple(y for _, y in kept)
    return Lookup(name=name, x=x, y=y, interpolation=interpolation, **fields)


def power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """Return base ** exponent; a huge power of two numbers as a double, a root of -x as NaN."""
    if base.is_Rational and exponent.is_Rational:
        value = float(base)
        if value < 0 and not exponent.is_Integer:
            return sp.nan
        size = abs(float(exponent)) * max(1.0, abs(math.log2(abs(value)))) if value else 0.0
        if size > LARGEST_EXACT_POWER:
            try:
                return sp.Float(math.pow(value, float(exponent)))
            except OverflowError:
                return sp.nan
    return base**exponent
