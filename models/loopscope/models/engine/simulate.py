"""Simulate a model.

Stage 5 of 5.  In: a ``Model``, a library name or a path, and settings.  Out: an
``xarray.Dataset``.  Everything heavy is imported when it is needed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.engine.execute import Result, execute
from loopscope.models.engine.overrides import collect
from loopscope.models.engine.plan import plan
from loopscope.models.engine.prepared import Prepared, of_file, prepare
from loopscope.models.engine.request import clock_of, named, threads_of
from loopscope.models.errors import RunError, did_you_mean, shown
from loopscope.models.notebook.datasets import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Unpack

    import xarray as xr

    from loopscope.models.case import Case
    from loopscope.models.engine.request import Request
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario

METHODS = ("Euler", "RK4", "LSODA", "Radau")
ENGINES = ("native", "pysd")

_prepared: dict[tuple[str, str], tuple[Model, Prepared]] = {}


def simulate(
    model: Model | str | Path,
    scenario: str | Scenario | None = None,
    *,
    case: str | Case | None = None,
    parameters: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    lookups: Mapping[str, Any] | None = None,
    start: float | None = None,
    stop: float | None = None,
    dt: float | None = None,
    saveper: float | None = None,
    method: str | None = None,
    outputs: Sequence[str] | None = None,
    seed: int = 0,
    threads: int | None = None,
    engine: str = "native",
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Simulate a model, once or many times.

    Parameters
    ----------
    model
        A model from ``load``, a library name or a path.
    scenario, case
        By name, from the TOML files beside the model, or as records.  A case also sets ``start``
        and ``stop``.  Where several arguments set one variable, the order is case, scenario,
        ``parameters``: later ones win.
    parameters
        Variables by name: a number; an array with one value a run; or a time path, given as a
        mapping (``{"value": 1, "from": 2010}``, ``{"pulse": ...}``, ``{"times": ..., "values":
        ...}``), a pandas Series or a DataArray over time.  A variable that is not a constant is
        held at what is given, instead of following its equation.
    initial
        Start values of stocks by name: a number, or an array with one value a run.
    lookups
        Points ``[(x, y), ...]`` of lookups by name.
    start, stop, dt, saveper
        In the model's time unit; the model decides where they are left out.
    method
        "Euler" or "RK4" in the compiled kernel, with steps of ``dt``; "LSODA" or "Radau" with
        steps chosen by error, for smooth models.  The model's own choice by default.
    outputs
        Variables to keep; all by default.
    seed
        Of random functions.  0 is a seed like any other.
    threads
        All processors by default.  Results do not depend on it, to the last bit.
    engine
        "native", or "pysd" to let PySD generate and run Python from the model file, which
        executes what the file asks for: only for files you trust that the native engine refuses.
    progress
        Called with (runs done, runs) now and then.

    Returns
    -------
    xarray.Dataset
        One variable per model variable, float64, dims ``(time,)``, or ``(run, time)`` when
        anything was given one value a run; unit in ``attrs["units"]``.  ``status``, dims () or
        ``(run,)``, is "ok" or says which variable left the finite numbers and when; from then on
        what the run computes is NaN (constants keep their values).  Outputs, and all that they
        rest on, are watched; what no output rests on, a stock included, is neither computed nor
        watched.  ``attrs`` hold what the run was made from.

    Raises
    ------
    ModelError
        The model cannot be read or run.
    UnknownNameError
        A variable, scenario, case or output that does not exist.
    RunError
        A value or time that cannot be used.

    Notes
    -----
    The first run of a model with a given set of outputs and varying inputs compiles a kernel,
    which is kept for later processes.  Memory is that of the result and a few megabytes.

    Examples
    --------
    >>> from loopscope import models
    >>> run = models.simulate("migration_policy", outputs=["irregular migrants"])
    >>> run["irregular migrants"].dims
    ('time',)
    """
    request: Request = {
        "case": case, "parameters": parameters, "initial": initial, "lookups": lookups,
        "start": start, "stop": stop, "dt": dt, "saveper": saveper, "method": method,
        "outputs": outputs,
    }  # fmt: skip
    if engine not in ENGINES:
        hint = did_you_mean(str(engine), ENGINES)
        msg = f"no engine named '{engine}'{hint}; there are: {', '.join(ENGINES)}"
        raise RunError(msg)
    if engine == "pysd":
        from loopscope.models.engine.with_pysd import simulate_with_pysd

        return simulate_with_pysd(model, scenario, **request)
    request |= {"seed": seed, "threads": threads, "progress": progress}
    return to_dataset(run(model, scenario, **request))


def run(
    model: Model | str | Path | Prepared,
    scenario: str | Scenario | None = None,
    **request: Unpack[Request],
) -> Result:
    """Simulate as ``simulate`` does, but return plain arrays: xarray is not imported."""
    threads = threads_of(request)
    prepared = prepared_of(model)
    case, scenario = named(prepared.path, request.get("case"), scenario)
    method = method_of(prepared, request.get("method"))
    overrides = collect(
        prepared,
        case=case,
        scenario=scenario,
        parameters=request.get("parameters"),
        initial=request.get("initial"),
        lookups=request.get("lookups"),
    )
    laid_out = plan(
        prepared,
        overrides,
        clock=clock_of(request, case),
        method="RK4" if method == "RK4" else "Euler",
        outputs=request.get("outputs"),
        seed=request.get("seed", 0),
        origin=request.get("origin", 0),
        extension=request.get("extension"),
    )
    progress = request.get("progress")
    if method in ("LSODA", "Radau"):
        from loopscope.models.engine.adaptive import solve

        result = solve(laid_out, method, progress=progress)
    else:
        result = execute(laid_out, threads=threads, progress=progress)
    return replace(
        result,
        scenario=scenario.name if scenario else "",
        case=case.name if case else "",
    )


