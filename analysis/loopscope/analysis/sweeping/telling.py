"""A sweep as it is printed: tables and plain values.

Stage 5 of 5.  In: the Dataset of a sweep.  Out: text on standard output, or what JSON holds.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from loopscope.analysis import tables
from loopscope.analysis.sweeping.outcomes import LEVELS, parts, spreads
from loopscope.analysis.sweeping.outline import RUN, SCENARIO
from loopscope.analysis.sweeping.swept import failures, statuses
from loopscope.analysis.tables import moment, number, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from loopscope.analysis.sweeping.outcomes import Parts, Spread

LISTED = 5
"""Failed runs that are listed; all are counted."""


def print_swept(swept: xr.Dataset) -> None:
    """Print what the runs ended in, and which failed."""
    runs, found = swept.sizes[RUN], spreads(swept)
    several = SCENARIO in swept.dims
    title = swept.attrs["title"]
    colon = "" if title.endswith(("?", "!", ".", ":")) else ":"
    head = f"{title}{colon} {runs:,} runs" + (" of each scenario" if several else "")
    design = json.loads(swept.attrs["design"])["kind"]
    what = f"{head} of {swept.attrs['model']}, {design}, seed {swept.attrs['seed']}"
    if found:
        columns = ["outcome", "unit", *(["scenario"] if several else [])]
        levels = ["median" if level == 0.5 else f"{100 * level:g} %" for level in LEVELS]
        tables.print_table(
            what,
            (*columns, *levels, "runs"),
            [_row(one, swept, several=several) for one in found],
            left=len(columns),
        )
    else:
        tables.out(f"{plain(what)}\n")
    for one in parts(swept):
        tables.out(f"{plain(_line(one))}\n")
    for note in json.loads(swept.attrs.get("notes", "[]")):
        tables.out(f"{plain(note)}\n")
    tables.out(f"{failed_in_words(swept)}\n")


def _row(one: Spread, swept: xr.Dataset, *, several: bool) -> list[str]:
    name = one.name
    show: Callable[[float | None], str] = number
    if one.at_end:
        name = f"{one.name} at {moment(float(swept['time'].values[-1]))}"
    elif swept[one.name].attrs.get("metric") in OF_TIME:
        show = moment
    return [
        name, one.units, *([one.scenario] if several else []), *map(show, one.quantiles),
        f"{one.runs:,}",
    ]  # fmt: skip


OF_TIME = ("time of min", "time of max", "crossing", "last crossing", "first shift", "last shift")
"""Metrics whose values are moments."""


def _line(one: Parts) -> str:
    where = f", scenario '{one.scenario}'" if one.scenario else ""
    shares = ", ".join(f"{word} {100 * share:.3g} %" for word, share in one.parts.items())
    return f"{one.name}{where}: {shares or 'none'} (of {one.runs:,} runs)"


def failed_in_words(swept: xr.Dataset) -> str:
    """Return how many runs failed, and which did first."""
    counts = failures(swept)
    total = swept.sizes[RUN] * len(counts)
    count = sum(counts.values())
    if not count:
        return f"all {total:,} runs stayed in the finite numbers"
    listed = "; ".join(plain(str(one)) for one in statuses(swept, LISTED))
    more = f"; and {count - LISTED:,} more" if count > LISTED else ""
    return f"{count:,} of {total:,} runs failed: {listed}{more}"


def as_data(swept: xr.Dataset, store: str | None = None) -> dict[str, Any]:
    """Return the same as plain values."""
    counts = failures(swept)
    return {
        "title": swept.attrs["title"],
        "model": swept.attrs["model"],
        "design": json.loads(swept.attrs["design"])["kind"],
        "seed": swept.attrs["seed"],
        "runs": swept.sizes[RUN],
        "scenarios": list(counts),
        "notes": json.loads(swept.attrs.get("notes", "[]")),
        "levels": list(LEVELS),
        "outcomes": [asdict(one) for one in spreads(swept)],
        "parts": [asdict(one) for one in parts(swept)],
        "failed": {
            "count": sum(counts.values()),
            "first": [asdict(one) for one in statuses(swept, LISTED)],
        },
        "store": store,
    }
