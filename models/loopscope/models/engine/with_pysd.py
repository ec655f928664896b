"""Simulation by PySD: the explicit way for models that the native engine refuses.

Stage 5 of 5.  In: a model file that the caller trusts.  Out: the same ``xarray.Dataset`` as
``simulate`` gives, arrays with their subscript ranges as dims.  PySD generates Python from the
file and runs it; that happens in a temporary folder, and only here.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.engine.clock import times
from loopscope.models.engine.overrides import plain_number
from loopscope.models.engine.request import clock_of, named
from loopscope.models.errors import ReadError, RunError, UnknownNameError, did_you_mean, shown
from loopscope.models.names import key
from loopscope.models.notebook.datasets import offer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    import pandas as pd
    import xarray as xr

    from loopscope.models.engine.request import Request
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario, Setting

CLOCK = {"start": "initial time", "stop": "final time", "dt": "time step", "saveper": "saveper"}


def simulate_with_pysd(
    model: Model | str | Path,
    scenario: str | Scenario | None = None,
    **request: Unpack[Request],
) -> xr.Dataset:
    """Simulate one run with PySD; arguments as in ``simulate``.

    Raises
    ------
    ReadError
        PySD cannot translate the file either.
    RunError
        More than one run, or a method other than Euler.
    UnknownNameError
        A name that the model does not have.
    """
    method, outputs = request.get("method"), request.get("outputs")
    if method is not None and str(method).casefold() != "euler":
        msg = f"engine 'pysd' integrates by Euler only, got method '{method}'"
        raise RunError(msg)
    path = _path(model)
    case, scenario = named(path, request.get("case"), scenario)
    settings: dict[str, Any] = {}
    starts: dict[str, Any] = {}
    for record in (case, scenario):
        if record is not None:
            settings |= record.settings
            starts |= record.initial
    settings |= dict(request.get("parameters") or {})
    starts |= dict(request.get("initial") or {})
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = _load(path, Path(folder))
        known = {key(name): name for name in loaded.doc["Real Name"]}
        settings = {_find(name, known, path): value for name, value in settings.items()}
        clock = _clock(loaded, clock_of(request, case), settings)
        values = {name: _series(name, value, clock, loaded) for name, value in settings.items()}
        for name, points in (request.get("lookups") or {}).items():
            values[_find(name, known, path)] = _table(name, points)
        keep = None if outputs is None else [_find(name, known, path) for name in outputs]
        state = {_find(name, known, path): _start(name, value) for name, value in starts.items()}
        try:
            table = loaded.run(
                params=values,
                initial_condition=(clock["start"], state) if state else "original",
                return_columns=keep,
                final_time=clock["stop"],
                time_step=clock["dt"],
                saveper=clock["saveper"],
                flatten_output=False,
            )
        except (ArithmeticError, NameError, NotImplementedError, TypeError, ValueError) as error:
            msg = f"{path.name}: PySD could not run the model: {error}"
            raise RunError(msg) from None
    return _to_dataset(table, loaded, path)


def _path(model: Model | str | Path) -> Path:
    if isinstance(model, str | Path):
        from loopscope.models.source import locate

        _, path = locate(model)
    else:
        path = Path(model.path)
    if not path.is_file():
        msg = f"{path}: there is no such file"
        raise ReadError(msg)
    return path


def _load(path: Path, folder: Path) -> Any:
    """Return PySD's model; what it generates stays in ``folder``."""
    pysd = import_module("pysd")
    copy = folder / "model"
    if path.suffix.casefold() == ".mdl":
        copy = copy.with_suffix(".mdl")
        read = pysd.read_vensim
    else:
        copy = copy.with_suffix(path.suffix)
        read = pysd.read_xmile
    for beside in path.parent.iterdir():
        # External data is named relative to the model.
        if beside.is_file() and beside.suffix.casefold() in (".xlsx", ".xls", ".csv", ".tab"):
            shutil.copy(beside, folder)
    shutil.copy(path, copy)
    try:
        return read(str(copy))
    except Exception as error:
        msg = f"{path.name}: PySD cannot translate it: {type(error).__name__}: {error}"
        raise ReadError(" ".join(msg.split())) from None


