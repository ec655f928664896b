"""A run made again from what it says of itself.

Stage 3 of 4.  In: a ``CausalGraph`` and a run, however it was sliced or stored since.  Out: the
same run with everything that the graph needs saved, stages of delays included, and proof that it is
the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.graph import STOCKS, root
from loopscope.models.engine.request import Extension
from loopscope.models.engine.simulate import RESERVED, prepared_of
from loopscope.models.engine.simulate import run as run_again
from loopscope.models.errors import LoopError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sympy as sp
    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.graph import CausalGraph
    from loopscope.models.engine.execute import Result

SAME = 1e-9
"""Relative difference up to which a run made again counts as the same."""

SLACK = 1e-6
"""Part of a time step by which saved times may be off."""

NEEDED = (
    "model_sha256", "settings", "initial", "settings_per_run", "initial_per_run", "lookups",
    "method", "seed",
)  # fmt: skip
"""Attributes without which a run cannot be made again."""


def with_its_dims(run: xr.Dataset) -> xr.Dataset:
    """Return a run with dims ([run,] time), as it was made; one time is a run of one time.

    Raises
    ------
    LoopError
        This is no run.
    """
    import xarray as xr

    if not isinstance(run, xr.Dataset):
        msg = f"a run is what models.simulate returns, got {shown(run)}"
        raise LoopError(msg)
    if "time" not in run.coords or any(name not in run.attrs for name in NEEDED):
        msg = "the run does not say what it was made from; scores need a run of models.simulate"
        raise LoopError(msg)
    if "time" not in run.dims:
        words = {"status": run["status"].variable} if "status" in run else {}
        run = run.drop_vars([*words]).expand_dims("time").assign(words)
    return run.transpose(..., "time")


def made_again(graph: CausalGraph, run: xr.Dataset) -> Result:
    """Return a run made again, with stocks, stages of delays, constants and random numbers saved.

    Parameters
    ----------
    run
        From ``with_its_dims``.

    Raises
    ------
    LoopError
        The run is of another model, failed, or lacks what differs between runs.
    """
    attrs = run.attrs
    if attrs["model_sha256"] != graph.model.sha256:
        msg = (
            f"the run is of model '{attrs.get('model', '?')}', the loops are of "
            f"'{graph.model.name}' (or of another version of its file); simulate the same model"
        )
        raise LoopError(msg)
    _refuse_failed(run)
    try:
        parameters: dict[str, Any] = json.loads(attrs["settings"])
        initial: dict[str, Any] = json.loads(attrs["initial"])
        lookups = json.loads(attrs["lookups"])
        settings_per_run = json.loads(attrs["settings_per_run"])
        initial_per_run = json.loads(attrs["initial_per_run"])
        seed = int(attrs["seed"])
    except ValueError as error:
        msg = f"what the run says it was made from cannot be read ({error}); simulate again"
        raise LoopError(msg) from error
    parameters |= {name: _per_run(run, name) for name in settings_per_run}
    initial |= {name: _per_run(run, name) for name in initial_per_run}
    names = [str(s.name) for s in graph.equations.parameters]
    names += [n for n, one in root(graph).nodes.items() if one.role in (*STOCKS, "random")]
    names += [str(s.name) for s in graph.equations.fixed]
    names += [n for n in parameters if n not in names]
    extension = Extension(
        name="draws apart" if graph.equations.draws else "",
        equations=lambda: graph.equations,
        outputs=tuple(dict.fromkeys(names)),
    )
    result = run_again(
        prepared_of(graph.model), None, parameters=parameters, initial=initial, lookups=lookups,
        method=attrs["method"], seed=seed, extension=extension,
    )  # fmt: skip
    first = np.atleast_1d(run["time"].values)[:1]
    if initial_per_run and np.any(np.abs(first - result.time[0]) > SLACK * result.plan.times.step):
        msg = (
            f"start values of '{initial_per_run[0]}' differ between runs, so the run must keep its "
            f"first time, {result.time[0]:g}; slice the scores, not the run"
        )
        raise LoopError(msg)
    return result


def rows_of(run: xr.Dataset, result: Result) -> NDArray[np.intp]:
    """Return which saved times of a run made again a run has.

    Raises
    ------
    LoopError
        Times that were not saved, twice the same, or not in their order.
    """
    slack = SLACK * result.plan.times.step
    wanted = np.atleast_1d(np.asarray(run["time"].values, dtype=np.float64))
    if len(wanted) == 0:
        msg = "the run has no saved time; keep one at least"
        raise LoopError(msg)
    inside = np.clip(np.searchsorted(result.time, wanted - slack), 0, len(result.time) - 1)
    off = np.flatnonzero(~(np.abs(result.time[inside] - wanted) <= slack))
    if len(off):
        msg = (
            f"the run has times that its own settings do not give, as {wanted[off[0]]:g}; make it "
            "with models.simulate"
        )
        raise LoopError(msg)
    back = np.flatnonzero(np.diff(inside) <= 0)
    if len(back):
        one, other = wanted[back[0]], wanted[back[0] + 1]
        msg = f"times of the run must rise, but {other:g} comes after {one:g}; sort them"
        raise LoopError(msg)
    return inside


def compare(graph: CausalGraph, run: xr.Dataset, values: Mapping[sp.Symbol, Any]) -> None:
    """Refuse a run whose stocks are not those of the run made again.

    Raises
    ------
    LoopError
        They differ; the message names one.
    """
    for stock in graph.model.stocks:
        saved = _saved(stock.name)
        if saved not in run:
            continue
        ours = np.asarray(values[stock.symbol])
        given = np.asarray(run[saved].values, dtype=np.float64)
        size = max(float(np.max(np.abs(ours), initial=0.0)), 1e-300)
        if given.shape != ours.shape or not np.all(np.abs(given - ours) <= SAME * size):
            why = "the run or the model was changed after it was made"
            if graph.equations.draws:
                why += (
                    ", or it was taken out of a batch, where random numbers depend on its place: "
                    "simulate it alone"
                )
            msg = f"made again from its settings, the run has other values of '{stock.name}'; {why}"
            raise LoopError(msg)


def _saved(name: str) -> str:
    """Return the name under which a run holds a variable."""
    return f"{name}_" if name in RESERVED else name


def _per_run(run: xr.Dataset, name: str) -> Any:
    """Return the value that each run was given, or the one of a run taken out of its batch."""
    saved = _saved(name)
    if saved not in run:
        msg = f"'{name}' differs between runs but was not saved; add it to outputs="
        raise LoopError(msg)
    first = run[saved].isel(time=0).values
    return first if first.ndim else float(first)


def _refuse_failed(run: xr.Dataset) -> None:
    words = np.atleast_1d(run["status"].values) if "status" in run else np.array(["ok"])
    bad = np.flatnonzero(words != "ok")
    if len(bad) and words.size == 1:
        msg = f"the run left the finite numbers ({words[0]}); it has no scores"
        raise LoopError(msg)
    if len(bad):
        msg = (
            f"{len(bad)} of {len(words)} runs left the finite numbers (run {bad[0]}: "
            f"{words[bad[0]]}) and have no scores; leave them out: "
            "run.isel(run=(run.status == 'ok').values)"
        )
        raise LoopError(msg)
