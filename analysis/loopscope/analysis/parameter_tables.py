"""What each constant of a model rests on, as Markdown.

In: a model with a ``parameters.toml`` beside it.  Out: text for a page: how many constants have
which evidence mark, then each constant with symbol, default, unit, range, source and mark.
Whether the file agrees with the model is what ``check`` says.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from loopscope.analysis.claim_tables import ELSEWHERE, table
from loopscope.models.parameters import declared

if TYPE_CHECKING:
    from loopscope.models.model import Model
    from loopscope.models.parameters import Declared

MARKS = {
    "r": "read in the cited report, abstract or data file",
    "m": "widely published figure, not read again for this model: check it before quoting it",
    "p": "set by hand so that the whole model behaves as described; not an estimate",
    "a": "assumption",
}


def markdown(model: Model) -> str:
    """Return two chapters: evidence in numbers, and constants by group; empty without the file.

    Raises
    ------
    ReadError
        The file cannot be read as TOML, or has a constant that is not as it should be.
    """
    rows = tuple(declared(model.path).values())
    if not rows:
        return ""
    counts = Counter(row.evidence for row in rows)
    marks = [(f"**{mark}**", told, str(counts[mark])) for mark, told in MARKS.items()]
    lines = ["## Evidence in numbers", "", *table(("mark", "meaning", "constants"), marks), ""]
    lines += ["## Constants", ""]
    headings = ("symbol", "constant", "default", "unit", "range", "source", "mark")
    for group, members in groupby(rows, key=lambda row: model.find(row.name).group):
        lines += [f"### {group or ELSEWHERE}", "", *table(headings, map(_row, members)), ""]
    return "\n".join(lines)


def _row(row: Declared) -> tuple[str, ...]:
    low, high = (_number(end) for end in row.range)
    return (
        f"`{row.symbol}`",
        f"`{row.name}`",
        _number(row.default),
        row.unit,
        f"{low} to {high}" if low != high else "fixed",
        row.source,
        row.evidence,
    )


def _number(value: float) -> str:
    """Return a number as a reader writes it.

    Examples
    --------
    >>> _number(50000000.0), _number(0.0003), _number(-1.0)
    ('50,000,000', '0.0003', '-1')
    """
    return f"{value:,.10g}"
