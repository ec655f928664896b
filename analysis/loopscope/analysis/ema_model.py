"""The native kernel behind the model and evaluator interfaces of the EMA workbench.

In: what ``ema.model`` was asked for.  Out: a model and an evaluator of ``ema_workbench``.  This is
the one module that imports the workbench; ``ema`` imports it when it is asked for.
"""

from __future__ import annotations

import re
import warnings
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import rv_continuous

from loopscope.models.distribution import Discrete, Distribution, Fixed, Uniform
from loopscope.models.engine.simulate import prepared_of, run
from loopscope.models.errors import StudyError, shown
from loopscope.models.names import key
from loopscope.models.parameters import declared

with warnings.catch_warnings():
    # The workbench warns of each optional package that it does not find.
    warnings.simplefilter("ignore", UserWarning)
    from ema_workbench import (
        CategoricalParameter,
        Constant,
        RealParameter,
        TimeSeriesOutcome,
        perform_experiments,
    )
    from ema_workbench.em_framework.evaluators import BaseEvaluator, experiment_generator
    from ema_workbench.em_framework.model import AbstractModel, SingleReplication
    from ema_workbench.em_framework.parameters import Parameter
    from ema_workbench.em_framework.points import ExperimentReplication

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ema_workbench.em_framework.outcomes import AbstractOutcome
    from numpy.typing import NDArray

    from loopscope.models.engine.execute import Result
    from loopscope.models.engine.prepared import Prepared

    Numbers = NDArray[np.float64]

BATCH = 4096
"""Experiments that are run at a time."""

TIME = "TIME"
"""The variable of an outcome that holds the saved times."""


class NativeModel(SingleReplication):
    """A model of the EMA workbench whose runs are those of the native kernel.

    Attributes
    ----------
    source, scenario, request
        What ``models.simulate`` is given besides the parameters of an experiment.
    """

    def __init__(
        self, name: str, source: str | Path, scenario: str | None, request: Mapping[str, Any]
    ) -> None:
        super().__init__(name)
        self.source = source
        self.scenario = scenario
        self.request = dict(request)

    def run_experiment(self, experiment: Mapping[str, Any]) -> dict[str, Any]:
        """Run one experiment: values by variable."""
        return self.output_of(self.simulate(dict(experiment), threads=1))

    def simulate(self, parameters: Mapping[str, Any], *, threads: int | None) -> Result:
        """Run the model with parameters that are numbers, or arrays with one value a run."""
        outputs = [name for name in dict.fromkeys(self.output_variables) if name != TIME]
        return run(
            self.source,
            self.scenario,
            **self.request,
            parameters=parameters,
            outputs=outputs,
            threads=threads,
        )

    def output_of(self, result: Result, place: int | None = None) -> dict[str, Any]:
        """Return the output of one run of a result, by variable as outcomes name them."""
        values = {key(name): series for name, series in result.values.items()}
        found = {}
        for name in dict.fromkeys(self.output_variables):
            series = result.time if name == TIME else values[key(name)]
            found[name] = series if place is None or name == TIME else series[place]
        return found

    def parameters_of(self, experiment: Any) -> dict[str, Any]:
        """Return the values of an experiment by variable, constants among them."""
        scenario, policy = experiment.scenario.copy(), experiment.policy.copy()
        # The plain step of all models of the workbench: names of parameters become variables.
        AbstractModel.run_model(self, scenario, policy)
        constants = {constant.name: constant.value for constant in self.constants}
        return dict(ExperimentReplication(scenario, self.policy, constants))


class NativeEvaluator(BaseEvaluator):
    """Evaluates experiments as batches of the native kernel, on all processors.

    Attributes
    ----------
    threads
        All processors where None.
    """

    def __init__(self, models: Any, threads: int | None = None) -> None:
        super().__init__(models)
        foreign = next((one for one in self._msis if not isinstance(one, NativeModel)), None)
        if foreign is not None:
            msg = f"batches are for models from ema.model; got a {type(foreign).__name__}"
            raise StudyError(msg)
        self.threads = threads

    def initialize(self) -> None:
        """Do nothing: the kernel starts its threads itself."""

    def finalize(self) -> None:
        """Do nothing."""

    def evaluate_experiments(
        self, scenarios: Any, policies: Any, callback: Any, combine: str = "factorial"
    ) -> None:
        """Run all experiments, in the workbench's order, and hand each to its callback."""
        models = {one.name: one for one in self._msis}
        failed: list[str] = []
        total = 0
        experiments = experiment_generator(scenarios, self._msis, policies, combine=combine)
        for name, several in groupby(experiments, key=lambda one: one.model_name):
            its = models[name]
            assert isinstance(its, NativeModel)
            for batch in _batches(several):
                result = its.simulate(_columns(its, batch), threads=self.threads)
                failed += [str(failure) for failure in result.failures.values()]
                total += len(batch)
                for place, experiment in enumerate(batch):
                    its.outcomes_output = its.output_of(result, place)
                    callback(experiment, its.outcomes_output)
        if failed:
            warnings.warn(
                f"{len(failed)} of {total} runs left the finite numbers, and are NaN from then on; "
                f"the first: {failed[0]}",
                RuntimeWarning,
                stacklevel=2,
            )


def _batches(experiments: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(experiments, BATCH)):
        yield batch


