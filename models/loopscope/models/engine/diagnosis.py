"""Where a failed run left the finite numbers.

Stage 5 of 5, after a run.  In: a ``Plan`` and a run that its kernel saw fail.  Out: a ``Failure``.
The run is computed again, to the same bits, with everything saved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.engine.layout import INSPECTION
from loopscope.models.engine.plan import kernel, launch

if TYPE_CHECKING:
    from loopscope.models.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that left the finite numbers.

    Attributes
    ----------
    run
        Its number, in the larger batch where the plan was a part of one.
    variable
        The first variable, in evaluation order, that was not finite.
    time
        When, in the model's time unit.
    last
        The finite values of all computed variables one step earlier, by name; at the start,
        those that are finite then.
    """

    run: int
    variable: str
    time: float
    last: dict[str, float]

    def __str__(self) -> str:
        """Return the status in words."""
        return f"not finite: '{self.variable}' at time {self.time:g}"


_names: dict[tuple[object, ...], tuple[str, ...]] = {}


def computed_names(plan: Plan) -> tuple[str, ...]:
    """Return what a plan computes of the model itself, in evaluation order; kept by kernel."""
    name = plan.extension.name if plan.extension is not None else None
    known = (plan.prepared.content, plan.layout, name)
    if known not in _names:
        _names[known] = _computed_names(plan)
    return _names[known]


def _computed_names(plan: Plan) -> tuple[str, ...]:
    from loopscope.models.engine.emit import needed

    prepared, asked = plan.prepared, plan.extension
    auxiliaries, carried = needed(
        prepared.source(),
        plan.layout,
        asked.readings() if asked and asked.readings else None,
        asked.reductions() if asked and asked.reductions else None,
    )
    computed = {*prepared.fixed, *(str(symbol.name) for symbol in (*carried, *auxiliaries))}
    return tuple(
        name
        for name in prepared.all_computed
        if name in computed and name not in plan.layout.inputs
    )


class Diagnosis:
    """Finds failures of one plan; made once, for all its failed runs.

    Making it costs a pass over the equations and, the first time, a compilation.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.names = computed_names(plan)
        self.layout = replace(
            plan.layout,
            outputs=self.names,
            lanes=(),
            width=1,
            vectors=1,
            timetable=False,
            apart=(),
        )
        slots = (*plan.layout.inputs, *plan.layout.starts)
        self._lane_slots = [slots.index(name) for name in plan.layout.lanes]
        self._kernel = kernel(plan.prepared, self.layout, plan.overrides.tables)

    def find(self, run: int, step: int) -> Failure | None:
        """Return what was not finite first in a run that had failed by the end of a step.

        Returns None when every value of the run's own times is finite (only a step beyond the
        last was not).  Costs one run.
        """
        plan = self.plan
        common = plan.common.copy()
        common[self._lane_slots] = plan.lanes[:, run]
        before = max(step - INSPECTION, 0)
        when = plan.times.until(step + 1, before)
        out = np.empty((len(self.names), 1, when.saves))
        launch(
            self._kernel, self.layout, when, common, np.zeros((1, 1)), plan.series, out, runs=1,
            seed=plan.seed, origin=plan.origin + run, pipelines=plan.prepared.pipelines,
        )  # fmt: skip
        values = out[:, 0, :]
        finite = np.isfinite(values)
        failed = np.flatnonzero(~finite.all(axis=0))
        if not len(failed):
            return None
        save = int(failed[0])
        variable = self.names[int(np.argmin(finite[:, save]))]
        last = max(save - 1, 0)
        known = values[:, last].tolist()
        kept = {
            name: value
            for name, value, good in zip(self.names, known, finite[:, last].tolist(), strict=True)
            if good
        }
        return Failure(plan.origin + run, variable, float(when.saved[save]), kept)
