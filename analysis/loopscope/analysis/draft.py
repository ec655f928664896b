"""A report while it is written.

In: what a report is of.  Out: ``Draft``, which chapters fill one after another: each writes its
files, notes what they hold, and leaves what it found for those after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from loopscope.analysis import comparison, outputs
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import xarray as xr

    from loopscope.analysis.comparison import Comparison
    from loopscope.analysis.measures import Fit
    from loopscope.analysis.reporting.beside import Beside
    from loopscope.analysis.reporting.leading import Told
    from loopscope.analysis.reporting.looking import Looked
    from loopscope.analysis.runs import Run
    from loopscope.loops.diagrams.drawing.scene import Scene
    from loopscope.loops.finding.found import Loops
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
    step
        Called with what is being done, and as (done, of) how far that is.
    records
        The scenario behind each run; None for the model as it stands.
    runs
        The first is the base.
    case_runs
        A run for each case, with its errors against what was observed.
    entries
        What has been written.
    looking, sweeping
        Second processes at work: checks and claims; the sweep and what is made of it.
    found, told, colours
        Loops, what they do in each scenario, and the colour of each in all pictures; None and empty
        without any.
    swept, dominance, indices
        The sweep (one scenario), how probable each loop leads, and partial rank correlations.
    """

    folder: Path
    prepared: Prepared
    records: list[Scenario | None]
    case_records: list[Case]
    step: Callable[[str, int, int], None]
    uncertain_runs: int = 0
    runs: list[Run] = field(default_factory=list)
    case_runs: list[tuple[Case, Run, list[Fit]]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    looking: Beside | None = None
    sweeping: Beside | None = None
    found: Loops | None = None
    told: list[Told] = field(default_factory=list)
    colours: dict[str, str] = field(default_factory=dict)
    swept: xr.Dataset | None = None
    dominance: xr.Dataset | None = None
    indices: xr.Dataset | None = None

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

    @cached_property
    def looked(self) -> Looked:
        """What checks and claims have to say; waits for it where it is not there yet."""
        assert self.looking is not None
        found: Looked = self.looking.result()
        return found

    def file(self, name: str, what: str) -> Path:
        """Note a file and return where to write it; a name that is taken gets a number.

        Examples
        --------
        "a b" and "a-b" are scenarios that may stand side by side, and have one slug.
        """
        taken = {entry.file.casefold() for entry in self.entries}
        stem, dot, suffix = name.rpartition(".")
        chosen, count = name, 2
        while chosen.casefold() in taken:
            chosen, count = f"{stem}-{count}{dot}{suffix}", count + 1
        self.entries.append(Entry(chosen, what))
        path = self.folder / chosen
        path.parent.mkdir(exist_ok=True)
        return path

    def scene(self, scene: Scene, name: str, what: str) -> str:
        """Write a scene as SVG, and return its file, relative to the folder."""
        from loopscope.loops.diagrams.drawing.svg import svg_from

        return self.svg(svg_from(scene, what, ""), name, what)

    def svg(self, text: str, name: str, what: str) -> str:
        """Write a picture that is SVG already, and return its file, relative to the folder."""
        path = self.file(f"pictures/{name}.svg", what)
        outputs.write_text(path, text)
        return path.relative_to(self.folder).as_posix()


def slug(name: str) -> str:
    """Return a name fit for a file.

    Examples
    --------
    >>> slug("Border build-up: 50 %")
    'border-build-up-50'
    """
    return re.sub(r"\W+", "-", key(name)).strip("-") or "unnamed"
