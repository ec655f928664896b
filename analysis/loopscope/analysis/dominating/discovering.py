"""Scenario discovery: in which box of parameters does a statement mostly hold.

In: the Dataset of a sweep and a statement.  Out: ``Discovery``: boxes by PRIM, and how
many runs the statement cannot be said of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.dominating.boxes import Discovered, peel_and_paste
from loopscope.analysis.dominating.ensemble import Ensemble, ensemble_of
from loopscope.analysis.dominating.statements import judge
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Boxes in which a statement holds.

    Attributes
    ----------
    statement
        As it was given.
    unknown
        Runs of which it cannot be said, for they failed first; they are left out.
    found
        The trajectory of boxes.
    """

    statement: str
    unknown: int
    found: Discovered

    def sentence(self) -> str:
        """Return the proposed box in words."""
        box = self.found.box
        parts = []
        for place in box.restricted:
            ends = {limit.low: limit.value for limit in box.limits if limit.parameter == place}
            unit = self.found.units[place]
            text = " and ".join(
                f"{word} {ends[low]:.4g}"
                for low, word in ((True, ">="), (False, "<="))
                if low in ends
            )
            parts.append(f"{self.found.parameters[place]} {text}{' ' + unit if unit else ''}")
        where = "; ".join(parts) or "everywhere"
        return (
            f"{self.statement}: {where} (density {box.density:.0%}, coverage {box.coverage:.0%}, "
            f"{box.mass:.0%} of runs)"
        )


def discover(
    swept: xr.Dataset,
    statement: str,
    scenario: str | None = None,
    *,
    least: float = 0.0,
    shortest: float | None = None,
    partition: int | None = None,
    peel: float = 0.05,
    paste: float = 0.05,
    least_mass: float = 0.05,
    objective: str = "gain per run",
) -> Discovery:
    """Return the boxes of parameters in which a statement about runs mostly holds.

    Parameters
    ----------
    swept, scenario, least, shortest, partition
        As ``ensemble_of``.
    statement
        Such as "R6 dominates before 2050 and peak irregular > 1e6"; see ``statements``.
    peel, paste, least_mass, objective
        As ``boxes.peel_and_paste``.

    Raises
    ------
    StudyError
        As ``ensemble_of``, ``judge`` and ``peel_and_paste``.
    """
    ensemble = ensemble_of(swept, scenario, least=least, shortest=shortest, partition=partition)
    return discover_in(
        ensemble, statement, peel=peel, paste=paste, least_mass=least_mass, objective=objective
    )


def discover_in(
    ensemble: Ensemble,
    statement: str,
    *,
    peel: float = 0.05,
    paste: float = 0.05,
    least_mass: float = 0.05,
    objective: str = "gain per run",
) -> Discovery:
    """Return the same of an ensemble at hand."""
    judged = judge(statement, ensemble)
    known = judged.known
    moving = np.flatnonzero(np.ptp(ensemble.inputs, axis=0) > 0)
    if not len(moving):
        msg = "every run of the sweep has the same parameters, so no box can tell them apart"
        raise StudyError(msg)
    try:
        found = peel_and_paste(
            ensemble.inputs[known][:, moving],
            judged.holds[known] > 0,
            [ensemble.parameters[place] for place in moving],
            [ensemble.units[place] for place in moving],
            peel=peel,
            paste=paste,
            least_mass=least_mass,
            objective=objective,
        )
    except StudyError as error:
        msg = f"'{statement}': {error}"
        raise StudyError(msg) from None
    return Discovery(statement=statement, unknown=int((~known).sum()), found=found)
