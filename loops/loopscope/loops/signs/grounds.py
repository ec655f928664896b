"""What a range or a proof rests on: facts as bits, said in words.

Stage 2 of 4.  In: facts, as they are met.  Out: lines of text for those that were used.
"""

from __future__ import annotations

from functools import reduce
from operator import or_


class Reasons:
    """What ends of ranges rest on, one bit each, in words."""

    def __init__(self) -> None:
        self._facts: list[tuple[str, str, str, str]] = []
        self._under: list[int] = []
        self._bits: dict[tuple[str, str, str, str], int] = {}

    def bit(self, name: str, relation: str, value: str, source: str, under: int = 0) -> int:
        """Return the bit of a fact, which itself rests on others."""
        fact = (name, relation, value, source)
        found = self._bits.get(fact)
        if found is None:
            found = self._bits[fact] = 1 << len(self._facts)
            self._facts.append(fact)
            self._under.append(0)
        self._under[found.bit_length() - 1] |= under & ~found
        return found

    def texts(self, reasons: int) -> tuple[str, ...]:
        """Return facts in words, nearest first; both ends of a range as one.

        Facts that these rest on follow them.
        """
        done, waiting, facts = 0, reasons, []
        while waiting:
            done |= waiting
            facts += [self._facts[number] for number in _numbers(waiting)]
            waiting = reduce(or_, (self._under[n] for n in _numbers(waiting)), 0) & ~done
        ends = {(name, relation, source): value for name, relation, value, source in facts}
        said: dict[str, None] = {}
        for name, relation, value, source in facts:
            low, high = ends.get((name, ">=", source)), ends.get((name, "<=", source))
            if relation in (">=", "<=") and low is not None and high is not None:
                range_ = f"{name} = {low}" if low == high else f"{low} <= {name} <= {high}"
                said[f"{range_} ({source})"] = None
            else:
                said[f"{name} {relation} {value} ({source})".replace("  ", " ")] = None
        return tuple(said)


def _numbers(bits: int) -> list[int]:
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found
