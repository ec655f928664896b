"""The arrays that a kernel is called with.

Stage 5 of 5.  In: ``Overrides``, a ``Layout`` and ``Times``.  Out: one array for each kind of
input: what all runs share, what differs between runs, what differs in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loopscope.models.engine.clock import Times
    from loopscope.models.engine.layout import Layout
    from loopscope.models.engine.overrides import Numbers, Overrides
    from loopscope.models.engine.prepared import Prepared


def common_of(
    prepared: Prepared, overrides: Overrides, layout: Layout, own: Mapping[str, float]
) -> Numbers:
    """Return inputs and start values that all runs share, dims (slot,).

    ``own`` are those of an extension.
    """
    single = {name: values[0] for name, values in overrides.arrays.items()}
    values = {**prepared.parameters, **overrides.numbers, **single, **own}
    starts = [
        float(start[0]) if isinstance(start, np.ndarray) else start
        for start in overrides.starts.values()
    ]
    return np.array([values.get(name, 0.0) for name in layout.inputs] + starts or [0.0])


def lanes_of(overrides: Overrides, layout: Layout, runs: int) -> Numbers:
    """Return what differs between runs, dims (lane, run padded to whole tiles)."""
    padded = -(-runs // layout.tile) * layout.tile
    lanes = np.empty((len(layout.lanes), padded))
    for row, name in zip(lanes, layout.lanes, strict=True):
        values = overrides.arrays.get(name)
        row[:runs] = overrides.starts[name] if values is None else values
        row[runs:] = row[runs - 1]
    return lanes


def series_of(
    prepared: Prepared,
    overrides: Overrides,
    layout: Layout,
    when: Times,
    own: Mapping[str, Callable[[Times], Numbers]],
) -> Numbers:
    """Return what differs in time, dims (series, sample); ``own`` are those of an extension."""
    moments = when.samples(layout.samples_per_step)
    series = np.zeros((len(layout.series), len(moments)))
    for row, name in zip(series, layout.series, strict=True):
        if name in own:
            steps = np.repeat(own[name](when), layout.samples_per_step)
            row[: len(steps)] = steps
        else:
            row[:] = overrides.paths[name].at(moments, default_of(prepared, overrides, name))
    return series


def default_of(prepared: Prepared, overrides: Overrides, name: str) -> float:
    """Return what a path of a variable falls back to outside its own times.

    Raises
    ------
    RunError
        The variable is no constant, so has no such value, and the path leaves times open.
    """
    from loopscope.models.scenario import Points

    default = prepared.parameters.get(name)
    if default is None:
        if isinstance(overrides.paths[name], Points):
            return 0.0
        kind = prepared.variables[name].kind
        msg = f"'{name}' is a {kind}: hold it with 'times' and 'values' that cover the whole run"
        raise RunError(msg)
    return default
