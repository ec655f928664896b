"""``loopscope animate``: which loops drive a run, as it goes on."""

from pathlib import Path
from typing import Annotated

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
from loopscope.analysis.commands.options import CaseName, Dt, Initials, ModelName, Settings

Series = Annotated[
    list[str] | None,
    typer.Option(
        "--series", metavar="VAR",
        help="Variable drawn below, up to four. May be given again. [default: stocks of the "
        "strongest loops]",
    ),
]  # fmt: skip


def animate(
    model: ModelName,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE", help="Film: .gif, or .mp4 where the program ffmpeg is there."
        ),
    ],
    which: Which = None,
    around: Around = None,
    simplify: Simplify = None,
    scenario: ScenarioName = None,
    case: CaseName = None,
    settings: Settings = None,
    initial: Initials = None,
    method: ScoredBy = "ltm",
    series: Series = None,
    strip: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The same as stills side by side: the start, each shift of dominance, the end; "
            ".svg, .pdf or .png.",
        ),
    ] = None,
    start: Annotated[
        float | None, typer.Option(help="First time, in the model's unit. [default: of the run]")
    ] = None,
    stop: Annotated[
        float | None, typer.Option(help="Last time. [default: of the run]")
    ] = None,
    frames: Annotated[int, typer.Option(help="At most this many, up to 120.")] = 80,
    fps: Annotated[float, typer.Option(help="Frames a second, 1 to 25.")] = 8.0,
    keep: Keep = None,
    full: Full = False,
    layout: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Start from the places in a .json of 'loopscope diagram'."
        ),
    ] = None,
    seed: Seed = 0,
    level: Level = "best",
    theme: ThemeName = "colour",
    polarity: Signs = "+-",
    title: Title = "",
    dt: Dt = None,
) -> None:  # fmt: skip
    """Write a diagram that moves: links and loops grow and fade with their scores in a run.

    Variables, links and signs stay where they are; a bar shows the time, and so do cursors on key
    series. --strip writes the same as stills, for print.
    """
    from loopscope import loops, models
    from loopscope.analysis import shown_loops, tables
    from loopscope.analysis.progress import shown, waiting
    from loopscope.loops.diagrams.drawing.animation import check_film
    from loopscope.loops.diagrams.drawing.films import film_target
    from loopscope.loops.diagrams.drawing.strips import strip_target
    from loopscope.loops.pictures import called
    from loopscope.models.errors import LoopError

    film_target(out)
    check_film(frames, fps, series)
    if strip is not None:
        strip_target(strip)
    view, style = chosen_view(keep, full=full), style_of(theme, polarity)
    ids = ids_of(which)
    known = models.load(model)
    chosen, choice = run_of(model, scenario, case, settings, initial, dt)
    with waiting(f"animation of {known.name}") as step:
        source = shown_loops.of_run(known, chosen, choice, view=view, method=method, progress=step)
    if source.scores is None:
        msg = f"{known.name}: the model has no feedback loop, so there is nothing to animate"
        raise LoopError(msg)
    run = models.simulate(
        known, chosen, case=choice.case, parameters=choice.parameters, initial=choice.initial,
        dt=choice.dt, outputs=series or None,
    )  # fmt: skip
    if not title:
        title = called(known.name) + (f", {source.label}" if chosen or case else "")
    with shown("drawing frames") as drawn:
        film = loops.animate(
            source.found, source.scores, run, out, series=series, strip=strip, frames=frames,
            fps=fps, start=start, stop=stop, progress=drawn, show=ids, around=around,
            simplify=simplify, title=title, style=style, seed=seed, level=level, layout=layout,
        )  # fmt: skip
    tables.wrote(film, strip)
