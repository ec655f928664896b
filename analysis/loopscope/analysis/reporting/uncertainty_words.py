"""Sentences and tables of the uncertainty chapter, made from its numbers.

In: a sweep, and what was worked out from it.  Out: words, columns of tables.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.behaviour.telling import parts, present
from loopscope.analysis.reporting.blocks import Table
from loopscope.analysis.reporting.sureness import numbers_of
from loopscope.analysis.tables import moment, number, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.runs import Run

    Numbers = NDArray[np.float64]

NOTHING = (
    "No constant of the model has a declared distribution (a file parameters.toml beside it would "
    "hold them), so there is nothing to sweep."
)

CORRELATIONS = (
    "Partial rank correlations: what goes along with a constant once all others are allowed for, "
    "from -1 to +1."
)

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
        f"declared distributions (design: {plain(str(kind))}, seed {swept.attrs.get('seed', 0)}). "
        f"{told} The bands say what follows from those distributions; they are no forecast."
    )


def lead(swept: xr.Dataset) -> str:
    """Return what the chapter is about, in a sentence."""
    runs, varied = swept.sizes["run"], swept.sizes["parameter"]
    return (
        f"All {varied} constants with a declared distribution are drawn anew in each of {runs:,} "
        "runs: what stays the same in most of them does not hang on a number that nobody knows."
    )


def band_lines(
    base: Run, rows: Sequence[tuple[str, Numbers]], swept: xr.Dataset
) -> list[tuple[str, str]]:
    """Return each series, and where it ends in words."""
    lines = []
    end = moment(float(swept["time"].values[-1]))
    place = {level: row for row, level in enumerate(QUANTILES)}
    for name, found in rows:
        low, first, middle, third, high = (
            number(float(found[place[level], -1]), 3) for level in (0.05, 0.25, 0.5, 0.75, 0.95)
        )
        units = str(swept[name].attrs.get("units", ""))
        unit = "" if units in ("dmnl", "1", "") else f" {plain(units)}"
        own = float(base.values[name][-1]) if name in base.values else float("nan")
        lines.append(
            (
                plain(name),
                f" in {end}: half of the runs lie from {first} to {third}{unit}, nine of ten from "
                f"{low} to {high}, the middle is {middle}; the model as it stands gives "
                f"{number(own, 3)}.",
            )
        )
    return lines


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


def metric_table(swept: xr.Dataset, columns: Mapping[str, Sequence[Any]]) -> Table | None:
    """Return the same as a table of the page; None without a metric."""
    if not columns["metric"]:
        return None
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    rows = []
    for place, name in enumerate(columns["metric"]):
        # A time is no quantity: 2050, not 2,050.
        told = moment if swept[name].attrs.get("metric") in TIMES else _short
        values = (told(columns[f"quantile_{level:g}"][place]) for level in levels)
        rows.append((plain(name), plain(columns["unit"][place]), *values))
    return Table(
        ("metric", "unit", *(f"{level:.0%}" for level in levels)), tuple(rows),
        "The value below which that share of the runs lies", numbers=(2, 3, 4, 5, 6),
    )  # fmt: skip


def _short(value: float) -> str:
    return number(value, 3)


def dominance_words(record: xr.Dataset, swept: xr.Dataset) -> str:
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
        spells.append(f"{when} {plain(loop)}, in {_between(its)} of the runs")
    lines = []
    if spells:
        lines.append(f"Likeliest to lead: {'; '.join(spells)}.")
    level = float(record.attrs["level"])
    lines.append(
        f"Intervals of {level:.0%} are in uncertainty-dominance.csv: they say how well the sweep "
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
    return " ".join(lines)


def _between(shares: Numbers) -> str:
    low, high = f"{shares.min():.0%}", f"{shares.max():.0%}"
    return low if low == high else f"{low} to {high}"


def strongest(found: xr.Dataset) -> dict[str, list[tuple[str, float, float, float]]]:
    """Return the strongest constants of each outcome at the last time, and of each metric.

    Returns
    -------
    dict
        By what it is of: name, partial rank correlation, lower and upper end of its interval.
    """
    from loopscope.analysis.indices.telling import slices

    told = {}
    for one in slices(found):
        part = one.part.isel(time=-1) if one.timed else one.part
        values = np.nan_to_num(np.asarray(part["prcc"].values, dtype=np.float64))
        when = f" in {moment(float(part['time']))}" if one.timed else ""
        rows = []
        for place in np.argsort(-np.abs(values), kind="stable")[:STRONGEST]:
            if values[place]:
                low, high = (float(part[f"prcc_{side}"].values[place]) for side in ("low", "high"))
                name = plain(str(part["parameter"].values[place]))
                rows.append((name, float(values[place]), low, high))
        if rows:
            told[f"{plain(one.outcome)}{when}"] = rows
    return told


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


def mode_lines(found: xr.Dataset) -> list[tuple[str, str]]:
    """Return each series, and its most frequent modes in words."""
    lines = []
    for outcome, _, part in parts(found):
        modes = present(part)
        told = [f"{mode} {float(part['share'].sel(mode=mode)):.1%}" for mode in modes[:MOST_MODES]]
        others = float(sum(float(part["share"].sel(mode=mode)) for mode in modes[MOST_MODES:]))
        more = f"; others {others:.1%}" if len(modes) > MOST_MODES else ""
        lines.append((plain(outcome), f"{'; '.join(told)}{more}."))
    return lines


def surprises(found: xr.Dataset) -> list[str]:
    """Return the modes that the documentation of the model does not list, in words."""
    return [plain(str(one)) for one in json.loads(found.attrs["surprises"])]


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


def split_words(split: xr.Dataset, outcome: str) -> tuple[str, list[tuple[str, float]]]:
    """Return what mechanisms add at the last time in words, and the largest parts."""
    now = split.isel(outcome=0, time=-1)
    values = np.nan_to_num(np.asarray(now["value"].values, dtype=np.float64))
    order = np.argsort(-np.abs(values), kind="stable")[: 2 * STRONGEST]
    largest = np.abs(values).max(initial=0.0)
    told = [
        (
            plain(f"{split['mechanism'].values[place]} ({split['mechanism_name'].values[place]})"),
            float(values[place]),
        )
        for place in order
        if abs(values[place]) > 0.01 * largest
    ]
    text = (
        f"{plain(outcome)} ends at {number(float(now['with_all']), 3)}; with every mechanism that "
        f"has a switch cut it would end at {number(float(now['with_none']), 3)}. The bars are the "
        f"largest parts of the difference; {number(float(now['left_over']), 2)} is left over."
    )
    return text, told
