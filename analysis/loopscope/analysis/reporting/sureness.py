"""How sure one can be, as numbers: a sweep over all that is uncertain, and what follows from it.

In: a model file and how many runs to make.  Out: ``Sureness``, which a second process can hand over
to the first.  A part that fails says why, and the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.errors import LoopscopeError
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import xarray as xr

RUNS = 2048
"""Runs of the sweep, unless said: enough for shares of runs to two percent, and for partial rank
correlations to 0.05 (the intervals of the report say it for each)."""

STUDY = "global"
"""The study beside a model that is run, if there is one."""

SERIES = 4
"""Key series, where the model has no such study."""

SHARES = 20
"""Times at which loops are scored, about, where the model has no such study."""

MOMENTS = 11
"""Times at which parameters are ranked."""


@dataclass(kw_only=True)
class Sureness:
    """What a sweep tells.

    Attributes
    ----------
    swept
        One scenario of it; None for a model without a declared distribution.
    dominance, indices, modes, split
        How probable each loop leads; partial rank correlations; modes of behaviour; what each
        mechanism adds to the first series.  None where ``problems`` says why, by the same names.
    """

    swept: xr.Dataset | None = None
    dominance: xr.Dataset | None = None
    indices: xr.Dataset | None = None
    modes: xr.Dataset | None = None
    split: xr.Dataset | None = None
    problems: dict[str, str] = field(default_factory=dict)


def work_out(path: str | Path, runs: int) -> Sureness:
    """Sweep the constants of a model that have a distribution, and work out what that does."""
    from loopscope.models.distribution import Fixed
    from loopscope.models.parameters import declared

    found = Sureness()
    try:
        varied = [
            name for name, one in declared(path).items() if not isinstance(one.distribution, Fixed)
        ]
        if not varied:
            return found
        found.swept = _swept(path, runs).load()
    except LoopscopeError as error:
        found.problems["swept"] = str(error)
        return found
    parts: dict[str, Callable[[str | Path, xr.Dataset], xr.Dataset]] = {
        "dominance": _dominance, "indices": _indices, "modes": _modes, "split": _split,
    }  # fmt: skip
    for name, part in parts.items():
        try:
            setattr(found, name, part(path, found.swept))
        except LoopscopeError as error:
            found.problems[name] = str(error)
    return found


def series_of(swept: xr.Dataset) -> list[str]:
    """Return the names of the series that a sweep kept."""
    return [str(name) for name, one in swept.data_vars.items() if one.attrs.get("role") == "series"]


def numbers_of(swept: xr.Dataset) -> list[str]:
    """Return the names of the metrics that are quantities: codes are not."""
    return [
        str(name)
        for name, one in swept.data_vars.items()
        if one.attrs.get("role") == "metric" and "labels" not in one.attrs
    ]


def _swept(path: str | Path, runs: int) -> xr.Dataset:
    from loopscope.analysis.study.files import studies
    from loopscope.analysis.sweeping.sweep import sweep

    names = [name for name in studies(path) if key(name) == STUDY]
    swept = sweep(path, names[0], runs=runs) if names else _without_a_study(path, runs)
    return swept.isel(scenario=0) if "scenario" in swept.dims else swept


def _without_a_study(path: str | Path, runs: int) -> xr.Dataset:
    """Sweep all constants with a distribution, with loops that have names, or are few."""
    from loopscope.analysis.highlights import outcomes
    from loopscope.analysis.runs import Choice, simulate_one, with_stocks
    from loopscope.analysis.study.records import Study
    from loopscope.analysis.sweeping.sweep import sweep
    from loopscope.models.errors import StudyError

    base = simulate_one(with_stocks(path), None, Choice())
    series = outcomes(base)[:SERIES]
    fields: dict[str, Any] = {
        "title": "All constants with a declared distribution",
        "runs": runs,
        "parameters": "all",
        "series": series,
        "metrics": [{"name": f"{name}, end", "of": name, "metric": "final"} for name in series],
    }
    every = float(base.time[-1] - base.time[0]) / SHARES
    for track in ("named", "all"):
        tracked = Study.model_validate(fields | {"loops": {"track": track, "every": every}})
        try:
            return sweep(path, tracked)
        except StudyError:
            continue  # no names; no loop, or too many to track them all
    untracked: Study = Study.model_validate(fields)
    return sweep(path, untracked)


def _dominance(_path: str | Path, swept: xr.Dataset) -> xr.Dataset:
    from loopscope.analysis.dominating.gathering import dominance

    if "relative" not in swept:
        msg = "loops were not tracked: the model names none, and has none or too many"
        raise LoopscopeError(msg)
    return dominance(swept)


def _indices(_path: str | Path, swept: xr.Dataset) -> xr.Dataset:
    from loopscope.analysis.indices.analysing import sensitivity

    time = np.asarray(swept["time"].values, dtype=np.float64)
    at = time[np.unique(np.linspace(0, len(time) - 1, MOMENTS).round().astype(int))][1:]
    outcomes = [*series_of(swept), *numbers_of(swept)]
    return sensitivity(swept, outcomes, method="prcc", at=at.tolist())


def _modes(path: str | Path, swept: xr.Dataset) -> xr.Dataset:
    from loopscope.analysis.behaviour.finding import modes

    return modes(swept, series_of(swept), model=path)


def _split(path: str | Path, swept: xr.Dataset) -> xr.Dataset:
    from loopscope.analysis.attributing.attribution import attribute

    return attribute(path, series_of(swept)[0])
