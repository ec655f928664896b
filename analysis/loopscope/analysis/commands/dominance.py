"""``loopscope dominance``: how sure one can be of which loop dominates."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loopscope.analysis.commands.options import AsJson, Plot, StoreName

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from loopscope.analysis.dominating.ensemble import Ensemble
    from loopscope.analysis.dominating.telling import Told

FIGURES = ("probability", "shifts", "map", "box")


def dominance(
    store: StoreName,
    scenario: Annotated[
        str | None, typer.Option("--scenario", "-s", metavar="NAME", help="Where it has several.")
    ] = None,
    at: Annotated[
        list[float] | None,
        typer.Option("--at", metavar="TIME", help="Show this time. May be given again."),
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(
            "--map", metavar="P1,P2", help="Which loop dominates over these two parameters."
        ),
    ] = None,
    statement: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="In which box of parameters this mostly holds: 'R6 dominates before 2050'. May be "
            "given again.",
        ),
    ] = None,
    flip: Annotated[
        float | None,
        typer.Option(
            metavar="TIME", help="Smallest change that makes another loop dominate at this time."
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="LOOP", help="With --flip: the loop that shall dominate.")
    ] = None,
    move: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH=TIME", help="Smallest change that moves a shift, as first=2030 does."
        ),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Score a sample of runs by these as well: pathway,influence."
        ),
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="With --methods: how many runs.")] = 32,
    least: Annotated[
        float, typer.Option(help="Least share of a dominating loop; 0.5: more than all others.")
    ] = 0.0,
    shortest: Annotated[
        float | None,
        typer.Option(
            help="Shortest period that makes a shift, in time units. [default: 2 % of the run]"
        ),
    ] = None,
    level: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="The model that was swept, for --flip, --move and --methods; needed if it is your "
            "own file.",
        ),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What --plot draws: probability, shifts, map or box; by what was asked otherwise.",
        ),
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write probabilities as .csv or .parquet, all of it as .nc. May be given again.",
        ),
    ] = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Say how sure it is which loop dominates when, what decides it, and what would change it.

    Prints the probability that each tracked loop dominates, when dominance shifts, and which
    parameters decide which loop wins at the time at which that is least sure, or the first --at.
    """
    from loopscope import analysis
    from loopscope.analysis import outputs, tables
    from loopscope.analysis.dominating.ensemble import ensemble_of
    from loopscope.analysis.dominating.telling import as_data, columns_of, print_told

    files = [outputs.target(path, outputs.SERIES) for path in out or ()]
    picture = outputs.target(plot, outputs.PICTURES) if plot else None
    drawn = _drawn(figure, over, statement)
    pair = _pair(over) if over is not None else None
    moved = _moved(move) if move is not None else None
    swept = analysis.open_sweep(store)
    ensemble = ensemble_of(swept, scenario, least=least, shortest=shortest)
    asked: dict[str, Any] = {
        "at": at, "over": pair, "statements": statement or (), "flip": flip, "to": to,
        "move": moved, "methods": methods, "sample": sample, "level": level, "model": model,
    }  # fmt: skip
    told = _told(ensemble, **asked)
    for path in files:
        outputs.write_found(told.dominance, lambda: columns_of(told.dominance), path)
    if picture is not None:
        from loopscope.analysis.style import save

        save(_figure(told, ensemble, drawn), picture)
    if as_json:
        tables.print_json(as_data(told))
        return
    print_told(told)
    tables.wrote(*files, picture)


def _told(
    ensemble: "Ensemble",
    *,
    at: list[float] | None,
    over: tuple[str, str] | None,
    statements: Any,
    flip: float | None,
    to: str | None,
    move: tuple[str, float] | None,
    methods: str | None,
    sample: int,
    level: float,
    model: str | None,
) -> "Told":
    """Compute what was asked for."""
    from loopscope.analysis.dominating.bench import bench_of
    from loopscope.analysis.dominating.by_method import dominance_by_method
    from loopscope.analysis.dominating.deciding import deciding_of
    from loopscope.analysis.dominating.discovering import discover_in
    from loopscope.analysis.dominating.flipping import smallest_from
    from loopscope.analysis.dominating.gathering import dominance_of
    from loopscope.analysis.dominating.mapping import map_of
    from loopscope.analysis.dominating.telling import Told, most_open, shown_times
    from loopscope.analysis.progress import waiting

    with waiting("dominance") as step:
        record = dominance_of(ensemble, level=level)
        times = shown_times(record, [ensemble.time[ensemble.moment(one)] for one in at or ()])
        when = times[0] if at else most_open(record)
        deciding = deciding_of(ensemble, when)
        cells = map_of(ensemble, over, when) if over is not None else None
        boxes = tuple(discover_in(ensemble, text) for text in statements)
        changes, by_method = [], None
        if flip is not None or move is not None or methods is not None:
            bench = bench_of(ensemble, model)
            if flip is not None:
                changes.append(smallest_from(bench, ensemble, at=flip, to=to))
            if move is not None:
                changes.append(smallest_from(bench, ensemble, shift=move[0], time=move[1]))
            if methods is not None:
                names = [one.strip() for one in methods.split(",") if one.strip()]
                by_method = dominance_by_method(
                    ensemble.swept, names, runs=sample, level=level, model=model, progress=step
                )
    return Told(
        dominance=record, deciding=deciding, at=times, cells=cells, boxes=boxes,
        changes=tuple(changes), methods=by_method,
    )  # fmt: skip


def _drawn(figure: str | None, over: str | None, statement: list[str] | None) -> str:
    """Return which picture is drawn."""
    from loopscope.models.errors import StudyError, did_you_mean

    if figure is None:
        return "map" if over is not None else "box" if statement else "probability"
    if figure not in FIGURES:
        msg = f"no figure '{figure}'{did_you_mean(figure, FIGURES)}; there are {', '.join(FIGURES)}"
        raise StudyError(msg)
    if (figure == "map" and over is None) or (figure == "box" and not statement):
        needed = "--map P1,P2" if figure == "map" else "--statement TEXT"
        msg = f"--figure {figure} needs {needed}"
        raise StudyError(msg)
    return figure


def _pair(text: str) -> tuple[str, str]:
    from loopscope.models.errors import StudyError

    names = [one.strip() for one in text.split(",")]
    if len(names) != 2 or not all(names):
        msg = f"--map needs two parameters with a comma between them, got '{text}'"
        raise StudyError(msg)
    return names[0], names[1]


def _moved(text: str) -> tuple[str, float]:
    from loopscope.models.errors import StudyError

    which, _, time = text.partition("=")
    try:
        return which.strip(), float(time)
    except ValueError:
        msg = f"--move needs which shift and a time, as first=2030; got '{text}'"
        raise StudyError(msg) from None


def _figure(told: "Told", ensemble: "Ensemble", drawn: str) -> "Figure":
    from loopscope.analysis.dominating import shift_times
    from loopscope.analysis.dominating.box_figures import box_figure
    from loopscope.analysis.dominating.dominance_figures import probability_figure, shift_figure
    from loopscope.analysis.dominating.looks import looks_of
    from loopscope.analysis.dominating.map_figures import map_figure

    if drawn == "map" and told.cells is not None:
        return map_figure(told.cells, looks=looks_of(told.dominance))
    if drawn == "box":
        return box_figure(told.boxes[0])
    if drawn == "shifts":
        times = shift_times.first_and_last(ensemble)[shift_times.sound(ensemble)]
        return shift_figure(told.dominance, {"first": times[:, 0], "last": times[:, 1]})
    return probability_figure(told.dominance)