def _find(name: str, known: Mapping[str, str], path: Path) -> str:
    found = known.get(key(name))
    if found is None:
        msg = f"{path.stem}: no variable named '{name}'{did_you_mean(name, known.values())}"
        raise UnknownNameError(msg)
    return found


def _clock(
    loaded: Any, asked: Mapping[str, float | None], settings: Mapping[str, Any]
) -> dict[str, float]:
    """Return start, stop, dt and saveper; tell PySD where to start, which ``run`` cannot."""
    given = {key(name): value for name, value in settings.items()}
    clock = {}
    for role, name in CLOCK.items():
        value = given.get(name) if asked[role] is None else asked[role]
        own = getattr(loaded.components, name.replace(" ", "_"))()
        number = plain_number(own if value is None else value)
        if number is None:
            msg = f"{role} must be a number, got {shown(value)}"
            raise RunError(msg)
        clock[role] = number
    changed = any(value is not None for value in asked.values()) or any(
        name in given for name in CLOCK.values()
    )
    times(clock["start"], clock["stop"], clock["dt"], clock["saveper"], asked=changed)
    loaded.components._control_vars["initial_time"] = lambda: clock["start"]
    loaded.time.set_control_vars(initial_time=clock["start"])
    return clock


def _start(name: str, value: Any) -> float:
    number = plain_number(value)
    if number is None or not np.isfinite(number):
        msg = f"the start value of '{name}' must be a finite number, got {shown(value)}"
        raise RunError(msg)
    return number


def _series(name: str, value: Any, clock: Mapping[str, float], loaded: Any) -> Any:
    """Return a setting as PySD takes it: a number, or a pandas Series over the steps."""
    import pandas as pd

    from loopscope.models.scenario import Constant, as_setting

    if isinstance(value, pd.Series):
        return value
    if isinstance(value, np.ndarray | list | tuple):
        msg = f"'{name}': engine 'pysd' computes one run at a time; give one number"
        raise RunError(msg)
    number = plain_number(value)
    setting: Setting = as_setting(value if number is None else number, f"'{name}'")
    if isinstance(setting, Constant):
        return setting.value
    if isinstance(setting, float):
        return setting
    moments = times(clock["start"], clock["stop"], clock["dt"], clock["dt"], asked=False).moments
    default = float(np.asarray(loaded[name]))
    return pd.Series(setting.at(moments, default), index=moments)


def _table(name: str, points: Any) -> pd.Series:
    import pandas as pd

    try:
        x, y = np.asarray(points, dtype=np.float64).T
    except (TypeError, ValueError):
        msg = f"lookup '{name}' must be given as points [(x, y), ...], got {shown(points)}"
        raise RunError(msg) from None
    return pd.Series(y, index=x)


def _to_dataset(table: pd.DataFrame, loaded: Any, path: Path) -> xr.Dataset:
    import xarray as xr

    units = dict(zip(loaded.doc["Real Name"], loaded.doc["Units"], strict=True))
    variables: dict[str, xr.Variable] = {}
    coordinates: dict[str, Any] = {}
    first: tuple[float, str] | None = None
    for name in table.columns:
        cells = table[name].to_list()
        unit = {"units": units.get(name) or ""}
        if isinstance(cells[0], xr.DataArray):
            dims = ("time", *(str(dim) for dim in cells[0].dims))
            coordinates |= {dim: cells[0][dim].to_numpy() for dim in dims[1:]}
            values = np.stack([np.asarray(cell, dtype=np.float64) for cell in cells])
        else:
            dims, values = ("time",), np.asarray(cells, dtype=np.float64)
        variables[str(name)] = xr.Variable(dims, values, unit)
        wrong = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
        if len(wrong) and (first is None or table.index[wrong[0]] < first[0]):
            first = (float(table.index[wrong[0]]), str(name))
    status = "ok" if first is None else f"not finite: '{first[1]}' at time {first[0]:g}"
    variables["status"] = xr.Variable((), status)
    time = xr.Variable(("time",), table.index.to_numpy(dtype=np.float64))
    offer("loopscope.models.notebook.runs")
    return xr.Dataset(
        variables,
        coords={"time": time, **coordinates},
        attrs={"model": path.stem, "engine": f"PySD {version('pysd')}", "method": "Euler"},
    )
