"""What the checks report.

In: nothing.  Out: the records that every check fills and ``checks`` collects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Level = Literal["wrong", "remark"]
Check = Literal[
    "undefined", "units", "unused", "range", "step", "finite", "extreme", "divisor", "negative"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something the checks found: where, and what.

    Attributes
    ----------
    details
        The parts of the sentence by themselves, for programs: the equation, say, or the units on
        both sides.  Empty where the sentence has none.
    """

    level: Level
    check: Check
    where: str
    what: str
    details: Mapping[str, str] = field(default_factory=dict)


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names in quotes, the rest of a long list as a number.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    "'a', 'b' (+1 more)"
    """
    more = f" (+{len(names) - most} more)" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more
