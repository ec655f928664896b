"""The runs that the checks look at: every scenario and case, and both ends of every range.

In: a model that is ready to run.  Out: runs, one after the other, each with what was tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from loopscope.analysis.reality.kernels import Kernels
from loopscope.analysis.runs import Choice, Run, of_result, simulate_one
from loopscope.models.case import Case
from loopscope.models.engine.simulate import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loopscope.models.engine.prepared import Facts, Prepared
    from loopscope.models.scenario import Scenario

AS_IT_STANDS = "the model as it stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One run of a check.

    Attributes
    ----------
    where
        What was tried, in words: "the model as it stands", a scenario in quotes, "k = 0".
    kind
        "base"; "record" for a scenario or a case; "end" for one parameter at an end of its range.
    """

    where: str
    kind: Literal["base", "record", "end"]
    run: Run

    @property
    def place(self) -> str:
        """Where, as a sentence goes on: "in 'tightening'", "with k = 0"."""
        return f"{'with' if self.kind == 'end' else 'in'} {self.where}"


def tries(
    prepared: Prepared, records: Sequence[Scenario], ends: Sequence[tuple[Facts, float]]
) -> Iterator[Tried]:
    """Yield a run of each record, then one for each end of a range."""
    kernels = Kernels(prepared=prepared, records=records)
    for record in records:
        run_of_it = _of_record(prepared, record, kernels)
        yield Tried(where=f"'{record.name}'", kind="record", run=run_of_it)
    for facts, value in ends:
        where = f"{facts.name} = {value:g}"
        found = of_result(run(prepared, parameters={facts.name: value}), where)
        yield Tried(where=where, kind="end", run=found)


def ends_of(prepared: Prepared) -> list[tuple[Facts, float]]:
    """Return parameters with those ends of their declared ranges that they do not have."""
    clock = set(prepared.clock.values())
    found: list[tuple[Facts, float]] = []
    for name, value in prepared.parameters.items():
        facts = prepared.variables.get(name)
        if facts is None or name in clock or name in prepared.structural:
            continue
        found += [
            (facts, end)
            for end in (facts.low, facts.high)
            if end is not None and math.isfinite(end) and end != value
        ]
    return found


def _of_record(prepared: Prepared, record: Scenario, kernels: Kernels) -> Run:
    """Run a scenario, or a case over its own period, with a kernel that serves all of them."""
    case = record if isinstance(record, Case) else None
    scenario = None if case else record
    settings = kernels.as_paths({}, scenario, case)
    return simulate_one(prepared, scenario, Choice(case=case, parameters=settings))
