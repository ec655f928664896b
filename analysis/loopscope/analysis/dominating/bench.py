"""Runs with scores at chosen points of the parameters.

In: loops, tracked ids, ranges and what else a run is given.  Out: ``Bench``, which simulates any
points of the box of ranges in one batch and returns shares, as a sweep of them would.

A point is given in *parts*: for each parameter the change from its base over the width of its
range, so that a length in them compares parameters of any unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.dominating.ensemble import leading
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.dominating.ensemble import Ensemble, Places
    from loopscope.loops.finding.found import Loops

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Shares of tracked loops in some runs.

    Attributes
    ----------
    relative
        Dims (run, time, loop); NaN where undefined.
    leader
        As in ``Ensemble``, without a code for failed runs: those are undefined.
    """

    time: Numbers
    relative: Numbers
    leader: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A model with ranges of parameters, ready to be run with scores.

    Attributes
    ----------
    found, tracked
        Loops, and ids of those that are followed, of one partition.
    parameters, units
        Authored names of what may be changed.
    low, high, base
        Ends of the ranges, and where changes start; dims (parameter,).
    request
        Further arguments of ``loops.batch_scores``: scenario, case, start, stop, dt, saveper,
        method, seed; ``parameters`` that all runs share.
    """

    found: Loops
    tracked: tuple[str, ...]
    parameters: tuple[str, ...]
    units: tuple[str, ...]
    low: Numbers
    high: Numbers
    base: Numbers
    request: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse ranges that are none, and a base outside them."""
        for place, name in enumerate(self.parameters):
            low, high, base = self.low[place], self.high[place], self.base[place]
            if not (np.isfinite([low, high]).all() and low < high):
                msg = f"'{name}' needs a range with two different ends, got {low:g} to {high:g}"
                raise StudyError(msg)
            if not low <= base <= high:
                msg = f"'{name}' stands at {base:g}, outside its range {low:g} to {high:g}"
                raise StudyError(msg + "; give a range that holds it")

    @property
    def width(self) -> Numbers:
        """High less low, dims (parameter,)."""
        return self.high - self.low

    @property
    def ends(self) -> tuple[Numbers, Numbers]:
        """The box of ranges in parts."""
        return (self.low - self.base) / self.width, (self.high - self.base) / self.width

    def values(self, parts: Numbers) -> Numbers:
        """Return the values of points given in parts; never outside the ranges by rounding."""
        found: Numbers = np.clip(self.base + parts * self.width, self.low, self.high)
        return found

    def parts(self, values: Numbers) -> Numbers:
        """Return points in parts of their values."""
        found: Numbers = (values - self.base) / self.width
        return found

    def score(self, parts: Numbers) -> Scored:
        """Simulate points and return the shares of the tracked loops.

        Parameters
        ----------
        parts
            Dims (run, parameter).
        """
        from loopscope.loops import batch_scores

        values = self.values(parts)
        shared = dict(self.request.get("parameters") or {})
        swept = {name: values[:, place] for place, name in enumerate(self.parameters)}
        given = {name: one for name, one in self.request.items() if name != "parameters"}
        scored = batch_scores(
            self.found, tracked=self.tracked, parameters={**shared, **swept}, **given
        )
        return scored_of(scored)


def scored_of(scored: xr.Dataset) -> Scored:
    """Return what a record of ``loops.batch_scores`` says, whose loops are of one partition."""
    relative = np.asarray(scored["relative"].values, dtype=np.float64)
    status = np.asarray(scored["status"].values)
    codes = np.select([status == "undefined", status == "equilibrium"], [0, 1], 2)
    return Scored(
        time=np.asarray(scored["time"].values, dtype=np.float64),
        relative=relative,
        leader=leading(relative, codes, np.zeros(status.shape, dtype=bool)),
    )


def bench_of(ensemble: Ensemble, model: Any = None) -> Bench:
    """Return the bench of a sweep: its model and settings, from the base values of its study.

    Parameters
    ----------
    model
        In place of the one that the study names.

    Notes
    -----
    A range is that of the parameter's distribution, or of the values swept where it has no ends,
    wide enough for the base value.

    Raises
    ------
    StudyError
        The sweep is of another version of the model.
    """
    from loopscope.analysis.study.canonical import study_of
    from loopscope.analysis.study.settling import settle
    from loopscope.loops import find

    settled = settle(model, study_of(ensemble.swept.attrs["study"]))
    known = ensemble.swept.attrs.get("model_sha256", settled.model_sha256)
    if known != settled.model_sha256:
        msg = f"model '{settled.model_name}' has changed since the sweep; sweep it again"
        raise StudyError(msg)
    names = settled.scenario_names
    several = len(names) > 1
    scenario = settled.scenarios[names.index(ensemble.scenario) if several else 0]
    ends = np.array([one.ends for one in settled.distributions], dtype=np.float64)
    base = np.array(settled.base)
    inputs = ensemble.inputs
    low = np.where(np.isfinite(ends[:, 0]), ends[:, 0], inputs.min(axis=0))
    high = np.where(np.isfinite(ends[:, 1]), ends[:, 1], inputs.max(axis=0))
    request = {**settled.request, "scenario": scenario, "saveper": settled.every}
    return Bench(
        found=find(settled.model),
        tracked=ensemble.loops,
        parameters=settled.parameters,
        units=settled.units,
        low=np.minimum(low, base),
        high=np.maximum(high, base),
        base=base,
        request=request,
    )
