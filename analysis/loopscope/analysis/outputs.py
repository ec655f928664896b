"""Write results as tables and data sets, whole or not at all.

In: runs or a table, and a path.  Out: a ``.csv``, ``.nc`` or ``.parquet`` file.  What stands in
the way is an ``OutputError`` in one line.
"""

from __future__ import annotations

import csv
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.files import explain, require_folder, target, whole, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.analysis.runs import Run

__all__ = [
    "PICTURES", "SERIES", "TABLES", "as_dataset", "cell", "columns_of", "explain",
    "label_of_runs", "require_folder", "safe_name", "target", "whole", "write_found",
    "write_netcdf", "write_parquet", "write_runs", "write_table", "write_text",
]  # fmt: skip

SERIES = (".csv", ".nc", ".parquet")
"""What runs are written as."""

TABLES = (".csv", ".parquet")
"""What a table is written as."""

PICTURES = (".png", ".svg", ".pdf")
"""What a picture is drawn as."""


def write_runs(runs: Sequence[Run], path: Path) -> None:
    """Write runs as the ending of the file name says.

    Parameters
    ----------
    runs
        At least one.  Several make one file: CSV and Parquet get a column ``scenario``, netCDF a
        dim ``scenario``.
    path
        From ``target``.  A ``.csv`` has one line a saved time and one column a variable, numbers
        with all their digits, and an empty field where there is no finite number.  A ``.nc`` is
        netCDF 4 with dims ``([scenario,] time)``.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    suffix = path.suffix.casefold()
    if suffix == ".nc":
        write_netcdf(as_dataset(runs), path)
    elif suffix == ".parquet":
        units = {"time": runs[0].time_units, **runs[0].units}
        write_parquet(columns_of(runs), path, units)
    else:
        _write_csv_runs(runs, path)


def columns_of(runs: Sequence[Run]) -> dict[str, Any]:
    """Return runs as the columns of one long table: (scenario,) time, variables."""
    columns: dict[str, Any] = {}
    if len(runs) > 1:
        columns[label_of_runs(runs)] = [run.label for run in runs for _ in range(len(run.time))]
    columns["time"] = np.concatenate([run.time for run in runs])
    for name in runs[0].values:
        columns[name] = np.concatenate([run.values[name] for run in runs])
    return columns


def _write_csv_runs(runs: Sequence[Run], path: Path) -> None:
    names = list(runs[0].values)
    several = len(runs) > 1
    with whole(path) as temporary, temporary.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*([label_of_runs(runs)] if several else []), "time", *names])
        for run in runs:
            block = np.column_stack([run.time, *(run.values[name] for name in names)])
            rows: list[list[Any]] = block.tolist()
            if not np.isfinite(block).all():
                rows = [[cell(value) for value in row] for row in rows]
            writer.writerows([[run.label, *row] for row in rows] if several else rows)


def cell(value: Any) -> Any:
    """Return what stands in a CSV field: empty for what is no finite number."""
    return "" if isinstance(value, float) and not np.isfinite(value) else value


def write_table(columns: Mapping[str, Sequence[Any]], path: Path) -> None:
    """Write a table, column by column, as ``.csv`` or ``.parquet``."""
    if path.suffix.casefold() == ".parquet":
        write_parquet(columns, path, {})
        return
    with whole(path) as temporary, temporary.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        rows = zip(*columns.values(), strict=True)
        writer.writerows([cell(value) for value in row] for row in rows)


def write_parquet(columns: Mapping[str, Any], path: Path, units: Mapping[str, str]) -> None:
    """Write columns as Parquet; the unit of each stands in its field's metadata."""
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    fields, arrays = [], []
    for name, values in columns.items():
        array = arrow.array(values)
        fields.append(arrow.field(name, array.type, metadata={"units": units.get(name, "")}))
        arrays.append(array)
    table = arrow.Table.from_arrays(arrays, schema=arrow.schema(fields))
    with whole(path) as temporary:
        parquet.write_table(table, str(temporary))


