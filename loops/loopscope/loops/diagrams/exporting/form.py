"""The form in which a diagram is kept: what stands in its JSON file, field by field.

Stage 5 of 5.  In and out: plain values.  Fields are those of the records of the same name; places
of signs, marks and badges are added to them.  ``docs/diagram.schema.json`` is made from here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

NUMBER = 1
"""Of the form: one more with each change after which older files can no longer be read."""

Point = tuple[FiniteFloat, FiniteFloat]
Size = Annotated[FiniteFloat, Field(gt=0)]
Bulge = Annotated[FiniteFloat, Field(ge=-0.36, le=0.36)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
Texts = tuple[str, ...]


class Form(BaseModel):
    """A record of the form; a field that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NodeForm(Form):
    """A variable that is shown."""

    name: str
    kind: Literal["stock", "flow", "auxiliary", "cloud"] = "auxiliary"
    quiet: bool = Field(False, description="Shown for context only, in grey.")
    lines: Texts = Field((), description="Its name as it is printed, wrapped.")
    width: Size = Field(description="Of its box, in points.")
    height: Size = Field(description="Of its box, in points.")


class MarkForm(Form):
    """A delay mark: two bars across a link."""

    place: Point
    angle: FiniteFloat = Field(description="Of the link there, in radians.")


class LinkForm(Form):
    """One variable acting on another."""

    cause: str
    effect: str
    sign: Literal["+", "-", "?"]
    delay: bool = False
    width: Size = Field(1.4, description="Of the line, in points.")
    through: Texts = Field((), description="Variables folded into it, in causal order.")
    kind: Literal["cause", "pipe"] = "cause"
    score: FiniteFloat | None = Field(None, description="Relative link score, in [-1, 1].")
    certain: bool = Field(True, description="Drawn without dashes.")
    basis: str = Field("", description="What its sign rests on.")
    notes: Texts = Field((), description="Letters of footnotes.")
    quiet: bool = Field(False, description="Shown for context only, in grey.")
    sign_place: Point = Field(description="Centre of its sign.")
    mark: MarkForm | None = None


class BadgeForm(Form):
    """Where the badge of a loop stands."""

    place: Point = Field(description="Centre of its disc.")
    sense: Literal["clockwise", "anticlockwise"]
    lines: Texts = Field((), description="Its name below the disc, wrapped.")
    inside: bool = True
    leader: Point | None = Field(None, description="Where a dotted line from the badge ends.")


class LoopForm(Form):
    """A loop that has a badge."""

    id: str
    path: Texts = Field(description="Names of variables in causal order, the first not repeated.")
    polarity: Literal["R", "B", "U"]
    name: str = ""
    weight: Size = 1.0
    score: FiniteFloat | None = Field(None, description="Relative loop score at the time.")
    share: FiniteFloat | None = Field(None, description="Mean magnitude of it over the run.")
    band: tuple[FiniteFloat, FiniteFloat] | None = Field(
        None, description="5 % and 95 % quantile of the score over a sweep."
    )
    shaded: bool = False
    sentence: str = ""
    notes: Texts = ()
    badge: BadgeForm | None = Field(None, description="null where nothing was laid out.")


class LayoutForm(Form):
    """Where everything stands, in points, y upwards: what may be edited and used again."""

    places: dict[str, Point] = Field(description="Centre of each variable.")
    bulges: tuple[tuple[str, str, Bulge], ...] = Field(
        (),
        description="Cause, effect and bulge of each link: the sagitta of its arc by the length "
        "of its chord, positive to the left of travel.",
    )
    routes: tuple[tuple[str, str, tuple[Point, ...]], ...] = Field(
        (), description="Cause, effect and corners of each pipe of a stock-and-flow diagram."
    )
    names: dict[str, Point] = Field(
        default_factory=dict, description="Centres of the names of flows beside their valves."
    )


class CaptionForm(Form):
    """What the diagram says in words."""

    title: str = ""
    subtitle: str = ""
    notes: Texts = ()
    footnotes: tuple[tuple[str, str], ...] = Field((), description="Letter and text of each.")
    model: str = ""
    scenario: str = ""
    method: str = ""
    at: FiniteFloat | None = Field(None, description="Time of the scores.")
    time_units: str = ""
    explained: FiniteFloat | None = Field(
        None, description="Share of all loops' mean magnitude that the loops shown carry."
    )
    loops_left: int | None = Field(None, ge=0, description="Number of loops not shown.")
    statement: str = Field("", description="Whether all loops are known.")
    left_out: Texts = Field((), description="Variables neither shown nor folded into a link.")


class StyleForm(Form):
    """How the diagram looks."""

    theme: Literal["colour", "mono"] = "colour"
    polarity: Literal["+-", "so"] = "+-"
    valves: bool = False


class QualityForm(Form):
    """Faults and merits of the picture; null where there is nothing to measure."""

    crossings: int
    label_on_label: int
    label_on_link: int
    link_over_box: int
    smallest_angle: FiniteFloat | None
    roundness: FiniteFloat | None
    badges: int
    badges_inside: int
    shortest_link: FiniteFloat | None
    leaders_touching: int
    width: FiniteFloat
    height: FiniteFloat
    leaders_crossing: int = 0


class DiagramForm(Form):
    """A diagram of Loopscope with everything in its place."""

    format: Literal[1] = Field(description="Number of this form.")
    versions: dict[str, str] = Field(
        default_factory=dict, description="Of the programs that made it; not read."
    )
    kind: Literal["cld", "stockflow"] = "cld"
    caption: CaptionForm
    style: StyleForm
    nodes: tuple[NodeForm, ...]
    links: tuple[LinkForm, ...]
    loops: tuple[LoopForm, ...] = ()
    layout: LayoutForm
    quality: QualityForm
    seed: int = 0
    level: str = ""
