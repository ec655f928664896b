"""``loopscope fit``: estimate free parameters of a case from what was observed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loopscope.analysis.commands.options import AsJson, ModelName, Plot, Settings

if TYPE_CHECKING:
    from loopscope.analysis.fitting.fitted import Fitted


def fit(
    model: ModelName,
    case: Annotated[
        str, typer.Option("--case", "-c", metavar="NAME", help="Real place and period.")
    ],
    free: Annotated[
        list[str] | None,
        typer.Option(
            "--free",
            metavar="NAME[=LOW:HIGH]",
            help="A constant, or a stock for its start value, that the fit may move; the range of "
            "the case or the model otherwise. Replaces what the case leaves free. May be given "
            "again.",
        ),
    ] = None,
    settings: Settings = None,
    starts: Annotated[
        int, typer.Option(min=1, help="Descents: from the case, and spread over the ranges.")
    ] = 8,
    profiles: Annotated[
        int, typer.Option(min=0, help="Profile the likelihood of so many, the least known first.")
    ] = 3,
    hold_out: Annotated[
        bool,
        typer.Option(
            "--hold-out/--no-hold-out", help="Fit the first two thirds by themselves as well."
        ),
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of the spread starts.")] = 0,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write all of it as .json, or the estimates as .toml for a case. May be given "
            "again.",
        ),
    ] = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Fit a case: least squares with exact derivatives, errors, and what the record cannot tell.

    Prints the estimates with their errors, the error of each series, what a fit to the first two
    thirds says about the last, and the lines to paste into the case.
    """
    from loopscope.analysis import outputs, tables
    from loopscope.analysis.fitting import fit as fitting
    from loopscope.analysis.fitting.telling import as_data, print_fitted
    from loopscope.analysis.progress import waiting
    from loopscope.analysis.settings import read_ranges, read_settings

    files = [outputs.target(path, (".json", ".toml")) for path in out or ()]
    picture = outputs.target(plot, outputs.PICTURES) if plot else None
    with waiting(f"fitting {case}") as step:
        fitted = fitting.fit(
            model,
            case,
            read_ranges(free) if free else None,
            parameters=read_settings(settings or ()),
            starts=starts,
            profiles=profiles,
            held_out=hold_out,
            seed=seed,
            progress=step,
        )
    for path in files:
        _write(fitted, path)
    if picture is not None:
        from loopscope.analysis.fitting.fit_figures import fit_figure
        from loopscope.analysis.style import save

        save(fit_figure(fitted), picture)
    if as_json:
        tables.print_json(as_data(fitted))
        return
    print_fitted(fitted)
    tables.wrote(*files, picture)


def _write(fitted: "Fitted", path: Path) -> None:
    import json

    from loopscope.analysis import outputs, tables
    from loopscope.analysis.fitting.telling import as_data, as_toml

    if path.suffix.casefold() == ".toml":
        outputs.write_text(path, as_toml(fitted))
        return
    text = json.dumps(tables.finite(as_data(fitted)), indent=2, allow_nan=False)
    outputs.write_text(path, text + "\n")
