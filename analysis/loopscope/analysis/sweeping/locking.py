"""A folder that only one process may write to.

Beside every stage.  In: a folder.  Out: a lock that ends with the process, however it ends, and
that leaves no file behind.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from loopscope.models.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path


class Lock:
    """Holds a folder until it is closed."""

    def __init__(self, handle: int | None) -> None:
        self._handle = handle

    def close(self) -> None:
        """Let others have the folder; may be called again."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def locked(folder: Path) -> Lock:
    """Return the lock of a folder; one that holds nothing where the system knows no such lock.

    Raises
    ------
    OutputError
        Another process has it.
    """
    try:
        fcntl: Any = import_module("fcntl")
        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # Windows
        return Lock(None)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        msg = f"another sweep is writing to '{folder}'; wait until it is done, or stop it"
        raise OutputError(msg) from None
    except OSError:  # some network file systems
        os.close(handle)
        return Lock(None)
    return Lock(handle)
