"""Loops that were found, and a statement of what was left out.

Stage 2 of 4.  In: what ``discover`` hands over.  Out: ``Loops``, a sequence that can be asked.

Loops are *held* when they can be listed one by one.  Totals run over the *universe*: every loop
that the statement speaks of, held or not.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, overload

import numpy as np

from loopscope.loops.finding.store import LETTERS
from loopscope.loops.loop import Loop, LoopPolarity, chain, resolve
from loopscope.models.errors import LoopError, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from loopscope.loops.finding.cores import Integers
    from loopscope.loops.finding.store import Store
    from loopscope.loops.finding.summed import Summed
    from loopscope.loops.finding.universe import Universe
    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.replay import Numbers

CELLS = 2**17
"""Numbers that a product of many loops works on at once."""

ROWS = 20
"""Loops that ``repr`` shows."""


class Loops:
    """Feedback loops of one graph, in canonical order: by length, then by names.

    Attributes
    ----------
    graph
        The graph, or view, they are loops of.
    complete
        Whether totals run over all loops of the graph, be they held or not.
    count
        Number of loops of the graph; None where it is not known.
    statement
        One line: how many loops there are, how many are held, and how they were found.
    """

    def __init__(
        self,
        store: Store,
        *,
        complete: bool,
        count: int | None,
        statement: str,
        universe: Universe | Summed | None = None,
        which: Integers | None = None,
    ) -> None:
        self.graph: CausalGraph = store.graph
        self.complete = complete
        self.count = count
        self.statement = statement
        self._store = store
        self._universe = universe
        self._which = np.arange(len(store.rows)) if which is None else which

    def __repr__(self) -> str:
        lines = ["  ".join(row) for row in self.table(ROWS)]
        if len(self) > ROWS:
            lines.append(f"... {len(self) - ROWS:,} more")
        return "\n".join([f"<Loops of {self.graph.model.name}: {self.statement}>", *lines])

    def _repr_html_(self) -> str:
        from loopscope.loops.notebook.cards import html_of

        return html_of(self)

    @overload
    def __getitem__(self, which: int | str) -> Loop: ...
    @overload
    def __getitem__(self, which: slice) -> Loops: ...
    def __getitem__(self, which: int | str | slice) -> Loop | Loops:
        if isinstance(which, slice):
            return self._chosen(self._which[which])
        if isinstance(which, str):
            position = self._store.position(which)
            if position is None or position not in self._which:
                raise LoopError(self._missing(which))
            return self._store.loop(position)
        return self._store.loop(int(self._which[which]))

    def __len__(self) -> int:
        """Return the number of loops held."""
        return len(self._which)

    def __contains__(self, loop: object) -> bool:
        if isinstance(loop, str):
            position = self._store.position(loop)
        else:
            nodes = loop.nodes if isinstance(loop, Loop) else ()
            position = self._store.place(nodes) if nodes else None
        return position is not None and position in self._which

    def __iter__(self) -> Iterator[Loop]:
        return (self._store.loop(position) for position in self._which.tolist())

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids in order."""
        return tuple(self._store.id_of(position) for position in self._which.tolist())

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order, most of them empty."""
        named = self._store.named
        return tuple(named.get(position, ("", ""))[1] for position in self._which.tolist())

    @property
    def polarities(self) -> tuple[LoopPolarity, ...]:
        """Polarities in order."""
        return tuple(LETTERS[sign + 1] for sign in self._store.rows.signs[self._which].tolist())

    @property
    def partitions(self) -> Integers:
        """Number of the partition of each loop, dims (loop,)."""
        return self._store.partitions[self._which]

    @property
    def named(self) -> Loops:
        """Those that the model's ``loops.toml`` or the user names."""
        chosen = [p for p in sorted(self._store.named) if p in self._which]
        return self._chosen(np.array(chosen, np.int64))

    def through(self, variable: str) -> Loops:
        """Return the loops that hold a variable."""
        name = self.graph.find(variable)
        return self._marked([cause == name for cause, _ in self.graph.pairs])

    def containing(self, path: Sequence[str]) -> Loops:
        """Return the loops that run along a path, given as names in causal order.

        Raises
        ------
        LoopError
            An unknown variable, a link that the graph does not have, a variable visited twice.
        """
        nodes = chain(self.graph, path)
        if len(nodes) == 1:
            return self.through(nodes[0])
        found = self
        for pair in pairwise(nodes):
            found = found._marked([other == pair for other in self.graph.pairs])
        return found

    def of_length(self, least: int, most: int | None = None) -> Loops:
        """Return the loops of ``least`` to ``most`` links; of just ``least`` where one is given."""
        lengths = self._store.rows.lengths[self._which]
        most = least if most is None else most
        return self._chosen(self._which[(lengths >= least) & (lengths <= most)])

    def of_polarity(self, polarity: LoopPolarity) -> Loops:
        """Return the loops of one polarity: "R", "B" or "U"."""
        if polarity not in LETTERS:
            msg = f"a polarity is 'R', 'B' or 'U', got {shown(polarity)}"
            raise LoopError(msg)
        signs = self._store.rows.signs[self._which]
        return self._chosen(self._which[signs == LETTERS.index(polarity) - 1])

    def pin(self, path: Sequence[str], name: str = "", id: str = "") -> Loops:
        """Return these loops with one that the user names and wants to follow.

        Parameters
        ----------
        path
            Names of its variables in causal order; it is held from now on, if it was not.
        name
            What to call it.
        id
            "P1", "P2", ... where none is given.  An id that the loop had before still finds it.

        Raises
        ------
        LoopError
            A path that is not closed in the graph, or an id that another loop has.
        """
        nodes = resolve(self.graph, path)
        position = self._store.place(nodes)
        taken = {identity for identity, _ in self._store.named.values()}
        identity = id or next(f"P{n}" for n in range(1, len(taken) + 2) if f"P{n}" not in taken)
        if self._store.position(identity) not in (None, position):
            msg = f"another loop has the id '{identity}'; choose another for {' -> '.join(nodes)}"
            raise LoopError(msg)
        if position is None:
            store = self._store.with_loop(nodes, identity, name)
            position = len(self._store.rows)
        else:
            store = self._store.with_name(position, identity, name)
        which = self._which
        if position not in which:
            which = np.append(which, position)
        return self._with(store, which)

    def holding(self, loops: Iterable[Sequence[str]]) -> Loops:
        """Return the loops given by their paths, in that order; those not held here are pinned."""
        found, which = self, []
        for path in loops:
            nodes = resolve(self.graph, path)
            position = found._store.place(nodes)
            if position is None:
                found = found.pin(nodes)
                position = len(found._store.rows) - 1
            which.append(position)
        return found._chosen(np.array(which, np.int64))

    def table(self, most: int | None = None) -> list[tuple[str, ...]]:
        """Return rows of text for people: id, name, number of links, path."""
        rows: list[tuple[str, ...]] = []
        for position in self._which[:most].tolist():
            loop = self._store.loop(position)
            rows.append((loop.id, loop.name, str(len(loop)), " -> ".join(loop.path)))
        return rows

    def products(self, weights: Numbers) -> Numbers:
        """Return the product of link weights around each loop held.

        Parameters
        ----------
        weights
            Dims (link, ...), links in the order of ``graph.pairs``.

        Returns
        -------
        numpy.ndarray
            Dims (loop, ...).

        Notes
        -----
        One multiplication per link of a loop and number of the trailing dims.
        """
        flat = self._flat(weights)
        found = self._products(flat, self._which)
        return found.reshape(len(self), *weights.shape[1:])

    def totals(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """Return sums of positive and of negative products over the universe, by partition.

        Parameters
        ----------
        weights
            Dims (link, ...), links in the order of ``graph.pairs``.

        Returns
        -------
        tuple of numpy.ndarray
            Dims (partition, ...) each, partitions in the order of ``graph.partitions``; the second
            is not positive.  Loops with a weight that is not finite are left out there.

        Notes
        -----
        Where not all loops are held, they are searched for again: see ``tally.totals``.
        """
        flat = self._flat(weights)
        flat = np.where(np.isfinite(flat), flat, 0.0)
        shape = (len(self.graph.partitions), *weights.shape[1:])
        if self._universe is not None:
            up, down = self._universe.totals(flat)
            extra = range(self._store.ordered, len(self._store.rows))
            apart = [p for p in extra if not self._universe.holds(self._store.row(p))]
        else:
            up, down = np.zeros((shape[0], flat.shape[1])), np.zeros((shape[0], flat.shape[1]))
            apart = list(range(len(self._store.rows)))
        which, step = np.array(apart, np.int64), max(1, CELLS // max(1, flat.shape[1]))
        home = self._store.partitions[which]
        for number in range(shape[0]):
            inside = which[home == number]
            for begin in range(0, len(inside), step):
                products = self._products(flat, inside[begin : begin + step])
                up[number] += np.maximum(products, 0.0).sum(axis=0)
                down[number] += np.minimum(products, 0.0).sum(axis=0)
        return up.reshape(shape), down.reshape(shape)

    def _flat(self, weights: Numbers) -> Numbers:
        if len(weights) != len(self.graph.pairs):
            msg = (
                f"weights are of {len(weights)} links, the graph has {len(self.graph.pairs)}; "
                "give one row for each of graph.pairs"
            )
            raise LoopError(msg)
        return np.asarray(weights, np.float64).reshape(len(weights), math.prod(weights.shape[1:]))

    def _products(self, weights: Numbers, which: Integers) -> Numbers:
        rows = self._store.rows
        lengths = rows.lengths[which]
        begins = rows.ends[which] - lengths
        found = np.empty((len(which), weights.shape[1]))
        step = max(1, CELLS // max(1, weights.shape[1]))
        for length in np.unique(lengths).tolist():
            alike = np.flatnonzero(lengths == length)
            for first in range(0, len(alike), step):
                some = alike[first : first + step]
                product = weights[rows.links[begins[some]]]
                with np.errstate(all="ignore"):  # no number where one link has none
                    for n in range(1, length):
                        product *= weights[rows.links[begins[some] + n]]
                found[some] = product
        return found

    def _marked(self, links: list[bool]) -> Loops:
        holding = self._store.using(np.array(links, np.bool_))
        return self._chosen(self._which[holding[self._which]])

    def _chosen(self, which: Integers) -> Loops:
        return self._with(self._store, which)

    def _with(self, store: Store, which: Integers) -> Loops:
        return Loops(
            store, complete=self.complete, count=self.count, statement=self.statement,
            universe=self._universe, which=which,
        )  # fmt: skip

    def _missing(self, identity: str) -> str:
        some = [self._store.id_of(position) for position in self._which[:2000].tolist()]
        hint = did_you_mean(identity, some)
        if not hint and some:
            hint = f"; the {len(self):,} loops held are {some[0]}, {', '.join(some[1:4])} ..."
        return f"{self.graph.model.name}: no loop '{identity}'{hint}; {self.statement}"
