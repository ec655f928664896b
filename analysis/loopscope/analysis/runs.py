"""Runs with a label, whichever engine made them.

In: a model and what the user chose.  Out: ``Run`` records of plain arrays.  Nothing here imports
xarray unless a Dataset is asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.models.engine.diagnosis import Failure
from loopscope.models.engine.prepared import Prepared
from loopscope.models.engine.simulate import prepared_of, run
from loopscope.models.errors import ModelError, RunError, UnknownNameError, did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import xarray as xr

    from loopscope.models.case import Case
    from loopscope.models.engine.execute import Result
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario

    AnyModel = Model | Prepared | str | Path

Numbers = NDArray[np.float64]

AS_IT_STANDS = "as it stands"
"""Label of a run without scenario and case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the user set, the same for all runs of a command."""

    case: str | Case | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    initial: Mapping[str, Any] = field(default_factory=dict)
    method: str | None = None
    dt: float | None = None
    start: float | None = None
    stop: float | None = None
    saveper: float | None = None
    seed: int = 0
    engine: str = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One simulation.

    Attributes
    ----------
    label
        Name of its scenario or case.
    time
        Saved times, dims (time,), in ``time_units``.
    values
        By authored name, dims (time,), in ``units[name]``; NaN from a failure on.
    kinds
        stock, flow, auxiliary or parameter, by name; empty when only PySD can read the model.
    status
        "ok", or which variable left the finite numbers and when.
    changed
        When the first time path of its settings begins; None when there is none.
    dataset
        Gives the run as ``simulate`` returns it.
    """

    label: str
    model: str
    time: Numbers
    time_units: str
    values: Mapping[str, Numbers]
    units: Mapping[str, str]
    kinds: Mapping[str, str]
    status: str
    failure: Failure | None
    changed: float | None
    dataset: Callable[[], xr.Dataset]

    @property
    def stocks(self) -> list[str]:
        """Names of its stocks, in file order; of what moves, where no stock is known."""
        stocks = [name for name in self.values if self.kinds.get(name) == "stock"]
        return stocks or [name for name, values in self.values.items() if moves(values)]

    def find(self, name: str, what: str = "output") -> str:
        """Return the authored name of a variable.

        Raises
        ------
        UnknownNameError
            No such variable with values over time; the message names the nearest.
        """
        for known in self.values:
            if key(known) == key(name):
                return known
        hint = did_you_mean(name, self.values) or f"; 'loopscope describe {self.model}' lists them"
        msg = f"{self.model}: no {what} named '{name}'{hint}"
        raise UnknownNameError(msg)

    def only(self, names: Sequence[str]) -> Run:
        """Return the run with some of its variables."""
        kept = {name: self.values[name] for name in names}

        def dataset() -> xr.Dataset:
            return self.dataset()[[*names, "status"]]

        return replace(self, values=kept, dataset=dataset)


def moves(values: Numbers) -> bool:
    """Return whether a series is anything but one constant."""
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and bool(np.ptp(finite) > 0)


def simulate_all(
    model: AnyModel,
    scenarios: Iterable[str | None],
    choice: Choice | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Run]:
    """Run a model once for each scenario; None runs it without one.

    Parameters
    ----------
    scenarios
        Names of scenarios that come with the model.
    progress
        Called with (runs done, runs).

    Raises
    ------
    LoopscopeError
        As ``loopscope.models.simulate``; a scenario that is named twice.
    """
    choice = choice or Choice()
    if choice.engine == "native":
        model = with_stocks(model)
    if isinstance(choice.case, str):
        choice = replace(choice, case=choose_case(model, choice.case))
    chosen = [None if name is None else choose_scenario(model, name) for name in scenarios]
    names = [record.name for record in chosen if record is not None]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"scenario '{twice}' is named twice"
        raise RunError(msg)
    runs = []
    for done, scenario in enumerate(chosen, start=1):
        runs.append(simulate_one(model, scenario, choice))
        if progress is not None:
            progress(done, len(chosen))
    return runs


