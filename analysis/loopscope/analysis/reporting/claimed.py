"""The chapter on what the sources of a model claim, and what in the model carries it.

In: a ``Draft`` with its claims traced and its statements evaluated.  Out: a table of claims: what
each says, what carries it, and a verdict.

The verdict of a claim is the first of these that is so:

- "outside": the claim is outside the boundary of the model;
- "in doubt": a link that it states is missing or has another sign, or a check of it does not hold;
- "partly": the model carries a part of it;
- "tested": every check that it names holds;
- "carried": its links are there with the signs stated, but no check tests what follows from them.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from loopscope.analysis.claim_faults import OUTSIDE
from loopscope.analysis.reporting.blocks import (
    Bullets,
    Heading,
    Note,
    Paragraph,
    Section,
    Table,
    Text,
    ticked,
)
from loopscope.analysis.reporting.checked import STATUS
from loopscope.analysis.reporting.wording import counted
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.reality.verifying import Verdict
    from loopscope.analysis.reporting.blocks import Block, Words
    from loopscope.analysis.tracing import TracedClaim

VERDICTS = {
    "tested": "carried by equations, and every check of it holds",
    "carried": "carried by equations with the signs it states; no check tests what follows",
    "partly": "a part of it is in the model",
    "in doubt": "a link has another sign than stated or is missing, or a check of it does not hold",
    "outside": "outside the boundary of the model",
}
"""What each verdict means."""

TITLE = "Claims of the sources"

ELSEWHERE = "Other claims"


def claims_chapter(draft: Draft) -> Section | None:
    """Return the chapter; None for a model whose sources are not written down."""
    looked = draft.looked
    if not looked.claims:
        if looked.checked is None or not looked.problem:
            return None
        note = Note(f"The claims could not be traced: {looked.problem}.")
        return Section(id="claims", title=TITLE, blocks=(note,))
    statements = looked.checked.statements if looked.checked is not None else ()
    known = {key(one.id): one for one in statements}
    judged = [(claim, verdict_of(claim, known)) for claim in looked.claims]
    counts = tallied(looked.claims, statements)
    blocks: list[Block] = [
        Table(
            head=("verdict", "claims", "what it means"),
            rows=tuple(
                (Text(verdict, "bold"), str(counts[verdict]), means)
                for verdict, means in VERDICTS.items()
            ),
            caption="How the claims stand",
            numbers=(1,),
        )
    ]
    if looked.faults:
        blocks.append(Note(f"{counted(len(looked.faults), 'thing')} did not hold together:"))
        blocks.append(Bullets(looked.faults))
    doubtful = [claim for claim, verdict in judged if verdict == "in doubt"]
    if doubtful:
        blocks.append(
            Paragraph(("In doubt: ", Text(", ".join(one.id for one in doubtful), "bold"), "."))
        )
    for place, (section, group) in enumerate(groupby(judged, key=lambda one: one[0].section), 1):
        title = section or ELSEWHERE
        blocks += [Heading(title, f"claims-{place}"), _table(title, list(group), known)]
    return Section(
        id="claims",
        title=TITLE,
        lead=f"{counted(len(looked.claims), 'claim')} of the model's sources, in plain words, with "
        "the links and loops of the equations that carry each, and whether it stands.",
        blocks=tuple(blocks),
    )


def verdict_of(claim: TracedClaim, known: Mapping[str, Verdict]) -> str:
    """Return how a claim stands; one of ``VERDICTS``."""
    if claim.status == OUTSIDE:
        return "outside"
    tested = [known[key(one.id)] for one in claim.checks if key(one.id) in known]
    if any(link.fault for link in claim.links) or any(one.status == "not met" for one in tested):
        return "in doubt"
    if claim.status == "partly":
        return "partly"
    return "tested" if tested and all(one.status == "pass" for one in tested) else "carried"


def tallied(claims: Sequence[TracedClaim], statements: Sequence[Verdict]) -> dict[str, int]:
    """Return how many claims have which verdict, in the order of ``VERDICTS``."""
    known = {key(one.id): one for one in statements}
    verdicts = [verdict_of(claim, known) for claim in claims]
    return {name: verdicts.count(name) for name in VERDICTS}


def _table(
    title: str, judged: Sequence[tuple[TracedClaim, str]], known: Mapping[str, Verdict]
) -> Table:
    rows: list[tuple[Words, ...]] = [
        (
            claim.id,
            ticked(claim.says),
            _carried(claim),
            _tested(claim, known),
            _verdict(claim, verdict),
        )
        for claim, verdict in judged
    ]
    head = ("claim", "what it says", "carried by", "tested by", "verdict")
    return Table(head, tuple(rows), f"Claims: {title}")


def _carried(claim: TracedClaim) -> str:
    """Return links with their signs, then loops, then variables that no link of it names."""
    ways = [f"{' -> '.join(link.path)} ({link.sign})" for link in claim.links]
    loops = [
        f"loop {loop.id} ({loop.name})" if loop.name else f"loop {loop.id}" for loop in claim.loops
    ]
    linked = {name for link in claim.links for name in (*link.path, *link.chain)}
    alone = [one.name for one in claim.equations if one.name not in linked]
    return "; ".join([*ways, *loops, *alone])


def _tested(claim: TracedClaim, known: Mapping[str, Verdict]) -> str:
    """Return checks with their result, then scenarios and cases that are about the claim."""
    results = {which: STATUS[one.status] for which, one in known.items()}
    checks = [f"check {one.id} ({results.get(key(one.id), 'not there')})" for one in claim.checks]
    return "; ".join([*checks, *(f"{use.kind} '{use.name}'" for use in claim.uses)])


def _verdict(claim: TracedClaim, verdict: str) -> Words:
    faults = "; ".join(link.fault for link in claim.links if link.fault)
    why = ". ".join(part for part in (claim.reason, faults) if part)
    return (Text(verdict, "bold"), f": {why}") if why else Text(verdict, "bold")
