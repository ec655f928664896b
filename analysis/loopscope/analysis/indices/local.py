"""Exact local sensitivities: what a small change of each parameter does to a series.

Stage 3 of 5.  In: the study of a sweep, which is differentiated at the values that its scenario has
where nothing is swept.  Out: derivatives, elasticities, and what the range of a parameter would do
if its effect were straight.  No run of the sweep is used but for the ranges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.indices.complete import Computed
from loopscope.models.errors import StudyError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.indices.outcomes import Outcome
    from loopscope.analysis.indices.sample import Sample
    from loopscope.analysis.study.settled import Settled
    from loopscope.models.model import Model

    Numbers = NDArray[np.float64]

RANGE = (0.025, 0.975)
"""Quantiles of the values in the sweep that ``effect`` spans."""


def local_outcomes(wanted: Sequence[Outcome], *, named: bool) -> tuple[Outcome, ...]:
    """Return the series among outcomes.

    Raises
    ------
    StudyError
        Another outcome was named, or there is no series.
    """
    series = tuple(one for one in wanted if one.kind == "series")
    other = next((one for one in wanted if one.kind != "series"), None)
    if other is not None and (named or not series):
        msg = (
            f"local sensitivities are of series, and '{other.name}' is a {other.kind}; name a "
            "series that the sweep keeps, or use another method"
        )
        raise StudyError(msg)
    return series


def compute_local(
    sample: Sample,
    series: Sequence[Outcome],
    times: Numbers,
    scenario: str | None,
    settled: Settled,
) -> Computed:
    """Differentiate series by the parameters of a sweep.

    Parameters
    ----------
    scenario
        Name; None for the only one of the study.
    settled
        The study of the sweep.

    Returns
    -------
    Computed
        First dims (outcome, time) in place of column.  ``derivative``, in the unit of the outcome
        per unit of the parameter; ``elasticity``, relative change per relative change, NaN where
        the outcome is 0; ``effect``, the derivative times the range that holds 95 % of the values
        of the parameter in the sweep, in the unit of the outcome.

    Raises
    ------
    RunError
        A parameter cannot be differentiated by; see ``models.sensitivities``.
    """
    from loopscope.analysis.study.keeping import label_of
    from loopscope.models.sensitivity import slopes_of

    records = dict(zip(settled.scenario_names, settled.scenarios, strict=True))
    chosen = settled.scenarios[0] if scenario is None else records[scenario]
    authored = {label_of(name): name for name in settled.series}
    found = slopes_of(
        settled.source,
        [*(authored[one.variable] for one in series), *sample.parameters],
        sample.parameters,
        chosen,
        **settled.request,
    )
    at = np.array([int(np.argmin(np.abs(found.time - one))) for one in times])
    count = len(series)
    values = found.values[:count, 0, at]
    slopes = np.moveaxis(found.slopes[:count, 0][..., at], 1, 2)
    nominal = found.values[count:, 0, 0]
    low, high = np.quantile(sample.inputs, RANGE, axis=0)
    elasticity = np.full_like(slopes, np.nan)
    np.divide(slopes * nominal, values[:, :, None], out=elasticity, where=values[:, :, None] != 0)
    return Computed(
        {"derivative": slopes, "elasticity": elasticity, "effect": slopes * (high - low)},
        np.zeros(values.shape, dtype=np.int8),
        np.ones(values.shape, dtype=np.int64),
    )


def settled_of(swept: xr.Dataset, model: Model | str | Path | None) -> Settled:
    """Return the study of a sweep, settled again.

    Raises
    ------
    StudyError
        The sweep does not hold its study, or the model is not the one that was swept.
    """
    from loopscope.analysis.study.canonical import study_of
    from loopscope.analysis.study.settling import settle

    text = swept.attrs.get("study")
    if not text:
        msg = "the sweep does not hold its study, so that nothing can be differentiated"
        raise StudyError(msg)
    try:
        settled = settle(model, study_of(text))
    except UnknownNameError as error:
        if model is not None:
            raise
        msg = f"{error}; name the file of the model that was swept, with model="
        raise StudyError(msg) from None
    if settled.model_sha256 != swept.attrs.get("model_sha256", settled.model_sha256):
        msg = (
            f"model '{settled.model_name}' has changed since it was swept, so its derivatives do "
            "not belong to this sweep; sweep again"
        )
        raise StudyError(msg)
    return settled
