"""Values of parameters for many runs: all combinations, or draws from ranges.

In: names and values, or declared ranges.  Out: arrays of parameters, dims (run,), for one batch.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.models.engine.prepared import Facts, Prepared
    from loopscope.models.setup import Draws, Setup

Numbers = NDArray[np.float64]

MOST_RUNS = 1_000_000
"""Combinations of one ``vary``, at most."""


def draw(prepared: Prepared, draws: Draws, shared: Setup) -> dict[str, Numbers]:
    """Return values of parameters, dims (run,): the same for the same seed.

    What the shared setup sets is not drawn.

    Raises
    ------
    RunError
        A parameter without a range, one that is no parameter, or nothing to draw.
    """
    random = np.random.default_rng(draws.seed)
    fixed = {prepared.find(name).name for name in (*draws.fixed, *shared.settings)}
    ranges = {prepared.find(name).name: pair for name, pair in draws.ranges.items()}
    chosen = {prepared.find(name).name for name in draws.only} | set(ranges)
    if not chosen:
        chosen = {facts.name for facts in spread(prepared)}
    found = {}
    for name in prepared.variables:
        if name not in chosen or name in fixed:
            continue
        low, high = ranges.get(name) or limits(prepared, name)
        values = random.uniform(low, high, draws.runs)
        end = random.random(draws.runs)
        ends = [end < draws.ends / 2, end > 1 - draws.ends / 2]
        found[name] = np.select(ends, [low, high], values)
    if not found:
        msg = "'draws' has no parameter to draw: none has a declared range"
        raise RunError(msg)
    return found


def spread(prepared: Prepared) -> list[Facts]:
    """Return the parameters with a declared range that is more than one value."""
    clock = set(prepared.clock.values())
    found = []
    for name in prepared.parameters:
        facts = prepared.variables.get(name)
        if facts is None or name in clock or name in prepared.structural:
            continue
        if facts.low is not None and facts.high is not None and facts.low < facts.high:
            found.append(facts)
    return found


def limits(prepared: Prepared, name: str) -> tuple[float, float]:
    """Return the declared range of a parameter.

    Raises
    ------
    RunError
        It has none, one that is open, or is no parameter.
    """
    facts = prepared.find(name)
    if facts.kind != "parameter":
        msg = f"'{facts.name}' is a {facts.kind}; only parameters are drawn"
        raise RunError(msg)
    if facts.low is None or facts.high is None:
        msg = f"'{facts.name}' has no declared range; give it one in the model"
        raise RunError(msg)
    return facts.low, facts.high


def grid(vary: Mapping[str, tuple[float, ...]]) -> dict[str, Numbers]:
    """Return all combinations of some values, dims (run,), the last name varying fastest.

    Examples
    --------
    >>> {name: values.tolist() for name, values in grid({"a": (1, 2), "b": (3, 4)}).items()}
    {'a': [1.0, 1.0, 2.0, 2.0], 'b': [3.0, 4.0, 3.0, 4.0]}
    """
    if math.prod(len(values) for values in vary.values()) > MOST_RUNS:
        msg = f"'vary' asks for more than {MOST_RUNS:,} combinations; give fewer values"
        raise RunError(msg)
    rows = np.array(list(product(*vary.values())), dtype=np.float64)
    return {name: rows[:, column] for column, name in enumerate(vary)}
