"""``loopscope sweep``: run a study, many runs over uncertain values."""

from pathlib import Path
from typing import Annotated

import typer

from loopscope.analysis.commands.options import RUN_FAILED, AsJson, Plot


def sweep(
    study: Annotated[
        str,
        typer.Argument(
            metavar="STUDY",
            show_default=False,
            help="A study's .toml file, or the name of one that comes with a model: "
            "'policy resistance', 'migration_policy/policy resistance'.",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="MODEL", help="In place of that of the study."),
    ] = None,
    runs: Annotated[
        int | None, typer.Option(min=1, help="Of each scenario, in place of the study's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the study's.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="STORE", help="Keep the results in a Zarr store, .zarr."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the store where a sweep stopped.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of a Dask scheduler whose workers compute."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Of this process; all processors by default.")
    ] = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Run a study: many runs over uncertain values, and what they end in.

    Prints quantiles of metrics and of series at the end, and the runs that failed. The picture has
    bands that hold 50, 80 and 95 % of the runs; histograms where only metrics are kept.
    """
    from loopscope import analysis
    from loopscope.analysis import outputs, tables
    from loopscope.analysis.progress import shown
    from loopscope.analysis.sweeping.choosing import chosen
    from loopscope.analysis.sweeping.filling import Interrupted
    from loopscope.analysis.sweeping.swept import failures
    from loopscope.analysis.sweeping.telling import as_data, print_swept

    picture = outputs.target(plot, outputs.PICTURES) if plot else None
    try:
        with shown("sweeping", "runs") as step:
            swept = analysis.sweep(
                *chosen(study, model),
                runs=runs,
                seed=seed,
                out=out,
                resume=resume,
                scheduler=scheduler,
                threads=threads,
                progress=step,
            )
    except Interrupted as stopped:
        raise typer.Abort(str(stopped)) from None
    if picture is not None:
        from loopscope.analysis.style import save
        from loopscope.analysis.sweeping.band_figures import sweep_figure

        save(sweep_figure(swept), picture)
    if as_json:
        tables.print_json(as_data(swept, None if out is None else str(out)))
    else:
        print_swept(swept)
        _say_next(swept.sizes.get("loop", 0), out, picture)
    if any(failures(swept).values()):
        raise typer.Exit(RUN_FAILED)


def _say_next(loops: int, out: Path | None, picture: Path | None) -> None:
    """Say what was written, and what can be asked of it."""
    from loopscope.analysis import tables

    tables.wrote(out, picture)
    if out is None:
        tables.out("nothing is kept: --out NAME.zarr keeps it for 'sensitivity' and 'dominance'\n")
        return
    store = tables.plain(str(out))
    tables.out(f"next: loopscope sensitivity {store}\n")
    if loops:
        tables.out(f"      loopscope dominance {store}\n")
