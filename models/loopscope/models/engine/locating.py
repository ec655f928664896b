"""Where many failed runs of a batch left the finite numbers.

Stage 5 of 5, after a batch.  In: a ``Plan`` and the runs that its kernel saw fail.  Out: the first
variable that was not finite in each, and when, as ``Diagnosis`` finds them one by one.  The runs
are computed again, to the same bits, together, and reduced while they run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.engine.cache import key_of
from loopscope.models.engine.diagnosis import computed_names
from loopscope.models.engine.plan import VECTORS, kernel, launch
from loopscope.models.engine.request import Reduction, Reductions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.models.engine.overrides import Numbers
    from loopscope.models.engine.plan import Plan

PLACE, TIME = "place of what failed", "time of failure"


@dataclass(frozen=True, slots=True)
class Located:
    """Where runs failed.

    Attributes
    ----------
    names
        What the runs computed, in evaluation order; empty where none failed.
    runs
        Places in the batch of runs that failed, ascending; dims (failure,).
    variable
        Place in ``names`` of the first that was not finite; dims (failure,).
    time
        When, in the model's time unit; dims (failure,).
    """

    names: tuple[str, ...]
    runs: NDArray[np.int64]
    variable: NDArray[np.int64]
    time: Numbers


def locate(plan: Plan, failed: NDArray[np.int64]) -> Located:
    """Return where the runs failed that a kernel saw fail.

    Parameters
    ----------
    failed
        As ``Computed.failed``; of a run that only failed beyond its last step nothing is told.

    Notes
    -----
    Of one thread.  A run costs some three times what it did; and the first time a compilation.
    """
    runs = np.flatnonzero(failed >= 0)
    if not len(runs):
        return Located((), runs, runs, np.empty(0))
    names = computed_names(plan)
    width = plan.layout.width
    layout = replace(
        plan.layout, outputs=(), apart=((PLACE, TIME),), vectors=VECTORS if width > 1 else 1
    )
    variant = (f"where runs fail {key_of(*names)}", plan.prepared.source)
    tables = plan.overrides.tables
    code = kernel(plan.prepared, layout, tables, variant, reductions=lambda: _reductions(names))
    # Random numbers go by the number of a run, so that runs that draw stay where they are.
    together = not plan.prepared.draws
    at = runs if together else np.arange(plan.runs or 1)
    padded = -(-len(at) // layout.tile) * layout.tile
    lanes = plan.lanes[:, np.append(at, np.repeat(at[-1:], padded - len(at)))]
    found = np.empty((2, len(at), 1))
    launch(
        code, layout, replace(plan.times, save_steps=np.empty(0, dtype=np.int64)), plan.common,
        np.ascontiguousarray(lanes), plan.series, np.empty(0), runs=len(at), seed=plan.seed,
        origin=plan.origin, pipelines=plan.prepared.pipelines,
        apart=[(np.array([plan.times.steps], dtype=np.int64), found)],
    )  # fmt: skip
    place, time = found[:, :, 0] if together else found[:, runs, 0]
    known = place >= 0
    return Located(names, runs[known], place[known].astype(np.int64), time[known])


def _reductions(names: tuple[str, ...]) -> Reductions:
    import sympy as sp

    from loopscope.models import functions as sd
    from loopscope.models.model import TIME as NOW
    from loopscope.models.model import symbol_of

    helpers: dict[sp.Symbol, sp.Expr] = {}
    first: sp.Expr = sp.Integer(-1)
    largest = sp.Float(np.finfo(np.float64).max)
    for number, name in reversed([*enumerate(names)]):
        symbol = symbol_of(f"first from {number} on that is not finite")
        finite = sd.LessEqual(sp.Abs(symbol_of(name)), largest)
        helpers[symbol] = sd.IfThenElse(finite, first, sp.Integer(number))
        first = symbol
    place, time = symbol_of(PLACE), symbol_of(TIME)
    fresh = sd.And(sd.Less(place, sp.Integer(0)), sd.LessEqual(sp.Integer(0), first))
    return Reductions(
        carried={
            place: Reduction(update=sd.IfThenElse(fresh, first, place), initial=-1.0),
            time: Reduction(update=sd.IfThenElse(fresh, NOW, time), initial=np.nan),
        },
        helpers=helpers,
    )
