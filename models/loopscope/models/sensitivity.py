"""Exact sensitivities: how outputs over time change with constants and start values.

Stage 5 of 5.  In: a model, outputs, and the constants and stocks to differentiate by.  Out: a
Dataset of runs and of derivatives along them, from the same compiled kernel as runs.  Nothing is
perturbed and nothing is approximated: each direction is one more run of a batch, in which tangents
(see ``tangents``) are stepped beside the variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.engine.execute import execute
from loopscope.models.engine.overrides import collect
from loopscope.models.engine.plan import ROLES, plan
from loopscope.models.engine.prepared import Prepared, of_equations
from loopscope.models.engine.request import Extension, clock_of, named, threads_of
from loopscope.models.engine.simulate import RESERVED, method_of, prepared_of
from loopscope.models.errors import RunError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from typing import Any, Unpack

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.models.case import Case
    from loopscope.models.engine.execute import Result
    from loopscope.models.engine.overrides import Overrides
    from loopscope.models.engine.request import Request
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario
    from loopscope.models.tangents import Tangents

    Numbers = NDArray[np.float64]

KEPT = 16
"""Sets of equations with tangents that are kept in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivities:
    """Runs and their derivatives, as plain arrays.

    Attributes
    ----------
    outputs, by
        Authored names: what was differentiated, and by what.
    values
        Dims (output, run, time); in the unit of the output.
    slopes
        Dims (output, run, parameter, time); in the unit of the output per unit of the parameter.
    time
        Saved times, dims (time,).
    status
        Of each run: "ok", or which variable left the finite numbers and when.
    batch
        Whether runs were asked for by arrays; if not, there is one.
    """

    prepared: Prepared
    outputs: tuple[str, ...]
    by: tuple[str, ...]
    values: Numbers
    slopes: Numbers
    time: Numbers
    status: tuple[str, ...]
    batch: bool


