"""``loopscope sensitivity``: which parameters decide the outcomes of a sweep."""

from pathlib import Path
from typing import Annotated

import typer

from loopscope.analysis.commands.options import AsJson, Plot, StoreName


def sensitivity(
    store: StoreName,
    of: Annotated[
        list[str] | None,
        typer.Option(
            "--of",
            metavar="NAME",
            help="A series, a metric, a loop, or 'METRIC is LABEL'; all by default. May be given "
            "again.",
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="sobol, morris, fast, prcc, pawn, delta, regional or local; what suits the design "
            "by default. May be given again.",
        ),
    ] = None,
    at: Annotated[
        list[float] | None,
        typer.Option(metavar="TIME", help="Only at this time. May be given again."),
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Compare the runs for which this holds with the others: 'peak irregular > 1e6'.",
        ),
    ] = None,
    resamples: Annotated[
        int | None,
        typer.Option(min=0, help="Of the bootstrap; 0 for no intervals. [default: the method's]"),
    ] = None,
    level: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="The model that was swept, for --method local; needed if it is your own file.",
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Parameters of each outcome in the table.")] = 3,
    figure: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What --plot draws: series, bars, plane (Morris) or convergence.",
        ),
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write all indices as .csv, .parquet or .nc. May be given again.",
        ),
    ] = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Say which parameters decide the outcomes of a sweep, and how sure that is.

    Prints the strongest parameters of each outcome, at the last time unless --at names
    others. All parameters and times are in --out, --json and --plot.
    """
    from loopscope import analysis
    from loopscope.analysis import outputs, tables
    from loopscope.analysis.indices.telling import as_data, columns, print_indices
    from loopscope.analysis.progress import shown

    files = [outputs.target(path, outputs.SERIES) for path in out or ()]
    picture = outputs.target(plot, outputs.PICTURES) if plot else None
    if figure is not None:
        from loopscope.analysis.indices.index_figures import chosen_figure

        figure = chosen_figure(figure)
    swept = analysis.open_sweep(store)
    with shown("indices") as step:
        found = analysis.sensitivity(
            swept,
            of or None,
            method=method or None,
            at=at or None,
            resamples=resamples,
            level=level,
            seed=seed,
            condition=condition,
            model=model,
            progress=step,
        )
    for path in files:
        outputs.write_found(found, lambda: columns(found), path)
    if picture is not None:
        from loopscope.analysis.indices.index_figures import figure_of
        from loopscope.analysis.style import save

        save(figure_of(found, swept, figure), picture)
    if as_json:
        tables.print_json(as_data(found))
        return
    print_indices(found, top, every=at is not None)
    tables.wrote(*files, picture)
