"""Runs that leave the finite numbers.

In: runs as they are made.  Out: a finding for each that holds an infinity or what is no number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.checking.finding import Finding

if TYPE_CHECKING:
    from loopscope.analysis.checking.finding import Check
    from loopscope.analysis.checking.trying import Tried
    from loopscope.analysis.runs import Run


def not_finite(tried: Tried, own: Run) -> list[Finding]:
    """Return a finding where a run failed; at the end of a range, where the own run did not so."""
    failure = tried.run.failure
    if failure is None:
        return []
    at_end = tried.kind == "end"
    if at_end and own.failure is not None and own.failure.variable == failure.variable:
        return []
    what = f"'{failure.variable}' is not finite at time {failure.time:g}"
    check: Check = "extreme" if at_end else "finite"
    return [Finding(level="wrong", check=check, where=tried.where, what=what)]
