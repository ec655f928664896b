"""Named overrides and time paths: scenarios, from TOML.

Stage 5 of 5, before a run.  In: ``scenarios.toml`` beside a model, or plain mappings.
Out: checked records.  Names are checked against the model only when a run is set up.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from loopscope.models.errors import ReadError, RunError, UnknownNameError, did_you_mean, shown
from loopscope.models.expectation import Expectation  # noqa: TC001  pydantic reads it
from loopscope.models.names import key

Numbers = NDArray[np.float64]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Record(BaseModel):
    """What every record of these files has: no unknown field, no later change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Named(Record):
    """A record that is found by its name."""

    name: str


class Change(Record):
    """Another value from a time on: ``default`` before ``start``, then ``value``.

    ``ramp`` time units lead to it in a straight line; at ``to`` the default comes back.
    """

    value: Finite
    start: Finite = Field(alias="from")
    to: Finite = math.inf
    ramp: Annotated[Finite, Field(ge=0)] = 0.0
    source: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Change:
        if self.to <= self.start:
            msg = f"a path must end after it starts; got from = {self.start:g}, to = {self.to:g}"
            raise ValueError(msg)
        return self

    def at(self, times: Numbers, default: float) -> Numbers:
        """Return the values at some times, dims (time,), in the unit of the variable."""
        near = _tolerance(times)
        passed = (times - self.start) / self.ramp if self.ramp else np.inf
        share = np.where(times >= self.start - near, np.clip(passed, 0.0, 1.0), 0.0)
        share = np.where(times >= self.to - near, 0.0, share)
        return default + share * (self.value - default)


class Pulses(Record):
    """``pulse`` during ``lasts`` from ``start`` on, again each ``every``, the default between."""

    pulse: Finite
    start: Finite
    lasts: Annotated[Finite, Field(gt=0)]
    every: Annotated[Finite, Field(gt=0)] | None = None
    until: Finite = math.inf
    source: str = ""

    def at(self, times: Numbers, default: float) -> Numbers:
        """Return the values at some times, dims (time,), in the unit of the variable."""
        near = _tolerance(times)
        since = times - self.start + near
        phase = since if self.every is None else np.mod(since, self.every)
        on = (since >= 0) & (phase < self.lasts) & (times < self.until - near)
        return np.where(on, self.pulse, default)


class Points(Record):
    """Values at given times, held beyond both ends; straight lines or steps between."""

    times: tuple[Finite, ...] = Field(min_length=1)
    values: tuple[Finite, ...]
    between: Literal["linear", "step"] = "linear"
    source: str = ""

    @model_validator(mode="after")
    def _matched(self) -> Points:
        if len(self.times) != len(self.values):
            msg = f"{len(self.times)} times but {len(self.values)} values"
            raise ValueError(msg)
        wrong = [b for a, b in zip(self.times, self.times[1:], strict=False) if b <= a]
        if wrong:
            msg = f"times must increase; {wrong[0]:g} does not"
            raise ValueError(msg)
        return self

    def at(self, times: Numbers, default: float) -> Numbers:
        """Return the values at some times, dims (time,), in the unit of the variable."""
        known, values = np.asarray(self.times), np.asarray(self.values)
        if self.between == "linear":
            return np.asarray(np.interp(times, known, values), dtype=np.float64)
        row = np.searchsorted(known, times + _tolerance(times), side="right") - 1
        return np.asarray(values[np.clip(row, 0, None)], dtype=np.float64)


class Constant(Record):
    """One number, with where it comes from."""

    value: Finite
    source: str = ""


TimePath = Change | Pulses | Points
Setting = float | Constant | TimePath


def _tolerance(times: Numbers) -> Numbers:
    return 1e-9 * np.maximum(1.0, np.abs(times))


def reached(setting: Setting) -> tuple[float, ...]:
    """Return the values that a setting gives, without the default it falls back to.

    Examples
    --------
    >>> reached(Pulses(pulse=2.0, start=1.0, lasts=1.0))
    (2.0,)
    """
    if isinstance(setting, Points):
        return setting.values
    if isinstance(setting, Pulses):
        return (setting.pulse,)
    return (setting.value if isinstance(setting, Change | Constant) else float(setting),)


def as_setting(value: Any, what: str) -> Setting:
    """Return a number or a mapping as a checked setting.

    Raises
    ------
    RunError
        Not a number and not one of the known kinds of path; the message says what is wrong.
    """
    if isinstance(value, Constant | Change | Pulses | Points):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | dict):
        msg = f"{what}: expected a number or a time path, got {shown(value)}"
        raise RunError(msg)
    if not isinstance(value, dict):
        if not math.isfinite(value):
            msg = f"{what}: must be a finite number, got {value}"
            raise RunError(msg)
        return float(value)
    kind: type[Constant | Change | Pulses | Points]
    if "pulse" in value:
        kind = Pulses
    elif "times" in value:
        kind = Points
    elif "from" in value or "start" in value:
        kind = Change
    elif "value" in value:
        kind = Constant
    else:
        msg = (
            f"{what}: a time path needs 'value' and 'from', or 'pulse', 'start' and 'lasts', or "
            f"'times' and 'values'; got {', '.join(map(repr, value)) or 'nothing'}"
        )
        raise RunError(msg)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise RunError(f"{what}: {first_fault(error)}") from None  # noqa: EM102


