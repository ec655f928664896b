"""Modes of behaviour as tables and as plain data.

In: the modes of a sweep, what decides them, a map.  Out: text on standard output; data for JSON.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

DECIDING = 2
"""Parameters that a row of the table names."""

SURE = 0.05
"""The largest corrected p-value of a parameter that is named."""

LEAST = 0.1
"""The smallest distance of a parameter that is named: less decides nothing, however sure it is."""


def parts(found: xr.Dataset) -> Iterator[tuple[str, str, xr.Dataset]]:
    """Give outcome, scenario (or "") and modes, one by one."""
    for outcome in map(str, found["outcome"].values):
        one = found.sel(outcome=outcome)
        if "scenario" not in one.dims:
            yield outcome, "", one
            continue
        for scenario in map(str, one["scenario"].values):
            yield outcome, scenario, one.sel(scenario=scenario)


def present(part: xr.Dataset) -> list[str]:
    """Return the modes that came about, the most frequent first."""
    counts = part["count"].values
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    return [str(part["mode"].values[place]) for place in order]


def deciding(decided: xr.Dataset, outcome: str, scenario: str, mode: str) -> list[tuple[str, int]]:
    """Return (parameter, direction) of those that decide a mode most, the strongest first."""
    part = decided.sel(outcome=outcome, mode=mode)
    part = part.sel(scenario=scenario) if scenario else part
    distance = np.where(part["corrected"].values <= SURE, part["distance"].values, 0.0)
    order = np.argsort(-np.nan_to_num(distance), kind="stable")[:DECIDING]
    return [
        (str(part["parameter"].values[place]), int(part["direction"].values[place]))
        for place in order
        if distance[place] >= LEAST
    ]


def print_modes(found: xr.Dataset, decided: xr.Dataset, mapped: xr.Dataset | None) -> None:
    """Print a table of modes for each outcome and scenario, then surprises and a map's summary."""
    unit = tables.plain(str(found["period"].attrs.get("units", "")))
    level = f"{float(found.attrs['level']):.0%} interval"
    for outcome, scenario, part in parts(found):
        rows = []
        for mode in present(part):
            here = part.sel(mode=mode)
            named = deciding(decided, outcome, scenario, mode)
            rows.append(
                [
                    mode,
                    "; ".join(f"{'more' if sign > 0 else 'less'} {name}" for name, sign in named),
                    f"{int(here['count']):,}",
                    f"{float(here['share']):.2%}",
                    _interval(here, "share"),
                    _quantiles(here["period"]),
                    _quantiles(here["damping"]),
                ]
            )
        where = f", {scenario}" if scenario else ""
        tables.print_table(
            f"{outcome}{where}: modes of {found.sizes['run']:,} runs",
            (
                "mode", "comes with", "runs", "share", level,
                f"period, {unit}" if unit else "period", "damping ratio",
            ),
            rows,
            left=2,
            wrap=True,
        )  # fmt: skip
        if float(part["failed"]):
            tables.out(f"{float(part['failed']):.2%} of the runs failed and have no mode\n")
    if "lock_in" in found:
        for outcome in map(str, found["outcome"].values):
            tables.out(_locked(outcome, found.sel(outcome=outcome)))
    if found.attrs["not_drawn"]:
        tables.out(
            f"shares are of the runs of the design ({found.attrs['not_drawn']}), whose rows are no "
            "draws: they have no intervals\n"
        )
    for surprise in json.loads(found.attrs["surprises"]):
        tables.out(f"not foreseen: {tables.plain(surprise)}\n")
    if mapped is not None:
        tables.out(_map_words(mapped))


def _quantiles(values: xr.DataArray) -> str:
    low, middle, high = (float(values.sel(quantile=at)) for at in (0.05, 0.5, 0.95))
    if not np.isfinite(middle):
        return tables.MISSING
    number = tables.number
    return f"{number(middle, 3)} ({number(low, 3)} to {number(high, 3)})"


def _interval(values: xr.Dataset, name: str) -> str:
    low, high = float(values[f"{name}_low"]), float(values[f"{name}_high"])
    return f"{low:.2%} to {high:.2%}" if np.isfinite(low) else tables.MISSING


def _locked(outcome: str, part: xr.Dataset) -> str:
    first, second = json.loads(part["locked"].attrs["between"])
    bounds = _interval(part, "lock_in")
    return (
        f"lock-in: in {float(part['lock_in']):.2%} of the runs "
        f"{'' if bounds == tables.MISSING else f'({bounds}) '}"
        f"{outcome} ends apart between '{first}' and '{second}'\n"
    )


def _map_words(mapped: xr.Dataset) -> str:
    x, y = (mapped[name].attrs["parameter"] for name in "xy")
    codes = mapped["code"].values
    told = codes[np.isfinite(codes)].astype(int)
    labels = [str(label) for label in mapped["mode"].values]
    counts = np.bincount(told, minlength=len(labels))
    words = [f"{labels[code]} {counts[code]}" for code in np.argsort(-counts) if counts[code]]
    return (
        f"map of {mapped.attrs['outcome']} over {x} (x) and {y} (y), cells by their most frequent "
        f"mode: {', '.join(words) or 'none has runs enough'}\n"
    )


def as_data(found: xr.Dataset, decided: xr.Dataset, mapped: xr.Dataset | None) -> dict[str, Any]:
    """Return the same as plain data."""
    rows = []
    for outcome, scenario, part in parts(found):
        for mode in present(part):
            here = part.sel(mode=mode)
            rows.append(
                {
                    "outcome": outcome,
                    "scenario": scenario,
                    "mode": mode,
                    "runs": int(here["count"]),
                    "share": float(here["share"]),
                    "low": float(here["share_low"]),
                    "high": float(here["share_high"]),
                    "period": _by_quantile(here["period"]),
                    "damping": _by_quantile(here["damping"]),
                    "foreseen": bool(here["foreseen"]),
                    "comes_with": [
                        {"parameter": name, "direction": sign}
                        for name, sign in deciding(decided, outcome, scenario, mode)
                    ],
                }
            )
    data: dict[str, Any] = {
        "title": found.attrs["title"],
        "model": found.attrs["model"],
        "runs": found.attrs["runs"],
        "level": found.attrs["level"],
        "failed": [
            {"outcome": outcome, "scenario": scenario, "share": float(part["failed"])}
            for outcome, scenario, part in parts(found)
        ],
        "modes": rows,
        "surprises": json.loads(found.attrs["surprises"]),
    }
    if "lock_in" in found:
        data["lock_in"] = [
            {"outcome": str(name), "share": float(found["lock_in"].sel(outcome=name))}
            for name in found["outcome"].values
        ]
    if mapped is not None:
        labels = [str(label) for label in mapped["mode"].values]
        data["map"] = {
            "x": {**mapped["x"].attrs, "values": mapped["x"].values.tolist()},
            "y": {**mapped["y"].attrs, "values": mapped["y"].values.tolist()},
            "mode": [
                [labels[int(code)] if np.isfinite(code) else None for code in row]
                for row in mapped["code"].values
            ],
            "share": mapped["share"].values.tolist(),
            "runs": mapped["runs"].values.tolist(),
        }
    return tables.finite(data)  # type: ignore[no-any-return]


def _by_quantile(values: xr.DataArray) -> dict[str, float] | None:
    if not np.isfinite(values.values).any():
        return None
    return {f"{at:g}": float(values.sel(quantile=at)) for at in values["quantile"].values}
