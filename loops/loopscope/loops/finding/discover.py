"""All feedback loops of a graph, within a budget, with a statement of what was left out.

Stage 2 of 4.  In: a ``CausalGraph``, a model or a view; runs, if there are any.  Out: ``Loops``.

What is tried, in this order: to list all loops; to count them all and hold those that matter in the
runs; to list those that act in the runs; a strongest-first sample of them, or without a run the
shortest loops.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from loopscope.loops.finding.asked import alongs, check, graph_and_names
from loopscope.loops.finding.found import Loops
from loopscope.loops.finding.store import (
    LETTERS,
    Rows,
    Store,
    canonical_order,
    joined,
    ranks,
    rows_of,
)
from loopscope.loops.loop import canonical
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.loops.finding.tally import Counts
    from loopscope.loops.finding.universe import Budget, Universe
    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.replay import Along, Numbers
    from loopscope.models.model import Model

SMALL = 2000
"""Loops up to which plain Python searches; loading what was compiled takes longer."""


HELD, HELD_SCORED = 1_000_000, 5_000
"""Most loops to hold, without and with runs."""

LEVEL = 1_000_000
"""Loops that may be listed for a while, so that the shortest of one length can be held."""


def find(
    model: Model | CausalGraph | str | Path,
    *,
    view: Sequence[str] | str | None = None,
    run: xr.Dataset | Along | Sequence[xr.Dataset | Along] | None = None,
    max_loops: int | None = None,
    seconds: float = 60.0,
    max_length: int | None = None,
    share: float = 0.001,
    pins: Iterable[Sequence[str]] = (),
    progress: Callable[[int, float], None] | None = None,
) -> Loops:
    """Return the feedback loops of a model, a graph or a view.

    Parameters
    ----------
    model
        A graph is taken as it is; of a model, the view that its ``loops.toml`` declares, or else
        every variable, without the parts that the file calls off, unless a run has them on.
    view
        "full" for every variable, or the variables to keep beside stocks.
    run
        One or more runs of the model.  They decide which loops are held where not all can be.
    max_loops
        Most loops to hold: where not given, 1,000,000, or 5,000 with runs, for scores of a held
        loop take a thousand times the room of the loop, which is 100 bytes.
    seconds
        Time for each thing that is tried.
    max_length
        Most links in a loop.
    share
        Where there are more loops than can be held: of all that the loops of a partition score
        together at one saved time, the part from which a loop is held.
    pins
        Loops to hold in any case, as paths; see ``Loops.pin``.
    progress
        Called a few times a second, as ``progress(routes, seconds)``: how many routes were
        searched, each one loop or more, in how many seconds; see ``universe.Budget``.

    Returns
    -------
    Loops
        ``complete`` if totals run over all loops of the graph; ``statement`` says it in words.  Ids
        are numbered by polarity in canonical order among all loops of the graph, so they do not
        depend on runs or budgets while the graph can be counted.

    Raises
    ------
    LoopError
        Unknown names, a budget that is not positive, a pin that is not closed, a run of another
        model, a loop that ``loops.toml`` names with another polarity than is proved.

    Notes
    -----
    See ``search`` and ``tally``; O(links) work per loop at most, memory for loops that are held.

    Examples
    --------
    >>> found = find("migration_policy", view="full", max_length=3)
    >>> found.complete
    False
    >>> len(found[-1])
    3
    """
    check(max_loops, seconds, max_length, share)
    graph, known, names = graph_and_names(model, view, run)
    runs = alongs(graph, run)
    most = max_loops or (HELD_SCORED if runs else HELD)
    taken = [] if known is None else [loop.id for loop in known.loops]
    search = _Search(graph, names, taken, runs, most, seconds, max_length, share, progress)
    found = search.loops()
    if known is not None and known.declared(graph):
        for line in known.contradictions(found):
            msg = f"{known.file}: {line}; correct its polarity, its path or the view"
            raise LoopError(msg)
    for path in pins:
        found = found.pin(path)
    return found


class _Search:
    """One call of ``find``: what was asked for, and what is tried in turn."""

    def __init__(
        self,
        graph: CausalGraph,
        names: Mapping[tuple[str, ...], tuple[str, str]],
        taken: Sequence[str],
        alongs: Sequence[Along],
        most: int,
        seconds: float,
        longest: int | None,
        share: float,
        progress: Callable[[int, float], None] | None,
    ) -> None:
        self.graph = graph
        self.names = names
        self.taken = taken
        self.alongs = alongs
        self.most = most
        self.seconds = seconds
        self.longest = longest
        self.share = share
        self.progress = progress
        lengths = [len(part.nodes) for part in graph.partitions]
        self.everything = longest is None or longest >= max(lengths, default=0)
        self.kind = "loops" if self.everything else f"loops of up to {longest} links"

    def loops(self) -> Loops:
        cycles = nx.simple_cycles(self.graph.network, length_bound=self.longest)
        some = [canonical(nodes) for nodes in islice(cycles, SMALL + 1)]
        if len(some) <= SMALL:
            rows = canonical_order(rows_of(self.graph, some), ranks(self.graph))
            return self._small(rows)
        from loopscope.loops.finding import tally
        from loopscope.loops.finding.universe import Universe

        universe = Universe(self.graph, longest=None if self.everything else self.longest)
        counts = tally.count(universe, self._budget())
        if counts.whole:
            return self._counted(universe, counts)
        return self._uncounted(universe, counts)

    def _small(self, rows: Rows) -> Loops:
        count = len(rows)
        words = f"all {count:,} {self.kind}" if count != 1 else "the only loop"
        if count == 0:
            words = "no loops: nothing in this graph feeds back"
        elif count > self.most:
            words += f" counted, the {self.most:,} shortest held; totals run over all"
        store = self._store(rows)
        which = np.arange(min(count, self.most))
        return self._made(store, words, count, which=self._with_names(store, which))

    def _counted(self, universe: Universe, counts: Counts) -> Loops:
        """Hold all loops, those that matter in the runs, or the shortest."""
        from loopscope.loops.finding import tally
        from loopscope.loops.finding.universe import OutOfTimeError

        count = counts.loops
        words = f"all {count:,} {self.kind}" if count != 1 else "the only loop"
        try:
            if count <= self.most:
                rows = tally.every(universe, self._budget(), self.most)
                assert rows is not None
                store = self._store(canonical_order(rows, universe.order))
                return self._made(store, words, count, universe)
            words += " counted"
            if self.alongs:
                store = self._largest(universe)
                words += (
                    f", {len(store.rows):,} held: those with at least {self.share:.3g} of the total"
                    " of their partition at a saved time; totals run over all"
                )
                return self._made(store, words, count, universe)
        except OutOfTimeError:
            words += f", but not listed within {self.seconds:g} s"
        rows, length = self._shortest(universe)
        words += f", the {len(rows):,} shortest held ({_up_to(length)}); totals run over all"
        return self._made(self._store(rows), words, count, universe)

    def _uncounted(self, universe: Universe, counts: Counts) -> Loops:
        """Hold loops that act in the runs, or a sample, or the shortest."""
        from loopscope.loops.finding import tally
        from loopscope.loops.finding.activity import acting, packed
        from loopscope.loops.finding.strongest import strongest
        from loopscope.loops.finding.universe import OutOfTimeError, Universe

        words = f"incomplete: more than {counts.loops:,} {self.kind}, too many for "
        words += f"{self.seconds:g} s; "
        if not self.alongs:
            rows, length = self._shortest(universe)
            words += (
                f"the {len(rows):,} shortest held ({_up_to(length)}); give run= or more seconds="
            )
            return self._made(self._store(rows), words, None)
        longest = None if self.everything else self.longest
        active = packed([acting(along) for along in self.alongs])
        acts = Universe(self.graph, longest=longest, active=active)
        inside = tally.count(acts, self._budget())
        if inside.whole:
            words += f"all {inside.loops:,} that act at a saved time of the runs "
            try:
                if inside.loops <= self.most:
                    rows = tally.every(acts, self._budget(), self.most) or rows_of(self.graph, [])
                    store = self._store(canonical_order(rows, acts.order))
                    return self._made(store, words + "are held", None, acts)
                store = self._largest(acts)
                words += (
                    f"counted, {len(store.rows):,} held: those with at least {self.share:.3g} of"
                    " the total of their partition; totals run over those that act"
                )
                return self._made(store, words, None, acts)
            except OutOfTimeError:
                words += "counted but not listed in time; "
        rows = strongest(self.graph, self._weights(), self.most, self._budget())
        words += f"a strongest-first sample of {len(rows):,} held, totals run over the sample only"
        return self._made(self._store(rows), words, None)

    def _largest(self, universe: Universe) -> Store:
        """Return the loops that hold the share asked for, with their numbers among all loops."""
        from loopscope.loops.finding import tally

        budget, weights = self._budget(), self._weights()
        up, down = tally.totals(universe, weights, budget)
        rows, peaks = tally.largest(universe, weights, up - down, self.share, budget)
        if len(rows) > self.most:
            rows = rows.chosen(np.sort(np.argsort(-peaks, kind="stable")[: self.most]))
        rows = canonical_order(
            joined([rows, rows_of(self.graph, list(self.names))]), ranks(self.graph)
        )
        return self._store(rows, tally.before(universe, rows, budget))

    def _shortest(self, universe: Universe) -> tuple[Rows, int]:
        """Return the first loops in canonical order, and the length up to which all are there."""
        from loopscope.loops.finding import tally
        from loopscope.loops.finding.universe import OutOfTimeError

        budget = self._budget()
        rows, length = rows_of(self.graph, []), 0
        try:
            while len(rows) < self.most and length < len(self.graph.nodes):
                more = tally.every(universe.up_to(length + 1), budget, max(4 * self.most, LEVEL))
                if more is None:
                    break
                rows = canonical_order(more, universe.order)
                length += len(rows) <= self.most
        except OutOfTimeError:
            pass
        return rows.chosen(np.arange(min(len(rows), self.most))), length

    def _store(self, rows: Rows, before: Any = None) -> Store:
        """Give loops in canonical order their numbers; named ones keep the ids they have."""
        graph = self.graph
        store = Store(graph, rows, len(rows), np.zeros(len(rows), np.int64), {}, {})
        named = {store.place(nodes): given for nodes, given in self.names.items()}
        absent = [nodes for nodes in self.names if store.place(nodes) is None]
        inside = {p: given for p, given in named.items() if p is not None}
        first = dict.fromkeys(LETTERS, 0)
        for identity in self.taken:
            number = re.fullmatch(r"([RBU])(\d+)", identity)
            if number:
                letter = LETTERS[("B", "U", "R").index(number[1])]
                first[letter] = max(first[letter], int(number[2]))
        numbers = np.zeros(len(rows), np.int64)
        for sign, letter in zip((-1, 0, 1), LETTERS, strict=True):
            ours = rows.signs == sign
            earlier = np.cumsum(ours) - 1 if before is None else before[:, sign + 1]
            taken = np.zeros(len(rows), np.int64)
            taken[[p for p in inside if ours[p]]] = 1
            numbers[ours] = (first[letter] + 1 + earlier - np.cumsum(taken))[ours]
        store = Store(graph, rows, len(rows), numbers, inside, {})
        for nodes in absent:
            store = store.with_loop(nodes, *self.names[nodes])
        return store

    def _with_names(self, store: Store, which: Any) -> Any:
        return np.union1d(which, np.array(list(store.named), np.int64)).astype(np.int64)

    def _made(
        self, store: Store, words: str, count: int | None,
        universe: Universe | None = None, which: Any = None,
    ) -> Loops:  # fmt: skip
        whole = count is not None and self.everything
        return Loops(
            store, complete=whole, count=count if self.everything else None, statement=words,
            universe=universe, which=which,
        )  # fmt: skip

    def _budget(self) -> Budget:
        from loopscope.loops.finding.universe import Budget

        return Budget(seconds=self.seconds, progress=self.progress)

    def _weights(self) -> Numbers:
        from loopscope.loops.finding.activity import weights_of

        return np.concatenate([weights_of(along) for along in self.alongs], axis=1)


def _up_to(length: int) -> str:
    return f"all of up to {length} links" if length else "not all of any length"
