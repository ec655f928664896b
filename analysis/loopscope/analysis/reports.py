"""One folder that shows what a model does.

In: a model.  Out: a folder of tables, data and pictures, written chapter by chapter, with a
``README.md`` that says what is where.  A chapter is a function of a ``Draft``: it writes its files
and tells what they are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from loopscope.analysis import folders, outputs
from loopscope.analysis.draft import Draft, Entry, safe, slug, table_row
from loopscope.analysis.highlights import highlights
from loopscope.analysis.loop_chapter import loop_chapter
from loopscope.analysis.measures import Fit, fits
from loopscope.analysis.runs import Choice, Run, simulate_one, with_stocks
from loopscope.analysis.tables import moment, number, percent, plain
from loopscope.analysis.uncertainty_chapter import RUNS, STEPS, uncertainty_chapter
from loopscope.models.case import cases
from loopscope.models.names import key
from loopscope.models.scenario import Scenario, scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from loopscope.analysis.comparison import Comparison
    from loopscope.analysis.runs import AnyModel

DEFAULT_MODEL = "migration_policy"
DEFAULT_FOLDER = "loopscope-report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that has been written: where, what, and the numbers behind its summary."""

    folder: Path
    model: str
    compared: Comparison
    bases: tuple[Run, ...]
    scenarios: tuple[Scenario | None, ...]
    fits: tuple[tuple[str, tuple[Fit, ...]], ...]
    runs: tuple[Run, ...]
    entries: tuple[Entry, ...]


def simulate(draft: Draft) -> None:
    """Run every scenario and every case."""
    for record in draft.records:
        draft.runs.append(simulate_one(draft.prepared, record, Choice()))
        draft.tick()
    for case in draft.case_records:
        run = simulate_one(draft.prepared, None, Choice(case=case))
        draft.case_runs.append((case, run, fits(run, case.observed)))
        draft.tick()


def tables(draft: Draft) -> None:
    """Write the summary, what the variables are, and how well the cases fit."""
    what = "key outcomes of every scenario: end, change against the base, peak, crossings"
    outputs.write_table(draft.compared.columns(), draft.file("summary.csv", what))
    facts = [f for f in draft.prepared.variables.values() if f.kind != "lookup"]
    columns: dict[str, Sequence[Any]] = {
        "variable": [f.name for f in facts],
        "kind": [f.kind for f in facts],
        "unit": [f.units for f in facts],
        "lowest": ["" if f.low is None else f.low for f in facts],
        "highest": ["" if f.high is None else f.high for f in facts],
        "group": [f.group for f in facts],
        "documentation": [plain(f.documentation) for f in facts],
    }
    what = "every variable: kind, unit, declared range, documentation"
    outputs.write_table(columns, draft.file("variables.csv", what))
    found = [(case.name, fit) for case, _, all_fits in draft.case_runs for fit in all_fits]
    if found:
        columns = {
            "case": [name for name, _ in found],
            "variable": [f.variable for _, f in found],
            "series": [f.series for _, f in found],
            "unit": [f.units for _, f in found],
            "points": [f.points for _, f in found],
            "rmse": [f.rmse for _, f in found],
            "mape_percent": [f.mape for _, f in found],
            "theil_bias": [f.theil.bias for _, f in found],
            "theil_variation": [f.theil.variation for _, f in found],
            "theil_covariation": [f.theil.covariation for _, f in found],
        }
        what = "errors of each case against each observed series"
        outputs.write_table(columns, draft.file("fit.csv", what))


def data(draft: Draft) -> None:
    """Write every run as CSV, and all scenarios as one netCDF file."""
    for run in draft.runs:
        path = draft.file(f"scenarios/{slug(run.label)}.csv", f"all variables of '{run.label}'")
        outputs.write_runs([run], path)
    for case, run, _ in draft.case_runs:
        path = draft.file(f"cases/{slug(case.name)}.csv", f"all variables of case '{case.name}'")
        outputs.write_runs([run], path)
    path = draft.file(
        "scenarios.nc", "all scenarios in one file, dims (scenario, time), with units"
    )
    outputs.write_netcdf(outputs.as_dataset(draft.runs, by_scenario=True), path)


def pictures(draft: Draft) -> None:
    """Draw the overview, each scenario against the base, and each case with its observations."""
    from loopscope.analysis import figures

    known = highlights(draft.prepared.name)
    chosen = [run for name in known.scenarios for run in draft.runs if run.label == name]
    front = chosen or draft.runs[:4]
    names = ", ".join(run.label for run in front)
    figure = figures.overview(front, known.front, title=known.front_title or None)
    draft.picture(figure, "overview", f"key variables: {names}")
    for base, run in list(zip(draft.bases, draft.runs, strict=True))[1:]:
        title = f"{figures.called(run)}: '{run.label}' against '{base.label}'"
        figure = figures.small_multiples([base, run], title=title)
        what = f"'{run.label}' against '{base.label}'"
        draft.picture(figure, f"scenario-{slug(run.label)}", what)
    for case, run, found in draft.case_runs:
        if found:
            figure = figures.case_figure([run], case)
            draft.picture(figure, f"case-{slug(case.name)}", f"case '{case.name}' and observations")


