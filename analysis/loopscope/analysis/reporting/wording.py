"""Numbers in words: amounts with their unit, shares, counts, lists of names.

In: numbers and names.  Out: pieces of sentences, for every chapter of a report.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from loopscope.analysis.tables import MISSING, number, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

BARE = ("dimensionless", "unit not given")
"""What stands for a unit that a sentence need not name."""

RATE = re.compile(r"/(day|week|month|quarter|year)$")


def amount(value: float, units: str, digits: int = 2) -> str:
    """Return a quantity as one says it, with its unit.

    Examples
    --------
    >>> amount(1_234_567.0, "people"), amount(0.8421, "dmnl"), amount(450_000.0, "people/year")
    ('1.2 million people', '0.84', '450 thousand people a year')
    """
    from loopscope.analysis.style import scale_of

    if not math.isfinite(value):
        return MISSING
    scale = scale_of(abs(value), units)
    label = scale.label
    for bare in BARE:
        label = label.removesuffix(bare).rstrip(", ")
    word = label.removesuffix("s") if label in ("thousands", "millions", "billions") else label
    word = RATE.sub(r" a \1", word)
    return f"{number(value / scale.by, digits)} {word}".rstrip()


def share(part: float, digits: int = 0) -> str:
    """Return a share in percent; what would round to nothing is "less than 1 %".

    Examples
    --------
    >>> share(0.256), share(0.004), share(0.0), share(1.0)
    ('26 %', 'less than 1 %', '0 %', '100 %')
    """
    if not math.isfinite(part):
        return MISSING
    least = 10.0**-digits
    if 0 < 100 * part < least / 2:
        return f"less than {least:g} %"
    return f"{100 * part:.{digits}f} %"


def counted(count: int, one: str, many: str = "") -> str:
    """Return how many there are of something.

    Examples
    --------
    >>> counted(1, "case"), counted(12, "case"), counted(0, "loop"), counted(2, "series", "series")
    ('1 case', '12 cases', 'no loops', '2 series')
    """
    name = one if count == 1 else many or f"{one}s"
    return f"{count:,} {name}" if count else f"no {name}"


def joined(words: Sequence[str], most: int = 0) -> str:
    """Return names one after another; those after the first ``most`` are counted only.

    Examples
    --------
    >>> joined(["a", "b", "c"]), joined(["a", "b", "c"], most=1), joined([])
    ('a, b and c', 'a and 2 more', '')
    """
    names = [plain(word) for word in words]
    if most and len(names) > most:
        names = [*names[:most], f"{len(names) - most} more"]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def quoted(names: Sequence[str]) -> list[str]:
    """Return names between quotes."""
    return [f"'{name}'" for name in names]


def sentences(clauses: Sequence[str]) -> str:
    """Return clauses as sentences, one after another.

    Examples
    --------
    >>> sentences(["nothing moves", "'base' failed"])
    "Nothing moves. 'base' failed."
    """
    return " ".join(f"{clause[:1].upper()}{clause[1:]}." for clause in clauses)
