"""Networks and auxiliaries set out on the page: where what links them is short and seldom crosses.

Stage 2 of 5.  In: ``Network`` records, a sketch, rough places.  Out: the networks in place, turned
over where that is better, and places of the auxiliaries.

Links are straight here: they bend when they are laid out for good.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.kernels.pieces import Table, move_pieces, whole_cost
from loopscope.loops.diagrams.stockflow.piping import moved, name_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from loopscope.loops.diagrams.records import Place, Sketch
    from loopscope.loops.diagrams.stockflow.piping import Network

    Numbers = NDArray[np.float64]

AROUND = 16.0
"""Room about a piece, in points."""

CANDIDATES = 14
HOT, COLD = 1.5, 0.02
FAR, CLOSE = 280.0, 15.0
"""Reach of moves, first and last, in points."""


def set_out(
    networks: Sequence[Network],
    sketch: Sketch,
    rough: Mapping[str, Place],
    seed: int,
    sweeps: int,
    starts: int,
) -> tuple[list[Network], dict[str, Place]]:
    """Return the networks in place, and places of the auxiliaries.

    Parameters
    ----------
    rough
        Places of auxiliaries by name, and of networks by "0", "1", ...
    starts
        Searches, of which the best counts.

    Notes
    -----
    ``sweeps`` rounds of ``CANDIDATES`` for each of p pieces: O(p d s) for d links a piece and s
    segments of links and pipes.
    """
    table, names, turns = _table(networks, sketch, rough)
    pieces = len(table.at)
    best: tuple[float, Numbers, Numbers] | None = None
    for start in range(starts):
        generator = np.random.default_rng([seed, start, 7])
        now = table._replace(at=table.at.copy(), turn=table.turn.copy())
        for sweep in range(sweeps):
            share = sweep / max(sweeps - 1, 1)
            move_pieces(
                now, generator.permutation(pieces), turns,
                generator.normal(size=(pieces, CANDIDATES, 2)),
                generator.gumbel(size=(pieces, CANDIDATES + 4)),
                HOT * (COLD / HOT) ** share, CLOSE + (FAR - CLOSE) * (1.0 - share) ** 2,
            )  # fmt: skip
        cost = float(whole_cost(now))
        if best is None or cost < best[0]:
            best = (cost, now.at, now.turn)
    assert best is not None
    _, at, turn = best
    count = len(networks)
    there = [
        moved(one, float(at[n, 0]), float(at[n, 1]), (float(turn[n, 0]), float(turn[n, 1])))
        for n, one in enumerate(networks)
    ]
    loose = {name: (float(x), float(y)) for name, (x, y) in zip(names, at[count:], strict=True)}
    return there, loose


def _table(
    networks: Sequence[Network], sketch: Sketch, rough: Mapping[str, Place]
) -> tuple[Table, list[str], Numbers]:
    """Return the pieces as arrays, the names of auxiliaries, and what may be turned over."""
    nodes = {node.name: node for node in sketch.nodes}
    where: dict[str, tuple[int, float, float]] = {}
    at, half, turns = [], [], []
    legs, boxes = [], []
    for n, one in enumerate(networks):
        x, y = (one.low[0] + one.high[0]) / 2, (one.low[1] + one.high[1]) / 2
        at.append(rough[str(n)])
        half.append((one.high[0] - x + AROUND, one.high[1] - y + AROUND))
        several = sum(nodes[name].kind == "stock" for name in one.places) > 1
        turns.append((0.0 if several else 1.0, 1.0))
        for name, (px, py) in one.places.items():
            where[name] = (n, px - x, py - y)
            boxes.append((n, px - x, py - y, nodes[name].width / 2, nodes[name].height / 2))
        for name, (px, py) in one.names.items():
            boxes.append((n, px - x, py - y, *name_size(nodes[name])))
        for route in one.routes.values():
            legs += [(n, a[0] - x, a[1] - y, b[0] - x, b[1] - y) for a, b in pairwise(route)]
    names = [node.name for node in sketch.nodes if node.name not in where]
    for n, name in enumerate(names, start=len(networks)):
        node = nodes[name]
        where[name] = (n, 0.0, 0.0)
        at.append(rough[name])
        half.append((node.width / 2 + AROUND, node.height / 2 + AROUND / 2))
        turns.append((0.0, 0.0))
        boxes.append((n, 0.0, 0.0, node.width / 2, node.height / 2))
    links = [(where[a], where[b]) for a, b in
             (link.pair for link in sketch.links if link.kind == "cause")]  # fmt: skip
    leg_rows, box_rows = np.array(legs).reshape(-1, 5), np.array(boxes).reshape(-1, 5)
    table = Table(
        at=np.array(at, np.float64).reshape(-1, 2),
        turn=np.ones((len(at), 2)),
        half=np.array(half, np.float64).reshape(-1, 2),
        whose=np.array([(a[0], b[0]) for a, b in links], np.int64).reshape(-1, 2),
        ends=np.array([(*a[1:], *b[1:]) for a, b in links], np.float64).reshape(-1, 4),
        leg_of=leg_rows[:, 0].astype(np.int64), legs=np.ascontiguousarray(leg_rows[:, 1:]),
        box_of=box_rows[:, 0].astype(np.int64), boxes=np.ascontiguousarray(box_rows[:, 1:]),
    )  # fmt: skip
    return table, names, np.array(turns, np.float64).reshape(-1, 2)
