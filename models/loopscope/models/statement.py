"""Statements about a model that a program can test: the records of its ``checks.toml``.

Stage 5 of 5, before a run.  In: plain mappings.  Out: checked records, one class for each kind of
statement.  Nothing here runs a model; what a kind means is in the reality checks of the analysis
room.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from loopscope.models.expectation import Condition, Expectation, Finite, Measure, Text
from loopscope.models.scenario import Record
from loopscope.models.setup import Draws, Names, Over, Positive, Runs, Setup

Type = Literal["structure", "behaviour", "pattern"]
"""Barlas (1996): direct structure test; structure-oriented behaviour test; pattern test."""

Effect = Literal["raises", "lowers", "never raises", "never lowers"]
Mode = Literal[
    "equilibrium", "growth", "saturating growth", "S-shaped growth", "decline", "collapse",
    "overshoot", "overshoot and collapse", "dip and recovery", "oscillation", "growing oscillation",
    "sustained oscillation", "damped oscillation", "lock-in",
]  # fmt: skip


class Statement(Record):
    """What every statement has.

    Attributes
    ----------
    slow
        Evaluated only when all statements are asked for.
    reason
        Why it is known not to be met.  It is evaluated all the same.
    run
        How its runs are set up.
    """

    id: Text
    says: Text
    kind: str
    type: Type = "behaviour"
    slow: bool = False
    reason: str = ""
    run: Setup = Setup()


class Window(Runs, Statement):
    """Measures of runs lie in their windows; an extreme condition is one under odd settings."""

    kind: Literal["window", "extreme condition"]
    expected: tuple[Expectation, ...] = Field(min_length=1)


class Limits(Condition):
    """Variables or expressions that stay where a condition says, at every saved time."""

    of: Names

    @field_validator("of", mode="before")
    @classmethod
    def _several(cls, of: Any) -> Any:
        return (of,) if isinstance(of, str) else of


class Bound(Statement):
    """Variables stay in an interval."""

    kind: Literal["bound"]
    bounds: tuple[Limits, ...] = Field(min_length=1)
    over: Over = Over()


class Equality(Record):
    """Two expressions that are equal.

    ``scale`` is what their difference is measured in; the larger of the two where left out.
    """

    left: Text
    right: Text
    scale: str = ""


class Identity(Statement):
    """Expressions are equal at every saved time; a closed form is one in ``Time``."""

    kind: Literal["identity", "closed form"]
    equal: tuple[Equality, ...] = Field(min_length=1)
    tolerance: Positive = 1e-9
    over: Over | None = None


class Conservation(Statement):
    """What ``of`` adds up changes by ``rate`` alone, at every Euler step, relative to ``of``."""

    kind: Literal["conservation"]
    of: Text
    rate: Text
    tolerance: Positive = 1e-9
    over: Over = Over()


class Sign(Runs, Statement):
    """Raising a parameter raises a measure, or lowers it, whatever the others are."""

    kind: Literal["sign"]
    measure: Measure
    vary: dict[str, tuple[Finite, ...]] = Field(min_length=1)
    effect: dict[str, Effect] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising(self) -> Sign:
        if self.measure.taken == "always":
            msg = "its 'measure' must be one number, so take = 'always' does not fit"
            raise ValueError(msg)
        for name in self.effect:
            values = self.vary.get(name, ())
            if len(values) < 2 or any(b <= a for a, b in pairwise(values)):
                msg = f"'vary' must give '{name}' two or more values, rising; got {list(values)}"
                raise ValueError(msg)
        return self


class Sensitivity(Statement):
    """The sign of the response of a measure to each parameter alone is the same at all steps.

    Attributes
    ----------
    steps
        What the value of a parameter is multiplied by.
    only, fixed
        Parameters that are tried (all with a range where left out), and that are not.
    smallest
        An effect below this share of the measure has no sign.
    """

    kind: Literal["stable signs"]
    measure: Measure
    steps: tuple[Positive, ...] = (0.8, 0.9, 1.1, 1.2)
    only: Names = ()
    fixed: Names = ()
    smallest: Positive = 1e-9

    @model_validator(mode="after")
    def _single(self) -> Sensitivity:
        if self.measure.compares or self.measure.run or self.measure.taken in ("always", "rmse"):
            msg = "its 'measure' is of one run, one number, and compares with nothing"
            raise ValueError(msg)
        return self


class Converge(Runs, Statement):
    """Runs that differ for a time come together again, or stay apart, from a time on."""

    kind: Literal["converge", "stay apart"]
    of: Text
    start: Finite = Field(alias="from")
    to: Finite | None = None
    gap: Positive

    @model_validator(mode="after")
    def _two(self) -> Converge:
        if len(self.runs) != 2:
            msg = f"'runs' must name the two runs that are compared; got {len(self.runs)}"
            raise ValueError(msg)
        return self


class Rest(Statement):
    """Stocks stay at their start values; all of them where ``of`` is left out."""

    kind: Literal["equilibrium"]
    of: Names = ()
    tolerance: Positive = 1e-9


class Scaling(Statement):
    """Multiplying some constants multiplies every variable of a unit, and moves no other."""

    kind: Literal["scaling"]
    scaled: Names = Field(min_length=1)
    factor: Positive
    unit: Text
    fixed: Names = ()
    tolerance: Positive = 1e-6


class Repeat(Statement):
    """The same inputs give the same output to the last bit, alone and in a batch."""

    kind: Literal["repeatability"]
    over: Over = Over()


class Step(Statement):
    """Half the step moves no end of a stock by more than ``tolerance``.

    Attributes
    ----------
    methods
        Other methods than the model's own, by scenario or case.
    order
        How far the error of Euler may be from halving with the step; not looked at where left out.
    """

    kind: Literal["step"]
    tolerance: Positive = 1e-3
    methods: dict[str, str] = Field(default_factory=dict)
    order: Positive | None = None
    over: Over = Over()


class Plain(Statement):
    """A statement about the file alone: units, documentation of parameters."""

    kind: Literal["units", "documented parameters"]


class NamedLoops(Statement):
    """The loops that ``loops.toml`` names are there, with their polarity; ``loops`` at least."""

    kind: Literal["named loops"]
    loops: Names = ()


class Levers(Statement):
    """Each lever is neutral as the model stands, and moves a flow when it is not.

    Attributes
    ----------
    prefix
        What the names of levers begin with.
    needed
        Levers that must be there.
    neutral
        The value at which a lever does nothing.
    smallest
        Change of a flow that counts, relative to its largest value.
    """

    kind: Literal["levers"]
    prefix: Text
    needed: Names = ()
    neutral: Finite = 0.0
    smallest: Positive = 1e-3


class Outflows(Statement):
    """What drains a stock is in proportion to it; ``of`` are the stocks."""

    kind: Literal["first-order outflows"]
    of: Names = Field(min_length=1)


class Cut(Runs):
    """A behaviour, and the loop that brings it about: it goes when the loop is cut.

    ``loop`` names one of ``loops.toml``, whose switch is set; ``switch`` gives other settings.
    """

    loop: Text
    switch: dict[str, Finite] = Field(default_factory=dict)
    expected: Expectation


class KnockOut(Statement):
    """Cutting loops removes the behaviour ascribed to them."""

    kind: Literal["knock-out"]
    cut: tuple[Cut, ...] = Field(min_length=1)


class Shock(Record):
    """A temporary change of one constant, up and down by ``size``, to see whether it is forgotten.

    ``gap`` is how far apart the two runs must end for the shock to count as locked in.
    """

    name: Text
    size: Positive
    start: Finite = Field(alias="from")
    to: Finite
    gap: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Shock:
        if self.to <= self.start:
            msg = f"a shock must end after it starts; got from = {self.start:g}, to = {self.to:g}"
            raise ValueError(msg)
        return self


class Modes(Statement):
    """How variables behave in the long run, over many draws: no mode but those listed.

    ``shock`` looks for lock-in as well: of the first variable in ``of``.
    """

    kind: Literal["modes"]
    of: Names = Field(min_length=1)
    draws: Draws
    listed: tuple[Mode, ...] = Field(min_length=1)
    shock: Shock | None = None


AnyStatement = Annotated[
    Window | Bound | Identity | Conservation | Sign | Sensitivity | Converge | Rest | Scaling
    | Repeat | Step | Plain | NamedLoops | Levers | Outflows | KnockOut | Modes,
    Field(discriminator="kind"),
]  # fmt: skip
