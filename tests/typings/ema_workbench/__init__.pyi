from collections.abc import Callable, Collection, Iterable
from typing import Any

from ema_workbench.em_framework.model import AbstractModel
from ema_workbench.em_framework.outcomes import AbstractOutcome
from ema_workbench.em_framework.parameters import Parameter

class Constant:
    name: str
    value: Any
    def __init__(self, name: str, value: Any) -> None: ...

class RealParameter(Parameter):
    def __init__(
        self,
        name: str,
        lower_bound: float,
        upper_bound: float,
        *,
        default: float | None = ...,
        variable_name: str | None = ...,
    ) -> None: ...

class CategoricalParameter(Parameter):
    def __init__(
        self,
        name: str,
        categories: Collection[Any],
        *,
        default: Any = ...,
        variable_name: str | None = ...,
    ) -> None: ...

class TimeSeriesOutcome(AbstractOutcome):
    def __init__(
        self,
        name: str,
        variable_name: str | None = ...,
        function: Callable[..., Any] | None = ...,
    ) -> None: ...

class ScalarOutcome(AbstractOutcome): ...

def perform_experiments(
    models: AbstractModel | Iterable[AbstractModel],
    scenarios: Any = ...,
    policies: Any = ...,
    evaluator: Any = ...,
    **options: Any,
) -> Any: ...
