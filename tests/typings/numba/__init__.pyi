from collections.abc import Callable
from typing import Any

__version__: str

class _Config:
    CACHE_DIR: str

config: _Config

class _Kernel:
    _cache: Any
    def __call__(self, *arguments: Any) -> Any: ...

def njit(
    *,
    cache: bool = ...,
    nogil: bool = ...,
    no_cpython_wrapper: bool = ...,
    no_cfunc_wrapper: bool = ...,
) -> Callable[[Callable[..., Any]], _Kernel]: ...
