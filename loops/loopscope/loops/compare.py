"""Every method beside every other: who dominates when, where they agree, and why they do not.

Stage 4 of 4.  In: loops and one run.  Out: ``Comparison``, one table and one picture.

Methods answer different questions, so they need not agree: what pushes now (LTM), which leg of
which loop bends a stock's path (pathway participation, impact), what would change a mode of the
linearised model (eigenvalue influence), what the run would be without a loop (knock-out).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.dominance import NONE, Period, periods
from loopscope.loops.methods import METHODS, refuse_none, score
from loopscope.loops.reasons import reason
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr
    from matplotlib.figure import Figure

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A method as it is compared: its name, its options and its title."""

    title: str
    method: str
    options: Mapping[str, Any] = field(default_factory=dict)


ASKED = {
    "ltm": Asked(title="LTM, continuous", method="ltm", options={"form": "continuous"}),
    "ltm discrete": Asked(title="LTM, discrete", method="ltm", options={"form": "discrete"}),
    **{
        name: Asked(title=METHODS[name].title, method=name)
        for name in ("influence", "pathway", "impact", "knockout", "behaviour")
    },
}
"""By the name under which it is asked for; the first is what the others are compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One period of one method; ``polarity`` is that of the leading loop."""

    method: str
    title: str
    start: float
    stop: float
    polarity: str
    loops: tuple[str, ...]
    share: float
    partition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Methods side by side, on one run.

    Attributes
    ----------
    rows
        Periods of dominance, method by method.
    scores
        By method: dims (time, loop).
    agreement
        By (method, method): share of the time in which both say something and name the same
        leading loop.
    common
        (start, stop, loop, methods): stretches in which most methods that say something name the
        same leading loop, and the methods that do so at some time of it.
    reasons
        Why the methods differ where they do, with the numbers behind each sentence.
    skipped
        Methods that cannot read this model or run, and why.
    """

    model: str
    time_units: str
    span: tuple[float, float]
    rows: tuple[Row, ...]
    scores: Mapping[str, xr.Dataset]
    agreement: Mapping[tuple[str, str], float]
    common: tuple[tuple[float, float, str, tuple[str, ...]], ...]
    reasons: tuple[str, ...]
    skipped: Mapping[str, str]

    def periods_of(self, method: str) -> tuple[Row, ...]:
        """Return the periods that one method tells of.

        Raises
        ------
        LoopError
            A method that was not compared.
        """
        if method not in self.scores:
            hint = did_you_mean(method, self.scores)
            why = self.skipped.get(method, "it was not asked for")
            msg = f"no periods of method '{method}': {why}{hint}"
            raise LoopError(msg)
        return tuple(row for row in self.rows if row.method == method)

    def sentences(self) -> list[str]:
        """Return agreement, reasons and what was left out, in words."""
        first = next(iter(self.scores))
        told = [
            f"{ASKED[other].title} names the same leading loop as {ASKED[one].title} in {part:.0%} "
            "of the time"
            for (one, other), part in self.agreement.items()
            if one == first
        ]
        told += [
            f"from {start:.6g} to {stop:.6g} most methods name {loop}: "
            + ", ".join(ASKED[name].title for name in names)
            for start, stop, loop, names in self.common
        ] or ["at no time do most methods name the same leading loop"]
        told += self.reasons
        told += [f"{ASKED[name].title} left out: {why}" for name, why in self.skipped.items()]
        return told

    def as_data(self) -> dict[str, Any]:
        """Return everything but the scores as plain values."""
        from dataclasses import asdict

        return {
            "model": self.model,
            "time_units": self.time_units,
            "rows": [asdict(row) for row in self.rows],
            "agreement": [
                {"methods": list(pair), "share": part} for pair, part in self.agreement.items()
            ],
            "common": [
                {"from": start, "to": stop, "loop": loop, "methods": list(names)}
                for start, stop, loop, names in self.common
            ],
            "reasons": list(self.reasons),
            "skipped": dict(self.skipped),
        }

    def figure(self) -> Figure:
        """Draw the periods of dominance, one row a method."""
        from loopscope.loops.pictures import called, timeline

        found = {
            ASKED[name].title: [
                Period(
                    start=row.start, stop=row.stop, polarity=row.polarity, loops=row.loops,
                    share=row.share, partition=row.partition,
                )
                for row in self.periods_of(name)
                if row.partition == 0
            ]
            for name in self.scores
        }  # fmt: skip
        title = f"{called(self.model)}: which loops dominate when, by method"
        return timeline(found, units=self.time_units, title=title, span=self.span)


def compare_methods(
    found: Loops,
    run: xr.Dataset | Along,
    methods: Sequence[str] | None = None,
    *,
    steps: xr.Dataset | None = None,
    shortest: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Score one run by several methods.

    Parameters
    ----------
    methods
        Of ``ASKED``; all by default.  A method that cannot read this model or run is left out and
        listed in ``skipped`` with its reason.
    steps
        The same run saved at every step, for the discrete form, where ``run`` is not.
    shortest
        Least length of a period, in the model's time unit; 2 % of the run by default.

    Raises
    ------
    LoopError
        An unknown method, a batch of runs, or no method that can read the run.

    Notes
    -----
    Knock-out and the behavioural test simulate again once a loop, and so take the most time.
    """
    from loopscope.loops.replay import Along, along

    names = _asked(methods)
    refuse_none(found)
    values = run if isinstance(run, Along) else along(found.graph, run)
    if values.runs is not None:
        msg = "methods are compared on one run: choose one with run.isel(run=...)"
        raise LoopError(msg)
    scores: dict[str, xr.Dataset] = {}
    skipped: dict[str, str] = {}
    rows: list[Row] = []
    for name in names:
        asked = ASKED[name]
        if progress is not None:
            progress(asked.title)
        try:
            if name == "ltm discrete" and steps is not None:
                dense = score(found, steps, asked.method, **asked.options)
                scores[name] = dense.sel(time=values.time, method="nearest")
            else:
                scores[name] = flat(score(found, values, asked.method, **asked.options))
        except LoopError as error:
            skipped[name] = str(error)
            continue
        rows += _rows(name, found, periods(scores[name], shortest=shortest))
    if not scores:
        msg = "no method can read this run: " + "; ".join(skipped.values())
        raise LoopError(msg)
    leaders = {name: leading(rows, name, values.time) for name in scores}
    first = next(iter(scores))
    reasons = [
        f"{ASKED[name].title} {text}"
        for name in list(scores)[1:]
        if (text := reason(name, found, values, scores[name], leaders[first], leaders[name]))
    ]
    return Comparison(
        model=found.graph.model.name,
        time_units=found.graph.model.clock.units,
        span=(float(values.time[0]), float(values.time[-1])),
        rows=tuple(rows),
        scores=scores,
        agreement=_agreement(leaders, values.time),
        common=_common(leaders, values.time),
        reasons=tuple(reasons),
        skipped=skipped,
    )


