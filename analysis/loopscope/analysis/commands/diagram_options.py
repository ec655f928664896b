"""Options of ``loopscope diagram`` that ``animate`` takes as well, and what their words mean."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.runs import Choice
    from loopscope.loops.diagrams.diagram import Style
    from loopscope.models.scenario import Scenario

WORDS = ("named", "loops", "all")

Which = Annotated[
    str | None,
    typer.Option(
        "--loops",
        metavar="WHICH",
        help="Ids with commas, R1,B3; top:8, the strongest; named; loops, all that are held; "
        "central:30, the most central variables; "
        "all, every variable. [default: all if few, else the named ones, else the strongest]",
    ),
]
Around = Annotated[
    str | None, typer.Option(metavar="VAR", help="Loops through this variable only.")
]
Simplify = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE", help="The fewest loops that carry this share of the change, as 0.9."
    ),
]
ScenarioName = Annotated[
    str | None, typer.Option("--scenario", "-s", metavar="NAME", help="Scenario to run.")
]
ScoredBy = Annotated[
    str,
    typer.Option(
        "--method",
        "-m",
        metavar="NAME",
        help="ltm, influence, pathway, impact, knockout or behaviour.",
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="VAR",
        help="View: fold all but the stocks and these variables away. May be given again.",
    ),
]
Full = Annotated[
    bool, typer.Option("--full", help="View: all variables, not those the model declares.")
]
Seed = Annotated[int, typer.Option(help="Of the layout: another one, another picture.")]
Level = Annotated[
    str, typer.Option(metavar="LEVEL", help="Care for the layout: draft, normal or best.")
]
ThemeName = Annotated[str, typer.Option("--theme", metavar="NAME", help="colour or mono.")]
Signs = Annotated[
    str, typer.Option("--polarity", metavar="SIGNS", help="+- or so (same, opposite).")
]
Title = Annotated[str, typer.Option(metavar="TEXT", help="In place of the model's name.")]


def ids_of(which: str | None) -> "Sequence[str] | str | None":
    """Return what --loops asks for: a word, or ids."""
    from loopscope.models.errors import LoopError

    if which is None:
        return None
    text = which.strip()
    if text in WORDS or text.startswith("top:"):
        return text
    ids = [one.strip() for one in text.split(",") if one.strip()]
    if not ids:
        msg = (
            f"--loops needs ids with commas, as R1,B3, or top:8, {', '.join(WORDS)}; got '{which}'"
        )
        raise LoopError(msg)
    return ids


def run_of(
    model: str,
    scenario: str | None,
    case: str | None,
    settings: "list[str] | None",
    initial: "list[str] | None",
    dt: float | None,
) -> "tuple[Scenario | None, Choice]":
    """Return the scenario and the choices that a run is made with."""
    from loopscope.analysis.runs import Choice, choose_case, choose_scenario
    from loopscope.analysis.settings import read_settings

    choice = Choice(
        case=choose_case(model, case) if case is not None else None,
        parameters=read_settings(settings or ()),
        initial=read_settings(initial or (), "--initial"),
        dt=dt,
    )
    return (choose_scenario(model, scenario) if scenario is not None else None), choice


def style_of(theme: str, polarity: str) -> "Style":
    """Return how a diagram looks; a word that is not known is refused."""
    from typing import get_args

    from loopscope.loops.diagrams.diagram import Polarity, Style, Theme
    from loopscope.models.errors import LoopError, did_you_mean

    for option, value, known in (("theme", theme, Theme), ("polarity", polarity, Polarity)):
        words = get_args(known)
        if value not in words:
            hint = did_you_mean(value, words)
            msg = f"--{option} must be one of {', '.join(words)}, got '{value}'{hint}"
            raise LoopError(msg)
    return Style(theme=theme, polarity=polarity)  # type: ignore[arg-type]
