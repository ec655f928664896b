"""All runs of a report, and its tables and data.

In: a ``Draft`` with records of scenarios and cases.  Out: a run for each, and files of numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loopscope.analysis import outputs
from loopscope.analysis.draft import slug
from loopscope.analysis.measures import fits
from loopscope.analysis.reality.kernels import Kernels
from loopscope.analysis.runs import Choice, simulate_one
from loopscope.analysis.tables import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.runs import Run
    from loopscope.models.scenario import Scenario


def simulate(draft: Draft) -> None:
    """Run every scenario and every case.

    Notes
    -----
    All share one kernel: what moves in one of them is a path in each, which changes no bit.
    """
    records = [one for one in draft.records if one is not None]
    kernels = Kernels(prepared=draft.prepared, records=[*records, *draft.case_records])
    total = len(draft.records) + len(draft.case_records)
    for number, record in enumerate(draft.records):
        draft.step("running the scenarios", number, total)
        paths = kernels.as_paths({}, record, None)
        run = simulate_one(draft.prepared, record, Choice(parameters=paths))
        draft.runs.append(replace(run, changed=_changed(record)))
    for number, case in enumerate(draft.case_records, start=len(draft.records)):
        draft.step("running the cases", number, total)
        paths = kernels.as_paths({}, None, case)
        run = simulate_one(draft.prepared, None, Choice(case=case, parameters=paths))
        run = replace(run, changed=_changed(case))
        draft.case_runs.append((case, run, fits(run, case.observed)))


def _changed(record: Scenario | None) -> float | None:
    """Return when the first path that a record sets begins; None where it sets none."""
    begins = [
        float(setting.times[0]) if hasattr(setting, "times") else float(setting.start)
        for setting in (record.settings.values() if record is not None else ())
        if hasattr(setting, "times") or hasattr(setting, "start")
    ]
    return min(begins, default=None)


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
    total = len(draft.runs) + len(draft.case_runs) + 1
    done = 0
    for run in draft.runs:
        draft.step("writing the data", done, total)
        _written(draft, run, f"scenarios/{slug(run.label)}.csv", f"'{run.label}'")
        done += 1
    for case, run, _ in draft.case_runs:
        draft.step("writing the data", done, total)
        _written(draft, run, f"cases/{slug(case.name)}.csv", f"case '{case.name}'")
        done += 1
    draft.step("writing the data", done, total)
    path = draft.file(
        "scenarios.nc", "all scenarios in one file, dims (scenario, time), with units"
    )
    outputs.write_netcdf(outputs.as_dataset(draft.runs, by_scenario=True), path)


def _written(draft: Draft, run: Run, name: str, whose: str) -> None:
    outputs.write_runs([run], draft.file(name, f"all variables of {whose}"))