def _asked(methods: Sequence[str] | None) -> list[str]:
    if methods is None:
        return list(ASKED)
    if isinstance(methods, str):
        methods = [methods]
    for name in methods:
        if name not in ASKED:
            msg = f"no method named '{name}'{did_you_mean(str(name), ASKED)}; there are: "
            raise LoopError(msg + ", ".join(ASKED))
    if not methods:
        msg = f"no method was asked for; there are: {', '.join(ASKED)}"
        raise LoopError(msg)
    return list(dict.fromkeys(methods))


def _rows(name: str, found: Loops, told: Sequence[Period]) -> list[Row]:
    return [
        Row(
            method=name,
            title=ASKED[name].title,
            start=period.start,
            stop=period.stop,
            # The sign of a pathway or an impact is that of a behaviour, not of a loop.
            polarity=found[period.loops[0]].polarity if period.loops else NONE,
            loops=period.loops,
            share=period.share,
            partition=period.partition,
        )
        for period in told
    ]


def leading(rows: Sequence[Row], method: str, time: np.ndarray[Any, Any]) -> list[str]:
    """Return the leading loop of the largest partition at each time; "" where there is none."""
    told = [row for row in rows if row.method == method and row.partition == 0 and row.loops]
    found = []
    for moment in time:
        inside = [row.loops[0] for row in told if row.start <= moment < row.stop]
        found.append(inside[0] if inside else "")
    return found


def _agreement(
    leaders: Mapping[str, list[str]], time: np.ndarray[Any, Any]
) -> dict[tuple[str, str], float]:
    weights = np.append(np.diff(time), 0.0) if len(time) > 1 else np.ones(1)
    found = {}
    names = list(leaders)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            pairs = list(zip(leaders[one], leaders[other], strict=True))
            both = np.array([bool(a and b) for a, b in pairs])
            same = np.array([a == b for a, b in pairs])
            total = float((weights * both).sum())
            if total > 0:
                found[one, other] = float((weights * (both & same)).sum()) / total
    return found


def _common(
    leaders: Mapping[str, list[str]], time: np.ndarray[Any, Any]
) -> tuple[tuple[float, float, str, tuple[str, ...]], ...]:
    found: list[tuple[float, float, str, tuple[str, ...]]] = []
    for row in range(len(time) - 1):
        named = {name: loops[row] for name, loops in leaders.items() if loops[row]}
        for loop in sorted(set(named.values())):
            names = tuple(name for name, one in named.items() if one == loop)
            if len(names) < 2 or 2 * len(names) <= len(named):
                continue
            start, stop = float(time[row]), float(time[row + 1])
            if found and found[-1][1:3] == (start, loop):
                start, _, _, before = found.pop()
                names = tuple(name for name in leaders if name in {*before, *names})
            found.append((start, stop, loop, names))
    return tuple(found)


def flat(scores: xr.Dataset) -> xr.Dataset:
    """Return scores with dims (time, loop): of the mode that carries most of the change.

    Scores without modes are returned as they are.
    """
    if "mode" not in scores.dims:
        return scores
    from loopscope.loops.eigen.leading import leading_mode

    return leading_mode(scores)
