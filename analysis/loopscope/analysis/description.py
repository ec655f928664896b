"""What a model holds, as plain values.

In: a model.  Out: a ``Description`` of the whole, or ``VariableFacts`` of one variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopscope.analysis.highlights import highlights
from loopscope.analysis.runs import file_of
from loopscope.models.case import cases
from loopscope.models.scenario import Scenario, scenarios

if TYPE_CHECKING:
    from pathlib import Path

    from loopscope.models.model import AnyVariable, Model

Limits = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFacts:
    """When the model runs and how, as its file says; None where it is computed in a run."""

    start: float | None
    stop: float | None
    dt: float | None
    saveper: float | None
    units: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFacts:
    """A stock with the names of its flows."""

    name: str
    units: str
    inflows: tuple[str, ...]
    outflows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterFacts:
    """A constant with its declared range; None where open."""

    name: str
    units: str
    value: float
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFacts:
    """A scenario or case with its settings in words."""

    name: str
    title: str
    sentence: str
    expect: str
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A model in outline."""

    name: str
    title: str
    path: str
    counts: dict[str, int]
    time: TimeFacts
    groups: tuple[str, ...]
    stocks: tuple[StockFacts, ...]
    parameters: tuple[ParameterFacts, ...]
    scenarios: tuple[ScenarioFacts, ...]
    cases: tuple[ScenarioFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableFacts:
    """One variable: ``equation`` of a stock is its rate of change; ``points`` of a lookup."""

    name: str
    kind: str
    units: str
    documentation: str
    group: str
    limits: Limits
    equation: str
    initial: str | None
    points: tuple[tuple[float, float], ...]
    depends: tuple[str, ...]
    used_by: tuple[str, ...]


def loaded(model: Model | str | Path) -> Model:
    """Return a model, read if it is given by name or path."""
    from loopscope.models.model import Model as Record
    from loopscope.models.source import load

    return model if isinstance(model, Record) else load(model)


def describe(model: Model | str | Path) -> Description:
    """Describe a model.

    Raises
    ------
    LoopscopeError
        As ``loopscope.models.load``.
    """
    model = loaded(model)
    path = file_of(model)
    clock = model.clock
    times = [
        getattr(model.variables.get(name), "value", None)
        for name in (clock.initial_time, clock.final_time, clock.time_step, clock.saveper)
    ]
    counts = {
        "stocks": len(model.stocks),
        "flows": len(model.flows),
        "auxiliaries": len(model.auxiliaries),
        "parameters": len(model.parameters),
        "lookups": len(model.lookups),
    }
    return Description(
        name=model.name,
        title=highlights(model.name).title,
        path=model.path,
        counts=counts,
        time=TimeFacts(
            start=times[0],
            stop=times[1],
            dt=times[2],
            saveper=times[3] if times[3] is not None else times[2],
            units=clock.units,
            method=clock.method,
        ),
        groups=tuple(dict.fromkeys(v.group for v in model if v.group)),
        stocks=tuple(
            StockFacts(name=s.name, units=s.units, inflows=s.inflows, outflows=s.outflows)
            for s in model.stocks
        ),
        parameters=tuple(
            ParameterFacts(name=p.name, units=p.units, value=p.value, limits=p.limits)
            for p in model.parameters
        ),
        scenarios=tuple(_record(record) for record in scenarios(path).values()),
        cases=tuple(_record(record) for record in cases(path).values()),
    )


def _record(record: Scenario) -> ScenarioFacts:
    return ScenarioFacts(
        name=record.name,
        title=record.title,
        sentence=record.sentence,
        expect=record.expect,
        settings=tuple(f"{name} = {in_words(value)}" for name, value in record.settings.items())
        + tuple(f"{name} starts at {in_words(value)}" for name, value in record.initial.items()),
    )


def in_words(setting: Any) -> str:
    """Return a setting as a short phrase.

    Examples
    --------
    >>> from loopscope.models.scenario import as_setting
    >>> in_words(as_setting({"value": 0.6, "from": 2010}, "border"))
    '0.6 from 2010'
    >>> in_words(as_setting({"pulse": 0.9, "start": 2010, "lasts": 0.75, "every": 5}, "amnesty"))
    '0.9 for 0.75 from 2010, every 5'
    """
    if isinstance(setting, int | float):
        return f"{setting:g}"
    if hasattr(setting, "pulse"):
        every = "" if setting.every is None else f", every {setting.every:g}"
        until = "" if setting.until == float("inf") else f", until {setting.until:g}"
        return f"{setting.pulse:g} for {setting.lasts:g} from {setting.start:g}{every}{until}"
    if hasattr(setting, "times"):
        first = f"{setting.values[0]:g} at {setting.times[0]:g}"
        last = f"{setting.values[-1]:g} at {setting.times[-1]:g}"
        return f"{first} to {last}, {len(setting.times)} points"
    if not hasattr(setting, "start"):
        return f"{setting.value:g}"
    ramp = f" over {setting.ramp:g}" if setting.ramp else ""
    back = "" if setting.to == float("inf") else f" to {setting.to:g}"
    return f"{setting.value:g} from {setting.start:g}{back}{ramp}"


def of_variable(model: Model | str | Path, name: str) -> VariableFacts:
    """Describe one variable.

    Raises
    ------
    UnknownNameError
        No such variable; the message names the nearest.
    """
    model = loaded(model)
    found = model.find(name)
    equation, initial, points = _written(found)
    return VariableFacts(
        name=found.name,
        kind=type(found).__name__.lower(),
        units=found.units,
        documentation=" ".join(found.documentation.split()),
        group=found.group,
        limits=found.limits,
        equation=equation,
        initial=initial,
        points=points,
        depends=tuple(dict.fromkeys((*found.depends, *found.initial_depends))),
        used_by=tuple(
            v.name for v in model if found.name in v.depends or found.name in v.initial_depends
        ),
    )


def _written(found: AnyVariable) -> tuple[str, str | None, tuple[tuple[float, float], ...]]:
    """Return a variable's equation, start value and points."""
    from loopscope.models import model as records

    if isinstance(found, records.Stock):
        return f"d/dt = {found.rate}", str(found.initial), ()
    if isinstance(found, records.Auxiliary):
        return str(found.equation), None, ()
    if isinstance(found, records.Parameter):
        return f"{found.value:g}", None, ()
    return "", None, tuple(zip(found.x, found.y, strict=True))
