"""The polish: a smooth step on everything together, taken only as far as it does no harm.

Stage 2 of 5.  In: a state of the search.  Out: the same, moved in place.

Without the test for harm a polish adds crossings: its cost does not see them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from loopscope.loops.diagrams.layout.kernels.smooth import smooth_cost
from loopscope.loops.diagrams.layout.kernels.state import retrace_all
from loopscope.loops.diagrams.layout.searching import harm
from loopscope.loops.diagrams.records import STEEPEST

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.arrays import Indexed
    from loopscope.loops.diagrams.layout.kernels.state import Numbers, State
    from loopscope.loops.diagrams.layout.searching import Known

ITERATIONS = 40
PARTS = (1.0, 0.7, 0.45, 0.25, 0.12)
"""Of the smooth step, tried in this order."""

HARMLESS = 0.25
"""More badness than this is not accepted."""


def polish(given: Indexed, state: State, held: Known) -> None:
    """Move free nodes and bulges along one smooth step.

    Notes
    -----
    At most ``ITERATIONS`` of L-BFGS (Liu & Nocedal 1989, Mathematical Programming 45, 503-528).
    """
    n, m = len(given.nodes), len(given.links)
    if n < 2 or not m:
        return
    place, bulge = state.place[:n].copy(), state.bulge.copy()
    fun = Smooth(given, bulge, held)
    begin = np.concatenate([place.ravel(), bulge])
    bounds: list[tuple[float | None, float | None]] = [(None, None)] * (2 * n)
    bounds += [(-STEEPEST, STEEPEST)] * m
    found = minimize(
        fun, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": ITERATIONS}
    )
    step = np.asarray(found.x, np.float64) - begin
    before = harm(given, state)
    for part in PARTS:
        moved = begin + part * step
        state.place[:n] = moved[: 2 * n].reshape(n, 2)
        state.bulge[:] = moved[2 * n :]
        retrace_all(given.shape, state)
        if harm(given, state) <= before + HARMLESS:
            return
    state.place[:n], state.bulge[:] = place, bulge
    retrace_all(given.shape, state)


class Smooth:
    """The smooth cost of a sketch, as a function of one vector: places, then bulges."""

    def __init__(self, given: Indexed, rest: Numbers, held: Known) -> None:
        self._shape = given.shape
        self._rest = rest.copy()
        weight = given.shape.care
        self._share = weight / max(float(weight.sum()), 1e-12)
        self._held = np.ones(len(given.nodes), np.bool_)
        self._held[held.free] = False

    def __call__(self, vector: Numbers) -> tuple[float, Numbers]:
        """Return cost and gradient; nodes that are held have none."""
        n = len(self._held)
        place, bulge = np.ascontiguousarray(vector[: 2 * n]).reshape(n, 2), vector[2 * n :].copy()
        by_place, by_bulge = np.zeros((n, 2)), np.zeros(len(bulge))
        cost = smooth_cost(
            self._shape, place, bulge, self._rest, self._share, by_place, by_bulge
        )  # fmt: skip
        by_place[self._held] = 0.0
        return float(cost), np.concatenate([by_place.ravel(), by_bulge])
