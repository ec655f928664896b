"""One folder that shows what a model does: a report to hand over.

In: a model.  Out: a folder with ``index.html``, the same as ``report.md``, tables, data, pictures.
It is written chapter by chapter, by what is in ``reporting``; a chapter is a function of a
``Draft``.

Checks and the sweep run in processes of their own from the beginning, while this one simulates,
scores and draws: on two cores they cost next to no time of waiting.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loopscope.analysis import folders, outputs
from loopscope.analysis.draft import Draft, Entry
from loopscope.analysis.highlights import highlights
from loopscope.analysis.reporting.sureness import RUNS
from loopscope.analysis.runs import Run, with_stocks
from loopscope.models.case import cases
from loopscope.models.names import key
from loopscope.models.scenario import Scenario, scenarios

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loopscope.analysis.comparison import Comparison
    from loopscope.analysis.measures import Fit
    from loopscope.analysis.reporting.blocks import Section
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


def report(
    model: AnyModel = DEFAULT_MODEL,
    out: str | Path = DEFAULT_FOLDER,
    *,
    runs: int = RUNS,
    progress: Callable[[str, int, int], None] | None = None,
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
        Called with (what is being done, how much of it is done, how much there is).

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

    Notes
    -----
    What it says does not depend on the number of processors.
    """
    from loopscope.analysis.reporting.beside import Beside
    from loopscope.analysis.reporting.looking import look
    from loopscope.analysis.reporting.sureness import work_out

    target = folders.free(out)
    prepared = with_stocks(model)
    records: list[Scenario | None] = list(scenarios(prepared.path).values())
    base = next((r for r in records if r is not None and key(r.name) == "base"), None)
    records = [base, *(r for r in records if r is not base)]
    with folders.whole_folder(target) as folder:
        draft = Draft(
            folder=folder,
            prepared=prepared,
            records=records,
            case_records=list(cases(prepared.path).values()),
            step=progress or (lambda *_: None),
            uncertain_runs=runs,
        )
        try:
            draft.looking = Beside(look, prepared.path)
            if runs:
                draft.sweeping = Beside(work_out, prepared.path, runs)
            _write(draft)
        finally:
            for other in (draft.looking, draft.sweeping):
                if other is not None:
                    other.stop()
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


def _write(draft: Draft) -> None:
    """Write everything: what waits for another process comes last, and stands where it belongs."""
    from loopscope.analysis.reporting import running
    from loopscope.analysis.reporting.blocks import Document
    from loopscope.analysis.reporting.checked import checks_chapter
    from loopscope.analysis.reporting.claimed import claims_chapter
    from loopscope.analysis.reporting.html import html_of
    from loopscope.analysis.reporting.loop_chapter import loop_chapter
    from loopscope.analysis.reporting.markdown import markdown_of
    from loopscope.analysis.reporting.provenance import provenance_chapter
    from loopscope.analysis.reporting.real_cases import cases_chapter
    from loopscope.analysis.reporting.scenario_chapter import scenario_chapter
    from loopscope.analysis.reporting.summary import summary_chapter
    from loopscope.analysis.reporting.uncertainty_chapter import uncertainty_chapter
    from loopscope.analysis.tables import moment, plain

    running.simulate(draft)
    running.tables(draft)
    loops = loop_chapter(draft)
    running.data(draft)
    draft.step("drawing the cases", 0, 1)
    real = cases_chapter(draft)
    uncertainty = uncertainty_chapter(draft)
    draft.step("checking the model", 0, 1)
    checks = checks_chapter(draft)
    claims = claims_chapter(draft)
    scenarios_told = scenario_chapter(draft)
    provenance = provenance_chapter(draft)
    told = (scenarios_told, real, loops, uncertainty, checks, claims, provenance)
    sections: list[Section] = [one for one in told if one is not None]
    base = draft.runs[0]
    unit = f" ({plain(base.time_units)})" if base.time_units else ""
    span = f"{moment(base.time[0])} to {moment(base.time[-1])}{unit}"
    many = len(draft.runs)
    document = Document(
        title=plain(highlights(draft.prepared.name).title),
        subtitle=f"Model {plain(draft.prepared.name)}, {span}, "
        + (f"{many} scenarios" if many > 1 else "as it stands")
        + (f", {len(draft.case_runs)} cases" if draft.case_runs else ""),
        sections=(summary_chapter(draft, sections), *sections),
    )
    draft.step("writing the page", 0, 1)
    what = "this report, to read in a browser or print"
    outputs.write_text(draft.file("index.html", what), html_of(document, draft.folder))
    what = "the same as text with pictures, in Markdown"
    outputs.write_text(draft.file("report.md", what), markdown_of(document))
    _mark(draft)


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
