"""Compiled kernels of the search, kept between processes.

Stage 2 of 4.  In: a Python function.  Out: the same, compiled by numba when it is first called.

What numba would keep itself it takes back unread: a file that was cut short, or a kernel that calls
one whose source has changed since.  So its entries go where compiled models go, each with a hash of
itself, under names that differ whenever the source of any kernel does.  A cache that cannot be used
is not an error: kernels are compiled anew.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
from numba.core.serialize import dumps

from loopscope.models.engine.cache import folder, key_of, read, write

if TYPE_CHECKING:
    from collections.abc import Callable


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel when it is first called, and keep it where compiled models are kept."""
    place = folder()
    if place is None:
        made: Callable[..., Any] = numba.njit(nogil=True)(function)
        return made
    usual = numba.config.CACHE_DIR
    try:
        # Numba looks for a folder of its own when a kernel is declared, and needs one to be there.
        numba.config.CACHE_DIR = str(place / "search")
        kept = numba.njit(cache=True, nogil=True)(function)
    except (RuntimeError, OSError):  # no folder can be written in
        return numba.njit(nogil=True)(function)
    finally:
        numba.config.CACHE_DIR = usual
    home = Path(function.__code__.co_filename).parent
    kept._cache._cache_file = Entries(f"{function.__module__}.{function.__qualname__}", home)
    return kept


class Entries:
    """Compiled forms of one kernel, in place of numba's own files.

    Attributes
    ----------
    home
        The folder of the kernel and of all that it calls: a change there makes all entries new.
    """

    def __init__(self, name: str, home: Path = Path(__file__).parent) -> None:
        self.name = name
        self.home = home

    def load(self, key: object) -> Any:
        """Return an entry, or None when it is absent or damaged."""
        body = read(self._entry(key))
        return None if body is None else pickle.loads(body)

    def save(self, key: object, data: object) -> None:
        """Store an entry whole or not at all."""
        write(self._entry(key), dumps(data))

    def _entry(self, key: object) -> str:
        system = f"{sys.implementation.cache_tag} numba {numba.__version__}"
        return key_of("search", system, self.name, source(self.home), repr(key))


@cache
def source(home: Path) -> str:
    """Return a hash of the code of a folder in which all kernels that call each other are."""
    digest = hashlib.sha256()
    for path in sorted(home.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
