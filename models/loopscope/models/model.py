"""The model as its author wrote it: frozen records, one per variable.

Stage 1 of 5.  In: nothing.  Out: the records that ``source`` fills and every later stage reads.
Equations are sympy expressions over symbols that carry authored names; delays, smooths and
INITIAL stand in them as single functions.  ``symbolise`` writes those out as ``Equations``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import sympy as sp

from loopscope.models.errors import UnknownNameError, did_you_mean
from loopscope.models.names import key as key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Interpolation = Literal["interpolate", "extrapolate", "hold_backward"]
"""Between and beyond points: linear and held; linear and continued; step and held."""

Method = Literal["Euler", "RK4"]

TIME = sp.Symbol("Time", real=True)
"""The simulation time, in the model's time unit."""


def symbol_of(name: str) -> sp.Symbol:
    """Return the symbol that stands for a variable in every expression."""
    return sp.Symbol(name, real=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What every variable has.

    Attributes
    ----------
    name
        As authored, without surrounding quotes.
    units
        As authored; empty when not given.
    documentation
        As authored.
    limits
        Declared range (low, high); None where open.
    group
        The group or view of the file it stands in; empty when there is none.
    depends
        Names in its equation, in authored order, whether or not sympy kept them.
    initial_depends
        Names that only its initial value needs.
    """

    name: str
    units: str = ""
    documentation: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    group: str = ""
    depends: tuple[str, ...] = ()
    initial_depends: tuple[str, ...] = ()

    @property
    def symbol(self) -> sp.Symbol:
        """The sympy symbol that stands for this variable in every expression."""
        return symbol_of(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock(Variable):
    """An accumulation: d stock / dt = ``rate``, starting at ``initial``."""

    rate: sp.Expr
    initial: sp.Expr
    inflows: tuple[str, ...] = ()
    outflows: tuple[str, ...] = ()
    non_negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Auxiliary(Variable):
    """A variable computed at each instant from others."""

    equation: sp.Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow(Auxiliary):
    """A variable that fills or drains at least one stock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Variable):
    """A constant: an equation that names no other variable."""

    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup(Variable):
    """A graphical function: points with x ascending; at a jump two points share their x.

    ``owner`` is the variable whose equation holds it, or empty for a table with a name of its own.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    interpolation: Interpolation = "interpolate"
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Names of the four variables that bound time, and the method the file asks for.

    The four are ordinary variables of the model (most often parameters).
    """

    initial_time: str = "INITIAL TIME"
    final_time: str = "FINAL TIME"
    time_step: str = "TIME STEP"
    saveper: str = "SAVEPER"
    units: str = ""
    method: Method = "Euler"


AnyVariable = Stock | Flow | Auxiliary | Parameter | Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A stock-and-flow model as its author wrote it.

    Attributes
    ----------
    name
        Library name, or the file's name without its suffix.
    path
        Where it was read from.
    sha256
        Hash of the file's bytes.
    variables
        Every variable by authored name, in file order.
    clock
        Time bounds and method.
    unit_words
        What the file says of units: (name, what it stands for) for each other name of a unit.
    """

    name: str
    path: str
    sha256: str
    variables: Mapping[str, AnyVariable]
    clock: Clock
    unit_words: tuple[tuple[str, str], ...] = ()
    _by_key: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {key(name): name for name in self.variables})

    def find(self, name: str, what: str = "variable") -> AnyVariable:
        """Return the variable of that name; case, spaces, underscores and quotes do not matter.

        Raises
        ------
        UnknownNameError
            No such variable; the message names the nearest.
        """
        authored = self._by_key.get(key(name))
        if authored is None:
            hint = did_you_mean(name, self.variables)
            msg = f"{self.name}: no {what} named '{name}'{hint}"
            raise UnknownNameError(msg)
        return self.variables[authored]

    @property
    def stocks(self) -> tuple[Stock, ...]:
        """All stocks, in file order."""
        return tuple(v for v in self.variables.values() if isinstance(v, Stock))

    @property
    def flows(self) -> tuple[Flow, ...]:
        """All flows, in file order."""
        return tuple(v for v in self.variables.values() if isinstance(v, Flow))

    @property
    def auxiliaries(self) -> tuple[Auxiliary, ...]:
        """All auxiliaries that are not flows, in file order."""
        return tuple(v for v in self.variables.values() if type(v) is Auxiliary)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All constants, in file order."""
        return tuple(v for v in self.variables.values() if isinstance(v, Parameter))

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        """All named lookups, in file order."""
        return tuple(v for v in self.variables.values() if isinstance(v, Lookup))

    def __iter__(self) -> Iterator[AnyVariable]:
        return iter(self.variables.values())

    def _repr_html_(self) -> str:
        from loopscope.models.notebook.cards import html_of

        return html_of(self)
