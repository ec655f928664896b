"""The part of PySD that Loopscope names."""

from typing import Any

def __getattr__(name: str) -> Any: ...
