"""A model as a notebook shows it: what is in it, variable by variable.

Beside every stage.  In: a ``Model``.  Out: HTML.  Nothing here runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.models.model import Parameter
from loopscope.models.notebook.pieces import card, folded, number, paragraph, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.models.model import AnyVariable, Model

OPEN = 12
"""Stocks up to this number are shown without a click."""


def html_of(model: Model) -> str:
    """Return what a model holds: counts, and a table for each kind of variable."""
    kinds: tuple[tuple[str, Sequence[AnyVariable]], ...] = (
        ("stocks", model.stocks),
        ("flows", model.flows),
        ("auxiliaries", model.auxiliaries),
        ("constants", model.parameters),
        ("lookups", model.lookups),
    )
    counts = ", ".join(counted(len(found), kind) for kind, found in kinds if found)
    clock = model.clock
    parts = [paragraph(f"{counts or 'no variables'}; {clock.method}, time in {clock.units or '-'}")]
    for kind, found in kinds:
        if not found:
            continue
        shown = _variables(found)
        opened = kind == "stocks" and len(found) <= OPEN
        parts.append(shown if opened else folded(counted(len(found), kind), shown))
    return card(f"Model {model.name}", *parts)


def counted(count: int, kind: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "auxiliaries"), counted(2, "stocks")
    ('1 auxiliary', '2 stocks')
    """
    one = kind.removesuffix("ies") + "y" if kind.endswith("ies") else kind.removesuffix("s")
    return f"{count} {one if count == 1 else kind}"


def _variables(found: Sequence[AnyVariable]) -> str:
    constants = isinstance(found[0], Parameter)
    head = ["name", "unit", "documentation"]
    rows = [[one.name, one.units, " ".join(one.documentation.split())] for one in found]
    if constants:
        head.insert(1, "value")
        for row, one in zip(rows, found, strict=True):
            row.insert(1, number(one.value) if isinstance(one, Parameter) else "")
    return table(head, rows, numbers=(1,) if constants else ())
