"""Write a folder of results whole or not at all.

In: the folder a user names.  Out: a new folder in its place, made beside it and renamed when it is
complete.  A folder that holds anything but an older report is refused, so that nothing of the
user's is lost.
"""

from __future__ import annotations

import json
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loopscope.analysis.outputs import explain, require_folder
from loopscope.models.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "loopscope-report.json"
"""File that tells a report from any other folder; ``files`` in it lists what the report wrote."""


def free(path: str | Path) -> Path:
    """Return the folder a report may be written to, checked before anything is computed.

    Raises
    ------
    OutputError
        A file stands there, or a folder with anything but an older report; no folder to put it in,
        or no right to.
    """
    asked = Path(path).expanduser()
    found = asked.resolve()
    if found.is_dir():
        _refuse_others(asked, found)
    elif found.exists():
        msg = f"cannot write a report to '{asked}': it is a file, not a folder"
        raise OutputError(msg)
    require_folder(asked, found.parent)
    return found


def _refuse_others(asked: Path, found: Path) -> None:
    """Refuse a folder with files that no report wrote."""
    there = sorted(
        file.relative_to(found).as_posix() for file in found.rglob("*") if not file.is_dir()
    )
    if not there:
        return
    try:
        known = set(json.loads((found / MARKER).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        msg = (
            f"folder '{asked}' holds files but no report of Loopscope; "
            "choose another with --out, or empty it"
        )
        raise OutputError(msg) from None
    others = [file for file in there if file not in known]
    if others:
        msg = (
            f"folder '{asked}' holds '{others[0]}', which no report wrote; "
            "move it away, or choose another folder with --out"
        )
        raise OutputError(msg)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a new folder beside ``path``; put it in its place if nothing failed.

    Parameters
    ----------
    path
        From ``free``.

    Raises
    ------
    OutputError
        The folder cannot be written; nothing is left behind, an older report stays as it was.
    """
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    older = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        try:
            temporary.mkdir()
            yield temporary
            if path.exists():
                path.rename(older)
            try:
                temporary.rename(path)
            except BaseException:
                if older.exists():
                    older.rename(path)
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(older, ignore_errors=True)
    except OutputError as error:
        raise OutputError(str(error).replace(str(temporary), str(path))) from None
    except OSError as error:
        raise explain(error, path) from None
