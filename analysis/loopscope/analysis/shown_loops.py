"""Loops and scores for a diagram: of a run made now, of a stored sweep, or without scores.

In: a model and what the user chose.  Out: ``Shown``: the loops, their scores and what they are of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.models.errors import LoopError, StudyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.analysis.runs import Choice
    from loopscope.loops.finding.found import Loops
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Shown:
    """What a diagram is made of.

    Attributes
    ----------
    scores
        Dims ([run,] time, loop); None where none were asked for, or the model has no loop.
    label
        What the run is called.
    """

    found: Loops
    scores: xr.Dataset | None
    label: str = ""


def of_run(
    model: Model,
    scenario: Scenario | None,
    choice: Choice,
    *,
    view: Sequence[str] | str | None = None,
    method: str = "ltm",
    progress: Callable[[str], None] | None = None,
) -> Shown:
    """Return loops with their scores in a run that is made now.

    Raises
    ------
    LoopError
        As ``loops.score``.
    """
    from loopscope import loops
    from loopscope.analysis.ranking import HELD, simulated
    from loopscope.analysis.runs import label_of
    from loopscope.loops.compare import flat

    tell = progress or (lambda _: None)
    label = label_of(scenario, choice.case)
    tell("simulating")
    run = simulated(model, scenario, choice)
    tell("finding loops")
    found = loops.find(model, view=view, run=run, max_loops=HELD)
    if not len(found):
        return Shown(found, None, label)
    tell("scoring")
    scores = flat(loops.score(found, run, method=method))
    return Shown(found, scores, label)


def of_sweep(
    model: Model,
    store: Path,
    scenario: str | None = None,
    *,
    view: Sequence[str] | str | None = None,
) -> Shown:
    """Return the tracked loops of a stored sweep with their scores in all its runs.

    Raises
    ------
    StudyError
        No sweep is there, it is of another model, or it tracks no loops.
    """
    from loopscope.analysis.dominating.ensemble import one_of
    from loopscope.analysis.sweeping.swept import open_sweep

    swept = open_sweep(store)
    if "relative" not in swept:
        msg = f"the sweep in '{store}' tracks no loops; add a [loops] table to its study and run it"
        raise StudyError(msg + " again")
    known = swept.attrs.get("model", model.name)
    if known != model.name:
        msg = f"the sweep in '{store}' is of model '{known}', not of '{model.name}'"
        raise StudyError(msg)
    one, label = one_of(swept, scenario)
    found = without_scores(model, view=view).found
    missing = [str(loop) for loop in one["loop"].values if str(loop) not in found]
    if missing:
        msg = f"the sweep tracks loop {missing[0]}, which is not held in this view; sweep it again"
        raise LoopError(msg)
    kept = one[["relative"]].assign_attrs(method="ltm", scenario=label)
    return Shown(found, kept, label)


def without_scores(model: Model, *, view: Sequence[str] | str | None = None) -> Shown:
    """Return the loops of a model without a run."""
    from loopscope import loops
    from loopscope.analysis.ranking import HELD

    return Shown(loops.find(model, view=view, max_loops=HELD), None)
