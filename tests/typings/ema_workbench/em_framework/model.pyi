from collections.abc import Iterable, Mapping
from typing import Any

from ema_workbench.em_framework.outcomes import AbstractOutcome

class AbstractModel:
    name: str
    policy: Any
    uncertainties: Any
    levers: Any
    constants: Any
    outcomes: Iterable[AbstractOutcome]
    outcomes_output: Any
    output_variables: list[str]
    def __init__(self, name: str) -> None: ...
    def run_model(self, scenario: Any, policy: Any) -> None: ...

class SingleReplication(AbstractModel):
    def run_experiment(self, experiment: Mapping[str, Any]) -> dict[str, Any]: ...
