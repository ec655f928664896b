"""The modes of behaviour that a sweep finds, how often, and which of them nobody foresaw.

In: the Dataset of a sweep.  Out: one Dataset: the mode of every run, the share of each mode with an
interval, its period and damping.  Runs that failed have no mode and are counted apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.behaviour import foreseen
from loopscope.analysis.behaviour.classifying import (
    FAMILY,
    MODES,
    UNKNOWN,
    classify_turns,
    locked_in,
)
from loopscope.analysis.behaviour.drawn import drawn
from loopscope.analysis.behaviour.turning import damping, find_turns, periods
from loopscope.models.errors import StudyError, did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of periods and damping ratios."""

APART = 0.1
"""Two runs are apart at the end by more than this share of the range of all ends, if not told."""

BLOCK = 2**22
"""Values read at a time."""


def modes(
    swept: xr.Dataset,
    of: Sequence[str] | str | None = None,
    *,
    model: str | Path | None = None,
    listed: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    between: tuple[str, str] | None = None,
    gap: float | None = None,
    level: float = 0.95,
) -> xr.Dataset:
    """Return how each run of a sweep behaves, and how often each mode comes about.

    Parameters
    ----------
    swept
        From ``analysis.sweep`` or ``analysis.open_sweep``.
    of
        Names of series of the sweep, or of its metrics of the kind "mode"; all of them by default.
    model
        Name or path of the model, to find its documentation; that of the sweep by default.
    listed
        Modes that were foreseen, for all variables or by variable; by default those that the
        ``modes`` statements of the model's ``checks.toml`` list.  A family lists its kinds.
    between
        Two scenarios of the sweep that differ by a shock that has passed: runs of equal inputs that
        are still apart at the end are locked in.
    gap
        How far apart that is, in the unit of the series; ``APART`` of the range of all ends by
        default.
    level
        Coverage of intervals.

    Returns
    -------
    xarray.Dataset
        Dims ``[scenario,] outcome, mode, run, quantile``.  ``code`` (outcome, run) int8, place in
        ``mode``, -1 for a failed run; ``count``, ``share``, ``share_low``, ``share_high``
        (outcome, mode), shares of the runs that did not fail, with bounds of NaN where the rows of
        the design are no draws (``attrs["not_drawn"]``); ``failed`` (outcome), the share that
        did; ``period`` (outcome, mode, quantile) in units of time and ``damping``, a ratio, NaN for
        modes without ``TURNS`` turns and for metrics; ``foreseen`` (outcome, mode) bool, and True
        where no list speaks of the variable; with ``between``, ``lock_in``, ``lock_in_low`` and
        ``lock_in_high`` (outcome), and ``locked`` (outcome, run) bool.  ``attrs["surprises"]``:
        JSON list of the modes that came about and are not listed, in words.

    Raises
    ------
    StudyError
        A name that the sweep does not have, or nothing to classify; an unknown mode or scenario.

    Notes
    -----
    O(run * time) for each outcome; memory of one byte a run and outcome beyond a block of runs.
    """
    import xarray as xr

    from loopscope.analysis.dominating.gathering import NOT_DRAWN
    from loopscope.analysis.dominating.intervals import interval

    outcomes = _outcomes(swept, of)
    lists = (
        foreseen.documented(model or str(swept.attrs.get("model", "")))
        if listed is None
        else foreseen.given(listed, outcomes)
    )
    scenarios = [str(one) for one in swept["scenario"].values] if "scenario" in swept.dims else [""]
    parts = [
        xr.concat(
            [_classify(swept, outcome, scenario) for outcome in outcomes.values()], dim="outcome"
        )
        for scenario in scenarios
    ]
    found = xr.concat(parts, dim="scenario")
    found = found.assign_coords(
        outcome=list(outcomes), mode=list(MODES), quantile=list(QUANTILES), scenario=scenarios
    )
    codes = found["code"]
    found["count"] = xr.concat(
        [(codes == code).sum("run") for code in range(len(MODES))], dim="mode"
    ).transpose("scenario", "outcome", "mode")
    whole = (codes != UNKNOWN).sum("run")
    found["share"] = found["count"] / whole.where(whole > 0)
    design = drawn(swept)
    together = 0 if design.kind in NOT_DRAWN else design.step
    finite = (codes != UNKNOWN).transpose("run", ...).values
    runs = [
        _worth((codes == code).transpose("run", ...).values, finite, together)
        for code in range(len(MODES))
    ]
    bounds = interval(found["share"].values, np.stack(runs, axis=-1), level)
    for name, bound in zip(("share_low", "share_high"), bounds, strict=True):
        found[name] = (found["share"].dims, bound)
    found["failed"] = 1 - whole / swept.sizes["run"]
    listing = [[foreseen.covers(lists, name, mode) for mode in MODES] for name in outcomes]
    found["foreseen"] = (("outcome", "mode"), np.array(listing))
    if between is not None:
        _lock_in(found, swept, outcomes, between, gap, level, together)
    found["code"].attrs = {"labels": json.dumps(MODES), "unknown": UNKNOWN}
    found["period"].attrs["units"] = (
        str(swept["time"].attrs.get("units", "")) if ("time" in swept.coords) else ""
    )
    found.attrs = {
        "title": str(swept.attrs.get("title", "")),
        "model": str(swept.attrs.get("model", "")),
        "runs": swept.sizes["run"],
        "level": level,
        "not_drawn": NOT_DRAWN.get(design.kind, ""),
        "surprises": json.dumps(foreseen.surprises(found, lists)),
    }
    return found if "scenario" in swept.dims else found.isel(scenario=0, drop=True)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is classified: a series, or codes that the sweep has taken already."""

    name: str
    codes: bool


def _outcomes(swept: xr.Dataset, of: Sequence[str] | str | None) -> dict[str, _Outcome]:
    """Return what to classify, by authored name."""
    known = {}
    for name, one in swept.data_vars.items():
        if one.attrs.get("metric") == "mode" and _labels(one) == MODES:
            known[key(str(name))] = _Outcome(str(name), codes=True)
    for name, one in swept.data_vars.items():
        if one.attrs.get("role") == "series":
            known[key(str(name))] = _Outcome(str(name), codes=False)
    if not known:
        msg = (
            "the sweep keeps no series and has no metric of the kind 'mode'; name series in its "
            "study (series = [...]) and run it again"
        )
        raise StudyError(msg)
    if of is None:
        return {outcome.name: outcome for outcome in known.values()}
    chosen = {}
    for name in [of] if isinstance(of, str) else of:
        if key(name) not in known:
            names = [outcome.name for outcome in known.values()]
            hint = did_you_mean(name, names) or f"; it has {', '.join(names)}"
            msg = f"the sweep keeps no series '{name}'{hint}"
            raise StudyError(msg)
        chosen[known[key(name)].name] = known[key(name)]
    return chosen


def _labels(one: xr.DataArray) -> tuple[str, ...]:
    return tuple(json.loads(one.attrs.get("labels", "[]")))


def _classify(swept: xr.Dataset, outcome: _Outcome, scenario: str) -> xr.Dataset:
    """Return codes, periods and damping of one series of one scenario."""
    import xarray as xr

    runs = swept.sizes["run"]
    codes = np.full(runs, UNKNOWN, dtype=np.int8)
    lasting, dying = np.full((2, runs), np.nan)
    if outcome.codes:
        taken = one_scenario(swept[outcome.name], scenario).to_numpy()
        codes[:] = np.where(np.isnan(taken), UNKNOWN, np.nan_to_num(taken)).astype(np.int8)
    else:
        time = np.asarray(swept["time"].values, dtype=np.float64)
        for rows, values in blocks(swept[outcome.name], scenario):
            turns = find_turns(values)
            codes[rows] = classify_turns(values, turns)
            lasting[rows], dying[rows] = periods(values, time, turns), damping(values, turns)
    swings = np.array([FAMILY.get(mode) == "oscillation" for mode in MODES])
    quantiles = np.full((2, len(MODES), len(QUANTILES)), np.nan)
    for code in np.flatnonzero(swings):
        mine = codes == code
        if mine.any() and not outcome.codes:
            for row, numbers in enumerate((lasting[mine], dying[mine])):
                quantiles[row, code] = np.nanquantile(numbers, QUANTILES)
    return xr.Dataset(
        {
            "code": (("run",), codes),
            "period": (("mode", "quantile"), quantiles[0]),
            "damping": (("mode", "quantile"), quantiles[1], {"units": "dimensionless"}),
        }
    )


def one_scenario(values: xr.DataArray, scenario: str) -> xr.DataArray:
    """Return the part of a variable that belongs to a scenario; all of it where there is none."""
    return values.sel(scenario=scenario) if "scenario" in values.dims else values


def blocks(values: xr.DataArray, scenario: str) -> Iterator[tuple[slice, Numbers]]:
    """Give (rows, series) of one scenario block by block, dims (run, time)."""
    part = one_scenario(values, scenario).transpose("run", "time")
    each = max(1, BLOCK // max(1, part.sizes["time"]))
    for first in range(0, part.sizes["run"], each):
        rows = slice(first, min(first + each, part.sizes["run"]))
        yield rows, np.asarray(part[rows].values, dtype=np.float64)


def _worth(hits: NDArray[np.bool_], counted: NDArray[np.bool_], together: int) -> Any:
    """Return how many independent runs a share is worth; 0 where the rows are no draws."""
    from loopscope.analysis.dominating.intervals import worth

    return worth(hits, counted, together) if together else np.zeros(hits.shape[1:])


def _lock_in(
    found: xr.Dataset,
    swept: xr.Dataset,
    outcomes: Mapping[str, _Outcome],
    between: tuple[str, str],
    gap: float | None,
    level: float,
    together: int,
) -> None:
    """Add where runs of two scenarios are still apart at the end."""
    from loopscope.analysis.dominating.intervals import interval

    known = [str(one) for one in found["scenario"].values]
    pair = []
    for name in between:
        folded = [key(one) for one in known]
        if key(name) not in folded:
            hint = (
                did_you_mean(name, known) or f"; it has {', '.join(filter(None, known)) or 'none'}"
            )
            msg = f"the sweep has no scenario '{name}'{hint}; lock-in compares two scenarios"
            raise StudyError(msg)
        pair.append(known[folded.index(key(name))])
    locked = np.zeros((len(outcomes), swept.sizes["run"]), dtype=bool)
    shares, worths = np.full(len(outcomes), np.nan), np.zeros(len(outcomes))
    for row, outcome in enumerate(outcomes.values()):
        if outcome.codes:
            continue
        ends = [swept[outcome.name].sel(scenario=one).isel(time=-1).to_numpy() for one in pair]
        both = np.isfinite(ends[0]) & np.isfinite(ends[1])
        if not both.any():
            continue
        reach = float(np.nanmax(ends) - np.nanmin(ends))
        locked[row] = locked_in(ends[0], ends[1], APART * reach if gap is None else gap)
        shares[row] = locked[row][both].mean()
        worths[row] = _worth(locked[row], both, together)
    found["locked"] = (("outcome", "run"), locked, {"between": json.dumps(pair)})
    found["lock_in"] = (("outcome",), shares)
    low, high = interval(shares, worths, level)
    found["lock_in_low"], found["lock_in_high"] = (("outcome",), low), (("outcome",), high)
