"""Kernels of diagrams that only kernels call.

Beside every stage.  In: a Python function.  Out: the same, compiled when a kernel calls it.

What Python calls is ``finding.kernels.compiled``, and there is little of it: half the time of
compiling a small function goes into the code that takes its arguments from Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from collections.abc import Callable


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that only kernels call; Python cannot."""
    made: Callable[..., Any] = numba.njit(
        nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True
    )(function)
    return made
