"""How uncertain a constant is: probability distributions, as quantiles.

Before a run.  In: tables such as ``{ kind = "uniform", low = 0.5, high = 5.0 }``.  Out: checked
records, each of which turns probabilities into values.  Nothing here is drawn at random: designs
give the probabilities.

A *quantile* is the value below which a given share of a distribution lies.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from loopscope.models.scenario import Finite, Record
from loopscope.models.tagged import spelled

Numbers = NDArray[np.float64]
Positive = Annotated[Finite, Field(gt=0)]


class Distribution(Record):
    """What every distribution has.  Values are in the unit of the constant."""

    kind: str

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value; infinite where there is none."""
        raise NotImplementedError

    @property
    def continuous(self) -> bool:
        """Whether no single value has a probability of its own."""
        return True

    def at(self, p: Numbers) -> Numbers:
        """Return quantiles, float64, dims as given.

        Parameters
        ----------
        p
            Probabilities, float64: 0, or from 2**-53 to 1.  At 0 and 1 the ends, which may be
            infinite.

        Notes
        -----
        Each value depends on its own probability alone.
        """
        raise NotImplementedError


class Between(Distribution):
    """A distribution between two ends."""

    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _ordered(self) -> Between:
        if self.low >= self.high:
            msg = (
                f"the range of a {self.kind} distribution must end above its start; "
                f"got low = {self.low:g}, high = {self.high:g}"
            )
            raise ValueError(msg)
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return self.low, self.high

    def _inside(self, values: Numbers) -> Numbers:
        """Return values that rounding took beyond an end, at that end."""
        return np.clip(values, self.low, self.high)


class Uniform(Between):
    """Every value between two ends is as likely as any other."""

    kind: Literal["uniform"] = "uniform"

    def at(self, p: Numbers) -> Numbers:
        """Return low + p (high - low)."""
        return self._inside(p * (self.high - self.low) + self.low)


class LogUniform(Between):
    """Every factor is as likely as any other: the logarithm is uniform."""

    kind: Literal["loguniform"] = "loguniform"
    low: Positive

    def at(self, p: Numbers) -> Numbers:
        """Return low (high / low)**p."""
        start = math.log(self.low)
        return self._inside(np.exp(p * (math.log(self.high) - start) + start))


class Triangular(Between):
    """Likeliest at ``mode``, less so in straight lines towards both ends."""

    kind: Literal["triangular"] = "triangular"
    mode: Finite

    @model_validator(mode="after")
    def _inside_ends(self) -> Triangular:
        if not self.low <= self.mode <= self.high:
            msg = f"mode = {self.mode:g} lies outside {self.low:g} to {self.high:g}"
            raise ValueError(msg)
        return self

    def at(self, p: Numbers) -> Numbers:
        """Return quantiles: square roots from either end."""
        width, left, right = self.high - self.low, self.mode - self.low, self.high - self.mode
        rising = self.low + np.sqrt(p * width * left)
        falling = self.high - np.sqrt((1.0 - p) * width * right)
        return self._inside(np.where(p * width < left, rising, falling))


class Beta(Between):
    """A beta distribution stretched over a range; ``a`` and ``b`` are its two shapes."""

    kind: Literal["beta"] = "beta"
    a: Positive
    b: Positive
    low: Finite = 0.0
    high: Finite = 1.0

    def at(self, p: Numbers) -> Numbers:
        """Return quantiles from the inverse of the incomplete beta function."""
        from scipy.special import betaincinv

        return self._inside(self.low + (self.high - self.low) * betaincinv(self.a, self.b, p))


