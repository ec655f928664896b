"""Statements of the kind ``levers``: neutral as the model stands, and connected.

In: what the names of levers begin with.  Out: how many are not neutral, how many move no flow, and
how many of those asked for are missing.  One run for each lever, all in one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.reality.drawing import limits
from loopscope.analysis.reality.files import count
from loopscope.models.errors import RunError
from loopscope.models.names import key

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.analysis.reality.measuring import Figure
    from loopscope.models.statement import Levers


def evaluate(bench: Bench, statement: Levers) -> list[Figure]:
    """Return what is wrong with levers.

    Each is tried alone at the end of its range that is further from neutral.

    Raises
    ------
    RunError
        No constant has such a name, or a lever has no range.
    """
    prepared = bench.prepared
    names = [
        name
        for name in prepared.parameters
        if name in prepared.variables and key(name).startswith(key(statement.prefix))
    ]
    if not names:
        msg = f"no constant has a name that begins with '{statement.prefix}'"
        raise RunError(msg)
    pushed = [f"{name} is {prepared.parameters[name]:g}" for name in names
              if prepared.parameters[name] != statement.neutral]  # fmt: skip
    missing = [name for name in statement.needed if key(name) not in {key(n) for n in names}]
    return [
        count(f"of {len(names)} levers, those that are not neutral", pushed),
        count("those that move no flow", _idle(bench, statement, names)),
        count(f"of {len(statement.needed)} levers asked for, those missing", missing),
    ]


def _idle(bench: Bench, statement: Levers, names: list[str]) -> list[str]:
    """Return the levers that change no flow by ``smallest`` of its largest value."""
    arrays = {}
    for place, name in enumerate(names, start=1):
        low, high = limits(bench.prepared, name)
        end = max((low, high), key=lambda value: abs(value - statement.neutral))
        arrays[name] = np.full(len(names) + 1, statement.neutral)
        arrays[name][place] = end
    flows = bench.prepared.of_kind("flow")
    batch = bench.simulate(statement.run, flows, arrays=arrays)
    moved = np.zeros(len(names) + 1)
    for flow in flows:
        values = batch.values[flow]
        change = np.abs(values - values[0]).max(axis=1)
        moved = np.fmax(moved, change / max(float(np.abs(values[0]).max()), TINY))
    return [name for name, most in zip(names, moved[1:], strict=True) if most < statement.smallest]


TINY = 1e-6
"""A flow that is nowhere larger than this, in its own unit, counts as this large."""
