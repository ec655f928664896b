"""What a study keeps of each run: series, shares of loops, metrics.

In: a study and its model.  Out: authored names, ids of loops and settled metrics; anything that the
model does not have, or that lies outside the run, is refused.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from loopscope.analysis.study.metrics import Crossing, SettledMetric, Share, Taken, Windowed
from loopscope.analysis.study.settled import model_of
from loopscope.models.engine.clock import times
from loopscope.models.errors import LoopError, RunError, StudyError, did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from loopscope.analysis.study.metrics import Metric
    from loopscope.analysis.study.records import Study
    from loopscope.models.engine.clock import Times
    from loopscope.models.engine.prepared import Facts, Prepared
    from loopscope.models.model import Model

RESERVED = (
    "coverage", "failed_at", "failed_in", "inputs", "loop", "loop_name", "loop_time", "parameter",
    "partition", "polarity", "relative", "run", "scenario", "state", "time", "unit",
)  # fmt: skip
"""Names that a Dataset of a sweep needs for itself."""

MOST_LOOPS = 100
"""Loops that "all" tracks at most."""


def label_of(name: str) -> str:
    """Return the name of a series in a Dataset: a ``_`` behind it where the Dataset needs it.

    Examples
    --------
    >>> label_of("state"), label_of("legal migrants")
    ('state_', 'legal migrants')
    """
    return f"{name}_" if name in RESERVED else name


def series_of(prepared: Prepared, study: Study) -> tuple[str, ...]:
    """Return the authored names of the series to keep.

    Raises
    ------
    UnknownNameError, StudyError
        No such variable; a lookup; one named twice.
    """
    found: list[str] = []
    for name in study.series:
        facts = _over_time(prepared, name, "series")
        if facts.name in found:
            msg = f"series: '{facts.name}' is named twice"
            raise StudyError(msg)
        found.append(facts.name)
    return tuple(found)


def every_of(study: Study, when: Times, saveper: float) -> tuple[float, Times]:
    """Return the time between two stored shares, and the times at which they are stored.

    Raises
    ------
    StudyError
        Not a whole number of steps.
    """
    every = study.loops.every if study.loops is not None else None
    if every is None:
        return saveper, when
    try:
        return every, times(when.start, when.stop, when.step, every, asked=True)
    except RunError as error:
        msg = f"loops: {error}".replace("saveper", "every")
        raise StudyError(msg) from None


def loops_of(source: Model | Path, study: Study) -> tuple[str, ...]:
    """Return the ids of the loops to track; none where the study has no table of loops.

    Raises
    ------
    StudyError
        A model that names no loops, one without loops, too many, or an unknown id.
    """
    if study.loops is None:
        return ()
    from loopscope.loops.catalogue import catalogue

    model = model_of(source)
    known = catalogue(model)
    named = tuple(one.id for one in known.loops) if known is not None else ()
    asked = study.loops.track
    if asked == "named":
        if not named:
            msg = (
                f'loops: {model.name} names no loops (loops.toml); write track = "all", or ids '
                "that 'loopscope loops' lists"
            )
            raise StudyError(msg)
        return named
    if asked == "all":
        return _all(model)
    by_key = {key(one): one for one in named}
    if any(key(one) not in by_key for one in asked):
        by_key |= _found(model, asked, named)
    ids = tuple(by_key[key(one)] for one in asked)
    twice = next((one for n, one in enumerate(ids) if one in ids[:n]), None)
    if twice is not None or not ids:
        msg = f"loops: '{twice}' is tracked twice" if ids else "loops: track names no loop"
        raise StudyError(msg)
    return ids


def named_loops(source: Model | Path) -> str:
    """Return a hash of what the ids of loops rest on in a model's ``loops.toml``; "" without it."""
    from loopscope.loops.catalogue import catalogue

    known = catalogue(model_of(source))
    if known is None:
        return ""
    paths = [(one.id, one.path) for one in known.loops]
    plain = repr((known.view, sorted(known.off.items()), paths))
    return hashlib.sha256(plain.encode()).hexdigest()


