from typing import Any, Self

class Parameter:
    name: str
    variable_name: list[str]
    dist: Any
    def __init__(self, *arguments: Any, **options: Any) -> None: ...
    @classmethod
    def from_dist(cls, name: str, dist: Any, **options: Any) -> Self: ...
