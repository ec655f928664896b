"""Compiled kernels of diagrams, kept between processes.

Beside every stage.  In: a Python function.  Out: the same, compiled by numba when it is first
called.  All kernels of diagrams are in this folder: a change in one makes all entries new.

What Python calls is ``compiled``, and there is little of it: half the time of compiling a small
function goes into the code that takes its arguments from Python.  The rest is ``inner``.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba

from loopscope.loops.finding import kernels
from loopscope.models.engine.cache import folder, key_of

if TYPE_CHECKING:
    from collections.abc import Callable


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel when it is first called, and keep it where compiled models are kept."""
    made = kernels.compiled(function)
    if folder() is not None and hasattr(made, "_cache"):
        made._cache._cache_file = Entries(f"{function.__module__}.{function.__qualname__}")
    return made


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that only kernels call; Python cannot."""
    made: Callable[..., Any] = numba.njit(
        nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True
    )(function)
    return made


class Entries(kernels.Entries):
    """Compiled forms of one kernel, under names that differ whenever this folder does."""

    def _entry(self, key: object) -> str:
        system = f"{sys.implementation.cache_tag} numba {numba.__version__}"
        return key_of("diagram", system, self.name, source(), repr(key))


@cache
def source() -> str:
    """Return a hash of the code of this folder, where all kernels of diagrams are."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
