"""Dimensional consistency, as findings.

In: a ``Model``.  Out: what ``models.check_units`` found, in the form of the other checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.checking.finding import Finding
from loopscope.models.units import check_units

if TYPE_CHECKING:
    from loopscope.models.model import Model


def inconsistent(model: Model) -> list[Finding]:
    """Return a finding for each place where units contradict each other."""
    parts = ("kind", "equation", "expression", "found", "expected")
    return [
        Finding(
            level=found.level,
            check="units",
            where=found.variable or model.name,
            what=found.what,
            details={part: getattr(found, part) for part in parts if getattr(found, part)},
        )
        for found in check_units(model)
    ]
