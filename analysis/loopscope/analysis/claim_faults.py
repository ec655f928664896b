"""What a model's claims, equations, loops and scenarios say against each other.

In: a ``Tracing``.  Out: one line for each thing that does not hold together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.models.errors import did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    from loopscope.analysis.tracing import Tracing

OUTSIDE = "outside the boundary"


def faults(tracing: Tracing) -> tuple[str, ...]:
    """Return everything that does not hold together, one line each.

    A claimed link that is not in the model, or has another sign; a variable that serves nothing; a
    loop, scenario, check or claim that does not exist; a loop, scenario or case that rests on a
    claim outside the boundary.  Nothing for a model without claims.

    Notes
    -----
    One proof for each link on a way; see ``Mechanisms.follow``.
    """
    if not tracing.claims:
        return ()
    return (*_links(tracing), *_variables(tracing), *_names(tracing), *_mentions(tracing))


def _links(tracing: Tracing) -> list[str]:
    return [
        f"claim '{claim.id}': {found.fault}"
        for claim in tracing.claims.claims
        for found in map(tracing.link, claim.links)
        if found.fault
    ]


def _variables(tracing: Tracing) -> list[str]:
    return [
        f"'{name}' serves no claim and has no purpose"
        for name in tracing.claims.uncovered(tracing.model)
    ]


def _names(tracing: Tracing) -> list[str]:
    """Return loops, scenarios, cases and checks that claims name and that are not there."""
    loops = [loop.id for loop in tracing.loops.values()]
    uses = [use.name for use, _ in tracing.scenarios.values()]
    checks = [one.id for one in tracing.checks.values()]
    lines = []
    for claim in tracing.claims.claims:
        for what, names, known in (
            ("loop", claim.loops, loops),
            ("scenario or case", claim.scenarios, uses),
            ("check", claim.checks, checks),
        ):
            there = {key(one) for one in known}
            lines += [
                f"claim '{claim.id}': no {what} '{name}'{did_you_mean(name, known)}"
                for name in names
                if key(name) not in there
            ]
    return lines


def _mentions(tracing: Tracing) -> list[str]:
    """Return mentions in other files of claims that cannot carry them."""
    mentions = [(f"loop '{loop.id}'", loop.claims) for loop in tracing.loops.values()]
    mentions += [
        (f"{use.kind} '{use.name}'", one.claims) for use, one in tracing.scenarios.values()
    ]
    ids = [claim.id for claim in tracing.claims.claims]
    lines = []
    for who, names in mentions:
        for name in names:
            if name not in tracing.claims:
                lines.append(f"{who}: no claim '{name}'{did_you_mean(name, ids)}")
            elif tracing.claims[name].status == OUTSIDE:
                lines.append(f"{who}: rests on claim '{name}', which is {OUTSIDE}")
    return lines
