"""Sentences and tables of the uncertainty chapter, made from its numbers.

In: a sweep, and what was worked out from it.  Out: lines of Markdown, columns of tables.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.behaviour.telling import parts, present
from loopscope.analysis.draft import safe, table_row
from loopscope.analysis.tables import moment, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.runs import Run

    Numbers = NDArray[np.float64]

QUANTILES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)

TIMES = ("time of min", "time of max", "crossing", "last crossing", "first shift", "last shift")
"""Metrics that are times."""

STRONGEST = 4
"""Constants named for each outcome."""

MOST_MODES = 4
"""Modes named for each series."""


def quantiles_of(values: Numbers) -> Numbers:
    """Return ``QUANTILES`` over the runs that are finite, dims (quantile, ...); NaN without any."""
    found = np.full((len(QUANTILES), *values.shape[1:]), np.nan)
    known = np.isfinite(values).any(axis=0)
    found[:, known] = np.nanquantile(values[:, known], QUANTILES, axis=0)
    return found


def what_was_swept(swept: xr.Dataset) -> str:
    """Return how many runs of what design were made, and how many failed."""
    runs, varied = swept.sizes["run"], swept.sizes["parameter"]
    kind = json.loads(swept.attrs.get("design", "{}")).get("kind", "")
    failed = int(np.isfinite(swept["failed_at"].values).sum())
    told = (
        "None of them failed."
        if not failed
        else f"{failed:,} of them ({failed / runs:.2%}) left the finite numbers, and are left out "
        "from then on."
    )
    return (
        f"{runs:,} runs of the model as it stands, with {varied} constants drawn from their "
        f"declared distributions (design: {safe(str(kind))}, seed {swept.attrs.get('seed', 0)}). "
        f"{told} The bands say what follows from those distributions; they are no forecast."
    )


def band_lines(base: Run, rows: Sequence[tuple[str, Numbers]], swept: xr.Dataset) -> list[str]:
    """Return where each series ends, in words."""
    lines = []
    end = moment(float(swept["time"].values[-1]))
    place = {level: row for row, level in enumerate(QUANTILES)}
    for name, found in rows:
        low, first, middle, third, high = (
            number(float(found[place[level], -1]), 3) for level in (0.05, 0.25, 0.5, 0.75, 0.95)
        )
        units = str(swept[name].attrs.get("units", ""))
        unit = "" if units in ("dmnl", "1", "") else f" {safe(units)}"
        lines.append(
            f"- **{safe(name)}** in {end}: half of the runs lie from {first} to {third}{unit}, "
            f"nine of ten from {low} to {high}, the middle is {middle}; the model as it stands "
            f"gives {number(float(base.values[name][-1]), 3)}."
        )
    return lines


def numbers_of(swept: xr.Dataset) -> list[str]:
    """Return the names of the metrics that are quantities: codes are not."""
    return [
        str(name)
        for name, one in swept.data_vars.items()
        if one.attrs.get("role") == "metric" and "labels" not in one.attrs
    ]


def metric_columns(swept: xr.Dataset) -> dict[str, Sequence[Any]]:
    """Return quantiles of each metric as columns, and in how many runs it has a value."""
    names = numbers_of(swept)
    found = [quantiles_of(np.asarray(swept[name].values, dtype=np.float64)) for name in names]
    columns: dict[str, Sequence[Any]] = {
        "metric": names,
        "unit": [str(swept[name].attrs.get("units", "")) for name in names],
        "runs": [int(np.isfinite(swept[name].values).sum()) for name in names],
    }
    for row, level in enumerate(QUANTILES):
        columns[f"quantile_{level:g}"] = [float(one[row]) for one in found]
    return columns


def metric_rows(swept: xr.Dataset) -> list[str]:
    """Return the same as a table of the page."""
    columns = metric_columns(swept)
    if not columns["metric"]:
        return []
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    lines = table_row(["metric", "unit", *(f"{level:.0%}" for level in levels)])
    lines += table_row(["---", "---", *("---:" for _ in levels)])
    for place, name in enumerate(columns["metric"]):
        # A time is no quantity: 2050, not 2,050.
        told = moment if swept[name].attrs.get("metric") in TIMES else _short
        values = [told(columns[f"quantile_{level:g}"][place]) for level in levels]
        lines += table_row([name, columns["unit"][place], *values])
    return [*lines, "", "Columns: the value below which that share of the runs lies."]


def _short(value: float) -> str:
    return number(value, 3)


def dominance_lines(record: xr.Dataset, swept: xr.Dataset) -> list[str]:
    """Return who is likeliest to dominate when, and how much of the change is watched."""
    shares = np.nan_to_num(np.asarray(record["probability"].values, dtype=np.float64))
    time = np.asarray(record["time"].values, dtype=np.float64)
    # A rest at the start has no leader, and is no period of one.
    leads = np.where(shares.max(axis=1) > 0, shares.argmax(axis=1), -1)
    changes = [0, *(np.flatnonzero(np.diff(leads)) + 1).tolist(), len(leads)]
    spells = []
    for first, last in pairwise(changes):
        lead = int(leads[first])
        if lead < 0:
            continue
        its = shares[first:last, lead]
        loop = f"{record['loop'].values[lead]} ({record['loop_name'].values[lead]})"
        when = moment(float(time[first]))
        if last - first > 1:
            when = f"{when} to {moment(float(time[last - 1]))}"
        spells.append(f"{when} {safe(loop)}, in {_between(its)} of the runs")
    lines = []
    if spells:
        lines.append(f"Likeliest to dominate: {'; '.join(spells)}.")
    level = float(record.attrs["level"])
    lines.append(
        f"Intervals of {level:.0%} are in `uncertainty-dominance.csv`: they say how well the sweep "
        "knows these shares, not how right the distributions are."
    )
    shifting = record.attrs["shifting_runs"] / max(1, record.attrs["runs"])
    lines.append(f"Dominance shifts at least once in {shifting:.1%} of the runs.")
    carried = np.nansum(np.asarray(record["mean_share"].values, dtype=np.float64), axis=1)
    moving = carried[carried > 0]
    if len(moving):
        lines.append(
            f"The tracked loops together carry {_between(moving)} of the change at a time, on "
            "average over the runs; the others have no name here, and dominance is among the "
            "tracked ones."
        )
    if "coverage" in swept:
        covered = np.asarray(swept["coverage"].values, dtype=np.float64)
        covered = covered[np.isfinite(covered)]
        if len(covered):
            low, middle = np.quantile(covered, [0.05, 0.5])
            lines.append(
                f"Shares are of at least {middle:.0%} of what all loops do in half of the runs, "
                f"and of at least {low:.0%} in nineteen of twenty: loops that weigh nothing along "
                "a reference run were not summed."
            )
    return [" ".join(lines)]


def _between(shares: Numbers) -> str:
    low, high = f"{shares.min():.0%}", f"{shares.max():.0%}"
    return low if low == high else f"{low} to {high}"


def parameter_lines(found: xr.Dataset) -> list[str]:
    """Return the strongest constants of each outcome at the last time, and of each metric."""
    from loopscope.analysis.indices.telling import slices

    lines = []
    for one in slices(found):
        part = one.part.isel(time=-1) if one.timed else one.part
        values = np.nan_to_num(np.asarray(part["prcc"].values, dtype=np.float64))
        when = f" in {moment(float(part['time']))}" if one.timed else ""
        named = []
        for place in np.argsort(-np.abs(values), kind="stable")[:STRONGEST]:
            if not values[place]:
                continue
            low, high = (float(part[f"prcc_{side}"].values[place]) for side in ("low", "high"))
            name = safe(str(part["parameter"].values[place]))
            named.append(f"{name} {values[place]:+.2f} ({low:+.2f} to {high:+.2f})")
        if named:
            lines.append(f"- **{safe(one.outcome)}**{when}: {'; '.join(named)}.")
    return [
        "Partial rank correlations: what goes along with a constant once all others are allowed "
        "for, from -1 to +1. In brackets the interval.",
        "",
        *lines,
    ]


def mode_columns(found: xr.Dataset) -> dict[str, Sequence[Any]]:
    """Return modes as columns: those that came about, of each series."""
    rows = [
        (outcome, mode, part.sel(mode=mode))
        for outcome, _, part in parts(found)
        for mode in present(part)
    ]
    columns: dict[str, Sequence[Any]] = {
        "series": [outcome for outcome, _, _ in rows],
        "mode": [mode for _, mode, _ in rows],
    }
    for name in ("count", "share", "share_low", "share_high", "foreseen"):
        columns[name] = [one[name].item() for _, _, one in rows]
    for name in ("period", "damping"):
        columns[name] = [float(one[name].sel(quantile=0.5)) for _, _, one in rows]
    return columns


def mode_lines(found: xr.Dataset) -> list[str]:
    """Return the most frequent modes of each series, and those that nobody foresaw."""
    lines = []
    for outcome, _, part in parts(found):
        modes = present(part)
        told = [f"{mode} {float(part['share'].sel(mode=mode)):.1%}" for mode in modes[:MOST_MODES]]
        others = float(sum(float(part["share"].sel(mode=mode)) for mode in modes[MOST_MODES:]))
        more = f"; others {others:.1%}" if len(modes) > MOST_MODES else ""
        lines.append(f"- **{safe(outcome)}**: {'; '.join(told)}{more}.")
    surprises = json.loads(found.attrs["surprises"])
    if surprises:
        lines += ["", "Not among the modes that the documentation of the model lists:", ""]
        lines += [f"- {safe(one)}" for one in surprises]
    return lines


def split_columns(split: xr.Dataset) -> dict[str, Sequence[Any]]:
    """Return what each mechanism adds as columns: a row a time and mechanism."""
    times, mechanisms = split.sizes["time"], split.sizes["mechanism"]
    value = split["value"].isel(outcome=0).transpose("time", "mechanism").values
    columns: dict[str, Sequence[Any]] = {
        "time": np.repeat(split["time"].values, mechanisms).tolist(),
        "mechanism": np.tile(split["mechanism"].values, times).tolist(),
        "name": np.tile(split["mechanism_name"].values, times).tolist(),
        "adds": value.reshape(-1).tolist(),
    }
    for name in ("with_none", "with_all", "left_over"):
        columns[name] = np.repeat(split[name].isel(outcome=0).values, mechanisms).tolist()
    return columns


def split_lines(split: xr.Dataset, outcome: str) -> list[str]:
    """Return the largest parts at the last time, in words."""
    now = split.isel(outcome=0, time=-1)
    values = np.nan_to_num(np.asarray(now["value"].values, dtype=np.float64))
    order = np.argsort(-np.abs(values), kind="stable")[: 2 * STRONGEST]
    largest = np.abs(values).max(initial=0.0)
    told = [
        f"{split['mechanism'].values[place]} ({split['mechanism_name'].values[place]}) "
        f"{values[place]:+.3g}"
        for place in order
        if abs(values[place]) > 0.01 * largest
    ]
    return [
        safe(
            f"{outcome} ends at {number(float(now['with_all']), 3)}; with every mechanism that has "
            f"a switch cut it would end at {number(float(now['with_none']), 3)}. Of the difference "
            f"the largest parts are: {'; '.join(told)}. "
            f"{number(float(now['left_over']), 2)} is left over."
        )
    ]
