"""The chapter that says where everything in a report comes from, and how to make it again.

In: a ``Draft`` whose files are written.  Out: what was run with which versions, hashes of the files
of the model, commands, what each file of the folder holds, and what has to be said of data.

Nothing here depends on the machine or the clock: the same model and versions give the same bytes.
A date stands in the report only where the variable ``SOURCE_DATE_EPOCH`` gives one.
"""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version_tuple
from shlex import quote
from typing import TYPE_CHECKING

from loopscope.analysis.highlights import highlights
from loopscope.analysis.reporting.blocks import (
    Bullets,
    Details,
    Heading,
    Paragraph,
    Section,
    Table,
    Text,
)
from loopscope.analysis.tables import moment
from loopscope.models.scenario import beside

if TYPE_CHECKING:
    from loopscope.analysis.draft import Draft
    from loopscope.analysis.reporting.blocks import Block, Words

BESIDE = (
    "parameters.toml",
    "scenarios.toml",
    "cases.toml",
    "loops.toml",
    "checks.toml",
    "claims.toml",
)
"""Files beside a model that a report reads."""

LIBRARIES = ("loopscope", "numpy", "scipy", "sympy", "llvmlite", "matplotlib")
"""What numbers and pictures depend on."""

EPOCH = "SOURCE_DATE_EPOCH"
"""Seconds since 1970 that stand for now, as tools that make the same bytes twice agree on."""


def provenance_chapter(draft: Draft) -> Section:
    """Return the chapter; to be called when the files of the report are known."""
    blocks: list[Block] = [_made(draft), Heading("How to make it again", "provenance-again")]
    blocks += _again(draft)
    credit = highlights(draft.prepared.name).credits
    sources = [
        (case.title or case.name, observed.variable, observed.source)
        for case in draft.case_records
        for observed in case.observed
    ]
    if credit or sources:
        blocks.append(Heading("Sources of data", "provenance-data"))
    if credit:
        told = "Lines to reproduce with any chart that shows these data:"
        blocks += [Paragraph(told), Bullets(credit)]
    if sources:
        said: dict[str, list[str]] = {}
        for case, variable, source in sources:
            said.setdefault(source, []).append(f"{variable} ({case})")
        rows = tuple((source, "; ".join(dict.fromkeys(used))) for source, used in said.items())
        caption = "Sources of what was measured, as the cases name them"
        table = Table(("source", "used for"), rows, caption)
        blocks.append(Details(f"Sources of what was measured ({len(rows)})", (table,)))
    files = tuple((Text(one.file, link=one.file), one.what) for one in draft.entries)
    blocks += [
        Heading("Files of this report", "provenance-files"),
        Table(("file", "what it holds"), files, "What is where"),
    ]
    return Section(
        id="provenance",
        title="Where it comes from",
        lead="What was run, with which versions, and how to make every number of this report "
        "again.",
        blocks=tuple(blocks),
    )


def called(draft: Draft) -> str:
    """Return the model as a command names it: a library model by name, another by its file."""
    from loopscope.models.source import LIBRARY

    path = Path(draft.prepared.path)
    return draft.prepared.name if path.is_relative_to(LIBRARY) else path.name


def _made(draft: Draft) -> Table:
    base = draft.runs[0]
    model = Path(draft.prepared.path)
    unit = f" ({base.time_units})" if base.time_units else ""
    rows: list[tuple[Words, ...]] = [
        ("model", Text(called(draft), "code")),
        ("period", f"{moment(base.time[0])} to {moment(base.time[-1])}{unit}"),
    ]
    if draft.looked.checked is not None and draft.looked.checked.method:
        checked = draft.looked.checked
        rows.append(("method and time step", f"{checked.method}, {checked.dt:g}"))
    if draft.swept is not None:
        runs, seed = draft.swept.sizes["run"], draft.swept.attrs.get("seed", 0)
        rows.append(("sweep", f"{runs:,} runs, seed {seed}"))
    rows.append(("Python", ".".join(python_version_tuple()[:2])))
    rows += [(name, version(name)) for name in LIBRARIES]
    when = made_on()
    if when:
        rows.append(("made on", when))
    rows.append((f"SHA-256 of {model.name}", Text(draft.prepared.sha256, "code")))
    for name in BESIDE:
        path = beside(model, name)
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            rows.append((f"SHA-256 of {path.name}", Text(digest, "code")))
    return Table(("what", "value"), tuple(rows), "What was run")


def made_on() -> str:
    """Return the date that the environment gives, or nothing."""
    given = os.environ.get(EPOCH, "")
    if not given.isdecimal():
        return ""
    return datetime.fromtimestamp(int(given), UTC).date().isoformat()


def _again(draft: Draft) -> list[Block]:
    """Return the commands that make this report, and parts of it."""
    name = quote(called(draft))
    runs = f" --runs {draft.uncertain_runs}"
    commands: list[tuple[Words, Words]] = [
        ("this report", Text(f"loopscope report {name}{runs} --out report", "code")),
        ("checks and statements", Text(f"loopscope check {name}", "code")),
    ]
    labels = [run.label for run, record in zip(draft.runs, draft.records, strict=True) if record]
    if labels:
        command = f"loopscope run {name} --scenario {quote(labels[-1])}"
        commands.append((f"scenario '{labels[-1]}'", Text(command, "code")))
    if draft.case_records:
        case = draft.case_records[0].name
        commands.append(
            (f"case '{case}'", Text(f"loopscope run {name} --case {quote(case)}", "code"))
        )
    commands.append(("feedback loops", Text(f"loopscope loops {name}", "code")))
    if draft.looked.claims:
        commands.append(("claims and equations", Text(f"loopscope claims {name}", "code")))
    return [
        Paragraph(
            "In the folder of the model, with the versions above; runs are then the same to the "
            "last bit."
        ),
        Table(("to make", "command"), tuple(commands), "Commands"),
    ]
