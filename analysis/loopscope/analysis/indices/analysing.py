"""Sensitivity indices of a sweep, for many outcomes at every time.

Stage 5 of 5, the entry.  In: the Dataset of a sweep.  Out: a Dataset of indices.  What a design
does not allow is refused; what an index rests on, and what is missing, is told with it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.indices import methods, outcomes
from loopscope.analysis.indices.condition import condition_of
from loopscope.analysis.indices.gathering import Work
from loopscope.analysis.indices.layout import FORMAT
from loopscope.analysis.indices.local import local_outcomes, settled_of
from loopscope.analysis.indices.sample import Settings, sample_of
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.models.model import Model

KEPT_ATTRS = ("title", "model", "model_sha256", "study", "design", "versions", "seed", "runs")
"""What a result keeps of the attributes of its sweep."""


def sensitivity(
    swept: xr.Dataset,
    of: str | Sequence[str] | None = None,
    *,
    method: str | Sequence[str] | None = None,
    at: float | Sequence[float] | None = None,
    resamples: int | None = None,
    level: float = 0.95,
    seed: int = 0,
    condition: str | None = None,
    model: Model | str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Say how much of the spread of each outcome each parameter makes, at every time.

    Parameters
    ----------
    swept
        From ``analysis.sweep`` or ``analysis.open_sweep``.
    of
        Series and metrics by name, loops by id or name (their relative scores), "METRIC is LABEL";
        everything that the sweep keeps by default.
    method
        ``sobol``, ``morris``, ``fast``, ``prcc``, ``pawn``, ``delta``, ``regional`` or ``local``,
        or several.  By default what suits the design: Sobol indices for "saltelli", Morris measures
        for "morris", FAST for "fast", else ``prcc`` and ``pawn``.
    at
        Times, each taken as the nearest one that is stored; all by default.
    resamples
        Of the bootstrap; 0 for no intervals.  100 by default, 20 for delta.
    level
        Of the intervals.
    seed
        Of the bootstrap.
    condition
        Compare runs for which this holds with those for which it does not: "peak irregular > 1e6".
    model
        The model that was swept, for the method ``local``; needed where it is not a library model.
    progress
        Called with (series and loops done, all of them).

    Returns
    -------
    xarray.Dataset
        Indices of series and shares, dims ``([scenario,] outcome, time, parameter)``; indices of
        metrics under the same names with the prefix ``metric_``, dims ``([scenario,] metric,
        parameter)``; names as each method's ``estimate`` has them, with ``_low`` and ``_high`` for
        intervals.  ``second`` has another dim ``parameter_2``.  A grouped design has the names of
        its groups along ``parameter``.  ``status`` says why an index is NaN: "constant", "too few
        runs", or "not stored" where series and shares are kept at different times.  ``used`` counts
        what an index rests on: base rows (Sobol), trajectories (Morris), runs (others).
        Attributes, as JSON: ``method``; ``main``, which index ranks, by method; ``constant``,
        outcomes that never vary; ``failed``, runs that failed, by scenario; ``caveats``.

    Raises
    ------
    StudyError
        The design, or the correlation of its inputs, does not allow the method; too few runs; a
        time outside of the run.
    UnknownNameError
        An outcome that the sweep does not keep.

    Notes
    -----
    Outcomes are read and computed in parts of 8 million numbers, so memory does not grow with
    their number.  Failed runs are left out at all times, with their base row or trajectory.

    Examples
    --------
    >>> import json, numpy as np, xarray as xr
    >>> x = np.random.default_rng(1).random((400, 2))
    >>> swept = xr.Dataset(
    ...     {
    ...         "inputs": (("run", "parameter"), x),
    ...         "peak": ("run", x[:, 0] ** 3, {"role": "metric", "units": "people"}),
    ...     },
    ...     coords={"parameter": ["rate", "delay"]},
    ...     attrs={"design": json.dumps({"kind": "random"})},
    ... )
    >>> found = sensitivity(swept, method="prcc")
    >>> found["metric_prcc"].sel(metric="peak").values.round(2).tolist()[0]
    1.0
    """
    settings = Settings(resamples=resamples, level=level, seed=seed)
    sample = sample_of(swept)
    asked = None if condition is None else condition_of(condition, swept)
    chosen = methods.chosen(method, sample, conditional=asked is not None)
    grouped = chosen[0].grouped and sample.grouped != sample.parameters
    if grouped and len(chosen) > 1:
        msg = f"{chosen[0].title} of groups have parameters of their own; ask for one method"
        raise StudyError(msg)
    caveats = [note for one in chosen for note in methods.allowed(one, sample)]
    work = Work(swept, sample, settings, progress)
    if asked is not None:
        found = work.of_condition(asked)
    else:
        wanted = outcomes.named_outcomes(swept, of)
        settled = None
        if chosen[0].name == "local":
            wanted = local_outcomes(wanted, named=of is not None)
            settled = settled_of(swept, model)
        found = work.of_outcomes(chosen, wanted, at, settled)
    names = np.array(sample.grouped if grouped else sample.parameters)
    along = {dim: names for dim in ("parameter", "parameter_2") if dim in found.dims}
    found = found.assign_coords(along)
    if "unit" in swept.coords and not grouped:
        found = found.assign_coords(unit=("parameter", swept["unit"].values))
    found.attrs = {name: swept.attrs[name] for name in KEPT_ATTRS if name in swept.attrs}
    found.attrs |= {
        "format": FORMAT,
        "method": json.dumps([one.name for one in chosen]),
        "main": json.dumps({one.name: one.main for one in chosen}),
        "level": level,
        "bootstrap_seed": seed,
        "constant": json.dumps(work.constant),
        "failed": json.dumps(work.failed),
        "caveats": json.dumps(list(dict.fromkeys([*caveats, *work.caveats]))),
    }
    return found
