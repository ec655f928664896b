from collections.abc import Callable
from typing import Any

class _Config:
    CACHE_DIR: str

config: _Config

def njit(
    *, cache: bool = ..., nogil: bool = ...
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
