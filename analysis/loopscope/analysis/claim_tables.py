"""The table of claims both ways, as Markdown.

In: a ``Tracing``.  Out: text for a page: claims with what carries them, variables with what they
are there for, numbers of the sources with what became of them.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loopscope.analysis.tracing import Tracing
    from loopscope.models.claim import Claim, ClaimedLink

ELSEWHERE = "Other"


def markdown(tracing: Tracing) -> str:
    """Return three chapters: claims, variables, numbers; empty for a model without claims."""
    if not tracing.claims:
        return ""
    parts = [_claims(tracing), _variables(tracing), _numbers(tracing)]
    return "\n".join(part for part in parts if part)


def _claims(tracing: Tracing) -> str:
    lines = ["## From claims to equations", ""]
    for section, group in groupby(tracing.claims.claims, key=lambda one: one.section):
        rows = [
            (
                claim.id,
                claim.says,
                claim.sign,
                f"{claim.status}: {claim.reason}" if claim.reason else claim.status,
                _carried(claim),
                ", ".join(loop.id for loop in tracing.loops_of(claim)),
                ", ".join(use.name for use in tracing.uses_of(claim)),
            )
            for claim in group
        ]
        headings = ("claim", "what it says", "sign", "status", "carried by", "loops", "scenarios")
        lines += [f"### {section or ELSEWHERE}", "", *table(headings, rows), ""]
    return "\n".join(lines)


def _carried(claim: Claim) -> str:
    """Return the links of a claim, then the variables that no link of it names."""
    linked = {name for link in claim.links for name in link.path}
    alone = [f"`{name}`" for name in claim.variables if name not in linked]
    return "; ".join([*map(_way, claim.links), *alone])


def _way(link: ClaimedLink) -> str:
    sign = f" ({link.sign})" if link.sign else ""
    return " → ".join(f"`{name}`" for name in link.path) + sign


def _variables(tracing: Tracing) -> str:
    serving: dict[str, list[str]] = {}
    for claim in tracing.claims.claims:
        for name in claim.named:
            serving.setdefault(name, []).append(claim.id)
    purposes: dict[str, list[str]] = {}
    for purpose in tracing.claims.purposes:
        for name in purpose.variables:
            purposes.setdefault(name, []).append(purpose.name)
    lines = ["## From variables to claims", ""]
    for group, variables in groupby(tracing.model, key=lambda one: one.group):
        rows = [
            (
                f"`{one.name}`",
                ", ".join(serving.get(one.name, ())),
                ", ".join(purposes.get(one.name, ())),
            )
            for one in variables
        ]
        lines += [f"### {group or ELSEWHERE}", ""]
        lines += [*table(("variable", "claims", "purpose"), rows), ""]
    if tracing.claims.purposes:
        told = [(one.name, one.sentence) for one in tracing.claims.purposes]
        lines += ["### Purposes", "", *table(("purpose", "why"), told), ""]
    return "\n".join(lines)


def _numbers(tracing: Tracing) -> str:
    rows = [
        (
            one.item,
            f"{one.value:.7g} {one.unit}".rstrip(),
            one.claim,
            f"`{one.variable}`" if one.variable else "",
            one.found,
        )
        for one in tracing.claims.figures
    ]
    if not rows:
        return ""
    headings = ("number", "value", "claim", "constant", "what data say")
    return "\n".join(["## Numbers", "", *table(headings, rows), ""])


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table; a bar in a cell is a bar, and a line break a space."""

    def line(cells: Iterable[str]) -> str:
        return (
            "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
        )

    return [line(headings), "|" + "---|" * len(headings), *map(line, rows)]
