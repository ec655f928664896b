"""Scores put on a sketch: widths of links, scores, weights and shading of loops.

Stage 1 of 5.  In: a ``Sketch`` without scores and a ``Reading``.  Out: the same sketch with them;
no variable, link or loop comes or goes, so one layout serves every time.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.choosing.authored import ways_of
from loopscope.loops.diagrams.choosing.reading import ends, read
from loopscope.loops.dominance import dominant
from loopscope.loops.graph import STOCKS

if TYPE_CHECKING:
    import xarray as xr

    from loopscope.loops.diagrams.choosing.authored import Way
    from loopscope.loops.diagrams.choosing.reading import Numbers, Reading
    from loopscope.loops.diagrams.records import Link, LoopShown, Sketch
    from loopscope.loops.finding.found import Loops
    from loopscope.loops.graph import CausalGraph, Pair

PLAIN = 1.4
"""Width of a link without a score, in points."""

UNSETTLED = 2.0
"""A link is dashed where its width differs by more than this factor between runs."""

FAINTEST, HEAVIEST = 0.3, 3.0
"""Least and largest weight of a loop in the layout, by the mean weight."""

SHADED = 2
"""Most loops whose inside is filled."""

SPREAD = "its strength differs from run to run"


def width_of(score: float) -> float:
    """Return the width of a link in points.

    Examples
    --------
    >>> width_of(0.0), width_of(0.25), width_of(-1.0)
    (1.0, 2.5, 4.0)
    """
    return 1.0 + 3.0 * float(np.sqrt(min(1.0, abs(score))))


def at_time(sketch: Sketch, found: Loops, scores: xr.Dataset, at: float) -> Sketch:
    """Return a sketch with the widths, signs and scores of another time.

    Parameters
    ----------
    sketch
        Of ``loops.diagram(found, scores)``.
    at
        In the model's time unit; the nearest saved time is read.

    Returns
    -------
    Sketch
        The same variables, links and loops.  A sign that is not proved is the one at that time.

    Raises
    ------
    LoopError
        As ``reading.read``.
    """
    reading = read(found, scores, at)
    return weigh(sketch, found.graph, reading, signs=True)


def weigh(sketch: Sketch, graph: CausalGraph, reading: Reading, *, signs: bool = False) -> Sketch:
    """Return a sketch with the widths and scores that a reading gives.

    Parameters
    ----------
    signs
        Whether signs that are not proved are those of the reading.
    """
    if not reading.speaks:
        return sketch
    leading = leading_loops(sketch, reading)
    loops = tuple(replace(_loop(loop, reading), shaded=loop.id in leading) for loop in sketch.loops)
    known = [loop.weight for loop in loops]
    mean = float(np.mean(known)) if known and sum(known) > 0 else 0.0
    loops = tuple(
        replace(loop, weight=min(HEAVIEST, max(FAINTEST, loop.weight / mean)) if mean else 1.0)
        for loop in loops
    )
    through = strengths(sketch, graph, reading)
    links = tuple(_link(link, through.get(link.pair), reading, signs) for link in sketch.links)
    return replace(sketch, links=links, loops=loops)


def leading_loops(sketch: Sketch, reading: Reading) -> tuple[str, ...]:
    """Return ids of the loops that dominate at the time of a reading, if they are shown and few.

    Of one polarity, as few as make half of the change in their partition: see ``dominance``.
    Nothing over a whole run, in which dominance may pass from one to another.
    """
    if reading.at is None or not sketch.loops:
        return ()
    inside = [one for one in reading.rows if one in {loop.id for loop in sketch.loops}]
    if not inside:
        return ()
    number = min(int(reading.partitions[reading.rows[one]]) for one in inside)
    every = [one for one, row in reading.rows.items() if reading.partitions[row] == number]
    scores = np.array([reading.score(one) or 0.0 for one in every])
    ids = tuple(every[place] for place in dominant(scores)[1])
    return ids if len(ids) <= SHADED and set(ids) <= set(inside) else ()


def strengths(sketch: Sketch, graph: CausalGraph, reading: Reading) -> dict[Pair, Numbers]:
    """Return the strength of each link of a sketch, with its sign, dims (run,).

    Relative link scores where the method has them: products along what is folded, sums over ways.
    Else the sum of the magnitudes of the relative scores of the loops shown through the link.
    """
    if reading.links is not None:
        found = {}
        for link in sketch.links:
            value = _along(graph, reading, (link.cause, *link.through, link.effect))
            if value is not None:
                found[link.pair] = value
        return found
    sums: dict[Pair, Numbers] = {}
    for loop in sketch.loops:
        if loop.id in reading.rows:
            size = np.abs(reading.signed[:, reading.rows[loop.id]])
            for pair in loop.pairs:
                sums[pair] = np.minimum(1.0, sums.get(pair, 0.0) + size)
    signs = {link.pair: -1.0 if link.sign == "-" else 1.0 for link in sketch.links}
    return {pair: signs[pair] * value for pair, value in sums.items()}


def _along(graph: CausalGraph, reading: Reading, names: tuple[str, ...]) -> Numbers | None:
    """Return the product of strengths along authored variables; None where one has none."""
    known, product = ways_of(graph), None
    for pair in pairwise(names):
        if pair not in known:
            return None
        strength = np.sum([_way(graph, reading, way) for way in known[pair]], axis=0)
        product = strength if product is None else product * strength
    return product


def _way(graph: CausalGraph, reading: Reading, way: Way) -> Numbers:
    """Return the product of strengths along a way; the memory of a stage is no cause beside it."""
    assert reading.links is not None
    product = np.ones(1)
    for pair in way.pairs:
        strength = reading.links[pair]
        node = graph.nodes[pair[1]]
        own = reading.links.get((pair[1], pair[1]))
        if own is not None and node.owner != node.name and node.role in STOCKS:
            left = 1.0 - np.abs(own)
            none = np.zeros_like(strength)
            strength = np.divide(strength, left, out=none, where=left > 0)
        product = product * strength
    return product


def _loop(loop: LoopShown, reading: Reading) -> LoopShown:
    score = reading.score(loop.id)
    return replace(
        loop, score=score, share=reading.share(loop.id), band=reading.band(loop.id),
        weight=reading.size(loop.id) or 0.0,
    )  # fmt: skip


def _link(link: Link, strength: Numbers | None, reading: Reading, signs: bool) -> Link:
    known = strength[np.isfinite(strength)] if strength is not None else np.zeros(0)
    if not known.size:
        return replace(link, score=None, width=PLAIN)
    score = float(np.median(known))
    basis, certain, sign = link.basis, link.certain, link.sign
    if signs and not certain and score:
        sign = "+" if score > 0 else "-"
    band = ends(known) if reading.runs is not None else None
    if band is not None and not settled(band):
        low, high = sorted(abs(one) for one in band)
        certain = False
        basis = f"{basis}; {SPREAD} ({low:.0%} to {high:.0%} in 90 % of them)"
    return replace(
        link, score=score, width=width_of(score), certain=certain, basis=basis, sign=sign
    )


def settled(band: tuple[float, float]) -> bool:
    """Return whether the strength of a link is about the same in most runs of a sweep.

    Parameters
    ----------
    band
        5 % and 95 % quantile of its strength, with its sign.

    Examples
    --------
    >>> settled((0.4, 0.6)), settled((0.01, 0.6)), settled((-0.2, 0.2))
    (True, False, False)
    """
    if band[0] < 0.0 < band[1]:
        return False
    thin, thick = sorted(width_of(one) for one in band)
    return thick <= UNSETTLED * thin
