"""How indices are laid out in one Dataset.

Stage 4 of 5.  In: indices of columns.  Out: a Dataset with dims ``([scenario,] outcome, time,
parameter)`` for series and shares; what belongs to metrics has the prefix ``metric_`` and dims
``([scenario,] metric, parameter)``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.indices.complete import NOT_STORED, STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.indices.complete import Computed
    from loopscope.analysis.indices.outcomes import Outcome

    Numbers = NDArray[np.float64]

PREFIX = "metric_"
FORMAT = "loopscope indices 1"

PAIRED = ("second", "second_low", "second_high")
"""Indices of two parameters."""

IN_UNIT = ("mu", "mu_star", "mu_star_low", "mu_star_high", "sigma", "effect")
"""Indices in the unit of the outcome; the others have none."""


class Table:
    """Indices of one scenario, filled in part by part.

    Parameters
    ----------
    shape
        Lengths of the leading dims: (outcome, time) or (metric,).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.indices: dict[str, Numbers] = {}
        self.status = np.full(shape, NOT_STORED, dtype=np.int8)
        self.used = np.zeros(shape, dtype=np.int64)

    def fill(self, where: tuple[Any, ...], computed: Computed) -> None:
        """Put the indices of columns into their places."""
        for name, numbers in computed.indices.items():
            shape = (*self.shape, *numbers.shape[computed.status.ndim :])
            self.indices.setdefault(name, np.full(shape, np.nan))[where] = numbers
        self.status[where] = np.maximum(
            computed.status, np.where(self.status[where] == NOT_STORED, 0, self.status[where])
        )
        self.used[where] = computed.used


def dims_behind(name: str) -> tuple[str, ...]:
    """Return the dims of an index behind those of its outcome."""
    if name in PAIRED:
        return ("parameter", "parameter_2")
    if name == "conditional":
        return ("parameter", "side", "quantile")
    return () if name == "pawn_noise" else ("parameter",)


def dataset(
    tables: Sequence[tuple[Table, Table]],
    names: Sequence[str],
    *,
    timed: Sequence[Outcome],
    single: Sequence[Outcome],
    sizes: Mapping[str, int],
    scenarios: Sequence[str] | None,
) -> xr.Dataset:
    """Return everything as one Dataset.

    Parameters
    ----------
    tables
        For each scenario that of series and shares, and that of metrics.
    names
        Indices that there are; NaN where nothing was computed.
    sizes
        Lengths of the dims behind outcome, time or metric.
    scenarios
        None where the sweep has no such dim.
    """
    import xarray as xr

    variables: dict[str, xr.Variable] = {}
    along: dict[str, Any] = {} if scenarios is None else {"scenario": np.array(scenarios)}
    for half, outcomes, dims in ((0, timed, ("outcome", "time")), (1, single, ("metric",))):
        if not outcomes:
            continue
        parts = [pair[half] for pair in tables]
        prefix = PREFIX if half else ""
        lead = dims if scenarios is None else ("scenario", *dims)
        for name in names:
            behind = dims_behind(name)
            shape = tuple(sizes[dim] for dim in behind)
            arrays = [one.indices.get(name, np.full((*one.shape, *shape), np.nan)) for one in parts]
            units = "unit of the outcome" if name in IN_UNIT else "dmnl"
            variables[prefix + name] = xr.Variable(
                (*lead, *behind), _joined(arrays, scenarios), {"units": units}
            )
        flags = {
            "flag_values": list(range(len(STATUS))),
            "flag_meanings": " ".join(word.replace(" ", "_") for word in STATUS),
        }
        status = _joined([one.status for one in parts], scenarios)
        used = _joined([one.used for one in parts], scenarios)
        variables[f"{prefix}status"] = xr.Variable(lead, status, flags)
        variables[f"{prefix}used"] = xr.Variable(lead, used)
        along[dims[0]] = np.array([one.name for one in outcomes])
        along[f"{dims[0]}_units"] = (dims[0], np.array([one.units for one in outcomes]))
        if not half:
            along["outcome_title"] = ("outcome", np.array([one.title for one in outcomes]))
            along["outcome_kind"] = ("outcome", np.array([one.kind for one in outcomes]))
    return xr.Dataset(variables, coords=along)


def over_time(found: xr.Dataset) -> xr.Dataset:
    """Return the half of a result that has a time: series and shares of loops."""
    return found[[name for name in found.data_vars if not str(name).startswith(PREFIX)]]


def of_metrics(found: xr.Dataset) -> xr.Dataset:
    """Return the half of a result that has none, metrics, under the plain names of indices."""
    own = [str(name) for name in found.data_vars if str(name).startswith(PREFIX)]
    return found[own].rename({name: name.removeprefix(PREFIX) for name in own})


def main_of(found: xr.Dataset) -> dict[str, str]:
    """Return by method which index ranks the parameters."""
    main: dict[str, str] = json.loads(found.attrs["main"])
    return main


def constants(
    tables: Sequence[tuple[Table, Table]], timed: Sequence[Outcome], single: Sequence[Outcome]
) -> list[str]:
    """Return the outcomes that never vary over runs, in any scenario."""
    from loopscope.analysis.indices.complete import CONSTANT

    found = []
    for half, outcomes in ((0, timed), (1, single)):
        for place, one in enumerate(outcomes):
            states = np.concatenate([np.ravel(pair[half].status[place]) for pair in tables])
            stored = states[states != NOT_STORED]
            if stored.size and np.all(stored == CONSTANT):
                found.append(one.name)
    return found


def _joined(arrays: Sequence[Any], scenarios: Sequence[str] | None) -> Any:
    return arrays[0] if scenarios is None else np.stack(arrays)
