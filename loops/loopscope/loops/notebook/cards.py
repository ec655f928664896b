"""Loops as a notebook shows them: a table, and the line that says what was left out.

Stage 2 of 4.  In: ``Loops``.  Out: HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.models.notebook.pieces import card, paragraph, table

if TYPE_CHECKING:
    from loopscope.loops.finding.found import Loops

ROWS = 30
"""Loops that are listed: named ones first, then the others in their order."""

KINDS = {"R": "reinforcing", "B": "balancing", "U": "not known"}


def html_of(found: Loops) -> str:
    """Return the loops held, at most ``ROWS`` of them, and the statement."""
    named = found.named
    known = set(named.ids)
    chosen = [*named[:ROWS]]
    for position in range(min(len(found), 2 * ROWS)):
        loop = found[position]
        if len(chosen) < ROWS and loop.id not in known:
            chosen.append(loop)
    rows = [
        [loop.id, loop.name, KINDS[loop.polarity], str(len(loop)), " → ".join(loop.path)]
        for loop in chosen
    ]
    parts = [table(("id", "name", "polarity", "links", "path"), rows, numbers=(3,))]
    if len(found) > len(rows):
        parts.append(paragraph(f"and {len(found) - len(rows):,} more"))
    return card(f"Loops of {found.graph.model.name}", *parts, paragraph(found.statement))
