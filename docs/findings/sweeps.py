"""Figures of the section "What the sweeps show" of the model card.

Runs the seven studies that come with the migration-policy model (some minutes), or reads the stores
that an earlier call left in the folder, and prints what the card quotes, study by study.

Run: ``python docs/findings/sweeps.py FOLDER``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loopscope import analysis

if TYPE_CHECKING:
    import xarray as xr

MODEL = "migration_policy"
LARGE = 0.1
"""Swings and gaps of policy stringency that count."""


def swept(study: str, folder: Path) -> xr.Dataset:
    """Return the sweep of a study, run now if it is not in the folder."""
    return analysis.sweep(MODEL, study, out=folder / f"{study}.zarr", resume=True)


def column(sweep: xr.Dataset, name: str) -> np.ndarray:
    """Return the values of a parameter, dims (run,)."""
    return sweep["inputs"].sel(parameter=name).values


def spread(values: np.ndarray, *ends: float) -> str:
    """Return quantiles of the values that are known."""
    return ", ".join(f"{value:.4g}" for value in np.nanquantile(values, ends))


def policy_resistance(sweep: xr.Dataset) -> None:
    ends = sweep["stringency in 2050"]
    apart = abs(ends.sel(scenario="security panic") - ends.sel(scenario="base")).values > LARGE
    moved = column(sweep, "share of blocked demand going irregular")
    answer = column(sweep, "response to irregular migration")
    print(f"apart by more than {LARGE} in 2050: {apart.mean():.1%} of the grid")
    print(f"  displaced {moved[apart].min():.2f} to {moved[apart].max():.2f}")
    print(f"  response {answer[apart].min():.2g} to {answer[apart].max():.2g}")
    strong = apart & (answer >= 12)
    print(f"  at a response of 12 or more: {moved[strong].min():.2f} to {moved[strong].max():.2f}")


def enforcement_backfire(sweep: xr.Dataset) -> None:
    def ratio(name: str) -> np.ndarray:
        values = sweep[name]
        return (values.sel(scenario="border build-up") / values.sel(scenario="base")).values

    stock, entries = ratio("irregular migrants in 2050"), ratio("irregular entries in 2050")
    print(f"more irregular migrants in {(stock > 1).mean():.1%} of the grid, ", end="")
    print(f"{stock.min() - 1:+.0%} to {stock.max() - 1:+.0%}; entries ", end="")
    print(f"{entries.min() - 1:+.0%} to {entries.max() - 1:+.0%}")
    effect, removal = (sweep["inputs"].values[:, place] for place in (0, 1))
    for rate in np.unique(removal)[[0, 11, 30]]:
        first = effect[(removal == rate) & (stock > 1)].min()
        print(f"  removal {rate:.3f}: from an effect on return of {first:.2f}")


def stringency_oscillation(sweep: xr.Dataset) -> None:
    labels = json_labels(sweep["mode"])
    codes = sweep["mode"].values
    turning = [place for place, label in enumerate(labels) if "oscillation" in label]
    print(f"oscillate: {np.isin(codes, turning).mean():.0%} of the runs")
    period = sweep["period, late"].values
    swings = (sweep["amplitude, late"].values > LARGE) & np.isfinite(period)
    print(f"swing by more than {LARGE} after 2070: {swings.mean():.0%}")
    answer = column(sweep, "response to irregular migration")
    for low, high in ((0, 10), (10, 15), (15, 20), (20, 31)):
        inside = (answer >= low) & (answer < high)
        print(f"  response {low} to {high}: {swings[inside].mean():.0%}")
    names = ("problem perception time", "policy adjustment time")
    delay = sum(column(sweep, name) for name in names)
    for low, high in ((0, 6), (6, 9), (9, 12), (12, 99)):
        inside = swings & (delay >= low) & (delay < high)
        print(f"  delays of {low} to {high} years: median period {np.median(period[inside]):.0f}")


def diaspora_and_lobby(sweep: xr.Dataset) -> None:
    print("stringency in 2050:", spread(sweep["stringency in 2050"].values, 0.05, 0.95))
    metrics = ["stringency in 2050", "enforcement in 2050"]
    found = analysis.sensitivity(sweep, metrics)
    for metric in metrics:
        one = found.sel(metric=metric)
        total, first = one["metric_total"], one["metric_first"]
        for place in np.argsort(-total.values)[:4]:
            name = str(one["parameter"].values[place])
            print(f"  {metric}, {name}: alone {first[place]:.0%}, in all {total[place]:.0%}")
    for loop in ("R3", "R4a"):
        print(f"  {loop} to 2050:", spread(sweep[f"{loop}, 2000 to 2050"].values, 0.95))


def fertility_gap(sweep: xr.Dataset) -> None:
    corners = [sweep["inputs"].values[:, place] for place in (0, 1)]
    for fertility in np.unique(corners[0])[[0, 12, 24]]:
        for opened in np.unique(corners[1])[[0, 16]]:
            at = (corners[0] == fertility) & (corners[1] == opened)
            values = {
                name: float(sweep[name].values[at][0])
                for name in ("population in 2050", "support ratio in 2050")
            }
            decrease = float(sweep["natural decrease, mean"].values[at][0])
            net = float(sweep["net migration, mean"].values[at][0])
            told = ", ".join(f"{name} {value:,.4g}" for name, value in values.items())
            if decrease > 0:
                told += f", net migration {net / decrease:.0%} of natural decrease"
            print(f"  fertility {fertility:.2f}, work lever {opened:+.1f}: {told}")


def amnesty_period(sweep: xr.Dataset) -> None:
    count, period = (
        sweep[name].values for name in ("amnesties from 2020 on", "period of amnesties")
    )
    people = sweep["irregular migrants, mean"].values
    several = count >= 3
    none = (count == 0) & (sweep["amnesty window, mean"].values < 0.5)
    print(f"none after 2020: {none.mean():.0%}; three or more: {several.mean():.0%}")
    print("  period:", spread(period[several], 0.05, 0.5, 0.95))
    for low, high in ((0, 9), (14, 99)):
        inside = several & (period >= low) & (period < high)
        print(f"  back within {low} to {high} years: {np.median(people[inside]):,.0f} irregular")


def everything(sweep: xr.Dataset) -> None:
    for name in ("policy stringency", "irregular migrants", "legal migrants"):
        print(f"{name} in 2100, half of the runs:", spread(sweep[name].values[:, -1], 0.25, 0.75))
    dominance = analysis.dominance(sweep).sel(time=2050, method="nearest")["probability"]
    for place in np.argsort(-dominance.values)[:3]:
        print(f"  {dominance['loop'].values[place]} leads in {dominance[place]:.0%} in 2050")
    modes = analysis.modes(sweep)
    print(modes["share"].to_series().dropna().loc[lambda share: share > 0.1].round(3).to_string())


def json_labels(values: xr.DataArray) -> list[str]:
    return list(json.loads(values.attrs["labels"]))


FINDINGS = {
    "policy_resistance": policy_resistance,
    "enforcement_backfire": enforcement_backfire,
    "stringency_oscillation": stringency_oscillation,
    "diaspora_and_lobby": diaspora_and_lobby,
    "fertility_gap": fertility_gap,
    "amnesty_period": amnesty_period,
    "global": everything,
}


def main() -> int:
    """Run and print."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for study, tell in FINDINGS.items():
        print(f"\n{study}")
        tell(swept(study, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
