"""Real cases: a place and a period, what was measured there, and what may be fitted to it.

Stage 5 of 5, before a run.  In: ``cases.toml`` beside a model.  Out: checked records.  A case is a
scenario with a time span, observed series and parameters that are left free for a fit.  Names
and units are checked against the model only when a run or a fit is set up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from loopscope.models.names import key
from loopscope.models.scenario import (
    Finite,
    Points,
    Record,
    Scenario,
    beside,
    read_records,
)

if TYPE_CHECKING:
    from pathlib import Path

Positive = Annotated[Finite, Field(gt=0)]


class Spread(Record):
    """How far a measured value may be off: a share of it, an amount, or the larger of both.

    Attributes
    ----------
    relative
        Standard error as a share of the measured value; dimensionless.
    absolute
        Standard error in the unit of the series.
    """

    relative: Positive | None = None
    absolute: Positive | None = None

    @model_validator(mode="after")
    def _given(self) -> Spread:
        if self.relative is None and self.absolute is None:
            msg = "an error needs 'relative' (a share of each value) or 'absolute' (in its unit)"
            raise ValueError(msg)
        return self


class Observed(Record):
    """A measured series of one variable.

    Attributes
    ----------
    error
        Standard error of each value, for a fit.  None: the default of the fit.
    scale
        ``"free"`` when the series is known only up to a constant factor, which a fit then
        estimates: the model's variable times the factor is compared with the series.
    fit
        False for a series that is shown and measured, but that no fit may use.
    """

    variable: str
    series: str
    unit: str
    source: str
    times: tuple[Finite, ...]
    values: tuple[Finite, ...]
    note: str = ""
    error: Spread | None = None
    scale: Literal["free"] | None = None
    fit: bool = True

    @model_validator(mode="after")
    def _matched(self) -> Observed:
        Points(times=self.times, values=self.values)
        return self


class Free(Record):
    """A constant or a start value that a fit may move, and the range that it must stay in.

    Attributes
    ----------
    name
        A constant, or a stock whose start value is meant.
    low, high
        The range, in the unit of the variable.  None: the range that the model declares.
    why
        Why it is free, and why inside this range.
    """

    name: str
    low: Finite | None = None
    high: Finite | None = None
    why: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Free:
        if self.low is not None and self.high is not None and self.high <= self.low:
            given = f"{self.low:g} to {self.high:g}"
            msg = f"the range of '{self.name}' must end above its start; got {given}"
            raise ValueError(msg)
        return self


class Case(Scenario):
    """A real place and period: settings with sources, what was observed, what may be fitted.

    Attributes
    ----------
    start, stop
        First and last time of a run, in the model's unit of time.
    fit
        How well the case fits, in words.
    observed
        Measured series.
    free
        What a fit may move when nobody says otherwise.
    """

    start: Finite
    stop: Finite
    fit: str = ""
    observed: tuple[Observed, ...] = ()
    free: tuple[Free, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Case:
        seen: set[str] = set()
        for one in self.free:
            if key(one.name) in seen:
                msg = f"'{one.name}' is free twice"
                raise ValueError(msg)
            seen.add(key(one.name))
        return self


def cases(model_path: str | Path) -> dict[str, Case]:
    """Return the real cases that come with a model, by name, in file order."""
    found = read_records(beside(model_path, "cases.toml"), "case", Case)
    return {record.name: record for record in found.values()}
