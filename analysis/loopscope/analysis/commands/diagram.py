"""``loopscope diagram``: draw feedback loops, by what they carry in a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loopscope.analysis.commands.diagram_options import (
    Around,
    Full,
    Keep,
    Level,
    ScenarioName,
    ScoredBy,
    Seed,
    Signs,
    Simplify,
    ThemeName,
    Title,
    Which,
    ids_of,
    run_of,
    style_of,
)
from loopscope.analysis.commands.loops import chosen_view
from loopscope.analysis.commands.options import (
    AsJson,
    CaseName,
    Dt,
    Initials,
    ModelName,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from loopscope.analysis.shown_loops import Shown
    from loopscope.loops.diagrams.diagram import Diagram

MOVES = (
    "show less with --loops top:8, --loops central:30, --simplify 0.8, --around VARIABLE or "
    "--kind overview",
    "give --force for a draft",
    "write all of it with --loops all --out FILE.graphml (or .json, .dot)",
)
"""What can be done about a diagram that is too large."""

PICTURES = (".svg", ".pdf", ".png", ".tex")
"""Formats in which everything must have a good place."""


def diagram(
    model: ModelName,
    which: Which = None,
    around: Around = None,
    simplify: Simplify = None,
    scenario: ScenarioName = None,
    case: CaseName = None,
    settings: Settings = None,
    initial: Initials = None,
    at: Annotated[
        float | None,
        typer.Option(
            "--at", metavar="TIME",
            help="Scores of this time, in the model's unit. [default: means over the run]",
        ),
    ] = None,
    method: ScoredBy = "ltm",
    no_scores: Annotated[
        bool, typer.Option("--no-scores", help="Run nothing: loops, signs and delays alone.")
    ] = False,
    sweep: Annotated[
        Path | None,
        typer.Option(
            metavar="STORE",
            help="Scores of all runs of a sweep that tracks loops: medians, and dashes where the "
            "strength is not settled.",
        ),
    ] = None,
    context: Annotated[
        bool, typer.Option("--context", help="Direct causes of the stocks as well, in grey.")
    ] = False,
    keep: Keep = None,
    full: Full = False,
    no_fold: Annotated[
        bool, typer.Option("--no-fold", help="Show what only passes something on as well.")
    ] = False,
    no_claims: Annotated[
        bool, typer.Option("--no-claims", help="No footnotes with claims.")
    ] = False,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="cld; stockflow: with pipes, valves and clouds; overview: a box a group.",
        ),
    ] = "cld",
    layout: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Start from the places in a .json that this command wrote."
        ),
    ] = None,
    pin: Annotated[
        list[str] | None,
        typer.Option(metavar="VAR", help="Leave it where --layout has it. May be given again."),
    ] = None,
    seed: Seed = 0,
    level: Level = "best",
    theme: ThemeName = "colour",
    polarity: Signs = "+-",
    title: Title = "",
    force: Annotated[
        bool, typer.Option("--force", help="Draw up to 80 variables, as a draft; else up to 40.")
    ] = False,
    dt: Dt = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out", metavar="FILE",
            help=".svg, .pdf, .png, .tex, .graphml, .dot, .mmd, .json, .kumu.json, .sd.json or "
            ".txt (in words). May be given again.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Draw feedback loops with signs, delays and names, as wide as they are strong in a run.

    Prints the loops shown, what part of the change they carry, and how good the picture is.
    Without --out, or with formats that have no places, nothing is laid out.
    """
    from loopscope.analysis import shown_loops, tables
    from loopscope.analysis.drawn_words import as_data, print_diagram
    from loopscope.analysis.progress import waiting
    from loopscope.loops.diagrams.exporting.formats import save
    from loopscope.models import load

    files = _files(out or ())
    view = chosen_view(keep, full=full)
    if no_scores or sweep is not None:
        _refuse_beside_a_run(
            "--no-scores" if no_scores else "--sweep", case=case, set=settings, initial=initial,
            dt=dt,
        )  # fmt: skip
    if no_scores:
        _refuse_beside_a_run(
            "--no-scores", at=at, scenario=scenario, sweep=sweep, simplify=simplify,
            **({"loops top:N": which} if str(which).startswith("top:") else {}),
        )  # fmt: skip
    known = load(model)
    with waiting(f"diagram of {known.name}") as step:
        if no_scores:
            source = shown_loops.without_scores(known, view=view)
        elif sweep is not None:
            source = shown_loops.of_sweep(known, sweep, scenario, view=view)
        else:
            run = run_of(model, scenario, case, settings, initial, dt)
            source = shown_loops.of_run(known, *run, view=view, method=method, progress=step)
        drawn = _drawn(
            source,
            at,
            files,
            asked={
                "show": ids_of(which),
                "around": around,
                "simplify": simplify,
                "title": title,
                "claims": not no_claims,
            },
            of_cld={"context": int(context), "fold": not no_fold},
            placing={
                "seed": seed,
                "level": level,
                "layout": layout,
                "pinned": tuple(pin or ()),
                "style": style_of(theme, polarity),
                "force": force,
            },
            kind=kind,
            progress=step,
        )
    for file in files:
        save(drawn, file)
    if as_json:
        tables.print_json(as_data(drawn, files))
        return
    print_diagram(drawn)
    tables.wrote(*files)


def _files(given: "Sequence[Path]") -> list[Path]:
    from loopscope.loops.diagrams.exporting.formats import FORMATS, format_of
    from loopscope.models.files import target

    for path in given:
        format_of(path)
    return [target(path, tuple(FORMATS)) for path in given]


def _refuse_beside_a_run(option: str, **given: object) -> None:
    """Refuse options that are for a run made now where there is none."""
    from loopscope.models.errors import LoopError

    for name, value in given.items():
        if value is not None and value != []:
            msg = f"--{name} is for a run, and {option} makes none: leave one of them out"
            raise LoopError(msg)


def _drawn(
    source: "Shown",
    at: float | None,
    files: "Sequence[Path]",
    *,
    asked: "Mapping[str, Any]",
    of_cld: "Mapping[str, Any]",
    placing: "dict[str, Any]",
    kind: str,
    progress: "Callable[[str], None] | None" = None,
) -> "Diagram":
    """Return the diagram; without files, or too large for a picture, one that is not laid out."""
    from loopscope.loops import diagram as draw
    from loopscope.loops.diagrams.choosing.asking import finished
    from loopscope.loops.diagrams.choosing.sizing import FORCED, MOST, refuse_large
    from loopscope.loops.diagrams.choosing.sketching import sketched
    from loopscope.loops.diagrams.exporting.formats import format_of

    if not any(format_of(file).placed for file in files):
        placing = {**placing, "level": "bare"}
    if kind != "cld":
        return draw(source.found, source.scores, at, kind=kind, **asked, **placing)  # type: ignore[arg-type]
    room = FORCED if placing["force"] else MOST
    pictures = any(file.name.casefold().endswith(PICTURES) for file in files)
    as_picture = pictures or (not files and asked["show"] is None)
    sketch, caption = sketched(
        source.found, source.scores, at, **asked, **of_cld, room=room if as_picture else None,
        moves=MOVES,
    )  # fmt: skip
    count = len(sketch.nodes)
    if pictures:
        refuse_large(count, force=placing["force"], moves=MOVES)
    if count > room and not pictures:
        placing = {**placing, "level": "bare"}
    tell = progress or (lambda _: None)
    return finished(
        sketch, caption, source.found.graph.model, **placing,
        told=lambda done, of: tell(f"laying out, {done} of {of} tries"),
    )  # fmt: skip
