"""A study in which nothing is left open.

Out of ``settle``.  ``Settled`` holds all that a sweep needs, gives the values of the parameters in
any run, can be sent to another process, and has a text that differs wherever results would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from loopscope.analysis.study.correlating import Copula
    from loopscope.analysis.study.designs.design import Points
    from loopscope.analysis.study.metrics import SettledMetric
    from loopscope.analysis.study.records import Study
    from loopscope.models.case import Case
    from loopscope.models.distribution import Distribution
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario, Setting

Numbers = NDArray[np.float64]

TINY = 2.0**-32
"""Least probability at which a distribution without ends is asked."""

PIECE = 256
"""Rows that are made together, so that what is in between fits into a processor's cache."""


def model_of(source: Model | Path) -> Model:
    """Return the model that a study is of, read once."""
    return _loaded(source) if isinstance(source, Path) else source


@lru_cache(maxsize=4)
def _loaded(path: Path) -> Model:
    from loopscope.models.source import load

    return load(path)


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled:
    """A study that was checked against its model.

    Attributes
    ----------
    study
        As written, with what ``settle`` was asked to change.
    source
        What ``models.simulate`` takes: a path, or the model itself.
    model_name, model_sha256
        Of the model.
    parameters, units, distributions, base
        Authored names, P of them; for each its unit, its distribution ("fixed" where a file gives
        the values) and its value where nothing is swept.
    scenarios
        Records, at least one; None stands for the model as it stands.
    case, settings, initial, method
        As ``models.simulate`` takes them, the same for all runs.
    start, stop, dt, saveper
        In the model's unit of time.
    times
        Times at which series are kept, dims (time,).
    series
        Authored names.
    loops
        Ids of tracked loops; empty where none are.
    catalogue
        Hash of what their ids rest on in ``loops.toml``; empty without the file, or without loops.
    every
        Time between two stored shares.
    share_times
        Times at which shares are kept, dims (time,).
    metrics
        In the order of the study.
    runs
        Model runs for each scenario, N.
    design_info
        What indices need to know of the design, as plain values.
    notes
        What was left out or rounded, in words.
    text
        Canonical JSON; equal texts mean equal results.
    """

    study: Study
    source: Model | Path
    model_name: str
    model_sha256: str
    parameters: tuple[str, ...]
    units: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    base: tuple[float, ...]
    scenarios: tuple[Scenario | None, ...]
    case: Case | None
    settings: dict[str, Setting]
    initial: dict[str, float]
    method: str
    start: float
    stop: float
    dt: float
    saveper: float
    times: Numbers
    series: tuple[str, ...]
    precision: Literal["double", "single"]
    loops: tuple[str, ...]
    catalogue: str
    every: float
    share_times: Numbers
    metrics: tuple[SettledMetric, ...]
    runs: int
    seed: int
    design_info: dict[str, Any]
    notes: tuple[str, ...]
    text: str
    points: Points = field(repr=False)
    copula: Copula | None = field(repr=False)

    @property
    def title(self) -> str:
        """What the study calls itself; the model's name where it does not."""
        return self.study.title or self.model_name

    @property
    def scenario_names(self) -> tuple[str, ...]:
        """Names of the scenarios; "as it stands" where there is none."""
        from loopscope.analysis.runs import AS_IT_STANDS

        return tuple(one.name if one is not None else AS_IT_STANDS for one in self.scenarios)

    @property
    def prepared(self) -> Prepared:
        """What the engine needs of the model; kept between calls, but not part of a pickle."""
        from loopscope.models.engine.simulate import prepared_of

        return prepared_of(self.source)

    @property
    def model(self) -> Model:
        """The model itself, read once."""
        return model_of(self.source)

    @property
    def request(self) -> dict[str, Any]:
        """What ``models.simulate`` takes for one run or many, without scenario and sweep."""
        return {
            "case": self.case, "parameters": dict(self.settings), "initial": dict(self.initial),
            "start": self.start, "stop": self.stop, "dt": self.dt, "saveper": self.saveper,
            "method": self.method, "seed": self.seed,
        }  # fmt: skip

    def portable(self) -> Settled:
        """Return the same study with the model in it, for processes that cannot see its file."""
        return replace(self, source=self.model)

    def rows(self, first: int = 0, last: int | None = None) -> Numbers:
        """Return the values of the parameters in runs first to last - 1.

        Returns
        -------
        numpy.ndarray
            Float64, dims (run, parameter), in the units of the parameters, a parameter's values
            side by side.  The same to the last bit however the runs are cut.

        Raises
        ------
        StudyError
            Runs that the study does not have.

        Notes
        -----
        O((last - first) P) time and memory.
        """
        last = self.runs if last is None else last
        if not 0 <= first <= last <= self.runs:
            msg = f"the study has runs 0 to {self.runs - 1}; asked for {first} to {last - 1}"
            raise StudyError(msg)
        columns = np.empty((len(self.parameters), last - first))
        for start in range(first, last, PIECE):
            stop = min(start + PIECE, last)
            found = self.points.rows(start, stop)
            if self.copula is not None:
                found = self.copula.join(found)
            columns[:, start - first : stop - first] = found.T
        if self.points.direct:
            return columns.T
        for column, distribution in zip(columns, self.distributions, strict=True):
            endless = not all(map(math.isfinite, distribution.ends))
            p = np.clip(column, TINY, 1.0 - TINY) if endless else column
            column[:] = distribution.at(p)
        return columns.T
