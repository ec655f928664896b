"""A report while it is written, and text that Markdown shows as it is.

In: what a report is of.  Out: ``Draft``, which chapters fill one after another: each writes its
files and notes what they hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from loopscope.analysis import comparison
from loopscope.analysis.tables import plain
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.figure import Figure

    from loopscope.analysis.comparison import Comparison
    from loopscope.analysis.measures import Fit
    from loopscope.analysis.runs import Run
    from loopscope.models.case import Case
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a report, relative to its folder, and what it holds."""

    file: str
    what: str


@dataclass(kw_only=True)
class Draft:
    """A report while it is written.

    Attributes
    ----------
    uncertain_runs
        Runs of the sweep behind the chapter on uncertainty; 0 leaves the chapter out.
    records
        The scenario behind each run; None for the model as it stands.
    runs
        The first is the base.
    case_runs
        A run for each case, with its errors against what was observed.
    entries
        What has been written.
    sections
        Parts of the page that chapters wrote, in Markdown.
    """

    folder: Path
    prepared: Prepared
    records: list[Scenario | None]
    case_records: list[Case]
    tick: Callable[[], None]
    uncertain_runs: int = 0
    runs: list[Run] = field(default_factory=list)
    case_runs: list[tuple[Case, Run, list[Fit]]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)

    @property
    def bases(self) -> list[Run]:
        """What each run is compared with: the scenario that it extends, or the first."""
        known = {run.label: run for run in self.runs}
        extended = [record.extends if record is not None else "" for record in self.records]
        names = {key(label): label for label in known}
        return [known[names[key(name)]] if name else self.runs[0] for name in extended]

    @cached_property
    def compared(self) -> Comparison:
        """Key outcomes of all scenarios, each against its base; worked out once all have run."""
        return comparison.of_runs(self.runs, bases=self.bases)

    def file(self, name: str, what: str) -> Path:
        """Note a file and return where to write it."""
        self.entries.append(Entry(name, what))
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        return path

    def picture(self, figure: Figure, name: str, what: str) -> None:
        """Write a picture as PNG and SVG."""
        from loopscope.analysis.style import save

        for suffix in ("png", "svg"):
            save(figure, self.file(f"pictures/{name}.{suffix}", what))
            figure.set_layout_engine("none")  # found once; finding it costs as much as drawing
        self.tick()


def slug(name: str) -> str:
    """Return a name fit for a file.

    Examples
    --------
    >>> slug("Border build-up: 50 %")
    'border-build-up-50'
    """
    return re.sub(r"\W+", "-", key(name)).strip("-") or "unnamed"


def table_row(cells: list[str]) -> list[str]:
    """Return one row of a Markdown table."""
    return ["| " + " | ".join(safe(cell) for cell in cells) + " |"]


def safe(text: str) -> str:
    """Return text that Markdown shows as it is: names come from files."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", plain(text)) if text.strip("-:") else text