def prepared_of(model: Model | str | Path | Prepared) -> Prepared:
    """Return what the engine needs of a model; kept in memory for models from ``load``."""
    if isinstance(model, Prepared):
        return model
    if isinstance(model, str | Path):
        return of_file(model)
    if not hasattr(model, "sha256"):
        msg = f"a model is one from load(), a library name or a path; got {shown(model)}"
        raise RunError(msg)
    known, prepared = _prepared.get((model.path, model.sha256), (None, None))
    if prepared is None or (known is not model and known != model):
        prepared = prepare(model)
        _prepared[model.path, model.sha256] = model, prepared
    return prepared


def method_of(prepared: Prepared, method: str | None) -> str:
    """Return the integration method, in its proper spelling."""
    if method is None:
        return prepared.clock["method"]
    for known in METHODS:
        if known.casefold() == str(method).casefold():
            return known
    hint = did_you_mean(str(method), METHODS)
    msg = f"no method named '{method}'{hint}; there are: {', '.join(METHODS)}"
    raise RunError(msg)


@cache
def versions() -> str:
    """Return the versions of everything a result depends on."""
    from importlib.metadata import version

    libraries = ("loopscope", "llvmlite", "numpy", "pysd", "sympy")
    return ", ".join(f"{library} {version(library)}" for library in libraries)


def provenance(result: Result) -> dict[str, Any]:
    """Return what a run was made from, as plain values a file can hold."""
    laid_out = result.plan
    prepared, overrides = laid_out.prepared, laid_out.overrides
    numbers = {
        name: value
        for name, value in overrides.numbers.items()
        if value != prepared.parameters.get(name)
    }
    paths = {
        name: path.model_dump(by_alias=True, exclude_defaults=True)
        for name, path in overrides.paths.items()
    }
    starts = {name: start for name, start in overrides.starts.items() if isinstance(start, float)}
    return {
        "model": prepared.name,
        "model_sha256": prepared.sha256,
        "scenario": result.scenario,
        "case": result.case,
        "engine": "native",
        "versions": versions(),
        "method": result.method,
        "dt": laid_out.times.step,
        "seed": str(laid_out.seed),
        "settings": json.dumps({**numbers, **paths}),
        "initial": json.dumps(starts),
        "lookups": json.dumps(overrides.tables),
        "settings_per_run": json.dumps([*overrides.arrays]),
        "initial_per_run": json.dumps([name for name in overrides.starts if name not in starts]),
    }


LISTED = 100
"""Failed runs whose last finite values stand in the attributes; ``status`` has all of them."""

RESERVED = ("run", "status", "time")
"""Names a Dataset needs for itself; a model variable of that name gets a ``_`` behind it."""


@lru_cache(maxsize=16)
def _time_axis(saved: bytes, units: str) -> xr.Dataset:
    # Building an index costs more than a run, and most runs of a model share their times.
    import xarray as xr

    time = xr.Variable(("time",), np.frombuffer(saved), {"units": units})
    return xr.Dataset(coords={"time": time})


def _assemble(
    variables: dict[str, xr.Variable], axis: xr.Dataset, attrs: dict[str, Any]
) -> xr.Dataset:
    """Return a Dataset of variables that are known to fit together.

    The constructor looks for conflicts between every two, which takes ten times as long as a run
    of a model with hundreds of variables; where xarray lets one go round it, one does.
    """
    import xarray as xr

    direct = getattr(xr.Dataset, "_construct_direct", None)
    if direct is None:
        return xr.Dataset(variables, coords=axis.coords, attrs=attrs)
    dataset: xr.Dataset = direct(
        {"time": axis.variables["time"].copy(deep=False), **variables},
        coord_names={"time"},
        attrs=attrs,
        indexes=dict(axis.xindexes),
    )
    return dataset


def to_dataset(result: Result) -> xr.Dataset:
    """Return a result as a Dataset, with units, status and provenance."""
    import xarray as xr

    laid_out = result.plan
    prepared = laid_out.prepared
    dims = ("time",) if laid_out.runs is None else ("run", "time")
    variables = {
        f"{name}_" if name in RESERVED else name: xr.Variable(
            dims, values, {"units": prepared.variables[name].units}, fastpath=True
        )
        for name, values in result.values.items()
    }
    if laid_out.runs is None:
        status = str(result.failures[0]) if result.failures else "ok"
        variables["status"] = xr.Variable((), status)
    else:
        words = np.full(laid_out.runs, "ok", dtype=object)
        for number, failure in result.failures.items():
            words[number] = str(failure)
        variables["status"] = xr.Variable(("run",), words.astype(str))
    attrs = provenance(result)
    if result.failures:
        attrs["failures"] = json.dumps(
            [asdict(failure) for failure in islice(result.failures.values(), LISTED)]
        )
    axis = _time_axis(result.time.tobytes(), prepared.clock["units"])
    offer("loopscope.models.notebook.runs")
    return _assemble(variables, axis, attrs)