def index(draft: Draft) -> None:
    """Write the page that says what is where."""
    path = draft.file("README.md", "this page")
    outputs.write_text(path, page(draft))


CHAPTERS: tuple[Callable[[Draft], None], ...] = (
    simulate,
    tables,
    data,
    pictures,
    loop_chapter,
    uncertainty_chapter,
    index,
)
"""What a report holds, in order; a chapter may use what those before it left in the draft."""


def report(
    model: AnyModel = DEFAULT_MODEL,
    out: str | Path = DEFAULT_FOLDER,
    *,
    runs: int = RUNS,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Run all scenarios and cases of a model and write one folder of results.

    Parameters
    ----------
    model
        A model from ``load``, a library name or a path.
    out
        The folder.  An older report in it is replaced; any other content is refused.
    runs
        Of the sweep over all constants with a declared distribution, from which the report says how
        sure one can be; 0 leaves that chapter out.
    progress
        Called with (steps done, steps).

    Returns
    -------
    Report
        Where the folder is, what is in it, and the numbers of its summary.

    Raises
    ------
    OutputError
        The folder cannot be written; nothing is left half-written.
    LoopscopeError
        As ``simulate``.
    """
    target = folders.free(out)
    prepared = with_stocks(model)
    records: list[Scenario | None] = list(scenarios(prepared.path).values())
    base = next((r for r in records if r is not None and key(r.name) == "base"), None)
    records = [base, *(r for r in records if r is not base)]
    case_records = list(cases(prepared.path).values())
    done, total = 0, 4 * len(records) + 2 * len(case_records) + (STEPS if runs else 0)

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(min(done, total), total)

    with folders.whole_folder(target) as folder:
        draft = Draft(
            folder=folder,
            prepared=prepared,
            records=records,
            case_records=case_records,
            tick=tick,
            uncertain_runs=runs,
        )
        for chapter in CHAPTERS:
            chapter(draft)
        _mark(draft)
    return Report(
        folder=target,
        model=prepared.name,
        compared=draft.compared,
        bases=tuple(draft.bases),
        scenarios=tuple(records),
        fits=tuple((case.name, tuple(found)) for case, _, found in draft.case_runs),
        runs=(
            *draft.runs,
            *(replace(run, label=f"case {run.label}") for _, run, _ in draft.case_runs),
        ),
        entries=tuple(draft.entries),
    )


def _mark(draft: Draft) -> None:
    """Write the file by which the folder is known as a report."""
    from importlib.metadata import version

    path = draft.file(folders.MARKER, "what wrote this folder, and when to replace it")
    facts = {
        "loopscope": version("loopscope"),
        "model": draft.prepared.name,
        "model_sha256": draft.prepared.sha256,
        "files": sorted(entry.file for entry in draft.entries),
    }
    outputs.write_text(path, json.dumps(facts, indent=2) + "\n")


def page(draft: Draft) -> str:
    """Return the page that says what happened and what is where, in Markdown."""
    base, name = draft.runs[0], draft.prepared.name
    lines = [
        f"# {highlights(name).title}",
        "",
        f"Every scenario and case of the model `{name}`, from {moment(base.time[0])} to "
        f"{moment(base.time[-1])} {base.time_units}, compared with '{base.label}'.",
        "",
        "![Key variables](pictures/overview.png)",
        "",
        "## What happened",
        "",
    ]
    variables = list(dict.fromkeys(o.variable for o in draft.compared.outcomes))[:6]
    lines += table_row(["scenario", *variables]) + table_row(["---", *("---:" for _ in variables)])
    for base, run in zip(draft.bases, draft.runs, strict=True):
        lines += table_row(
            [
                labelled(run, base, draft.runs[0]),
                *(ended(draft.compared, run.label, v) for v in variables),
            ]
        )
    lines += [
        "",
        "Values at the end of the run, and their change against the base or the scenario named.",
        "",
    ]
    for record, run in zip(draft.records, draft.runs, strict=True):
        words = [w for w in (record.sentence, record.expect) if w] if record is not None else []
        status = "" if run.status == "ok" else f" The run failed: {run.status}."
        if words or status:
            lines.append(f"- **{safe(run.label)}**: {safe(' Expected: '.join(words))}{status}")
    for section in draft.sections:
        lines += ["", section]
    lines += ["", "## What is where", ""]
    lines += table_row(["file", "what it holds"]) + table_row(["---", "---"])
    for entry in draft.entries:
        lines += [f"| [{entry.file}]({entry.file}) | {safe(entry.what)} |"]
    return "\n".join(lines) + "\n"


def labelled(run: Run, base: Run, first: Run) -> str:
    """Return the label of a run, with what it is compared with where that is not the first."""
    return run.label if base is first else f"{run.label} (against {base.label})"


def ended(compared: Comparison, scenario: str, variable: str) -> str:
    """Return where a variable ended in a scenario, and its change against the base."""
    for outcome in compared.outcomes:
        if (outcome.scenario, outcome.variable) == (scenario, variable):
            own = scenario == outcome.against
            return number(outcome.final) + ("" if own else f" ({percent(outcome.change)})")
    return number(None)
