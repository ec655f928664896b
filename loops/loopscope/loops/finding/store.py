"""Loops held as flat arrays: a row of links and a number each, no objects.

Stage 2 of 4.  In: rows of links.  Out: a ``Store``, in canonical order, that makes a ``Loop`` when
one is asked for.  About 100 bytes a loop.

*Canonical order* is by number of links, then by names from the smallest one on.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.loop import Loop, LoopPolarity, closed
from loopscope.loops.signs.polarity import prove

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from loopscope.loops.finding.cores import Integers
    from loopscope.loops.graph import CausalGraph

    Links = NDArray[np.uint16] | NDArray[np.int32]

LETTERS: tuple[LoopPolarity, ...] = ("B", "U", "R")
"""Letter of each sign, from -1 on."""


PIECE = 2**15
"""Loops that are moved at once."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Loops as rows of links.

    Attributes
    ----------
    links
        Positions in ``graph.pairs``, one loop after the other, each from its smallest cause on.
    ends
        Where the links of each loop end, dims (loop,).
    signs
        1 reinforcing, -1 balancing, 0 unknown, dims (loop,).
    """

    links: Links
    ends: Integers
    signs: NDArray[np.int8]

    def __len__(self) -> int:
        """Return the number of loops."""
        return len(self.ends)

    @property
    def lengths(self) -> Integers:
        """Number of links of each loop."""
        return np.diff(self.ends, prepend=0)

    def chosen(self, which: Integers) -> Rows:
        """Return some of the loops, in the order asked for."""
        lengths = self.lengths[which]
        ends = np.cumsum(lengths)
        links = np.empty(ends[-1] if len(ends) else 0, self.links.dtype)
        for first in range(0, len(which), PIECE):  # positions of links take four times their room
            some = slice(first, first + PIECE)
            size, end = lengths[some], ends[some]
            place = np.repeat(self.ends[which[some]] - end, size)
            begin = end[0] - size[0]
            links[begin : end[-1]] = self.links[place + np.arange(begin, end[-1])]
        return Rows(links, ends, self.signs[which])


def joined(parts: Sequence[Rows]) -> Rows:
    """Return several sets of loops as one."""
    none = np.zeros(0, np.int64)
    sizes = np.cumsum([0, *(len(part.links) for part in parts)])
    ends = [part.ends + begin for part, begin in zip(parts, sizes, strict=False)]
    return Rows(
        np.concatenate([*(part.links for part in parts), none.astype(np.uint16)]),
        np.concatenate([*ends, none]),
        np.concatenate([*(part.signs for part in parts), none.astype(np.int8)]),
    )


def narrow(links: NDArray[np.int32], graph: CausalGraph) -> Links:
    """Return positions of links in as little room as the graph allows."""
    return links.astype(np.uint16) if len(graph.pairs) < 2**16 else links


def rows_of(graph: CausalGraph, loops: Sequence[Sequence[str]]) -> Rows:
    """Return loops given by their nodes, in canonical rotation, as rows of links."""
    number = {pair: position for position, pair in enumerate(graph.pairs)}
    links: list[int] = []
    ends, signs = [], []
    polarities = prove(graph)
    for nodes in loops:
        pairs = closed(nodes)
        links.extend(number[pair] for pair in pairs)
        ends.append(len(links))
        known = [polarities[pair].sign for pair in pairs]
        fixed = all(sign in "+-" for sign in known)
        signs.append((-1) ** known.count("-") if fixed else 0)
    held = narrow(np.array(links, np.int32), graph)
    return Rows(held, np.array(ends, np.int64), np.array(signs, np.int8))


def ranks(graph: CausalGraph) -> Integers:
    """Return the rank of the cause of each link among all names, dims (link,)."""
    rank = {name: number for number, name in enumerate(sorted(graph.nodes))}
    return np.array([rank[cause] for cause, _ in graph.pairs], np.int64)


def canonical_order(rows: Rows, order: Integers) -> Rows:
    """Return loops in canonical order, each once; ``order`` is what ``ranks`` returns."""
    lengths = rows.lengths
    chosen = []
    # Words of bytes, most significant first, sort as the ranks in them do.
    words_of = order.astype(">u2" if order.max(initial=0) < 2**16 else ">u4")
    for length in np.unique(lengths):
        which = np.flatnonzero(lengths == length)
        places = (rows.ends[which] - length)[:, None] + np.arange(length)
        keys = words_of[rows.links[places]]
        words = keys.view(np.dtype((np.void, keys.itemsize * int(length)))).ravel()
        _, first = np.unique(words, return_index=True)
        chosen.append(which[first])
    return rows.chosen(np.concatenate([*chosen, np.zeros(0, np.int64)]))


@dataclass(frozen=True)
class Store:
    """Loops of one graph.

    Attributes
    ----------
    rows
        The first ``ordered`` of them in canonical order.
    numbers
        In their ids, dims (loop,).
    named
        Id and name of loops that the model or the user names, by position.
    aliases
        Positions of ids that loops had before the user named them.
    """

    graph: CausalGraph
    rows: Rows
    ordered: int
    numbers: Integers
    named: Mapping[int, tuple[str, str]]
    aliases: Mapping[str, int]

    def id_of(self, position: int) -> str:
        """Return the id of a loop."""
        if position in self.named:
            return self.named[position][0]
        return f"{LETTERS[self.rows.signs[position] + 1]}{self.numbers[position]}"

    def position(self, identity: str) -> int | None:
        """Return where a loop is held, by its id; None where it is not."""
        found = self._named_ids.get(identity, self.aliases.get(identity))
        if found is not None or identity[:1] not in LETTERS or not identity[1:].isdecimal():
            return found
        positions = self._by_letter[identity[0]]
        number = int(identity[1:])
        place = int(np.searchsorted(self.numbers[positions], number))
        if place < len(positions) and self.numbers[positions[place]] == number:
            return int(positions[place])
        return None

    def nodes(self, position: int) -> tuple[str, ...]:
        """Return the nodes of a loop in canonical rotation."""
        return tuple(self.graph.pairs[link][0] for link in self.row(position))

    def loop(self, position: int) -> Loop:
        """Return the record of a loop."""
        return Loop(
            id=self.id_of(position), nodes=self.nodes(position),
            polarity=LETTERS[self.rows.signs[position] + 1],
            name=self.named.get(position, ("", ""))[1], graph=self.graph,
        )  # fmt: skip

    def place(self, nodes: Sequence[str]) -> int | None:
        """Return where a loop is held, by its nodes in canonical rotation; O(log loops)."""
        for position in range(self.ordered, len(self.rows)):
            if self.nodes(position) == tuple(nodes):
                return position
        lengths = self.rows.lengths[: self.ordered]
        low, high = np.searchsorted(lengths, [len(nodes), len(nodes) + 1])
        found = int(
            bisect_left(range(int(high)), tuple(nodes), lo=int(low), key=lambda n: self.nodes(n))
        )
        return found if found < high and self.nodes(found) == tuple(nodes) else None

    def using(self, links: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which loops have one of the links marked, dims (loop,)."""
        if not len(self.rows):
            return np.zeros(0, np.bool_)
        begins = self.rows.ends - self.rows.lengths
        return np.asarray(np.logical_or.reduceat(links[self.rows.links], begins))

    def with_name(self, position: int, identity: str, name: str) -> Store:
        """Return a store in which a loop has an id and a name of the user's."""
        return replace(
            self,
            named={**self.named, position: (identity, name)},
            aliases={**self.aliases, self.id_of(position): position},
        )

    def with_loop(self, nodes: Sequence[str], identity: str, name: str) -> Store:
        """Return a store with one more loop, under an id and a name of the user's."""
        return replace(
            self,
            rows=joined([self.rows, rows_of(self.graph, [nodes])]),
            numbers=np.append(self.numbers, 0),
            named={**self.named, len(self.rows): (identity, name)},
        )

    def row(self, position: int) -> list[int]:
        """Return the links of a loop, as positions in ``graph.pairs``."""
        begin = self.rows.ends[position - 1] if position else 0
        row: list[int] = self.rows.links[begin : self.rows.ends[position]].tolist()
        return row

    @cached_property
    def partitions(self) -> Integers:
        """Number of the partition of each loop, dims (loop,)."""
        home = self.graph.partition_of
        known = [home[a].number if a in home else -1 for a, _ in self.graph.pairs]
        return np.array(known, np.int64)[self.rows.links[self.rows.ends - 1]]

    @cached_property
    def _named_ids(self) -> dict[str, int]:
        return {identity: position for position, (identity, _) in self.named.items()}

    @cached_property
    def _by_letter(self) -> dict[str, Integers]:
        plain = np.ones(len(self.rows), np.bool_)
        plain[list(self.named)] = False
        return {
            letter: np.flatnonzero(plain & (self.rows.signs == sign))
            for sign, letter in zip((-1, 0, 1), LETTERS, strict=True)
        }