def simulate_one(model: AnyModel, scenario: Scenario | None, choice: Choice) -> Run:
    """Run a model once."""
    settings: dict[str, Any] = {
        "case": choice.case, "parameters": choice.parameters, "initial": choice.initial,
        "method": choice.method, "dt": choice.dt, "start": choice.start, "stop": choice.stop,
        "saveper": choice.saveper, "seed": choice.seed,
    }  # fmt: skip
    label = label_of(scenario, choice.case)
    if choice.engine == "native":
        return of_result(run(model, scenario, **settings), label)
    from loopscope.models.engine.simulate import simulate

    assert not isinstance(model, Prepared)
    return of_dataset(simulate(model, scenario, engine=choice.engine, **settings), label, model)


def with_stocks(model: AnyModel) -> Prepared:
    """Prepare a model that can have behaviour of its own.

    Raises
    ------
    ModelError
        As ``loopscope.models.load``; the model has no stock and no delay.
    """
    prepared = prepared_of(model)
    if not prepared.carried:
        msg = (
            f"{prepared.name}: the model has no stock, so nothing in it accumulates or feeds back; "
            "check that the file is whole"
        )
        raise ModelError(msg)
    return prepared


def file_of(model: AnyModel) -> Path:
    """Return the path of a model's file."""
    if isinstance(model, str | Path):
        from loopscope.models.source import locate

        return locate(model)[1]
    return Path(model.path)


def choose_scenario(model: AnyModel, name: str) -> Scenario:
    """Return the scenario of that name that comes with a model."""
    from loopscope.models.scenario import choose, scenarios

    return choose(name, scenarios(file_of(model)), "scenario")


def choose_case(model: AnyModel, name: str) -> Case:
    """Return the case of that name that comes with a model."""
    from loopscope.models.case import cases
    from loopscope.models.scenario import choose

    return choose(name, cases(file_of(model)), "case")


def label_of(scenario: Scenario | None, case: str | Case | None) -> str:
    """Return what a run is called."""
    names = [
        record if isinstance(record, str) else record.name for record in (scenario, case) if record
    ]
    return ", ".join(names) or AS_IT_STANDS


def of_result(result: Result, label: str) -> Run:
    """Return a single native run as a record."""
    prepared = result.plan.prepared
    failure = result.failures.get(0)
    paths = result.plan.overrides.paths.values()
    begins = [float(path.times[0] if hasattr(path, "times") else path.start) for path in paths]

    def dataset() -> xr.Dataset:
        from loopscope.models.engine.simulate import to_dataset

        return to_dataset(result)

    return Run(
        label=label,
        model=prepared.name,
        time=result.time,
        time_units=prepared.clock["units"],
        values=result.values,
        units={name: prepared.variables[name].units for name in result.values},
        kinds={name: prepared.variables[name].kind for name in result.values},
        status=str(failure) if failure else "ok",
        failure=failure,
        changed=min(begins, default=None),
        dataset=dataset,
    )


def of_dataset(dataset: xr.Dataset, label: str, model: Model | str | Path) -> Run:
    """Return a Dataset of one run as a record; variables with other dims than time stay in it."""
    name = file_of(model).stem if isinstance(model, str | Path) else model.name
    try:
        known = {name: facts.kind for name, facts in prepared_of(model).variables.items()}
    except ModelError:
        known = {}
    status = str(dataset["status"].item())
    failure = None
    if status != "ok":
        told = json.loads(dataset.attrs.get("failures", "[]"))
        if told:
            failure = Failure(0, told[0]["variable"], told[0]["time"], told[0]["last"])
    values = {
        str(name): np.asarray(variable.values, dtype=np.float64)
        for name, variable in dataset.data_vars.items()
        if variable.dims == ("time",)
    }
    return Run(
        label=label,
        model=str(dataset.attrs.get("model", name)),
        time=np.asarray(dataset["time"].values, dtype=np.float64),
        time_units=str(dataset["time"].attrs.get("units", "")),
        values=values,
        units={name: str(dataset[name].attrs.get("units", "")) for name in values},
        kinds={each: known[each] for each in values if each in known},
        status=status,
        failure=failure,
        changed=None,
        dataset=lambda: dataset,
    )
