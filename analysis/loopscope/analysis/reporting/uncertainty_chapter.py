"""The chapter that says how sure one can be: outcomes, loops and modes over a sweep.

In: a ``Draft`` whose sweep runs in a second process.  Out: tables, pictures and a ``Section``:
bands of the key series, which loop leads how surely, the strongest constants, modes of behaviour,
and what each mechanism adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis import outputs
from loopscope.analysis.reporting import uncertainty_words as words
from loopscope.analysis.reporting.blocks import (
    Bullets,
    Details,
    Heading,
    Note,
    Paragraph,
    Picture,
    Section,
    Text,
)
from loopscope.analysis.reporting.share_charts import colours_of
from loopscope.analysis.reporting.sure_charts import (
    Band,
    Bar,
    band_panels,
    bar_rows,
    probability_areas,
)
from loopscope.analysis.reporting.sureness import series_of, work_out
from loopscope.analysis.tables import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.reporting.blocks import Block
    from loopscope.analysis.reporting.sureness import Sureness

ID, TITLE = "uncertainty", "How sure one can be"
BANDS = ((0.025, 0.975), (0.05, 0.95), (0.25, 0.75))
HOLDS = ("95 % of the runs", "90 %", "50 %")


def uncertainty_chapter(draft: Draft) -> Section | None:
    """Write what a sweep over the constants of the model does to outcomes, loops and modes."""
    if not draft.uncertain_runs:
        return None
    draft.step("sweeping what is uncertain", 0, 1)
    path = draft.prepared.path
    known = draft.sweeping
    found = work_out(path, draft.uncertain_runs) if known is None else known.result()
    if found.swept is None:
        why = found.problems.get("swept", "")
        return Section(ID, TITLE, (Note(f"Not told: {plain(why)}." if why else words.NOTHING),))
    draft.swept, draft.dominance, draft.indices = found.swept, found.dominance, found.indices
    blocks: list[Block] = [Paragraph(words.what_was_swept(found.swept)), *_bands(draft, found)]
    parts: dict[str, tuple[str, Callable[[Draft, Sureness], Iterable[Block]]]] = {
        "dominance": ("Which loop leads, and how sure that is", _dominance),
        "indices": ("Which constants matter most", _constants),
        "modes": ("How the runs behave", _modes),
        "split": ("What each mechanism adds", _mechanisms),
    }
    for name, (title, part) in parts.items():
        blocks.append(Heading(title, f"uncertainty-{name}"))
        if name in found.problems:
            blocks.append(Note(f"Not told: {plain(found.problems[name])}."))
        else:
            blocks += part(draft, found)
    return Section(ID, TITLE, tuple(blocks), lead=words.lead(found.swept))


def _bands(draft: Draft, found: Sureness) -> Iterable[Block]:
    swept = found.swept
    assert swept is not None
    names = series_of(swept)
    time = np.asarray(swept["time"].values, dtype=np.float64)
    columns: dict[str, list[Any]] = {"series": [], "unit": [], "time": []}
    rows, bands = [], []
    base = draft.runs[0]
    for name in names:
        levels = words.quantiles_of(np.asarray(swept[name].values, dtype=np.float64))
        rows.append((name, levels))
        columns["series"] += [name] * len(time)
        columns["unit"] += [swept[name].attrs.get("units", "")] * len(time)
        columns["time"] += time.tolist()
        place = {level: row for row, level in enumerate(words.QUANTILES)}
        for level, line in zip(words.QUANTILES, levels, strict=True):
            columns.setdefault(f"quantile_{level:g}", []).extend(line.tolist())
        known = name in base.values
        bands.append(
            Band(
                name=name, units=str(swept[name].attrs.get("units", "")), time=time,
                edges=tuple((levels[place[a]], levels[place[b]]) for a, b in BANDS),
                middle=levels[place[0.5]],
                base=(base.time, base.values[name]) if known else (time[:0], time[:0]),
            )
        )  # fmt: skip
    what = "quantiles of the key series over all runs of the sweep"
    outputs.write_table(columns, draft.file("uncertainty-bands.csv", what))
    metrics = words.metric_columns(swept)
    what = "quantiles of each metric over all runs of the sweep"
    outputs.write_table(metrics, draft.file("uncertainty-metrics.csv", what))
    if not names:
        return
    lines = words.band_lines(base, rows, swept)
    what = "where 50, 90 and 95 % of all runs lie"
    unit = plain(draft.prepared.clock["units"]) or "unit not given"
    file = draft.scene(band_panels(bands, unit=unit, words=HOLDS), "uncertainty-bands", what)
    yield Picture(file, f"{what.capitalize()}. {lines[0][1]}", f"{what.capitalize()}.")
    yield Bullets(tuple((Text(name, "bold"), text) for name, text in lines))
    table = words.metric_table(swept, metrics)
    if table is not None:
        yield Details("The metrics of the study", (table,))


def _dominance(draft: Draft, found: Sureness) -> Iterable[Block]:
    from loopscope.analysis.dominating.telling import columns_of

    record = found.dominance
    assert record is not None
    assert found.swept is not None
    what = "how probable it is that each loop leads, at each time"
    outputs.write_table(columns_of(record), draft.file("uncertainty-dominance.csv", what))
    shares = np.nan_to_num(np.asarray(record["probability"].values, dtype=np.float64))
    ids = [str(one) for one in record["loop"].values]
    order = np.argsort(-shares.mean(axis=0), kind="stable").tolist()
    shown = [n for n in order if shares[:, n].max(initial=0.0) > 0.01][:10]
    names = dict(zip(ids, (str(one) for one in record["loop_name"].values), strict=True))
    colours = draft.colours or colours_of({ids[n]: ids[n][:1] for n in order})
    scene = probability_areas(
        np.asarray(record["time"].values, dtype=np.float64),
        {ids[n]: shares[:, n] for n in shown}, names, colours,
        unit=plain(draft.prepared.clock["units"]) or "unit not given",
    )  # fmt: skip
    file = draft.scene(scene, "uncertainty-dominance", what)
    text = words.dominance_words(record, found.swept)
    yield Picture(file, text.partition(". ")[0] + ".", f"{what.capitalize()}.")
    yield Paragraph(text)


def _constants(draft: Draft, found: Sureness) -> Iterable[Block]:
    from loopscope.analysis.indices.telling import columns

    indices = found.indices
    assert indices is not None
    what = "partial rank correlation of each constant with each outcome"
    outputs.write_table(columns(indices), draft.file("uncertainty-parameters.csv", what))
    yield Paragraph(words.CORRELATIONS)
    told = words.strongest(indices)
    groups = {
        title: [Bar(label=name, value=value, low=low, high=high) for name, value, low, high in rows]
        for title, rows in told.items()
    }
    if not groups:
        return
    scene = bar_rows(groups, words="partial rank correlation, from -1 to +1; lines: interval")
    file = draft.scene(scene, "uncertainty-parameters", what)
    alt = "; ".join(f"{title}: {rows[0][0]} {rows[0][1]:+.2f}" for title, rows in told.items())
    yield Picture(file, f"The strongest constant of each outcome. {alt}.", f"{what.capitalize()}.")


def _modes(draft: Draft, found: Sureness) -> Iterable[Block]:
    modes = found.modes
    assert modes is not None
    what = "share of each mode of behaviour, with its interval"
    outputs.write_table(words.mode_columns(modes), draft.file("uncertainty-modes.csv", what))
    yield Bullets(
        tuple((Text(name, "bold"), f": {text}") for name, text in words.mode_lines(modes))
    )
    surprises = words.surprises(modes)
    if surprises:
        yield Paragraph("Not among the modes that the documentation of the model lists:")
        yield Bullets(tuple(surprises))


def _mechanisms(draft: Draft, found: Sureness) -> Iterable[Block]:
    split = found.split
    assert split is not None
    name = str(split["outcome"].values[0])
    what = f"what each mechanism adds to {name}, in the model as it stands"
    outputs.write_table(words.split_columns(split), draft.file("uncertainty-mechanisms.csv", what))
    text, parts = words.split_words(split, name)
    if parts:
        bars = [Bar(label=label, value=value) for label, value in parts]
        scene = bar_rows({f"{name}, at the end": bars})
        file = draft.scene(scene, "uncertainty-mechanisms", what)
        alt = "; ".join(f"{label} {value:+.3g}" for label, value in parts)
        yield Picture(file, f"{alt}.", f"{what.capitalize()}.")
    yield Paragraph(text)
