"""The chapter of a report that says how sure one can be: outcomes, loops and modes over a sweep.

In: a ``Draft`` whose scenarios have run, and how many runs to make.  Out: tables, pictures and a
section of its page: bands of the key series, which loop dominates how surely, the strongest
parameters, modes of behaviour, and what each mechanism adds.  A model whose constants have no
distribution gets a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis import outputs
from loopscope.analysis import uncertainty_words as words
from loopscope.analysis.draft import safe
from loopscope.models.errors import LoopscopeError
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.study.records import Study

RUNS = 20_000
"""Runs of the sweep, unless said."""

STUDY = "global"
"""The study beside a model that the chapter runs, if there is one."""

SERIES = 4
"""Key series, where the model has no such study."""

SHARES = 20
"""Times at which loops are scored, about, where the model has no such study."""

MOMENTS = 11
"""Times at which parameters are ranked."""

STEPS = 11
"""Of the chapter, for those who watch: the sweep, four parts, six pictures."""

HEADING = "## How sure one can be"


def uncertainty_chapter(draft: Draft) -> None:
    """Sweep the constants of the model, and write what that does to outcomes, loops and modes."""
    if not draft.uncertain_runs:
        return
    from loopscope.models.distribution import Fixed
    from loopscope.models.parameters import declared

    path = draft.prepared.path
    uncertain = [
        name
        for name, record in declared(path).items()
        if not isinstance(record.distribution, Fixed)
    ]
    if not uncertain:
        draft.sections.append(
            f"{HEADING}\n\nNo constant of the model has a declared distribution (a file "
            f"`parameters.toml` beside it would hold them), so there is nothing to sweep."
        )
        return
    swept = _swept(draft)
    parts = [HEADING, "", words.what_was_swept(swept), *_bands(draft, swept)]
    for title, part in PARTS.items():
        parts += ["", f"### {title}", "", *_told(part, draft, swept)]
    draft.sections.append("\n".join(parts).rstrip())


def _swept(draft: Draft) -> xr.Dataset:
    """Return one scenario of the sweep, in memory."""
    from loopscope.analysis.study.files import studies
    from loopscope.analysis.sweeping.sweep import sweep

    path = draft.prepared.path
    names = [name for name in studies(path) if key(name) == STUDY]
    runs = draft.uncertain_runs
    swept = sweep(path, names[0], runs=runs) if names else _without_a_study(draft)
    draft.tick()
    return swept.isel(scenario=0) if "scenario" in swept.dims else swept


def _without_a_study(draft: Draft) -> xr.Dataset:
    """Sweep all constants with a distribution, with loops that have names, or are few."""
    from loopscope.analysis.study.records import Study
    from loopscope.analysis.sweeping.sweep import sweep
    from loopscope.models.errors import StudyError

    base = draft.runs[0]
    series = list(dict.fromkeys(one.variable for one in draft.compared.outcomes))[:SERIES]
    fields: dict[str, Any] = {
        "title": "All constants with a declared distribution",
        "runs": draft.uncertain_runs,
        "parameters": "all",
        "series": series,
        "metrics": [{"name": f"{name}, end", "of": name, "metric": "final"} for name in series],
    }
    every = float(base.time[-1] - base.time[0]) / SHARES
    for track in ("named", "all"):
        tracked = Study.model_validate(fields | {"loops": {"track": track, "every": every}})
        try:
            return sweep(draft.prepared.path, tracked)
        except StudyError:
            continue  # no names; no loop, or too many to track them all
    untracked: Study = Study.model_validate(fields)
    return sweep(draft.prepared.path, untracked)


def _told(part: Part, draft: Draft, swept: xr.Dataset) -> list[str]:
    """Return what a part says, or why it cannot say anything."""
    try:
        lines = part(draft, swept)
    except LoopscopeError as error:
        lines = [f"Not told: {safe(str(error))}."]
    draft.tick()
    return lines


def _series(swept: xr.Dataset) -> list[str]:
    return [str(name) for name, one in swept.data_vars.items() if one.attrs.get("role") == "series"]


def _bands(draft: Draft, swept: xr.Dataset) -> list[str]:
    from loopscope.analysis.sweeping.band_figures import band_figure

    names = _series(swept)
    time = np.asarray(swept["time"].values, dtype=np.float64)
    columns: dict[str, Sequence[Any]] = {"series": [], "unit": [], "time": []}
    rows = []
    for name in names:
        values = np.asarray(swept[name].values, dtype=np.float64)
        found = words.quantiles_of(values)
        rows.append((name, found))
        columns["series"] = [*columns["series"], *[name] * len(time)]
        columns["unit"] = [*columns["unit"], *[swept[name].attrs.get("units", "")] * len(time)]
        columns["time"] = [*columns["time"], *time.tolist()]
        for level, line in zip(words.QUANTILES, found, strict=True):
            column = f"quantile_{level:g}"
            columns[column] = [*columns.get(column, []), *line.tolist()]
    what = "quantiles of the key series over all runs of the sweep"
    outputs.write_table(columns, draft.file("uncertainty-bands.csv", what))
    what = "quantiles of each metric over all runs of the sweep"
    outputs.write_table(words.metric_columns(swept), draft.file("uncertainty-metrics.csv", what))
    if not names:
        return []
    what = "where 50, 80 and 95 % of all runs lie"
    draft.picture(band_figure(swept, names), "uncertainty-bands", what)
    return [
        "",
        "![Where the runs lie](pictures/uncertainty-bands.png)",
        "",
        *words.band_lines(draft.runs[0], rows, swept),
        "",
        *words.metric_rows(swept),
    ]


def _dominance(draft: Draft, swept: xr.Dataset) -> list[str]:
    from loopscope.analysis.dominating.dominance_figures import probability_figure
    from loopscope.analysis.dominating.gathering import dominance
    from loopscope.analysis.dominating.telling import columns_of

    if "relative" not in swept:
        return ["Loops were not tracked: the model names none, and has none or too many."]
    record = dominance(swept)
    what = "how probable it is that each loop dominates, at each time"
    outputs.write_table(columns_of(record), draft.file("uncertainty-dominance.csv", what))
    draft.picture(probability_figure(record), "uncertainty-dominance", what)
    return [
        "![How probable it is that each loop dominates](pictures/uncertainty-dominance.png)",
        "",
        *words.dominance_lines(record, swept),
    ]


def _parameters(draft: Draft, swept: xr.Dataset) -> list[str]:
    from loopscope.analysis.indices.analysing import sensitivity
    from loopscope.analysis.indices.bar_figures import bars_figure
    from loopscope.analysis.indices.index_figures import series_figure
    from loopscope.analysis.indices.telling import columns

    time = np.asarray(swept["time"].values, dtype=np.float64)
    at = time[np.unique(np.linspace(0, len(time) - 1, MOMENTS).round().astype(int))][1:]
    numbers = words.numbers_of(swept)
    found = sensitivity(swept, [*_series(swept), *numbers], method="prcc", at=at.tolist())
    what = "partial rank correlation of each constant with each outcome"
    outputs.write_table(columns(found), draft.file("uncertainty-parameters.csv", what))
    draft.picture(series_figure(found), "uncertainty-parameters", f"{what}, over time")
    lines = [
        "![Constants that matter most, over time](pictures/uncertainty-parameters.png)",
        "",
        *words.parameter_lines(found),
    ]
    if numbers:
        alone = found.drop_dims(["outcome", "time"])
        draft.picture(bars_figure(alone), "uncertainty-metrics", f"{what}: metrics")
        lines += ["", "![Constants that matter most](pictures/uncertainty-metrics.png)"]
    return lines


def _modes(draft: Draft, swept: xr.Dataset) -> list[str]:
    from loopscope.analysis.behaviour.finding import modes
    from loopscope.analysis.behaviour.mode_figures import modes_figure

    found = modes(swept, _series(swept), model=draft.prepared.path)
    what = "share of each mode of behaviour, with its interval"
    outputs.write_table(words.mode_columns(found), draft.file("uncertainty-modes.csv", what))
    first = str(found["outcome"].values[0])
    draft.picture(
        modes_figure(swept, found, first), "uncertainty-modes", f"runs of each mode: {first}"
    )
    return [
        "![Runs of each mode](pictures/uncertainty-modes.png)",
        "",
        *words.mode_lines(found),
    ]


def _mechanisms(draft: Draft, swept: xr.Dataset) -> list[str]:
    from loopscope.analysis.attributing.attribution import attribute
    from loopscope.analysis.attributing.attribution_figures import attribution_figure

    name = _series(swept)[0]
    split = attribute(draft.prepared.path, name)
    what = f"what each mechanism adds to {name}, in the model as it stands"
    outputs.write_table(words.split_columns(split), draft.file("uncertainty-mechanisms.csv", what))
    draft.picture(attribution_figure(split, [name]), "uncertainty-mechanisms", what)
    return [
        "![What each mechanism adds](pictures/uncertainty-mechanisms.png)",
        "",
        *words.split_lines(split, name),
    ]


Part = Callable[["Draft", "xr.Dataset"], list[str]]

PARTS: dict[str, Part] = {
    "Which loop dominates, and how sure that is": _dominance,
    "Which constants matter most": _parameters,
    "How the runs behave": _modes,
    "What each mechanism adds": _mechanisms,
}
"""Parts of the chapter after the bands, in order; one that fails says why, the others go on."""
