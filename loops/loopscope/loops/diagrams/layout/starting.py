"""Where a layout begins: distances as in the graph, links bent with their strongest loop.

Stage 2 of 5.  In: an ``Indexed`` sketch and a random generator.  Out: places and bulges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.records import STEEPEST

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.arrays import Indexed
    from loopscope.loops.diagrams.layout.kernels.state import Numbers

ROUNDS = 200

PAIR = -0.3
"""Bulge of both links of a loop of two."""

LONE = 0.12
"""Bulge of a link in no loop."""


def start(given: Indexed, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Return places (node, 2) and bulges (link,) from which to search.

    Notes
    -----
    At most ``ROUNDS`` of n**2 work each, and one pseudo-inverse.

    References
    ----------
    Stress majorisation: Gansner, Koren & North (2005), "Graph drawing by stress majorization",
    Graph Drawing 2004, LNCS 3383, 239-250.
    """
    n = len(given.nodes)
    place = generator.normal(size=(n, 2)) * given.spacing * np.sqrt(max(n, 1))
    if n > 1:
        place = _majorised(place, given.shape.desired, given.shape.springs)
        place = _landscape(place)
    return place, bulges(given, place)


def bulges(given: Indexed, place: Numbers) -> Numbers:
    """Return bulges that follow the strongest loop through each link, outwards."""
    found = np.full(len(given.links), LONE)
    position = {link.pair: e for e, link in enumerate(given.links)}
    number = {name: v for v, name in enumerate(given.names)}
    order = sorted(given.loops, key=lambda loop: (loop.weight, -len(loop.path)))
    for loop in order:  # the strongest last: it has the last word
        corners = place[[number[name] for name in loop.path]]
        following = np.roll(corners, -1, axis=0)
        area = 0.5 * float(
            np.sum(corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0])
        )
        size = len(loop.path)
        bend = PAIR
        if size > 2:
            bend = -np.sign(area) * np.clip(0.5 * np.tan(np.pi / (2 * size)), 0.1, STEEPEST)
        for pair in loop.pairs:
            found[position[pair]] = bend
    for loop in given.loops:
        if len(loop.path) == 2:
            for pair in loop.pairs:
                found[position[pair]] = PAIR
    found[[e for e, link in enumerate(given.links) if link.kind == "pipe"]] = 0.0
    return found


def _majorised(place: Numbers, desired: Numbers, springs: Numbers) -> Numbers:
    laplacian = np.diag(springs.sum(axis=1)) - springs
    inverse = np.linalg.pinv(laplacian)
    before = np.inf
    for _ in range(ROUNDS):
        apart = place[:, None, :] - place[None, :, :]
        distance = np.sqrt((apart**2).sum(axis=2))
        stress = float((springs * (distance - desired) ** 2).sum())
        if before - stress < 1e-6 * max(stress, 1e-12):
            break
        before = stress
        ratio = np.divide(
            springs * desired, distance, out=np.zeros_like(distance), where=distance > 1e-9
        )
        pull = np.diag(ratio.sum(axis=1)) - ratio
        place = inverse @ (pull @ place)
    return place


def _landscape(place: Numbers) -> Numbers:
    """Turn the longest axis to the horizontal, with the signs fixed by the first node."""
    centred = place - place.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, np.argsort(-values, kind="stable")]
    turned: Numbers = centred @ axes
    for axis in range(2):
        far = int(np.argmax(np.abs(turned[:, axis])))
        if turned[far, axis] < 0:
            turned[:, axis] *= -1.0
    return turned
