"""Dominance under uncertainty as tables, sentences and plain values.

In: ``Told``, what a command has computed.  Out: text on standard output; values for JSON; columns
for a file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.dominating.ensemble import HALF
from loopscope.analysis.dominating.looks import LEAST_SEEN
from loopscope.analysis.tables import MISSING, moment, number, out, plain, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.dominating.discovering import Discovery
    from loopscope.analysis.dominating.flipping import Change, SmallestChange

DECISIVE = 0.05
"""Corrected p-value below which a parameter is called deciding."""

TIMES = 5
"""Times shown where none was asked for."""

TOP = 3
"""Parameters shown for a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is to be told of a sweep.

    Attributes
    ----------
    dominance, deciding
        Records of ``dominance`` and ``deciding_parameters``.
    at
        Times to show.
    cells, boxes, changes, methods
        What else was asked for; None or empty where it was not.
    """

    dominance: xr.Dataset
    deciding: xr.Dataset
    at: tuple[float, ...]
    cells: xr.Dataset | None = None
    boxes: tuple[Discovery, ...] = ()
    changes: tuple[SmallestChange, ...] = ()
    methods: xr.Dataset | None = None


def shown_times(record: xr.Dataset, asked: Sequence[float] | None) -> tuple[float, ...]:
    """Return the times to show: those asked for, or some spread over the run."""
    time = np.asarray(record["time"].values, dtype=np.float64)
    if asked:
        return tuple(float(time[np.argmin(np.abs(time - one))]) for one in asked)
    rows = np.unique(np.linspace(0, len(time) - 1, TIMES).round().astype(int))
    return tuple(float(time[row]) for row in rows)


def most_open(record: xr.Dataset) -> float:
    """Return the time at which it is least sure which loop dominates: largest entropy."""
    shares = np.nan_to_num(np.asarray(record["probability"].values, dtype=np.float64))
    with np.errstate(all="ignore"):
        terms = np.where(shares > 0, -shares * np.log(shares), 0.0)
    return float(record["time"].values[int(np.argmax(terms.sum(axis=1)))])


def print_told(told: Told) -> None:
    """Print tables and sentences."""
    _probabilities(told)
    _shifts(told.dominance)
    _deciding(told.deciding)
    if told.cells is not None:
        _cells(told.cells)
    for one in told.boxes:
        _boxes(one)
    for change in told.changes:
        _change(change)
    if told.methods is not None:
        _methods(told.methods, told.at)


def _probabilities(told: Told) -> None:
    record = told.dominance
    at = record.sel(time=list(told.at))
    seen = np.nan_to_num(record["probability"].values).max(axis=0) >= LEAST_SEEN
    order = np.argsort(-np.nan_to_num(record["probability"].values).mean(axis=0), kind="stable")
    rows = [
        [
            str(record["loop"].values[place]),
            str(record["loop_name"].values[place]),
            *_bounded(at, "probability", {"loop": place}),
        ]
        for place in order
        if seen[place]
    ]
    rows += [
        [f"({words})", "", *_bounded(at, name, {})]
        for name, words in (("nothing", "nothing"), ("undefined", "undefined"))
        if np.nan_to_num(record[name].values).max() > 0
    ]
    rows.append(["(held)", "mean share of all tracked", *map(_percent, at["held"].values)])
    if record.attrs["failed_runs"]:
        rows.append(["(failed)", "runs so far", *(f"{int(one):,}" for one in at["failed"].values)])
    title = " ".join(filter(None, (record.attrs["model"], record.attrs["scenario"])))
    out(f"{title.replace('_', ' ')}: share of runs in which a loop dominates\n")
    print_table(
        "",
        ["id", "loop", *map(moment, told.at)],
        rows,
        left=2,
    )
    unseen = int((~seen).sum())
    notes = [f"{record.attrs['runs']:,} runs; {record.attrs['speaks_of']}"]
    if unseen:
        several = "loop dominates" if unseen == 1 else "loops dominate"
        notes.append(
            f"{unseen} tracked {several} in fewer than {LEAST_SEEN:.1%} of runs at any time"
        )
    if np.nanmax(record["held"].values, initial=0.0) < HALF:
        notes.append(
            "the tracked loops hold less than half together: others, not tracked, may lead them all"
        )
    if record.attrs["left_out"]:
        notes.append(f"in other partitions, and left out: {record.attrs['left_out']}")
    if record.attrs.get("coverage", 1.0) < 1.0:
        notes.append(
            f"shares are among at least {record.attrs['coverage']:.1%} of all loops, by size"
        )
    out("\n".join(notes) + "\n\n")


def _bounded(at: xr.Dataset, name: str, place: dict[str, int]) -> list[str]:
    parts = [at[f"{name}{end}"].isel(place).values for end in ("", "_low", "_high")]
    return [
        _percent(share) if np.isnan(low) else f"{share:.0%} ({100 * low:.0f}-{100 * high:.0f})"
        for share, low, high in zip(*parts, strict=True)
    ]


def _percent(share: float) -> str:
    return MISSING if np.isnan(share) else f"{share:.0%}"


def _shifts(record: xr.Dataset) -> None:
    quantiles = record["quantile"].values
    rows = []
    for which in ("first", "last"):
        values = record["shift_time"].sel(which=which).values
        rows.append([which, *map(moment, values)])
    heads = [f"{100 * one:.3g} %" for one in quantiles]
    sound = record.attrs["runs"] - record.attrs["failed_runs"]
    print_table("When dominance shifts, in runs that shift", ["shift", *heads], rows)
    shifting = record.attrs["shifting_runs"]
    text = f"{shifting:,} of {sound:,} runs that do not fail shift"
    pairs = _handovers(record)
    if pairs:
        text += "; most often " + ", ".join(
            f"{a} to {b} ({n:.2f} per run)" for a, b, n in pairs[:4]
        )
    out(text + "\n\n")


def _handovers(record: xr.Dataset) -> list[tuple[str, str, float]]:
    table = np.nan_to_num(np.asarray(record["handover"].values))
    ids = [str(one) for one in record["loop"].values]
    pairs = [(ids[a], ids[b], float(table[a, b])) for a, b in np.argwhere(table > 0)]
    return sorted(pairs, key=lambda one: -one[2])


def deciding_rows(record: xr.Dataset, row: int = 0) -> list[dict[str, Any]]:
    """Return loops and the parameters that decide whether they win, as plain values."""
    found = []
    at = record.isel(time=row)
    for place in np.argsort(-at["wins"].values, kind="stable"):
        one = at.isel(loop=int(place))
        distance = one["distance"].values
        if not np.isfinite(distance).any():
            continue
        ranked = np.argsort(-np.nan_to_num(distance), kind="stable")
        for which in ranked:
            if not np.isfinite(distance[which]):
                continue
            found.append(
                {
                    "time": float(at["time"]),
                    "loop": str(one["loop"].values),
                    "wins": int(one["wins"]),
                    "parameter": str(record["parameter"].values[which]),
                    "with": "larger" if one["direction"].values[which] > 0 else "smaller",
                    "distance": float(distance[which]),
                    "chance": float(one["chance"].values[which]),
                    "corrected": float(one["corrected"].values[which]),
                }
            )
    return found


def _deciding(record: xr.Dataset) -> None:
    when = moment(float(record["time"].values[0]))
    rows, shown = [], dict[str, int]()
    for one in deciding_rows(record):
        if one["corrected"] >= DECISIVE or shown.get(one["loop"], 0) >= TOP:
            continue
        shown[one["loop"]] = shown.get(one["loop"], 0) + 1
        first = shown[one["loop"]] == 1
        rows.append(
            [
                one["loop"] if first else "",
                f"{one['with']} {one['parameter']}",
                f"{one['distance']:.2f}",
                number(one["corrected"], 2),
                f"{one['wins']:,}" if first else "",
            ]
        )
    if not rows:
        out(f"No parameter by itself tells at {when} which loop wins.\n\n")
        return
    print_table(
        f"What decides which loop wins at {when}",
        ["loop", "wins with", "distance", "corrected p", "runs won"],
        rows,
        left=2,
    )


def _cells(record: xr.Dataset) -> None:
    leader = np.asarray(record["leader"].values)
    known = leader[np.isfinite(leader)].astype(int)
    names = [str(one) for one in record["loop"].values]
    codes, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    said = ", ".join(
        f"{names[codes[one]] if codes[one] >= 0 else 'nothing'} in {counts[one]}" for one in order
    )
    x, y = (str(record[axis].attrs["parameter"]) for axis in "xy")
    few = int(np.isnan(leader).sum())
    text = f"Over {x} and {y} at {moment(record.attrs['at'])}, of {leader.size} cells "
    text += f"{said or 'none has runs enough'}"
    out(text + (f"; too few runs in {few}" if few and said else "") + "\n\n")


def _boxes(one: Discovery) -> None:
    found, box = one.found, one.found.box
    rows = []
    for limit in box.limits:
        unit = found.units[limit.parameter]
        sign = ">=" if limit.low else "<="
        rows.append(
            [
                found.parameters[limit.parameter],
                f"{sign} {number(limit.value)} {unit}".rstrip(),
                number(limit.chance, 2),
            ]
        )
    out(f"Where mostly: {plain(one.statement)}\n")
    print_table("", ["parameter", "limit", "quasi p"], rows, left=2)
    text = (
        f"in the box it holds in {box.density:.0%} of runs, among all in "
        f"{found.hits / found.runs:.0%}; the box has {box.coverage:.0%} of the runs in which it "
        f"holds, and {box.mass:.0%} of all"
    )
    if one.unknown:
        text += f"; it cannot be said of {one.unknown:,} runs"
    out(text + "\n\n")


def _change(one: SmallestChange) -> None:
    title = f"Smallest change so that {one.goal} (now: {one.base})"
    if one.together is None:
        out(f"{title}: none was found within the ranges, in {one.runs:,} runs\n\n")
        return
    out(f"{title}\n")
    rows = [["all together", *_moved(one.together, place)] for place in range(_count(one.together))]
    for row in rows[1:]:
        row[0] = ""
    rows += [["by itself", *_moved(change, 0)] for change in one.alone[:TOP]]
    print_table("", ["change", "parameter", "from", "to", "of its range"], rows, left=2)
    rest = len(one.together.changed) - _count(one.together)
    more = f"; {rest} further parameters move by less" if rest > 0 else ""
    length = number(100 * one.together.length, 3)
    out(
        f"together they move by {length} % of their ranges (root of the sum of squares){more}; "
        f"simulated again: {one.together.shows}\n\n"
    )


def _count(change: Change) -> int:
    return min(8, len(change.changed))


def _moved(change: Change, place: int) -> list[str]:
    one = change.changed[place]
    unit = f" {one.units}" if one.units else ""
    return [one.parameter, number(one.before), f"{number(one.after)}{unit}", _part(one.part)]


def _part(part: float) -> str:
    return f"{'+' if part > 0 else ''}{number(100 * part, 3)} %"


def _methods(record: xr.Dataset, at: Sequence[float]) -> None:
    moments = record.sel(time=list(at), method="nearest")
    rows = []
    for place, title in enumerate(record["title"].values):
        shares = moments["probability"].values[place]
        best = [int(np.nanargmax(one)) if np.isfinite(one).any() else -1 for one in shares]
        texts = [
            f"{record['loop'].values[lead]} {shares[row, lead]:.0%}" if lead >= 0 else MISSING
            for row, lead in enumerate(best)
        ]
        rows.append([str(title), *texts, _percent(float(record["agreement"].values[place, 0]))])
    heads = ["method", *map(moment, at), f"as {record['by'].values[0]}"]
    print_table("Most probable leader by method", heads, rows)
    notes = [f"compared: {record.attrs['compared']}"]
    skipped = json.loads(record.attrs["skipped"])
    notes += [f"{name} left out: {why}" for name, why in skipped.items()]
    out("\n".join(notes) + "\n\n")


def as_data(told: Told) -> dict[str, Any]:
    """Return everything as plain values."""
    record = told.dominance
    found: dict[str, Any] = {
        **{str(name): value for name, value in record.attrs.items()},
        "loops": [str(one) for one in record["loop"].values],
        "time": record["time"].values.tolist(),
        **{str(name): record[name].values.tolist() for name in record.data_vars},
        "quantile": record["quantile"].values.tolist(),
        "deciding": deciding_rows(told.deciding),
    }
    if told.cells is not None:
        cells = told.cells
        found["map"] = {
            **{str(name): value for name, value in cells.attrs.items()},
            **{axis: {**cells[axis].attrs, "at": cells[axis].values.tolist()} for axis in "xy"},
            **{name: cells[name].values.tolist() for name in ("leader", "share", "runs", "failed")},
        }
    found["boxes"] = [
        {"statement": one.statement, "unknown": one.unknown, **asdict(one.found)}
        for one in told.boxes
    ]
    found["changes"] = [asdict(one) for one in told.changes]
    if told.methods is not None:
        found["methods"] = {
            **{str(name): value for name, value in told.methods.attrs.items()},
            "by": told.methods["by"].values.tolist(),
            **{str(name): told.methods[name].values.tolist() for name in told.methods.data_vars},
        }
    return found


def columns_of(record: xr.Dataset) -> dict[str, list[Any]]:
    """Return probabilities as the columns of one long table: a row a time and loop."""
    times, loops = record.sizes["time"], record.sizes["loop"]
    columns: dict[str, NDArray[Any]] = {
        "time": np.repeat(record["time"].values, loops),
        "loop": np.tile(record["loop"].values, times),
        "name": np.tile(record["loop_name"].values, times),
    }
    for name in ("probability", "probability_low", "probability_high", "mean_share"):
        columns[name] = record[name].values.reshape(-1)
    for name in ("nothing", "undefined", "failed"):
        columns[name] = np.repeat(record[name].values, loops)
    return {name: values.tolist() for name, values in columns.items()}