def sensitivities(
    model: Model | str | Path,
    *,
    of: Sequence[str],
    by: Sequence[str],
    scenario: str | Scenario | None = None,
    case: str | Case | None = None,
    parameters: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    lookups: Mapping[str, Any] | None = None,
    start: float | None = None,
    stop: float | None = None,
    dt: float | None = None,
    saveper: float | None = None,
    method: str | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Differentiate runs of a model by constants and start values, exactly.

    Parameters
    ----------
    of
        Variables to differentiate, by name.
    by
        Constants by name; the name of a stock means its start value.
    scenario, case, parameters, initial, lookups, start, stop, dt, saveper, method, seed, threads
        As in ``simulate``, arrays with one value a run included.  ``method`` is Euler or RK4.
    progress
        Called with (runs done, runs) now and then; a run and each derivative of it count as one.

    Returns
    -------
    xarray.Dataset
        For each output two variables, float64: under its own name its values, dims ``([run,]
        time)``, and as ``d(name)`` its derivatives, dims ``([run,] time, parameter)``, in the
        unit of the output per unit of the parameter; the coordinate ``unit`` holds the latter.
        ``status`` is as in ``simulate``.  A derivative is NaN from where its run failed on, and
        from where it is itself not finite.

    Raises
    ------
    UnknownNameError
        A name that the model does not have.
    RunError
        A parameter that is not a constant or a stock, is held by a time path, decides the times
        or the structure; a method other than Euler and RK4; as ``simulate`` otherwise.

    Notes
    -----
    The derivatives are those of the computed trajectory, to rounding.  At a MIN, MAX, IF THEN ELSE,
    lookup or non-negative stock the side in force counts; where a switch flips at a time that
    depends on a parameter, that shift is not seen.  With p parameters a run costs about as much as
    1 + p runs of a model twice the size.
    """
    request: Request = {
        "case": case, "parameters": parameters, "initial": initial, "lookups": lookups,
        "start": start, "stop": stop, "dt": dt, "saveper": saveper, "method": method,
        "seed": seed, "threads": threads, "progress": progress,
    }  # fmt: skip
    return _to_dataset(slopes_of(model, of, by, scenario, **request))


def slopes_of(
    model: Model | str | Path | Prepared,
    of: Sequence[str],
    by: Sequence[str],
    scenario: str | Scenario | None = None,
    **request: Unpack[Request],
) -> Sensitivities:
    """Differentiate as ``sensitivities`` does, but return plain arrays."""
    prepared = prepared_of(model)
    case, scenario = named(prepared.path, request.get("case"), scenario)
    method = method_of(prepared, request.get("method"))
    if method not in ("Euler", "RK4"):
        msg = (
            f"sensitivities follow the steps of the compiled kernel, and '{method}' has none; "
            "use method='RK4'"
        )
        raise RunError(msg)
    overrides = collect(
        prepared,
        case=case,
        scenario=scenario,
        parameters=request.get("parameters"),
        initial=request.get("initial"),
        lookups=request.get("lookups"),
    )
    outputs = _names(prepared, of, "output", ("stock", "flow", "auxiliary", "parameter"))
    chosen = _names(prepared, by, "parameter", ("parameter", "stock"))
    for name in chosen:
        _refuse_fixed(prepared, overrides, name)
    known, extended = _with_tangents(prepared, overrides, chosen, method)
    wanted = [*outputs, *(known.of[name] for name in outputs if name in known.of)]
    asked = _Asked(extended, known, chosen, overrides.runs, tuple(dict.fromkeys(wanted)))
    clock = clock_of(request, case)
    plans = [
        plan(
            extended,
            seeded,
            clock=clock,
            method="RK4" if method == "RK4" else "Euler",
            outputs=None,
            seed=request.get("seed", 0),
            extension=Extension(name="", equations=extended.source, outputs=asked.wanted),
        )
        for seeded in asked.directions(overrides)
    ]
    threads = threads_of(request)
    results = [execute(one, threads=threads, progress=request.get("progress")) for one in plans]
    return asked.gather(results, outputs)


@dataclass(frozen=True, slots=True)
class _Asked:
    """How directions are laid out as runs: for each run itself first, then one run each.

    Random draws depend on the number of a run, so that models which draw have one batch for each
    direction, numbered alike.
    """

    prepared: Prepared
    known: Tangents
    by: tuple[str, ...]
    runs: int | None
    wanted: tuple[str, ...]

    @property
    def apart(self) -> bool:
        return self.prepared.draws > 0

    def directions(self, given: Overrides) -> list[Overrides]:
        """Return the settings of each batch."""
        from loopscope.models.engine.overrides import Overrides

        seeds = [self.known.seeds[name] for name in self.by]
        lanes = len(seeds) + 1
        if self.apart:
            return [
                Overrides(
                    numbers=given.numbers | dict.fromkeys(seeds, 0.0) | one,
                    arrays=dict(given.arrays),
                    paths=dict(given.paths),
                    starts=dict(given.starts),
                    tables=dict(given.tables),
                )
                for one in ({}, *({seed: 1.0} for seed in seeds))
            ]
        unit = np.vstack([np.zeros(len(seeds)), np.eye(len(seeds))])
        arrays = {name: np.repeat(values, lanes) for name, values in given.arrays.items()}
        arrays |= {s: np.tile(unit[:, k], self.runs or 1) for k, s in enumerate(seeds)}
        starts = {
            name: np.repeat(value, lanes) if isinstance(value, np.ndarray) else value
            for name, value in given.starts.items()
        }
        return [
            Overrides(
                numbers=dict(given.numbers),
                arrays=arrays,
                paths=dict(given.paths),
                starts=starts,
                tables=dict(given.tables),
            )
        ]

    def gather(self, results: Sequence[Result], outputs: tuple[str, ...]) -> Sensitivities:
        """Return what was computed with its dims: (output, run, direction, time)."""
        runs, lanes = self.runs or 1, len(self.by) + 1
        time = results[0].time

        def block(name: str) -> Numbers:
            if self.apart:
                parts = [np.reshape(one.values[name], (runs, len(time))) for one in results]
                return np.stack(parts, axis=1)
            return np.reshape(results[0].values[name], (runs, lanes, len(time)))

        values = np.stack([block(name)[:, 0] for name in outputs])
        slopes = np.zeros((len(outputs), runs, len(self.by), len(time)))
        for row, name in zip(slopes, outputs, strict=True):
            if name in self.known.of:
                row[:] = block(self.known.of[name])[:, 1:]
        slopes[~np.isfinite(slopes)] = np.nan
        slopes[np.broadcast_to(np.isnan(values)[:, :, None], slopes.shape)] = np.nan
        failed = {
            run if self.apart else run // lanes: str(failure)
            for run, failure in results[0].failures.items()
            if self.apart or run % lanes == 0
        }
        return Sensitivities(
            prepared=self.prepared,
            outputs=outputs,
            by=self.by,
            values=values,
            slopes=slopes,
            time=time,
            status=tuple(failed.get(run, "ok") for run in range(runs)),
            batch=self.runs is not None,
        )


def _names(
    prepared: Prepared, given: Sequence[str], what: str, kinds: Collection[str]
) -> tuple[str, ...]:
    """Return authored names, each once."""
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list | tuple):
        msg = f"{what}s must be names of variables, got {shown(given)}"
        raise RunError(msg)
    found = dict.fromkeys(prepared.find(name, what) for name in given)
    for facts in found:
        if facts.kind not in kinds:
            why = "it has no value over time"
            if what == "parameter":
                why = "name a constant to differentiate by, or a stock for its start value"
            msg = f"'{facts.name}' cannot be a {what} here (it is of kind {facts.kind}): {why}"
            raise RunError(msg)
    if not found:
        msg = f"no {what}s given; name at least one variable"
        raise RunError(msg)
    return tuple(facts.name for facts in found)


def _refuse_fixed(prepared: Prepared, overrides: Overrides, name: str) -> None:
    """Refuse what no run could change by a little."""
    if name in prepared.structural:
        msg = f"'{name}' cannot be changed: {prepared.structural[name]}"
        raise RunError(msg)
    roles = {prepared.clock[role] for role in ROLES.values()}
    if name in roles or name in prepared.clock_needs:
        msg = (
            f"'{name}' decides the times of a run, which all runs share; runs are not "
            "differentiated by it"
        )
        raise RunError(msg)
    if name in overrides.paths:
        msg = (
            f"'{name}' is held by a time path, so there is no one value to differentiate by; "
            "set it to a number, or leave it out"
        )
        raise RunError(msg)
    held = name in overrides.numbers or name in overrides.arrays
    if prepared.variables[name].kind == "stock" and held:
        msg = f"stock '{name}' is held at a value, so its start value does not act; leave it out"
        raise RunError(msg)


_kept: dict[tuple[object, ...], tuple[Tangents, Prepared]] = {}


def _with_tangents(
    prepared: Prepared,
    overrides: Overrides,
    by: tuple[str, ...],
    method: str,
) -> tuple[Tangents, Prepared]:
    """Return equations with tangents, prepared; those used last are kept."""
    from loopscope.models.tangents import tangents

    given = {*overrides.numbers, *overrides.arrays, *overrides.paths}
    held = tuple(n for n in prepared.variables if n in given and n not in prepared.parameters)
    asked = (prepared.content, tuple(sorted(by)), held, tuple(sorted(overrides.starts)))
    if asked not in _kept:
        known = tangents(prepared.source(), sorted(by), held=held, started=tuple(overrides.starts))
        while len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[asked] = (
            known,
            of_equations(known.equations, path=prepared.path, variables=prepared.variables),
        )
    known, extended = _kept[asked]
    floors = [n for n, state in prepared.source().states.items() if state.non_negative]
    touched = next((str(n.name) for n in floors if n.name in known.of), None)
    if method == "RK4" and touched is not None:
        msg = (
            f"stock '{touched}' is held at 0 from below, which sensitivities follow with "
            "method='Euler' only"
        )
        raise RunError(msg)
    return known, extended


def _to_dataset(found: Sensitivities) -> xr.Dataset:
    import xarray as xr

    facts = found.prepared.variables
    reserved = (*RESERVED, "parameter", "unit")
    dims = ("run", "time") if found.batch else ("time",)
    variables: dict[str, xr.Variable] = {}
    for place, name in enumerate(found.outputs):
        units = facts[name].units
        values = found.values[place]
        slopes = np.moveaxis(found.slopes[place], 1, 2)
        if not found.batch:
            values, slopes = values[0], slopes[0]
        saved = f"{name}_" if name in reserved else name
        variables[saved] = xr.Variable(dims, values, {"units": units})
        variables[f"d({name})"] = xr.Variable(
            (*dims, "parameter"), slopes, {"units": f"{units or 'unit not given'} per 'unit'"}
        )
    status = np.array(found.status)
    variables["status"] = (
        xr.Variable(("run",), status) if found.batch else xr.Variable((), found.status[0])
    )
    return xr.Dataset(
        variables,
        coords={
            "time": xr.Variable("time", found.time, {"units": found.prepared.clock["units"]}),
            "parameter": xr.Variable("parameter", np.array(found.by)),
            "unit": xr.Variable("parameter", np.array([facts[name].units for name in found.by])),
        },
        attrs={"model": found.prepared.name, "model_sha256": found.prepared.sha256},
    )
