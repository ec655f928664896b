"""A sweep in a folder: one Zarr store, written chunk by chunk.

Stage 4 of 5.  In: an ``Outline`` and the arrays of chunks.  Out: a folder that any reader of Zarr 3
opens.  A file is written beside the store's own, then renamed, so it is there whole or not at all;
``LAST`` comes last of a chunk, so where it is there, all of the chunk is.  A store killed at any
moment therefore says what is done, and goes on from there to the same bytes.

Nothing is forced to the disk file by file, which would take longer than the runs.  Each file ends
in its checksum instead: after a loss of power, what did not reach the disk is computed again.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loopscope.analysis.outputs import explain, require_folder
from loopscope.analysis.sweeping.contents import contents
from loopscope.analysis.sweeping.difference import difference
from loopscope.analysis.sweeping.layout import (
    ROOT,
    attributes,
    documents,
    file_of,
    folders_of,
    read,
)
from loopscope.analysis.sweeping.locking import locked
from loopscope.analysis.sweeping.outline import LAST
from loopscope.analysis.sweeping.packing import Packing, is_whole
from loopscope.models.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import xarray as xr

    from loopscope.analysis.sweeping.outline import Chunk, Outline

SUFFIX = ".zarr"

UNFINISHED = ".unfinished"
"""Folder of a store in which files are written; there is none in a store that is done."""


class Store:
    """A store that is being written, by this process alone.

    Parameters
    ----------
    path
        Folder of the store, ending in ".zarr"; made if it is not there.
    outline
        What it will hold.
    resume
        Whether to go on with a store that is there.

    Raises
    ------
    OutputError
        Something else is there, or a store of another study, model, version or format; another
        process is writing to it; it cannot be written.
    """

    def __init__(self, path: str | Path, outline: Outline, *, resume: bool = False) -> None:
        self.path = target(path)
        self.outline = outline
        fills = {name: variable.fill for name, variable in outline.variables.items()}
        self.pack = Packing(outline.chunk, fills)
        self._folders = folders_of((*outline.coords, *outline.variables))
        self._beginning = documents(outline)
        self._check(resume)
        with explained(self.path):
            self.path.mkdir(exist_ok=True)
        self._lock = locked(self.path)
        with explained(self.path / ROOT):
            shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)
            (self.path / UNFINISHED).mkdir()
            for folder in self._folders.values():
                (self.path / folder).mkdir(exist_ok=True)
            for place, content in self._beginning.items():
                if read(self.path / place) != content:
                    self._write(place, content)

    def _check(self, resume: bool) -> None:
        """Refuse what must not be written to."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            msg = f"cannot write a sweep to '{self.path}': it is a file, not a folder"
            raise OutputError(msg)
        if not os.access(self.path, os.W_OK | os.X_OK):
            msg = f"cannot write '{self.path}': no permission to write in this folder"
            raise OutputError(msg)
        root = read(self.path / ROOT)
        if root is None:
            self._refuse_others()
            return
        attrs = attributes(root)
        if attrs is None:
            msg = f"'{self.path}' holds something that no sweep wrote; choose another name"
            raise OutputError(msg)
        if not resume:
            msg = (
                f"'{self.path}' holds a sweep already: --resume (resume=True) goes on with it, or "
                "choose another name"
            )
            raise OutputError(msg)
        unlike = difference(attrs, json.loads(self._beginning[ROOT])["attributes"])
        if unlike or root != self._beginning[ROOT]:
            msg = (
                f"cannot go on with '{self.path}': it is of {unlike or 'another layout'}; "
                "choose another name for this one"
            )
            raise OutputError(msg)

    def _refuse_others(self) -> None:
        """Refuse a folder with files other than those that a sweep begins with."""
        for found in sorted(self.path.rglob("*")):
            place = found.relative_to(self.path)
            ours = place.parts[0] == UNFINISHED or place.as_posix() in self._beginning
            if not ours and not found.is_dir():
                msg = (
                    f"folder '{self.path}' holds '{place.as_posix()}', but not the '{ROOT}' of a "
                    "sweep; choose another name, or move it away"
                )
                raise OutputError(msg)

    def missing(self, threads: int = 1) -> list[Chunk]:
        """Return the chunks that are not there, or not whole; reads all files that are."""
        chunks = list(self.outline.chunks())
        with ThreadPoolExecutor(threads) as pool:
            return [
                chunk
                for chunk, there in zip(chunks, pool.map(self._is_there, chunks), strict=True)
                if not there
            ]

    def _is_there(self, chunk: Chunk) -> bool:
        files = reversed(self._files(chunk).values())  # ``LAST`` first
        return all(is_whole(read(self.path / place) or b"") for place in files)

    def _files(self, chunk: Chunk) -> dict[str, str]:
        return {
            name: file_of(self.outline, self._folders[name], name, chunk)
            for name in self.outline.files(chunk)
        }

    def put(self, chunk: Chunk, packed: Mapping[str, bytes]) -> None:
        """Write a chunk; safe on many threads at once.

        Raises
        ------
        OutputError
            It cannot be written.  What is there is kept.
        """
        files = self._files(chunk)
        assert list(files)[-1] == LAST
        with explained(self.path / files[LAST]):
            (self.path / files[LAST]).unlink(missing_ok=True)  # a damaged chunk is written anew
            for name, place in files.items():
                self._write(place, packed[name])

    def _write(self, place: str, content: bytes) -> None:
        temporary = self.path / UNFINISHED / secrets.token_hex(8)
        try:
            temporary.write_bytes(content)
            temporary.replace(self.path / place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def kept(self) -> str:
        """Return in words what is kept, and how to go on; empty if nothing is."""
        done = contents(self.path).done
        total = self.outline.runs * len(self.outline.scenarios)
        if not done:
            return ""
        return (
            f"{done:,} of {total:,} runs are kept in '{self.path.name}'; the same with --resume "
            "(resume=True) does the rest"
        )

    def close(self) -> None:
        """Leave the store to others; nothing of its making is left in it."""
        shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)
        self._lock.close()

    def dataset(self) -> xr.Dataset:
        """Return what is stored, to be read where it is used."""
        from loopscope.analysis.sweeping.swept import open_sweep

        return open_sweep(self.path)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say what an operating system's refusal to write a file means."""
    try:
        yield
    except OSError as error:
        raise explain(error, path) from None


def target(path: str | Path) -> Path:
    """Return the folder a sweep will be written to, checked before anything is computed.

    Raises
    ------
    OutputError
        Another ending than ".zarr", no folder to put it in, or no right to.
    """
    asked = Path(path).expanduser()
    if asked.suffix.casefold() != SUFFIX:
        msg = f"the name of a store ends in '{SUFFIX}'; got '{asked}'"
        raise OutputError(msg)
    found = asked.resolve()
    if not found.exists():
        require_folder(asked, found.parent)
    return found
