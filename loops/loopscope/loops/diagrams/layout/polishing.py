"""The polish: a smooth step on everything together, taken only as far as it does no harm.

Stage 2 of 5.  In: a state of the search.  Out: the same, moved in place.

Without the test for harm a polish adds crossings: its cost does not see them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from loopscope.loops.diagrams.layout.searching import harm
from loopscope.loops.diagrams.layout.smooth import Smooth
from loopscope.loops.diagrams.records import STEEPEST

if TYPE_CHECKING:
    from loopscope.loops.diagrams.layout.arrays import Indexed
    from loopscope.loops.diagrams.layout.kernels.state import State
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
    lowest, highest = np.full(2 * n + m, -np.inf), np.full(2 * n + m, np.inf)
    lowest[2 * n :] = highest[2 * n :] = bulge
    lowest[2 * n + held.bending], highest[2 * n + held.bending] = -STEEPEST, STEEPEST
    bounds = list(zip(lowest.tolist(), highest.tolist(), strict=True))
    found = minimize(
        fun,
        begin,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": ITERATIONS},
    )
    step = np.asarray(found.x, np.float64) - begin
    before = harm(given, state)
    for part in PARTS:
        moved = begin + part * step
        state.place[:n] = moved[: 2 * n].reshape(n, 2)
        state.bulge[:] = moved[2 * n :]
        if harm(given, state) <= before + HARMLESS:
            return
    state.place[:n], state.bulge[:] = place, bulge