def _columns(its: NativeModel, batch: Sequence[Any]) -> dict[str, Any]:
    """Return the parameters of a batch: one value each run, or what is no number as it is."""
    rows = [its.parameters_of(experiment) for experiment in batch]
    columns: dict[str, Any] = {}
    fixed = {constant.name for constant in its.constants}
    for name, first in rows[0].items():
        if name in fixed and not isinstance(first, int | float):
            columns[name] = first
        else:
            columns[name] = np.array([row[name] for row in rows], dtype=np.float64)
    return columns


def perform_natively(
    models: Any, scenarios: Any, policies: Any, *, threads: int | None, options: Mapping[str, Any]
) -> Any:
    """Perform experiments with a ``NativeEvaluator``; see ``ema.perform``."""
    if "evaluator" in options:
        msg = (
            "perform has an evaluator of its own; use ema_workbench.perform_experiments for others"
        )
        raise StudyError(msg)
    evaluator = NativeEvaluator(models, threads)
    return perform_experiments(models, scenarios, policies, evaluator=evaluator, **options)


def build(
    source: str | Path,
    outcomes: Sequence[str | AbstractOutcome],
    *,
    uncertainties: Any,
    levers: Any,
    constants: Mapping[str, Any],
    name: str | None,
    request: Mapping[str, Any],
    scenario: str | None,
) -> NativeModel:
    """Return the model of the workbench; see ``ema.model``."""
    prepared = prepared_of(source)
    found = NativeModel(name or re.sub(r"[\W_]+", "", prepared.name), source, scenario, request)
    fixed = {prepared.find(one).name: value for one, value in constants.items()}
    by_lever = _parameters(prepared, levers)
    taken = {*fixed, *by_lever}
    if uncertainties is None:
        uncertainties = [
            one
            for one, record in declared(prepared.path).items()
            if not isinstance(record.distribution, Fixed) and prepared.find(one).name not in taken
        ]
    by_uncertainty = _parameters(prepared, uncertainties)
    twice = [one for one in by_uncertainty if one in taken] + [
        one for one in by_lever if one in fixed
    ]
    if twice:
        msg = f"'{twice[0]}' is given twice: an uncertainty, a lever or a constant, not two of them"
        raise StudyError(msg)
    found.uncertainties = list(by_uncertainty.values())
    found.levers = list(by_lever.values())
    found.constants = [Constant(one, value) for one, value in fixed.items()]
    found.outcomes = [_outcome(prepared, one) for one in outcomes]
    return found


def as_name(text: str) -> str:
    """Return a name that Python allows: the workbench asks for such names.

    Examples
    --------
    >>> as_name("employer verification, 2010"), as_name("2nd generation")
    ('employer_verification_2010', '_2nd_generation')
    """
    name = re.sub(r"\W+", "_", text).strip("_")
    return name if name.isidentifier() else f"_{name}"


def _outcome(prepared: Prepared, given: str | AbstractOutcome) -> AbstractOutcome:
    if isinstance(given, str):
        name = prepared.find(given).name
        return TimeSeriesOutcome(as_name(name), variable_name=name)
    for name in given.variable_name:
        if name != TIME:
            prepared.find(name)
    return given


def _parameters(prepared: Prepared, given: Any) -> dict[str, Parameter]:
    """Return parameters of the workbench, by authored name of what they set."""
    by_name = dict(given) if hasattr(given, "items") else dict.fromkeys(given)
    records = {key(one): record for one, record in declared(prepared.path).items()}
    found: dict[str, Parameter] = {}
    for asked, wanted in by_name.items():
        if isinstance(wanted, Parameter):
            for variable in wanted.variable_name:
                found[prepared.find(variable).name] = wanted
            continue
        name = prepared.find(asked).name
        if wanted is None:
            record = records.get(key(name))
            if record is None or isinstance(record.distribution, Fixed):
                msg = (
                    f"'{name}' has no declared distribution; give one, such as "
                    f"{{'{name}': (low, high)}}"
                )
                raise StudyError(msg)
            wanted = record.distribution
        found[name] = _parameter(name, wanted, prepared.parameters.get(name))
    return found


def _parameter(name: str, wanted: Any, default: float | None) -> Parameter:
    options = {"default": default, "variable_name": name}
    if isinstance(wanted, tuple) and len(wanted) == 2:
        wanted = Uniform(low=wanted[0], high=wanted[1])
    if isinstance(wanted, Uniform):
        return RealParameter(as_name(name), wanted.low, wanted.high, **options)  # type: ignore[arg-type]
    if isinstance(wanted, Discrete) and not wanted.weights:
        return CategoricalParameter(as_name(name), wanted.values, **options)  # type: ignore[arg-type]
    if isinstance(wanted, Distribution) and wanted.continuous and not isinstance(wanted, Fixed):
        parameter = RealParameter.from_dist(as_name(name), Quantiles(wanted)(), default=default)
        parameter.variable_name = [name]
        return parameter
    msg = (
        f"'{name}' cannot be varied by {shown(wanted)}; give (low, high), a distribution, or a "
        "parameter of ema_workbench"
    )
    raise StudyError(msg)


class Quantiles(rv_continuous):
    """A declared distribution as scipy knows distributions: by its quantiles."""

    def __init__(self, distribution: Distribution) -> None:
        low, high = distribution.ends
        super().__init__(a=low, b=high, name=distribution.kind)
        self.distribution = distribution

    def _updated_ctor_param(self) -> dict[str, Any]:
        return {"distribution": self.distribution}  # scipy makes a copy of each distribution

    def _ppf(self, q: Numbers) -> Numbers:
        return self.distribution.at(np.asarray(q, dtype=np.float64))
