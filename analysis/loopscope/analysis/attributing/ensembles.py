"""The runs over which an attribution is spread: a study's, or those of a sweep.

In: a study, or a Dataset with ``inputs``.  Out: ``Ensemble``: one value a run for each parameter,
and what else the study sets.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from loopscope.models.errors import StudyError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from loopscope.analysis.study.settled import Settled
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.engine.request import Request
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario

RUNS = 256
"""Runs of an ensemble that are used where nothing is said."""

SAMPLES = ("sobol sequence", "latin hypercube", "halton", "random", "file")
"""Designs whose first runs are a sample themselves; of others some runs are drawn at random."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """Many runs, and what they share.

    Attributes
    ----------
    arrays
        Values by the name of the parameter, dims (run,).
    request
        What the study sets besides; see ``simulate``.
    scenarios
        Scenarios of the study; one of them must be chosen.
    label
        Title of the study; empty without an ensemble.
    """

    arrays: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    scenarios: tuple[Scenario | None, ...] = ()
    label: str = ""

    def under(
        self, request: Request, scenario: str | Scenario | None
    ) -> tuple[Request, str | Scenario | None]:
        """Return what is asked for, filled up with what the study sets.

        Raises
        ------
        StudyError
            The study has several scenarios, and none is chosen.
        """
        if scenario is None and len(self.scenarios) > 1:
            names = ", ".join(f"'{one.name}'" for one in self.scenarios if one is not None)
            msg = f"the study has several scenarios; choose one with scenario=: {names}"
            raise StudyError(msg)
        if scenario is None and self.scenarios:
            scenario = self.scenarios[0]
        known = {name: value for name, value in request.items() if value is not None}
        for name in ("case", "start", "stop", "dt", "saveper", "method"):
            known.setdefault(name, self.request.get(name))
        known["initial"] = {**self.request.get("initial", {}), **(request.get("initial") or {})}
        return cast("Request", known), scenario

    def parameters(self, prepared: Prepared, given: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return values by authored name: of the study, of its runs, then what is given."""
        found: dict[str, Any] = {}
        for part in (self.request.get("parameters", {}), self.arrays, given or {}):
            found |= {prepared.find(str(name)).name: value for name, value in part.items()}
        return found


def ensemble_of(model: Model | str | Path, source: Any, runs: int | None, seed: int) -> Ensemble:
    """Return the runs of a study or of a sweep.

    Parameters
    ----------
    source
        A study (name, path or record), or a Dataset with ``inputs``, dims (run, parameter); None
        for no ensemble.
    runs
        How many to use; 256 at most by default.
    seed
        Of the choice among runs, where the first ones are no sample.

    Raises
    ------
    StudyError
        Runs without an ensemble; fewer runs than asked for; a Dataset without inputs.
    """
    if source is None:
        if runs is not None:
            msg = "runs are those of an ensemble; name one with ensemble=, a study or a sweep"
            raise StudyError(msg)
        return Ensemble()
    if hasattr(source, "data_vars"):
        return _of_sweep(model, source, runs, seed)
    from loopscope.analysis.study.settling import settle

    settled = source if hasattr(source, "rows") else settle(model, source)
    kind = str(settled.design_info.get("kind", ""))
    return _ensemble(
        settled.parameters, settled.rows()[_chosen(settled.runs, runs, seed, kind)], settled
    )


def _of_sweep(model: Model | str | Path, swept: Any, runs: int | None, seed: int) -> Ensemble:
    """Return runs with the very inputs that a sweep had, and what else its study sets."""
    if "inputs" not in swept or swept["inputs"].dims != ("run", "parameter"):
        msg = "ensemble= takes a study or a sweep; this Dataset has no inputs (run, parameter)"
        raise StudyError(msg)
    text = swept.attrs.get("study")
    settled = None
    if text:
        from loopscope.analysis.study.canonical import study_of
        from loopscope.analysis.study.settling import settle

        settled = settle(model, study_of(text))
    kind = "" if settled is None else str(settled.design_info.get("kind", ""))
    chosen = _chosen(swept.sizes["run"], runs, seed, kind)
    rows = np.asarray(swept["inputs"].isel(run=chosen).to_numpy(), dtype=np.float64)
    found = _ensemble([str(name) for name in swept["parameter"].to_numpy()], rows, settled)
    if "scenario" in swept.coords and not swept["scenario"].ndim:  # one of several was taken
        name = str(swept["scenario"].to_numpy())
        one = tuple(s for s in found.scenarios if s is not None and s.name == name)
        found = replace(found, scenarios=one or found.scenarios)
    return found


def _ensemble(names: Sequence[str], rows: NDArray[np.float64], settled: Settled | None) -> Ensemble:
    arrays = dict(zip(names, rows.T.copy(), strict=True))
    if settled is None:
        return Ensemble(arrays=arrays, label="a sweep")
    return Ensemble(
        arrays=arrays, request=settled.request, scenarios=settled.scenarios, label=settled.title
    )


def _chosen(count: int, runs: int | None, seed: int, kind: str) -> NDArray[np.int64]:
    wanted = min(count, RUNS) if runs is None else runs
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= count:
        msg = (
            f"runs must be a whole number from 1 to the {count} of the ensemble; got {shown(runs)}"
        )
        raise StudyError(msg)
    if kind in SAMPLES or wanted == count:
        return np.arange(wanted)
    return np.sort(np.random.default_rng(seed).choice(count, wanted, replace=False))
