"""Statements of the kind ``scaling``: ten times the people, ten times the flows of people.

In: constants to multiply, and the unit that must follow.  Out: the largest error among variables
of that unit, and among all others, which must not move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.reality.identities import larger, relative
from loopscope.analysis.reality.measuring import Figure
from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Scaling


def evaluate(bench: Bench, statement: Scaling) -> list[Figure]:
    """Return the largest errors; differences below 1e-9 of a dimensionless one do not count.

    Raises
    ------
    RunError
        No variable has the unit.
    """
    prepared = bench.prepared
    names = [prepared.find(name, "parameter").name for name in statement.scaled]
    wrong = next((name for name in names if name not in prepared.parameters), None)
    if wrong is not None:
        msg = f"'{wrong}' is a {prepared.find(wrong).kind}; only parameters are scaled"
        raise RunError(msg)
    factors = np.array([1.0, statement.factor])
    own = {name: _own(bench, statement, name) for name in names}
    fixed = {prepared.find(name).name for name in statement.fixed}
    looked = [name for name in prepared.of_kind("stock", "flow", "auxiliary") if name not in fixed]
    batch = bench.simulate(
        statement.run, looked, arrays={name: value * factors for name, value in own.items()}
    )
    worst = {True: (0.0, ""), False: (0.0, "")}
    count = {True: 0, False: 0}
    for name in looked:
        follows = prepared.variables[name].units.split("/")[0].strip() == statement.unit
        count[follows] += 1
        one, many = batch.values[name]
        expected = one * statement.factor if follows else one
        size = np.maximum(np.maximum(np.abs(expected), np.abs(many)), SMALL)
        worst[follows] = larger(worst[follows], (relative(many - expected, size), name))
    if not count[True]:
        msg = f"no variable has the unit '{statement.unit}'"
        raise RunError(msg)
    return [
        Figure(
            says=f"{count[follows]} variables {says}",
            asked=f"relative error up to {statement.tolerance:g}",
            low=worst[follows][0],
            high=worst[follows][0],
            met=worst[follows][0] <= statement.tolerance,
            where=batch.failure
            or ("" if worst[follows][0] <= statement.tolerance else worst[follows][1]),
        )
        for follows, says in (
            (True, f"in {statement.unit} are multiplied by {statement.factor:g}"),
            (False, "in other units do not move"),
        )
    ]


SMALL = 1e-3
"""A value below this, in its own unit, is too small for its relative error to mean anything."""


def _own(bench: Bench, statement: Scaling, name: str) -> float:
    """Return the value of a parameter in the run that is scaled."""
    setting = next(
        (
            value
            for given, value in statement.run.settings.items()
            if bench.prepared.find(given).name == name
        ),
        bench.prepared.parameters[name],
    )
    if not isinstance(setting, int | float):
        msg = f"'{name}' follows a path, so it cannot be scaled"
        raise RunError(msg)
    return float(setting)
