"""Run a model from the experiments of the EMA workbench.

In: a model, its outcomes, what is uncertain and what is a lever.  Out: a model of ``ema_workbench``
whose runs are those of the native kernel; results as the workbench's own analyses take them.  The
workbench is an extra: ``pip install "loopscope[ema]"``.

>>> from loopscope.analysis import ema
>>> migration = ema.model("migration_policy", ["irregular migrants"])  # doctest: +SKIP
>>> experiments, outcomes = ema.perform(migration, scenarios=1000)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ema_workbench.em_framework.outcomes import AbstractOutcome
    from ema_workbench.em_framework.parameters import Parameter

    from loopscope.analysis.ema_model import NativeModel
    from loopscope.models.distribution import Distribution

    Given = Distribution | Parameter | tuple[float, float]
    Named = Sequence[str] | Mapping[str, Given | None]


def model(
    source: str | Path,
    outcomes: Sequence[str | AbstractOutcome],
    *,
    uncertainties: Named | None = None,
    levers: Named = (),
    constants: Mapping[str, Any] | None = None,
    scenario: str | None = None,
    case: str | None = None,
    start: float | None = None,
    stop: float | None = None,
    dt: float | None = None,
    saveper: float | None = None,
    method: str | None = None,
    name: str | None = None,
) -> NativeModel:
    """Return a model as the EMA workbench knows models.

    Parameters
    ----------
    source
        A library name or the path of a model file.
    outcomes
        Names of variables, each kept as a time series; or outcomes of the workbench, whose
        ``variable_name`` is a variable of the model, or TIME for the saved times.
    uncertainties
        Names of constants, with the distributions that the model's ``parameters.toml`` declares; or
        by name: None for the declared one, (low, high), a distribution of ``loopscope.models`` or a
        parameter of the workbench.  By default all that are declared with a distribution and are
        not set or used otherwise.
    levers
        The same; none by default.
    constants
        Numbers and time paths by name, the same in all runs: what ``models.simulate`` takes as
        ``parameters``.
    scenario, case, start, stop, dt, saveper, method
        As in ``models.simulate``.
    name
        Of the model in results; letters and digits only.

    Returns
    -------
    NativeModel
        For ``perform`` here and for all evaluators of the workbench.  Its parameters and outcomes
        have the names of the model with ``_`` for what Python allows in no name; from a failure of
        a run on, series are NaN.

    Raises
    ------
    StudyError
        The workbench is missing; a constant without a declared distribution; one used twice.
    UnknownNameError
        A name that the model does not have.
    ModelError
        The model cannot be read or run.
    """
    _require()
    from loopscope.analysis.ema_model import build

    return build(
        source,
        outcomes,
        uncertainties=uncertainties,
        levers=levers,
        constants=dict(constants or {}),
        name=name,
        request={
            "case": case, "start": start, "stop": stop, "dt": dt, "saveper": saveper,
            "method": method,
        },
        scenario=scenario,
    )  # fmt: skip


def perform(
    model: NativeModel | Sequence[NativeModel],
    scenarios: Any = 0,
    policies: Any = 0,
    *,
    threads: int | None = None,
    **options: Any,
) -> Any:
    """Perform experiments as ``ema_workbench.perform_experiments`` does, as batches of native runs.

    Parameters
    ----------
    model
        One or more, from ``model``.
    scenarios, policies
        How many to draw, or Scenario and Policy objects of the workbench.
    threads
        All processors by default.  Results do not depend on it.
    options
        What ``perform_experiments`` takes: ``uncertainty_sampling``, ``lever_sampling``,
        ``combine``, ``callback`` and so on.

    Returns
    -------
    tuple
        (experiments, outcomes), from the workbench's own callback: a DataFrame with a row for each
        experiment, and by outcome an array whose first dim is the experiment.

    Raises
    ------
    StudyError
        The workbench is missing; a model that is not from ``model``.

    Warns
    -----
    RuntimeWarning
        Runs left the finite numbers, with how many and where the first did.
    """
    _require()
    from loopscope.analysis.ema_model import perform_natively

    return perform_natively(model, scenarios, policies, threads=threads, options=options)


def _require() -> None:
    if find_spec("ema_workbench") is None:
        msg = (
            "experiments of the EMA workbench need the package ema_workbench, which is not "
            'installed; install it with: pip install "loopscope[ema]"'
        )
        raise StudyError(msg)
