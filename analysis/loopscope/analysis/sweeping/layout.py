"""The files of a store that are known before anything is computed.

Stage 3 of 5.  In: an ``Outline``.  Out: names of files and their bytes, as the Zarr 3
specification has them: one ``zarr.json`` for each array and one for all, which repeats the others,
so that a store is opened by reading one file; and coordinates.

They are written here, not by Zarr, so that equal studies make equal bytes whatever its version.
Without a time of day, and without a folder for each chunk: the file of chunk 3 of an array with
dims (run, time) is ``c.3.0``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.outputs import safe_name
from loopscope.analysis.sweeping.outline import FORMAT, RUN, SCENARIO
from loopscope.analysis.sweeping.packing import PLAIN_CODECS, TEXT_CODECS, codecs, plain, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from loopscope.analysis.sweeping.outline import Chunk, Outline

FORBIDDEN, LONGEST = '<>:"\\|?*', 200
"""Characters that some system does not allow in a name, and bytes that all do."""

ROOT = "zarr.json"
"""Written last of the files here: a folder without it is no store yet."""


def documents(outline: Outline) -> dict[str, bytes]:
    """Return the files that a store begins with, by their place in it, ``ROOT`` at the end."""
    files: dict[str, bytes] = {}
    arrays: dict[str, dict[str, Any]] = {}
    folders = folders_of((*outline.coords, *outline.variables))
    for name, coord in outline.coords.items():
        arrays[folders[name]] = _array(
            coord.values.shape, coord.values.shape, coord.dims, coord.attrs, _kind(coord.values)
        )
        files[f"{folders[name]}/{_key(coord.dims)}"] = _content(coord.values)
    for name, variable in outline.variables.items():
        dims, shape = outline.dims_of(name), outline.shape_of(name)
        arrays[folders[name]] = _array(
            shape,
            [_part(dim, size, outline.chunk) for dim, size in zip(dims, shape, strict=True)],
            dims,
            named(variable.attrs, name, folders[name]),
            (variable.dtype.name, _plain(variable.dtype, variable.fill), codecs(variable.dtype)),
        )
    for folder, array in arrays.items():
        files[f"{folder}/{ROOT}"] = _json(array)
    beside = [name for name in outline.coords if outline.coords[name].dims != (name,)]
    files[ROOT] = _json(
        {
            "zarr_format": 3,
            "node_type": "group",
            # How xarray is told which arrays stand beside others.
            "attributes": {
                **outline.attrs,
                **({"coordinates": " ".join(beside)} if beside else {}),
            },
            "consolidated_metadata": {
                "kind": "inline",
                "must_understand": False,
                "metadata": arrays,
            },
        }
    )
    return files


def read(path: Path) -> bytes | None:
    """Return the bytes of a file; None if there is no such file."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def attributes(root: bytes) -> dict[str, Any] | None:
    """Return the attributes that a store's ``ROOT`` holds; None if it is not of a sweep."""
    try:
        attrs: dict[str, Any] = json.loads(root)["attributes"]
        kind, space, _ = str(attrs["format"]).rpartition(" ")
    except (ValueError, KeyError, TypeError):
        return None
    return attrs if space and kind == FORMAT.rpartition(" ")[0] else None


def file_of(outline: Outline, folder: str, name: str, chunk: Chunk) -> str:
    """Return the place of a variable's file of one chunk; ``folder`` is that of the variable."""
    return f"{folder}/{_key(outline.dims_of(name), chunk)}"


def folders_of(names: Iterable[str]) -> dict[str, str]:
    """Return the folder of each variable: its name, changed where no file can have that name."""
    folders: dict[str, str] = {}
    taken: set[str] = {ROOT}
    for name in names:
        base = _folder(name)
        chosen, count = base, 2
        while chosen.casefold() in taken:  # some disks take two names in different case for one
            chosen, count = f"{base}_{count}", count + 1
        taken.add(chosen.casefold())
        folders[name] = chosen
    return folders


def _folder(name: str) -> str:
    """Return a name that a folder may have on any system, as near as possible to another."""
    clean = "".join("_" if character in FORBIDDEN else character for character in safe_name(name))
    return clean.encode()[:LONGEST].decode(errors="ignore").rstrip(" .") or "_"


def named(attrs: Mapping[str, Any], name: str, folder: str) -> dict[str, Any]:
    """Return attributes with the authored name, where the folder has another."""
    return {**attrs, "authored_name": name} if folder != name else dict(attrs)


def _array(
    shape: Sequence[int],
    parts: Sequence[int],
    dims: Sequence[str],
    attrs: Mapping[str, Any],
    kind: tuple[str, Any, list[dict[str, Any]]],
) -> dict[str, Any]:
    """Return the description of one array: of a type, a fill and codecs."""
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": kind[0],
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(parts)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": kind[1],
        "codecs": kind[2],
        "attributes": dict(attrs),
        "dimension_names": list(dims),
        "storage_transformers": [],
    }


def _part(dim: str, size: int, chunk: int) -> int:
    """Return how much of a dim one file holds."""
    return chunk if dim == RUN else 1 if dim == SCENARIO else size


def _key(dims: Sequence[str], chunk: Chunk | None = None) -> str:
    places = {RUN: chunk.number, SCENARIO: chunk.scenario} if chunk else {}
    return ".".join(["c", *(str(places.get(dim, 0)) for dim in dims)])


def _kind(values: NDArray[Any]) -> tuple[str, Any, list[dict[str, Any]]]:
    if values.dtype.kind == "U":
        return "string", "", TEXT_CODECS
    return values.dtype.name, _plain(values.dtype, 0), PLAIN_CODECS


def _content(values: NDArray[Any]) -> bytes:
    return text(values.ravel().tolist()) if values.dtype.kind == "U" else plain(values)


def _plain(dtype: np.dtype[Any], fill: float) -> Any:
    """Return a fill as JSON has it."""
    if dtype.kind != "f":
        return int(fill)
    return float(fill) if np.isfinite(fill) else "NaN"


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False).encode()
