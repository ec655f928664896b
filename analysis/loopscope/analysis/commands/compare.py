"""``loopscope compare``: scenarios side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loopscope.analysis.commands.options import (
    AsJson,
    CaseName,
    ModelName,
    Outputs,
    Plot,
    ScenarioNames,
    Settings,
)

if TYPE_CHECKING:
    from loopscope.analysis.comparison import Comparison


def compare(
    model: ModelName,
    scenario: ScenarioNames = None,
    case: CaseName = None,
    settings: Settings = None,
    output: Outputs = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the table as .csv or .parquet. May be given again.",
        ),
    ] = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Compare scenarios with the first one named.

    A scenario named alone is compared with the model as it stands.
    """
    from dataclasses import asdict

    from loopscope.analysis import comparison, outputs, tables
    from loopscope.analysis.commands.run import finish
    from loopscope.analysis.settings import read_settings

    files = [outputs.target(path, outputs.TABLES) for path in out or ()]
    picture = outputs.target(plot, outputs.PICTURES) if plot else None
    compared = comparison.compare(
        model,
        scenario or (),
        case=case,
        parameters=read_settings(settings or ()),
        outputs=output or (),
    )
    for path in files:
        outputs.write_table(compared.columns(), path)
    if picture is not None:
        from loopscope.analysis import figures
        from loopscope.analysis.style import save

        names = list(dict.fromkeys(outcome.variable for outcome in compared.outcomes))
        save(figures.small_multiples(compared.runs, names), picture)
    if as_json:
        tables.print_json(
            {
                "model": compared.runs[0].model,
                "base": compared.base,
                "time_units": compared.runs[0].time_units,
                "runs": [{"scenario": r.label, "status": r.status} for r in compared.runs],
                "outcomes": [asdict(outcome) for outcome in compared.outcomes],
            }
        )
    else:
        print_comparison(compared)
        tables.wrote(*files, picture)
    finish(compared.runs)


def print_comparison(compared: "Comparison") -> None:
    """Print the outcomes, one line for each variable and scenario."""
    from loopscope.analysis.tables import moment, number, percent, print_table

    rows = []
    shown = ""
    for o in compared.outcomes:
        repeated = o.variable == shown
        shown = o.variable
        crossed = ", ".join(moment(time) for time in o.crossings[:2])
        more = f" (+{len(o.crossings) - 2})" if len(o.crossings) > 2 else ""
        rows.append(
            (
                "" if repeated else o.variable, "" if repeated else o.units, o.scenario,
                number(o.final), "" if o.scenario == compared.base else percent(o.change),
                number(o.peak), moment(o.time_of_peak),
                (crossed + more) or "-",
            )
        )  # fmt: skip
    run = compared.runs[0]
    print_table(
        f"{run.model}, compared with '{compared.base}'; the end is {moment(run.time[-1])}",
        (
            "variable", "unit", "scenario", "end", "change", "peak", "time of peak",
            "crosses the base at",
        ),
        rows,
        left=3,
    )  # fmt: skip
