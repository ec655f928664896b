"""Values outside their declared range.

In: a model, its scenarios and cases, and runs as they are made.  Out: findings.

A constant outside its own range is wrong.  A scenario or case that sets one outside is a remark: it
may mean to.  A computed variable that leaves its range in the model as it stands is wrong, because
proofs rest on declared ranges; in a scenario or a case it is a remark.  At the ends of ranges of
parameters it is not looked at: ranges of computed variables are seldom meant for those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.checking.finding import Finding, Level
from loopscope.models.errors import RunError
from loopscope.models.scenario import reached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.checking.trying import Tried
    from loopscope.models.engine.prepared import Facts, Prepared
    from loopscope.models.scenario import Scenario

ROUNDING = 1e-9
"""How far outside, as a share of its largest value, rounding alone may take a variable."""


def set_values(prepared: Prepared, records: Sequence[Scenario]) -> list[Finding]:
    """Compare constants, and what scenarios and cases set, with declared ranges."""
    findings: list[Finding] = []

    def note(facts: Facts, value: float, where: str, level: Level) -> None:
        if _outside(facts, value):
            what = f"'{facts.name}' = {value:g} lies outside its range {_range(facts)}"
            findings.append(Finding(level=level, check="range", where=where, what=what))

    for name, value in prepared.parameters.items():
        if name in prepared.variables:
            note(prepared.variables[name], value, prepared.name, "wrong")
    for record in records:
        for name, setting in record.settings.items():
            try:
                facts = prepared.find(name)
            except RunError as error:
                findings.append(
                    Finding(level="wrong", check="range", where=record.name, what=str(error))
                )
                continue
            values = reached(setting)
            for value in dict.fromkeys((min(values), max(values))):
                note(facts, value, record.name, "remark")
    return findings


class Leaving:
    """Looks in each run for computed variables that leave their declared range."""

    def __init__(self, prepared: Prepared) -> None:
        self._watched = [
            facts
            for facts in prepared.variables.values()
            if facts.kind in ("stock", "flow", "auxiliary")
            and (facts.low is not None or facts.high is not None)
        ]
        self._left: dict[str, list[tuple[Tried, float, float]]] = {}

    def see(self, tried: Tried) -> None:
        """Look at one run."""
        if tried.kind == "end":
            return
        for facts in self._watched:
            values = tried.run.values.get(facts.name)
            if values is None or not np.isfinite(values).any():
                continue
            low, high = float(np.nanmin(values)), float(np.nanmax(values))
            slack = ROUNDING * max(abs(low), abs(high))
            if _outside(facts, low, slack) or _outside(facts, high, slack):
                self._left.setdefault(facts.name, []).append((tried, low, high))

    def findings(self) -> list[Finding]:
        """Return one finding for each variable that left its range."""
        findings = []
        for facts in self._watched:
            left = self._left.get(facts.name)
            if left:
                first, low, high = left[0]
                more = f" (and in {len(left) - 1} more)" if len(left) > 1 else ""
                what = (
                    f"runs from {low:.4g} to {high:.4g} {first.place}{more}, outside its range "
                    f"{_range(facts)}"
                )
                level: Level = "wrong" if first.kind == "base" else "remark"
                findings.append(Finding(level=level, check="range", where=facts.name, what=what))
        return findings


def _range(facts: Facts) -> str:
    low = "-inf" if facts.low is None else f"{facts.low:g}"
    high = "inf" if facts.high is None else f"{facts.high:g}"
    return f"[{low}, {high}]"


def _outside(facts: Facts, value: float, slack: float = 0.0) -> bool:
    below = facts.low is not None and value < facts.low - slack
    return below or (facts.high is not None and value > facts.high + slack)