class Bell(Distribution):
    """A normal distribution of something, cut off at ``low`` and ``high`` where they are given."""

    low: Finite | None = None
    high: Finite | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Bell:
        low, high = self.ends
        if low >= high:
            msg = f"the range must end above its start; got low = {low:g}, high = {high:g}"
            raise ValueError(msg)
        if not self._share(high) > self._share(low):
            msg = f"next to nothing of the distribution lies from {low:g} to {high:g}"
            raise ValueError(msg)
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value; infinite where it is not cut off."""
        low = -math.inf if self.low is None else self.low
        return low, math.inf if self.high is None else self.high

    def _standard(self, value: float) -> float:
        """Return how many standard deviations a value is from the middle."""
        raise NotImplementedError

    def _share(self, value: float) -> float:
        """Return the share of the distribution, as it is before it is cut off, below a value."""
        return math.erfc(-self._standard(value) / math.sqrt(2)) / 2

    def _deviations(self, p: Numbers) -> Numbers:
        from scipy.special import ndtri

        low, high = map(self._share, self.ends)
        return np.asarray(ndtri(low + p * (high - low)), dtype=np.float64)


class Normal(Bell):
    """A normal distribution of the value itself; ``sd`` is its standard deviation."""

    kind: Literal["normal"] = "normal"
    mean: Finite
    sd: Positive

    def _standard(self, value: float) -> float:
        return (value - self.mean) / self.sd

    def at(self, p: Numbers) -> Numbers:
        """Return quantiles; cut off, those of what is left."""
        return np.clip(self.mean + self.sd * self._deviations(p), *self.ends)


class LogNormal(Bell):
    """A normal distribution of the natural logarithm.

    Attributes
    ----------
    median
        In the unit of the constant.
    log_sd
        Standard deviation of the logarithm; dimensionless.
    """

    kind: Literal["lognormal"] = "lognormal"
    median: Positive
    log_sd: Positive

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value; 0 and infinity where it is not cut off."""
        low, high = super().ends
        return max(low, 0.0), high

    def _standard(self, value: float) -> float:
        if value <= 0:
            return -math.inf
        return (math.log(value) - math.log(self.median)) / self.log_sd

    def at(self, p: Numbers) -> Numbers:
        """Return quantiles; cut off, those of what is left."""
        return np.clip(self.median * np.exp(self.log_sd * self._deviations(p)), *self.ends)


class Discrete(Distribution):
    """One of some values; equally likely where ``weights`` are left out."""

    kind: Literal["discrete"] = "discrete"
    values: tuple[Finite, ...] = Field(min_length=1)
    weights: tuple[Positive, ...] = ()

    @model_validator(mode="after")
    def _matched(self) -> Discrete:
        if self.weights and len(self.weights) != len(self.values):
            msg = f"{len(self.values)} values but {len(self.weights)} weights"
            raise ValueError(msg)
        wrong = [b for a, b in zip(self.values, self.values[1:], strict=False) if b <= a]
        if wrong:
            msg = f"values must increase; {wrong[0]:g} does not"
            raise ValueError(msg)
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return self.values[0], self.values[-1]

    @property
    def continuous(self) -> bool:
        """False: each value has a probability of its own."""
        return False

    def at(self, p: Numbers) -> Numbers:
        """Return the value whose share of [0, 1] holds p."""
        weights = np.asarray(self.weights or (1.0,) * len(self.values))
        shares = np.cumsum(weights)[:-1] / weights.sum()
        return np.asarray(self.values)[np.searchsorted(shares, p, side="right")]


class Fixed(Distribution):
    """No distribution: the constant keeps its value in every run."""

    kind: Literal["fixed"] = "fixed"


RECORDS: dict[str, type[Distribution]] = {
    "uniform": Uniform,
    "loguniform": LogUniform,
    "normal": Normal,
    "lognormal": LogNormal,
    "triangular": Triangular,
    "beta": Beta,
    "discrete": Discrete,
    "fixed": Fixed,
}
"""The record of each kind."""


def _spelled(value: Any) -> Any:
    return spelled(value, RECORDS, "kind", "distribution")


AnyDistribution = Annotated[
    Annotated[
        Uniform | LogUniform | Normal | LogNormal | Triangular | Beta | Discrete | Fixed,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_spelled),
]
"""A field that holds a distribution."""
