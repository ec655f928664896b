"""What a caller sets for a run, checked against the model.

Stage 5 of 5, before a run.  In: numbers, arrays, time paths and tables by name, from a scenario, a
case or a call.  Out: ``Overrides``, sorted by kind, under authored names.  Every mistake of the
caller ends here with a message that names the value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.models.errors import RunError, shown

if TYPE_CHECKING:
    from loopscope.models.case import Case
    from loopscope.models.engine.prepared import Facts, Prepared
    from loopscope.models.scenario import Scenario, TimePath

Numbers = NDArray[np.float64]
Table = tuple[tuple[float, float], ...]


@dataclass(slots=True)
class Overrides:
    """Settings by authored name.

    Attributes
    ----------
    numbers
        One value for all runs and times.
    arrays
        One value a run, dims (run,).
    paths
        A value for each time, the same for all runs.
    starts
        Start values of stocks: a number or dims (run,).
    tables
        Points of lookups.
    """

    numbers: dict[str, float] = field(default_factory=dict)
    arrays: dict[str, Numbers] = field(default_factory=dict)
    paths: dict[str, TimePath] = field(default_factory=dict)
    starts: dict[str, float | Numbers] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)

    @property
    def runs(self) -> int | None:
        """Number of runs the arrays ask for; None when there is no array.

        Raises
        ------
        RunError
            Arrays of different lengths.
        """
        sizes = {name: len(values) for name, values in self.arrays.items()}
        for name, start in self.starts.items():
            if isinstance(start, np.ndarray):
                sizes[name] = len(start)
        if len(set(sizes.values())) > 1:
            text = ", ".join(f"'{name}' has {size}" for name, size in sizes.items())
            msg = f"arrays of values must have one length, one value a run: {text}"
            raise RunError(msg)
        return next(iter(sizes.values()), None)

    def set(self, name: str, value: float | Numbers | TimePath) -> None:
        """Set a variable, replacing what was set before."""
        for kind in (self.numbers, self.arrays, self.paths):
            kind.pop(name, None)
        if isinstance(value, float):
            self.numbers[name] = value
        elif isinstance(value, np.ndarray):
            self.arrays[name] = value
        else:
            self.paths[name] = value


def collect(
    prepared: Prepared,
    *,
    case: Case | None = None,
    scenario: Scenario | None = None,
    parameters: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    lookups: Mapping[str, Any] | None = None,
) -> Overrides:
    """Return all settings of a run; later arguments replace earlier ones.

    Raises
    ------
    UnknownNameError
        A name that the model does not have.
    RunError
        A value that cannot be used: text, NaN, infinity, units, the wrong shape.
    """
    found = Overrides()
    given = {"parameters": parameters, "initial": initial, "lookups": lookups}
    for what, settings in given.items():
        if settings is not None and not hasattr(settings, "items"):
            msg = f"{what} must be values by name, got {shown(settings)}"
            raise RunError(msg)
    for record in (case, scenario):
        if record is not None:
            for name, value in record.settings.items():
                _set_variable(found, prepared, name, value)
            for name, value in record.initial.items():
                _set_start(found, prepared, name, value)
    _once(prepared, parameters or {}, "variable")
    for name, value in (parameters or {}).items():
        _set_variable(found, prepared, name, value)
    for name, value in (lookups or {}).items():
        facts = prepared.find(name, "lookup")
        if facts.kind != "lookup":
            msg = f"'{facts.name}' is a {facts.kind}, not a lookup; set it through parameters="
            raise RunError(msg)
        found.tables[facts.name] = _table(facts, value)
    for name, value in (initial or {}).items():
        _set_start(found, prepared, name, value)
    for name in {*found.numbers, *found.arrays, *found.paths}:
        found.starts.pop(name, None)  # a stock that is held starts at what it is held at
    return found


def plain_number(value: object) -> float | None:
    """Return a real number as a float; None for anything else: text, truth values, dates ...

    Examples
    --------
    >>> plain_number(3), plain_number("3"), plain_number(True)
    (3.0, None, None)
    """
    if getattr(value, "ndim", None) == 0:
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        value = getattr(value, "item", lambda: None)() if kind in "iuf" else None
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _once(prepared: Prepared, settings: Mapping[str, Any], what: str) -> None:
    """Refuse one variable under two spellings, of which one would be lost."""
    spelled: dict[str, str] = {}
    for name in settings:
        authored = prepared.find(name, what).name
        if authored in spelled:
            msg = f"'{authored}' is set twice, as '{spelled[authored]}' and as '{name}'; keep one"
            raise RunError(msg)
        spelled[authored] = name


def _set_variable(found: Overrides, prepared: Prepared, name: str, value: Any) -> None:
    facts = prepared.find(name)
    if facts.name in prepared.structural:
        msg = f"'{facts.name}' cannot be overridden: {prepared.structural[facts.name]}"
        raise RunError(msg)
    if facts.kind == "lookup":
        found.tables[facts.name] = _table(facts, value)
        return
    found.set(facts.name, _value(facts, value))


def _set_start(found: Overrides, prepared: Prepared, name: str, value: Any) -> None:
    facts = prepared.find(name, "stock")
    if facts.kind != "stock":
        msg = (
            f"'{facts.name}' is a {facts.kind}, so it has no start value of its own; "
            f"set it through parameters="
        )
        raise RunError(msg)
    start = _value(facts, value)
    if not isinstance(start, float | np.ndarray):
        msg = f"the start value of '{facts.name}' must be a number or one number a run"
        raise RunError(msg)
    found.starts[facts.name] = start


def _value(facts: Facts, value: Any) -> float | Numbers | TimePath:
    """Return a setting as a number, one number a run, or a time path."""
    number = plain_number(value)
    if number is not None:
        return _finite(facts, number)
    if isinstance(value, str):
        raise RunError(_text_message(facts, value))
    index = getattr(value, "index", None)
    if index is not None and hasattr(value, "to_numpy"):  # a pandas Series over time
        return _points(facts, index.to_numpy(), value.to_numpy())
    if getattr(value, "dims", None) == ("time",):  # an xarray DataArray over time
        if "time" not in value.coords:
            msg = f"'{facts.name}' is given over time but without times; add a 'time' coordinate"
            raise RunError(msg)
        return _points(facts, value["time"].to_numpy(), value.to_numpy())
    if isinstance(value, Sequence) or getattr(value, "ndim", 0) > 0:
        return _array(facts, value)
    from loopscope.models.scenario import Constant, as_setting

    setting = as_setting(value, f"'{facts.name}'")
    if isinstance(setting, Constant):
        return setting.value
    return setting


def _finite(facts: Facts, value: float) -> float:
    if not math.isfinite(value):
        msg = f"'{facts.name}' must be a finite number, got {value}"
        raise RunError(msg)
    return value


def _text_message(facts: Facts, value: str) -> str:
    unit = f" ({facts.units})" if facts.units else ""
    number = value.strip().split(maxsplit=1)[0] if value.strip() else ""
    try:
        float(number)
    except ValueError:
        return f"'{facts.name}' must be a number, got '{value}'"
    if number == value.strip():
        return f"'{facts.name}' must be a number, got the text '{value}'"
    return (
        f"'{facts.name}' must be a plain number in the model's own unit{unit}; "
        f"got '{value}', so write {number} if that is the unit you mean"
    )


def _plain_numbers(value: Any) -> Numbers | None:
    """Return an array of numbers; None when something in it is no number."""
    try:
        given = np.asarray(value)
    except (TypeError, ValueError):  # rows of different lengths
        return None
    if given.dtype.kind == "O":
        parts = [plain_number(part) for part in given.flat]
        known = [part for part in parts if part is not None]
        return np.reshape(known, given.shape) if len(known) == len(parts) else None
    if given.size and (given.dtype.kind not in "iuf" or np.ma.is_masked(value)):
        return None
    return np.array(given, dtype=np.float64)


def _array(facts: Facts, value: Any) -> Numbers:
    numbers = _plain_numbers(value)
    if numbers is None:
        msg = f"'{facts.name}' must be numbers, one a run; got {shown(value)}"
        raise RunError(msg)
    if numbers.ndim != 1 or not len(numbers):
        msg = f"'{facts.name}' must have one value a run, got an array of shape {numbers.shape}"
        raise RunError(msg)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if len(wrong):
        msg = (
            f"'{facts.name}' must be finite in every run; "
            f"run {wrong[0]} has {numbers[wrong[0]]} ({len(wrong)} such runs)"
        )
        raise RunError(msg)
    return numbers


def _points(facts: Facts, times: Any, values: Any) -> TimePath:
    from loopscope.models.scenario import as_setting

    plain = {"times": np.asarray(times), "values": np.asarray(values)}
    for what, column in plain.items():
        if column.ndim != 1 or column.dtype.kind not in "iuf":
            msg = f"'{facts.name}': its {what} must be plain numbers, got {shown(column)}"
            raise RunError(msg)
    plain = {what: column.tolist() for what, column in plain.items()}
    setting = as_setting(plain, f"'{facts.name}'")
    assert not isinstance(setting, float)
    return setting  # type: ignore[return-value]


def _table(facts: Facts, value: Any) -> Table:
    """Return points (x, y) with x ascending, from pairs or from a pair of sequences."""
    try:
        points = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty((0, 0))
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        msg = f"lookup '{facts.name}' must be given as points [(x, y), ...], got {shown(value)}"
        raise RunError(msg)
    if not np.isfinite(points).all():
        msg = f"lookup '{facts.name}' has a point that is not finite"
        raise RunError(msg)
    if (np.diff(points[:, 0]) < 0).any():
        msg = f"lookup '{facts.name}' must have its x ascending, got {points[:, 0].tolist()}"
        raise RunError(msg)
    return tuple((float(x), float(y)) for x, y in points)
