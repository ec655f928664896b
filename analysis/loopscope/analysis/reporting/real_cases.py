"""The chapter that sets real cases against what was measured there.

In: a ``Draft`` whose cases have run.  Out: a picture of each case with its observations, a sentence
for each measured series that says how far off the run is and why, and the figures behind it.

How far off a run is, is its root mean square error over the mean size of what was measured: a
share that a series which crosses 0 has as well.  Why, is what Theil's decomposition of that error
says: the level, the size of its movement, or single points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.draft import slug
from loopscope.analysis.measures import beside
from loopscope.analysis.reporting.blocks import (
    Bullets,
    Details,
    Heading,
    Note,
    Paragraph,
    Picture,
    Section,
    Table,
    Text,
    ticked,
)
from loopscope.analysis.reporting.wording import amount, counted, joined, share
from loopscope.analysis.tables import moment, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.measures import Fit
    from loopscope.analysis.reporting.blocks import Block, Words
    from loopscope.analysis.runs import Run
    from loopscope.models.case import Case, Observed

    Numbers = NDArray[np.float64]

JUDGED = ((0.05, "close"), (0.15, "near"), (0.4, "rough"))
"""Up to which share off a series counts as what; beyond the last as "far off"."""

FAR = "far off"

EXACT = 0.005
"""Share off below which there is no misfit to speak of."""

FEW = 3
"""Measurements below which nothing is said of why a run misses them."""

MANY = 5
"""Measurements from which on a run is set against the best constant."""

MOST = 0.5
"""Share of the squared error from which on one part of it is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """How far a run is from one measured series.

    Attributes
    ----------
    fit
        The errors, in the unit of the variable.
    off
        Root mean square error over the mean size of what was measured; NaN without points.
    level, swing
        By how much the run is too high on average, and too lively: differences of means and of
        standard deviations, in the unit of the variable.
    flat
        What the best constant would miss: the standard deviation of the measurements over their
        mean size.
    scaled
        The series is known up to a factor only: the run was multiplied by the best one first.
    """

    fit: Fit
    observed: Observed
    off: float
    level: float
    swing: float
    flat: float
    scaled: bool
    first: float
    last: float

    @property
    def judgement(self) -> str:
        """One of "close", "near", "rough" and "far off"; "" without points."""
        if not np.isfinite(self.off):
            return ""
        return next((word for most, word in JUDGED if self.off <= most), FAR)


def misfit_of(run: Run, observed: Observed, fit: Fit) -> Misfit:
    """Measure one series against a run."""
    times, simulated, seen = beside(run, observed)
    scaled = observed.scale == "free"
    if scaled and simulated @ simulated > 0:
        simulated = simulated * (simulated @ seen / (simulated @ simulated))
    size = float(np.mean(np.abs(seen))) if len(seen) else 0.0
    wrong = float(np.sqrt(np.mean((simulated - seen) ** 2))) if len(seen) else np.nan
    return Misfit(
        fit=fit,
        observed=observed,
        off=wrong / size if size > 0 else np.nan,
        level=float(np.mean(simulated) - np.mean(seen)) if len(seen) else np.nan,
        swing=float(np.std(simulated) - np.std(seen)) if len(seen) else np.nan,
        flat=float(np.std(seen)) / size if size > 0 else np.nan,
        scaled=scaled,
        first=float(times[0]) if len(times) else np.nan,
        last=float(times[-1]) if len(times) else np.nan,
    )


def misfits(run: Run, case: Case, found: list[Fit]) -> list[Misfit]:
    """Measure every series of a case."""
    return [
        misfit_of(run, observed, fit) for observed, fit in zip(case.observed, found, strict=True)
    ]


def meaning(misfit: Misfit) -> str:
    """Return what a misfit means, in words made from its numbers."""
    fit, count = misfit.fit, misfit.fit.points
    if not count:
        return "none of its measurements lies within the run."
    if not misfit.judgement:
        return f"measured as 0 throughout, and off by {amount(fit.rmse, fit.units)}."
    part = f"{share(misfit.off, 1 if misfit.off < 0.1 else 0)} of what was measured"
    if misfit.scaled:
        return (
            f"{misfit.judgement}: known in proportion only, so the level says nothing; brought to "
            f"the same level, the run is typically off by {part}{_beaten(misfit)}."
        )
    miss = amount(fit.rmse, fit.units)
    if count == 1:
        side = "above" if misfit.level > 0 else "below"
        return (
            f"{misfit.judgement}: one measurement, of {moment(misfit.first)}; the run lies {miss} "
            f"{side} it, {part}."
        )
    return f"{misfit.judgement}: typically {miss} off, {part}{_why(misfit)}{_beaten(misfit)}."


def _why(misfit: Misfit) -> str:
    """Return the largest part of an error as the end of a sentence."""
    parts = misfit.fit.theil
    if misfit.off < EXACT or misfit.fit.points < FEW:
        return ""
    if parts.bias >= MOST:
        side = "high" if misfit.level > 0 else "low"
        return f", mostly because the run is too {side} on average"
    if parts.variation >= MOST:
        return f", mostly because the run moves too {'much' if misfit.swing > 0 else 'little'}"
    if parts.covariation >= MOST:
        return "; level and size of movement are about right, single points are not"
    return "; level, movement and single points each have a part in it"


