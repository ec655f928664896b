"""Write results whole or not at all.

In: runs or a table, and a path.  Out: a ``.csv``, ``.nc`` or ``.parquet`` file.  Everything is
written to a temporary file in the same folder, flushed to the disk and renamed, so that a reader
sees the old file or the new one.  What stands in the way is an ``OutputError`` in one line.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import secrets
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.errors import OutputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import xarray as xr

    from loopscope.analysis.runs import Run

SERIES = (".csv", ".nc", ".parquet")
"""What runs are written as."""

TABLES = (".csv", ".parquet")
"""What a table is written as."""

PICTURES = (".png", ".svg", ".pdf")
"""What a picture is drawn as."""

FULL = (errno.ENOSPC, errno.EDQUOT)


def target(path: str | Path, suffixes: Sequence[str]) -> Path:
    """Return the file a result will be written to, checked before anything is computed.

    Parameters
    ----------
    path
        As the user gave it.  A link is followed.
    suffixes
        The endings that can be written.

    Raises
    ------
    OutputError
        Unknown ending, no such folder, a folder in place of the file, or no right to write.
    """
    asked = Path(path).expanduser()
    known = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
    if asked.is_dir():
        msg = f"'{asked}' is a folder; name a file in it that ends in {known}"
        raise OutputError(msg)
    suffix = asked.suffix.casefold()
    if suffix not in suffixes:
        hint = did_you_mean(suffix, suffixes) if suffix else ""
        what = (
            f"'{asked.name}' ends in '{asked.suffix}'"
            if suffix
            else f"'{asked.name}' has no ending"
        )
        msg = f"{what}, but a file name must end in {known}{hint}"
        raise OutputError(msg)
    found = asked.resolve()
    if found.exists() and not os.access(found, os.W_OK):
        msg = f"cannot write '{asked}': the file is read-only"
        raise OutputError(msg)
    require_folder(asked, found.parent)
    return found


def require_folder(asked: Path, folder: Path) -> None:
    """Raise ``OutputError`` unless ``asked`` can be put into a folder."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist; make it first"
        msg = f"cannot write '{asked}': folder '{folder}' {what}"
        raise OutputError(msg)
    if not os.access(folder, os.W_OK | os.X_OK):
        msg = f"cannot write '{asked}': no permission to write in folder '{folder}'"
        raise OutputError(msg)


def explain(error: BaseException, path: Path) -> OutputError:
    """Return what an operating system's refusal means for the file that was to be written."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None and _is_full(path.parent):
        number = errno.ENOSPC  # some libraries swallow the reason
    if number in FULL:
        why = "no space left on the disk; free some or choose another place"
    elif number == errno.EROFS:
        why = "the file system is read-only"
    elif number in (errno.EACCES, errno.EPERM):
        why = f"no permission to write in folder '{path.parent}'"
    elif number in (errno.ENOENT, errno.ENOTDIR):
        why = f"folder '{path.parent}' does not exist"
    elif number == errno.EISDIR:
        why = "it is a folder"
    else:
        why = getattr(error, "strerror", None) or str(error)
    return OutputError(f"cannot write '{path}': {why}")


def _is_full(folder: Path) -> bool:
    try:
        facts = os.statvfs(folder)
    except (OSError, AttributeError):
        return False
    return facts.f_bavail * facts.f_frsize < 1 << 16


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename what was written there if nothing failed.

    Raises
    ------
    OutputError
        The file cannot be written; nothing is left behind, an older file stays as it was.
    """
    temporary = path.with_name(f".{secrets.token_hex(6)}-{path.name}"[-200:])
    try:
        try:
            yield temporary
            handle = os.open(temporary, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise explain(error, path) from None


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8."""
    with whole(path) as temporary, temporary.open("x", encoding="utf-8", newline="") as file:
        file.write(text)


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
    joined = xr.concat(parts, dim=dim, join="outer", combine_attrs="drop_conflicts")
    settings = {
        run.label: json.loads(part.attrs.get("settings", "{}"))
        for run, part in zip(runs, parts, strict=True)
    }
    joined.attrs["settings"] = json.dumps(settings)
    return joined.assign_coords({dim: labels})


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
            stored[name].attrs.setdefault("long_name", str(name))
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
