"""What part of the change named loops carry, and what stands behind them in the full graph.

Stage 4 of 4.  In: ``Loops`` of a view, their scores, a run.  Out: Datasets: shares at each time
and over the run, cancellation inside the links of a view, and the check against every loop of the
traced graph.

Every loop of the traced graph holds a stock, so exactly one loop of a view stands for it.  A loop
of the view is the net of those behind it, and of products that pass a folded variable twice.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from loopscope.loops.finding.activity import weights_of
from loopscope.loops.finding.loopsum import MOST, LoopSum, over, over_all
from loopscope.loops.graph import root
from loopscope.loops.loop import Loop, canonical
from loopscope.loops.replay import along
from loopscope.loops.views import gains_in
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.loops.replay import Along, Numbers

SILENT = ("equilibrium", "undefined")
"""Statuses at which a partition has nothing to share."""


def shares(found: Loops, scores: xr.Dataset) -> xr.Dataset:
    """Return what part of each partition's change the named loops carry.

    Parameters
    ----------
    found
        Loops that were scored; the named ones among them are those of ``found.named``.
    scores
        From ``loops.score``, by a method whose relative scores sum to 1 in magnitude.

    Returns
    -------
    xarray.Dataset
        Dims of the scores with ``partition`` for ``loop``, dimensionless: ``named``, the sum of
        |relative| over the named loops of a partition; ``held``, over the others that are held;
        ``other``, 1 - named: every other loop, held or not.  ``named_over_run`` and
        ``other_over_run``: means over the saved times; ``over_run``, dims ([run,] loop): mean
        |relative| of each named loop.  NaN at rest and where scores are undefined; such times are
        left out of the means.  ``attrs["loops"]`` says what the shares are shares of.

    Raises
    ------
    LoopError
        No loop is named, or the scores are of other loops.
    """
    import xarray as xr

    names = found.named.ids
    if not names:
        msg = (
            f"{found.graph.model.name}: no loop is named; name some in loops.toml beside the "
            "model, or with found.pin(path)"
        )
        raise LoopError(msg)
    if tuple(scores["loop"].values) != found.ids:
        msg = "the scores are of other loops; make them with loops.score(found, run)"
        raise LoopError(msg)
    homes = np.array([found.graph.partition_of[loop.nodes[0]].number for loop in found])
    is_named = np.isin(np.array(found.ids), np.array(names))
    size = abs(scores["relative"])
    silent = scores["status"].isin(SILENT)
    numbers = sorted({int(number) for number in homes[is_named]})
    parts: dict[str, list[xr.DataArray]] = {"named": [], "held": []}
    for number in numbers:
        inside = homes == number
        speaks = ~silent.isel(loop=np.flatnonzero(inside)).all("loop")
        for what, chosen in (("named", is_named), ("held", ~is_named)):
            some = size.isel(loop=np.flatnonzero(inside & chosen))
            parts[what].append(some.sum("loop").where(speaks))
    where = xr.DataArray(numbers, dims="partition")
    result = {
        what: xr.concat(each, dim=where).transpose(..., "partition") for what, each in parts.items()
    }
    result["other"] = 1.0 - result["named"]
    with np.errstate(invalid="ignore"):
        for what in ("named", "other"):
            result[f"{what}_over_run"] = result[what].mean("time")
        speaking = size.where(~silent).isel(loop=np.flatnonzero(is_named))
        result["over_run"] = speaking.mean("time")
    for one in result.values():
        one.attrs = {"units": "1"}
    kept = {n: scores.attrs[n] for n in ("method", "model", "loops") if n in scores.attrs}
    return xr.Dataset(result, coords={"partition": numbers}, attrs=kept)


def cancellation(run: Along) -> xr.Dataset:
    """Return how much of what stands behind each link of a view is left in its net gain.

    Parameters
    ----------
    run
        Values along a run of a view, from ``loops.along``.

    Returns
    -------
    xarray.Dataset
        ``kept``, dims ([run,] time, link), dimensionless, in [0, 1]: |sum of the gains of all paths
        behind a link| / sum of their magnitudes; 1 where nothing cancels, NaN where no path acts.
        Coordinates ``cause`` and ``effect`` along ``link``.

    Notes
    -----
    Variables are folded away twice, once by magnitudes.
    """
    import xarray as xr

    sizes = {pair: np.abs(gain) for pair, gain in run.full_gains.items()}
    gross = gains_in(run.graph, sizes, operator.add, operator.mul)
    pairs = run.graph.pairs
    whole = np.array([gross[pair] for pair in pairs]).reshape(len(pairs), *run.shape)
    net = np.abs(np.array([run.gains[pair] for pair in pairs]).reshape(whole.shape))
    kept = np.full(whole.shape, np.nan)
    np.divide(net, whole, out=kept, where=whole > 0)
    dims = (*(("run",) if run.runs is not None else ()), "time", "link")
    return xr.Dataset(
        {"kept": (dims, np.moveaxis(np.minimum(kept, 1.0), 0, -1), {"units": "1"})},
        coords={
            "time": ("time", run.time),
            "cause": ("link", [cause for cause, _ in pairs]),
            "effect": ("link", [effect for _, effect in pairs]),
        },
        attrs={"model": run.graph.model.name},
    )


def behind(
    loops: Loops,
    run: xr.Dataset,
    *,
    most: int = MOST,
    most_behind: int = 100_000,
    totals: dict[int, LoopSum | None] | None = None,
) -> xr.Dataset:
    """Return what part of the total over every loop of the traced graph stands behind some loops.

    Parameters
    ----------
    loops
        Loops of a view, as ``found.named``: each is traced back one by one.
    run
        From ``models.simulate``.
    most
        Products that the total over all loops may take; see ``loopsum.over_all``.
    most_behind
        Loops of the traced graph that may stand behind one loop.
    totals
        Where to keep what was prepared, by number of partition of the traced graph, for more runs.

    Returns
    -------
    xarray.Dataset
        Dims ([run,] time, loop), dimensionless, by continuous scores of Loops That Matter:
        ``full``, sum of magnitudes of the loops behind each, over that of all loops of the
        partition in the traced graph; ``net``, their signed sum over the same, so that
        |net| / full says what is left after cancellation.  ``count``, dims (loop,): loops behind
        each.  NaN in ``full`` and ``net`` where nothing moves, and where the totals take more than
        ``most`` products; ``attrs["full_loops"]`` says over how many loops the totals run.

    Raises
    ------
    LoopError
        More than ``most_behind`` loops behind one; a run of another model.

    Notes
    -----
    In the migration model the total over 74 million loops takes 540,000 products, prepared in about
    ten seconds.

    References
    ----------
    Schoenberg, Hayward & Eberlein 2023, System Dynamics Review 39(2), in the limit of no time step.
    """
    import xarray as xr

    graph = root(loops.graph)
    values = along(graph, run)
    weights = weights_of(values)
    weights[~np.isfinite(weights)] = 0.0
    known: dict[int, LoopSum | None] = {} if totals is None else totals
    gross: dict[int, Numbers] = {}
    counts: list[int] = []
    columns: list[Numbers] = []
    nets: list[Numbers] = []
    for loop in loops:
        part = graph.partition_of[loop.nodes[0]]
        if part.number not in gross:
            if part.number not in known:
                known[part.number] = over_all(graph, part, most)
            gross[part.number] = _total(known[part.number], weights, graph.pairs)
        found = over(_full(graph, loop, most_behind))
        counts.append(found.count)
        total = gross[part.number]
        for sizes, column in ((np.abs(weights), columns), (weights, nets)):
            part_of = np.full(total.shape, np.nan)
            np.divide(found.of(sizes, graph.pairs), total, out=part_of, where=total > 0)
            column.append(part_of.reshape(values.shape))
    dims = (*(("run",) if values.runs is not None else ()), "time", "loop")
    return xr.Dataset(
        {
            "full": (dims, np.stack(columns, axis=-1), {"units": "1"}),
            "net": (dims, np.stack(nets, axis=-1), {"units": "1"}),
            "count": ("loop", counts),
        },
        coords={"time": ("time", values.time), "loop": ("loop", list(loops.ids))},
        attrs={"model": graph.model.name, "full_loops": _statement(graph, known, most)},
    )


def _total(every: LoopSum | None, weights: Numbers, pairs: Sequence[Pair]) -> Numbers:
    if every is None:
        return np.full(weights.shape[1:], np.nan)
    return every.of(np.abs(weights), pairs)


def _statement(graph: CausalGraph, known: dict[int, LoopSum | None], most: int) -> str:
    lines = []
    for number, every in sorted(known.items()):
        part = graph.partitions[number]
        size = f"{len(part.nodes)} variables"
        if every is None:
            lines.append(f"not summed in {size}: more than {most:,} products")
        else:
            lines.append(f"all {every.count:,} loops of {size}")
    return "; ".join(lines)


def _full(graph: CausalGraph, loop: Loop, most: int) -> list[Loop]:
    """Return the loops of the traced graph behind one loop of a view."""
    away = [name for name in graph.nodes if name not in loop.graph.nodes]
    segments = [_paths(graph, pair, away) for pair in loop.links]
    found: list[Loop] = []
    for inside in _disjoint(segments):
        if len(found) == most:
            msg = f"more than {most:,} loops stand behind '{loop.id}'; raise most_behind="
            raise LoopError(msg)
        nodes: list[str] = []
        for name, between in zip(loop.nodes, inside, strict=True):
            nodes += [name, *between]
        found.append(Loop(id=loop.id, nodes=canonical(nodes), polarity="U", graph=graph))
    return found


def _paths(graph: CausalGraph, pair: Pair, away: Sequence[str]) -> list[tuple[str, ...]]:
    """Return what lies between cause and effect on each path through folded variables."""
    cause, effect = pair
    end = "" if cause == effect else effect
    inside: nx.DiGraph[str] = graph.network.subgraph([cause, effect, *away]).copy()
    if not end:  # a link of a variable on itself: split it in two
        inside.add_edges_from((before, end) for before in [*inside.predecessors(cause)])
        inside.remove_edges_from([*inside.in_edges(cause)])
    return [tuple(path[1:-1]) for path in nx.all_simple_paths(inside, cause, end)]


def _disjoint(
    segments: Sequence[Sequence[tuple[str, ...]]], used: frozenset[str] = frozenset()
) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Return choices of one path for each link that share no variable."""
    if not segments:
        yield ()
        return
    for path in segments[0]:
        if used.isdisjoint(path):
            for rest in _disjoint(segments[1:], used | set(path)):
                yield (path, *rest)
