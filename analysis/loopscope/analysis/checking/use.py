"""What changes nothing: variables that no equation reads.

In: a ``Model``.  Out: remarks.  A parameter or table that nothing reads changes nothing, nor does
one that cancels wherever it stands.  A computed variable from which no stock can be reached is
there to be read by people: all such are named in one remark, for a look at whether one should act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.checking.finding import Finding, listed
from loopscope.models.model import Auxiliary, Flow, Lookup, Parameter, Stock

if TYPE_CHECKING:
    from loopscope.models.model import Model

MOST_NAMED = 6
"""How many names a remark gives."""


def unused(model: Model) -> list[Finding]:
    """Return remarks on what changes nothing.

    Examples
    --------
    >>> from loopscope.models import load
    >>> [finding for finding in unused(load("migration_policy")) if "changes" in finding.what]
    []
    """
    clock = model.clock
    times = {clock.initial_time, clock.final_time, clock.time_step, clock.saveper}
    read = {name for v in model for name in (*v.depends, *v.initial_depends)}
    kept = _kept(model)
    findings = []
    for variable in model:
        name = variable.name
        if name in times:
            continue
        what = ""
        if isinstance(variable, Parameter | Lookup) and not getattr(variable, "owner", ""):
            if name not in read:
                what = "is read by no equation, so it changes nothing"
            elif name not in kept and isinstance(variable, Parameter):
                what = "cancels in every equation that reads it, so it changes nothing"
        elif isinstance(variable, Flow) and name not in read:
            what = "is a flow that neither fills nor drains a stock"
        if what:
            findings.append(Finding(level="remark", check="unused", where=name, what=what))
    ends = _reported(model, read)
    if ends:
        what = (
            f"{len(ends)} variable{'s' if len(ends) > 1 else ''} that no stock depends on, for "
            f"reading only: {listed(ends, MOST_NAMED)}"
        )
        details = {"variables": ", ".join(ends)}
        findings.append(
            Finding(level="remark", check="unused", where=model.name, what=what, details=details)
        )
    return findings


def _kept(model: Model) -> set[str]:
    """Return the names that still stand in an expression."""
    found: set[str] = set()
    for variable in model:
        if isinstance(variable, Stock):
            found |= {s.name for s in variable.rate.free_symbols | variable.initial.free_symbols}
        elif isinstance(variable, Auxiliary):
            found |= {s.name for s in variable.equation.free_symbols}
    return found


def _reported(model: Model, read: set[str]) -> list[str]:
    """Return computed variables from which no stock and no clock can be reached."""
    clock = model.clock
    waiting = [v.name for v in model if isinstance(v, Stock)]
    waiting += [clock.initial_time, clock.final_time, clock.time_step, clock.saveper]
    needed: set[str] = set(waiting)
    while waiting:
        variable = model.variables.get(waiting.pop())
        if variable is None:
            continue
        for name in (*variable.depends, *variable.initial_depends):
            if name not in needed:
                needed.add(name)
                waiting.append(name)
    return [
        v.name
        for v in model
        if isinstance(v, Auxiliary)
        and v.name not in needed
        and not (isinstance(v, Flow) and v.name not in read)
    ]