def _beaten(misfit: Misfit) -> str:
    """Return that the run says less than a constant would, where that is so."""
    if misfit.fit.points < MANY or not misfit.off >= misfit.flat > 0:
        return ""
    return ". A constant at the mean of the measurements would miss by no more"


def cases_chapter(draft: Draft) -> Section | None:
    """Return the chapter; None for a model without cases."""
    if not draft.case_runs:
        return None
    found = [(case, run, misfits(run, case, fits)) for case, run, fits in draft.case_runs]
    blocks: list[Block] = [Paragraph(_reading()), _overview(found)]
    for place, (case, run, measured) in enumerate(found, start=1):
        blocks += _case(draft, place, case, run, measured)
    return Section(
        id="cases",
        title="Real cases against data",
        lead=(
            "A case is a real place and period: what is on record there is given to the model, and "
            "what the model then does is set against what was measured."
        ),
        blocks=tuple(blocks),
    )


def _reading() -> Words:
    close, near, rough = (share(most) for most, _ in JUDGED)
    return (
        "How far off a run is, is its typical miss (the root mean square error) as a share of the "
        "mean size of what was measured. Up to ",
        f"{close} it is called ", Text("close", "bold"), f", up to {near} ", Text("near", "bold"),
        f", up to {rough} ", Text("rough", "bold"), ", beyond that ", Text("far off", "bold"),
        ". These words judge the distance only: whether it matters depends on the question, and "
        "some series are given to the model or measured with large errors themselves.",
    )  # fmt: skip


def _overview(found: list[tuple[Case, Run, list[Misfit]]]) -> Table:
    words = [*(word for _, word in JUDGED), FAR]
    rows: list[tuple[Words, ...]] = [
        (
            Text(case.title or case.name, link=f"#{_id(place)}"),
            f"{moment(case.start)} to {moment(case.stop)}",
            str(len(measured)),
            str(sum(one.fit.points for one in measured)),
            *(str(sum(one.judgement == word for one in measured)) for word in words),
        )
        for place, (case, _, measured) in enumerate(found, start=1)
    ]
    return Table(
        head=("case", "period", "series", "measurements", *words),
        rows=tuple(rows),
        caption="Cases, and how many of their measured series the run is how far from",
        numbers=tuple(range(2, 4 + len(words))),
    )


def _id(place: int) -> str:
    return f"cases-{place}"


def _case(draft: Draft, place: int, case: Case, run: Run, measured: list[Misfit]) -> list[Block]:
    from loopscope.analysis.reporting.case_charts import case_panels

    blocks: list[Block] = [Heading(case.title or case.name, _id(place))]
    if case.sentence:
        blocks.append(Paragraph(ticked(case.sentence)))
    if run.status != "ok":
        blocks.append(Note(f"The run failed: {run.status}."))
    if measured:
        what = f"case '{case.name}' and what was measured"
        file = draft.scene(case_panels(run, measured), f"case-{slug(case.name)}", what)
        names = joined(list(dict.fromkeys(one.fit.variable for one in measured)))
        blocks.append(
            Picture(
                file=file,
                alt=f"Time series of {names}: the run as a line, measurements as points.",
                caption=f"{case.title or case.name}: the run (line) and what was measured "
                "(points).",
            )
        )
        blocks.append(Bullets(tuple(_told(one) for one in measured)))
        blocks.append(Details("The figures behind these sentences", (_figures(measured),)))
    else:
        blocks.append(Paragraph("Nothing was measured that this case could be set against."))
    if case.fit:
        blocks.append(Details("What the author of the case says", (Paragraph(ticked(case.fit)),)))
    if measured:
        blocks.append(Details("Where the measurements are from", (_sources(case),)))
    return blocks


def _told(misfit: Misfit) -> Words:
    return (
        Text(misfit.fit.variable, "bold"),
        f", {misfit.fit.series} ({counted(misfit.fit.points, 'measurement')}): {meaning(misfit)}",
    )


def _figures(measured: list[Misfit]) -> Table:
    rows: list[tuple[Words, ...]] = [
        (
            one.fit.variable,
            one.fit.series,
            str(one.fit.points),
            number(one.fit.rmse),
            one.fit.units,
            number(one.fit.mape, 3),
            *(
                number(100 * part, 2)
                for part in (one.fit.theil.bias, one.fit.theil.variation, one.fit.theil.covariation)
            ),
        )
        for one in measured
    ]
    return Table(
        head=(
            "variable", "measured by", "points", "typical miss (RMSE)", "unit", "mean miss, %",
            "level, %", "movement, %", "single points, %",
        ),
        rows=tuple(rows),
        caption="Errors against each measured series. The last three columns split the squared "
        "error after Theil: U_m, U_s and U_c",
        numbers=(2, 3, 5, 6, 7, 8),
    )  # fmt: skip


def _sources(case: Case) -> Table:
    rows: list[tuple[Words, ...]] = [
        (
            one.series,
            one.variable,
            one.source,
            " ".join(part for part in (one.note, "" if one.fit else "Not used in a fit.") if part),
        )
        for one in case.observed
    ]
    return Table(
        head=("series", "variable", "source", "remark"),
        rows=tuple(rows),
        caption="Sources of the measurements",
    )
