"""Continuous LTM scores with delays, smooths and trends collapsed to single links.

Stage 4 of 4.  In: ``Loops`` and ``Along``.  Out: scores of links through such a *macro*, and of
loops in which each macro is one link.

A macro is everything written out from the memory functions of one authored variable.  The score of
a link through it is that of its path of largest magnitude, at each time; loops that never leave it
are dropped.  This is a view for readers: dropping loops makes the denominator smaller, and one path
stands for the sum of all.  ``ltm_continuous`` of the expanded graph is the ground truth.

References
----------
Schoenberg & Eberlein (2020), Seamlessly integrating Loops That Matter into model development and
analysis, arXiv 2005.14545.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.graph import STOCKS, root
from loopscope.loops.scores import ltm_continuous
from loopscope.loops.scores.record import record
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.loop import Loop
    from loopscope.loops.replay import Along, Numbers

MOST = 10_000
"""Paths through one macro that are told apart."""

MACRO = "\\0"
"""Before the owner of a macro, where a macro stands as a node."""

NOT_FOR = (
    f"{ltm_continuous.NOT_FOR}; sums of scores, in which other paths through a macro and the loops "
    "inside it do not count"
)
SOURCE = "Schoenberg & Eberlein 2020, arXiv 2005.14545"


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroLink:
    """A cause and an effect with the stages of one macro between them.

    Attributes
    ----------
    owner
        Authored variable whose equation holds the delay, smooth or trend.
    paths
        Nodes of each path, cause first and effect last.
    """

    cause: str
    effect: str
    owner: str
    paths: tuple[tuple[str, ...], ...]


def macro_links(graph: CausalGraph) -> tuple[MacroLink, ...]:
    """Return the links through macros, in the order of their owners.

    Raises
    ------
    LoopError
        More than ``MOST`` paths through one macro.

    Notes
    -----
    Linear in the number of paths times their length.
    """
    stages: dict[str, set[str]] = {}
    for name, node in graph.nodes.items():
        if node.owner != name and node.role != "random":
            stages.setdefault(node.owner, set()).add(name)
    found = []
    for owner, inside in stages.items():
        paths: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        for count, path in enumerate(_paths(graph, inside)):
            if count == MOST:
                msg = (
                    f"{graph.model.name}: more than {MOST:,} paths lead through the delays of "
                    f"'{owner}'; score the expanded graph with method='ltm'"
                )
                raise LoopError(msg)
            paths.setdefault((path[0], path[-1]), []).append(path)
        found += [
            MacroLink(cause=cause, effect=effect, owner=owner, paths=tuple(every))
            for (cause, effect), every in paths.items()
        ]
    return tuple(found)


def composite_links(along: Along) -> xr.Dataset:
    """Return the scores of links through macros.

    Returns
    -------
    xarray.Dataset
        ``score``, dims ``([run,] time, link)``, dimensionless: the path score of largest magnitude,
        0 where the cause does not move (as after a step that no feedback follows), signed infinity
        where the effect alone stands still, NaN where a gain is no number.  Coordinates ``cause``,
        ``effect``, ``owner`` and ``paths`` (their number) along ``link``.

    Raises
    ------
    LoopError
        No macro in the graph, or too many paths through one.
    """
    import xarray as xr

    graph = along.graph
    links = macro_links(graph)
    if not links:
        msg = f"{graph.model.name}: no delay, smooth or trend with stages to collapse"
        raise LoopError(msg)
    scores = np.empty((*along.shape, len(links)))
    for column, link in enumerate(links):
        every = np.array([_path_score(along, path) for path in link.paths])
        scores[..., column] = _largest(every, every)
    runs = ("run",) if along.runs is not None else ()
    names = [f"{link.cause} -> {link.effect}" for link in links]
    return xr.Dataset(
        {"score": ((*runs, "time", "link"), scores, {"units": "1"})},
        coords={
            "time": ("time", along.time, {"units": graph.model.clock.units}),
            "link": np.array(names, dtype=np.str_),
            "cause": ("link", np.array([link.cause for link in links], dtype=np.str_)),
            "effect": ("link", np.array([link.effect for link in links], dtype=np.str_)),
            "owner": ("link", np.array([link.owner for link in links], dtype=np.str_)),
            "paths": ("link", np.array([len(link.paths) for link in links])),
        },
        attrs={"model": graph.model.name, "not_for": NOT_FOR, "source": SOURCE},
    )


def score(found: Loops, along: Along) -> xr.Dataset:
    """Return continuous LTM scores of loops with each macro collapsed to one link.

    Returns
    -------
    xarray.Dataset
        As ``ltm_continuous.score``, one entry for all loops that differ only inside macros: that of
        the largest of them at each time, under the id of the first.  Further coordinates along
        ``loop``: ``path`` (text) and ``behind``, the number of loops it stands for.
        ``attrs["dropped"]`` is the number of loops that never leave a macro.

    Raises
    ------
    LoopError
        Not all loops of the graph are held; nothing is left; as ``ltm_continuous.score``.
    """
    graph = found.graph
    if not found.complete or found.count != len(found):
        msg = (
            f"{graph.model.name}: collapsed scores compare all loops, but only {len(found):,} are "
            f"held ({found.statement}); collapse a smaller view, or use method='ltm'"
        )
        raise LoopError(msg)
    classes = _classes(found)
    if not classes:
        msg = f"{graph.model.name}: every loop stays inside one delay or smooth"
        raise LoopError(msg)
    full = ltm_continuous.score(found, along)
    homes = [graph.partition_of[found[rows[0]].nodes[0]] for rows in classes.values()]
    smooth = ltm_continuous.smooth_partitions(graph, homes)
    with np.errstate(all="ignore"):
        products = found.products(ltm_continuous.link_weights(along, smooth))
    raw, words = (np.moveaxis(full[name].to_numpy(), -1, 0) for name in ("raw", "status"))
    shape = (len(classes), *along.shape)
    chosen, scores = np.empty(shape), np.empty(shape)
    status = np.empty(shape, dtype=words.dtype)
    for row, rows in enumerate(classes.values()):
        chosen[row] = _largest(products[rows], products[rows])
        scores[row] = _largest(products[rows], raw[rows])
        status[row] = _largest(products[rows], words[rows])
    relative = np.zeros(shape)
    for part in {one.number for one in homes}:
        of_part = [row for row, one in enumerate(homes) if one.number == part]
        total = np.abs(chosen[of_part]).sum(axis=0)
        with np.errstate(all="ignore"):
            relative[of_part] = np.where(total == 0, 0.0, chosen[of_part] / total)
    relative[(status == "inactive") | (status == "equilibrium")] = 0.0
    relative[status == "undefined"] = np.nan
    first = found.holding([found[rows[0]].nodes for rows in classes.values()])
    behind = np.array([len(rows) for rows in classes.values()])
    coords: dict[str, Any] = {
        "path": ("loop", np.array([_text(path) for path in classes], dtype=np.str_)),
        "behind": ("loop", behind),
    }
    return record(
        first, along, method="ltm composite", relative=np.moveaxis(relative, 0, -1),
        raw=np.moveaxis(scores, 0, -1), status=np.moveaxis(status, 0, -1), units="1",
        not_for=NOT_FOR, source=SOURCE, coords=coords,
        attrs={"form": "continuous", "dropped": len(found) - int(behind.sum())},
    )  # fmt: skip


def _classes(found: Loops) -> Mapping[tuple[str, ...], list[int]]:
    """Return positions of loops by what is left of them outside macros."""
    classes: dict[tuple[str, ...], list[int]] = {}
    for row, loop in enumerate(found):
        path = _collapsed(loop)
        if path:
            classes.setdefault(path, []).append(row)
    return classes


def _collapsed(loop: Loop) -> tuple[str, ...]:
    """Return the nodes of a loop with each macro as one mark; none if it stays inside one."""
    nodes = loop.graph.nodes
    marked = [n if nodes[n].owner == n else MACRO + nodes[n].owner for n in loop.nodes]
    kept = [one for at, one in enumerate(marked) if at == 0 or one != marked[at - 1]]
    if len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    if len(kept) == 1 and kept[0].startswith(MACRO):
        return ()
    start = kept.index(min(kept, key=lambda one: (one.startswith(MACRO), one)))
    return (*kept[start:], *kept[:start])


def _text(path: tuple[str, ...]) -> str:
    """Return a path as text, ``||`` on links that lead through a macro."""
    text, delayed = "", False
    for one in path:
        if one.startswith(MACRO) and one != path[0]:
            delayed = True
            continue
        arrow = " -||-> " if delayed else " -> "
        text, delayed = text + (arrow if text else "") + one.removeprefix(MACRO), False
    return text + " -||->" if delayed else text


def _paths(graph: CausalGraph, inside: set[str]) -> Iterator[tuple[str, ...]]:
    """Give paths that enter and leave a set of nodes and stay inside it in between."""
    entries = [(u, v) for u, v in graph.pairs if v in inside and u not in inside]
    for cause, first in entries:
        waiting: list[tuple[str, ...]] = [(cause, first)]
        while waiting:
            path = waiting.pop()
            for following in graph.network.successors(path[-1]):
                if following not in inside:
                    yield (*path, following)
                elif following not in path:
                    waiting.append((*path, following))


def _path_score(along: Along, path: tuple[str, ...]) -> Numbers:
    """Return the product of link scores along a path: rates of auxiliaries cancel."""
    base = root(along.graph)
    last = path[-1]
    below = along.accelerations if base.nodes[last].role in STOCKS else along.rates
    with np.errstate(all="ignore"):
        gain = np.prod([along.gains[pair] for pair in pairwise(path)], axis=0)
        score = gain * _ratio(along.rates[path[0]], below[last])
        for name in path[1:-1]:
            if base.nodes[name].role in STOCKS:
                score = score * _ratio(along.rates[name], along.accelerations[name])
    return np.where((along.rates[path[0]] == 0) & np.isfinite(gain), 0.0, score)


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    """Return a ratio of sizes, 0 where there is nothing to divide."""
    return np.where(above == 0, 0.0 * below, np.abs(above / below))


def _largest(sizes: Numbers, values: Any) -> Any:
    """Return, at each time, the value whose size is largest; dims (path, ...) to (...)."""
    magnitude = np.where(np.isnan(sizes), np.inf, np.abs(sizes))
    best = np.argmax(magnitude, axis=0)
    return np.take_along_axis(values, best[None], axis=0)[0]
