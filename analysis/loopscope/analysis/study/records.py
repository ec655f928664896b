"""The record of a study, as its file has it.

In: the content of a study's TOML file, or the same as a mapping.  Out: ``Study``, checked as far as
that goes without the model.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from loopscope.analysis.study.designs.every import AnyDesign  # noqa: TC001  pydantic reads it
from loopscope.analysis.study.designs.sobol_sequence import SobolSequence
from loopscope.analysis.study.metrics import AnyMetric, Text
from loopscope.models.distribution import AnyDistribution
from loopscope.models.errors import shown
from loopscope.models.names import key
from loopscope.models.scenario import Finite, Record, as_setting

Positive = Annotated[Finite, Field(gt=0)]
Names = tuple[Text, ...]


class AsDeclared(Record):
    """The empty table: the distribution that the model's ``parameters.toml`` declares."""


def _kind_of(value: Any) -> str:
    return "declared" if isinstance(value, AsDeclared) or value == {} else "given"


Wanted = Annotated[
    Annotated[AsDeclared, Tag("declared")] | Annotated[AnyDistribution, Tag("given")],
    Discriminator(_kind_of),
]


def _as_table(value: Any) -> Any:
    """Return a list of names as a table of names; "all" stays a word."""
    if isinstance(value, str) and key(value) == "all":
        return "all"
    if not isinstance(value, dict | list | tuple):
        msg = f'expected "all", a list of names or a table, got {shown(value)}'
        raise ValueError(msg)
    if not isinstance(value, dict):
        wrong = next((one for one in value if not isinstance(one, str)), None)
        if wrong is not None:
            msg = f"expected names of parameters, got {shown(wrong)}"
            raise ValueError(msg)
        twice = next((one for n, one in enumerate(value) if one in value[:n]), None)
        if twice is not None:
            msg = f"'{twice}' is listed twice"
            raise ValueError(msg)
        return {name: {} for name in value}
    return value


def _form_of(value: Any) -> str:
    return "all" if value == "all" else "table"


Swept = Annotated[
    Annotated[
        Annotated[Literal["all"], Tag("all")] | Annotated[dict[str, Wanted], Tag("table")],
        Discriminator(_form_of),
    ],
    BeforeValidator(
        _as_table, json_schema_input_type=Literal["all"] | list[str] | dict[str, Wanted]
    ),
]
"""Which parameters are swept: "all", names, or distributions by name."""


class Correlation(Record):
    """How the values of two parameters go together: Spearman's rank correlation."""

    between: tuple[Text, Text]
    rank: Annotated[Finite, Field(gt=-1, lt=1)]


class Tracked(Record):
    """Loops whose shares are kept.

    Attributes
    ----------
    track
        "named" for those that the model names, "all", or ids.
    every
        Time between two stored shares; that of the series where left out.
    """

    track: Literal["named", "all"] | Names = "named"
    every: Positive | None = None


class Study(Record):
    """What to sweep, how, and what to keep.

    Attributes
    ----------
    model
        Library name or path; by default the model that the study stands beside.
    scenarios
        By name, each run with the same values of the parameters; none: the model as it stands.
        TOML may say ``scenario`` for one.
    runs
        Model runs asked for, for each scenario.
    seed
        Of the design, and of random functions in the model.
    start, stop, dt, saveper, method, case, settings, initial
        As in a run, the same for all runs.  TOML: ``set``.
    series
        Variables whose values are kept at every saved time.
    precision
        Of stored series: "single" halves the room.
    parameters, correlations, design, loops, metrics
        See the records.
    """

    title: str = ""
    about: str = ""
    model: str = ""
    scenarios: Names = ()
    runs: Annotated[int, Field(ge=1, strict=True)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)] = 0
    start: Finite | None = None
    stop: Finite | None = None
    dt: Positive | None = None
    saveper: Positive | None = None
    method: str | None = None
    case: str = ""
    settings: dict[str, Any] = Field(default_factory=dict, alias="set")
    initial: dict[str, Finite] = Field(default_factory=dict)
    series: Names = ()
    precision: Literal["double", "single"] = "double"
    parameters: Swept = Field(default_factory=dict)
    correlations: tuple[Correlation, ...] = ()
    design: AnyDesign = SobolSequence()
    loops: Tracked | None = None
    metrics: tuple[AnyMetric, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_scenario(cls, given: Any) -> Any:
        if isinstance(given, dict) and "scenario" in given:
            if "scenarios" in given:
                msg = "give 'scenario' or 'scenarios', not both"
                raise ValueError(msg)
            given = dict(given)
            given["scenarios"] = [given.pop("scenario")]
        return given

    @model_validator(mode="after")
    def _checked(self) -> Study:
        for name, value in self.settings.items():
            self.settings[name] = as_setting(value, f"set '{name}'")
        self._once([key(metric.name) for metric in self.metrics], "two metrics are named '{}'")
        self._once([key(name) for name in self.scenarios], "scenario '{}' is listed twice")
        pairs = [" and ".join(sorted(map(key, one.between))) for one in self.correlations]
        self._once(pairs, "the correlation between {} is given twice")
        if self.start is not None and self.stop is not None and self.stop <= self.start:
            msg = f"stop ({self.stop:g}) must lie after start ({self.start:g})"
            raise ValueError(msg)
        return self

    @staticmethod
    def _once(words: list[str], message: str) -> None:
        twice = next((word for n, word in enumerate(words) if word in words[:n]), None)
        if twice is not None:
            raise ValueError(message.format(twice))
