"""An attribution as a Dataset: values, what is left over, and their spread over an ensemble.

In: what was asked for, and plain arrays.  Out: the Dataset that ``attribute`` returns.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.engine.simulate import versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.attributing.asking import Asked
    from loopscope.analysis.attributing.integrating import Split
    from loopscope.analysis.attributing.mechanism import Mechanism

    Numbers = NDArray[np.float64]

NOT_FOR = (
    "ranking feedback apart from what else a constant does: a switch takes out all that rests on "
    "its constants, levels included; predicting what cutting one mechanism alone would do, which "
    "the knock-out says; comparing models whose switches cut at different values; constants that "
    "cut at a huge value, as their mechanism then comes in at the very end of the path"
)


def shares_of(found: xr.Dataset) -> list[float]:
    """Return the largest part of each outcome that is left over, at any time and in any run."""
    shares = found["left_share"].to_numpy()
    return [float(np.max(one)) for one in shares]


def gather(
    asked: Asked, split: Split, found: dict[str, Numbers], levels: Sequence[float]
) -> xr.Dataset:
    """Return what was found under its names and dims; see ``attribute``.

    Parameters
    ----------
    found
        What is known of each mechanism, dims (outcome, run, mechanism, time).
    levels
        Quantiles over the runs of an ensemble.
    """
    import xarray as xr

    dial, batch = asked.dial, asked.dial.overrides.runs is not None
    facts = [asked.prepared.variables[name] for name in dial.outputs]
    whole = {
        "with_none": split.none,
        "with_all": split.every,
        "left_over": split.left_over,
    }
    found |= whole
    scale = np.maximum(
        np.nan_to_num(np.abs(split.value)).max(axis=(2, 3)),
        np.nan_to_num(np.abs(split.every - split.none)).max(axis=2),
    )
    largest = np.nan_to_num(np.abs(whole["left_over"])).max(axis=2)
    share = np.divide(largest, scale, out=np.zeros_like(scale), where=scale > 0)
    every = {name: ("mechanism", "time") if name not in whole else ("time",) for name in found}
    variables: dict[str, Any] = {}
    for name, values in found.items():
        dims = ("outcome", "run", *every[name]) if batch else ("outcome", *every[name])
        variables[name] = (dims, values if batch else values[:, 0])
        if batch and name not in ("value_bound", "shapley_error"):
            variables[f"{name}_quantiles"] = (
                ("outcome", "quantile", *every[name]),
                _quantiles(values, levels),
            )
    run = ("run",) if batch else ()
    status = np.array([split.failed.get(row, "ok") for row in range(dial.runs)])
    variables["left_share"] = (("outcome", *run), share if batch else share[:, 0])
    variables["nodes"] = (run, split.nodes if batch else split.nodes[0])
    variables["status"] = (run, status if batch else status[0])
    mechanisms = asked.mechanisms
    coords: dict[str, Any] = {
        "outcome": list(dial.outputs),
        "unit": ("outcome", [one.units for one in facts]),
        "mechanism": [one.id for one in mechanisms],
        "mechanism_name": ("mechanism", [one.name for one in mechanisms]),
        "switch": ("mechanism", [_words(one) for one in mechanisms]),
        "idle": ("mechanism", ~(found["value"].any((0, 1, 3)) | found["knock_out"].any((0, 1, 3)))),
        "time": ("time", dial.time, {"units": asked.prepared.clock["units"]}),
    }
    if batch:
        coords |= {"run": np.arange(dial.runs), "quantile": list(levels)}
    return xr.Dataset(
        variables,
        coords=coords,
        attrs={
            "model": asked.prepared.name,
            "model_sha256": asked.prepared.sha256,
            "versions": versions(),
            **asked.labels,
            "not_switched": json.dumps([list(one) for one in asked.without]),
            "not_for": NOT_FOR,
            "format": "loopscope attribution 1",
        },
    )


def _words(one: Mechanism) -> str:
    return ", ".join(f"'{name}' = {value:g}" for name, value in one.cut.items())


def _quantiles(values: Numbers, levels: Sequence[float]) -> Numbers:
    """Return quantiles over the runs that did not fail; dims (outcome, quantile, ...)."""
    if np.isfinite(values).all():
        return np.asarray(np.moveaxis(np.quantile(values, levels, axis=1), 0, 1))
    from warnings import catch_warnings, simplefilter

    with catch_warnings():  # slower by far, and where no run has a value: NaN says so
        simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.moveaxis(np.nanquantile(values, levels, axis=1), 0, 1))
