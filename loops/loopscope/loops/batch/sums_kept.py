"""Sums over loops kept between processes, as plain JSON in the cache folder.

Stage 4 of 4, beside ``tracking``.  In: for each partition what stands below the line, and all of
it.  Out: the same, or nothing.  Links are told by their place in the graph.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loopscope.loops.finding.loopsum import LoopSum
from loopscope.models.engine import cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.graph import Pair

Sums = list[tuple[LoopSum, LoopSum]]
"""For each partition what stands below the line and all; the same object where that is all."""


def read(name: str, pairs: Sequence[Pair]) -> Sums | None:
    """Return what is kept under a name, None if nothing is."""
    body = cache.read(name)
    if body is None:
        return None
    found: Sums = []
    for below, whole in json.loads(body):
        every = _sum(whole, pairs)
        found.append((every if below is None else _sum(below, pairs), every))
    return found


def write(name: str, sums: Sums, pairs: Sequence[Pair]) -> None:
    """Keep sums under a name."""
    place = {pair: number for number, pair in enumerate(pairs)}

    def plain(one: LoopSum) -> list[Any]:
        terms = [[[place[pair], at] for pair, at in part] for part in one.sums]
        return [terms, one.roots, one.count]

    rows = [(None if below is whole else plain(below), plain(whole)) for below, whole in sums]
    cache.write(name, json.dumps(rows).encode())


def _sum(plain: list[Any], pairs: Sequence[Pair]) -> LoopSum:
    terms, roots, count = plain
    sums = tuple(tuple((pairs[place], at) for place, at in part) for part in terms)
    return LoopSum(sums=sums, roots=tuple(roots), count=count)
