"""Loops tracked through many runs, with the share of all loops that stands below the line.

Stage 4 of 4.  In: the loops to track and some typical runs.  Out: ``Tracked``: what
a kernel reads in every run, and the coverage of each run from what it read.

All loops of a partition stand below the line of a relative score as long as their sum takes no more
than ``most`` products.  Beyond that the part of the sum stands there that matters along the typical
runs (``pruning``).  How much of all that is in a run is computed from the run's own links, at a few
moments of it, so no run is told the coverage of another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.batch import sums_kept
from loopscope.loops.batch.keeping import identity, kept_of
from loopscope.loops.batch.pruning import pruned
from loopscope.loops.batch.readings import (
    Followed,
    readings,
    relative_of,
    size_of,
    state_of,
    total_of,
)
from loopscope.loops.finding.evaluating import program
from loopscope.loops.finding.loopsum import MOST as LONGEST
from loopscope.loops.scores.ltm_continuous import link_weights, smooth_partitions
from loopscope.models.engine import cache
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import sympy as sp

    from loopscope.loops.batch.settings import Settings
    from loopscope.loops.finding.evaluating import Program
    from loopscope.loops.graph import CausalGraph, Partition
    from loopscope.loops.loop import Loop
    from loopscope.loops.replay import Along, Numbers

MOST = 4_000
"""Products of one total up to which all loops stand below the line (measured: with 101 saved times
the migration model takes some three times what it takes alone)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """Loops to follow, by partition, and how to tell what they are compared with.

    Attributes
    ----------
    loops
        In the order of the results.
    followed
        What is read of each partition.
    whole
        For each partition the sum over all its loops; None where that is what is read.
    """

    graph: CausalGraph
    loops: tuple[Loop, ...]
    followed: tuple[Followed, ...]
    whole: tuple[Program | None, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of relative scores, loop by loop, then of states, partition by partition."""
        states = (state_of(one.partition) for one in self.followed)
        return (*map(relative_of, self.loops), *states)

    @property
    def checked(self) -> tuple[str, ...]:
        """Names of what ``coverage`` needs, to be read at a few moments; none where it is 1."""
        found: list[str] = []
        for one, whole in zip(self.followed, self.whole, strict=True):
            if whole is not None:
                found.append(total_of(one.partition))
                found += (size_of(pair, one.partition) for pair in whole.pairs)
        return tuple(found)

    def name(self, settings: Settings) -> str:
        """Return a text that differs wherever the readings do."""
        return f"{identity(self.graph, self.followed, settings)} {bool(self.checked)}"

    def readings(self, settings: Settings) -> Mapping[sp.Symbol, sp.Expr]:
        """Return the formulas of all that is read, for ``Extension``."""
        return readings(
            self.graph, self.followed, settings.held, settings.slopes, also=self.checked
        )

    def coverage(self, read: Numbers) -> Numbers:
        """Return the least share of all loops that stands below the line.

        Parameters
        ----------
        read
            What was read under ``checked``; dims (name, run, moment).

        Returns
        -------
        numpy.ndarray
            Dims (run,): over moments and partitions; NaN where nothing moves at any moment, or no
            size is a number.  1 where all loops stand below the line.
        """
        least = np.full(read.shape[1], np.nan if self.checked else 1.0)
        first = 0
        for whole in self.whole:
            if whole is None:
                continue
            below = read[first]
            sizes = read[first + 1 : first + 1 + len(whole.pairs)]
            first += 1 + len(whole.pairs)
            all_loops = whole.of(sizes.reshape(len(sizes), -1)).reshape(below.shape)
            with np.errstate(all="ignore"):
                share = np.minimum(below / all_loops, 1.0)
            share[~np.isfinite(share)] = np.inf
            here = share.min(axis=1, initial=np.inf)
            least = np.fmin(least, np.where(np.isfinite(here), here, np.nan))
        return least


def track(
    graph: CausalGraph,
    loops: Sequence[Loop],
    typical: Callable[[], Sequence[Along]],
    most: int = MOST,
    *,
    chosen_by: str = "",
) -> Tracked:
    """Return what is to be read so that some loops can be followed.

    Parameters
    ----------
    typical
        Gives runs by which is chosen what stands below the line where all loops are too many.
    chosen_by
        Differs between any two choices of typical runs; what is found is kept under it between
        processes.  Nothing is kept without.
    most
        Products that the sum over the loops of one partition may take.

    Raises
    ------
    LoopError
        A loop through a memory or DELAY FIXED; all loops of a partition are too many even to sum.

    Notes
    -----
    Seconds for a million loops, once for a graph; see ``over_all`` and ``pruned``.
    """
    homes = [graph.partition_of[loop.nodes[0]] for loop in loops]
    smooth = smooth_partitions(graph, homes)
    refused = [home for home in homes if home not in smooth]
    if refused:
        smooth_partitions(graph, refused)  # raises, and names what stands in the way
    insides = [
        tuple(loop for loop, home in zip(loops, homes, strict=True) if home == part)
        for part in smooth
    ]
    kept = kept_of(graph)
    asked = repr((most, [[loop.nodes for loop in inside] for inside in insides]))
    name = cache.key_of("sums over loops", kept.digest, chosen_by, asked) + ".json"
    sums = sums_kept.read(name, graph.pairs) if chosen_by else None
    if sums is None:
        sums = _sums(graph, smooth, insides, typical, most)
        if chosen_by:
            sums_kept.write(name, sums, graph.pairs)
    followed, whole = [], []
    for part, inside, (below, total) in zip(smooth, insides, sums, strict=True):
        digest = hashlib.sha256(repr(below).encode()).hexdigest()
        followed.append(Followed(partition=part, loops=inside, total=below, digest=digest))
        whole.append(None if below is total else program(total))
    return Tracked(graph=graph, loops=tuple(loops), followed=tuple(followed), whole=tuple(whole))


def _sums(
    graph: CausalGraph,
    parts: Sequence[Partition],
    insides: Sequence[tuple[Loop, ...]],
    typical: Callable[[], Sequence[Along]],
    most: int,
) -> sums_kept.Sums:
    """Return for each partition what stands below the line, and the sum over all its loops."""
    found: sums_kept.Sums = []
    runs: Sequence[Along] | None = None
    for part, inside in zip(parts, insides, strict=True):
        total, _ = kept_of(graph).total(graph, part, LONGEST)
        if total is None:
            msg = (
                f"{graph.model.name}: a partition of {len(part.nodes)} variables has too many "
                "loops to sum up, so the share that some of them have cannot be stated; declare a "
                "view in loops.toml"
            )
            raise LoopError(msg)
        below = total
        if total.products > most:
            runs = typical() if runs is None else runs
            below = pruned(total, _sizes(graph, part, runs), graph.pairs, inside, most)
        found.append((below, total))
    return found


def _sizes(graph: CausalGraph, part: Partition, typical: Sequence[Along]) -> Numbers:
    """Return the sizes of links in typical runs, dims (link, moment)."""
    count = len(graph.pairs)
    weights = [link_weights(along, [part]).reshape(count, -1) for along in typical]
    sizes: Numbers = np.abs(np.concatenate([np.empty((count, 0)), *weights], axis=1))
    return sizes