def as_dataset(runs: Sequence[Run], *, by_scenario: bool = False) -> xr.Dataset:
    """Return runs as one Dataset, dims ``(time,)``, or ``(scenario, time)`` for several.

    Times that a run does not have are NaN.  ``by_scenario`` gives one run that dim as well.
    """
    if len(runs) == 1 and not by_scenario:
        return runs[0].dataset()
    import xarray as xr

    parts = [run.dataset() for run in runs]
    dim = label_of_runs(runs)
    labels = xr.Variable((dim,), [run.label for run in runs])
    first = parts[0]
    if all(_alike(part, first) for part in parts[1:]):
        joined = _stacked(parts, dim)
    else:
        joined = xr.concat(parts, dim=dim, join="outer", combine_attrs="drop_conflicts")
    settings = {
        run.label: json.loads(part.attrs.get("settings", "{}"))
        for run, part in zip(runs, parts, strict=True)
    }
    joined.attrs["settings"] = json.dumps(settings)
    return joined.assign_coords({dim: labels})


def _alike(part: xr.Dataset, other: xr.Dataset) -> bool:
    """Return whether two runs have the same variables at the same times."""
    return (
        list(part.variables) == list(other.variables)
        and part.sizes == other.sizes
        and np.array_equal(part["time"].values, other["time"].values)
    )


def _stacked(parts: Sequence[xr.Dataset], dim: str) -> xr.Dataset:
    """Return what ``xarray.concat`` would of runs that are alike, in a tenth of the time."""
    import xarray as xr

    first = parts[0]
    variables = {
        name: (
            (dim, *one.dims),
            np.stack([np.asarray(part.variables[name].values) for part in parts]),
            _shared([part.variables[name].attrs for part in parts]),
        )
        for name, one in first.variables.items()
        if name not in first.coords
    }
    attrs = _shared([part.attrs for part in parts])
    return xr.Dataset(variables, coords=first.coords, attrs=attrs)


def _shared(attrs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the attributes on which all agree that have them."""
    found: dict[str, Any] = {}
    against: set[str] = set()
    for one in attrs:
        for name, value in one.items():
            if found.setdefault(name, value) != value:
                against.add(name)
    return {name: value for name, value in found.items() if name not in against}


def label_of_runs(runs: Sequence[Run]) -> str:
    """Return what the column or dim of labels is called: no variable may have that name."""
    return "scenario of run" if "scenario" in runs[0].values else "scenario"


def write_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a Dataset as netCDF 4.

    A name that netCDF cannot hold is changed in the file; the authored one is always kept in
    ``attrs["long_name"]``.
    """
    renamed: dict[Any, str] = {}
    taken: set[str] = set()
    stored = dataset.copy()
    for name in dataset.variables:
        base = safe_name(str(name))
        chosen, count = base, 2
        while chosen in taken:
            chosen, count = f"{base}_{count}", count + 1
        taken.add(chosen)
        if name not in dataset.coords:
            stored.variables[name].attrs.setdefault("long_name", str(name))
        if chosen != name:
            renamed[name] = chosen
    stored = stored.rename(renamed)
    encoding = {
        str(name): {"zlib": True, "complevel": 4}
        for name, variable in stored.data_vars.items()
        if variable.dtype.kind == "f" and variable.ndim
    }
    with whole(path) as temporary:
        try:
            stored.to_netcdf(temporary, format="NETCDF4", engine="netcdf4", encoding=encoding)
        except RuntimeError as error:  # how the netCDF library reports what the system refused
            raise explain(error, path) from None


def safe_name(name: str) -> str:
    """Return a name that netCDF 4 accepts, as near as possible to the authored one.

    Examples
    --------
    >>> safe_name("births/deaths")
    'births_deaths'
    >>> safe_name("irregular migrants")
    'irregular migrants'
    """
    clean = "".join("_" if c == "/" or not c.isprintable() else c for c in name).rstrip()
    if not clean or not (clean[0].isalnum() or clean[0] == "_"):
        clean = f"_{clean}"
    return clean


def write_found(
    dataset: xr.Dataset, columns: Callable[[], Mapping[str, Sequence[Any]]], path: Path
) -> None:
    """Write a result whole as ``.nc``, or its columns as a table, as the ending of the file says.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    if path.suffix.casefold() == ".nc":
        write_netcdf(dataset, path)
    else:
        write_table(columns(), path)