def _all(model: Model) -> tuple[str, ...]:
    from loopscope import loops

    found = loops.find(model)
    if not len(found) or len(found) > MOST_LOOPS:
        many = f"{len(found):,} loops, more than {MOST_LOOPS}; name some" if len(found) else "none"
        msg = f'loops: track = "all", but {model.name} has {many}'
        raise StudyError(msg)
    return tuple(loop.id for loop in found)


def _found(model: Model, asked: Sequence[str], named: Sequence[str]) -> dict[str, str]:
    """Return the ids of loops that have no name, by key."""
    from loopscope import loops

    found = loops.find(model)
    ids = {}
    for one in asked:
        try:
            ids[key(one)] = found[one.upper() if one not in named else one].id
        except LoopError:
            hint = did_you_mean(one, named) or "; 'loopscope loops' lists them"
            msg = f"loops: {model.name} has no loop '{one}'{hint}"
            raise StudyError(msg) from None
    return ids


def metrics_of(
    prepared: Prepared, study: Study, loops: Sequence[str], when: Times
) -> tuple[SettledMetric, ...]:
    """Return the metrics of a study with names, times and units filled in.

    Raises
    ------
    UnknownNameError, StudyError
        A name that clashes; an unknown variable or loop; a lookup; times outside the run; metrics
        of loops where none are tracked.
    """
    return tuple(_metric(prepared, metric, loops, when) for metric in study.metrics)


def _metric(prepared: Prepared, metric: Metric, loops: Sequence[str], when: Times) -> SettledMetric:
    where = f"metric '{metric.name}'"
    taken = {key(name): name for name in (*prepared.variables, *RESERVED)}
    if key(metric.name) in taken:
        other = taken[key(metric.name)]
        what = "variable of the model" if other in prepared.variables else "part of every result"
        msg = f"{where}: '{other}' is also a {what}; give the metric another name"
        raise StudyError(msg)
    start, stop, at = when.start, when.stop, getattr(metric, "at", None)
    if isinstance(metric, Windowed):
        start = _inside(metric.start, start, when, f"{where}: from")
        stop = _inside(metric.stop, stop, when, f"{where}: to")
    if at is not None:
        at = _inside(at, at, when, f"{where}: at")
    time_units = prepared.clock["units"]
    if isinstance(metric, Taken | Crossing):
        facts = _over_time(prepared, metric.of, where)
        return SettledMetric(
            name=metric.name, metric=metric.metric, start=start, stop=stop, of=facts.name,
            units=_units(metric.metric, facts.units, time_units),
            level=metric.level if isinstance(metric, Crossing) else None,
            direction=metric.direction if isinstance(metric, Crossing) else "either",
        )  # fmt: skip
    if not loops:
        msg = f"{where}: '{metric.metric}' is a metric of loops; add a table [loops]"
        raise StudyError(msg)
    return SettledMetric(
        name=metric.name, metric=metric.metric, start=start, stop=stop, at=at,
        loop=_loop(metric.loop, loops, where) if isinstance(metric, Share) else "",
        units=time_units if metric.metric in ("first shift", "last shift") else "1",
    )  # fmt: skip


def _units(metric: str, own: str, time: str) -> str:
    if metric in ("count", "mode"):
        return "1"
    if metric in ("time of min", "time of max", "crossing", "last crossing", "period"):
        return time
    return f"{own or '1'}*{time}" if metric == "total" else own


def _loop(name: str, loops: Sequence[str], where: str) -> str:
    for one in loops:
        if key(one) == key(name):
            return one
    hint = did_you_mean(name, loops) or f"; tracked are: {', '.join(loops)}"
    msg = f"{where}: loop '{name}' is not tracked{hint}"
    raise StudyError(msg)


def _inside(asked: float | None, default: float, when: Times, where: str) -> float:
    if asked is None:
        return default
    near = 1e-9 * max(1.0, abs(asked))
    if not when.start - near <= asked <= when.stop + near:
        msg = f"{where} = {asked:g} lies outside the run, {when.start:g} to {when.stop:g}"
        raise StudyError(msg)
    return asked


def _over_time(prepared: Prepared, name: str, where: str) -> Facts:
    facts = prepared.find(name, f"variable ({where})")
    if facts.kind == "lookup":
        msg = f"{where}: '{facts.name}' is a lookup: it has no value over time"
        raise StudyError(msg)
    return facts
