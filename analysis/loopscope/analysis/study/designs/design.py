"""What every design has.

In: how many parameters with which distributions, how many runs, a seed.  Out: ``Points``, which
give the rows of any block of runs without making the others.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from loopscope.models.distribution import Discrete, Fixed, LogUniform, Uniform
from loopscope.models.errors import StudyError, did_you_mean
from loopscope.models.names import key
from loopscope.models.scenario import Finite, Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.models.distribution import Distribution

Numbers = NDArray[np.float64]
Value = TypeVar("Value")

MOST_RUNS = 2**30
"""A Sobol sequence of 30 bits has no more points."""

INDEPENDENT = (
    "its indices hold for independent parameters only; take a 'sobol sequence' and indices from "
    "given data, such as PRCC or PAWN"
)
COMBINED = "it sets the values of one parameter whatever the others are; take a 'sobol sequence'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The parameters of a sweep.

    Attributes
    ----------
    names
        Authored names, P of them.
    distributions
        One for each.
    base
        Value of each in a run where nothing is swept.
    limits
        Declared range of each; None where open.
    folder
        Where files that a study names are looked for.
    """

    names: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    base: tuple[float, ...]
    limits: tuple[tuple[float | None, float | None], ...]
    folder: str = ""

    @property
    def width(self) -> int:
        """P, the number of parameters."""
        return len(self.names)


class Points(Protocol):
    """The rows of a design.

    Attributes
    ----------
    runs
        Number of rows, N.
    info
        What indices need to know of the design, as plain values.
    direct
        Whether rows are values of the parameters; else they are probabilities.
    """

    @property
    def runs(self) -> int: ...  # noqa: D102
    @property
    def info(self) -> dict[str, Any]: ...  # noqa: D102
    @property
    def direct(self) -> bool: ...  # noqa: D102

    def rows(self, first: int, last: int) -> Numbers:
        """Return rows first to last - 1, dims (run, parameter); the same however they are cut."""
        ...


class Design(Record):
    """A design as a study names it.

    Attributes
    ----------
    no_correlations
        Why rank correlations between parameters cannot be had, and what to do; empty where they
        leave the design what it is.
    takes_columns
        Whether a file gives the values, so that parameters have no distributions.
    """

    kind: str
    no_correlations: ClassVar[str] = ""
    takes_columns: ClassVar[bool] = False

    def refuses(self, pairs: Sequence[tuple[str, str]]) -> str:
        """Return why rank correlations between some pairs cannot be had; empty where they can."""
        return self.no_correlations

    def gives(self, name: str) -> bool:
        """Return whether the design itself gives the values of a parameter."""
        return False

    def reaches_ends(self, name: str) -> bool:
        """Return whether a parameter takes the ends of its distribution, which must exist then."""
        return False

    def columns(self, folder: str) -> tuple[str, ...] | None:
        """Return the names of parameters whose values a file gives; None where none does."""
        return None

    @abstractmethod
    def plan(self, space: Space, runs: int | None, seed: int) -> Points:
        """Return the rows of at most so many runs.

        Raises
        ------
        StudyError
            Too few runs, or too many, for the design.
        """


class Listing(Design):
    """A design that may list values of some parameters.

    Attributes
    ----------
    values
        By name, in place of values that follow from a distribution.
    """

    values: dict[str, Annotated[tuple[Finite, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )

    def gives(self, name: str) -> bool:
        """Return whether the values of a parameter are listed."""
        return key(name) in map(key, self.values)

    def listed(self, space: Space) -> dict[str, tuple[float, ...]]:
        """Return the listed values by authored name.

        Raises
        ------
        StudyError
            A name that is not swept; a value outside the limits.
        """
        return {name: within(space, name, v) for name, v in by_name(space, self.values).items()}


def asked(runs: int | None, kind: str, least: int = 1, why: str = "") -> int:
    """Return the number of runs, which this design cannot do without.

    Raises
    ------
    StudyError
        Not given, or too few.
    """
    if runs is None:
        msg = f"a design of kind '{kind}' needs 'runs', the number of model runs"
        raise StudyError(msg)
    if runs < least:
        msg = f"a design of kind '{kind}' needs at least {least:,} runs here{why}; got {runs:,}"
        raise StudyError(msg)
    return runs


def levels_of(space: Space, counts: Sequence[int]) -> list[Numbers]:
    """Return evenly spaced values of each parameter, from one end of its distribution to the other.

    Factors are evenly spaced where the distribution is log-uniform.  A discrete distribution gives
    each of its values once; a parameter whose values the design gives has none here.
    """
    found = []
    for distribution, count in zip(space.distributions, counts, strict=True):
        if isinstance(distribution, Discrete):
            found.append(np.asarray(distribution.values, dtype=np.float64))
        elif isinstance(distribution, Fixed):
            found.append(np.empty(0))
        else:
            steps = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.5])
            low, high = distribution.ends
            even = (
                distribution
                if isinstance(distribution, LogUniform)
                else Uniform(low=low, high=high)
            )
            found.append(even.at(steps))
    return found


def by_name(space: Space, given: Mapping[str, Value]) -> dict[str, Value]:
    """Return what a design gives by authored name.

    Raises
    ------
    StudyError
        A name that is not swept, or one under two spellings.
    """
    authored = {key(name): name for name in space.names}
    found: dict[str, Value] = {}
    for name, value in given.items():
        own = authored.get(key(name))
        if own is None:
            hint = did_you_mean(name, space.names) or "; add it to parameters"
            msg = f"design: '{name}' is not swept{hint}"
            raise StudyError(msg)
        if own in found:
            msg = f"design: '{own}' stands there twice; keep one"
            raise StudyError(msg)
        found[own] = value
    return found


def within(space: Space, name: str, values: tuple[float, ...]) -> tuple[float, ...]:
    """Return values of a parameter that all lie in its declared range.

    Raises
    ------
    StudyError
        One does not.
    """
    low, high = space.limits[space.names.index(name)]
    for value in values:
        if (low is not None and value < low) or (high is not None and value > high):
            declared = interval(low, high)
            msg = f"design: {name} = {value:g} lies outside what the model declares, {declared}"
            raise StudyError(msg)
    return values


def interval(low: float | None, high: float | None) -> str:
    """Return a range in words.

    Examples
    --------
    >>> interval(0.0, 1.0), interval(None, 1.0), interval(0.0, None)
    ('0 to 1', 'at most 1', 'at least 0')
    """
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
