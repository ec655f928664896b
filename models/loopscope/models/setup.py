"""How the runs are set up that a statement speaks of.

Stage 5 of 5, before a run.  In: plain mappings from ``checks.toml``.  Out: checked records.  Names
are checked against the model only when a run is set up.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from loopscope.models.expectation import Finite, Text
from loopscope.models.scenario import Record, as_setting

Positive = Annotated[Finite, Field(gt=0)]
Names = tuple[Text, ...]


class Setup(Record):
    """How a run is set up.

    Attributes
    ----------
    settings, initial
        As in a scenario.  TOML: ``set``, ``initial``.
    vary
        Values by name: one run for each combination.
    """

    scenario: str = ""
    case: str = ""
    settings: dict[str, Any] = Field(default_factory=dict, alias="set")
    initial: dict[str, Finite] = Field(default_factory=dict)
    vary: dict[str, tuple[Finite, ...]] = Field(default_factory=dict)
    start: Finite | None = None
    stop: Finite | None = None
    dt: Positive | None = None
    saveper: Positive | None = None
    method: str | None = None

    @model_validator(mode="after")
    def _checked(self) -> Setup:
        for name, value in self.settings.items():
            self.settings[name] = as_setting(value, f"'{name}'")
        empty = next((name for name, values in self.vary.items() if not values), None)
        if empty is not None:
            msg = f"'vary' gives no value for '{empty}'"
            raise ValueError(msg)
        return self

    def over(self, shared: Setup) -> Setup:
        """Return this setup, with what it leaves open as in a shared one."""
        update = {
            name: getattr(self, name) or getattr(shared, name)
            for name in ("scenario", "case", "start", "stop", "dt", "saveper", "method")
        }
        for name in ("settings", "initial", "vary"):
            update[name] = getattr(shared, name) | getattr(self, name)
        return self.model_copy(update=update)


class Draws(Record):
    """Runs whose parameters are drawn from their declared ranges.

    Attributes
    ----------
    ends
        Share of the values that is put on an end of the range; the rest is spread evenly.
    only, fixed
        Parameters that are drawn (all with a range where left out), and that are not.
    ranges
        Other ranges than the declared ones.
    """

    runs: Annotated[int, Field(ge=1, le=1_000_000)]
    seed: Annotated[int, Field(ge=0)] = 0
    ends: Annotated[Finite, Field(ge=0, le=1)] = 0.0
    only: Names = ()
    fixed: Names = ()
    ranges: dict[str, tuple[Finite, Finite]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ordered(self) -> Draws:
        for name, (low, high) in self.ranges.items():
            if high < low:
                msg = f"the range of '{name}' is reversed: [{low:g}, {high:g}]"
                raise ValueError(msg)
        return self


class Over(Record):
    """Where a statement must hold: the model as it stands, its scenarios and cases, and draws."""

    stands: bool = True
    scenarios: bool = True
    cases: bool = True
    draws: Draws | None = None


class Runs(Record):
    """Runs with names; each takes from ``run`` what it leaves open."""

    run: Setup = Setup()
    runs: dict[str, Setup] = Field(default_factory=dict)

    def setups(self) -> dict[str, Setup]:
        """Return the setup of each run by name; "" is ``run`` alone."""
        return {"": self.run} | {name: one.over(self.run) for name, one in self.runs.items()}
