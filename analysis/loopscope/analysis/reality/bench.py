"""Runs that statements need, each made once.

In: a prepared model and setups.  Out: ``Batch``: saved times and series, dims (run, time).  Runs
go through the native engine: combinations and draws as arrays of parameters, in one call.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.analysis.reality.drawing import grid, spread
from loopscope.analysis.reality.formula import Formula, read_formula
from loopscope.analysis.reality.kernels import Kernels
from loopscope.analysis.runs import with_stocks
from loopscope.models.case import cases
from loopscope.models.engine.simulate import run
from loopscope.models.errors import RunError
from loopscope.models.scenario import choose, scenarios
from loopscope.models.setup import Setup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from loopscope.analysis.runs import AnyModel
    from loopscope.models.case import Case
    from loopscope.models.engine.execute import Result
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario
    from loopscope.models.setup import Over

Numbers = NDArray[np.float64]

MOST_KEPT = 500
"""Saved times of a run that is kept; longer ones are made again, which costs less than memory."""


class LackingError(RunError):
    """A statement needs a file beside the model, and there is no such file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Runs of one setup.

    Attributes
    ----------
    label
        What they are, for messages.
    time
        Saved times, dims (time,).
    values
        By authored name, dims (run, time).
    failure
        What left the finite numbers first, and when; empty when all runs are whole.
    """

    label: str
    time: Numbers
    values: Mapping[str, Numbers]
    failure: str = ""

    def along(self, formula: Formula) -> Numbers:
        """Return the value of an expression, dims (run, time)."""
        found = formula.along(self.values, self.time)
        return found if found.ndim == 2 else found[None, :]

    @property
    def step(self) -> float:
        """Time between the first two saved points; infinite when there is one."""
        return float(self.time[1] - self.time[0]) if len(self.time) > 1 else math.inf


@dataclass(kw_only=True)
class Bench:
    """Makes runs of one model and keeps them."""

    prepared: Prepared
    source: AnyModel
    scenarios: dict[str, Scenario]
    cases: dict[str, Case]
    runs: int = 0
    _kept: dict[Any, Batch] = field(default_factory=dict)
    _formulas: dict[str, Formula] = field(default_factory=dict)

    @classmethod
    def of(cls, model: AnyModel) -> Bench:
        """Return a bench with the scenarios and cases beside the model."""
        prepared = with_stocks(model)
        return cls(
            prepared=prepared,
            source=model,
            scenarios=scenarios(prepared.path),
            cases=cases(prepared.path),
        )

    @cached_property
    def kernels(self) -> Kernels:
        """What keeps the number of kernels small."""
        records = [*self.scenarios.values(), *self.cases.values()]
        return Kernels(prepared=self.prepared, records=records)

    @cached_property
    def model(self) -> Model:
        """The model as its author wrote it; a file is read again for it."""
        from loopscope.models.engine.prepared import Prepared
        from loopscope.models.source import load

        if isinstance(self.source, str | Path | Prepared):
            return load(self.prepared.path)
        return self.source

    def formula(self, text: str) -> Formula:
        """Return an expression in the model's variables; see ``read_formula``."""
        if text not in self._formulas:
            self._formulas[text] = read_formula(text, self.prepared)
        return self._formulas[text]

    def simulate(
        self,
        setup: Setup,
        needs: Iterable[str],
        *,
        label: str = "",
        arrays: Mapping[str, Numbers] | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Batch:
        """Run a setup.

        Parameters
        ----------
        needs
            Authored names of the variables to keep.
        arrays
            Further parameters with one value a run, dims (run,), in place of ``vary``.
        changes
            Further settings, which come last.

        Raises
        ------
        LoopscopeError
            As ``loopscope.models.simulate``.
        """
        wanted = tuple(sorted(set(needs)))
        single = not (arrays or changes or setup.vary or setup.initial)
        plain = single and self.kernels.runs(setup.settings)
        known = None if arrays else (repr(setup), repr(changes), () if plain else wanted)
        if known is not None and known in self._kept:
            return self._kept[known]
        result = self._run(setup, arrays, changes, None if plain else wanted)
        batch = self._batch(result, setup, label)
        if known is not None and batch.time.size <= MOST_KEPT:
            self._kept[known] = batch
        return batch

    def _batch(self, result: Result, setup: Setup, label: str) -> Batch:
        self.runs += result.plan.runs or 1
        return Batch(
            label=label or self.label(setup),
            time=result.time,
            values={
                name: values if values.ndim == 2 else values[None, :]
                for name, values in result.values.items()
            },
            failure=next((str(failure) for failure in result.failures.values()), ""),
        )

    def _run(
        self,
        setup: Setup,
        arrays: Mapping[str, Numbers] | None,
        changes: Mapping[str, Any] | None,
        outputs: tuple[str, ...] | None,
    ) -> Result:
        """Run a setup; None of ``outputs`` stands for all variables."""
        find = self.prepared.find
        varied = grid(setup.vary) if arrays is None else arrays
        settings = {find(name).name: setting for name, setting in setup.settings.items()}
        settings |= {find(name).name: setting for name, setting in (changes or {}).items()}
        settings |= {find(name).name: values for name, values in varied.items()}
        scenario = self._record(setup.scenario, self.scenarios, "scenario")
        case = self._record(setup.case, self.cases, "case")
        if outputs is None:
            settings = self.kernels.as_paths(settings, scenario, case)
        elif not (scenario or case or setup.initial):
            close = setup.saveper is not None
            settings, outputs = self.kernels.as_lanes(settings, outputs, close=close)
        return run(
            self.prepared,
            scenario,
            case=case,
            parameters=settings,
            initial=setup.initial,
            start=setup.start,
            stop=setup.stop,
            dt=setup.dt,
            saveper=setup.saveper,
            method=setup.method,
            outputs=outputs,
        )

    def _record(self, name: str, known: dict[str, Any], what: str) -> Any:
        """Return a scenario or case by name; None where no name is given."""
        if name and not known:
            msg = f"needs '{name}' of {what}s.toml, which is not beside the model"
            raise LackingError(msg)
        return choose(name, known, what) if name else None

    def fresh(self, setup: Setup) -> Batch:
        """Run a setup, whether or not its run is kept."""
        return self._batch(self._run(setup, None, None, None), setup, "")

    def beside(self, setup: Setup, needs: Iterable[str], *, copies: int) -> Batch:
        """Run a setup as equal runs of one batch: one constant is given one value a run.

        Raises
        ------
        RunError
            The setup leaves no constant that a batch could be made with.
        """
        records = (self.scenarios.get(setup.scenario), self.cases.get(setup.case), setup)
        taken = {
            self.prepared.find(name).name
            for record in records
            for name in (record.settings if record else ())
        }
        free = next((one.name for one in spread(self.prepared) if one.name not in taken), None)
        if free is None:
            msg = "no parameter with a declared range is left that a batch could be made with"
            raise RunError(msg)
        arrays = {free: np.full(copies, self.prepared.parameters[free])}
        return self._batch(self._run(setup, arrays, None, tuple(needs)), setup, "")

    def step(self, setup: Setup) -> float:
        """Return the time step of a setup, in the model's time unit."""
        return setup.dt or float(self._run(Setup(), None, None, None).plan.times.step)

    def label(self, setup: Setup) -> str:
        """Return what a setup is called."""
        names = [name for name in (setup.scenario, setup.case) if name]
        return ", ".join(f"'{name}'" for name in names) or "the model as it stands"

    def everywhere(self, over: Over, shared: Setup) -> Iterator[Setup]:
        """Yield the setups of single runs that a statement must hold in, draws left out."""
        if over.stands:
            yield shared
        if over.scenarios:
            for name in self.scenarios:
                yield Setup(scenario=name).over(shared)
        if over.cases:
            for name in self.cases:
                yield Setup(case=name).over(shared)
