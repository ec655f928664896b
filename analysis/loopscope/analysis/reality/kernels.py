"""How many runs share one kernel.

In: settings of runs.  Out: settings that give the same numbers, in a form that fewer kernels run.

A kernel is made for the set of variables that are kept, that have one value a run, and that follow
a path; their values are arguments.  So a constant may as well be given as a path without a change,
or as equal values for all runs: the results are the same to the last bit, and one kernel of a
second or two serves where there would be dozens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.reality.drawing import spread
from loopscope.models.names import key
from loopscope.models.scenario import Constant, Points

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.scenario import Scenario

SHARED = 1000
"""Runs of a batch up to which it keeps more variables than it needs, to share a kernel."""


@dataclass(kw_only=True)
class Kernels:
    """Settings in the forms that share kernels.

    Attributes
    ----------
    records
        The model's scenarios and cases.
    wanted
        Variables that some batch needs, by whether it saves more closely than the model does:
        every small batch keeps them all.
    """

    prepared: Prepared
    records: Sequence[Scenario]
    wanted: dict[bool, set[str]] = field(default_factory=lambda: {True: set(), False: set()})

    def runs(self, settings: Mapping[str, Any]) -> bool:
        """Whether the kernel of the scenarios runs these settings, too: they set constants only."""
        return all(
            self.prepared.find(name).kind == "parameter"
            and (isinstance(setting, float | Constant) or self._authored(name) in self._moving)
            for name, setting in settings.items()
        )

    def as_paths(
        self, settings: Mapping[str, Any], scenario: Scenario | None, case: Scenario | None
    ) -> dict[str, Any]:
        """Return settings of a single run, with every constant that moves in some record as a path.

        What a record sets to a number counts; what it puts on a path is left to it.
        """
        given: dict[str, Any] = {}
        for record in (case, scenario):
            given |= {key(name): one for name, one in (record.settings if record else {}).items()}
        found = dict(settings)
        for name in self._moving:
            own = given.get(key(name), self.prepared.parameters[name])
            setting = found.get(name, own)
            number = setting.value if isinstance(setting, Constant) else setting
            if isinstance(number, float):
                found[name] = Points(times=(0.0,), values=(number,))
        return found

    def as_lanes(
        self, settings: Mapping[str, Any], needs: Iterable[str], *, close: bool
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return settings of a batch with one value a run for all parameters, and what it keeps.

        Large batches, and those that hold variables or follow paths, are left as they are.
        """
        runs = max(
            (len(one) for one in settings.values() if isinstance(one, np.ndarray)), default=0
        )
        plain = all(
            self.prepared.find(name).kind == "parameter"
            and isinstance(one, float | Constant | np.ndarray)
            for name, one in settings.items()
        )
        if not 0 < runs <= SHARED or not plain or not self.wanted[close]:
            return dict(settings), tuple(needs)
        found: dict[str, Any] = {
            facts.name: self.prepared.parameters[facts.name] for facts in spread(self.prepared)
        }
        found |= {
            name: one.value if isinstance(one, Constant) else one for name, one in settings.items()
        }
        lanes = {name: np.broadcast_to(value, (runs,)) for name, value in found.items()}
        return lanes, tuple(sorted({*needs, *self.wanted[close]}))

    def _authored(self, name: str) -> str:
        return self.prepared.find(name).name

    @cached_property
    def _moving(self) -> list[str]:
        """Constants that follow a path in some scenario or case."""
        known = {key(name): name for name in self.prepared.of_kind("parameter")}
        return sorted(
            {
                known[key(name)]
                for record in self.records
                for name, setting in record.settings.items()
                if key(name) in known and not isinstance(setting, float | Constant)
            }
        )
