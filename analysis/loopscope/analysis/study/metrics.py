"""Numbers that are kept of each run.

In: tables under ``[[metrics]]`` of a study.  Out: checked records.  Names and times are checked
against the model when the study is settled.

A *metric* is one number of one run: of a variable, seen at every step of the solver, or of the
loops that are tracked, seen at the times at which their shares are stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from loopscope.models.scenario import Finite, Record
from loopscope.models.tagged import spelled

Text = Annotated[str, Field(min_length=1)]
Direction = Literal["up", "down", "either"]


class Metric(Record):
    """What every metric has: a name of its own, and what is taken."""

    name: Text
    metric: str


class Windowed(Metric):
    """A metric of a part of the run; of all of it where ``from`` and ``to`` are left out."""

    start: Finite | None = Field(default=None, alias="from")
    stop: Finite | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> Windowed:
        if self.start is not None and self.stop is not None and self.stop < self.start:
            msg = f"it must end after it starts; got from = {self.start:g}, to = {self.stop:g}"
            raise ValueError(msg)
        return self


class Taken(Windowed):
    """A number that one variable takes: ``total`` is its integral over time."""

    metric: Literal[
        "final", "min", "max", "time of min", "time of max", "mean", "total",
        "period", "amplitude", "mode",
    ]  # fmt: skip
    of: Text


class Crossing(Windowed):
    """When one variable crosses a level first or last, or how often."""

    metric: Literal["crossing", "last crossing", "count"]
    of: Text
    level: Finite
    direction: Direction = "either"


class Share(Windowed):
    """The share of a loop at a time, or its mean from one time to another."""

    metric: Literal["share"]
    loop: Text
    at: Finite | None = None

    @model_validator(mode="after")
    def _timed(self) -> Share:
        if self.at is not None and (self.start is not None or self.stop is not None):
            msg = "give either 'at' or a window ('from', 'to'), not both"
            raise ValueError(msg)
        return self


class Dominant(Metric):
    """Which of the tracked loops has the largest share at a time."""

    metric: Literal["dominant loop"]
    at: Finite


class Shift(Windowed):
    """When the dominant loop changes first or last, or how often."""

    metric: Literal["first shift", "last shift", "shifts"]


RECORDS: dict[str, type[Metric]] = {
    word: record
    for record in (Taken, Crossing, Share, Dominant, Shift)
    for word in get_args(record.model_fields["metric"].annotation)
}
"""The record of each metric, by its word."""

OF_VARIABLES = tuple(word for word, one in RECORDS.items() if issubclass(one, Taken | Crossing))
OF_LOOPS = tuple(word for word in RECORDS if word not in OF_VARIABLES)


def _spelled(value: Any) -> Any:
    return spelled(value, RECORDS, "metric", "metric")


AnyMetric = Annotated[
    Annotated[Taken | Crossing | Share | Dominant | Shift, Field(discriminator="metric")],
    BeforeValidator(_spelled),
]
"""A field that holds a metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledMetric:
    """A metric that was checked against the model; nothing is left open.

    Attributes
    ----------
    name
        As the study has it; unlike any variable of the model.
    metric
        One of ``OF_VARIABLES`` or ``OF_LOOPS``.
    of
        Authored name of the variable; empty for metrics of loops.
    loop
        Id of the loop, for "share"; else empty.
    level, direction
        For "crossing", "last crossing" and "count"; level in the unit of the variable.
    start, stop
        The window; the whole run where the study gives none.
    at
        The moment, for "dominant loop", and for "share" where it is not a mean; else None.
    units
        Of the number; "1" for shares, counts and codes.
    """

    name: str
    metric: str
    of: str = ""
    loop: str = ""
    level: float | None = None
    direction: Direction = "either"
    start: float
    stop: float
    at: float | None = None
    units: str

    @property
    def of_loops(self) -> bool:
        """Whether it is a metric of loops, not of a variable."""
        return not self.of
