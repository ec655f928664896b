"""Write files whole or not at all.

Beside every stage.  In: a path and what is to stand there.  Out: a file, written to a temporary
file in the same folder, flushed to the disk and renamed, so that a reader sees the old file or the
new one.  What stands in the way is an ``OutputError`` in one line.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loopscope.models.errors import OutputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
    if ending_of(asked, suffixes) is None:
        suffix = asked.suffix.casefold()
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


def ending_of(path: Path, endings: Iterable[str]) -> str | None:
    """Return the longest of some endings that a file name has; None where it has none of them.

    Examples
    --------
    >>> ending_of(Path("Loops.KUMU.json"), (".json", ".kumu.json"))
    '.kumu.json'
    """
    name = path.name.casefold()
    found = [one for one in endings if name.endswith(one) and len(name) > len(one)]
    return max(found, key=len, default=None)


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


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file of bytes."""
    with whole(path) as temporary, temporary.open("xb") as file:
        file.write(data)
