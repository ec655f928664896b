"""A settled study as a text: equal texts mean equal results.

In: what ``settle`` found.  Out: JSON with sorted keys, without title, folder or anything else that
results do not depend on; and back, the study that the text holds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loopscope.models.errors import StudyError, shown
from loopscope.models.names import key

if TYPE_CHECKING:
    from loopscope.analysis.study.metrics import SettledMetric
    from loopscope.analysis.study.records import Study
    from loopscope.analysis.study.settled import Settled
    from loopscope.models.distribution import Distribution
    from loopscope.models.scenario import Record, Scenario, Setting

FORMAT = 1
"""Changes where the same study would give other values."""


def text_of(settled: Settled) -> str:
    """Return the text of a study; its own ``text`` is not looked at."""
    return json.dumps(
        {
            "format": FORMAT,
            "study": _study(settled),
            "model": {"name": settled.model_name, "sha256": settled.model_sha256},
            "scenarios": [_given(one) for one in settled.scenarios],
            "case": _given(settled.case),
            "parameters": [
                _parameter(name, distribution)
                for name, distribution in zip(
                    settled.parameters, settled.distributions, strict=True
                )
            ],
            "catalogue": settled.catalogue,
            "base": settled.base,
            "design": settled.design_info,
        },
        sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"),
    )  # fmt: skip


def study_of(text: str) -> Study:
    """Return the study that a text holds, with distributions and times filled in.

    Raises
    ------
    StudyError
        Not such a text, or one of another format.
    """
    from loopscope.analysis.study.files import checked

    try:
        content = json.loads(text)
        number, study, parameters = (content[part] for part in ("format", "study", "parameters"))
    except (ValueError, KeyError, TypeError):
        msg = f"not the text of a settled study: {shown(text)}"
        raise StudyError(msg) from None
    if number != FORMAT:
        msg = f"the study was settled in format {shown(number)}; this version reads {FORMAT}"
        raise StudyError(msg)
    wanted = {one.pop("name"): one for one in parameters}
    for name, one in wanted.items():
        if one["kind"] == "fixed":  # the design gives the values
            wanted[name] = {}
    return checked(study | {"parameters": wanted}, "study")


def _study(settled: Settled) -> dict[str, Any]:
    study = settled.study
    plain: dict[str, Any] = {
        "model": settled.model_name, "scenarios": study.scenarios, "case": study.case,
        "set": {name: _setting(value) for name, value in settled.settings.items()},
        "initial": settled.initial, "runs": settled.runs, "seed": settled.seed,
        "start": settled.start, "stop": settled.stop, "dt": settled.dt,
        "saveper": settled.saveper, "method": settled.method, "series": settled.series,
        "precision": settled.precision, "design": study.design.model_dump(by_alias=True),
        "metrics": [_metric(one) for one in settled.metrics],
    }  # fmt: skip
    authored = {key(name): name for name in settled.parameters}
    plain["correlations"] = [
        {"between": sorted(authored[key(name)] for name in one.between), "rank": one.rank}
        for one in study.correlations
    ]
    if settled.loops:
        plain["loops"] = {"track": settled.loops, "every": settled.every}
    return plain


def _parameter(name: str, distribution: Distribution) -> dict[str, Any]:
    return {"name": name, **distribution.model_dump(by_alias=True)}


def _metric(metric: SettledMetric) -> dict[str, Any]:
    """Return a metric as a study has it."""
    plain: dict[str, Any] = {"name": metric.name, "metric": metric.metric}
    if metric.of:
        plain["of"] = metric.of
    if metric.loop:
        plain["loop"] = metric.loop
    if metric.level is not None:
        plain |= {"level": metric.level, "direction": metric.direction}
    if metric.at is not None:
        return plain | {"at": metric.at}
    return plain | {"from": metric.start, "to": metric.stop}


def _setting(value: Setting) -> Any:
    return value if isinstance(value, float) else _plain(value)


def _given(record: Scenario | None) -> dict[str, Any] | None:
    """Return what a scenario or a case gives to a run."""
    if record is None:
        return None
    return _plain(record, include={"name", "settings", "initial", "start", "stop"})


def _plain(record: Record, **chosen: Any) -> dict[str, Any]:
    return record.model_dump(mode="json", by_alias=True, exclude_defaults=True, **chosen)
