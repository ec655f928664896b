"""What a run is expected to show: a measure of it, and the window that measure must fall in.

Stage 5 of 5, before a run.  In: plain mappings from TOML.  Out: checked records.  Nothing here
runs a model: names and times are checked when an expectation is evaluated.

A *measure* is one number from one run.  It may compare the run with another one, or with itself
at an earlier time.  An *expectation* is a measure, a condition on it, and a sentence.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Finite = Annotated[float, Field(allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]

Take = Literal[
    "at",
    "start",
    "end",
    "min",
    "max",
    "mean",
    "total",
    "time of min",
    "time of max",
    "first above",
    "first below",
    "smallest step",
    "largest step",
    "half time",
    "period",
    "amplitude",
    "peaks",
    "always",
    "rmse",
]
"""How a series becomes one number (for ``always``: the lowest and the highest)."""

WINDOWED = tuple(set(Take.__args__) - {"at", "start", "end"})  # type: ignore[attr-defined]
"""Those that look at a stretch of the run."""

How = Literal["ratio", "difference", "percent change"]


class Measure(BaseModel):
    """One number from one run.

    Attributes
    ----------
    of
        A variable, or an expression in variables, written as in a Vensim model.
    take
        What is taken of its series.  Left out: the value at ``at``, or else at the end.
    at
        The time of ``take = "at"``; linear between saved times.
    start, to
        The stretch of the run that is looked at, from saved time to saved time; the whole run
        where they are left out (its later half for period and amplitude).  TOML: ``from``, ``to``.
    level
        What ``first above`` and ``first below`` wait for.
    run
        Name of the run that is measured, where there are several.
    against
        Name of the run it is compared with; ``base`` is what a scenario extends, or else the
        model as it stands.
    since
        Compare with the same run at this time.
    how
        The comparison; a ratio where it is left out.  TOML: ``as``.
    series
        Names of the observed series that ``rmse`` uses; all of the variable where left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    of: Text
    take: Take | None = None
    at: Finite | None = None
    start: Finite | None = Field(default=None, alias="from")
    to: Finite | None = None
    level: Finite | None = None
    run: str = ""
    against: str = ""
    since: Finite | None = None
    how: How | None = Field(default=None, alias="as")
    series: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _fitting(self) -> Measure:
        taken = self.taken
        if (taken == "at") != (self.at is not None):
            msg = f"take = '{taken}' takes no 'at'" if taken != "at" else "give 'at', a time"
            raise ValueError(msg)
        if taken.startswith("first") != (self.level is not None):
            msg = "'first above' and 'first below' need 'level', and nothing else takes it"
            raise ValueError(msg)
        if (self.start is not None or self.to is not None) and taken not in WINDOWED:
            msg = f"take = '{taken}' looks at one time, so 'from' and 'to' say nothing"
            raise ValueError(msg)
        if self.start is not None and self.to is not None and self.to < self.start:
            msg = f"'to' comes before 'from': {self.to:g} < {self.start:g}"
            raise ValueError(msg)
        if self.against and self.since is not None:
            msg = "give 'against' (another run) or 'since' (an earlier time), not both"
            raise ValueError(msg)
        if self.how is not None and not self.compares:
            msg = "'as' compares with something: give 'against' or 'since'"
            raise ValueError(msg)
        if taken == "rmse" and self.compares:
            msg = "'rmse' compares with what was observed, not with 'against' or 'since'"
            raise ValueError(msg)
        if self.series and taken != "rmse":
            msg = "'series' names observed series, which only 'rmse' uses"
            raise ValueError(msg)
        return self

    @property
    def taken(self) -> Take:
        """``take``, or what stands for it where it is left out."""
        return self.take or ("end" if self.at is None else "at")

    @property
    def compares(self) -> bool:
        """Whether it compares two runs or two times."""
        return bool(self.against) or self.since is not None

    @property
    def comparison(self) -> How:
        """How it compares."""
        return self.how or "ratio"


class Condition(BaseModel):
    """Where a number must lie: exactly one of the four.

    Attributes
    ----------
    within
        Lowest and highest, both allowed.
    above, below
        Not reached themselves.
    equals
        Up to ``tolerance``, in the unit of the measure (1e-9 of the value where left out).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    within: tuple[Finite, Finite] | None = None
    above: Finite | None = None
    below: Finite | None = None
    equals: Finite | None = None
    tolerance: Annotated[Finite, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Condition:
        given = [n for n in ("within", "above", "below", "equals") if getattr(self, n) is not None]
        if len(given) != 1:
            got = " and ".join(f"'{name}'" for name in given) or "none"
            msg = f"give one of 'within', 'above', 'below' and 'equals'; got {got}"
            raise ValueError(msg)
        if self.within and self.within[1] < self.within[0]:
            low, high = self.within
            msg = f"'within' is reversed: its lowest, {low:g}, is above its highest, {high:g}"
            raise ValueError(msg)
        if self.tolerance is not None and self.equals is None:
            msg = "'tolerance' goes with 'equals'"
            raise ValueError(msg)
        return self

    @property
    def asked(self) -> str:
        """The condition in words."""
        if self.within:
            return f"within {self.within[0]:g} to {self.within[1]:g}"
        if self.above is not None:
            return f"above {self.above:g}"
        if self.below is not None:
            return f"below {self.below:g}"
        return f"{self.equals:g} ± {self.slack:.2g}"

    @property
    def slack(self) -> float:
        """How far off ``equals`` a number may be."""
        assert self.equals is not None
        return self.tolerance if self.tolerance is not None else 1e-9 * max(1.0, abs(self.equals))

    def met(self, low: float, high: float) -> bool:
        """Return whether everything from ``low`` to ``high`` is allowed; NaN never is."""
        if self.within:
            return self.within[0] <= low and high <= self.within[1]
        if self.above is not None:
            return low > self.above and high > self.above
        if self.below is not None:
            return high < self.below and low < self.below
        assert self.equals is not None
        return abs(low - self.equals) <= self.slack and abs(high - self.equals) <= self.slack


class Expectation(Measure, Condition):
    """A measure, the condition it must meet, and a sentence that says so.

    Examples
    --------
    >>> Expectation.model_validate({"says": "It doubles.", "of": "stock", "at": 10, "since": 0,
    ...                             "as": "ratio", "within": [1.9, 2.1]}).asked
    'within 1.9 to 2.1'
    """

    says: Text
