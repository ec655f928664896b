"""``loopscope modes``: how the runs of a sweep behave in the long run, and how often."""

from typing import TYPE_CHECKING, Annotated

import typer

from loopscope.analysis.commands.options import AsJson, Plot, StoreName

if TYPE_CHECKING:
    import xarray as xr


def modes(
    store: StoreName,
    of: Annotated[
        list[str] | None,
        typer.Option("--of", metavar="NAME", help="Series of the sweep; may be given again."),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", "-s", metavar="NAME", help="Of a map or a picture.")
    ] = None,
    between: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Look for lock-in: runs of two scenarios, which differ by a shock that has "
            "passed, that end apart.",
        ),
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option(help="How far apart that is, in the unit of the series; else a tenth of all."),
    ] = None,
    over: Annotated[
        str | None,
        typer.Option("--map", metavar="X,Y", help="Map the modes over two parameters."),
    ] = None,
    cells: Annotated[
        int, typer.Option(min=1, help="Of the map along each parameter, unless it is a grid.")
    ] = 16,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Tell modes of behaviour: growth, overshoot, collapse, oscillation, lock-in and others.

    Prints the share of each mode with its interval, period and damping, the parameters that decide
    it most, and modes that the documentation of the model does not list. The picture shows runs of
    each mode; with --map the map, of lock-in where --between is given.
    """
    from loopscope import analysis
    from loopscope.analysis import outputs, tables
    from loopscope.analysis.behaviour.deciding import what_decides
    from loopscope.analysis.behaviour.telling import as_data, print_modes

    picture = outputs.target(plot, outputs.PICTURES) if plot else None
    pair, axes = _two(between, "--between"), _two(over, "--map")
    swept = analysis.open_sweep(store)
    found = analysis.modes(swept, of, between=pair, gap=gap)
    decided = what_decides(swept, found)
    mapped = _mapped(swept, found, axes, scenario, cells, lock_in=pair is not None)
    if picture is not None:
        from loopscope.analysis.behaviour.mode_figures import map_figure, modes_figure
        from loopscope.analysis.style import save

        if mapped is None:
            save(modes_figure(swept, found, None, scenario), picture)
        else:
            save(map_figure(mapped), picture)
    if as_json:
        tables.print_json(as_data(found, decided, mapped))
        return
    print_modes(found, decided, mapped)
    tables.wrote(picture)


def _mapped(
    swept: "xr.Dataset",
    found: "xr.Dataset",
    axes: tuple[str, str] | None,
    scenario: str | None,
    cells: int,
    *,
    lock_in: bool,
) -> "xr.Dataset | None":
    from loopscope.analysis.behaviour.mapping import mode_map

    if axes is None:
        return None
    return mode_map(swept, found, axes, scenario=scenario, cells=cells, lock_in=lock_in)


def _two(text: str | None, option: str) -> tuple[str, str] | None:
    """Return two names; names hold commas now and then, so a semicolon may part them as well."""
    from loopscope.models.errors import StudyError

    if text is None:
        return None
    parts = [part.strip() for part in text.split(";" if ";" in text else ",")]
    if len(parts) != 2 or not all(parts):
        msg = f"{option} takes two names, parted by ',' (or ';' where a name has a comma): {text!r}"
        raise StudyError(msg)
    return parts[0], parts[1]
