"""``loopscope report``: one folder of results."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loopscope.analysis.commands.options import AsJson

if TYPE_CHECKING:
    from loopscope.analysis.reports import Report


def report(
    model: Annotated[
        str,
        typer.Argument(metavar="[MODEL]", help="Name of a library model, or a model file."),
    ] = "migration_policy",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write.")] = Path(
        "loopscope-report"
    ),
    runs: Annotated[
        int,
        typer.Option(
            min=0, help="Of the sweep that says how sure one can be; 0 leaves that chapter out."
        ),
    ] = 2048,
    as_json: AsJson = False,
) -> None:
    """Run all scenarios and cases and write a report: a page to read or print, tables, data.

    An older report in the folder is replaced; a folder with anything else in it is refused.
    """
    from dataclasses import asdict

    from loopscope.analysis import progress, reports, tables
    from loopscope.analysis.commands.run import finish

    with progress.waiting("writing the report") as tell:

        def step(what: str, done: int, of: int) -> None:
            if tell is not None:
                tell(f"{what}, {done + 1} of {of}" if of > 1 else what)

        written = reports.report(model, out, runs=runs, progress=step)
    if as_json:
        tables.print_json(
            {
                "model": written.model,
                "folder": str(written.folder),
                "base": written.compared.base,
                "runs": [{"label": run.label, "status": run.status} for run in written.runs],
                "outcomes": [asdict(outcome) for outcome in written.compared.outcomes],
                "observed": {
                    name: [asdict(found) for found in all_fits] for name, all_fits in written.fits
                },
                "files": [asdict(entry) for entry in written.entries],
            }
        )
    else:
        print_report(written, out)
    finish(written.runs)


def print_report(written: "Report", folder: Path) -> None:
    """Print what happened in each scenario, what was expected, and where to look."""
    from loopscope.analysis.commands.run import print_fits
    from loopscope.analysis.reporting.scenario_chapter import ended, labelled
    from loopscope.analysis.tables import moment, out, plain, print_table

    compared = written.compared
    runs = compared.runs
    names = list(dict.fromkeys(outcome.variable for outcome in compared.outcomes))[:6]
    units = {outcome.variable: outcome.units for outcome in compared.outcomes}
    print_table(
        f"{written.model}: where each scenario ends in {moment(runs[0].time[-1])}, "
        f"and the change against '{compared.base}'",
        ("scenario", *(f"{name} ({units[name]})" for name in names)),
        [
            [labelled(run, base, runs[0]), *(ended(compared, run.label, name) for name in names)]
            for base, run in zip(written.bases, runs, strict=True)
        ],
        wrap=True,
    )
    told = [r for r in written.scenarios if r is not None and (r.sentence or r.expect)]
    if told:
        print_table(
            "What each scenario changes, and what it should show",
            ("scenario", "what is changed", "expected"),
            [(record.name, record.sentence, record.expect) for record in told],
            left=3,
        )
    for name, found in written.fits:
        if found:
            print_fits(f"case {name}", found)
    place = plain(str(folder))
    out(
        f"wrote {len(written.entries)} files to {place}\n"
        f"  start with    {place}/index.html  (or {place}/report.md)\n"
        f"  compute with  {place}/summary.csv, {place}/scenarios.nc\n"
    )