class Scenario(Named):
    """A named set of overrides.

    Attributes
    ----------
    extends
        Another scenario whose settings hold here too, unless set again; it is what this one is
        to be compared with.  Empty: the model as it is.
    settings
        Constants (or any other variable, which is then held) by name.
    initial
        Start values of stocks by name.
    expected
        What its run is expected to show, in a form that ``check`` evaluates.
    """

    extends: str = ""
    title: str = ""
    sentence: str = ""
    expect: str = ""
    claims: tuple[str, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict, alias="set")
    initial: dict[str, Any] = Field(default_factory=dict)
    expected: tuple[Expectation, ...] = ()

    @model_validator(mode="after")
    def _checked(self) -> Scenario:
        for part in (self.settings, self.initial):
            for name, value in part.items():
                part[name] = as_setting(value, f"'{name}' in '{self.name}'")
        return self


Kind = TypeVar("Kind", bound=Scenario)


def first_fault(error: ValidationError) -> str:
    """Return the first thing wrong in one line."""
    found = error.errors()[0]
    place = ".".join(str(part) for part in found["loc"])
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        message = "not a known field"
    return f"{place}: {message}" if place else message


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds; nothing when there is no such file.

    Raises
    ------
    ReadError
        The file is there, but cannot be read as TOML.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path.name}: not readable as TOML: {error}"
        raise ReadError(msg) from None
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ReadError(msg) from None


def read_records(path: Path, table: str, kind: type[Named]) -> dict[str, Any]:
    """Return the checked records of a table of a TOML file by key, in file order.

    Raises
    ------
    ReadError
        Not readable, or as ``records_of``.
    """
    return records_of(read_toml(path), table, kind, path.name)


def records_of(content: dict[str, Any], table: str, kind: type[Named], file: str) -> dict[str, Any]:
    """Return the checked records of a table by key, in file order.

    Raises
    ------
    ReadError
        A record that is not as it should be, or two of one name.
    """
    records: dict[str, Any] = {}
    for number, entry in enumerate(content.get(table, []), start=1):
        label = entry.get("name", f"number {number}") if isinstance(entry, dict) else number
        try:
            record = kind.model_validate(entry)
        except ValidationError as error:
            msg = f"{file}, {table} '{label}': {first_fault(error)}"
            raise ReadError(msg) from None
        except RunError as error:
            msg = f"{file}: {error}"
            raise ReadError(msg) from None
        if key(record.name) in records:
            msg = f"{file}: two {table}s are named '{record.name}'"
            raise ReadError(msg)
        records[key(record.name)] = record
    return records


def beside(model_path: str | Path, name: str) -> Path:
    """Return ``<model>.<name>`` if it is there, else ``<name>`` in the model's folder."""
    path = Path(model_path)
    own = path.with_name(f"{path.stem}.{name}")
    return own if own.exists() else path.with_name(name)


def scenarios(model_path: str | Path) -> dict[str, Scenario]:
    """Return the scenarios that come with a model, by name, in file order.

    They stand in ``<model>.scenarios.toml`` or ``scenarios.toml`` beside the model file.
    """
    path = beside(model_path, "scenarios.toml")
    found = read_records(path, "scenario", Scenario)
    return {record.name: _extended(record, found, path.name) for record in found.values()}


def _extended(record: Scenario, known: dict[str, Any], file: str) -> Scenario:
    """Return a scenario with what it extends filled in."""
    chain = [record]
    while chain[-1].extends:
        name = chain[-1].extends
        following = known.get(key(name))
        if following is None:
            hint = did_you_mean(name, [other.name for other in known.values()])
            msg = f"{file}: '{chain[-1].name}' extends '{name}', which does not exist{hint}"
            raise ReadError(msg)
        if following in chain:
            circle = " extends ".join(f"'{one.name}'" for one in (*chain, following))
            msg = f"{file}: scenarios extend each other in a circle: {circle}"
            raise ReadError(msg)
        chain.append(following)
    settings: dict[str, Any] = {}
    initial: dict[str, Any] = {}
    for one in reversed(chain):
        settings |= one.settings
        initial |= one.initial
    return record.model_copy(update={"settings": settings, "initial": initial})


def choose(name: str, known: dict[str, Kind], what: str) -> Kind:
    """Return the record of that name, forgiving case, spaces and underscores.

    Raises
    ------
    UnknownNameError
        No such scenario or case; the message names the nearest, or all when they are few.
    """
    for record in known.values():
        if key(record.name) == key(name):
            return record
    hint = did_you_mean(name, known)
    if not hint:
        hint = "; known: " + ", ".join(known) if known else f"; this model has no {what}s"
    msg = f"no {what} named '{name}'{hint}"
    raise UnknownNameError(msg)
